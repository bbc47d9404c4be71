"""Replica auto scaling and names in Route 53, deployed to the embedded AWS, and at work there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estate.load import load_text
from lab.cloud.autoscaling.decide import Decision, Reading, decide
from lab.cloud.autoscaling.evaluate import UnknownClusterError, evaluate_all, set_load
from lab.cloud.autoscaling.readers import TAG
from stacks.compose import compose
from tests.lab.cloud.conftest import REGION, Aws
from tests.support.synthesis import Template, synthesize

NOW = dt.datetime(2026, 11, 23, 5, 30, tzinfo=dt.UTC)  # a Monday, half past six in Berlin
MINUTE = dt.timedelta(minutes=1)
PLACE = {
    "ServiceNamespace": "rds",
    "ResourceId": "cluster:shop-orders",
    "ScalableDimension": "rds:cluster:ReadReplicaCount",
}
TARGET = {key: PLACE[key] for key in ("ServiceNamespace", "ScalableDimension")} | {"ResourceIds": [PLACE["ResourceId"]]}
SHOP = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
protection: off
aurora:
  orders:
    engine: aurora-postgresql
    version: "17.7"
    instances: {a: {class: db.r8g.large, tier: 0}, b: {class: db.r8g.large}, reports: {class: db.r8g.large}}
    endpoints: {reports: {members: [reports]}, app: {excluded: [reports]}}
    autoscaling:
      max_readers: MAX
      cpu_percent: 60
      connections: 500
      schedules:
        morning: {at: "cron(0 7 ? * MON-FRI *)", timezone: Europe/Berlin, min_readers: 3}
    dns: {zone_name: db.shop.internal, writer: orders, reader: orders-read, endpoints: {reports: reports}}
    watch: {notify: [dba@example.com], events: off, dashboard: off}
    acknowledge: [aurora/dns-certificate]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], dict[str, Template]]:
    """The estate's templates for a maximum, synthesized once each."""
    known: dict[int, dict[str, Template]] = {}

    def with_maximum(most: int) -> dict[str, Template]:
        if most not in known:
            estate = load_text(SHOP.replace("MAX", str(most))).estate
            known[most] = synthesize(tmp_path_factory.mktemp("scaling"), lambda app: compose(app, estate))
        return known[most]

    return with_maximum


def deploy(aws: Aws, templates: dict[str, Template]) -> None:
    for name in ("shop-network", "shop-aurora-orders"):
        stack = aws.deploy(name, templates[name])
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)


@pytest.fixture
def shop(aws: Aws, made: Callable[[int], dict[str, Template]]) -> Aws:
    deploy(aws, made(5))
    return aws


@pytest.fixture(scope="module")
def seen(made: Callable[[int], dict[str, Template]]) -> dict[str, Any]:
    """What the services show once the estate is deployed, asked once for the tests that only read."""
    aws = Aws()
    deploy(aws, made(5))
    scaling, route53, rds = aws("application-autoscaling"), aws("route53"), aws("rds")
    (target,) = scaling.describe_scalable_targets(**TARGET)["ScalableTargets"]
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    return {
        "target": target,
        "tags": scaling.list_tags_for_resource(ResourceARN=target["ScalableTargetARN"])["Tags"],
        "policies": scaling.describe_scaling_policies(**PLACE)["ScalingPolicies"],
        "actions": scaling.describe_scheduled_actions(**PLACE)["ScheduledActions"],
        "alarms": aws("cloudwatch").describe_alarms()["MetricAlarms"],
        "topics": aws("sns").list_topics()["Topics"],
        "zone": zone,
        "vpcs": route53.get_hosted_zone(Id=zone["Id"])["VPCs"],
        "records": route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"],
        "clusters": rds.describe_db_clusters()["DBClusters"],
        "endpoints": rds.describe_db_cluster_endpoints()["DBClusterEndpoints"],
    }


