"""Two clusters, setting by setting: alike, different for a reason, or different without one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from runbooks.birth.parts import actions, bounds, endpoint_id, endpoint_members, no_scaling, policies
from runbooks.birth.wanted import is_asked, is_asked_of, leader, names_of, wanted, wanted_of
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.parity.mapping import pair
from runbooks.parity.portrait import Portrait, Raw
from runbooks.parity.settings import CLUSTER, INSTANCE, POINT_IN_TIME, UNKNOWN, Way, way_of

NONE: Final = "none"
ENDPOINT: Final = "custom endpoint"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One setting of two clusters. `subject` is empty for the cluster's own, else an instance, endpoint or target.

    `ok` is false of a difference that nothing explains; `why` explains one, or says what was expected.
    """

    setting: str
    subject: str = ""
    way: Way
    model: Any
    copy: Any
    ok: bool
    why: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.model != self.copy)

    @property
    def part(self) -> str:
        """What the setting is of: `cluster`, `instance a`, `endpoint a`, `auto scaling`."""
        if not self.subject:
            return "cluster"
        if ":" in self.subject:
            return "auto scaling"
        return f"{'endpoint' if self.setting == ENDPOINT else 'instance'} {self.subject}"

    @property
    def name(self) -> str:
        return f"{self.subject}: {self.setting}" if self.subject else self.setting

    @property
    def detail(self) -> str:
        """Both values in words."""
        return f"{shown(self.copy)}, where the model has {shown(self.model)}{f' ({self.why})' if self.why else ''}"


def shown(value: Any) -> str:
    """A value for people."""
    import json

    if value is None or value in ("", [], {}):
        return NONE
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else json.dumps(value, default=str) if value is not UNKNOWN else "not known"


def compare(
    model: Portrait, copy: Portrait, wish: Wish | None = None, operation: str = POINT_IN_TIME
) -> tuple[Row, ...]:
    """Every setting of both, in the table's order.

    Args:
        model: the cluster that is to be matched.
        copy: the cluster that is judged.
        wish: what was asked to be different; None for two clusters as they are: then every difference is unexplained.
        operation: the call that made the copy; it only names the way by which a setting came.
    """
    asked = wish if wish is not None else _as_they_are(model, copy)
    return (
        *_cluster_rows(model, copy, asked, operation),
        _tags_row(model, copy, wish),
        *_instance_rows(model, copy, asked, is_asked_for=wish is not None),
        *_endpoint_rows(model, copy, asked),
        *_scaling_rows(model, copy, asked),
    )


def excuse(rows: Iterable[Row], settings: Sequence[str]) -> tuple[Row, ...]:
    """The rows, with these settings' differences explained: they are on purpose."""
    return tuple(
        replace(row, ok=True, way=Way.DIFFERENT, why="excepted") if not row.ok and row.setting in settings else row
        for row in rows
    )


def _as_they_are(model: Portrait, copy: Portrait) -> Wish:
    """Ask for nothing but the names that are there: instances by their namesakes, the others by their order."""
    first, second = names_of(model), names_of(copy)
    pairs = {mine: theirs for theirs, mine in pair(first, second, model.cluster_id, copy.cluster_id).items()}
    return Wish(
        target_id=copy.cluster_id,
        run_id="",
        tags={},
        instances=tuple(InstanceWish(instance_id=name) for name in second if name in pairs),
    )


def _cluster_rows(model: Portrait, copy: Portrait, wish: Wish, operation: str) -> Iterable[Row]:
    for setting in CLUSTER:
        was = setting.value(model.cluster, partial=model.partial)
        now, wants = setting.value(copy.cluster), wanted(setting, wish, model)
        is_asked_for = is_asked(setting, wish) and wants != was
        yield Row(
            setting=setting.name,
            way=Way.DIFFERENT if is_asked_for else way_of(setting.name, operation),
            model=was,
            copy=now,
            ok=wants is UNKNOWN or now == wants,
            why=_why(was, now, wants, is_asked_for=is_asked_for),
        )


def _why(was: Any, now: Any, wants: Any, *, is_asked_for: bool) -> str:
    if wants is UNKNOWN:
        what = "not known of the model" if was is UNKNOWN else "of the model's account, which is another one"
        return f"{what}: AWS's default, or its choice"
    if now != wants:
        return f"asked for {shown(wants)}" if is_asked_for else ""
    return "asked for" if is_asked_for and was != now else ""


def _tags_row(model: Portrait, copy: Portrait, wish: Wish | None) -> Row:
    """Tags are never the model's: they say whose a cluster is. AWS's own are not compared."""
    was, now = (
        {key: value for key, value in each.tags.items() if not key.startswith("aws:")} for each in (model, copy)
    )
    ok = wish is None or now == dict(wish.tags)
    why = "each cluster has its own" if ok else f"asked for {shown(dict(wish.tags if wish else {}))}"
    return Row(setting="Tags", way=Way.DIFFERENT, model=was, copy=now, ok=ok, why=why)


# --- instances


def _instance_rows(model: Portrait, copy: Portrait, wish: Wish, *, is_asked_for: bool) -> Iterable[Row]:
    there = {str(each["DBInstanceIdentifier"]): each for each in copy.instances}
    of_model = {str(each["DBInstanceIdentifier"]): each for each in model.instances}
    pairs = pair(names_of(model), [each.instance_id for each in wish.instances], model.cluster_id, wish.target_id)
    stands_for = {mine: theirs for theirs, mine in pairs.items()}
    for instance in wish.instances:
        found = there.get(instance.instance_id)
        if found is None:
            yield _missing(instance.instance_id)
        elif is_asked_for:
            yield from _wished_instance(found, instance, wish, model)
        else:
            yield from _two_instances(of_model[stands_for[instance.instance_id]], found)
    yield from _others(model, copy, wish, pairs, is_asked_for=is_asked_for)


