"""Parameters of caches: what each family has, what a value may be, what is said of one that may not."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches import families, families_memcached, parameters
from estate.caches.replication_group import ReplicationGroupSpec
from estate.spec import SpecError
from tests.support.estate_files import changed, problems

GROUP = "caches.sessions"
CLUSTERED = {f"{GROUP}.shards": 2}
SOLID = {f"{GROUP}.class": "cache.r6gd.xlarge"}

NODES_9 = {f"{GROUP}.version": "9.0", **CLUSTERED}

ROWS: tuple[tuple[str, dict[str, Any], str, str, str, str], ...] = (
    (
        "a name that no family has",
        {},
        "databses",
        "3",
        "cache/parameter-unknown",
        "must be known to the family valkey8, got databses; did you mean `databases`?",
    ),
    (
        "an old name",
        {},
        "min-slaves-to-write",
        "0",
        "cache/parameter-unknown",
        "did you mean `min-replicas-to-write`?",
    ),
    ("a name in capitals", {}, "Timeout", "300", "cache/parameter-unknown", "did you mean `timeout`?"),
    (
        "a name that is like no other",
        {},
        "warp-drive-engaged",
        "yes",
        "cache/parameter-unknown",
        "check the spelling: if it is newer, add `acknowledge: [cache/parameter-unknown]`",
    ),
    (
        "one that the family calls otherwise",
        {},
        "hash-max-ziplist-entries",
        "512",
        "cache/parameter-family",
        "must be a parameter of the family valkey8, got hash-max-ziplist-entries; it is called `hash-max-listpack-",
    ),
    (
        "one of another family",
        {f"{GROUP}.engine": "redis", f"{GROUP}.version": "7.1"},
        "extended-redis-compatibility",
        "yes",
        "cache/parameter-family",
        "remove it: it is one of valkey8, valkey9",
    ),
    (
        "one of another engine",
        {},
        "chunk_size",
        "48",
        "cache/parameter-family",
        "remove it: it is one of memcached1.4, memcached1.6",
    ),
    (
        "a word for a number",
        {},
        "tcp-keepalive",
        "5m",
        "cache/parameter-value",
        "must be a whole number, 0 at least, without a unit, got 5m; correct it",
    ),
    ("one too many", {}, "search-default-timeout-ms", "60001", "cache/parameter-value", "between 1 and 60000"),
    ("between 0 and 20", {}, "timeout", "19", "cache/parameter-value", "a whole number, 0 or 20 at least"),
    ("no choice", {}, "maxmemory-policy", "lru", "cache/parameter-value", "must be volatile-lru, allkeys-lru"),
    ("on for yes", {}, "activedefrag", "on", "cache/parameter-value", "must be yes or no, got on"),
    ("no letter", {}, "notify-keyspace-events", "KEQ", "cache/parameter-value", "be made of the letters K E g $"),
    (
        "the service's own",
        {},
        "lua-time-limit",
        "5000",
        "cache/parameter-kept",
        "must be left out: ElastiCache lets nobody set it, got 5000; remove it: ElastiCache keeps it",
    ),
    ("the class's own", {}, "maxmemory", "1000", "cache/parameter-kept", "the class of the nodes decides"),
    ("the engine's own", {}, "save", "900 1", "cache/parameter-kept", "set `snapshot_retention_days`"),
    ("a setting of the file", {}, "requirepass", "x", "cache/parameter-kept", "declare `users`"),
    (
        "the buffer in one",
        {},
        "client-output-buffer-limit",
        "normal 0 0 0",
        "cache/parameter-kept",
        "set client-output-buffer-limit-normal-hard-limit and its like",
    ),
    (
        "before its version",
        {f"{GROUP}.version": "8.0"},
        "commandlog-large-reply-max-len",
        "64",
        "cache/parameter-version",
        "must be read by the version: it is from 8.1 on",
    ),
    ("append-only", {}, "appendonly", "yes", "cache/append-only", "use snapshots, Durability (Valkey 9.0)"),
    ("cluster mode", {}, "cluster-enabled", "yes", "cache/parameter-of-kit", "`cluster_mode` and `shards` decide"),
    (
        "nothing reserved",
        {},
        "reserved-memory-percent",
        "0",
        "cache/reserved-memory",
        "must leave 25 percent for snapshots and for replicas that catch up, got 0",
    ),
    (
        "more replicas than there are",
        {},
        "min-replicas-to-write",
        "2",
        "cache/min-replicas-to-write",
        "must be 1 at most, the replicas that a shard has, got 2",
    ),
    (
        "of clusters only",
        {},
        "cluster-allow-reads-when-down",
        "yes",
        "cache/parameter-idle",
        "must be left out without cluster mode",
    ),
    (
        "databases in a cluster",
        CLUSTERED,
        "databases",
        "32",
        "cache/parameter-idle",
        "must be left out in cluster mode, which has database 0 only, got 32",
    ),
    ("events of no key", {}, "notify-keyspace-events", "xe", "cache/keyspace-events", "must hold K or E"),
    ("events of nothing", {}, "notify-keyspace-events", "KE", "cache/keyspace-events", "one letter more"),
    (
        "letters that the guide lacks",
        {},
        "notify-keyspace-events",
        "KEAm",
        "cache/keyspace-events",
        "must keep to the letters of ElastiCache's guide, K E g $ l s h z x e A, got KEAm; remove m",
    ),
)

FINE: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({}, "databases", "32"),
    ({}, "databases", "{{resolve:ssm:/databases}}"),
    ({}, "timeout", "0"),
    ({}, "timeout", "20"),
    ({}, "slowlog-log-slower-than", "-1"),
    ({}, "maxmemory-policy", "volatile-lfu"),
    ({}, "notify-keyspace-events", ""),
    ({}, "notify-keyspace-events", "Ex"),
    ({}, "notify-keyspace-events", "KEA"),
    ({}, "search-default-timeout-ms", "60000"),
    ({}, "reserved-memory-percent", "25"),
    ({f"{GROUP}.snapshot_retention_days": 0, f"{GROUP}.replicas": 0}, "reserved-memory-percent", "0"),
    ({}, "min-replicas-to-write", "1"),
    ({}, "client-output-buffer-limit-pubsub-hard-limit", "33554432"),
    ({}, "repl-backlog-size", "16384"),
    ({f"{GROUP}.version": "8.1"}, "commandlog-large-reply-max-len", "1024"),
    (SOLID, "maxmemory-policy", "allkeys-lru"),
    (CLUSTERED, "cluster-allow-reads-when-down", "yes"),
    ({**CLUSTERED, f"{GROUP}.cluster_mode": "enabled"}, "cluster-require-full-coverage", "yes"),
    (NODES_9, "cluster-databases", "16"),
    ({f"{GROUP}.engine": "redis", f"{GROUP}.version": "6.2"}, "hash-max-ziplist-entries", "128"),
    ({f"{GROUP}.engine": "redis", f"{GROUP}.version": "6.2"}, "acl-pubsub-default", "resetchannels"),
)


def found(changes: dict[str, Any], name: str, value: str) -> tuple[Any, ...]:
    known = [*changes.get(f"{GROUP}.acknowledge", []), "cache/no-replica", "cache/version-ending"]
    return problems(changed({**changes, f"{GROUP}.acknowledge": known, f"{GROUP}.parameters": {name: value}}))


@pytest.mark.parametrize(("_what", "changes", "name", "value", "rule", "said"), ROWS, ids=[row[0] for row in ROWS])
def test_one_that_may_not_be(_what: str, changes: dict[str, Any], name: str, value: str, rule: str, said: str) -> None:
    (problem,) = found(changes, name, value)
    assert (problem.rule, problem.path) == (rule, f"{GROUP}.parameters.{name}")
    assert said in problem.message


@pytest.mark.parametrize(("changes", "name", "value"), FINE, ids=[f"{row[1]} {row[2]}" for row in FINE])
def test_one_that_may_be(changes: dict[str, Any], name: str, value: str) -> None:
    assert found(changes, name, value) == ()


def test_the_version_is_looked_at_first() -> None:
    assert {each.rule for each in found({f"{GROUP}.version": "8"}, "databses", "3")} == {"cache/version-form"}


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [
        ("valkey", "7.2", "valkey7"),
        ("valkey", "8.2", "valkey8"),
        ("valkey", "9.0", "valkey9"),
        ("redis", "7.1", "redis7"),
        ("redis", "6.0", "redis6.x"),
        ("redis", "6.2", "redis6.x"),
        ("redis", "5.0.6", "redis5.0"),
    ],
)
def test_the_family_follows_from_the_version(engine: str, version: str, family: str) -> None:
    assert families.family_of(engine, version) == family
    assert parameters.table_of(family) is families.FAMILIES[family]


def test_a_later_family_is_taken_for_the_newest_known_one() -> None:
    assert parameters.table_of("valkey10") is families.VALKEY9
    assert parameters.table_of("memcached1.7") is families_memcached.MEMCACHED16
    assert parameters.table_of("oracle19") == {}


def test_what_the_guide_adds_and_removes() -> None:
    """[E4 ParameterGroups.Engine]"""
    assert "lua-replicate-commands" in families.REDIS5
    assert "lua-replicate-commands" not in families.REDIS6
    assert {"acllog-max-len", "tracking-table-max-keys"} <= families.REDIS6.keys() - families.REDIS5.keys()
    assert not any("ziplist" in name for name in families.REDIS7)
    assert families.FAMILIES["valkey7"] is families.FAMILIES["redis7"]
    gone = families.REDIS7.keys() - families.VALKEY8.keys()
    assert gone == {
        "lazyfree-lazy-eviction",
        "lazyfree-lazy-expire",
        "lazyfree-lazy-server-del",
        "lazyfree-lazy-user-del",
        "replica-lazy-flush",
    }
    assert families.VALKEY9.keys() - families.VALKEY8.keys() == {"cluster-databases"}


def test_tables_do_not_contradict_each_other() -> None:
    every = {name for table in families.FAMILIES.values() for name in table}
    assert not every & families.OF_ENGINE
    assert set(families.INSTEAD) <= families.OF_ENGINE
    assert every >= families.CLUSTER_ONLY
    assert every >= families.AT_BIRTH
    assert set(families.RENAMED.values()) <= every
    memcached = {name for table in families_memcached.FAMILIES.values() for name in table}
    assert not memcached & families_memcached.OF_ENGINE
    assert set(families_memcached.INSTEAD) <= families_memcached.OF_ENGINE


MEMCACHED = families_memcached.MEMCACHED16


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("binding_protocol", "ascii", None),
        ("binding_protocol", "binary", "be ascii or auto"),
        ("cas_disabled", "1", None),
        ("cas_disabled", "true", "be 0 or 1"),
        ("chunk_size_growth_factor", "1.25", None),
        ("chunk_size_growth_factor", "0.9", "be a number, 1 at least"),
        ("idle_timeout", "86400", None),
        ("idle_timeout", "86401", "be a whole number between 0 and 86400, without a unit"),
        ("slab_automove", "2", None),
        ("slab_automove", "3", "be 0, 1 or 2"),
        ("max_item_size", "1048576", None),
        ("max_item_size", "1m", "be a whole number between 1024 and 1073741824, without a unit"),
    ],
)
def test_values_of_memcached(name: str, value: str, must: str | None) -> None:
    assert parameters.refusal(MEMCACHED[name], value) == must


def test_a_spec_by_hand_says_all_that_is_wrong() -> None:
    with pytest.raises(SpecError) as caught:
        ReplicationGroupSpec(name="x", parameters={"timeout": "5", "port": "1"})
    assert set(caught.value.violations) == {"cache/parameter-value", "cache/parameter-kept"}
