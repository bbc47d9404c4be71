"""What a replication group is born from: a snapshot, or RDB files in S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class CacheOriginSpec(Spec):
    """One of the two; it counts at birth only."""

    snapshot: str | None = Field(default=None, description="Name of the snapshot")
    rdb: tuple[str, ...] = Field(default=(), description="ARNs of RDB files in S3")


RULES: tuple[Rule[ReplicationGroupSpec], ...] = ()