def _missing(name: str) -> Row:
    return Row(setting="instance", subject=name, way=Way.RECREATED, model=name, copy="", ok=False, why="missing")


def _wished_instance(found: Raw, instance: InstanceWish, wish: Wish, model: Portrait) -> Iterable[Row]:
    """Against the model's writer, which each wished instance is modelled on."""
    writer = leader(model)
    for setting in INSTANCE:
        now, wants = setting.value(found), wanted_of(setting, instance, wish, model)
        was = UNKNOWN if writer is None else setting.value(writer)
        asked = is_asked_of(setting, instance, wish) and wants != was
        yield Row(
            setting=setting.name,
            subject=instance.instance_id,
            way=Way.DIFFERENT if asked else Way.PASSED,
            model=was,
            copy=now,
            ok=wants is UNKNOWN or now == wants,
            why=_why(was, now, wants, is_asked_for=asked),
        )


def _two_instances(theirs: Raw, mine: Raw) -> Iterable[Row]:
    for setting in INSTANCE:
        was, now = setting.value(theirs), setting.value(mine)
        name = str(mine["DBInstanceIdentifier"])
        yield Row(setting=setting.name, subject=name, way=Way.PASSED, model=was, copy=now, ok=was == now)


def _others(
    model: Portrait, copy: Portrait, wish: Wish, pairs: Mapping[str, str], *, is_asked_for: bool
) -> Iterable[Row]:
    """Instances without a counterpart; how many there are is the wish's business when there is one."""
    why = "as many as were asked for" if is_asked_for else "the other cluster has none for it"
    for name in names_of(model):
        if name not in pairs:
            yield Row(
                setting="instance", subject=name, way=Way.DIFFERENT, model=name, copy="", ok=is_asked_for, why=why
            )
    wished = {each.instance_id for each in wish.instances}
    for name in names_of(copy):
        if name not in wished:
            ok = is_asked_for and name.startswith("application-autoscaling-")
            why = "replica auto scaling added it" if ok else "nobody asked for it"
            yield Row(setting="instance", subject=name, way=Way.DIFFERENT, model="", copy=name, ok=ok, why=why)


# --- endpoints and scaling


def _endpoint_rows(model: Portrait, copy: Portrait, wish: Wish) -> Iterable[Row]:
    there = {str(each["DBClusterEndpointIdentifier"]): each for each in copy.endpoints}
    for endpoint in model.endpoints:
        name = endpoint_id(endpoint, wish, model)
        yield _endpoint_row(name, endpoint, there.pop(name, None), wish, model)
    for name, endpoint in sorted(there.items()):
        yield Row(
            setting=ENDPOINT, subject=name, way=Way.RECREATED, model="", copy=_reach(endpoint), ok=False,
            why="the model has none of that name",
        )  # fmt: skip


def _endpoint_row(name: str, theirs: Raw, mine: Raw | None, wish: Wish, model: Portrait) -> Row:
    members = endpoint_members(theirs, wish, model)
    left_out = "not asked for" if not wish.endpoints else "no member of it is in the copy" if members is None else ""
    wants = "" if left_out else _reach({**theirs, "StaticMembers": [], "ExcludedMembers": [], **(members or {})})
    now = _reach(mine) if mine is not None else ""
    return Row(
        setting=ENDPOINT,
        subject=name,
        way=Way.DIFFERENT if left_out else Way.RECREATED,
        model=_reach(theirs),
        copy=now,
        ok=now == wants,
        why=left_out or ("the same members under their new names" if now == wants else f"expected {wants or NONE}"),
    )


def _reach(endpoint: Raw) -> str:
    """Type and members in one line."""
    members = [f"{word} {', '.join(sorted(endpoint[key]))}" for key, word in _MEMBERS.items() if endpoint.get(key)]
    return " ".join([str(endpoint["CustomEndpointType"]), *members])


_MEMBERS: Final = {"StaticMembers": "of", "ExcludedMembers": "without"}


def _scaling_rows(model: Portrait, copy: Portrait, wish: Wish) -> Iterable[Row]:
    theirs, mine = _targets(model), _targets(copy)
    for dimension in sorted({*theirs, *mine}):
        first, second = theirs.get(dimension, {}), mine.get(dimension, {})
        parts: tuple[tuple[str, Any, Any], ...] = (
            ("bounds", bounds(first), bounds(second)),
            *_by_name("policy", policies(first, model, wish), policies(second)),
            *_by_name("schedule", actions(first, model, wish), actions(second)),
        )
        for what, was, now in parts:
            left_out = no_scaling(wish) if was and not now else ""
            yield Row(
                setting=what, subject=dimension, model=was, copy=now, ok=was == now or bool(left_out),
                way=Way.DIFFERENT if left_out else Way.RECREATED, why=left_out,
            )  # fmt: skip


def _targets(portrait: Portrait) -> dict[str, Raw]:
    return {str(target["ScalableDimension"]): target for target in portrait.scaling}


def _by_name(what: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Sequence[tuple[str, Any, Any]]:
    return [(f"{what} {name}", first.get(name, {}), second.get(name, {})) for name in sorted({*first, *second})]
