"""Serverless caches in a file: the smallest change that breaks each rule, and the legal neighbour."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches.serverless import KNOWN_VERSIONS, ServerlessCacheSpec, chosen_subnets
from estate.explain import billed
from estate.load import load_text
from estate.retired import SERVERLESS
from estate.spec import SpecError
from tests.support.estate_files import changed, problems

DOCS = "serverless_caches.docs"
OWN = "arn:aws:elasticache:eu-west-1:123456789012:serverlesscachesnapshot:before"
OF_NODES = "arn:aws:elasticache:eu-west-1:123456789012:snapshot:before"
RDB = "arn:aws:s3:::backups/menus-0001.rdb"
SUBNETS = [f"subnet-0123456789abcdef{number}" for number in range(4)]
VPC: dict[str, Any] = {"vpc": "vpc-0123456789abcdef0", "subnets": SUBNETS}
FOUR_ZONES = [f"eu-west-1{letter}" for letter in "abcd"]
SOURCES = {f"app-{number}": {"security_group": f"sg-{number:017x}"} for number in range(31)}


def docs(**settings: Any) -> dict[str, Any]:
    return {DOCS: settings}


BROKEN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("serverless-cache/version-form", f"{DOCS}.version", docs(version="8.2")),
    ("serverless-cache/version-form", f"{DOCS}.version", docs(engine="memcached", version="1")),
    ("serverless-cache/version-unknown", f"{DOCS}.version", docs(version="10")),
    ("serverless-cache/version-unknown", f"{DOCS}.version", docs(engine="redis", version="6")),
    ("serverless-cache/redis-last", f"{DOCS}.version", docs(engine="redis", version="8")),
    ("serverless-cache/moved-from", f"{DOCS}.moved_from", docs(engine="redis", moved_from="redis")),
    ("serverless-cache/moved-from", f"{DOCS}.moved_from", docs(engine="memcached", moved_from="redis")),
    ("serverless-cache/usage-range", f"{DOCS}.usage.data_gb.min", docs(usage={"data_gb": {"min": 0}})),
    ("serverless-cache/usage-range", f"{DOCS}.usage.data_gb.max", docs(usage={"data_gb": {"max": 5001}})),
    ("serverless-cache/usage-range", f"{DOCS}.usage.ecpu_per_s.min", docs(usage={"ecpu_per_s": {"min": 999}})),
    ("serverless-cache/usage-range", f"{DOCS}.usage.ecpu_per_s.max", docs(usage={"ecpu_per_s": {"max": 15_000_001}})),
    ("serverless-cache/usage-order", f"{DOCS}.usage.data_gb.min", docs(usage={"data_gb": {"min": 3, "max": 2}})),
    (
        "serverless-cache/usage-order",
        f"{DOCS}.usage.ecpu_per_s.min",
        docs(usage={"ecpu_per_s": {"min": 2001, "max": 2000}}),
    ),
    ("serverless-cache/memcached-users", f"{DOCS}.users", docs(engine="memcached", users={"web": {}})),
    ("serverless-cache/snapshot-time", f"{DOCS}.daily_snapshot_time", docs(daily_snapshot_time="3:00")),
    ("serverless-cache/snapshot-time", f"{DOCS}.daily_snapshot_time", docs(daily_snapshot_time="24:00")),
    (
        "serverless-cache/time-without-snapshots",
        f"{DOCS}.daily_snapshot_time",
        docs(daily_snapshot_time="03:00", snapshot_retention_days=0),
    ),
    ("serverless-cache/origin-form", f"{DOCS}.origin.snapshots.0", docs(origin={"snapshots": ["before"]})),
    (
        "serverless-cache/origin-region",
        f"{DOCS}.origin.snapshots.0",
        docs(region="eu-west-1", origin={"snapshots": [OWN.replace("eu-west-1", "us-east-1")]}),
    ),
    (
        "serverless-cache/origin-engine",
        f"{DOCS}.origin.snapshots.1",
        docs(engine="memcached", origin={"snapshots": [OWN, OF_NODES]}),
    ),
    (
        "serverless-cache/origin-engine",
        f"{DOCS}.origin.snapshots.0",
        docs(engine="memcached", origin={"snapshots": [RDB]}),
    ),
    (
        "serverless-cache/public",
        f"{DOCS}.overrides.ConnectionType",
        docs(version="9", overrides={"ConnectionType": "public"}),
    ),
    ("serverless-cache/tags", f"{DOCS}.tags.a*", docs(tags={"a*": "b"})),
    ("serverless-cache/override-unknown", f"{DOCS}.overrides.Port", docs(overrides={"Port": 1})),
    ("serverless-cache/override-value", f"{DOCS}.overrides.Description", docs(overrides={"Description": 1})),
    ("serverless-cache/override-identity", f"{DOCS}.overrides.Engine", docs(overrides={"Engine": "redis"})),
    *(
        ("serverless-cache/override-setting", f"{DOCS}.overrides.{name}", docs(overrides={name: value}))
        for name, value in (
            ("CacheUsageLimits", {"DataStorage": {"Unit": "GB", "Maximum": 9999}}),
            ("CacheUsageLimits.DataStorage.Maximum", 9999),
            ("DailySnapshotTime", "25:00"),
            ("MajorEngineVersion", "7"),
            ("SnapshotArnsToRestore", [OWN]),
            ("SnapshotRetentionLimit", 36),
            ("UserGroupId", "theirs"),
        )
    ),
    ("serverless-cache/user-default", f"{DOCS}.users.default", docs(users={"default": {}})),
    ("serverless-cache/users-max", f"{DOCS}.users", docs(users={f"u{number}": {} for number in range(100)})),
    (
        "serverless-cache/access-password",
        f"{DOCS}.users.web.access",
        docs(users={"web": {"access": "on >secret ~* +get"}}),
    ),
    ("serverless-cache/access-form", f"{DOCS}.users.web.access", docs(users={"web": {"access": "~* +get"}})),
    ("serverless-cache/allow-one", f"{DOCS}.allow_from.app", docs(allow_from={"app": {}})),
    ("serverless-cache/allow-count", f"{DOCS}.allow_from", docs(allow_from=SOURCES)),
    (
        "serverless-cache/user-login",
        f"{DOCS}.users.web.overrides.AuthenticationMode",
        docs(users={"web": {"overrides": {"AuthenticationMode": {"Type": "iam"}}}}),
    ),
    (
        "serverless-cache/access-restricted",
        f"{DOCS}.users.web.access",
        docs(users={"web": {"access": "on ~* +config"}}),
    ),
    ("serverless-cache/access-nothing", f"{DOCS}.users.web.access", docs(users={"web": {"access": "on ~*"}})),
    ("serverless-cache/access-all", f"{DOCS}.users.web.access", docs(users={"web": {"access": "on ~* +@all"}})),
    (
        "serverless-cache/access-dangerous",
        f"{DOCS}.users.web.access",
        docs(users={"web": {"access": "on ~a:* +@admin"}}),
    ),
    ("serverless-cache/allow-form", f"{DOCS}.allow_from.app.cidr", docs(allow_from={"app": {"cidr": "x"}})),
    ("serverless-cache/allow-public", f"{DOCS}.allow_from.app.cidr", docs(allow_from={"app": {"cidr": "8.8.8.8/32"}})),
    ("serverless-cache/allow-wide", f"{DOCS}.allow_from.app.cidr", docs(allow_from={"app": {"cidr": "10.0.0.0/24"}})),
    (
        "serverless-cache/allow-repeat",
        f"{DOCS}.allow_from.b.cidr",
        docs(allow_from={"a": {"cidr": "10.0.0.1/32"}, "b": {"cidr": "10.0.0.1/32"}}),
    ),
    ("value/range", f"{DOCS}.snapshot_retention_days", docs(snapshot_retention_days=36)),
    ("value/length", f"{DOCS}.origin.snapshots", docs(origin={"snapshots": []})),
    ("estate/serverless-subnets", "network.eu-west-1.availability_zones", docs() | {"network.eu-west-1": VPC}),
    (
        "estate/serverless-quota",
        "serverless_caches",
        {"serverless_caches": {f"c{number}": {} for number in range(41)}},
    ),
)
FINE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("nothing-said", docs()),
    ("redis", docs(engine="redis")),
    ("memcached", docs(engine="memcached")),
    ("each-version", {f"serverless_caches.v{each}": {"version": each} for each in KNOWN_VERSIONS["valkey"]}),
    ("moved", docs(moved_from="redis")),
    ("floors", docs(usage={"data_gb": {"min": 1, "max": 1}, "ecpu_per_s": {"min": 1000, "max": 1000}})),
    ("ceilings", docs(usage={"data_gb": {"max": 5000}, "ecpu_per_s": {"max": 15_000_000}})),
    ("midnight", docs(daily_snapshot_time="00:00")),
    ("last-minute", docs(daily_snapshot_time="23:59", snapshot_retention_days=35)),
    ("no-snapshots", docs(snapshot_retention_days=0)),
    ("origins", docs(origin={"snapshots": [OWN, OF_NODES, RDB]})),
    ("memcached-origin", docs(engine="memcached", origin={"snapshots": [OWN]})),
    ("overrides-that-agree", docs(overrides={"SnapshotRetentionLimit": 15, "MajorEngineVersion": "8"})),
    ("vpc-connection", docs(overrides={"ConnectionType": "vpc"})),
    ("thirty-sources", docs(allow_from=dict(list(SOURCES.items())[:30]))),
    ("three-subnets", docs() | {"network.eu-west-1": VPC | {"subnets": SUBNETS[:3]}}),
    ("chosen-subnets", docs() | {"network.eu-west-1": VPC | {"availability_zones": FOUR_ZONES}}),
    ("forty", {"serverless_caches": {f"c{number}": {} for number in range(40)}}),
)


@pytest.mark.parametrize(("rule", "path", "changes"), BROKEN, ids=[f"{row[0]} {row[1]}" for row in BROKEN])
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    assert path in {problem.path for problem in found}
    for problem in found:
        assert problem.message == f"{problem.path} must {problem.allowed}, got {problem.given}; {problem.fix}"


@pytest.mark.parametrize(("_what", "changes"), FINE, ids=[row[0] for row in FINE])
def test_the_legal_neighbour_passes(_what: str, changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


@pytest.mark.parametrize(
    ("key", "way"),
    [
        ("cache_usage_limits", "`usage:`"),
        ("engine_version", "`version:`"),
        ("snapshot_retention_limit", "`snapshot_retention_days:`"),
        ("snapshot_arns_to_restore", "`origin:`"),
        ("user_group_id", "`users:`"),
        ("final_snapshot_name", "remove it"),
    ],
)
def test_names_that_others_use_lead_to_ours(key: str, way: str) -> None:
    [problem] = problems(changed(docs(**{key: "x"})))
    assert (problem.rule, problem.path) == ("serverless-cache/no-such-setting", f"{DOCS}.{key}")
    assert way in problem.fix


@pytest.mark.parametrize("key", sorted(SERVERLESS))
def test_what_serverless_caches_lack_is_refused_with_what_to_do_instead(key: str) -> None:
    found = problems(changed({f"{DOCS}.{key}": 1}))
    assert [(problem.rule, problem.fix) for problem in found] == [(SERVERLESS[key].rule, SERVERLESS[key].fix)]


def test_the_same_keys_are_settings_of_a_replication_group() -> None:
    assert problems(changed({"caches.sessions.port": 6390, "caches.sessions.shards": 2})) == ()


@pytest.mark.parametrize(
    ("engine", "version", "ports", "made"),
    [
        pytest.param("valkey", "8", (6379, 6380), "nobody", id="valkey"),
        pytest.param("redis", "7", (6379, 6380), "default", id="redis"),
        pytest.param("memcached", "1.6", (11211, 11212), None, id="memcached"),
    ],
)
def test_each_engine_has_its_version_ports_and_users(
    engine: str, version: str, ports: tuple[int, int], made: str | None
) -> None:
    cache = load_text(changed({f"{DOCS}.engine": engine})).estate.serverless_caches["docs"]
    assert (cache.version, cache.ports, cache.user_of_kit) == (version, ports, made)


def test_what_is_billed_unasked_is_explained() -> None:
    said = docs(usage={"data_gb": {"max": 9}}, snapshot_retention_days=2)
    texts = [[each.what for each in billed(load_text(changed(edit))) if each.path == DOCS] for edit in (docs(), said)]
    assert texts[0] == ["as much data and load as comes, up to AWS's own bounds", "daily snapshots of 15 days"]
    assert texts[1] == []


def test_a_cache_that_came_from_redis_keeps_its_users() -> None:
    moved = ServerlessCacheSpec(name="docs", moved_from="redis")
    assert (moved.user_engine, moved.user_of_kit) == ("redis", "default")


def test_a_spec_made_by_hand_is_checked_too() -> None:
    with pytest.raises(SpecError) as caught:
        ServerlessCacheSpec(name="docs", version="8.2")
    assert set(caught.value.violations) == {"serverless-cache/version-form"}


@pytest.mark.parametrize(
    ("zones", "chosen"),
    [
        pytest.param(["a", "b"], (0, 1), id="two"),
        pytest.param(["a", "b", "c"], (0, 1, 2), id="three"),
        pytest.param(["a", "a", "b", "c"], (0, 2, 3), id="one-a-zone"),
        pytest.param(["a", "b", "c", "d"], (0, 1, 2), id="three-of-four"),
    ],
)
def test_a_subnet_in_each_zone_is_chosen(zones: list[str], chosen: tuple[int, ...]) -> None:
    assert chosen_subnets(zones) == chosen
