"""Which snapshots a run deletes, in what order, and every reason not to start; the quota's forecast; the page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_RUNBOOKS
from runbooks.boundary import SETTING
from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.engine.run import Outcome, State
from runbooks.prune.headroom import daily_headroom, region_headroom
from runbooks.prune.plan import blockers, plan_prune
from runbooks.prune.report import render
from runbooks.prune.request import PruneRequest
from tests.runbooks.prune.builders import CLUSTER, NOW, REQUEST, SOURCE, days, see, snapshot

PAGE = Path(__file__).parents[3] / "docs" / "runbooks" / "snapshot-prune.md"


def test_each_goes_in_a_step_of_its_own_the_oldest_first() -> None:
    steps = plan_prune(REQUEST, see(*days(0, 1, 2, 3)))
    assert [step.subject for step in steps] == ["s-20261118-120000", "s-20261119-120000"]
    assert [call.parameters for step in steps for call in step.calls] == [
        {"DBClusterSnapshotIdentifier": step.subject} for step in steps
    ]
    assert all(step.arguments["policy"]["keep_at_least"] == 1 for step in steps)


def test_what_was_deleted_is_not_planned_again() -> None:
    whole = plan_prune(REQUEST, see(*days(0, 1, 2, 3)))
    assert plan_prune(REQUEST, see(*days(0, 1, 2))) == whole[1:]
    assert plan_prune(REQUEST, see(*days(0, 1))) == ()


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("nothing there", {"snapshots": (), "source": None}, f"{CLUSTER} must exist or have snapshots, got neither"),
    ("undated", {"snapshots": (snapshot(None), *days(1))}, "s-new must have a time of creation, got none"),
    ("naive", {"snapshots": (snapshot(datetime(2026, 1, 1)),)}, "must have a time with its zone"),  # noqa: DTZ001
    ("locked", {"locked": (f"{CLUSTER} is locked by run x",)}, f"{CLUSTER} is locked by run x"),
    ("fenced", {"source": replace(SOURCE, tags={TAG_RUNBOOKS: "clone"})}, "must let `snapshot prune` touch it"),
)


@pytest.mark.parametrize(("what", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses(what: dict[str, Any], said: str) -> None:
    seen = replace(see(*days(0, 1, 2)), **what)
    (reason,) = blockers(REQUEST, seen)
    assert said in reason
    with pytest.raises(PlanRefusedError):
        plan_prune(REQUEST, seen)


def test_the_machines_allow_list_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "dev-*")
    (reason,) = blockers(REQUEST, see(*days(0, 1, 2)))
    assert reason.startswith(f"{CLUSTER} must match {SETTING}")


def test_all_reasons_come_at_once() -> None:
    assert len(blockers(REQUEST, see(snapshot(None), snapshot(None, "other"), locked=("locked",)))) == 3


def test_the_snapshots_of_a_cluster_that_is_gone_are_pruned_too() -> None:
    assert len(plan_prune(REQUEST, see(*days(0, 1, 2), source=None))) == 1


def test_a_request_comes_back_from_the_journal() -> None:
    request = PruneRequest(source_id="x", family="cache", copies_in=("eu-west-2",), region="eu-west-1")
    assert PruneRequest.from_plain(request.to_plain()) == request


# --- head-room


def test_the_forecast_is_at_the_rate_of_the_last_thirty_days() -> None:
    room = region_headroom(days(*range(20)), 100, NOW)
    assert (room.used, room.left) == (20, 80)
    assert room.per_day == pytest.approx(20 / 19)
    assert room.full_at == NOW + timedelta(days=76)


def test_only_manual_ones_count_against_the_quota() -> None:
    shelf = [replace(each, kind="automated") for each in days(1, 2, 3)]
    room = region_headroom([*shelf, *days(40)], 100, NOW)
    assert (room.used, room.per_day, room.full_at) == (1, 0.0, None)


def test_a_full_shelf_is_full_now() -> None:
    assert region_headroom(days(1, 2), 2, NOW).full_at == NOW
    assert region_headroom(days(1, 2), 1, NOW).left == 0


def test_one_that_is_being_made_takes_room_too() -> None:
    assert region_headroom((snapshot(None, status="creating"),), 100, NOW).used == 1


def test_what_is_years_away_is_never() -> None:
    assert region_headroom(days(29), 1000, NOW).full_at is None


def test_caches_count_by_the_day() -> None:
    room = daily_headroom([replace(each, family="cache") for each in days(0.1, 0.5, 2)], 20, NOW)
    assert (room.used, room.left, room.full_at) == (2, 18, None)


# --- what is shown


def shown() -> Outcome[Any]:
    held = replace(days(400)[0], tags={**days(400)[0].tags, "aurora-estate:hold": "case 4711"})
    automated = snapshot(
        datetime(2026, 11, 21, 1, 37, tzinfo=UTC), "rds:shop-orders-2026-11-21-01-37", kind="automated"
    )
    seen = see(automated, held, *days(0, 1, 1.2, 3))
    return Outcome(
        run_id="one",
        verb="snapshot prune",
        target=CLUSTER,
        state=State.PLANNED,
        steps=plan_prune(REQUEST, seen),
        seen=seen,
    )


def test_the_table_says_of_each_why() -> None:
    text = render(shown())
    assert "kept      2026-11-21 12:00  s-20261121-120000\n            one of the newest 1; daily\n" in text
    assert "legal hold: case 4711" in text
    assert "goes      2026-11-18 12:00  s-20261118-120000\n" in text
    assert "not ours  2026-11-21 01:37  rds:shop-orders-2026-11-21-01-37\n            automated: it goes" in text
    assert "manual snapshots of the Region: 6 of 100; 1.0 a day, not full for years" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_the_page_shows_the_plan() -> None:
    (block,) = re.findall(r"```text\n(snapshot prune shop-orders.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block == render(shown())
    assert render_plan(shown().steps) in block
