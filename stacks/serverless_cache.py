"""The stack of one serverless cache."""

from __future__ import annotations

from constructs import Construct

from estate import names
from estate.caches.serverless import ServerlessCacheSpec
from estate.model import Estate
from stacks.base import EstateStack


class ServerlessCacheStack(EstateStack):
    """One serverless cache in the network that the file gives it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        estate: Estate,
        region: str,
        spec: ServerlessCacheSpec,
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
