"""ModifyReplicationGroupShardConfiguration: shards added, removed or rebalanced while the group serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lab.cloud.awserrors import invalid_combination, invalid_value
from lab.cloud.elasticache import layout
from lab.cloud.elasticache.creation import require_available
from lab.cloud.elasticache.group import Group, Shard, ShardPlan, make_shard
from lab.cloud.elasticache.replicas import ReplicaState
from lab.cloud.elasticache.reshape import progress, require_now
from lab.cloud.elasticache.slots import respread, written
from lab.cloud.runtime import RUNTIME
from lab.data.slots import read_slots


class ReshardingState(ReplicaState):
    """Shards of groups with cluster mode enabled."""

    def reshard(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            require_now(given)
            group = self.group(given["ReplicationGroupId"])
            if group.mode != "enabled":
                raise invalid_value("Operation is only applicable for cluster mode enabled replication groups.")
            require_available(group)
            count = int(given["NodeGroupCount"])
            layout.check_sizes(count, group.replicas)
            _refuse_contradictions(group, given, count)
            shards = _kept(group, given, count) + self._added_shards(group, given, count)
            held = {shard.shard_id: read_slots(shard.slots or "") for shard in shards}
            spread = respread(held, [shard.shard_id for shard in shards])
            wanted = [replace(shard, slots=written(spread[shard.shard_id])) for shard in shards]
            return self.reshape(group, wanted, "Resharding", {"Resharding": progress(0.0)})

    def _added_shards(self, group: Group, given: dict[str, Any], count: int) -> list[Shard]:
        missing = count - len(group.shards)
        if missing <= 0:
            return []
        zones = self.zones_of(group.settings["CacheSubnetGroupName"])
        known = {shard.shard_id for shard in group.shards}
        configured = [
            item for item in given.get("ReshardingConfiguration") or [] if item.get("NodeGroupId") not in known
        ]
        if len(configured) > missing:
            raise invalid_value(f"ReshardingConfiguration names {len(configured)} new node groups, not {missing}.")
        ids = _new_ids(known, [str(item["NodeGroupId"]) for item in configured if item.get("NodeGroupId")], missing)
        found = []
        for index, shard_id in enumerate(ids):
            item = configured[index] if index < len(configured) else {}
            plan = ShardPlan(shard_id=shard_id, zones=_zones(item, group, zones, len(known) + index))
            found.append(make_shard(group.group_id, plan, cluster_mode=True, slots=""))
        return found


def _refuse_contradictions(group: Group, given: dict[str, Any], count: int) -> None:
    """API reference: what may be said when there are to be more, and what must be said when fewer."""
    named = [name for name in ("NodeGroupsToRemove", "NodeGroupsToRetain") if given.get(name)]
    if count < len(group.shards) and len(named) != 1:
        raise invalid_combination("Fewer node groups: either NodeGroupsToRemove or NodeGroupsToRetain is required.")
    if count >= len(group.shards) and named:
        raise invalid_combination(f"{named[0]} can be given only if NodeGroupCount is less than {len(group.shards)}.")
    if count <= len(group.shards) and given.get("ReshardingConfiguration"):
        raise invalid_combination(
            f"ReshardingConfiguration can be given only if NodeGroupCount is greater than {len(group.shards)}."
        )


def _kept(group: Group, given: dict[str, Any], count: int) -> list[Shard]:
    """The shards that stay."""
    removed, retained = given.get("NodeGroupsToRemove"), given.get("NodeGroupsToRetain")
    for name in removed or retained or []:
        if group.shard(name) is None:
            raise invalid_value(f"Node group {name} is not one of {group.group_id}.")
    kept = [
        shard
        for shard in group.shards
        if not (removed and shard.shard_id in removed) and (not retained or shard.shard_id in retained)
    ]
    if count < len(group.shards) and len(kept) != count:
        raise invalid_value(f"NodeGroupCount is {count}, and {len(kept)} node groups would stay.")
    return kept


def _new_ids(known: set[str], given: list[str], missing: int) -> list[str]:
    """Ids that the request gives, then numbers on from the last."""
    if wrong := [name for name in given if not layout.SHARD_ID.fullmatch(name)]:
        raise invalid_value(f"NodeGroupId must be 1 to 4 digits, got {wrong[0]}")
    last = max(int(name) for name in {*known, *given})
    return [*given, *(f"{last + number:04d}" for number in range(1, missing - len(given) + 1))]


def _zones(item: dict[str, Any], group: Group, zones: list[str], index: int) -> tuple[str, ...]:
    """Zones of a new shard's nodes: as many as the other shards have."""
    size = group.replicas + 1
    given = tuple(item.get("PreferredAvailabilityZones") or ())
    if given and len(given) != size:
        raise invalid_value(f"PreferredAvailabilityZones must name {size} zones, got {len(given)}")
    if outside := sorted(set(given) - set(zones)):
        raise invalid_value(f"Availability Zone {outside[0]} has no subnet in the subnet group; it has {zones}")
    return given or tuple(zones[(index + number) % len(zones)] for number in range(size))
