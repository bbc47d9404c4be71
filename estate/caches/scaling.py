"""Auto scaling of a replication group: shards and replicas follow the load. Application Auto Scaling does it.

[E4 AutoScaling, AutoScaling-Policies, AutoScaling-Scaling-Policies-Target, AutoScaling-Scaling-Policies-Replicas]
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import engines, limits
from estate.schedules import read_schedule
from estate.spec import Hit, Identifier, Integer, Path, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

Shards = Annotated[Integer, Field(ge=1, le=limits.SCALED_SHARDS_MAX)]
Replicas = Annotated[Integer, Field(ge=1, le=limits.REPLICAS_MAX)]
Percent = Annotated[Integer, Field(ge=limits.SCALED_PERCENT_MIN, le=limits.SCALED_PERCENT_MAX)]
Seconds = Annotated[Integer, Field(ge=0)]
AT = "`cron(...)` of six fields, `rate(...)` or `at(yyyy-mm-ddThh:mm:ss)`"
ZONE = "IANA name that `cron` and `at` are read in"
SCALES_IN = "Whether load takes away what it added; without, only you and schedules do"
SINCE_IN = "Seconds after a removal without another"
SINCE_OUT = "Seconds after an addition without another"

CLASSES = re.compile(r"cache\.(r7g|r6g|r6gd|r5|m7g|m6g|m5|c7gn)\.(large|xlarge|2xlarge)")
"""Node types that scale by themselves. [E4 AutoScaling-Prerequisites]"""
REDIS_FROM, REDIS_TIERED_FROM = (6, 0), (7, 0)
"""Versions of Redis OSS that do, and with data tiering; 7.0.7, the guide's number, is what ElastiCache runs as 7.0.
Valkey does since its first. [the same; E4 supported-engine-versions]"""


class ShardScheduleSpec(Spec):
    """One scheduled action on shards: other bounds from a time on."""

    at: str = Field(description=AT)
    timezone: str = Field(default="UTC", description=ZONE)
    min: Shards | None = Field(default=None, description="Least shards from then on; left as it is when left out")
    max: Shards | None = Field(default=None, description="Most shards from then on; left as it is when left out")


class ReplicaScheduleSpec(Spec):
    """One scheduled action on replicas: other bounds from a time on."""

    at: str = Field(description=AT)
    timezone: str = Field(default="UTC", description=ZONE)
    min: Replicas | None = Field(default=None, description="Least replicas from then on; left as it is when left out")
    max: Replicas | None = Field(default=None, description="Most replicas from then on; left as it is when left out")


class ShardScalingSpec(Spec):
    """Shards added and removed by load, with the slots that they hold."""

    min: Shards = Field(description="Least shards")
    max: Shards = Field(description="Most shards")
    cpu_percent: Percent | None = Field(
        default=None, description="Average engine CPU of the primaries to hold, percent"
    )
    memory_percent: Percent | None = Field(
        default=None, description="Memory in use, of what data may use, to hold, percent; with data tiering SSDs too"
    )
    scale_in: Switch = Field(default=True, description=SCALES_IN)
    scale_in_cooldown_s: Seconds = Field(default=600, description=SINCE_IN)
    scale_out_cooldown_s: Seconds = Field(default=300, description=SINCE_OUT)
    schedules: dict[Identifier, ShardScheduleSpec] = Field(default={}, description="Scheduled actions, keyed by name")


class ReplicaScalingSpec(Spec):
    """Replicas added to every shard and removed by load."""

    min: Replicas = Field(description="Least replicas of each shard")
    max: Replicas = Field(description="Most replicas of each shard")
    cpu_percent: Percent | None = Field(default=None, description="Average engine CPU of the replicas to hold, percent")
    scale_in: Switch = Field(default=True, description=SCALES_IN)
    scale_in_cooldown_s: Seconds = Field(default=600, description=SINCE_IN)
    scale_out_cooldown_s: Seconds = Field(default=300, description=SINCE_OUT)
    schedules: dict[Identifier, ReplicaScheduleSpec] = Field(default={}, description="Scheduled actions, keyed by name")


class CacheAutoscalingSpec(Spec):
    """Bounds, targets and schedules of shards, of replicas, or of both."""

    shards: ShardScalingSpec | None = Field(default=None, description="Auto scaling of shards")
    replicas: ReplicaScalingSpec | None = Field(default=None, description="Auto scaling of each shard's replicas")

    @property
    def sides(self) -> Mapping[str, ShardScalingSpec | ReplicaScalingSpec]:
        """What is scaled, by its name in the file."""
        found = {"shards": self.shards, "replicas": self.replicas}
        return {name: side for name, side in found.items() if side is not None}


Side = ShardScalingSpec | ReplicaScalingSpec
Schedule = ShardScheduleSpec | ReplicaScheduleSpec


def _sides(spec: ReplicationGroupSpec) -> Iterator[tuple[str, Side]]:
    if spec.autoscaling is not None:
        yield from spec.autoscaling.sides.items()


def _schedules(spec: ReplicationGroupSpec) -> Iterator[tuple[Path, Schedule]]:
    for name, side in _sides(spec):
        for key, schedule in side.schedules.items():
            yield ("autoscaling", name, "schedules", key), schedule


def targets_of(side: Side) -> dict[str, int]:
    """What a side holds, by the name of its setting."""
    found = {name: getattr(side, name, None) for name in ("cpu_percent", "memory_percent")}
    return {name: value for name, value in found.items() if value is not None}


def _nothing(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and not spec.autoscaling.sides:
        yield Hit(
            ("autoscaling",), "neither", must="scale shards, replicas or both", fix="add one of them, or remove it"
        )
    for name, side in _sides(spec):
        if not targets_of(side) and not side.schedules:
            yield Hit(("autoscaling", name), "none of them")


def _mode(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and spec.mode == "disabled":
        yield Hit(("autoscaling",), f"cluster mode {spec.mode}")


def _bounds(side: Side) -> Iterator[tuple[Path, int | None, int | None]]:
    yield (), side.min, side.max
    for name, schedule in side.schedules.items():
        yield ("schedules", name), schedule.min, schedule.max


def _order(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    """A bound that a schedule leaves out is whatever ran before it left: any of the others."""
    for name, side in _sides(spec):
        bounds = list(_bounds(side))
        least_max = min(high for _, _, high in bounds if high is not None)
        most_min = max(low for _, low, _ in bounds if low is not None)
        for path, low, high in bounds:
            place = ("autoscaling", name, *path)
            if low is not None and high is not None and high < low:
                yield Hit((*place, "max"), high, must=f"not be below min ({low})")
            elif low is not None and high is None and low > least_max:
                must = f"not be above the maximum that may hold by then ({least_max})"
                yield Hit((*place, "min"), low, must=must, fix="give max beside it")
            elif high is not None and low is None and high < most_min:
                must = f"not be below the minimum that may hold by then ({most_min})"
                yield Hit((*place, "max"), high, must=must, fix="give min beside it")


def _outside(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, side in _sides(spec):
        declared: int = getattr(spec, name)
        if side.min <= side.max and not side.min <= declared <= side.max:
            must = f"lie within autoscaling.{name}, {side.min} to {side.max}"
            yield Hit((name,), declared, must=must)


def most_nodes(spec: ReplicationGroupSpec) -> int:
    """Nodes of the group where auto scaling has added all it may."""
    most = {"shards": spec.shards, "replicas": spec.replicas}
    for name, side in _sides(spec):
        most[name] = max([most[name], *(high for _, _, high in _bounds(side) if high is not None)])
    return most["shards"] * (1 + most["replicas"])


def _many_nodes(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and most_nodes(spec) > limits.NODES_MAX >= spec.nodes:
        yield Hit(("autoscaling",), f"{most_nodes(spec)} nodes")


def _over_quota(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and spec.nodes <= limits.NODES_DEFAULT < most_nodes(spec) <= limits.NODES_MAX:
        yield Hit(("autoscaling",), f"{most_nodes(spec)} nodes")


def _version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.autoscaling is None or spec.engine == "valkey" or not engines.is_well_formed(spec.engine, spec.version):
        return
    least = REDIS_TIERED_FROM if spec.has_data_tiering else REDIS_FROM
    if engines.parsed(spec.engine, spec.version) < least:
        tiered = " with data tiering" if spec.has_data_tiering else ""
        yield Hit(("version",), spec.version, must=f"be {least[0]}.{least[1]} at least{tiered} to scale by itself")


def _class(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.autoscaling is not None and CLASSES.fullmatch(spec.node_class) is None:
        yield Hit(("class",), spec.node_class)


def _eviction(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    shards = spec.autoscaling.shards if spec.autoscaling is not None else None
    policy = spec.parameters.get("maxmemory-policy", "volatile-lru")
    if shards is not None and shards.memory_percent is not None and policy != "noeviction":
        yield Hit(("parameters", "maxmemory-policy"), policy)


def _two_targets(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, side in _sides(spec):
        if len(targets_of(side)) > 1:
            yield Hit(("autoscaling", name), " and ".join(targets_of(side)))


def _malformed_schedules(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        said = read_schedule(schedule.at)
        if isinstance(said, str):
            yield Hit((*path, "at"), schedule.at, fix=f"it {said}")


@cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _unknown_timezones(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        if schedule.timezone not in _timezones():
            yield Hit((*path, "timezone"), schedule.timezone)


def _idle_schedules(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for path, schedule in _schedules(spec):
        if schedule.min is None and schedule.max is None:
            yield Hit(path, "neither")


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/scaling-reason",
        reads=(
            "autoscaling.shards.cpu_percent",
            "autoscaling.shards.memory_percent",
            "autoscaling.replicas.cpu_percent",
        ),
        broken=_nothing,
        must="have a target or schedules to scale by",
        fix="set one of them, such as `cpu_percent: 60`",
    ),
    Rule(
        id="cache/scaling-mode",
        reads=("autoscaling", "cluster_mode", "shards"),
        broken=_mode,
        must="stand in a group with cluster mode on: ElastiCache scales no other by itself",
        fix="set `cluster_mode: enabled`, or remove autoscaling",
    ),
    Rule(
        id="cache/scaling-order",
        reads=("autoscaling",),
        broken=_order,
        must="not be below min",
        fix="raise max or lower min",
    ),
    Rule(
        id="cache/scaling-declared",
        reads=("autoscaling", "shards", "replicas"),
        broken=_outside,
        must="lie within the bounds of auto scaling",
        fix="move it or the bounds: auto scaling would undo each deployment that sets it",
    ),
    Rule(
        id="cache/scaling-nodes",
        reads=("autoscaling", "shards", "replicas"),
        broken=_many_nodes,
        must=f"make {limits.NODES_MAX} nodes at most, with all shards and replicas that may be added",
        fix="lower a maximum",
    ),
    Rule(
        id="cache/scaling-quota",
        reads=("autoscaling", "shards", "replicas"),
        broken=_over_quota,
        must=f"make {limits.NODES_DEFAULT} nodes at most without a quota increase",
        fix="raise the quota `nodes per cluster`, then add `acknowledge: [cache/scaling-quota]`",
        level="warning",
    ),
    Rule(
        id="cache/scaling-version",
        reads=("autoscaling", "engine", "version", "class"),
        broken=_version,
        must="be of a version that scales by itself",
        fix="choose a newer version or Valkey, or remove autoscaling",
    ),
    Rule(
        id="cache/scaling-class",
        reads=("autoscaling", "class"),
        broken=_class,
        must="be a large, xlarge or 2xlarge of r7g, r6g, r6gd, r5, m7g, m6g, m5 or c7gn to scale by itself",
        fix="choose one of them, remove autoscaling, or add `acknowledge: [cache/scaling-class]` if it has joined them",
        acknowledge=True,
    ),
    Rule(
        id="cache/scaling-eviction",
        reads=("autoscaling", "parameters"),
        broken=_eviction,
        must="be noeviction where shards scale by memory",
        fix="set it: a cache that evicts empties itself before it grows, so keys are lost and no shard is added",
        level="warning",
    ),
    Rule(
        id="cache/scaling-targets",
        reads=("autoscaling",),
        broken=_two_targets,
        must="hold one target",
        fix="keep the one that your load meets first: AWS advises against two, which scale in only when both agree",
        level="warning",
    ),
    Rule(
        id="cache/scaling-schedule",
        reads=("autoscaling",),
        broken=_malformed_schedules,
        must="be a schedule of Application Auto Scaling",
        fix='write it as in "cron(0 7 ? * MON-FRI *)"',
    ),
    Rule(
        id="cache/scaling-timezone",
        reads=("autoscaling",),
        broken=_unknown_timezones,
        must="be a time zone of the IANA database",
        fix="write it as in Europe/Berlin",
    ),
    Rule(
        id="cache/scaling-idle-schedule",
        reads=("autoscaling",),
        broken=_idle_schedules,
        must="set min, max or both",
        fix="set one of them, or remove the schedule",
    ),
)
