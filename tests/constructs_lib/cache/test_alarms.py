from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from constructs_lib.cache.alarms import alarms_of_group, alarms_of_memcached, alarms_of_serverless
from constructs_lib.cache.memcached import Memcached
from constructs_lib.cache.replication_group import ReplicationGroup
from constructs_lib.cache.serverless import ServerlessCache
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.caches.watching import CacheAlarmsSpec, MemcachedAlarmsSpec, ServerlessAlarmsSpec
from estate.explain import billed
from estate.load import load_text
from stacks.compose import compose
from tests.support.specs import vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize, synthesize_one

OPS = "ops@example.com"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:alarms"
TOLD = {"notify": [OPS, QUEUE]}


def group(**changes: Any) -> ReplicationGroupSpec:
    return ReplicationGroupSpec.model_validate({"name": "sessions", "watch": TOLD, **changes})


def memcached(**changes: Any) -> MemcachedSpec:
    return MemcachedSpec.model_validate({"name": "pages", "watch": TOLD, **changes})


def serverless(**changes: Any) -> ServerlessCacheSpec:
    return ServerlessCacheSpec.model_validate({"name": "offers", "watch": TOLD, **changes})


class TestPackOfAGroup:
    def test_two_nodes_with_two_cores(self) -> None:
        """The guide watches the host where there are two cores: 90 % of one is 45 % of both."""
        pack = {alarm.id: (alarm.metric, alarm.threshold, alarm.missing) for alarm in alarms_of_group("x", group())}
        assert pack == {
            "Cpu": ("CPUUtilization", 45, "missing"),
            "Memory": ("DatabaseMemoryUsageCountedForEvictPercentage", 80, "missing"),
            "Evictions": ("Evictions", 100, "notBreaching"),
            "Connections": ("CurrConnections", 52_000, "missing"),
            "ReplicaLag": ("ReplicationLag", 10, "notBreaching"),
            "Throttled": ("TrafficManagementActive", 0, "notBreaching"),
            "Logins": ("AuthenticationFailures", 5, "notBreaching"),
        }

    def test_each_node_is_looked_at_by_its_own_dimensions(self) -> None:
        cpu = next(alarm for alarm in alarms_of_group("shop-sessions", group()) if alarm.id == "Cpu")
        assert [dict(each) for each in (cpu.dimensions, *cpu.others)] == [
            {"CacheClusterId": "shop-sessions-001", "CacheNodeId": "0001"},
            {"CacheClusterId": "shop-sessions-002", "CacheNodeId": "0001"},
        ]

    def test_more_cores_are_watched_by_the_engines_own_metric(self) -> None:
        for name in ("cache.r7g.xlarge", "cache.q1.large"):
            acknowledged = ["cache/class-unknown", "cache/class-family"]
            pack = {each.id: each for each in alarms_of_group("x", group(**{"class": name}, acknowledge=acknowledged))}
            assert (pack["Cpu"].metric, pack["Cpu"].threshold) == ("EngineCPUUtilization", 90)

    def test_nodes_with_ssds_are_watched_by_capacity(self) -> None:
        pack = {each.id: each for each in alarms_of_group("x", group(**{"class": "cache.r6gd.xlarge"}))}
        assert pack["Memory"].metric == "DatabaseCapacityUsageCountedForEvictPercentage"

    def test_ten_nodes_share_an_alarm(self) -> None:
        """CloudWatch takes ten metrics in one; what it says names the nodes."""
        large = group(shards=11)
        pack = {each.id: each for each in alarms_of_group("shop-sessions", large)}
        assert len(pack) == 3 * 7
        assert [len(pack[name].others) + 1 for name in ("Cpu", "Cpu2", "Cpu3")] == [10, 10, 2]
        assert pack["Cpu2"].means.startswith("shop-sessions, nodes shop-sessions-0006-001 to shop-sessions-0010-002: ")
        watched = [
            each["CacheClusterId"] for n in ("Cpu", "Cpu2", "Cpu3") for each in (pack[n].dimensions, *pack[n].others)
        ]
        assert len(set(watched)) == 22 == large.nodes

    def test_what_a_group_does_not_have_has_no_alarm(self) -> None:
        alone = {each.id for each in alarms_of_group("x", group(replicas=0, acknowledge=["cache/no-replica"]))}
        assert "ReplicaLag" not in alone
        assert not {"Credits", "DurabilityLag", "GlobalLag"} & alone

    def test_what_a_group_has_has_one(self) -> None:
        burstable = {each.id: each for each in alarms_of_group("x", group(**{"class": "cache.t4g.medium"}))}
        assert (burstable["Credits"].below, burstable["Credits"].threshold) == (True, 20)
        assert {each.id for each in alarms_of_group("x", group(), is_global=True)} >= {"GlobalLag"}
        durable = group(version="9.0", cluster_mode="enabled", shards=2, durability="async")
        pack = {each.id: each for each in alarms_of_group("x", durable)}
        assert pack["DurabilityLag"].threshold == 5000

    def test_thresholds_are_the_files(self) -> None:
        thresholds = {"cpu_percent": 60, "connections_percent": 10, "throttled_minutes": 7, "evictions_per_min": 0}
        pack = {each.id: each for each in alarms_of_group("x", group(watch=TOLD | {"alarms": thresholds}))}
        assert (pack["Cpu"].threshold, pack["Connections"].threshold) == (30, 6500)
        assert (pack["Throttled"].periods, pack["Evictions"].threshold) == (7, 0)


