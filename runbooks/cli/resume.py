"""`runbook resume RUN`: go on with a run. Everything it needs is in its journal's first line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command, UsageError, load

if TYPE_CHECKING:
    from runbooks.engine.run import Runbook


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="id of the run, as `runbook runs` lists it")
    parser.add_argument("--confirm", metavar="IDENTIFIER", help="confirm what cannot be undone without being asked")


def _run(arguments: Namespace) -> int:
    from runbooks.cli import home
    from runbooks.cli.runner import find_ended, report_ended, run_runbook
    from runbooks.engine.journal import check_run_id, read

    try:
        run_id = check_run_id(arguments.run)
    except ValueError as error:
        raise UsageError(str(error)) from None
    events = read(home.run_folder(run_id))
    if not events:
        raise UsageError(
            f"there is no run {run_id} in {home.home_folder()}",
            "`runbook runs` lists them; runs lie in .runbook of the folder they were started in, or in RUNBOOK_HOME",
        )
    runbook = find_runbook(tuple(str(events[0]["verb"]).split()))
    ended = find_ended(runbook, run_id)
    if ended is not None:
        return report_ended(ended, arguments)
    again = Namespace(execute=True, run_id=run_id, confirm=arguments.confirm, output=arguments.output)
    return run_runbook(runbook, runbook.decode(events[0]["request"]), again)


def find_runbook(path: tuple[str, ...]) -> Runbook[Any, Any, Any, Any]:
    """Find the runbook of a verb through the catalog.

    Raises:
        UsageError: the words name no command, or one that is not a runbook.
    """
    from runbooks.cli.main import find_row

    row = find_row(path)
    command = load(row) if row is not None else None
    if command is None or command.runbook is None:
        raise UsageError(f"`{' '.join(path)}` is not a runbook", f"runbooks: {', '.join(runbook_names())}")
    return command.runbook()


def runbook_names() -> list[str]:
    """The verbs of the catalog that are runbooks."""
    from runbooks.catalog import COMMANDS

    return [" ".join(row.path) for row in COMMANDS if load(row).runbook is not None]


RESUME = Command(
    name="resume",
    help="go on with a run that was interrupted",
    configure=_configure,
    run=_run,
    examples=("runbook runs", "runbook resume 20261121-101500-3f2a"),
)
