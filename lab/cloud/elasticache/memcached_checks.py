"""What CreateCacheCluster and ModifyCacheCluster refuse of Memcached, in AWS's codes. Pure.

Texts that stand in issues of public clients are AWS's own; the others say the API reference's rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from estate import engines, limits
from estate.caches.families_memcached import family_of
from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache.memcached_cluster import MemcachedCluster, Settings

CLUSTER_ID = re.compile(r"(?=.{1,50}$)[a-z](-?[a-z0-9])*")
# Parameters of CreateCacheCluster that the overlay keeps or acts on; any other is refused by name.
TAKEN = frozenset(
    [
        "CacheClusterId",
        "AZMode",
        "PreferredAvailabilityZone",
        "PreferredAvailabilityZones",
        "NumCacheNodes",
        "CacheNodeType",
        "Engine",
        "EngineVersion",
        "CacheParameterGroupName",
        "CacheSubnetGroupName",
        "SecurityGroupIds",
        "Tags",
        "PreferredMaintenanceWindow",
        "Port",
        "NotificationTopicArn",
        "AutoMinorVersionUpgrade",
        "TransitEncryptionEnabled",
        "NetworkType",
        "IpDiscovery",
    ]
)
CHANGEABLE = frozenset(
    [
        "AZMode",
        "CacheNodeType",
        "EngineVersion",
        "CacheParameterGroupName",
        "SecurityGroupIds",
        "PreferredMaintenanceWindow",
        "NotificationTopicArn",
        "NotificationTopicStatus",
        "AutoMinorVersionUpgrade",
        "IpDiscovery",
    ]
)
CHANGE_ELSEWHERE = frozenset(
    ["CacheClusterId", "NumCacheNodes", "CacheNodeIdsToRemove", "NewAvailabilityZones", "ApplyImmediately"]
)
VALKEY_ONLY = (
    *("ReplicationGroupId", "SnapshotArns", "SnapshotName", "SnapshotRetentionLimit", "SnapshotWindow"),
    *("AuthToken", "AuthTokenUpdateStrategy", "LogDeliveryConfigurations"),
)
"""Only valid if the Engine parameter is redis. [API reference, CreateCacheCluster]"""
SCALES_FROM = (1, 5)
"""Node type of an existing cluster. [user guide, "On-demand vertical scaling"]"""


def check_taken(operation: str, given: Settings, taken: frozenset[str]) -> None:
    if foreign := [name for name in VALKEY_ONLY if given.get(name)]:
        raise invalid_combination(f"{foreign[0]} is only valid if the Engine parameter is redis.")
    if unknown := sorted(set(given) - taken):
        raise invalid_combination(f"{operation}: {', '.join(unknown)} is not modelled by the embedded AWS")


def check_id(cluster_id: str) -> None:
    """1 to 50 letters, digits and hyphens, a letter first, no hyphen last or twice."""
    if not CLUSTER_ID.fullmatch(cluster_id):
        raise invalid_value(f"The parameter CacheClusterIdentifier is not a valid identifier: {cluster_id}")


def check_count(count: Any) -> None:
    """The quota page's 60; the API reference says 40, and to ask for more."""
    if not isinstance(count, int) or count < 1:
        raise invalid_value(f"The number of cache nodes must be at least 1, got {count}")
    if count > limits.MEMCACHED_NODES_MAX:
        raise elasticache_error(
            "NodeQuotaForClusterExceededFault", f"More than {limits.MEMCACHED_NODES_MAX} nodes in a cluster."
        )


def check_version(version: str) -> None:
    if version not in engines.known_versions("memcached"):
        raise invalid_combination(f"Cannot find version {version} for memcached")


def check_tls(given: Settings) -> None:
    """[user guide, "In-transit encryption conditions (Memcached)"]"""
    if not given.get("TransitEncryptionEnabled"):
        return
    if engines.parsed("memcached", given["EngineVersion"]) < engines.MEMCACHED_TLS_FROM:
        raise invalid_combination("Encryption in transit is not supported for memcached versions before 1.6.12.")
    if given["CacheNodeType"].split(".")[1] in engines.MEMCACHED_NO_TLS:
        raise invalid_combination(f"Encryption in transit is not supported for node type {given['CacheNodeType']}.")


