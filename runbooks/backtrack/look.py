"""What RDS says of a cluster that may be wound back. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import PAGE_SIZE, error_code
from runbooks.backtrack.plan import OFF, Backtrack, ClusterSeen
from runbooks.tags import from_aws

if TYPE_CHECKING:
    from runbooks.tools import Tools

BINLOG: Final = "binlog_format"
DEFAULT_GROUP: Final = "default."  # AWS's own groups cannot be changed, and have no binary log


def find_cluster(tools: Tools, cluster_id: str) -> ClusterSeen | None:
    """The cluster of this identifier; None when there is none."""
    try:
        raw = tools.session.rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0]
    except ClientError as error:
        if error_code(error) == "DBClusterNotFoundFault":
            return None
        raise
    return ClusterSeen(
        cluster_id=raw.get("DBClusterIdentifier", ""),
        arn=raw.get("DBClusterArn", ""),
        status=raw.get("Status", ""),
        engine=raw.get("Engine", ""),
        window_s=raw.get("BacktrackWindow", 0),
        earliest=raw.get("EarliestBacktrackTime"),
        parameter_group=raw.get("DBClusterParameterGroup", ""),
        global_cluster_id=raw.get("GlobalClusterIdentifier", ""),
        replicas=tuple(raw.get("ReadReplicaIdentifiers", [])),
        replica_of=raw.get("ReplicationSourceIdentifier", ""),
        tags=from_aws(raw.get("TagList", [])),
    )


def list_backtracks(tools: Tools, cluster: ClusterSeen) -> tuple[Backtrack, ...]:
    """Every backtrack of the cluster that RDS still knows; the list's order is not promised."""
    if not cluster.window_s:
        return ()
    pages = tools.session.rds.get_paginator("describe_db_cluster_backtracks").paginate(
        DBClusterIdentifier=cluster.cluster_id, PaginationConfig={"PageSize": PAGE_SIZE}
    )
    return tuple(_backtrack(raw) for page in pages for raw in page["DBClusterBacktracks"])


def backtrack_status(tools: Tools, cluster_id: str, backtrack_id: str) -> str | None:
    """The status of one backtrack, asked for by its id; None while RDS does not show it yet."""
    try:
        found = tools.session.rds.describe_db_cluster_backtracks(
            DBClusterIdentifier=cluster_id, BacktrackIdentifier=backtrack_id
        )["DBClusterBacktracks"]
    except ClientError as error:
        if error_code(error) == "DBClusterBacktrackNotFoundFault":
            return None
        raise
    same = (each for each in found if each.get("BacktrackIdentifier") == backtrack_id)
    return next((each.get("Status", "") for each in same), None)


def binlog_format(tools: Tools, group: str) -> str:
    """What the cluster's parameter group sets `binlog_format` to; OFF where it does not."""
    if not group or group.startswith(DEFAULT_GROUP):
        return OFF
    pages = tools.session.rds.get_paginator("describe_db_cluster_parameters").paginate(
        DBClusterParameterGroupName=group, PaginationConfig={"PageSize": PAGE_SIZE}
    )
    values = [raw.get("ParameterValue", "") for page in pages for raw in page["Parameters"] if _is_binlog(raw)]
    return next((value for value in values if value), OFF)


def list_blue_green(tools: Tools, cluster_arn: str) -> tuple[str, ...]:
    """Names of the blue/green deployments whose blue side the cluster is."""
    pages = tools.session.rds.get_paginator("describe_blue_green_deployments").paginate(
        Filters=[{"Name": "source", "Values": [cluster_arn]}], PaginationConfig={"PageSize": PAGE_SIZE}
    )
    found = [raw for page in pages for raw in page["BlueGreenDeployments"]]
    return tuple(sorted(raw.get("BlueGreenDeploymentName", "") for raw in found if raw.get("Source") == cluster_arn))


def _is_binlog(raw: Mapping[str, Any]) -> bool:
    return raw.get("ParameterName") == BINLOG


def _backtrack(raw: Any) -> Backtrack:
    return Backtrack(
        backtrack_id=raw["BacktrackIdentifier"],
        status=raw["Status"],
        to=raw["BacktrackTo"],
        came_from=raw.get("BacktrackedFrom") or raw["BacktrackRequestCreationTime"],
        requested_at=raw["BacktrackRequestCreationTime"],
    )
