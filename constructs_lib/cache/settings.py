"""What follows from a `ReplicationGroupSpec` without a construct: families, parameters, modes. Pure."""

from __future__ import annotations

from estate.caches.families import family_of
from estate.caches.replication_group import ReplicationGroupSpec
from estate.engines import CACHE_TLS_MODE_FROM, parsed

LOG_TYPES = ("engine-log", "slow-log")
SLOW_LOG_FROM, ENGINE_LOG_FROM = (6, 0), (6, 2)
"""Redis OSS delivers its slow log from 6.0 and its engine log from 6.2; Valkey both (user guide, "Log delivery")."""


def log_types(spec: ReplicationGroupSpec) -> tuple[str, ...]:
    """Logs that the version delivers."""
    have = parsed(spec.engine, spec.version)
    if spec.engine != "redis" or have >= ENGINE_LOG_FROM:
        return LOG_TYPES
    return LOG_TYPES[1:] if have >= SLOW_LOG_FROM else ()


def transit_encryption_mode(spec: ReplicationGroupSpec) -> str | None:
    """TLS required or preferred; left out of older versions, whose TLS is required and which refuse the property."""
    return spec.transit_encryption if parsed(spec.engine, spec.version) >= CACHE_TLS_MODE_FROM[spec.engine] else None


def parameter_group_family(spec: ReplicationGroupSpec) -> str:
    """Family of the version: `valkey8` for 8.2, `redis7` for 7.1, `redis6.x` for 6.2."""
    return family_of(spec.engine, spec.version)


def is_cluster_mode(spec: ReplicationGroupSpec) -> bool:
    """Clients start from the configuration endpoint alone; while the mode is `compatible` from either."""
    return spec.mode == "enabled"


def parameters(spec: ReplicationGroupSpec) -> dict[str, str]:
    """Cluster mode is a parameter too, of the compatible mode as well (user guide, "Modifying cluster mode")."""
    return {"cluster-enabled": "no" if spec.mode == "disabled" else "yes", **spec.parameters}
