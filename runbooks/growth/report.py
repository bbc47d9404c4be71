"""Reads a clone and its growth, and puts it in words. Reading only: no run, no lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from estate.names import TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from runbooks.aws.cloudwatch import list_samples
from runbooks.aws.rds import Cluster, Rds
from runbooks.aws.session import AwsSession
from runbooks.engine.plan import PlanRefusedError
from runbooks.growth.projection import GIB, Growth, project
from runbooks.tags import expiry_of

METRIC: Final = "VolumeBytesUsed"
PERIOD_S: Final = 3600
KEPT: Final = timedelta(days=455)  # as long as CloudWatch keeps samples of an hour
STORAGE: Final = {"aurora-iopt1": "aurora-iopt1 (I/O-Optimized: its own price)", "": "aurora"}


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowthReport:
    """A clone's growth since birth, with what it is."""

    cluster_id: str
    source: str
    made_by_run: str
    created_at: datetime | None
    storage_type: str
    clone_group_id: str
    growth: Growth
    cost_so_far: float | None
    cost_until_expiry: float | None


def read_growth(cluster_id: str, region: str | None, price: float | None, now: datetime | None = None) -> GrowthReport:
    """Look at the cluster, then at its metric since it was made.

    Raises:
        PlanRefusedError: there is no such cluster, or it is no clone.
    """
    session = AwsSession(region)
    cluster = Rds(session.rds).find_cluster(cluster_id)
    if cluster is None:
        raise PlanRefusedError((f"cluster {cluster_id} must exist, got none; see `aws rds describe-db-clusters`",))
    if not cluster.clone_group_id:
        raise PlanRefusedError(
            (f"{cluster_id} must be a clone, or have one, got no clone group; what it uses is all its own",)
        )
    purpose = cluster.tags.get(TAG_PURPOSE, "")
    if purpose.startswith("restore"):  # a restore to a point in time has its source's clone group (API, DBCluster)
        raise PlanRefusedError(
            (f"{cluster_id} must be a clone, got a full copy, made by `{purpose}`; what it uses is all its own",)
        )
    until = now or datetime.now(UTC)
    since = max(cluster.created_at or until - KEPT, until - KEPT)
    samples = list_samples(
        session.client("cloudwatch"), METRIC, {"DBClusterIdentifier": cluster.cluster_id}, since=since,
        until=until, period_s=PERIOD_S,
    )  # fmt: skip
    return _report(cluster, project(samples, expiry_of(cluster.tags), price))


def _report(cluster: Cluster, growth: Growth) -> GrowthReport:
    return GrowthReport(
        cluster_id=cluster.cluster_id,
        source=cluster.tags.get(TAG_SOURCE, ""),
        made_by_run=cluster.tags.get(TAG_RUN, ""),
        created_at=cluster.created_at,
        storage_type=STORAGE.get(cluster.storage_type, cluster.storage_type),
        clone_group_id=cluster.clone_group_id,
        growth=growth,
        cost_so_far=growth.cost_so_far,
        cost_until_expiry=growth.cost_until_expiry,
    )


def render(report: GrowthReport) -> str:
    """For a terminal, in 80 columns."""
    growth = report.growth
    lines = [
        f"{report.cluster_id}, {report.storage_type}",
        _row("made from", report.source or "no source by its tags"),
        _row("made", _when(report.created_at)),
        _row("expires", _when(growth.expires) if growth.expires else "never by itself"),
        _row("own pages now", _gib(growth.last_bytes)),
        _row("at first", _gib(growth.first_bytes)),
        _row("growth a day", _gib(growth.bytes_per_day)),
        _row("at expiry", _gib(growth.bytes_at_expiry)),
        _row("held so far", _months(growth.used_gib_months)),
        _row("until expiry", _months(growth.until_expiry_gib_months)),
    ]
    if growth.price_per_gib_month is None:
        lines.append(_row("cost", "give --price-per-gib-month for your Region and storage type"))
    else:
        lines += [
            _row("cost so far", _money(report.cost_so_far)),
            _row("until expiry", _money(report.cost_until_expiry)),
        ]
    if growth.last_bytes is None:
        lines.append(f"CloudWatch has no {METRIC} of it yet: the first sample comes within some hours")
    lines += ["", "pages that it shares with its source are billed to the source until that is deleted"]
    return "\n".join(lines)


def _row(name: str, value: str) -> str:
    return f"  {name:<14} {value}"


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "unknown"


def _gib(size: float | None) -> str:
    return f"{size / GIB:.3f} GiB" if size is not None else "unknown"


def _months(value: float | None) -> str:
    return f"{value:.4f} GiB-months" if value is not None else "unknown"


def _money(value: float | None) -> str:
    return f"{value:.2f}, in the currency of the price" if value is not None else "unknown"
