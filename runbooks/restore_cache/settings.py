"""Each setting of a restored cache, and where it comes from: the snapshot, the cache that it is like, or the operator.

What a create call does not say, ElastiCache fills in with defaults of its own, not with the source's: so all is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from runbooks.restore_cache.request import RestoreCacheRequest
from runbooks.restore_cache.seen import Origin, Portrait
from runbooks.tags import made_tags, to_aws

Way = Literal["carried", "passed", "asked", "different", "left"]

# Setting -> how it comes over, in words. The order is the one they are shown in.
NODE_TABLE: Final[Mapping[str, tuple[Way, str]]] = {
    "data": ("carried", "keys, values and expiry times, by the snapshot"),
    "shards and slots": ("carried", "the snapshot's own; their number cannot change on the way"),
    "Engine": ("passed", "redis may become valkey by --like a cache of Valkey, never the other way"),
    "EngineVersion": ("passed", "--engine-version for a newer one"),
    "CacheNodeType": ("passed", "--node-type for another"),
    "replicas": ("passed", "--replicas for another number"),
    "CacheParameterGroupName": ("passed", "--parameter-group for another"),
    "CacheSubnetGroupName": ("passed", "--subnet-group for another"),
    "SecurityGroupIds": ("passed", "--security-group for others"),
    "Port": ("passed", ""),
    "NotificationTopicArn": ("passed", ""),
    "PreferredMaintenanceWindow": ("passed", ""),
    "SnapshotRetentionLimit": ("passed", ""),
    "SnapshotWindow": ("passed", ""),
    "AutoMinorVersionUpgrade": ("passed", ""),
    "AutomaticFailoverEnabled": ("passed", "off without a replica"),
    "MultiAZEnabled": ("passed", "off without a replica"),
    "TransitEncryptionEnabled": ("passed", ""),
    "TransitEncryptionMode": ("passed", ""),
    "AtRestEncryptionEnabled": ("passed", ""),
    "KmsKeyId": ("passed", "--key for another"),
    "UserGroupIds": ("passed", "--user-group for another; instead of an AUTH token, which cannot be read back"),
    "LogDeliveryConfigurations": ("passed", ""),
    "DataTieringEnabled": ("passed", "the node type decides"),
    "NetworkType": ("passed", ""),
    "IpDiscovery": ("passed", ""),
    "ClusterMode": ("passed", "said only for `compatible`; the parameter group says the rest"),
    "Durability": ("passed", ""),
    "tags": ("different", "the run's own list, never the source's"),
    "name and endpoints": ("different", "clients are pointed at the new ones"),
    "global datastore": ("left", "the new cache stands alone"),
    "auto scaling": ("left", "targets and policies are the stack's"),
    "alarms": ("left", "they watch the old cache's names"),
}
SERVERLESS_TABLE: Final[Mapping[str, tuple[Way, str]]] = {
    "data": ("carried", "keys and values, by the snapshot"),
    "Engine": ("passed", ""),
    "MajorEngineVersion": ("passed", "--engine-version for a newer one"),
    "Description": ("passed", ""),
    "CacheUsageLimits": ("passed", ""),
    "KmsKeyId": ("passed", "--key for another"),
    "SecurityGroupIds": ("passed", "--security-group for others"),
    "SubnetIds": ("passed", ""),
    "UserGroupId": ("passed", "--user-group for another"),
    "SnapshotRetentionLimit": ("passed", ""),
    "DailySnapshotTime": ("passed", ""),
    "NetworkType": ("passed", ""),
    "ConnectionType": ("passed", ""),
    "tags": ("different", "the run's own list, never the source's"),
    "name and endpoints": ("different", "clients are pointed at the new ones"),
}
TIERED: Final = "cache.r6gd."
PURPOSE: Final = "restore cache"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A setting that is not as it was to be."""

    setting: str
    wanted: Any
    got: Any


def wanted_settings(request: RestoreCacheRequest, model: Portrait) -> dict[str, Any]:
    """Settings that the new cache is to have, by the API's names; its layout and its data are not among them."""
    return _serverless(request, model) if request.family == "serverless" else _nodes(request, model)