@pytest.fixture
def orders(aws: Aws) -> Aws:
    """The same cluster and scaling, made by hand: a template takes a second to deploy."""
    rds, scaling = aws("rds"), aws("application-autoscaling")
    engine = {"Engine": "aurora-postgresql", "DBClusterIdentifier": "shop-orders"}
    rds.create_db_cluster(**engine, EngineVersion="17.7", MasterUsername="dbadmin", ManageMasterUserPassword=True)
    for name in ("a", "b", "reports"):
        rds.create_db_instance(**engine, DBInstanceIdentifier=f"shop-orders-{name}", DBInstanceClass="db.r8g.large")
    scaling.register_scalable_target(**PLACE, MinCapacity=1, MaxCapacity=5)
    for name, metric, target in (("cpu", "CPUUtilization", 60), ("connections", "DatabaseConnections", 500)):
        specification = {"PredefinedMetricType": f"RDSReaderAverage{metric}"}
        body = {"PredefinedMetricSpecification": specification, "TargetValue": target}
        scaling.put_scaling_policy(
            **PLACE,
            PolicyName=f"shop-orders-{name}",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=body,
        )
    scaling.put_scheduled_action(
        **PLACE,
        ScheduledActionName="morning",
        Schedule="cron(0 7 ? * MON-FRI *)",
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 3},
    )
    return aws


def added(aws: Aws) -> list[str]:
    instances = aws("rds").describe_db_instances()["DBInstances"]
    return [each["DBInstanceIdentifier"] for each in instances if TAG in {tag["Key"] for tag in each["TagList"]}]


def readers(aws: Aws) -> list[str]:
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    return [each["DBInstanceIdentifier"] for each in cluster["DBClusterMembers"] if not each["IsClusterWriter"]]


def cause(aws: Aws) -> str:
    """Why the newest activity was."""
    activities = aws("application-autoscaling").describe_scaling_activities(ServiceNamespace="rds")
    return str(activities["ScalingActivities"][0]["Cause"])


# Deployed


