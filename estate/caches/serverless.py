"""What one serverless cache is declared to be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from estate import limits, resources
from estate.caches.overridden import OWNED_OF_SERVERLESS, setting_rule
from estate.caches.users import UserSpec, user_rules
from estate.caches.watching import SERVERLESS_RULES as WATCH_RULES
from estate.caches.watching import ServerlessWatchSpec
from estate.reach import AllowSpec, allow_count_rule, allow_rules
from estate.spec import ACKNOWLEDGE, OVERRIDES, Acknowledge, Hit, Identifier, Integer, Overrides, Rule, Spec, Switch
from estate.tags import bad_tags

if TYPE_CHECKING:
    from estate.model import Estate

VERSION_FORMS = {
    "valkey": re.compile(r"\d{1,2}"),
    "redis": re.compile(r"\d{1,2}"),
    "memcached": re.compile(r"\d{1,2}\.\d{1,2}"),
}
KNOWN_VERSIONS = {"valkey": ("7", "8", "9"), "redis": ("7",), "memcached": ("1.6",)}
"""Major versions that can be made. [E4 engine-versions; aws-cdk-lib 2.275.0, aws-elasticache-alpha CacheEngine]"""
REDIS_LAST = 7
"""ElastiCache has no newer Redis OSS. [E4 engine-versions]"""
PORTS = {"valkey": (6379, 6380), "redis": (6379, 6380), "memcached": (11211, 11212)}
"""Ports for writes, and for reads that any copy may answer; nothing changes them.

