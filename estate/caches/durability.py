"""Durability: writes kept in a log of several zones; and what it wants of the group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate import engines
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

FAMILIES = tuple(f"cache.{family}." for family in ("r6g", "r7g", "r8g", "m6g", "m7g", "m8g", "c7gn", "c8gn"))
"""Node types that can be durable. [E10 Durability.Limitations]; its older text lacks those of the eighth generation."""


def _version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.engine != "valkey":
        yield Hit(("durability",), spec.durability, must="be left out: Redis OSS has none")
    elif engines.is_well_formed(spec.engine, spec.version):
        least = engines.CACHE_DURABLE_FROM
        if engines.parsed(spec.engine, spec.version) < least:
            yield Hit(("version",), spec.version, must=f"be {least[0]}.{least[1]} or newer with durability")


def _mode(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.mode != "enabled":
        yield Hit(("cluster_mode",), spec.mode)


def _replica(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.least_replicas == 0:
        yield Hit(("replicas",), 0)


def _class(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    known = spec.node_class in engines.known_classes("cache")
    if known and not spec.has_data_tiering and not spec.node_class.startswith(FAMILIES):
        yield Hit(("class",), spec.node_class)


def _tiering(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.has_data_tiering:
        yield Hit(("class",), spec.node_class)


def _tls(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.transit_encryption != "required":
        yield Hit(("transit_encryption",), spec.transit_encryption)


def _rule(slug: str, reads: tuple[str, ...], broken: Broken, must: str, fix: str) -> Rule[ReplicationGroupSpec]:
    """A rule of groups that are durable."""

    def of_durable(spec: ReplicationGroupSpec) -> Iterator[Hit]:
        if spec.is_durable:
            yield from broken(spec)

    return Rule(
        id=f"cache/durability-{slug}", reads=("durability", "engine", *reads), broken=of_durable, must=must, fix=fix
    )


if TYPE_CHECKING:
    from collections.abc import Callable

    Broken = Callable[[ReplicationGroupSpec], Iterator[Hit]]

MODE = ("cluster_mode", "shards")
RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    _rule("version", ("version",), _version, "be Valkey 9.0 or newer", 'choose `engine: valkey` and version "9.0"'),
    _rule(
        "mode",
        MODE,
        _mode,
        "be enabled with durability",
        "set `cluster_mode: enabled`, which one shard can have too",
    ),
    _rule(
        "replica",
        ("replicas", "placement"),
        _replica,
        "be 1 at least for every shard with durability",
        "add a replica",
    ),
    _rule(
        "class",
        ("class",),
        _class,
        "be of a family that can be durable",
        "choose r6g to r8g, m6g to m8g, c7gn or c8gn, such as cache.r7g.large",
    ),
    _rule("tiering", ("class",), _tiering, "have no SSDs with durability", "choose cache.r7g, or remove `durability`"),
    _rule("tls", ("transit_encryption",), _tls, "be required with durability", "remove it: `required` is the default"),
)
