"""Two valid estates compared: what the edit from one to the other would do to what is deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from estate import engines, names
from estate.aurora import AuroraSpec
from estate.caches.every import UNITS as CACHE_UNITS
from estate.caches.global_changes import GLOBAL_RULES
from estate.caches.global_datastore import every_group
from estate.caches.group_changes import GROUP_RULES
from estate.caches.memcached_changes import MEMCACHED_RULES, zones_moved
from estate.caches.serverless_changes import SERVERLESS_RULES
from estate.changes import REPLACED, Change, ChangeRule, Effect, Moved, setting
from estate.load import Loaded
from estate.model import Estate, Member, members_of
from estate.network import NetworkSpec
from estate.spec import Path, shown

CLUSTER_GONE = REPLACED.format(what="cluster")
OTHER_CLUSTER = "keep it, or declare the other cluster under another key and restore or copy the data into it"
Place = tuple[str, str]
"""Unit and key of a cluster or cache."""


def _aurora_downgrade(old: AuroraSpec, new: AuroraSpec) -> Iterator[Moved]:
    """A version without its minor is none lower: AWS takes the one that there is."""
    said = min(len(_version(old)), len(_version(new)))
    if old.engine == new.engine and _version(new)[:said] < _version(old)[:said]:
        yield Moved(("version",), old.version, new.version)


def _aurora_major(old: AuroraSpec, new: AuroraSpec) -> Iterator[Moved]:
    if old.engine == new.engine and _version(new)[:1] > _version(old)[:1]:
        yield Moved(("version",), old.version, new.version)


def _version(spec: AuroraSpec) -> engines.Version:
    return engines.parsed(spec.engine, spec.version)


AURORA_RULES: tuple[ChangeRule[AuroraSpec], ...] = (
    ChangeRule(
        id="change/aurora-engine",
        found=setting("engine"),
        effect="replaces",
        what=CLUSTER_GONE,
        fix=OTHER_CLUSTER,
        property="Engine",
    ),
    ChangeRule(
        id="change/aurora-database",
        found=setting("database"),
        effect="replaces",
        what=CLUSTER_GONE,
        fix="keep it; make more databases with SQL",
        property="DatabaseName",
    ),
    ChangeRule(
        id="change/aurora-username",
        found=setting("master_username"),
        effect="replaces",
        what=CLUSTER_GONE,
        fix="keep it; make more users with SQL",
        property="MasterUsername",
    ),
    ChangeRule(
        id="change/aurora-origin",
        found=setting("origin"),
        effect="replaces",
        what=CLUSTER_GONE,
        fix="leave it as it was: it says what the cluster was born from, and changes nothing of what it holds",
        property="SnapshotIdentifier",
    ),
    ChangeRule(
        id="change/aurora-downgrade",
        found=_aurora_downgrade,
        effect="refused",
        what="Aurora lowers no version",
        fix="keep it; a snapshot of before can be restored into another cluster of the older version",
    ),
    ChangeRule(
        id="change/aurora-major",
        found=_aurora_major,
        effect="in-place",
        what="a major upgrade in place, at once: the cluster is down for minutes",
        fix="there is no way back: take a snapshot first, or try `blue_green:`",
    ),
)


def _regions(old: Estate, new: Estate) -> Iterator[Change]:
    was = {(unit, member.name): member for unit, member in members_of(old)}
    for unit, member in members_of(new):
        before = was.get((unit, member.name))
        places = (before and (before.region or old.regions[0]), member.region or new.regions[0])
        if before is not None and places[0] != places[1]:
            what = f"an empty one is made in {places[1]}; the stack in {places[0]} stays as it is, and is billed"
            fix = "keep it, or declare another key there, move the data, then remove this one"
            yield _change("change/region", (unit, member.name, "region"), places, what, fix)


def _shared_key(old: Estate, new: Estate) -> Iterator[Change]:
    if old.shared_key != new.shared_key:
        what = "every cluster and cache would get another key, which counts at birth: CloudFormation would replace them"
        fix = "keep it; a new estate can be declared with the other"
        words = ("on" if old.shared_key else "off", "on" if new.shared_key else "off")
        yield _change("change/shared-key", ("shared_key",), words, what, fix)


def _name(old: Estate, new: Estate) -> Iterator[Change]:
    if old.name != new.name:
        what = "every name starts with it: all is made anew, empty, beside what is deployed"
        yield _change("change/estate-name", ("estate",), (old.name, new.name), what, "keep it")


def _networks(old: Estate, new: Estate) -> Iterator[Change]:
    """A network that is another VPC, or covers other zones where a serverless cache stands."""
    for region, network in new.network.items():
        before = old.network.get(region)
        if before is None:
            continue
        was, now = _vpc(before), _vpc(network)
        if was != now:
            what = "what stands in the VPC can't be moved to another: CloudFormation would replace it, and stops"
            fix = "keep it; another Region or another estate can have the other"
            yield _change("change/network", ("network", region), (was, now), what, fix)
            continue
        yield from _serverless_subnets(new, region, before, network)


def _vpc(network: NetworkSpec) -> str:
    return network.vpc or network.cidr


def _serverless_subnets(new: Estate, region: str, before: NetworkSpec, network: NetworkSpec) -> Iterator[Change]:
    setting_name = "subnets" if network.is_existing else "zones"
    was, now = getattr(before, setting_name), getattr(network, setting_name)
    there = [name for name, each in new.serverless_caches.items() if (each.region or new.regions[0]) == region]
    if was != now and there:
        what = f"serverless caches keep the subnets that they were made with: {', '.join(there)} would be replaced"
        fix = "keep it, or declare those caches anew, under other keys, in another estate"
        path = ("network", region, setting_name)
        yield _change("change/serverless-subnets", path, (was, now), what, fix)


def _memcached_zones(old: Estate, new: Estate) -> Iterator[Change]:
    """Nodes that stay don't move: by `zones`, or by a network that gets more zones."""
    for path, was, now in zones_moved(old, new):
        fix = f"write `zones: {list(was)}`" if all(isinstance(zone, int) for zone in was) else "leave it as it was"
        fix += "; nodes that you add may stand in other zones"
        yield _change("change/memcached-zones", path, (was, now), REPLACED.format(what="cluster"), fix)


