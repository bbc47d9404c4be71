"""Estates of caches that nobody wrote, of every kind; as `tests/support/made_estates.py` for clusters."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.support.made_estates import ALLOW_FROM, NAMES, REGIONS, Node, some, whole

NODE_CLASSES = st.sampled_from(
    [
        "cache.r7g.large",
        "cache.m7g.large",
        "cache.r6gd.xlarge",
        "cache.t4g.small",
        "cache.r8g.large",
        "cache.m6g.xlarge",
    ]
)
GROUP_VERSIONS = {"valkey": ["7.2", "8.0", "8.1", "8.2", "9.0"], "redis": ["6.2", "7.0", "7.1"]}
MAJORS = {"valkey": ["7", "8", "9"], "redis": ["7"], "memcached": ["1.6"]}
USERS = st.dictionaries(
    NAMES,
    some(
        access=st.sampled_from(["on ~app:* +@read", "on ~* &* +@all -@dangerous", "off ~* -@all", "on (~a:* +get)"]),
        authentication=st.sampled_from(["iam", "password"]),
    ),
    max_size=2,
)
WATCH = some(
    notify=st.sampled_from([[], ["dba@example.com"]]),
    events=st.booleans(),
    dashboard=st.booleans(),
    alarms=some(evictions_per_min=st.none()),
)
SCALING = some(
    shards=some(cpu_percent=whole(30, 80), memory_percent=whole(30, 80), scale_in=st.booleans()).flatmap(
        lambda given: whole(1, 3).map(lambda least: {"min": least, "max": least + 2, **given})
    ),
    replicas=some(cpu_percent=whole(30, 80)).map(lambda given: {"min": 1, "max": 3, **given}),
)
PLACEMENT = st.sampled_from(
    [
        {"0001": {"primary_zone": 1, "replica_zones": [2]}},
        {"0001": {"slots": "0-8191"}, "0002": {"slots": "8192-16383"}},
        {"0001": {"replicas": 2}, "0002": {}},
    ]
)
WINDOWS = {
    "maintenance_window": st.sampled_from(["sun:05:00-sun:06:00", "mon:03:30-mon:04:30"]),
    "protection": st.booleans(),
    "acknowledge": st.sampled_from([[], ["cache/no-replica"]]),
    "allow_from": ALLOW_FROM,
    "watch": WATCH,
}


def chosen(always: Node, seldom: Node, most: int) -> st.SearchStrategy[Node]:
    """Some of the settings that are left out most of the time, so that many are valid."""
    names = st.lists(st.sampled_from(sorted(seldom)), max_size=most, unique=True)
    return names.flatmap(lambda given: st.fixed_dictionaries(always | {name: seldom[name] for name in given}))


def group(engine: str) -> st.SearchStrategy[Node]:
    """One replication group."""
    always = {"engine": st.just(engine), "version": st.sampled_from(GROUP_VERSIONS[engine])}
    seldom = {
        "class": NODE_CLASSES,
        "shards": whole(1, 4),
        "replicas": whole(0, 3),
        "cluster_mode": st.sampled_from(["disabled", "compatible", "enabled"]),
        "placement": PLACEMENT,
        "data_tiering": st.booleans(),
        "durability": st.sampled_from(["sync", "async"]),
        "transit_encryption": st.sampled_from(["required", "preferred"]),
        "port": whole(1024, 65535),
        "users": USERS,
        "autoscaling": SCALING,
        "origin": st.sampled_from([{"snapshot": "before"}, {"rdb": ["arn:aws:s3:::dumps/one.rdb"]}]),
        "global": st.dictionaries(st.sampled_from(REGIONS[1:]), some(replicas=whole(1, 2)), min_size=1, max_size=2).map(
            lambda secondaries: {"secondaries": secondaries}
        ),
        "snapshot_retention_days": whole(0, 35),
        "snapshot_window": st.sampled_from(["03:00-04:00", "23:30-00:30"]),
        "parameters": st.sampled_from([{}, {"maxmemory-policy": "allkeys-lru"}, {"timeout": "300"}]),
        "minor_upgrades": st.booleans(),
        "log_retention_days": st.sampled_from([365, 731]),
        **WINDOWS,
    }
    return chosen(always, seldom, 5)


MEMCACHED = chosen(
    {},
    {
        "version": st.sampled_from(["1.6.12", "1.6.22", "1.5.16"]),
        "class": NODE_CLASSES,
        "nodes": whole(1, 5),
        "zones": st.sampled_from([[1], [1, 2], [1, 2, 3]]),
        "transit_encryption": st.booleans(),
        "port": whole(1024, 65535),
        "parameters": st.sampled_from([{}, {"max_item_size": "2097152"}]),
        **WINDOWS,
    },
    4,
)


def serverless(engine: str) -> st.SearchStrategy[Node]:
    """One serverless cache."""
    bounds = some(min=whole(1, 10), max=whole(5, 50))
    seldom = {
        "usage": some(data_gb=bounds, ecpu_per_s=some(min=whole(1000, 5000), max=whole(4000, 9000))),
        "users": USERS,
        "snapshot_retention_days": whole(0, 35),
        "daily_snapshot_time": st.sampled_from(["03:00", "23:59"]),
        **{name: WINDOWS[name] for name in ("protection", "allow_from", "watch")},
    }
    return chosen({"engine": st.just(engine), "version": st.sampled_from(MAJORS[engine])}, seldom, 4)


CACHE_ESTATES: st.SearchStrategy[Node] = st.fixed_dictionaries(
    {
        "estate": st.just("made"),
        "defaults": st.just("2026-11"),
        "regions": st.just(list(REGIONS)),
        "network": st.just({region: {"cidr": f"10.{n}.0.0/16"} for n, region in enumerate(REGIONS)}),
        "caches": st.dictionaries(
            st.sampled_from(["sessions", "carts"]), st.sampled_from(sorted(GROUP_VERSIONS)).flatmap(group), max_size=2
        ),
        "memcached": st.dictionaries(st.just("pages"), MEMCACHED, max_size=1),
        "serverless_caches": st.dictionaries(
            st.just("flags"), st.sampled_from(sorted(MAJORS)).flatmap(serverless), max_size=1
        ),
    }
).filter(lambda made: any(made[unit] for unit in ("caches", "memcached", "serverless_caches")))
