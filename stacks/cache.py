"""The stack of one cache."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.cache.replication import Secondary
from constructs_lib.cache.replication_group import ReplicationGroup
from estate import names
from estate.caches.replication_group import ReplicationGroupSpec
from estate.model import Estate
from stacks.base import EstateStack


class CacheStack(EstateStack):
    """One replication group in the network that the file gives it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        estate: Estate,
        region: str,
        spec: ReplicationGroupSpec,
        zones: list[str],
        secondary: Secondary | None = None,
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
        self.cache = ReplicationGroup(
            self,
            "Cache",
            identifier=names.cache_identifier(estate.name, spec.name),
            spec=spec,
            vpc=self.placement(zones),
            key=self.import_shared_key(),
            retain=self.retain,
            secondary=secondary,
        )
        self._add_outputs()

    def _add_outputs(self) -> None:
        cache = self.cache
        self.add_output(names.OUTPUT_REPLICATION_GROUP_ID, cache.cfn_replication_group.ref)
        self._add_endpoints()
        self.add_output(names.OUTPUT_PORT, str(cache.port))
        self.add_output(names.OUTPUT_SECURITY_GROUP_ID, cache.cfn_security_group.attr_group_id)

    def _add_endpoints(self) -> None:
        """Those that the mode has; while it is `compatible` clients of either kind find theirs."""
        cache = self.cache
        if cache.spec.mode != "disabled":
            self.add_output(names.OUTPUT_CONFIGURATION_ENDPOINT, cache.configuration_endpoint)
        if cache.spec.mode != "enabled":
            self.add_output(names.OUTPUT_PRIMARY_ENDPOINT, cache.primary_endpoint)
            if cache.spec.replicas:
                self.add_output(names.OUTPUT_READER_ENDPOINT, cache.reader_endpoint)