def _joined(old: Estate, new: Estate) -> Iterator[Change]:
    """A cache that holds data would be emptied if it became a secondary of a global datastore. [facts E17]"""
    alone = {names.cache_identifier(old.name, cache.name) for _, cache in members_of(old) if _is_cache(cache)}
    already = {spec.name for path, spec in every_group(old) if len(path) > 2}  # noqa: PLR2004 - below its primary
    for path, spec in every_group(new):
        is_secondary = len(path) > 2  # noqa: PLR2004 - below its primary
        if is_secondary and spec.name not in already and names.cache_identifier(new.name, spec.name) in alone:
            what = f"the cache {spec.name} that is deployed would be emptied to follow this one"
            fix = "remove or rename the other cache first"
            words = ("a cache of its own", "a secondary")
            yield _change("change/global-join", path, words, what, fix)


def _is_cache(member: Member) -> bool:
    return not isinstance(member, AuroraSpec)


def _gone(old: Estate, new: Estate) -> Iterator[Change]:
    """What is no longer declared, renamed, or of another kind now."""
    was = {(unit, member.name): member for unit, member in members_of(old)}
    now = {(unit, member.name): member for unit, member in members_of(new)}
    added = {place: member for place, member in now.items() if place not in was}
    for (unit, name), member in was.items():
        if (unit, name) in now:
            continue
        moved = next((each for each in added if each[1] == name and {unit, each[0]} <= set(CACHE_UNITS)), None)
        renamed = next((each for each, one in added.items() if each[0] == unit and _is_same(member, one)), None)
        if moved:
            yield _other_kind(unit, moved)
        elif renamed:
            yield _renamed((unit, name), renamed)
        else:
            yield _left(old, unit, name)


