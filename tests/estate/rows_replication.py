"""Rows of `test_rules.py` for Global Database and for the cross-Region replica by binlog."""

from __future__ import annotations

from typing import Any

from tests.support.estate_files import MYSQL

Row = tuple[str, str, dict[str, Any]]

O = "aurora.orders"  # noqa: E741 - the cluster of every row
GLOBAL = f"{O}.global"
EAST = f"{GLOBAL}.secondaries.us-east-1"
LARGE = {"class": "db.r8g.large"}
REGIONS: dict[str, Any] = {
    "regions": ["eu-west-1", "us-east-1", "ap-south-1"],
    "network.us-east-1": {"cidr": "10.31.0.0/16"},
    "network.ap-south-1": {"cidr": "10.32.0.0/16"},
}
WORLD: dict[str, Any] = REGIONS | {EAST: {"instances": {"a": dict(LARGE), "b": dict(LARGE)}}}
MYSQL_WORLD: dict[str, Any] = {**MYSQL, **WORLD}
SERVERLESS: dict[str, Any] = {f"{O}.instances": {"a": {}, "b": {}}}

SOURCE: dict[str, Any] = {
    **MYSQL,
    f"{O}.parameters": {"binlog_format": "ROW"},
    f"{O}.master_authentication": "own-secret",
}
SOURCE |= {f"{O}.backtrack_hours": 0}
COPY = "aurora.copy"
REPLICA: dict[str, Any] = {
    **REGIONS,
    **SOURCE,
    COPY: {
        "engine": "aurora-mysql",
        "version": "8.0.mysql_aurora.3.10.0",
        "region": "us-east-1",
        "replica_of": "orders",
        "instances": {"a": LARGE, "b": LARGE},
    },
}
OWN_COPY: dict[str, Any] = {f"{COPY}.master_authentication": "own-secret"}
OLD_WORLD: dict[str, Any] = WORLD | {f"{O}.version": "14.8", "acknowledge": ["aurora/version-gone"]}
ANOTHER: dict[str, Any] = {"engine": "aurora-postgresql", "version": "17.7", "instances": {"x": LARGE, "y": LARGE}}
DNS = {"zone_name": "db.shop.internal", "reader": "orders-ro"}
BLUE = {"name": "to-3-12", "target_version": "8.0.mysql_aurora.3.12.0"}


def _readers(count: int) -> dict[str, Any]:
    """A writer and so many readers."""
    return {f"i{number}": LARGE for number in range(count + 1)}


def _copies(count: int) -> dict[str, Any]:
    return {f"aurora.copy{number}": REPLICA[COPY] for number in range(count)}


