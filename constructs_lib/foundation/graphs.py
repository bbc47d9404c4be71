"""Graphs of a dashboard, in two columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

WIDTH, HEIGHT = 12, 6
COLUMNS = 2

Metric = list[Any]


def define_graphs(scope: Construct, identifier: str, graphs: list[dict[str, Any]]) -> cloudwatch.CfnDashboard:
    """Define the dashboard `<identifier>-<Region>`: names of dashboards are shared by all Regions of an account."""
    body = json.dumps({"widgets": graphs}, separators=(",", ":"))
    return cloudwatch.CfnDashboard(
        scope,
        "Dashboard",
        dashboard_body=cdk.Fn.sub(body),
        dashboard_name=cdk.Fn.sub(f"{identifier}-${{AWS::Region}}"),
    )


def in_columns(graphs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every graph in its place."""
    for index, each in enumerate(graphs):
        place = {"x": index % COLUMNS * WIDTH, "y": index // COLUMNS * HEIGHT, "width": WIDTH, "height": HEIGHT}
        each.update(place)
    return graphs


def metric_of(namespace: str, name: str, dimensions: Mapping[str, str], label: str) -> Metric:
    """One line of a graph."""
    pairs = [part for item in dimensions.items() for part in item]
    return [namespace, name, *pairs, {"label": label}]


def graph(
    title: str,
    metrics: list[Metric],
    *,
    stat: str = "Average",
    period_s: int = 60,
    least: float | None = None,
    lines: dict[str, float] | None = None,
) -> dict[str, Any]:
    """A graph over time, `${AWS::Region}` left to CloudFormation; `lines` are level ones, `least` is the floor."""
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
