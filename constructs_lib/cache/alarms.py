"""The alarm packs of caches, by kind: what each alarm watches, when it goes off, what it means and what to do then.

Metrics, their units and whose they are: [E10 CacheMetrics.Redis, CacheMetrics.Memcached, CacheMetrics.HostLevel,
serverless-metrics-events-redis, serverless-metrics-events.memcached]. CloudWatch keeps those of nodes by node, and of a
whole group only some, as means, which hide a hot shard: an alarm takes the worst of ten nodes instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from constructs_lib.foundation.alarms import SILENCE_IS_FINE, Alarm
from estate import capacity, limits
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.caches.watching import CacheAlarmsSpec, ServerlessAlarmsSpec, is_burstable, node_ids

NAMESPACE = "AWS/ElastiCache"
FEW_CORES = 2
"""Cores up to which the guide watches the host instead of the engine. [E4 CacheMetrics.WhichShouldIMonitor]"""
GB = 10**9

Dimensions = Mapping[str, str]


def of_node(identifier: str, node: str) -> dict[str, str]:
    """Dimensions of a replication group's node: each is a cache cluster of one node."""
    return {"CacheClusterId": f"{identifier}-{node}", "CacheNodeId": "0001"}


def of_memcached(identifier: str, number: int) -> dict[str, str]:
    """Dimensions of a Memcached cluster's node, counted from 1."""
    return {"CacheClusterId": identifier, "CacheNodeId": f"{number:04d}"}


def of_serverless(identifier: str) -> dict[str, str]:
    """Dimensions of a serverless cache; the key is written as AWS writes it."""
    return {"clusterId": identifier}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """What one alarm is like, whichever nodes it looks at; `means` goes on after whose nodes they are."""

    id: str
    metric: str
    threshold: float
    means: str
    options: Mapping[str, Any]


def _kind(name: str, metric: str, threshold: float, means: str, **options: Any) -> _Kind:
    return _Kind(id=name, metric=metric, threshold=threshold, means=means, options=options)


def alarms_of_group(identifier: str, spec: ReplicationGroupSpec, *, is_global: bool = False) -> tuple[Alarm, ...]:
    """Every alarm of a replication group; ten nodes share one."""
    alarms = spec.watch.alarms if spec.watch else None
    if alarms is None:
        return ()
    kinds = (*_load(spec, alarms), *_lags(spec, alarms, is_global=is_global), *_refusals(spec, alarms))
    nodes = [of_node(identifier, node) for node in node_ids(spec)]
    return tuple(_by_ten(identifier, kinds, nodes, "CacheClusterId"))


def alarms_of_memcached(identifier: str, spec: MemcachedSpec) -> tuple[Alarm, ...]:
    """Every alarm of a Memcached cluster; ten nodes share one."""
    alarms = spec.watch.alarms if spec.watch else None
    if alarms is None:
        return ()
    kinds: list[_Kind] = []
    if alarms.cpu_percent is not None:
        means = (
            f"CPU over {alarms.cpu_percent:g} % for five minutes. Answers come late. Take a larger class or more nodes."
        )
        kinds.append(_kind("Cpu", "CPUUtilization", alarms.cpu_percent, means))
    if alarms.swap_bytes is not None:
        means = (
            f"more than {alarms.swap_bytes:,} bytes swapped out for five minutes. The node has less memory than it "
            "uses. Raise memcached_connections_overhead, or take a larger class."
        )
        kinds.append(_kind("Swap", "SwapUsage", alarms.swap_bytes, means))
    kinds += _of_nodes(spec.node_class, alarms.evictions_per_min, alarms.connections_percent, alarms.cpu_credits)
    nodes = [of_memcached(identifier, number) for number in range(1, spec.nodes + 1)]
    return tuple(_by_ten(identifier, kinds, nodes, "CacheNodeId"))


def alarms_of_serverless(identifier: str, spec: ServerlessCacheSpec) -> tuple[Alarm, ...]:
    """Every alarm of a serverless cache."""
    alarms = spec.watch.alarms if spec.watch else None
    if alarms is None:
        return ()
    kinds = (*_limits(spec, alarms), *_troubles(spec, alarms))
    return tuple(_alarm(kind, identifier, kind.id, [of_serverless(identifier)]) for kind in kinds)


def _by_ten(identifier: str, kinds: Sequence[_Kind], nodes: Sequence[Dimensions], key: str) -> Iterator[Alarm]:
    """Alarms of each kind, `Cpu`, `Cpu2`, ...: CloudWatch takes ten metrics in one."""
    most = limits.ALARM_METRICS_MAX
    for kind in kinds:
        for first in range(0, len(nodes), most):
            part = nodes[first : first + most]
            name = kind.id if first == 0 else f"{kind.id}{first // most + 1}"
            whole = len(nodes) <= most
            who = identifier if whole else f"{identifier}, nodes {part[0][key]} to {part[-1][key]}"
            yield _alarm(kind, who, name, part)


