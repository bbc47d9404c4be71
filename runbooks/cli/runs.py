"""`runbook runs`: what was run here, on what, and how it ended. Reads journals only; asks AWS nothing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any, NamedTuple

from runbooks.cli.command import Command
from runbooks.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

VERDICT_WIDTH = 78
UNFINISHED = ("killed", "interrupted", "timed out", "failed")
COLUMNS = ("run_id", "verb", "target", "state")


class RunLine(NamedTuple):
    """One run of the list. Its fields are public API. `started` is ISO 8601, UTC."""

    run_id: str
    verb: str
    target: str
    state: str
    started: str
    verdict: str
    folder: str


def list_runs(runs: Path) -> list[RunLine]:
    """List the runs in a folder, latest first. A journal that cannot be read is listed as `unreadable`."""
    from runbooks.engine import journal

    lines: list[RunLine] = []
    for folder in sorted(runs.iterdir(), reverse=True) if runs.is_dir() else ():
        try:
            events = journal.read(folder)
        except (journal.JournalError, OSError) as error:
            lines.append(RunLine(folder.name, "", "", "unreadable", "", str(error), str(folder)))
            continue
        if events:
            lines.append(describe_run(events, folder, held=journal.is_held(folder)))
    return sorted(lines, key=lambda line: line.started, reverse=True)


def describe_run(events: list[dict[str, Any]], folder: Path, *, held: bool) -> RunLine:
    """What a journal says of its run. `held`: a process is working on it; without one and an end, it was killed."""
    first, last = events[0], events[-1]
    ends = {"run.finished", "run.stopped"}
    state = "running" if held else last["state"] if last["event"] in ends else "killed"
    verdict = (
        str(last.get("verdict") or last.get("reason") or last.get("error") or "")
        if last["event"] in ends and not held
        else ""
    )
    return RunLine(
        run_id=first["run_id"],
        verb=first["verb"],
        target=str(first.get("target", "")),
        state=state,
        started=first["at"],
        verdict=verdict,
        folder=str(folder),
    )


def _configure(_parser: ArgumentParser) -> None: ...


def _run(arguments: Namespace) -> int:
    from runbooks.cli import home
    from runbooks.cli.output import emit

    emit(list_runs(home.home_folder() / "runs"), arguments.output, _render)
    return ExitCode.DONE


def _render(lines: list[RunLine]) -> str:
    from runbooks.cli.output import table

    if not lines:
        return "no runs yet; a runbook with --execute makes one"
    header, *rows = table([line._asdict() for line in lines], COLUMNS).splitlines()
    told = [f"{row}{_under(line.verdict)}" for row, line in zip(rows, lines, strict=True)]
    hints = [f"go on with {line.run_id}: runbook resume {line.run_id}" for line in lines if line.state in UNFINISHED]
    return "\n".join([header, *told, *hints])


def _under(verdict: str) -> str:
    return f"\n  {_short(verdict)}" if verdict else ""


def _short(verdict: str) -> str:
    """The first line, at a length that fits 80 columns; JSON has the whole."""
    first = verdict.split("\n", maxsplit=1)[0]
    return first if len(first) <= VERDICT_WIDTH else f"{first[: VERDICT_WIDTH - 1]}…"


RUNS = Command(
    name="runs",
    help="list runs: what, on which cluster, how they ended",
    configure=_configure,
    run=_run,
    examples=("runbook runs", "runbook runs --output json"),
)
