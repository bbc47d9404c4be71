"""Who may log in to a cache and what they may do there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from estate import engines, limits
from estate.spec import OVERRIDES, Hit, Overrides, Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

_CATEGORIES = (
    "admin all bitmap blocking bloom connection dangerous fast geo hash hyperloglog json keyspace list pubsub read "
    "scripting search set slow sortedset stream string transaction write"
)
ACL_CATEGORIES = frozenset(_CATEGORIES.split())
"""Categories of commands in an ACL string, those of the modules included. [valkey.io/topics/acl]"""
_WORDS = (
    "on off allkeys resetkeys allchannels resetchannels allcommands nocommands clearselectors reset nopass resetpass "
    "sanitize-payload skip-sanitize-payload"
)
ACL_WORDS = frozenset(_WORDS.split())
"""Whole words of an ACL string. [valkey.io/topics/acl]"""


class UserSpec(Spec):
    """One IAM user of a cache; `access` is an ACL string without passwords."""

    access: str = Field(default="on ~* +@read", description="ACL string: `on`, key patterns, commands; no password")
    overrides: Overrides = Field(default={}, description=OVERRIDES)


def _is_fine(spec: ReplicationGroupSpec) -> bool:
    return engines.is_well_formed(spec.engine, spec.version)


def _iam_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    least = engines.CACHE_IAM_FROM[spec.engine]
    if spec.users and _is_fine(spec) and engines.parsed(spec.engine, spec.version) < least:
        fix = f"choose {spec.engine} {least[0]}.{least[1]} or newer, or remove `users`"
        yield Hit(("version",), spec.version, fix=fix)


def _many_users(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if len(spec.users) >= limits.USERS_PER_GROUP_MAX:
        yield Hit(("users",), len(spec.users))


def _passwords(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, user in spec.users.items():
        for word in user.access.split():
            if word[:1] in {">", "<", "#", "!"} or word.lower() in {"nopass", "resetpass"}:
                yield Hit(("users", name, "access"), word if word.isalpha() else f"a word that starts with {word[0]}")


def _access_form(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name, user in spec.users.items():
        words = user.access.split()
        if not words or words[0] not in {"on", "off"} or not user.access.isprintable():
            yield Hit(("users", name, "access"), user.access)
        elif (odd := next((word for word in words[1:] if not _is_acl_word(word)), None)) is not None:
            must = "be made of on, off, ~keys, &channels, +command, -command, +@category and -@category"
            yield Hit(("users", name, "access"), odd, must=must)


def _is_acl_word(word: str) -> bool:
    """One rule of an ACL string; words about passwords have a rule of their own. [valkey.io/topics/acl]"""
    if word[:2] in {"+@", "-@"}:
        return word[2:].lower() in ACL_CATEGORIES
    known = word.lower() in ACL_WORDS or word[:1] in {">", "<", "#", "!", "(", ")"} or word.endswith(")")
    return known or (len(word) > 1 and word[0] in "~&+-%")


def _users_default(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if "default" in spec.users:
        yield Hit(("users", "default"), "default")


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/iam-version",
        reads=("users", "engine", "version"),
        broken=_iam_version,
        must="know IAM users",
        fix="choose a newer version",
    ),
    Rule(
        id="cache/users-max",
        reads=("users",),
        broken=_many_users,
        must=f"be fewer than {limits.USERS_PER_GROUP_MAX}: the group's `default` user is one of them",
        fix="remove some",
    ),
    Rule(
        id="cache/user-default",
        reads=(),
        broken=_users_default,
        must="not be called default",
        fix="rename it: the kit makes a `default` user that may do nothing",
    ),
    Rule(
        id="cache/access-password",
        reads=(),
        broken=_passwords,
        must="hold no password",
        fix="remove it: users authenticate with IAM",
    ),
    Rule(
        id="cache/access-form",
        reads=(),
        broken=_access_form,
        must="start with on or off",
        fix='write it as in "on ~app:* +@read"',
    ),
)
