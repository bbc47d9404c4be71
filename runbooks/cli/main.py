"""The command `runbook`: find the command, parse its arguments, run it, turn every exception into an exit code.

Only the module of the command that was asked for is imported; help and refusals load nothing else. Commands come
from `runbooks.catalog` and from the entry points of the group `runbook.commands`.
"""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from runbooks.catalog import COMMANDS, GROUPS
from runbooks.cli.command import Command, Row, UsageError, load
from runbooks.cli.exit_codes import ExitCode
from runbooks.cli.output import OutputFormat, emit, say

PROGRAM = "runbook"
TRACEBACK_SETTING = "RUNBOOK_TRACEBACK"
WIDTH = 80
_HELP = ("-h", "--help", "help")

# One table from exceptions to exit codes. By name, so that nothing is imported until it was raised; the first class
# of the exception's own order of inheritance that is listed decides.
EXIT_CODES: dict[str, ExitCode] = {
    "runbooks.cli.command.UsageError": ExitCode.BAD_ARGUMENTS,
    "estate.load.EstateError": ExitCode.BAD_ARGUMENTS,
    "estate.spec.SpecError": ExitCode.BAD_ARGUMENTS,
    "patterns.connect.ConnectionSettingError": ExitCode.BAD_ARGUMENTS,
    "runbooks.engine.plan.PlanRefusedError": ExitCode.REFUSED,
    "runbooks.engine.run.NotConfirmedError": ExitCode.REFUSED,
    "runbooks.engine.journal.JournalError": ExitCode.REFUSED,
    "runbooks.guard.LockedError": ExitCode.REFUSED,
    "runbooks.guard.LockLostError": ExitCode.FAILED,
    "runbooks.engine.run.StepFailedError": ExitCode.FAILED,
    "runbooks.engine.run.NotVerifiedError": ExitCode.NOT_VERIFIED,
    "runbooks.engine.wait.WaitTimedOutError": ExitCode.TIMED_OUT,
    "runbooks.engine.wait.WaitFailedError": ExitCode.FAILED,
    "botocore.exceptions.BotoCoreError": ExitCode.REFUSED,
    "botocore.exceptions.ClientError": ExitCode.REFUSED,
    "builtins.KeyboardInterrupt": ExitCode.INTERRUPTED,
    "builtins.Exception": ExitCode.FAILED,
}


