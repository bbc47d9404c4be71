"""How a replication group is laid out: cluster mode, and where its shards stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import engines, limits
from estate.spec import Hit, Integer, Path, Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

SLOTS_FORM = re.compile(r"\d{1,5}-\d{1,5}(,\d{1,5}-\d{1,5})*")


class ShardSpec(Spec):
    """Where the nodes of one shard stand and which slots it holds, at birth."""

    primary_zone: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Zone of the network that the primary is born in, counted from 1"
    )
    replica_zones: tuple[Annotated[Integer, Field(ge=1)], ...] = Field(
        default=(), description="Zones of the replicas, one for each; spread by ElastiCache when left out"
    )
    replicas: Annotated[Integer, Field(ge=0, le=limits.REPLICAS_MAX)] | None = Field(
        default=None, description="Replicas of this shard; those of the group when left out"
    )
    slots: str | None = Field(
        default=None, description='Slots that it is born with, as in "0-5460" or "0-99,200-5460"; even when left out'
    )


def shards_of(spec: ReplicationGroupSpec) -> Mapping[str, ShardSpec]:
    """What the file says of shards, by id."""
    return spec.placement or {}


def zones_of(spec: ReplicationGroupSpec) -> Iterator[tuple[Path, int]]:
    """Zones that the placement names, counted from 1, each with its place below the group."""
    for name, shard in shards_of(spec).items():
        if shard.primary_zone is not None:
            yield ("placement", name, "primary_zone"), shard.primary_zone
        for index, zone in enumerate(shard.replica_zones):
            yield ("placement", name, "replica_zones", index), zone


def _mode_of_shards(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.shards > 1 and spec.cluster_mode in {"disabled", "compatible"}:
        yield Hit(("cluster_mode",), spec.cluster_mode, must=f"be enabled with {spec.shards} shards")


def _mode_replica(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.mode == "compatible" and spec.replicas == 0:
        yield Hit(("replicas",), spec.replicas)


def _mode_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    least = engines.CACHE_COMPATIBLE_FROM[spec.engine]
    is_fine = engines.is_well_formed(spec.engine, spec.version)
    if spec.mode == "compatible" and is_fine and engines.parsed(spec.engine, spec.version) < least:
        fix = f"choose {spec.engine} {least[0]}.{least[1]} or newer first: in this mode no version can be changed"
        yield Hit(("version",), spec.version, fix=fix)


def _mode_scaling(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.mode == "compatible" and spec.autoscaling is not None:
        yield Hit(("autoscaling",), "it")


def _placement_mode(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.placement is not None and spec.mode != "enabled":
        yield Hit(("placement",), spec.placement, must=f"be left out while cluster mode is {spec.mode}")


def _placement_shards(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.placement is None or spec.mode != "enabled":
        return
    expected = [f"{number:04d}" for number in range(1, spec.shards + 1)]
    for name in spec.placement:
        if name not in expected:
            must = f'be the id of one of {spec.shards} shards, "{expected[0]}" to "{expected[-1]}"'
            yield Hit(("placement", name), name, must=must)
    if missing := [name for name in expected if name not in spec.placement]:
        given = f"{len(expected) - len(missing)} of {spec.shards}"
        yield Hit(("placement",), given, fix=f"add {', '.join(missing[:3])}{' ...' if missing[3:] else ''}")


def _placement_replicas(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, shard in shards_of(spec).items():
        count = spec.replicas_of(shard)
        if shard.replica_zones and len(shard.replica_zones) != count:
            path = ("placement", name, "replica_zones")
            yield Hit(path, list(shard.replica_zones), must=f"name {count} zones, one for each replica")


def _placement_zone(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, shard in shards_of(spec).items():
        zones = {shard.primary_zone, *shard.replica_zones}
        if shard.primary_zone is not None and shard.replica_zones and len(zones) == 1:
            yield Hit(("placement", name, "replica_zones"), list(shard.replica_zones))


def _placement_scaling(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.placement is not None and spec.autoscaling is not None:
        yield Hit(("placement",), spec.placement)


def ranges_of(slots: str) -> list[tuple[int, int]]:
    """`0-99,200-299` as pairs; empty when it is malformed."""
    if not SLOTS_FORM.fullmatch(slots):
        return []
    pairs = [tuple(int(end) for end in part.split("-")) for part in slots.split(",")]
    found = [(first, last) for first, last in pairs if first <= last < limits.SLOTS]
    return found if len(found) == len(pairs) else []


def _slots_form(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, shard in shards_of(spec).items():
        if shard.slots is not None and not ranges_of(shard.slots):
            yield Hit(("placement", name, "slots"), shard.slots)


def _slots_of_some(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    given = [shard.slots is not None for shard in shards_of(spec).values()]
    if any(given) and not all(given):
        for name, shard in shards_of(spec).items():
            if shard.slots is None:
                yield Hit(("placement", name, "slots"), None)


def _slots_cover(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    shards = shards_of(spec)
    held = [(pair, name) for name, shard in shards.items() for pair in ranges_of(shard.slots or "")]
    if not shards or len({name for _, name in held}) != len(shards):
        return
    following = 0
    for (first, last), name in sorted(held):
        if first != following:
            what = f"leave no gap: nobody holds {following}-{first - 1}"
            if first < following:
                what = f"be named once: {first}-{min(last, following - 1)} is named twice"
            yield Hit(("placement", name, "slots"), shards[name].slots, must=what)
        following = max(following, last + 1)
    if following != limits.SLOTS:
        must = f"leave no gap: nobody holds {following}-{limits.SLOTS - 1}"
        yield Hit(("placement", max(held)[1], "slots"), shards[max(held)[1]].slots, must=must)


MODE = ("cluster_mode", "shards")
PLACEMENT = ("placement", *MODE)
RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/mode-shards",
        reads=MODE,
        broken=_mode_of_shards,
        must="be enabled with more than one shard",
        fix="leave it out, or declare one shard: it goes from disabled over compatible to enabled with one, then grows",
    ),
    Rule(
        id="cache/mode-replica",
        reads=(*MODE, "replicas"),
        broken=_mode_replica,
        must="be 1 at least while cluster mode is compatible",
        fix="add one first: the change of mode needs automatic failover",
    ),
    Rule(
        id="cache/mode-version",
        reads=(*MODE, "engine", "version"),
        broken=_mode_version,
        must="know the compatible mode",
        fix="choose a newer version first",
    ),
    Rule(
        id="cache/mode-scaling",
        reads=(*MODE, "autoscaling"),
        broken=_mode_scaling,
        must="be left out while cluster mode is compatible",
        fix="ElastiCache scales nothing in that mode: set `cluster_mode: enabled` first",
    ),
    Rule(
        id="cache/placement-mode",
        reads=PLACEMENT,
        broken=_placement_mode,
        must="be left out without cluster mode",
        fix="a change of it would replace such a cache; ElastiCache spreads its nodes over the zones by itself, or set "
        "`cluster_mode: enabled`, which one shard can have too",
    ),
    Rule(
        id="cache/placement-shards",
        reads=PLACEMENT,
        broken=_placement_shards,
        must="have an entry for each shard",
        fix='ids count from "0001", quoted',
    ),
    Rule(
        id="cache/placement-replicas",
        reads=(*PLACEMENT, "replicas"),
        broken=_placement_replicas,
        must="name a zone for each replica",
        fix="name one for each, or leave it out",
    ),
    Rule(
        id="cache/placement-zone",
        reads=PLACEMENT,
        broken=_placement_zone,
        must="name another zone than the primary's, once at least",
        fix="a shard that stands in one zone is lost with it",
    ),
    Rule(
        id="cache/placement-scaling",
        reads=(*PLACEMENT, "autoscaling"),
        broken=_placement_scaling,
        must="be left out with auto scaling",
        fix="it names every shard and replica, and scaling changes how many there are: remove one of the two",
    ),
    Rule(
        id="cache/slots-form",
        reads=("placement",),
        broken=_slots_form,
        must=f"be ranges of the slots 0 to {limits.SLOTS - 1}",
        fix='write them as in "0-8191", or "0-99,200-8191"',
    ),
    Rule(
        id="cache/slots-some",
        reads=("placement",),
        broken=_slots_of_some,
        must="be given, as another shard's are",
        fix="give slots to every shard or to none",
    ),
    Rule(
        id="cache/slots-cover",
        reads=("placement",),
        broken=_slots_cover,
        must=f"cover 0 to {limits.SLOTS - 1} together",
        fix="each slot belongs to one shard",
    ),
)
