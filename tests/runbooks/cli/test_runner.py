"""The made-up verb, joined as a plug-in, through the whole command line."""

from __future__ import annotations

import io
import json
import stat
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runbooks.cli.main import main
from runbooks.cli.runner import CODES, _confirm, run_runbook
from runbooks.engine.clock import SystemClock
from runbooks.engine.journal import Journal, JournalError, read
from runbooks.engine.plan import PlanRefusedError
from runbooks.engine.run import Check, NotConfirmedError, State, Verdict
from tests.support.made_up import RUNBOOK, Request, made

pytestmark = pytest.mark.usefixtures("plugin", "home")


def test_a_dry_run_shows_the_plan_and_leaves_nothing(
    shelf: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["errand", "boxes", str(shelf)]) == 0
    assert "1. make-box a\n     there is no box a" in capsys.readouterr().out
    assert (made(shelf), home.exists()) == ([], False)


def test_a_run_is_done_once_and_listed(shelf: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["errand", "boxes", str(shelf), "--execute", "--run-id", "one", "--output", "json"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    outcome = json.loads(out)
    assert {key: outcome[key] for key in ("run_id", "verb", "target", "state")} == {
        "run_id": "one", "verb": "errand boxes", "target": "shelf", "state": "done",
    }  # fmt: skip
    assert outcome["verdict"] == {
        "passed": True, "summary": "3 boxes",
        "checks": [{"name": "all boxes there", "passed": True, "detail": "missing: []"}],
    }  # fmt: skip
    assert outcome["result"] == {"boxes": ["a", "b", "c"], "labelled": True, "padlock": False}
    assert "[4/4] label: a shelf needs a label" in err
    assert stat.S_IMODE(home.stat().st_mode) == 0o700

    journaled = read(home / "runs" / "one")
    assert main(words) == 0, "the same run again is the same answer"
    assert read(home / "runs" / "one") == journaled
    assert json.loads(capsys.readouterr().out)["state"] == "done"
    assert len(made(shelf)) == 4

    assert main(["runs", "--output", "json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)
    assert line | {"started": ""} == {
        "run_id": "one", "verb": "errand boxes", "target": "shelf", "state": "done", "started": "",
        "verdict": "3 boxes", "folder": str(home / "runs" / "one"),
    }  # fmt: skip


def test_a_run_that_has_ended_is_not_asked_for_something_else(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = Namespace(execute=True, run_id="one", confirm=None, output="json")
    assert run_runbook(RUNBOOK, Request(folder=shelf, boxes=("a",)), arguments) == 0
    with pytest.raises(JournalError, match="leave --run-id out to start another run"):
        run_runbook(RUNBOOK, Request(folder=shelf, boxes=("b",)), arguments)
    assert [name for name in made(shelf) if name.endswith(".box")] == ["a.box"]
    capsys.readouterr()


def test_a_step_that_failed_says_how_this_run_goes_on(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shelf / "made.log").mkdir()  # where a file is to be written
    assert main(["errand", "boxes", str(shelf), "--execute", "--run-id", "seven"]) == 1
    assert "resume seven" in capsys.readouterr().err


def test_a_refused_run_is_listed_with_its_reasons_and_resumed_when_they_are_gone(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shelf / "padlock").touch()
    assert main(["errand", "boxes", str(shelf), "--execute", "--run-id", "one"]) == 3
    assert "the folder has a padlock; remove it" in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "refused" in capsys.readouterr().out
    (shelf / "padlock").unlink()
    assert main(["resume", "one"]) == 0
    assert len(made(shelf)) == 4
    assert main(["resume", "one"]) == 0
    assert "run one has ended (done): 3 boxes" in capsys.readouterr().out
    assert len(made(shelf)) == 4


def test_a_killed_run_is_listed_as_killed(shelf: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = {"folder": str(shelf), "boxes": ["a"]}
    journal = Journal.open(
        home / "runs" / "one", run_id="one", verb="errand boxes", target="shelf", request=request, clock=SystemClock()
    )
    main(["runs", "--output", "json"])
    assert json.loads(capsys.readouterr().out)[0]["state"] == "running"
    journal.close()
    main(["runs", "--output", "json"])
    assert json.loads(capsys.readouterr().out)[0]["state"] == "killed"
    main(["runs"])
    assert "go on with one: runbook resume one" in capsys.readouterr().out


def test_a_journal_that_cannot_be_read_hides_no_other(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "runs" / "bad").mkdir(parents=True)
    (home / "runs" / "bad" / "journal.jsonl").write_text("nonsense\n{}\n")
    (home / "runs" / "empty").mkdir()
    assert main(["runs", "--output", "json"]) == 0
    assert [line["state"] for line in json.loads(capsys.readouterr().out)] == ["unreadable"]


def test_runs_are_kept_out_of_git(shelf: Path, home: Path) -> None:
    main(["errand", "boxes", str(shelf), "--execute"])
    assert (home / ".gitignore").read_text() == "*\n"
    (folder,) = (home / "runs").iterdir()
    assert read(folder)[0]["run_id"] == folder.name


def test_the_same_command_again_keeps_the_times_of_the_first(shelf: Path) -> None:
    clocked = replace(RUNBOOK, clocked=("boxes",))
    arguments = Namespace(execute=True, run_id="one", confirm=None, output="json")
    (shelf / "padlock").touch()
    with pytest.raises(PlanRefusedError):
        run_runbook(clocked, Request(folder=shelf, boxes=("at-eight",)), arguments)
    (shelf / "padlock").unlink()
    assert run_runbook(clocked, Request(folder=shelf, boxes=("at-nine",)), arguments) == 0
    assert [name for name in made(shelf) if name.endswith(".box")] == ["at-eight.box"]


def crooked(_request: Any, _seen: Any, _context: Any) -> Verdict:
    return Verdict(summary="crooked", checks=(Check(name="straight", passed=False, detail="3 degrees"),))


AGAIN = Namespace(execute=True, run_id="one", confirm=None, output="text")


def test_a_run_that_is_not_verified_exits_4_and_can_be_looked_at_again(
    shelf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _s: None)
    assert run_runbook(replace(RUNBOOK, verify=crooked), Request(folder=shelf), AGAIN) == 4
    assert main(["resume", "one"]) == 0
    assert main(["resume", "one"]) == 0
    assert "run one has ended (done): 3 boxes" in capsys.readouterr().out


def test_a_verdict_on_what_was_measured_stays(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = replace(RUNBOOK, verify=crooked, measures=True)
    assert run_runbook(measured, Request(folder=shelf), AGAIN) == 4
    assert run_runbook(replace(measured, verify=RUNBOOK.verify), Request(folder=shelf), AGAIN) == 4
    assert "run one has ended (not verified): crooked" in capsys.readouterr().out


def test_every_end_has_its_exit_code() -> None:
    assert set(CODES) == set(State)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "given", "passes"),
    [
        pytest.param("shelf\n", None, True, id="typed"),
        pytest.param("yes\n", None, False, id="something else typed"),
        pytest.param(None, "shelf", True, id="given"),
        pytest.param(None, "self", False, id="something else given"),
        pytest.param(None, None, False, id="nobody there"),
    ],
)
def test_what_cannot_be_undone_wants_its_name_typed(
    typed: str | None, given: str | None, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO() if typed is None else Terminal(typed))
    if passes:
        _confirm("shelf", "this cannot be undone", given)
        return
    with pytest.raises(NotConfirmedError, match="pass --confirm shelf"):
        _confirm("shelf", "this cannot be undone", given)


def test_what_can_be_undone_is_not_asked_about() -> None:
    _confirm("shelf", "", None)


def test_policy_is_made_from_the_effects(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "policy",
        "errand",
        "boxes",
        "--cluster",
        "shop-orders",
        "--region",
        "eu-west-1",
        "--account",
        "123456789012",
    ]
    assert main([*words, "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RdsDescribeDBClusters",
                "Effect": "Allow",
                "Action": ["rds:DescribeDBClusters", "rds:FailoverDBCluster"],
                "Resource": ["arn:aws:rds:eu-west-1:123456789012:cluster:shop-orders"],
            },
            {"Sid": "RdsDescribeEvents", "Effect": "Allow", "Action": ["rds:DescribeEvents"], "Resource": ["*"]},
        ],
    }
    assert main(words) == 0
    assert "rds:DescribeEvents  (no resource type)" in capsys.readouterr().out


def test_policy_of_what_is_no_runbook_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "runs"]) == 2
    assert "`runs` is not a runbook" in capsys.readouterr().err
