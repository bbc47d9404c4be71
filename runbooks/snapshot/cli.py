"""`runbook snapshot create | list | copy | share | unshare | export`: snapshots of clusters and caches."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import Command, UsageError, add_runbook_options, runbook_command
from runbooks.cli.making import add_making_options, caller_arn, expiry_in, tags_of
from runbooks.snapshot.arguments import add_place_options, pointed_at, source_of

if TYPE_CHECKING:
    from runbooks.snapshot.listing import ListRequest
    from runbooks.snapshot.request import CopyRequest, CreateRequest, ExportRequest, ShareRequest


def _configure_create(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="cluster or cache, or with --estate its name in the file")
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="name of the snapshot (default: SOURCE and the run's)"
    )
    _add_expiry(parser)
    add_making_options(parser)
    add_place_options(parser, estate=True)
    add_runbook_options(parser)


def _add_expiry(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--expires-in", metavar="TIME", help="a tag that says until when it is wanted: 12h, 30d (default: none)"
    )


def _configure_list(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", nargs="?", help="of this cluster or cache alone (default: of all)")
    parser.add_argument("--sharing", action="store_true", help="ask with whom each is shared, a call for each")
    parser.add_argument("--shared", action="store_true", help="those that other accounts share with this one")
    add_place_options(parser, estate=True)


def _configure_copy(parser: ArgumentParser) -> None:
    parser.add_argument(
        "snapshot", metavar="SNAPSHOT", help="name, or the ARN of one of another Region or that is shared"
    )
    parser.add_argument("--as", dest="name", metavar="NAME", help="name of the copy (default: SNAPSHOT and the run's)")
    parser.add_argument("--to-region", metavar="REGION", help="Region that the copy goes to (default: stays)")
    parser.add_argument("--key", metavar="KEY", help="KMS key of the copy, of the Region that it goes to")
    parser.add_argument(
        "--wait-for-slot", action="store_true", help="wait where five copies are on their way to that Region"
    )
    _add_expiry(parser)
    add_making_options(parser)
    add_place_options(parser, estate=False)
    add_runbook_options(parser)


def _configure_share(parser: ArgumentParser) -> None:
    _configure_sharing(parser, "account that may copy and restore it, 12 digits")


def _configure_unshare(parser: ArgumentParser) -> None:
    _configure_sharing(parser, "account that may no longer, or `all` for what was made public")


def _configure_sharing(parser: ArgumentParser, account: str) -> None:
    parser.add_argument("snapshot", metavar="SNAPSHOT", help="name of a manual snapshot")
    parser.add_argument("accounts", metavar="ACCOUNT", nargs="+", help=account)
    add_place_options(parser, estate=False)
    add_runbook_options(parser)


def _configure_export(parser: ArgumentParser) -> None:
    parser.add_argument("snapshot", metavar="SNAPSHOT", help="name of a snapshot, automated ones too")
    parser.add_argument("--bucket", metavar="BUCKET", required=True, help="bucket of the snapshot's Region")
    aurora = parser.add_argument_group("Aurora", "as Parquet; a cache's goes as .rdb, as the bucket's policy lets it")
    aurora.add_argument("--role", metavar="ARN", help="role that writes; it trusts export.rds.amazonaws.com")
    aurora.add_argument("--key", metavar="KEY", help="KMS key of what is written")
    aurora.add_argument("--prefix", metavar="PREFIX", default="", help="folder in the bucket (default: none)")
    aurora.add_argument(
        "--only",
        metavar="PART",
        action="append",
        default=[],
        help="database[.schema][.table] alone; may be repeated (the whole is paid for)",
    )
    add_place_options(parser, estate=False)
    add_runbook_options(parser)


def create_of(arguments: Namespace) -> CreateRequest:
    """The request that the arguments, the clock, the estate file and the caller's identity make.

    Raises:
        UsageError: arguments that cannot be.
    """
    from runbooks.snapshot.request import CreateRequest

    source = source_of(arguments)
    return CreateRequest(
        source_id=source.name,
        owner=arguments.owner or caller_arn(source.region),
        family=source.family,
        snapshot_id=arguments.name or "",
        expires=expiry_in(arguments.expires_in) if arguments.expires_in else "",
        tags=tags_of(arguments.tag),
        region=source.region,
    )


def list_of(arguments: Namespace) -> ListRequest:
    """What to list."""
    from runbooks.snapshot.listing import ListRequest

    if arguments.estate and not arguments.source:
        raise UsageError("--estate must come with a SOURCE, got none", "name the cluster or the cache of the file")
    source = source_of(arguments) if arguments.source else pointed_at(arguments, "")
    return ListRequest(
        family=source.family,
        source_id=source.name,
        sharing=arguments.sharing,
        shared=arguments.shared,
        region=source.region,
    )


def copy_of(arguments: Namespace) -> CopyRequest:
    """The request that the arguments, the clock and the caller's identity make.

    Raises:
        UsageError: arguments that cannot be.
    """
    from runbooks.snapshot.request import CopyRequest

    place = pointed_at(arguments, _snapshot_of(arguments.snapshot))
    return CopyRequest(
        snapshot=place.name,
        owner=arguments.owner or caller_arn(place.region),
        family=place.family,
        target_id=arguments.name or "",
        to_region=arguments.to_region or "",
        key=arguments.key or "",
        wait_for_slot=arguments.wait_for_slot,
        expires=expiry_in(arguments.expires_in) if arguments.expires_in else "",
        tags=tags_of(arguments.tag),
        region=place.region,
    )


def _snapshot_of(given: str) -> str:
    """A name, or an ARN of a cluster's snapshot."""
    if given.startswith("arn:") and (given.count(":") < 6 or given.split(":")[5] != "cluster-snapshot"):  # noqa: PLR2004
        raise UsageError(
            f"SNAPSHOT must be a cluster snapshot's ARN, got {given}", "see `runbook snapshot list --shared`"
        )
    return given


