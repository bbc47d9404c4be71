"""`runbook snapshot prune`: retention of the snapshots that runbooks took."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.prune.request import PruneRequest

_NUMBERS = (
    ("daily", 7, "days"),
    ("weekly", 5, "ISO weeks"),
    ("monthly", 12, "months"),
    ("yearly", 0, "years"),
)


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="cluster or cache, or with --estate its name in the file")
    parser.add_argument(
        "--family",
        choices=("aurora", "cache", "serverless"),
        default="aurora",
        help="whose snapshots: an Aurora cluster's, a node-based cache's, a serverless cache's (default: aurora)",
    )
    for name, default, periods in _NUMBERS:
        parser.add_argument(
            f"--{name}",
            metavar="N",
            type=int,
            default=default,
            help=f"keep the newest of each of the last N {periods} that have one (default: {default})",
        )
    parser.add_argument(
        "--keep-at-least", metavar="N", type=int, default=2, help="keep the newest N at any age (default: 2, least: 1)"
    )
    parser.add_argument(
        "--copies-in",
        metavar="REGION",
        action="append",
        default=[],
        help="a Region that copies may be on their way to; may be given again",
    )
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the snapshots (default: the estate's, then AWS's settings)"
    )
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> PruneRequest:
    """The request that the arguments, and the estate file, make.

    Raises:
        UsageError: a number is too small, or the file declares no such source.
    """
    from runbooks.prune.request import PruneRequest
    from runbooks.prune.retention import Policy

    try:
        policy = Policy(
            **{name: getattr(arguments, name) for name, _, _ in _NUMBERS}, keep_at_least=arguments.keep_at_least
        )
    except ValueError as error:
        raise UsageError(f"--{error}", "see `runbook snapshot prune --help`") from None
    source_id, region = _source(arguments)
    return PruneRequest(
        source_id=source_id,
        family=arguments.family,
        policy=policy,
        copies_in=tuple(sorted(set(arguments.copies_in))),
        region=region,
    )


def _source(arguments: Namespace) -> tuple[str, str | None]:
    source_id: str = arguments.source
    region: str | None = arguments.region
    if arguments.estate and arguments.family == "aurora":
        from runbooks.cli.declared import find_declared

        declared = find_declared(arguments.estate, source_id)
        return declared.cluster_id, region or declared.region
    if arguments.estate:
        from runbooks.cli.declared import find_declared_cache

        cache = find_declared_cache(arguments.estate, source_id)
        return cache.cache_id, region or cache.region
    return source_id.lower(), region


PRUNE = runbook_command(
    name="prune",
    help="delete snapshots that no retention rule keeps",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.prune.runbook:prune_runbook",
    examples=(
        "runbook snapshot prune shop-orders",
        "runbook snapshot prune shop-orders --daily 14 --weekly 8 --execute",
        "runbook snapshot prune shop-sessions --family cache --execute --confirm shop-sessions",
    ),
)
