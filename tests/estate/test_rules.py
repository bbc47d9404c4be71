"""A row for each rule: the smallest change that breaks it, where it is found, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estate.aurora import AuroraSpec
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.load import load_text
from estate.model import Estate
from estate.network import NetworkSpec
from tests.estate import rows_backups, rows_instances, rows_replication
from tests.support.estate_files import GONE, MYSQL, changed, problems

VPC = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
LONG = "a" * 32
TWENTY = "a" * 20

ZONES = ["eu-west-1a", "eu-west-1b"]
ZONES_Z = ["eu-west-1z", *ZONES]
THREE_SUBNETS = [*VPC["subnets"], VPC["subnets"][0]]
SMALL = {"engine": "aurora-postgresql", "version": "17.7"}
CLASH = {
    "aurora": {
        "a": SMALL | {"instances": {"p": {}, "q": {}}, "endpoints": {"b-x": {"excluded": ["p"]}}},
        "a-b": SMALL | {"instances": {"r": {}, "s": {}}, "endpoints": {"x": {"excluded": ["r"]}}},
    }
}

FOURTEEN = {
    "aurora.orders.version": "14.6",
    "aurora.orders.instances": {"a": {"class": "db.r6g.large"}, "b": {"class": "db.r6g.large"}},
}

Row = tuple[str, str, dict[str, Any]]

TAGS = {f"k{number}": "v" for number in range(30)}

ROWS: tuple[Row, ...] = (
    ("estate/nothing", "", {"aurora": {}, "caches": {}}),
    ("estate/region-form", "regions.0", {"regions": ["Ireland"]}),
    ("estate/region-unknown", "regions.0", {"regions": ["eu-west-9"]}),
    ("estate/region-repeat", "regions", {"regions": ["eu-west-1", "eu-west-1"]}),
    ("estate/network-region", "network.us-east-1", {"network.us-east-1": {"zones": 3, "cidr": "10.9.0.0/16"}}),
    ("estate/resource-region", "aurora.orders.region", {"aurora.orders.region": "us-east-1"}),
    (
        "estate/zone-region",
        "network.eu-west-1.availability_zones.2",
        {"network.eu-west-1": {"availability_zones": [*ZONES, "us-east-1a"]}},
    ),
    ("estate/tags-sum", "aurora.orders.tags", {"tags": TAGS, "aurora.orders.tags": {f"o{n}": "v" for n in range(30)}}),
    ("network/cidr-unusable", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "127.0.0.0/16"}),
    ("network/override-value", "network.eu-west-1.overrides.Tags", {"network.eu-west-1.overrides": {"Tags": "a"}}),
    ("estate/network-overlap", "network.us-east-1.cidr", {"regions": ["eu-west-1", "us-east-1"]}),
    ("estate/zone", "aurora.orders.instances.a.zone", {"aurora.orders.instances.a.zone": 4}),
    (
        "estate/aurora-name-length",
        f"aurora.orders.instances.{LONG}",
        {"estate": LONG, "caches": {}, f"aurora.orders.instances.{LONG}": {"class": "db.r8g.large"}},
    ),
    ("estate/cache-name-length", f"caches.{LONG}", {"estate": TWENTY, "aurora": {}, f"caches.{LONG}": {}}),
    (
        "estate/name-clash",
        "aurora.orders-b.instances.a",
        {
            "aurora.orders.instances.b-a": {"class": "db.r8g.large"},
            "aurora.orders-b": {"engine": "aurora-postgresql", "version": "17.7", "instances": {"a": {}, "c": {}}},
        },
    ),
    (
        "estate/clusters-quota",
        "aurora",
        {
            f"aurora.c{number}": {"engine": "aurora-postgresql", "version": "17.7", "instances": {"a": {}, "b": {}}}
            for number in range(40)
        }
        | {"acknowledge": ["estate/instances-quota"]},
    ),
    ("estate/acknowledge", "acknowledge.0", {"acknowledge": ["aurora/acu-order"]}),
    ("estate/tags", "tags.aws:x", {"tags": {"aws:x": "y"}}),
    ("estate/defaults-unpinned", "", {"defaults": GONE}),
    ("network/cidr-form", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "10.0.0.1/16"}),
    ("network/cidr-size", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "10.0.0.0/8"}),
    ("network/cidr-room", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "10.0.0.0/27"}),
    ("network/cidr-public", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "100.64.0.0/16"}),
    ("network/subnets", "network.eu-west-1.subnets", {"network.eu-west-1": VPC | {"subnets": VPC["subnets"][:1]}}),
    ("network/existing", "network.eu-west-1.zones", {"network.eu-west-1": VPC | {"zones": 2}}),
    ("network/id", "network.eu-west-1.vpc", {"network.eu-west-1": VPC | {"vpc": "my-vpc"}}),
    ("network/zone", "network.eu-west-1.availability_zones", {"network.eu-west-1.availability_zones": ["eu-west-1a"]}),
    ("network/endpoint", "network.eu-west-1.endpoints.0", {"network.eu-west-1.endpoints": ["com.amazonaws.kms"]}),
    (
        "network/log-retention",
        "network.eu-west-1.flow_log_retention_days",
        {"network.eu-west-1.flow_log_retention_days": 100},
    ),
    (
        "network/override-unknown",
        "network.eu-west-1.overrides.Cidr",
        {"network.eu-west-1.overrides": {"Cidr": "10.0.0.0/16"}},
    ),
    ("aurora/version-form", "aurora.orders.version", {"aurora.orders.version": "seventeen"}),
    ("aurora/version-unknown", "aurora.orders.version", {"aurora.orders.version": "19.1"}),
    ("aurora/version-gone", "aurora.orders.version", {"aurora.orders.version": "16.1"}),
    ("aurora/version-vague", "aurora.orders.version", {"aurora.orders.version": "17"}),
    ("aurora/extended-support", "aurora.orders.version", {"aurora.orders.version": "13.23"}),
    ("aurora/class-form", "aurora.orders.instances.a.class", {"aurora.orders.instances.a.class": "large"}),
    ("aurora/class-unknown", "aurora.orders.instances.a.class", {"aurora.orders.instances.a.class": "db.r99g.large"}),
    (
        "aurora/class-region",
        "aurora.orders.instances.a.class",
        {"regions": ["il-central-1"], "caches": {}, "aurora.orders.instances.a.class": "db.x2g.large"},
    ),
    ("aurora/single-instance", "aurora.orders.instances", {"aurora.orders.instances.b": GONE}),
    (
        "aurora/one-zone",
        "aurora.orders.instances",
        {"aurora.orders.instances.a.zone": 1, "aurora.orders.instances.b.zone": 1},
    ),
    (
        "aurora/serverless-version",
        "aurora.orders.instances.a.class",
        {
            "aurora.orders.version": "12.22",
            "aurora.orders.extended_support": True,
            "aurora.orders.instances.a.class": "serverless",
            "aurora.orders.instances.b.class": "db.r5.large",
        },
    ),
    ("aurora/acu-step", "aurora.orders.serverless.max_acu", {"aurora.orders.serverless.max_acu": 8.3}),
    ("aurora/acu-range", "aurora.orders.serverless.max_acu", {"aurora.orders.serverless.max_acu": 300}),
    ("aurora/acu-order", "aurora.orders.serverless.max_acu", {"aurora.orders.serverless.min_acu": 9}),
    (
        "aurora/pause-version",
        "aurora.orders.serverless.min_acu",
        {**FOURTEEN, "aurora.orders.serverless.min_acu": 0},
    ),
    (
        "aurora/pause-without-zero",
        "aurora.orders.serverless.pause_after_s",
        {"aurora.orders.serverless.pause_after_s": 300},
    ),
    (
        "aurora/endpoint-count",
        "aurora.orders.endpoints",
        {f"aurora.orders.endpoints.e{number}.excluded": ["a"] for number in range(6)},
    ),
    (
        "aurora/endpoint-member",
        "aurora.orders.endpoints.x.members.1",
        {"aurora.orders.endpoints.x.members": ["a", "z"]},
    ),
    (
        "aurora/endpoint-both-lists",
        "aurora.orders.endpoints.x.excluded",
        {"aurora.orders.endpoints.x": {"members": ["a"], "excluded": ["b"]}},
    ),
    (
        "aurora/endpoint-repeat",
        "aurora.orders.endpoints.x.members",
        {"aurora.orders.endpoints.x.members": ["a", "a"]},
    ),
    (
        "aurora/endpoint-empty",
        "aurora.orders.endpoints.x.excluded",
        {"aurora.orders.endpoints.x.excluded": ["a", "b"]},
    ),
    (
        "aurora/endpoint-region",
        "aurora.orders.endpoints",
        {
            "regions": ["cn-north-1"],
            "caches": {},
            "aurora.orders.instances.a.class": "serverless",
            "aurora.orders.instances.b.class": "serverless",
            "aurora.orders.endpoints.x.excluded": ["a"],
        },
    ),
    ("aurora/backtrack-engine", "aurora.orders.backtrack_hours", {"aurora.orders.backtrack_hours": 1}),
    (
        "aurora/backtrack-serverless",
        "aurora.orders.backtrack_hours",
        MYSQL | {"aurora.orders.backtrack_hours": 1, "aurora.orders.instances.a.class": "serverless"},
    ),
    ("aurora/backup-window", "aurora.orders.backup.window", {"aurora.orders.backup.window": "3am-4am"}),
    ("aurora/maintenance-window", "aurora.orders.maintenance_window", {"aurora.orders.maintenance_window": "sunday"}),
    ("aurora/window-length", "aurora.orders.backup.window", {"aurora.orders.backup.window": "03:00-03:29"}),
    (
        "aurora/window-overlap",
        "aurora.orders.backup.window",
        {
            "aurora.orders.backup.window": "23:30-00:30",
            "aurora.orders.maintenance_window": "mon:00:00-mon:01:00",
        },
    ),
    ("aurora/username-reserved", "aurora.orders.master_username", {"aurora.orders.master_username": "admin"}),
    ("aurora/username-form", "aurora.orders.master_username", {"aurora.orders.master_username": "x" * 17}),
    ("aurora/database-form", "aurora.orders.database", {"aurora.orders.database": "1st"}),
    ("aurora/database-reserved", "aurora.orders.database", {"aurora.orders.database": "postgres"}),
    ("aurora/log-export", "aurora.orders.log_exports.0", {"aurora.orders.log_exports": ["slowquery"]}),
    ("aurora/log-retention", "aurora.orders.log_retention_days", {"aurora.orders.log_retention_days": 100}),
    (
        "aurora/tls-off",
        "aurora.orders.parameters.rds.force_ssl",
        {"aurora.orders.parameters": {"rds.force_ssl": "0"}},
    ),
    ("aurora/tags", "aurora.orders.tags.aurora-estate:x", {"aurora.orders.tags": {"aurora-estate:x": "y"}}),
    (
        "aurora/override-unknown",
        "aurora.orders.instances.a.overrides.MonitorInterval",
        {"aurora.orders.instances.a.overrides": {"MonitorInterval": 5}},
    ),
    (
        "aurora/override-identity",
        "aurora.orders.overrides.DBClusterIdentifier",
        {"aurora.orders.overrides": {"DBClusterIdentifier": "mine"}},
    ),
    (
        "aurora/override-value",
        "aurora.orders.instances.a.overrides.MonitoringInterval",
        {"aurora.orders.instances.a.overrides": {"MonitoringInterval": "often"}},
    ),
    ("aurora/version-limitless", "aurora.orders.version", {"aurora.orders.version": "16.11-limitless"}),
    ("cache/version-form", "caches.sessions.version", {"caches.sessions.version": "eight"}),
    ("cache/version-unknown", "caches.sessions.version", {"caches.sessions.version": "10.1"}),
    (
        "cache/extended-support",
        "caches.sessions.version",
        {"caches.sessions.engine": "redis", "caches.sessions.version": "5.0.6"},
    ),
    (
        "cache/redis-last",
        "caches.sessions.version",
        {"caches.sessions.engine": "redis", "caches.sessions.version": "7.2", "acknowledge": ["cache/version-unknown"]},
    ),
    ("cache/class-form", "caches.sessions.class", {"caches.sessions.class": "db.r8g.large"}),
    ("cache/class-unknown", "caches.sessions.class", {"caches.sessions.class": "cache.r99g.large"}),
    (
        "cache/class-region",
        "caches.sessions.class",
        {"regions": ["il-central-1"], "aurora": {}, "caches.sessions.class": "cache.m4.large"},
    ),
    (
        "cache/nodes-max",
        "caches.sessions.shards",
        {"caches.sessions.shards": 251, "acknowledge": ["estate/cache-nodes-quota"]},
    ),
    ("cache/nodes-quota", "caches.sessions.shards", {"caches.sessions.shards": 46}),
    ("cache/no-replica", "caches.sessions.replicas", {"caches.sessions.replicas": 0}),
    (
        "cache/iam-version",
        "caches.sessions.version",
        {
            "caches.sessions.engine": "redis",
            "caches.sessions.version": "6.2",
            "caches.sessions.users": {"web": {}},
            "acknowledge": ["cache/version-ending"],
        },
    ),
    ("cache/users-max", "caches.sessions.users", {f"caches.sessions.users.u{n}": {} for n in range(100)}),
    ("cache/user-default", "caches.sessions.users.default", {"caches.sessions.users": {"default": {}}}),
    (
        "cache/access-password",
        "caches.sessions.users.web.access",
        {"caches.sessions.users.web.access": "on >secret ~* +@read"},
    ),
    ("cache/access-form", "caches.sessions.users.web.access", {"caches.sessions.users.web.access": "~* +@read"}),
    (
        "cache/append-only",
        "caches.sessions.parameters.appendonly",
        {"caches.sessions.parameters": {"appendonly": "yes"}},
    ),
    (
        "cache/parameter-of-kit",
        "caches.sessions.parameters.cluster-enabled",
        {"caches.sessions.parameters": {"cluster-enabled": "yes"}},
    ),
    (
        "cache/default-port",
        "caches.sessions.port",
        {"caches.sessions.engine": "redis", "caches.sessions.version": "7.1", "caches.sessions.port": 6379},
    ),
    ("cache/snapshot-window", "caches.sessions.snapshot_window", {"caches.sessions.snapshot_window": "night"}),
    ("cache/maintenance-window", "caches.sessions.maintenance_window", {"caches.sessions.maintenance_window": "sun"}),
    ("cache/window-length", "caches.sessions.snapshot_window", {"caches.sessions.snapshot_window": "03:00-03:59"}),
    (
        "cache/window-overlap",
        "caches.sessions.snapshot_window",
        {
            "caches.sessions.snapshot_window": "03:00-04:00",
            "caches.sessions.maintenance_window": "sun:03:30-sun:05:00",
        },
    ),
    (
        "cache/window-without-snapshots",
        "caches.sessions.snapshot_window",
        {"caches.sessions.snapshot_window": "03:00-04:00", "caches.sessions.snapshot_retention_days": 0},
    ),
    ("cache/log-retention", "caches.sessions.log_retention_days", {"caches.sessions.log_retention_days": 2}),
    ("cache/tags", "caches.sessions.tags.k", {"caches.sessions.tags": {"k": "v" * 257}}),
    (
        "cache/override-unknown",
        "caches.sessions.users.web.overrides.Access",
        {"caches.sessions.users.web.overrides": {"Access": "x"}},
    ),
    (
        "cache/override-value",
        "caches.sessions.overrides.Port.x",
        {"caches.sessions.overrides": {"Port.x": 1}},
    ),
    (
        "cache/data-tiering",
        "caches.sessions.class",
        {
            "caches.sessions.engine": "redis",
            "caches.sessions.version": "6.0",
            "caches.sessions.class": "cache.r6gd.xlarge",
            "acknowledge": ["cache/version-ending"],
        },
    ),
    (
        "cache/override-identity",
        "caches.sessions.overrides.ReplicationGroupId",
        {"caches.sessions.overrides": {"ReplicationGroupId": "mine"}},
    ),
)
EXISTING_WITH_ZONE = {"network.eu-west-1": VPC, "aurora.orders.instances.a.zone": 1}
USER = "caches.sessions.users.web.access"
VARIANTS: tuple[Row, ...] = (
    ("network/subnets", "network.eu-west-1.subnets.2", {"network.eu-west-1": VPC | {"subnets": THREE_SUBNETS}}),
    ("network/endpoint", "network.eu-west-1.endpoints.1", {"network.eu-west-1.endpoints": ["ecr.api", "ecr-api"]}),
    ("network/zone", "network.eu-west-1.availability_zones.0", {"network.eu-west-1": {"availability_zones": ZONES_Z}}),
    ("network/cidr-form", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "10.0.0.0/255.255.0.0"}),
    ("network/cidr-unusable", "network.eu-west-1.cidr", {"network.eu-west-1.cidr": "169.254.0.0/16"}),
    ("estate/zone", "aurora.orders.instances.a.zone", EXISTING_WITH_ZONE),
    ("estate/cache-name-length", f"caches.{TWENTY}", {"estate": "a" * 15, "aurora": {}, f"caches.{TWENTY}": {}}),
    (
        "estate/name-clash",
        "caches.sessions-b",
        {"caches.sessions.users": {"b-nobody": {}}, "caches.sessions-b": {"engine": "valkey"}},
    ),
    ("estate/tags-sum", "tags", {"tags": {f"k{number}": "v" for number in range(47)}}),
    ("aurora/username-reserved", "aurora.orders.master_username", {"aurora.orders.master_username": "Table"}),
    ("aurora/database-reserved", "aurora.orders.database", {"aurora.orders.database": "select"}),
    ("aurora/override-value", "aurora.orders.overrides.Port", {"aurora.orders.overrides": {"Port": float("nan")}}),
    ("aurora/override-value", "aurora.orders.overrides.Tags", {"aurora.orders.overrides": {"Tags": 3}}),
    ("aurora/override-value", "aurora.orders.overrides.Port.", {"aurora.orders.overrides": {"Port.": 1}}),
    ("value/type", "aurora.orders.enhanced_monitoring_s", {"aurora.orders.enhanced_monitoring_s": True}),
    ("value/type", "protection", {"protection": "off"}),
    ("value/type", "network.cidr", {"network": {"cidr": "10.0.0.0/16"}}),
    ("value/quote", "regions.0", {"regions": [1], "aurora": GONE}),
    ("aurora/version-form", "aurora.orders.version", {**MYSQL, "aurora.orders.version": "8.0.36"}),
    ("cache/version-form", "caches.sessions.version", {"caches.sessions": {"engine": "redis", "version": "6.x"}}),
    (
        "aurora/override-value",
        "aurora.orders.overrides.MasterUserPassword",
        {"aurora.orders.overrides": {"MasterUserPassword": "hunter2hunter2"}},
    ),
    ("cache/access-form", USER, {USER: "on ~* read"}),
    ("cache/access-form", USER, {USER: "on ~* +@reed"}),
    ("network/existing", "network.eu-west-1.cidr", {"network.eu-west-1": VPC | {"cidr": "10.0.0.0/16"}}),
    ("network/existing", "network.eu-west-1.subnets", {"network.eu-west-1.subnets": VPC["subnets"]}),
    ("network/id", "network.eu-west-1.subnets.1", {"network.eu-west-1": VPC | {"subnets": [VPC["subnets"][0], "x"]}}),
    ("network/zone", "network.eu-west-1.availability_zones.0", {"network.eu-west-1.availability_zones": ["a", *ZONES]}),
    ("aurora/class-form", "aurora.orders.instances.a.class", {"aurora.orders.instances.a.class": "db.serverless"}),
    ("aurora/log-export", "aurora.orders.log_exports.1", {"aurora.orders.log_exports": ["postgresql", "postgresql"]}),
    ("aurora/username-form", "aurora.orders.master_username", {"aurora.orders.master_username": "db_admin"}),
    ("aurora/username-reserved", "aurora.orders.master_username", {"aurora.orders.master_username": "postgres"}),
    ("aurora/tags", "aurora.orders.tags.a*", {"aurora.orders.tags": {"a*": "b"}}),
    ("aurora/tags", "aurora.orders.tags", {"aurora.orders.tags": {f"k{number}": "v" for number in range(48)}}),
    ("estate/name-clash", "aurora.a-b.endpoints.x", CLASH),
    ("cache/access-password", "caches.sessions.users.web.access", {"caches.sessions.users.web.access": "on nopass"}),
)
TABLES = (
    *(Estate.RULES, NetworkSpec.RULES, AuroraSpec.RULES),
    *(ReplicationGroupSpec.RULES, MemcachedSpec.RULES, ServerlessCacheSpec.RULES),
)
ROWS = (*ROWS, *rows_backups.ROWS, *rows_instances.ROWS, *rows_replication.ROWS)
VARIANTS = (*VARIANTS, *rows_backups.VARIANTS, *rows_instances.VARIANTS, *rows_replication.VARIANTS)
BY_ID = {rule.id: rule for table in TABLES for rule in table}


@pytest.mark.parametrize(
    ("rule", "path", "changes"), ROWS + VARIANTS, ids=[f"{row[0]} {row[1]}" for row in ROWS + VARIANTS]
)
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    assert path in {problem.path for problem in found}


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS, ids=[row[0] for row in ROWS])
def test_message_is_one_sentence_made_of_its_parts(rule: str, path: str, changes: dict[str, Any]) -> None:
    problem = next(problem for problem in problems(changed(changes)) if problem.path == path)
    subject = problem.path or "the document"
    assert problem.message == f"{subject} must {problem.allowed}, got {problem.given}; {problem.fix}"
    assert not any(mark in problem.message for mark in ("${", "None", "<function", "{}", ";;"))
    assert not problem.message.endswith(".")


def test_every_rule_has_a_row() -> None:
    """Here, or in the table of its section's own test beside this one."""
    rows = {row[0] for row in ROWS}
    beside = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [rule for rule in BY_ID if rule not in rows and f'"{rule}"' not in beside] == []


