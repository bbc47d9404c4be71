"""How a replication group is laid out: cluster mode, placement of shards, data tiering, durability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import limits
from estate.spec import Integer, Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class ShardSpec(Spec):
    """Where the nodes of one shard stand and which slots it holds, at birth."""

    primary_zone: Annotated[Integer, Field(ge=1)] | None = Field(
        default=None, description="Zone of the network that the primary is born in, counted from 1"
    )
    replica_zones: tuple[Annotated[Integer, Field(ge=1)], ...] = Field(
        default=(), description="Zones of the replicas, one for each"
    )
    replicas: Annotated[Integer, Field(ge=0, le=limits.REPLICAS_MAX)] | None = Field(
        default=None, description="Replicas of this shard; those of the group when left out"
    )
    slots: str | None = Field(default=None, description='Slots that it holds, as in "0-5460"')


RULES: tuple[Rule[ReplicationGroupSpec], ...] = ()
