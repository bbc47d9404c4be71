"""`runbook access rotate`: the password of a cache's user, or the AUTH token of an old cache."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.rotate.request import RotateRequest

GRACE_S = 300


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("cache", metavar="CACHE", help="cache identifier, or with --estate its name in the file")
    parser.add_argument("--user", metavar="USER", help="user's name in the file (default: the cache's AUTH token)")
    parser.add_argument(
        "--grace-s",
        metavar="S",
        type=int,
        default=GRACE_S,
        help=f"seconds that the old password works beside the new one, 0 for none (default: {GRACE_S})",
    )
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cache (default: the estate's, then AWS's settings)"
    )
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> RotateRequest:
    """The request that the arguments, and the estate file, make.

    Raises:
        UsageError: the grace is negative, or the file declares no such cache.
    """
    from runbooks.rotate.request import RotateRequest

    if arguments.grace_s < 0:
        raise UsageError(f"--grace-s must be 0 or more, got {arguments.grace_s}", "leave it out for five minutes")
    cache_id, region = arguments.cache, arguments.region
    if arguments.estate:
        from runbooks.cli.declared import find_declared_cache

        declared = find_declared_cache(arguments.estate, arguments.cache)
        cache_id, region = declared.cache_id, region or declared.region
    return RotateRequest(cache_id=cache_id, user=arguments.user or "", region=region, grace_s=arguments.grace_s)


ROTATE = runbook_command(
    name="rotate",
    help="change the password of a cache's user, or its token",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.rotate.runbook:rotate_runbook",
    examples=(
        "runbook access rotate shop-sessions --user web",
        "runbook access rotate sessions --user web --estate estate.yaml --execute",
        "runbook access rotate shop-legacy --execute --confirm shop-legacy",
    ),
)
