"""How CloudFormation changes a replication group: which edits replace it, which operations the others become.

Sources: CloudFormation's template reference of AWS::ElastiCache::ReplicationGroup and its UpdatePolicy attribute; the
resource schema that cfn-lint bundles; cfn-roadmap #918 (replicas of single shards) and #2356 (AUTH token).
"""

from __future__ import annotations

import time
from typing import Any

from lab.cloud.cloudformation.errors import ResourceError
from lab.cloud.cloudformation.row import Edit, Handle

SHARDS = "NumNodeGroups"
CONFIGURATION = "NodeGroupConfiguration"
REPLICAS = "ReplicasPerNodeGroup"
POLICY = "UseOnlineResharding"
POLL_S = 0.05


# --- what makes a new group


def reshards_offline(edit: Edit) -> bool:
    """Without UseOnlineResharding "updating NumNodeGroups results in replacement"; so does NodeGroupConfiguration."""
    return str(edit.policy.get(POLICY, False)).lower() != "true"


def replicas_by_replacement(edit: Edit) -> bool:
    """ReplicasPerNodeGroup "with NodeGroupConfiguration results in resource replacement" (the schema)."""
    return CONFIGURATION in edit.new or CONFIGURATION in edit.old


def token_by_replacement(edit: Edit) -> bool:
    """A token that is added or removed replaces the group (cfn-roadmap #2356); another value is a rotation."""
    return ("AuthToken" in edit.old) != ("AuthToken" in edit.new)


# --- shards


def set_shards(handle: Handle, new: Any) -> None:
    """NumNodeGroups: new shards are numbered on, the last ones go."""
    if CONFIGURATION in handle.properties:
        return  # it says which
    if new is None:
        raise ResourceError(f"AWS::ElastiCache::ReplicationGroup: the embedded AWS does not model removing {SHARDS}")
    ids = _shard_ids(handle)
    if int(new) == len(ids):
        return
    gone = {"NodeGroupsToRemove": ids[int(new) :]} if int(new) < len(ids) else {}
    _reshard(handle, int(new), gone)


def set_configuration(handle: Handle, new: Any) -> None:
    """NodeGroupConfiguration: shards by their ids come and go. What a shard that stays is made of cannot change."""
    wanted = {_id(item, index): item for index, item in enumerate(new or [])}
    if not wanted:
        raise ResourceError(
            f"AWS::ElastiCache::ReplicationGroup: the embedded AWS does not model removing {CONFIGURATION}"
        )
    ids = _shard_ids(handle)
    _refuse_changes(handle, wanted)
    added = [name for name in wanted if name not in ids]
    gone = [name for name in ids if name not in wanted]
    if (added or gone) and any(item.get("Slots") for item in wanted.values()):
        raise ResourceError(
            "ElastiCache spreads the slots evenly when node groups come and go: remove Slots from the template"
        )
    if added:
        config = [_resharded(name, wanted[name], _replicas(handle)) for name in added]
        _reshard(handle, len(ids) + len(added), {"ReshardingConfiguration": config})
    if gone:
        _wait(handle)
        _reshard(handle, len(wanted), {"NodeGroupsToRemove": gone})


def _refuse_changes(handle: Handle, wanted: dict[str, Any]) -> None:
    """The text of cfn-roadmap #918."""
    now = {item["NodeGroupId"]: item for item in read_configuration(handle)}
    for name in [name for name in wanted if name in now]:
        count = int(now[name]["ReplicaCount"])
        if int(wanted[name].get("ReplicaCount", count)) != count:
            raise ResourceError(f"Node Group with Id {name} has replica count {count}")


def _resharded(name: str, item: dict[str, Any], replicas: int) -> dict[str, Any]:
    primary, others = item.get("PrimaryAvailabilityZone"), list(item.get("ReplicaAvailabilityZones") or [])
    zones = [primary, *others] if primary and len(others) == replicas else []
    return {"NodeGroupId": name, **({"PreferredAvailabilityZones": zones} if zones else {})}


def _reshard(handle: Handle, count: int, more: dict[str, Any]) -> None:
    handle.call(
        "modify_replication_group_shard_configuration",
        ReplicationGroupId=handle.physical_id,
        NodeGroupCount=count,
        ApplyImmediately=True,
        **more,
    )


def _wait(handle: Handle) -> None:
    """Until the shards that were added serve: one operation at a time."""
    while _group(handle)["Status"] == "modifying":
        time.sleep(POLL_S)


# --- replicas


def set_replicas(handle: Handle, new: Any) -> None:
    """ReplicasPerNodeGroup."""
    if new is None:
        raise ResourceError(f"AWS::ElastiCache::ReplicationGroup: the embedded AWS does not model removing {REPLICAS}")
    now = _replicas(handle)
    if int(new) == now:
        return
    handle.call(
        "increase_replica_count" if int(new) > now else "decrease_replica_count",
        ReplicationGroupId=handle.physical_id,
        NewReplicaCount=int(new),
        ApplyImmediately=True,
    )


def set_clusters(handle: Handle, new: Any) -> None:
    """NumCacheClusters: a primary and its replicas."""
    set_replicas(handle, None if new is None else int(new) - 1)


# --- reading


def _group(handle: Handle) -> dict[str, Any]:
    answer = handle.call("describe_replication_groups", ReplicationGroupId=handle.physical_id)
    found: dict[str, Any] = answer["ReplicationGroups"][0]
    return found


def _shard_ids(handle: Handle) -> list[str]:
    return [shard["NodeGroupId"] for shard in _group(handle)["NodeGroups"]]


def _replicas(handle: Handle) -> int:
    return max(len(shard["NodeGroupMembers"]) for shard in _group(handle)["NodeGroups"]) - 1


def read_configuration(handle: Handle) -> list[dict[str, Any]]:
    """Shards as NodeGroupConfiguration would say them; the first node of a shard without roles was born primary."""
    return [_read_shard(shard) for shard in _group(handle)["NodeGroups"]]


def _read_shard(shard: dict[str, Any]) -> dict[str, Any]:
    members = sorted(shard["NodeGroupMembers"], key=lambda node: node.get("CurrentRole") == "replica")
    zones = [node["PreferredAvailabilityZone"] for node in members]
    return {
        "NodeGroupId": shard["NodeGroupId"],
        "Slots": shard.get("Slots"),
        "ReplicaCount": len(members) - 1,
        "PrimaryAvailabilityZone": zones[0],
        "ReplicaAvailabilityZones": zones[1:],
    }


def _id(item: dict[str, Any], index: int) -> str:
    return str(item.get("NodeGroupId") or f"{index + 1:04d}")