def _nodes(request: RestoreCacheRequest, model: Portrait) -> dict[str, Any]:
    asked = {
        "EngineVersion": request.engine_version,
        "CacheNodeType": request.node_type,
        "CacheParameterGroupName": request.parameter_group,
        "CacheSubnetGroupName": request.subnet_group,
        "SecurityGroupIds": sorted(request.security_groups),
        "UserGroupIds": sorted(request.user_groups),
        "KmsKeyId": request.key,
    }
    settings = {**model.settings, **{name: value for name, value in asked.items() if value}}
    settings.pop("DataTieringEnabled", None)
    if str(settings.get("CacheNodeType", "")).startswith(TIERED):
        settings["DataTieringEnabled"] = True
    if replicas_of(request, model) == 0:
        settings.update(MultiAZEnabled=False)
        if not model.clustered:
            settings.update(AutomaticFailoverEnabled=False)
    return settings


def _serverless(request: RestoreCacheRequest, model: Portrait) -> dict[str, Any]:
    asked = {
        "MajorEngineVersion": request.engine_version,
        "SecurityGroupIds": sorted(request.security_groups),
        "UserGroupId": next(iter(request.user_groups), ""),
        "KmsKeyId": request.key,
    }
    return {**model.settings, **{name: value for name, value in asked.items() if value}}


def replicas_of(request: RestoreCacheRequest, model: Portrait) -> int:
    """Replicas of each shard."""
    return request.replicas if request.replicas is not None else model.replicas or 0


def create_parameters(request: RestoreCacheRequest, run_id: str, origin: Origin, model: Portrait) -> dict[str, Any]:
    """The whole of the create call."""
    tags = made_tags(
        run_id=run_id,
        source=origin.snapshot.arn,
        owner=request.owner,
        purpose=PURPOSE,
        expires=request.expires,
        more=request.tags,
    )
    settings = wanted_settings(request, model)
    if request.family == "serverless":
        given = {"ServerlessCacheName": request.target, "SnapshotArnsToRestore": [origin.snapshot.arn]}
        return {**given, **settings, "Tags": to_aws(tags)}
    return {
        "ReplicationGroupId": request.target,
        "ReplicationGroupDescription": f"restored from {origin.snapshot.snapshot_id}",
        "SnapshotName": origin.snapshot.snapshot_id,
        **_layout(request, origin, model),
        **settings,
        "Tags": to_aws(tags),
    }


def _layout(request: RestoreCacheRequest, origin: Origin, model: Portrait) -> dict[str, Any]:
    replicas = replicas_of(request, model)
    if not model.clustered:
        return {"NumCacheClusters": replicas + 1}
    shards = [
        {"NodeGroupId": name, "ReplicaCount": replicas, **({"Slots": slots} if slots else {})}
        for name, slots in origin.layout
    ]
    return {"NodeGroupConfiguration": shards}


def differences(request: RestoreCacheRequest, origin: Origin, model: Portrait, made: Portrait) -> Iterator[Difference]:
    """Where the new cache is not what was asked for: each one is unexplained."""
    wanted = wanted_settings(request, model)
    for name in (*wanted, *(each for each in made.settings if each not in wanted)):
        if not same(name, wanted.get(name), made.settings.get(name)):
            yield Difference(setting=name, wanted=wanted.get(name), got=made.settings.get(name))
    if request.family == "cache":
        if made.shards != max(len(origin.layout), 1):
            yield Difference(setting="shards", wanted=len(origin.layout), got=made.shards)
        if made.replicas != replicas_of(request, model):
            yield Difference(setting="replicas", wanted=replicas_of(request, model), got=made.replicas)


def same(name: str, wanted: Any, got: Any) -> bool:
    """A key may be asked for by its id or alias and is shown by its ARN; what is off may be shown or left out."""
    if name == "KmsKeyId" and wanted and got:
        return wanted == got or str(got).endswith(f"/{wanted}") or str(wanted).startswith("alias/")
    return wanted == got or (not wanted and not got)
