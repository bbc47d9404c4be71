"""Time as an argument: plans never read it, and tests advance it by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the engine needs of time."""

    def now(self) -> datetime:
        """Wall time, aware, in UTC: for records that people and AWS read."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never set back: for durations."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
