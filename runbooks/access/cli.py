"""`runbook access grant | list | revoke`: the database side of IAM authentication."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import Command, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.access.request import AccessRequest
    from runbooks.access.seen import RoleSeen
    from runbooks.cli.declared import Declared

COLUMNS: tuple[str, ...] = ("USER", "READS ALL", "DATABASES", "MADE HERE")


def _configure_cluster(parser: ArgumentParser) -> None:
    parser.add_argument("cluster", metavar="CLUSTER", help="cluster identifier, or with --estate its name in the file")


def _configure_place(parser: ArgumentParser) -> None:
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    parser.add_argument(
        "--secret",
        metavar="SECRET",
        help="secret of the master user (default: RDS's or the stack's own; IAM where there is neither)",
    )


def _configure_list(parser: ArgumentParser) -> None:
    _configure_cluster(parser)
    _configure_place(parser)


def _configure_revoke(parser: ArgumentParser) -> None:
    _configure_cluster(parser)
    parser.add_argument("user", metavar="USER", help="database user, in exactly these letters")
    _configure_place(parser)
    add_runbook_options(parser)


def _configure_grant(parser: ArgumentParser) -> None:
    _configure_cluster(parser)
    parser.add_argument("user", metavar="USER", help="database user, the name that IAM policies give")
    parser.add_argument("--read-only", action="store_true", help="let it read every table")
    parser.add_argument(
        "--database", action="append", metavar="D", help="database to connect to, repeatable (default: the cluster's)"
    )
    _configure_place(parser)
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> AccessRequest:
    """The request that the arguments, and the estate file, make."""
    from runbooks.access.request import AccessRequest

    declared = _declared(arguments) if arguments.estate else None
    return AccessRequest(
        cluster_id=declared.cluster_id if declared else arguments.cluster,
        region=arguments.region or (declared.region if declared else None),
        user=getattr(arguments, "user", ""),
        read_only=getattr(arguments, "read_only", False),
        databases=tuple(getattr(arguments, "database", None) or ()),
        secret=arguments.secret,
    )


def _declared(arguments: Namespace) -> Declared:
    from runbooks.cli.declared import find_declared

    return find_declared(arguments.estate, arguments.cluster)


def _run_list(arguments: Namespace) -> int:
    from runbooks.access.listing import list_access
    from runbooks.cli.exit_codes import ExitCode
    from runbooks.cli.output import emit

    emit(list_access(request_of(arguments)), arguments.output, render)
    return ExitCode.DONE


def render(roles: tuple[RoleSeen, ...]) -> str:
    """One line per role."""
    from runbooks.cli.output import table

    if not roles:
        return "no role may log in with IAM"
    rows = [
        dict(
            zip(
                COLUMNS,
                (role.name, _yes(role.reads_all), ", ".join(role.databases) or "-", _yes(role.marked)),
                strict=True,
            )
        )
        for role in roles
    ]
    return table(rows, COLUMNS)


def _yes(value: bool) -> str:  # noqa: FBT001 - one word for one value
    return "yes" if value else "no"


GRANT = runbook_command(
    name="grant",
    help="let a database user log in with IAM",
    configure=_configure_grant,
    request_of=request_of,
    factory="runbooks.access.runbook:grant_runbook",
    examples=(
        "runbook access grant shop-orders app",
        "runbook access grant shop-orders reports --read-only --database orders --execute",
        "runbook access grant orders app --estate examples/estates/shop.yaml --execute",
    ),
)
LIST = Command(
    name="list",
    help="list the database users that may log in with IAM",
    configure=_configure_list,
    run=_run_list,
    examples=("runbook access list shop-orders",),
)
REVOKE = runbook_command(
    name="revoke",
    help="take IAM login away from a database user",
    configure=_configure_revoke,
    request_of=request_of,
    factory="runbooks.access.runbook:revoke_runbook",
    examples=("runbook access revoke shop-orders app --execute --confirm shop-orders",),
)