def _secondaries_left(old: Estate, new: Estate) -> Iterator[Change]:
    """Secondary Regions of a cache that is still declared, which the file no longer names."""
    there = {spec.name for _, spec in every_group(new)}
    for path, spec in every_group(old):
        is_secondary = len(path) > 2  # noqa: PLR2004 - below its primary
        if is_secondary and path[1] in new.caches and spec.name not in there:
            stack = names.cache_stack(old.name, spec.name)
            what = f"it goes on following the primary and is billed: a deploy leaves its stack {stack} alone"
            fix = "docs/options/global-datastore.md says how a Region is taken out, and how all of it is"
            yield _change("change/undeclared", path, ("declared", "not declared"), what, fix)


def _is_same(one: Member, other: Member) -> bool:
    return one.model_copy(update={"name": ""}) == other.model_copy(update={"name": ""})


def _other_kind(unit: str, now: Place) -> Change:
    what = (
        "both have one stack: a deploy would delete the one, with a last snapshot if it can, and make the other empty"
    )
    fix = "declare the other under another key, move clients, then remove this one"
    return _change("change/kind", now, (f"under {unit}", f"under {now[0]}"), what, fix)


def _renamed(was: Place, now: Place) -> Change:
    what = "a key is the name of what is deployed: an empty one is made beside the old one, which stays and is billed"
    return _change("change/renamed", now, (was[1], now[1]), what, f"keep the key `{was[1]}`")


def _left(old: Estate, unit: str, name: str) -> Change:
    stack = names.aurora_stack(old.name, name) if unit == "aurora" else names.cache_stack(old.name, name)
    what = f"a deploy leaves its stack {stack} alone: it goes on running and is billed"
    fix = f"to end it, deploy it with `protection: off` first, then destroy {stack}"
    return _change("change/undeclared", (unit, name), ("declared", "not declared"), what, fix)


def _change(rule: str, path: Path, values: tuple[object, object], what: str, fix: str) -> Change:
    effect: Effect = "stays" if rule == "change/undeclared" else "replaces"
    before, now = (shown(value or None) for value in values)
    return Change(rule=rule, path=path, before=before, now=now, effect=effect, what=what, fix=fix)


TABLES: Mapping[str, tuple[ChangeRule[Any], ...]] = {
    "aurora": AURORA_RULES,
    "caches": (*GROUP_RULES, *GLOBAL_RULES),
    "memcached": MEMCACHED_RULES,
    "serverless_caches": SERVERLESS_RULES,
}
WHOLE = (_name, _shared_key, _regions, _networks, _memcached_zones, _joined, _gone, _secondaries_left)
"""What the estate as a whole shows."""


def changes_of(old: Estate, new: Estate) -> Iterator[Change]:
    """Every edit that replaces, is refused, needs steps or is worth knowing."""
    for whole in WHOLE:
        yield from whole(old, new)
    was = {(unit, member.name): member for unit, member in members_of(old)}
    for unit, member in members_of(new):
        if (unit, member.name) in was:
            for rule in TABLES[unit]:
                yield from rule.changes(was[unit, member.name], member, (unit, member.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedChange:
    """A change with its place in the new file; of what is gone, the place of what it was under."""

    file: str
    line: int
    column: int
    change: Change

    @property
    def level(self) -> Literal["error", "note"]:
        return self.change.level

    def as_dict(self) -> dict[str, str | int]:
        """The JSON object."""
        change = self.change
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": ".".join(str(part) for part in change.path),
            "rule": change.rule,
            "level": change.level,
            "effect": change.effect,
            "before": change.before,
            "now": change.now,
            "what": change.what,
            "fix": change.fix,
            "message": change.message,
        }


def compare(old: Loaded, new: Loaded, file: str) -> tuple[PlacedChange, ...]:
    """The changes from one valid file to another, by their place in the new one."""
    found: list[PlacedChange] = []
    for change in changes_of(old.estate, new.estate):
        where = new.document.position(change.path)
        found.append(PlacedChange(file=file, line=where.line, column=where.column, change=change))
    return tuple(sorted(found, key=lambda each: (each.line, each.column, each.change.rule)))
