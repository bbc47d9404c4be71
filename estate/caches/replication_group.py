"""What one ElastiCache replication group is declared to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from estate import engines, limits, resources, windows
from estate.caches import common
from estate.caches.auth_token import RULES as AUTH_TOKEN_RULES
from estate.caches.auth_token import AuthTokenSpec
from estate.caches.durability import RULES as DURABILITY_RULES
from estate.caches.global_datastore import RULES as GLOBAL_RULES
from estate.caches.global_datastore import GlobalDatastoreSpec, over_secondaries
from estate.caches.layout import RULES as LAYOUT_RULES
from estate.caches.layout import ShardSpec, shards_of
from estate.caches.node_classes import RULES as CLASS_RULES
from estate.caches.node_classes import TIERED
from estate.caches.origin import RULES as ORIGIN_RULES
from estate.caches.origin import CacheOriginSpec
from estate.caches.overridden import RULES as OVERRIDDEN_RULES
from estate.caches.parameters import RULES as PARAMETER_RULES
from estate.caches.scaling import RULES as SCALING_RULES
from estate.caches.scaling import CacheAutoscalingSpec
from estate.caches.transit import RULES as TRANSIT_RULES
from estate.caches.users import RULES as USER_RULES
from estate.caches.users import UserSpec
from estate.caches.watching import RULES as WATCH_RULES
from estate.caches.watching import CacheWatchSpec
from estate.reach import AllowSpec, allow_count_rule, allow_rules
from estate.spec import ACKNOWLEDGE, OVERRIDES, Acknowledge, Hit, Identifier, Integer, Overrides, Rule, Spec, Switch
from estate.tags import bad_tags


class ReplicationGroupSpec(Spec):
    """One Valkey or Redis OSS replication group. `name` is its key in the file."""

    name: Identifier
    engine: Literal["valkey", "redis"] = Field(default="valkey", description="`valkey` or `redis` (Redis OSS)")
    version: str = Field(default="8.2", description="Engine version, quoted; 7.1 for Redis OSS when left out")
    moved_from: Literal["redis"] | None = Field(
        default=None, description="Engine that it was made with: its users stay of that engine, which Valkey takes too"
    )
    region: str | None = Field(default=None, description="One of `regions`; the first when left out")
    node_class: str = Field(default="cache.r7g.large", alias="class", description="Node type of every node")
    shards: Annotated[Integer, Field(ge=1, le=limits.NODES_MAX)] = Field(
        default=1, description="Shards; more than one turns cluster mode on"
    )
    replicas: Annotated[Integer, Field(ge=0, le=limits.REPLICAS_MAX)] = Field(
        default=1, description="Replicas of each shard, in other zones"
    )
    cluster_mode: Literal["disabled", "compatible", "enabled"] | None = Field(
        default=None, description="By the number of shards when left out; `compatible` is the way from one to the other"
    )
    placement: dict[str, ShardSpec] | None = Field(
        default=None, description='Where each shard stands at birth, keyed by its id: "0001", "0002"'
    )
    data_tiering: Switch | None = Field(
        default=None, description="Data on SSDs beside memory: on for the classes that have them, which need it"
    )
    durability: Literal["sync", "async", "disabled"] | None = Field(
        default=None,
        description="Writes are kept in several zones before (`sync`) or after (`async`) the answer; `disabled` turns "
        "that off again, and leaving it out lets ElastiCache decide",
    )
    transit_encryption: Literal["required", "preferred"] = Field(
        default="required", description="`preferred` lets clients in without TLS while they are moved"
    )
    port: Annotated[Integer, Field(ge=limits.CACHE_PORT_MIN, le=limits.PORT_MAX)] = Field(
        default=6380, description="TCP port; it can't be changed later"
    )
    users: dict[Identifier, UserSpec] = Field(default={}, description="Users, keyed by name")
    auth_token: AuthTokenSpec | None = Field(
        default=None, description="A password for everybody, in Secrets Manager, for Redis OSS before 6.0"
    )
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect, keyed by name")
    autoscaling: CacheAutoscalingSpec | None = Field(default=None, description="Auto scaling of shards and replicas")
    origin: CacheOriginSpec | None = Field(default=None, description="What the group is born from")
    global_datastore: GlobalDatastoreSpec | None = Field(
        default=None, alias="global", description="Global datastore: secondary Regions"
    )
    watch: CacheWatchSpec | None = Field(default=None, description="Alarms, events, a dashboard")
    snapshot_retention_days: Annotated[Integer, Field(ge=0, le=limits.CACHE_SNAPSHOT_DAYS_MAX)] = Field(
        default=15, description="Days that automatic snapshots are kept, 0 for none"
    )
    snapshot_window: str | None = Field(default=None, description="Daily, UTC, `hh24:mi-hh24:mi`, 60 minutes or more")
    maintenance_window: str | None = Field(
        default=None, description="Weekly, UTC, `ddd:hh24:mi-ddd:hh24:mi`, 60 minutes or more"
    )
    log_retention_days: Integer = Field(default=365, description="Days that engine and slow logs are kept")
    parameters: dict[str, str] = Field(default={}, description="Parameters of the group, values quoted")
    protection: Switch = Field(default=True, description="Termination protection")
    minor_upgrades: Switch = Field(default=True, description="Minor versions are applied in the maintenance window")
    extended_support: Switch = Field(default=False, description="Run a version past standard support, at a price")
    tags: dict[str, str] = Field(default={}, description="Tags, beside those of the estate")
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    @property
    def mode(self) -> Literal["disabled", "compatible", "enabled"]:
        """Cluster mode: what the file says, else on with more than one shard, so that any client can use one."""
        return self.cluster_mode or ("enabled" if self.shards > 1 else "disabled")

    @property
    def user_engine(self) -> Literal["valkey", "redis"]:
        """Engine of the users and their group."""
        return self.moved_from or self.engine

    @property
    def has_user_group(self) -> bool:
        """Whether the group takes users: none before 6.0, beside an AUTH token or with TLS `preferred`."""
        is_by_token = self.auth_token is not None and not self.auth_token.replaced_by_users
        return not is_by_token and self.transit_encryption == "required" and not self.is_before_users

    @property
    def user_of_kit(self) -> str | None:
        """Name of the user that may do nothing, which the kit makes where a group must have one."""
        if not self.has_user_group:
            return None
        if self.user_engine == "redis":
            return "default"
        return None if self.users else "nobody"

    @property
    def is_before_users(self) -> bool:
        """Redis OSS before 6.0 knows no users, only one password. [E4 Clusters.RBAC]"""
        return (
            self.engine == "redis"
            and engines.is_well_formed(self.engine, self.version)
            and engines.parsed(self.engine, self.version) < engines.CACHE_USERS_FROM
        )

    @property
    def has_data_tiering(self) -> bool:
        """Nodes with SSDs use them; ElastiCache knows no other way. [B] CreateReplicationGroup.DataTieringEnabled"""
        return self.node_class.startswith(TIERED)

    @property
    def is_durable(self) -> bool:
        """Whether writes are kept in several zones."""
        return self.durability in {"sync", "async"}

    def replicas_of(self, shard: ShardSpec) -> int:
        """Its own, or the group's."""
        return self.replicas if shard.replicas is None else shard.replicas

    @property
    def replica_counts(self) -> tuple[int, ...]:
        """Replicas of each shard; those that the placement leaves out have the group's."""
        placed = tuple(self.replicas_of(shard) for shard in shards_of(self).values())
        return placed + (self.replicas,) * (self.shards - len(placed))

    @property
    def least_replicas(self) -> int:
        """Replicas of the shard that has fewest."""
        return min(self.replica_counts)

    @property
    def is_multi_az(self) -> bool:
        """Every shard has a replica to be promoted in another zone."""
        return self.least_replicas > 0

    @property
    def fails_over(self) -> bool:
        """Cluster mode requires automatic failover; without it, it needs a replica to promote."""
        return self.mode == "enabled" or self.replicas > 0

    @property
    def nodes(self) -> int:
        """Nodes of the whole group: each shard has a primary and its replicas."""
        return sum(1 + count for count in self.replica_counts)


