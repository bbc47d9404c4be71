"""A replication group: its shards, its nodes, and how the API shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.cloud.elasticache.slots import written
from lab.data.slots import spread


@dataclass(slots=True, kw_only=True)
class Node:
    """One cache node; in ElastiCache every node of a group is a cache cluster of its own."""

    cluster_id: str
    role: str  # primary, replica
    zone: str
    status: str = ""  # its own, where it is not the group's: while it is rebooted


@dataclass(slots=True, kw_only=True)
class Shard:
    """One node group: a primary, its replicas, and the slots it holds."""

    shard_id: str
    slots: str | None
    nodes: list[Node]

    @property
    def primary(self) -> Node:
        return next(node for node in self.nodes if node.role == "primary")

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of its nodes, the primary's first, as the plane wants them."""
        return tuple(node.cluster_id for node in sorted(self.nodes, key=lambda node: node.role != "primary"))


@dataclass(slots=True, kw_only=True)
class Group:
    """One replication group with the settings it was given, in the API's own names."""

    group_id: str
    arn: str
    domain: str  # what endpoint names end in
    settings: dict[str, Any]
    shards: list[Shard]
    mode: str  # disabled, compatible, enabled
    log_delivery: list[dict[str, Any]] = field(default_factory=list)
    user_group_ids: list[str] = field(default_factory=list)
    status: str = "creating"
    pending: dict[str, Any] = field(default_factory=dict)  # PendingModifiedValues
    deferred: dict[str, Any] = field(default_factory=dict)  # waits for the maintenance window, or ApplyImmediately
    global_info: dict[str, Any] | None = None  # GlobalReplicationGroupInfo
    without_processes: str = ""  # why the lab runs none for it
    created_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def port(self) -> int:
        return int(self.settings["Port"])

    @property
    def cluster_mode(self) -> bool:
        """Slots and a configuration endpoint; `compatible` has those, and the primary's and reader's endpoints too."""
        return self.mode != "disabled"

    @property
    def replicas(self) -> int:
        """The most replicas that a shard has."""
        return max(len(shard.nodes) for shard in self.shards) - 1

    @property
    def nodes(self) -> list[Node]:
        return [node for shard in self.shards for node in shard.nodes]

    def shard(self, shard_id: str) -> Shard | None:
        return next((shard for shard in self.shards if shard.shard_id == shard_id), None)

    # --- names: `clustercfg.`, `master.` and `replica.` are ElastiCache's own, for groups with TLS

    def node_name(self, node: Node) -> str:
        return f"{node.cluster_id}.{self.group_id}.{self.domain}"

    @property
    def configuration_name(self) -> str:
        return f"clustercfg.{self.group_id}.{self.domain}"

    @property
    def primary_name(self) -> str:
        return f"master.{self.group_id}.{self.domain}"

    @property
    def reader_name(self) -> str:
        return f"replica.{self.group_id}.{self.domain}"

    def endpoint(self, name: str) -> dict[str, Any]:
        return {"Address": name, "Port": self.port}


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardPlan:
    """What a shard is to be born as: zones of its nodes, the primary's first."""

    shard_id: str
    zones: tuple[str, ...]
    slots: str | None = None


def make_shards(group_id: str, plans: Sequence[ShardPlan], *, cluster_mode: bool) -> list[Shard]:
    """Shards with their nodes, named as ElastiCache names them; slots spread evenly where none are given."""
    slots = [plan.slots or written(even) for plan, even in zip(plans, spread(len(plans)), strict=True)]
    return [
        make_shard(group_id, plan, cluster_mode=cluster_mode, slots=held if cluster_mode else None)
        for plan, held in zip(plans, slots, strict=True)
    ]


def make_shard(group_id: str, plan: ShardPlan, *, cluster_mode: bool, slots: str | None) -> Shard:
    base = f"{group_id}-{plan.shard_id}" if cluster_mode else group_id
    nodes = [
        Node(cluster_id=f"{base}-{number:03d}", role="primary" if number == 1 else "replica", zone=zone)
        for number, zone in enumerate(plan.zones, start=1)
    ]
    return Shard(shard_id=plan.shard_id, slots=slots, nodes=nodes)


def show_group(group: Group) -> dict[str, Any]:
    """A group as DescribeReplicationGroups shows it."""
    given = group.settings
    return {
        "ReplicationGroupId": group.group_id,
        "Description": given["ReplicationGroupDescription"],
        "GlobalReplicationGroupInfo": group.global_info,
        "SnapshottingClusterId": given.get("SnapshottingClusterId"),
        "Status": group.status,
        "PendingModifiedValues": group.pending,
        "MemberClusters": [node.cluster_id for node in group.nodes],
        "NodeGroups": [_show_shard(group, shard) for shard in group.shards],
        "AutomaticFailover": "enabled" if given.get("AutomaticFailoverEnabled") else "disabled",
        "MultiAZ": "enabled" if given.get("MultiAZEnabled") else "disabled",
        "ConfigurationEndpoint": group.endpoint(group.configuration_name) if _has_configuration(group) else None,
        "SnapshotRetentionLimit": given.get("SnapshotRetentionLimit", 0),
        "SnapshotWindow": given["SnapshotWindow"],
        "ClusterEnabled": group.cluster_mode,
        "ClusterMode": group.mode,
        "CacheNodeType": given["CacheNodeType"],
        "AuthTokenEnabled": bool(given.get("AuthToken")),
        "AuthTokenLastModifiedDate": given.get("AuthTokenLastModifiedDate"),
        "TransitEncryptionEnabled": bool(given.get("TransitEncryptionEnabled")),
        "TransitEncryptionMode": given.get("TransitEncryptionMode"),
        "AtRestEncryptionEnabled": bool(given.get("AtRestEncryptionEnabled")),
        "KmsKeyId": given.get("KmsKeyId"),
        "StorageEncryptionType": _storage_encryption(given),
        "ARN": group.arn,
        "UserGroupIds": group.user_group_ids,
        "LogDeliveryConfigurations": [_show_log_delivery(item) for item in group.log_delivery],
        "ReplicationGroupCreateTime": group.created_at,
        "DataTiering": "enabled" if given.get("DataTieringEnabled") else "disabled",
        "AutoMinorVersionUpgrade": given.get("AutoMinorVersionUpgrade", True),
        "NetworkType": given.get("NetworkType", "ipv4"),
        "IpDiscovery": given.get("IpDiscovery", "ipv4"),
        "Engine": given["Engine"],
        "Durability": given["Durability"],
        "EffectiveDurability": effective_durability(given),
    }


