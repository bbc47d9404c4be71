"""`runbook backtrack`: an Aurora MySQL cluster wound back in place."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.backtrack.request import BacktrackRequest


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("cluster", metavar="CLUSTER", help="cluster identifier, or with --estate its name in the file")
    parser.add_argument(
        "--to", metavar="TIME", required=True, help="moment to go back to, with its zone: 2026-11-21T12:00:00Z"
    )
    parser.add_argument(
        "--earliest", action="store_true", help="when TIME is before the window, go back as far as it goes"
    )
    parser.add_argument(
        "--with-binlog",
        action="store_true",
        help="do it although the cluster has a binary log: replicas and blue/green break",
    )
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> BacktrackRequest:
    """The request that the arguments, and the estate file, make.

    Raises:
        UsageError: the time cannot be read or has no zone, or the file declares no such cluster.
    """
    from runbooks.backtrack.request import BacktrackRequest, moment_text

    try:
        to = moment_text(arguments.to)
    except ValueError as error:
        raise UsageError(f"--to {error}", "see `runbook backtrack --help`") from None
    cluster_id, region = arguments.cluster.lower(), arguments.region
    if arguments.estate:
        from runbooks.cli.declared import find_declared

        declared = find_declared(arguments.estate, arguments.cluster)
        cluster_id, region = declared.cluster_id, region or declared.region
    return BacktrackRequest(
        cluster_id=cluster_id, to=to, earliest=arguments.earliest, with_binlog=arguments.with_binlog, region=region
    )


BACKTRACK = runbook_command(
    name="backtrack",
    help="wind an Aurora MySQL cluster back in place",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.backtrack.runbook:backtrack_runbook",
    examples=(
        "runbook backtrack shop-catalog --to 2026-11-21T12:00:00Z",
        "runbook backtrack shop-catalog --to 2026-11-21T13:00:00+01:00 --execute",
        "runbook backtrack catalog --estate estate.yaml --to 2026-11-18T12:00:00Z --earliest",
    ),
)