ROWS: tuple[Row, ...] = (
    ("aurora/global-region", f"{GLOBAL}.secondaries.eu-west-1", WORLD | {f"{GLOBAL}.secondaries.eu-west-1": {}}),
    ("aurora/global-readers", f"{O}.instances", WORLD | {f"{O}.instances": _readers(15)}),
    ("aurora/global-class", f"{EAST}.instances.a.class", WORLD | {f"{EAST}.instances.a.class": "db.t4g.large"}),
    ("aurora/global-backtrack", f"{O}.backtrack_hours", MYSQL_WORLD | {f"{O}.backtrack_hours": 1}),
    (
        "aurora/global-credentials",
        f"{O}.master_authentication",
        WORLD | {f"{O}.master_authentication": "managed-secret"},
    ),
    ("aurora/global-acu", f"{O}.serverless.min_acu", WORLD | SERVERLESS | {f"{O}.serverless": {"min_acu": 7.5}}),
    ("aurora/global-rpo-engine", f"{GLOBAL}.rpo_s", MYSQL_WORLD | {f"{GLOBAL}.rpo_s": 30}),
    (
        "aurora/global-rpo-parameter",
        f"{O}.parameters.rds.global_db_rpo",
        {f"{O}.parameters": {"rds.global_db_rpo": "30"}},
    ),
    (
        "aurora/global-forwarding",
        f"{EAST}.write_forwarding",
        OLD_WORLD | {f"{EAST}.write_forwarding": True},
    ),
    (
        "aurora/global-type",
        GLOBAL,
        {
            "regions": ["us-gov-west-1", "us-gov-east-1"],
            "network.us-gov-east-1": {"cidr": "10.31.0.0/16"},
            f"{GLOBAL}.secondaries.us-gov-east-1": {"instances": {"a": LARGE}},
        },
    ),
    (
        "aurora/global-dns",
        f"{O}.dns.writer",
        WORLD | {f"{O}.dns": DNS | {"writer": "orders"}, "acknowledge": ["aurora/dns-certificate"]},
    ),
    ("aurora/global-minor-upgrades", f"{O}.minor_upgrades", WORLD | {f"{O}.minor_upgrades": True}),
    (
        "aurora/global-blue-green",
        f"{O}.blue_green",
        WORLD
        | {
            f"{O}.blue_green": {"name": "to-17-9", "target_version": "17.9"},
            f"{O}.master_authentication": "own-secret",
            f"{O}.parameters": {"rds.logical_replication": "1"},
        },
    ),
    ("aurora/global-headless", f"{GLOBAL}.secondaries", REGIONS | {EAST: {}}),
    (
        "aurora/replica-engine",
        f"{COPY}.replica_of",
        REGIONS
        | {
            f"{O}.master_authentication": "own-secret",
            COPY: REPLICA[COPY] | {"engine": "aurora-postgresql", "version": "17.7"},
        },
    ),
    ("aurora/replica-inherited", f"{COPY}.database", REPLICA | {f"{COPY}.database": "shop"}),
    (
        "aurora/replica-alone",
        f"{COPY}.replica_of",
        REPLICA | {f"{COPY}.global": {"secondaries": {"ap-south-1": {"instances": {"a": LARGE}}}}},
    ),
    ("aurora/replica-backtrack", f"{COPY}.backtrack_hours", REPLICA | {f"{COPY}.backtrack_hours": 1}),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{COPY}.replica_of": "other"}),
)

