"""What follows from a `ReplicationGroupSpec` without a construct: families, parameters, modes. Pure."""

from __future__ import annotations

from estate.caches.families import family_of
from estate.caches.replication_group import ReplicationGroupSpec
from estate.engines import parsed

LOG_TYPES = ("engine-log", "slow-log")
ENGINE_LOG_FROM = (6, 2)
"""Redis OSS delivers its slow log from 6.0 and its engine log from 6.2; Valkey both (user guide, "Log delivery")."""


def log_types(spec: ReplicationGroupSpec) -> tuple[str, ...]:
    """Logs that the version delivers."""
    old = spec.engine == "redis" and parsed(spec.engine, spec.version) < ENGINE_LOG_FROM
    return LOG_TYPES[1:] if old else LOG_TYPES


def parameter_group_family(spec: ReplicationGroupSpec) -> str:
    """Family of the version: `valkey8` for 8.2, `redis7` for 7.1, `redis6.x` for 6.2."""
    return family_of(spec.engine, spec.version)


def is_cluster_mode(spec: ReplicationGroupSpec) -> bool:
    """More than one shard needs cluster mode; one shard runs without, so that any client can use it."""
    return spec.shards > 1


def parameters(spec: ReplicationGroupSpec) -> dict[str, str]:
    """Cluster mode is a parameter too; what the file says wins."""
    return {"cluster-enabled": "yes" if is_cluster_mode(spec) else "no", **spec.parameters}


def fails_over(spec: ReplicationGroupSpec) -> bool:
    """Cluster mode requires automatic failover; without it, it needs a replica to promote."""
    return is_cluster_mode(spec) or spec.replicas > 0
