"""Alarms, a dashboard and events of a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class CacheWatchSpec(Spec):
    """Alarms and events to an encrypted topic, and a dashboard."""


RULES: tuple[Rule[ReplicationGroupSpec], ...] = ()
