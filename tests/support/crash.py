"""Kills a runbook, really, at any step, and runs it again: a check that any verb can use.

The victim is a process of its own that sends itself SIGKILL: nothing is flushed, no handler runs. `AT` says when:

- `before`: the intent is in the journal, nothing was done;
- `after`: it was done, the journal does not know;
- `torn`: the same, and half of the outcome's line reached the disk.

A verb's test::

    for point in crash_points(len(steps)):
        assert run_until(point, "runbooks.drill.failover:RUNBOOK", request, run_id, environ) == -SIGKILL
        assert run_until(NEVER, ...) == 0
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NoReturn

from runbooks.cli.main import report
from runbooks.cli.runner import run_runbook
from runbooks.engine.journal import FILE_NAME
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect, Runbook

Moment = Literal["before", "after", "torn", "never"]
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class CrashPoint:
    """The step, counted from 1 within one sitting, and the moment."""

    step: int
    at: Moment

    def __str__(self) -> str:
        return f"{self.step}-{self.at}"


NEVER = CrashPoint(0, "never")


def crash_points(steps: int) -> list[CrashPoint]:
    moments: tuple[Moment, ...] = ("before", "after", "torn")
    return [CrashPoint(step, at) for step in range(1, steps + 1) for at in moments]


def run_until(
    point: CrashPoint, runbook: str, request: Mapping[str, Any], run_id: str, environ: Mapping[str, str]
) -> int:
    """Run "module:RUNBOOK" in a process of its own; its exit code is -SIGKILL when it was killed."""
    command = [sys.executable, "-m", "tests.support.crash", runbook, json.dumps(dict(request)), run_id, str(point)]
    # Imports go by PYTHONPATH so that the folder runs lie in is the caller's choice (RUNBOOK_HOME).
    full = {**os.environ, **environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, check=False, env=full, cwd=ROOT, capture_output=True, timeout=60).returncode


def with_crash(runbook: Runbook[Any, Any, Any, Any], point: CrashPoint) -> Runbook[Any, Any, Any, Any]:
    """The same runbook, with a process that does not outlive the crash point."""
    counter = [0]
    effects = {
        kind: Effect(_deadly(effect, point, counter), effect.actions) for kind, effect in runbook.effects.items()
    }
    return replace(runbook, effects=effects)


def _deadly(effect: Effect[Any, Any], point: CrashPoint, counter: list[int]) -> Any:
    def run(step: Step[Any], context: Context[Any]) -> Mapping[str, Any] | None:
        counter[0] += 1
        here = counter[0] == point.step
        if here and point.at == "before":
            _die()
        outcome = effect.run(step, context)
        if here and point.at == "torn":
            with (context.folder / FILE_NAME).open("ab") as journal:
                journal.write(b'{"at":"2026-11-21T12:00:00.000+00:00","event":"step.do')
        if here:
            _die()
        return outcome

    return run


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _main() -> int:
    target, request, run_id, point = sys.argv[1:]
    module, _, attribute = target.partition(":")
    found = getattr(import_module(module), attribute)
    runbook = found() if callable(found) else found
    step, _, at = point.partition("-")
    crashing = with_crash(runbook, CrashPoint(int(step), at))  # type: ignore[arg-type]
    arguments = Namespace(execute=True, run_id=run_id, confirm=None, output="json")
    try:
        return run_runbook(crashing, runbook.decode(json.loads(request)), arguments)
    except Exception as error:  # noqa: BLE001 - as main does
        return int(report(error, "json"))


if __name__ == "__main__":
    raise SystemExit(_main())
