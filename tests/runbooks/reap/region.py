"""A Region with production, copies of it, and what looks like a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estate.names import TAG_EXPIRES, TAG_OWNER, TAG_PURPOSE, TAG_RUN, TAG_SOURCE, master_secret
from runbooks.quarantine.seen import quarantine_group
from tests.support.scenario import ACCOUNT, REGION, Cloud

SOURCE = "shop-orders"
SOURCE_ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{SOURCE}"
PAST, FUTURE = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


def tags(run: str = "r1", **other: str) -> dict[str, str]:
    """The full list of a clone's tags; keywords replace some, an empty one leaves it out."""
    given = {
        TAG_RUN: run,
        TAG_PURPOSE: other.get("purpose", "clone"),
        TAG_SOURCE: other.get("source", SOURCE_ARN),
        TAG_EXPIRES: other.get("expires", PAST),
        TAG_OWNER: "arn:aws:iam::123456789012:user/ada",
    }
    return {key: value for key, value in given.items() if value}


def listed(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


def make_source(cloud: Cloud, name: str = SOURCE) -> None:
    rds = cloud.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", MasterUsername="keeper", MasterUserPassword="p" * 12,
        DeletionProtection=True,
    )  # fmt: skip
    add_instance(cloud, name, f"{name}-a", {})


def add_instance(cloud: Cloud, cluster: str, name: str, given: Mapping[str, str]) -> None:
    cloud.client("rds").create_db_instance(
        DBInstanceIdentifier=name, DBClusterIdentifier=cluster, Engine="aurora-postgresql",
        DBInstanceClass="db.r7g.large", Tags=listed(given),
    )  # fmt: skip


def make_clone(cloud: Cloud, name: str, given: Mapping[str, str], *, source: str = SOURCE, **more: Any) -> None:
    """A clone with two instances, as `runbook clone` leaves it."""
    cloud.client("rds").restore_db_cluster_to_point_in_time(
        SourceDBClusterIdentifier=source, DBClusterIdentifier=name, RestoreType="copy-on-write",
        UseLatestRestorableTime=True, Tags=listed(given), **more,
    )  # fmt: skip
    for letter in "ab":
        add_instance(cloud, name, f"{name}-{letter}", given)


def make_quarantine(cloud: Cloud, name: str, given: Mapping[str, str]) -> str:
    """The security group and the secret of a clone; gives the group's id."""
    group = cloud.client("ec2").create_security_group(
        GroupName=quarantine_group(name), Description="d",
        TagSpecifications=[{"ResourceType": "security-group", "Tags": listed(given)}],
    )["GroupId"]  # fmt: skip
    cloud.client("secretsmanager").create_secret(Name=master_secret(name), SecretString="{}", Tags=listed(given))
    return str(group)


def add_endpoint_and_scaling(cloud: Cloud, name: str, given: Mapping[str, str]) -> None:
    cloud.client("rds").create_db_cluster_endpoint(
        DBClusterIdentifier=name, DBClusterEndpointIdentifier=f"{name}-reports", EndpointType="READER",
        StaticMembers=[f"{name}-b"], Tags=listed(given),
    )  # fmt: skip
    cloud.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="rds", ResourceId=f"cluster:{name}", ScalableDimension="rds:cluster:ReadReplicaCount",
        MinCapacity=0, MaxCapacity=2,
    )  # fmt: skip


def clusters(cloud: Cloud) -> set[str]:
    return {each["DBClusterIdentifier"] for each in cloud.client("rds").describe_db_clusters()["DBClusters"]}


def snapshots(cloud: Cloud) -> dict[str, dict[str, str]]:
    """Manual snapshots with their tags."""
    found = cloud.client("rds").describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    return {
        each["DBClusterSnapshotIdentifier"]: {tag["Key"]: tag["Value"] for tag in each["TagList"]} for each in found
    }


def groups(cloud: Cloud) -> set[str]:
    return {each["GroupName"] for each in cloud.client("ec2").describe_security_groups()["SecurityGroups"]}


def secrets(cloud: Cloud) -> set[str]:
    return {each["Name"] for each in cloud.client("secretsmanager").list_secrets()["SecretList"]}
