"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from runbooks.snapshot.seen import Family


def region_of(snapshot: str) -> str:
    """The Region that an ARN names; empty for an identifier."""
    return snapshot.split(":")[3] if snapshot.startswith("arn:") else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateRequest:
    """A snapshot of a cluster or a cache. `snapshot_id` empty: the source's name and the run's."""

    source_id: str
    owner: str
    family: Family = "aurora"
    snapshot_id: str = ""
    expires: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> CreateRequest:
        return cls(**dict[str, Any](values))


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyRequest:
    """A copy of a snapshot.

    `snapshot` is an identifier, or the ARN of one that another account shares or that is in another Region. `target_id`
    empty: the snapshot's name and the run's. `to_region` empty: where the snapshot is. `key` is one of the Region that
    the copy goes to.
    """

    snapshot: str
    owner: str
    family: Family = "aurora"
    target_id: str = ""
    to_region: str = ""
    key: str = ""
    wait_for_slot: bool = False
    expires: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str | None = None

    @property
    def snapshot_id(self) -> str:
        """The identifier, without its ARN."""
        return self.snapshot.split(":", 6)[-1] if self.snapshot.startswith("arn:") else self.snapshot

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> CopyRequest:
        return cls(**dict[str, Any](values))


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareRequest:
    """A snapshot, and the accounts that may copy and restore it, or no longer."""

    snapshot_id: str
    accounts: tuple[str, ...]
    family: Family = "aurora"
    region: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> ShareRequest:
        given = dict[str, Any](values)
        given["accounts"] = tuple(given["accounts"])
        return cls(**given)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportRequest:
    """A snapshot's data in a bucket: as Parquet for a cluster, as .rdb for a cache.

    `role` (its ARN) writes and `key` encrypts the Parquet; a cache's export has neither. `only` names databases,
    schemas and tables; empty for all.
    """

    snapshot_id: str
    bucket: str
    family: Family = "aurora"
    role: str = ""
    key: str = ""
    prefix: str = ""
    only: tuple[str, ...] = ()
    region: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> ExportRequest:
        given = dict[str, Any](values)
        given["only"] = tuple(given["only"])
        return cls(**given)
