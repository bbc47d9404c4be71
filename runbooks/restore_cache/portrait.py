"""Reads caches and snapshots as portraits. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.restore_cache.seen import Origin, Portrait
from runbooks.snapshot.cache_family import ACTIONS as FAMILY_ACTIONS
from runbooks.snapshot.cache_family import GONE, open_cache_family

if TYPE_CHECKING:
    from runbooks.restore_cache.request import Kind
    from runbooks.tools import Tools

MINOR_ALONE_FROM: Final = 6  # ElastiCache takes `7.1`, and shows the patch too, from Redis OSS 6 and in Valkey
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_cache": (
        "elasticache:DescribeReplicationGroups",
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeServerlessCaches",
        "elasticache:ListTagsForResource",
    ),
    "find_origin": FAMILY_ACTIONS["find_snapshot"],
}


def find_origin(tools: Tools, family: Kind, name: str) -> Origin | None:
    """A snapshot by its name or ARN; None when there is none."""
    snapshot = open_cache_family(tools, family).find_snapshot(name)
    if snapshot is None or family == "serverless":
        return Origin(snapshot=snapshot) if snapshot is not None else None
    client: Any = tools.session.elasticache
    shown = client.describe_snapshots(SnapshotName=snapshot.snapshot_id, ShowNodeGroupConfig=True)["Snapshots"]
    raw: Any = shown[0] if shown else None
    if raw is None:
        return None
    layout: list[dict[str, Any]] = [node.get("NodeGroupConfiguration", {}) for node in raw.get("NodeSnapshots", [])]
    return Origin(
        snapshot=snapshot,
        layout=tuple(sorted((shard.get("NodeGroupId", ""), shard.get("Slots", "")) for shard in layout)),
        data_tiering=raw.get("DataTiering") == "enabled",
    )


def find_cache(tools: Tools, family: Kind, name: str) -> Portrait | None:
    """A replication group or a serverless cache by its name; None when there is none."""
    return _find_serverless(tools, name) if family == "serverless" else _find_group(tools, name)


def _find_group(tools: Tools, name: str) -> Portrait | None:
    client: Any = tools.session.elasticache
    try:
        raw: Any = client.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
        members = raw.get("MemberClusters", [])
        node: Any = client.describe_cache_clusters(CacheClusterId=members[0])["CacheClusters"][0] if members else {}
    except ClientError as error:
        if error_code(error) in GONE:
            return None
        raise
    groups: Any = raw.get("NodeGroups", [])
    clustered = raw.get("ClusterMode", "enabled" if raw.get("ClusterEnabled") else "disabled") != "disabled"
    endpoint: Any = raw.get("ConfigurationEndpoint") or next((each.get("PrimaryEndpoint") for each in groups), None)
    return Portrait(
        cache_id=raw["ReplicationGroupId"],
        arn=raw.get("ARN", ""),
        status=raw.get("Status", ""),
        engine=raw.get("Engine", ""),
        settings=group_settings(raw, node),
        shards=len(groups),
        replicas=max((len(each.get("NodeGroupMembers", [])) for each in groups), default=1) - 1,
        clustered=clustered,
        has_token=raw.get("AuthTokenEnabled", False),
        endpoint=_address(endpoint),
        tags=open_cache_family(tools, "cache").tags_of(raw.get("ARN", "")),
    )


def group_settings(raw: Any, node: Any) -> dict[str, Any]:
    """What CreateReplicationGroup is to be given for one like this; its layout is not in it. Pure."""
    tls = bool(raw.get("TransitEncryptionEnabled"))
    engine = raw.get("Engine", node.get("Engine", ""))
    durability = raw.get("Durability")
    compatible = raw.get("ClusterMode") == "compatible"
    return _said(
        {
            "Engine": engine,
            "EngineVersion": asked_version(engine, node.get("EngineVersion", "")),
            "CacheNodeType": raw.get("CacheNodeType"),
            "CacheParameterGroupName": _inner(node, "CacheParameterGroup", "CacheParameterGroupName"),
            "CacheSubnetGroupName": node.get("CacheSubnetGroupName"),
            "SecurityGroupIds": sorted(each["SecurityGroupId"] for each in node.get("SecurityGroups", [])),
            "Port": _port(raw),
            "NotificationTopicArn": _inner(node, "NotificationConfiguration", "TopicArn"),
            "PreferredMaintenanceWindow": node.get("PreferredMaintenanceWindow"),
            "SnapshotRetentionLimit": raw.get("SnapshotRetentionLimit"),
            "SnapshotWindow": raw.get("SnapshotWindow"),
            "AutoMinorVersionUpgrade": raw.get("AutoMinorVersionUpgrade"),
            "AutomaticFailoverEnabled": raw.get("AutomaticFailover") == "enabled",
            "MultiAZEnabled": raw.get("MultiAZ") == "enabled",
            "TransitEncryptionEnabled": tls,
            "TransitEncryptionMode": raw.get("TransitEncryptionMode") if tls else None,
            "AtRestEncryptionEnabled": raw.get("AtRestEncryptionEnabled"),
            "KmsKeyId": raw.get("KmsKeyId"),
            "UserGroupIds": sorted(raw.get("UserGroupIds", [])),
            "LogDeliveryConfigurations": _deliveries(raw),
            "DataTieringEnabled": raw.get("DataTiering") == "enabled" or None,
            "NetworkType": raw.get("NetworkType"),
            "IpDiscovery": raw.get("IpDiscovery"),
            "ClusterMode": "compatible" if compatible else None,
            "Durability": durability if durability in {"sync", "async"} else None,
        }
    )


def asked_version(engine: str, shown: str) -> str:
    """A version as it is asked for: without the patch, which is AWS's, from Redis OSS 6 on and in Valkey."""
    parts = shown.split(".")
    if engine == "valkey" or (parts[0].isdigit() and int(parts[0]) >= MINOR_ALONE_FROM):
        return ".".join(parts[:2])
    return shown


