"""Rules of `memcached:`, a row each, and what such a cluster lacks, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches.memcached import ESTATE_RULES, RULES, MemcachedSpec
from estate.explain import billed
from estate.load import load_text
from estate.retired import KEYS_BY_UNIT, MEMCACHED
from estate.spec import Rule, SpecError
from tests.support.estate_files import changed, problems

PAGES = "memcached.pages"
HERE: dict[str, Any] = {f"{PAGES}.nodes": 3}
"""Beside the cluster and cache of `VALID`: three nodes of the defaults."""
VPC: dict[str, Any] = {
    "network.eu-west-1": {
        "vpc": "vpc-0123456789abcdef0",
        "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }
}
NO_TLS: dict[str, Any] = {f"{PAGES}.transit_encryption": False, "acknowledge": ["memcached/tls-off"]}
OLD = NO_TLS | {"acknowledge": ["memcached/tls-off", "memcached/version-old"]}


def _allow(**sources: dict[str, str]) -> dict[str, Any]:
    return {f"{PAGES}.allow_from": sources}


def _parameter(**values: str) -> dict[str, Any]:
    return {f"{PAGES}.parameters": values}


Row = tuple[str, str, dict[str, Any]]
ROWS: tuple[Row, ...] = (
    ("memcached/version-form", "version", {f"{PAGES}.version": "1.6"}),
    ("memcached/version-unknown", "version", {f"{PAGES}.version": "1.6.99"}),
    (
        "memcached/version-old",
        "version",
        NO_TLS | {f"{PAGES}.version": "1.5.16"},
    ),
    ("memcached/class-form", "class", {f"{PAGES}.class": "db.r7g.large"}),
    ("memcached/class-unknown", "class", {f"{PAGES}.class": "cache.r99g.large"}),
    (
        "memcached/class-region",
        "class",
        {"regions": ["il-central-1"], "aurora": {}, "caches": {}, f"{PAGES}.class": "cache.m4.large"},
    ),
    ("memcached/class-version", "class", OLD | {f"{PAGES}.version": "1.5.10", f"{PAGES}.class": "cache.m6g.large"}),
    ("memcached/class-tiering", "class", {f"{PAGES}.class": "cache.r6gd.xlarge"}),
    ("memcached/one-node", "nodes", {f"{PAGES}.nodes": 1}),
    ("memcached/nodes-many", "nodes", {f"{PAGES}.nodes": 41}),
    ("memcached/nodes-max", "nodes", {f"{PAGES}.nodes": 61}),
    ("memcached/zones-count", "zones", {f"{PAGES}.zones": [1, 2]}),
    ("memcached/one-zone", "zones", {f"{PAGES}.zones": [2, 2, 2]}),
    (
        "memcached/tls-version",
        "version",
        {f"{PAGES}.version": "1.6.6"},
    ),
    ("memcached/tls-class", "class", {f"{PAGES}.class": "cache.t2.small"}),
    ("memcached/tls-off", "transit_encryption", {f"{PAGES}.transit_encryption": False}),
    ("memcached/default-port", "port", {f"{PAGES}.port": 11211}),
    ("memcached/maintenance-window", "maintenance_window", {f"{PAGES}.maintenance_window": "sunday"}),
    ("memcached/window-length", "maintenance_window", {f"{PAGES}.maintenance_window": "sun:05:00-sun:05:59"}),
    ("memcached/tags", "tags.aws:x", {f"{PAGES}.tags": {"aws:x": "y"}}),
    ("memcached/override-unknown", "overrides.Nodes", {f"{PAGES}.overrides": {"Nodes": 3}}),
    ("memcached/override-value", "overrides.NetworkType", {f"{PAGES}.overrides": {"NetworkType": 4}}),
    ("memcached/override-identity", "overrides.ClusterName", {f"{PAGES}.overrides": {"ClusterName": "mine"}}),
    (
        "memcached/override-foreign",
        "overrides.SnapshotRetentionLimit",
        {f"{PAGES}.overrides": {"SnapshotRetentionLimit": 1}},
    ),
    ("memcached/override-setting", "overrides.NumCacheNodes", {f"{PAGES}.overrides": {"NumCacheNodes": 61}}),
    ("memcached/parameter-unknown", "parameters.max_item_sice", _parameter(max_item_sice="2097152")),
    ("memcached/parameter-family", "parameters.maxmemory-policy", {f"{PAGES}.parameters": {"maxmemory-policy": "x"}}),
    ("memcached/parameter-value", "parameters.max_item_size", _parameter(max_item_size="2m")),
    (
        "memcached/parameter-kept",
        "parameters.max_simultaneous_connections",
        _parameter(max_simultaneous_connections="9"),
    ),
    ("memcached/allow-one", "allow_from.a", _allow(a={})),
    ("memcached/allow-form", "allow_from.a.cidr", _allow(a={"cidr": "10.1.2.3/33"})),
    ("memcached/allow-public", "allow_from.a.cidr", _allow(a={"cidr": "8.8.8.8/32"})),
    ("memcached/allow-wide", "allow_from.a.cidr", _allow(a={"cidr": "10.1.0.0/16"})),
    ("memcached/allow-repeat", "allow_from.b.cidr", _allow(a={"cidr": "10.1.2.3/32"}, b={"cidr": "10.1.2.3/32"})),
    ("memcached/allow-count", "allow_from", _allow(**{f"a{n}": {"cidr": f"10.1.2.{n}/32"} for n in range(61)})),
    ("estate/memcached-zones-unnamed", "nodes", VPC),
)
VARIANTS: tuple[Row, ...] = (
    ("memcached/version-form", "version", {f"{PAGES}.version": "1.6.22-tls"}),
    ("memcached/zones-count", "zones", {f"{PAGES}.zones": [1, 2, 3, 1]}),
    ("memcached/override-foreign", "overrides.SnapshotName", {f"{PAGES}.overrides": {"SnapshotName": "kept"}}),
    *(
        ("memcached/override-setting", f"overrides.{name}", {f"{PAGES}.overrides": {name: value}})
        for name, value in (
            ("AZMode", "single-az"),
            ("CacheNodeType", "cache.r6gd.xlarge"),
            ("CacheParameterGroupName", "default.memcached1.6"),
            ("EngineVersion", "1.6.6"),
            ("Port", 11211),
            ("PreferredAvailabilityZone", "eu-west-1a"),
            ("PreferredAvailabilityZones", ["eu-west-1a"] * 3),
            ("PreferredAvailabilityZones.0", "eu-west-1a"),
            ("PreferredMaintenanceWindow", "sun:01:00-sun:01:10"),
            ("TransitEncryptionEnabled", False),
        )
    ),
    ("memcached/parameter-kept", "parameters.sasl", _parameter(sasl="yes")),
    ("memcached/parameter-value", "parameters.hash_algorithm", _parameter(hash_algorithm="md5")),
    ("estate/secret", "parameters.hash_algorithm", _parameter(hash_algorithm="AKIAIOSFODNN7EXAMPLE")),
    ("memcached/parameter-kept", "parameters.num_threads", _parameter(num_threads="8")),
    ("memcached/parameter-kept", "parameters.enable_sasl", _parameter(enable_sasl="1")),
    ("memcached/parameter-family", "parameters.modern", _parameter(modern="1")),
    ("estate/zone", "zones.2", {f"{PAGES}.zones": [1, 2, 4]}),
    ("estate/zone", "zones", VPC | {f"{PAGES}.zones": [1, 2, 1]}),
    ("value/range", "nodes", {f"{PAGES}.nodes": 0}),
    ("value/range", "zones.0", {f"{PAGES}.zones": [0, 1, 2]}),
    ("value/range", "port", {f"{PAGES}.port": 80}),
    ("value/type", "transit_encryption", {f"{PAGES}.transit_encryption": "required"}),
    ("value/quote", "parameters.chunk_size", {f"{PAGES}.parameters": {"chunk_size": 96}}),
)
LEGAL: dict[str, dict[str, Any]] = {
    "the-defaults": {},
    "the-first-version-with-tls": {f"{PAGES}.version": "1.6.12"},
    "an-older-one-without": NO_TLS | {f"{PAGES}.version": "1.6.6"},
    "a-class-without-tls": NO_TLS | {f"{PAGES}.class": "cache.t2.small"},
    "graviton-from-its-version": OLD | {f"{PAGES}.version": "1.5.16", f"{PAGES}.class": "cache.m6g.large"},
    "intel-before-it": OLD | {f"{PAGES}.version": "1.5.10", f"{PAGES}.class": "cache.m5.large"},
    "two-nodes": {f"{PAGES}.nodes": 2},
    "forty-nodes": {f"{PAGES}.nodes": 40},
    "more-than-the-quota": {f"{PAGES}.nodes": 61, "acknowledge": ["memcached/nodes-max"]},
    "zones-in-another-order": {f"{PAGES}.zones": [3, 1, 3]},
    "zones-of-an-existing-network": {
        "network.eu-west-1": VPC["network.eu-west-1"] | {"availability_zones": ["eu-west-1a", "eu-west-1b"]},
        f"{PAGES}.zones": [2, 1, 2],
    },
    "an-hour": {f"{PAGES}.maintenance_window": "sun:23:30-mon:00:30"},
    "parameters-of-the-family": _parameter(max_item_size="2097152", idle_timeout="600", hash_algorithm="murmur3"),
    "parameters-of-an-older-family": OLD
    | {f"{PAGES}.version": "1.4.34", f"{PAGES}.class": "cache.m5.large"}
    | _parameter(modern="1"),
    "an-override-that-agrees": {f"{PAGES}.overrides": {"NumCacheNodes": "3", "TransitEncryptionEnabled": True}},
    "an-override": {f"{PAGES}.overrides": {"NetworkType": "ipv4"}},
    "one-node-in-dev": {"profile": "dev", f"{PAGES}.nodes": 1},
}


@pytest.mark.parametrize(
    ("rule", "path", "changes"), ROWS + VARIANTS, ids=[f"{row[0]} {row[1]}" for row in ROWS + VARIANTS]
)
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = [problem for problem in problems(changed(HERE | changes)) if problem.path.startswith(PAGES)]
    assert {problem.rule for problem in found} == {rule}
    said = [problem.message for problem in found if problem.path.startswith(f"{PAGES}.{path}")]
    assert said
    assert all(" must " in message for message in said)
    assert not any("None" in message for message in said)


@pytest.mark.parametrize("changes", LEGAL.values(), ids=LEGAL)
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert [problem for problem in problems(changed(HERE | changes)) if problem.path.startswith(PAGES)] == []


EVERY: tuple[Rule[Any], ...] = (*RULES, *ESTATE_RULES)


def test_every_rule_has_a_row() -> None:
    """Rules about watching are tried with those of the other kinds."""
    ours = {rule.id for rule in EVERY if not rule.id.startswith("memcached/watch-")}
    assert ours == {row[0] for row in ROWS} | {"estate/memcached-name"}


BY_ID = {rule.id: rule for rule in EVERY}


def test_nodes_of_groups_are_cache_clusters_too() -> None:
    """`shop-sessions-001` would be taken: a group's nodes are called so, with cluster mode `shop-sessions-0001-001`."""
    for name in ("sessions-001", "sessions-0001-001"):
        [problem] = problems(changed({f"memcached.{name}": {}}))
        assert (problem.rule, problem.path) == ("estate/memcached-name", f"memcached.{name}")
        assert f"shop-{name} is how nodes of caches.sessions are called" in problem.message
    assert problems(changed({"memcached.pages-001": {}, "memcached.sessions-1": {}})) == ()


