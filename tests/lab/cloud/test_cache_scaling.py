"""Auto scaling of shards and replicas, deployed to the embedded AWS, and at work there.

Every number that is expected is one of ElastiCache's user guide, "Auto Scaling Valkey and Redis OSS clusters".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estate.load import load_text
from lab.cloud.autoscaling.caches import CAPACITY, MEMORY, PRIMARY_CPU, REPLICA_CPU, REPLICAS, SHARDS
from lab.cloud.autoscaling.decide import Reading, decide
from lab.cloud.autoscaling.evaluate import UnknownClusterError, evaluate_all, loads_of, set_load
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.synthesis import Template, synthesize

NOW = dt.datetime(2026, 11, 23, 5, 30, tzinfo=dt.UTC)  # a Monday, half past six in Berlin
MINUTE = dt.timedelta(minutes=1)
FEED = {"ServiceNamespace": "elasticache", "ResourceId": "replication-group/surge-feed"}
SURGE = """\
estate: surge
defaults: "2026-11"
regions: [eu-west-1]
protection: off
caches:
  feed:
    shards: 2
    snapshot_retention_days: DAYS
    autoscaling:
      shards:
        min: 2
        max: 6
        cpu_percent: 60
        schedules: {morning: {at: "cron(0 7 ? * MON-FRI *)", timezone: Europe/Berlin, min: 4}}
      replicas: {min: 1, max: 3, cpu_percent: 50, scale_in: off}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Template]]:
    """The estate's templates, by days of snapshots, synthesized once each."""
    known: dict[str, dict[str, Template]] = {}

    def with_days(days: str) -> dict[str, Template]:
        if days not in known:
            estate = load_text(SURGE.replace("DAYS", days)).estate
            known[days] = synthesize(tmp_path_factory.mktemp("surge"), lambda app: compose(app, estate))
        return known[days]

    return with_days


@pytest.fixture
def surge(aws: Aws, made: Callable[[str], dict[str, Template]]) -> Aws:
    for name in ("surge-network", "surge-cache-feed"):
        stack = aws.deploy(name, made("7")[name])
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)
    return aws


def make_group(aws: Aws, **more: Any) -> None:
    """The same group by hand: a template takes a second to deploy."""
    settings = {"Engine": "valkey", "CacheNodeType": "cache.r7g.large", "NumNodeGroups": 2, "ReplicasPerNodeGroup": 1}
    aws("elasticache").create_replication_group(
        ReplicationGroupId="surge-feed",
        ReplicationGroupDescription="surge-feed",
        AutomaticFailoverEnabled=True,
        **{**settings, **more},
    )


def track(aws: Aws, dimension: str, metric: str, target: int, **more: Any) -> None:
    body = {"PredefinedMetricSpecification": {"PredefinedMetricType": metric}, "TargetValue": target, **more}
    aws("application-autoscaling").put_scaling_policy(
        **FEED,
        ScalableDimension=dimension,
        PolicyName=f"{metric}-{target}",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=body,
    )


@pytest.fixture
def feed(aws: Aws) -> Aws:
    """Two shards of two nodes that follow the primaries' CPU, and replicas that follow theirs."""
    make_group(aws)
    register = aws("application-autoscaling").register_scalable_target
    register(**FEED, ScalableDimension=SHARDS, MinCapacity=1, MaxCapacity=6)
    register(**FEED, ScalableDimension=REPLICAS, MinCapacity=1, MaxCapacity=3)
    track(aws, SHARDS, "ElastiCachePrimaryEngineCPUUtilization", 60)
    track(aws, REPLICAS, "ElastiCacheReplicaEngineCPUUtilization", 50)
    return aws


def load(values: dict[str, float], now: dt.datetime) -> dict[str, Any]:
    return set_load("surge-feed", values, now, namespace="elasticache")


def shape(aws: Aws) -> tuple[int, ...]:
    """Nodes of each shard."""
    (group,) = aws("elasticache").describe_replication_groups(ReplicationGroupId="surge-feed")["ReplicationGroups"]
    return tuple(len(shard["NodeGroupMembers"]) for shard in group["NodeGroups"])


def slots(aws: Aws) -> int:
    (group,) = aws("elasticache").describe_replication_groups(ReplicationGroupId="surge-feed")["ReplicationGroups"]
    held = [part.split("-") for shard in group["NodeGroups"] for part in shard["Slots"].split(",")]
    return sum(int(ends[-1]) - int(ends[0]) + 1 for ends in held)


def causes(aws: Aws) -> list[str]:
    """Why each activity was, newest first."""
    found = aws("application-autoscaling").describe_scaling_activities(ServiceNamespace="elasticache")
    return [str(each["Cause"]) for each in found["ScalingActivities"]]


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


# Deployed