def _find_serverless(tools: Tools, name: str) -> Portrait | None:
    client: Any = tools.session.elasticache
    try:
        raw: Any = client.describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"][0]
    except ClientError as error:
        if error_code(error) in GONE:
            return None
        raise
    return Portrait(
        cache_id=raw["ServerlessCacheName"],
        arn=raw.get("ARN", ""),
        status=raw.get("Status", ""),
        engine=raw.get("Engine", ""),
        settings=serverless_settings(raw),
        endpoint=_address(raw.get("Endpoint")),
        tags=open_cache_family(tools, "serverless").tags_of(raw.get("ARN", "")),
    )


def serverless_settings(raw: Any) -> dict[str, Any]:
    """What CreateServerlessCache is to be given for one like this. Pure."""
    return _said(
        {
            "Engine": raw.get("Engine"),
            "MajorEngineVersion": raw.get("MajorEngineVersion"),
            "Description": raw.get("Description"),
            "CacheUsageLimits": raw.get("CacheUsageLimits"),
            "KmsKeyId": raw.get("KmsKeyId"),
            "SecurityGroupIds": sorted(raw.get("SecurityGroupIds", [])),
            "SubnetIds": sorted(raw.get("SubnetIds", [])),
            "UserGroupId": raw.get("UserGroupId"),
            "SnapshotRetentionLimit": raw.get("SnapshotRetentionLimit"),
            "DailySnapshotTime": raw.get("DailySnapshotTime"),
            "NetworkType": raw.get("NetworkType"),
            "ConnectionType": raw.get("ConnectionType"),
        }
    )


def _inner(shown: Any, name: str, inner: str) -> Any:
    found: Any = shown.get(name)
    return found.get(inner) if found else None


def _said(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None and value not in ("", [], {})}


def _port(raw: Any) -> int | None:
    groups: Any = raw.get("NodeGroups", [])
    ends = [raw.get("ConfigurationEndpoint"), *(each.get("PrimaryEndpoint") for each in groups)]
    return next((end["Port"] for end in ends if end), None)


def _address(end: Any) -> str:
    return f"{end['Address']}:{end['Port']}" if end and end.get("Address") else ""


def _deliveries(raw: Any) -> list[dict[str, Any]]:
    shown = [
        {name: value for name, value in each.items() if name not in {"Status", "Message"}}
        for each in raw.get("LogDeliveryConfigurations", [])
    ]
    return sorted(shown, key=lambda each: str(each.get("LogType", "")))
