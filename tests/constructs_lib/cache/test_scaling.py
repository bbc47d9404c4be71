"""Auto scaling of a replication group: its targets, policies and scheduled actions in the template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.cache.replication_group import ReplicationGroup
from constructs_lib.cache.scaling import CacheScaling
from estate.caches.scaling import CacheAutoscalingSpec, ShardScalingSpec
from tests.support.specs import valkey, vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize_one

TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"
SCALING: dict[str, Any] = {
    "shards": {
        "min": 2,
        "max": 6,
        "memory_percent": 60,
        "schedules": {
            "morning": {"at": "cron(0 7 ? * MON-FRI *)", "timezone": "Europe/Berlin", "min": 4},
            "once": {"at": "at(2026-11-27T06:00:00)", "max": 8},
        },
    },
    "replicas": {"min": 1, "max": 3, "cpu_percent": 50, "scale_in": False, "scale_out_cooldown_s": 60},
}
GROWS = {"parameters": {"maxmemory-policy": "noeviction"}}


def template(out: Path, **changes: Any) -> Template:
    spec = valkey(**{**GROWS, **changes})
    return synthesize_one(
        out,
        lambda stack: ReplicationGroup(
            stack, "Cache", identifier="shop-sessions", spec=spec, vpc=vpc_of_the_caller(stack)
        ),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("made"), autoscaling=SCALING)


def targets(made: Template) -> dict[str, dict[str, Any]]:
    found = [each["Properties"] for each in resources(made, TARGET).values()]
    return {each["ScalableDimension"].rpartition(":")[2]: each for each in found}


def policies(made: Template) -> dict[str, dict[str, Any]]:
    found = [each["Properties"] for each in resources(made, POLICY).values()]
    return {each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"] for each in found}


def test_shards_and_replicas_are_a_target_each(made: Template) -> None:
    found = targets(made)
    assert {name: (each["MinCapacity"], each["MaxCapacity"]) for name, each in found.items()} == {
        "NodeGroups": (2, 6),
        "Replicas": (1, 3),
    }
    for each in found.values():
        assert (each["ServiceNamespace"], each["ResourceId"]) == ("elasticache", "replication-group/shop-sessions")
        assert each["ScalableDimension"].startswith("elasticache:replication-group:")


def test_the_group_is_there_first(made: Template) -> None:
    (group,) = resources(made, "AWS::ElastiCache::ReplicationGroup")
    assert {tuple(each["DependsOn"]) for each in resources(made, TARGET).values()} == {(group,)}


def test_each_target_has_its_metric(made: Template) -> None:
    metrics = {
        name: body["PredefinedMetricSpecification"]["PredefinedMetricType"] for name, body in policies(made).items()
    }
    assert metrics == {
        "shop-sessions-shards-memory": "ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage",
        "shop-sessions-replicas-cpu": "ElastiCacheReplicaEngineCPUUtilization",
    }


def test_cool_downs_and_whether_it_scales_in(made: Template) -> None:
    shards, replicas = (policies(made)[f"shop-sessions-{name}"] for name in ("shards-memory", "replicas-cpu"))
    assert (shards["TargetValue"], shards["ScaleInCooldown"], shards["ScaleOutCooldown"]) == (60, 600, 300)
    assert "DisableScaleIn" not in shards
    assert (replicas["TargetValue"], replicas["ScaleOutCooldown"], replicas["DisableScaleIn"]) == (50, 60, True)


def test_a_schedule_leaves_the_bound_it_does_not_name(made: Template) -> None:
    actions = {each["ScheduledActionName"]: each for each in targets(made)["NodeGroups"]["ScheduledActions"]}
    assert actions["morning"]["ScalableTargetAction"] == {"MinCapacity": 4}
    assert actions["morning"]["Timezone"] == "Europe/Berlin"
    assert actions["once"]["ScalableTargetAction"] == {"MaxCapacity": 8}


def test_tiered_nodes_scale_by_memory_and_ssds_together(tmp_path: Path) -> None:
    made = template(tmp_path, node_class="cache.r6gd.xlarge", autoscaling={"shards": SCALING["shards"]})
    (body,) = policies(made).values()
    metric = body["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert metric == "ElastiCacheDatabaseCapacityUsageCountedForEvictPercentage"


def test_the_number_of_shards_is_still_said(made: Template) -> None:
    """It is what the group is born with, and what CloudFormation compares: see the option's page."""
    properties = only(made, "AWS::ElastiCache::ReplicationGroup")
    assert (properties["NumNodeGroups"], properties["ReplicasPerNodeGroup"]) == (2, 1)


def test_it_scales_a_group_of_somebody_else(tmp_path: Path) -> None:
    def scaling(stack: cdk.Stack) -> CacheScaling:
        shards = ShardScalingSpec(min=1, max=3, cpu_percent=60, memory_percent=50)
        return CacheScaling(stack, "Scaling", identifier="legacy", spec=CacheAutoscalingSpec(shards=shards))

    made = synthesize_one(tmp_path, scaling)
    assert list(policies(made)) == ["legacy-shards-cpu", "legacy-shards-memory"]
    (target,) = resources(made, TARGET).values()
    assert "DependsOn" not in target


def test_without_it_nothing_is_scaled(tmp_path: Path) -> None:
    assert resources(template(tmp_path), TARGET) == {}