def _alarm(kind: _Kind, who: str, name: str, dimensions: Sequence[Dimensions]) -> Alarm:
    return Alarm(
        id=name,
        metric=kind.metric,
        dimensions=dimensions[0],
        others=tuple(dimensions[1:]),
        threshold=kind.threshold,
        means=f"{who}: {kind.means}",
        **kind.options,
    )


def _load(spec: ReplicationGroupSpec, alarms: CacheAlarmsSpec) -> Iterator[_Kind]:
    """CPU of the core that the engine runs on; memory, or memory and SSDs."""
    yield from _engine_cpu(spec, alarms)
    if alarms.memory_percent is not None:
        what = "Capacity" if spec.has_data_tiering else "Memory"
        yield _kind(
            "Memory",
            f"Database{what}UsageCountedForEvictPercentage",
            alarms.memory_percent,
            f"a node has used over {alarms.memory_percent:g} % of what it may for five minutes. At 100 % keys are "
            "evicted, or writes fail (maxmemory-policy). Look for keys without expiry; take a larger class or more "
            "shards.",
            statistic="Maximum",
        )
    yield from _of_nodes(spec.node_class, alarms.evictions_per_min, alarms.connections_percent, alarms.cpu_credits)


def _engine_cpu(spec: ReplicationGroupSpec, alarms: CacheAlarmsSpec) -> Iterator[_Kind]:
    """The engine's own metric, or the host's share of one core where there are few: others want theirs there."""
    percent, cores = alarms.cpu_percent, capacity.node_vcpus(spec.node_class)
    if percent is None:
        return
    is_small = cores is not None and cores <= FEW_CORES
    host = f", {percent / cores:g} % of the node," if is_small and cores and cores > 1 else ""
    yield _kind(
        "Cpu",
        "CPUUtilization" if is_small else "EngineCPUUtilization",
        percent / cores if is_small and cores else percent,
        f"a node has used over {percent:g} % of one core{host} for five minutes. The engine runs commands one after "
        "the other: all wait. Look for slow commands in the slow log and for hot keys; read from replicas, add shards, "
        "or take a larger class.",
    )


def _of_nodes(
    node_class: str, evictions: int | None, connections: float | None, credits_left: float | None
) -> Iterator[_Kind]:
    """What nodes of every engine have."""
    if evictions is not None:
        means = (
            f"a node has evicted more than {evictions:,} keys a minute for five minutes: it is full, and what is asked "
            "for next may be gone. Take a larger class or more nodes; where the cache is meant so, raise the threshold."
        )
        yield _kind("Evictions", "Evictions", evictions, means, statistic="Sum", missing=SILENCE_IS_FINE)
    if connections is not None:
        most = capacity.node_connections(node_class)
        means = (
            f"a node has more than {connections:g} % of the {most:,} connections that it allows. At the limit clients "
            "are refused. Look for pools that are too large or leak, and for clients that connect for each command."
        )
        yield _kind("Connections", "CurrConnections", int(most * connections / 100), means, statistic="Maximum")
    if credits_left is not None and is_burstable(node_class):
        means = (
            f"a node has fewer than {credits_left:g} CPU credits left. Without any it falls to its base speed. Lower "
            "the load, or take a class that is not burstable."
        )
        yield _kind("Credits", "CPUCreditBalance", credits_left, means, below=True, statistic="Minimum")


def _lags(spec: ReplicationGroupSpec, alarms: CacheAlarmsSpec, *, is_global: bool) -> Iterator[_Kind]:
    """How far copies are behind: replicas, secondary Regions, the log of a durable group.

    Whose metric the global lag is no page says; it stands among those that are calculated for each node. [E10
    CacheMetrics.Redis; unconfirmed] The secondaries of the day report it: every member of a global datastore has the
    alarm, which is silent elsewhere.
    """
    if alarms.replica_lag_s is not None and any(spec.replica_counts):
        yield _lag(
            "ReplicaLag",
            "ReplicationLag",
            alarms.replica_lag_s,
            f"a replica is more than {alarms.replica_lag_s:g} s behind its primary for five minutes. It answers with "
            "old data, and a failover to it loses as much. Look for a burst of writes, large values, and the network "
            "allowance of the class.",
        )
    if alarms.global_lag_s is not None and is_global:
        yield _lag(
            "GlobalLag",
            "GlobalDatastoreReplicationLag",
            alarms.global_lag_s,
            f"the secondary Region is more than {alarms.global_lag_s:g} s behind for five minutes. A failover to it "
            "loses as much. Look for a burst of writes in the primary, and for trouble between the Regions.",
        )
    if alarms.durability_lag_ms is not None and spec.durability == "async":
        yield _lag(
            "DurabilityLag",
            "DurabilityLag",
            alarms.durability_lag_ms,
            f"the oldest write that is not kept yet is older than {alarms.durability_lag_ms:g} ms. At "
            f"{limits.DURABILITY_LAG_MS_MAX:,} ms the primary refuses writes. Write less, or add shards.",
        )