def test_everything_declared_can_be_read_back(surge: Aws) -> None:
    scaling = surge("application-autoscaling")
    found = scaling.describe_scalable_targets(ServiceNamespace="elasticache")["ScalableTargets"]
    targets = {each["ScalableDimension"]: each for each in found}
    assert {name: (each["MinCapacity"], each["MaxCapacity"]) for name, each in targets.items()} == {
        SHARDS: (2, 6),
        REPLICAS: (1, 3),
    }
    role = "/AWSServiceRoleForApplicationAutoScaling_ElastiCacheRG"
    assert all(each["RoleARN"].endswith(role) for each in found)
    policies = scaling.describe_scaling_policies(ServiceNamespace="elasticache")["ScalingPolicies"]
    bodies = {each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"] for each in policies}
    assert {name: (body["TargetValue"], body.get("DisableScaleIn", False)) for name, body in bodies.items()} == {
        "surge-feed-shards-cpu": (60, False),
        "surge-feed-replicas-cpu": (50, True),
    }
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="elasticache")["ScheduledActions"]
    assert (action["ScalableDimension"], action["ScalableTargetAction"]) == (SHARDS, {"MinCapacity": 4})


def test_each_policy_has_the_two_alarms_that_aws_makes(surge: Aws) -> None:
    """Over `ReplicationGroupId, Role`; "won't auto scale-in unless ... below 75 percent of your defined Target"."""
    alarms = surge("cloudwatch").describe_alarms()["MetricAlarms"]
    made = {
        ({each["Name"]: each["Value"] for each in alarm["Dimensions"]}["Role"], alarm["Threshold"])
        for alarm in alarms
        if alarm["AlarmName"].startswith("TargetTracking-")
    }
    assert made == {("Primary", 60), ("Primary", 45), ("Replica", 50), ("Replica", 37.5)}
    assert {alarm["Namespace"] for alarm in alarms} == {"AWS/ElastiCache"}


