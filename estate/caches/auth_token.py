"""The AUTH token of a Redis OSS group that knows no users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from estate.spec import Hit, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

ACCESS_PROPERTIES = frozenset({"AuthToken", "UserGroupIds"})
"""Of `AWS::ElastiCache::ReplicationGroup`: what decides who gets in."""


class AuthTokenSpec(Spec):
    """One password for everybody, kept in Secrets Manager; only for what cannot do RBAC."""

    replaced_by_users: Switch = Field(
        default=False,
        description="`users` take its place, by one API call that CloudFormation can't make: "
        "see docs/options/engine-moves.md",
    )


def _token_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.auth_token is not None and not spec.auth_token.replaced_by_users and not spec.is_before_users:
        yield Hit(("auth_token",), f"{spec.engine} {spec.version}")


def _token_and_users(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    token = spec.auth_token
    if token is not None and spec.users and not token.replaced_by_users and not spec.is_before_users:
        yield Hit(("auth_token",), f"both, with {len(spec.users)} users")


def _token_tls(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.auth_token is not None and spec.transit_encryption != "required":
        yield Hit(("auth_token",), f"transit_encryption {spec.transit_encryption}")


def _replaced_by_nobody(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.auth_token is not None and spec.auth_token.replaced_by_users and not spec.users:
        yield Hit(("auth_token", "replaced_by_users"), "no users")


def _no_token(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.is_before_users and spec.auth_token is None and spec.extended_support:
        yield Hit(("auth_token",), None)


def _access_overrides(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for name in spec.overrides:
        if name.split(".")[0] in ACCESS_PROPERTIES:
            yield Hit(("overrides", name), name)


def _tls_overrides(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    given = spec.overrides.get("TransitEncryptionEnabled", True)
    if str(given).lower() != "true":
        yield Hit(("overrides", "TransitEncryptionEnabled"), given)


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/auth-token-version",
        reads=("auth_token", "engine", "version"),
        broken=_token_version,
        must="be left out where users exist (Redis OSS 6.0 and newer, Valkey): one password is nobody's",
        fix="declare `users`; while a cache is moved to them, add `acknowledge: [cache/auth-token-version]`",
        acknowledge=True,
    ),
    Rule(
        id="cache/auth-token-users",
        reads=("auth_token", "users"),
        broken=_token_and_users,
        must="not stand beside users: ElastiCache takes a user group or an AUTH token",
        fix="remove one of the two; docs/options/cache-access.md says how a cache moves from one to the other",
    ),
    Rule(
        id="cache/auth-token-replaced",
        reads=("auth_token", "users", "engine", "version"),
        broken=_replaced_by_nobody,
        must="be off while there are no users to replace it",
        fix="declare `users` (Redis OSS 6.0 or newer), or remove it",
    ),
    Rule(
        id="cache/auth-token-tls",
        reads=("auth_token", "transit_encryption"),
        broken=_token_tls,
        must="never cross the network in the clear",
        fix="set `transit_encryption: required`, or remove it",
    ),
    Rule(
        id="cache/auth-token-none",
        reads=("auth_token", "extended_support", "engine", "version"),
        broken=_no_token,
        must="be given before Redis OSS 6.0: without it everybody who reaches the cache is let in",
        fix="add `auth_token: {}`, or choose a newer version and `users`",
    ),
    Rule(
        id="cache/access-override",
        reads=(),
        broken=_access_overrides,
        must="not be overridden: it decides who gets in",
        fix="use `users`, or `auth_token` before Redis OSS 6.0",
    ),
    Rule(
        id="cache/tls-override",
        reads=(),
        broken=_tls_overrides,
        must="be true: neither users nor an AUTH token exist without TLS",
        fix="remove it; `transit_encryption: preferred` lets clients in without TLS for a while",
    ),
)
