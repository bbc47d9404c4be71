"""Global datastores: the resource type.

Sources: the permissions of each handler in the type's registry schema (its delete handler may disassociate and delete;
that of AWS::ElastiCache::ReplicationGroup may not disassociate); cloudformation-coverage-roadmap #1539 (a creation
ignores version, node type and shards: here it fails instead when they are not the primary's already) and #1965.
"""

from __future__ import annotations

import time
from typing import Any

from lab.cloud.cloudformation.errors import ResourceError
from lab.cloud.cloudformation.row import Handle, Row, by_name
from lab.cloud.cloudformation.tagging import arn_tags

SETTLE_TIMEOUT_S = 600.0
SETTLE_POLL_S = 0.05
STABLE = ("available", "primary-only")


def _key(handle: Handle) -> dict[str, Any]:
    return {"GlobalReplicationGroupId": handle.physical_id, "ShowMemberInfo": True}


def _found(handle: Handle) -> dict[str, Any]:
    answer = handle.call("describe_global_replication_groups", **_key(handle))
    found: dict[str, Any] = answer["GlobalReplicationGroups"][0]
    return found


def _settled(handle: Handle) -> dict[str, Any]:
    """The datastore, once nothing is under way."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while (found := _found(handle))["Status"] not in STABLE:
        if time.monotonic() > deadline:
            raise ResourceError(f"{handle.physical_id} was {found['Status']} for {SETTLE_TIMEOUT_S:.0f} s")
        time.sleep(SETTLE_POLL_S)
    return found


def _primary(handle: Handle) -> dict[str, Any]:
    members = handle.properties["Members"]
    if len(members) != 1:
        raise ResourceError("GlobalReplicationGroup cannot be created with multiple members.")
    return {"PrimaryReplicationGroupId": members[0]["ReplicationGroupId"]}


def _read_members(handle: Handle) -> list[dict[str, Any]]:
    """Those of the template that are members: secondaries join by their own resource, and roles change."""
    found = {(each["ReplicationGroupId"], each["ReplicationGroupRegion"]) for each in handle.look("Members") or []}
    wanted = handle.properties.get("Members", [])
    return [each for each in wanted if (each["ReplicationGroupId"], each["ReplicationGroupRegion"]) in found]


def _reshard(handle: Handle, count: Any) -> None:
    """More shards, or fewer: then the first ones stay."""
    found = _settled(handle)
    ids = [each["GlobalNodeGroupId"] for each in found["GlobalNodeGroups"]]
    asked = {"GlobalReplicationGroupId": handle.physical_id, "NodeGroupCount": int(count), "ApplyImmediately": True}
    if int(count) > len(ids):
        handle.call("increase_node_groups_in_global_replication_group", **asked)
    elif int(count) < len(ids):
        retained = {"GlobalNodeGroupsToRetain": ids[: int(count)]}
        handle.call("decrease_node_groups_in_global_replication_group", **asked, **retained)
    _settled(handle)


def _let_go(handle: Handle) -> None:
    """The secondaries become groups of their own; only then the datastore can be deleted."""
    for member in _settled(handle)["Members"]:
        if member["Role"] == "SECONDARY":
            handle.call(
                "disassociate_global_replication_group",
                GlobalReplicationGroupId=handle.physical_id,
                ReplicationGroupId=member["ReplicationGroupId"],
                ReplicationGroupRegion=member["ReplicationGroupRegion"],
            )
            _settled(handle)


def _parameter_group(_old: Any, new: Any) -> dict[str, Any]:
    return {"CacheParameterGroupName": new} if new else {}


ROWS = (
    Row(
        type="AWS::ElastiCache::GlobalReplicationGroup",
        service="elasticache",
        create="create_global_replication_group",
        create_extra=_primary,
        ref="GlobalReplicationGroup.GlobalReplicationGroupId",
        accepted=frozenset(
            {
                "AutomaticFailoverEnabled",
                "CacheNodeType",
                "CacheParameterGroupName",
                "EngineVersion",
                "GlobalNodeGroupCount",
                "Members",
            }
        ),
        update="modify_global_replication_group",
        update_as={"CacheParameterGroupName": _parameter_group},
        update_steps={"GlobalNodeGroupCount": _reshard},
        update_extra={"ApplyImmediately": True},
        before_delete=_let_go,
        delete="delete_global_replication_group",
        delete_extra=lambda _: {"RetainPrimaryReplicationGroup": True},
        key=by_name("GlobalReplicationGroupId"),
        describe="describe_global_replication_groups",
        describe_key=_key,
        path="GlobalReplicationGroups[0]",
        status="Status",
        stable=STABLE,
        tags=arn_tags("ARN"),
        attrs={"Arn": "ARN", "GlobalReplicationGroupId": "GlobalReplicationGroupId", "Status": "Status"},
        read={
            "AutomaticFailoverEnabled": lambda h: all(
                each["AutomaticFailover"] == "enabled" for each in h.look("Members")
            ),
            "GlobalNodeGroupCount": lambda h: len(h.look("GlobalNodeGroups")),
            "GlobalReplicationGroupIdSuffix": lambda h: h.look("GlobalReplicationGroupId").partition("-")[2],
            "Members": _read_members,
        },
        unshown={"CacheParameterGroupName": "copied for each member under a name of the service's own"},
    ),
)
