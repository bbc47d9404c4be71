"""An estate becomes stacks, in whatever scope it is put: an app, a stage of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from constructs import Construct

from constructs_lib.cache.publishers import publishers_of
from constructs_lib.cache.settings import log_types
from constructs_lib.foundation.encryption import PUBLISHERS
from constructs_lib.foundation.network import zone_names
from estate import names
from estate.aurora import AuroraSpec
from estate.caches.every import every_cache
from estate.caches.global_datastore import every_group, secondaries_of
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.integrations import called_services
from estate.model import Estate
from estate.network import NetworkSpec
from estate.origin import sources_of
from estate.replication import every_cluster
from estate.services import rotation_services
from stacks.aurora import AuroraStack
from stacks.backup import BackupStack, copies_by_region, copies_to
from stacks.base import EstateStack
from stacks.cache import CacheStack
from stacks.global_database import order_members, replications
from stacks.global_datastore import order_groups, secondaries
from stacks.memcached import MemcachedStack
from stacks.network import NetworkStack
from stacks.serverless_cache import ServerlessCacheStack


def compose(scope: Construct, estate: Estate) -> tuple[EstateStack, ...]:
    """Define every stack: each Region's network first, then one stack per cluster and cache, after their network."""
    networks = {region: _network(scope, estate, region) for region in estate.regions}
    vaults = _vaults(scope, estate)
    for region, stack in vaults.items():
        stack.add_stack_dependency(networks[region])
    data: list[EstateStack] = _clusters(scope, estate, networks, vaults)
    return (*networks.values(), *vaults.values(), *data, *_caches(scope, estate, networks))


def _caches(scope: Construct, estate: Estate, networks: Mapping[str, EstateStack]) -> list[EstateStack]:
    """One stack for each cache, whatever its kind, secondary groups included, and one for each global datastore."""
    parts = secondaries(estate)
    stacks: dict[str, EstateStack] = {}
    for cache in _every_member(estate):
        region, stack_id = cache.region or estate.regions[0], names.cache_stack(estate.name, cache.name)
        zones = _zones(estate, region)
        if isinstance(cache, MemcachedSpec):
            stacks[cache.name] = MemcachedStack(scope, stack_id, estate=estate, region=region, spec=cache, zones=zones)
        elif isinstance(cache, ServerlessCacheSpec):
            stacks[cache.name] = ServerlessCacheStack(
                scope, stack_id, estate=estate, region=region, spec=cache, zones=zones
            )
        else:
            stacks[cache.name] = CacheStack(
                scope,
                stack_id,
                estate=estate,
                region=region,
                spec=cache,
                zones=zones,
                secondary=parts.get(cache.name),
            )
        stacks[cache.name].add_stack_dependency(networks[region])
    return [*order_groups(scope, estate, stacks), *stacks.values()]


def _every_member(estate: Estate) -> Iterator[ReplicationGroupSpec | MemcachedSpec | ServerlessCacheSpec]:
    """Every cache of the file, then the secondary groups of its global datastores."""
    yield from (cache for _, cache in every_cache(estate))
    for cache in estate.caches.values():
        yield from secondaries_of(cache)


def _clusters(
    scope: Construct, estate: Estate, networks: Mapping[str, EstateStack], vaults: Mapping[str, EstateStack]
) -> list[EstateStack]:
    """One stack for each cluster, secondary clusters included, and one for each Global Database, before its members."""
    replicated, first = replications(estate), estate.regions[0]
    stacks: dict[str, AuroraStack] = {}
    for _, spec in every_cluster(estate):
        region, stack_id = spec.region or first, names.aurora_stack(estate.name, spec.name)
        stacks[spec.name] = AuroraStack(
            scope,
            stack_id,
            estate=estate,
            region=region,
            spec=spec,
            zones=_zones(estate, region),
            replication=replicated.get(spec.name),
        )
        stacks[spec.name].add_stack_dependency(networks[region])
        if (copy_region := copies_to(spec)) is not None:
            stacks[spec.name].add_stack_dependency(vaults[copy_region])
    for name, source in sources_of(estate).items():
        stacks[name].add_stack_dependency(stacks[source])
    return [*order_members(scope, estate, stacks), *stacks.values()]


