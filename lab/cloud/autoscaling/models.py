"""Application Auto Scaling: moto's register, with AWS's refusals, and what scaling needs to remember."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
)
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import JsonRESTError

from estate.schedules import read_schedule
from lab.cloud.autoscaling.caches import CACHES
from lab.cloud.autoscaling.readers import READERS
from lab.cloud.autoscaling.scaled import Place, Scaled, Where, place_of

KINDS: dict[str, Scaled] = {kind.namespace: kind for kind in (READERS, CACHES)}
"""What is modelled, by service namespace; others are moto's alone."""
COOLDOWN_S = 300
"""Both cool-downs where a policy sets none. [Application Auto Scaling user guide, "Define cooldown periods"]"""


class ObjectNotFoundError(JsonRESTError):  # type: ignore[misc]
    """There is no such target or policy. [B] application-autoscaling ObjectNotFoundException"""

    def __init__(self, message: str) -> None:
        super().__init__("ObjectNotFoundException", message)


@dataclass(kw_only=True, slots=True)
class Activity:
    """One scaling activity, as DescribeScalingActivities shows it."""

    namespace: str
    resource_id: str
    dimension: str
    description: str
    cause: str
    start: dt.datetime
    refusal: str = ""  # why the service did not do it
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class ScalingBackend(ApplicationAutoscalingBackend):  # type: ignore[misc]
    """One account's Application Auto Scaling in one Region.

    `loads` are metrics by namespace and resource, as the lab was told; `last_out` and `last_in` start cool-downs.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tags: dict[str, dict[str, str]] = {}
        self.activities: list[Activity] = []
        self.loads: dict[tuple[str, str], dict[str, float]] = {}
        self.last_out: dict[Place, dt.datetime] = {}
        self.last_in: dict[Place, dt.datetime] = {}
        self.last_run: dict[str, dt.datetime] = {}

    def where(self, kind: Scaled, resource_id: str) -> Where:
        return Where(self.account_id, self.region_name, resource_id.removeprefix(kind.prefix))

    # --- targets

    def register_scalable_target(self, namespace: str, r_id: str, dimension: str, **given: Any) -> Any:
        kind = KINDS.get(namespace)
        if kind is not None:
            known = self.targets.get(dimension, {}).get(r_id)
            least, most = given["min_capacity"], given["max_capacity"]
            if not r_id.startswith(kind.prefix):
                raise AWSValidationException(f"Unsupported resource ID {r_id} for service namespace {namespace}")
            kind.check(self.where(kind, r_id), dimension, least, most)
            _check_bounds(known, least, most)
        target = self._register(namespace, r_id, dimension, **given)
        if kind is not None:
            role = f"arn:aws:iam::{self.account_id}:role/aws-service-role/{kind.role}"
            target.role_arn = target.role_arn or role
        suspended = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
        target.suspended_state = {**dict.fromkeys(suspended, False), **(target.suspended_state or {})}
        return target

    def _register(self, namespace: str, r_id: str, dimension: str, **given: Any) -> Any:
        """By moto, which knows no namespace of caches and refuses it."""
        if namespace != CACHES.namespace:
            return super().register_scalable_target(namespace, r_id, dimension, **given)
        known = self.targets.setdefault(dimension, {}).get(r_id)
        if known is not None:
            known.update(given["min_capacity"], given["max_capacity"], given["suspended_state"])
            return known
        target = FakeScalableTarget(self, namespace, r_id, dimension, **given)
        self.targets[dimension][r_id] = target
        return target

    def deregister_scalable_target(self, namespace: str, r_id: str, dimension: str) -> None:
        """Forget it: "deregistering a scalable target deletes the scaling policies and the scheduled actions
        that are associated with it"; what was added stays. [B] DeregisterScalableTarget
        """
        if r_id not in self.targets.get(dimension, {}):
            raise ObjectNotFoundError(
                f"No scalable target found for service namespace: {namespace}, resource ID: {r_id}, "
                f"scalable dimension: {dimension}"
            )
        place = Place(r_id, dimension)
        for policy in self.policies_of(place):
            self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
        self.scheduled_actions[:] = [action for action in self.scheduled_actions if place_of(action) != place]
        self.tags.pop(self.targets[dimension][r_id].arn, None)
        super().deregister_scalable_target(namespace, r_id, dimension)

    def _require_target(self, namespace: str, r_id: str, dimension: str) -> None:
        if r_id not in self.targets.get(dimension, {}):
            raise ObjectNotFoundError(
                f"No scalable target registered for service namespace: {namespace}, resource ID: {r_id}, "
                f"scalable dimension: {dimension}"
            )

    # --- policies

    def policies_of(self, place: Place) -> list[Any]:
        return [policy for policy in self.policies.values() if place_of(policy) == place]

    def put_scaling_policy(self, **given: Any) -> Any:
        """One policy for each metric; a policy that is put again keeps its ARN, where moto makes another."""
        place = [given[name] for name in ("service_namespace", "resource_id", "scalable_dimension")]
        kind = KINDS.get(place[0])
        if kind is None:
            return super().put_scaling_policy(**given)
        self._require_target(*place)
        self._check_metric(kind, **given)
        old = self.policies.get(FakeApplicationAutoscalingPolicy.formulate_key(*place, given["policy_name"]))
        if old is not None:
            old.delete_alarms(self.account_id, self.region_name)
        policy = super().put_scaling_policy(**given)
        if old is not None:
            policy.policy_arn, policy.creation_time = old.policy_arn, old.creation_time
        policy.alarms = self._alarms(kind, policy)
        return policy

    def _check_metric(
        self,
        kind: Scaled,
        *,
        policy_name: str,
        resource_id: str,
        scalable_dimension: str,
        policy_body: Any,
        policy_type: str,
        **_: Any,
    ) -> None:
        metric = metric_of(policy_body)
        known = kind.metrics.get(str(metric))
        if policy_type != "TargetTrackingScaling" or known is None:
            raise NotImplementedError(f"{policy_type} by {metric} is not modelled by the embedded AWS")
        if known.dimension not in {"", scalable_dimension}:
            raise AWSValidationException(f"{metric} is not supported for scalable dimension {scalable_dimension}")
        kind.check_policy(self.where(kind, resource_id), str(metric), float(policy_body["TargetValue"]))
        policies = self.policies_of(Place(resource_id, scalable_dimension))
        others = [each for each in policies if each.policy_name != policy_name]
        if metric in [metric_of(each.target_tracking_scaling_policy_configuration) for each in others]:
            raise AWSValidationException(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed."
            )

    def _alarms(self, kind: Scaled, policy: Any) -> list[Any]:
        """The two alarms that AWS makes for a policy, over the same metric. [A4 creating_alarms; E4 AutoScaling]"""
        body = policy.target_tracking_scaling_policy_configuration
        metric, target = kind.metrics[str(metric_of(body))], float(body["TargetValue"])
        cloudwatch = cloudwatch_backends[self.account_id][self.region_name]
        dimensions = metric.dimensions(self.where(kind, policy.resource_id).name)
        low = target * kind.slack
        rows = (("AlarmHigh", "GreaterThanThreshold", 3, target), ("AlarmLow", "LessThanThreshold", 15, low))
        return [
            cloudwatch.put_metric_alarm(
                name=f"TargetTracking-{policy.resource_id}-{label}-{uuid.uuid4()}",
                namespace=kind.cloudwatch,
                metric_name=metric.name,
                metric_data_queries=[],
                comparison_operator=comparison,
                evaluation_periods=periods,
                period=60,
                threshold=threshold,
                statistic="Average",
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
                dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
                alarm_actions=[policy.policy_arn],
            )
            for label, comparison, periods, threshold in rows
        ]

    # --- scheduled actions

    def put_scheduled_action(self, service_namespace: str, schedule: str, timezone: str, **given: Any) -> None:
        if service_namespace in KINDS:
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
