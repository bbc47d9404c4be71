"""TLS of a replication group: required, or preferred while clients are moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate import engines
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


def _preferred(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.transit_encryption == "preferred":
        yield Hit(("transit_encryption",), spec.transit_encryption)


def _preferred_access(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    """ElastiCache answers "Transit encryption preferred is not supported with redis access control"."""
    if spec.transit_encryption == "preferred" and spec.users:
        yield Hit(("users",), spec.users)


def _preferred_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    least = engines.CACHE_TLS_MODE_FROM[spec.engine]
    is_fine = engines.is_well_formed(spec.engine, spec.version)
    if spec.transit_encryption == "preferred" and is_fine and engines.parsed(spec.engine, spec.version) < least:
        yield Hit(
            ("version",), spec.version, must=f"be {least[0]}.{least[1]} or newer with transit_encryption preferred"
        )


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/tls-preferred",
        reads=("transit_encryption",),
        broken=_preferred,
        must="be required",
        fix="while it is preferred clients come in without TLS, and no users, IAM or password keep anybody out: move "
        "the clients, then remove it; until then add `acknowledge: [cache/tls-preferred]`",
        level="warning",
    ),
    Rule(
        id="cache/tls-preferred-access",
        reads=("transit_encryption", "users"),
        broken=_preferred_access,
        must="be left out while transit_encryption is preferred",
        fix="ElastiCache takes no users then: move the clients to TLS first",
    ),
    Rule(
        id="cache/tls-preferred-version",
        reads=("transit_encryption", "engine", "version"),
        broken=_preferred_version,
        must="be able to change between preferred and required",
        fix="choose a newer version first",
    ),
)
