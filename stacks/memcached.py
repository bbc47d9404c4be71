"""The stack of one Memcached cluster."""

from __future__ import annotations

from constructs import Construct

from estate import names
from estate.caches.memcached import MemcachedSpec
from estate.model import Estate
from stacks.base import EstateStack


class MemcachedStack(EstateStack):
    """One Memcached cluster in the network that the file gives it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        estate: Estate,
        region: str,
        spec: MemcachedSpec,
        zones: list[str],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            estate=estate,
            stack_name=names.cache_stack(estate.name, spec.name),
            region=region,
            protection=spec.protection,
            tags={names.TAG_RESOURCE: spec.name, **spec.tags},
        )
        self.zones = zones
