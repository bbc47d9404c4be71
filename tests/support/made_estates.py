"""Estates that nobody wrote: hypothesis puts them together from settings on both sides of the limits."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

Node = dict[str, Any]
NAMES = st.sampled_from(["a", "b", "c", "main", "reporting", "r2", "eu-1"])
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
VERSIONS = {
    "aurora-postgresql": ["17.7", "16.10", "15.15", "14.20", "18.3", "16.4"],
    "aurora-mysql": ["8.0.mysql_aurora.3.10.0", "8.0.mysql_aurora.3.12.0", "8.4.mysql_aurora.8.4.7"],
}
CLASSES = st.sampled_from(["serverless", "db.r8g.large", "db.r7g.2xlarge", "db.r6i.large", "db.t4g.medium"])


def some(**settings: st.SearchStrategy[Any]) -> st.SearchStrategy[Node]:
    """A mapping with any of these settings."""
    return st.fixed_dictionaries({}, optional=settings)


def whole(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)


ACU = st.sampled_from([0, 0.5, 1, 2, 8, 16, 64, 128, 256])
INSTANCE = some(tier=whole(0, 15), zone=whole(1, 3), **{"class": CLASSES})
LARGE = some(tier=whole(0, 15), **{"class": st.just("db.r8g.large")})
AUTOSCALING = some(
    min_readers=whole(0, 4),
    max_readers=whole(1, 8),
    connections=whole(10, 900),
    scale_in_cooldown_s=whole(0, 900),
    schedules=st.just({"night": {"at": "cron(0 22 * * ? *)", "min_readers": 1}}),
).map(lambda given: {"cpu_percent": 60} | given)
SOURCES = {"app": {"security_group": "sg-0123456789abcdef0"}, "list": {"prefix_list": "pl-0123456789abcdef0"}}
ALLOW_FROM = st.sampled_from([{}, SOURCES, {"host": {"cidr": "10.0.9.9/32"}}])
BACKUP = some(
    retention_days=whole(1, 35),
    window=st.sampled_from(["03:00-04:00", "23:30-00:30"]),
    plan=some(
        retention_days=whole(1, 365),
        continuous=st.booleans(),
        copy_to_region=st.sampled_from(REGIONS),
        restore_test=st.just({}),
        lock=some(max_retention_days=whole(30, 400)).map(lambda given: {"min_retention_days": 7} | given),
    ),
)
INTEGRATIONS = some(
    s3_import=st.just(["imports-of-mine"]),
    s3_export=st.just(["exports-of-mine/daily"]),
    lambdas=st.just(["enrich"]),
    comprehend=st.booleans(),
    sagemaker=st.just(["scores"]),
).filter(bool)
WATCH = some(
    notify=st.sampled_from([[], ["dba@example.com"]]),
    events=st.booleans(),
    dashboard=st.booleans(),
    alarms=some(cpu_percent=whole(50, 99), deadlocks_per_s=st.none(), volume_percent=whole(50, 95)),
)
DNS = some(reader=st.just("orders-ro"), ttl_s=whole(1, 60)).map(
    lambda given: {"zone_name": "db.made.internal", "writer": "orders"} | given
)
ORIGIN = st.sampled_from([{"snapshot": "before"}, {"clone_of": "made-source"}, {"point_in_time_of": "made-source"}])
PARAMETERS = st.sampled_from([{}, {"max_connections": "500"}])
GLOBAL = some(rpo_s=whole(20, 600)).flatmap(
    lambda given: st.dictionaries(
        st.sampled_from(REGIONS[1:]),
        some(instances=st.dictionaries(NAMES, LARGE, max_size=2), write_forwarding=st.booleans()),
        min_size=1,
        max_size=2,
    ).map(lambda secondaries: {"secondaries": secondaries, **given})
)


def cluster(engine: str) -> st.SearchStrategy[Node]:
    """One cluster; most settings are left out most of the time, so that many are valid."""
    is_mysql = engine == "aurora-mysql"
    always = {
        "engine": st.just(engine),
        "version": st.sampled_from(VERSIONS[engine]),
        "instances": st.one_of(
            st.dictionaries(NAMES, INSTANCE, min_size=2, max_size=4),
            st.dictionaries(NAMES, LARGE, min_size=2, max_size=3),
        ),
        "acknowledge": st.just(["aurora/one-zone", "aurora/single-instance"]),
    }
    seldom = {
        "serverless": some(min_acu=ACU, max_acu=ACU),
        "autoscaling": AUTOSCALING,
        "allow_from": ALLOW_FROM,
        "backup": BACKUP,
        "integrations": INTEGRATIONS,
        "watch": WATCH,
        "global": GLOBAL,
        "proxy": some(users=st.just(["web"]), reader_endpoint=st.booleans(), max_connections_percent=whole(1, 100)),
        "dns": DNS,
        "origin": ORIGIN,
        "data_api": st.booleans(),
        "local_write_forwarding": st.booleans(),
        "storage": st.sampled_from(["standard", "io-optimized"]),
        "insights": st.sampled_from(["standard", "advanced"]),
        "master_authentication": st.sampled_from(["managed-secret", "own-secret", "iam"]),
        "maintenance_window": st.sampled_from(["sun:05:00-sun:06:00", "mon:03:30-mon:04:30"]),
        "endpoints": st.dictionaries(NAMES, some(members=st.lists(NAMES, max_size=2, unique=True)), max_size=2),
        "backtrack_hours": whole(0, 72) if is_mysql else whole(0, 1),
        "port": whole(1150, 65535),
        "parameters": PARAMETERS,
        "log_retention_days": st.sampled_from([365, 731, 30]),
        "enhanced_monitoring_s": st.sampled_from([0, 15, 60]),
        "protection": st.booleans(),
        "minor_upgrades": st.booleans(),
    }
    chosen = st.lists(st.sampled_from(sorted(seldom)), max_size=5, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries(always | {name: seldom[name] for name in names}))


ESTATES: st.SearchStrategy[Node] = st.fixed_dictionaries(
    {
        "estate": st.just("made"),
        "defaults": st.just("2026-11"),
        "regions": st.just(list(REGIONS)),
        "network": st.just({region: {"cidr": f"10.{n}.0.0/16"} for n, region in enumerate(REGIONS)}),
        "aurora": st.dictionaries(
            st.sampled_from(["orders", "catalog"]),
            st.sampled_from(sorted(VERSIONS)).flatmap(cluster),
            min_size=1,
            max_size=2,
        ),
    }
)


def as_text(estate: Node) -> str:
    """The estate as a file would say it."""
    return yaml.safe_dump(estate, sort_keys=False)
