"""Application Auto Scaling for Aurora: moto's register, with its refusals, and what scaling needs to remember."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeApplicationAutoscalingPolicy
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import JsonRESTError
from moto.rds.models import rds_backends

from estate.schedules import read_schedule

RDS = "rds"
PREFIX = "cluster:"
ROLE = "AWSServiceRoleForApplicationAutoScaling_RDSCluster"
METRICS = {
    "RDSReaderAverageCPUUtilization": "CPUUtilization",
    "RDSReaderAverageDatabaseConnections": "DatabaseConnections",
}
COOLDOWN_S = 300
"""Both cool-downs where a policy sets none. [Application Auto Scaling user guide, "Define cooldown periods"]"""
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ObjectNotFoundError(JsonRESTError):  # type: ignore[misc]
    """There is no such target or policy. [B] application-autoscaling ObjectNotFoundException"""

    def __init__(self, message: str) -> None:
        super().__init__("ObjectNotFoundException", message)


@dataclass(kw_only=True, slots=True)
class Activity:
    """One scaling activity, as DescribeScalingActivities shows it."""

    resource_id: str
    dimension: str
    description: str
    cause: str
    start: dt.datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class ScalingBackend(ApplicationAutoscalingBackend):  # type: ignore[misc]
    """One account's Application Auto Scaling in one Region.

    `loads` are the readers' metrics by cluster, as the lab was told; `last_out` and `last_in` start cool-downs.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tags: dict[str, dict[str, str]] = {}
        self.activities: list[Activity] = []
        self.loads: dict[str, dict[str, float]] = {}
        self.last_out: dict[str, dt.datetime] = {}
        self.last_in: dict[str, dt.datetime] = {}
        self.last_run: dict[str, dt.datetime] = {}

    # --- targets

    def register_scalable_target(self, namespace: str, r_id: str, dimension: str, **given: Any) -> Any:
        if namespace == RDS:
            known = self.targets.get(dimension, {}).get(r_id)
            self._check_cluster(r_id)
            _check_bounds(known, given["min_capacity"], given["max_capacity"])
        target = super().register_scalable_target(namespace, r_id, dimension, **given)
        role = f"role/aws-service-role/rds.application-autoscaling.amazonaws.com/{ROLE}"
        target.role_arn = target.role_arn or f"arn:aws:iam::{self.account_id}:{role}"
        kinds = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
        target.suspended_state = {**dict.fromkeys(kinds, False), **(target.suspended_state or {})}
        return target

    def _check_cluster(self, resource_id: str) -> None:
        """A cluster with a reader at least: "you must first create an Aurora DB cluster with a primary and one or
        more Aurora Replicas". [A4 aurora-integrating-autoscaling]
        """
        name = resource_id.removeprefix(PREFIX)
        cluster = rds_backends[self.account_id][self.region_name].clusters.get(name)
        if not resource_id.startswith(PREFIX) or cluster is None:
            raise AWSValidationException(f"DB cluster does not exist: {resource_id}")
        if len(cluster.clustered) <= 1:
            raise AWSValidationException(f"DB cluster {name} has no Aurora Replica to scale from")

    def deregister_scalable_target(self, namespace: str, r_id: str, dimension: str) -> None:
        """Forget it: "deregistering a scalable target deletes the scaling policies and the scheduled actions
        that are associated with it"; readers that were added stay. [B] DeregisterScalableTarget
        """
        if r_id not in self.targets.get(dimension, {}):
            raise ObjectNotFoundError(
                f"No scalable target found for service namespace: {namespace}, resource ID: {r_id}, "
                f"scalable dimension: {dimension}"
            )
        for policy in self.policies_of(r_id):
            self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
        self.scheduled_actions[:] = [action for action in self.scheduled_actions if action.resource_id != r_id]
        self.tags.pop(self.targets[dimension][r_id].arn, None)
        super().deregister_scalable_target(namespace, r_id, dimension)

    def _require_target(self, namespace: str, r_id: str, dimension: str) -> None:
        if r_id not in self.targets.get(dimension, {}):
            raise ObjectNotFoundError(
                f"No scalable target registered for service namespace: {namespace}, resource ID: {r_id}, "
                f"scalable dimension: {dimension}"
            )

    # --- policies

    def policies_of(self, resource_id: str) -> list[Any]:
        return [policy for policy in self.policies.values() if policy.resource_id == resource_id]

    def put_scaling_policy(self, **given: Any) -> Any:
        """One policy for each metric; a policy that is put again keeps its ARN, where moto makes another."""
        place = [given[name] for name in ("service_namespace", "resource_id", "scalable_dimension")]
        if place[0] != RDS:
            return super().put_scaling_policy(**given)
        self._require_target(*place)
        self._check_metric(**given)
        old = self.policies.get(FakeApplicationAutoscalingPolicy.formulate_key(*place, given["policy_name"]))
        if old is not None:
            old.delete_alarms(self.account_id, self.region_name)
        policy = super().put_scaling_policy(**given)
        if old is not None:
            policy.policy_arn, policy.creation_time = old.policy_arn, old.creation_time
        policy.alarms = self._alarms(policy)
        return policy

    def _check_metric(self, policy_name: str, resource_id: str, policy_body: Any, policy_type: str, **_: Any) -> None:
        metric = metric_of(policy_body)
        if policy_type != "TargetTrackingScaling" or metric not in METRICS:
            raise NotImplementedError(f"{policy_type} by {metric} is not modelled by the embedded AWS")
        others = [each for each in self.policies_of(resource_id) if each.policy_name != policy_name]
        if metric in [metric_of(each.target_tracking_scaling_policy_configuration) for each in others]:
            raise AWSValidationException(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed."
            )

    def _alarms(self, policy: Any) -> list[Any]:
        """The two alarms that AWS makes for a policy, over the readers' metric. [A4 creating_alarms]"""
        body = policy.target_tracking_scaling_policy_configuration
        metric, target = METRICS[str(metric_of(body))], float(body["TargetValue"])
        cloudwatch = cloudwatch_backends[self.account_id][self.region_name]
        cluster = policy.resource_id.removeprefix(PREFIX)
        rows = (("AlarmHigh", "GreaterThanThreshold", 3, target), ("AlarmLow", "LessThanThreshold", 15, target * 0.9))
        return [
            cloudwatch.put_metric_alarm(
                name=f"TargetTracking-{policy.resource_id}-{kind}-{uuid.uuid4()}",
                namespace="AWS/RDS",
                metric_name=metric,
                metric_data_queries=[],
                comparison_operator=comparison,
                evaluation_periods=periods,
                period=60,
                threshold=threshold,
                statistic="Average",
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
                dimensions=[{"Name": "DBClusterIdentifier", "Value": cluster}, {"Name": "Role", "Value": "READER"}],
                alarm_actions=[policy.policy_arn],
            )
            for kind, comparison, periods, threshold in rows
        ]

    # --- scheduled actions

    def put_scheduled_action(self, service_namespace: str, schedule: str, timezone: str, **given: Any) -> None:
        if service_namespace == RDS:
            self._require_target(service_namespace, given["resource_id"], given["scalable_dimension"])
            said = read_schedule(schedule)
            if isinstance(said, str):
                raise AWSValidationException(f"Invalid schedule {schedule}: it {said}")
            if given.get("start_time") or given.get("end_time"):
                raise NotImplementedError("StartTime and EndTime are not modelled by the embedded AWS")
        super().put_scheduled_action(service_namespace, schedule, timezone, **given)

    # --- tags

    def target_by_arn(self, arn: str) -> Any:
        for targets in self.targets.values():
            for target in targets.values():
                if target.arn == arn:
                    return target
        raise ObjectNotFoundError(f"No scalable target found for ARN: {arn}")


def metric_of(body: dict[str, Any]) -> str | None:
    """Name of a policy's predefined metric."""
    name = body.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    return str(name) if name is not None else None


def _check_bounds(known: Any, least: int | None, most: int | None) -> None:
    """Both bounds for a new target; the minimum never above the maximum."""
    least = known.min_capacity if known is not None and least is None else least
    most = known.max_capacity if known is not None and most is None else most
    if least is None or most is None:
        raise AWSValidationException("Minimum capacity and maximum capacity are required to register a new target.")
    if most < least:
        raise AWSValidationException("Maximum capacity cannot be less than minimum capacity.")
