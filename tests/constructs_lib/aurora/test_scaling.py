"""Replica auto scaling and names in Route 53, as templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.aurora.dns import Names
from constructs_lib.aurora.scaling import ReplicaScaling
from estate.dns import DnsSpec
from estate.scaling import AutoscalingSpec, ScheduleSpec
from tests.support.specs import postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize_one

TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"
RECORD, ZONE, ALARM = "AWS::Route53::RecordSet", "AWS::Route53::HostedZone", "AWS::CloudWatch::Alarm"
SCALING = {
    "max_readers": 4,
    "cpu_percent": 60,
    "connections": 400,
    "scale_in_cooldown_s": 600,
    "schedules": {
        "morning": {"at": "cron(0 7 ? * MON-FRI *)", "timezone": "Europe/Berlin", "min_readers": 2, "max_readers": 9},
        "sale": {"at": "at(2026-11-27T00:00:00)", "max_readers": 12},
    },
}
WATCH = {"notify": ["dba@example.com"]}
NAMES = {"zone_name": "db.shop.internal", "writer": "orders", "reader": "orders-read", "endpoints": {"b": "spare"}}


def template(out: Path, **changes: Any) -> Template:
    def define(stack: cdk.Stack) -> None:
        spec = postgresql(endpoints={"b": {"members": ["b"]}}, **changes)
        AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=vpc_of_the_caller(stack))

    return synthesize_one(out, define)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("made"), autoscaling=SCALING, dns=NAMES, watch=WATCH)


def test_the_target_is_the_cluster_within_its_bounds(made: Template) -> None:
    properties = only(made, TARGET)
    assert properties | {"ScheduledActions": []} == {
        "ResourceId": "cluster:shop-orders",
        "ScalableDimension": "rds:cluster:ReadReplicaCount",
        "ServiceNamespace": "rds",
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "ScheduledActions": [],
    }


def test_schedules_are_actions_in_their_time_zones(made: Template) -> None:
    assert only(made, TARGET)["ScheduledActions"] == [
        {
            "ScheduledActionName": "morning",
            "Schedule": "cron(0 7 ? * MON-FRI *)",
            "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 9},
        },
        {
            "ScheduledActionName": "sale",
            "Schedule": "at(2026-11-27T00:00:00)",
            "Timezone": "UTC",
            "ScalableTargetAction": {"MaxCapacity": 12},
        },
    ]


def test_scaling_waits_for_every_instance(made: Template) -> None:
    """Application Auto Scaling refuses a cluster without a reader."""
    (target,) = resources(made, TARGET).values()
    assert sorted(target["DependsOn"]) == sorted(resources(made, "AWS::RDS::DBInstance"))


def test_cpu_and_connections_are_held_together(made: Template) -> None:
    policies = {each["Properties"]["PolicyName"]: each["Properties"] for each in resources(made, POLICY).values()}
    assert set(policies) == {"shop-orders-cpu", "shop-orders-connections"}
    for name, metric, target in (
        ("cpu", "RDSReaderAverageCPUUtilization", 60),
        ("connections", "RDSReaderAverageDatabaseConnections", 400),
    ):
        assert policies[f"shop-orders-{name}"]["TargetTrackingScalingPolicyConfiguration"] == {
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            "ScaleInCooldown": 600,
            "ScaleOutCooldown": 300,
            "TargetValue": target,
        }
        (target_id,) = resources(made, TARGET)
        assert policies[f"shop-orders-{name}"]["ScalingTargetId"] == {"Ref": target_id}


def maximum(made: Template) -> list[dict[str, Any]]:
    alarms = [each["Properties"] for each in resources(made, ALARM).values()]
    return [alarm for alarm in alarms if "Metrics" in alarm]


def test_the_alarm_goes_off_at_the_largest_maximum_and_tells_the_topic(made: Template) -> None:
    (alarm,) = maximum(made)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (11.5, "GreaterThanThreshold")
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (10, 10)
    (topic,) = resources(made, "AWS::SNS::Topic")
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Fn::GetAtt": [topic, "TopicArn"]}]
    assert "12 readers, the most that auto scaling may have" in alarm["AlarmDescription"]


def test_the_alarm_counts_readers_by_their_samples_over_the_writers(made: Template) -> None:
    (alarm,) = maximum(made)
    by_id = {each["Id"]: each for each in alarm["Metrics"]}
    assert (by_id["count"]["Expression"], by_id["count"]["ReturnData"]) == ("readers / writers", True)
    for name, role in (("readers", "READER"), ("writers", "WRITER")):
        stat = by_id[name]["MetricStat"]
        assert (stat["Stat"], stat["Period"], stat["Metric"]["Namespace"]) == ("SampleCount", 60, "AWS/RDS")
        assert {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]} == {
            "DBClusterIdentifier": "shop-orders",
            "Role": role,
        }
        assert by_id[name]["ReturnData"] is False


@pytest.mark.parametrize("watch", [None, WATCH | {"alarms": None}], ids=["no-watch", "no-alarms"])
def test_no_alarm_without_alarms(tmp_path: Path, watch: dict[str, Any] | None) -> None:
    assert maximum(template(tmp_path, autoscaling=SCALING, watch=watch)) == []


def test_nothing_is_made_that_was_not_asked_for(tmp_path: Path) -> None:
    plain = template(tmp_path)
    assert [kind for kind in (TARGET, POLICY, RECORD, ZONE) if resources(plain, kind)] == []


def test_each_endpoint_has_its_name(made: Template) -> None:
    records = {each["Properties"]["Name"]: each["Properties"] for each in resources(made, RECORD).values()}
    (cluster,) = resources(made, "AWS::RDS::DBCluster")
    (endpoint,) = resources(made, "AWS::RDS::DBClusterEndpoint")
    assert {name: each["ResourceRecords"] for name, each in records.items()} == {
        "orders.db.shop.internal": [{"Fn::GetAtt": [cluster, "Endpoint.Address"]}],
        "orders-read.db.shop.internal": [{"Fn::GetAtt": [cluster, "ReadEndpoint.Address"]}],
        "spare.db.shop.internal": [{"Fn::GetAtt": [endpoint, "Endpoint"]}],
    }
    assert {(each["Type"], each["TTL"]) for each in records.values()} == {("CNAME", "5")}


def test_a_zone_of_the_stacks_own_answers_in_the_network_only(made: Template) -> None:
    (zone_id,) = resources(made, ZONE)
    zone = only(made, ZONE)
    assert (zone["Name"], [vpc["VPCId"] for vpc in zone["VPCs"]]) == ("db.shop.internal", ["vpc-0123456789abcdef0"])
    ids = [each["Properties"]["HostedZoneId"] for each in resources(made, RECORD).values()]
    assert ids == [{"Fn::GetAtt": [zone_id, "Id"]}] * 3


def test_a_zone_that_exists_is_used(tmp_path: Path) -> None:
    made = template(tmp_path, dns={"zone_name": "example.com", "hosted_zone_id": "Z1ABC", "ttl_s": 60, "writer": "w"})
    assert resources(made, ZONE) == {}
    record = only(made, RECORD)
    assert (record["HostedZoneId"], record["TTL"], record["Name"]) == ("Z1ABC", "60", "w.example.com")


def test_logical_ids_stay(made: Template) -> None:
    """A new id replaces the resource: a name that is gone for a moment, a target without its policies."""
    assert set(resources(made, TARGET)) == {"AuroraAutoscalingTarget7AAA316F"}
    assert set(resources(made, POLICY)) == {"AuroraAutoscalingCpu867C1124", "AuroraAutoscalingConnections1403D83C"}
    assert set(resources(made, ZONE)) == {"AuroraNamesZoneBDC2CE39"}
    assert {"AuroraNamesWriter731D88E8", "AuroraNamesReaderB6F4A564"} < set(resources(made, RECORD))


def test_both_stand_alone(tmp_path: Path) -> None:
    """Beside a cluster of somebody else's."""

    def define(stack: cdk.Stack) -> None:
        spec = AutoscalingSpec(connections=10, schedules={"day": ScheduleSpec(at="rate(1 day)", min_readers=2)})
        scaling = ReplicaScaling(
            stack, "Scaling", identifier="theirs", spec=spec, topic_arn="arn:aws:sns:eu-west-1:1:t"
        )
        assert set(scaling.cfn_policies) == {"connections"}
        assert scaling.cfn_alarm is not None
        scaling.cfn_target.max_capacity = 7
        names = Names(
            stack,
            "Names",
            spec=DnsSpec(zone_name="db.example.com", hosted_zone_id="Z1", reader="r"),
            writer="w.example",
            reader="r.example",
            endpoints={},
            vpc_id="vpc-1",
        )
        assert (set(names.cfn_records), names.cfn_zone) == ({"r.db.example.com"}, None)

    made = synthesize_one(tmp_path, define)
    assert only(made, TARGET)["MaxCapacity"] == 7
    assert only(made, RECORD)["ResourceRecords"] == ["r.example"]
