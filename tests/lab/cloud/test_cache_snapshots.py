"""Snapshots of replication groups in the embedded ElastiCache. Each test says where AWS says so."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from moto.elasticache.models import elasticache_backends

from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.delays import Delays
from lab.cloud.elasticache.destinations import CANONICAL_USER
from lab.cloud.runtime import RUNTIME
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_elasticache import given_group, make_group, shown
from tests.lab.cloud.test_rds import code
from tests.support.cache_plane import CachePlane

ELASTICACHE = f'id="{CANONICAL_USER}"'
SHARDED: dict[str, Any] = {"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1}


def take(cache: Any, name: str = "s", **more: Any) -> dict[str, Any]:
    given = {"SnapshotName": name, **({} if "CacheClusterId" in more else {"ReplicationGroupId": "g"}), **more}
    snapshot: dict[str, Any] = cache.create_snapshot(**given)["Snapshot"]
    return snapshot


def let_in(aws: Aws, bucket: str) -> None:
    """READ, WRITE and READ_ACP for ElastiCache (facts E15)."""
    aws("s3").put_bucket_acl(Bucket=bucket, GrantRead=ELASTICACHE, GrantWrite=ELASTICACHE, GrantReadACP=ELASTICACHE)


def names(cache: Any, **filters: Any) -> list[str]:
    return [snapshot["SnapshotName"] for snapshot in cache.describe_snapshots(**filters)["Snapshots"]]


def restore(cache: Any, **more: Any) -> dict[str, Any]:
    given = {"ReplicationGroupId": "n", "ReplicationGroupDescription": "d", "SnapshotName": "s", **more}
    cache.create_replication_group(**{"AutomaticFailoverEnabled": True, **given})
    group: dict[str, Any] = cache.describe_replication_groups(ReplicationGroupId="n")["ReplicationGroups"][0]
    return group


class TestTaken:
    """API reference, CreateSnapshot and Snapshot."""

    def test_of_a_whole_group(self, aws: Aws) -> None:
        cache = make_group(aws, **SHARDED, SnapshotRetentionLimit=3)
        assert take(cache, Tags=[{"Key": "k", "Value": "v"}])["SnapshotStatus"] == "creating"
        snapshot = cache.describe_snapshots(ShowNodeGroupConfig=True)["Snapshots"][0]
        assert (snapshot["SnapshotStatus"], snapshot["SnapshotSource"]) == ("available", "manual")
        assert (snapshot["NumNodeGroups"], snapshot["ReplicationGroupId"]) == (2, "g")
        nodes = [(node["CacheClusterId"], node["NodeGroupId"]) for node in snapshot["NodeSnapshots"]]
        assert nodes == [("g-0001-002", "0001"), ("g-0002-002", "0002")]  # of replicas (facts E14)
        config = snapshot["NodeSnapshots"][1]["NodeGroupConfiguration"]
        assert (config["Slots"], config["ReplicaCount"]) == ("8192-16383", 1)
        assert cache.list_tags_for_resource(ResourceName=snapshot["ARN"])["TagList"] == [{"Key": "k", "Value": "v"}]

    def test_of_one_node_without_cluster_mode(self, aws: Aws) -> None:
        cache = make_group(aws)
        assert take(cache, CacheClusterId="g-003")["CacheClusterId"] == "g-003"
        assert names(cache, CacheClusterId="g-003") == ["s"]
        assert names(cache, CacheClusterId="g-001") == []

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param({"ReplicationGroupId": "x"}, "ReplicationGroupNotFoundFault", id="no-such-group"),
            pytest.param({"CacheClusterId": "x"}, "CacheClusterNotFound", id="no-such-cluster"),
            pytest.param({}, "InvalidParameterCombination", id="of-nothing"),
            pytest.param({"CacheClusterId": "g-0001-001"}, "InvalidParameterCombination", id="a-node-of-a-shard"),
            pytest.param({"ReplicationGroupId": "g", "SnapshotName": "OLD"}, "SnapshotAlreadyExistsFault", id="name"),
            pytest.param({"ReplicationGroupId": "g", "KmsKeyId": "nope"}, "InvalidKMSKeyFault", id="key"),
        ],
    )
    def test_refused(self, aws: Aws, given: dict[str, Any], expected: str) -> None:
        cache = make_group(aws, **SHARDED)
        take(cache, "old")
        assert code(cache.create_snapshot, **{"SnapshotName": "s", **given}) == expected

    def test_twenty_of_a_node_in_a_day(self, aws: Aws) -> None:
        """User guide, "Backup constraints": 20 manual backups per node in 24 hours."""
        cache = make_group(aws)
        for number in range(20):
            take(cache, f"s{number}")
        given = {"ReplicationGroupId": "g", "SnapshotName": "more"}
        assert code(cache.create_snapshot, **given) == "SnapshotQuotaExceededFault"
        backend = elasticache_backends[ACCOUNT_ID][REGION]
        backend.lab_snapshots["s0"].created_at -= dt.timedelta(hours=25)
        take(cache, "more")

    def test_the_group_is_snapshotting(self) -> None:
        """ReplicationGroup.Status, and the reference's InvalidReplicationGroupState."""
        cache = make_group(Aws())
        RUNTIME.delays = Delays(creating_s=60)
        take(cache)
        assert shown(cache)["Status"] == "snapshotting"
        assert code(cache.delete_replication_group, ReplicationGroupId="g") == "InvalidReplicationGroupState"
        assert code(cache.delete_snapshot, SnapshotName="s") == "InvalidSnapshotState"
        copy = {"SourceSnapshotName": "s", "TargetSnapshotName": "t"}
        assert code(cache.copy_snapshot, **copy) == "InvalidSnapshotState"


