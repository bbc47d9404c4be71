"""An account with a cluster, its snapshots, keys, a bucket and a role; for this folder's tests."""

from __future__ import annotations

import json
from typing import Any

from tests.support.scenario import ACCOUNT, REGION, Cloud

ELSEWHERE = "eu-central-1"
OTHER = "222222222222"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "export.rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def make_cluster(cloud: Cloud, name: str = "shop-orders", **more: Any) -> None:
    cloud.client("rds").create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", MasterUsername="dba", MasterUserPassword="a-secret-1",
        Tags=[{"Key": "env", "Value": "prod"}], **more,
    )  # fmt: skip


def make_key(cloud: Cloud, alias: str, region: str = REGION, accounts: tuple[str, ...] = ()) -> str:
    """A key of this account, which others may use too."""
    kms = cloud.client("kms", region)
    arn = kms.create_key(Policy=json.dumps(policy_for(ACCOUNT, *accounts)))["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=alias, TargetKeyId=arn)
    return str(arn)


def policy_for(*accounts: str) -> dict[str, Any]:
    who = [f"arn:aws:iam::{account}:root" for account in accounts]
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "kms:*", "Resource": "*"}]}


def take(cloud: Cloud, name: str = "nightly", source: str = "shop-orders", **more: Any) -> str:
    answer = cloud.client("rds").create_db_cluster_snapshot(
        DBClusterIdentifier=source, DBClusterSnapshotIdentifier=name, **more
    )
    return str(answer["DBClusterSnapshot"]["DBClusterSnapshotArn"])


def make_bucket(cloud: Cloud, name: str = "lake", region: str = REGION) -> None:
    cloud.client("s3", region).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})


def make_role(cloud: Cloud, name: str = "exporter", trust: Any = None) -> str:
    role = cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST))
    return str(role["Role"]["Arn"])


def snapshots(cloud: Cloud, region: str = REGION) -> dict[str, dict[str, Any]]:
    """By name."""
    found = cloud.client("rds", region).describe_db_cluster_snapshots()["DBClusterSnapshots"]
    return {each["DBClusterSnapshotIdentifier"]: each for each in found}


def tags_of(snapshot: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in snapshot["TagList"]}


def shared_with(cloud: Cloud, name: str) -> list[str]:
    answer = cloud.client("rds").describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier=name)
    (restore,) = answer["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"]
    return list(restore["AttributeValues"])


def locks(cloud: Cloud) -> list[str]:
    return [each["Name"] for each in cloud.client("ssm").describe_parameters()["Parameters"]]
