"""A cluster with a window, and what is seen of it; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runbooks.backtrack.plan import Backtrack, ClusterSeen, Observed
from runbooks.backtrack.request import BacktrackRequest

CLUSTER = "shop-catalog"
NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REQUEST = BacktrackRequest(cluster_id=CLUSTER, to="2026-11-21T12:00:00Z")
SEEN = ClusterSeen(
    cluster_id=CLUSTER,
    arn=f"arn:aws:rds:eu-west-1:123456789012:cluster:{CLUSTER}",
    status="available",
    engine="aurora-mysql",
    window_s=86_400,
    earliest=NOW - timedelta(hours=24),
    parameter_group="shop-catalog-mysql80",
)


def see(**changes: Any) -> Observed:
    """What is seen; changes of the cluster by its own fields, others of the observation."""
    of_cluster = {name: value for name, value in changes.items() if hasattr(SEEN, name)}
    rest = {name: value for name, value in changes.items() if name not in of_cluster}
    cluster = replace(SEEN, **of_cluster)
    instances = {f"{CLUSTER}-a": "available", f"{CLUSTER}-b": "available"}
    return replace(Observed(now=NOW, cluster=cluster, instances=instances), **rest)


def backtrack(name: str = "one", status: str = "completed", to: datetime = NOON, minutes: float = 1) -> Backtrack:
    """One that was asked for so many minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    return Backtrack(backtrack_id=name, status=status, to=to, came_from=at, requested_at=at)
