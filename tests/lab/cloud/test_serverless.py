"""Serverless caches and their snapshots, as ElastiCache has them. Each test says where AWS says so."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from lab.cloud.delays import Delays
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_cache_snapshots import let_in, take
from tests.lab.cloud.test_elasticache import make_group
from tests.lab.cloud.test_rds import code

LIMITS = {"DataStorage": {"Maximum": 10, "Unit": "GB"}, "ECPUPerSecond": {"Maximum": 5000}}


def make(aws: Aws, **more: Any) -> Any:
    cache = aws("elasticache")
    cache.create_serverless_cache(**{"ServerlessCacheName": "menus", "Engine": "valkey", **more})
    return cache


def shown(cache: Any, name: str = "menus") -> dict[str, Any]:
    found: dict[str, Any] = cache.describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"][0]
    return found


def group(aws: Aws, engine: str = "valkey", name: str = "g") -> str:
    cache = aws("elasticache")
    user = {"UserId": f"{name}-u", "UserName": "default", "AccessString": "off ~* -@all", "Engine": engine}
    mode = {"Type": "password", "Passwords": ["a-password-of-sixteen"]}
    cache.create_user(**user, AuthenticationMode=mode)
    cache.create_user_group(UserGroupId=name, Engine=engine, UserIds=[f"{name}-u"])
    return name


def subnets(aws: Aws, zones: str) -> list[str]:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate(zones)
    ]


class TestCaches:
    def test_a_new_cache_has_one_name_and_two_ports(self, aws: Aws) -> None:
        """User guide, "Set up": "ElastiCache serverless uses both port 6379 and port 6380"; ServerlessCache in the
        API reference: `sse-elasticache` without a key of one's own, connection `vpc`, network `ipv4`.
        """
        cache = make(aws, CacheUsageLimits=LIMITS, SnapshotRetentionLimit=3)
        found = shown(cache)
        assert (found["Endpoint"]["Port"], found["ReaderEndpoint"]["Port"]) == (6379, 6380)
        assert found["Endpoint"]["Address"] == found["ReaderEndpoint"]["Address"]
        assert found["Endpoint"]["Address"].endswith(".serverless.euw1.cache.test")
        assert found["ARN"].endswith(":serverlesscache:menus")
        assert (found["Status"], found["MajorEngineVersion"]) == ("available", "9")
        assert (found["StorageEncryptionType"], found["ConnectionType"]) == ("sse-elasticache", "vpc")
        assert (found["CacheUsageLimits"], found["SnapshotRetentionLimit"]) == (LIMITS, 3)

    def test_memcached_listens_on_its_own_port(self, aws: Aws) -> None:
        """User guide, "Set up": "ElastiCache for Memcached uses the 11211 and 11212 ports"."""
        found = shown(make(aws, Engine="memcached"))
        assert (found["Endpoint"]["Port"], found["MajorEngineVersion"]) == (11211, "1.6")
        assert "ReaderEndpoint" not in found

    def test_states_take_time(self) -> None:
        """ServerlessCache.Status in the API reference: creating, available, deleting, create-failed, modifying."""
        aws = Aws(delays=Delays(creating_s=60))
        cache = make(aws)
        assert (shown(cache)["Status"], "Endpoint" in shown(cache)) == ("creating", False)
        with pytest.raises(cache.exceptions.InvalidServerlessCacheStateFault):
            cache.modify_serverless_cache(ServerlessCacheName="menus", Description="x")
        with pytest.raises(cache.exceptions.InvalidServerlessCacheStateFault):
            cache.delete_serverless_cache(ServerlessCacheName="menus")

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"Engine": "mongo"}, "InvalidParameterValue", id="engine"),
            pytest.param({"MajorEngineVersion": "8.2"}, "InvalidParameterValue", id="minor-version"),
            pytest.param(
                {"CacheUsageLimits": {"DataStorage": {"Maximum": 5001, "Unit": "GB"}}},
                "InvalidParameterValue",
                id="data",
            ),
            pytest.param({"CacheUsageLimits": {"ECPUPerSecond": {"Minimum": 999}}}, "InvalidParameterValue", id="load"),
            pytest.param(
                {"CacheUsageLimits": {"ECPUPerSecond": {"Minimum": 3000, "Maximum": 2000}}},
                "InvalidParameterValue",
                id="order",
            ),
            pytest.param({"SnapshotRetentionLimit": 36}, "InvalidParameterValue", id="retention"),
            pytest.param({"DailySnapshotTime": "3"}, "InvalidParameterValue", id="time"),
            pytest.param({"UserGroupId": "nope"}, "UserGroupNotFound", id="group"),
            pytest.param({"KmsKeyId": "nope"}, "InvalidKMSKeyFault", id="key"),
            pytest.param({"SnapshotArnsToRestore": ["nope"]}, "InvalidParameterValue", id="snapshot"),
            pytest.param({"SnapshotArnsToRestore": ["arn:aws:s3:::none/x.rdb"]}, "InvalidParameterValue", id="object"),
            pytest.param(
                {"ConnectionType": "public", "MajorEngineVersion": "8"}, "InvalidParameterCombination", id="public"
            ),
            pytest.param(
                {"Integrations": [{"IntegrationType": "dynamodb"}]}, "InvalidParameterCombination", id="not-modelled"
            ),
        ],
    )
    def test_a_cache_that_cannot_be(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        """API reference, CreateServerlessCache, Errors; codes by botocore's model."""
        assert code(partial(make, aws, **changes)) == expected
        assert aws("elasticache").describe_serverless_caches()["ServerlessCaches"] == []

    def test_a_name_is_taken_once(self, aws: Aws) -> None:
        """API reference, CreateServerlessCache: ServerlessCacheAlreadyExistsFault; names are stored in lower case."""
        cache = make(aws)
        with pytest.raises(cache.exceptions.ServerlessCacheAlreadyExistsFault):
            make(aws, ServerlessCacheName="Menus")

    @pytest.mark.parametrize("zones", ["a", "aa", "aab"], ids=["one", "same-zone", "two-in-one"])
    def test_subnets_are_two_or_three_in_different_zones(self, aws: Aws, zones: str) -> None:
        """ServerlessCache.SubnetIds in the API reference: AWS itself selects 2 or 3 "across AZs"."""
        with pytest.raises(Exception, match="different Availability Zones"):
            make(aws, SubnetIds=subnets(aws, zones))
        assert shown(make(aws, SubnetIds=subnets(aws, "ab")))["Status"] == "available"

    def test_a_redis_cache_takes_no_valkey_group(self, aws: Aws) -> None:
        """User guide, RBAC: with Redis OSS only groups of engine redis can be used, with Valkey both."""
        valkey, redis = group(aws, "valkey"), group(aws, "redis", "r")
        for engine, name in (("redis", valkey), ("memcached", redis)):
            assert code(partial(make, aws, Engine=engine, UserGroupId=name)) == "InvalidParameterCombination"
        assert shown(make(aws, UserGroupId=redis))["UserGroupId"] == "r"
        (held,) = aws("elasticache").describe_user_groups(UserGroupId="r")["UserGroups"]
        assert held["ServerlessCaches"] == ["menus"]

    def test_pages_of_caches(self, aws: Aws) -> None:
        """API reference, DescribeServerlessCaches: MaxResults and NextToken."""
        for number in range(3):
            make(aws, ServerlessCacheName=f"c{number}")
        pages = (
            aws("elasticache").get_paginator("describe_serverless_caches").paginate(PaginationConfig={"PageSize": 2})
        )
        assert [len(page["ServerlessCaches"]) for page in pages] == [2, 1]

    def test_forty_caches_and_no_more(self, aws: Aws) -> None:
        """Quotas page: 40 serverless caches in a Region."""
        for number in range(40):
            cache = make(aws, ServerlessCacheName=f"c{number}")
        with pytest.raises(cache.exceptions.ServerlessCacheQuotaForCustomerExceededFault):
            make(aws)

    def test_a_group_that_redis_uses_stays_of_that_engine(self, aws: Aws) -> None:
        """User guide, RBAC: with Redis OSS "only user groups configured with engine redis can be used"."""
        cache = make(aws, Engine="redis", UserGroupId=group(aws, "redis"))
        cache.modify_user(UserId="g-u", Engine="valkey")
        said = code(cache.modify_user_group, UserGroupId="g", Engine="valkey")
        assert said == "InvalidParameterCombination"
        cache.modify_serverless_cache(ServerlessCacheName="menus", Engine="valkey", MajorEngineVersion="8")
        cache.modify_user_group(UserGroupId="g", Engine="valkey")
        assert cache.describe_user_groups(UserGroupId="g")["UserGroups"][0]["Engine"] == "valkey"


