"""Runs an engine's `Runbook` for a command: folder, journal, confirmation, result, exit code.

A verb's command is little more than::

    def run(arguments: Namespace) -> int:
        return run_runbook(RUNBOOK, Request(...), arguments)
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from runbooks.cli import home
from runbooks.cli.command import UsageError
from runbooks.cli.exit_codes import ExitCode
from runbooks.cli.output import emit, say
from runbooks.engine.clock import Clock, SystemClock
from runbooks.engine.journal import Journal, check_run_id, check_same, read
from runbooks.engine.run import Context, NotConfirmedError, Outcome, Runbook, State, plain_steps, run

Q = TypeVar("Q")

CODES: dict[State, ExitCode] = {
    State.PLANNED: ExitCode.DONE,
    State.DONE: ExitCode.DONE,
    State.FAILED: ExitCode.FAILED,
    State.REFUSED: ExitCode.REFUSED,
    State.NOT_VERIFIED: ExitCode.NOT_VERIFIED,
    State.TIMED_OUT: ExitCode.TIMED_OUT,
    State.INTERRUPTED: ExitCode.INTERRUPTED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A run that ended before and has nothing left to do."""

    run_id: str
    verb: str
    state: str
    verdict: str
    folder: Path


def run_runbook(
    runbook: Runbook[Q, Any, Any, Any], request: Q, arguments: Namespace, clock: Clock | None = None
) -> int:
    """Run, print the outcome on stdout, return the exit code.

    Reads `arguments.execute`, `.run_id`, `.confirm` and `.output` (see `add_runbook_options`).
    """
    clock = clock or SystemClock()
    run_id = _run_id(arguments, clock)
    request = _keep_clocked(runbook, request, run_id)
    ended = find_ended(runbook, run_id)
    if ended is not None and arguments.execute:
        check_same(read(ended.folder)[0], runbook.verb, runbook.encode(request))
        return report_ended(ended, arguments)
    tools = runbook.tools(request)
    with _journal(runbook, request, run_id, clock, execute=arguments.execute) as journal:
        context = Context(
            run_id=run_id,
            folder=home.run_folder(run_id),
            clock=clock,
            journal=journal,
            tools=tools,
            execute=arguments.execute,
            say=say,
        )
        if arguments.execute:
            say(f"run {run_id}, in {context.folder}")
        with _named(run_id, arguments):
            confirm = partial(_confirm, given=arguments.confirm)
            outcome = run(runbook, request, context, confirm=confirm)
    details = {} if runbook.details is None else {"details": runbook.details(outcome.seen)}
    emit({**outcome_to_plain(outcome), **details}, arguments.output, lambda _plain: runbook.render(outcome))
    return CODES[outcome.state]


@contextmanager
def _named(run_id: str, arguments: Namespace) -> Generator[None]:
    """Let an error know which run it ends, so that it can say how to go on with it."""
    try:
        yield
    except BaseException as error:
        if arguments.execute:
            vars(error)["run_id"] = run_id
        raise


def find_ended(runbook: Runbook[Any, Any, Any, Any], run_id: str) -> Ended | None:
    """The end of a run that has one in its journal; what was not verified may show by now, or have steps left."""
    folder = home.run_folder(run_id)
    events = read(folder)
    ends = [event for event in events if event["event"] == "run.finished"]
    if not ends or (ends[-1]["state"] == State.NOT_VERIFIED and not runbook.measures):
        return None
    finished = ends[-1]
    return Ended(
        run_id=run_id, verb=events[0]["verb"], state=finished["state"], verdict=finished["verdict"], folder=folder
    )


def report_ended(ended: Ended, arguments: Namespace) -> int:
    """Say how the run ended; nothing is done twice."""
    emit(ended, arguments.output, lambda end: f"run {end.run_id} has ended ({end.state}): {end.verdict}\n{end.folder}")
    return CODES[State(ended.state)]


def outcome_to_plain(outcome: Outcome[Any]) -> dict[str, Any]:
    """The JSON form of an outcome. Its keys are public API."""
    verdict = outcome.verdict
    return {
        "run_id": outcome.run_id,
        "verb": outcome.verb,
        "target": outcome.target,
        "state": outcome.state.value,
        "steps": plain_steps(outcome.steps),
        "verdict": None
        if verdict is None
        else {"passed": verdict.passed, "summary": verdict.summary, "checks": verdict.checks},
        "result": None if verdict is None else verdict.result,
        "folder": outcome.folder,
    }


def _run_id(arguments: Namespace, clock: Clock) -> str:
    if arguments.run_id is None:
        return home.new_run_id(clock.now())
    try:
        return check_run_id(arguments.run_id)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _keep_clocked(runbook: Runbook[Q, Any, Any, Any], request: Q, run_id: str) -> Q:
    """The request with the times that the run's first sitting had."""
    earlier: Mapping[str, Any] = {}
    for event in read(home.run_folder(run_id)):
        if event["event"] == "run.requested":
            earlier = event["request"]
    kept = {name: earlier[name] for name in runbook.clocked if name in earlier}
    return runbook.decode({**runbook.encode(request), **kept}) if kept else request


def _journal(runbook: Runbook[Q, Any, Any, Any], request: Q, run_id: str, clock: Clock, *, execute: bool) -> Journal:
    """The run's journal; a dry run has one in memory and leaves nothing on disk."""
    if not execute:
        return Journal(None, run_id, clock)
    home.make_home()
    plain: Mapping[str, Any] = runbook.encode(request)
    return Journal.open(
        home.run_folder(run_id),
        run_id=run_id,
        verb=runbook.verb,
        target=runbook.target(request),
        request=plain,
        clock=clock,
    )


def _confirm(target: str, why: str, given: str | None) -> None:
    """Have the target's identifier typed before something that needs it; `why` says so, and is empty when nothing does.

    Raises:
        NotConfirmedError: something else was typed, or nobody is there to type.
    """
    if not why and given is None:
        return
    if given is None and sys.stdin.isatty():
        say(f"{why}; type {target} to go on:")
        given = sys.stdin.readline().strip()
    if given != target:
        got = f"got {given!r}" if given else "nothing was given"
        reason = f" ({why})" if why else ""
        raise NotConfirmedError(
            f"confirmation must be {target!r}, {got}{reason}; nothing was changed: pass --confirm {target}"
        )
