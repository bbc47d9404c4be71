"""Portraits from AWS: of a live cluster by reading all its parts, of a snapshot or a retained backup by what it tells.

Reads only, page by page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import PAGE_SIZE, error_code
from runbooks.aws.session import AwsSession
from runbooks.aws.sts import find_caller
from runbooks.parity.portrait import Portrait, Raw
from runbooks.tools import Tools

NAMESPACE: Final = "rds"
READS: Final = (
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:DescribeDBClusterEndpoints",
    "rds:DescribeDBSubnetGroups",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
)
_GONE: Final = frozenset({"DBClusterNotFoundFault", "DBSubnetGroupNotFoundFault", "DBInstanceNotFound"})


def look(tools: Tools, cluster_id: str, region: str = "") -> Portrait | None:
    """The cluster of this identifier or ARN in all its parts; None when there is none.

    Of a cluster that another account shares, AWS shows the cluster alone: no instances, endpoints or scaling.
    """
    session = tools.session_in(region)
    cluster = find_raw_cluster(session.rds, cluster_id)
    if cluster is None:
        return None
    if cluster_id.startswith("arn:") and cluster_id.split(":")[4] != find_caller(session.sts).account:
        return Portrait(cluster=cluster, zones=tuple(cluster.get("AvailabilityZones", [])))
    name = str(cluster["DBClusterIdentifier"])
    place = find_subnet_group(session.rds, str(cluster.get("DBSubnetGroup", "")))
    return Portrait(
        cluster=cluster,
        instances=tuple(_instances(session.rds, name)),
        endpoints=tuple(_endpoints(session.rds, name)),
        scaling=_scaling(session, name),
        vpc_id=place.vpc_id if place is not None else "",
        zones=place.zones if place is not None else tuple(cluster.get("AvailabilityZones", [])),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A DB subnet group: its VPC and zones."""

    name: str
    vpc_id: str
    zones: tuple[str, ...]


def find_subnet_group(rds: Any, name: str) -> Place | None:
    """The subnet group of this name; None when there is none."""
    found = _first(rds.describe_db_subnet_groups, "DBSubnetGroups", DBSubnetGroupName=name) if name else None
    if found is None:
        return None
    zones = {str(subnet["SubnetAvailabilityZone"]["Name"]) for subnet in found.get("Subnets", [])}
    return Place(name=name, vpc_id=str(found.get("VpcId", "")), zones=tuple(sorted(zones)))


def find_raw_cluster(rds: Any, cluster_id: str) -> Raw | None:
    """What DescribeDBClusters answers of one cluster. One that another account shares is found by its ARN."""
    shared = {"IncludeShared": True} if cluster_id.startswith("arn:") else {}
    return _first(rds.describe_db_clusters, "DBClusters", DBClusterIdentifier=cluster_id, **shared)


def find_raw_instance(rds: Any, instance_id: str) -> Raw | None:
    """What DescribeDBInstances answers of one instance."""
    return _first(rds.describe_db_instances, "DBInstances", DBInstanceIdentifier=instance_id)


def _first(call: Any, key: str, **parameters: Any) -> Raw | None:
    try:
        found: list[Raw] = call(**parameters)[key]
    except ClientError as error:
        if error_code(error) in _GONE:
            return None
        raise
    return found[0] if found else None


def _pages(client: Any, operation: str, key: str, **parameters: Any) -> Iterable[Raw]:
    try:
        for page in client.get_paginator(operation).paginate(**parameters):
            yield from page[key]
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise


def _instances(rds: Any, name: str) -> Iterable[Raw]:
    return _pages(
        rds,
        "describe_db_instances",
        "DBInstances",
        Filters=[{"Name": "db-cluster-id", "Values": [name]}],
        PaginationConfig={"PageSize": PAGE_SIZE},
    )


def _endpoints(rds: Any, name: str) -> Iterable[Raw]:
    return _pages(
        rds,
        "describe_db_cluster_endpoints",
        "DBClusterEndpoints",
        DBClusterIdentifier=name,
        Filters=[{"Name": "db-cluster-endpoint-type", "Values": ["custom"]}],
        PaginationConfig={"PageSize": PAGE_SIZE},
    )


def _scaling(session: AwsSession, name: str) -> tuple[Raw, ...]:
    client, resource = session.client("application-autoscaling"), f"cluster:{name}"
    targets = list(
        _pages(
            client,
            "describe_scalable_targets",
            "ScalableTargets",
            ServiceNamespace=NAMESPACE,
            ResourceIds=[resource],
        )
    )
    if not targets:
        return ()
    of = {"ServiceNamespace": NAMESPACE, "ResourceId": resource}
    policies = list(_pages(client, "describe_scaling_policies", "ScalingPolicies", **of))
    actions = list(_pages(client, "describe_scheduled_actions", "ScheduledActions", **of))
    return tuple(
        {**target, "Policies": _same(policies, target), "ScheduledActions": _same(actions, target)}
        for target in targets
    )


def _same(found: list[Raw], target: Raw) -> list[Raw]:
    place = ("ResourceId", "ScalableDimension")
    return [each for each in found if all(each[name] == target[name] for name in place)]


_OF_CLUSTER: Final = (
    "AvailabilityZones",
    "BackupRetentionPeriod",
    "DBClusterIdentifier",
    "DbClusterResourceId",
    "Engine",
    "EngineMode",
    "EngineVersion",
    "IAMDatabaseAuthenticationEnabled",
    "KmsKeyId",
    "MasterUsername",
    "Port",
    "PreferredBackupWindow",
    "StorageEncrypted",
    "StorageType",
    "TagList",
)
"""What snapshots and retained backups tell of their cluster, by the cluster's own names."""


def portrait_of_snapshot(raw: Mapping[str, Any]) -> Portrait:
    """What a snapshot (DescribeDBClusterSnapshots) tells of the cluster that it was taken of."""
    return _partial(raw, str(raw["DBClusterSnapshotArn"]))


def portrait_of_backup(raw: Mapping[str, Any]) -> Portrait:
    """What a retained backup (DescribeDBClusterAutomatedBackups) tells of its cluster."""
    return _partial(raw, str(raw.get("DBClusterArn") or raw["DBClusterAutomatedBackupsArn"]))


def _partial(raw: Mapping[str, Any], arn: str) -> Portrait:
    kept = {name: raw[name] for name in _OF_CLUSTER if raw.get(name) is not None}
    partition, service, region, account = arn.split(":")[1:5]
    name = kept.setdefault("DBClusterIdentifier", "")
    kept["DBClusterArn"] = f"arn:{partition}:{service}:{region}:{account}:cluster:{name}"
    return Portrait(
        cluster=kept,
        vpc_id=str(raw.get("VpcId") or ""),
        zones=tuple(raw.get("AvailabilityZones") or ()),
        partial=True,
    )
