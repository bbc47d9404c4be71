"""`runbook restore verify`: the newest backup of a cluster restored, looked at and cleared away; what is unproven."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command, UsageError, add_runbook_options
from runbooks.cli.making import caller_arn, expiry_in

if TYPE_CHECKING:
    from runbooks.engine.run import Runbook
    from runbooks.verification.checks import DataCheck
    from runbooks.verification.request import VerifyRequest

EXPIRES_IN = "24h"


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "cluster", metavar="CLUSTER", nargs="?", help="cluster identifier, or with --estate its name in the file"
    )
    parser.add_argument(
        "--list", action="store_true", dest="listed", help="instead: which clusters have a proven backup, which none"
    )
    parser.add_argument(
        "--backup",
        choices=("latest", "snapshot"),
        default="latest",
        help="latest restorable time, or newest snapshot (default: latest)",
    )
    parser.add_argument("--class", metavar="CLASS", dest="instance_class", help="class of the one instance")
    parser.add_argument("--subnet-group", metavar="NAME", help="DB subnet group (default: the cluster's)")
    parser.add_argument("--reach-from", metavar="CIDR|SG", help="network or security group that SQL is run from")
    parser.add_argument("--checks", metavar="FILE", help="SQL with `-- check:` comments (default: tables are there)")
    parser.add_argument(
        "--no-queries", action="store_true", help="restore only; the result says that nobody looked inside"
    )
    parser.add_argument("--keep", action="store_true", help="leave the copy, closed, until it expires")
    parser.add_argument(
        "--expires-in", metavar="TIME", default=EXPIRES_IN, help=f"for a copy left behind (default: {EXPIRES_IN})"
    )
    parser.add_argument("--owner", metavar="WHO", help="whose it is, as a tag (default: the caller's ARN)")
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> VerifyRequest:
    """The request that the arguments, the estate and the file of checks make.

    Raises:
        UsageError: no cluster is named, arguments contradict each other, or the file of checks is wrong.
    """
    from runbooks.verification.request import VerifyRequest

    if not arguments.cluster:
        raise UsageError("CLUSTER must be given, got none", "--list shows which clusters have no proven backup")
    if arguments.no_queries and (arguments.checks or arguments.reach_from):
        given = "--checks" if arguments.checks else "--reach-from"
        raise UsageError(f"--no-queries must stand without {given}, got both", "leave one out")
    cluster_id, region = _cluster(arguments)
    chosen = _checks(arguments.checks) if arguments.checks else None
    return VerifyRequest(
        cluster_id=cluster_id,
        owner=arguments.owner or caller_arn(region),
        expires=expiry_in(arguments.expires_in),
        backup=arguments.backup,
        instance_class=arguments.instance_class or "",
        subnet_group=arguments.subnet_group or "",
        reach_from=arguments.reach_from or "",
        queries=not arguments.no_queries,
        keep=arguments.keep,
        region=region,
        **({"checks": chosen} if chosen is not None else {}),
    )


def _cluster(arguments: Namespace) -> tuple[str, str | None]:
    given: str = arguments.cluster
    region: str | None = arguments.region
    if not arguments.estate:
        return given.lower(), region
    from runbooks.cli.declared import find_declared

    declared = find_declared(arguments.estate, given)
    return declared.cluster_id, region or declared.region


def _checks(file: str) -> tuple[DataCheck, ...]:
    from runbooks.verification.checks import parse_checks

    try:
        return parse_checks(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--checks must be a file that can be read, got {file}: {error}") from None
    except ValueError as error:
        raise UsageError(f"{file}: {error}", "see docs/runbooks/restore-verify.md for the form") from None


def _runbook() -> Runbook[Any, Any, Any, Any]:
    from runbooks.verification.runbook import verify_runbook

    return verify_runbook()


def _run(arguments: Namespace) -> int:
    if arguments.listed:
        return _list(arguments)
    from runbooks.cli.runner import run_runbook

    return run_runbook(_runbook(), request_of(arguments), arguments)


def _list(arguments: Namespace) -> int:
    from runbooks.cli.exit_codes import ExitCode
    from runbooks.cli.output import emit
    from runbooks.tools import Tools
    from runbooks.verification.listing import list_standings, render_standings

    if arguments.cluster or arguments.execute:
        given = "CLUSTER" if arguments.cluster else "--execute"
        raise UsageError(f"--list must stand without {given}, got both", "leave one out")
    emit(list_standings(Tools(arguments.region)), arguments.output, render_standings)
    return ExitCode.DONE


VERIFY = Command(
    name="verify",
    help="restore the newest backup, look at it, clear it away",
    configure=_configure,
    run=_run,
    runbook=_runbook,
    examples=(
        "runbook restore verify shop-orders --reach-from 10.20.0.0/16",
        "runbook restore verify shop-orders --checks checks.sql --reach-from sg-0123 --execute",
        "runbook restore verify shop-catalog --backup snapshot --no-queries --execute",
        "runbook restore verify --list",
    ),
)
