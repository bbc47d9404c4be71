"""ElastiCache types."""

from __future__ import annotations

from typing import Any

from lab.cloud.cloudformation import cache_group, cache_topics
from lab.cloud.cloudformation.row import Handle, Row, Step, by_name
from lab.cloud.cloudformation.tagging import arn_tags


def _parameters(handle: Handle, old: Any, new: Any) -> None:
    gone = [{"ParameterName": name} for name in old or {} if name not in (new or {})]
    if gone:
        handle.call("reset_cache_parameter_group", CacheParameterGroupName=handle.physical_id, ParameterNameValues=gone)
    entries = [{"ParameterName": name, "ParameterValue": str(value)} for name, value in (new or {}).items()]
    if entries:
        handle.call(
            "modify_cache_parameter_group", CacheParameterGroupName=handle.physical_id, ParameterNameValues=entries
        )


def _read_parameters(handle: Handle) -> dict[str, str]:
    answer = handle.call("describe_cache_parameters", CacheParameterGroupName=handle.physical_id, Source="user")
    return {item["ParameterName"]: item["ParameterValue"] for item in answer["Parameters"]}


def _user_groups(old: Any, new: Any) -> dict[str, Any]:
    return {
        "UserGroupIdsToAdd": sorted(set(new or []) - set(old or [])),
        "UserGroupIdsToRemove": sorted(set(old or []) - set(new or [])),
    }


def _members(old: Any, new: Any) -> dict[str, Any]:
    changes = {
        "UserIdsToAdd": sorted(set(new or []) - set(old or [])),
        "UserIdsToRemove": sorted(set(old or []) - set(new or [])),
    }
    return {name: users for name, users in changes.items() if users}


def _first_member(name: str) -> Any:
    """A setting that the API shows on the group's member clusters, not on the group."""

    def read(handle: Handle) -> Any:
        member = handle.look("MemberClusters[0]")
        answer = handle.call("describe_cache_clusters", CacheClusterId=member, ShowCacheNodeInfo=True)
        return answer["CacheClusters"][0].get(name)

    return read


def _member_groups(handle: Handle) -> list[str]:
    return [group["SecurityGroupId"] for group in _first_member("SecurityGroups")(handle)]


def _member_parameter_group(handle: Handle) -> Any:
    return _first_member("CacheParameterGroup")(handle)["CacheParameterGroupName"]


def _authentication(handle: Handle) -> dict[str, Any]:
    """The API says how many passwords there are; as many as were given are taken for those."""
    mode: dict[str, Any] = {"Type": _mode(handle.look("Authentication.Type"))}
    given = (handle.properties.get("AuthenticationMode") or {}).get("Passwords")
    if given and handle.look("Authentication.PasswordCount") == len(given):
        mode["Passwords"] = given
    return mode


def _log_deliveries(old: Any, new: Any) -> dict[str, Any]:
    """What is no longer named is turned off by its type (LogDeliveryConfigurationRequest.Enabled)."""
    kept = [item["LogType"] for item in new or []]
    off = [{"LogType": item["LogType"], "Enabled": False} for item in old or [] if item["LogType"] not in kept]
    return {"LogDeliveryConfigurations": [*(new or []), *off]}


def _snapshotting(handle: Handle, _old: Any, new: Any) -> None:
    if new is not None:
        handle.call(
            "modify_replication_group",
            ReplicationGroupId=handle.physical_id,
            SnapshottingClusterId=new,
            ApplyImmediately=True,
        )


def _read_addresses(handle: Handle) -> list[str]:
    return list(handle.look("NodeGroups[].NodeGroupMembers[].ReadEndpoint.Address") or [])


_ENABLED = {"enabled", "enabling"}