def test_ids_are_unique() -> None:
    assert len(BY_ID) == sum(len(table) for table in TABLES)


def test_the_valid_file_is_valid() -> None:
    assert problems(changed({})) == ()


@pytest.mark.parametrize(("_what", "changes"), rows_instances.FINE, ids=[row[0] for row in rows_instances.FINE])
def test_the_legal_neighbour_passes(_what: str, changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


ACKNOWLEDGED = [row for row in ROWS if row[0] in BY_ID and BY_ID[row[0]].can_be_acknowledged]


@pytest.mark.parametrize(("rule", "path", "changes"), ACKNOWLEDGED, ids=[row[0] for row in ACKNOWLEDGED])
def test_acknowledgement_silences_it(rule: str, path: str, changes: dict[str, Any]) -> None:
    known = changes.get("acknowledge", [])
    assert problems(changed(changes | {"acknowledge": [*known, rule]})) == ()


def test_acknowledgement_of_one_cluster_is_not_one_of_another() -> None:
    single = {"engine": "aurora-postgresql", "version": "17.7", "instances": {"a": {}}}
    changes = {"aurora": {"x": single | {"acknowledge": ["aurora/single-instance"]}, "y": single}}
    assert [problem.path for problem in problems(changed(changes))] == ["aurora.y.instances"]


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        pytest.param({"aurora.orders.version": "16.3"}, 256, id="recent"),
        pytest.param(FOURTEEN, 128, id="older"),
        pytest.param(MYSQL, 256, id="mysql"),
        pytest.param({**MYSQL, "aurora.orders.version": "8.0.mysql_aurora.3.04.2"}, 128, id="older-mysql"),
    ],
)
def test_capacity_follows_the_version(changes: dict[str, Any], allowed: int) -> None:
    accepted = {"acknowledge": ["aurora/version-gone", "aurora/version-ending"]}
    assert problems(changed(changes | accepted | {"aurora.orders.serverless.max_acu": allowed})) == ()
    found = problems(changed(changes | accepted | {"aurora.orders.serverless.max_acu": allowed + 0.5}))
    assert [problem.rule for problem in found] == ["aurora/acu-range"]


def test_a_secret_in_a_file_is_not_repeated() -> None:
    changes = {"aurora.orders.overrides": {"MasterUserPassword": "hunter2hunter2"}}
    (problem,) = problems(changed(changes))
    assert "hunter2" not in str(problem.as_dict())
    resolved = {"aurora.orders.overrides": {"MasterUserPassword": "{{resolve:secretsmanager:x}}"}}
    assert problems(changed(resolved)) == ()


def test_redis_takes_its_own_version() -> None:
    """Redis OSS ended at 7.1 on ElastiCache; the default of the other engine would be refused there."""
    loaded = load_text(changed({"caches.sessions": {"engine": "redis"}}))
    assert (loaded.estate.caches["sessions"].version, loaded.warnings) == ("7.1", ())


def test_a_setting_that_stands_where_a_name_belongs_is_told_its_place() -> None:
    (problem,) = problems(changed({"network": {"cidr": "10.0.0.0/16"}}))
    assert problem.fix == "write it below the Region of the network, one level deeper"
