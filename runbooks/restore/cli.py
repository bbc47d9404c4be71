"""`runbook restore snapshot | point-in-time | deleted | s3`: a new cluster from data that were kept."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command, UsageError, add_runbook_options
from runbooks.cli.making import add_making_options, caller_arn, expiry_in, tags_of

if TYPE_CHECKING:
    from runbooks.engine.run import Runbook
    from runbooks.restore.origin import Origin
    from runbooks.restore.request import Files, Kind, RestoreRequest

COLUMNS = ("CLUSTER", "RESOURCE ID", "ENGINE", "FROM", "UNTIL")
EXAMPLE_TIME = "2026-11-20T09:30:00Z"
S3_EXAMPLE = (
    "runbook restore s3 dumps --role arn:aws:iam::111122223333:role/import --source-version 8.0.42 "
    "--master-username dba --like shop-catalog --as shop-catalog-new"
)


def _configure_snapshot(parser: ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="SNAPSHOT",
        nargs="?",
        help="identifier or ARN; by ARN what another account shares, and an RDS instance's",
    )
    parser.add_argument("--newest-of", metavar="CLUSTER", help="instead: the newest snapshot of this cluster")
    _configure_common(parser, names_cluster=True)
    parser.add_argument(
        "--engine-version", metavar="VERSION", help="a newer one than the snapshot's (default: the snapshot's own)"
    )
    parser.add_argument("--key", metavar="KEY", help="KMS key to encrypt it with (default: the snapshot's, if any)")
    add_runbook_options(parser)


def _configure_point_in_time(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="CLUSTER", help="cluster identifier, or with --estate its name in the file")
    _configure_moment(parser)
    _configure_common(parser, names_cluster=True)
    parser.add_argument("--key", metavar="KEY", help="another KMS key, of an encrypted cluster (default: its own)")
    add_runbook_options(parser)


def _configure_deleted(parser: ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="CLUSTER",
        nargs="?",
        help="identifier or resource id of the deleted cluster; left out: list what there is",
    )
    _configure_moment(parser)
    _configure_common(parser, names_cluster=True, needs_target=False)
    parser.add_argument("--key", metavar="KEY", help="another KMS key, of an encrypted cluster (default: its own)")
    add_runbook_options(parser)


def _configure_s3(parser: ArgumentParser) -> None:
    parser.add_argument("source", metavar="BUCKET", help="bucket with files of Percona XtraBackup")
    group = parser.add_argument_group("files", "of a MySQL server, in the same Region as the new cluster")
    group.add_argument("--prefix", metavar="PREFIX", default="", help="what the files' names begin with (default: all)")
    group.add_argument("--role", metavar="ARN", required=True, help="role that RDS reads the bucket by")
    group.add_argument(
        "--source-version", metavar="VERSION", required=True, help="the server's version: 5.7.44, 8.0.42"
    )
    group.add_argument("--master-username", metavar="NAME", required=True, help="master user; RDS keeps its password")
    group.add_argument("--database", metavar="NAME", default="", help="a database to make besides")
    _configure_common(parser, names_cluster=False)
    parser.add_argument("--engine-version", metavar="VERSION", help="of Aurora MySQL (default: the model's)")
    parser.add_argument("--key", metavar="KEY", help="KMS key to encrypt it with (default: the model's, if any)")
    add_runbook_options(parser)


def _configure_moment(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("moment", "one of the two")
    group.add_argument("--to", metavar="TIME", help=f"ISO 8601 with its zone: {EXAMPLE_TIME}")
    group.add_argument("--latest", action="store_true", help="as late as can be")


def _configure_common(parser: ArgumentParser, *, names_cluster: bool, needs_target: bool = True) -> None:
    parser.add_argument("--as", dest="target", metavar="NAME", required=needs_target, help="identifier of the new one")
    if names_cluster:
        parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument("--region", metavar="REGION", help="Region of the data (default: the estate's, then AWS's)")
    add_making_options(parser)
    parser.add_argument(
        "--expires-in", metavar="TIME", help="when `runbook reap` may delete it: 12h, 30d (default: never)"
    )
    group = parser.add_argument_group("shape", "all that is not said is as in the model: the source, if it is there")
    group.add_argument("--like", metavar="CLUSTER", help="another cluster to be like")
    group.add_argument("--instances", metavar="N", type=int, help="how many instances (default: as the model has)")
    group.add_argument("--class", dest="instance_class", metavar="CLASS", help="their class (default: the model's)")
    group.add_argument("--parameter-group", metavar="NAME", help="cluster parameter group (default: the model's)")
    group.add_argument("--instance-parameter-group", metavar="NAME", help="the instances' (default: the model's)")
    group.add_argument("--subnet-group", metavar="NAME", help="DB subnet group (default: the model's)")
    group.add_argument(
        "--security-group",
        metavar="GROUP",
        action="append",
        default=[],
        help="may be repeated (default: the model's groups)",
    )
    group.add_argument("--closed", action="store_true", help="in a security group of its own that lets nobody in")


def request_of(kind: str, arguments: Namespace) -> RestoreRequest:
    """The request that the arguments, the clock, the estate file and the caller's identity make.

    Raises:
        UsageError: arguments that cannot be, or cannot be together.
    """
    from runbooks.restore.request import Kind, RestoreRequest

    if arguments.closed and arguments.security_group:
        raise UsageError("--closed must not be given with --security-group", "leave one of them out")
    source, newest, region = _source(Kind(kind), arguments)
    return RestoreRequest(
        kind=Kind(kind),
        source=source,
        newest=newest,
        target_id=arguments.target,
        owner=arguments.owner or caller_arn(region),
        to_time=_moment(arguments) if hasattr(arguments, "to") else "",
        files=_files(arguments) if kind == "s3" else None,
        like=arguments.like or "",
        engine_version=getattr(arguments, "engine_version", None) or "",
        key=arguments.key or "",
        instances=_number(arguments.instances),
        instance_class=arguments.instance_class or "",
        subnet_group=arguments.subnet_group or "",
        security_groups=tuple(sorted(set(arguments.security_group))),
        parameter_group=arguments.parameter_group or "",
        instance_parameter_group=arguments.instance_parameter_group or "",
        closed=arguments.closed,
        expires=expiry_in(arguments.expires_in) if arguments.expires_in else "",
        tags=tags_of(arguments.tag),
        region=region,
    )


def _number(given: int | None) -> int | None:
    if given is not None and given < 1:
        raise UsageError(f"--instances must be 1 or more, got {given}", "a cluster without one answers nobody")
    return given


def _source(kind: Kind, arguments: Namespace) -> tuple[str, bool, str | None]:
    """What is restored from, whether it is the newest of that, and the Region."""
    newest: str | None = getattr(arguments, "newest_of", None)
    given: str | None = arguments.source
    if newest and given:
        raise UsageError("--newest-of must not be given with SNAPSHOT", "leave one of them out")
    source = newest or given
    if not source:
        raise UsageError(
            "SNAPSHOT must be given, or --newest-of CLUSTER", "`runbook snapshot list` shows what there is"
        )
    if not source.isprintable() or source != source.strip():
        raise UsageError(f"{source!r} must be a name of AWS's", "give it without blanks around it")
    region: str | None = arguments.region
    if not getattr(arguments, "estate", None):
        return source, bool(newest), region
    from runbooks.cli.declared import find_declared

    if kind.value == "snapshot" and not newest:
        raise UsageError("--estate must come with --newest-of: a file names clusters", "give --region instead")
    declared = find_declared(arguments.estate, source)
    return declared.cluster_id, bool(newest), region or declared.region


def _moment(arguments: Namespace) -> str:
    """ISO 8601 in UTC, to the second, as AWS takes it; empty for the latest."""
    from datetime import datetime

    if arguments.latest == bool(arguments.to):
        got = "both" if arguments.latest else "neither"
        raise UsageError(f"one of --to and --latest must be given, got {got}", f"such as --to {EXAMPLE_TIME}")
    if arguments.latest:
        return ""
    try:
        moment = datetime.fromisoformat(arguments.to)
    except ValueError:
        raise UsageError(f"--to must be ISO 8601, got {arguments.to!r}", f"such as {EXAMPLE_TIME}") from None
    if moment.tzinfo is None:
        raise UsageError(
            f"--to must say its zone, got {arguments.to!r}", f"such as {EXAMPLE_TIME}, or with +01:00 at the end"
        )
    from runbooks.tags import expiry_text

    return expiry_text(moment)


def _files(arguments: Namespace) -> Files:
    from runbooks.restore.request import Files

    return Files(
        prefix=arguments.prefix,
        role=arguments.role,
        source_version=arguments.source_version,
        master_username=arguments.master_username,
        database=arguments.database,
    )


def _run(kind: str, arguments: Namespace) -> int:
    from runbooks.cli.runner import run_runbook
    from runbooks.restore.request import Kind
    from runbooks.restore.runbook import restore_runbook

    return run_runbook(restore_runbook(Kind(kind)), request_of(kind, arguments), arguments)


def _run_deleted(arguments: Namespace) -> int:
    if arguments.source is None:
        return _list_deleted(arguments)
    if not arguments.target:
        raise UsageError("--as NAME must be given", "a restore always makes a new cluster")
    return _run("deleted", arguments)


def _list_deleted(arguments: Namespace) -> int:
    """What there is to restore; reads, and nothing else."""
    from runbooks.cli.exit_codes import ExitCode
    from runbooks.cli.output import emit
    from runbooks.restore.sources import list_backups
    from runbooks.tools import Tools

    if arguments.execute:
        raise UsageError("CLUSTER must be given with --execute", "left out, it is listed what there is")
    emit([_row(each) for each in list_backups(Tools(arguments.region))], arguments.output, render)
    return ExitCode.DONE


def _row(backup: Origin) -> dict[str, str]:
    from runbooks.tags import expiry_text

    times = (expiry_text(each) if each is not None else "-" for each in (backup.earliest, backup.latest))
    values = (backup.source_id, backup.resource_id, f"{backup.engine} {backup.engine_version}", *times)
    return dict(zip(COLUMNS, values, strict=True))


def render(rows: list[dict[str, str]]) -> str:
    """A block of lines for each: its columns together are wider than a terminal."""
    if not rows:
        return "no deleted cluster has left its automated backups here"
    return "\n".join(
        f"{row['CLUSTER']} ({row['ENGINE']})\n  {row['RESOURCE ID']}\n  from {row['FROM']} to {row['UNTIL']}"
        for row in rows
    )


def _runbook_of(kind: str) -> Runbook[Any, Any, Any, Any]:
    from runbooks.restore.request import Kind
    from runbooks.restore.runbook import restore_runbook

    return restore_runbook(Kind(kind))


SNAPSHOT = Command(
    name="snapshot",
    help="make a new cluster of a snapshot, an RDS instance's too",
    configure=_configure_snapshot,
    run=partial(_run, "snapshot"),
    runbook=partial(_runbook_of, "snapshot"),
    examples=(
        "runbook restore snapshot before-upgrade --as shop-orders-restored",
        "runbook restore snapshot --newest-of shop-orders --as shop-orders-check --closed --expires-in 12h --execute",
        "runbook restore snapshot arn:aws:rds:eu-west-1:111122223333:snapshot:legacy --as shop-new --like shop-orders",
    ),
)
POINT_IN_TIME = Command(
    name="point-in-time",
    help="make a new cluster of what a cluster had at a moment",
    configure=_configure_point_in_time,
    run=partial(_run, "point-in-time"),
    runbook=partial(_runbook_of, "point-in-time"),
    examples=(
        f"runbook restore point-in-time shop-orders --to {EXAMPLE_TIME} --as shop-orders-before",
        "runbook restore point-in-time orders --estate examples/estates/shop.yaml --latest --as shop-orders-now",
    ),
)
DELETED = Command(
    name="deleted",
    help="make a new cluster of a deleted one's retained backups",
    configure=_configure_deleted,
    run=_run_deleted,
    runbook=partial(_runbook_of, "deleted"),
    examples=(
        "runbook restore deleted",
        "runbook restore deleted shop-orders --latest --as shop-orders-back --like shop-catalog --execute",
    ),
)
S3 = Command(
    name="s3",
    help="make a cluster of Percona XtraBackup files of MySQL",
    configure=_configure_s3,
    run=partial(_run, "s3"),
    runbook=partial(_runbook_of, "s3"),
    examples=(S3_EXAMPLE,),
)
