"""Alarms, a dashboard and event notifications of a cluster; whom they tell is the same for caches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import Field

from estate import capacity, limits
from estate.spec import Hit, Integer, Number, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec
    from estate.instances import InstanceSpec

EMAIL = re.compile(r"[^@\s:]+@[^@\s:]+\.[^@\s:.]+")
ADDRESSEE = re.compile(
    r"arn:aws[a-z-]*:(?:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}"
    r"|lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9_$-]{1,128})?)"
)
"""A queue (not `.fifo`: a standard topic can't tell those) or a function. [B sns Subscribe.Protocol]"""


class AlarmsSpec(Spec):
    """Thresholds of the alarm pack; `null` leaves an alarm out."""

    cpu_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=90, description="CPU of an instance, percent"
    )
    free_memory_percent: Annotated[Number, Field(gt=0, lt=100)] | None = Field(
        default=10, description="Freeable memory left of the class's, percent"
    )
    free_local_storage_bytes: Annotated[Integer, Field(gt=0)] | None = Field(
        default=5_368_709_120, description="Local storage left, bytes"
    )
    replica_lag_ms: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Replica lag, milliseconds; the SLO's when left out"
    )
    global_lag_ms: Annotated[Number, Field(gt=0)] | None = Field(
        default=10_000, description="Lag and RPO lag of secondary Regions, milliseconds"
    )
    deadlocks_per_s: Annotated[Number, Field(gt=0)] | None = Field(default=1, description="Deadlocks, per second")
    connections_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=80, description="Connections of the class's maximum, percent"
    )
    acu_percent: Annotated[Number, Field(gt=0, lt=100)] | None = Field(
        default=90, description="Use of `max_acu` by a serverless instance, percent"
    )
    transaction_ids: Annotated[Integer, Field(gt=0, lt=limits.TRANSACTION_IDS)] | None = Field(
        default=1_000_000_000,
        description="Age of the oldest transaction id, PostgreSQL, which stops at 2,147,483,648",
    )
    volume_percent: Annotated[Number, Field(gt=0, le=100)] | None = Field(
        default=80, description="Volume of the version's maximum, percent"
    )


class WatchSpec(Spec):
    """Alarms and events to an encrypted topic, and a dashboard."""

    notify: tuple[str, ...] = Field(
        default=(),
        description="E-mail addresses, or ARNs of queues and functions of this account, that the topic tells; "
        "an address confirms its first message, a queue's own policy must let the topic send",
    )
    alarms: AlarmsSpec | None = Field(default=AlarmsSpec(), description="The alarm pack")
    events: Switch = Field(
        default=True, description="Failovers, failures, maintenance and configuration changes to the topic"
    )
    dashboard: Switch = Field(default=True, description="A CloudWatch dashboard")


class Watch(Protocol):
    """`watch` of a cluster or of a cache of any kind."""

    @property
    def notify(self) -> tuple[str, ...]: ...

    @property
    def alarms(self) -> Spec | None: ...

    @property
    def events(self) -> bool: ...

    @property
    def dashboard(self) -> bool: ...


class Watched(Protocol):
    """What can be watched."""

    @property
    def region(self) -> str | None: ...

    @property
    def watch(self) -> Watch | None: ...


def region_of(addressee: str) -> str | None:
    """Region of an ARN, None for an e-mail address."""
    return addressee.split(":")[3] if addressee.startswith("arn:") else None


def addressees(watch: Watch, region: str | None) -> tuple[str, ...]:
    """Whom the topic of one Region tells: every e-mail address, and the queues and functions of that Region."""
    return tuple(each for each in watch.notify if region is None or region_of(each) in {None, region})


def memory_gib(spec: AuroraSpec, instance: InstanceSpec) -> float | None:
    """Memory of an instance at its largest, GiB; None for a class of unknown size."""
    return capacity.memory_gib(instance.instance_class, spec.serverless.max_acu)


def connections_max(spec: AuroraSpec, instance: InstanceSpec) -> int | None:
    """Connections that an instance allows: what a parameter says, else the engine's formula; None when not known."""
    for parameters in (instance.parameters, spec.instance_parameters or {}, spec.parameters):
        if "max_connections" in parameters:
            given = parameters["max_connections"]
            return int(given) if given.isdigit() else None
    gib = memory_gib(spec, instance)
    if gib is None:
        return None
    can_pause = instance.is_serverless and spec.serverless.min_acu <= limits.ACU_STEP
    return capacity.default_connections(spec.engine, gib, can_pause=can_pause)


def tells(watch: Watch) -> bool:
    """Whether there is anything to tell anybody: alarms or events."""
    return watch.alarms is not None or watch.events


def _notify_form(spec: Watched) -> Iterator[Hit]:
    for index, given in enumerate(spec.watch.notify if spec.watch else ()):
        if not EMAIL.fullmatch(given) and not ADDRESSEE.fullmatch(given):
            yield Hit(("watch", "notify", index), given)


def _notify_repeat(spec: Watched) -> Iterator[Hit]:
    given = spec.watch.notify if spec.watch else ()
    for index, each in enumerate(given):
        if each in given[:index]:
            yield Hit(("watch", "notify", index), each)


