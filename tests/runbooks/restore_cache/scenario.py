"""A replication group and a serverless cache, each restored from a snapshot, for the matrices."""

from __future__ import annotations

from typing import Any

from tests.support.scenario import Cloud, Scenario

SOURCE, TARGET, SNAPSHOT = "shop-sessions", "shop-sessions-2", "before"
MENUS, MENUS_2, MENUS_SNAPSHOT = "menus", "menus-2", "menus-before"
PRODUCTION = [{"Key": "env", "Value": "production"}]
MADE_BY_ELASTICACHE = "ElastiCache asks for it on AWS; the embedded AWS makes no interface or endpoint in a network"
OTHER_FAMILY = "of the other family of caches"
NO_KEY = "the cache has no key of its own"
DEPENDENT = {
    **dict.fromkeys(
        (
            "ec2:CreateNetworkInterface",
            "ec2:CreateTags",
            "ec2:CreateVpcEndpoint",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticache:AddTagsToResource",
            "logs:CreateLogDelivery",
        ),
        MADE_BY_ELASTICACHE,
    ),
    "kms:CreateGrant": NO_KEY,
    "kms:DescribeKey": NO_KEY,
}


def make_group(cloud: Cloud, name: str = SOURCE, **more: Any) -> None:
    """A group with everything of its own: parameters, subnets, users, logs, windows, uneven shards."""
    cache, ec2 = cloud.client("elasticache"), cloud.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    cache.create_cache_parameter_group(
        CacheParameterGroupName=name, CacheParameterGroupFamily="valkey8", Description=name
    )
    cache.modify_cache_parameter_group(
        CacheParameterGroupName=name,
        ParameterNameValues=[{"ParameterName": "cluster-enabled", "ParameterValue": "yes"}],
    )
    cache.create_cache_subnet_group(
        CacheSubnetGroupName=name,
        CacheSubnetGroupDescription=name,
        SubnetIds=[each["SubnetId"] for each in subnets],
    )
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=subnets[0]["VpcId"])["GroupId"]
    cache.create_user(
        UserId=f"{name}-default", UserName="default", Engine="valkey", AccessString="off ~* -@all",
        AuthenticationMode={"Type": "password", "Passwords": ["a-password-of-sixteen"]},
    )  # fmt: skip
    cache.create_user_group(UserGroupId=name, Engine="valkey", UserIds=[f"{name}-default"])
    cloud.client("logs").create_log_group(logGroupName=f"/{name}/slow")
    log = {
        "LogType": "slow-log", "DestinationType": "cloudwatch-logs", "LogFormat": "json",
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": f"/{name}/slow"}},
    }  # fmt: skip
    given = {
        "Engine": "valkey", "EngineVersion": "8.0", "CacheNodeType": "cache.r7g.large", "Port": 6380,
        "CacheParameterGroupName": name, "CacheSubnetGroupName": name, "SecurityGroupIds": [group],
        "NodeGroupConfiguration": [
            {"NodeGroupId": "0001", "Slots": "0-999", "ReplicaCount": 1},
            {"NodeGroupId": "0002", "Slots": "1000-16383", "ReplicaCount": 1},
        ],
        "AutomaticFailoverEnabled": True, "MultiAZEnabled": True, "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True, "UserGroupIds": [name], "LogDeliveryConfigurations": [log],
        "PreferredMaintenanceWindow": "sun:05:00-sun:06:00", "SnapshotWindow": "02:00-03:00",
        "SnapshotRetentionLimit": 7, "Tags": PRODUCTION, **more,
    }  # fmt: skip
    cache.create_replication_group(ReplicationGroupId=name, ReplicationGroupDescription="production", **given)


def take(cloud: Cloud, name: str = SNAPSHOT, source: str = SOURCE) -> None:
    cloud.client("elasticache").create_snapshot(ReplicationGroupId=source, SnapshotName=name)


