"""What `runbook lab status` shows: what the API says, beside the processes that are really there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lab.cloud.client import client
from lab.cloud.elasticache.global_datastores import without_processes
from lab.cloud.rds.plane_names import PlaneNames, plane_names
from lab.data.plane import ProcessPlane, ProcessRow
from lab.plane import DataPlane
from lab.state import LabState

CONTROL_PLANE_ONLY = "control plane only"
NOT_INSTALLED = "memcached is not installed"


def overview(state: LabState, plane: ProcessPlane) -> dict[str, Any]:
    """One document: the lab, clusters, caches."""
    rows = {row.member: row for row in plane.processes()}
    regions = state.regions or (state.region,)
    return {
        "running": True,
        "ready": state.ready,
        "pid": state.pid,
        "estate": state.estate,
        "endpoint": state.endpoint,
        "resolver": state.dns,
        "dns_delay_s": plane.dns_delay_s,
        "own_addresses": plane.block.is_own,
        "data": state.base_dir,
        "log": state.log,
        "truth": state.truth,
        "clusters": [cluster for region in regions for cluster in _clusters(region, rows, plane)],
        "caches": [cache for region in regions for cache in _caches(region, rows, plane)],
    }


def _clusters(region: str, rows: Mapping[str, ProcessRow], plane: ProcessPlane) -> list[dict[str, Any]]:
    rds = client("rds", region)
    instances = {found["DBInstanceIdentifier"]: found for found in rds.describe_db_instances()["DBInstances"]}
    return [
        {
            "cluster": found["DBClusterIdentifier"],
            "region": region,
            "engine": found["Engine"],
            "version": found["EngineVersion"],
            "status": found["Status"],
            "data_plane": data_plane(found["Engine"], plane_names(region, found["DBClusterIdentifier"]), plane),
            "port": found.get("Port"),
            "writer_endpoint": found.get("Endpoint"),
            "reader_endpoint": found.get("ReaderEndpoint"),
            "custom_endpoints": _custom_endpoints(rds, found["DBClusterIdentifier"]),
            "instances": [
                _instance(member, instances, rows, plane_names(region, found["DBClusterIdentifier"]))
                for member in found["DBClusterMembers"]
            ],
        }
        for found in rds.describe_db_clusters()["DBClusters"]
    ]


def data_plane(engine: str, names: PlaneNames, plane: DataPlane) -> str:
    """Whether servers run behind a cluster, and why none do."""
    if not plane.serves(engine):
        return CONTROL_PLANE_ONLY
    return f"{CONTROL_PLANE_ONLY}: {names.without_processes}" if names.without_processes else "processes"


def _custom_endpoints(rds: Any, cluster_id: str) -> list[str]:
    endpoints = rds.describe_db_cluster_endpoints(DBClusterIdentifier=cluster_id)["DBClusterEndpoints"]
    return [found["Endpoint"] for found in endpoints if found["EndpointType"] == "CUSTOM"]


def _instance(
    member: Mapping[str, Any], instances: Mapping[str, Any], rows: Mapping[str, ProcessRow], names: PlaneNames
) -> dict[str, Any]:
    name = member["DBInstanceIdentifier"]
    found, row = instances.get(name, {}), rows.get(names.instances.get(name, name))
    return {
        "instance": name,
        "role": "writer" if member["IsClusterWriter"] else "reader",
        "tier": member.get("PromotionTier"),
        "class": found.get("DBInstanceClass"),
        "status": found.get("DBInstanceStatus"),
        "endpoint": found.get("Endpoint", {}).get("Address"),
        "process": asdict(row) if row is not None else None,
    }


def _caches(region: str, rows: Mapping[str, ProcessRow], plane: DataPlane) -> list[dict[str, Any]]:
    """Caches of every kind, each with the processes that carry its name."""
    return [
        {
            **cache,
            "region": region,
            "nodes": [asdict(row) for row in rows.values() if row.owner == cache["cache"]],
        }
        for kind in CACHE_KINDS
        for cache in kind(client("elasticache", region), plane)
    ]


def _replication_groups(elasticache: Any, _: DataPlane) -> list[dict[str, Any]]:
    return [
        {
            "cache": found["ReplicationGroupId"],
            "engine": found.get("Engine"),
            "status": found["Status"],
            "endpoint": _cache_endpoint(found),
            "data_plane": _group_plane(elasticache.meta.region_name, found["ReplicationGroupId"]),
        }
        for found in elasticache.describe_replication_groups()["ReplicationGroups"]
    ]


def _group_plane(region: str, group_id: str) -> str:
    """Secondaries of a global datastore have no servers."""
    why = without_processes(region, group_id)
    return f"{CONTROL_PLANE_ONLY}: {why}" if why else "processes"


def _memcached_clusters(elasticache: Any, plane: DataPlane) -> list[dict[str, Any]]:
    clusters = elasticache.describe_cache_clusters(ShowCacheClustersNotInReplicationGroups=True)["CacheClusters"]
    return [
        {
            "cache": found["CacheClusterId"],
            "engine": "memcached",
            "status": found["CacheClusterStatus"],
            "endpoint": (found.get("ConfigurationEndpoint") or {}).get("Address"),
            "data_plane": "processes" if plane.serves("memcached") else f"{CONTROL_PLANE_ONLY}: {NOT_INSTALLED}",
        }
        for found in clusters
        if found.get("Engine") == "memcached"
    ]


def _serverless_caches(elasticache: Any, _: DataPlane) -> list[dict[str, Any]]:
    return [
        {
            "cache": found["ServerlessCacheName"],
            "engine": f"{found['Engine']} serverless",
            "status": found["Status"],
            "endpoint": (found.get("Endpoint") or {}).get("Address"),
            "data_plane": CONTROL_PLANE_ONLY,
        }
        for found in elasticache.describe_serverless_caches()["ServerlessCaches"]
    ]


CACHE_KINDS = (_replication_groups, _memcached_clusters, _serverless_caches)


def _cache_endpoint(group: Mapping[str, Any]) -> str | None:
    if endpoint := group.get("ConfigurationEndpoint"):
        return str(endpoint.get("Address"))
    for shard in group.get("NodeGroups", ()):
        if endpoint := shard.get("PrimaryEndpoint"):
            return str(endpoint.get("Address"))
    return None
