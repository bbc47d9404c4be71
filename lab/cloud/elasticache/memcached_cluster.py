"""A Memcached cluster: its nodes, their names, and how the API shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lab.plane import MemcachedRequest, Record

Settings = dict[str, Any]
BEFORE_NODES = frozenset({"creating", "deleting", "create-failed"})
"""States in which only cluster-level information is shown. [API reference, DescribeCacheClusters]"""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(slots=True, kw_only=True)
class MemcachedNode:
    """One node; `node_id` is `0001`, `0002`, ... and is never given twice while the node lives."""

    node_id: str
    zone: str
    status: str = "creating"
    created_at: dt.datetime = field(default_factory=now)


@dataclass(slots=True, kw_only=True)
class MemcachedCluster:
    """One cluster with the settings it was given, in the API's own names."""

    cluster_id: str
    arn: str
    domain: str  # `<hash>.<short region>.cache.test`
    settings: Settings
    nodes: list[MemcachedNode]
    status: str = "creating"
    pending: Settings = field(default_factory=dict)
    to_reboot: list[str] = field(default_factory=list)  # nodes that have not read the parameter group yet
    created_at: dt.datetime = field(default_factory=now)

    @property
    def port(self) -> int:
        return int(self.settings["Port"])

    @property
    def there(self) -> list[MemcachedNode]:
        """Nodes that have been made and are not gone yet: what NumCacheNodes counts, beside what is pending."""
        return [node for node in self.nodes if node.status != "creating"]

    def name_of(self, word: str) -> str:
        """`<id>.<hash>.<word>.<region>.cache.test`: `cfg` for the configuration endpoint, a node's id for the node."""
        digest, _, rest = self.domain.partition(".")
        return f"{self.cluster_id}.{digest}.{word}.{rest}"

    def request(self) -> MemcachedRequest:
        """What the plane starts."""
        return MemcachedRequest(cluster_id=self.cluster_id, port=self.port, nodes=self.plane_names(self.nodes))

    def plane_names(self, nodes: Iterable[MemcachedNode]) -> tuple[str, ...]:
        """The plane's own names of nodes."""
        return tuple(f"{self.cluster_id}.{node.node_id}" for node in nodes)

    def records(self) -> list[Record]:
        """Names of the nodes, and of the configuration endpoint, which stands for each of them in turn."""
        made = [
            Record(name=self.name_of(node.node_id), kind="cache", owner=plane_name)
            for node, plane_name in zip(self.nodes, self.plane_names(self.nodes), strict=True)
        ]
        return [*made, Record(name=self.name_of("cfg"), kind="cache", owner=self.cluster_id)]


def show(cluster: MemcachedCluster, *, with_nodes: bool) -> dict[str, Any]:
    """A cluster as DescribeCacheClusters shows it."""
    given = cluster.settings
    shown = {
        "CacheClusterId": cluster.cluster_id,
        "ClientDownloadLandingPage": "https://console.aws.amazon.com/elasticache/home#client-download:",
        "CacheNodeType": given["CacheNodeType"],
        "Engine": "memcached",
        "EngineVersion": given["EngineVersion"],
        "CacheClusterStatus": cluster.status,
        "NumCacheNodes": len(cluster.nodes if cluster.status == "creating" else cluster.there),
        "PreferredAvailabilityZone": zone_of(cluster.nodes),
        "CacheClusterCreateTime": cluster.created_at,
        "PreferredMaintenanceWindow": given["PreferredMaintenanceWindow"],
        "PendingModifiedValues": dict(cluster.pending),
        "NotificationConfiguration": _notification(given),
        "CacheSecurityGroups": [],
        "CacheParameterGroup": {
            "CacheParameterGroupName": given["CacheParameterGroupName"],
            "ParameterApplyStatus": "pending-reboot" if cluster.to_reboot else "in-sync",
            "CacheNodeIdsToReboot": list(cluster.to_reboot),
        },
        "CacheSubnetGroupName": given["CacheSubnetGroupName"],
        "AutoMinorVersionUpgrade": given.get("AutoMinorVersionUpgrade", True),
        "SecurityGroups": [{"SecurityGroupId": name, "Status": "active"} for name in given.get("SecurityGroupIds", [])],
        "AuthTokenEnabled": False,
        "TransitEncryptionEnabled": bool(given.get("TransitEncryptionEnabled")),
        "AtRestEncryptionEnabled": False,
        "ARN": cluster.arn,
        "ReplicationGroupLogDeliveryEnabled": False,
        "LogDeliveryConfigurations": [],
        "NetworkType": given.get("NetworkType", "ipv4"),
        "IpDiscovery": given.get("IpDiscovery", "ipv4"),
    }
    if cluster.status not in BEFORE_NODES:
        shown["ConfigurationEndpoint"] = {"Address": cluster.name_of("cfg"), "Port": cluster.port}
        if with_nodes:
            shown["CacheNodes"] = [_show_node(cluster, node) for node in cluster.nodes]
    return shown


def zone_of(nodes: Iterable[MemcachedNode]) -> str:
    """Name of the zone, or "Multiple" for nodes in several. [API reference, CacheCluster]"""
    zones = {node.zone for node in nodes}
    return "Multiple" if len(zones) > 1 else next(iter(zones))


def _notification(given: Settings) -> dict[str, str] | None:
    topic = given.get("NotificationTopicArn")
    return {"TopicArn": topic, "TopicStatus": given.get("NotificationTopicStatus", "active")} if topic else None


def _show_node(cluster: MemcachedCluster, node: MemcachedNode) -> dict[str, Any]:
    """Endpoint and creation time of a node that is being added come when it is there. [DescribeCacheClusters]"""
    shown: dict[str, Any] = {
        "CacheNodeId": node.node_id,
        "CacheNodeStatus": node.status,
        "ParameterGroupStatus": "pending-reboot" if node.node_id in cluster.to_reboot else "in-sync",
        "CustomerAvailabilityZone": node.zone,
    }
    if node.status not in {"creating", "deleting"}:
        shown |= {
            "CacheNodeCreateTime": node.created_at,
            "Endpoint": {"Address": cluster.name_of(node.node_id), "Port": cluster.port},
        }
    return shown
