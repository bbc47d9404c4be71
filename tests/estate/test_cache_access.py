"""Users, access strings, AUTH tokens and who may connect: a row for each rule, and the legal neighbour."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches import access_strings
from estate.caches.users import user_rules
from estate.load import load_text
from estate.reach import allow_count_rule, allow_rules
from tests.estate.test_rules import BY_ID
from tests.support.estate_files import changed, problems

S = "caches.sessions"
WEB = f"{S}.users.web.access"
FROM = f"{S}.allow_from"
GROUP = "sg-0123456789abcdef0"
REDIS: dict[str, Any] = {f"{S}.engine": "redis", f"{S}.version": "7.1"}
SIX: dict[str, Any] = {f"{S}.engine": "redis", f"{S}.version": "6.2", "acknowledge": ["cache/version-ending"]}
SIX_USERS: dict[str, Any] = SIX | {f"{S}.users.web.authentication": "password"}
OLD: dict[str, Any] = {
    f"{S}.engine": "redis",
    f"{S}.version": "5.0.6",
    f"{S}.extended_support": True,
    f"{S}.users": {},
}
TOKEN: dict[str, Any] = {f"{S}.auth_token": {}, f"{S}.users": {}}
ALONE = {"replicas": 0, "acknowledge": ["cache/no-replica"]}
CROWDED: dict[str, Any] = {"users": {f"u{number}": {} for number in range(99)}}
SIXTY = {f"s{number}": {"cidr": f"10.0.0.{number}/32"} for number in range(1, 61)}

Row = tuple[str, str, dict[str, Any]]
ROWS: tuple[Row, ...] = (
    ("cache/iam-version", f"{S}.version", SIX | {f"{S}.users": {"web": {}}}),
    ("cache/users-version", f"{S}.users", OLD | TOKEN | {f"{S}.users": {"web": {"authentication": "password"}}}),
    ("cache/users-max", f"{S}.users", {f"{S}.users": {f"u{number}": {} for number in range(100)}}),
    ("cache/user-default", f"{S}.users.default", {f"{S}.users": {"default": {}}}),
    (
        "cache/user-login",
        f"{S}.users.web.overrides.NoPasswordRequired",
        {f"{S}.users.web.overrides": {"NoPasswordRequired": True}},
    ),
    (
        "cache/user-login",
        f"{S}.users.web.overrides.AuthenticationMode.Type",
        {f"{S}.users.web.overrides": {"AuthenticationMode.Type": "no-password-required"}},
    ),
    (
        "cache/user-login",
        f"{S}.users.web.overrides.AccessString",
        {f"{S}.users.web.overrides": {"AccessString": "on nopass ~* +@all"}},
    ),
    ("cache/access-password", WEB, {WEB: "on >secret ~* +@read"}),
    ("cache/access-password", WEB, {WEB: "on nopass ~* +@read"}),
    ("cache/access-password", WEB, {WEB: "on reset ~* +@read"}),
    ("cache/access-form", WEB, {WEB: "~* +@read"}),
    ("cache/access-form", WEB, {WEB: ""}),
    ("cache/access-form", WEB, {WEB: "on off ~* +@read"}),
    ("cache/access-form", WEB, {WEB: "on ~* +@raed"}),
    ("cache/access-form", WEB, {WEB: "on ~* +@read (~other +get"}),
    ("cache/access-form", WEB, {WEB: "on ~* +@read ()"}),
    ("cache/access-form", WEB, {WEB: "on ~* +@read (on +get)"}),
    ("cache/access-form", WEB, {WEB: "on %X~app:* +@read"}),
    ("cache/access-form", WEB, {WEB: "on %R~ +@read"}),
    ("cache/access-form", WEB, {WEB: "on ~* +@read +"}),
    ("cache/access-form", WEB, {WEB: "on ~* +client|list|all"}),
    ("cache/access-form", WEB, {WEB: "on ~* & +@read"}),
    ("cache/access-form", WEB, {WEB: "on ~* read"}),
    ("cache/access-restricted", WEB, {WEB: "on ~* +@read +config|get"}),
    ("cache/access-restricted", WEB, {WEB: "on ~* +@read -BGSAVE"}),
    ("cache/access-restricted", WEB, {WEB: "on ~* +@read (~x +migrate)"}),
    ("cache/access-nothing", WEB, {WEB: "on ~*"}),
    ("cache/access-nothing", WEB, {WEB: "on ~* +@read +get -@all"}),
    ("cache/access-all", WEB, {WEB: "on ~* +@all"}),
    ("cache/access-all", WEB, {WEB: "on ~app:* allcommands"}),
    ("cache/access-all", WEB, {WEB: "on ~* +@read (~x +@all)"}),
    ("cache/access-all", WEB, {WEB: "on ~* -@dangerous +@all"}),
    ("cache/access-dangerous", WEB, {WEB: "on ~* +@read +@dangerous"}),
    ("cache/access-dangerous", WEB, {WEB: "on ~* +@read +@admin"}),
    ("cache/access-version", WEB, SIX_USERS | {WEB: "on ~* +@read (~x +get)"}),
    ("cache/access-version", WEB, SIX_USERS | {WEB: "on %R~* +@read"}),
    ("cache/auth-token-version", f"{S}.auth_token", TOKEN),
    ("cache/auth-token-version", f"{S}.auth_token", REDIS | TOKEN),
    (
        "cache/auth-token-users",
        f"{S}.auth_token",
        REDIS | TOKEN | {f"{S}.users": {"web": {}}, "acknowledge": ["cache/auth-token-version"]},
    ),
    (
        "cache/auth-token-tls",
        f"{S}.auth_token",
        REDIS
        | TOKEN
        | {
            f"{S}.transit_encryption": "preferred",
            "acknowledge": ["cache/auth-token-version", "cache/tls-preferred"],
        },
    ),
    ("cache/auth-token-none", f"{S}.auth_token", OLD),
    ("cache/access-override", f"{S}.overrides.UserGroupIds", {f"{S}.overrides": {"UserGroupIds": []}}),
    (
        "cache/access-override",
        f"{S}.overrides.AuthToken",
        {f"{S}.overrides": {"AuthToken": "{{resolve:secretsmanager:x}}"}},
    ),
    (
        "cache/tls-override",
        f"{S}.overrides.TransitEncryptionEnabled",
        {f"{S}.overrides": {"TransitEncryptionEnabled": False}},
    ),
    ("estate/cache-users-quota", "caches", {"caches": {f"c{number}": CROWDED for number in range(21)}}),
    ("estate/cache-groups-quota", "caches", {"caches": {f"c{number}": ALONE for number in range(201)}}),
    ("cache/allow-one", f"{FROM}.app", {f"{FROM}.app": {"security_group": GROUP, "cidr": "10.0.0.1/32"}}),
    ("cache/allow-form", f"{FROM}.app.security_group", {f"{FROM}.app.security_group": "app"}),
    ("cache/allow-public", f"{FROM}.all.cidr", {f"{FROM}.all.cidr": "0.0.0.0/0"}),
    ("cache/allow-wide", f"{FROM}.app.cidr", {f"{FROM}.app.cidr": "10.0.0.0/31"}),
    (
        "cache/allow-repeat",
        f"{FROM}.two.security_group",
        {f"{FROM}.one.security_group": GROUP, f"{FROM}.two.security_group": GROUP},
    ),
    ("cache/allow-count", FROM, {FROM: {**SIXTY, "app": {"security_group": GROUP}}}),
)
FINE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ninety-nine-users", {f"{S}.users": {f"u{number}": {} for number in range(99)}}),
    ("password-on-6.2", SIX_USERS),
    ("iam-on-7.0", {f"{S}.engine": "redis", f"{S}.version": "7.0", f"{S}.users": {"web": {}}}),
    ("overridden-tags", {f"{S}.users.web.overrides": {"Tags": []}}),
    ("selector", {WEB: "on ~app:* +@read +@write -@dangerous (~audit:* +xadd)"}),
    ("key-permissions", {WEB: "on %R~in:* %RW~out:* %W~log:* +@read +@write"}),
    ("channels", {WEB: "on resetchannels &news:* +@pubsub"}),
    ("subcommands", {WEB: "on ~* +@read +client|setname -client|kill"}),
    ("modules", {WEB: "on ~* +@json +ft.search"}),
    ("upper-case", {WEB: "on ~* +@READ +GET"}),
    ("words-of-6.0", SIX | {f"{S}.users.web": {"authentication": "password", "access": "on ~* +@read allkeys"}}),
    ("channels-of-6.2", SIX | {f"{S}.users.web": {"authentication": "password", "access": "on &news:* +@pubsub"}}),
    ("switched-off", {WEB: "off ~*"}),
    ("everything-but-the-dangerous", {WEB: "on ~* +@all -@dangerous"}),
    ("token-before-6.0", OLD | TOKEN),
    ("tls-as-it-is", {f"{S}.overrides": {"TransitEncryptionEnabled": True}}),
    ("sixty-sources", {FROM: SIXTY}),
    ("two-thousand-users", {"caches": {f"c{number}": CROWDED for number in range(20)}}),
    ("two-hundred-groups", {"caches": {f"c{number}": ALONE for number in range(200)}}),
    ("private-address", {f"{FROM}.app.cidr": "10.0.0.1/32"}),
)


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS, ids=[f"{row[0]} {row[2]}"[:90] for row in ROWS])
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    problem = next(each for each in found if each.path == path)
    assert problem.message == f"{problem.path} must {problem.allowed}, got {problem.given}; {problem.fix}"


@pytest.mark.parametrize("changes", [row[1] for row in FINE], ids=[row[0] for row in FINE])
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


ACKNOWLEDGED = [row for row in ROWS if BY_ID[row[0]].can_be_acknowledged]


@pytest.mark.parametrize(
    ("rule", "path", "changes"), ACKNOWLEDGED, ids=[f"{row[0]} {row[2]}"[:90] for row in ACKNOWLEDGED]
)
def test_acknowledgement_silences_what_is_only_weak(rule: str, path: str, changes: dict[str, Any]) -> None:
    known = changes.get("acknowledge", [])
    assert problems(changed(changes | {"acknowledge": [*known, rule]})) == (), path


@pytest.mark.parametrize("unit", ["cache", "memcached", "serverless-cache"])
def test_every_kind_of_cache_is_asked_who_may_connect(unit: str) -> None:
    assert {rule.id for rule in (*allow_rules(unit), allow_count_rule(unit))} <= set(BY_ID)


@pytest.mark.parametrize("unit", ["cache", "serverless-cache"])
def test_every_kind_of_cache_with_users_has_the_same_rules_of_them(unit: str) -> None:
    assert {rule.id for rule in user_rules(unit)} <= set(BY_ID)


def test_a_weak_string_is_named_once_it_is_well_formed() -> None:
    """One problem at a time: what a broken string adds up to is nobody's guess."""
    found = problems(changed({WEB: "on >secret ~* +@all"}))
    assert [problem.rule for problem in found] == ["cache/access-password"]


