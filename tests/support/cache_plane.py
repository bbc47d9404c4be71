"""A plane of caches that remembers what it was asked for."""

from __future__ import annotations

import time
from typing import Any

from lab.plane import PlaneError, Record


class CachePlane:
    """Agrees to everything, but for the operations that a test calls broken."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.broken: set[str] = set()
        self.names: dict[str, Record] = {}

    def __getattr__(self, name: str) -> Any:
        def asked(*arguments: Any, **_: Any) -> None:
            if name in self.broken:
                raise PlaneError(f"{name} must work, got a broken plane")
            self.calls.append((name, arguments))

        return asked

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of each call of an operation."""
        return [arguments for operation, arguments in self.calls if operation == name]

    def cache_primary(self, group_id: str, shard: int) -> str | None:
        return None

    def publish(self, record: Record) -> None:
        self.names[record.name] = record

    def withdraw(self, name: str) -> None:
        self.names.pop(name, None)

    @staticmethod
    def settle(cache: Any) -> None:
        """Wait until every group is available and no snapshot is on its way."""
        busy = ("creating", "modifying", "deleting", "snapshotting", "copying")
        while any(
            item[key] in busy
            for found, key in (
                (cache.describe_replication_groups()["ReplicationGroups"], "Status"),
                (cache.describe_snapshots()["Snapshots"], "SnapshotStatus"),
            )
            for item in found
        ):
            time.sleep(0.005)
