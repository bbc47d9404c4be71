"""The AUTH token of a Redis OSS group that knows no users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class AuthTokenSpec(Spec):
    """One password for everybody, kept in Secrets Manager; only for what cannot do RBAC."""


RULES: tuple[Rule[ReplicationGroupSpec], ...] = ()
