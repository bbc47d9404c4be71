"""What must be there before an example deploys: the clusters, snapshots and files that others are born from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.lab.cloud.conftest import Aws, deploy_shop


def shop_and_its_snapshot(aws: Aws) -> None:
    """The shop, and the snapshot that was taken of its orders."""
    deploy_shop(aws)
    aws("rds").create_db_cluster_snapshot(
        DBClusterIdentifier="shop-orders", DBClusterSnapshotIdentifier="before-the-migration"
    )


def a_snapshot_and_files(aws: Aws) -> None:
    """A group's snapshot, and RDB files of another Redis in a bucket."""
    aws("elasticache").create_replication_group(
        ReplicationGroupId="old-sessions", ReplicationGroupDescription="old", Engine="redis", EngineVersion="7.1"
    )
    aws("elasticache").create_snapshot(ReplicationGroupId="old-sessions", SnapshotName="before-the-move")
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    aws("s3").create_bucket(Bucket="revival-seeds", **place)
    for number in (1, 2):
        aws("s3").put_object(Bucket="revival-seeds", Key=f"catalog/part-{number}.rdb", Body=b"REDIS0011")


ORIGINS: Mapping[str, Callable[[Aws], None]] = {
    "restored": shop_and_its_snapshot,
    "cache-restored": a_snapshot_and_files,
}
