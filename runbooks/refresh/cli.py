"""`runbook refresh`: a masked copy of a cluster takes the place of the last one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command
from runbooks.clone.cli import configure_quarantine, configure_shape

if TYPE_CHECKING:
    from runbooks.refresh.request import RefreshRequest

GRACE = "24h"
UNFINISHED = "3d"
UNITS = {"h": "hours", "d": "days"}


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", help="what is refreshed: the copies' names begin with it")
    parser.add_argument(
        "--from", dest="cluster", metavar="SOURCE", required=True, help="cluster, or with --estate its name in the file"
    )
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    parser.add_argument("--owner", metavar="WHO", help="whose it is, as a tag (default: the caller's ARN)")
    parser.add_argument(
        "--tag", metavar="KEY=VALUE", action="append", default=[], help="tag of all that is made; may be repeated"
    )
    parser.add_argument("--key", metavar="KEY", help="KMS key, for a copy of another account's encrypted cluster")
    _configure_swap(parser)
    configure_shape(parser)
    configure_quarantine(parser)
    parser.add_argument(
        "--without-masks",
        dest="unmasked",
        action="store_true",
        help="refresh unmasked: the source holds nothing personal",
    )
    add_runbook_options(parser)


def _configure_swap(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("swap", "how the copy takes the old one's place: by record, or by name")
    group.add_argument("--record", metavar="NAME", help="CNAME that is to lead to the copy's writer endpoint")
    group.add_argument("--reader-record", metavar="NAME", help="CNAME that is to lead to its reader endpoint")
    group.add_argument("--zone", metavar="ZONE-ID", help="Route 53 hosted zone of the records")
    group.add_argument("--rename", action="store_true", help="give the copy the target's name, the old one another")
    group.add_argument(
        "--replaces",
        metavar="CLUSTER",
        help="the old one, where no runbook made it: confirmed, and left as it is",
    )
    group.add_argument(
        "--grace",
        metavar="TIME",
        default=GRACE,
        help=f"from now until `runbook reap` may delete the old one: 24h, 7d (default: {GRACE})",
    )


def request_of(arguments: Namespace) -> RefreshRequest:
    """The request that the arguments, the clock, the estate file and the caller's identity make.

    Raises:
        UsageError: arguments that cannot be, or cannot be together.
    """
    from dataclasses import replace

    from runbooks.clone.cli import request_of as clone_request_of
    from runbooks.refresh.request import RefreshRequest

    _check_together(arguments)
    as_clone = {**_defaults_of_clone(arguments.cluster), **vars(arguments), "target": ""}
    clone = replace(clone_request_of(Namespace(**as_clone)), expires="")
    return RefreshRequest(
        target=arguments.target,
        clone=clone,
        expires=_after("--expires-in", UNFINISHED),
        retire_at=_after("--grace", arguments.grace),
        record=_name(arguments.record),
        reader_record=_name(arguments.reader_record),
        zone=(arguments.zone or "").rpartition("/")[2],
        rename=arguments.rename,
        replaces=arguments.replaces or "",
        unmasked=arguments.unmasked,
    )


def _defaults_of_clone(source: str) -> dict[str, Any]:
    """What `runbook clone` takes for options that a refresh has not."""
    from runbooks.clone.cli import CLONE

    parser = ArgumentParser()
    CLONE.configure(parser)
    return vars(parser.parse_args([source, "--as", "copy"]))


def _name(given: str | None) -> str:
    return (given or "").strip().rstrip(".").lower()


def _check_together(arguments: Namespace) -> None:
    if arguments.stay_closed:
        raise UsageError("--stay-closed must not be given: what is refreshed is used", "see `runbook clone`")
    if bool(arguments.record) == arguments.rename:
        got = "both" if arguments.rename else "neither"
        raise UsageError(f"--record or --rename must say how the copy takes its place, got {got}", "give one of them")
    if arguments.record and not arguments.zone:
        raise UsageError("--record must come with --zone, its hosted zone", "see `aws route53 list-hosted-zones`")
    if arguments.rename and (arguments.reader_record or arguments.zone):
        raise UsageError("--reader-record and --zone must come with --record, got --rename", "leave them out")
    if arguments.record and _name(arguments.record) == _name(arguments.reader_record):
        raise UsageError("--reader-record must be another name than --record, got the same", "give two names")


def _after(option: str, given: str) -> str:
    """The moment that is so much later than now, as tags have it."""
    from runbooks.engine.clock import SystemClock
    from runbooks.tags import expiry_text

    number, unit = given[:-1], given[-1:]
    if not number.isascii() or not number.isdigit() or int(number) == 0 or unit not in UNITS:
        raise UsageError(f"{option} must be hours or days, got {given!r}", "such as 24h or 7d")
    return expiry_text(SystemClock().now() + timedelta(**{UNITS[unit]: int(number)}))


_MASKED = "--reach-from 10.20.1.7/32 --mask masks.sql"
EXAMPLES = (
    f"runbook refresh staging --from shop-orders --record db.staging.internal --zone Z0123456789ABC {_MASKED}",
    "runbook refresh staging --from shop-orders --rename --reach-from sg-0ab1 --mask-with ./mask.sh --execute",
    f"runbook refresh staging --from shop-orders --rename {_MASKED} --run-id staging-2026-11-21 --execute",
)

REFRESH = runbook_command(
    name="refresh",
    help="let a masked copy take the place of the last one",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.refresh.runbook:refresh_runbook",
    examples=EXAMPLES,
)
