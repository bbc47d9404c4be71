"""Parameters of caches: which a family has, what they may be, which the kit or AWS keeps.

`parameter_rules` makes the rules that every engine shares, of any unit; those of replication groups follow it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from estate import engines, secrets
from estate.caches import families, families_memcached
from estate.caches.families import Family, Parameter
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

APPEND_ONLY = frozenset({"appendonly", "appendfsync"})
KIT_PARAMETERS = frozenset({"cluster-enabled"})
RESERVED_PERCENT = 25
"""Part of the memory that AWS reserves, and recommends for most caches. [E4 redis-memory-management]"""
NEAREST_LENGTH = 60


class Parametrized(Protocol):
    """A spec that has parameters."""

    @property
    def parameters(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class EngineTables:
    """What is known of one engine's parameters."""

    families: Mapping[str, Family]
    of_engine: frozenset[str] = frozenset()
    instead: Mapping[str, str] = field(default_factory=dict[str, str])
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])


GROUPS = EngineTables(families.FAMILIES, families.OF_ENGINE, families.INSTEAD, families.RENAMED)
MEMCACHED = EngineTables(families_memcached.FAMILIES, families_memcached.OF_ENGINE, families_memcached.INSTEAD)
ENGINES = (GROUPS, MEMCACHED)


@cache
def table_of(family: str) -> Family:
    """Parameters of a family; of the engine's newest known one for a family that came later."""
    known = {name: table for engine in ENGINES for name, table in engine.families.items()}
    if family in known:
        return known[family]
    kin = sorted(name for name in known if name.rstrip("0123456789.x") == family.rstrip("0123456789.x"))
    return known[kin[-1]] if kin else {}


def homes_of(name: str) -> list[str]:
    """Families that have a parameter."""
    return [family for engine in ENGINES for family, table in engine.families.items() if name in table]


def refusal(known: Parameter, value: str) -> str | None:
    """What a value must be when it can't be this one; None when it can."""
    if value in known.beside or value.startswith("{{resolve:"):
        return None
    return REFUSALS[known.kind](known, value)


def _refuse_integer(known: Parameter, given: str) -> str | None:
    fits = re.fullmatch(r"-?\d{1,19}", given) is not None and _within(known, float(given))
    return None if fits else f"be a whole number{_span(known)}, without a unit"


def _refuse_number(known: Parameter, given: str) -> str | None:
    fits = re.fullmatch(r"\d{1,9}(\.\d{1,9})?", given) is not None and _within(known, float(given))
    return None if fits else f"be a number{_span(known)}"


def _within(known: Parameter, number: float) -> bool:
    return (known.low is None or number >= known.low) and (known.high is None or number <= known.high)


def _span(known: Parameter) -> str:
    beside = "".join(f"{each} or " for each in known.beside)
    if known.high is not None:
        return f" {beside}between {known.low or 0:.0f} and {known.high:.0f}"
    return "" if known.low is None else f", {beside}{known.low:.0f} at least"


def _refuse_choice(known: Parameter, given: str) -> str | None:
    return None if given in known.choices else f"be {_or(known.choices)}"