def test_nodes_of_a_region_are_counted_together() -> None:
    groups = {f"caches.c{number}": {"shards": 45, "replicas": 1} for number in range(3)}
    assert problems(changed({**groups, f"{PAGES}.nodes": 28})) == ()
    [warning] = problems(changed({**groups, f"{PAGES}.nodes": 29}))
    assert (warning.rule, warning.level, warning.given) == (
        "estate/cache-nodes-quota",
        "warning",
        "301 nodes in eu-west-1",
    )
    assert problems(changed({**groups, f"{PAGES}.nodes": 29, "acknowledge": ["estate/cache-nodes-quota"]})) == ()


WARNINGS = [row for row in ROWS if BY_ID[row[0]].level == "warning"]


@pytest.mark.parametrize(("rule", "path", "changes"), WARNINGS, ids=[row[0] for row in WARNINGS])
def test_a_weak_choice_can_be_acknowledged(rule: str, path: str, changes: dict[str, Any]) -> None:
    known = [*changes.get("acknowledge", []), rule]
    assert problems(changed(HERE | changes | {"acknowledge": known})) == (), path


def test_conflicting_limits_are_both_named() -> None:
    [warning] = problems(changed({f"{PAGES}.nodes": 60}))
    assert (warning.rule, warning.level) == ("memcached/nodes-many", "warning")
    assert "40" in warning.allowed
    assert "60" in warning.allowed


