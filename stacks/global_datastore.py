"""The stacks of a global datastore: what the secondaries join, and each member in its Region."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from constructs import Construct

from constructs_lib.cache.global_datastore import GlobalDatastore, secondary
from constructs_lib.cache.replication import Secondary
from estate import names
from estate.caches.replication_group import ReplicationGroupSpec
from estate.model import Estate
from stacks.base import EstateStack


class GlobalDatastoreStack(EstateStack):
    """What the secondaries of a global datastore join, in the Region where its primary is born.

    A stack of its own: it comes after the primary and before the secondaries, and is destroyed before them all, since
    only its end lets them go.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, estate: Estate, region: str, spec: ReplicationGroupSpec
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            estate=estate,
            stack_name=names.cache_global_stack(estate.name, spec.name),
            region=region,
            protection=spec.protection,
            tags={names.TAG_RESOURCE: spec.name, **spec.tags},
        )
        self.datastore = GlobalDatastore(
            self,
            "Global",
            suffix=names.global_datastore_suffix(estate.name, spec.name),
            primary=names.cache_identifier(estate.name, spec.name),
            spec=spec.model_copy(update={"region": region}),
        )
        resource = self.datastore.cfn_global_replication_group
        self.add_output(names.OUTPUT_GLOBAL_DATASTORE_ID, resource.attr_global_replication_group_id)


def secondaries(estate: Estate) -> dict[str, Secondary]:
    """The part of each secondary group of an estate, by its name; other caches are not there."""
    found: dict[str, Secondary] = {}
    for cache in estate.caches.values():
        for region in cache.global_datastore.secondaries if cache.global_datastore else ():
            suffix = names.global_datastore_suffix(estate.name, cache.name)
            primary = names.cache_identifier(estate.name, cache.name)
            spec = cache.model_copy(update={"region": cache.region or estate.regions[0]})
            found[names.member_name(cache.name, region)] = secondary(suffix, primary, spec, region)
    return found


def order_groups(scope: Construct, estate: Estate, stacks: Mapping[str, EstateStack]) -> list[EstateStack]:
    """Define the stack of each global datastore between its primary's and its secondaries'.

    Secondaries follow one another: while one Region joins, a global datastore takes no other.
    """
    datastores: list[EstateStack] = []
    for cache in estate.caches.values():
        if cache.global_datastore is None:
            continue
        region, stack_id = cache.region or estate.regions[0], names.cache_global_stack(estate.name, cache.name)
        datastores.append(GlobalDatastoreStack(scope, stack_id, estate=estate, region=region, spec=cache))
        members = [stacks[names.member_name(cache.name, each)] for each in cache.global_datastore.secondaries]
        for before, after in pairwise([stacks[cache.name], datastores[-1], *members]):
            after.add_stack_dependency(before)
    return datastores
