"""The stack of one serverless cache."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.cache.serverless import ServerlessCache
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
        self.cache = ServerlessCache(
            self,
            "Cache",
            identifier=names.cache_identifier(estate.name, spec.name),
            spec=spec,
            vpc=self.placement(zones),
            key=self.import_shared_key(),
            retain=self.retain,
        )
        self._add_outputs()

    def _add_outputs(self) -> None:
        cache = self.cache
        self.add_output(names.OUTPUT_SERVERLESS_CACHE_NAME, cache.cfn_serverless_cache.ref)
        self.add_output(names.OUTPUT_ENDPOINT, cache.endpoint)
        self.add_output(names.OUTPUT_PORT, str(cache.port))
        if cache.users is not None:
            self.add_output(names.OUTPUT_READER_ENDPOINT, cache.reader_endpoint)
            self.add_output(names.OUTPUT_READER_PORT, str(cache.reader_port))
        self.add_output(names.OUTPUT_SECURITY_GROUP_ID, cache.cfn_security_group.attr_group_id)