class _Formatter(RawDescriptionHelpFormatter):
    """A width of its own: asking the terminal imports shutil and its compressors, a third of the start-up budget."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH)


class Parser(ArgumentParser):
    """argparse that raises instead of exiting, and knows the nearest option."""

    def error(self, message: str) -> NoReturn:
        """Refuse an argument.

        Raises:
            UsageError: always.
        """
        unknown = message.removeprefix("unrecognized arguments: ").split(" ")[0] if "unrecognized" in message else ""
        known = [option for action in self._actions for option in action.option_strings]
        hint = _nearest(unknown.split("=")[0], known) if unknown.startswith("-") else ""
        if hint:
            message = f"{message}; did you mean {hint}?"
        raise UsageError(message, f"see `{self.prog} --help`")


def _example(line: str) -> str:
    """A command line in 80 columns, continued as a shell takes it."""
    lines = ["  "]
    for word in line.split():
        if len(lines[-1]) + len(word) > WIDTH - 3:  # room for a space and a backslash
            lines.append("      ")
        lines[-1] += f"{'' if lines[-1].isspace() else ' '}{word}"
    return " \\\n".join(lines)


class _Terminated(KeyboardInterrupt):
    """SIGTERM: ends a run as an interruption does, with its journal intact."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with _terminable():
            return int(_dispatch(words))
    except SystemExit as ended:  # argparse's own --help
        return int(ended.code or 0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where exceptions become exit codes
        return int(report(error, _asked_output(words)))


def report(error: BaseException, output: OutputFormat) -> ExitCode:
    """Say what went wrong and what to do: JSON on stdout when JSON was asked for, otherwise a sentence on stderr."""
    from runbooks.cli.errors import describe, render

    code = exit_code(error)
    failure = describe(error, code)
    if os.environ.get(TRACEBACK_SETTING):
        import traceback

        traceback.print_exception(error)
    if output == "json":
        emit({"error": failure}, "json", str)
    else:
        say(render(failure, WIDTH if sys.stderr.isatty() else None))
    return code


def exit_code(error: BaseException) -> ExitCode:
    """Look the error's class up in `EXIT_CODES`, nearest ancestor first."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((EXIT_CODES[name] for name in names if name in EXIT_CODES), ExitCode.FAILED)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in _HELP:
        return _show_help(all_rows())
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        emit(f"{PROGRAM} {version('aurora-estate')}", "text", str)
        return ExitCode.DONE
    if words[0].startswith("-"):
        raise UsageError(f"{words[0]} must come after a command", f"see `{PROGRAM} --help`")
    found = find_row(words)
    if found is None:
        return _show_help(rows_for(words[0]), group=words[0])
    command = load(found)
    arguments = build_parser(found, command).parse_args(words[len(found.path) :])
    return command.run(arguments)


def _show_help(rows: tuple[Row, ...], group: str | None = None) -> int:
    from runbooks.cli.help import render_help

    shown = [row for row in rows if group is None or row.path[0] == group]
    emit(render_help(shown, GROUPS, group=group), "text", str)
    return ExitCode.DONE


def find_row(words: Sequence[str]) -> Row | None:
    """Find the command that the first words name; None when they name a group and ask for its help.

    Raises:
        UsageError: no such command, with the nearest one.
    """
    everything = rows_for(words[0])
    rows = tuple(row for row in everything if row.path[0] == words[0])
    for row in rows:
        if tuple(words[: len(row.path)]) == row.path:
            return row
    second = words[1] if len(words) > 1 else "--help"
    if rows and second in _HELP:
        return None
    if rows:
        names = [row.path[1] for row in rows if len(row.path) > 1]
        raise _unknown(f"{words[0]} {second}", _nearest(second, names), f"{PROGRAM} {words[0]} ")
    raise _unknown(words[0], _nearest(words[0], [row.path[0] for row in everything]), f"{PROGRAM} ")


def build_parser(row: Row, command: Command) -> Parser:
    """Build the parser of one command, `--output` included."""
    prog = " ".join((PROGRAM, *row.path))
    parser = Parser(
        prog=prog,
        description=command.help[:1].upper() + command.help[1:] + ".",
        epilog="examples:\n" + "\n".join(map(_example, command.examples)) if command.examples else None,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    command.configure(parser)
    parser.add_argument(
        "--output", choices=("text", "json"), default="text", help="form of the result on stdout (default: text)"
    )
    parser.set_defaults(command_path=row.path)
    return parser


def rows_for(first: str) -> tuple[Row, ...]:
    """The rows among which a command with this first word is looked for: plug-ins only when no built-in has it."""
    return COMMANDS if any(row.path[0] == first for row in COMMANDS) else all_rows()


def all_rows() -> tuple[Row, ...]:
    """Built-in commands, then those of plug-ins."""
    from runbooks.cli.plugins import plugin_rows

    return COMMANDS + plugin_rows()


def _unknown(given: str, nearest: str, prefix: str) -> UsageError:
    hint = f"did you mean `{prefix}{nearest}`? " if nearest else ""
    return UsageError(f"there is no command `{given}`", f"{hint}see `{prefix}--help`")


def _nearest(word: str, known: list[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.5)), "")


def _asked_output(words: list[str]) -> OutputFormat:
    """Which form errors take, known before the arguments could be parsed."""
    joined = " ".join(words).replace("--output=", "--output ")
    return "json" if "--output json" in joined else "text"


@contextmanager
def _terminable() -> Generator[None, None, None]:
    """Have SIGTERM raise while a command runs."""

    def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
        raise _Terminated

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:  # not the main thread: whoever runs us owns the signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def script() -> NoReturn:
    """Entry point of the installed command."""
    raise SystemExit(main())


if __name__ == "__main__":
    script()
