from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from constructs_lib.aurora.alarms import alarm_pack, global_lag_alarms
from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.foundation.encryption import PUBLISHERS
from estate.aurora import AuroraSpec
from estate.load import load_text
from estate.watching import AlarmsSpec
from stacks.compose import compose
from tests.support.specs import mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize, synthesize_one

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:page"
NOTIFY = ["ops@example.com", "arn:aws:sqs:eu-west-1:111122223333:alarms", FUNCTION]
MIXED = {"a": {"class": "db.r8g.large", "tier": 0}, "b-1": {"class": "serverless", "tier": 15}}
GIB = 2**30


def watched(**changes: Any) -> AuroraSpec:
    return postgresql(**{"instances": MIXED, "watch": {"notify": NOTIFY}, **changes})


def template(out: Path, spec: AuroraSpec, **arguments: Any) -> Template:
    def define(stack: cdk.Stack) -> None:
        vpc = vpc_of_the_caller(stack)
        AuroraCluster(stack, "Aurora", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc, **arguments)

    return synthesize_one(out, define)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("watched"), watched())


def test_the_pack_of_a_mixed_cluster() -> None:
    pack = {alarm.id: (alarm.metric, alarm.threshold, alarm.missing) for alarm in alarm_pack("shop-orders", watched())}
    assert pack == {
        "CpuA": ("CPUUtilization", 90, "missing"),
        "MemoryA": ("FreeableMemory", int(1.6 * GIB), "missing"),
        "LocalStorageA": ("FreeLocalStorage", 5 * GIB, "missing"),
        "ConnectionsA": ("DatabaseConnections", 1334, "missing"),
        "CpuB-1": ("CPUUtilization", 90, "missing"),
        "MemoryB-1": ("FreeableMemory", int(1.6 * GIB), "missing"),
        "LocalStorageB-1": ("FreeLocalStorage", 5 * GIB, "missing"),
        "ConnectionsB-1": ("DatabaseConnections", 1334, "missing"),
        "AcuB-1": ("ACUUtilization", 90, "notBreaching"),
        "ReplicaLag": ("AuroraReplicaLagMaximum", 100, "notBreaching"),
        "Deadlocks": ("Deadlocks", 1, "notBreaching"),
        "TransactionIds": ("MaximumUsedTransactionIDs", 1_000_000_000, "notBreaching"),
        "Volume": ("VolumeBytesUsed", int(0.8 * 256 * 2**40), "notBreaching"),
    }


def test_whose_metric_it_is() -> None:
    dimensions = {alarm.id: dict(alarm.dimensions) for alarm in alarm_pack("shop-orders", watched())}
    assert dimensions["CpuB-1"] == {"DBInstanceIdentifier": "shop-orders-b-1"}
    assert dimensions["Deadlocks"] == {"DBClusterIdentifier": "shop-orders", "Role": "WRITER"}
    assert dimensions["ReplicaLag"] == {"DBClusterIdentifier": "shop-orders"}


def test_an_instance_that_pauses_may_be_silent() -> None:
    pausing = watched(instances={"a": {}, "b": {}}, serverless={"min_acu": 0, "max_acu": 4})
    assert {alarm.missing for alarm in alarm_pack("x", pausing)} == {"notBreaching"}


def test_thresholds_follow_slo_version_class_and_file() -> None:
    spec = watched(
        version="16.8",
        slo={"replica_lag_ms": 40},
        watch={"notify": NOTIFY, "alarms": {"volume_percent": 50, "cpu_percent": 70, "free_memory_percent": 25}},
    )
    pack = {alarm.id: alarm.threshold for alarm in alarm_pack("x", spec)}
    assert pack["ReplicaLag"] == 40
    assert pack["Volume"] == 64 * 2**40
    assert (pack["CpuA"], pack["MemoryA"]) == (70, 4 * GIB)


def test_what_a_file_leaves_out_has_no_alarm() -> None:
    off = dict.fromkeys(set(AlarmsSpec.model_fields) - {"replica_lag_ms"})
    spec = watched(instances={"a": {}}, acknowledge=["aurora/single-instance"], watch={"alarms": off})
    assert alarm_pack("x", spec) == ()
    assert alarm_pack("x", watched(watch={"alarms": None})) == ()
    assert alarm_pack("x", postgresql()) == ()


