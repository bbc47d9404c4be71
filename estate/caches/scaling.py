"""Auto scaling of a replication group: shards and replicas follow the load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estate.spec import Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class CacheAutoscalingSpec(Spec):
    """Bounds and targets of auto scaling."""


RULES: tuple[Rule[ReplicationGroupSpec], ...] = ()