def _vaults(scope: Construct, estate: Estate) -> dict[str, BackupStack]:
    """The stack of each Region that takes copies; they come before the plans that name their vaults."""
    return {
        region: BackupStack(
            scope, f"{names.backup_stack(estate.name)}-{region}", estate=estate, region=region, clusters=clusters
        )
        for region, clusters in copies_by_region(estate).items()
    }


def _network(scope: Construct, estate: Estate, region: str) -> NetworkStack:
    stack_id = names.network_stack(estate.name)
    if region != estate.regions[0]:
        stack_id = f"{stack_id}-{region}"
    spec = _network_spec(estate, region)
    return NetworkStack(
        scope,
        stack_id,
        estate=estate,
        region=region,
        spec=spec,
        log_groups=_log_groups(estate, region),
        publishers=_publishers(estate, region),
        services=_services(estate, region),
    )


def _network_spec(estate: Estate, region: str) -> NetworkSpec:
    """The Region's network with the endpoints that rotations need; an existing VPC is used as it is."""
    spec = estate.network.get(region) or NetworkSpec()
    needed = {service for cluster in _clusters_of(estate, region) for service in rotation_services(cluster)}
    if spec.is_existing or not needed - set(spec.endpoints):
        return spec
    return spec.model_copy(update={"endpoints": (*spec.endpoints, *sorted(needed - set(spec.endpoints)))})


def _services(estate: Estate, region: str) -> list[str]:
    """Services that the Region's clusters call."""
    return sorted({service for cluster in _clusters_of(estate, region) for service in called_services(cluster)})


def _clusters_of(estate: Estate, region: str) -> list[AuroraSpec]:
    return [cluster for _, cluster in every_cluster(estate) if (cluster.region or estate.regions[0]) == region]


def _zones(estate: Estate, region: str) -> list[str]:
    """One zone per subnet of the Region's network."""
    spec = _network_spec(estate, region)
    return zone_names(spec, len(spec.subnets) or len(spec.availability_zones) or spec.zones)


def _publishers(estate: Estate, region: str) -> tuple[str, ...]:
    """Services that tell the topics of a Region's clusters and caches, for the one key of an estate that shares it."""
    of_region = (spec for spec in estate.aurora.values() if region in _regions_of(estate, spec))
    told = set(PUBLISHERS) if any(spec.watch for spec in of_region) else set[str]()
    for cache in _every_member(estate):
        if (cache.region or estate.regions[0]) == region:
            told.update(publishers_of(cache.watch))
    return tuple(sorted(told))


def _regions_of(estate: Estate, spec: AuroraSpec) -> set[str]:
    secondaries = spec.global_database.secondaries if spec.global_database else {}
    return {spec.region or estate.regions[0], *secondaries}


def _log_groups(estate: Estate, region: str) -> list[str]:
    """Names of every log group of a Region's data, for the one key of an estate that shares it."""
    first = estate.regions[0]
    of_clusters = [
        names.log_group("cluster", names.cluster_identifier(estate.name, spec.name), export)
        for _, spec in every_cluster(estate)
        if (spec.region or first) == region
        for export in spec.effective_log_exports
    ]
    of_caches = [
        names.cache_log_group(names.cache_identifier(estate.name, spec.name), kind)
        for _, spec in every_group(estate)
        if (spec.region or first) == region
        for kind in log_types(spec)
    ]
    of_proxies = [
        names.proxy_log_group(names.proxy_name(names.cluster_identifier(estate.name, spec.name)))
        for spec in estate.aurora.values()
        if spec.proxy is not None and (spec.region or first) == region
    ]
    return of_clusters + of_proxies + of_caches
