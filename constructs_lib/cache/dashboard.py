"""Dashboards of caches, by kind: two columns, load first, then memory, connections, lags and logins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from constructs_lib.cache.alarms import NAMESPACE, of_memcached, of_node, of_serverless
from constructs_lib.foundation.graphs import Metric, graph, in_columns, metric_of
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.caches.watching import node_ids

NODES_SHOWN = 100
"""Nodes that a dashboard shows a line of: it holds 2,500 metrics. [CloudWatch cloudwatch_limits]"""

Nodes = Mapping[str, Mapping[str, str]]


def graphs_of_group(identifier: str, spec: ReplicationGroupSpec, *, is_global: bool = False) -> list[dict[str, Any]]:
    """Graphs of a replication group: a line for each node, and the means that CloudWatch keeps of the whole group."""
    nodes = {node: of_node(identifier, node) for node in node_ids(spec)[:NODES_SHOWN]}
    what = "Capacity" if spec.has_data_tiering else "Memory"
    graphs = [
        graph("Engine CPU, mean, percent", _engine_cpu(identifier), least=0),
        graph("CPU of the node, percent", _lines("CPUUtilization", nodes), least=0),
        graph(
            f"{what} used, percent",
            _lines(f"Database{what}UsageCountedForEvictPercentage", nodes),
            stat="Maximum",
            least=0,
        ),
        graph("Evictions a minute", _lines("Evictions", nodes), stat="Sum", least=0),
        graph("Connections", _lines("CurrConnections", nodes), stat="Maximum", least=0),
        graph("Hit rate, percent", _lines("CacheHitRate", nodes), least=0),
        graph("Replica lag, seconds", _lines("ReplicationLag", nodes), stat="Maximum", least=0),
        graph("Commands held back (1: yes)", _lines("TrafficManagementActive", nodes), stat="Maximum", least=0),
        graph("Failed logins a minute", _lines("AuthenticationFailures", nodes), stat="Sum", least=0),
        graph("Commands not allowed, a minute", _lines("CommandAuthorizationFailures", nodes), stat="Sum", least=0),
    ]
    if is_global:
        lag = _lines("GlobalDatastoreReplicationLag", nodes)
        graphs.append(graph("Lag behind the primary Region, seconds", lag, stat="Maximum", least=0))
    if spec.durability == "async":
        graphs.append(graph("Durability lag, ms", _lines("DurabilityLag", nodes), stat="Maximum", least=0))
    return in_columns(graphs)


def graphs_of_memcached(identifier: str, spec: MemcachedSpec) -> list[dict[str, Any]]:
    """Graphs of a Memcached cluster: a line for each node."""
    nodes = {f"{number:04d}": of_memcached(identifier, number) for number in range(1, spec.nodes + 1)}
    return in_columns(
        [
            graph("CPU, percent", _lines("CPUUtilization", nodes), least=0),
            graph("Bytes used by items", _lines("BytesUsedForCacheItems", nodes), least=0),
            graph("Evictions a minute", _lines("Evictions", nodes), stat="Sum", least=0),
            graph("Connections", _lines("CurrConnections", nodes), stat="Maximum", least=0),
            graph("Hits a minute", _lines("GetHits", nodes), stat="Sum", least=0),
            graph("Misses a minute", _lines("GetMisses", nodes), stat="Sum", least=0),
            graph("Swap used, bytes", _lines("SwapUsage", nodes), stat="Maximum", least=0),
            graph("Network out, bytes a minute", _lines("NetworkBytesOut", nodes), stat="Sum", least=0),
        ]
    )


def graphs_of_serverless(identifier: str, spec: ServerlessCacheSpec) -> list[dict[str, Any]]:
    """Graphs of a serverless cache."""
    latencies = {"SuccessfulReadRequestLatency": "reads", "SuccessfulWriteRequestLatency": "writes"}
    graphs = [
        graph("ECPU a minute", _of_cache(identifier, ["ElastiCacheProcessingUnits"]), stat="Sum", least=0),
        graph("Data, bytes", _of_cache(identifier, ["BytesUsedForCache"]), stat="Maximum", least=0),
        graph("Throttled commands a minute", _of_cache(identifier, ["ThrottledCmds"]), stat="Sum", least=0),
        graph("Evictions a minute", _of_cache(identifier, ["Evictions"]), stat="Sum", least=0),
        graph(
            "Latency, microseconds",
            [metric_of(NAMESPACE, name, of_serverless(identifier), label) for name, label in latencies.items()],
            least=0,
        ),
        graph("Connections", _of_cache(identifier, ["CurrConnections"]), stat="Maximum", least=0),
    ]
    if spec.engine != "memcached":
        logins = ["AuthenticationFailures", "CommandAuthorizationFailures", "KeyAuthorizationFailures"]
        graphs.append(graph("Hit rate, percent", _of_cache(identifier, ["CacheHitRate"]), least=0))
        graphs.append(graph("Refused, a minute", _of_cache(identifier, logins), stat="Sum", least=0))
    return in_columns(graphs)


def _engine_cpu(identifier: str) -> list[Metric]:
    """Of the primaries, and of the replicas, of the day. [Application Auto Scaling monitoring-cloudwatch]"""
    return [
        metric_of(
            NAMESPACE, "EngineCPUUtilization", {"ReplicationGroupId": identifier, "Role": role}, f"{role.lower()} nodes"
        )
        for role in ("Primary", "Replica")
    ]


def _lines(name: str, nodes: Nodes) -> list[Metric]:
    return [metric_of(NAMESPACE, name, dimensions, label) for label, dimensions in nodes.items()]


def _of_cache(identifier: str, names: Sequence[str]) -> list[Metric]:
    return [metric_of(NAMESPACE, name, of_serverless(identifier), name) for name in names]