def effective_durability(given: dict[str, Any]) -> str:
    """What `default` resolves to: "disabled" on Valkey 9.0 (user guide, "Configuring durability")."""
    said = str(given.get("Durability", "default"))
    return "disabled" if said == "default" else said


def _storage_encryption(given: dict[str, Any]) -> str:
    """API reference, ReplicationGroup.StorageEncryptionType."""
    if not given.get("AtRestEncryptionEnabled"):
        return "none"
    return "sse-kms" if given.get("KmsKeyId") else "sse-elasticache"


def _has_configuration(group: Group) -> bool:
    return group.cluster_mode and group.status != "creating"


def _show_shard(group: Group, shard: Shard) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NodeGroupId": shard.shard_id,
        "Status": group.status if group.status in {"creating", "modifying", "deleting"} else "available",
        "Slots": shard.slots,
        "NodeGroupMembers": [_show_member(group, node) for node in shard.nodes],
    }
    if group.mode != "enabled" and group.status != "creating":
        shown["PrimaryEndpoint"] = group.endpoint(group.primary_name)
        shown["ReaderEndpoint"] = group.endpoint(group.reader_name)
    return shown


def _show_member(group: Group, node: Node) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "CacheClusterId": node.cluster_id,
        "CacheNodeId": "0001",
        "PreferredAvailabilityZone": node.zone,
    }
    if group.mode != "enabled":  # with cluster mode the API shows no roles: they are the engine's to say
        shown |= {"CurrentRole": node.role, "ReadEndpoint": group.endpoint(group.node_name(node))}
    return shown


def _show_log_delivery(item: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in item.items() if key != "Enabled"}
    return {"Status": "active", **kept}


def show_node(group: Group, node: Node, *, with_nodes: bool) -> dict[str, Any]:
    """A group's member as DescribeCacheClusters shows it."""
    given = group.settings
    shown = {
        "CacheClusterId": node.cluster_id,
        "CacheNodeType": given["CacheNodeType"],
        "Engine": given["Engine"],
        "EngineVersion": given["EngineVersion"],
        "CacheClusterStatus": node.status or group.status,
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": node.zone,
        "CacheClusterCreateTime": group.created_at,
        "PreferredMaintenanceWindow": given["PreferredMaintenanceWindow"],
        "PendingModifiedValues": {key: value for key, value in group.deferred.items() if key != "Engine"},
        "NotificationConfiguration": _notification(given),
        "CacheSecurityGroups": [],
        "CacheParameterGroup": {
            "CacheParameterGroupName": given["CacheParameterGroupName"],
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        },
        "CacheSubnetGroupName": given["CacheSubnetGroupName"],
        "AutoMinorVersionUpgrade": given.get("AutoMinorVersionUpgrade", True),
        "SecurityGroups": [{"SecurityGroupId": name, "Status": "active"} for name in given.get("SecurityGroupIds", [])],
        "ReplicationGroupId": group.group_id,
        "SnapshotRetentionLimit": given.get("SnapshotRetentionLimit", 0),
        "SnapshotWindow": given["SnapshotWindow"],
        "AuthTokenEnabled": bool(given.get("AuthToken")),
        "AuthTokenLastModifiedDate": given.get("AuthTokenLastModifiedDate"),
        "TransitEncryptionEnabled": bool(given.get("TransitEncryptionEnabled")),
        "TransitEncryptionMode": given.get("TransitEncryptionMode"),
        "AtRestEncryptionEnabled": bool(given.get("AtRestEncryptionEnabled")),
        "ARN": f"{group.arn.split(':replicationgroup:')[0]}:cluster:{node.cluster_id}",
        "ReplicationGroupLogDeliveryEnabled": bool(group.log_delivery),
        "LogDeliveryConfigurations": [],
        "NetworkType": given.get("NetworkType", "ipv4"),
        "IpDiscovery": given.get("IpDiscovery", "ipv4"),
    }
    if with_nodes:
        shown["CacheNodes"] = [_show_cache_node(group, node)]
    return shown


def _notification(given: dict[str, Any]) -> dict[str, str] | None:
    topic = given.get("NotificationTopicArn")
    return {"TopicArn": topic, "TopicStatus": given.get("NotificationTopicStatus", "active")} if topic else None


def _show_cache_node(group: Group, node: Node) -> dict[str, Any]:
    return {
        "CacheNodeId": "0001",
        "CacheNodeStatus": node.status or group.status,
        "CacheNodeCreateTime": group.created_at,
        "Endpoint": group.endpoint(group.node_name(node)),
        "ParameterGroupStatus": "in-sync",
        "CustomerAvailabilityZone": node.zone,
    }
