"""What a command is: a row in a catalog that is cheap to read, and an object that is loaded when its turn comes.

`configure` and `run` live in a module that imports nothing heavy at its top (no boto3, pydantic, rich or yaml):
the help of a command and the refusal of a wrong option have a start-up budget. `run` gets the parsed arguments
(`arguments.output` is "text" or "json" on every command) and returns an exit code.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from runbooks.engine.run import Runbook

RunbookFactory = Callable[[], "Runbook[Any, Any, Any, Any]"]


class Command(NamedTuple):
    """One command.

    `runbook`, when given, returns the engine's `Runbook` of this verb: `runbook resume`, `runbook policy` and the
    generated documents are made from it. `examples` are command lines shown at the end of its help.
    """

    name: str
    help: str
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
    runbook: RunbookFactory | None = None
    examples: tuple[str, ...] = ()


def runbook_command(
    *,
    name: str,
    help: str,  # noqa: A002 - as argparse has it
    configure: Callable[[ArgumentParser], None],
    request_of: Callable[[Namespace], Any],
    factory: str,
    examples: tuple[str, ...],
) -> Command:
    """The command of a runbook. `factory` is "module:function" of what makes it, imported when its turn comes."""

    def make() -> Runbook[Any, Any, Any, Any]:
        from importlib import import_module

        module, _, function = factory.partition(":")
        made: Runbook[Any, Any, Any, Any] = getattr(import_module(module), function)()
        return made

    def run(arguments: Namespace) -> int:
        from runbooks.cli.runner import run_runbook

        return run_runbook(make(), request_of(arguments), arguments)

    return Command(name=name, help=help, configure=configure, run=run, runbook=make, examples=examples)


class Row(NamedTuple):
    """Where a command is: its words, one line of help, and "module:ATTRIBUTE" of its `Command`."""

    path: tuple[str, ...]
    help: str
    target: str


class UsageError(Exception):
    """A bad argument: the message says what is wrong, `next_step` what to type instead. Exit code 2."""

    def __init__(self, message: str, next_step: str = "") -> None:
        self.next_step = next_step
        super().__init__(message)


def load(row: Row) -> Command:
    """Import the command of a row."""
    from importlib import import_module

    module, _, attribute = row.target.partition(":")
    command: Command = getattr(import_module(module), attribute)
    return command


def add_runbook_options(parser: ArgumentParser) -> None:
    """Add the options that every runbook has: `--execute`, `--run-id` and `--confirm`."""
    group = parser.add_argument_group("running")
    group.add_argument(
        "--execute", action="store_true", help="do it; without this the plan is shown and nothing changes"
    )
    group.add_argument("--run-id", metavar="RUN", help="name this run, or go on with the run of this name")
    group.add_argument("--confirm", metavar="IDENTIFIER", help="confirm what cannot be undone without being asked")