def test_everything_declared_can_be_read_back(seen: dict[str, Any]) -> None:
    target = seen["target"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_RDSCluster")
    bodies = {each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"] for each in seen["policies"]}
    assert {name: body["TargetValue"] for name, body in bodies.items()} == {
        "shop-orders-cpu": 60,
        "shop-orders-connections": 500,
    }
    assert {(body["ScaleInCooldown"], body["ScaleOutCooldown"]) for body in bodies.values()} == {(300, 300)}
    (action,) = seen["actions"]
    assert (action["Schedule"], action["Timezone"]) == ("cron(0 7 ? * MON-FRI *)", "Europe/Berlin")
    assert action["ScalableTargetAction"] == {"MinCapacity": 3}
    assert seen["tags"]["aurora-estate:resource"] == "orders"


def test_each_policy_has_the_two_alarms_that_aws_makes(seen: dict[str, Any]) -> None:
    for policy in seen["policies"]:
        names = {each["AlarmName"] for each in policy["Alarms"]}
        alarms = [alarm for alarm in seen["alarms"] if alarm["AlarmName"] in names]
        assert len(alarms) == 2
        dimensions = {(each["Name"], each["Value"]) for alarm in alarms for each in alarm["Dimensions"]}
        assert dimensions == {("DBClusterIdentifier", "shop-orders"), ("Role", "READER")}


def test_the_alarm_at_the_maximum_tells_the_topic(seen: dict[str, Any]) -> None:
    (alarm,) = [each for each in seen["alarms"] if each.get("Metrics")]
    assert alarm["Threshold"] == 4.5
    assert [each.get("Expression") for each in alarm["Metrics"]] == ["readers / writers", None, None]
    (topic,) = seen["topics"]
    assert alarm["AlarmActions"] == [topic["TopicArn"]]


def test_names_answer_with_the_endpoints(seen: dict[str, Any]) -> None:
    assert (seen["zone"]["Name"], seen["zone"]["Config"]["PrivateZone"]) == ("db.shop.internal.", True)
    assert [vpc["VPCRegion"] for vpc in seen["vpcs"]] == [REGION]
    records = {each["Name"]: each for each in seen["records"] if each["Type"] == "CNAME"}
    (cluster,) = seen["clusters"]
    endpoints = {each.get("DBClusterEndpointIdentifier"): each["Endpoint"] for each in seen["endpoints"]}
    assert {name: each["ResourceRecords"][0]["Value"] for name, each in records.items()} == {
        "orders.db.shop.internal.": cluster["Endpoint"],
        "orders-read.db.shop.internal.": cluster["ReaderEndpoint"],
        "reports.db.shop.internal.": endpoints["shop-orders-reports"],
    }
    assert {each["TTL"] for each in records.values()} == {5}


def test_an_update_changes_bounds_in_place(shop: Aws, made: Callable[[int], dict[str, Template]]) -> None:
    scaling = shop("application-autoscaling")
    before = scaling.describe_scalable_targets(**TARGET)["ScalableTargets"][0]["ScalableTargetARN"]
    stack = shop.deploy("shop-aurora-orders", made(4)["shop-aurora-orders"])
    assert stack["StackStatus"] == "UPDATE_COMPLETE", shop.reasons("shop-aurora-orders")
    (target,) = scaling.describe_scalable_targets(**TARGET)["ScalableTargets"]
    assert (target["MaxCapacity"], target["ScalableTargetARN"]) == (4, before)


def test_deleting_the_stack_leaves_nothing(shop: Aws) -> None:
    shop("cloudformation").delete_stack(StackName="shop-aurora-orders")
    assert shop("application-autoscaling").describe_scalable_targets(**TARGET)["ScalableTargets"] == []
    assert shop("application-autoscaling").describe_scaling_policies(**PLACE)["ScalingPolicies"] == []
    assert shop("application-autoscaling").describe_scheduled_actions(**PLACE)["ScheduledActions"] == []
    assert shop("route53").list_hosted_zones()["HostedZones"] == []
    assert [
        a["AlarmName"] for a in shop("cloudwatch").describe_alarms()["MetricAlarms"] if "Target" in a["AlarmName"]
    ] == []


# At work


def test_a_breach_adds_a_reader_of_the_last_tier_and_the_writers_class(shop: Aws) -> None:
    said = set_load("shop-orders", {"CPUUtilization": 85}, NOW)
    (name,) = added(shop)
    assert name.startswith("application-autoscaling-")
    assert name in readers(shop)
    assert said["readers"] == 3
    assert "shop-orders-cpu: 85 is above the target of 60" in cause(shop)
    (instance,) = shop("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    assert (instance["DBInstanceClass"], instance["PromotionTier"]) == ("db.r8g.large", 15)
    (writer,) = shop("rds").describe_db_instances(DBInstanceIdentifier="shop-orders-a")["DBInstances"]
    for setting in ("MonitoringInterval", "MonitoringRoleArn", "PerformanceInsightsKMSKeyId", "DBParameterGroups"):
        assert instance[setting] == writer[setting]
    assert {"Key": TAG, "Value": "cluster:shop-orders"} in instance["TagList"]


def test_no_reader_is_added_within_the_cool_down(orders: Aws) -> None:
    set_load("shop-orders", {"CPUUtilization": 85}, NOW)
    evaluate_all(NOW + dt.timedelta(seconds=299))
    assert len(added(orders)) == 1
    evaluate_all(NOW + dt.timedelta(seconds=300))
    assert len(added(orders)) == 3


def test_never_more_than_the_maximum(orders: Aws) -> None:
    set_load("shop-orders", {"DatabaseConnections": 50_000}, NOW)
    assert len(readers(orders)) == 5


def test_readers_go_one_by_one_once_both_metrics_are_low_and_the_declared_ones_stay(orders: Aws) -> None:
    set_load("shop-orders", {"CPUUtilization": 150}, NOW)
    assert len(added(orders)) == 3
    set_load("shop-orders", {"CPUUtilization": 0}, NOW + MINUTE)
    assert len(added(orders)) == 3, "connections have no data yet, so that policy does not agree"
    set_load("shop-orders", {"DatabaseConnections": 0}, NOW + 2 * MINUTE)
    assert len(added(orders)) == 2
    evaluate_all(NOW + 6 * MINUTE)
    assert len(added(orders)) == 2, "the cool-down of five minutes is not over"
    for number in (7, 12, 17, 22):
        evaluate_all(NOW + number * MINUTE)
    assert added(orders) == []
    assert readers(orders) == ["shop-orders-b", "shop-orders-reports"]


def test_a_schedule_raises_the_minimum_in_its_own_time_zone(orders: Aws) -> None:
    evaluate_all(NOW)
    assert added(orders) == []
    evaluate_all(NOW + 30 * MINUTE + dt.timedelta(seconds=7))  # seven in Berlin
    (target,) = orders("application-autoscaling").describe_scalable_targets(**TARGET)["ScalableTargets"]
    assert target["MinCapacity"] == 3
    assert len(added(orders)) == 1
    assert cause(orders) == "minimum capacity was set to 3"


def test_an_added_reader_is_a_member_where_it_is_not_left_out(shop: Aws) -> None:
    set_load("shop-orders", {"CPUUtilization": 85}, NOW)
    endpoints = shop("rds").describe_db_cluster_endpoints(DBClusterIdentifier="shop-orders")["DBClusterEndpoints"]
    custom = {each["DBClusterEndpointIdentifier"]: each for each in endpoints if each["EndpointType"] == "CUSTOM"}
    assert custom["shop-orders-reports"]["StaticMembers"] == ["shop-orders-reports"]
    assert custom["shop-orders-app"]["ExcludedMembers"] == ["shop-orders-reports"]


def test_a_cluster_with_an_added_reader_cannot_be_deleted_with_its_stack(shop: Aws) -> None:
    """Auto scaling does not take its readers with it, and Aurora deletes no cluster that has instances."""
    set_load("shop-orders", {"CPUUtilization": 85}, NOW)
    shop("cloudformation").delete_stack(StackName="shop-aurora-orders")
    (stack,) = [s for s in shop("cloudformation").describe_stacks()["Stacks"] if s["StackName"] == "shop-aurora-orders"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "still contains DB instances" in shop.reasons("shop-aurora-orders")


def test_the_metric_is_shown_by_cloudwatch(orders: Aws) -> None:
    set_load("shop-orders", {"CPUUtilization": 42}, NOW)
    answer = orders("cloudwatch").get_metric_statistics(
        Namespace="AWS/RDS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "DBClusterIdentifier", "Value": "shop-orders"}, {"Name": "Role", "Value": "READER"}],
        StartTime=NOW - MINUTE,
        EndTime=NOW + MINUTE,
        Period=60,
        Statistics=["Average", "SampleCount"],
    )
    (point,) = answer["Datapoints"]
    assert (point["Average"], point["SampleCount"]) == (42, 2)


def test_a_load_needs_a_cluster(aws: Aws) -> None:
    aws("rds").describe_db_clusters()
    with pytest.raises(UnknownClusterError, match="nobody"):
        set_load("nobody", {"CPUUtilization": 1}, NOW)


# Refused, as AWS does


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


def test_only_services_of_aws_write_their_metrics(aws: Aws) -> None:
    datum = {"MetricName": "CPUUtilization", "Value": 1.0}
    code, _ = refused(aws("cloudwatch").put_metric_data, Namespace="AWS/RDS", MetricData=[datum])
    assert code == "InvalidParameterValue"
    aws("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[datum])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"MinCapacity": 4, "MaxCapacity": 3}, "Maximum capacity cannot be less", id="bounds"),
        pytest.param({"ResourceId": "cluster:nobody", "MinCapacity": 1, "MaxCapacity": 3}, "does not exist", id="who"),
    ],
)
def test_a_target_that_cannot_be(orders: Aws, arguments: dict[str, Any], message: str) -> None:
    call = orders("application-autoscaling").register_scalable_target
    code, said = refused(call, **{**PLACE, **arguments})
    assert code == "ValidationException"
    assert message in said


def test_one_policy_for_each_metric(orders: Aws) -> None:
    body = {"PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"}}
    code, said = refused(
        orders("application-autoscaling").put_scaling_policy,
        **PLACE,
        PolicyName="another",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**body, "TargetValue": 10},
    )
    assert (code, said[:36]) == ("ValidationException", "Only one TargetTrackingScaling polic")


def test_a_policy_needs_a_target(aws: Aws) -> None:
    body = {"PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"}}
    code, _ = refused(
        aws("application-autoscaling").put_scaling_policy,
        **PLACE,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={**body, "TargetValue": 10},
    )
    assert code == "ObjectNotFoundException"