def test_what_an_engine_or_a_cluster_does_not_have_has_no_alarm() -> None:
    names = {alarm.id for alarm in alarm_pack("x", mysql(watch={"notify": NOTIFY}))}
    assert "TransactionIds" not in names
    assert not {name for name in names if name.startswith("Acu")}
    alone = watched(instances={"a": {}}, acknowledge=["aurora/single-instance"])
    assert "ReplicaLag" not in {alarm.id for alarm in alarm_pack("x", alone)}


def test_a_class_of_unknown_size_has_no_alarm_on_it() -> None:
    unknown = {"a": {"class": "db.q9g.large"}, "b": {"class": "db.r8g.large"}}
    names = {alarm.id for alarm in alarm_pack("x", watched(instances=unknown))}
    assert {"MemoryB", "ConnectionsB", "CpuA"} <= names
    assert not {"MemoryA", "ConnectionsA"} & names


def test_lag_behind_the_primary_region_is_a_secondarys() -> None:
    first, second = global_lag_alarms("ledger", AlarmsSpec(global_lag_ms=5000))
    assert (first.metric, second.metric) == ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag")
    assert (first.threshold, second.threshold) == (5000, 5000)
    assert global_lag_alarms("ledger", AlarmsSpec(global_lag_ms=None)) == ()


GLOBAL = """\
estate: ledger
defaults: "2026-11"
regions: [eu-west-1, us-east-1]
network: {eu-west-1: {cidr: 10.0.0.0/16}, us-east-1: {cidr: 10.1.0.0/16}}
aurora:
  main:
    engine: aurora-postgresql
    version: "17.7"
    master_authentication: iam
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
    global: {secondaries: {us-east-1: {instances: {x: {class: db.r8g.large}}}}}
    watch: {notify: [ops@example.com, "arn:aws:sqs:eu-west-1:111122223333:alarms"]}
"""


def test_every_region_of_a_global_database_is_watched_by_its_own(tmp_path: Path) -> None:
    """The metrics of lag move with a switchover, so each member has their alarms; each Region tells its own queues.

    CloudWatch keeps them by `SourceRegion` too: an alarm on the cluster alone would have no data, for good.
    """
    estate = load_text(GLOBAL).estate
    made = synthesize(tmp_path, lambda app: compose(app, estate))
    for name, told in (("ledger-aurora-main", {"email", "sqs"}), ("ledger-aurora-main-us-east-1", {"email"})):
        alarms = [each["Properties"] for each in resources(made[name], "AWS::CloudWatch::Alarm").values()]
        cluster = name.replace("ledger-aurora-", "ledger-")
        of_cluster = f"FROM \"AWS/RDS\" WHERE DBClusterIdentifier = '{cluster}'"
        assert {each["Metrics"][0]["Expression"] for each in alarms if "Metrics" in each} == {
            f"SELECT MAX({metric}) {of_cluster}" for metric in ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag")
        }
        subscriptions = resources(made[name], "AWS::SNS::Subscription").values()
        assert {each["Properties"]["Protocol"] for each in subscriptions} == told
        events = [each["Properties"] for each in resources(made[name], "AWS::RDS::EventSubscription").values()]
        assert "global-failover" in {category for each in events for category in each["EventCategories"]}
        dashboard = only(made[name], "AWS::CloudWatch::Dashboard")
        assert "AuroraGlobalDBRPOLag" in dashboard["DashboardBody"]["Fn::Sub"]


def test_every_alarm_says_what_it_means_and_tells_the_topic(made: Template) -> None:
    (topic,) = resources(made, "AWS::SNS::Topic")
    alarms = [each["Properties"] for each in resources(made, "AWS::CloudWatch::Alarm").values()]
    assert len(alarms) == 13
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
        assert alarm["TreatMissingData"] in {"missing", "notBreaching"}
        assert "AlarmName" not in alarm
        what, _, then = alarm["AlarmDescription"].partition(". ")
        assert what.startswith("shop-orders")
        assert then