GROUP = Row(
    type="AWS::ElastiCache::ReplicationGroup",
    service="elasticache",
    create="create_replication_group",
    update="modify_replication_group",
    update_extra={"ApplyImmediately": True},
    delete="delete_replication_group",
    key=by_name("ReplicationGroupId"),
    name="ReplicationGroupId",
    name_max=40,
    lower=True,
    describe="describe_replication_groups",
    path="ReplicationGroups[0]",
    status="Status",
    snapshot_key="FinalSnapshotIdentifier",
    update_as={
        "UserGroupIds": _user_groups,
        "LogDeliveryConfigurations": _log_deliveries,
        "NotificationTopicArn": cache_topics.told,
    },
    update_steps={
        "NumCacheClusters": cache_group.set_clusters,
        "ReplicasPerNodeGroup": cache_group.set_replicas,
        "NumNodeGroups": cache_group.set_shards,
        "NodeGroupConfiguration": cache_group.set_configuration,
    },
    replace_when={
        "NumNodeGroups": cache_group.reshards_offline,
        "NodeGroupConfiguration": cache_group.reshards_offline,
        "ReplicasPerNodeGroup": cache_group.replicas_by_replacement,
        "AuthToken": cache_group.token_by_replacement,
    },
    kept_on_rollback=frozenset({"NumNodeGroups", "NodeGroupConfiguration"}),
    steps={"SnapshottingClusterId": Step(apply=_snapshotting, read=lambda h: h.look("SnapshottingClusterId"))},
    tags=arn_tags("ARN"),
    attrs={
        "EffectiveDurability": "EffectiveDurability",
        "ReadEndPoint.Addresses": lambda h: f"[{', '.join(_read_addresses(h))}]",
        "ReadEndPoint.Addresses.List": _read_addresses,
        "PrimaryEndPoint.Address": "NodeGroups[0].PrimaryEndpoint.Address",
        "PrimaryEndPoint.Port": "NodeGroups[0].PrimaryEndpoint.Port",
        "ReaderEndPoint.Address": "NodeGroups[0].ReaderEndpoint.Address",
        "ReaderEndPoint.Port": "NodeGroups[0].ReaderEndpoint.Port",
        "ConfigurationEndPoint.Address": "ConfigurationEndpoint.Address",
        "ConfigurationEndPoint.Port": "ConfigurationEndpoint.Port",
    },
    read={
        "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "AutomaticFailoverEnabled": lambda h: h.look("AutomaticFailover") in _ENABLED,
        "CacheParameterGroupName": _member_parameter_group,
        "CacheSubnetGroupName": _first_member("CacheSubnetGroupName"),
        "DataTieringEnabled": lambda h: h.look("DataTiering") == "enabled",
        "EngineVersion": _first_member("EngineVersion"),
        "GlobalReplicationGroupId": "GlobalReplicationGroupInfo.GlobalReplicationGroupId",
        "MultiAZEnabled": lambda h: h.look("MultiAZ") == "enabled",
        "NumCacheClusters": lambda h: len(h.look("MemberClusters")),
        "NodeGroupConfiguration": cache_group.read_configuration,
        "NumNodeGroups": lambda h: len(h.look("NodeGroups")),
        "Port": lambda h: _first_member("CacheNodes")(h)[0]["Endpoint"]["Port"],
        "PreferredCacheClusterAZs": "NodeGroups[].NodeGroupMembers[].PreferredAvailabilityZone",
        "PreferredMaintenanceWindow": _first_member("PreferredMaintenanceWindow"),
        "ReplicasPerNodeGroup": lambda h: len(h.look("NodeGroups[0].NodeGroupMembers")) - 1,
        "ReplicationGroupDescription": "Description",
        "SecurityGroupIds": _member_groups,
        "NotificationTopicArn": lambda h: cache_topics.read(_first_member("NotificationConfiguration")(h)),
    },
    unshown={
        "AuthToken": "a secret; the API says only that there is one",
        "SnapshotArns": "an argument of the creation; nothing shows it afterwards",
        "SnapshotName": "an argument of the creation; nothing shows it afterwards",
    },
)

ROWS = (
    GROUP,
    Row(
        type="AWS::ElastiCache::SubnetGroup",
        service="elasticache",
        create="create_cache_subnet_group",
        rename={"Description": "CacheSubnetGroupDescription"},
        update="modify_cache_subnet_group",
        delete="delete_cache_subnet_group",
        key=by_name("CacheSubnetGroupName"),
        name="CacheSubnetGroupName",
        name_max=255,
        lower=True,
        describe="describe_cache_subnet_groups",
        path="CacheSubnetGroups[0]",
        tags=arn_tags("ARN"),
        read={"Description": "CacheSubnetGroupDescription", "SubnetIds": "Subnets[].SubnetIdentifier"},
    ),
    Row(
        type="AWS::ElastiCache::ParameterGroup",
        service="elasticache",
        create="create_cache_parameter_group",
        name="CacheParameterGroupName",
        name_max=255,
        lower=True,
        delete="delete_cache_parameter_group",
        key=by_name("CacheParameterGroupName"),
        describe="describe_cache_parameter_groups",
        path="CacheParameterGroups[0]",
        steps={"Properties": Step(apply=_parameters, read=_read_parameters)},
        tags=arn_tags("ARN"),
    ),
    Row(
        type="AWS::ElastiCache::User",
        service="elasticache",
        create="create_user",
        update="modify_user",
        delete="delete_user",
        key=by_name("UserId"),
        name="UserId",
        lower=True,
        describe="describe_users",
        path="Users[0]",
        status="Status",
        tags=arn_tags("ARN"),
        attrs={"Arn": "ARN", "Status": "Status"},
        read={
            "AuthenticationMode": _authentication,
            "NoPasswordRequired": lambda h: h.look("Authentication.Type") == "no-password",
        },
        unshown={"Passwords": "secrets; the API says only how many"},
    ),
    Row(
        type="AWS::ElastiCache::UserGroup",
        service="elasticache",
        create="create_user_group",
        update="modify_user_group",
        update_as={"UserIds": _members},
        delete="delete_user_group",
        key=by_name("UserGroupId"),
        name="UserGroupId",
        lower=True,
        describe="describe_user_groups",
        path="UserGroups[0]",
        status="Status",
        tags=arn_tags("ARN"),
        attrs={"Arn": "ARN", "Status": "Status"},
    ),
)


def _mode(shown: Any) -> str:
    """DescribeUsers says `no-password` for what CreateUser calls `no-password-required`."""
    return "no-password-required" if shown == "no-password" else str(shown)
