"""Alarms, a dashboard and events of a cache, by kind: what nodes of Valkey, nodes of Memcached and serverless have.

Defaults with a source: CPU at 90 % of one core, or of all cores with Memcached, and swap of Memcached at 50 MB. [E4
CacheMetrics.WhichShouldIMonitor] The guide names no number for the others: those are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from estate import limits
from estate.spec import Hit, Integer, Number, Rule, Spec, Switch
from estate.watching import told_rules

if TYPE_CHECKING:
    from estate.caches.memcached import MemcachedSpec
    from estate.caches.replication_group import ReplicationGroupSpec
    from estate.caches.scaling import ReplicaScalingSpec, ShardScalingSpec
    from estate.caches.serverless import ServerlessCacheSpec

TOPIC = "NotificationTopicArn"
Percent = Annotated[Number, Field(gt=0, le=100)]
Count = Annotated[Integer, Field(ge=0)]


class CacheAlarmsSpec(Spec):
    """Thresholds of a replication group's alarms; `null` leaves an alarm out."""

    cpu_percent: Percent | None = Field(default=90, description="CPU of the core that the engine runs on, percent")
    memory_percent: Percent | None = Field(
        default=80, description="Memory that counts for eviction, SSDs included where there are any, percent"
    )
    evictions_per_min: Count | None = Field(default=100, description="Keys evicted by one node, a minute")
    replica_lag_s: Annotated[Number, Field(gt=0)] | None = Field(default=10, description="Replica lag, seconds")
    global_lag_s: Annotated[Number, Field(gt=0)] | None = Field(
        default=10, description="Lag of the secondary Regions of a global datastore, seconds"
    )
    durability_lag_ms: Annotated[Number, Field(gt=0, lt=limits.DURABILITY_LAG_MS_MAX)] | None = Field(
        default=5000, description="Age of the oldest write not yet kept with `durability: async`, milliseconds"
    )
    connections_percent: Percent | None = Field(
        default=80, description="Connections to one node of those that it allows, percent"
    )
    throttled_minutes: Annotated[Integer, Field(ge=1, le=60)] | None = Field(
        default=3, description="Minutes in a row in which a node holds commands back"
    )
    authentication_failures_per_min: Count | None = Field(default=5, description="Failed logins to one node, a minute")
    cpu_credits: Annotated[Number, Field(gt=0)] | None = Field(
        default=20, description="CPU credits left to a burstable node"
    )


class MemcachedAlarmsSpec(Spec):
    """Thresholds of a Memcached cluster's alarms; `null` leaves an alarm out."""

    cpu_percent: Percent | None = Field(default=90, description="CPU of a node, all cores, percent")
    swap_bytes: Annotated[Integer, Field(gt=0)] | None = Field(
        default=52_428_800, description="Swap that a node uses, bytes"
    )
    evictions_per_min: Count | None = Field(default=100, description="Items evicted by one node, a minute")
    connections_percent: Percent | None = Field(
        default=80, description="Connections to one node of those that it allows, percent"
    )
    cpu_credits: Annotated[Number, Field(gt=0)] | None = Field(
        default=20, description="CPU credits left to a burstable node"
    )


class ServerlessAlarmsSpec(Spec):
    """Thresholds of a serverless cache's alarms; `null` leaves an alarm out."""

    data_percent: Percent | None = Field(
        default=80, description="Data of `usage.data_gb.max`, or of what AWS allows, percent"
    )
    ecpu_percent: Percent | None = Field(
        default=80, description="Load of `usage.ecpu_per_s.max`, or of what AWS allows, percent"
    )
    throttled_per_min: Count | None = Field(default=0, description="Commands throttled, a minute")
    evictions_per_min: Count | None = Field(default=100, description="Keys evicted, a minute")
    read_latency_ms: Annotated[Number, Field(gt=0)] | None = Field(
        default=10, description="Mean latency of successful reads, milliseconds"
    )
    authentication_failures_per_min: Count | None = Field(
        default=5, description="Failed logins, a minute; Memcached has none"
    )


class _Told(Spec):
    """Whom `watch` tells and what else it makes."""

    notify: tuple[str, ...] = Field(
        default=(),
        description="E-mail addresses, or ARNs of queues and functions of this account, that the topics tell; "
        "an address confirms its first message, a queue's own policy must let the topics send",
    )
    events: Switch = Field(default=True, description="Failovers, replaced nodes, scaling and maintenance, as they come")
    dashboard: Switch = Field(default=True, description="A CloudWatch dashboard")


class CacheWatchSpec(_Told):
    """Alarms to an encrypted topic, events to another, and a dashboard of a replication group."""

    alarms: CacheAlarmsSpec | None = Field(default=CacheAlarmsSpec(), description="The alarm pack")


class MemcachedWatchSpec(_Told):
    """Alarms to an encrypted topic, events to another, and a dashboard of a Memcached cluster."""

    alarms: MemcachedAlarmsSpec | None = Field(default=MemcachedAlarmsSpec(), description="The alarm pack")


class ServerlessWatchSpec(_Told):
    """Alarms and events to an encrypted topic, and a dashboard of a serverless cache."""

    alarms: ServerlessAlarmsSpec | None = Field(default=ServerlessAlarmsSpec(), description="The alarm pack")


