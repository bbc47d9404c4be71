"""Alarms on metrics of one service: when each goes off, what it means, and whom they tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

MINUTE_S, HOUR_S = 60, 3600

Missing = Literal["missing", "notBreaching"]
SILENCE_SHOWS: Missing = "missing"
"""Instances and nodes report by the minute: an alarm without data says so (`INSUFFICIENT_DATA`), it does not guess."""
SILENCE_IS_FINE: Missing = "notBreaching"
"""There is no data where there is nothing to report: no reader, no deadlock, an instance that pauses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One alarm; `means` says what it means and what to do.

    Attributes:
        id: Construct id, PascalCase.
        metric: Name of a metric of the pack's namespace.
        dimensions: Whose metric it is.
        threshold: In the metric's own unit.
        means: Description.
        statistic: Over each period.
        below: Whether it goes off below the threshold instead of above it.
        period_s: Seconds of a period.
        periods: Periods in a row that are bad before it goes off.
        missing: How periods without data count.
        is_split: Whether CloudWatch keeps the metric under more dimensions than these, with values that move: an
            alarm on these alone would never see a point, so it asks for the largest of all.
        others: Whose metric it is, too: the worst of all counts. CloudWatch takes ten in all.
    """

    id: str
    metric: str
    dimensions: Mapping[str, str]
    threshold: float
    means: str
    statistic: str = "Average"
    below: bool = False
    period_s: int = MINUTE_S
    periods: int = 5
    missing: Missing = SILENCE_SHOWS
    is_split: bool = False
    others: tuple[Mapping[str, str], ...] = ()


def define_alarms(
    scope: Construct, pack: tuple[Alarm, ...], topic_arn: str, *, namespace: str
) -> dict[str, cloudwatch.CfnAlarm]:
    """Define alarms that tell the topic when they go off and when it is over; CloudFormation names them."""
    return {alarm.id: _define(scope, alarm, topic_arn, namespace) for alarm in pack}


def _define(scope: Construct, alarm: Alarm, topic_arn: str, namespace: str) -> cloudwatch.CfnAlarm:
    return cloudwatch.CfnAlarm(
        scope,
        alarm.id,
        actions_enabled=True,
        alarm_actions=[topic_arn],
        alarm_description=alarm.means,
        comparison_operator="LessThanThreshold" if alarm.below else "GreaterThanThreshold",
        datapoints_to_alarm=alarm.periods,
        evaluation_periods=alarm.periods,
        ok_actions=[topic_arn],
        threshold=alarm.threshold,
        treat_missing_data=alarm.missing,
        **_watched(alarm, namespace),
    )


def _watched(alarm: Alarm, namespace: str) -> dict[str, Any]:
    if alarm.is_split:
        return {"metrics": [_query(alarm, namespace)]}
    return {"metrics": _worst(alarm, namespace)} if alarm.others else _measured(alarm, namespace)


def _measured(alarm: Alarm, namespace: str) -> dict[str, Any]:
    return {
        "dimensions": _pairs(alarm.dimensions),
        "metric_name": alarm.metric,
        "namespace": namespace,
        "period": alarm.period_s,
        "statistic": alarm.statistic,
    }


def _pairs(dimensions: Mapping[str, str]) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    return [cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in dimensions.items()]


def _query(alarm: Alarm, namespace: str) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id="largest",
        expression=largest(namespace, alarm.metric, alarm.dimensions),
        period=alarm.period_s,
        return_data=True,
    )


def _worst(alarm: Alarm, namespace: str) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    """Each metric under an id of its own, and the largest (smallest) of those that have data."""
    query = cloudwatch.CfnAlarm.MetricDataQueryProperty
    parts = [
        query(id=f"m{index}", metric_stat=_stat(alarm, namespace, dimensions), return_data=False)
        for index, dimensions in enumerate((alarm.dimensions, *alarm.others), start=1)
    ]
    ids = ", ".join(f"m{index}" for index in range(1, len(parts) + 1))
    function = "MIN" if alarm.below else "MAX"
    return [query(id="worst", expression=f"{function}([{ids}])", return_data=True), *parts]


def _stat(alarm: Alarm, namespace: str, dimensions: Mapping[str, str]) -> cloudwatch.CfnAlarm.MetricStatProperty:
    return cloudwatch.CfnAlarm.MetricStatProperty(
        metric=cloudwatch.CfnAlarm.MetricProperty(
            dimensions=_pairs(dimensions), metric_name=alarm.metric, namespace=namespace
        ),
        period=alarm.period_s,
        stat=alarm.statistic,
    )


def largest(namespace: str, metric: str, dimensions: Mapping[str, str]) -> str:
    """A query of CloudWatch Metrics Insights for the largest value, whatever other dimensions there are."""
    where = " AND ".join(f"{name} = '{value}'" for name, value in dimensions.items())
    return f'SELECT MAX({metric}) FROM "{namespace}" WHERE {where}'  # noqa: S608 - a metric's name and ours
