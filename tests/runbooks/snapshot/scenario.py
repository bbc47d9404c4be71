"""Each snapshot verb once, for the matrices."""

from __future__ import annotations

from estate.names import TAG_RUN
from runbooks.snapshot.cache_bucket import CANONICAL_USER
from tests.runbooks.snapshot.world import (
    ELSEWHERE,
    OTHER,
    locks,
    make_bucket,
    make_cluster,
    make_key,
    make_role,
    shared_with,
    snapshots,
    tags_of,
    take,
)
from tests.support.scenario import ACCOUNT, Cloud, Scenario

RUN = "matrix"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/exporter"
_BY_RDS = "RDS asks for it, on the caller's behalf"
_TAGGING = "the creating call asks for it too; the double does not"
_FIND = ("DescribeServerlessCacheSnapshots", "DescribeSnapshots", "ListTagsForResource")


def of_caches(*actions: str) -> dict[str, str]:
    return {f"elasticache:{action}": "of caches" for action in (*_FIND, *actions)}


def _with_cluster(cloud: Cloud) -> None:
    make_cluster(cloud)


def _created(cloud: Cloud) -> None:
    found = snapshots(cloud)
    assert sorted(found) == [f"shop-orders-{RUN}"]
    made = found[f"shop-orders-{RUN}"]
    assert (made["Status"], tags_of(made)[TAG_RUN], tags_of(made)["team"]) == ("available", RUN, "orders")
    assert "env" not in tags_of(made)
    assert not locks(cloud)


def _with_snapshot(cloud: Cloud) -> None:
    make_cluster(cloud, StorageEncrypted=True, KmsKeyId=make_key(cloud, "alias/home", accounts=(OTHER,)))
    make_key(cloud, "alias/far", ELSEWHERE)
    take(cloud)


def _copied(cloud: Cloud) -> None:
    found = snapshots(cloud, ELSEWHERE)
    assert sorted(found) == [f"nightly-{RUN}"]
    made = found[f"nightly-{RUN}"]
    assert (made["Status"], tags_of(made)[TAG_RUN]) == ("available", RUN)
    assert made["KmsKeyId"].split(":")[3] == ELSEWHERE
    assert sorted(snapshots(cloud)) == ["nightly"]
    assert not locks(cloud)


def _shared(cloud: Cloud) -> None:
    assert shared_with(cloud, "nightly") == [OTHER]
    assert not locks(cloud)


def _with_shared(cloud: Cloud) -> None:
    _with_snapshot(cloud)
    cloud.client("rds").modify_db_cluster_snapshot_attribute(
        DBClusterSnapshotIdentifier="nightly", AttributeName="restore", ValuesToAdd=[OTHER, "333333333333"]
    )


def _unshared(cloud: Cloud) -> None:
    assert shared_with(cloud, "nightly") == ["333333333333"]
    assert not locks(cloud)


def _with_lake(cloud: Cloud) -> None:
    make_cluster(cloud)
    take(cloud)
    make_bucket(cloud)
    make_role(cloud)
    make_key(cloud, "alias/lake")


def _exported(cloud: Cloud) -> None:
    (task,) = cloud.client("rds").describe_export_tasks()["ExportTasks"]
    assert (task["ExportTaskIdentifier"], task["Status"]) == (f"nightly-{RUN}", "COMPLETE")
    (written,) = cloud.client("s3").list_objects_v2(Bucket="lake")["Contents"]
    assert written["Key"] == f"aurora/nightly-{RUN}/README.txt"
    assert not locks(cloud)


def _with_caches(cloud: Cloud) -> None:
    cache = cloud.client("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="shop-sessions", ReplicationGroupDescription="d", Engine="valkey",
        CacheNodeType="cache.r7g.large", NumNodeGroups=2, ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True,
        TransitEncryptionEnabled=True,
    )  # fmt: skip
    cache.create_snapshot(ReplicationGroupId="shop-sessions", SnapshotName="evening")
    make_bucket(cloud)
    grants = dict.fromkeys(("GrantRead", "GrantWrite", "GrantReadACP"), f'id="{CANONICAL_USER}"')
    cloud.client("s3").put_bucket_acl(Bucket="lake", **grants)


def _names(cloud: Cloud) -> list[str]:
    found = cloud.client("elasticache").describe_snapshots()["Snapshots"]
    assert {each["SnapshotStatus"] for each in found} == {"available"}
    return sorted(each["SnapshotName"] for each in found)


def _cache_created(cloud: Cloud) -> None:
    assert _names(cloud) == ["evening", f"shop-sessions-{RUN}"]
    assert not locks(cloud)


def _cache_copied(cloud: Cloud) -> None:
    assert _names(cloud) == ["evening", f"evening-{RUN}"]
    assert not locks(cloud)


def _cache_exported(cloud: Cloud) -> None:
    written = [each["Key"] for each in cloud.client("s3").list_objects_v2(Bucket="lake")["Contents"]]
    assert written == [f"evening-{RUN}-0001.rdb", f"evening-{RUN}-0002.rdb"]
    assert _names(cloud) == ["evening"]
    assert not locks(cloud)


