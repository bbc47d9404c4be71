from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbooks.engine.journal import Journal
from runbooks.engine.plan import PlanRefusedError
from runbooks.engine.run import (
    Check,
    Context,
    Effect,
    NotConfirmedError,
    NotVerifiedError,
    Outcome,
    State,
    StepFailedError,
    Verdict,
    run,
    summarize,
)
from runbooks.engine.wait import WaitTimedOutError
from tests.support.clock import FakeClock
from tests.support.made_up import RUNBOOK, Kind, Request, Seen, made


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def context(shelf: Path, *, execute: bool = True, said: list[str] | None = None) -> Context[Path]:
    clock = FakeClock()
    return Context(
        run_id="one", folder=shelf, clock=clock, journal=Journal(None, "one", clock), tools=shelf, execute=execute,
        say=(said if said is not None else []).append,
    )  # fmt: skip


def events(here: Context[Path]) -> list[str]:
    return [event["event"] for event in here.journal.events]


def test_nothing_changes_without_execute(shelf: Path) -> None:
    here = context(shelf, execute=False)
    outcome = run(RUNBOOK, Request(folder=shelf), here)
    assert outcome.state is State.PLANNED
    assert [step.key for step in outcome.steps] == ["make-box a", "make-box b", "make-box c", "label"]
    assert (list(shelf.iterdir()), events(here), outcome.folder) == ([], [], None)


def test_intent_comes_before_and_outcome_after_each_step(shelf: Path) -> None:
    said: list[str] = []
    here = context(shelf)
    outcome = run(RUNBOOK, Request(folder=shelf, boxes=("a",)), replace(here, say=said.append))
    assert events(here) == [
        "run.planned", "step.intended", "step.done", "step.intended", "step.done", "run.verified", "run.finished",
    ]  # fmt: skip
    assert here.journal.events[2]["outcome"] == {"box": "a"}
    assert here.journal.events[1]["why"] == "there is no box a"
    assert outcome.state is State.DONE
    assert said[0] == "plan for shelf:"
    assert "[1/2] make-box a: there is no box a" in said


def test_every_reason_is_given_and_nothing_is_done(shelf: Path) -> None:
    (shelf / "padlock").touch()
    here = context(shelf)
    with pytest.raises(PlanRefusedError) as caught:
        run(RUNBOOK, Request(folder=shelf, boxes=()), here)
    assert len(caught.value.reasons) == 2
    assert (here.journal.events[-1]["event"], here.journal.events[-1]["state"]) == ("run.stopped", "refused")
    assert made(shelf) == []


@pytest.mark.parametrize(("shows_after", "state"), [(1, State.DONE), (3, State.DONE), (4, State.NOT_VERIFIED)])
def test_what_does_not_show_yet_is_looked_at_again(shelf: Path, shows_after: int, state: State) -> None:
    """Describe calls are eventually consistent."""
    looks: list[int] = []

    def verify(_request: Any, _seen: Seen, _context: Any) -> Verdict:
        looks.append(1)
        return Verdict(summary="", checks=(Check(name="shows", passed=len(looks) >= shows_after, detail=""),))

    assert run(replace(RUNBOOK, verify=verify), Request(folder=shelf), context(shelf)).state is state
    assert len(looks) == min(shows_after, 3)


def test_not_confirmed_is_not_done(shelf: Path) -> None:
    def refuse(target: str, _why: str) -> None:
        raise NotConfirmedError(target)

    with pytest.raises(NotConfirmedError, match="shelf"):
        run(RUNBOOK, Request(folder=shelf), context(shelf), confirm=refuse)
    assert made(shelf) == []


@pytest.mark.parametrize(
    ("parts", "boxes", "why"),
    [
        pytest.param({}, ("a",), "", id="nothing to confirm"),
        pytest.param({"irreversible": True}, ("a",), "this cannot be undone", id="irreversible"),
        pytest.param({"confirms": lambda _request, _seen: "it is production"}, ("a",), "it is production", id="seen"),
        pytest.param({"irreversible": True}, ("there",), "", id="nothing left to do"),
    ],
)
def test_what_must_be_confirmed_says_why(shelf: Path, parts: dict[str, Any], boxes: tuple[str, ...], why: str) -> None:
    asked: list[tuple[str, str]] = []
    run(RUNBOOK, Request(folder=shelf, boxes=("there",)), context(shelf))
    run(
        replace(RUNBOOK, **parts),
        Request(folder=shelf, boxes=boxes),
        context(shelf),
        confirm=lambda target, reason: asked.append((target, reason)),
    )
    assert asked == [("shelf", why)]