class TestListed:
    def test_filters(self, aws: Aws) -> None:
        """API reference, DescribeSnapshots."""
        cache = make_group(aws)
        cache.create_replication_group(**given_group(ReplicationGroupId="other"))
        take(cache, "a")
        take(cache, "b", ReplicationGroupId="other")
        assert names(cache) == ["a", "b"]
        assert names(cache, ReplicationGroupId="other") == ["b"]
        assert (names(cache, SnapshotSource="user"), names(cache, SnapshotSource="system")) == (["a", "b"], [])
        assert code(cache.describe_snapshots, SnapshotSource="mine") == "InvalidParameterValue"
        assert code(cache.describe_snapshots, SnapshotName="x") == "SnapshotNotFoundFault"
        assert "NodeGroupConfiguration" not in cache.describe_snapshots()["Snapshots"][0]["NodeSnapshots"][0]

    def test_pages(self, aws: Aws) -> None:
        """MaxRecords: "Default: 50. Constraints: minimum 20; maximum 50"."""
        cache = make_group(aws)
        for number in range(5):
            cache.create_replication_group(**given_group(ReplicationGroupId=f"g{number}"))
            for index in range(11):
                take(cache, f"s{number}-{index}", ReplicationGroupId=f"g{number}")
        first = cache.describe_snapshots()
        assert len(first["Snapshots"]) == 50
        rest = cache.describe_snapshots(Marker=first["Marker"])
        assert (len(rest["Snapshots"]), "Marker" in rest) == (5, False)
        assert len(names(cache, MaxRecords=20)) == 20
        assert code(cache.describe_snapshots, MaxRecords=51) == "InvalidParameterValue"


