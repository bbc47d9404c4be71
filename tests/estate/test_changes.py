"""`estate check --against`: the smallest edit that each rule is about, and the edit beside it that just happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estate.changes import Change, ChangeRule
from estate.compare import TABLES, changes_of, compare
from estate.load import load, load_text
from lab.cloud.cloudformation.schema import find_schema
from runbooks.cli.main import main
from tests.support.estate_files import changed

EXAMPLES = Path(__file__).parents[2] / "examples" / "estates"
S = "caches.sessions."
DOCS, PAGES = "serverless_caches.docs", "memcached.pages"
USERS = {f"{S}users": {"web": {"access": "on ~a:* +@read"}}}
BY_PASSWORD = {f"{S}users": {"web": {"access": "on ~a:* +@read", "authentication": "password"}}}
REDIS = {f"{S}engine": "redis", f"{S}version": "7.1"}
OLD_REDIS = {
    f"{S}engine": "redis",
    f"{S}version": "5.0.5",
    f"{S}class": "cache.r5.large",
    f"{S}extended_support": True,
    f"{S}auth_token": {},
}
TOKEN = {f"{S}auth_token": {}, "acknowledge": ["cache/auth-token-version"]}
REPLACED = {f"{S}auth_token": {"replaced_by_users": True}, **USERS, "acknowledge": ["cache/auth-token-version"]}
PREFERRED = {f"{S}transit_encryption": "preferred", "acknowledge": ["cache/tls-preferred"]}
COMPATIBLE = {f"{S}cluster_mode": "compatible"}
ENABLED = {f"{S}cluster_mode": "enabled"}
PLACED = {f"{S}shards": 2, f"{S}placement": {"0001": {"primary_zone": 1}, "0002": {"primary_zone": 2}}}
MOVED_SHARD = {f"{S}shards": 2, f"{S}placement": {"0001": {"primary_zone": 3}, "0002": {"primary_zone": 2}}}
DURABLE = {f"{S}version": "9.0", f"{S}shards": 2, f"{S}class": "cache.r7g.large"}
ORIGIN = {f"{S}origin": {"snapshot": "before"}}
SNAPSHOT = "arn:aws:elasticache:eu-west-1:123456789012:serverlesscachesnapshot:before"
MYSQL = {"aurora.orders.engine": "aurora-mysql", "aurora.orders.version": "8.0.mysql_aurora.3.10.0"}
TWO = {"regions": ["eu-west-1", "us-east-1"], "network.us-east-1": {"cidr": "10.30.0.0/16"}}
GLOBAL = {f"{S}shards": 2, f"{S}global": {"secondaries": {"us-east-1": {}}}}


def docs(**settings: Any) -> dict[str, Any]:
    return {DOCS: settings}


def pages(**settings: Any) -> dict[str, Any]:
    return {PAGES: settings}


Row = tuple[str, str, str, dict[str, Any], dict[str, Any]]
ROWS: tuple[Row, ...] = (
    ("change/global-member", "refused", f"{S}shards", TWO | GLOBAL, TWO | GLOBAL | {f"{S}shards": 3}),
    (
        "change/global-member",
        "refused",
        f"{S}version",
        TWO | GLOBAL | {f"{S}version": "8.0"},
        TWO | GLOBAL | {f"{S}version": "8.2"},
    ),
    (
        "change/global-engine",
        "refused",
        f"{S}engine",
        TWO | GLOBAL | {f"{S}engine": "redis", f"{S}version": "7.1"},
        TWO | GLOBAL | {f"{S}version": "7.2"},
    ),
    ("change/port", "replaces", f"{S}port", {}, {f"{S}port": 6390}),
    ("change/origin", "replaces", f"{S}origin", ORIGIN, {}),
    ("change/origin", "replaces", f"{S}origin", {}, ORIGIN),
    ("change/data-tiering", "replaces", f"{S}class", {}, {f"{S}class": "cache.r6gd.xlarge"}),
    ("change/auth-token", "replaces", f"{S}auth_token", REDIS | TOKEN, REDIS | USERS),
    ("change/placement", "refused", f"{S}placement.0001", PLACED, MOVED_SHARD),
    ("change/placement", "refused", f"{S}placement", {f"{S}shards": 2}, PLACED),
    ("change/placed-replicas", "refused", f"{S}replicas", PLACED, PLACED | {f"{S}replicas": 2}),
    ("change/parameter-at-birth", "refused", f"{S}parameters.databases", {}, {f"{S}parameters": {"databases": "32"}}),
    ("change/durability", "in-steps", f"{S}durability", DURABLE | {f"{S}durability": "sync"}, DURABLE),
    ("change/durability", "in-steps", f"{S}durability", DURABLE, DURABLE | {f"{S}durability": "sync"}),
    ("change/engine-back", "refused", f"{S}engine", {}, REDIS),
    ("change/downgrade", "refused", f"{S}version", {}, {f"{S}version": "8.1"}),
    ("change/cluster-mode-step", "in-steps", f"{S}shards", {}, {f"{S}shards": 2}),
    ("change/cluster-mode-step", "in-steps", f"{S}cluster_mode", {}, ENABLED),
    ("change/cluster-mode-back", "refused", f"{S}cluster_mode", {f"{S}shards": 2}, {f"{S}shards": 1}),
    ("change/cluster-mode-alone", "in-steps", f"{S}shards", COMPATIBLE, {f"{S}shards": 2}),
    ("change/cluster-mode-alone", "in-steps", f"{S}class", {}, COMPATIBLE | {f"{S}class": "cache.r7g.xlarge"}),
    ("change/while-compatible", "refused", f"{S}version", COMPATIBLE, COMPATIBLE | {f"{S}version": "9.0"}),
    ("change/users-of-redis", "in-steps", f"{S}engine", REDIS | USERS, USERS),
    ("change/users-engine", "refused", f"{S}moved_from", USERS, USERS | {f"{S}moved_from": "redis"}),
    (
        "change/engine-and-parameters",
        "in-steps",
        f"{S}parameters",
        REDIS,
        {f"{S}moved_from": "redis", f"{S}parameters": {"timeout": "300"}},
    ),
    ("change/auth-token-back", "nothing", f"{S}auth_token.replaced_by_users", REDIS | REPLACED, REDIS | TOKEN),
    ("change/engine", "in-place", f"{S}engine", REDIS, {f"{S}moved_from": "redis"}),
    ("change/version", "in-place", f"{S}version", {f"{S}version": "7.2"}, {}),
    ("change/cluster-mode", "in-place", f"{S}cluster_mode", {}, COMPATIBLE),
    ("change/cluster-mode", "in-place", f"{S}cluster_mode", COMPATIBLE, ENABLED),
    ("change/cluster-mode", "in-place", f"{S}cluster_mode", COMPATIBLE, {}),
    ("change/tls", "in-place", f"{S}transit_encryption", PREFERRED, {}),
    ("change/tls-back", "in-place", f"{S}transit_encryption", {}, PREFERRED),
    ("change/auth-token-replaced", "in-place", f"{S}auth_token.replaced_by_users", REDIS | TOKEN, REDIS | REPLACED),
    ("change/users", "in-place", f"{S}moved_from", USERS | {f"{S}moved_from": "redis"}, USERS),
    ("change/user-login", "in-place", f"{S}users.web.authentication", USERS, BY_PASSWORD),
    (
        "change/serverless-user-login",
        "in-place",
        f"{DOCS}.users.web.authentication",
        docs(users={"web": {}}),
        docs(users={"web": {"authentication": "password"}}),
    ),
    ("change/memcached-port", "replaces", f"{PAGES}.port", pages(), pages(port=11213)),
    ("change/memcached-zones", "replaces", f"{PAGES}.zones", pages(zones=[1, 2]), pages(zones=[1, 3])),
    ("change/memcached-zones", "replaces", f"{PAGES}.zones", pages(nodes=3), pages(nodes=3, zones=[1, 2, 1])),
    ("change/memcached-zones", "replaces", f"{PAGES}.zones", pages(zones=[1, 2]), pages(nodes=3, zones=[2, 1, 3])),
    (
        "change/memcached-zones",
        "replaces",
        f"{PAGES}.zones",
        pages(nodes=3) | {"network.eu-west-1": {"zones": 2}},
        pages(nodes=3),
    ),
    (
        "change/memcached-tls",
        "refused",
        f"{PAGES}.transit_encryption",
        pages(transit_encryption=False, acknowledge=["memcached/tls-off"]),
        pages(),
    ),
    ("change/memcached-class", "refused", f"{PAGES}.class", pages(), {PAGES: {"class": "cache.r7g.xlarge"}}),
    ("change/memcached-downgrade", "refused", f"{PAGES}.version", pages(), pages(version="1.6.17")),
    ("change/memcached-version", "in-place", f"{PAGES}.version", pages(version="1.6.17"), pages()),
    ("change/serverless-origin", "replaces", f"{DOCS}.origin", docs(origin={"snapshots": [SNAPSHOT]}), docs()),
    ("change/serverless-engine", "refused", f"{DOCS}.engine", docs(), docs(engine="redis")),
    ("change/serverless-engine", "refused", f"{DOCS}.engine", docs(engine="memcached"), docs()),
    ("change/serverless-downgrade", "refused", f"{DOCS}.version", docs(), docs(version="7")),
    ("change/serverless-users", "in-steps", f"{DOCS}.engine", docs(engine="redis"), docs()),
    ("change/serverless-users-engine", "refused", f"{DOCS}.moved_from", docs(), docs(moved_from="redis")),
    (
        "change/version-and-usage",
        "in-steps",
        f"{DOCS}.usage",
        docs(),
        docs(version="9", usage={"ecpu_per_s": {"max": 2000}}),
    ),
    ("change/serverless-unset", "nothing", f"{DOCS}.usage.data_gb.max", docs(usage={"data_gb": {"max": 9}}), docs()),
    ("change/serverless-unset", "nothing", f"{DOCS}.daily_snapshot_time", docs(daily_snapshot_time="03:00"), docs()),
    ("change/serverless-version", "in-place", f"{DOCS}.version", docs(), docs(version="9")),
    ("change/serverless-version", "in-place", f"{DOCS}.version", docs(engine="redis"), docs(moved_from="redis")),
    ("change/serverless-users-to-valkey", "in-place", f"{DOCS}.moved_from", docs(moved_from="redis"), docs()),
    ("change/aurora-engine", "replaces", "aurora.orders.engine", {}, MYSQL),
    ("change/aurora-database", "replaces", "aurora.orders.database", {}, {"aurora.orders.database": "shop"}),
    (
        "change/aurora-username",
        "replaces",
        "aurora.orders.master_username",
        {},
        {"aurora.orders.master_username": "keeper"},
    ),
    (
        "change/aurora-origin",
        "replaces",
        "aurora.orders.origin",
        {"aurora.orders.origin": {"snapshot": "before"}},
        {},
    ),
    ("change/aurora-downgrade", "refused", "aurora.orders.version", {}, {"aurora.orders.version": "17.6"}),
    ("change/aurora-major", "in-place", "aurora.orders.version", {"aurora.orders.version": "16.10"}, {}),
    ("change/estate-name", "replaces", "estate", {}, {"estate": "store"}),
    ("change/shared-key", "replaces", "shared_key", {}, {"shared_key": True}),
    ("change/region", "replaces", f"{S}region", TWO, TWO | {f"{S}region": "us-east-1"}),
    (
        "change/network",
        "replaces",
        "network.eu-west-1",
        {"network.eu-west-1": {"cidr": "10.1.0.0/16"}},
        {"network.eu-west-1": {"cidr": "10.2.0.0/16"}},
    ),
    (
        "change/serverless-subnets",
        "replaces",
        "network.eu-west-1.zones",
        docs(),
        docs() | {"network.eu-west-1": {"zones": 2}},
    ),
    (
        "change/global-join",
        "replaces",
        f"{S}global.secondaries.us-east-1",
        TWO | {f"{S}shards": 2, "caches.sessions-us-east-1": {"region": "us-east-1", "shards": 2}},
        TWO | GLOBAL,
    ),
    ("change/kind", "replaces", DOCS, {"memcached.docs": {}}, docs()),
    ("change/renamed", "replaces", f"{DOCS}2", docs(), {f"{DOCS}2": {}}),
    ("change/undeclared", "stays", DOCS, docs(), {}),
    ("change/undeclared", "stays", f"{S}global.secondaries.us-east-1", TWO | GLOBAL, TWO | {f"{S}shards": 2}),
)
QUIET: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("nothing-changed", {}, {}),
    ("defaults-written-out", {}, {f"{S}port": 6380, f"{S}transit_encryption": "required"}),
    ("class", {}, {f"{S}class": "cache.r7g.xlarge"}),
    ("tiered-to-tiered", {f"{S}class": "cache.r6gd.xlarge"}, {f"{S}class": "cache.r6gd.2xlarge"}),
    ("replicas", {}, {f"{S}replicas": 2}),
    ("shards-added", {f"{S}shards": 2}, {f"{S}shards": 4}),
    ("mode-said", {f"{S}shards": 2}, {f"{S}shards": 1, f"{S}cluster_mode": "enabled"}),
    ("sync-to-async", DURABLE | {f"{S}durability": "sync"}, DURABLE | {f"{S}durability": "async"}),
    ("users-changed", USERS, {f"{S}users": {"other": {"access": "on ~a:* +get"}}}),
    ("parameters", {}, {f"{S}parameters": {"timeout": "300"}}),
    ("bounds", docs(usage={"data_gb": {"max": 9}}), docs(usage={"data_gb": {"max": 8}})),
    ("bound-added", docs(), docs(usage={"data_gb": {"max": 9}})),
    ("nodes", pages(zones=[1, 2]), pages(nodes=3, zones=[1, 2, 3])),
    ("added", {}, docs()),
    ("zones-without-serverless", {}, {"network.eu-west-1": {"zones": 2}}),
    ("region-written-out", {}, {f"{S}region": "eu-west-1"}),
    ("minor-of-aurora", {"aurora.orders.version": "17.6"}, {"aurora.orders.version": "17.7"}),
    ("zones-written-out", pages(), pages(zones=[1, 2])),
    (
        "zone-that-no-node-stands-in",
        pages() | {"network.eu-west-1": {"zones": 2}},
        pages(),
    ),
    ("users-of-an-engine-that-stays", USERS, USERS | {f"{S}replicas": 2}),
    ("minor-left-out", {}, {"aurora.orders.version": "17", "acknowledge": ["aurora/version-vague"]}),
    ("tags", {}, {"tags": {"team": "web"}}),
    (
        "born-keeps-the-primarys-template",
        TWO | GLOBAL,
        TWO | GLOBAL | {f"{S}shards": 3, f"{S}global": {"secondaries": {"us-east-1": {}}, "born": {"shards": 2}}},
    ),
)


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    return list(changes_of(load_text(changed(old)).estate, load_text(changed(new)).estate))


@pytest.mark.parametrize(("rule", "effect", "path", "old", "new"), ROWS, ids=[f"{row[0]} {row[2]}" for row in ROWS])
def test_finds_the_edit(rule: str, effect: str, path: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    found = {change.rule: change for change in changes(old, new) if ".".join(map(str, change.path)) == path}
    assert rule in found
    assert found[rule].effect == effect
    assert found[rule].level == ("note" if effect in {"in-place", "stays"} else "error")


@pytest.mark.parametrize(("rule", "effect", "path", "old", "new"), ROWS, ids=[f"{row[0]} {row[2]}" for row in ROWS])
def test_its_message_is_one_sentence_made_of_its_parts(
    rule: str, effect: str, path: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    change = next(each for each in changes(old, new) if each.rule == rule)
    assert change.message == f"{path} was {change.before}, is {change.now}: {change.what}; {change.fix}"
    assert effect == change.effect
    assert change.before != change.now
    assert not any(mark in change.message for mark in ("${", "None", "<function", "{}", "{what}", ";;"))
    assert not change.message.endswith(".")


@pytest.mark.parametrize(("_what", "old", "new"), QUIET, ids=[row[0] for row in QUIET])
def test_the_edit_beside_it_just_happens(_what: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    assert changes(old, new) == []


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_example_differs_from_itself(example: Path) -> None:
    loaded = load(example)
    assert compare(loaded, loaded, str(example)) == ()


@pytest.mark.parametrize(
    ("old", "words"),
    [
        pytest.param(REDIS, "writes pause for seconds", id="from-7.1"),
        pytest.param(OLD_REDIS, "a failover of 30 to 60 seconds", id="before-5.0.6"),
    ],
)
def test_how_long_the_move_to_valkey_takes_follows_the_old_version(old: dict[str, Any], words: str) -> None:
    found = changes(old, {f"{S}moved_from": "redis"})
    assert words in next(change.what for change in found if change.rule == "change/engine")


def every_rule() -> list[ChangeRule[Any]]:
    return [rule for table in TABLES.values() for rule in table]


def test_every_rule_has_a_row() -> None:
    rows = {row[0] for row in ROWS}
    assert [rule.id for rule in every_rule() if rule.id not in rows] == []
    assert len({rule.id for rule in every_rule()}) == len(every_rule())


TYPES = {
    "aurora": "AWS::RDS::DBCluster",
    "caches": "AWS::ElastiCache::ReplicationGroup",
    "memcached": "AWS::ElastiCache::CacheCluster",
    "serverless_caches": "AWS::ElastiCache::ServerlessCache",
}


@pytest.mark.parametrize("unit", sorted(TYPES))
def test_what_replaces_is_create_only_in_cloudformations_schema(unit: str) -> None:
    schema = find_schema(TYPES[unit])
    assert schema is not None
    named = {rule.property for rule in TABLES[unit] if rule.property}
    assert named
    assert named <= schema.create_only | schema.conditional_create_only


class TestCommand:
    """`runbook estate check FILE --against OLD`."""

    @staticmethod
    def check(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], old: dict[str, Any], new: dict[str, Any], *more: str
    ) -> tuple[int, str]:
        files = {"old.yaml": old, "new.yaml": new}
        for name, edits in files.items():
            (tmp_path / name).write_text(changed(edits), encoding="utf-8")
        code = main(["estate", "check", str(tmp_path / "new.yaml"), "--against", str(tmp_path / "old.yaml"), *more])
        return code, capsys.readouterr().out

    def test_an_error_is_exit_code_2_with_its_line_in_the_new_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out = self.check(tmp_path, capsys, {}, {f"{S}port": 6390})
        line = next(n for n, text in enumerate(changed({f"{S}port": 6390}).splitlines(), 1) if "6390" in text)
        assert code == 2
        assert f"new.yaml:{line}:11: error [change/port]" in out
        assert out.endswith("old.yaml: 1 error, 0 notes\n")

    def test_a_note_fails_nothing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out = self.check(tmp_path, capsys, {}, COMPATIBLE)
        assert code == 0
        assert "note [change/cluster-mode]" in out

    def test_what_is_gone_is_told_at_what_it_was_under(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out = self.check(tmp_path, capsys, docs(), {})
        assert code == 0
        assert "serverless_caches.docs was declared" in out.replace("\n  ", " ")

    def test_json_has_the_changes_beside_the_problems(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out = self.check(tmp_path, capsys, {}, {f"{S}port": 6390}, "--output", "json")
        result = json.loads(out)
        (change,) = result["changes"]
        assert (code, result["problems"]) == (2, [])
        assert set(change) == {
            *("file", "line", "column", "path", "rule", "level", "effect", "before", "now", "what", "fix", "message"),
        }
        assert (change["before"], change["now"], change["effect"]) == ("6380", "6390", "replaces")

    def test_an_old_file_that_is_wrong_is_told_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out = self.check(tmp_path, capsys, {f"{S}replicas": 9}, {})
        assert code == 2
        assert "old.yaml" in out
        assert "value/range" in out

    def test_it_goes_with_explain(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out = self.check(tmp_path, capsys, {}, {f"{S}port": 6390}, "--explain", "--output", "json")
        assert code == 2
        assert set(json.loads(out)) == {"problems", "billed", "given_up", "changes"}

    def test_a_file_that_declares_the_same_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, out = self.check(tmp_path, capsys, {}, {})
        assert code == 0
        assert out.endswith("0 errors, 0 notes\n")
