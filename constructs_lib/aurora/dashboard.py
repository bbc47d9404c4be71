"""A dashboard of a cluster: two columns, the writer's and readers' load first, storage last."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from constructs_lib.aurora.alarms import NAMESPACE, largest, of_cluster, of_instance, of_role
from estate import capacity, engines
from estate.aurora import AuroraSpec

WIDTH, HEIGHT = 12, 6
COLUMNS = 2

Metric = list[Any]


def define_dashboard(
    scope: Construct, identifier: str, spec: AuroraSpec, *, is_global: bool = False
) -> cloudwatch.CfnDashboard:
    """Define the dashboard `<identifier>-<Region>`: names of dashboards are shared by all Regions of an account."""
    body = json.dumps({"widgets": widgets(identifier, spec, is_global=is_global)}, separators=(",", ":"))
    return cloudwatch.CfnDashboard(
        scope,
        "Dashboard",
        dashboard_body=cdk.Fn.sub(body),
        dashboard_name=cdk.Fn.sub(f"{identifier}-${{AWS::Region}}"),
    )


def widgets(identifier: str, spec: AuroraSpec, *, is_global: bool) -> list[dict[str, Any]]:
    """Every graph in its place, `${AWS::Region}` left to CloudFormation."""
    graphs = [*_load(identifier, spec), *_memory(identifier, spec), *_storage(identifier, spec)]
    if is_global:
        graphs.append(_global_lag(identifier))
    for index, graph in enumerate(graphs):
        place = {"x": index % COLUMNS * WIDTH, "y": index // COLUMNS * HEIGHT, "width": WIDTH, "height": HEIGHT}
        graph.update(place)
    return graphs


def _load(identifier: str, spec: AuroraSpec) -> list[dict[str, Any]]:
    """What the instances do: CPU, connections, commits, lag."""
    writer, reader = of_role(identifier, "WRITER"), of_role(identifier, "READER")
    cpu = [_metric("CPUUtilization", writer, "writer"), _metric("CPUUtilization", reader, "readers")]
    return [
        _graph("CPU, percent", cpu, least=0),
        _graph("Connections", _per_instance("DatabaseConnections", identifier, spec), stat="Maximum", least=0),
        _graph("Commit latency of the writer, milliseconds", [_metric("CommitLatency", writer, "writer")], least=0),
        _graph(
            "Replica lag, milliseconds",
            [_metric("AuroraReplicaLagMaximum", of_cluster(identifier), "slowest reader")],
            stat="Maximum",
            least=0,
            lines={"SLO": spec.slo.replica_lag_ms},
        ),
    ]


def _memory(identifier: str, spec: AuroraSpec) -> list[dict[str, Any]]:
    """What the instances have left, and what serverless ones use."""
    graphs = [_graph("Freeable memory, bytes", _per_instance("FreeableMemory", identifier, spec), least=0)]
    if spec.has_serverless:
        acu = _per_instance("ServerlessDatabaseCapacity", identifier, spec, serverless=True)
        lines = {"min_acu": spec.serverless.min_acu, "max_acu": spec.serverless.max_acu}
        graphs.append(_graph("Capacity, ACU", acu, least=0, lines=lines))
    else:
        graphs.append(_graph("Local storage left, bytes", _per_instance("FreeLocalStorage", identifier, spec)))
    return graphs


def _storage(identifier: str, spec: AuroraSpec) -> list[dict[str, Any]]:
    most = capacity.volume_max_bytes(spec.engine, spec.version)
    writer = of_role(identifier, "WRITER")
    graphs = [
        _graph(
            f"Volume, bytes, of {most // capacity.TIB} TiB",
            [_metric("VolumeBytesUsed", of_cluster(identifier), "used")],
            stat="Maximum",
            period_s=3600,
        ),
        _graph("Deadlocks per second", [_metric("Deadlocks", writer, "writer")], least=0),
    ]
    if spec.engine == engines.POSTGRESQL:
        age = [_metric("MaximumUsedTransactionIDs", writer, "oldest")]
        graphs.append(_graph("Age of the oldest transaction id", age, stat="Maximum", least=0))
    return graphs


def _global_lag(identifier: str) -> dict[str, Any]:
    where = of_cluster(identifier)
    names = {"AuroraGlobalDBReplicationLag": "replication", "AuroraGlobalDBRPOLag": "RPO"}
    lags: list[Metric] = [[{"expression": largest(name, where), "label": label}] for name, label in names.items()]
    return _graph("Lag behind the primary Region, milliseconds", lags, stat="Maximum", least=0)


def _per_instance(name: str, identifier: str, spec: AuroraSpec, *, serverless: bool = False) -> list[Metric]:
    return [
        _metric(name, of_instance(identifier, key), key)
        for key, instance in spec.instances.items()
        if instance.is_serverless or not serverless
    ]


def _metric(name: str, dimensions: dict[str, str], label: str) -> Metric:
    pairs = [part for item in dimensions.items() for part in item]
    return [NAMESPACE, name, *pairs, {"label": label}]


def _graph(
    title: str,
    metrics: list[Metric],
    *,
    stat: str = "Average",
    period_s: int = 60,
    least: float | None = None,
    lines: dict[str, float] | None = None,
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "region": "${AWS::Region}",
        "stat": stat,
        "period": period_s,
        "metrics": metrics,
    }
    if least is not None:
        properties["yAxis"] = {"left": {"min": least}}
    if lines:
        properties["annotations"] = {"horizontal": [{"label": label, "value": value} for label, value in lines.items()]}
    return {"type": "metric", "properties": properties}
