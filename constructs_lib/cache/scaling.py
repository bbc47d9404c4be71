"""Auto scaling of shards and of replicas: a scalable target for each, its policies, scheduled actions."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from estate.caches.scaling import CacheAutoscalingSpec, Schedule, Side, targets_of

NAMESPACE = "elasticache"
DIMENSIONS = {
    "shards": "elasticache:replication-group:NodeGroups",
    "replicas": "elasticache:replication-group:Replicas",
}
METRICS = {
    ("shards", "cpu_percent"): "ElastiCachePrimaryEngineCPUUtilization",
    ("shards", "memory_percent"): "ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage",
    ("replicas", "cpu_percent"): "ElastiCacheReplicaEngineCPUUtilization",
}
CAPACITY = "ElastiCacheDatabaseCapacityUsageCountedForEvictPercentage"
"""Memory and SSDs together, which nodes with data tiering scale by: their memory is meant to be full.

[E4 AutoScaling-Scaling-Policies-Target]
"""


class CacheScaling(Construct):
    """Let Application Auto Scaling add shards or replicas to a replication group, and take them away again.

    Shards come and go by online resharding: slots move with their keys while the group serves. Replicas come and go
    in every shard at once. With two targets it adds when one asks for it, and removes only when both agree. The
    service-linked role is the service's own matter. Deleting this leaves the group as large as it is then.

    The group's own template says how many shards and replicas it is born with. CloudFormation compares templates, not
    the group: a later deployment leaves what auto scaling reached, unless it changes those very numbers.

    Args:
        identifier: The group's identifier.
        spec: Bounds, targets and schedules.
        data_tiering: Whether the nodes keep data on SSDs: then `memory_percent` counts these, too.
        after: The group, which must exist first.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: CacheAutoscalingSpec,
        data_tiering: bool = False,
        after: cdk.CfnResource | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self.data_tiering = data_tiering
        self.cfn_targets = {name: self._define_target(name, side, after) for name, side in spec.sides.items()}
        self.cfn_policies = {
            (name, setting): self._define_policy(name, side, setting, target)
            for name, side in spec.sides.items()
            for setting, target in targets_of(side).items()
        }

    def _define_target(self, name: str, side: Side, after: cdk.CfnResource | None) -> autoscaling.CfnScalableTarget:
        target = autoscaling.CfnScalableTarget(
            self,
            name.capitalize(),
            max_capacity=side.max,
            min_capacity=side.min,
            resource_id=f"replication-group/{self.identifier}",
            scalable_dimension=DIMENSIONS[name],
            scheduled_actions=[_action(key, schedule) for key, schedule in side.schedules.items()] or None,
            service_namespace=NAMESPACE,
        )
        if after is not None:
            target.add_resource_dependency(after)
        return target

    def _define_policy(self, name: str, side: Side, setting: str, target: int) -> autoscaling.CfnScalingPolicy:
        kind = setting.removesuffix("_percent")
        return autoscaling.CfnScalingPolicy(
            self,
            f"{name.capitalize()}{kind.capitalize()}",
            policy_name=f"{self.identifier}-{name}-{kind}",
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.cfn_targets[name].ref,
            target_tracking_scaling_policy_configuration=autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                disable_scale_in=None if side.scale_in else True,
                predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type=self._metric(name, setting)
                ),
                scale_in_cooldown=side.scale_in_cooldown_s,
                scale_out_cooldown=side.scale_out_cooldown_s,
                target_value=target,
            ),
        )

    def _metric(self, name: str, setting: str) -> str:
        if setting == "memory_percent" and self.data_tiering:
            return CAPACITY
        return METRICS[name, setting]


def _action(name: str, schedule: Schedule) -> autoscaling.CfnScalableTarget.ScheduledActionProperty:
    return autoscaling.CfnScalableTarget.ScheduledActionProperty(
        scalable_target_action=autoscaling.CfnScalableTarget.ScalableTargetActionProperty(
            max_capacity=schedule.max, min_capacity=schedule.min
        ),
        schedule=schedule.at,
        scheduled_action_name=name,
        timezone=schedule.timezone,
    )