class TestCopied:
    """API reference, CopySnapshot."""

    def test_within_elasticache(self, aws: Aws) -> None:
        cache = make_group(aws)
        take(cache)
        key = aws("kms").create_key()["KeyMetadata"]["Arn"]
        copy = cache.copy_snapshot(SourceSnapshotName="s", TargetSnapshotName="T", KmsKeyId=key)["Snapshot"]
        assert (copy["SnapshotName"], copy["SnapshotStatus"], copy["KmsKeyId"]) == ("t", "copying", key)
        assert cache.describe_snapshots(SnapshotName="t")["Snapshots"][0]["SnapshotStatus"] == "available"

    def test_to_a_bucket(self, aws: Aws) -> None:
        """Texts of the operation's "Error Messages"; one file for each shard (user guide, "Exporting a backup")."""
        cache = make_group(aws, **SHARDED)
        take(cache)
        given = {"SourceSnapshotName": "s", "TargetSnapshotName": "out", "TargetBucket": "backups"}
        with pytest.raises(Exception, match="bucket backups does not exist"):
            cache.copy_snapshot(**given)
        aws("s3").create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": REGION})
        with pytest.raises(Exception, match="not been granted READ permissions backups"):
            cache.copy_snapshot(**given)
        aws("s3").put_bucket_acl(Bucket="backups", GrantRead=ELASTICACHE, GrantReadACP=ELASTICACHE)
        with pytest.raises(Exception, match="not been granted WRITE permissions backups"):
            cache.copy_snapshot(**given)
        let_in(aws, "backups")
        cache.copy_snapshot(**given)
        keys = [item["Key"] for item in aws("s3").list_objects_v2(Bucket="backups")["Contents"]]
        assert (keys, names(cache)) == (["out-0001.rdb", "out-0002.rdb"], ["s"])
        with pytest.raises(Exception, match="already contains an object with key out-0001"):
            cache.copy_snapshot(**given)
        statement = {"Effect": "Allow", "Principal": {"Service": f"{REGION}.elasticache-snapshot.amazonaws.com"}}
        actions = ["s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:GetBucketAcl"]
        aws("s3").create_bucket(Bucket="by-policy", CreateBucketConfiguration={"LocationConstraint": REGION})
        policy = json.dumps({"Statement": [{**statement, "Action": actions, "Resource": "*"}]})
        aws("s3").put_bucket_policy(Bucket="by-policy", Policy=policy)
        cache.copy_snapshot(**{**given, "TargetBucket": "by-policy"})
        far = {"LocationConstraint": "eu-central-1"}
        client("s3", "eu-central-1").create_bucket(Bucket="far-away", CreateBucketConfiguration=far)
        with pytest.raises(Exception, match="far-away is outside of the region"):
            cache.copy_snapshot(**{**given, "TargetBucket": "far-away"})

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param({"SourceSnapshotName": "x"}, "SnapshotNotFoundFault", id="of-nothing"),
            pytest.param({"TargetSnapshotName": "s"}, "SnapshotAlreadyExistsFault", id="onto-itself"),
        ],
    )
    def test_refused(self, aws: Aws, given: dict[str, Any], expected: str) -> None:
        cache = make_group(aws)
        take(cache)
        asked = {"SourceSnapshotName": "s", "TargetSnapshotName": "t", **given}
        assert code(cache.copy_snapshot, **asked) == expected