def test_a_deployment_leaves_what_auto_scaling_reached(surge: Aws, made: Callable[[str], dict[str, Template]]) -> None:
    """CloudFormation compares templates: a number of shards that did not change there is not set again."""
    load({PRIMARY_CPU: 90}, NOW)
    assert shape(surge) == (2, 2, 2)
    stack = surge.deploy("surge-cache-feed", made("8")["surge-cache-feed"])
    assert stack["StackStatus"] == "UPDATE_COMPLETE", surge.reasons("surge-cache-feed")
    (group,) = surge("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (len(group["NodeGroups"]), group["SnapshotRetentionLimit"]) == (3, 8)


def test_deleting_the_stack_leaves_nothing(surge: Aws) -> None:
    load({PRIMARY_CPU: 90, REPLICA_CPU: 90}, NOW)
    surge("cloudformation").delete_stack(StackName="surge-cache-feed")
    scaling = surge("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="elasticache")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="elasticache")["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(ServiceNamespace="elasticache")["ScheduledActions"] == []
    assert surge("elasticache").describe_replication_groups()["ReplicationGroups"] == []
    names = [each["AlarmName"] for each in surge("cloudwatch").describe_alarms()["MetricAlarms"]]
    assert not any(name.startswith("TargetTracking-") for name in names)


# At work


def test_a_breach_adds_shards_and_moves_slots(feed: Aws) -> None:
    said = load({PRIMARY_CPU: 75}, NOW)
    assert shape(feed) == (2, 2, 2)
    assert slots(feed) == 16_384
    assert (said["shards"], said["replicas"], said["scales"]) == (3, 1, True)
    assert causes(feed) == ["policy ElastiCachePrimaryEngineCPUUtilization-60: 75 is above the target of 60"]


def test_replicas_are_added_to_every_shard_alike(feed: Aws) -> None:
    load({REPLICA_CPU: 65}, NOW)
    assert shape(feed) == (3, 3)


def test_what_scales_shards_does_not_scale_replicas(feed: Aws) -> None:
    load({PRIMARY_CPU: 90}, NOW)
    load({PRIMARY_CPU: 60, REPLICA_CPU: 90}, NOW + MINUTE)
    assert shape(feed) == (3, 3, 3)


def test_never_more_than_the_maximum(feed: Aws) -> None:
    load({PRIMARY_CPU: 100}, NOW)
    for minutes in range(6, 60, 6):
        evaluate_all(NOW + minutes * MINUTE)
    assert len(shape(feed)) == 6


def test_nothing_is_added_within_the_cool_down(feed: Aws) -> None:
    load({PRIMARY_CPU: 61}, NOW)
    evaluate_all(NOW + dt.timedelta(seconds=299))
    assert len(shape(feed)) == 3
    evaluate_all(NOW + dt.timedelta(seconds=300))
    assert len(shape(feed)) == 4


def test_shards_go_one_by_one_once_the_metric_is_below_three_quarters(feed: Aws) -> None:
    load({PRIMARY_CPU: 46}, NOW)
    assert len(shape(feed)) == 2, "46 is above 45, which is 75 percent of 60"
    load({PRIMARY_CPU: 10}, NOW + MINUTE)
    assert shape(feed) == (2,)
    assert slots(feed) == 16_384
    evaluate_all(NOW + 60 * MINUTE)
    assert shape(feed) == (2,), "never fewer than the minimum"


def test_nothing_goes_where_scale_in_is_off(surge: Aws) -> None:
    load({REPLICA_CPU: 80}, NOW)
    assert shape(surge) == (3, 3)
    load({REPLICA_CPU: 0}, NOW + 60 * MINUTE)
    assert shape(surge) == (3, 3)


def test_a_schedule_raises_the_minimum_in_its_own_time_zone(surge: Aws) -> None:
    evaluate_all(NOW)
    assert len(shape(surge)) == 2
    evaluate_all(NOW + 30 * MINUTE + dt.timedelta(seconds=7))  # seven in Berlin
    assert len(shape(surge)) == 4
    assert causes(surge)[0] == "minimum capacity was set to 4"


def test_a_group_outside_its_bounds_is_brought_within_them(aws: Aws) -> None:
    """ "If current capacity is higher than max capacity configured, we scaleIn to the MaxCapacity"."""
    make_group(aws, NumNodeGroups=3)
    register = aws("application-autoscaling").register_scalable_target
    register(**FEED, ScalableDimension=SHARDS, MinCapacity=1, MaxCapacity=2)
    evaluate_all(NOW)
    assert len(shape(aws)) == 2


def test_memory_and_capacity_scale_shards(aws: Aws) -> None:
    make_group(aws)
    aws("application-autoscaling").register_scalable_target(
        **FEED, ScalableDimension=SHARDS, MinCapacity=1, MaxCapacity=6
    )
    track(aws, SHARDS, f"ElastiCache{MEMORY}", 60)
    track(aws, SHARDS, f"ElastiCache{CAPACITY}", 60)
    load({MEMORY: 70, CAPACITY: 40}, NOW)
    assert len(shape(aws)) == 3
    load({MEMORY: 10, CAPACITY: 50}, NOW + 60 * MINUTE)
    assert len(shape(aws)) == 3, "it will scale in only if all of the policies are ready to"


def test_the_metric_is_shown_by_cloudwatch(feed: Aws) -> None:
    load({REPLICA_CPU: 42}, NOW)
    answer = feed("cloudwatch").get_metric_statistics(
        Namespace="AWS/ElastiCache",
        MetricName="EngineCPUUtilization",
        Dimensions=[{"Name": "ReplicationGroupId", "Value": "surge-feed"}, {"Name": "Role", "Value": "Replica"}],
        StartTime=NOW - MINUTE,
        EndTime=NOW + MINUTE,
        Period=60,
        Statistics=["Average", "SampleCount"],
    )
    (point,) = answer["Datapoints"]
    assert (point["Average"], point["SampleCount"]) == (42, 2)


def test_what_the_service_refuses_is_a_failed_activity(aws: Aws) -> None:
    """Twenty percent more than 83 shards of 6 nodes make more than 500 nodes. [B] ScalingActivity.StatusCode"""
    make_group(aws, NumNodeGroups=83, ReplicasPerNodeGroup=5)
    aws("application-autoscaling").register_scalable_target(
        **FEED, ScalableDimension=SHARDS, MinCapacity=1, MaxCapacity=250
    )
    track(aws, SHARDS, "ElastiCachePrimaryEngineCPUUtilization", 60)
    load({PRIMARY_CPU: 61}, NOW)
    (activity,) = aws("application-autoscaling").describe_scaling_activities(**FEED)["ScalingActivities"]
    assert activity["StatusCode"] == "Failed"
    assert "100 node groups" in activity["StatusMessage"]
    assert len(shape(aws)) == 83


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        pytest.param({"cpu": 90}, [("rds", ["CPUUtilization"]), ("elasticache", [PRIMARY_CPU])], id="of-either"),
        pytest.param({"connections": 9}, [("rds", ["DatabaseConnections"])], id="of-a-cluster"),
        pytest.param({"memory": 80}, [("elasticache", [MEMORY, CAPACITY])], id="of-a-cache"),
        pytest.param({"cpu": 0, "replica_cpu": 5}, [("elasticache", [PRIMARY_CPU, REPLICA_CPU])], id="of-both-roles"),
    ],
)
def test_what_lab_load_means(given: dict[str, float], meant: list[tuple[str, list[str]]]) -> None:
    request = {"cluster": "surge-feed", "cpu": None, **given}
    assert [(namespace, list(metrics)) for namespace, metrics in loads_of(request)] == meant


