"""Shards and replicas of a replication group: what auto scaling adds and takes away.

Sources: ElastiCache user guide, "Auto Scaling Valkey and Redis OSS clusters" and its pages on policies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.elasticache.models import elasticache_backends

from lab.cloud.autoscaling.scaled import Dimensions, Metric, Scaled, Where
from lab.cloud.client import client

PREFIX = "replication-group/"
SHARDS, REPLICAS = "elasticache:replication-group:NodeGroups", "elasticache:replication-group:Replicas"
MOST = {SHARDS: 250, REPLICAS: 5}
"""The largest maximum; the least minimum is 1. [E4 AutoScaling-Policies, "Minimum and maximum capacity"]"""
TARGETS = (35.0, 70.0)
""" "You can set the utilization target between 35 percent and 70 percent". [E4 AutoScaling-Scaling-Policies]"""
CLASSES = re.compile(r"cache\.(r7g|r6g|r6gd|r5|m7g|m6g|m5|c7gn)\.(large|xlarge|2xlarge)")
""" "Instance sizes - Large, XLarge, 2XLarge; type families - ...". [E4 AutoScaling-Prerequisites]"""
TIERED = "cache.r6gd."
CPU = "EngineCPUUtilization"
MEMORY, CAPACITY = "DatabaseMemoryUsageCountedForEvictPercentage", "DatabaseCapacityUsageCountedForEvictPercentage"
PRIMARY_CPU, REPLICA_CPU = f"Primary{CPU}", f"Replica{CPU}"
"""Names of a load: the engine's CPU is one metric with two roles."""


def _role(role: str) -> Any:
    return lambda group: {"ReplicationGroupId": group, "Role": role}


def _group(group: str) -> Dimensions:
    return {"ReplicationGroupId": group}


METRICS = {
    "ElastiCachePrimaryEngineCPUUtilization": Metric(
        load=PRIMARY_CPU, name=CPU, dimensions=_role("Primary"), dimension=SHARDS
    ),
    "ElastiCacheReplicaEngineCPUUtilization": Metric(
        load=REPLICA_CPU, name=CPU, dimensions=_role("Replica"), dimension=REPLICAS
    ),
    f"ElastiCache{MEMORY}": Metric(load=MEMORY, name=MEMORY, dimensions=_group, dimension=SHARDS),
    f"ElastiCache{CAPACITY}": Metric(load=CAPACITY, name=CAPACITY, dimensions=_group, dimension=SHARDS),
}


def find(where: Where) -> Any:
    return elasticache_backends[where.account][where.region].groups.get(where.name)


def _check(where: Where, dimension: str, least: int | None, most: int | None) -> None:
    name = where.name
    group = find(where)
    if group is None:
        raise AWSValidationException(f"Replication group does not exist: {PREFIX}{name}")
    if dimension not in MOST:
        raise AWSValidationException(f"Unsupported scalable dimension {dimension} for service namespace elasticache")
    if group.mode != "enabled":
        raise AWSValidationException(f"Replication group {name} must have cluster mode enabled to be scaled")
    node_type = group.settings["CacheNodeType"]
    if CLASSES.fullmatch(node_type) is None:
        raise AWSValidationException(f"Node type {node_type} of {name} does not support auto scaling")
    if group.settings.get("GlobalReplicationGroupId"):
        raise AWSValidationException(f"Replication group {name} is in a Global datastore, which cannot be scaled")
    if (most is not None and most > MOST[dimension]) or (least is not None and least < 1):
        raise AWSValidationException(f"Capacity must be from 1 to {MOST[dimension]} for {dimension}")


def _check_policy(where: Where, metric: str, target: float) -> None:
    if not TARGETS[0] <= target <= TARGETS[1]:
        raise AWSValidationException(f"TargetValue must be from 35 to 70 for {metric}, got {target:g}")
    group = find(where)
    if metric == f"ElastiCache{MEMORY}" and group.settings["CacheNodeType"].startswith(TIERED):
        raise AWSValidationException(f"Data-tiered instance types cannot use {metric}")


def _count(where: Where, dimension: str) -> int | None:
    group = find(where)
    if group is None or group.status != "available":
        return None
    return len(group.shards) if dimension == SHARDS else int(group.replicas)


def _change(where: Where, dimension: str, now: int, wanted: int) -> int:
    """By the operations that its service-linked role allows. [E4 AutoScaling, "IAM Permissions Required"]"""
    cache = client("elasticache", where.region, where.account)
    place = {"ReplicationGroupId": where.name, "ApplyImmediately": True}
    if dimension == REPLICAS:
        change = cache.increase_replica_count if wanted > now else cache.decrease_replica_count
        change(**place, NewReplicaCount=wanted)
        return wanted
    more: dict[str, Any] = {}
    if wanted < now:
        shards = find(where).shards
        more["NodeGroupsToRetain"] = [shard.shard_id for shard in shards[:wanted]]
    cache.modify_replication_group_shard_configuration(**place, NodeGroupCount=wanted, **more)
    return wanted


def _report(where: Where, load: Mapping[str, float]) -> list[tuple[str, Dimensions, float]]:
    """A sample of each node, under its own name and under the group's, as ElastiCache reports them."""
    found: list[tuple[str, Dimensions, float]] = []
    for shard in find(where).shards:
        for node in shard.nodes:
            role = "Primary" if node.role == "primary" else "Replica"
            own = {CPU: load.get(f"{role}{CPU}"), MEMORY: load.get(MEMORY), CAPACITY: load.get(CAPACITY)}
            for metric, value in own.items():
                wide = _role(role)(where.name) if metric == CPU else _group(where.name)
                if value is not None:
                    one = {"CacheClusterId": node.cluster_id, "CacheNodeId": "0001"}
                    found += [(metric, one, value), (metric, wide, value)]
    return found


def _shape(where: Where) -> dict[str, int]:
    group = find(where)
    return {"shards": len(group.shards), "replicas": int(group.replicas)}


CACHES = Scaled(
    namespace="elasticache",
    prefix=PREFIX,
    role="elasticache.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ElastiCacheRG",
    cloudwatch="AWS/ElastiCache",
    metrics=METRICS,
    exists=lambda where: find(where) is not None,
    check=_check,
    check_policy=_check_policy,
    count=_count,
    change=_change,
    report=_report,
    shape=_shape,
    unit=lambda dimension: "shard count" if dimension == SHARDS else "replica count",
    slack=0.75,  # "won't auto scale-in unless the overall metric value is below 75 percent of your defined Target"
    step=lambda dimension: 0.2 if dimension == SHARDS else 0.0,  # "a minimum of 20 percent ... of existing shards"
)
