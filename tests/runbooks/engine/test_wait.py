from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from runbooks.engine.wait import (
    FAILED,
    PENDING,
    READY,
    Judgement,
    WaitFailedError,
    WaitTimedOutError,
    wait_for,
)
from tests.support.clock import FakeClock

JUDGEMENTS = {"creating": PENDING, "available": READY, "failed": FAILED}


def judge(status: str) -> Judgement:
    return JUDGEMENTS[status]


def statuses(*values: str) -> Iterator[str]:
    yield from values
    while True:
        yield values[-1]


def test_returns_the_observation_that_was_ready() -> None:
    clock, seen = FakeClock(), statuses("creating", "creating", "available")
    assert (
        wait_for("the cluster", poll=lambda: next(seen), judge=judge, timeout_s=60, every_s=1, clock=clock)
        == "available"
    )
    assert clock.slept == [1.0, 1.0]


def test_a_slow_poll_does_not_push_the_next_one_back() -> None:
    """Polls stay on the grid: a change is noticed within one period, whatever a call takes."""
    clock, seen, at = FakeClock(), statuses("creating", "creating", "available"), []

    def poll() -> str:
        at.append(clock.monotonic() - 1000)
        clock.advance(0.75)
        return next(seen)

    wait_for("the cluster", poll=poll, judge=judge, timeout_s=60, every_s=1, clock=clock)
    assert at == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("poll_s", [0.1, 0.333, 0.999, 1.0, 1.7])
def test_never_polls_twice_within_half_a_period(poll_s: float) -> None:
    clock, at = FakeClock(), []

    def poll() -> str:
        clock.advance(poll_s)
        at.append(clock.monotonic())
        return "creating" if len(at) < 20 else "available"

    wait_for("the cluster", poll=poll, judge=judge, timeout_s=600, every_s=1, clock=clock)
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) >= 0.98


def test_a_change_is_noticed_within_a_second_and_a_half() -> None:
    """The budget: under 1.5 s after it is visible, at 60 calls a minute."""
    clock, calls = FakeClock(), []

    def poll() -> str:
        calls.append(clock.monotonic())
        clock.advance(0.2)
        return "available" if calls[-1] - 1000 >= 30.05 else "creating"

    wait_for("the writer", poll=poll, judge=judge, timeout_s=60, every_s=1, clock=clock)
    assert clock.monotonic() - 1000 - 30.05 < 1.5
    assert len(calls) <= 32


def test_failure_ends_it_at_once_with_what_was_seen() -> None:
    clock, seen = FakeClock(), statuses("creating", "failed")
    with pytest.raises(
        WaitFailedError, match=r"the cluster can no longer happen after 1\.0 s; last seen: failed"
    ) as caught:
        wait_for("the cluster", poll=lambda: next(seen), judge=judge, timeout_s=60, every_s=1, clock=clock)
    assert caught.value.observation == "failed"


def test_time_out_carries_the_last_observation() -> None:
    clock = FakeClock()
    with pytest.raises(WaitTimedOutError, match=r"did not happen within 2\.5 s; last seen: creating") as caught:
        wait_for("the cluster", poll=lambda: "creating", judge=judge, timeout_s=2.5, every_s=1, clock=clock)
    assert caught.value.waited_s == pytest.approx(2.5)
    assert clock.slept == pytest.approx([1.0, 1.0, 0.5]), "it looks once more at the very end"


def test_progress_is_told_with_the_seconds() -> None:
    clock, seen, told = FakeClock(), statuses("creating", "available"), []
    wait_for(
        "it", poll=lambda: next(seen), judge=judge, timeout_s=9, every_s=2, clock=clock,
        on_progress=lambda status, waited_s: told.append((status, waited_s)),
    )  # fmt: skip
    assert told == [("creating", 0.0), ("available", 2.0)]
