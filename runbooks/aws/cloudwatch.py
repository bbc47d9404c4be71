"""Samples of a metric, oldest first. Decides nothing; every list is read page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

# IAM actions of each call: an effect that uses a function declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {"list_samples": ("cloudwatch:GetMetricData",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One value of a metric, in the metric's own unit."""

    at: datetime
    value: float


def list_samples(
    client: Any, metric: str, dimensions: Mapping[str, str], *, since: datetime, until: datetime, period_s: int
) -> tuple[Sample, ...]:
    """The average of each period of a metric of RDS."""
    query = {
        "Id": "samples",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/RDS",
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": period_s,
            "Stat": "Average",
        },
    }
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query], StartTime=since, EndTime=until, ScanBy="TimestampAscending"
    )
    found = [
        Sample(at=at, value=float(value))
        for page in pages
        for result in page["MetricDataResults"]
        for at, value in zip(result["Timestamps"], result["Values"], strict=True)
    ]
    return tuple(sorted(found, key=lambda each: each.at))
