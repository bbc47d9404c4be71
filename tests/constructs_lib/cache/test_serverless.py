from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs_lib.cache.serverless import ServerlessCache
from constructs_lib.foundation.placement import Placement
from estate.caches.serverless import ServerlessCacheSpec
from tests.support.specs import serverless, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one

CACHE = "AWS::ElastiCache::ServerlessCache"
INGRESS = "AWS::EC2::SecurityGroupIngress"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
USAGE = {"data_gb": {"min": 2, "max": 20}, "ecpu_per_s": {"max": 100_000}}


def cache(stack: cdk.Stack, spec: ServerlessCacheSpec) -> ServerlessCache:
    return ServerlessCache(stack, "Cache", identifier=f"diner-{spec.name}", spec=spec, vpc=vpc_of_the_caller(stack))


def template(out: Path, spec: ServerlessCacheSpec) -> Template:
    return synthesize_one(out, lambda stack: cache(stack, spec))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    spec = serverless(
        usage=USAGE,
        users={"kitchen": {"access": "on ~menu:* +@read +@write"}},
        allow_from={"kitchen": {"cidr": "10.0.0.10/32"}},
        daily_snapshot_time="03:00",
    )
    return template(tmp_path_factory.mktemp("serverless"), spec)


def test_the_cache_is_what_the_spec_says(made: Template) -> None:
    expected = {
        "CacheUsageLimits": {
            "DataStorage": {"Unit": "GB", "Minimum": 2, "Maximum": 20},
            "ECPUPerSecond": {"Maximum": 100_000},
        },
        "DailySnapshotTime": "03:00",
        "Engine": "valkey",
        "FinalSnapshotName": "diner-menus-final",
        "MajorEngineVersion": "8",
        "ServerlessCacheName": "diner-menus",
        "SnapshotRetentionLimit": 15,
    }
    properties = only(made, CACHE)
    assert expected.items() <= properties.items()
    assert set(properties) - set(expected) == {
        *("Description", "KmsKeyId", "SecurityGroupIds", "SubnetIds", "UserGroupId"),
    }
    assert len(properties["SubnetIds"]) == 3


