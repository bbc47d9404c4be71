"""A clock that moves only when told to, or when somebody sleeps on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class FakeClock:
    """Implements `runbooks.engine.clock.Clock`; `slept` lists every sleep in seconds."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return 1000.0 + self._elapsed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._elapsed_s += seconds

    def advance(self, seconds: float) -> None:
        self._elapsed_s += seconds
