"""Killed at every step, at every moment, and finished by the second run: nothing lost, nothing done twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from runbooks.engine.journal import read
from tests.support.crash import NEVER, CrashPoint, crash_points, run_until
from tests.support.made_up import made

MADE_UP = "tests.support.made_up:RUNBOOK"
STEPS = ["make-box a", "make-box b", "make-box c", "label"]

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("point", crash_points(len(STEPS)), ids=str)
def test_a_killed_run_is_finished_by_the_next_one(point: CrashPoint, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    request = {"folder": str(shelf), "boxes": ["a", "b", "c"]}
    home = {"RUNBOOK_HOME": str(tmp_path / "home")}
    folder = tmp_path / "home" / "runs" / "one"

    assert run_until(point, MADE_UP, request, "one", home) == -signal.SIGKILL
    killed = read(folder)
    assert killed[0]["request"] == request
    assert (killed[-1]["event"], killed[-1]["step"]) == ("step.intended", STEPS[point.step - 1])

    assert run_until(NEVER, MADE_UP, request, "one", home) == 0
    assert sorted(made(shelf)) == ["a.box", "b.box", "c.box", "label"]
    events = read(folder)
    assert events[: len(killed)] == killed, "what was journaled stays"
    assert events[len(killed)]["event"] == "run.resumed"
    assert events[-1] | {"at": ""} == {
        "at": "", "event": "run.finished", "run_id": "one", "state": "done", "verdict": "3 boxes",
    }  # fmt: skip
    done = [event["step"] for event in events if event["event"] == "step.done"]
    unrecorded = {"before": [], "after": [STEPS[point.step - 1]], "torn": [STEPS[point.step - 1]]}[point.at]
    assert sorted(done + unrecorded) == sorted(STEPS), "each step is recorded once, or was seen to be done"
    assert done == [step for step in STEPS if step in done], "and in the order of the plan"


def test_the_same_run_id_with_another_request_is_refused(tmp_path: Path) -> None:
    home = {"RUNBOOK_HOME": str(tmp_path / "home")}
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    first = {"folder": str(shelf), "boxes": ["a"]}
    assert run_until(CrashPoint(1, "before"), MADE_UP, first, "one", home) == -signal.SIGKILL
    assert run_until(NEVER, MADE_UP, first | {"boxes": ["b"]}, "one", home) == 3
    assert made(shelf) == []
