"""`runbook reap`: delete copies that have expired."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.reap.request import ReapRequest


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "clusters", metavar="CLUSTER", nargs="*", help="only these copies (default: all that have expired)"
    )
    parser.add_argument(
        "--no-final-snapshot",
        action="store_true",
        help="leave nothing behind: name each copy, and confirm them all (--confirm A,B)",
    )
    parser.add_argument("--region", metavar="REGION", help="Region to look at (default: AWS's settings)")
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> ReapRequest:
    """The request that the arguments make.

    Raises:
        UsageError: copies are to go without a final snapshot, and none is named.
    """
    from datetime import UTC, datetime

    from runbooks.reap.request import ReapRequest

    ids = tuple(sorted({name.lower() for name in arguments.clusters}))
    if arguments.no_final_snapshot and not ids:
        raise UsageError(
            "--no-final-snapshot must name each copy, got none", "name them: runbook reap A B --no-final-snapshot"
        )
    return ReapRequest(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        ids=ids,
        region=arguments.region,
        final_snapshot=not arguments.no_final_snapshot,
    )


REAP = runbook_command(
    name="reap",
    help="delete copies that have expired and are proven copies",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.reap.runbook:reap_runbook",
    examples=(
        "runbook reap",
        "runbook reap --execute",
        "runbook reap dev --no-final-snapshot --execute --confirm dev",
    ),
)
