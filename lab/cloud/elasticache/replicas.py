"""IncreaseReplicaCount and DecreaseReplicaCount."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache import checks, layout
from lab.cloud.elasticache.creation import require_available
from lab.cloud.elasticache.group import Group, Shard, effective_durability
from lab.cloud.elasticache.moves import refuse_while_compatible
from lab.cloud.elasticache.reshape import ReshapeState, more_nodes, require_now
from lab.cloud.runtime import RUNTIME

WHAT = "Changing the replica count"


class ReplicaState(ReshapeState):
    """Replicas that come and go; each call says how many there are to be, for all shards or for each."""

    def increase_replicas(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self._ready_to_scale(given)
            wanted = _wanted_counts(group, given)
            _refuse_direction(group, wanted, up=True)
            zones = {item["NodeGroupId"]: item for item in given.get("ReplicaConfiguration") or []}
            free = self.zones_of(group.settings["CacheSubnetGroupName"])
            shards = [
                _grown(shard, wanted.get(shard.shard_id), zones.get(shard.shard_id, {}), free) for shard in group.shards
            ]
            layout.check_sizes(len(shards), max(len(shard.nodes) for shard in shards) - 1)
            return self.reshape(group, shards, WHAT, {})

    def decrease_replicas(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self._ready_to_scale(given)
            if names := given.get("ReplicasToRemove"):
                _refuse_counts(given)
                shards = [_without(shard, _removable(group, names)) for shard in group.shards]
            else:
                wanted = _wanted_counts(group, given)
                _refuse_direction(group, wanted, up=False)
                shards = [_shrunk(shard, wanted.get(shard.shard_id)) for shard in group.shards]
            _check_least(group, shards)
            return self.reshape(group, shards, WHAT, {})

    def _ready_to_scale(self, given: dict[str, Any]) -> Group:
        require_now(given)
        group = self.group(given["ReplicationGroupId"])
        require_available(group)
        refuse_while_compatible(group, WHAT)
        return group


def _wanted_counts(group: Group, given: dict[str, Any]) -> dict[str, int]:
    """Replicas that each named shard is to have: NewReplicaCount for all, or a ReplicaConfiguration."""
    count, configured = given.get("NewReplicaCount"), given.get("ReplicaConfiguration")
    if (count is None) == (not configured):
        raise invalid_combination("Either NewReplicaCount or ReplicaConfiguration must be given, and not both.")
    wanted = (
        {shard.shard_id: int(count) for shard in group.shards}
        if count is not None
        else {item["NodeGroupId"]: int(item["NewReplicaCount"]) for item in configured or []}
    )
    for shard_id, replicas in wanted.items():
        if group.shard(shard_id) is None:
            raise invalid_value(f"Node group {shard_id} is not one of {group.group_id}.")
        layout.check_sizes(1, replicas)
    return wanted


def _refuse_direction(group: Group, wanted: dict[str, int], *, up: bool) -> None:
    """NoOperationFault: "The operation was not performed because no changes were required"."""
    now = {shard.shard_id: len(shard.nodes) - 1 for shard in group.shards}
    steps = {name: count - now[name] for name, count in wanted.items()}
    if not any(steps.values()):
        raise elasticache_error("NoOperationFault", "The operation was not performed because no changes were required.")
    wrong = [name for name, step in steps.items() if (step < 0 if up else step > 0)]
    if wrong:
        raise invalid_value(f"Node Group with Id {wrong[0]} has replica count {now[wrong[0]]}")


def _grown(shard: Shard, count: int | None, item: dict[str, Any], zones: list[str]) -> Shard:
    missing = (count if count is not None else 0) - (len(shard.nodes) - 1)
    if missing <= 0:
        return shard
    held = [node.zone for node in shard.nodes]
    preferred = list(item.get("PreferredAvailabilityZones") or [])
    if preferred and len(preferred) != (count or 0) + 1:
        raise invalid_value(f"PreferredAvailabilityZones must name {(count or 0) + 1} zones, got {len(preferred)}")
    for zone in held if preferred else ():
        if zone in preferred:
            preferred.remove(zone)
    if outside := sorted(set(preferred) - set(zones)):
        raise invalid_value(f"Availability Zone {outside[0]} has no subnet in the subnet group; it has {zones}")
    new = preferred[:missing] or layout.more_zones(held, missing, zones)
    return replace(shard, nodes=[*shard.nodes, *more_nodes(shard, new)])


def _shrunk(shard: Shard, count: int | None) -> Shard:
    """Without its last replicas."""
    if count is None:
        return shard
    replicas = [node.cluster_id for node in shard.nodes if node.role == "replica"]
    return _without(shard, set(replicas[count:]))


def _without(shard: Shard, gone: set[str]) -> Shard:
    return replace(shard, nodes=[node for node in shard.nodes if node.cluster_id not in gone])


def _refuse_counts(given: dict[str, Any]) -> None:
    if given.get("NewReplicaCount") is not None or given.get("ReplicaConfiguration"):
        raise invalid_combination("ReplicasToRemove cannot be used with NewReplicaCount or ReplicaConfiguration.")


def _removable(group: Group, names: list[str]) -> set[str]:
    roles = {node.cluster_id: node.role for node in group.nodes}
    for name in names:
        if roles.get(name) != "replica":
            raise invalid_value(f"{name} is no replica of {group.group_id}.")
    return set(names)


def _check_least(group: Group, shards: list[Shard]) -> None:
    """API reference, DecreaseReplicaCount: the least number of replicas."""
    least = min(len(shard.nodes) for shard in shards) - 1
    settings = group.settings
    if group.mode == "disabled" and settings.get("MultiAZEnabled") and not least:
        raise invalid_value("Must have at least 1 replica when cluster mode is disabled with Multi-AZ enabled.")
    if group.mode == "disabled" and settings.get("AutomaticFailoverEnabled") and not least:
        raise invalid_value("Must have at least 1 replica when cluster mode is disabled with auto failover enabled.")
    if effective_durability(settings) in checks.DURABLE and not least:
        raise invalid_value("Must have at least 1 replica in every node group of a durable cluster.")