LACKS = {
    "replicas": "memcached/no-replication",
    "shards": "memcached/no-replication",
    "multi_az": "memcached/no-replication",
    "automatic_failover": "memcached/no-replication",
    "cluster_mode": "memcached/no-replication",
    "durability": "memcached/no-persistence",
    "global": "memcached/no-replication",
    "snapshot_retention_days": "memcached/no-snapshots",
    "snapshot_window": "memcached/no-snapshots",
    "origin": "memcached/no-snapshots",
    "appendonly": "memcached/no-persistence",
    "users": "memcached/no-authentication",
    "user": "memcached/no-authentication",
    "sasl": "memcached/no-authentication",
    "password": "memcached/no-authentication",
    "auth_token": "memcached/no-authentication",
    "iam": "memcached/no-authentication",
    "kms_key": "memcached/no-encryption-at-rest",
    "log_retention_days": "memcached/no-logs",
    "autoscaling": "memcached/no-auto-scaling",
    "data_tiering": "memcached/no-data-tiering",
    "minor_upgrades": "memcached/no-minor-upgrades",
    "engine": "memcached/engine",
}


@pytest.mark.parametrize(("key", "rule"), LACKS.items(), ids=LACKS)
@pytest.mark.parametrize("value", [1, True, "on", None, {"a": 1}], ids=["number", "switch", "text", "nothing", "map"])
def test_what_memcached_lacks_is_refused_with_what_to_use(key: str, rule: str, value: object) -> None:
    [problem] = problems(changed(HERE | {f"{PAGES}.{key}": value}))
    assert (problem.rule, problem.path) == (rule, f"{PAGES}.{key}")
    assert problem.message.startswith(f"{PAGES}.{key} must ")
    assert any(way in problem.fix for way in ("`caches:`", "`serverless_caches:`", "`version:`"))


