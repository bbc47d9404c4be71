"""The family of snapshots that a verb was pointed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runbooks.snapshot.aurora_family import AuroraFamily

if TYPE_CHECKING:
    from runbooks.snapshot.family import SnapshotFamily
    from runbooks.snapshot.seen import Family
    from runbooks.tools import Tools

FAMILIES: Final[tuple[Family, ...]] = ("aurora", "cache", "serverless")


def open_family(tools: Tools, family: Family, region: str = "") -> SnapshotFamily:
    """Aurora's, node-based caches' or serverless caches' snapshots in one Region (empty: the run's own)."""
    if family == "aurora":
        return AuroraFamily(tools, region)
    from runbooks.snapshot import cache_family

    return cache_family.open_cache_family(tools, family, region)