def check_zones(given: Settings, available: Sequence[str]) -> None:
    """[API reference, CreateCacheCluster.AZMode, PreferredAvailabilityZones]"""
    wanted, count = list(given.get("PreferredAvailabilityZones") or []), given["NumCacheNodes"]
    if wanted and given.get("PreferredAvailabilityZone"):
        raise invalid_combination("PreferredAvailabilityZone and PreferredAvailabilityZones exclude each other.")
    if wanted and len(wanted) != count:
        raise invalid_combination(
            "Must specify the same number of preferred availability zones as requested number of nodes."
        )
    if strange := [zone for zone in wanted if zone not in available]:
        raise invalid_combination(f"Availability Zone {strange[0]} has no subnet in the subnet group.")
    if given.get("AZMode") == "cross-az" and count == 1:
        raise invalid_combination("A cluster of one node can't be in cross-az mode.")
    if len(set(wanted)) > 1 and given.get("AZMode") != "cross-az":
        raise invalid_combination("Several Availability Zones need AZMode cross-az.")


def check_family(version: str, group: Settings) -> None:
    want, have = family_of(version), group["CacheParameterGroupFamily"]
    if want != have:
        raise invalid_combination(f"Expected a parameter group of family {want} but found one of family {have}")


def check_removal(cluster: MemcachedCluster, count: int, ids: Sequence[str]) -> None:
    """Which nodes go has to be said, for each that goes. AWS's own words: hashicorp/terraform#3604."""
    have = len(cluster.nodes)
    if len(ids) != max(have - count, 0):
        raise invalid_combination(
            "The number of CacheNodeIdsToRemove must match the number of nodes you are trying to remove, "
            f"current number of cache nodes is {have}, requested number of cache nodes is {count} and "
            f"CacheNodeIdsToRemove supplied are {len(ids)}"
        )
    if strange := sorted(set(ids) - {node.node_id for node in cluster.nodes}):
        raise invalid_value(f"Cache node {strange[0]} is not a node of {cluster.cluster_id}")
    if len(set(ids)) != len(ids):
        raise invalid_value("CacheNodeIdsToRemove names a node twice")


def check_addition(cluster: MemcachedCluster, count: int, zones: Sequence[str], available: Sequence[str]) -> None:
    added = max(count - len(cluster.nodes), 0)
    if zones and len(zones) != added:
        raise invalid_combination(
            f"NewAvailabilityZones must name {added} zones, one for each node added, got {len(zones)}"
        )
    if strange := [zone for zone in zones if zone not in available]:
        raise invalid_combination(f"Availability Zone {strange[0]} has no subnet in the subnet group.")


def check_mode(cluster: MemcachedCluster, given: Settings) -> None:
    """One zone can't be asked of nodes that stand in several. [API reference, ModifyCacheCluster.AZMode]"""
    if given.get("AZMode") == "single-az" and len({node.zone for node in cluster.nodes}) > 1:
        raise invalid_combination(
            "single-az can't be specified: the cluster has nodes in different Availability Zones."
        )


def check_upgrade(cluster: MemcachedCluster, given: Settings) -> None:
    """No version is gone back to; node types can be changed from 1.5 on."""
    have = engines.parsed("memcached", cluster.settings["EngineVersion"])
    if wanted := given.get("EngineVersion"):
        check_version(wanted)
        if engines.parsed("memcached", wanted) < have:
            raise invalid_combination(f"The cluster can't be downgraded to {wanted}.")
    if given.get("CacheNodeType", cluster.settings["CacheNodeType"]) != cluster.settings["CacheNodeType"]:
        if have < SCALES_FROM:
            raise invalid_combination("Node types can be changed from Memcached 1.5 on.")
        check_tls({**cluster.settings, "CacheNodeType": given["CacheNodeType"]})