def _lag(name: str, metric: str, threshold: float, means: str) -> _Kind:
    return _kind(name, metric, threshold, means, statistic="Maximum", missing=SILENCE_IS_FINE)


def _refusals(spec: ReplicationGroupSpec, alarms: CacheAlarmsSpec) -> Iterator[_Kind]:
    """Commands held back, logins that fail."""
    if (minutes := alarms.throttled_minutes) is not None:
        yield _kind(
            "Throttled",
            "TrafficManagementActive",
            0,
            f"a node has held commands back for {minutes} minutes in a row: it gets more than it can run. Add shards, "
            "read from replicas, or take a larger class.",
            statistic="Maximum",
            periods=minutes,
            missing=SILENCE_IS_FINE,
        )
    if alarms.authentication_failures_per_min is not None:
        yield _logins(alarms.authentication_failures_per_min, f"{spec.engine}'s ACL LOG names them")


def _logins(most: int, where: str) -> _Kind:
    means = (
        f"more than {most} logins failed within a minute. Somebody tries passwords, or a client has an expired token. "
        f"Look at who may connect (`allow_from`) and at the clients' IAM tokens; {where}."
    )
    return _kind("Logins", "AuthenticationFailures", most, means, statistic="Sum", periods=1, missing=SILENCE_IS_FINE)


def _limits(spec: ServerlessCacheSpec, alarms: ServerlessAlarmsSpec) -> Iterator[_Kind]:
    """Data and load against the file's limits, or AWS's."""
    usage = spec.usage
    data_gb = (usage.data_gb.max if usage and usage.data_gb else None) or limits.SERVERLESS_DATA_GB_MAX
    ecpu_per_s = (usage.ecpu_per_s.max if usage and usage.ecpu_per_s else None) or limits.SERVERLESS_ECPU_MAX
    if (percent := alarms.data_percent) is not None:
        means = (
            f"more than {percent:g} % of {data_gb:,} GB for five minutes. At the limit keys are evicted, or writes "
            "fail. Look for keys without expiry, or raise usage.data_gb.max."
        )
        threshold = int(data_gb * GB * percent / 100)
        yield _kind("Data", "BytesUsedForCache", threshold, means, statistic="Maximum", missing=SILENCE_IS_FINE)
    if (percent := alarms.ecpu_percent) is not None:
        means = (
            f"more than {percent:g} % of {ecpu_per_s:,} ECPU a second for five minutes. At the limit commands are "
            "throttled. Look for large values and slow commands, or raise usage.ecpu_per_s.max."
        )
        threshold = int(ecpu_per_s * 60 * percent / 100)
        metric = "ElastiCacheProcessingUnits"
        yield _kind("Ecpu", metric, threshold, means, statistic="Sum", missing=SILENCE_IS_FINE)


def _troubles(spec: ServerlessCacheSpec, alarms: ServerlessAlarmsSpec) -> Iterator[_Kind]:
    """Commands throttled, keys evicted, slow answers, logins that fail."""
    if (most := alarms.throttled_per_min) is not None:
        means = (
            f"more than {most:,} commands a minute throttled for three minutes. The load grows faster than the cache, "
            "or is at its limit. Set usage.ecpu_per_s.min before a peak, or raise its max."
        )
        yield _kind("Throttled", "ThrottledCmds", most, means, statistic="Sum", periods=3, missing=SILENCE_IS_FINE)
    if (most := alarms.evictions_per_min) is not None:
        means = (
            f"more than {most:,} keys a minute evicted for five minutes: it is at usage.data_gb.max, or a slot holds "
            "32 GB. What is asked for next is gone. Raise the limit, or spread the keys over more slots."
        )
        yield _kind("Evictions", "Evictions", most, means, statistic="Sum", missing=SILENCE_IS_FINE)
    if (latency_ms := alarms.read_latency_ms) is not None:
        means = (
            f"reads take more than {latency_ms:g} ms for five minutes, seen from the cache. Look for large values and "
            "slow commands."
        )
        yield _kind(
            "ReadLatency", "SuccessfulReadRequestLatency", int(latency_ms * 1000), means, missing=SILENCE_IS_FINE
        )
    if (most := alarms.authentication_failures_per_min) is not None and spec.engine != "memcached":
        yield _logins(most, "the cache keeps no log of its own")
