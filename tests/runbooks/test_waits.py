"""Waiting for a status."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runbooks.engine.journal import Journal
from runbooks.engine.run import Context
from runbooks.engine.wait import WaitFailedError, WaitTimedOutError
from runbooks.waits import until_gone, until_status
from tests.support.clock import FakeClock


def context(said: list[str]) -> Context[None]:
    clock = FakeClock()
    return Context(
        run_id="r", folder=Path("none"), clock=clock, journal=Journal(None, "r", clock), tools=None, execute=True,
        say=said.append,
    )  # fmt: skip


def looks(*statuses: str | None) -> Callable[[], Any]:
    """Each status once, then the last for ever."""
    left: Iterator[str | None] = iter(statuses)
    return lambda: next(left, statuses[-1])


def test_it_says_each_status_once_and_what_is_usual() -> None:
    said: list[str] = []
    until_status(context(said), "cluster c", looks(None, "creating", "creating", "available"), usual="5 minutes")
    assert [line.strip() for line in said] == [
        "cluster c: not there, 0 s; usually 5 minutes",
        "cluster c: creating, 1 s; usually 5 minutes",
        "cluster c: available, 3 s; usually 5 minutes",
    ]


def test_a_status_that_lasts_is_said_again_each_half_minute() -> None:
    said: list[str] = []
    until_status(context(said), "cluster c", looks(*["creating"] * 70, "available"))
    assert [line.split()[-2] for line in said] == ["0", "30", "60", "70"]


def test_what_cannot_come_is_not_waited_for() -> None:
    with pytest.raises(WaitFailedError, match="incompatible-network"):
        until_status(context([]), "cluster c", looks("creating", "incompatible-network"))


def test_it_ends_with_the_last_observation() -> None:
    with pytest.raises(WaitTimedOutError, match="last seen: creating"):
        until_status(context([]), "cluster c", looks("creating"), timeout_s=10)


def test_a_wanted_status_may_be_a_broken_one() -> None:
    until_status(context([]), "task t", looks("failed"), wanted=("failed", "complete"))


def test_until_gone_waits_for_nothing_to_be_there() -> None:
    said: list[str] = []
    until_gone(context(said), "cluster c", looks("deleting", "deleting", None))
    assert said[-1].strip() == "cluster c: not there, 2 s"
    with pytest.raises(WaitTimedOutError):
        until_gone(context([]), "cluster c", looks("deleting"), timeout_s=5)
