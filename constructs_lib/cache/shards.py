"""Shards of a replication group that the spec places: zones, replicas and slots at birth."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_elasticache as elasticache

from estate.caches.layout import ShardSpec
from estate.caches.replication_group import ReplicationGroupSpec

Shard = elasticache.CfnReplicationGroup.NodeGroupConfigurationProperty


def placed_shards(spec: ReplicationGroupSpec, zones: Sequence[str]) -> list[Shard] | None:
    """One entry for each shard, or None without a placement: ElastiCache then spreads nodes and slots by itself.

    Every entry says its replicas, and the group says none: a template with both was read as a replacement
    (aws-cloudformation/cloudformation-coverage-roadmap #918).
    """
    if spec.placement is None:
        return None
    return [_shard(spec, name, shard, zones) for name, shard in sorted(spec.placement.items())]


def _shard(spec: ReplicationGroupSpec, name: str, shard: ShardSpec, zones: Sequence[str]) -> Shard:
    return Shard(
        node_group_id=name,
        primary_availability_zone=None if shard.primary_zone is None else _zone(shard.primary_zone, zones),
        replica_availability_zones=[_zone(zone, zones) for zone in shard.replica_zones] or None,
        replica_count=spec.replicas_of(shard),
        slots=shard.slots,
    )


def _zone(number: int, zones: Sequence[str]) -> str:
    """Name of a zone; 1 is the VPC's first."""
    if number > len(zones):
        raise ValueError(f"zone must be one of the VPC's {len(zones)}, got {number}; add a zone or lower it")
    return zones[number - 1]
