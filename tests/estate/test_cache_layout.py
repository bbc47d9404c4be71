"""Cluster mode, placement, node types, durability, TLS mode and raw properties of replication groups, by rule."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches.replication_group import ReplicationGroupSpec
from estate.load import load_text
from estate.spec import SpecError
from tests.support.estate_files import changed, problems
from tests.support.specs import valkey

S = "caches.sessions"
KNOWN = {"acknowledge": ["cache/no-replica", "cache/nodes-quota", "cache/version-ending", "cache/version-unknown"]}
NETWORK = {"network.eu-west-1": {"zones": 3, "cidr": "10.9.0.0/16"}}

Changes = dict[str, Any]
Row = tuple[str, str, Changes, Changes]


def of_redis(version: str, **more: Any) -> Changes:
    return {f"{S}.engine": "redis", f"{S}.version": version} | {f"{S}.{key}": value for key, value in more.items()}


def of_shards(shards: int = 2, **placement: Changes) -> Changes:
    """A group of shards placed by `s1`, `s2`, ..."""
    placed = {f"{int(name[1:]):04d}": entry for name, entry in placement.items()}
    return {f"{S}.shards": shards, f"{S}.cluster_mode": "enabled", f"{S}.placement": placed}


def of_overrides(more: Changes | None = None, /, **overrides: Any) -> Changes:
    return {**(more or {}), f"{S}.overrides": overrides}


def of_slots(first: str | None, second: str | None) -> Changes:
    return of_shards(s1={"slots": first} if first else {}, s2={"slots": second} if second else {})


DURABLE = {f"{S}.version": "9.0", f"{S}.cluster_mode": "enabled", f"{S}.durability": "sync"}
TIERED = {f"{S}.class": "cache.r6gd.xlarge"}
PLACE = f"{S}.placement"
OVER = f"{S}.overrides"
LRU, LFU = {"maxmemory-policy": "allkeys-lru"}, {"maxmemory-policy": "allkeys-lfu"}
OLD = of_redis("4.0.10", extended_support=True, auth_token={}, shards=126) | {f"{S}.class": "cache.r5.large"}
SCALING = {f"{S}.autoscaling": {"replicas": {"min": 1, "max": 3, "cpu_percent": 60}}}

ROWS: tuple[Row, ...] = (
    # rule, where, the change that breaks it, the legal neighbour
    (
        "cache/mode-shards",
        f"{S}.cluster_mode",
        {f"{S}.shards": 2, f"{S}.cluster_mode": "disabled"},
        {f"{S}.shards": 2, f"{S}.cluster_mode": "enabled"},
    ),
    (
        "cache/mode-shards",
        f"{S}.cluster_mode",
        {f"{S}.shards": 2, f"{S}.cluster_mode": "compatible"},
        {f"{S}.shards": 1, f"{S}.cluster_mode": "compatible"},
    ),
    (
        "cache/mode-replica",
        f"{S}.replicas",
        {f"{S}.cluster_mode": "compatible", f"{S}.replicas": 0},
        {f"{S}.cluster_mode": "disabled", f"{S}.replicas": 0},
    ),
    (
        "cache/mode-version",
        f"{S}.version",
        of_redis("6.2", cluster_mode="compatible"),
        of_redis("7.0", cluster_mode="compatible"),
    ),
    (
        "cache/mode-scaling",
        f"{S}.autoscaling",
        SCALING | {f"{S}.cluster_mode": "compatible"},
        SCALING | {f"{S}.cluster_mode": "enabled"},
    ),
    ("cache/placement-scaling", PLACE, SCALING | of_shards(s1={}, s2={}), of_shards(s1={}, s2={})),
    (
        "cache/placement-mode",
        PLACE,
        {PLACE: {"0001": {"primary_zone": 1}}},
        {PLACE: {"0001": {"primary_zone": 1}}, f"{S}.cluster_mode": "enabled"},
    ),
    ("cache/placement-shards", PLACE, of_shards(s1={}), of_shards(s1={}, s2={})),
    ("cache/placement-shards", f"{PLACE}.0003", of_shards(s1={}, s2={}, s3={}), of_shards(3, s1={}, s2={}, s3={})),
    (
        "cache/placement-replicas",
        f"{PLACE}.0001.replica_zones",
        of_shards(s1={"primary_zone": 1, "replica_zones": [2, 3]}, s2={}),
        of_shards(s1={"primary_zone": 1, "replica_zones": [2, 3], "replicas": 2}, s2={}),
    ),
    (
        "cache/placement-zone",
        f"{PLACE}.0001.replica_zones",
        of_shards(s1={"primary_zone": 1, "replica_zones": [1]}, s2={}),
        of_shards(s1={"primary_zone": 1, "replica_zones": [1, 2], "replicas": 2}, s2={}),
    ),
    (
        "estate/zone",
        f"{PLACE}.0001.primary_zone",
        NETWORK | of_shards(s1={"primary_zone": 4}, s2={}),
        NETWORK | of_shards(s1={"primary_zone": 3}, s2={}),
    ),
    (
        "estate/zone",
        f"{PLACE}.0002.replica_zones.0",
        NETWORK | of_shards(s1={}, s2={"replica_zones": [4]}),
        NETWORK | of_shards(s1={}, s2={"replica_zones": [3]}),
    ),
    ("cache/slots-form", f"{PLACE}.0001.slots", of_slots("0-", "0-16383"), of_slots("0-5", "6-16383")),
    ("cache/slots-form", f"{PLACE}.0001.slots", of_slots("9-5", "0-16383"), of_slots("0-5", "6-16383")),
    ("cache/slots-form", f"{PLACE}.0002.slots", of_slots("0-5", "6-16384"), of_slots("0-5", "6-16383")),
    ("cache/slots-some", f"{PLACE}.0002.slots", of_slots("0-16383", None), of_slots(None, None)),
    ("cache/slots-cover", f"{PLACE}.0002.slots", of_slots("0-5", "7-16383"), of_slots("0-5", "6-16383")),
    ("cache/slots-cover", f"{PLACE}.0002.slots", of_slots("0-5", "5-16383"), of_slots("0-4,10-19", "5-9,20-16383")),
    ("cache/slots-cover", f"{PLACE}.0002.slots", of_slots("0-5", "6-16382"), of_slots("6-16383", "0-5")),
    ("cache/slots-cover", f"{PLACE}.0001.slots", of_slots("1-5", "6-16383"), of_slots("0-5", "6-16383")),
    ("cache/no-replica", f"{PLACE}.0001.replicas", of_shards(s1={"replicas": 0}, s2={}), of_shards(s1={}, s2={})),
    (
        "cache/no-replica",
        f"{S}.replicas",
        of_shards(s1={"replicas": 1}, s2={}) | {f"{S}.replicas": 0},
        of_shards(s1={"replicas": 1}, s2={"replicas": 1}) | {f"{S}.replicas": 0},
    ),
    ("cache/nodes-max", f"{S}.shards", OLD, OLD | {f"{S}.shards": 125}),
    ("cache/nodes-max", f"{S}.shards", {f"{S}.shards": 251}, {f"{S}.shards": 250}),
    (
        "cache/extended-support",
        f"{S}.version",
        of_redis("5.0.6", auth_token={}),
        of_redis("5.0.6", auth_token={}, extended_support=True),
    ),
    ("cache/version-ending", f"{S}.version", of_redis("6.2"), of_redis("7.0")),
    ("cache/version-ending", f"{S}.version", of_redis("6.2"), of_redis("6.2", extended_support=True)),
    ("cache/class-burstable", f"{S}.class", {f"{S}.class": "cache.t4g.small"}, {f"{S}.class": "cache.m7g.large"}),
    ("cache/class-previous", f"{S}.class", {f"{S}.class": "cache.t2.small"}, {f"{S}.class": "cache.m4.large"}),
    (
        "cache/class-version",
        f"{S}.class",
        of_redis("4.0.10", extended_support=True, auth_token={}),
        of_redis("4.0.10", extended_support=True, auth_token={}) | {f"{S}.class": "cache.r5.large"},
    ),
    ("cache/data-tiering-class", f"{S}.data_tiering", {f"{S}.data_tiering": True}, {f"{S}.data_tiering": False}),
    (
        "cache/data-tiering-class",
        f"{S}.data_tiering",
        TIERED | {f"{S}.data_tiering": False},
        TIERED | {f"{S}.data_tiering": True},
    ),
    ("cache/data-tiering", f"{S}.class", TIERED | of_redis("6.0"), TIERED | of_redis("6.2", extended_support=True)),
    (
        "cache/data-tiering-policy",
        f"{S}.parameters.maxmemory-policy",
        TIERED | {f"{S}.parameters": LFU},
        TIERED | {f"{S}.parameters": LRU},
    ),
    (
        "cache/durability-version",
        f"{S}.version",
        DURABLE | {f"{S}.version": "8.2"},
        DURABLE,
    ),
    (
        "cache/durability-version",
        f"{S}.durability",
        of_redis("7.1", cluster_mode="enabled", durability="async"),
        DURABLE | {f"{S}.durability": "async"},
    ),
    ("cache/durability-mode", f"{S}.cluster_mode", DURABLE | {f"{S}.cluster_mode": "disabled"}, DURABLE),
    (
        "cache/durability-mode",
        f"{S}.cluster_mode",
        DURABLE | {f"{S}.cluster_mode": "compatible"},
        DURABLE | {f"{S}.cluster_mode": "compatible", f"{S}.durability": "disabled"},
    ),
    ("cache/durability-replica", f"{S}.replicas", DURABLE | {f"{S}.replicas": 0}, DURABLE),
    (
        "cache/durability-class",
        f"{S}.class",
        DURABLE | {f"{S}.class": "cache.m5.large"},
        DURABLE | {f"{S}.class": "cache.c8gn.large"},
    ),
    ("cache/durability-tiering", f"{S}.class", DURABLE | TIERED, TIERED),
    (
        "cache/durability-tls",
        f"{S}.transit_encryption",
        DURABLE | {f"{S}.transit_encryption": "preferred"},
        DURABLE | {f"{S}.transit_encryption": "required"},
    ),
    ("cache/tls-preferred", f"{S}.transit_encryption", {f"{S}.transit_encryption": "preferred"}, {}),
    (
        "cache/tls-preferred-access",
        f"{S}.users",
        {f"{S}.transit_encryption": "preferred", f"{S}.users": {"web": {}}},
        {f"{S}.transit_encryption": "required", f"{S}.users": {"web": {}}},
    ),
    (
        "cache/tls-preferred-version",
        f"{S}.version",
        of_redis("6.2", transit_encryption="preferred"),
        of_redis("6.2", transit_encryption="required"),
    ),
    *(
        (
            "cache/override-setting",
            f"{OVER}.{name}",
            of_overrides(**{name: wrong}),
            of_overrides(**{name.split(".")[0]: right}),
        )
        for name, wrong, right in (
            ("AutoMinorVersionUpgrade", False, True),
            ("CacheNodeType", "cache.r6gd.xlarge", "cache.r7g.large"),
            ("CacheParameterGroupName", "default.valkey8", None),
            ("ClusterMode", "enabled", "disabled"),
            ("DataTieringEnabled", True, None),
            ("Durability", "sync", None),
            ("EngineVersion", "8.1", "8.2"),
            ("NodeGroupConfiguration", [{"NodeGroupId": "0001"}], None),
            ("NodeGroupConfiguration.0.Slots", "0-16383", None),
            ("NumCacheClusters", 2, None),
            ("NumNodeGroups", 2, 1),
            ("Port", 6379, "6380"),
            ("PreferredCacheClusterAZs", ["eu-west-1a"], None),
            ("PreferredMaintenanceWindow", "sun:01:00-sun:01:10", None),
            ("ReplicasPerNodeGroup", 2, 1),
            ("SnapshotArns", ["arn:aws:s3:::dumps/one.rdb"], None),
            ("SnapshotName", "before", None),
            ("SnapshotRetentionLimit", 99, 15),
            ("SnapshotWindow", "03:00-03:10", None),
            ("TransitEncryptionMode", "preferred", "required"),
        )
    ),
    (
        "cache/override-encryption",
        f"{OVER}.AtRestEncryptionEnabled",
        of_overrides(AtRestEncryptionEnabled=False),
        of_overrides(AtRestEncryptionEnabled="true"),
    ),
    (
        "cache/override-failover",
        f"{OVER}.AutomaticFailoverEnabled",
        of_overrides(AutomaticFailoverEnabled=False),
        of_overrides(AutomaticFailoverEnabled=True),
    ),
    (
        "cache/override-failover",
        f"{OVER}.AutomaticFailoverEnabled",
        of_overrides({f"{S}.replicas": 0}, AutomaticFailoverEnabled=True),
        of_overrides({f"{S}.replicas": 0}, AutomaticFailoverEnabled=False),
    ),
    (
        "cache/override-failover",
        f"{OVER}.AutomaticFailoverEnabled",
        of_overrides({f"{S}.shards": 2}, AutomaticFailoverEnabled=False, MultiAZEnabled=False),
        of_overrides({f"{S}.shards": 2}, AutomaticFailoverEnabled={"Ref": "Failover"}),
    ),
    (
        "cache/override-failover",
        f"{OVER}.MultiAZEnabled",
        of_overrides({f"{S}.shards": 2, f"{S}.replicas": 0}, MultiAZEnabled=True),
        of_overrides({f"{S}.shards": 2, f"{S}.replicas": 0}, MultiAZEnabled=False),
    ),
    ("cache/override-failover", f"{OVER}.MultiAZEnabled", of_overrides(DURABLE, MultiAZEnabled=False), DURABLE),
    (
        "cache/override-single-zone",
        f"{OVER}.MultiAZEnabled",
        of_overrides(MultiAZEnabled=None),
        of_overrides(MultiAZEnabled="true"),
    ),
    (
        "cache/override-single-zone",
        f"{OVER}.MultiAZEnabled",
        of_overrides(AutomaticFailoverEnabled=False, MultiAZEnabled=False),
        {},
    ),
)
IDS = [f"{row[0]} {row[1].removeprefix('caches.')} {number}" for number, row in enumerate(ROWS)]
ALSO = {"cache/tls-preferred-access": {"cache/tls-preferred"}, "cache/tls-preferred-version": {"cache/tls-preferred"}}
ALSO["cache/durability-tls"] = {"cache/tls-preferred"}
ALSO["cache/nodes-max"] = {"estate/cache-nodes-quota"}


def found_in(changes: Changes, rule: str) -> set[tuple[str, str]]:
    """What is said beside what every row takes for known, and what goes along with a rule."""
    known = [each for each in KNOWN["acknowledge"] if each != rule]
    found = problems(changed({**changes, "acknowledge": known}))
    return {(each.rule, each.path) for each in found if each.rule not in ALSO.get(rule, set())}


@pytest.mark.parametrize(("rule", "path", "changes", "_legal"), ROWS, ids=IDS)
def test_the_smallest_change_breaks_one_rule(rule: str, path: str, changes: Changes, _legal: Changes) -> None:
    found = found_in(changes, rule)
    assert {each for each, _ in found} == {rule}
    assert path in {where for _, where in found}


@pytest.mark.parametrize(("rule", "_path", "_changes", "legal"), ROWS, ids=IDS)
def test_the_legal_neighbour_passes(rule: str, _path: str, _changes: Changes, legal: Changes) -> None:
    assert found_in(legal, rule) == set()


@pytest.mark.parametrize(("rule", "path", "changes", "_legal"), ROWS, ids=IDS)
def test_a_message_says_what_must_hold_what_was_given_and_what_to_do(
    rule: str, path: str, changes: Changes, _legal: Changes
) -> None:
    found = problems(changed(changes))
    problem = next(each for each in found if (each.rule, each.path) == (rule, path))
    assert problem.message == f"{path} must {problem.allowed}, got {problem.given}; {problem.fix}"
    assert not any(mark in problem.message for mark in ("${", "None", "<function", "{}", ";;"))
    assert problem.fix
    assert not problem.message.endswith(".")


@pytest.mark.parametrize(
    ("changes", "mode", "nodes", "multi_az"),
    [
        pytest.param({"shards": 1}, "disabled", 2, True, id="one-shard"),
        pytest.param({"shards": 2}, "enabled", 4, True, id="two-shards"),
        pytest.param({"shards": 1, "cluster_mode": "enabled"}, "enabled", 2, True, id="one-shard-said"),
        pytest.param({"placement": {"0001": {}, "0002": {"replicas": 3}}}, "enabled", 6, True, id="uneven"),
        pytest.param(
            {"placement": {"0001": {}, "0002": {"replicas": 0}}, "acknowledge": ["cache/no-replica"]},
            *("enabled", 3, False),
            id="one-shard-alone",
        ),
    ],
)
def test_mode_and_nodes_follow_shards_and_placement(changes: Changes, mode: str, nodes: int, multi_az: bool) -> None:
    spec = valkey(**changes)
    assert (spec.mode, spec.nodes, spec.is_multi_az) == (mode, nodes, multi_az)


def test_nothing_that_lets_users_in_stands_beside_preferred_tls() -> None:
    spec = valkey(transit_encryption="preferred", shards=1)
    assert (spec.has_user_group, spec.user_of_kit) == (False, None)


def test_a_spec_made_by_hand_is_told_the_same() -> None:
    with pytest.raises(SpecError) as caught:
        ReplicationGroupSpec(name="carts", version="9.0", durability="sync")
    assert set(caught.value.violations) == {"cache/durability-mode"}


NAMES = (
    ("num_cache_clusters", "replicas"),
    ("replicas_per_node_group", "replicas"),
    ("num_node_groups", "shards"),
    ("automatic_failover_enabled", "replicas"),
    ("multi_az", "replicas"),
    ("node_type", "class"),
    ("node_group_configuration", "placement"),
    ("transit_encryption_mode", "transit_encryption"),
    ("snapshot_retention_limit", "snapshot_retention_days"),
    ("cluster_mode_enabled", "cluster_mode"),
    ("engine_version", "version"),
    ("nodes", "replicas"),
    ("backup", "snapshot_retention_days"),
    ("slow_log", "log_retention_days"),
    ("snapshot_arns", "origin"),
)


@pytest.mark.parametrize(("name", "setting"), NAMES)
def test_a_name_of_aws_is_answered_with_the_setting(name: str, setting: str) -> None:
    (problem,) = problems(changed({f"{S}.{name}": 2}))
    assert (problem.rule, problem.path) == ("cache/no-such-setting", f"{S}.{name}")
    assert f"`{setting}:" in problem.fix


@pytest.mark.parametrize("section", ["redis", "valkey", "elasticache"])
def test_a_section_that_is_none_leads_to_caches(section: str) -> None:
    (problem,) = problems(changed({section: {"sessions": {}}}))
    assert (problem.rule, problem.path) == ("key/unknown", section)
    assert "`caches:`" in problem.fix


def test_a_key_is_always_there() -> None:
    (problem,) = problems(changed({f"{S}.kms_key": "x"}))
    assert problem.fix == "remove it: data is always encrypted, by the cache's own key"


def test_what_says_something_else_of_aurora_still_does() -> None:
    (problem,) = problems(changed({"aurora.orders.multi_az": True}))
    assert problem.rule == "aurora/no-such-setting"


@pytest.mark.parametrize("version", ["9.0", "9.1"])
def test_the_versions_that_can_be_durable_are_known(version: str) -> None:
    assert load_text(changed({**DURABLE, f"{S}.version": version})).warnings == ()
