"""What AWS does not have, no longer has, or this release does not declare: refused with the way out.

Sources: `facts` A18-A20 (RDS API model of botocore 1.44.5; Aurora user guide, September 2026), E11, E12.
"""

from __future__ import annotations

from dataclasses import dataclass

from estate.caches.every import UNITS as CACHE_UNITS
from estate.spec import Path


@dataclass(frozen=True, slots=True)
class Gone:
    """What must hold instead, and what to do."""

    rule: str
    must: str
    fix: str


AURORA_ENGINES = "be aurora-postgresql or aurora-mysql"
NO_SUCH_ENGINE = "aurora/engine-not-aurora"


def _rds_only(product: str) -> Gone:
    return Gone(NO_SUCH_ENGINE, AURORA_ENGINES, f"Aurora has no {product}; use Amazon RDS for {product}")


ENGINES: dict[str, Gone] = {
    "mariadb": Gone(
        NO_SUCH_ENGINE, AURORA_ENGINES, "Aurora has no MariaDB; use Amazon RDS for MariaDB, or aurora-mysql"
    ),
    "oracle": _rds_only("Oracle"),
    "sqlserver": _rds_only("SQL Server"),
    "db2": _rds_only("Db2"),
    "aurora": Gone(
        NO_SUCH_ENGINE,
        AURORA_ENGINES,
        "plain `aurora` was MySQL 5.6, gone since 28 Feb 2023: write aurora-mysql; "
        "for a community engine use Amazon RDS",
    ),
    "postgres": Gone(
        NO_SUCH_ENGINE, AURORA_ENGINES, "did you mean `aurora-postgresql`? `postgres` is Amazon RDS for PostgreSQL"
    ),
    "postgresql": Gone(
        NO_SUCH_ENGINE, AURORA_ENGINES, "did you mean `aurora-postgresql`? PostgreSQL alone is Amazon RDS's"
    ),
    "mysql": Gone(NO_SUCH_ENGINE, AURORA_ENGINES, "did you mean `aurora-mysql`? `mysql` is Amazon RDS for MySQL"),
}

CACHE_ENGINES: dict[str, Gone] = {
    "memcached": Gone(
        "cache/engine-memcached", "be valkey or redis", "declare Memcached under `memcached:`, beside `caches:`"
    ),
    "redis-oss": Gone("cache/engine-unknown", "be valkey or redis", "did you mean `redis`?"),
}

SERVERLESS_V1 = Gone(
    "aurora/serverless-v1",
    "not be used",
    "Aurora Serverless v1 ended on 31 Mar 2025: give instances `class: serverless`, bounded by `serverless:`; "
    "`min_acu: 0` pauses them; docs/options/retired.md leads an old cluster out",
)
MULTI_MASTER = Gone(
    "aurora/multi-master",
    "not be used",
    "Aurora Multi-Master ended with Aurora MySQL 1 on 28 Feb 2023: use one writer with `local_write_forwarding: on`, "
    "or Limitless Database or Aurora DSQL where one is too few; see docs/options/retired.md",
)
PARALLEL_QUERY = Gone(
    "aurora/engine-mode",
    "be left out",
    "that mode was Aurora MySQL 1's, gone since 28 Feb 2023: set the parameter aurora_parallel_query to ON instead",
)
GLOBAL_MODE = Gone(
    "aurora/engine-mode",
    "be left out",
    "that mode was Aurora MySQL 1's, gone since 28 Feb 2023: declare the other Regions under `global:`",
)
PROVISIONED_MODE = Gone(
    "aurora/engine-mode", "be left out", "remove it: `provisioned` is the only mode left, of serverless instances too"
)
ENGINE_MODES: dict[str, Gone] = {
    "serverless": SERVERLESS_V1,
    "multimaster": MULTI_MASTER,
    "parallelquery": PARALLEL_QUERY,
    "global": GLOBAL_MODE,
    "provisioned": PROVISIONED_MODE,
}
ENGINE_MODE = Gone(
    "aurora/engine-mode", "be left out", "remove it: every cluster is `provisioned` today, serverless instances too"
)
NO_AUTH = Gone(
    "cache/no-password", "not be used", "declare `users:`; they log in with IAM, or with `authentication: password`"
)
KEYS: dict[str, Gone] = {
    "engine_mode": ENGINE_MODE,
    "serverless_v1": SERVERLESS_V1,
    "scaling_configuration": SERVERLESS_V1,
    "auto_pause": SERVERLESS_V1,
    "multi_master": MULTI_MASTER,
    "multi_az": Gone(
        "aurora/no-such-setting",
        "not be used",
        "Aurora is in several zones by its instances: declare two at least, each in its own `zone`",
    ),
    "allocated_storage": Gone("aurora/no-such-setting", "not be used", "Aurora's volume grows by itself"),
    "iops": Gone("aurora/no-such-setting", "not be used", "Aurora sells no IOPS: `storage: io-optimized` bills none"),
    "storage_encrypted": Gone(
        "aurora/no-such-setting", "not be used", "the volume is always encrypted, by its own key"
    ),
    "publicly_accessible": Gone(
        "aurora/no-such-setting", "not be used", "no instance has a public address: let sources in with `allow_from:`"
    ),
    "auth_token": NO_AUTH,
    "password": NO_AUTH,
    "master_password": Gone(
        "aurora/no-password", "not be used", "RDS makes and keeps the master password in Secrets Manager"
    ),
    "appendonly": Gone(
        "cache/append-only",
        "not be used",
        "ElastiCache has no append-only file: use snapshots, Durability (Valkey 9.0), or Amazon MemoryDB",
    ),
}

