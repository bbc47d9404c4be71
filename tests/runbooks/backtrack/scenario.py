"""A cluster wound back, for the matrices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.rds.models import rds_backends

from tests.support.scenario import ACCOUNT, REGION, Cloud, Scenario

CLUSTER = "shop-catalog"
MOMENT = (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)
TO = MOMENT.isoformat().replace("+00:00", "Z")


def make(rds: Any, **more: Any) -> None:
    """A cluster with a window of a day, and changes of its own for as long."""
    rds.create_db_cluster(
        **{
            "DBClusterIdentifier": CLUSTER, "Engine": "aurora-mysql", "MasterUsername": "keeper",
            "MasterUserPassword": "p" * 12, "BacktrackWindow": 86_400, **more,
        }
    )  # fmt: skip
    rds.create_db_instance(
        DBInstanceIdentifier=f"{CLUSTER}-a", DBClusterIdentifier=CLUSTER, Engine="aurora-mysql",
        DBInstanceClass="db.r8g.large",
    )  # fmt: skip
    rds_backends[ACCOUNT][REGION].clusters[CLUSTER].backtrack_since = MOMENT - timedelta(days=9)


def with_binlog(rds: Any) -> None:
    """The cluster writes a binary log."""
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="binlog", DBParameterGroupFamily="aurora-mysql8.0", Description="d"
    )
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName="binlog",
        Parameters=[{"ParameterName": "binlog_format", "ParameterValue": "ROW", "ApplyMethod": "pending-reboot"}],
    )
    rds.modify_db_cluster(DBClusterIdentifier=CLUSTER, DBClusterParameterGroupName="binlog")


def backtracks(rds: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rds.describe_db_cluster_backtracks(DBClusterIdentifier=CLUSTER)["DBClusterBacktracks"]
    return found


def _set_up(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    make(rds)
    with_binlog(rds)


def _done(cloud: Cloud) -> None:
    """Once; or, where the journal was lost after it, again to the same moment: the call takes no token."""
    rds = cloud.client("rds")
    found = backtracks(rds)
    assert 1 <= len(found) <= 2
    assert {(each["Status"], each["BacktrackTo"]) for each in found} == {("completed", MOMENT)}
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
    assert cluster["Status"] == "available"
    assert not cloud.client("ssm").describe_parameters()["Parameters"]


SCENARIOS = (
    Scenario(
        name="backtrack",
        words=("backtrack", CLUSTER, "--to", TO, "--with-binlog"),
        set_up=_set_up,
        done=_done,
        confirm=CLUSTER,
        cluster=CLUSTER,
    ),
)
