from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs_lib.cache import settings
from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.replication_group import ReplicationGroupSpec
from tests.support.specs import valkey, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one

GROUP = "AWS::ElastiCache::ReplicationGroup"
NO_REPLICA = {"acknowledge": ["cache/no-replica"]}
USERS = {"web": {"access": "on ~session:* +@read +@write"}, "reports": {}}


def group(stack: cdk.Stack, spec: ReplicationGroupSpec) -> ReplicationGroup:
    return ReplicationGroup(stack, "Cache", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc_of_the_caller(stack))


def template(out: Path, spec: ReplicationGroupSpec) -> Template:
    return synthesize_one(out, lambda stack: group(stack, spec))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("valkey"), valkey(users=USERS))


def test_the_group_is_encrypted_at_rest_and_on_the_way(made: Template) -> None:
    expected = {
        "AtRestEncryptionEnabled": True,
        "AutomaticFailoverEnabled": True,
        "ClusterMode": "enabled",
        "Engine": "valkey",
        "MultiAZEnabled": True,
        "NumNodeGroups": 2,
        "Port": 6380,
        "ReplicasPerNodeGroup": 1,
        "ReplicationGroupId": "shop-sessions",
        "SnapshotRetentionLimit": 15,
        "TransitEncryptionEnabled": True,
        "TransitEncryptionMode": "required",
    }
    properties = only(made, GROUP)
    assert expected.items() <= properties.items()
    assert properties["KmsKeyId"]


def test_shards_are_added_online_and_a_snapshot_is_taken_at_the_end(made: Template) -> None:
    (resource,) = resources(made, GROUP).values()
    assert resource["UpdatePolicy"] == {"UseOnlineResharding": True}
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_logs_go_to_encrypted_groups_that_exist_first(made: Template) -> None:
    groups = resources(made, "AWS::Logs::LogGroup")
    assert {g["Properties"]["LogGroupName"] for g in groups.values()} == {
        "/aws/elasticache/shop-sessions/engine-log",
        "/aws/elasticache/shop-sessions/slow-log",
    }
    delivered = {
        d["LogType"]: d["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"]["Ref"]
        for d in only(made, GROUP)["LogDeliveryConfigurations"]
    }
    assert set(delivered.values()) == set(groups)
    assert set(delivered) == {"engine-log", "slow-log"}


def test_only_iam_users_log_in_to_valkey(made: Template) -> None:
    users = [r["Properties"] for r in resources(made, "AWS::ElastiCache::User").values()]
    assert {u["UserId"] for u in users} == {"shop-sessions-web", "shop-sessions-reports"}
    assert all(u["UserId"] == u["UserName"] and u["AuthenticationMode"] == {"Type": "iam"} for u in users)
    members = only(made, "AWS::ElastiCache::UserGroup")["UserIds"]
    assert {m["Ref"] for m in members} == set(resources(made, "AWS::ElastiCache::User"))


def test_redis_has_its_default_user_switched_off(tmp_path: Path) -> None:
    made = template(tmp_path, valkey(engine="redis", version="7.1", users=USERS))
    users = {r["Properties"]["UserName"]: r["Properties"] for r in resources(made, "AWS::ElastiCache::User").values()}
    assert set(users) == {"default", "shop-sessions-web", "shop-sessions-reports"}
    assert users["default"]["AccessString"] == "off ~* -@all"
    assert users["default"]["UserId"] == "shop-sessions-default"
    assert len(only(made, "AWS::ElastiCache::UserGroup")["UserIds"]) == 3


def test_a_cache_without_users_is_closed_not_open(tmp_path: Path) -> None:
    made = template(tmp_path, valkey())
    assert only(made, "AWS::ElastiCache::User")["AccessString"].startswith("off ")
    assert only(made, GROUP)["UserGroupIds"]


@pytest.mark.parametrize(
    ("changes", "mode", "fails_over", "spread"),
    [
        pytest.param({"shards": 1, "replicas": 1}, "disabled", True, True, id="one-shard-with-a-replica"),
        pytest.param({"shards": 1, "replicas": 0, **NO_REPLICA}, "disabled", False, False, id="one-node"),
        pytest.param({"shards": 2, "replicas": 0, **NO_REPLICA}, "enabled", True, False, id="shards-alone"),
    ],
)
def test_modes_follow_shards_and_replicas(
    tmp_path: Path, changes: dict[str, Any], mode: str, fails_over: bool, spread: bool
) -> None:
    made = template(tmp_path, valkey(**changes))
    properties = only(made, GROUP)
    assert properties["ClusterMode"] == mode
    assert (properties["AutomaticFailoverEnabled"], properties["MultiAZEnabled"]) == (fails_over, spread)
    parameter = only(made, "AWS::ElastiCache::ParameterGroup")["Properties"]["cluster-enabled"]
    assert parameter == ("yes" if mode == "enabled" else "no")


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [
        ("valkey", "7.2", "valkey7"),
        ("valkey", "8.2", "valkey8"),
        ("redis", "7.1", "redis7"),
        ("redis", "6.2", "redis6.x"),
    ],
)
def test_parameter_group_family_follows_the_version(engine: str, version: str, family: str) -> None:
    assert settings.parameter_group_family(valkey(engine=engine, version=version)) == family


