"""How many shards and replicas a request asks for and where they stand: NumCacheClusters, NodeGroupConfiguration. Pure.

Source of every rule: API reference, CreateReplicationGroup and NodeGroupConfiguration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lab.cloud.awserrors import invalid_combination, invalid_value
from lab.cloud.elasticache.group import ShardPlan
from lab.cloud.elasticache.slots import given_slots

MAX_SHARDS = 500
MAX_REPLICAS = 5
MAX_NODES = 500
MAX_CLUSTERS = 6
SHARD_ID = re.compile(r"\d{1,4}")

Given = Mapping[str, Any]


def sizes(given: Given) -> tuple[int, int]:
    """Shards, and replicas of each shard that says nothing else."""
    _refuse_contradictions(given)
    configured = given.get("NodeGroupConfiguration") or []
    count = given.get("NumNodeGroups") or len(configured) or 1
    replicas = given.get("ReplicasPerNodeGroup")
    if replicas is None:
        replicas = (given.get("NumCacheClusters") or 1) - 1
    if configured and len(configured) != count:
        raise invalid_combination(f"NodeGroupConfiguration has {len(configured)} node groups, NumNodeGroups is {count}")
    check_sizes(int(count), int(replicas))
    return int(count), int(replicas)


def check_sizes(count: int, replicas: int) -> None:
    """Raise unless so many shards and replicas can be."""
    if not 1 <= count <= MAX_SHARDS or not 0 <= replicas <= MAX_REPLICAS or count * (1 + replicas) > MAX_NODES:
        raise invalid_value(f"{count} node groups with {replicas} replicas each are not allowed.")


def _refuse_contradictions(given: Given) -> None:
    """NumCacheClusters "is not used if there is more than one node group. Use ReplicasPerNodeGroup instead"."""
    clusters = given.get("NumCacheClusters")
    if clusters is None:
        return
    if not 1 <= clusters <= MAX_CLUSTERS:
        raise invalid_value(f"NumCacheClusters must be between 1 and {MAX_CLUSTERS}, got {clusters}")
    others = [name for name in ("ReplicasPerNodeGroup", "NodeGroupConfiguration") if given.get(name) is not None]
    if (given.get("NumNodeGroups") or 1) > 1:
        others.append("NumNodeGroups")
    if others:
        raise invalid_combination(f"NumCacheClusters cannot be used with {', '.join(others)}")


def plans(given: Given, count: int, replicas: int, zones: Sequence[str]) -> list[ShardPlan]:
    """The shards that are asked for, in the zones that are asked for, or spread over `zones`."""
    configured = list(given.get("NodeGroupConfiguration") or [{}] * count)
    _check_configured(configured)
    slots = [item["Slots"] for item in configured if item.get("Slots")]
    if slots and len(slots) != count:
        raise invalid_combination("Slots must be given for every node group or for none")
    checked = given_slots(slots) if slots else [None] * count
    preferred = _preferred(given, count, replicas)
    found = [
        ShardPlan(
            shard_id=_shard_id(item, index),
            zones=_zones(item, replicas, preferred or _spread(zones, index)),
            slots=held,
        )
        for index, (item, held) in enumerate(zip(configured, checked, strict=True))
    ]
    _check_zones(found, zones)
    return found


def _shard_id(item: Given, index: int) -> str:
    return str(item.get("NodeGroupId") or f"{index + 1:04d}")


def _check_configured(configured: Sequence[Given]) -> None:
    names = [_shard_id(item, index) for index, item in enumerate(configured)]
    if wrong := [name for name in names if not SHARD_ID.fullmatch(name)]:
        raise invalid_value(f"NodeGroupId must be 1 to 4 digits, got {wrong[0]}")
    if len(set(names)) != len(names):
        raise invalid_value(f"NodeGroupId must be unique, got {', '.join(names)}")


def _preferred(given: Given, count: int, replicas: int) -> list[str]:
    """PreferredCacheClusterAZs: one for each node, the primary's first; not with more than one shard."""
    preferred = list(given.get("PreferredCacheClusterAZs") or [])
    if preferred and (count > 1 or given.get("NodeGroupConfiguration")):
        raise invalid_combination("PreferredCacheClusterAZs is for one node group: use NodeGroupConfiguration")
    if preferred and len(preferred) != replicas + 1:
        raise invalid_value(f"PreferredCacheClusterAZs must name {replicas + 1} zones, got {len(preferred)}")
    return preferred


def _spread(zones: Sequence[str], index: int) -> list[str]:
    return [zones[(index + number) % len(zones)] for number in range(MAX_REPLICAS + 1)]


def _zones(item: Given, replicas: int, default: Sequence[str]) -> tuple[str, ...]:
    """Zones of a shard's nodes. "The number of Availability Zones must match the value of ReplicaCount"."""
    others = list(item.get("ReplicaAvailabilityZones") or [])
    count = item.get("ReplicaCount")
    count = replicas if count is None else int(count)
    check_sizes(1, count)
    if others and len(others) != count:
        raise invalid_value(f"ReplicaAvailabilityZones must name {count} zones, got {len(others)}")
    primary = item.get("PrimaryAvailabilityZone") or default[0]
    free = [zone for zone in default if zone != primary] or list(default)
    return (primary, *(others or [free[number % len(free)] for number in range(count)]))


def _check_zones(found: Sequence[ShardPlan], zones: Sequence[str]) -> None:
    """Clusters stand only "in Availability Zones associated with the subnets in the selected subnet group"."""
    for plan in found:
        if outside := sorted(set(plan.zones) - set(zones)):
            raise invalid_value(
                f"Availability Zone {outside[0]} has no subnet in the subnet group; it has {list(zones)}"
            )


def more_zones(held: Sequence[str], count: int, zones: Sequence[str]) -> tuple[str, ...]:
    """Zones for `count` nodes more: those that hold the fewest first."""
    now = list(held)
    for _ in range(count):
        now.append(min(zones, key=lambda zone: (now.count(zone), zones.index(zone))))
    return tuple(now[len(held) :])
