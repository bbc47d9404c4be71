"""Global datastore: a replication group that other Regions follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class GlobalDatastoreSpec(Spec):
    """Secondary Regions of a replication group."""


RULES: tuple[Rule[ReplicationGroupSpec], ...] = ()