def test_a_password_in_an_access_string_is_not_repeated() -> None:
    (problem,) = problems(changed({WEB: "on >hunter2hunter2 ~* +@read"}))
    assert "hunter2" not in str(problem.as_dict())


@pytest.mark.parametrize("given", ["hunter2hunter2hunter2", "correct-horse-battery-staple"])
@pytest.mark.parametrize("path", [f"{S}.auth_token", f"{S}.users.web.password"])
def test_a_password_where_none_belongs_is_not_repeated(path: str, given: str) -> None:
    found = problems(changed({path: given}))
    assert found
    assert given not in str([problem.as_dict() for problem in found])


@pytest.mark.parametrize(
    ("text", "unbounded", "granted"),
    [
        ("on ~* +@read +get -get", False, {"@read"}),
        ("on ~* +get +@all -@dangerous", False, set()),
        ("on ~* +@all -@dangerous +@dangerous", True, {"@dangerous"}),
        ("on ~* +@all nocommands +ping", False, {"ping"}),
    ],
)
def test_words_are_read_in_their_order(text: str, unbounded: bool, granted: set[str]) -> None:
    (powers,) = access_strings.all_powers(text)
    assert (powers.is_unbounded, powers.granted) == (unbounded, granted)


def test_a_users_login_is_iam_when_nothing_is_said() -> None:
    loaded = load_text(changed({f"{S}.users": {"web": {}}}))
    assert loaded.estate.caches["sessions"].users["web"].authentication == "iam"


def test_a_cache_with_a_token_has_no_users_of_the_kit() -> None:
    """So that their names stay free, and the quota."""
    loaded = load_text(changed(OLD | TOKEN))
    assert loaded.estate.caches["sessions"].user_of_kit is None
