"""The stack of one Memcached cluster."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.cache.memcached import Memcached
from constructs_lib.cache.publishers import publishers_of
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
        self.memcached = Memcached(
            self,
            "Memcached",
            identifier=names.cache_identifier(estate.name, spec.name),
            spec=spec,
            vpc=self.placement(zones if self._names_zones() else []),
            key=self.import_shared_key() if publishers_of(spec.watch) else None,
            retain=self.retain,
        )
        self._add_outputs()

    def _names_zones(self) -> bool:
        """Whether the zones of the subnets are known: an existing network may not name them."""
        network = self.estate.network.get(self.region)
        return network is None or not network.is_existing or bool(network.availability_zones)

    def _add_outputs(self) -> None:
        memcached = self.memcached
        self.add_output(names.OUTPUT_CACHE_CLUSTER_ID, memcached.cfn_cache_cluster.ref)
        self.add_output(names.OUTPUT_CONFIGURATION_ENDPOINT, memcached.endpoint)
        self.add_output(names.OUTPUT_PORT, str(memcached.port))
        self.add_output(names.OUTPUT_SECURITY_GROUP_ID, memcached.cfn_security_group.attr_group_id)
