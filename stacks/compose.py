"""An estate becomes stacks, in whatever scope it is put: an app, a stage of a pipeline."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.cache.settings import log_types
from constructs_lib.foundation.encryption import PUBLISHERS
from constructs_lib.foundation.network import zone_names
from estate import names
from estate.aurora import AuroraSpec
from estate.model import Estate
from estate.network import NetworkSpec
from estate.services import endpoint_services
from stacks.aurora import AuroraStack
from stacks.backup import BackupStack, copies_by_region, copies_to
from stacks.base import EstateStack
from stacks.cache import CacheStack
from stacks.network import NetworkStack


def compose(scope: Construct, estate: Estate) -> tuple[EstateStack, ...]:
    """Define every stack: each Region's network first, then one stack per cluster and cache, after their network."""
    networks = {region: _network(scope, estate, region) for region in estate.regions}
    vaults = _vaults(scope, estate)
    for region, stack in vaults.items():
        stack.add_stack_dependency(networks[region])
    data: list[EstateStack] = []
    for cluster in estate.aurora.values():
        region = cluster.region or estate.regions[0]
        zones = _zones(estate, region)
        stack_id = names.aurora_stack(estate.name, cluster.name)
        data.append(AuroraStack(scope, stack_id, estate=estate, region=region, spec=cluster, zones=zones))
        data[-1].add_stack_dependency(networks[region])
        if (copy_region := copies_to(cluster)) is not None:
            data[-1].add_stack_dependency(vaults[copy_region])
    for cache in estate.caches.values():
        region = cache.region or estate.regions[0]
        zones = _zones(estate, region)
        stack_id = names.cache_stack(estate.name, cache.name)
        data.append(CacheStack(scope, stack_id, estate=estate, region=region, spec=cache, zones=zones))
        data[-1].add_stack_dependency(networks[region])
    return (*networks.values(), *vaults.values(), *data)


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
    )


def _network_spec(estate: Estate, region: str) -> NetworkSpec:
    """The Region's network with the endpoints that its clusters need; an existing VPC is used as it is."""
    spec = estate.network.get(region) or NetworkSpec()
    clusters = [cluster for cluster in estate.aurora.values() if (cluster.region or estate.regions[0]) == region]
    needed = {service for cluster in clusters for service in endpoint_services(cluster)} - set(spec.endpoints)
    if spec.is_existing or not needed:
        return spec
    return spec.model_copy(update={"endpoints": (*spec.endpoints, *sorted(needed))})


def _zones(estate: Estate, region: str) -> list[str]:
    """One zone per subnet of the Region's network."""
    spec = _network_spec(estate, region)
    return zone_names(spec, len(spec.subnets) or len(spec.availability_zones) or spec.zones)


def _publishers(estate: Estate, region: str) -> tuple[str, ...]:
    """Services that tell the topics of a Region's clusters, for the one key of an estate that shares it."""
    of_region = (spec for spec in estate.aurora.values() if region in _regions_of(estate, spec))
    return PUBLISHERS if any(spec.watch for spec in of_region) else ()


def _regions_of(estate: Estate, spec: AuroraSpec) -> set[str]:
    secondaries = spec.global_database.secondaries if spec.global_database else {}
    return {spec.region or estate.regions[0], *secondaries}


def _log_groups(estate: Estate, region: str) -> list[str]:
    """Names of every log group of a Region's data, for the one key of an estate that shares it."""
    first = estate.regions[0]
    of_clusters = [
        names.log_group("cluster", names.cluster_identifier(estate.name, spec.name), export)
        for spec in estate.aurora.values()
        if (spec.region or first) == region
        for export in spec.effective_log_exports
    ]
    of_caches = [
        names.cache_log_group(names.replication_group_id(estate.name, spec.name), kind)
        for spec in estate.caches.values()
        if (spec.region or first) == region
        for kind in log_types(spec)
    ]
    of_proxies = [
        names.proxy_log_group(names.proxy_name(names.cluster_identifier(estate.name, spec.name)))
        for spec in estate.aurora.values()
        if spec.proxy is not None and (spec.region or first) == region
    ]
    return of_clusters + of_proxies + of_caches