NO_REPLICATION = Gone(
    "memcached/no-replication",
    "not be used",
    "Memcached nodes know nothing of each other, and a lost node's data is gone: "
    "use Valkey under `caches:`, which has replicas, failover and shards",
)
NO_SNAPSHOTS = Gone(
    "memcached/no-snapshots",
    "not be used",
    "Memcached on nodes has none: use Valkey under `caches:`, or `engine: memcached` under `serverless_caches:`, "
    "which has snapshots",
)
NO_PERSISTENCE = Gone(
    "memcached/no-persistence",
    "not be used",
    "Memcached keeps nothing but in memory: use Valkey under `caches:`, with snapshots or `durability:`",
)
NO_AUTHENTICATION = Gone(
    "memcached/no-authentication",
    "not be used",
    "ElastiCache's Memcached knows no users, passwords, IAM or SASL: close it with `allow_from:` and TLS, "
    "or use Valkey under `caches:`, whose `users:` log in with IAM",
)
NO_ENCRYPTION_AT_REST = Gone(
    "memcached/no-encryption-at-rest",
    "not be used",
    "Memcached on nodes stores nothing at rest: where it must be encrypted use Valkey under `caches:`, "
    "or `engine: memcached` under `serverless_caches:`",
)
NO_LOGS = Gone(
    "memcached/no-logs",
    "not be used",
    "ElastiCache delivers no logs of Memcached: its metrics and events are all there is, or use Valkey under `caches:`",
)
NO_AUTO_SCALING = Gone(
    "memcached/no-auto-scaling",
    "not be used",
    "Application Auto Scaling knows no Memcached: change `nodes:`, or use `engine: memcached` under "
    "`serverless_caches:`, which scales by itself",
)
NO_DATA_TIERING = Gone(
    "memcached/no-data-tiering",
    "not be used",
    "Memcached can't use the SSDs of r6gd nodes: use Valkey under `caches:`",
)
NO_MINOR_UPGRADES = Gone(
    "memcached/no-minor-upgrades",
    "not be used",
    "ElastiCache upgrades Valkey and Redis OSS by itself, Memcached never: change `version:` when you will",
)
ONLY_MEMCACHED = Gone(
    "memcached/engine",
    "be left out",
    "all below `memcached:` is Memcached; Valkey and Redis OSS stand under `caches:`",
)
MEMCACHED: dict[str, Gone] = {
    "engine": ONLY_MEMCACHED,
    "data_tiering": NO_DATA_TIERING,
    "autoscaling": NO_AUTO_SCALING,
    "minor_upgrades": NO_MINOR_UPGRADES,
    **dict.fromkeys(
        (
            *("replicas", "shards", "replica_of", "cluster_mode", "multi_az", "automatic_failover", "failover"),
            *("global", "global_datastore", "placement", "slo", "num_node_groups", "replicas_per_node_group"),
        ),
        NO_REPLICATION,
    ),
    **dict.fromkeys(("durability", "appendonly", "appendfsync", "persistence"), NO_PERSISTENCE),
    **dict.fromkeys(
        (
            *("snapshot_retention_days", "snapshot_window", "snapshots", "snapshot", "final_snapshot", "backup"),
            *("origin", "restore", "snapshot_name", "snapshot_arns", "snapshot_retention_limit"),
        ),
        NO_SNAPSHOTS,
    ),
    **dict.fromkeys(
        (
            *("users", "user", "user_group", "username", "auth", "auth_token", "password", "iam", "access"),
            *("sasl", "enable_sasl", "sasl_enabled", "sasl_mechanisms"),
        ),
        NO_AUTHENTICATION,
    ),
    **dict.fromkeys(
        ("kms_key", "kms_key_id", "key", "encrypted", "encryption", "at_rest_encryption", "storage_encrypted"),
        NO_ENCRYPTION_AT_REST,
    ),
    **dict.fromkeys(("log_retention_days", "log_exports", "log_delivery", "logs", "slow_log"), NO_LOGS),
}
"""What Memcached on nodes lacks. [E4] "Comparing Valkey, Memcached, and Redis OSS"; `facts` E11, E14."""

