"""Metrics of one service; CloudWatch's module is loaded by the first one, not by every synthesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch


def service_metric(namespace: str, name: str, dimensions: Mapping[str, str], statistic: str) -> cloudwatch.Metric:
    """A metric by the minute."""
    from aws_cdk import aws_cloudwatch

    return aws_cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=cdk.Duration.minutes(1),
    )
