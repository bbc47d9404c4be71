"""Waiting for evidence of a change, with the last observation in every error."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from runbooks.engine.clock import Clock

T = TypeVar("T")


class Judgement(Enum):
    """What an observation means to who waits for it (botocore's acceptors: success, retry, failure)."""

    READY = "ready"
    PENDING = "pending"
    FAILED = "failed"


READY, PENDING, FAILED = Judgement.READY, Judgement.PENDING, Judgement.FAILED


class WaitError(RuntimeError):
    """Waiting ended without what was waited for; `observation` is what was seen last."""

    def __init__(self, message: str, *, what: str, observation: Any, waited_s: float) -> None:
        self.what = what
        self.observation = observation
        self.waited_s = waited_s
        super().__init__(message)


class WaitFailedError(WaitError):
    """It cannot happen any more. Exit code 1."""


class WaitTimedOutError(WaitError):
    """It has not happened yet. Exit code 5."""


def wait_for(
    what: str,
    *,
    poll: Callable[[], T],
    judge: Callable[[T], Judgement],
    timeout_s: float,
    every_s: float,
    clock: Clock,
    on_progress: Callable[[T, float], None] | None = None,
) -> T:
    """Poll until `judge` answers READY, and return that observation.

    Polls start on a grid of `every_s` seconds: a slow poll does not push the next one back, and none is made up for.
    `on_progress` gets each observation with the seconds waited so far.

    Raises:
        WaitFailedError: `judge` answered FAILED.
        WaitTimedOutError: `timeout_s` seconds passed; at least one poll was made after it began.
    """
    start = clock.monotonic()
    while True:
        seen = poll()
        waited_s = clock.monotonic() - start
        if on_progress is not None:
            on_progress(seen, waited_s)
        judgement = judge(seen)
        if judgement is READY:
            return seen
        if judgement is FAILED:
            raise WaitFailedError(
                f"{what} can no longer happen after {waited_s:.1f} s; last seen: {seen}",
                what=what,
                observation=seen,
                waited_s=waited_s,
            )
        if waited_s >= timeout_s:
            raise WaitTimedOutError(
                f"{what} did not happen within {timeout_s:g} s; last seen: {seen}",
                what=what,
                observation=seen,
                waited_s=waited_s,
            )
        clock.sleep(min(_until_next_s(waited_s, every_s), timeout_s - waited_s))


def _until_next_s(waited_s: float, every_s: float) -> float:
    """Seconds to the next point of the grid; a poll that ended a hair before one does not make two."""
    ticks = int(waited_s / every_s + 0.01) + 1
    return ticks * every_s - waited_s