class TestChanges:
    def test_bounds_are_changed_one_by_one(self, aws: Aws) -> None:
        """API reference, ModifyServerlessCache: what is not given is not changed."""
        cache = make(aws, CacheUsageLimits=LIMITS)
        limits = {"DataStorage": {"Maximum": 20, "Unit": "GB"}}
        cache.modify_serverless_cache(ServerlessCacheName="menus", CacheUsageLimits=limits, SnapshotRetentionLimit=7)
        found = shown(cache)
        assert found["CacheUsageLimits"] == LIMITS | limits
        assert found["SnapshotRetentionLimit"] == 7

    def test_redis_becomes_valkey_where_it_stands(self, aws: Aws) -> None:
        """User guide, "How to upgrade from Redis OSS to Valkey": endpoint and all else stay."""
        cache = make(aws, Engine="redis", UserGroupId=group(aws, "redis"))
        before = shown(cache)
        cache.modify_serverless_cache(ServerlessCacheName="menus", Engine="valkey", MajorEngineVersion="8")
        after = shown(cache)
        assert (after["Engine"], after["MajorEngineVersion"], after["FullEngineVersion"]) == ("valkey", "8", "8.2")
        assert {key for key in before if before[key] != after[key]} == {
            *("Engine", "MajorEngineVersion", "FullEngineVersion"),
        }

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"Engine": "redis", "MajorEngineVersion": "7"}, id="back-to-redis"),
            pytest.param({"Engine": "valkey", "MajorEngineVersion": "9"}, id="engine-it-has"),
            pytest.param({"MajorEngineVersion": "7"}, id="downwards"),
            pytest.param({"MajorEngineVersion": "10"}, id="unknown"),
        ],
    )
    def test_a_move_that_is_none(self, aws: Aws, changes: dict[str, Any]) -> None:
        """terraform-provider-aws #39745 has the service's words: "supports only cross-engine upgrades to Valkey"."""
        cache = make(aws, MajorEngineVersion="8")
        said = code(cache.modify_serverless_cache, ServerlessCacheName="menus", **changes)
        assert said in {"InvalidParameterValue", "InvalidParameterCombination"}

    def test_a_group_is_taken_off(self, aws: Aws) -> None:
        """API reference, ModifyServerlessCache: RemoveUserGroup."""
        cache = make(aws, UserGroupId=group(aws))
        cache.modify_serverless_cache(ServerlessCacheName="menus", RemoveUserGroup=True)
        assert "UserGroupId" not in shown(cache)
        assert cache.describe_user_groups(UserGroupId="g")["UserGroups"][0]["ServerlessCaches"] == []


