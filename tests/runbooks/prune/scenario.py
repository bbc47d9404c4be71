"""Two snapshots pruned of a cluster that has others, for the matrices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.rds.models import rds_backends

from estate.names import TAG_HOLD, TAG_RUN, TAG_SOURCE
from tests.support.scenario import ACCOUNT, REGION, Cloud, Scenario

CLUSTER = "shop-orders"
OURS = {TAG_RUN: "earlier", TAG_SOURCE: f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{CLUSTER}"}
NOW = datetime.now(UTC)
KEPT = ("by-hand", "day-0", "day-1", "held", "rds:own")


def take(rds: Any, name: str, days: float, tags: dict[str, str], cluster: str = CLUSTER) -> None:
    """A snapshot of so many days ago: the embedded AWS dates it now, so the date is changed behind its back."""
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=name,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )  # fmt: skip
    rds_backends[ACCOUNT][REGION].cluster_snapshots[name].created = NOW - timedelta(days=days)


def make_cluster(rds: Any) -> None:
    rds.create_db_cluster(
        DBClusterIdentifier=CLUSTER, Engine="aurora-postgresql", MasterUsername="keeper", MasterUserPassword="p" * 12
    )


def _set_up(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    make_cluster(rds)
    for days in (0, 1, 2, 3):
        take(rds, f"day-{days}", days, OURS)
    take(rds, "held", 9, {**OURS, TAG_HOLD: "case 4711"})
    take(rds, "by-hand", 8, {"team": "shop"})
    rds_backends[ACCOUNT][REGION].create_db_cluster_snapshot(CLUSTER, "rds:own", snapshot_type="automated")


def _done(cloud: Cloud) -> None:
    found = cloud.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert sorted(each["DBClusterSnapshotIdentifier"] for each in found) == sorted(KEPT)
    assert not cloud.client("ssm").describe_parameters()["Parameters"]


CACHES = "of caches' snapshots, the same code"
SCENARIOS = (
    Scenario(
        name="snapshot prune",
        words=(
            "snapshot", "prune", CLUSTER, "--daily", "2", "--weekly", "0", "--monthly", "0", "--keep-at-least", "1",
        ),
        set_up=_set_up,
        done=_done,
        confirm=CLUSTER,
        cluster=CLUSTER,
        not_needed={
            "kms:DescribeKey": "the snapshots are not encrypted",
            **{
                f"elasticache:{action}": CACHES
                for action in (
                    "DeleteServerlessCacheSnapshot", "DeleteSnapshot", "DescribeCacheClusters",
                    "DescribeReplicationGroups",
                    "DescribeServerlessCacheSnapshots", "DescribeServerlessCaches", "DescribeSnapshots",
                    "ListTagsForResource",
                )
            },
        },
    ),
)  # fmt: skip