@pytest.mark.parametrize(
    ("engine", "version", "kinds"),
    [
        ("valkey", "7.2", ("engine-log", "slow-log")),
        ("redis", "6.2", ("engine-log", "slow-log")),
        ("redis", "6.0", ("slow-log",)),
    ],
)
def test_logs_are_those_the_version_delivers(
    engine: Literal["valkey", "redis"], version: str, kinds: tuple[str, ...]
) -> None:
    spec = ReplicationGroupSpec.model_construct(name="sessions", engine=engine, version=version)
    assert settings.log_types(spec) == kinds


def test_parameters_and_overrides_of_the_file_win(tmp_path: Path) -> None:
    spec = valkey(
        parameters={"maxmemory-policy": "allkeys-lru"},
        overrides={"NotificationTopicArn": "arn:aws:sns:x"},
        users={"web": {"overrides": {"Tags": [{"Key": "team", "Value": "web"}]}}},
    )
    made = template(tmp_path, spec)
    assert only(made, "AWS::ElastiCache::ParameterGroup")["Properties"]["maxmemory-policy"] == "allkeys-lru"
    assert only(made, GROUP)["NotificationTopicArn"] == "arn:aws:sns:x"
    assert only(made, "AWS::ElastiCache::User")["Tags"] == [{"Key": "team", "Value": "web"}]


def test_connections_open_the_literal_port(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        peer = ec2.SecurityGroup.from_security_group_id(stack, "App", "sg-0123456789abcdef0")
        group(stack, valkey()).connections.allow_default_port_from(peer, "Sessions")

    ingress = only(synthesize_one(tmp_path, define), "AWS::EC2::SecurityGroupIngress")
    assert (ingress["FromPort"], ingress["ToPort"]) == (6380, 6380)


def test_grant_names_the_group_and_one_user(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "App", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        group(stack, valkey(users=USERS)).grant_connect(role, "web").assert_success()

    (statement,) = only(synthesize_one(tmp_path, define), "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    of_user, of_group = statement["Resource"]
    assert statement["Action"] == "elasticache:Connect"
    assert of_group["Fn::Join"][1][-1].endswith(":replicationgroup:shop-sessions")
    assert of_user == {"Fn::GetAtt": ["CacheUsersUserWebD94B9141", "Arn"]}


def alone(out: Path, **changes: Any) -> ReplicationGroup:
    return group(cdk.Stack(new_app(out), "Alone"), valkey(users=USERS, **changes))


def test_metrics_name_nodes_as_elasticache_does(tmp_path: Path) -> None:
    sharded, single = alone(tmp_path / "2"), alone(tmp_path / "1", shards=1)
    memory = sharded.metric_memory_percent()
    assert (memory.namespace, memory.metric_name) == ("AWS/ElastiCache", "DatabaseMemoryUsageCountedForEvictPercentage")
    assert memory.dimensions == {"CacheClusterId": "shop-sessions-0001-001", "CacheNodeId": "0001"}
    assert node(sharded.metric_replication_lag_s()) == "shop-sessions-0001-002"
    assert node(single.metric_engine_cpu_percent()) == "shop-sessions-001"


def node(metric: cloudwatch.Metric) -> str:
    dimensions = metric.dimensions or {}
    name: str = dimensions["CacheClusterId"]
    return name


def test_clients_start_from_the_endpoint_of_the_mode(tmp_path: Path) -> None:
    sharded, single = alone(tmp_path / "2"), alone(tmp_path / "1", shards=1)
    assert resolved(sharded.endpoint, sharded) == "ConfigurationEndPoint.Address"
    assert resolved(single.endpoint, single) == "PrimaryEndPoint.Address"
    assert resolved(single.reader_endpoint, single) == "ReaderEndPoint.Address"
    with pytest.raises(ValueError, match="reader_endpoint must be asked of a group without cluster mode"):
        _ = sharded.reader_endpoint


def resolved(value: str, where: ReplicationGroup) -> str:
    attribute: str = cdk.Stack.of(where).resolve(value)["Fn::GetAtt"][1]
    return attribute


@pytest.mark.parametrize(("node_class", "tiers"), [("cache.r6gd.xlarge", True), ("cache.r6g.xlarge", None)])
def test_nodes_with_ssds_use_them(tmp_path: Path, node_class: str, tiers: bool | None) -> None:
    made = alone(tmp_path, **{"class": node_class})
    assert made.cfn_replication_group.data_tiering_enabled is tiers


def test_what_is_beneath_can_be_reached(tmp_path: Path) -> None:
    made = alone(tmp_path)
    made.cfn_replication_group.data_tiering_enabled = True
    assert made.users is not None
    assert set(made.users.cfn_users) == {"web", "reports"}
    assert made.users.cfn_user_group.user_group_id == "shop-sessions"
