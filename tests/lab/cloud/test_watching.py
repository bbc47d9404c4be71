"""What watches a cluster: deployed, read back through boto3 property by property, changed, refused as AWS refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_cloudformation import refused
from tests.support.synthesis import synthesize

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:alarms"
TEXT = """\
estate: ledger
defaults: "2026-11"
regions: [eu-west-1]
protection: off
shared_key: {shared}
aurora:
  main:
    engine: aurora-postgresql
    version: "17.7"
    instances: {instances}
    insights: advanced
    watch: {watch}
"""
TWO = "{a: {class: db.r8g.large, tier: 0}, b: {class: serverless}}"
THREE = "{a: {class: db.r8g.large, tier: 0}, b: {class: serverless}, c: {class: serverless}}"
WATCH = "{notify: [ops@example.com, " + QUEUE + "]}"


def deploy(
    aws: Aws, out: Path, *, watch: str = WATCH, instances: str = TWO, shared: str = "off"
) -> dict[str, dict[str, Any]]:
    estate = load_text(TEXT.format(watch=watch, instances=instances, shared=shared)).estate
    templates = synthesize(out, lambda app: compose(app, estate))
    known = {stack["StackName"] for stack in aws("cloudformation").describe_stacks()["Stacks"]}
    for name in (*({"ledger-network"} - known), "ledger-aurora-main"):
        status = aws.deploy(name, templates[name])["StackStatus"]
        assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(name)
    return templates


def topic_of(aws: Aws) -> str:
    (topic,) = aws("sns").list_topics()["Topics"]
    return str(topic["TopicArn"])


def test_the_topic_is_encrypted_and_tells_everybody(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    topic = topic_of(aws)
    attributes = aws("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    assert attributes["KmsMasterKeyId"] == cluster["KmsKeyId"]
    policy = json.loads(attributes["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["OnlyOverTls", "Alarms", "DatabaseEvents"]
    told = aws("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {each["Endpoint"]: each["Protocol"] for each in told} == {"ops@example.com": "email", QUEUE: "sqs"}


def test_the_key_lets_alarms_and_events_use_it(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    policy = json.loads(aws("kms").get_key_policy(KeyId=cluster["KmsKeyId"], PolicyName="default")["Policy"])
    (use,) = [each for each in policy["Statement"] if each["Sid"] == "PublishToTopics"]
    assert use["Principal"]["Service"] == ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]


def test_a_shared_key_lets_them_too(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path, shared="on")
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    policy = json.loads(aws("kms").get_key_policy(KeyId=cluster["KmsKeyId"], PolicyName="default")["Policy"])
    assert "PublishToTopics" in {each["Sid"] for each in policy["Statement"]}


def test_alarms_are_there_as_declared(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == 13
    by_metric = {(each["MetricName"], each["Dimensions"][0]["Value"]): each for each in alarms}
    memory = by_metric["FreeableMemory", "ledger-main-a"]
    expected = {
        "ActionsEnabled": True,
        "AlarmActions": [topic_of(aws)],
        "ComparisonOperator": "LessThanThreshold",
        "DatapointsToAlarm": 5,
        "EvaluationPeriods": 5,
        "Namespace": "AWS/RDS",
        "OKActions": [topic_of(aws)],
        "Period": 60,
        "Statistic": "Average",
        "Threshold": float(int(1.6 * 2**30)),
        "TreatMissingData": "missing",
    }
    assert {name: memory[name] for name in expected} == expected
    assert "freeable" in memory["AlarmDescription"]
    deadlocks = by_metric["Deadlocks", "ledger-main"]
    assert {each["Name"]: each["Value"] for each in deadlocks["Dimensions"]} == {
        "DBClusterIdentifier": "ledger-main",
        "Role": "WRITER",
    }


def test_events_are_told_and_a_new_instances_too(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path / "first")
    found = subscriptions(aws)
    cluster, instances = found["db-cluster"], found["db-instance"]
    assert (cluster["SourceIdsList"], cluster["Enabled"]) == (["ledger-main"], True)
    assert {"failover", "failure", "maintenance"} <= set(cluster["EventCategoriesList"])
    assert sorted(instances["SourceIdsList"]) == ["ledger-main-a", "ledger-main-b"]
    deploy(aws, tmp_path / "second", instances=THREE)
    after = subscriptions(aws)["db-instance"]
    assert sorted(after["SourceIdsList"]) == ["ledger-main-a", "ledger-main-b", "ledger-main-c"]
    assert after["CustSubscriptionId"] == instances["CustSubscriptionId"]
    assert after["SnsTopicArn"] == topic_of(aws)


def subscriptions(aws: Aws) -> dict[str, dict[str, Any]]:
    found = aws("rds").describe_event_subscriptions()["EventSubscriptionsList"]
    return {each["SourceType"]: each for each in found}


def test_the_dashboard_is_the_regions_own(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    dashboard = aws("cloudwatch").get_dashboard(DashboardName="ledger-main-eu-west-1")
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    assert {each["properties"]["region"] for each in widgets} == {"eu-west-1"}
    assert {"writer", "readers"} == {metric[-1]["label"] for metric in widgets[0]["properties"]["metrics"]}
    tags = aws("cloudwatch").list_tags_for_resource(ResourceARN=dashboard["DashboardArn"])["Tags"]
    assert {"Key": "aurora-estate:estate", "Value": "ledger"} in tags


def test_enhanced_monitoring_insights_and_logs_are_there(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    assert cluster["DatabaseInsightsMode"] == "advanced"
    for instance in aws("rds").describe_db_instances()["DBInstances"]:
        assert instance["MonitoringInterval"] == 60
        assert ":role/" in instance["MonitoringRoleArn"]
        assert (instance["PerformanceInsightsEnabled"], instance["PerformanceInsightsKMSKeyId"]) == (
            True,
            cluster["KmsKeyId"],
        )
    prefix = "/aws/rds/cluster/ledger-main"
    (group,) = aws("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    assert (group["retentionInDays"], group["kmsKeyId"]) == (365, cluster["KmsKeyId"])


def test_what_is_no_longer_watched_goes(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path / "first")
    deploy(aws, tmp_path / "second", watch="{alarms: null, events: off}")
    assert aws("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws("sns").list_topics()["Topics"] == []
    assert subscriptions(aws) == {}
    assert aws("cloudwatch").list_dashboards()["DashboardEntries"]


def test_a_function_may_be_invoked_by_the_topic(aws: Aws, tmp_path: Path) -> None:
    arn = make_function(aws)
    templates = deploy(aws, tmp_path, watch=f"{{notify: [{arn}]}}")
    assert templates
    (statement,) = json.loads(aws("lambda").get_policy(FunctionName="page")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {"AWS:SourceArn": topic_of(aws)}


def make_function(aws: Aws) -> str:
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws("iam").create_role(RoleName="page", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    made = aws("lambda").create_function(
        FunctionName="page", Runtime="python3.13", Role=role, Handler="page.handler", Code={"ZipFile": b"PK"}
    )
    return str(made["FunctionArn"])


class TestEventSubscription:
    """The errors are those of botocore's model of each operation; the texts are the lab's own."""

    @pytest.fixture
    def topic(self, aws: Aws) -> str:
        return str(aws("sns").create_topic(Name="t")["TopicArn"])

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            pytest.param({"SnsTopicArn": "arn:aws:sns:eu-west-1:1:x"}, "SNSTopicArnNotFound", id="no-such-topic"),
            pytest.param({"SourceIds": ["ghost"]}, "SourceNotFound", id="no-such-cluster"),
            pytest.param({"EventCategories": ["low storage"]}, "SubscriptionCategoryNotFound", id="no-such-category"),
        ],
    )
    def test_refuses_what_is_not_there(self, aws: Aws, topic: str, changes: dict[str, Any], code: str) -> None:
        good = {"SubscriptionName": "s", "SnsTopicArn": topic, "SourceType": "db-cluster"}
        assert refused(aws("rds").create_event_subscription, **{**good, **changes}).startswith(code)
        assert aws("rds").create_event_subscription(**good)["EventSubscription"]["Enabled"] is True

    def test_a_subscription_that_is_not_there_cant_be_changed(self, aws: Aws) -> None:
        assert refused(aws("rds").modify_event_subscription, SubscriptionName="s").startswith("SubscriptionNotFound")

    def test_it_is_switched_off_and_told_of_less(self, aws: Aws, topic: str) -> None:
        rds = aws("rds")
        rds.create_event_subscription(SubscriptionName="s", SnsTopicArn=topic, SourceType="db-cluster")
        rds.modify_event_subscription(SubscriptionName="s", Enabled=False, EventCategories=["failover"])
        (found,) = rds.describe_event_subscriptions()["EventSubscriptionsList"]
        assert (found["Enabled"], found["EventCategoriesList"]) == (False, ["failover"])