def test_the_pack_of_memcached() -> None:
    pack = {each.id: each for each in alarms_of_memcached("shop-pages", memcached(nodes=12))}
    assert {name: (each.metric, each.threshold) for name, each in pack.items() if not name.endswith("2")} == {
        "Cpu": ("CPUUtilization", 90),
        "Swap": ("SwapUsage", 52_428_800),
        "Evictions": ("Evictions", 100),
        "Connections": ("CurrConnections", 52_000),
    }
    assert dict(pack["Cpu2"].others[-1]) == {"CacheClusterId": "shop-pages", "CacheNodeId": "0012"}


def test_the_pack_of_a_serverless_cache_follows_its_limits() -> None:
    usage = {"data_gb": {"max": 10}, "ecpu_per_s": {"max": 20_000}}
    pack = {each.id: each for each in alarms_of_serverless("shop-offers", serverless(usage=usage))}
    assert {name: (each.metric, each.threshold, each.statistic) for name, each in pack.items()} == {
        "Data": ("BytesUsedForCache", 8_000_000_000, "Maximum"),
        "Ecpu": ("ElastiCacheProcessingUnits", 960_000, "Sum"),
        "Throttled": ("ThrottledCmds", 0, "Sum"),
        "Evictions": ("Evictions", 100, "Sum"),
        "ReadLatency": ("SuccessfulReadRequestLatency", 10_000, "Average"),
        "Logins": ("AuthenticationFailures", 5, "Sum"),
    }
    assert {tuple(each.dimensions.items()) for each in pack.values()} == {(("clusterId", "shop-offers"),)}


def test_a_serverless_cache_without_limits_is_measured_by_those_of_aws() -> None:
    pack = {each.id: each.threshold for each in alarms_of_serverless("x", serverless())}
    assert (pack["Data"], pack["Ecpu"]) == (4_000 * 10**9, 720_000_000)


def test_nobody_logs_in_to_memcached() -> None:
    pack = {each.id for each in alarms_of_serverless("x", serverless(engine="memcached", version="1.6"))}
    assert "Logins" not in pack


def test_what_a_file_leaves_out_has_no_alarm() -> None:
    off = {
        kind: dict.fromkeys(kind.model_fields) for kind in (CacheAlarmsSpec, MemcachedAlarmsSpec, ServerlessAlarmsSpec)
    }
    assert alarms_of_group("x", group(watch=TOLD | {"alarms": off[CacheAlarmsSpec]}), is_global=True) == ()
    assert alarms_of_memcached("x", memcached(watch=TOLD | {"alarms": off[MemcachedAlarmsSpec]})) == ()
    assert alarms_of_serverless("x", serverless(watch=TOLD | {"alarms": off[ServerlessAlarmsSpec]})) == ()
    assert alarms_of_group("x", group(watch=None)) == ()


# --- templates

KINDS = {"group": group, "memcached": memcached, "serverless": serverless}


