"""What is left of winding a cluster back, whose backtrack is whose, and every reason not to start."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_RUNBOOKS
from runbooks.backtrack.plan import (
    Kind,
    Observed,
    blockers,
    find_own,
    known_without_journal,
    own_of,
    plan_backtrack,
    why_confirm,
)
from runbooks.backtrack.request import BacktrackRequest, moment_text
from runbooks.engine.plan import PlanRefusedError, render_plan
from tests.runbooks.backtrack.builders import NOON, NOW, REQUEST, backtrack, see

PAGE = Path(__file__).parents[3] / "docs" / "runbooks" / "backtrack.md"


def kinds(seen: Observed, request: BacktrackRequest = REQUEST) -> list[Kind]:
    return [step.kind for step in plan_backtrack(request, seen)]


def test_the_plan_has_the_call_as_it_is_made() -> None:
    (step,) = plan_backtrack(REQUEST, see(known=("old",)))
    assert [(call.action, call.parameters) for call in step.calls] == [
        ("rds:BacktrackDBCluster", {"DBClusterIdentifier": "shop-catalog", "BacktrackTo": "2026-11-21T12:00:00Z"})
    ]
    assert step.arguments == {"to": REQUEST.to, "earliest": False, "known": ["old"]}
    assert "its window begins at 2026-11-20T14:00:00Z" in step.why


def test_before_the_window_with_leave_to_take_the_earliest() -> None:
    request = replace(REQUEST, to="2026-11-01T00:00:00Z", earliest=True)
    (step,) = plan_backtrack(request, see())
    assert step.calls[0].parameters["UseEarliestTimeOnPointInTimeUnavailable"] is True


def test_a_binary_log_takes_force_and_says_who_breaks() -> None:
    seen = see(binlog="ROW", replicas=("shop-replica",), blue_green=("upgrade",))
    (step,) = plan_backtrack(replace(REQUEST, with_binlog=True), seen)
    assert step.calls[0].parameters["Force"] is True
    assert "replica shop-replica, blue/green deployment upgrade no longer fit" in step.why
    without = plan_backtrack(replace(REQUEST, with_binlog=True), see())
    assert "Force" not in without[0].calls[0].parameters


TAILS: tuple[tuple[str, dict[str, Any], list[Kind]], ...] = (
    ("nothing was asked for", {}, [Kind.BACKTRACK]),
    ("others' are not ours", {"backtracks": (backtrack("old"),), "known": ("old",)}, [Kind.BACKTRACK]),
    ("under way", {"backtracks": (backtrack(status="applying"),), "status": "backtracking"}, [Kind.FOLLOW]),
    ("pending", {"backtracks": (backtrack(status="pending"),)}, [Kind.FOLLOW]),
    ("applied, not yet up", {"backtracks": (backtrack(),), "status": "backtracking"}, [Kind.FOLLOW]),
    ("instances restart", {"backtracks": (backtrack(),), "instances": {"a": "rebooting"}}, [Kind.FOLLOW]),
    ("done", {"backtracks": (backtrack(),)}, []),
    ("failed", {"backtracks": (backtrack(status="failed"),)}, [Kind.BACKTRACK]),
)


@pytest.mark.parametrize(("what", "left"), [row[1:] for row in TAILS], ids=[row[0] for row in TAILS])
def test_resuming_plans_the_tail(what: dict[str, Any], left: list[Kind]) -> None:
    assert kinds(see(**what)) == left


def test_aurora_may_choose_a_moment_near_by() -> None:
    near, far = backtrack(to=NOON + timedelta(minutes=4)), backtrack(to=NOON + timedelta(minutes=6))
    assert own_of(REQUEST, see(backtracks=(near,))) == near
    assert own_of(REQUEST, see(backtracks=(far,))) is None
    assert find_own((far,), (), NOON, earliest=True) == far  # then it is the earliest that there was


def test_of_several_the_latest_is_ours_wherever_it_is_in_the_list() -> None:
    """DIGITO waits for the first of the list."""
    old, new = backtrack("old", minutes=90), backtrack("new", minutes=1)
    for order in ((old, new), (new, old)):
        assert own_of(REQUEST, see(backtracks=order)) == new


def test_without_a_journal_only_one_under_way_is_taken_for_ours() -> None:
    shelf = (
        backtrack("done"),
        backtrack("under-way", "applying"),
        backtrack("elsewhere", "applying", to=NOON - timedelta(hours=2)),
        backtrack("failed", "failed"),
    )
    assert known_without_journal(shelf, REQUEST) == ("done", "elsewhere", "failed")


def test_when_it_was_done_before_the_plan_says_what_doing_it_again_costs() -> None:
    (step,) = plan_backtrack(REQUEST, see(backtracks=(backtrack("old"),), known=("old",)))
    assert "one of 2026-11-21T13:59:00Z went there, too: what was written since that is lost as well" in step.why


REFUSED: tuple[tuple[str, BacktrackRequest, dict[str, Any], str], ...] = (
    ("no cluster", REQUEST, {"cluster": None}, "cluster shop-catalog must exist, got none"),
    ("PostgreSQL", REQUEST, {"engine": "aurora-postgresql"}, "must be of aurora-mysql, got aurora-postgresql"),
    ("no window", REQUEST, {"window_s": 0, "earliest": None}, "must have a backtrack window, got 0"),
    ("global", REQUEST, {"global_cluster_id": "shop-global"}, "must not be in a global database, got shop-global"),
    (
        "the future",
        replace(REQUEST, to="2026-11-21T14:00:01Z"),
        {},
        "--to must not be in the future, got 2026-11-21T14:00:01Z; it is 2026-11-21T14:00:00Z",
    ),
    (
        "before the window",
        replace(REQUEST, to="2026-11-20T13:59:59Z"),
        {},
        "--to must be 2026-11-20T14:00:00Z or later (the window is 24 h), got 2026-11-20T13:59:59Z",
    ),
    ("no earliest time", REQUEST, {"earliest": None}, "must show its earliest backtrack time, got none"),
    ("stopped", REQUEST, {"status": "stopped"}, "must be available, got stopped"),
    (
        "another under way",
        REQUEST,
        {"status": "backtracking", "backtracks": (backtrack("x", "applying", NOON - timedelta(hours=1)),)},
        "backtrack x to 2026-11-21T11:00:00Z must be over first, got applying",
    ),
    (
        "binary log",
        REQUEST,
        {"binlog": "ROW"},
        "got binlog_format ROW; nothing of a backtrack is written to it, so that replicas outside and blue/green",
    ),
    ("replica", REQUEST, {"binlog": "MIXED", "replica_of": "shop-primary"}, "that replica shop-primary no longer fit"),
    ("locked", REQUEST, {"locked": ("shop-catalog is locked",)}, "shop-catalog is locked"),
    ("fenced", REQUEST, {"tags": {TAG_RUNBOOKS: "none"}}, "must let `backtrack` touch it"),
)  # fmt: skip


@pytest.mark.parametrize(("request_", "what", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses(request_: BacktrackRequest, what: dict[str, Any], said: str) -> None:
    (reason,) = blockers(request_, see(**what))
    assert said in reason
    with pytest.raises(PlanRefusedError):
        plan_backtrack(request_, see(**what))


def test_all_reasons_come_at_once() -> None:
    assert len(blockers(REQUEST, see(window_s=0, status="stopped", binlog="ROW", locked=("locked",)))) == 4


def test_waiting_is_refused_by_nothing_but_the_lock() -> None:
    seen = see(backtracks=(backtrack(status="applying"),), status="backtracking", binlog="ROW")
    assert blockers(REQUEST, seen) == ()
    assert blockers(REQUEST, replace(seen, locked=("locked",))) == ("locked",)


def test_it_is_always_confirmed_but_for_waiting() -> None:
    assert "winding it forward again" in why_confirm(REQUEST, see())
    assert why_confirm(REQUEST, see(backtracks=(backtrack(status="applying"),))) == ""


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", id="UTC"),
        pytest.param("2026-11-21T13:00+01:00", "2026-11-21T12:00:00Z", id="another zone"),
    ],
)
def test_a_moment_is_kept_in_utc(given: str, text: str) -> None:
    assert moment_text(given) == text
    assert replace(REQUEST, to=text).moment == datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("2026-11-21T12:00:00", "must say its zone", id="naive"),
        pytest.param("yesterday", "must be a time such as", id="words"),
    ],
)
def test_a_moment_that_is_none(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        moment_text(given)


def test_a_request_comes_back_from_the_journal() -> None:
    assert BacktrackRequest.from_plain(REQUEST.to_plain()) == REQUEST


def test_the_page_shows_the_plan() -> None:
    (block,) = re.findall(r"```text\nplan for shop-catalog:\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block == render_plan(plan_backtrack(REQUEST, see(now=NOW)))