def test_its_key_is_its_own_and_stays(made: Template) -> None:
    ((key, resource),) = resources(made, "AWS::KMS::Key").items()
    assert only(made, CACHE)["KmsKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_a_final_snapshot_stands_in_for_the_policy_that_cloudformation_lacks(made: Template) -> None:
    (resource,) = resources(made, CACHE).values()
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_logical_ids_are_pinned(made: Template) -> None:
    """A new id makes a new cache, and the data of the old one is left in a snapshot."""
    kept = ("AWS::ElastiCache::ServerlessCache", "AWS::KMS::Key", "AWS::ElastiCache::UserGroup")
    assert {kind: list(resources(made, kind)) for kind in kept} == {
        "AWS::ElastiCache::ServerlessCache": ["CacheServerlessCacheCFF03C51"],
        "AWS::KMS::Key": ["CacheEncryptionKeyF97C8F66"],
        "AWS::ElastiCache::UserGroup": ["CacheUsersGroup9DFFF292"],
    }


def test_a_source_may_connect_to_both_ports_by_literal_numbers(made: Template) -> None:
    rules = [each["Properties"] for each in resources(made, INGRESS).values()]
    assert sorted((rule["FromPort"], rule["ToPort"]) for rule in rules) == [(6379, 6379), (6380, 6380)]
    assert {rule["CidrIp"] for rule in rules} == {"10.0.0.10/32"}


@pytest.mark.parametrize(
    ("changes", "engine", "members"),
    [
        pytest.param({}, "valkey", {"diner-menus-nobody"}, id="valkey"),
        pytest.param({"engine": "redis", "version": "7"}, "redis", {"default"}, id="redis"),
        pytest.param({"moved_from": "redis"}, "redis", {"default"}, id="moved"),
    ],
)
def test_without_users_the_group_lets_nobody_in(
    tmp_path: Path, changes: dict[str, Any], engine: str, members: set[str]
) -> None:
    made = template(tmp_path, serverless(**changes))
    users = [each["Properties"] for each in resources(made, "AWS::ElastiCache::User").values()]
    assert {user["UserName"] for user in users} == members
    assert all(user["AccessString"].startswith("off ") for user in users)
    assert only(made, "AWS::ElastiCache::UserGroup")["Engine"] == engine
    assert only(made, CACHE)["UserGroupId"]


def test_memcached_has_no_users_and_ports_of_its_own(tmp_path: Path) -> None:
    spec = serverless(engine="memcached", version="1.6", allow_from={"app": {"cidr": "10.0.0.1/32"}})
    made = template(tmp_path, spec)
    assert "UserGroupId" not in only(made, CACHE)
    assert resources(made, "AWS::ElastiCache::UserGroup") == {}
    assert {each["Properties"]["FromPort"] for each in resources(made, INGRESS).values()} == {11211, 11212}


def test_it_is_born_from_snapshots(tmp_path: Path) -> None:
    arn = "arn:aws:elasticache:eu-west-1:123456789012:serverlesscachesnapshot:before"
    made = template(tmp_path, serverless(origin={"snapshots": [arn]}))
    assert only(made, CACHE)["SnapshotArnsToRestore"] == [arn]


@pytest.mark.parametrize(
    "usage", [None, {}, {"data_gb": {}}, {"ecpu_per_s": {}}], ids=["none", "empty", "no-data", "no-load"]
)
def test_bounds_that_say_nothing_are_left_out(tmp_path: Path, usage: dict[str, Any] | None) -> None:
    assert "CacheUsageLimits" not in only(template(tmp_path, serverless(usage=usage)), CACHE)


def test_of_a_larger_network_it_takes_a_subnet_in_each_of_three_zones(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        parameter = cdk.CfnParameter(stack, "Subnets", type="List<String>")
        zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"]
        place = Placement(vpc_id="vpc-0123456789abcdef0", subnet_ids=parameter.value_as_list, availability_zones=zones)
        ServerlessCache(stack, "Cache", identifier="diner-menus", spec=serverless(), vpc=place)

    chosen = only(synthesize_one(tmp_path, define), CACHE)["SubnetIds"]
    assert chosen == [{"Fn::Select": [index, {"Ref": "Subnets"}]} for index in range(3)]


def test_a_key_that_is_given_is_used(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        key = kms.Key.from_key_arn(stack, "Key", KEY)
        made = ServerlessCache(
            stack, "Cache", identifier="diner-menus", spec=serverless(), vpc=vpc_of_the_caller(stack), key=key
        )
        assert made.key is key

    made = synthesize_one(tmp_path, define)
    assert resources(made, "AWS::KMS::Key") == {}
    assert only(made, CACHE)["KmsKeyId"] == KEY


def test_grants_let_one_user_log_in(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        made = cache(stack, serverless(users={"kitchen": {}}))
        made.grant_connect(role, "kitchen").assert_success()
        with pytest.raises(KeyError):
            made.grant_connect(role, "waiter")

    (policy,) = resources(synthesize_one(tmp_path, define), "AWS::IAM::Policy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "elasticache:Connect"
    assert statement["Resource"] == [
        {"Fn::GetAtt": ["CacheServerlessCacheCFF03C51", "ARN"]},
        {"Fn::GetAtt": ["CacheUsersUserKitchenFCE3E1DE", "Arn"]},
    ]


def test_memcached_can_grant_nothing_and_has_no_reader_endpoint(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "Alone")
    made = cache(stack, serverless(engine="memcached", version="1.6"))
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    with pytest.raises(ValueError, match="got memcached"):
        made.grant_connect(role, "web")
    with pytest.raises(ValueError, match="use endpoint"):
        _ = made.reader_endpoint


def test_a_group_of_the_caller_is_let_in_at_both_ports(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        group = ec2.SecurityGroup.from_security_group_id(stack, "App", "sg-0123456789abcdef0")
        cache(stack, serverless()).allow_from(group, "Menus")

    rules = [each["Properties"] for each in resources(synthesize_one(tmp_path, define), INGRESS).values()]
    assert sorted(rule["FromPort"] for rule in rules) == [6379, 6380]


def test_overrides_win_and_metrics_are_of_this_cache(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        made = cache(stack, serverless(overrides={"Description": "ours"}))
        for metric in (made.metric_data_bytes(), made.metric_ecpu(), made.metric_throttled_commands()):
            assert (metric.namespace, metric.dimensions) == ("AWS/ElastiCache", {"clusterId": "diner-menus"})

    assert only(synthesize_one(tmp_path, define), CACHE)["Description"] == "ours"