def template(out: Path, spec: Any, **arguments: Any) -> Template:
    constructs: dict[type, Any] = {
        ReplicationGroupSpec: ReplicationGroup,
        MemcachedSpec: Memcached,
        ServerlessCacheSpec: ServerlessCache,
    }

    def define(stack: cdk.Stack) -> None:
        made = {name: value(stack) if callable(value) else value for name, value in arguments.items()}
        constructs[type(spec)](
            stack, "Cache", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc_of_the_caller(stack), **made
        )

    return synthesize_one(out, define)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return {name: template(tmp_path_factory.mktemp(name), kind()) for name, kind in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_alarm_says_what_it_means_and_tells_the_topic(made: dict[str, Template], kind: str) -> None:
    alarms = [each["Properties"] for each in resources(made[kind], "AWS::CloudWatch::Alarm").values()]
    topics = resources(made[kind], "AWS::SNS::Topic")
    (encrypted,) = [name for name, each in topics.items() if "KmsMasterKeyId" in each["Properties"]]
    assert len(alarms) == {"group": 7, "memcached": 4, "serverless": 6}[kind]
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": encrypted}]
        assert alarm["TreatMissingData"] in {"missing", "notBreaching"}
        assert "AlarmName" not in alarm
        what, _, then = alarm["AlarmDescription"].partition(". ")
        assert what.startswith("shop-")
        assert then


def test_an_alarm_on_two_nodes_takes_the_worst(made: dict[str, Template]) -> None:
    alarms = [each["Properties"] for each in resources(made["group"], "AWS::CloudWatch::Alarm").values()]
    (lag,) = [each for each in alarms if "behind its primary" in each["AlarmDescription"]]
    worst, first, second = lag["Metrics"]
    assert (worst["Expression"], worst["ReturnData"]) == ("MAX([m1, m2])", True)
    assert [each["ReturnData"] for each in (first, second)] == [False, False]
    stat = second["MetricStat"]
    assert (stat["Metric"]["Namespace"], stat["Metric"]["MetricName"]) == ("AWS/ElastiCache", "ReplicationLag")
    assert {each["Name"]: each["Value"] for each in stat["Metric"]["Dimensions"]} == {
        "CacheClusterId": "shop-sessions-002",
        "CacheNodeId": "0001",
    }
    assert (stat["Period"], stat["Stat"], "Period" in lag) == (60, "Maximum", False)


def test_an_alarm_that_looks_for_too_little_takes_the_least(tmp_path: Path) -> None:
    made = template(tmp_path, group(**{"class": "cache.t4g.medium"}, acknowledge=["cache/class-burstable"]))
    alarms = [each["Properties"] for each in resources(made, "AWS::CloudWatch::Alarm").values()]
    (credits_left,) = [each for each in alarms if "CPU credits" in each["AlarmDescription"]]
    assert credits_left["ComparisonOperator"] == "LessThanThreshold"
    assert credits_left["Metrics"][0]["Expression"] == "MIN([m1, m2])"


@pytest.mark.parametrize(
    ("kind", "resource_type"),
    [("group", "AWS::ElastiCache::ReplicationGroup"), ("memcached", "AWS::ElastiCache::CacheCluster")],
)
def test_events_of_nodes_go_to_a_topic_that_elasticache_can_publish_to(
    made: dict[str, Template], kind: str, resource_type: str
) -> None:
    """ElastiCache user guide: no encrypted topic, and aws:SourceOwner, not aws:SourceAccount."""
    topics = resources(made[kind], "AWS::SNS::Topic")
    (plain,) = [name for name, each in topics.items() if "KmsMasterKeyId" not in each["Properties"]]
    (source,) = resources(made[kind], resource_type).values()
    assert source["Properties"]["NotificationTopicArn"] == {"Ref": plain}
    policies = resources(made[kind], "AWS::SNS::TopicPolicy")
    (policy,) = [name for name, each in policies.items() if each["Properties"]["Topics"] == [{"Ref": plain}]]
    assert policy in source["DependsOn"]
    tls, events = policies[policy]["Properties"]["PolicyDocument"]["Statement"]
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert (events["Principal"], events["Action"]) == ({"AWS": "*"}, "sns:Publish")
    assert events["Condition"] == {"StringEquals": {"AWS:SourceOwner": {"Ref": "AWS::AccountId"}}}


def test_alarms_of_nodes_go_to_a_topic_that_only_alarms_publish_to(made: dict[str, Template]) -> None:
    statements = only(made["group"], "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (use,) = [each for each in statements if each["Sid"].startswith("Publish")]
    assert use["Principal"] == {"Service": ["cloudwatch.amazonaws.com"]}
    policies = [each["Properties"] for each in resources(made["group"], "AWS::SNS::TopicPolicy").values()]
    said = [[each["Sid"] for each in policy["PolicyDocument"]["Statement"]] for policy in policies]
    assert sorted(said) == [["OnlyOverTls", "Alarms"], ["OnlyOverTls", "CacheEvents"]]


def test_events_of_a_serverless_cache_come_by_a_rule(made: dict[str, Template]) -> None:
    rule = only(made["serverless"], "AWS::Events::Rule")
    (cache,) = resources(made["serverless"], "AWS::ElastiCache::ServerlessCache")
    (topic,) = resources(made["serverless"], "AWS::SNS::Topic")
    assert rule["EventPattern"] == {"source": ["aws.elasticache"], "resources": [{"Fn::GetAtt": [cache, "ARN"]}]}
    assert [each["Arn"] for each in rule["Targets"]] == [{"Ref": topic}]
    statements = only(made["serverless"], "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert [each["Sid"] for each in statements] == ["OnlyOverTls", "Alarms", "CacheEvents"]
    assert statements[-1]["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in statements[-1]
    key = {each["Sid"]: each for each in only(made["serverless"], "AWS::KMS::Key")["KeyPolicy"]["Statement"]}
    assert key["PublishToTopics"]["Principal"] == {"Service": ["cloudwatch.amazonaws.com"]}
    assert key["PublishByRules"]["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in key["PublishByRules"]


@pytest.mark.parametrize(("kind", "times"), [("group", 2), ("memcached", 2), ("serverless", 1)])
def test_everybody_named_is_told_by_every_topic(made: dict[str, Template], kind: str, times: int) -> None:
    told = [each["Properties"]["Endpoint"] for each in resources(made[kind], "AWS::SNS::Subscription").values()]
    assert sorted(told) == sorted([OPS, QUEUE] * times)


@pytest.mark.parametrize("kind", KINDS)
def test_the_dashboard_stands_in_two_columns(made: dict[str, Template], kind: str) -> None:
    dashboard = only(made[kind], "AWS::CloudWatch::Dashboard")
    name = {"group": "sessions", "memcached": "pages", "serverless": "offers"}[kind]
    assert dashboard["DashboardName"] == {"Fn::Sub": f"shop-{name}-${{AWS::Region}}"}
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    assert [(each["x"], each["y"]) for each in widgets[:4]] == [(0, 0), (12, 0), (0, 6), (12, 6)]
    assert {metric[0] for each in widgets for metric in each["properties"]["metrics"]} == {"AWS/ElastiCache"}


def test_a_dashboard_of_a_group_shows_roles_and_nodes(made: dict[str, Template]) -> None:
    body = only(made["group"], "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"]
    engine, host, *_ = json.loads(body)["widgets"]
    assert [metric[2:6] for metric in engine["properties"]["metrics"]] == [
        ["ReplicationGroupId", "shop-sessions", "Role", "Primary"],
        ["ReplicationGroupId", "shop-sessions", "Role", "Replica"],
    ]
    assert [metric[3] for metric in host["properties"]["metrics"]] == ["shop-sessions-001", "shop-sessions-002"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_watched_has_none_of_it(tmp_path: Path, kind: str) -> None:
    made = template(tmp_path, KINDS[kind](watch=None))
    services = ("AWS::SNS", "AWS::CloudWatch", "AWS::Events")
    assert not [each for each in made["Resources"].values() if each["Type"].startswith(services)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dashboard_alone_needs_no_topic_and_no_key(tmp_path: Path, kind: str) -> None:
    made = template(tmp_path, KINDS[kind](watch={"alarms": None, "events": False}))
    assert not resources(made, "AWS::SNS::Topic")
    assert resources(made, "AWS::CloudWatch::Dashboard")
    assert "Publish" not in json.dumps(resources(made, "AWS::KMS::Key"))


def test_events_alone_leave_out_the_encrypted_topic(tmp_path: Path) -> None:
    made = template(tmp_path, memcached(watch=TOLD | {"alarms": None}))
    assert "KmsMasterKeyId" not in only(made, "AWS::SNS::Topic")
    assert not resources(made, "AWS::KMS::Key")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_the_callers_lets_the_services_use_it_too(tmp_path: Path, kind: str) -> None:
    made = template(tmp_path, KINDS[kind](), key=lambda stack: kms.Key(stack, "Key"))
    said = {each.get("Sid") for each in only(made, "AWS::KMS::Key")["KeyPolicy"]["Statement"]}
    assert "PublishToTopics" in said
    assert ("PublishByRules" in said) == (kind == "serverless")


SHARED = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
shared_key: on
caches: {sessions: {watch: {notify: [ops@example.com]}}}
memcached: {pages: {watch: {notify: [ops@example.com]}}}
serverless_caches: {offers: {watch: {notify: [ops@example.com]}}}
"""


def test_the_one_key_of_an_estate_lets_them_use_it(tmp_path: Path) -> None:
    estate = load_text(SHARED).estate
    made = synthesize(tmp_path, lambda app: compose(app, estate))
    key = {each["Sid"]: each for each in only(made["shop-network"], "AWS::KMS::Key")["KeyPolicy"]["Statement"]}
    assert "cloudwatch.amazonaws.com" in key["PublishToTopics"]["Principal"]["Service"]
    assert key["PublishByRules"]["Principal"] == {"Service": "events.amazonaws.com"}
    for name in ("sessions", "pages", "offers"):
        assert not resources(made[f"shop-cache-{name}"], "AWS::KMS::Key")


BILLED = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
caches:
  sessions: {shards: 6, watch: {notify: [ops@example.com]}}
  small: {class: cache.t4g.medium, acknowledge: [cache/class-burstable], watch: {notify: [ops@example.com]}}
memcached: {pages: {nodes: 3, watch: {notify: [ops@example.com]}}}
serverless_caches:
  offers: {watch: {notify: [ops@example.com]}}
  plain: {engine: memcached, watch: {notify: [ops@example.com]}}
"""


def test_what_is_billed_is_what_is_made() -> None:
    """`estate check --explain` counts the metrics that the packs look at."""
    loaded = load_text(BILLED)
    estate = loaded.estate
    packs = {
        "caches.sessions": alarms_of_group("x", estate.caches["sessions"]),
        "caches.small": alarms_of_group("x", estate.caches["small"]),
        "memcached.pages": alarms_of_memcached("x", estate.memcached["pages"]),
        "serverless_caches.offers": alarms_of_serverless("x", estate.serverless_caches["offers"]),
        "serverless_caches.plain": alarms_of_serverless("x", estate.serverless_caches["plain"]),
    }
    said = {each.path: each.what for each in billed(loaded) if each.what.startswith("alarms")}
    assert said == {
        path: f"alarms on {sum(1 + len(alarm.others) for alarm in pack)} metrics, by the month"
        for path, pack in packs.items()
    }


def test_every_member_of_a_global_datastore_is_watched_by_its_own_region(tmp_path: Path) -> None:
    estate = load_text(GLOBAL).estate
    made = synthesize(tmp_path, lambda app: compose(app, estate))
    for name, told in (("shop-cache-sessions", {OPS}), ("shop-cache-sessions-us-east-1", {OPS, FAR})):
        alarms = [each["Properties"] for each in resources(made[name], "AWS::CloudWatch::Alarm").values()]
        (lag,) = [each for each in alarms if "secondary Region" in each["AlarmDescription"]]
        assert (lag["Threshold"], lag["TreatMissingData"]) == (3, "notBreaching")
        stats = [each["MetricStat"]["Metric"]["MetricName"] for each in lag["Metrics"][1:]]
        assert set(stats) == {"GlobalDatastoreReplicationLag"}
        subscriptions = resources(made[name], "AWS::SNS::Subscription").values()
        assert {each["Properties"]["Endpoint"] for each in subscriptions} == told
        assert (
            "GlobalDatastoreReplicationLag"
            in only(made[name], "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"]
        )


FAR = QUEUE.replace("eu-west", "us-east")
GLOBAL = f"""\
estate: shop
defaults: "2026-11"
regions: [eu-west-1, us-east-1]
network: {{eu-west-1: {{cidr: 10.0.0.0/16}}, us-east-1: {{cidr: 10.1.0.0/16}}}}
caches:
  sessions:
    class: cache.r7g.large
    global: {{secondaries: {{us-east-1: {{}}}}}}
    watch: {{notify: [{OPS}, "{FAR}"], alarms: {{global_lag_s: 3}}}}
"""
