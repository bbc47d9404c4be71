"""`runbook restore cache`: a new cache with the keys of a snapshot, like the cache that it is of."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.restore_cache.request import RestoreCacheRequest


def _configure(parser: ArgumentParser) -> None:
    from runbooks.cli.making import add_making_options

    parser.add_argument("snapshot", metavar="SNAPSHOT", help="name or ARN of the snapshot; see `snapshot list`")
    parser.add_argument("--as", dest="target", metavar="NAME", required=True, help="identifier of the new cache")
    parser.add_argument(
        "--family",
        choices=("cache", "serverless"),
        default="cache",
        help="what the snapshot is of: a replication group, or a serverless cache (default: cache)",
    )
    parser.add_argument("--like", metavar="CACHE", help="cache whose settings it gets (default: the snapshot's)")
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what --like means")
    parser.add_argument("--region", metavar="REGION", help="Region (default: the estate's, then AWS's settings)")
    parser.add_argument(
        "--expires-in", metavar="TIME", help="tag that says until when: 12h, 30d (`runbook reap` deletes no cache)"
    )
    add_making_options(parser)
    _configure_shape(parser)
    add_runbook_options(parser)


def _configure_shape(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("shape", "all that is not said is as in the cache that it is like")
    group.add_argument("--node-type", metavar="TYPE", help="such as cache.r7g.large")
    group.add_argument("--engine-version", metavar="VERSION", help="as the snapshot's, or newer")
    group.add_argument("--replicas", metavar="N", type=int, help="replicas of each shard, 0 to 5")
    group.add_argument("--parameter-group", metavar="NAME", help="cache parameter group")
    group.add_argument("--subnet-group", metavar="NAME", help="cache subnet group, of another VPC too")
    group.add_argument("--security-group", metavar="GROUP", action="append", default=[], help="may be repeated")
    group.add_argument(
        "--user-group", metavar="GROUP", action="append", default=[], help="users, instead of an AUTH token too"
    )
    group.add_argument("--key", metavar="KEY", help="KMS key that encrypts it")


def request_of(arguments: Namespace) -> RestoreCacheRequest:
    """The request that the arguments, the clock, the estate file and the caller's identity make.

    Raises:
        UsageError: a tag or an expiry that cannot be, or a cache that the file does not declare.
    """
    from runbooks.cli.making import caller_arn, expiry_in, tags_of
    from runbooks.restore_cache.request import RestoreCacheRequest

    like, region = arguments.like or "", arguments.region
    if arguments.estate:
        like, region = _declared(arguments.estate, like, region)
    return RestoreCacheRequest(
        snapshot=arguments.snapshot,
        target=arguments.target,
        owner=arguments.owner or caller_arn(region),
        family=arguments.family,
        like=like,
        node_type=arguments.node_type or "",
        engine_version=arguments.engine_version or "",
        parameter_group=arguments.parameter_group or "",
        subnet_group=arguments.subnet_group or "",
        security_groups=tuple(sorted(set(arguments.security_group))),
        user_groups=tuple(sorted(set(arguments.user_group))),
        replicas=arguments.replicas,
        key=arguments.key or "",
        expires=expiry_in(arguments.expires_in) if arguments.expires_in else "",
        tags=tags_of(arguments.tag),
        region=region,
    )


def _declared(file: str, like: str, region: str | None) -> tuple[str, str | None]:
    """What `--like` means in the file, and the Region; of the file alone, when no cache is named."""
    if like:
        from runbooks.cli.declared import find_declared_cache

        found = find_declared_cache(file, like)
        return found.cache_id, region or found.region
    from pathlib import Path

    from estate.load import load_estate

    return "", region or load_estate(Path(file)).regions[0]


CACHE = runbook_command(
    name="cache",
    help="make a new cache of a snapshot, like its source",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.restore_cache.runbook:restore_cache_runbook",
    examples=(
        "runbook restore cache shop-sessions-before --as shop-sessions-2",
        "runbook restore cache nightly --as shop-legacy-2 --user-group shop-web --execute",
        "runbook restore cache menus-before --family serverless --as menus-2 --execute",
        "runbook restore cache old --as sessions-2 --like sessions --estate estate.yaml",
    ),
)
