"""`runbook estate protect FILE`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.protect.plan import ProtectRequest


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the estate file whose stacks are protected")
    parser.add_argument("--replace", action="store_true", help="replace stack policies that are not this one")
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> ProtectRequest:
    """The stacks that the estate file becomes."""
    from pathlib import Path

    from estate.load import load_estate
    from estate.protection import stacks_of
    from runbooks.protect.plan import ProtectRequest

    estate = load_estate(Path(arguments.file))
    return ProtectRequest(estate=estate.name, stacks=stacks_of(estate), replace=arguments.replace)


PROTECT = runbook_command(
    name="protect",
    help="set stack policies that keep what stores data",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.protect.runbook:protect_runbook",
    examples=(
        "runbook estate protect estate.yaml",
        "runbook estate protect estate.yaml --execute",
        "runbook estate protect estate.yaml --replace --execute",
    ),
)