_ON_NODES = "declare a replication group under `caches:`"
SERVERLESS_SIZE = Gone(
    "serverless-cache/no-nodes",
    "not be used",
    "a serverless cache has no nodes to size or place: bound it with `usage:`, "
    "or declare it under `caches:` or `memcached:`",
)
SERVERLESS_SCALING = Gone(
    "serverless-cache/no-auto-scaling",
    "not be used",
    "a serverless cache scales by itself: `usage:` says between which bounds",
)
SERVERLESS_PORT = Gone(
    "serverless-cache/port",
    "be left out",
    "AWS's ports are 6379 and 6380, Memcached's 11211 and 11212; where another is needed "
    "declare a cache under `caches:` or `memcached:`",
)
SERVERLESS_PARAMETERS = Gone(
    "serverless-cache/no-parameters",
    "not be used",
    f"a serverless cache has no parameter group: where its defaults don't do, {_ON_NODES}, which has `parameters:`",
)
SERVERLESS_LOGS = Gone(
    "serverless-cache/no-logs",
    "not be used",
    f"a serverless cache delivers no logs: its metrics and events are all there is, or {_ON_NODES}",
)
SERVERLESS_WINDOW = Gone(
    "serverless-cache/no-window",
    "not be used",
    "minor versions come by themselves, without interruption; `daily_snapshot_time:` says when snapshots are taken",
)
SERVERLESS_DURABILITY = Gone(
    "serverless-cache/no-durability",
    "not be used",
    f"durability is of node-based Valkey 9.0 with cluster mode: {_ON_NODES}, or rely on snapshots",
)
SERVERLESS_GLOBAL = Gone(
    "serverless-cache/no-global",
    "not be used",
    f"a serverless cache has no global datastore: {_ON_NODES}, which has one",
)
SERVERLESS_AUTH = Gone(
    "serverless-cache/no-auth-token",
    "not be used",
    "a serverless cache knows users alone: declare `users:`; they log in with IAM, or with `authentication: password`",
)
SERVERLESS_TLS = Gone(
    "serverless-cache/always-encrypted",
    "be left out",
    "a serverless cache is always encrypted, on the way and at rest, by a key of its own",
)
SERVERLESS_PUBLIC = Gone(
    "serverless-cache/public",
    "be left out",
    "the kit opens no cache to the internet: let sources in with `allow_from:`",
)
SERVERLESS: dict[str, Gone] = {
    **dict.fromkeys(
        (
            *("class", "node_type", "node_class", "nodes", "shards", "replicas", "placement", "zone", "zones"),
            *("cluster_mode", "multi_az", "automatic_failover", "failover", "data_tiering", "subnets", "subnet_group"),
        ),
        SERVERLESS_SIZE,
    ),
    **dict.fromkeys(("autoscaling", "auto_scaling", "scaling"), SERVERLESS_SCALING),
    "port": SERVERLESS_PORT,
    **dict.fromkeys(("parameters", "parameter_group"), SERVERLESS_PARAMETERS),
    **dict.fromkeys(("log_retention_days", "log_exports", "log_delivery", "logs"), SERVERLESS_LOGS),
    **dict.fromkeys(("maintenance_window", "snapshot_window", "minor_upgrades", "extended_support"), SERVERLESS_WINDOW),
    **dict.fromkeys(("durability", "persistence"), SERVERLESS_DURABILITY),
    **dict.fromkeys(("global", "global_datastore"), SERVERLESS_GLOBAL),
    **dict.fromkeys(("auth_token", "password"), SERVERLESS_AUTH),
    **dict.fromkeys(("transit_encryption", "at_rest_encryption", "encrypted", "kms_key", "kms_key_id"), SERVERLESS_TLS),
    **dict.fromkeys(("connection_type", "public", "publicly_accessible"), SERVERLESS_PUBLIC),
}
"""What serverless caches lack. [B] CreateServerlessCache; `facts` E9, E13, E19."""