_SERVERLESS = "of serverless caches"


def _not_for_nodes(*actions: str) -> dict[str, str]:
    serverless = {f"elasticache:{each}": _SERVERLESS for each in ("DescribeServerlessCacheSnapshots",)}
    return {**serverless, **dict.fromkeys(actions, "of Aurora or of serverless caches")}


SCENARIOS = (
    Scenario(
        name="snapshot create",
        words=("snapshot", "create", "shop-orders", "--tag", "team=orders", "--expires-in", "30d", "--owner", "me"),
        set_up=_with_cluster,
        done=_created,
        cluster="shop-orders",
        target=f"shop-orders-{RUN}",
        not_needed={**of_caches(
                "AddTagsToResource", "CreateServerlessCacheSnapshot", "CreateSnapshot", "DescribeCacheClusters",
                "DescribeReplicationGroups", "DescribeServerlessCaches",
            ), "rds:AddTagsToResource": _TAGGING},
    ),
    Scenario(
        name="snapshot copy",
        words=(
            "snapshot", "copy", "nightly", "--to-region", ELSEWHERE, "--key", "alias/far", "--wait-for-slot",
            "--owner", "me",
        ),
        set_up=_with_snapshot,
        done=_copied,
        cluster="nightly",
        target=f"nightly-{RUN}",
        not_needed={
            **of_caches("AddTagsToResource", "CopyServerlessCacheSnapshot", "CopySnapshot"),
            "rds:AddTagsToResource": _TAGGING,
            "rds:CrossRegionCommunication": "a permission only: RDS asks for it",
            "kms:CreateGrant": _BY_RDS,
        },
    ),
    Scenario(
        name="snapshot share",
        words=("snapshot", "share", "nightly", OTHER),
        set_up=_with_snapshot,
        done=_shared,
        confirm="nightly",
        cluster="nightly",
    ),
    Scenario(
        name="snapshot unshare",
        words=("snapshot", "unshare", "nightly", OTHER),
        set_up=_with_shared,
        done=_unshared,
        confirm="nightly",
        cluster="nightly",
    ),
    Scenario(
        name="snapshot export",
        words=(
            "snapshot", "export", "nightly", "--bucket", "lake", "--role", ROLE, "--key", "alias/lake",
            "--prefix", "aurora", "--only", "shop.public",
        ),
        set_up=_with_lake,
        done=_exported,
        confirm="nightly",
        cluster="nightly",
        target="lake",
        not_needed={
            **of_caches("CopySnapshot", "ExportServerlessCacheSnapshot"),
            "iam:PassRole": _BY_RDS,
            "kms:CreateGrant": _BY_RDS,
            **dict.fromkeys(
                ("s3:DeleteObject", "s3:GetBucketAcl", "s3:GetBucketPolicy", "s3:ListAllMyBuckets", "s3:ListBucket",
                 "s3:PutObject"), "of caches"
            ),
        },
    ),
    Scenario(
        name="snapshot create of a cache",
        words=("snapshot", "create", "shop-sessions", "--family", "cache", "--owner", "me"),
        set_up=_with_caches,
        done=_cache_created,
        cluster="shop-sessions",
        target=f"shop-sessions-{RUN}",
        not_needed=_not_for_nodes(
            "elasticache:CreateServerlessCacheSnapshot", "elasticache:DescribeCacheClusters",
            "elasticache:DescribeServerlessCaches", "rds:AddTagsToResource", "rds:CreateDBClusterSnapshot",
            "rds:DescribeAccountAttributes", "rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters",
        ),
    ),
    Scenario(
        name="snapshot copy of a cache",
        words=("snapshot", "copy", "evening", "--family", "cache", "--owner", "me"),
        set_up=_with_caches,
        done=_cache_copied,
        cluster="evening",
        target=f"evening-{RUN}",
        not_needed=_not_for_nodes(
            "elasticache:CopyServerlessCacheSnapshot", "kms:CreateGrant", "kms:DescribeKey", "rds:AddTagsToResource",
            "rds:CopyDBClusterSnapshot", "rds:CrossRegionCommunication", "rds:DescribeAccountAttributes",
            "rds:DescribeDBClusterSnapshots",
        ),
    ),
    Scenario(
        name="snapshot export of a cache",
        words=("snapshot", "export", "evening", "--family", "cache", "--bucket", "lake"),
        set_up=_with_caches,
        done=_cache_exported,
        confirm="evening",
        cluster="evening",
        target="lake",
        not_needed=_not_for_nodes(
            "elasticache:ExportServerlessCacheSnapshot", "iam:GetRole", "iam:PassRole", "kms:CreateGrant",
            "kms:DescribeKey", "rds:DescribeDBClusterSnapshots", "rds:DescribeExportTasks", "rds:StartExportTask",
            "s3:DeleteObject", "s3:ListAllMyBuckets", "s3:PutObject",
        ),
    ),
)  # fmt: skip
