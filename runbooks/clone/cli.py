"""`runbook clone`: a copy-on-write clone that is closed until its passwords are changed and its rows are masked."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import timedelta
from typing import TYPE_CHECKING

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.clone.request import CloneRequest
    from runbooks.masking.plan import MaskRequest

EXPIRES_IN = "7d"
UNITS = {"h": "hours", "d": "days"}
ARN_PARTS = 7  # arn:aws:rds:REGION:ACCOUNT:cluster:NAME
IPV4 = 4
IPV4_PREFIX_MIN = 16  # a whole VPC of the largest size
IPV6_PREFIX_MIN = 56  # the same


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "cluster", metavar="CLUSTER", help="identifier, ARN if another account shares it, or with --estate its name"
    )
    parser.add_argument("--as", dest="target", metavar="NAME", required=True, help="identifier of the clone")
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    parser.add_argument("--owner", metavar="WHO", help="whose it is, as a tag (default: the caller's ARN)")
    parser.add_argument(
        "--expires-in",
        metavar="TIME",
        default=EXPIRES_IN,
        help=f"when `runbook reap` may delete it: 12h, 30d (default: {EXPIRES_IN})",
    )
    parser.add_argument(
        "--tag", metavar="KEY=VALUE", action="append", default=[], help="tag of all that is made; may be repeated"
    )
    parser.add_argument("--key", metavar="KEY", help="KMS key, for the clone of another account's encrypted cluster")
    parser.add_argument(
        "--full-copy", action="store_true", help="copy the whole volume: hours, and paid for as a whole"
    )
    configure_shape(parser)
    configure_quarantine(parser)
    add_runbook_options(parser)


def configure_shape(parser: ArgumentParser) -> None:
    """Add the options that say what a clone is like."""
    group = parser.add_argument_group("shape", "all that is not said is as in the source")
    group.add_argument(
        "--instances", metavar="N", type=int, help="how many instances, the first the writer (default: 1)"
    )
    group.add_argument("--class", dest="instance_class", metavar="CLASS", help="their class (default: the writer's)")
    group.add_argument(
        "--like-source", action="store_true", help="an instance for each of the source's, with its class and tier"
    )
    group.add_argument("--parameter-group", metavar="NAME", help="cluster parameter group (default: the source's)")
    group.add_argument(
        "--subnet-group", metavar="NAME", help="DB subnet group, of another VPC too if it has the volume's zones"
    )


def configure_quarantine(parser: ArgumentParser) -> None:
    """Add the options that say how a clone is kept closed, masked and opened."""
    group = parser.add_argument_group("quarantine", "it is born closed; what opens it in the end")
    group.add_argument(
        "--reach-from",
        metavar="FROM",
        help="sg-... or CIDR of this host: let in for SQL while closed, shut out again in the end",
    )
    group.add_argument(
        "--mask", metavar="FILE", action="append", default=[], help="SQL that masks its rows; may be repeated, in order"
    )
    group.add_argument("--mask-with", metavar="COMMAND", help="program that masks its rows, run here")
    group.add_argument("--leaks", metavar="FILE", help="queries that must give no row before it is opened")
    group.add_argument(
        "--accept-leak", metavar="COLUMN", action="append", default=[], help="schema.table.column that checks let pass"
    )
    group.add_argument(
        "--security-group",
        metavar="GROUP",
        action="append",
        default=[],
        help="open it with this group; may be repeated (default: the source's groups)",
    )
    group.add_argument(
        "--keep-user-passwords",
        action="store_true",
        help="open it although its users keep production's passwords: where all log in with IAM",
    )
    group.add_argument("--iam-master", action="store_true", help="the master user logs in with IAM, without a password")
    group.add_argument("--stay-closed", action="store_true", help="never open it")


def request_of(arguments: Namespace) -> CloneRequest:
    """The request that the arguments, the clock, the estate file and the caller's identity make.

    Raises:
        UsageError: arguments that cannot be, or cannot be together.
    """
    from runbooks.clone.request import CloneRequest

    _check_together(arguments)
    source, region = _source(arguments)
    return CloneRequest(
        source=source,
        target=arguments.target,
        owner=arguments.owner or _caller(region),
        expires=_expires(arguments.expires_in),
        region=region,
        instances=1 if arguments.instances is None else arguments.instances,
        instance_class=arguments.instance_class or "",
        like_source=arguments.like_source,
        parameter_group=arguments.parameter_group or "",
        subnet_group=arguments.subnet_group or "",
        key=arguments.key or "",
        security_groups=tuple(sorted(set(arguments.security_group))),
        tags=_tags(arguments.tag),
        full_copy=arguments.full_copy,
        stay_closed=arguments.stay_closed,
        reach_from=_reach(arguments.reach_from) if arguments.reach_from else "",
        keep_logins=arguments.keep_user_passwords,
        iam_master=arguments.iam_master,
        mask=masks_of(arguments),
    )


def _source(arguments: Namespace) -> tuple[str, str | None]:
    source, region = str(arguments.cluster), arguments.region
    if source.startswith("arn:"):
        parts = source.split(":")
        if len(parts) != ARN_PARTS or parts[5] != "cluster":
            raise UsageError(f"CLUSTER must be a cluster's ARN, got {source}", "see `aws rds describe-db-clusters`")
        return source, region or parts[3]
    if not arguments.estate:
        return source, region
    from runbooks.cli.declared import find_declared

    declared = find_declared(arguments.estate, source)
    return declared.cluster_id, region or declared.region


def _check_together(arguments: Namespace) -> None:
    if arguments.like_source and arguments.instances is not None:
        raise UsageError("--like-source must not be given with --instances", "leave one of them out")
    if (arguments.mask or arguments.mask_with or arguments.leaks) and not arguments.reach_from:
        raise UsageError(
            "--mask, --mask-with and --leaks must come with --reach-from: a closed clone is reached from nowhere else",
            "give the security group or the address of this host: --reach-from 10.0.1.7/32",
        )
    opens = not arguments.stay_closed and (arguments.reach_from or arguments.keep_user_passwords)
    if arguments.security_group and not opens:
        raise UsageError(
            "--security-group must come with what lets the clone be opened, which stays closed otherwise",
            "--reach-from changes its users' passwords, --keep-user-passwords leaves production's; no --stay-closed",
        )
    if arguments.accept_leak and not (arguments.mask or arguments.mask_with or arguments.leaks):
        raise UsageError("--accept-leak must come with a mask or leaks to look for", "leave it out, or add --leaks")


def _caller(region: str | None) -> str:
    from runbooks.aws.session import AwsSession
    from runbooks.aws.sts import find_caller

    return find_caller(AwsSession(region).sts).arn


def _expires(given: str) -> str:
    """The moment, as its tag has it."""
    from runbooks.engine.clock import SystemClock
    from runbooks.tags import expiry_text

    number, unit = given[:-1], given[-1:]
    if not number.isascii() or not number.isdigit() or int(number) == 0 or unit not in UNITS:
        raise UsageError(f"--expires-in must be hours or days, got {given!r}", "such as 12h or 30d")
    return expiry_text(SystemClock().now() + timedelta(**{UNITS[unit]: int(number)}))


def _tags(given: list[str]) -> dict[str, str]:
    for each in given:
        if not each.partition("=")[0] or "=" not in each:
            raise UsageError(f"--tag must be KEY=VALUE, got {each!r}", "such as --tag team=orders")
    return {key: value for key, _, value in (each.partition("=") for each in given)}


def _reach(given: str) -> str:
    """A security group, or a network no larger than a VPC, as EC2 writes it."""
    import ipaddress

    if given.startswith("sg-"):
        return given
    try:
        network = ipaddress.ip_network(given)
    except ValueError as error:
        raise UsageError(
            f"--reach-from must be a security group or a CIDR, got {given!r}: {error}", "such as 10.0.1.7/32 or sg-0ab1"
        ) from None
    if network.prefixlen < (IPV4_PREFIX_MIN if network.version == IPV4 else IPV6_PREFIX_MIN):
        raise UsageError(
            f"--reach-from must be a network of hosts of yours, got {given}", "such as this host's own: 10.0.1.7/32"
        )
    return str(network)


def masks_of(arguments: Namespace) -> MaskRequest:
    """The masks that the arguments name, with their files as they are now."""
    import shlex

    from runbooks.masking.files import fix_file
    from runbooks.masking.plan import MaskRequest

    try:
        return MaskRequest(
            files=tuple(fix_file(path) for path in arguments.mask),
            command=tuple(shlex.split(arguments.mask_with)) if arguments.mask_with else (),
            leaks=fix_file(arguments.leaks) if arguments.leaks else None,
            accepted=tuple(arguments.accept_leak),
        )
    except OSError as error:
        raise UsageError(f"{error.filename} must be readable, got {error.strerror}", "check the path") from None


CLONE = runbook_command(
    name="clone",
    help="clone a cluster: closed until it is masked",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.clone.runbook:clone_runbook",
    examples=(
        "runbook clone shop-orders --as shop-orders-dev",
        "runbook clone shop-orders --as shop-orders-dev --reach-from 10.20.1.7/32 --mask mask.sql --execute",
        "runbook clone orders --estate examples/estates/shop.yaml --as shop-orders-test --like-source",
        "runbook clone shop-orders --as shop-orders-dev --keep-user-passwords --expires-in 2d --execute",
    ),
)
