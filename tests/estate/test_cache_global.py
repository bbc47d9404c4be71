"""Global datastores: both sides of each rule, and what a secondary and the primary's own template are made of."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches.global_datastore import as_born, every_group, prefix_of, secondaries_of, secondary_of
from estate.load import load_text
from tests.support.estate_files import GONE, changed, problems
from tests.support.specs import valkey

S = "caches.sessions"
EAST = f"{S}.global.secondaries.us-east-1"
NETWORKS = {
    f"network.{region}": {"cidr": f"10.{50 + n}.0.0/16"} for n, region in enumerate(("us-east-1", "ap-south-1"))
}
WORLD: dict[str, Any] = {"aurora": {}, "regions": ["eu-west-1", "us-east-1", "ap-south-1"], **NETWORKS, EAST: {}}
BORN = f"{S}.global.born"


def world_of(primary: str, secondary: str) -> dict[str, Any]:
    return {
        "aurora": {},
        "regions": [primary, secondary],
        f"network.{primary}": {"cidr": "10.60.0.0/16"},
        f"network.{secondary}": {"cidr": "10.61.0.0/16"},
        S: {"class": "cache.r7g.large", "global": {"secondaries": {secondary: {}}}, "acknowledge": []},
    }


AUCKLAND = world_of("ap-southeast-6", "eu-west-1")
STOCKHOLM = world_of("eu-north-1", "eu-west-1")
KNOWN = {"acknowledge": ["cache/global-offered", "cache/class-region"]}
REDIS = {f"{S}.engine": "redis", f"{S}.version": "7.1"}

ROWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("cache/global-region", f"{S}.global.secondaries.eu-west-1", {f"{S}.global.secondaries.eu-west-1": {}}),
    (
        "cache/global-region",
        f"{S}.global.secondaries.cn-north-1",
        {
            "regions": ["eu-west-1", "us-east-1", "ap-south-1", "cn-north-1"],
            "network.cn-north-1": {"cidr": "10.70.0.0/16"},
        }
        | {f"{S}.global.secondaries.cn-north-1": {}},
    ),
    (
        "cache/global-offered",
        f"{S}.global.secondaries.ap-east-2",
        {
            "regions": ["eu-west-1", "us-east-1", "ap-south-1", "ap-east-2"],
            "network.ap-east-2": {"cidr": "10.70.0.0/16"},
        }
        | {f"{S}.global.secondaries.ap-east-2": {}, "acknowledge": ["cache/class-region"]},
    ),
    ("cache/global-prefix-other", f"{S}.global.prefix", {f"{S}.global.prefix": "abcde"}),
    ("cache/global-class", f"{S}.class", {f"{S}.class": "cache.t4g.medium"}),
    ("cache/global-class", f"{S}.class", {f"{S}.class": "cache.r4.large"}),
    ("cache/global-class-listed", f"{S}.class", {f"{S}.class": "cache.r8g.large"}),
    ("cache/global-replicas", f"{S}.replicas", {f"{S}.replicas": 0}),
    ("cache/global-replicas", f"{EAST}.replicas", {f"{EAST}.replicas": 0}),
    ("cache/global-on-the-way", f"{S}.cluster_mode", {f"{S}.cluster_mode": "compatible"}),
    ("cache/global-on-the-way", f"{S}.transit_encryption", {f"{S}.transit_encryption": "preferred"}),
    ("cache/global-minor-upgrades", f"{S}.minor_upgrades", {f"{S}.minor_upgrades": True}),
    ("cache/global-inferred", f"{EAST}.overrides.PrimaryClusterId", {f"{EAST}.overrides": {"PrimaryClusterId": "x"}}),
    ("cache/global-born-shards", f"{BORN}.shards", {f"{BORN}.shards": 2}),
    ("cache/global-born-shards", f"{BORN}.shards", {f"{BORN}.shards": 1, f"{S}.shards": 3}),
    ("cache/global-born-version", f"{BORN}.version", {f"{BORN}.version": "9.0"}),
    ("cache/global-born-version", f"{BORN}.version", {f"{BORN}.version": "seven"}),
    (
        "cache/override-identity",
        f"{EAST}.overrides.GlobalReplicationGroupId",
        {f"{EAST}.overrides": {"GlobalReplicationGroupId": "x"}},
    ),
    (
        "cache/override-identity",
        f"{S}.overrides.GlobalReplicationGroupId",
        {f"{S}.overrides": {"GlobalReplicationGroupId": "x"}},
    ),
    ("cache/override-unknown", f"{EAST}.overrides.Prot", {f"{EAST}.overrides": {"Prot": 6390}}),
    (
        "cache/nodes-max",
        f"{EAST}.replicas",
        {
            f"{S}.shards": 90,
            f"{S}.replicas": 1,
            f"{EAST}.replicas": 5,
            "acknowledge": ["cache/nodes-quota", "estate/cache-nodes-quota"],
        },
    ),
    ("estate/resource-region", f"{S}.global.secondaries.sa-east-1", {f"{S}.global.secondaries.sa-east-1": {}}),
    ("estate/name-clash", EAST, {f"{S}-us-east-1": {"region": "us-east-1"}}),
    ("estate/name-clash", f"{S}.global", {f"{S}-global": {}}),
)
"""What breaks a rule of a cache in the world of `WORLD`."""
SAID_OF_ANY_CACHE = {"cache/no-replica", "cache/class-burstable", "cache/tls-preferred"}
NEIGHBOURS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("one-secondary", {}),
    ("two-secondaries", {f"{S}.global.secondaries.ap-south-1": {"replicas": 5}}),
    ("another-cache-there", {f"{S}-east": {"region": "us-east-1"}}),
    ("the-prefix-that-is-known", {f"{S}.global.prefix": "gxeiz"}),
    ("a-listed-class", {f"{S}.class": "cache.m5.2xlarge"}),
    ("tiered", {f"{S}.class": "cache.r6gd.xlarge"}),
    ("least-valkey", {f"{S}.version": "7.2"}),
    ("redis", REDIS),
    ("minor-upgrades-off", {f"{S}.minor_upgrades": False}),
    ("sharded", {f"{S}.shards": 3, f"{EAST}.replicas": 2}),
    ("born-smaller", {f"{S}.shards": 3, BORN: {"shards": 2, "version": "7.2", "class": "cache.r6g.large"}}),
    ("own-overrides", {f"{EAST}.overrides": {"SnapshotWindow": "01:00-02:00"}}),
    ("off-the-way", {f"{S}.cluster_mode": "enabled"}),
)


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_finds_the_broken_rule(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(WORLD | changes))
    assert {(rule, path)} == {(each.rule, each.path) for each in found if each.rule not in SAID_OF_ANY_CACHE}
    (problem,) = [each for each in found if each.rule == rule]
    assert problem.message == f"{path} must {problem.allowed}, got {problem.given}; {problem.fix}"


@pytest.mark.parametrize("changes", [row[1] for row in NEIGHBOURS], ids=[row[0] for row in NEIGHBOURS])
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(WORLD | changes)) == ()


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        pytest.param(STOCKHOLM, {"cache/global-prefix"}, id="unknown-prefix"),
        pytest.param(STOCKHOLM | {f"{S}.global.prefix": "abcde"}, set(), id="given-prefix"),
        pytest.param(
            AUCKLAND | KNOWN | {f"{S}.global.prefix": "abcde"}, {"cache/global-type"}, id="no-type-for-the-primary"
        ),
        pytest.param(world_of("eu-west-1", "ap-southeast-6") | KNOWN, set(), id="no-type-for-the-secondary"),
    ],
)
def test_the_place_of_birth_decides_about_the_name_and_the_type(changes: dict[str, Any], rules: set[str]) -> None:
    assert {problem.rule for problem in problems(changed(changes))} == rules


@pytest.mark.parametrize(("version", "rules"), [("5.0.5", {"cache/global-version"}), ("5.0.6", set()), ("6.2", set())])
def test_redis_has_global_datastores_from_5_0_6_on(version: str, rules: set[str]) -> None:
    found = {problem.rule for problem in problems(changed(WORLD | {f"{S}.engine": "redis", f"{S}.version": version}))}
    assert found & {"cache/global-version"} == rules


def test_durable_groups_have_no_global_datastore() -> None:
    durable = {f"{S}.version": "9.0", f"{S}.durability": "sync", f"{S}.cluster_mode": "enabled"}
    found = [(problem.rule, problem.path) for problem in problems(changed(WORLD | durable))]
    assert ("cache/global-durability", f"{S}.durability") in found


@pytest.mark.parametrize(
    ("setting", "rule"), [("autoscaling", "cache/global-autoscaling"), ("auth_token", "cache/global-auth-token")]
)
def test_what_one_region_would_do_alone_is_refused(setting: str, rule: str) -> None:
    from estate.caches.auth_token import AuthTokenSpec
    from estate.caches.global_datastore import RULES, GlobalDatastoreSpec, SecondaryCacheSpec
    from estate.caches.scaling import CacheAutoscalingSpec

    sections: dict[str, Any] = {"autoscaling": CacheAutoscalingSpec, "auth_token": AuthTokenSpec}
    section = sections[setting].model_construct()
    alone = valkey(region="eu-west-1").model_copy(update={setting: section})
    declared = GlobalDatastoreSpec(secondaries={"us-east-1": SecondaryCacheSpec()})
    (checked,) = [each for each in RULES if each.id == rule]
    assert list(checked.broken(alone)) == []
    (hit,) = checked.broken(alone.model_copy(update={"global_datastore": declared}))
    assert hit.path == (setting,)


@pytest.mark.parametrize("secondaries", [{}, {r: {} for r in ("us-east-1", "ap-south-1", "us-east-2")}], ids=["0", "3"])
def test_there_are_one_or_two_secondaries(secondaries: dict[str, Any]) -> None:
    changes = WORLD | {f"{S}.global": {"secondaries": secondaries}}
    assert f"{S}.global.secondaries" in {problem.path for problem in problems(changed(changes))}


def test_a_long_region_makes_a_long_name() -> None:
    name = "meridian-checkout-cart12"
    changes = WORLD | {S: GONE, f"caches.{name}": {"global": {"secondaries": {"us-east-1": {}, "ap-south-1": {}}}}}
    del changes[EAST]
    found = problems(changed(changes | {"estate": "shops"}))
    there = f"caches.{name}.global.secondaries.ap-south-1"
    assert [(each.rule, each.path) for each in found] == [("estate/cache-name-length", there)]


def test_the_legal_name_is_forty_characters() -> None:
    name = "meridian-checkout-carts"
    changes = {k: v for k, v in WORLD.items() if k != EAST}
    changes |= {f"caches.{name}": {"global": {"secondaries": {"us-east-1": {}}}}}
    assert len(f"shops-{name}-us-east-1") <= 40
    assert problems(changed(changes | {"estate": "shops"})) == ()


def test_a_secondary_has_what_the_primary_has_but_what_belongs_to_its_place() -> None:
    changes = {
        f"{S}.users": {"app": {"access": "on ~* +@read"}},
        f"{S}.allow_from": {"web": {"security_group": "sg-0123456789abcdef0"}},
        f"{S}.overrides": {"NetworkType": "ipv4"},
        f"{S}.snapshot_retention_days": 7,
        f"{EAST}.replicas": 2,
        f"{EAST}.protection": False,
        f"{S}.global.secondaries.ap-south-1": {},
    }
    sessions = load_text(changed(WORLD | changes)).estate.caches["sessions"]
    east, south = secondaries_of(sessions)
    assert (east.name, east.region) == ("sessions-us-east-1", "us-east-1")
    assert (east.replicas, south.replicas) == (2, 1)
    assert (east.protection, south.protection) == (False, True)
    assert (east.users, east.snapshot_retention_days, east.version) == (sessions.users, 7, sessions.version)
    assert (east.allow_from, east.overrides, east.global_datastore) == ({}, {}, None)
    with pytest.raises(KeyError):
        secondary_of(sessions, "eu-west-3")
    with pytest.raises(KeyError):
        secondary_of(valkey(), "us-east-1")


def test_every_group_counts_secondaries() -> None:
    estate = load_text(changed(WORLD)).estate
    assert [(path[-1], spec.name) for path, spec in every_group(estate)] == [
        ("sessions", "sessions"),
        ("us-east-1", "sessions-us-east-1"),
    ]


def test_the_primarys_own_template_says_what_it_was_born_with() -> None:
    """Changed on a member, AWS refuses them; they change in the global datastore."""
    changes = {f"{S}.shards": 3, f"{S}.version": "8.2", BORN: {"shards": 2, "version": "7.2"}}
    sessions = load_text(changed(WORLD | changes)).estate.caches["sessions"]
    born = as_born(sessions)
    assert (born.shards, born.version, born.node_class) == (2, "7.2", sessions.node_class)
    assert (sessions.shards, sessions.version) == (3, "8.2")
    assert as_born(valkey()) == valkey()


def test_minor_versions_do_not_come_by_themselves() -> None:
    sessions = load_text(changed(WORLD)).estate.caches["sessions"]
    assert as_born(sessions).minor_upgrades is False
    assert [each.minor_upgrades for each in secondaries_of(sessions)] == [False]


def test_the_prefix_follows_the_region_of_birth() -> None:
    assert prefix_of(load_text(changed(WORLD)).estate.caches["sessions"]) == "gxeiz"
    said = load_text(changed(STOCKHOLM | {f"{S}.global.prefix": "abcde"})).estate.caches["sessions"]
    assert prefix_of(said) == "abcde"