def _regions_of(spec: Watched) -> set[str | None]:
    """The Region, and those of the secondaries of a Global Database or a global datastore."""
    spread = getattr(spec, "global_database", None) or getattr(spec, "global_datastore", None)
    return {spec.region, *getattr(spread, "secondaries", ())}


def _notify_region(spec: Watched) -> Iterator[Hit]:
    regions = _regions_of(spec)
    for index, given in enumerate(spec.watch.notify if spec.watch and spec.region else ()):
        if ADDRESSEE.fullmatch(given) and region_of(given) not in regions:
            must = f"lie in {', '.join(sorted(str(region) for region in regions))}"
            yield Hit(("watch", "notify", index), given, must=must)


def _nothing(spec: Watched) -> Iterator[Hit]:
    if spec.watch and not tells(spec.watch) and not spec.watch.dashboard:
        yield Hit(("watch",), "no alarms, events or dashboard")


def _notify_unused(spec: Watched) -> Iterator[Hit]:
    if spec.watch and not tells(spec.watch) and spec.watch.notify:
        yield Hit(("watch", "notify"), spec.watch.notify)


def _nobody(spec: Watched) -> Iterator[Hit]:
    if spec.watch and not spec.watch.notify and tells(spec.watch):
        yield Hit(("watch", "notify"), "nobody")


def _lag_above_slo(spec: AuroraSpec) -> Iterator[Hit]:
    lag_ms = spec.watch.alarms.replica_lag_ms if spec.watch and spec.watch.alarms else None
    if lag_ms is not None and lag_ms > spec.slo.replica_lag_ms:
        must = f"not be above slo.replica_lag_ms ({spec.slo.replica_lag_ms:g})"
        yield Hit(("watch", "alarms", "replica_lag_ms"), lag_ms, must=must)


def _size_unknown(spec: AuroraSpec) -> Iterator[Hit]:
    alarms = spec.watch.alarms if spec.watch else None
    for name, instance in spec.instances.items() if alarms else ():
        if alarms and alarms.free_memory_percent is not None and memory_gib(spec, instance) is None:
            must = "have a size that is known, for its alarm on memory"
            yield Hit(("instances", name, "class"), instance.instance_class, must=must)
        elif alarms and alarms.connections_percent is not None and connections_max(spec, instance) is None:
            must = "allow a number of connections that is known, for its alarm on them"
            yield Hit(("instances", name, "class"), instance.instance_class, must=must)


def told_rules(prefix: str, kind: str = "cluster") -> tuple[Rule[Any], ...]:
    """Rules about whom `watch` tells, and that it watches at all; ids begin with `prefix`."""
    return (*_addressee_rules(prefix, kind), *_use_rules(prefix))


def _addressee_rules(prefix: str, kind: str) -> tuple[Rule[Any], ...]:
    return (
        Rule(
            id=f"{prefix}notify-form",
            reads=("watch.notify",),
            broken=_notify_form,
            must="be an e-mail address or the ARN of a standard queue or a function",
            fix="write it as in ops@example.com or arn:aws:sqs:eu-west-1:111122223333:alarms",
        ),
        Rule(
            id=f"{prefix}notify-repeat",
            reads=("watch.notify",),
            broken=_notify_repeat,
            must="be named once",
            fix="remove the repetition",
        ),
        Rule(
            id=f"{prefix}notify-region",
            reads=("watch.notify", "region"),
            broken=_notify_region,
            must=f"lie in a Region of the {kind}",
            fix="name a queue or function there; e-mail addresses have no Region",
        ),
    )


def _use_rules(prefix: str) -> tuple[Rule[Any], ...]:
    return (
        Rule(
            id=f"{prefix}nothing",
            reads=("watch",),
            broken=_nothing,
            must="watch something",
            fix="remove `watch`, or leave one of the three on",
        ),
        Rule(
            id=f"{prefix}notify-unused",
            reads=("watch",),
            broken=_notify_unused,
            must="be left out without alarms and events",
            fix="remove it, or leave one of the two on",
        ),
        Rule(
            id=f"{prefix}nobody",
            reads=("watch",),
            broken=_nobody,
            must="name somebody: alarms and events that nobody hears of help nobody",
            fix=f"add an address, or `acknowledge: [{prefix}nobody]` where people subscribe to the topic themselves",
            level="warning",
        ),
    )


RULES: tuple[Rule[AuroraSpec], ...] = (
    *told_rules("watch/"),
    Rule(
        id="watch/lag-above-slo",
        reads=("watch.alarms.replica_lag_ms", "slo.replica_lag_ms"),
        broken=_lag_above_slo,
        must="not be above the SLO",
        fix="lower it, leave it out, or add `acknowledge: [watch/lag-above-slo]`",
        level="warning",
    ),
    Rule(
        id="watch/size-unknown",
        reads=("watch", "serverless.max_acu"),
        broken=_size_unknown,
        must="have a size that is known",
        fix="the alarm is left out: make one of your own, and add `acknowledge: [watch/size-unknown]`",
        level="warning",
    ),
)
