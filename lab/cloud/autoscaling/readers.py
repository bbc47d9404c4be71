"""Readers of an Aurora cluster: what replica auto scaling adds and takes away."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.rds.models import rds_backends

from lab.cloud.autoscaling.scaled import Dimensions, Metric, Scaled, Where
from lab.cloud.client import client

PREFIX = "cluster:"
TAG = "application-autoscaling:resourceId"
"""Tag of every reader that auto scaling adds: the resource id of its cluster. [A4 aurora-integrating-autoscaling]"""
TIER = 15


def _role(cluster: str) -> Dimensions:
    return {"DBClusterIdentifier": cluster, "Role": "READER"}


METRICS = {
    "RDSReaderAverageCPUUtilization": Metric(load="CPUUtilization", name="CPUUtilization", dimensions=_role),
    "RDSReaderAverageDatabaseConnections": Metric(
        load="DatabaseConnections", name="DatabaseConnections", dimensions=_role
    ),
}


def find(where: Where) -> Any:
    return rds_backends[where.account][where.region].clusters.get(where.name)


def readers_of(cluster: Any) -> list[Any]:
    return [each for each in cluster.clustered if not each.is_cluster_writer and each.status != "deleting"]


def _check(where: Where, _dimension: str, _least: int | None, _most: int | None) -> None:
    """A cluster with a reader at least: "you must first create an Aurora DB cluster with a primary and one or
    more Aurora Replicas". [A4 aurora-integrating-autoscaling]
    """
    cluster = find(where)
    if cluster is None:
        raise AWSValidationException(f"DB cluster does not exist: {PREFIX}{where.name}")
    if len(cluster.clustered) <= 1:
        raise AWSValidationException(f"DB cluster {where.name} has no Aurora Replica to scale from")


def _count(where: Where, _dimension: str) -> int | None:
    cluster = find(where)
    if cluster is None or cluster.status != "available":  # "only scales a DB cluster ... in the available state"
        return None
    return len(readers_of(cluster))


def _change(where: Where, _dimension: str, now: int, wanted: int) -> int:
    cluster = find(where)
    for _ in range(wanted - now):
        _add(where, cluster)
    return wanted if wanted >= now else now - _remove(where, cluster, now - wanted)


def _add(where: Where, cluster: Any) -> None:
    """A reader of the writer's class and settings, in the last tier, named and tagged as AWS does."""
    rds = client("rds", where.region, where.account)
    writer = next(each for each in cluster.clustered if each.is_cluster_writer)
    shown = rds.describe_db_instances(DBInstanceIdentifier=writer.db_instance_identifier)["DBInstances"][0]
    same = ("DBInstanceClass", "Engine", "MonitoringInterval", "MonitoringRoleArn", "AutoMinorVersionUpgrade")
    more = {name: shown[name] for name in same if name in shown}
    if shown.get("PerformanceInsightsEnabled"):
        more |= {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": shown["PerformanceInsightsKMSKeyId"]}
    rds.create_db_instance(
        DBInstanceIdentifier=f"application-autoscaling-{uuid.uuid4()}",
        DBClusterIdentifier=cluster.db_cluster_identifier,
        DBParameterGroupName=shown["DBParameterGroups"][0]["DBParameterGroupName"],
        PromotionTier=TIER,
        Tags=[{"Key": TAG, "Value": PREFIX + cluster.db_cluster_identifier}],
        **more,
    )


def _remove(where: Where, cluster: Any, count: int) -> int:
    """Delete up to `count` readers that were added, the newest first; how many there were."""
    rds = client("rds", where.region, where.account)
    tag = {"Key": TAG, "Value": PREFIX + cluster.db_cluster_identifier}
    own = [each for each in readers_of(cluster) if each.status == "available" and tag in each.get_tags()]
    chosen = own[::-1][:count]
    for instance in chosen:
        rds.delete_db_instance(DBInstanceIdentifier=instance.db_instance_identifier, SkipFinalSnapshot=True)
    return len(chosen)


def _report(where: Where, load: Mapping[str, float]) -> list[tuple[str, Dimensions, float]]:
    """A sample of each reader, under its own name and under the readers' role, as RDS reports them."""
    return [
        (metric, dimensions, value)
        for metric, value in load.items()
        for reader in readers_of(find(where))
        for dimensions in ({"DBInstanceIdentifier": reader.db_instance_identifier}, _role(where.name))
    ]


READERS = Scaled(
    namespace="rds",
    prefix=PREFIX,
    role="rds.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_RDSCluster",
    cloudwatch="AWS/RDS",
    metrics=METRICS,
    exists=lambda where: find(where) is not None,
    check=_check,
    check_policy=lambda *_: None,
    count=_count,
    change=_change,
    report=_report,
    shape=lambda where: {"readers": len(readers_of(find(where)))},
    unit=lambda _: "replica count",
)