def test_a_load_needs_a_group(aws: Aws) -> None:
    aws("elasticache").describe_replication_groups()
    with pytest.raises(UnknownClusterError, match="surge-feed"):
        load({PRIMARY_CPU: 1}, NOW)


# Refused, as AWS does


@pytest.mark.parametrize(
    ("group", "arguments", "message"),
    [
        pytest.param({}, {"MaxCapacity": 251}, "from 1 to 250", id="too-many-shards"),
        pytest.param({}, {"ScalableDimension": REPLICAS, "MaxCapacity": 6}, "from 1 to 5", id="too-many-replicas"),
        pytest.param({}, {"ScalableDimension": REPLICAS, "MinCapacity": 0}, "from 1 to 5", id="no-replica"),
        pytest.param({}, {"MinCapacity": 4, "MaxCapacity": 3}, "Maximum capacity cannot be less", id="bounds"),
        pytest.param({}, {"ResourceId": "replication-group/nobody"}, "does not exist", id="nobody"),
        pytest.param({}, {"ResourceId": "surge-feed"}, "Unsupported resource ID", id="no-prefix"),
        pytest.param({"NumNodeGroups": 1}, {}, "must have cluster mode enabled", id="no-cluster-mode"),
        pytest.param({"CacheNodeType": "cache.t4g.medium"}, {}, "does not support auto scaling", id="burstable"),
        pytest.param({"CacheNodeType": "cache.r7g.4xlarge"}, {}, "does not support auto scaling", id="too-large"),
    ],
)
def test_a_target_that_cannot_be(aws: Aws, group: dict[str, Any], arguments: dict[str, Any], message: str) -> None:
    make_group(aws, **group)
    place = {**FEED, "ScalableDimension": SHARDS, "MinCapacity": 1, "MaxCapacity": 3}
    code, said = refused(aws("application-autoscaling").register_scalable_target, **{**place, **arguments})
    assert code == "ValidationException"
    assert message in said


@pytest.mark.parametrize(
    ("dimension", "metric", "target", "message"),
    [
        pytest.param(SHARDS, "ElastiCachePrimaryEngineCPUUtilization", 34, "from 35 to 70", id="low"),
        pytest.param(SHARDS, "ElastiCachePrimaryEngineCPUUtilization", 71, "from 35 to 70", id="high"),
        pytest.param(SHARDS, "ElastiCacheReplicaEngineCPUUtilization", 50, "is not supported for", id="of-replicas"),
        pytest.param(REPLICAS, f"ElastiCache{MEMORY}", 50, "is not supported for", id="of-shards"),
        pytest.param(SHARDS, "ElastiCachePrimaryEngineCPUUtilization", 55, "Only one TargetTracking", id="twice"),
    ],
)
def test_a_policy_that_cannot_be(feed: Aws, dimension: str, metric: str, target: int, message: str) -> None:
    code, said = refused(lambda: track(feed, dimension, metric, target))
    assert code == "ValidationException"
    assert message in said


def test_tiered_nodes_do_not_scale_by_memory(aws: Aws) -> None:
    """ "Data-tiered instance types cannot use ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage"."""
    make_group(aws, CacheNodeType="cache.r6gd.xlarge", DataTieringEnabled=True)
    aws("application-autoscaling").register_scalable_target(
        **FEED, ScalableDimension=SHARDS, MinCapacity=1, MaxCapacity=6
    )
    _, said = refused(lambda: track(aws, SHARDS, f"ElastiCache{MEMORY}", 60))
    assert "Data-tiered" in said
    track(aws, SHARDS, f"ElastiCache{CAPACITY}", 60)


def test_a_policy_needs_a_target(aws: Aws) -> None:
    make_group(aws)
    code, _ = refused(lambda: track(aws, SHARDS, "ElastiCachePrimaryEngineCPUUtilization", 60))
    assert code == "ObjectNotFoundException"


# The decision alone


def reading(value: float) -> Reading:
    return Reading(
        policy="cpu",
        value=value,
        target=60,
        scale_out_cooldown_s=0,
        scale_in_cooldown_s=0,
        slack=0.75,
        step=0.2,
    )


@pytest.mark.parametrize(
    ("value", "shards"),
    [
        pytest.param(78, 65, id="thirty-percent-above-adds-thirty"),
        pytest.param(66, 60, id="ten-percent-above-adds-twenty-at-least"),
        pytest.param(60, 50, id="at-the-target"),
        pytest.param(45, 50, id="at-three-quarters"),
        pytest.param(44, 49, id="below-three-quarters"),
    ],
)
def test_the_examples_of_the_guide(value: float, shards: int) -> None:
    """ "If you have 50 shards and if your Target breaches by 30 percent ... 65 shards; by 10 percent ... 60 shards"."""
    decision = decide(50, [reading(value)], least=1, most=250, since_out_s=1e6, since_in_s=1e6)
    assert decision.readers == shards
