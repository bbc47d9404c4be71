from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from runbooks.catalog import COMMANDS, GROUPS
from runbooks.cli.command import UsageError
from runbooks.cli.errors import render
from runbooks.cli.exit_codes import MEANINGS, ExitCode
from runbooks.cli.main import EXIT_CODES, _example, _Terminated, exit_code, main, report
from runbooks.engine.journal import JournalError, RunBusyError
from runbooks.engine.plan import PlanRefusedError, Step
from runbooks.engine.run import NotConfirmedError, NotVerifiedError, StepFailedError
from runbooks.engine.wait import WaitFailedError, WaitTimedOutError
from runbooks.guard import LockedError, LockLostError
from tests.support.made_up import Kind

WAITED: dict[str, Any] = {"what": "x", "observation": "y", "waited_s": 1.0}
STEP = Step(kind=Kind.LABEL, why="a shelf needs a label")


def refused(code: str, message: str = "no", operation: str = "FailoverDBCluster") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def failed_step(cause: Exception) -> StepFailedError:
    error = StepFailedError(STEP, cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(UsageError("x"), 2, id="a bad argument"),
        pytest.param(PlanRefusedError(("x",)), 3, id="a refused plan"),
        pytest.param(NotConfirmedError("x"), 3, id="not confirmed"),
        pytest.param(JournalError("x"), 3, id="another request under this run id"),
        pytest.param(RunBusyError("x"), 3, id="a run in progress"),
        pytest.param(LockedError("x", "y"), 3, id="somebody else's lock"),
        pytest.param(NoCredentialsError(), 3, id="no credentials"),
        pytest.param(refused("AccessDenied"), 3, id="access denied"),
        pytest.param(StepFailedError(STEP, OSError("x")), 1, id="a failed step"),
        pytest.param(LockLostError("x"), 1, id="a lost lock"),
        pytest.param(WaitFailedError("x", **WAITED), 1, id="a wait that cannot end well"),
        pytest.param(ZeroDivisionError("x"), 1, id="a defect"),
        pytest.param(NotVerifiedError("x"), 4, id="not verified"),
        pytest.param(WaitTimedOutError("x", **WAITED), 5, id="timed out"),
        pytest.param(KeyboardInterrupt(), 130, id="Ctrl-C"),
        pytest.param(_Terminated(), 130, id="SIGTERM"),
    ],
)
def test_every_exception_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize("name", EXIT_CODES)
def test_every_name_in_the_table_is_a_class_that_exists(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert issubclass(getattr(import_module(module), attribute), BaseException)


def test_every_exit_code_has_its_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


@pytest.mark.parametrize(
    ("error", "message", "next_step"),
    [
        pytest.param(NoCredentialsError(), "AWS credentials were not found", "aws sso login", id="no credentials"),
        pytest.param(NoRegionError(), "no AWS Region was given", "set AWS_REGION", id="no region"),
        pytest.param(ProfileNotFound(profile="x"), "the AWS profile does not exist", "AWS_PROFILE", id="no profile"),
        pytest.param(
            EndpointConnectionError(endpoint_url="http://localhost:1"),
            "the AWS endpoint could not be reached (http://localhost:1)",
            "AWS_ENDPOINT_URL",
            id="unreachable",
        ),
        pytest.param(
            ConnectTimeoutError(endpoint_url="http://x"), "did not answer in time (http://x)", "network", id="time-out"
        ),
        pytest.param(
            refused("Throttling", "Rate exceeded"), "Rate exceeded (Throttling)", "wait a minute", id="throttled"
        ),
        pytest.param(refused("AccessDenied"), "FailoverDBCluster was refused", "runbook policy VERB", id="denied"),
        pytest.param(refused("ExpiredToken"), "(ExpiredToken)", "log in again", id="expired"),
        pytest.param(refused("Weird", ""), "no further words (Weird)", "mend the cause", id="in no table"),
        pytest.param(
            failed_step(refused("InvalidDBClusterStateFault", "not available")),
            "step `label` failed: FailoverDBCluster was refused by AWS: not available (InvalidDBClusterStateFault)",
            "wait until the cluster is available",
            id="inside a step",
        ),
    ],
)
def test_what_aws_refuses_gets_a_sentence_and_a_next_step(
    error: Exception, message: str, next_step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report(error, "text")
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[0]
    assert err.splitlines()[1].startswith("next: ")
    assert next_step in err.splitlines()[1]
    assert "Traceback" not in err


def test_in_json_an_error_is_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--wrong", "--output", "json"]) == 2
    out, err = capsys.readouterr()
    error = json.loads(out)["error"]
    assert set(error) == {"kind", "message", "reasons", "next_step", "exit_code"}
    assert (error["kind"], error["exit_code"], err) == ("Usage", 2, "")


def test_a_refusal_by_an_answer_of_aws_is_told_by_its_reasons_alone(capsys: pytest.CaptureFixture[str]) -> None:
    error = PlanRefusedError(("the secret must be readable",))
    error.__cause__ = refused("ResourceNotFoundException", "can't find it")
    report(error, "text")
    assert capsys.readouterr().err == "refused; nothing was changed:\n  - the secret must be readable\n"


def test_what_is_wrong_in_a_file_says_once_that_it_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estate", "protect", str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}/none.yaml:1:1: error: the file must be a readable file")


def test_an_example_is_continued_as_a_shell_takes_it() -> None:
    assert _example("runbook runs") == "  runbook runs"
    long = "runbook restore snapshot --newest-of shop-orders --as shop-orders-check --closed --expires-in 12h --execute"
    shown = _example(long)
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert shown.replace(" \\\n", " ").split() == long.split()


def test_a_terminal_gets_lines_of_80_columns_and_a_pipe_whole_ones() -> None:
    failure = {"kind": "PlanRefused", "message": "", "reasons": ["because " * 20, "x" * 90], "next_step": "wait " * 30}
    assert [len(line) > 80 for line in render(failure).splitlines()] == [False, True, True, True]
    wrapped = render(failure, 80).splitlines()
    assert [line for line in wrapped if len(line) > 80] == ["    " + "x" * 90]
    assert render(failure, 80).split() == render(failure).split()


def test_every_reason_of_a_refusal_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    report(PlanRefusedError(("no healthy reader", "cool-down")), "text")
    assert capsys.readouterr().err == "refused; nothing was changed:\n  - no healthy reader\n  - cool-down\n"
    report(PlanRefusedError(("no healthy reader", "cool-down")), "json")
    assert json.loads(capsys.readouterr().out)["error"]["reasons"] == ["no healthy reader", "cool-down"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["runz"], "did you mean `runbook runs`?", id="nearest command"),
        pytest.param(["drill", "failovr"], "did you mean `runbook drill failover`?", id="nearest in a group"),
        pytest.param(["drill", "xyzzy"], "there is no command `drill xyzzy`", id="nothing near"),
        pytest.param(["runs", "--outptu", "json"], "did you mean --output?", id="nearest option"),
        pytest.param(["runs", "--output", "xml"], "choose from 'text', 'json'", id="wrong choice"),
        pytest.param(["--output", "json", "runs"], "must come after a command", id="option first"),
        pytest.param(["resume"], "the following arguments are required: RUN", id="missing argument"),
        pytest.param(["resume", "../x"], "run id must be", id="a run id that is a path"),
        pytest.param(["resume", "nope"], "there is no run nope", id="unknown run"),
    ],
)
def test_a_bad_argument_is_refused_with_what_to_type(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert main(words) == 2
    written = "".join(capsys.readouterr())
    assert said in written
    assert "see `runbook" in written or "lists them" in written or "leave --run-id out" in written
    assert not home.exists()


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["-h"], ["help"], ["drill"], ["drill", "--help"], ["runs", "--help"]]
)
def test_help_is_80_columns_and_exits_0(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: runbook")
    assert max(len(line) for line in out.splitlines()) <= 80
    assert err == ""


def test_help_teaches(capsys: pytest.CaptureFixture[str], plugin: Path) -> None:
    main(["--help"])
    out = capsys.readouterr().out
    for row in COMMANDS:
        assert " ".join(row.path) in out
    assert "errand boxes" in out, "plug-ins are shown"
    assert "examples:" in out
    for code, meaning in MEANINGS.items():
        assert f"{int(code):>3}  {meaning}" in out


def test_every_group_is_explained() -> None:
    assert {row.path[0] for row in COMMANDS if len(row.path) > 1} <= set(GROUPS)


def test_a_defect_asks_to_be_reported(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    report(ZeroDivisionError("division by zero"), "text")
    assert "unexpected ZeroDivisionError" in (first := capsys.readouterr().err)
    assert "Traceback" not in first
    monkeypatch.setenv("RUNBOOK_TRACEBACK", "1")
    report(ZeroDivisionError("division by zero"), "text")
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().err