def _said_by(fix: str) -> Gone:
    """A name that AWS or another kit has for what a setting here says."""
    return Gone("cache/no-such-setting", "not be used", fix)


_COUNT = _said_by("write `replicas:`, which the primary is not counted in, and `shards:`")
_FAILOVER = _said_by("it is on with one replica at least: write `replicas: 1`; `replicas: 0` turns it off")
_PLACEMENT = _said_by("write `placement:`, which names zones of the network by number")
_ENCRYPTED = _said_by("remove it: data is always encrypted, by the cache's own key")
_TLS = _said_by("write `transit_encryption: required` or `preferred`; it is never off")
_PARAMETERS = _said_by("write `parameters:`; the group is made from them")
_SUBNETS = _said_by("remove it: the cache stands in the isolated subnets of `network:`")
_LOGS = _said_by(
    "remove it: engine and slow log are delivered anyway; `log_retention_days:` says how long they are kept"
)
_BACKUP = _said_by("write `snapshot_retention_days:`")
_ORIGIN = _said_by("write `origin:`, with `snapshot` or `rdb`")
_TOPIC = "write `watch:`, which makes topics, alarms and a dashboard; its `notify` names whom they tell"
_WATCH_KEYS = (
    *("notification_topic_arn", "notification_topic", "notification_arn", "sns_topic", "sns_topic_arn", "notify"),
    *("alarms", "alarm_actions", "events", "dashboard", "monitoring", "watching"),
)
REPLICATION_GROUP: dict[str, Gone] = {
    **dict.fromkeys(_WATCH_KEYS, _said_by(_TOPIC)),
    **dict.fromkeys(
        ("num_cache_clusters", "number_cache_clusters", "cluster_size", "nodes", "num_nodes", "node_count"), _COUNT
    ),
    **dict.fromkeys(("num_node_groups", "num_shards", "node_groups"), _said_by("write `shards:`")),
    **dict.fromkeys(
        ("replicas_per_node_group", "num_replicas", "replica_count"),
        _said_by("write `replicas:`, of each shard, the primary not counted"),
    ),
    **dict.fromkeys(
        ("automatic_failover", "automatic_failover_enabled", "failover", "multi_az", "multi_az_enabled"), _FAILOVER
    ),
    **dict.fromkeys(
        ("node_type", "cache_node_type", "instance_type"), _said_by("write `class:`, as in cache.r7g.large")
    ),
    **dict.fromkeys(
        ("node_group_configuration", "preferred_cache_cluster_azs", "availability_zones", "zones", "zone"), _PLACEMENT
    ),
    **dict.fromkeys(
        (
            *("at_rest_encryption", "at_rest_encryption_enabled", "storage_encrypted", "encrypted", "encryption"),
            *("kms_key", "kms_key_id", "key"),
        ),
        _ENCRYPTED,
    ),
    **dict.fromkeys(("slow_log", "engine_log", "logs", "log_delivery", "log_delivery_configurations"), _LOGS),
    **dict.fromkeys(("snapshot", "snapshot_name", "snapshot_arns", "restore", "restore_from"), _ORIGIN),
    **dict.fromkeys(("transit_encryption_enabled", "transit_encryption_mode", "tls"), _TLS),
    **dict.fromkeys(("snapshot_retention_limit", "snapshot_retention", "snapshots", "backup", "backups"), _BACKUP),
    **dict.fromkeys(("parameter_group", "parameter_group_name", "cache_parameter_group_name"), _PARAMETERS),
    **dict.fromkeys(("user_group_ids", "user_group"), _said_by("write `users:`; the group of them is made")),
    **dict.fromkeys(("subnet_group", "subnet_group_name", "cache_subnet_group_name", "subnet_ids"), _SUBNETS),
    "engine_version": _said_by("write `version:`, quoted"),
    "data_tiering_enabled": _said_by("write `data_tiering:`, or nothing: the class decides"),
    "cluster_mode_enabled": _said_by("write `cluster_mode: enabled`, or nothing: more than one shard turns it on"),
    "serverless": _said_by("declare it under `serverless_caches:`, beside `caches:`"),
}
"""What AWS's API, CloudFormation and other kits call the settings of a replication group."""