def _or(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _refuse_letters(known: Parameter, given: str) -> str | None:
    return None if set(given) <= set(known.choices) else f"be made of the letters {' '.join(known.choices)}"


def _refuse_text(_: Parameter, __: str) -> None:
    return None


REFUSALS: Mapping[str, Callable[[Parameter, str], str | None]] = {
    "integer": _refuse_integer,
    "number": _refuse_number,
    "choice": _refuse_choice,
    "letters": _refuse_letters,
    "text": _refuse_text,
}

Site = tuple[str, Family, EngineTables, str, str]
"""Family, its table, its engine's tables, a parameter's name and value."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What the rules of any engine look for; `place_of` says family and tables, None while the version is wrong."""

    place_of: Callable[[Any], tuple[str, EngineTables] | None]
    version_of: Callable[[Any], tuple[int, ...]]

    def each(self, spec: Parametrized) -> Iterator[Site]:
        place = self.place_of(spec)
        if place is not None:
            family, tables = place
            for name, value in spec.parameters.items():
                yield family, table_of(family), tables, name, value

    def unknown(self, spec: Parametrized) -> Iterator[Hit]:
        for family, table, tables, name, _ in self.each(spec):
            if name not in table and name not in tables.of_engine and not homes_of(name):
                settable = [each for each, known in table.items() if known.instead is None]
                near = [tables.renamed[name]] if name in tables.renamed else _nearest(name, settable)
                hint = f"did you mean `{near[0]}`?" if near else "check the spelling:"
                fix = f"{hint} if it is newer, add `acknowledge: [{{unit}}/parameter-unknown]`"
                yield Hit(("parameters", name), name, must=f"be known to the family {family}", fix=fix)

    def foreign(self, spec: Parametrized) -> Iterator[Hit]:
        for family, table, tables, name, _ in self.each(spec):
            homes = homes_of(name)
            if homes and name not in table and name not in tables.of_engine:
                now = tables.renamed.get(name)
                fix = f"it is called `{now}` there" if now in table else f"remove it: it is one of {', '.join(homes)}"
                yield Hit(("parameters", name), name, must=f"be a parameter of the family {family}", fix=fix)

    def wrong(self, spec: Parametrized) -> Iterator[Hit]:
        for _, table, _, name, value in self.each(spec):
            known = table.get(name)
            if known is not None and known.instead is None and not secrets.is_secret(value):
                must = refusal(known, value)
                if must is not None:
                    yield Hit(("parameters", name), value, must=must)

    def kept(self, spec: Parametrized) -> Iterator[Hit]:
        for _, table, tables, name, value in self.each(spec):
            known = table.get(name)
            told = name in APPEND_ONLY | KIT_PARAMETERS
            if known is not None and known.instead is not None and not told:
                yield Hit(("parameters", name), value, fix=known.instead)
            elif known is None and name in tables.of_engine:
                yield Hit(("parameters", name), value, fix=tables.instead.get(name, families.BY_SERVICE))

    def early(self, spec: Parametrized) -> Iterator[Hit]:
        for _, table, _, name, _ in self.each(spec):
            known = table.get(name)
            if known is not None and self.version_of(spec) < known.since:
                since = ".".join(str(part) for part in known.since)
                yield Hit(("parameters", name), name, must=f"be read by the version: it is from {since} on")


def _nearest(name: str, settable: list[str]) -> list[str]:
    return difflib.get_close_matches(name[:NEAREST_LENGTH].lower(), settable, n=1)


def _of_unit(hits: Iterator[Hit], unit: str) -> Iterator[Hit]:
    """Hits whose fix names the unit's rule."""
    for hit in hits:
        yield replace(hit, fix=hit.fix.format(unit=unit))


def parameter_rules(unit: str, checks: Checks) -> tuple[Rule[Any], ...]:
    """The rules that every engine's parameters have, under the unit's name."""
    return (
        Rule(
            id=f"{unit}/parameter-unknown",
            reads=("version",),
            broken=lambda spec: _of_unit(checks.unknown(spec), unit),
            must="be known",
            fix="check the spelling",
            level="warning",
        ),
        Rule(
            id=f"{unit}/parameter-family",
            reads=("version",),
            broken=checks.foreign,
            must="be a parameter of the family",
            fix="remove it",
            acknowledge=True,
        ),
        Rule(
            id=f"{unit}/parameter-value",
            reads=("version",),
            broken=checks.wrong,
            must="be a value of the parameter",
            fix=f"correct it, or add `acknowledge: [{unit}/parameter-value]` if the family takes it",
            acknowledge=True,
        ),
        Rule(
            id=f"{unit}/parameter-kept",
            reads=("version",),
            broken=checks.kept,
            must="be left out: ElastiCache lets nobody set it",
            fix="remove it",
            acknowledge=True,
        ),
        Rule(
            id=f"{unit}/parameter-version",
            reads=("version",),
            broken=checks.early,
            must="be read by the version",
            fix="take a newer version, or remove it",
            level="warning",
        ),
    )


def _place(spec: ReplicationGroupSpec) -> tuple[str, EngineTables] | None:
    if not engines.is_well_formed(spec.engine, spec.version):
        return None
    return families.family_of(spec.engine, spec.version), GROUPS


def _version(spec: ReplicationGroupSpec) -> tuple[int, ...]:
    return engines.parsed(spec.engine, spec.version)


GROUP_CHECKS = Checks(_place, _version)


def _append_only(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name in sorted(APPEND_ONLY & set(spec.parameters)):
        yield Hit(("parameters", name), spec.parameters[name])


def _kit_parameters(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name in KIT_PARAMETERS & set(spec.parameters):
        yield Hit(("parameters", name), spec.parameters[name])


def _number(spec: ReplicationGroupSpec, name: str) -> int | None:
    value = spec.parameters.get(name, "")
    return int(value) if re.fullmatch(r"\d{1,9}", value) else None


def _little_reserved(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    given = _number(spec, "reserved-memory-percent")
    needs = spec.snapshot_retention_days > 0 or spec.replicas > 0
    if given is not None and given < RESERVED_PERCENT and needs:
        yield Hit(("parameters", "reserved-memory-percent"), given)


def _too_many_demanded(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    demanded = _number(spec, "min-replicas-to-write")
    if demanded is not None and demanded > spec.replicas and spec.parameters.get("min-replicas-max-lag") != "0":
        must = f"be {spec.replicas} at most, the replicas that a shard has"
        yield Hit(("parameters", "min-replicas-to-write"), demanded, must=must)


def is_clustered(spec: ReplicationGroupSpec) -> bool:
    """Whether the engine runs in cluster mode, which `compatible` does as well."""
    return spec.mode != "disabled"


def _idle(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if is_clustered(spec):
        if "databases" in spec.parameters:
            must = "be left out in cluster mode, which has database 0 only"
            fix = "remove it: cluster-databases of Valkey 9 gives a cluster more"
            yield Hit(("parameters", "databases"), spec.parameters["databases"], must=must, fix=fix)
        return
    for _, table, _, name, value in GROUP_CHECKS.each(spec):
        if name in families.CLUSTER_ONLY and name in table:
            yield Hit(("parameters", name), value)


def _silent_events(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    given = spec.parameters.get("notify-keyspace-events", "")
    path, letters = ("parameters", "notify-keyspace-events"), set(given)
    if not given or not letters <= set(families.LETTERS + families.ENGINE_LETTERS):
        return
    if not letters & set("KE") or letters <= set("KE"):
        yield Hit(path, given)
    elif letters & set(families.ENGINE_LETTERS):
        odd = " ".join(each for each in families.ENGINE_LETTERS if each in letters)
        must = f"keep to the letters of ElastiCache's guide, {' '.join(families.LETTERS)}"
        fix = f"remove {odd}: the engine knows it and the guide says that any other is refused; or " + _known_events()
        yield Hit(path, given, must=must, fix=fix)


def _known_events() -> str:
    return "add `acknowledge: [cache/keyspace-events]` if it is taken"


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
        fix="remove it: `cluster_mode` and `shards` decide whether cluster mode is on",
    ),
    *parameter_rules("cache", GROUP_CHECKS),
    Rule(
        id="cache/reserved-memory",
        reads=("parameters", "snapshot_retention_days", "replicas"),
        broken=_little_reserved,
        must=f"leave {RESERVED_PERCENT} percent for snapshots and for replicas that catch up",
        fix="raise it: without room a snapshot fails or swaps, and a failover loses its replica",
        level="warning",
    ),
    Rule(
        id="cache/min-replicas-to-write",
        reads=("parameters", "replicas"),
        broken=_too_many_demanded,
        must="be no more than the replicas of a shard",
        fix="lower it, or add replicas: the primary would refuse every write",
    ),
    Rule(
        id="cache/parameter-idle",
        reads=("version", "parameters", "shards", "cluster_mode"),
        broken=_idle,
        must="be left out without cluster mode, where nothing reads it",
        fix="remove it",
        level="warning",
    ),
    Rule(
        id="cache/keyspace-events",
        reads=("parameters",),
        broken=_silent_events,
        must="hold K or E, and one letter more for the events meant: without both nothing is published",
        fix='write it as in "Ex", which tells of keys that expire',
        level="warning",
    ),
)