Many clients open both, whether or not they read from replicas, so both have to be open. [E4 set-up, "Grant network
access"; facts E19]
"""
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
SNAPSHOT_ARN = re.compile(
    r"arn:aws[a-z-]*:elasticache:(?P<region>[a-z0-9-]+):\d{12}:"
    r"(?P<kind>serverlesscachesnapshot|snapshot):[A-Za-z][A-Za-z0-9.-]*"
)
RDB_ARN = re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}/[^,]+")


class DataSpec(Spec):
    """Bounds of the data, in GB."""

    min: Integer | None = Field(default=None, description="Least, kept ready and billed always, GB")
    max: Integer | None = Field(default=None, description="Most; what is beyond is evicted, GB")


class EcpuSpec(Spec):
    """Bounds of the load, in ElastiCache Processing Units a second."""

    min: Integer | None = Field(default=None, description="Least, kept ready and billed always, ECPU a second")
    max: Integer | None = Field(default=None, description="Most; what is beyond is throttled, ECPU a second")


class UsageSpec(Spec):
    """What a serverless cache may grow to, and what it never shrinks below."""

    data_gb: DataSpec | None = Field(default=None, description="Bounds of the data")
    ecpu_per_s: EcpuSpec | None = Field(default=None, description="Bounds of the load")


class ServerlessOriginSpec(Spec):
    """What the cache is born with; it counts at birth only."""

    snapshots: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="ARNs of snapshots of serverless caches or replication groups, or of RDB files in S3"
    )


class ServerlessCacheSpec(Spec):
    """One serverless cache of Valkey, Redis OSS or Memcached. `name` is its key in the file."""

    name: Identifier
    engine: Literal["valkey", "redis", "memcached"] = Field(
        default="valkey", description="`valkey`, `redis` (Redis OSS) or `memcached`"
    )
    version: str = Field(default="8", description="Major engine version, quoted; minor ones come by themselves")
    moved_from: Literal["redis"] | None = Field(
        default=None, description="Engine that it was made with: its users stay of that engine, which Valkey takes too"
    )
    region: str | None = Field(default=None, description="One of `regions`; the first when left out")
    usage: UsageSpec | None = Field(default=None, description="Bounds of data and load; AWS's own when left out")
    users: dict[Identifier, UserSpec] = Field(default={}, description="Users, keyed by name")
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect, keyed by name")
    snapshot_retention_days: Annotated[Integer, Field(ge=0, le=limits.CACHE_SNAPSHOT_DAYS_MAX)] = Field(
        default=15, description="Days that automatic snapshots are kept, 0 for none"
    )
    daily_snapshot_time: str | None = Field(
        default=None, description='Time of day that a snapshot is taken, UTC, as in "03:00"; AWS chooses when left out'
    )
    origin: ServerlessOriginSpec | None = Field(default=None, description="Snapshots that it is born from")
    watch: ServerlessWatchSpec | None = Field(default=None, description="Alarms, events, a dashboard")
    protection: Switch = Field(default=True, description="Termination protection")
    tags: dict[str, str] = Field(default={}, description="Tags, beside those of the estate")
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    @property
    def user_engine(self) -> str:
        """Engine of the users and their group."""
        return self.moved_from or self.engine

    @property
    def user_of_kit(self) -> str | None:
        """Name of the user that may do nothing, which the kit makes where a group must have one."""
        if self.engine == "memcached":
            return None
        if self.user_engine == "redis":
            return "default"
        return None if self.users else "nobody"

    @property
    def ports(self) -> tuple[int, int]:
        """Port for everything, port for reads from any copy."""
        return PORTS[self.engine]


def _is_fine(spec: ServerlessCacheSpec) -> bool:
    return VERSION_FORMS[spec.engine].fullmatch(spec.version) is not None


def _malformed_version(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if not _is_fine(spec):
        major = spec.version.split(".")[0]
        near = major if spec.engine != "memcached" and major.isdigit() else KNOWN_VERSIONS[spec.engine][-1]
        yield Hit(("version",), spec.version, fix=f'write it as in "{near}"')


def _unknown_version(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if _is_fine(spec) and spec.version not in KNOWN_VERSIONS[spec.engine] and not any(_past_redis(spec)):
        yield Hit(("version",), spec.version, must=f"be one of {', '.join(KNOWN_VERSIONS[spec.engine])}")


def _past_redis(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if spec.engine == "redis" and _is_fine(spec) and int(spec.version) > REDIS_LAST:
        yield Hit(("version",), spec.version)


def _moved_from(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if spec.moved_from is not None and spec.engine != "valkey":
        yield Hit(("moved_from",), spec.moved_from, must=f"be left out with {spec.engine}")


Bounds = tuple[str, int | None, int | None, int, int, str]


def _bounds(spec: ServerlessCacheSpec) -> Iterator[Bounds]:
    usage = spec.usage or UsageSpec()
    if (data := usage.data_gb) is not None:
        yield "data_gb", data.min, data.max, limits.SERVERLESS_DATA_GB_MIN, limits.SERVERLESS_DATA_GB_MAX, "GB"
    if (ecpu := usage.ecpu_per_s) is not None:
        least, most = limits.SERVERLESS_ECPU_MIN, limits.SERVERLESS_ECPU_MAX
        yield "ecpu_per_s", ecpu.min, ecpu.max, least, most, "ECPU a second"


def _usage_range(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    for name, low, high, least, most, unit in _bounds(spec):
        for bound, value in (("min", low), ("max", high)):
            if value is not None and not least <= value <= most:
                side = "raise" if value < least else "lower"
                must = f"be {least:,} to {most:,} {unit}"
                yield Hit(("usage", name, bound), value, must=must, fix=f"{side} it, or leave it out for AWS's own")


def _usage_order(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    for name, low, high, *_ in _bounds(spec):
        if low is not None and high is not None and low > high:
            must = f"not be above {name}.max ({high})"
            yield Hit(("usage", name, "min"), low, must=must, fix=f"lower it, or raise {name}.max")


def _memcached_users(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if spec.engine == "memcached" and spec.users:
        yield Hit(("users",), len(spec.users))


def _snapshot_time(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if spec.daily_snapshot_time is not None and TIME.fullmatch(spec.daily_snapshot_time) is None:
        yield Hit(("daily_snapshot_time",), spec.daily_snapshot_time)


def _time_without_snapshots(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    if spec.daily_snapshot_time is not None and spec.snapshot_retention_days == 0:
        yield Hit(("daily_snapshot_time",), spec.daily_snapshot_time)


def _origin_form(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    for index, arn in enumerate(spec.origin.snapshots if spec.origin else ()):
        if not SNAPSHOT_ARN.fullmatch(arn) and not RDB_ARN.fullmatch(arn):
            yield Hit(("origin", "snapshots", index), arn)


def _origin_region(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    for index, arn in enumerate(spec.origin.snapshots if spec.origin else ()):
        found = SNAPSHOT_ARN.fullmatch(arn)
        if found and spec.region is not None and found["region"] != spec.region:
            yield Hit(("origin", "snapshots", index), arn, must=f"be of {spec.region}")


def _origin_engine(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    """Memcached on nodes has no snapshots, and no RDB file holds its data. [facts E14]"""
    for index, arn in enumerate(spec.origin.snapshots if spec.origin else ()):
        found = SNAPSHOT_ARN.fullmatch(arn)
        foreign = (found and found["kind"] == "snapshot") or RDB_ARN.fullmatch(arn)
        if spec.engine == "memcached" and foreign:
            yield Hit(("origin", "snapshots", index), arn)


def _unknown_overrides(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    yield from resources.unknown_overrides(resources.SERVERLESS_CACHE, spec.overrides)
    for name, user in spec.users.items():
        yield from resources.unknown_overrides(resources.USER, user.overrides, ("users", name))


def _wrong_overrides(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    yield from resources.wrong_overrides(resources.SERVERLESS_CACHE, spec.overrides)
    for name, user in spec.users.items():
        yield from resources.wrong_overrides(resources.USER, user.overrides, ("users", name))


def _identity_overrides(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    yield from resources.identity_overrides(resources.SERVERLESS_CACHE, spec.overrides)
    for name, user in spec.users.items():
        yield from resources.identity_overrides(resources.USER, user.overrides, ("users", name))


def _public(spec: ServerlessCacheSpec) -> Iterator[Hit]:
    value = spec.overrides.get("ConnectionType")
    if isinstance(value, str) and value.lower() == "public":
        yield Hit(("overrides", "ConnectionType"), value)


RULES: tuple[Rule[ServerlessCacheSpec], ...] = (
    Rule(
        id="serverless-cache/version-form",
        reads=("engine", "version"),
        broken=_malformed_version,
        must="be a major version alone: minor ones come by themselves",
        fix="leave the rest away",
    ),
    Rule(
        id="serverless-cache/version-unknown",
        reads=("engine", "version"),
        broken=_unknown_version,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [serverless-cache/version-unknown]`",
        level="warning",
    ),
    Rule(
        id="serverless-cache/redis-last",
        reads=("engine", "version"),
        broken=_past_redis,
        must=f"be {REDIS_LAST} at most with Redis OSS",
        fix='ElastiCache has no newer one: choose `engine: valkey`, or version "7"',
    ),
    Rule(
        id="serverless-cache/moved-from",
        reads=("engine", "moved_from"),
        broken=_moved_from,
        must="be left out",
        fix="only Redis OSS moves, and only to Valkey: see docs/options/engine-moves.md",
    ),
    Rule(
        id="serverless-cache/usage-range",
        reads=("usage",),
        broken=_usage_range,
        must="be within AWS's limits",
        fix="correct it",
    ),
    Rule(
        id="serverless-cache/usage-order",
        reads=("usage",),
        broken=_usage_order,
        must="not be above the maximum",
        fix="lower it",
    ),
    Rule(
        id="serverless-cache/memcached-users",
        reads=("users", "engine"),
        broken=_memcached_users,
        must="be left out: Memcached knows no users, passwords or IAM",
        fix="close it with `allow_from:`, or choose `engine: valkey`, whose users log in with IAM",
    ),
    Rule(
        id="serverless-cache/snapshot-time",
        reads=("daily_snapshot_time",),
        broken=_snapshot_time,
        must="be a time of day, hh:mm, UTC",
        fix='write it as in "03:00"',
    ),
    Rule(
        id="serverless-cache/time-without-snapshots",
        reads=("daily_snapshot_time", "snapshot_retention_days"),
        broken=_time_without_snapshots,
        must="be left out while snapshots are off",
        fix="remove it, or set snapshot_retention_days",
    ),
    Rule(
        id="serverless-cache/origin-form",
        reads=("origin",),
        broken=_origin_form,
        must="be the ARN of a snapshot, or of an RDB file in S3",
        fix="write it as in arn:aws:elasticache:eu-west-1:123456789012:serverlesscachesnapshot:name",
    ),
    Rule(
        id="serverless-cache/origin-region",
        reads=("origin", "region"),
        broken=_origin_region,
        must="be of the cache's own Region",
        fix="export it to S3 and take it from there in the other Region",
    ),
    Rule(
        id="serverless-cache/origin-engine",
        reads=("origin", "engine"),
        broken=_origin_engine,
        must="be a snapshot of a serverless Memcached cache",
        fix="only those hold data of Memcached: name one, or choose another engine",
    ),
    Rule(
        id="serverless-cache/public",
        reads=(),
        broken=_public,
        must="not be public",
        fix="remove it: the kit opens no cache to the internet; let sources in with `allow_from:`",
    ),
    Rule(
        id="serverless-cache/tags",
        reads=("tags",),
        broken=lambda spec: bad_tags(spec.tags),
        must="be tags that AWS takes",
        fix="correct them",
    ),
    Rule(
        id="serverless-cache/override-unknown",
        reads=(),
        broken=_unknown_overrides,
        must="be a property of the resource",
        fix="see the CloudFormation reference",
    ),
    Rule(
        id="serverless-cache/override-value",
        reads=(),
        broken=_wrong_overrides,
        must="be a value of the property",
        fix="see the resource's page in the CloudFormation reference",
    ),
    Rule(
        id="serverless-cache/override-identity",
        reads=(),
        broken=_identity_overrides,
        must=resources.MUST_BE_FREE,
        fix="runbooks find the resource by it: rename the key in the file instead",
    ),
    setting_rule("serverless-cache", OWNED_OF_SERVERLESS),
    *user_rules("serverless-cache"),
    *allow_rules("serverless-cache"),
    allow_count_rule("serverless-cache", ports=2),
    *WATCH_RULES,
)

ServerlessCacheSpec.RULES = RULES


def _many_caches(estate: Estate) -> Iterator[Hit]:
    regions = Counter(cache.region or estate.regions[0] for cache in estate.serverless_caches.values())
    for region, count in regions.items():
        if count > limits.SERVERLESS_CACHES_PER_REGION:
            yield Hit(("serverless_caches",), f"{count} in {region}")


def chosen_subnets(zones: Sequence[str]) -> tuple[int, ...]:
    """Which of a network's subnets a serverless cache takes, by the zone of each: one a zone, the first three."""
    first = {zone: index for index, zone in reversed(list(enumerate(zones)))}
    return tuple(sorted(first.values()))[: limits.SERVERLESS_SUBNETS_MAX]


def _subnets(estate: Estate) -> Iterator[Hit]:
    """A cache takes two or three subnets, each in a zone of its own; new networks are like that."""
    for name, cache in estate.serverless_caches.items():
        region = cache.region or estate.regions[0]
        network = estate.network.get(region)
        if network is None or not network.is_existing:
            continue
        if not network.availability_zones and len(network.subnets) > limits.SERVERLESS_SUBNETS_MAX:
            must = f"be given: serverless cache {name} takes {limits.SERVERLESS_SUBNETS_MAX} subnets in different zones"
            yield Hit(("network", region, "availability_zones"), None, must=must)


ESTATE_RULES: tuple[Rule[Estate], ...] = (
    Rule(
        id="estate/serverless-quota",
        reads=("serverless_caches",),
        broken=_many_caches,
        must=f"be {limits.SERVERLESS_CACHES_PER_REGION} at most in a Region without a quota increase",
        fix="raise the quota, then add `acknowledge: [estate/serverless-quota]`",
        level="warning",
    ),
    Rule(
        id="estate/serverless-subnets",
        reads=("network.*.subnets", "network.*.availability_zones", "serverless_caches.*.region"),
        broken=_subnets,
        must="be given for a serverless cache",
        fix="name the zone of each subnet, in their order: the first three are taken",
    ),
)
"""What only a whole file shows of its serverless caches."""
