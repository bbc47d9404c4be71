"""Memcached clusters: `AWS::ElastiCache::CacheCluster` with the engine `memcached`."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from lab.cloud.cloudformation import cache_topics
from lab.cloud.cloudformation.errors import ResourceError
from lab.cloud.cloudformation.row import Edit, Handle, Row, by_name
from lab.cloud.cloudformation.tagging import arn_tags

TYPE = "AWS::ElastiCache::CacheCluster"
TIMEOUT_S, POLL_S = 600.0, 0.05


def _cluster(handle: Handle) -> dict[str, Any]:
    found = handle.call("describe_cache_clusters", CacheClusterId=handle.physical_id, ShowCacheNodeInfo=True)
    cluster: dict[str, Any] = found["CacheClusters"][0]
    return cluster


def _only_memcached(handle: Handle) -> dict[str, Any]:
    engine = handle.properties.get("Engine")
    if str(engine).lower() != "memcached":
        raise ResourceError(f"{TYPE}: engine {engine} is not modelled by the embedded AWS; use a replication group")
    return {}


def _resize(handle: Handle, count: Any) -> None:
    """NumCacheNodes: the newest nodes go; new ones stand in the zones that the template has more of."""
    wanted, nodes = int(count), list(_cluster(handle)["CacheNodes"])
    if wanted == len(nodes):
        return  # rolling back what was never done
    zones, more = Counter(handle.properties.get("PreferredAvailabilityZones") or ()), dict[str, Any]()
    if wanted < len(nodes):
        more["CacheNodeIdsToRemove"] = _surplus(nodes, len(nodes) - wanted, zones)
    elif zones:
        have = Counter(node["CustomerAvailabilityZone"] for node in nodes)
        more["NewAvailabilityZones"] = list((zones - have).elements())
    if mode := handle.properties.get("AZMode"):
        more["AZMode"] = mode
    handle.call(
        "modify_cache_cluster", CacheClusterId=handle.physical_id, NumCacheNodes=wanted, ApplyImmediately=True, **more
    )
    _wait_available(handle)


def _surplus(nodes: list[dict[str, Any]], count: int, zones: Counter[str]) -> list[str]:
    """The newest nodes whose zones the template has fewer of, or the newest where it names none."""
    newest = sorted(nodes, key=lambda node: str(node["CacheNodeId"]), reverse=True)
    over = Counter(node["CustomerAvailabilityZone"] for node in nodes) - zones
    gone: list[str] = []
    for node in newest:
        zone = node["CustomerAvailabilityZone"]
        if len(gone) < count and (not zones or over[zone] > 0):
            over[zone] -= 1
            gone.append(node["CacheNodeId"])
    return gone


def _moves_nodes(edit: Edit) -> bool:
    """PreferredAvailabilityZones is create-only on a condition. Nodes don't move: a list that more nodes make longer,
    or fewer shorter, is taken in place, any other makes a new cluster. (The condition is stated nowhere; ours.)
    """
    old, new = (Counter(each.get("PreferredAvailabilityZones") or ()) for each in (edit.old, edit.new))
    sizes = [int(each["NumCacheNodes"]) for each in (edit.old, edit.new)]
    return sizes[0] == sizes[1] or not (old <= new or new <= old)


def _counts_anew(edit: Edit) -> bool:
    """If the PreferredAvailabilityZone and PreferredAvailabilityZones properties were not previously specified and
    you don't specify any new values, an update requires replacement. (CloudFormation reference, NumCacheNodes)
    """
    zones = ("PreferredAvailabilityZone", "PreferredAvailabilityZones")
    return not any(each.get(name) for each in (edit.old, edit.new) for name in zones)


def _no_other_class(handle: Handle, node_type: Any) -> None:
    """As the CloudFormation reference has it; the API itself can, from Memcached 1.5 on."""
    if _cluster(handle)["CacheNodeType"] != node_type:
        raise ResourceError(
            "Changing the CacheNodeType of a Memcached instance is currently not supported. If you need to scale "
            "using Memcached, we recommend forcing a replacement update by changing the LogicalResourceId of the "
            "resource."
        )


def _no_other_tls(handle: Handle, on: Any) -> None:
    """As the property's own description has it; ModifyCacheCluster has no such parameter."""
    if str(_cluster(handle)["TransitEncryptionEnabled"]).lower() != str(on or False).lower():
        raise ResourceError("You cannot modify the value of TransitEncryptionEnabled after the cluster is created")


def _wait_available(handle: Handle) -> None:
    """Changes of other properties come after this one, and want a cluster that is available."""
    deadline = time.monotonic() + TIMEOUT_S
    while (status := _cluster(handle)["CacheClusterStatus"]) != "available":
        if "failed" in status or time.monotonic() > deadline:
            raise ResourceError(f"{TYPE} {handle.physical_id} did not stabilize: its status is {status}")
        time.sleep(POLL_S)


def _kept(name: str) -> Any:
    """Nothing is sent for a property that the template no longer has: ElastiCache keeps the value."""
    return lambda _old, new: {} if new is None else {name: new}


ROWS = (
    Row(
        type=TYPE,
        service="elasticache",
        create="create_cache_cluster",
        create_extra=_only_memcached,
        rename={"ClusterName": "CacheClusterId", "VpcSecurityGroupIds": "SecurityGroupIds"},
        update="modify_cache_cluster",
        update_extra={"ApplyImmediately": True},
        update_first={
            "CacheNodeType": _no_other_class,
            "TransitEncryptionEnabled": _no_other_tls,
            "NumCacheNodes": _resize,
        },
        update_as={
            "AZMode": _kept("AZMode"),
            "PreferredAvailabilityZones": lambda _old, _new: {},  # NumCacheNodes brings them
            "NotificationTopicArn": cache_topics.told,
            "PreferredMaintenanceWindow": _kept("PreferredMaintenanceWindow"),
        },
        replace_when={"NumCacheNodes": _counts_anew, "PreferredAvailabilityZones": _moves_nodes},
        delete="delete_cache_cluster",
        key=by_name("ClusterName", "CacheClusterId"),
        describe_key=lambda handle: {"CacheClusterId": handle.physical_id, "ShowCacheNodeInfo": True},
        name="ClusterName",
        name_max=50,
        lower=True,
        describe="describe_cache_clusters",
        path="CacheClusters[0]",
        status="CacheClusterStatus",
        tags=arn_tags("ARN"),
        attrs={
            "ConfigurationEndpoint.Address": "ConfigurationEndpoint.Address",
            "ConfigurationEndpoint.Port": "ConfigurationEndpoint.Port",
        },
        read={
            "AZMode": lambda h: "cross-az" if h.look("PreferredAvailabilityZone") == "Multiple" else "single-az",
            "CacheParameterGroupName": "CacheParameterGroup.CacheParameterGroupName",
            "NotificationTopicArn": lambda h: cache_topics.read(h.look("NotificationConfiguration")),
            "Port": "ConfigurationEndpoint.Port",
            "PreferredAvailabilityZones": "CacheNodes[].CustomerAvailabilityZone",
            "VpcSecurityGroupIds": "SecurityGroups[].SecurityGroupId",
        },
    ),
)
