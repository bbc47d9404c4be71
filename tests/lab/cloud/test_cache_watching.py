"""What watches caches: deployed, read back through boto3, changed; and what a queue hears when something happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.synthesis import synthesize

TEXT = """\
estate: cinema
defaults: "2026-11"
regions: [eu-west-1]
protection: off
{unit}: {{{name}: {{{more}watch: {watch}}}}}
"""
TOLD = "{notify: [ops@example.com]}"
NAMES = {"caches": "seats", "memcached": "pages", "serverless_caches": "offers"}


def deploy(aws: Aws, out: Path, unit: str, *, watch: str = TOLD, more: str = "") -> str:
    """Deploy one watched cache and give its identifier."""
    name = NAMES[unit]
    estate = load_text(TEXT.format(unit=unit, name=name, watch=watch, more=more)).estate
    templates = synthesize(out, lambda app: compose(app, estate))
    known = {stack["StackName"] for stack in aws("cloudformation").describe_stacks()["Stacks"]}
    for stack in (*({"cinema-network"} - known), f"cinema-cache-{name}"):
        status = aws.deploy(stack, templates[stack])["StackStatus"]
        assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(stack)
    return f"cinema-{name}"


def queue(aws: Aws) -> str:
    """A queue to be told; its ARN."""
    url = aws("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    return str(aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def heard(aws: Aws) -> list[dict[str, Any]]:
    """Everything that the queue has been told since it was last asked."""
    url, found = aws("sqs").get_queue_url(QueueName="alarms")["QueueUrl"], []
    while messages := aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(json.loads(message["Body"])["Message"]))
            aws("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def topics(aws: Aws) -> dict[str, dict[str, str]]:
    """Attributes of each topic by its display name."""
    arns = [each["TopicArn"] for each in aws("sns").list_topics()["Topics"]]
    found = [aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"] for arn in arns]
    return {each["DisplayName"]: each for each in found}


def events_topic(aws: Aws, cluster_id: str) -> dict[str, str]:
    (cluster,) = aws("elasticache").describe_cache_clusters(CacheClusterId=cluster_id)["CacheClusters"]
    topic: dict[str, str] = cluster["NotificationConfiguration"]
    return topic


class TestGroup:
    def test_alarms_tell_an_encrypted_topic_events_another(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path, "caches")
        found = topics(aws)
        alarms, events = found["cinema-seats alarms"], found["cinema-seats events"]
        (group,) = aws("elasticache").describe_replication_groups()["ReplicationGroups"]
        assert alarms["KmsMasterKeyId"] == group["KmsKeyId"]
        assert "KmsMasterKeyId" not in events
        for each in (alarms, events):
            told = aws("sns").list_subscriptions_by_topic(TopicArn=each["TopicArn"])["Subscriptions"]
            assert [subscription["Endpoint"] for subscription in told] == ["ops@example.com"]
        for member in group["MemberClusters"]:
            assert events_topic(aws, member) == {"TopicArn": events["TopicArn"], "TopicStatus": "active"}

    def test_alarms_are_there_as_declared(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path, "caches")
        found = aws("cloudwatch").describe_alarms()["MetricAlarms"]
        assert len(found) == 7
        (memory,) = [each for each in found if "used over 80 %" in each["AlarmDescription"]]
        worst, *nodes = memory["Metrics"]
        assert (worst["Expression"], worst["ReturnData"]) == ("MAX([m1, m2])", True)
        stat = nodes[0]["MetricStat"]
        assert (stat["Metric"]["MetricName"], stat["Period"], stat["Stat"]) == (
            "DatabaseMemoryUsageCountedForEvictPercentage",
            60,
            "Maximum",
        )
        assert {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]} == {
            "CacheClusterId": "cinema-seats-001",
            "CacheNodeId": "0001",
        }
        assert memory["AlarmActions"] == memory["OKActions"] == [topics(aws)["cinema-seats alarms"]["TopicArn"]]
        assert (memory["Threshold"], memory["EvaluationPeriods"], memory["TreatMissingData"]) == (80, 5, "missing")

    def test_the_dashboard_is_the_regions_own(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path, "caches")
        body = aws("cloudwatch").get_dashboard(DashboardName="cinema-seats-eu-west-1")["DashboardBody"]
        assert {each["properties"]["region"] for each in json.loads(body)["widgets"]} == {"eu-west-1"}

    def test_a_failover_is_told(self, aws: Aws, tmp_path: Path) -> None:
        """ElastiCache user guide, "Event Notifications and Amazon SNS": `ElastiCache:FailoverComplete : mycluster`."""
        identifier = deploy(aws, tmp_path, "caches", watch=f"{{notify: ['{queue(aws)}']}}")
        born = heard(aws)
        assert {"ElastiCache:CreateReplicationGroupComplete": identifier} in born
        aws("elasticache").test_failover(ReplicationGroupId=identifier, NodeGroupId="0001")
        assert heard(aws) == [
            {"ElastiCache:FailoverComplete": identifier},
            {"ElastiCache:CacheNodeReplaceStarted": f"{identifier}-001"},
            {"ElastiCache:CacheNodeReplaceComplete": f"{identifier}-001"},
        ]

    def test_a_new_nodes_events_are_told_too(self, aws: Aws, tmp_path: Path) -> None:
        identifier = deploy(aws, tmp_path / "first", "caches", watch=f"{{notify: ['{queue(aws)}']}}")
        heard(aws)
        arn = events_topic(aws, f"{identifier}-001")["TopicArn"]
        aws("elasticache").increase_replica_count(
            ReplicationGroupId=identifier, NewReplicaCount=2, ApplyImmediately=True
        )
        assert events_topic(aws, f"{identifier}-003")["TopicArn"] == arn
        assert {"ElastiCache:CacheClusterProvisioningComplete": f"{identifier}-003"} in heard(aws)

    def test_what_is_no_longer_watched_goes(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path / "first", "caches")
        deploy(aws, tmp_path / "second", "caches", watch="{alarms: null, events: off}")
        assert aws("cloudwatch").describe_alarms()["MetricAlarms"] == []
        assert topics(aws) == {}
        assert aws("cloudwatch").list_dashboards()["DashboardEntries"]


class TestTopicsThatElastiCacheCannotUse:
    """It takes them, and sets them inactive when it has something to say: user guide, as in `notices`."""

    @pytest.fixture
    def plain(self, aws: Aws, tmp_path: Path) -> str:
        return deploy(aws, tmp_path, "caches")

    def attach(self, aws: Aws, identifier: str, **attributes: str) -> str:
        topic = str(aws("sns").create_topic(Name="other", Attributes=attributes)["TopicArn"])
        aws("elasticache").modify_replication_group(
            ReplicationGroupId=identifier, NotificationTopicArn=topic, ApplyImmediately=True
        )
        return topic

    def fail_over(self, aws: Aws, identifier: str) -> str:
        aws("elasticache").test_failover(ReplicationGroupId=identifier, NodeGroupId="0001")
        return events_topic(aws, f"{identifier}-001")["TopicStatus"]

    def test_an_encrypted_one(self, aws: Aws, plain: str) -> None:
        self.attach(aws, plain, KmsMasterKeyId="alias/aws/sns")
        assert events_topic(aws, f"{plain}-001")["TopicStatus"] == "active"
        assert self.fail_over(aws, plain) == "inactive"

    @pytest.mark.parametrize(
        ("key", "status"), [("aws:SourceAccount", "inactive"), ("AWS:SourceOwner", "active")], ids=["account", "owner"]
    )
    def test_one_whose_policy_knows_only_the_newer_key(self, aws: Aws, plain: str, key: str, status: str) -> None:
        account = aws("sts").get_caller_identity()["Account"]
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "sns:Publish",
            "Resource": "*",
            "Condition": {"StringEquals": {key: account}},
        }
        self.attach(aws, plain, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        assert self.fail_over(aws, plain) == status

    def test_one_that_is_gone(self, aws: Aws, plain: str) -> None:
        aws("sns").delete_topic(TopicArn=self.attach(aws, plain))
        assert self.fail_over(aws, plain) == "inactive"

    def test_one_of_nowhere_is_refused(self, aws: Aws, plain: str) -> None:
        with pytest.raises(Exception, match="InvalidParameterValue"):
            aws("elasticache").modify_replication_group(
                ReplicationGroupId=plain, NotificationTopicArn="arn:aws:sns:eu-west-1:1:x", ApplyImmediately=True
            )


class TestMemcached:
    def test_a_new_node_is_told(self, aws: Aws, tmp_path: Path) -> None:
        told = f"{{notify: ['{queue(aws)}']}}"
        identifier = deploy(aws, tmp_path / "first", "memcached", watch=told)
        assert {"ElastiCache:CacheClusterProvisioningComplete": identifier} in heard(aws)
        deploy(aws, tmp_path / "second", "memcached", watch=told, more="nodes: 3, ")
        assert {"ElastiCache:AddCacheNodeComplete": identifier} in heard(aws)
        found = aws("cloudwatch").describe_alarms()["MetricAlarms"]
        assert {len(each["Metrics"]) for each in found} == {4}

    def test_its_key_is_for_the_topic(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path, "memcached")
        found = topics(aws)
        key = found["cinema-pages alarms"]["KmsMasterKeyId"]
        policy = json.loads(aws("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        (use,) = [each for each in policy["Statement"] if each["Sid"] == "PublishToTopics"]
        assert use["Principal"]["Service"] in ("cloudwatch.amazonaws.com", ["cloudwatch.amazonaws.com"])
        assert events_topic(aws, "cinema-pages")["TopicArn"] == found["cinema-pages events"]["TopicArn"]


class TestServerless:
    def test_a_rule_passes_its_events_on(self, aws: Aws, tmp_path: Path) -> None:
        """EventBridge reference, "Amazon ElastiCache events": `Cache Updated`, from `aws.elasticache`."""
        told = f"{{notify: ['{queue(aws)}']}}"
        identifier = deploy(aws, tmp_path, "serverless_caches", watch=told)
        heard(aws)
        cache = aws("elasticache")
        cache.modify_serverless_cache(ServerlessCacheName=identifier, Description="changed")
        cache.create_serverless_cache(ServerlessCacheName="other", Engine="valkey")
        (event,) = heard(aws)
        (found,) = cache.describe_serverless_caches(ServerlessCacheName=identifier)["ServerlessCaches"]
        assert (event["source"], event["detail-type"]) == ("aws.elasticache", "Cache Updated")
        assert event["resources"] == [found["ARN"]]

    def test_one_topic_takes_alarms_and_events(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path, "serverless_caches")
        (name,) = topics(aws)
        topic = topics(aws)[name]
        (rule,) = aws("events").list_rules()["Rules"]
        (target,) = aws("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"] == topic["TopicArn"]
        (found,) = aws("elasticache").describe_serverless_caches()["ServerlessCaches"]
        assert topic["KmsMasterKeyId"] == found["KmsKeyId"]
        policy = json.loads(aws("kms").get_key_policy(KeyId=found["KmsKeyId"], PolicyName="default")["Policy"])
        assert "PublishByRules" in {each["Sid"] for each in policy["Statement"]}

    def test_alarms_are_by_the_caches_own_dimension(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path, "serverless_caches", more="usage: {data_gb: {max: 10}}, ")
        found = {each["MetricName"]: each for each in aws("cloudwatch").describe_alarms()["MetricAlarms"]}
        assert found["BytesUsedForCache"]["Threshold"] == 8_000_000_000
        assert {tuple(each["Dimensions"][0].values()) for each in found.values()} == {("clusterId", "cinema-offers")}

    def test_the_rule_goes_with_the_events(self, aws: Aws, tmp_path: Path) -> None:
        deploy(aws, tmp_path / "first", "serverless_caches")
        deploy(aws, tmp_path / "second", "serverless_caches", watch=TOLD.replace("{", "{events: off, ", 1))
        assert aws("events").list_rules()["Rules"] == []
        assert len(aws("cloudwatch").describe_alarms()["MetricAlarms"]) == 6
