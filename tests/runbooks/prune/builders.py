"""Snapshots as retention sees them; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from estate.names import TAG_RUN, TAG_SOURCE
from runbooks.engine.plan import Call
from runbooks.prune.headroom import Headroom
from runbooks.prune.plan import Observed
from runbooks.prune.request import PruneRequest
from runbooks.prune.retention import Policy
from runbooks.snapshot.seen import Snapshot, Source

CLUSTER = "shop-orders"
CLUSTER_ARN = f"arn:aws:rds:eu-west-1:123456789012:cluster:{CLUSTER}"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OURS = {TAG_RUN: "one", TAG_SOURCE: CLUSTER_ARN}
SOURCE = Source(family="aurora", source_id=CLUSTER, arn=CLUSTER_ARN, status="available", engine="aurora-postgresql")
REQUEST = PruneRequest(source_id=CLUSTER, policy=Policy(daily=2, weekly=0, monthly=0, yearly=0, keep_at_least=1))


def snapshot(at: datetime | None, name: str = "", **changes: Any) -> Snapshot:
    """One that a runbook took of the cluster."""
    called = name or (f"s-{at:%Y%m%d-%H%M%S}" if at is not None else "s-new")
    made = Snapshot(
        family="aurora",
        snapshot_id=called,
        arn=f"arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:{called}",
        source_id=CLUSTER,
        kind="manual",
        status="available",
        created_at=at,
        engine="aurora-postgresql",
        engine_version="17.7",
        shared_with=(),
        tags=OURS,
    )
    return replace(made, **changes)


def days(*ago: float) -> tuple[Snapshot, ...]:
    """One of each of so many days ago."""
    return tuple(snapshot(NOW - timedelta(days=each)) for each in ago)


def see(*snapshots: Snapshot, **changes: Any) -> Observed:
    seen = Observed(
        policy=REQUEST.policy,
        snapshots=snapshots,
        now=NOW,
        headroom=Headroom(used=len(snapshots), quota=100, per_day=1.0, full_at=None),
        source=SOURCE,
        deletes={
            each.arn: Call(
                service="rds",
                operation="DeleteDBClusterSnapshot",
                parameters={"DBClusterSnapshotIdentifier": each.snapshot_id},
            )
            for each in snapshots
        },
    )
    return replace(seen, **changes)
