"""What a replication group may be given and may change, and the names that it is known by."""

from __future__ import annotations

from lab.cloud.elasticache.group import Group
from lab.plane import Record

FAILOVERS_PER_DAY = 15  # shards per account and rolling 24 hours (API reference, TestFailover; facts E1)
DEFAULT_PORT = 6379
DEFAULTS = {
    "SnapshotWindow": "03:00-04:00",
    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
    "CacheSubnetGroupName": "default",
    "Port": DEFAULT_PORT,
    "Durability": "default",
}
DEFAULT_VERSIONS = {"valkey": "8.2", "redis": "7.1"}
# Parameters of CreateReplicationGroup that the overlay keeps or acts on; any other is refused by name.
TAKEN = frozenset(
    [
        "ReplicationGroupId",
        "ReplicationGroupDescription",
        "AutomaticFailoverEnabled",
        "MultiAZEnabled",
        "NumCacheClusters",
        "PreferredCacheClusterAZs",
        "NumNodeGroups",
        "NodeGroupConfiguration",
        "ReplicasPerNodeGroup",
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
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "AuthToken",
        "TransitEncryptionEnabled",
        "AtRestEncryptionEnabled",
        "KmsKeyId",
        "UserGroupIds",
        "LogDeliveryConfigurations",
        "DataTieringEnabled",
        "NetworkType",
        "IpDiscovery",
        "TransitEncryptionMode",
        "ClusterMode",
        "Durability",
        "SnapshotName",
        "SnapshotArns",
        "GlobalReplicationGroupId",
    ]
)
CHANGEABLE = frozenset(
    [
        "ReplicationGroupDescription",
        "AutomaticFailoverEnabled",
        "MultiAZEnabled",
        "CacheNodeType",
        "Engine",
        "EngineVersion",
        "CacheParameterGroupName",
        "SecurityGroupIds",
        "PreferredMaintenanceWindow",
        "NotificationTopicArn",
        "NotificationTopicStatus",
        "SnapshottingClusterId",
        "Durability",
        "AutoMinorVersionUpgrade",
        "SnapshotRetentionLimit",
        "SnapshotWindow",
        "TransitEncryptionEnabled",
        "TransitEncryptionMode",
        "IpDiscovery",
    ]
)
CHANGE_ELSEWHERE = frozenset(
    [
        "ReplicationGroupId",
        "ApplyImmediately",
        "ClusterMode",
        "PrimaryClusterId",
        "UserGroupIdsToAdd",
        "UserGroupIdsToRemove",
        "LogDeliveryConfigurations",
        "AuthToken",
        "AuthTokenUpdateStrategy",
        "RemoveUserGroups",
    ]
)


def records(group: Group) -> list[Record]:
    """Every name of a group: its nodes', and those that stand for several of them."""
    every = tuple(node.cluster_id for node in group.nodes)
    made = [Record(name=group.node_name(node), kind="cache", owner=node.cluster_id) for node in group.nodes]
    if group.cluster_mode:
        made.append(Record(name=group.configuration_name, kind="cache", owner=group.group_id, members=every))
    if group.mode == "enabled":
        return made
    primary = group.shards[0].primary.cluster_id
    replicas = tuple(node.cluster_id for node in group.nodes if node.role == "replica") or (primary,)
    made.append(Record(name=group.primary_name, kind="cache", owner=primary, members=(primary,)))
    made.append(Record(name=group.reader_name, kind="cache", owner=group.group_id, members=replicas))
    return made
