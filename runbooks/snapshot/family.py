"""What the verbs ask of each family of snapshots; `aurora_family` and `cache_family` answer.

Reading is done; changing is only spelled out, as `Call`s that a plan shows and `Tools.perform` makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from runbooks.engine.plan import Call
from runbooks.snapshot.seen import Snapshot, Source


class SnapshotFamily(Protocol):
    """One family in one Region."""

    def find_source(self, source_id: str) -> Source | None: ...
    def find_snapshot(self, snapshot_id: str) -> Snapshot | None:
        """By identifier or ARN, with whom it is shared with."""
        ...

    def list_snapshots(self, source_id: str = "") -> tuple[Snapshot, ...]:
        """Of one source, or all of the Region, in as few calls as pages allow; tags included."""
        ...

    def create_call(self, source_id: str, snapshot_id: str, tags: Mapping[str, str]) -> Call: ...
    def copy_call(
        self, snapshot: Snapshot, target_id: str, *, region: str, key: str, tags: Mapping[str, str]
    ) -> Call: ...
    def delete_call(self, snapshot: Snapshot) -> Call: ...
    def quota(self) -> int:
        """How many manual snapshots the account may have in the Region; for caches, how many it may take in a day."""
        ...


class BucketExport(Protocol):
    """What the families of caches answer besides: ElastiCache itself writes .rdb files to a bucket."""

    def export_reasons(self, snapshot: Snapshot, bucket: str) -> tuple[str, ...]:
        """Why it cannot be exported there; none when it can."""
        ...

    def is_exported(self, snapshot: Snapshot, export_id: str, bucket: str) -> bool: ...
    def export_call(self, snapshot: Snapshot, export_id: str, bucket: str) -> Call: ...
    def taken_today(self, source_id: str, now: datetime) -> int:
        """How many were taken by hand within the last 24 hours."""
        ...