def test_what_changed_while_the_plan_was_shown_stops_the_run(shelf: Path) -> None:
    (shelf / "a.box").touch()
    with pytest.raises(PlanRefusedError, match="changed after the plan was shown"):
        run(RUNBOOK, Request(folder=shelf), context(shelf), confirm=lambda _target, _why: (shelf / "a.box").unlink())
    assert made(shelf) == []


def test_what_is_not_needed_any_more_is_left_out(shelf: Path) -> None:
    """Somebody else, or AWS, has done a part of it meanwhile: everything else was shown."""
    run(RUNBOOK, Request(folder=shelf), context(shelf), confirm=lambda _target, _why: (shelf / "b.box").touch())
    assert [name for name in made(shelf) if name.endswith(".box")] == ["a.box", "c.box"]


def test_a_failed_step_is_named_and_later_ones_are_not_begun(shelf: Path) -> None:
    def fail(_step: Any, _context: Any) -> None:
        raise OSError("no space")

    here = context(shelf)
    broken = replace(RUNBOOK, effects={**RUNBOOK.effects, Kind.LABEL: Effect(fail)})
    with pytest.raises(StepFailedError, match="step `label` failed: no space"):
        run(broken, Request(folder=shelf, boxes=("a",)), here)
    assert events(here)[-2:] == ["step.failed", "run.stopped"]
    assert here.journal.events[-1]["state"] == "failed"
    assert made(shelf) == ["a.box"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        pytest.param(KeyboardInterrupt(), "interrupted", id="interrupted"),
        pytest.param(WaitTimedOutError("x", what="x", observation=1, waited_s=2), "timed out", id="timed out"),
    ],
)
def test_an_early_end_is_journaled_and_goes_on_up(shelf: Path, error: BaseException, state: str) -> None:
    def stop(_step: Any, _context: Any) -> None:
        raise error

    here = context(shelf)
    with pytest.raises(type(error)):
        run(replace(RUNBOOK, effects=dict.fromkeys(Kind, Effect(stop))), Request(folder=shelf), here)
    assert here.journal.events[-1]["state"] == state


def test_a_failed_check_is_not_done(shelf: Path) -> None:
    def verify(_request: Request, _seen: Seen, _context: Context[Path]) -> Verdict:
        return Verdict(summary="crooked", checks=(Check(name="straight", passed=False, detail="3 degrees, wanted 0"),))

    outcome = run(replace(RUNBOOK, verify=verify), Request(folder=shelf), context(shelf))
    assert outcome.state is State.NOT_VERIFIED
    assert "NO  straight: 3 degrees, wanted 0" in summarize(outcome)


def test_what_cannot_be_read_afterwards_is_not_verified(shelf: Path) -> None:
    def verify(_request: Request, _seen: Seen, _context: Context[Path]) -> Verdict:
        raise OSError("gone")

    with pytest.raises(NotVerifiedError, match="gone"):
        run(replace(RUNBOOK, verify=verify), Request(folder=shelf), context(shelf))


def test_the_guard_is_held_from_planning_again_to_verifying_and_checked_before_each_step(shelf: Path) -> None:
    told: list[str] = []

    @contextmanager
    def guard(_request: Request, _context: Context[Path]) -> Iterator[Callable[[], None]]:
        told.append("taken")
        yield lambda: told.append(f"checked with {len(made(shelf))} made")
        told.append(f"let go with {len(made(shelf))} made")

    run(replace(RUNBOOK, guard=guard), Request(folder=shelf, boxes=("a",)), context(shelf))
    assert told == ["taken", "checked with 0 made", "checked with 1 made", "let go with 2 made"]


def test_resuming_plans_the_tail(shelf: Path) -> None:
    whole = run(RUNBOOK, Request(folder=shelf), context(shelf, execute=False)).steps
    for done, step in enumerate(whole, start=1):
        RUNBOOK.effects[step.kind].run(step, context(shelf))
        assert run(RUNBOOK, Request(folder=shelf), context(shelf, execute=False)).steps == whole[done:]


def test_a_verb_needs_what_its_effects_and_reads_declare() -> None:
    assert RUNBOOK.actions == ("rds:DescribeDBClusters", "rds:DescribeEvents", "rds:FailoverDBCluster")


def test_a_dry_run_ends_with_how_to_do_it(shelf: Path) -> None:
    outcome: Outcome[Seen] = run(RUNBOOK, Request(folder=shelf), context(shelf, execute=False))
    assert summarize(outcome).endswith("Nothing was changed. Add --execute to do it.")