def share_of(arguments: Namespace) -> ShareRequest:
    """The request that the arguments make."""
    from runbooks.snapshot.request import ShareRequest

    place = pointed_at(arguments, arguments.snapshot)
    accounts = tuple(dict.fromkeys(arguments.accounts))
    return ShareRequest(snapshot_id=place.name, accounts=accounts, family=place.family, region=place.region)


def export_of(arguments: Namespace) -> ExportRequest:
    """The request that the arguments make.

    Raises:
        UsageError: a cluster's export without what it needs.
    """
    from runbooks.snapshot.request import ExportRequest

    place = pointed_at(arguments, arguments.snapshot)
    missing = [option for option in ("role", "key") if not getattr(arguments, option)]
    if place.family == "aurora" and missing:
        raise UsageError(
            f"an export of a cluster's snapshot must have {' and '.join(f'--{each}' for each in missing)}, got none",
            "--role writes to the bucket, --key encrypts what is written; see docs/runbooks/snapshot.md",
        )
    return ExportRequest(
        snapshot_id=place.name,
        bucket=arguments.bucket,
        family=place.family,
        role=arguments.role or "",
        key=arguments.key or "",
        prefix=arguments.prefix.strip("/"),
        only=tuple(dict.fromkeys(arguments.only)),
        region=place.region,
    )


def _run_list(arguments: Namespace) -> int:
    from runbooks.cli.exit_codes import ExitCode
    from runbooks.cli.output import emit
    from runbooks.snapshot.listing import list_snapshots, render

    emit(list_snapshots(list_of(arguments)), arguments.output, render)
    return ExitCode.DONE


CREATE = runbook_command(
    name="create",
    help="take a snapshot of a cluster or a cache",
    configure=_configure_create,
    request_of=create_of,
    factory="runbooks.snapshot.runbook:create_runbook",
    examples=(
        "runbook snapshot create shop-orders",
        "runbook snapshot create shop-orders --as before-the-move --expires-in 30d --execute",
        "runbook snapshot create sessions --estate estate.yaml --execute",
    ),
)
LIST = Command(
    name="list",
    help="list snapshots: kind, age, key, origin, sharing",
    configure=_configure_list,
    run=_run_list,
    examples=(
        "runbook snapshot list",
        "runbook snapshot list shop-orders --sharing --output json",
        "runbook snapshot list --shared",
    ),
)
COPY = runbook_command(
    name="copy",
    help="copy a snapshot: to a Region, under another key",
    configure=_configure_copy,
    request_of=copy_of,
    factory="runbooks.snapshot.runbook:copy_runbook",
    examples=(
        "runbook snapshot copy nightly --to-region eu-central-1 --key alias/dr --execute",
        "runbook snapshot copy rds:shop-orders-2026-11-21-03-00 --as to-share --execute",
        "runbook snapshot copy arn:aws:rds:REGION:ACCOUNT:cluster-snapshot:to-share --key alias/own",
    ),
)
SHARE = runbook_command(
    name="share",
    help="let other accounts copy and restore a snapshot",
    configure=_configure_share,
    request_of=share_of,
    factory="runbooks.snapshot.runbook:share_runbook",
    examples=(
        "runbook snapshot share to-share 222222222222",
        "runbook snapshot share to-share 222222222222 333333333333 --execute --confirm to-share",
    ),
)
UNSHARE = runbook_command(
    name="unshare",
    help="end the sharing of a snapshot with accounts",
    configure=_configure_unshare,
    request_of=share_of,
    factory="runbooks.snapshot.runbook:unshare_runbook",
    examples=("runbook snapshot unshare to-share 222222222222 --execute",),
)
EXPORT = runbook_command(
    name="export",
    help="write a snapshot's data to a bucket: Parquet, or .rdb",
    configure=_configure_export,
    request_of=export_of,
    factory="runbooks.snapshot.runbook:export_runbook",
    examples=(
        "runbook snapshot export nightly --bucket lake --role ROLE-ARN --key alias/lake",
        "runbook snapshot export nightly --family cache --bucket lake --execute --confirm nightly",
    ),
)