def test_the_topic_is_encrypted_and_takes_only_this_accounts_alarms_and_events(made: Template) -> None:
    topic, policy = only(made, "AWS::SNS::Topic"), only(made, "AWS::SNS::TopicPolicy")["PolicyDocument"]
    assert topic["KmsMasterKeyId"] == only(made, "AWS::RDS::DBCluster")["KmsKeyId"]
    tls, *allowed = policy["Statement"]
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert [each["Principal"]["Service"] for each in allowed] == list(PUBLISHERS)
    for each in allowed:
        assert each["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert each["Action"] == "sns:Publish"
    statements = only(made, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (use,) = [each for each in statements if each["Sid"] == "PublishToTopics"]
    assert use["Principal"] == {"Service": list(PUBLISHERS)}
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_everybody_named_is_told(made: Template) -> None:
    told = {
        each["Properties"]["Endpoint"]: each["Properties"]["Protocol"]
        for each in resources(made, "AWS::SNS::Subscription").values()
    }
    assert told == dict(zip(NOTIFY, ("email", "sqs", "lambda"), strict=True))
    permission = only(made, "AWS::Lambda::Permission")
    (topic,) = resources(made, "AWS::SNS::Topic")
    assert (permission["FunctionName"], permission["SourceArn"]) == (FUNCTION, {"Ref": topic})


def test_events_of_the_cluster_and_its_instances_are_told(made: Template) -> None:
    found = {
        each["Properties"]["SourceType"]: each["Properties"]
        for each in resources(made, "AWS::RDS::EventSubscription").values()
    }
    assert {"failover", "failure", "maintenance"} <= set(found["db-cluster"]["EventCategories"])
    assert {"maintenance", "failure", "configuration change"} <= set(found["db-instance"]["EventCategories"])
    assert len(found["db-instance"]["SourceIds"]) == 2
    assert found["db-cluster"]["Enabled"] is True


def test_the_dashboard_stands_in_two_columns(made: Template) -> None:
    dashboard = only(made, "AWS::CloudWatch::Dashboard")
    assert dashboard["DashboardName"] == {"Fn::Sub": "shop-orders-${AWS::Region}"}
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    assert [(each["x"], each["y"]) for each in widgets[:4]] == [(0, 0), (12, 0), (0, 6), (12, 6)]
    titles = {each["properties"]["title"] for each in widgets}
    assert {"CPU, percent", "Connections", "Replica lag, milliseconds", "Capacity, ACU"} <= titles
    cpu = widgets[0]["properties"]["metrics"]
    assert [metric[-3:] for metric in cpu] == [
        ["Role", "WRITER", {"label": "writer"}],
        ["Role", "READER", {"label": "readers"}],
    ]


def test_a_key_of_the_callers_lets_the_services_use_it_too(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        key, vpc = kms.Key(stack, "Key"), vpc_of_the_caller(stack)
        AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=watched(), vpc=vpc, key=key)

    statements = only(synthesize_one(tmp_path, define), "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert "PublishToTopics" in {each.get("Sid") for each in statements}


def test_what_is_not_watched_has_none_of_it(tmp_path: Path) -> None:
    made = template(tmp_path, postgresql())
    assert not [each for each in made["Resources"].values() if each["Type"].startswith(("AWS::SNS", "AWS::Cloud"))]
    dashboard = template(tmp_path / "second", watched(watch={"alarms": None, "events": False}))
    assert not resources(dashboard, "AWS::SNS::Topic")
    assert resources(dashboard, "AWS::CloudWatch::Dashboard")


FROM_IRELAND = {"DBClusterIdentifier": "shop-orders", "SourceRegion": "eu-west-1"}


@pytest.mark.parametrize(
    ("method", "arguments", "metric", "dimensions"),
    [
        ("metric_free_memory_bytes", ("a",), "FreeableMemory", {"DBInstanceIdentifier": "shop-orders-a"}),
        ("metric_free_local_storage_bytes", ("a",), "FreeLocalStorage", {"DBInstanceIdentifier": "shop-orders-a"}),
        ("metric_acu_percent", ("b-1",), "ACUUtilization", {"DBInstanceIdentifier": "shop-orders-b-1"}),
        ("metric_deadlocks_per_s", (), "Deadlocks", {"DBClusterIdentifier": "shop-orders"}),
        ("metric_transaction_ids", (), "MaximumUsedTransactionIDs", {"DBClusterIdentifier": "shop-orders"}),
        ("metric_commit_latency_ms", (), "CommitLatency", {"DBClusterIdentifier": "shop-orders"}),
        ("metric_global_lag_ms", ("eu-west-1",), "AuroraGlobalDBReplicationLag", FROM_IRELAND),
        ("metric_global_rpo_lag_ms", ("eu-west-1",), "AuroraGlobalDBRPOLag", FROM_IRELAND),
    ],
)
def test_metrics_name_namespace_and_dimensions(
    tmp_path: Path, method: str, arguments: tuple[str, ...], metric: str, dimensions: dict[str, str]
) -> None:
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Alone")
    vpc = vpc_of_the_caller(stack)
    made = AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=postgresql(instances=MIXED), vpc=vpc)
    found = getattr(made, method)(*arguments)
    assert (found.namespace, found.metric_name, found.dimensions) == ("AWS/RDS", metric, dimensions)