def make_menus(cloud: Cloud, engine: str = "valkey") -> None:
    cloud.client("elasticache").create_serverless_cache(
        ServerlessCacheName=MENUS, Engine=engine, Description="menus of the day", SnapshotRetentionLimit=3,
        DailySnapshotTime="03:00", CacheUsageLimits={"DataStorage": {"Maximum": 10, "Unit": "GB"}}, Tags=PRODUCTION,
    )  # fmt: skip
    cloud.client("elasticache").create_serverless_cache_snapshot(
        ServerlessCacheName=MENUS, ServerlessCacheSnapshotName=MENUS_SNAPSHOT
    )


def group_of(cloud: Cloud, name: str) -> Any:
    (found,) = cloud.client("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    return found


def tags_of(cloud: Cloud, arn: str) -> dict[str, str]:
    return {
        each["Key"]: each["Value"]
        for each in cloud.client("elasticache").list_tags_for_resource(ResourceName=arn)["TagList"]
    }


def check_tags(cloud: Cloud, arn: str) -> None:
    tags = tags_of(cloud, arn)
    assert "env" not in tags
    assert {"aurora-estate:run", "aurora-estate:source", "aurora-estate:owner", "aurora-estate:purpose"} <= set(tags)
    assert not cloud.client("ssm").describe_parameters()["Parameters"]


def set_up_group(cloud: Cloud) -> None:
    make_group(cloud)
    take(cloud)


def done_group(cloud: Cloud) -> None:
    """One new group, like the old one, which is as it was; nothing else was made."""
    cache = cloud.client("elasticache")
    found = cache.describe_replication_groups()["ReplicationGroups"]
    assert sorted(each["ReplicationGroupId"] for each in found) == [SOURCE, TARGET]
    old, new = group_of(cloud, SOURCE), group_of(cloud, TARGET)
    assert new["Status"] == "available"
    assert [each["Slots"] for each in new["NodeGroups"]] == ["0-999", "1000-16383"]
    for name in ("UserGroupIds", "MultiAZ", "SnapshotRetentionLimit", "SnapshotWindow", "TransitEncryptionMode"):
        assert new[name] == old[name], name
    assert [each["SnapshotName"] for each in cache.describe_snapshots()["Snapshots"]] == [SNAPSHOT]
    assert tags_of(cloud, old["ARN"]) == {"env": "production"}
    check_tags(cloud, new["ARN"])


def done_menus(cloud: Cloud) -> None:
    caches = cloud.client("elasticache").describe_serverless_caches()["ServerlessCaches"]
    assert sorted(each["ServerlessCacheName"] for each in caches) == [MENUS, MENUS_2]
    (new,) = [each for each in caches if each["ServerlessCacheName"] == MENUS_2]
    assert (new["Status"], new["Description"], new["SnapshotRetentionLimit"]) == ("available", "menus of the day", 3)
    check_tags(cloud, new["ARN"])


NODES_ALONE = (
    "elasticache:DescribeSnapshots",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeCacheClusters",
)
SERVERLESS_ALONE = ("elasticache:DescribeServerlessCacheSnapshots", "elasticache:DescribeServerlessCaches")
SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        name="restore cache",
        words=("restore", "cache", SNAPSHOT, "--as", TARGET, "--owner", "me"),
        set_up=set_up_group,
        done=done_group,
        cluster=SNAPSHOT,
        target=TARGET,
        not_needed={
            **DEPENDENT,
            **dict.fromkeys(("elasticache:CreateServerlessCache", *SERVERLESS_ALONE), OTHER_FAMILY),
        },
    ),
    Scenario(
        name="restore cache serverless",
        words=("restore", "cache", MENUS_SNAPSHOT, "--family", "serverless", "--as", MENUS_2, "--owner", "me"),
        set_up=make_menus,
        done=done_menus,
        cluster=MENUS_SNAPSHOT,
        target=MENUS_2,
        not_needed={
            **DEPENDENT,
            **dict.fromkeys(("elasticache:CreateReplicationGroup", *NODES_ALONE), OTHER_FAMILY),
        },
    ),
)
