"""Replica auto scaling: readers that come and go with the load. Application Auto Scaling does it.

Its minimum and maximum count all readers of the cluster, declared ones included; it removes only those it added.
[A4 aurora-integrating-autoscaling; Keepler, "Amazon Aurora readers auto scaling", July 2023, for the count]
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import limits
from estate.schedules import read_schedule
from estate.spec import Hit, Identifier, Integer, Path, Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

Readers = Annotated[Integer, Field(ge=0, le=limits.READERS_MAX)]


class ScheduleSpec(Spec):
    """One scheduled action: other bounds from a time on."""

    at: str = Field(description="`cron(...)` of six fields, `rate(...)` or `at(yyyy-mm-ddThh:mm:ss)`")
    timezone: str = Field(default="UTC", description="IANA name that `cron` and `at` are read in")
    min_readers: Readers | None = Field(
        default=None, description="Least readers from then on; left as it is when left out"
    )
    max_readers: Readers | None = Field(
        default=None, description="Most readers from then on; left as it is when left out"
    )


class AutoscalingSpec(Spec):
    """Readers added and removed by load, beside those that are declared. Both bounds count all readers."""

    min_readers: Readers = Field(default=1, description="Least readers, declared ones included")
    max_readers: Readers = Field(default=3, description="Most readers, declared ones included")
    cpu_percent: Annotated[Integer, Field(ge=1, le=100)] | None = Field(
        default=None, description="Average CPU of the readers to hold, percent"
    )
    connections: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Average connections of the readers to hold"
    )
    scale_in_cooldown_s: Annotated[Integer, Field(ge=0)] = Field(
        default=300, description="Seconds after a removal without another"
    )
    scale_out_cooldown_s: Annotated[Integer, Field(ge=0)] = Field(
        default=300, description="Seconds after an addition without another"
    )
    schedules: dict[Identifier, ScheduleSpec] = Field(default={}, description="Scheduled actions, keyed by name")

    @property
    def most_readers(self) -> int:
        """The largest maximum there ever is, schedules included."""
        return max([self.max_readers, *(each.max_readers or 0 for each in self.schedules.values())])


def _bounds(spec: AutoscalingSpec) -> Iterator[tuple[Path, int | None, int | None]]:
    yield ("autoscaling",), spec.min_readers, spec.max_readers
    for name, schedule in spec.schedules.items():
        yield ("autoscaling", "schedules", name), schedule.min_readers, schedule.max_readers


def _bounds_order(spec: AuroraSpec) -> Iterator[Hit]:
    """A bound that a schedule leaves out is whatever ran before it left: any of the others."""
    if spec.autoscaling is None:
        return
    bounds = list(_bounds(spec.autoscaling))
    least_max = min(high for _, _, high in bounds if high is not None)
    most_min = max(low for _, low, _ in bounds if low is not None)
    for path, low, high in bounds:
        if low is not None and high is not None and high < low:
            yield Hit((*path, "max_readers"), high, must=f"not be below min_readers ({low})")
        elif low is not None and high is None and low > least_max:
            must, fix = f"not be above the maximum that may hold by then ({least_max})", "give max_readers beside it"
            yield Hit((*path, "min_readers"), low, must=must, fix=fix)
        elif high is not None and low is None and high < most_min:
            must, fix = f"not be below the minimum that may hold by then ({most_min})", "give min_readers beside it"
            yield Hit((*path, "max_readers"), high, must=must, fix=fix)


def _nothing_to_add(spec: AuroraSpec) -> Iterator[Hit]:
    scaling, declared = spec.autoscaling, len(spec.instances) - 1
    if scaling is not None and declared >= 1 and scaling.most_readers <= declared:
        must = f"be above the {declared} declared readers, which it counts and never removes"
        yield Hit(("autoscaling", "max_readers"), scaling.max_readers, must=must)


def _no_reader(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and len(spec.instances) == 1:
        yield Hit(("instances",), "1 instance")


def _no_reason(spec: AuroraSpec) -> Iterator[Hit]:
    scaling = spec.autoscaling
    if scaling is not None and scaling.cpu_percent is None and scaling.connections is None and not scaling.schedules:
        yield Hit(("autoscaling",), "neither")


def _global_readers(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.autoscaling is None or spec.global_database is None:
        return
    most = limits.READERS_MAX - len(spec.global_database.secondaries)
    for path, _, high in _bounds(spec.autoscaling):
        if high is not None and high > most:
            yield Hit((*path, "max_readers"), high, must=f"be {most} at most in the primary of this Global Database")


def _global_stays(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and spec.global_database is not None:
        yield Hit(("autoscaling",), "autoscaling in a Global Database")


def _mixed_classes(spec: AuroraSpec) -> Iterator[Hit]:
    """Those of the last tier aside, which are promoted when there is nothing else."""
    known = spec.instances.values()
    classes = sorted({instance.instance_class for instance in known if instance.tier < limits.TIER_MAX})
    if spec.autoscaling is not None and len(classes) > 1:
        yield Hit(("autoscaling",), f"classes {', '.join(classes)}")


def _serverless(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and all(instance.is_serverless for instance in spec.instances.values()):
        yield Hit(("autoscaling",), "serverless instances only")


def _malformed_schedules(spec: AuroraSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        said = read_schedule(schedule.at)
        if isinstance(said, str):
            yield Hit((*path, "at"), schedule.at, fix=f"it {said}")


def _schedules(spec: AuroraSpec) -> Iterator[tuple[Path, ScheduleSpec]]:
    if spec.autoscaling is not None:
        for name, schedule in spec.autoscaling.schedules.items():
            yield ("autoscaling", "schedules", name), schedule


@cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _unknown_timezones(spec: AuroraSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        if schedule.timezone not in _timezones():
            yield Hit((*path, "timezone"), schedule.timezone)


def _idle_schedules(spec: AuroraSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        if schedule.min_readers is None and schedule.max_readers is None:
            yield Hit(path, "neither")


def _unwatched(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and spec.watch is None:
        yield Hit(("autoscaling",), "no watch")


def _static_endpoints(spec: AuroraSpec) -> Iterator[Hit]:
    """A list that names every reader there is looks as if it meant all readers; one that names a few does not."""
    for name, endpoint in spec.endpoints.items():
        if spec.autoscaling is not None and len(endpoint.members) >= max(2, len(spec.instances) - 1):
            yield Hit(("endpoints", name, "members"), endpoint.members)


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/scaling-order",
        reads=("autoscaling",),
        broken=_bounds_order,
        must="not be below min_readers",
        fix="raise max_readers or lower min_readers",
    ),
    Rule(
        id="aurora/scaling-declared",
        reads=("autoscaling", "instances"),
        broken=_nothing_to_add,
        must="be above the declared readers",
        fix="raise it, or remove autoscaling",
    ),
    Rule(
        id="aurora/scaling-reader",
        reads=("autoscaling", "instances"),
        broken=_no_reader,
        must="have a reader for auto scaling to start from",
        fix="declare a second one",
    ),
    Rule(
        id="aurora/scaling-reason",
        reads=("autoscaling",),
        broken=_no_reason,
        must="have cpu_percent, connections or schedules to scale by",
        fix="set one of them, such as `cpu_percent: 60`",
    ),
    Rule(
        id="aurora/scaling-schedule",
        reads=("autoscaling",),
        broken=_malformed_schedules,
        must="be a schedule of Application Auto Scaling",
        fix='write it as in "cron(0 7 ? * MON-FRI *)"',
    ),
    Rule(
        id="aurora/scaling-timezone",
        reads=("autoscaling",),
        broken=_unknown_timezones,
        must="be a time zone of the IANA database",
        fix="write it as in Europe/Berlin",
    ),
    Rule(
        id="aurora/scaling-idle-schedule",
        reads=("autoscaling",),
        broken=_idle_schedules,
        must="set min_readers, max_readers or both",
        fix="set one of them, or remove the schedule",
    ),
    Rule(
        id="aurora/scaling-global-readers",
        reads=("autoscaling", "global_database"),
        broken=_global_readers,
        must="leave room for the secondaries",
        fix="lower it: each secondary Region costs the primary a reader",
    ),
    Rule(
        id="aurora/scaling-global",
        reads=("autoscaling", "global_database"),
        broken=_global_stays,
        must="scale the primary only",
        fix="after a switchover it does nothing where it is; declare readers enough in the secondaries",
        level="warning",
    ),
    Rule(
        id="aurora/scaling-class",
        reads=("autoscaling", "instances"),
        broken=_mixed_classes,
        must="add readers of a known size",
        fix="an added reader has the class that the writer has then: give all that can be the writer one class",
        level="warning",
    ),
    Rule(
        id="aurora/scaling-serverless",
        reads=("autoscaling", "instances"),
        broken=_serverless,
        must="scale by a load that grows before the readers do",
        fix="serverless readers grow first, so CPU seldom reaches a target: raise `serverless.max_acu` instead",
        level="warning",
    ),
    Rule(
        id="aurora/scaling-endpoint",
        reads=("autoscaling", "endpoints", "instances"),
        broken=_static_endpoints,
        must="let added readers in",
        fix="a list of members never does: use `excluded`, which answers with every reader that it doesn't name",
        level="warning",
    ),
    Rule(
        id="aurora/scaling-unwatched",
        reads=("autoscaling", "watch"),
        broken=_unwatched,
        must="tell somebody when it is at its maximum",
        fix="add `watch:`, whose topic the alarm tells",
        level="warning",
    ),
)
