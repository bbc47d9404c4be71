"""Parameters of replication groups: which a family has, what they may be, which the kit or AWS keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

APPEND_ONLY = frozenset({"appendonly", "appendfsync"})
KIT_PARAMETERS = frozenset({"cluster-enabled"})


def _append_only(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name in APPEND_ONLY & set(spec.parameters):
        yield Hit(("parameters", name), spec.parameters[name])


def _kit_parameters(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name in KIT_PARAMETERS & set(spec.parameters):
        yield Hit(("parameters", name), spec.parameters[name])


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/append-only",
        reads=("parameters",),
        broken=_append_only,
        must="not be set: ElastiCache has no append-only file",
        fix="use snapshots, Durability (Valkey 9.0), or Amazon MemoryDB",
    ),
    Rule(
        id="cache/parameter-of-kit",
        reads=("parameters",),
        broken=_kit_parameters,
        must="be left to the kit",
        fix="remove it: `shards` decides whether cluster mode is on",
    ),
)
