"""What one Memcached cluster is declared to be."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from estate import limits
from estate.caches.watching import CacheWatchSpec
from estate.reach import AllowSpec
from estate.spec import ACKNOWLEDGE, OVERRIDES, Acknowledge, Identifier, Integer, Overrides, Rule, Spec, Switch


class MemcachedSpec(Spec):
    """One Memcached cluster: nodes that know nothing of each other. `name` is its key in the file."""

    name: Identifier
    version: str = Field(default="1.6.22", description="Engine version, quoted")
    region: str | None = Field(default=None, description="One of `regions`; the first when left out")
    node_class: str = Field(default="cache.r7g.large", alias="class", description="Node type of every node")
    nodes: Annotated[Integer, Field(ge=1)] = Field(default=2, description="Nodes, spread over the zones")
    port: Annotated[Integer, Field(ge=limits.CACHE_PORT_MIN, le=limits.PORT_MAX)] = Field(
        default=11212, description="TCP port; it can't be changed later"
    )
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect, keyed by name")
    maintenance_window: str | None = Field(
        default=None, description="Weekly, UTC, `ddd:hh24:mi-ddd:hh24:mi`, 60 minutes or more"
    )
    parameters: dict[str, str] = Field(default={}, description="Parameters of the cluster, values quoted")
    watch: CacheWatchSpec | None = Field(default=None, description="Alarms, events, a dashboard")
    protection: Switch = Field(default=True, description="Termination protection")
    minor_upgrades: Switch = Field(default=True, description="Minor versions are applied in the maintenance window")
    tags: dict[str, str] = Field(default={}, description="Tags, beside those of the estate")
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    engine: ClassVar[Literal["memcached"]] = "memcached"
    RULES: ClassVar[tuple[Rule[Any], ...]] = ()


RULES: tuple[Rule[MemcachedSpec], ...] = ()

MemcachedSpec.RULES = RULES