class TestSnapshots:
    def test_taken_copied_listed_and_deleted(self, aws: Aws) -> None:
        """API reference: ServerlessCacheSnapshot and its four operations; names are stored in lower case."""
        cache = make(aws)
        cache.create_serverless_cache_snapshot(ServerlessCacheName="menus", ServerlessCacheSnapshotName="Before")
        cache.copy_serverless_cache_snapshot(
            SourceServerlessCacheSnapshotName="before", TargetServerlessCacheSnapshotName="copy"
        )
        found = cache.describe_serverless_cache_snapshots(ServerlessCacheName="menus")["ServerlessCacheSnapshots"]
        assert [each["ServerlessCacheSnapshotName"] for each in found] == ["before", "copy"]
        assert found[0]["ServerlessCacheConfiguration"]["Engine"] == "valkey"
        assert found[0]["ARN"].endswith(":serverlesscachesnapshot:before")
        cache.delete_serverless_cache_snapshot(ServerlessCacheSnapshotName="before")
        with pytest.raises(cache.exceptions.ServerlessCacheSnapshotNotFoundFault):
            cache.describe_serverless_cache_snapshots(ServerlessCacheSnapshotName="before")

    def test_a_cache_is_born_from_one(self, aws: Aws) -> None:
        cache = make(aws)
        cache.create_serverless_cache_snapshot(ServerlessCacheName="menus", ServerlessCacheSnapshotName="before")
        (snapshot,) = cache.describe_serverless_cache_snapshots()["ServerlessCacheSnapshots"]
        make(aws, ServerlessCacheName="again", SnapshotArnsToRestore=[snapshot["ARN"]])
        assert shown(cache, "again")["Status"] == "available"
        with pytest.raises(Exception, match="can't be restored to memcached"):
            make(aws, ServerlessCacheName="pages", Engine="memcached", SnapshotArnsToRestore=[snapshot["ARN"]])

    def test_to_a_bucket_that_lets_elasticache_in(self, aws: Aws) -> None:
        """API reference, ExportServerlessCacheSnapshot: a bucket "in same region as the snapshot"; facts E15."""
        cache = make(aws)
        cache.create_serverless_cache_snapshot(ServerlessCacheName="menus", ServerlessCacheSnapshotName="before")
        export = partial(
            cache.export_serverless_cache_snapshot, ServerlessCacheSnapshotName="before", S3BucketName="backups"
        )
        assert code(export) == "InvalidParameterValue"
        aws("s3").create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": REGION})
        assert code(export) == "InvalidParameterValue"
        let_in(aws, "backups")
        assert export()["ServerlessCacheSnapshot"]["Status"] == "available"
        (kept,) = aws("s3").list_objects_v2(Bucket="backups")["Contents"]
        assert kept["Key"] == "before-0001.rdb"
        assert code(export) == "InvalidParameterValue", "a name that is taken"
        assert code(export, ServerlessCacheSnapshotName="x") == "ServerlessCacheSnapshotNotFoundFault"

    def test_a_snapshot_of_nodes_is_restored_too(self, aws: Aws) -> None:
        """CreateServerlessCache, SnapshotArnsToRestore: of a group of nodes as well."""
        cache = make_group(aws)
        arn = take(cache)["ARN"]
        make(aws, SnapshotArnsToRestore=[arn])
        assert shown(cache)["Status"] == "available"

    def test_a_delete_leaves_the_final_snapshot(self, aws: Aws) -> None:
        """API reference, DeleteServerlessCache: FinalSnapshotName, and the fault when it is taken already."""
        cache = make(aws)
        cache.delete_serverless_cache(ServerlessCacheName="menus", FinalSnapshotName="menus-final")
        with pytest.raises(cache.exceptions.ServerlessCacheNotFoundFault):
            shown(cache)
        make(aws)
        with pytest.raises(cache.exceptions.ServerlessCacheSnapshotAlreadyExistsFault):
            cache.delete_serverless_cache(ServerlessCacheName="menus", FinalSnapshotName="menus-final")
        assert shown(cache)["Status"] == "available"

    def test_24_a_day(self, aws: Aws) -> None:
        """User guide, "Constraints" of backups: 24 manual ones in 24 hours (facts E14)."""
        cache = make(aws)
        for number in range(24):
            cache.create_serverless_cache_snapshot(
                ServerlessCacheName="menus", ServerlessCacheSnapshotName=f"s{number}"
            )
        with pytest.raises(cache.exceptions.ServerlessCacheSnapshotQuotaExceededFault):
            cache.create_serverless_cache_snapshot(ServerlessCacheName="menus", ServerlessCacheSnapshotName="s24")


