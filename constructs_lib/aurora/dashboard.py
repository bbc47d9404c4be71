"""A dashboard of a cluster: two columns, the writer's and readers' load first, storage last."""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from constructs_lib.aurora.alarms import NAMESPACE, of_cluster, of_instance, of_role
from constructs_lib.foundation.alarms import largest
from constructs_lib.foundation.graphs import Metric, define_graphs, graph, in_columns, metric_of
from estate import capacity, engines
from estate.aurora import AuroraSpec


def define_dashboard(
    scope: Construct, identifier: str, spec: AuroraSpec, *, is_global: bool = False
) -> cloudwatch.CfnDashboard:
    """Define the dashboard `<identifier>-<Region>`."""
    return define_graphs(scope, identifier, widgets(identifier, spec, is_global=is_global))


def widgets(identifier: str, spec: AuroraSpec, *, is_global: bool) -> list[dict[str, Any]]:
    """Every graph in its place, `${AWS::Region}` left to CloudFormation."""
    graphs = [*_load(identifier, spec), *_memory(identifier, spec), *_storage(identifier, spec)]
    if is_global:
        graphs.append(_global_lag(identifier))
    return in_columns(graphs)


def _load(identifier: str, spec: AuroraSpec) -> list[dict[str, Any]]:
    """What the instances do: CPU, connections, commits, lag."""
    writer, reader = of_role(identifier, "WRITER"), of_role(identifier, "READER")
    cpu = [_metric("CPUUtilization", writer, "writer"), _metric("CPUUtilization", reader, "readers")]
    return [
        graph("CPU, percent", cpu, least=0),
        graph("Connections", _per_instance("DatabaseConnections", identifier, spec), stat="Maximum", least=0),
        graph("Commit latency of the writer, milliseconds", [_metric("CommitLatency", writer, "writer")], least=0),
        graph(
            "Replica lag, milliseconds",
            [_metric("AuroraReplicaLagMaximum", of_cluster(identifier), "slowest reader")],
            stat="Maximum",
            least=0,
            lines={"SLO": spec.slo.replica_lag_ms},
        ),
    ]


def _memory(identifier: str, spec: AuroraSpec) -> list[dict[str, Any]]:
    """What the instances have left, and what serverless ones use."""
    graphs = [graph("Freeable memory, bytes", _per_instance("FreeableMemory", identifier, spec), least=0)]
    if spec.has_serverless:
        acu = _per_instance("ServerlessDatabaseCapacity", identifier, spec, serverless=True)
        lines = {"min_acu": spec.serverless.min_acu, "max_acu": spec.serverless.max_acu}
        graphs.append(graph("Capacity, ACU", acu, least=0, lines=lines))
    else:
        graphs.append(graph("Local storage left, bytes", _per_instance("FreeLocalStorage", identifier, spec)))
    return graphs


def _storage(identifier: str, spec: AuroraSpec) -> list[dict[str, Any]]:
    most = capacity.volume_max_bytes(spec.engine, spec.version)
    writer = of_role(identifier, "WRITER")
    graphs = [
        graph(
            f"Volume, bytes, of {most // capacity.TIB} TiB",
            [_metric("VolumeBytesUsed", of_cluster(identifier), "used")],
            stat="Maximum",
            period_s=3600,
        ),
        graph("Deadlocks per second", [_metric("Deadlocks", writer, "writer")], least=0),
    ]
    if spec.engine == engines.POSTGRESQL:
        age = [_metric("MaximumUsedTransactionIDs", writer, "oldest")]
        graphs.append(graph("Age of the oldest transaction id", age, stat="Maximum", least=0))
    return graphs


def _global_lag(identifier: str) -> dict[str, Any]:
    where = of_cluster(identifier)
    names = {"AuroraGlobalDBReplicationLag": "replication", "AuroraGlobalDBRPOLag": "RPO"}
    lags: list[Metric] = [
        [{"expression": largest(NAMESPACE, name, where), "label": label}] for name, label in names.items()
    ]
    return graph("Lag behind the primary Region, milliseconds", lags, stat="Maximum", least=0)


def _per_instance(name: str, identifier: str, spec: AuroraSpec, *, serverless: bool = False) -> list[Metric]:
    return [
        _metric(name, of_instance(identifier, key), key)
        for key, instance in spec.instances.items()
        if instance.is_serverless or not serverless
    ]


def _metric(name: str, dimensions: dict[str, str], label: str) -> Metric:
    return metric_of(NAMESPACE, name, dimensions, label)
