"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class BacktrackRequest:
    """A cluster, and the moment it is wound back to, as `2026-11-21T12:00:00Z`.

    `earliest` takes the earliest moment there is when `to` lies before it; `with_binlog` accepts what it does to who
    reads the binary log.
    """

    cluster_id: str
    to: str
    earliest: bool = False
    with_binlog: bool = False
    region: str | None = None

    @property
    def moment(self) -> datetime:
        """`to` as a time."""
        return datetime.fromisoformat(self.to)

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> BacktrackRequest:
        return cls(**dict[str, Any](values))


def moment_text(given: str) -> str:
    """A time with its zone, as the request has it.

    Raises:
        ValueError: it cannot be read, or has no zone.
    """
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError(f"must be a time such as 2026-11-21T12:00:00Z, got {given!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"must say its zone, got {given!r}; for UTC write {given}Z")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
