"""How far the quota of manual snapshots is off, and when it is reached at the present rate. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from runbooks.snapshot.seen import Snapshot

LOOK_BACK: Final = timedelta(days=30)
DAY: Final = timedelta(days=1)
FAR: Final = 3650.0  # days; later than that is never


@dataclass(frozen=True, kw_only=True, slots=True)
class Headroom:
    """Manual snapshots of a Region against the account's quota; for caches, those of the last 24 hours of one cache.

    `per_day` is how many were taken a day lately; `full_at` when there is no room left at that rate, None for never.
    """

    used: int
    quota: int
    per_day: float
    full_at: datetime | None

    @property
    def left(self) -> int:
        """How many more there may be."""
        return max(0, self.quota - self.used)


def region_headroom(snapshots: Sequence[Snapshot], quota: int, now: datetime) -> Headroom:
    """The room for manual snapshots of a Region. AWS Backup's own and automated ones do not count (facts A8).

    The rate is that of the last 30 days, or of as long as there have been snapshots; one that was deleted since is not
    in it.
    """
    dates = [each.created_at for each in snapshots if each.is_manual and each.created_at is not None]
    used = sum(each.is_manual for each in snapshots)
    lately = [at for at in dates if now - LOOK_BACK <= at <= now]
    span = max(now - min(lately), DAY) if lately else LOOK_BACK
    per_day = len(lately) / (span / DAY)
    return Headroom(used=used, quota=quota, per_day=per_day, full_at=_full_at(quota - used, per_day, now))


def daily_headroom(snapshots: Sequence[Snapshot], quota: int, now: datetime) -> Headroom:
    """The room for snapshots of one cache within 24 hours, which is how ElastiCache counts."""
    lately = sum(
        each.is_manual and each.created_at is not None and now - DAY <= each.created_at <= now for each in snapshots
    )
    return Headroom(used=lately, quota=quota, per_day=float(lately), full_at=None)


def _full_at(left: int, per_day: float, now: datetime) -> datetime | None:
    if left <= 0:
        return now
    days = left / per_day if per_day else FAR
    return now + timedelta(days=days) if days < FAR else None
