"""Parameters by family of Valkey and Redis OSS: what each may be, from which version on, which ElastiCache keeps.

Names and values of redis5.0 from the service's own list [AWS CLI, examples of DescribeEngineDefaultParameters]; what
later families add, change and remove from the user guide [E4 ParameterGroups.Engine, with 9.0 and 9.1]; names of the
engine's own configuration from a running Valkey 9.1 (`CONFIG GET *`). What is not known here is warned of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter may be; `beside` are values outside its range that it takes as well."""

    kind: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    since: tuple[int, ...] = ()
    """The first version that reads it, where its family began without."""
    instead: str | None = None
    """What to do instead of setting it; None where it can be set."""


Family = Mapping[str, Parameter]
TEXT = Parameter("text")
YES_NO = Parameter("choice", choices=("yes", "no"))
BY_CLASS = "remove it: the class of the nodes decides, so choose a larger one for more"
BY_SERVICE = "remove it: ElastiCache keeps it"
BY_REPLICATION = "remove it: ElastiCache keeps how replicas follow their primary"


def names_of(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def whole(low: int | None = 0, high: int | None = None, *beside: str) -> Parameter:
    return Parameter("integer", low, high, beside=beside)


def one_of(*choices: str) -> Parameter:
    return Parameter("choice", choices=choices)


def kept(instead: str) -> Parameter:
    return Parameter("text", instead=instead)


POLICIES = names_of(
    "volatile-lru allkeys-lru volatile-lfu allkeys-lfu volatile-random allkeys-random volatile-ttl noeviction"
)
LETTERS = "KEg$lshzxeA"
"""Classes of keyspace events in the guide, which warns of any other. [E4 ParameterGroups.Redis.2-8-6]"""
ENGINE_LETTERS = "tdmn"
"""Classes that engines have since: streams, modules, misses, new keys. [valkey.io/topics/notifications]"""

_COUNTS = (
    "client-output-buffer-limit-normal-hard-limit client-output-buffer-limit-normal-soft-limit "
    "client-output-buffer-limit-normal-soft-seconds client-output-buffer-limit-pubsub-hard-limit "
    "client-output-buffer-limit-pubsub-soft-limit client-output-buffer-limit-pubsub-soft-seconds "
    "hash-max-ziplist-entries hash-max-ziplist-value lfu-decay-time list-compress-depth min-replicas-max-lag "
    "min-replicas-to-write repl-backlog-ttl set-max-intset-entries slowlog-max-len stream-node-max-bytes "
    "stream-node-max-entries tcp-keepalive zset-max-ziplist-entries zset-max-ziplist-value"
)
_SWITCHES = (
    "activedefrag activerehashing close-on-replica-write cluster-require-full-coverage lazyfree-lazy-eviction "
    "lazyfree-lazy-expire lazyfree-lazy-server-del lua-replicate-commands"
)
_APPEND_ONLY = "use snapshots, Durability (Valkey 9.0), or Amazon MemoryDB"

REDIS5: Family = {
    **dict.fromkeys(names_of(_COUNTS), whole()),
    **dict.fromkeys(names_of(_SWITCHES), YES_NO),
    **dict.fromkeys(("appendfsync", "appendonly"), kept(_APPEND_ONLY)),
    **dict.fromkeys(
        names_of(
            "client-output-buffer-limit-replica-hard-limit client-output-buffer-limit-replica-soft-limit "
            "client-output-buffer-limit-replica-soft-seconds maxclients maxmemory"
        ),
        kept(BY_CLASS),
    ),
    **dict.fromkeys(
        names_of("repl-timeout replica-allow-chaining replica-ignore-maxmemory replica-lazy-flush"),
        kept(BY_REPLICATION),
    ),
    **dict.fromkeys(("list-max-ziplist-size", "lua-time-limit"), kept(BY_SERVICE)),
    "active-defrag-cycle-max": whole(1, 75),
    "active-defrag-cycle-min": whole(1, 75),
    "active-defrag-ignore-bytes": whole(1_048_576),
    "active-defrag-max-scan-fields": whole(1, 1_000_000),
    "active-defrag-threshold-lower": whole(1, 100),
    "active-defrag-threshold-upper": whole(1, 100),
    "client-query-buffer-limit": whole(1_048_576, 1_073_741_824),
    "cluster-enabled": kept("remove it: `cluster_mode` and `shards` decide"),
    "databases": whole(1, 1_200_000),
    "hll-sparse-max-bytes": whole(1, 16_000),
    "lfu-log-factor": whole(1),
    "maxmemory-policy": one_of(*POLICIES),
    "maxmemory-samples": whole(1),
    "notify-keyspace-events": Parameter("letters", choices=tuple(LETTERS + ENGINE_LETTERS)),
    "proto-max-bulk-len": whole(1_048_576, 536_870_912),
    "rename-commands": TEXT,
    "repl-backlog-size": whole(16_384),
    "reserved-memory": kept("set `reserved-memory-percent`, which is right for nodes of any size"),
    "reserved-memory-percent": whole(0, 100),
    "slowlog-log-slower-than": whole(None),
    "timeout": whole(20, None, "0"),
}
REDIS6: Family = {
    **{name: known for name, known in REDIS5.items() if name != "lua-replicate-commands"},
    "acl-pubsub-default": replace(one_of("resetchannels", "allchannels"), since=(6, 2)),
    "acllog-max-len": whole(1, 10_000),
    "active-expire-effort": whole(1, 10),
    "cluster-allow-reads-when-down": YES_NO,
    "lazyfree-lazy-user-del": YES_NO,
    "tracking-table-max-keys": whole(1, 100_000_000),
}
REDIS7: Family = {
    **{name: known for name, known in REDIS6.items() if "ziplist" not in name},
    **dict.fromkeys(
        names_of("hash-max-listpack-entries hash-max-listpack-value zset-max-listpack-entries zset-max-listpack-value"),
        whole(),
    ),
    "activerehashing": kept("remove it: it is always on, and only AWS Support turns it off"),
    "cluster-allow-pubsubshard-when-down": YES_NO,
    "cluster-preferred-endpoint-type": one_of("ip", "tls-dynamic"),
    "latency-tracking": YES_NO,
    "list-max-listpack-size": whole(-5),
}
_GONE_IN_8 = names_of(
    "lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del replica-lazy-flush"
)
VALKEY8: Family = {
    **{name: known for name, known in REDIS7.items() if name not in _GONE_IN_8},
    "commandlog-large-reply-max-len": replace(whole(0, 1024), since=(8, 1)),
    "commandlog-large-request-max-len": replace(whole(0, 1024), since=(8, 1)),
    "commandlog-reply-larger-than": replace(whole(None), since=(8, 1)),
    "commandlog-request-larger-than": replace(whole(None), since=(8, 1)),
    "extended-redis-compatibility": YES_NO,
    "maxmemory-samples": whole(1, 64),
    "search-default-timeout-ms": replace(whole(1, 60_000), since=(8, 2)),
    "search-enable-partial-results": replace(YES_NO, since=(8, 2)),
    "search-fanout-target-mode": replace(one_of("throughput", "client"), since=(8, 2)),
}
_OF_8 = {name: replace(known, since=()) for name, known in VALKEY8.items()}
VALKEY9: Family = {**_OF_8, "cluster-databases": whole(1, 10_000)}

FAMILIES: Mapping[str, Family] = {
    "redis5.0": REDIS5,
    "redis6.x": REDIS6,
    "redis7": REDIS7,
    "valkey7": REDIS7,
    "valkey8": VALKEY8,
    "valkey9": VALKEY9,
}

AT_BIRTH = frozenset({"cluster-databases", "cluster-enabled", "databases"})
"""Chosen before a group uses them: a change of a group in use is refused. [E4 ParameterGroups.Redis.3-2-4, Valkey.9.0]

`activerehashing` is the fourth, of redis5.0 and redis6.x only.
"""
CLUSTER_ONLY = frozenset(
    names_of(
        "cluster-allow-pubsubshard-when-down cluster-allow-reads-when-down cluster-databases "
        "cluster-preferred-endpoint-type cluster-require-full-coverage"
    )
)
"""Read in cluster mode only. [valkey.conf]"""
RENAMED: Mapping[str, str] = {
    "client-output-buffer-limit-slave-hard-limit": "client-output-buffer-limit-replica-hard-limit",
    "client-output-buffer-limit-slave-soft-limit": "client-output-buffer-limit-replica-soft-limit",
    "client-output-buffer-limit-slave-soft-seconds": "client-output-buffer-limit-replica-soft-seconds",
    "close-on-slave-write": "close-on-replica-write",
    "hash-max-ziplist-entries": "hash-max-listpack-entries",
    "hash-max-ziplist-value": "hash-max-listpack-value",
    "min-slaves-max-lag": "min-replicas-max-lag",
    "min-slaves-to-write": "min-replicas-to-write",
    "rename-command": "rename-commands",
    "slave-allow-chaining": "replica-allow-chaining",
    "slave-lazy-flush": "replica-lazy-flush",
    "zset-max-ziplist-entries": "zset-max-listpack-entries",
    "zset-max-ziplist-value": "zset-max-listpack-value",
}
"""Names of older families, by what they are called now. [E4 ParameterGroups.Redis.5.0, Redis.7]"""

_USERS = "declare `users`"
INSTEAD: Mapping[str, str] = {
    "aclfile": _USERS,
    "availability-zone": "set `placement`",
    "bind": "say in `allow_from` who may connect",
    "client-output-buffer-limit": "set client-output-buffer-limit-normal-hard-limit and its like, one number each",
    "commandlog-execution-slower-than": "set slowlog-log-slower-than",
    "commandlog-slow-execution-max-len": "set slowlog-max-len",
    "logfile": "set `log_retention_days`: logs go to CloudWatch",
    "maxmemory-clients": "set client-query-buffer-limit",
    "port": "set `port:` of the group",
    "primaryauth": _USERS,
    "masterauth": _USERS,
    "protected-mode": "say in `allow_from` who may connect",
    "replicaof": "set `replicas`",
    "requirepass": _USERS,
    "save": "set `snapshot_retention_days`",
    "slaveof": "set `replicas`",
    "tls-port": "set `port:` of the group: TLS is always on",
    "tls-protocols": "remove it: ElastiCache takes TLS 1.2 and 1.3",
}
"""What to set instead of an engine's own setting."""

OF_ENGINE = frozenset(
    names_of(
        "aclfile active-defrag-cycle-us always-show-logo aof-load-truncated aof-rewrite-cpulist "
        "aof-rewrite-incremental-fsync aof-timestamp-enabled aof-use-rdb-preamble appenddirname appendfilename "
        "auto-aof-rewrite-min-size auto-aof-rewrite-percentage availability-zone bgsave-cpulist bind bind-source-addr "
        "bio-cpulist busy-reply-threshold client-output-buffer-limit cluster-allow-replica-migration "
        "cluster-announce-bus-port cluster-announce-client-ipv4 cluster-announce-client-ipv6 "
        "cluster-announce-client-port cluster-announce-client-tls-port cluster-announce-hostname "
        "cluster-announce-human-nodename cluster-announce-ip cluster-announce-port cluster-announce-tls-port "
        "cluster-blacklist-ttl cluster-config-file cluster-config-save-behavior cluster-link-sendbuf-limit "
        "cluster-manual-failover-timeout cluster-migration-barrier cluster-node-timeout cluster-port "
        "cluster-replica-no-failover cluster-replica-validity-factor cluster-slot-migration-log-max-len "
        "cluster-slot-stats-enabled commandlog-execution-slower-than commandlog-slow-execution-max-len "
        "crash-log-enabled crash-memcheck-enabled daemonize dbfilename dir disable-thp "
        "dual-channel-replication-enabled enable-debug-command enable-module-command enable-protected-configs "
        "hash-seed hide-user-data-from-log hz ignore-warnings import-mode io-threads jemalloc-bg-thread "
        "latency-monitor-threshold latency-tracking-info-percentiles lazyfree-lazy-user-flush locale-collate "
        "log-format log-timestamp-format logfile loglevel masterauth masteruser max-new-connections-per-cycle "
        "max-new-tls-connections-per-cycle maxmemory-clients maxmemory-eviction-tenacity mptcp "
        "no-appendfsync-on-rewrite oom-score-adj oom-score-adj-values pidfile port prefetch-batch-max-size "
        "primaryauth primaryuser proc-title-template propagation-error-behavior protected-mode rdb-del-sync-files "
        "rdb-save-incremental-fsync rdb-version-check rdbchecksum rdbcompression rdma-bind rdma-completion-vector "
        "rdma-port rdma-rx-size repl-disable-tcp-nodelay repl-diskless-load repl-diskless-sync "
        "repl-diskless-sync-delay repl-diskless-sync-max-replicas repl-mptcp repl-ping-replica-period "
        "replica-announce-ip replica-announce-port replica-announced replica-ignore-disk-write-errors "
        "replica-priority replica-read-only replica-serve-stale-data replicaof requirepass save server-cpulist "
        "set-max-listpack-entries set-max-listpack-value set-proc-title shutdown-on-sigint shutdown-on-sigterm "
        "shutdown-timeout slaveof slot-migration-max-failover-repl-bytes socket-mark-id stop-writes-on-bgsave-error "
        "supervised syslog-enabled syslog-facility syslog-ident tcp-backlog tls-auth-clients tls-auth-clients-user "
        "tls-auto-reload-interval tls-ca-cert-dir tls-ca-cert-file tls-cert-file tls-ciphers tls-ciphersuites "
        "tls-client-cert-file tls-client-key-file tls-client-key-file-pass tls-cluster tls-dh-params-file "
        "tls-key-file tls-key-file-pass tls-port tls-prefer-server-ciphers tls-protocols tls-replication "
        "tls-session-cache-size tls-session-cache-timeout tls-session-caching unixsocket unixsocketgroup "
        "unixsocketperm"
    )
)
"""Settings of the engine that no family offers: ElastiCache keeps them. [`CONFIG GET *` of Valkey 9.1]"""


def family_of(engine: str, version: str) -> str:
    """Family of a version: `valkey8` for 8.2, `redis7` for 7.1, `redis6.x` for 6.2, `redis5.0` for 5.0.6."""
    major, _, rest = version.partition(".")
    if engine == "redis" and major == "6":
        return "redis6.x"
    old = engine == "redis" and major.isdigit() and int(major) < 6  # noqa: PLR2004 - families have majors since 6
    return f"{engine}{major}.{rest.partition('.')[0]}" if old else f"{engine}{major}"