class TestRestored:
    """API reference, CreateReplicationGroup.SnapshotName; user guide, "Restoring from a backup"."""

    def test_with_what_the_snapshot_says(self, aws: Aws) -> None:
        cache = make_group(aws, **SHARDED, EngineVersion="8.1", CacheNodeType="cache.m7g.large", Port=7000)
        take(cache)
        group = restore(cache, ReplicasPerNodeGroup=0)
        assert (group["CacheNodeType"], group["Engine"], len(group["NodeGroups"])) == ("cache.m7g.large", "valkey", 2)
        node = cache.describe_cache_clusters(CacheClusterId="n-0001-001", ShowCacheNodeInfo=True)["CacheClusters"][0]
        assert (node["EngineVersion"], node["CacheNodes"][0]["Endpoint"]["Port"]) == ("8.1", 7000)
        assert cache.describe_snapshots()["Snapshots"][0]["SnapshotStatus"] == "available"

    def test_redis_into_valkey_and_not_back(self, aws: Aws) -> None:
        cache = make_group(aws, Engine="redis", EngineVersion="7.1")
        take(cache)
        group = restore(cache, Engine="valkey", NumCacheClusters=2)
        assert group["Engine"] == "valkey"
        take(cache, "v", ReplicationGroupId="n")
        given = given_group(ReplicationGroupId="r", SnapshotName="v", Engine="redis", NumCacheClusters=2)
        assert code(cache.create_replication_group, **given) == "InvalidParameterCombination"

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param({"SnapshotName": "x"}, "SnapshotNotFoundFault", id="no-such-snapshot"),
            pytest.param({"NumNodeGroups": 3}, "InvalidParameterCombination", id="other-number-of-shards"),
            pytest.param({"EngineVersion": "8.0"}, "InvalidParameterCombination", id="older"),
            pytest.param({"SnapshotArns": ["arn:aws:s3:::b/k"]}, "InvalidParameterCombination", id="two-origins"),
        ],
    )
    def test_refused(self, aws: Aws, given: dict[str, Any], expected: str) -> None:
        """Snapshot.NumNodeGroups: in the snapshot and in the restored group it "must be the same"."""
        cache = make_group(aws, **SHARDED)
        take(cache)
        asked = {"ReplicationGroupId": "n", "ReplicationGroupDescription": "d", "SnapshotName": "s", **given}
        assert code(cache.create_replication_group, AutomaticFailoverEnabled=True, **asked) == expected

    def test_files_in_s3_must_be_there(self, aws: Aws) -> None:
        """SnapshotArns: "The Amazon S3 object name in the ARN cannot contain any commas"."""
        cache = aws("elasticache")
        aws("s3").create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": REGION})
        for arn in (
            "arn:aws:s3:::backups/k.rdb",
            "arn:aws:s3:::none/k.rdb",
            "arn:aws:s3:::backups/a,b",
            "backups/k.rdb",
        ):
            given = given_group(SnapshotArns=[arn])
            assert code(cache.create_replication_group, **given) == "InvalidParameterValue"
        aws("s3").put_object(Bucket="backups", Key="k.rdb", Body=b"REDIS0011")
        make_group(aws, SnapshotArns=["arn:aws:s3:::backups/k.rdb"])


class TestDeleted:
    def test_it_ends(self) -> None:
        """DeleteSnapshot: "ElastiCache immediately begins deleting the snapshot"."""
        cache = make_group(Aws())
        take(cache)
        assert cache.delete_snapshot(SnapshotName="s")["Snapshot"]["SnapshotStatus"] == "deleting"
        assert names(cache) == []
        assert code(cache.delete_snapshot, SnapshotName="s") == "SnapshotNotFoundFault"


class TestProcesses:
    """The plane keeps the data under a name of its own, which copies share, until the last of them is deleted."""

    def test_data_outlive_the_group_and_fill_another(self) -> None:
        plane = CachePlane()
        cache = make_group(Aws(plane), **SHARDED)
        plane.settle(cache)
        take(cache)
        plane.settle(cache)
        cache.delete_replication_group(ReplicationGroupId="g", FinalSnapshotIdentifier="last")
        plane.settle(cache)
        (_, kept), (_, last) = plane.asked("keep_cache_snapshot")
        order = [name for name, _ in plane.calls if name in {"keep_cache_snapshot", "delete_cache"}]
        assert order == ["keep_cache_snapshot", "keep_cache_snapshot", "delete_cache"]
        restore(cache, SnapshotName="last")
        plane.settle(cache)
        request = plane.asked("create_cache")[-1][0]
        assert (request.from_snapshot, request.slots) == (last, ("0-8191", "8192-16383"))
        assert kept != last

    def test_data_go_with_the_last_copy(self) -> None:
        plane = CachePlane()
        cache = make_group(Aws(plane))
        plane.settle(cache)
        take(cache)
        plane.settle(cache)
        cache.copy_snapshot(SourceSnapshotName="s", TargetSnapshotName="t")
        plane.settle(cache)
        cache.delete_snapshot(SnapshotName="s")
        assert plane.asked("drop_cache_snapshot") == []
        cache.delete_snapshot(SnapshotName="t")
        assert len(plane.asked("drop_cache_snapshot")) == 1

    def test_what_cannot_be_kept_is_no_snapshot(self) -> None:
        plane = CachePlane()
        cache = make_group(Aws(plane))
        plane.settle(cache)
        plane.broken.add("keep_cache_snapshot")
        take(cache)
        plane.settle(cache)
        assert (names(cache), shown(cache)["Status"]) == ([], "available")
