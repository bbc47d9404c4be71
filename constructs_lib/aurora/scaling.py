"""Replica auto scaling: a scalable target, a policy for each metric, scheduled actions, an alarm at the maximum."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from estate.scaling import AutoscalingSpec, ScheduleSpec

NAMESPACE, DIMENSION = "rds", "rds:cluster:ReadReplicaCount"
CPU, CONNECTIONS = "RDSReaderAverageCPUUtilization", "RDSReaderAverageDatabaseConnections"
MAXIMUM_MINUTES = 10
"""Minutes at the maximum that make an alarm: longer than a burst, and than the default cool-down. Ours."""


class ReplicaScaling(Construct):
    """Let Application Auto Scaling add readers to a cluster, and take away those that it added.

    Both bounds count all readers of the cluster. An added reader has the writer's class and the last promotion tier;
    it joins the reader endpoint and custom endpoints with a list of exclusions. With both metrics it adds readers when
    one asks for them, and removes some only when both agree. The service-linked role is the service's own matter.
    Stopping it removes no reader: what it added is deleted by hand, before the cluster is.

    Args:
        identifier: The cluster's identifier.
        spec: Bounds, targets and schedules.
        after: What must exist first: the cluster's instances, since there is nothing to scale without a reader.
        topic_arn: Topic that the alarm at the maximum tells; there is no alarm without one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: AutoscalingSpec,
        after: Iterable[cdk.CfnResource] = (),
        topic_arn: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self.cfn_target = self._define_target()
        for resource in after:
            self.cfn_target.add_resource_dependency(resource)
        targets = {"cpu": (CPU, spec.cpu_percent), "connections": (CONNECTIONS, spec.connections)}
        self.cfn_policies = {
            name: self._define_policy(name, metric, target)
            for name, (metric, target) in targets.items()
            if target is not None
        }
        self.cfn_alarm = self._define_alarm(topic_arn) if topic_arn is not None else None

    def _define_target(self) -> autoscaling.CfnScalableTarget:
        schedules = self.spec.schedules.items()
        return autoscaling.CfnScalableTarget(
            self,
            "Target",
            max_capacity=self.spec.max_readers,
            min_capacity=self.spec.min_readers,
            resource_id=f"cluster:{self.identifier}",
            scalable_dimension=DIMENSION,
            scheduled_actions=[_action(name, schedule) for name, schedule in schedules] or None,
            service_namespace=NAMESPACE,
        )

    def _define_policy(self, name: str, metric: str, target: int) -> autoscaling.CfnScalingPolicy:
        return autoscaling.CfnScalingPolicy(
            self,
            name.capitalize(),
            policy_name=f"{self.identifier}-{name}",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.cfn_target.ref,
            target_tracking_scaling_policy_configuration=autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type=metric
                ),
                scale_in_cooldown=self.spec.scale_in_cooldown_s,
                scale_out_cooldown=self.spec.scale_out_cooldown_s,
                target_value=target,
            ),
        )

    def _define_alarm(self, topic_arn: str) -> cloudwatch.CfnAlarm:
        """Go off at the largest maximum there is; the threshold lies between it and one reader less."""
        most = self.spec.most_readers
        return cloudwatch.CfnAlarm(
            self,
            "Maximum",
            actions_enabled=True,
            alarm_actions=[topic_arn],
            alarm_description=f"{self.identifier}: {most} readers, the most that auto scaling may have, for "
            f"{MAXIMUM_MINUTES} minutes. It adds no more whatever the load is. Look for what the readers do; raise "
            "max_readers, or take a larger class.",
            comparison_operator="GreaterThanThreshold",
            datapoints_to_alarm=MAXIMUM_MINUTES,
            evaluation_periods=MAXIMUM_MINUTES,
            metrics=reader_count(self.identifier),
            ok_actions=[topic_arn],
            threshold=most - 0.5,
            treat_missing_data="notBreaching",
        )


def reader_count(identifier: str) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    """How many readers report: their samples in a minute over those of the one writer.

    RDS publishes no count. Every instance reports its CPU, and CloudWatch keeps the sum of a cluster's instances in
    each role; the number of samples in it, over that of the writer alone, is the number of readers.
    """
    count = cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id="count", expression="readers / writers", label=f"Readers of {identifier}", return_data=True
    )
    return [count, *(_samples(identifier, role) for role in ("READER", "WRITER"))]


def _samples(identifier: str, role: str) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    dimensions = {"DBClusterIdentifier": identifier, "Role": role}
    metric = cloudwatch.CfnAlarm.MetricProperty(
        dimensions=[
            cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in dimensions.items()
        ],
        metric_name="CPUUtilization",
        namespace="AWS/RDS",
    )
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=f"{role.lower()}s",
        metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(metric=metric, period=60, stat="SampleCount"),
        return_data=False,
    )


def _action(name: str, schedule: ScheduleSpec) -> autoscaling.CfnScalableTarget.ScheduledActionProperty:
    return autoscaling.CfnScalableTarget.ScheduledActionProperty(
        scalable_target_action=autoscaling.CfnScalableTarget.ScalableTargetActionProperty(
            max_capacity=schedule.max_readers, min_capacity=schedule.min_readers
        ),
        schedule=schedule.at,
        scheduled_action_name=name,
        timezone=schedule.timezone,
    )
