"""`runbook estate protect FILE`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command, add_runbook_options

if TYPE_CHECKING:
    from runbooks.engine.run import Runbook
    from runbooks.protect.plan import ProtectRequest


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the estate file whose stacks are protected")
    parser.add_argument("--replace", action="store_true", help="replace stack policies that are not this one")
    add_runbook_options(parser)


def _run(arguments: Namespace) -> int:
    from runbooks.cli.runner import run_runbook

    return run_runbook(_runbook(), request_of(arguments), arguments)


def request_of(arguments: Namespace) -> ProtectRequest:
    """The stacks that the estate file becomes."""
    from pathlib import Path

    from estate.load import load_estate
    from estate.protection import stacks_of
    from runbooks.protect.plan import ProtectRequest

    estate = load_estate(Path(arguments.file))
    return ProtectRequest(estate=estate.name, stacks=stacks_of(estate), replace=arguments.replace)


def _runbook() -> Runbook[Any, Any, Any, Any]:
    from runbooks.protect.runbook import protect_runbook

    return protect_runbook()


PROTECT = Command(
    name="protect",
    help="set stack policies that keep what stores data",
    configure=_configure,
    run=_run,
    runbook=_runbook,
    examples=(
        "runbook estate protect estate.yaml",
        "runbook estate protect estate.yaml --execute",
        "runbook estate protect estate.yaml --replace --execute",
    ),
)