def _is_fine(spec: ReplicationGroupSpec) -> bool:
    return engines.is_well_formed(spec.engine, spec.version)


def _moved_from(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.moved_from is not None and spec.engine != "valkey":
        yield Hit(("moved_from",), spec.moved_from)


def _malformed_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if not _is_fine(spec):
        yield Hit(("version",), spec.version, fix=f'write it as in "{engines.VERSION_EXAMPLES[spec.engine]}"')


def _unknown_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if _is_fine(spec) and spec.version not in engines.known_versions(spec.engine):
        yield Hit(("version",), spec.version, must=f"be known to the data of {engines.data_date()}")


def _old_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.is_before_users and not spec.extended_support:
        yield Hit(("version",), spec.version)


def _ending_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    ends = engines.cache_ends(spec.engine, spec.version) if _is_fine(spec) else None
    if ends is not None and not spec.extended_support:
        yield Hit(("version",), spec.version, must=f"be in standard support beyond {ends}")


def _past_redis(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    is_redis = spec.engine == "redis" and _is_fine(spec)
    if is_redis and engines.parsed(spec.engine, spec.version)[:2] > engines.CACHE_REDIS_LAST:
        yield Hit(("version",), spec.version)


def _malformed_class(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from common.malformed_class(spec.node_class)


def _unknown_class(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from common.unknown_class(spec.node_class)


def _class_not_in_region(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from common.class_not_in_region(spec.node_class, spec.region)


def _nodes(spec: ReplicationGroupSpec) -> str:
    each = f"{spec.shards} x {1 + spec.replicas} = " if len(set(spec.replica_counts)) == 1 else ""
    return f"{each}{spec.nodes}"


def _too_many_nodes(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    is_older = _is_fine(spec) and engines.parsed(spec.engine, spec.version) < engines.CACHE_MANY_NODES_FROM
    most = limits.NODES_MAX_OLDER if is_older else limits.NODES_MAX
    if spec.nodes > most:
        yield Hit(("shards",), _nodes(spec), must=f"make {most} nodes at most, replicas counted")


def _many_nodes(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if limits.NODES_DEFAULT < spec.nodes <= limits.NODES_MAX:
        yield Hit(("shards",), _nodes(spec))


def _no_replica(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    fix = ""
    if spec.mode == "enabled":
        fix = (
            "without a replica a failed node loses its data, and CloudFormation is reported to fail on every later "
            "change of such a group (cfn-roadmap #1275): add one, or `acknowledge: [cache/no-replica]`"
        )
    for name, shard in shards_of(spec).items():
        if shard.replicas == 0:
            yield Hit(("placement", name, "replicas"), shard.replicas, fix=fix)
    if spec.replicas == 0 and sum(shard.replicas is not None for shard in shards_of(spec).values()) < spec.shards:
        yield Hit(("replicas",), spec.replicas, fix=fix)


def _default_port(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.engine == "redis" and spec.port == 6379:  # noqa: PLR2004 - the usual port of Redis
        yield Hit(("port",), spec.port)


def _snapshot_window(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    window = spec.snapshot_window
    if window is not None and windows.daily_span(window) is None:
        yield Hit(("snapshot_window",), window)


def _maintenance_window(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from common.malformed_maintenance_window(spec.maintenance_window)


def _short_windows(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from common.short_snapshot_window(spec.snapshot_window)
    yield from common.short_maintenance_window(spec.maintenance_window)


def _windows_overlap(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if windows.overlap(spec.snapshot_window, spec.maintenance_window):
        yield Hit(("snapshot_window",), spec.snapshot_window)


def _window_without_snapshots(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.snapshot_window is not None and spec.snapshot_retention_days == 0:
        yield Hit(("snapshot_window",), spec.snapshot_window)


def _log_retention(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.log_retention_days not in limits.LOG_RETENTION_DAYS:
        yield Hit(("log_retention_days",), spec.log_retention_days)


def _unknown_overrides(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from resources.unknown_overrides(resources.REPLICATION_GROUP, spec.overrides)
    for name, user in spec.users.items():
        yield from resources.unknown_overrides(resources.USER, user.overrides, ("users", name))


def _wrong_overrides(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from resources.wrong_overrides(resources.REPLICATION_GROUP, spec.overrides)
    for name, user in spec.users.items():
        yield from resources.wrong_overrides(resources.USER, user.overrides, ("users", name))


def _identity_overrides(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    yield from resources.identity_overrides(resources.REPLICATION_GROUP, spec.overrides)
    for name, user in spec.users.items():
        yield from resources.identity_overrides(resources.USER, user.overrides, ("users", name))


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/moved-from",
        reads=("engine", "moved_from"),
        broken=_moved_from,
        must="be left out with Redis OSS",
        fix="it says where a Valkey cache came from: see docs/options/engine-moves.md",
    ),
    Rule(
        id="cache/version-form",
        reads=("engine", "version"),
        broken=_malformed_version,
        must="be a version of the engine",
        fix="see docs/estate.md",
    ),
    Rule(
        id="cache/version-unknown",
        reads=("engine", "version"),
        broken=_unknown_version,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [cache/version-unknown]`",
        level="warning",
    ),
    Rule(
        id="cache/redis-last",
        reads=("engine", "version"),
        broken=_past_redis,
        must="be 7.1 at most with Redis OSS",
        fix='ElastiCache has no newer one: choose `engine: valkey`, or version "7.1"',
    ),
    Rule(
        id="cache/extended-support",
        reads=("engine", "version", "extended_support"),
        broken=_old_version,
        must="be in standard support",
        fix="Redis OSS 4 and 5 are in Extended Support since 1 Feb 2026: choose 6.0 or newer, or set "
        "`extended_support: on`, which is billed, and `auth_token:`, for they know no users",
    ),
    Rule(
        id="cache/version-ending",
        reads=("engine", "version", "extended_support"),
        broken=_ending_version,
        must="be in standard support beyond next year",
        fix='choose Valkey 8.2, or version "7.1", both in place; or set `extended_support: on`, which is billed then, '
        "or add `acknowledge: [cache/version-ending]`",
        level="warning",
    ),
    Rule(
        id="cache/class-form",
        reads=("class",),
        broken=_malformed_class,
        must="be a node type such as cache.r7g.large",
        fix="see docs/estate.md",
    ),
    Rule(
        id="cache/class-unknown",
        reads=("class",),
        broken=_unknown_class,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [cache/class-unknown]`",
        level="warning",
    ),
    Rule(
        id="cache/class-region",
        reads=("class", "region"),
        broken=_class_not_in_region,
        must="be offered in the Region",
        fix="choose another class, or add `acknowledge: [cache/class-region]` if it has arrived there",
        level="warning",
    ),
    Rule(
        id="cache/nodes-max",
        reads=("shards", "replicas", "placement", "engine", "version"),
        broken=_too_many_nodes,
        must=f"make {limits.NODES_MAX} nodes at most, replicas counted",
        fix="declare fewer shards or replicas",
    ),
    Rule(
        id="cache/nodes-quota",
        reads=("shards", "replicas", "placement"),
        broken=_many_nodes,
        must=f"make {limits.NODES_DEFAULT} nodes at most without a quota increase",
        fix="raise the quota `nodes per cluster`, then add `acknowledge: [cache/nodes-quota]`",
        level="warning",
    ),
    Rule(
        id="cache/no-replica",
        reads=("shards", "replicas", "placement"),
        broken=_no_replica,
        must="be 1 at least",
        fix="without a replica a failed node loses its data: add one, or `acknowledge: [cache/no-replica]`",
        acknowledge=True,
    ),
    Rule(
        id="cache/default-port",
        reads=("port", "engine"),
        broken=_default_port,
        must="not be Redis's usual one",
        fix="rule packs refuse it: choose another, or add `acknowledge: [cache/default-port]`",
        level="warning",
    ),
    Rule(
        id="cache/snapshot-window",
        reads=("snapshot_window",),
        broken=_snapshot_window,
        must="be written hh24:mi-hh24:mi, UTC",
        fix='write it as in "03:00-04:00"',
    ),
    Rule(
        id="cache/maintenance-window",
        reads=("maintenance_window",),
        broken=_maintenance_window,
        must="be written ddd:hh24:mi-ddd:hh24:mi, UTC",
        fix='write it as in "sun:05:00-sun:06:00"',
    ),
    Rule(
        id="cache/window-length",
        reads=("snapshot_window", "maintenance_window"),
        broken=_short_windows,
        must=f"last {limits.CACHE_WINDOW_MINUTES_MIN} minutes at least",
        fix="lengthen it",
    ),
    Rule(
        id="cache/window-overlap",
        reads=("snapshot_window", "maintenance_window"),
        broken=_windows_overlap,
        must="not overlap the maintenance window",
        fix="move one of the two",
    ),
    Rule(
        id="cache/window-without-snapshots",
        reads=("snapshot_window", "snapshot_retention_days"),
        broken=_window_without_snapshots,
        must="be left out while snapshots are off",
        fix="remove it, or set snapshot_retention_days",
    ),
    Rule(
        id="cache/log-retention",
        reads=("log_retention_days",),
        broken=_log_retention,
        must="be a retention that CloudWatch Logs has",
        fix="choose one of 30, 90, 180, 365, 731",
    ),
    Rule(
        id="cache/tags",
        reads=("tags",),
        broken=lambda spec: bad_tags(spec.tags),
        must="be tags that AWS takes",
        fix="correct them",
    ),
    Rule(
        id="cache/override-unknown",
        reads=(),
        broken=_unknown_overrides,
        must="be a property of the resource",
        fix="see the CloudFormation reference",
    ),
    Rule(
        id="cache/override-value",
        reads=(),
        broken=_wrong_overrides,
        must="be a value of the property",
        fix="see the resource's page in the CloudFormation reference",
    ),
    Rule(
        id="cache/override-identity",
        reads=(),
        broken=_identity_overrides,
        must=resources.MUST_BE_FREE,
        fix="runbooks find the resource by it: rename the key in the file instead",
    ),
    *allow_rules("cache"),
    allow_count_rule("cache"),
    *LAYOUT_RULES,
    *CLASS_RULES,
    *DURABILITY_RULES,
    *TRANSIT_RULES,
    *OVERRIDDEN_RULES,
    *USER_RULES,
    *AUTH_TOKEN_RULES,
    *PARAMETER_RULES,
    *ORIGIN_RULES,
    *SCALING_RULES,
    *GLOBAL_RULES,
    *WATCH_RULES,
)

ReplicationGroupSpec.RULES = over_secondaries(RULES)