KNOWN_ENDING = {"acknowledge": ["aurora/version-ending"]}
KNOWN_BINLOG = {"acknowledge": ["aurora/backtrack-binlog"]}
VARIANTS: tuple[Row, ...] = (
    (
        "aurora/global-region",
        f"{GLOBAL}.secondaries.cn-north-1",
        WORLD
        | {
            "regions": [*REGIONS["regions"], "cn-north-1"],
            "network.cn-north-1": {"cidr": "10.33.0.0/16"},
            f"{GLOBAL}.secondaries.cn-north-1": {},
        },
    ),
    ("aurora/global-class", f"{O}.instances.b.class", WORLD | {f"{O}.instances.b": {"class": "db.t4g.large"}}),
    (
        "aurora/global-credentials",
        f"{O}.master_authentication",
        MYSQL_WORLD | {f"{O}.master_authentication": "managed-secret"},
    ),
    ("aurora/global-forwarding", f"{GLOBAL}.write_forwarding", OLD_WORLD | {f"{GLOBAL}.write_forwarding": True}),
    ("aurora/class-unknown", f"{EAST}.instances.a.class", WORLD | {f"{EAST}.instances.a.class": "db.r99x.large"}),
    ("aurora/class-form", f"{EAST}.instances.b.class", WORLD | {f"{EAST}.instances.b.class": "large"}),
    ("aurora/acu-order", f"{EAST}.serverless.max_acu", WORLD | {f"{EAST}.serverless": {"min_acu": 9, "max_acu": 8}}),
    ("aurora/override-unknown", f"{EAST}.overrides.Nothing", WORLD | {f"{EAST}.overrides": {"Nothing": 1}}),
    (
        "aurora/override-identity",
        f"{EAST}.overrides.GlobalClusterIdentifier",
        WORLD | {f"{EAST}.overrides": {"GlobalClusterIdentifier": "mine"}},
    ),
    ("aurora/allow-one", f"{EAST}.allow_from.web", WORLD | {f"{EAST}.allow_from": {"web": {}}}),
    ("estate/resource-region", f"{GLOBAL}.secondaries.eu-west-3", WORLD | {f"{GLOBAL}.secondaries.eu-west-3": {}}),
    ("estate/zone", f"{EAST}.instances.a.zone", WORLD | {f"{EAST}.instances.a.zone": 4}),
    (
        "estate/aurora-name-length",
        f"{EAST}.instances.{'b' * 32}",
        WORLD | {"estate": "a" * 20, "caches": {}, f"{EAST}.instances.{'b' * 32}": LARGE},
    ),
    ("estate/name-clash", "aurora.orders-us-east-1", WORLD | {"aurora.orders-us-east-1": ANOTHER}),
    ("estate/name-clash", "aurora.orders-global", WORLD | {"aurora.orders-global": ANOTHER}),
    ("aurora/replica-inherited", f"{COPY}.master_username", REPLICA | {f"{COPY}.master_username": "boss"}),
    ("aurora/replica-inherited", f"{COPY}.master_authentication", REPLICA | OWN_COPY),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{COPY}.replica_of": "copy"}),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{COPY}.region": "eu-west-1"}),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{COPY}.version": "8.0.mysql_aurora.3.08.2"} | KNOWN_ENDING),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{O}.parameters": {}}),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{O}.parameters": {"binlog_format": "OFF"}}),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{O}.backtrack_hours": 24} | KNOWN_BINLOG),
    ("estate/replica", f"{COPY}.replica_of", REPLICA | {f"{O}.master_authentication": "managed-secret"}),
    (
        "estate/replica",
        f"{COPY}.replica_of",
        REPLICA | {f"{GLOBAL}.secondaries.ap-south-1": {"instances": {"a": LARGE}}},
    ),
    ("estate/replica", "aurora.copy0.replica_of", REPLICA | _copies(5)),
    (
        "estate/replica",
        "aurora.second.replica_of",
        REPLICA | {"aurora.second": REPLICA[COPY] | {"replica_of": "copy", "region": "ap-south-1"}},
    ),
)

NEIGHBOURS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("secondary", WORLD),
    ("secondary-of-mysql", MYSQL_WORLD),
    ("headless-beside-another", WORLD | {f"{GLOBAL}.secondaries.ap-south-1": {}}),
    ("fourteen-readers-and-a-secondary", WORLD | {f"{O}.instances": _readers(14)}),
    ("sixteen-readers-in-a-secondary", WORLD | {f"{EAST}.instances": _readers(15)}),
    ("serverless-of-eight", WORLD | SERVERLESS | {f"{O}.serverless": {"min_acu": 8, "max_acu": 16}}),
    ("rpo-of-twenty-seconds", WORLD | {f"{GLOBAL}.rpo_s": 20}),
    ("longest-rpo", WORLD | {f"{GLOBAL}.rpo_s": 2147483647}),
    ("write-forwarding", WORLD | {f"{EAST}.write_forwarding": True, f"{GLOBAL}.write_forwarding": True}),
    ("write-forwarding-since-14-9", OLD_WORLD | {f"{O}.version": "14.9", f"{EAST}.write_forwarding": True}),
    ("reader-in-dns", WORLD | {f"{O}.dns": DNS, "acknowledge": ["aurora/dns-certificate"]}),
    ("own-secret", WORLD | {f"{O}.master_authentication": "own-secret"}),
    ("minor-upgrades-said-off", WORLD | {f"{O}.minor_upgrades": False}),
    ("no-backtrack-said", MYSQL_WORLD | {f"{O}.backtrack_hours": 0}),
    ("one-reader-in-a-secondary", REGIONS | {EAST: {"instances": {"a": LARGE}}}),
    ("replica", REPLICA),
    ("replica-of-an-older-one", REPLICA | {f"{COPY}.version": "8.0.mysql_aurora.3.12.0"}),
    ("replica-of-mixed-binlog", REPLICA | {f"{O}.parameters": {"binlog_format": "mixed"}}),
    ("five-replicas", REPLICA | _copies(4)),
)