def test_each_kind_of_lack_is_tried() -> None:
    assert {gone.rule for gone in MEMCACHED.values()} == set(LACKS.values())


@pytest.mark.parametrize(
    ("key", "way"),
    [
        ("num_cache_nodes", "`nodes:`"),
        ("cache_node_type", "`class:`"),
        ("az_mode", "`zones: [1, 2, 1]`"),
        ("preferred_availability_zones", "`zones: [1, 2, 1]`"),
        ("tls", "`transit_encryption:`"),
        ("engine_version", "`version:`"),
        ("parameter_group_name", "`parameters:`"),
        ("subnet_group_name", "`network:`"),
        ("sns_topic_arn", "`watch:`"),
        ("serverless", "`serverless_caches:`"),
    ],
)
def test_names_that_others_use_lead_to_ours(key: str, way: str) -> None:
    [problem] = problems(changed(HERE | {f"{PAGES}.{key}": "x"}))
    assert (problem.rule, problem.path) == ("memcached/no-such-setting", f"{PAGES}.{key}")
    assert way in problem.fix


@pytest.mark.parametrize("key", sorted(KEYS_BY_UNIT["memcached"]))
def test_no_refused_key_is_a_setting(key: str) -> None:
    assert key not in {field.alias or name for name, field in MemcachedSpec.model_fields.items()}


def test_elsewhere_these_keys_mean_what_they_mean_there() -> None:
    assert problems(changed({"caches.sessions.replicas": 2})) == ()
    [problem] = problems(changed({"aurora.orders.multi_az": True}))
    assert problem.rule == "aurora/no-such-setting"


def test_memcached_under_caches_is_led_here() -> None:
    [problem] = problems(changed({"caches.sessions": {"engine": "memcached"}}))
    assert problem.rule == "cache/engine-memcached"
    assert "`memcached:`" in problem.fix


@pytest.mark.parametrize(
    ("zones", "count", "expected"),
    [
        pytest.param((), 3, (1, 2, 3, 1), id="in-turn"),
        pytest.param((), 2, (1, 2, 1, 2), id="in-turn-over-two"),
        pytest.param((3, 3, 1, 2), 3, (3, 3, 1, 2), id="as-said"),
    ],
)
def test_nodes_stand_in_zones(zones: tuple[int, ...], count: int, expected: tuple[int, ...]) -> None:
    assert MemcachedSpec(name="pages", nodes=4, zones=zones).zones_of_nodes(count) == expected


def test_a_node_keeps_its_zone_when_others_come() -> None:
    """CloudFormation replaces a cluster whose nodes change their zones."""
    few, many = (MemcachedSpec(name="pages", nodes=count).zones_of_nodes(3) for count in (2, 7))
    assert many[:2] == few


def test_defaults_of_production_and_dev() -> None:
    production = load_text(changed({f"{PAGES}": {}})).estate.memcached["pages"]
    assert (production.version, production.nodes, production.port) == ("1.6.22", 2, 11212)
    assert production.transit_encryption is True
    dev = load_text(changed({"profile": "dev", f"{PAGES}": {}})).estate.memcached["pages"]
    assert (dev.nodes, dev.node_class, dev.transit_encryption) == (1, "cache.t4g.micro", True)


def test_by_hand_the_rules_hold_too() -> None:
    with pytest.raises(SpecError) as caught:
        MemcachedSpec(name="pages", version="1.5.16", nodes=61)
    assert set(caught.value.violations) == {"memcached/tls-version", "memcached/nodes-max"}


def test_what_a_cluster_costs_by_default_is_explained() -> None:
    said = [item.what for item in billed(load_text(changed({PAGES: {}}))) if item.path == PAGES]
    assert said[:2] == ["node type cache.r7g.large", "2 nodes"]
    small = changed({PAGES: {"class": "cache.t4g.small", "nodes": 3}})
    assert [item for item in billed(load_text(small)) if item.path == PAGES] == []