def test_what_happens_is_told(aws: Aws) -> None:
    """API reference, DescribeEvents: SourceType serverless-cache and serverless-cache-snapshot."""
    cache = make(aws)
    cache.create_serverless_cache_snapshot(ServerlessCacheName="menus", ServerlessCacheSnapshotName="s")
    cache.delete_serverless_cache(ServerlessCacheName="menus")
    told = cache.describe_events(SourceType="serverless-cache")["Events"]
    assert [event["Message"] for event in told] == ["Serverless cache menus deleted", "Serverless cache menus created"]
    (of_snapshot,) = cache.describe_events(SourceType="serverless-cache-snapshot")["Events"]
    assert of_snapshot["SourceIdentifier"] == "s"


def test_tags_are_by_its_arn(aws: Aws) -> None:
    cache = make(aws, Tags=[{"Key": "team", "Value": "kitchen"}])
    assert cache.list_tags_for_resource(ResourceName=shown(cache)["ARN"])["TagList"] == [
        {"Key": "team", "Value": "kitchen"}
    ]


def test_what_a_template_leaves_out_stays_as_it_is(aws: Aws) -> None:
    """API reference, ModifyServerlessCache: a parameter that is not given is not changed."""

    def deployed(**given: Any) -> str:
        body = {"Type": "AWS::ElastiCache::ServerlessCache", "Properties": {"Engine": "valkey", **given}}
        status: str = aws.deploy("s", {"Resources": {"A": body}})["StackStatus"]
        return status

    named = {"ServerlessCacheName": "menus"}
    assert deployed(**named, CacheUsageLimits=LIMITS, DailySnapshotTime="03:00") == "CREATE_COMPLETE"
    assert deployed(**named, SnapshotRetentionLimit=0) == "UPDATE_COMPLETE"
    cache = shown(aws("elasticache"))
    assert (cache["CacheUsageLimits"], cache["DailySnapshotTime"]) == (LIMITS, "03:00")