def node_ids(spec: ReplicationGroupSpec) -> tuple[str, ...]:
    """Ids that a group's nodes have below its own: `001` without cluster mode, `0001-001` with it.

    Those that auto scaling may add are among them, as ElastiCache numbers shards on; what it numbers after a removal
    is unconfirmed. A group of one shard that came to cluster mode in place keeps the short ids, one that was born with
    it has long ones, and no file says which: it has both here. [E4 modify-cluster-mode; which ids stay is unconfirmed]
    """
    short = tuple(f"{number:03d}" for number in range(1, spec.nodes + 1))
    if spec.mode == "disabled":
        return short
    sizes = [(f"{shard:04d}", 1 + count) for shard, count in enumerate(_most_replicas(spec), start=1)]
    long = tuple(f"{shard}-{node:03d}" for shard, size in sizes for node in range(1, size + 1))
    return long if spec.shards > 1 else (*long, *short)


def _most_replicas(spec: ReplicationGroupSpec) -> list[int]:
    """Replicas of each shard when auto scaling has added all that it may."""
    scaled = spec.autoscaling
    shards = _most(scaled.shards) if scaled and scaled.shards else 0
    replicas = _most(scaled.replicas) if scaled and scaled.replicas else 0
    counts = [max(count, replicas) for count in spec.replica_counts]
    return counts + [max(spec.replicas, replicas)] * max(0, shards - len(counts))


def _most(side: ShardScalingSpec | ReplicaScalingSpec) -> int:
    """The most that its bounds, or those of a schedule, allow."""
    return max([side.max, *(each.max or 0 for each in side.schedules.values())])


def is_burstable(node_class: str) -> bool:
    """Whether a node lives on CPU credits."""
    return node_class.startswith("cache.t")


def _there(spec: ReplicationGroupSpec) -> dict[str, tuple[bool, str]]:
    """Thresholds that only some groups have something for, and what the others lack."""
    return {
        "replica_lag_s": (any(spec.replica_counts), "there is no replica"),
        "global_lag_s": (spec.global_datastore is not None, "there is no `global`"),
        "durability_lag_ms": (spec.durability == "async", "it is of `durability: async`"),
        "cpu_credits": (is_burstable(spec.node_class), "only cache.t nodes have credits"),
    }


def alarm_kinds(spec: ReplicationGroupSpec) -> int:
    """Metrics of each node that have an alarm."""
    absent = {name for name, (is_there, _) in _there(spec).items() if not is_there}
    alarms = spec.watch.alarms if spec.watch else None
    return sum(value is not None and name not in absent for name, value in alarms or ())


def _unused(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    """A threshold of one's own, for an alarm that there is nothing for: those of the edition are left out silently."""
    alarms = spec.watch.alarms if spec.watch else None
    if alarms is None:
        return
    usual = CacheAlarmsSpec()
    for name, (is_there, why) in _there(spec).items():
        given = getattr(alarms, name)
        if not is_there and given not in {None, getattr(usual, name)}:
            yield Hit(("watch", "alarms", name), given, must=f"be left out: {why}")


TEMPLATE_BYTES_OF_METRIC = 640
"""What a template takes for one metric of an alarm, as CDK writes it, with the longest names; measured."""
TEMPLATE_BYTES_OF_REST = 350_000
"""Kept for the rest of the template: a hundred users with secrets, a dashboard of a hundred nodes."""


def _many_alarms(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    metrics = alarm_kinds(spec) * len(node_ids(spec))
    most = (limits.TEMPLATE_BYTES_MAX - TEMPLATE_BYTES_OF_REST) // TEMPLATE_BYTES_OF_METRIC
    if metrics > most:
        given = f"{metrics:,} metrics"
        yield Hit(("watch", "alarms"), given, must=f"look at {most:,} metrics at most, those of each node counted")


def _other_topic(spec: ReplicationGroupSpec | MemcachedSpec) -> Iterator[Hit]:
    """A raw property would win, and leave the topic of the events without any."""
    if spec.watch and spec.watch.events and TOPIC in spec.overrides:
        yield Hit(("overrides", TOPIC), spec.overrides[TOPIC])


def _one_topic(prefix: str) -> Rule[Any]:
    return Rule(
        id=f"{prefix}topic",
        reads=("watch", "overrides"),
        broken=_other_topic,
        must="be left out while `watch.events` is on: a cache tells one topic",
        fix="remove it, or write `watch: {events: off}`",
    )


def _logins_of_memcached(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    alarms = spec.watch.alarms if spec.watch else None
    given = alarms.authentication_failures_per_min if alarms else None
    if spec.engine == "memcached" and given not in {None, ServerlessAlarmsSpec().authentication_failures_per_min}:
        yield Hit(("watch", "alarms", "authentication_failures_per_min"), given)


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    *told_rules("cache/watch-", "cache"),
    _one_topic("cache/watch-"),
    Rule(
        id="cache/watch-unused",
        reads=("watch", "replicas", "placement", "global", "durability", "class"),
        broken=_unused,
        must="be left out where there is nothing to measure",
        fix="remove it",
    ),
    Rule(
        id="cache/watch-alarms-max",
        reads=("watch", "shards", "replicas", "placement", "autoscaling"),
        broken=_many_alarms,
        must="look at fewer metrics",
        fix="leave some out with `null`: CloudFormation takes a template of 1,000,000 bytes",
    ),
)
MEMCACHED_RULES: tuple[Rule[Any], ...] = (*told_rules("memcached/watch-", "cache"), _one_topic("memcached/watch-"))
SERVERLESS_RULES: tuple[Rule[Any], ...] = (
    *told_rules("serverless-cache/watch-", "cache"),
    Rule(
        id="serverless-cache/watch-unused",
        reads=("watch", "engine"),
        broken=_logins_of_memcached,
        must="be left out: nobody logs in to Memcached",
        fix="remove it",
    ),
)
