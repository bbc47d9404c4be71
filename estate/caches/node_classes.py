"""Node types of replication groups: what a family can't do, and the SSDs of r6gd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate import engines
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

TIERED = "cache.r6gd."
"""The family with SSDs. [B] CreateReplicationGroup.DataTieringEnabled"""
TIERING_POLICIES = ("volatile-lru", "allkeys-lru", "noeviction")
"""Eviction policies that data tiering knows. [E4 data-tiering]"""
PREVIOUS = ("cache.t1.", "cache.t2.", "cache.m1.", "cache.m2.", "cache.m3.", "cache.c1.", "cache.r3.")
"""Families of which none can be created any more. [B] CreateReplicationGroup.CacheNodeType; T2: [E10
CacheNodes.SupportedTypes]"""
GRAVITON = ("cache.t4g.", "cache.m6g.", "cache.r6g.", "cache.m7g.", "cache.r7g.", "cache.m8g.", "cache.r8g.")
GRAVITON_FROM: engines.Version = (5, 0, 6)
"""Redis OSS on Graviton. [B] CreateReplicationGroup.CacheNodeType"""


def _burstable(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.node_class.startswith(("cache.t3.", "cache.t4g.")):
        yield Hit(("class",), spec.node_class)


def _previous(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.node_class.startswith(PREVIOUS):
        yield Hit(("class",), spec.node_class)


def _graviton(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    is_fine = spec.engine == "redis" and engines.is_well_formed(spec.engine, spec.version)
    if is_fine and spec.node_class.startswith(GRAVITON) and engines.parsed(spec.engine, spec.version) < GRAVITON_FROM:
        yield Hit(("class",), spec.node_class, must=f"be older than Graviton with Redis OSS {spec.version}")


def _tiering(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.data_tiering is True and not spec.has_data_tiering:
        must = f"be left out on {spec.node_class}, which has no SSDs"
        yield Hit(("data_tiering",), spec.data_tiering, must=must, fix="choose a class such as cache.r6gd.xlarge")
    elif spec.data_tiering is False and spec.has_data_tiering:
        must, fix = f"be on with {spec.node_class}", "ElastiCache knows no other way: choose cache.r7g for memory alone"
        yield Hit(("data_tiering",), spec.data_tiering, must=must, fix=fix)


def _tiering_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.has_data_tiering and engines.is_well_formed(spec.engine, spec.version):
        least = engines.CACHE_TIERING_FROM[spec.engine]
        if engines.parsed(spec.engine, spec.version) < least:
            yield Hit(("class",), spec.node_class, must=f"not have SSDs before {spec.engine} {least[0]}.{least[1]}")


def _tiering_policy(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    policy = spec.parameters.get("maxmemory-policy")
    if spec.has_data_tiering and policy is not None and policy not in TIERING_POLICIES:
        yield Hit(("parameters", "maxmemory-policy"), policy)


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/class-burstable",
        reads=("class",),
        broken=_burstable,
        must="not be burstable",
        fix="it earns its CPU by idling, and fails slowly when that is spent: choose cache.r7g or cache.m7g, or add "
        "`acknowledge: [cache/class-burstable]`",
        level="warning",
    ),
    Rule(
        id="cache/class-previous",
        reads=("class",),
        broken=_previous,
        must="be of a family that can be created",
        fix="T1, T2, M1 to M3, C1 and R3 can't be any more: choose cache.t4g, cache.m7g or cache.r7g; for a cache that "
        "has it already add `acknowledge: [cache/class-previous]`",
        acknowledge=True,
    ),
    Rule(
        id="cache/class-version",
        reads=("class", "engine", "version"),
        broken=_graviton,
        must="be older than Graviton",
        fix="Graviton knows Redis OSS from 5.0.6: choose cache.r5 or cache.m5, or a newer version",
    ),
    Rule(
        id="cache/data-tiering-class",
        reads=("class", "data_tiering"),
        broken=_tiering,
        must="follow the class",
        fix="leave it out",
    ),
    Rule(
        id="cache/data-tiering",
        reads=("engine", "version", "class"),
        broken=_tiering_version,
        must="be of a version that knows data tiering",
        fix="choose cache.r6g or newer, or a newer version",
    ),
    Rule(
        id="cache/data-tiering-policy",
        reads=("class", "parameters"),
        broken=_tiering_policy,
        must=f"be one of {', '.join(TIERING_POLICIES)} with data tiering",
        fix="choose one of them, or a class without SSDs",
    ),
)
