"""How fast a clone's own pages grow, and what they come to until it expires. Pure.

The metric is VolumeBytesUsed, which "affects the cost of the Aurora DB cluster"; of a clone it depends on what was
added or changed in it (Aurora User Guide, "Amazon CloudWatch metrics for Amazon Aurora"): pages that it shares are
billed to its source until that is deleted, then to the clones that are left (facts C11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from runbooks.aws.cloudwatch import Sample

DAY_S: Final = 86_400.0
MONTH_S: Final = 730 * 3600.0  # 730 hours, as AWS's pricing pages count a month
GIB: Final = 1024**3
LEAST: Final = timedelta(hours=1)  # samples of less time say nothing about a day


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """Sizes in bytes, times in UTC; None where it cannot be known.

    `used_gib_months` is what was held since the first sample, `until_expiry_gib_months` what it comes to until the
    clone expires if it goes on like this. Costs are those times the price that was given.
    """

    measured_from: datetime | None
    measured_to: datetime | None
    first_bytes: float | None
    last_bytes: float | None
    bytes_per_day: float | None
    expires: datetime | None
    bytes_at_expiry: float | None
    used_gib_months: float | None
    until_expiry_gib_months: float | None
    price_per_gib_month: float | None = None

    @property
    def cost_so_far(self) -> float | None:
        return _times(self.used_gib_months, self.price_per_gib_month)

    @property
    def cost_until_expiry(self) -> float | None:
        return _times(self.until_expiry_gib_months, self.price_per_gib_month)


def _times(gib_months: float | None, price: float | None) -> float | None:
    return None if gib_months is None or price is None else gib_months * price


def project(samples: Sequence[Sample], expires: datetime | None, price: float | None = None) -> Growth:
    """Growth by the first and the last sample; the future is a straight line that never falls below nothing."""
    ordered = sorted(samples, key=lambda each: each.at)
    first, last = (ordered[0], ordered[-1]) if ordered else (None, None)
    per_day = _per_day(first, last)
    used = _held(ordered) if ordered else None
    at_expiry = left = None
    if last is not None and expires is not None and per_day is not None:
        ahead_s = max(0.0, (expires - last.at).total_seconds())
        at_expiry = max(0.0, last.value + per_day * ahead_s / DAY_S)
        left = (last.value + at_expiry) / 2 * ahead_s / MONTH_S / GIB
    return Growth(
        measured_from=first.at if first is not None else None,
        measured_to=last.at if last is not None else None,
        first_bytes=first.value if first is not None else None,
        last_bytes=last.value if last is not None else None,
        bytes_per_day=per_day,
        expires=expires,
        bytes_at_expiry=at_expiry,
        used_gib_months=used,
        until_expiry_gib_months=None if left is None or used is None else used + left,
        price_per_gib_month=price,
    )


def _per_day(first: Sample | None, last: Sample | None) -> float | None:
    if first is None or last is None or last.at - first.at < LEAST:
        return None
    return (last.value - first.value) / (last.at - first.at).total_seconds() * DAY_S


def _held(samples: Sequence[Sample]) -> float:
    """GiB-months between the samples, each step at the mean of its two ends."""
    byte_seconds = sum((a.value + b.value) / 2 * (b.at - a.at).total_seconds() for a, b in pairwise(samples))
    return byte_seconds / MONTH_S / GIB