def test_a_record_is_made_once(aws: Aws) -> None:
    route53 = aws("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": "a.example.com", "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": "b.example.com"}]}

    def change(action: str, value: str) -> None:
        changed = {**record, "ResourceRecords": [{"Value": value}]}
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": changed}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    change("CREATE", "b.example.com")
    code, said = refused(change, action="CREATE", value="c.example.com")
    assert (code, "already exists" in said) == ("InvalidChangeBatch", True)
    change("DELETE", "b.example.com")
    change("CREATE", "b.example.com")


# The decision alone

CPU = Reading(policy="cpu", value=None, target=60, scale_out_cooldown_s=300, scale_in_cooldown_s=300)
CONNECTIONS = Reading(policy="connections", value=None, target=100, scale_out_cooldown_s=300, scale_in_cooldown_s=300)
LONG_S = 10_000.0


def reading(of: Reading, value: float | None, *, scales_in: bool = True) -> Reading:
    return Reading(
        policy=of.policy,
        value=value,
        target=of.target,
        scale_out_cooldown_s=of.scale_out_cooldown_s,
        scale_in_cooldown_s=of.scale_in_cooldown_s,
        scales_in=scales_in,
    )


@pytest.mark.parametrize(
    ("readers", "readings", "wanted"),
    [
        pytest.param(2, [reading(CPU, None)], 2, id="no-data-no-change"),
        pytest.param(2, [reading(CPU, 60)], 2, id="at-the-target"),
        pytest.param(2, [reading(CPU, 61)], 3, id="above-it"),
        pytest.param(2, [reading(CPU, 55)], 2, id="within-the-slack"),
        pytest.param(4, [reading(CPU, 30)], 3, id="one-at-a-time"),
        pytest.param(4, [reading(CPU, 53)], 4, id="one-less-would-be-too-few"),
        pytest.param(2, [reading(CPU, 10), reading(CONNECTIONS, 400)], 8, id="either-adds"),
        pytest.param(2, [reading(CPU, 90), reading(CONNECTIONS, 400)], 8, id="the-larger-wins"),
        pytest.param(4, [reading(CPU, 1), reading(CONNECTIONS, 95)], 4, id="both-must-agree-to-remove"),
        pytest.param(4, [reading(CPU, 1), reading(CONNECTIONS, None)], 4, id="no-data-is-no-agreement"),
        pytest.param(4, [reading(CPU, 1, scales_in=False)], 4, id="scale-in-switched-off"),
        pytest.param(1, [], 2, id="minimum"),
        pytest.param(12, [], 10, id="maximum"),
    ],
)
def test_how_many_readers_are_wanted(readers: int, readings: list[Reading], wanted: int) -> None:
    decision = decide(readers, readings, least=2, most=10, since_out_s=LONG_S, since_in_s=LONG_S)
    assert decision.readers == wanted
    assert bool(decision.why) is (wanted != readers)


def test_cool_downs_hold_each_direction_apart() -> None:
    high, low = [reading(CPU, 90)], [reading(CPU, 1)]
    assert decide(4, high, least=1, most=9, since_out_s=299, since_in_s=LONG_S) == Decision(readers=4, why="")
    assert decide(4, low, least=1, most=9, since_out_s=LONG_S, since_in_s=299) == Decision(readers=4, why="")
    assert decide(4, low, least=1, most=9, since_out_s=0, since_in_s=300).readers == 3
    assert decide(4, high, least=1, most=9, since_out_s=300, since_in_s=0).readers == 6
