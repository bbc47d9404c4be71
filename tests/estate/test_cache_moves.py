"""What a file says of a cache that moved: from Redis OSS to Valkey, from an AUTH token to users."""

from __future__ import annotations

from typing import Any

import pytest

from estate.load import load_text
from tests.support.estate_files import changed, problems

SESSIONS = "caches.sessions"
REDIS = {f"{SESSIONS}.engine": "redis", f"{SESSIONS}.version": "7.1"}
REPLACED = {f"{SESSIONS}.auth_token": {"replaced_by_users": True}}
USERS = {f"{SESSIONS}.users": {"web": {"access": "on ~a:* +@read"}}}
BROKEN: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("cache/moved-from", f"{SESSIONS}.moved_from", REDIS | {f"{SESSIONS}.moved_from": "redis"}),
    ("cache/auth-token-replaced", f"{SESSIONS}.auth_token.replaced_by_users", REDIS | REPLACED),
    ("cache/auth-token-users", f"{SESSIONS}.auth_token", REDIS | USERS | {f"{SESSIONS}.auth_token": {}}),
)
FINE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("moved", {f"{SESSIONS}.moved_from": "redis"}),
    ("replaced", REDIS | REPLACED | USERS),
    ("replaced-then-valkey", REPLACED | USERS | {f"{SESSIONS}.moved_from": "redis"}),
)


@pytest.mark.parametrize(("rule", "path", "changes"), BROKEN, ids=[row[0] for row in BROKEN])
def test_finds_the_broken_rule(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = {problem.rule: problem for problem in problems(changed(changes))}
    assert set(found) - {"cache/auth-token-version"} == {rule}
    assert found[rule].path == path
    assert found[rule].message == f"{path} must {found[rule].allowed}, got {found[rule].given}; {found[rule].fix}"


@pytest.mark.parametrize(("_what", "changes"), FINE, ids=[row[0] for row in FINE])
def test_the_legal_neighbour_passes(_what: str, changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_a_moved_cache_keeps_its_users_and_a_replaced_token_lets_users_in() -> None:
    moved = load_text(changed({f"{SESSIONS}.moved_from": "redis"})).estate.caches["sessions"]
    assert (moved.user_engine, moved.user_of_kit) == ("redis", "default")
    replaced = load_text(changed(REDIS | REPLACED | USERS)).estate.caches["sessions"]
    assert (replaced.has_user_group, replaced.user_engine) == (True, "redis")