_MEMCACHED_NAMES = {
    "write `nodes:`": ("num_cache_nodes", "num_nodes", "node_count", "cluster_size", "num_cache_clusters"),
    "write `class:`, as in cache.r7g.large": ("node_type", "cache_node_type", "instance_type"),
    "remove it: nodes stand in the network's zones in turn; `zones: [1, 2, 1]` says otherwise": (
        *("az_mode", "availability_zones", "preferred_availability_zones", "preferred_availability_zone", "zone"),
    ),
    "write `transit_encryption:`, on or off": ("tls", "transit_encryption_enabled", "transit_encryption_mode"),
    "write `version:`, quoted": ("engine_version",),
    "write `parameters:`; the group is made from them": (
        *("parameter_group", "parameter_group_name", "cache_parameter_group_name"),
    ),
    "remove it: the nodes stand in the isolated subnets of `network:`": (
        *("subnet_group", "subnet_group_name", "cache_subnet_group_name", "subnet_ids"),
    ),
    "declare it under `serverless_caches:`, beside `memcached:`": ("serverless",),
    _TOPIC: _WATCH_KEYS,
}
"""What AWS's API, CloudFormation and other kits call the settings of a Memcached cluster, by what to write here."""
MEMCACHED_NAMES: dict[str, Gone] = {
    name: Gone("memcached/no-such-setting", "not be used", fix)
    for fix, given in _MEMCACHED_NAMES.items()
    for name in given
}

_SERVERLESS_NAMES = {
    "write `usage:`": ("cache_usage_limits", "limits", "max_data", "max_ecpu"),
    "write `version:`, quoted": ("major_engine_version", "engine_version"),
    "write `snapshot_retention_days:`": ("snapshot_retention_limit", "snapshot_retention", "backup", "backups"),
    "write `origin:`, with `snapshots`": ("snapshot_arns_to_restore", "snapshot_arns", "restore"),
    "write `users:`; the group of them is made": ("user_group", "user_group_id"),
    "remove it: a last snapshot is taken anyway, named after the cache": ("final_snapshot", "final_snapshot_name"),
    _TOPIC: _WATCH_KEYS,
}
"""What AWS's API and CloudFormation call the settings of a serverless cache, by what to write here."""
SERVERLESS_NAMES: dict[str, Gone] = {
    name: Gone("serverless-cache/no-such-setting", "not be used", fix)
    for fix, given in _SERVERLESS_NAMES.items()
    for name in given
}

KEYS_BY_UNIT: dict[str, dict[str, Gone]] = {
    "caches": REPLICATION_GROUP,
    "memcached": MEMCACHED | MEMCACHED_NAMES,
    "serverless_caches": SERVERLESS | SERVERLESS_NAMES,
}
"""Keys of one kind of member, `<unit>.<name>.<key>`; they win over the general ones above."""


SECTIONS: dict[str, Gone] = {
    name: Gone("key/unknown", "be a known key", fix)
    for name, fix in {
        "redis": "Redis OSS stands under `caches:`, with `engine: redis`",
        "valkey": "Valkey stands under `caches:`, its default engine",
        "elasticache": "declare caches under `caches:`, `memcached:` or `serverless_caches:`",
    }.items()
}
"""What somebody may look for at the top of the file."""


def key_at(path: Path, value: object) -> Gone | None:
    """The way out for a key that is none; what `engine_mode` gets depends on the mode."""
    name = str(path[-1])
    if len(path) == 3 and name in (own := KEYS_BY_UNIT.get(str(path[0]), {})):  # noqa: PLR2004 - unit.name.key
        return own[name]
    if len(path) == 1 and name in SECTIONS:
        return SECTIONS[name]
    if name == "engine_mode":
        return ENGINE_MODES.get(str(value).lower().replace("-", "").replace("_", ""), ENGINE_MODE)
    return KEYS.get(name)


def value_at(path: Path, value: str) -> Gone | None:
    """The way out for a retired or foreign engine at `path`."""
    if len(path) != 3 or path[2] != "engine":  # noqa: PLR2004 - aurora.<name>.engine
        return None
    name = value.lower()
    if path[0] in CACHE_UNITS:
        return CACHE_ENGINES.get(name)
    return ENGINES.get(name) or next(
        (ENGINES[key] for key in ("oracle", "sqlserver", "db2") if name.startswith(key)), None
    )
