"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

ALL: Final = "every expired copy"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReapRequest:
    """Which copies may go: those that have expired at `at` (ISO 8601, UTC), of `ids` only when there are some."""

    at: str
    ids: tuple[str, ...] = ()
    region: str | None = None
    final_snapshot: bool = True

    @property
    def target(self) -> str:
        """What is shown, and typed where it must be confirmed: each identifier."""
        return ",".join(self.ids) or ALL

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> ReapRequest:
        given: dict[str, Any] = {**values, "ids": tuple(values.get("ids", ()))}
        return cls(**given)
