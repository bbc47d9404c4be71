"""A clone of a cluster with a password of its own, opened at the end, for the matrices: no SQL server is needed."""

from __future__ import annotations

import json
from typing import Any

from tests.support.scenario import Cloud, Scenario

SOURCE, TARGET = "shop-orders", "shop-orders-dev"
PASSWORD = "of-production-only"
PRODUCTION = [{"Key": "env", "Value": "production"}, {"Key": "backup", "Value": "daily"}]


def make_source(cloud: Cloud, name: str = SOURCE, **more: Any) -> None:
    """Production: two instances, parameter groups and a security group of its own, a custom endpoint, tags."""
    rds, ec2 = cloud.client("rds"), cloud.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription=name, SubnetIds=[each["SubnetId"] for each in subnets]
    )
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name, DBParameterGroupFamily="aurora-postgresql17", Description=name
    )
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=subnets[0]["VpcId"])["GroupId"]
    login = {} if more.get("ManageMasterUserPassword") else {"MasterUserPassword": PASSWORD}
    given = {
        "Engine": "aurora-postgresql", "EngineVersion": "17.7", "DatabaseName": "orders", "MasterUsername": "keeper",
        "DBSubnetGroupName": name, "DBClusterParameterGroupName": name, "VpcSecurityGroupIds": [group], "Port": 5433,
        "StorageEncrypted": True, "DeletionProtection": True, "EnableIAMDatabaseAuthentication": True,
        "BackupRetentionPeriod": 14, "Tags": PRODUCTION, **login, **more,
    }  # fmt: skip
    rds.create_db_cluster(DBClusterIdentifier=name, **given)
    for tier, letter in enumerate("ab"):
        rds.create_db_instance(
            DBInstanceIdentifier=f"{name}-{letter}", DBClusterIdentifier=name, Engine=given["Engine"],
            DBInstanceClass="db.r8g.large", PromotionTier=tier,
        )  # fmt: skip
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier=name, DBClusterEndpointIdentifier=f"{name}-reporting", EndpointType="READER",
        StaticMembers=[f"{name}-b"],
    )  # fmt: skip


def group_of(cloud: Cloud, name: str) -> Any:
    """A security group by its name; None when there is none."""
    found = cloud.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])
    return next(iter(found["SecurityGroups"]), None)


def cluster_of(cloud: Cloud, name: str) -> Any:
    return cloud.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


def tags_of(shown: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in shown}


def check_clone(cloud: Cloud, *, instances: list[str]) -> Any:
    """What holds of every clone, open or closed: whose it is, what it has, that the source is as it was."""
    source, clone = cluster_of(cloud, SOURCE), cluster_of(cloud, TARGET)
    assert sorted(each["DBInstanceIdentifier"] for each in clone["DBClusterMembers"]) == instances
    tags = tags_of(clone["TagList"])
    assert "env" not in tags
    assert tags["aurora-estate:source"] == source["DBClusterArn"]
    assert tags["aurora-estate:purpose"] == "clone"
    assert {"aurora-estate:run", "aurora-estate:owner", "aurora-estate:expires"} <= set(tags)
    assert (clone["Port"], clone["DBClusterParameterGroup"]) == (5433, SOURCE)
    assert clone["CloneGroupId"] == source["CloneGroupId"]
    assert source["DeletionProtection"]
    assert not clone["DeletionProtection"]
    for instance in cloud.client("rds").describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": [TARGET]}])[
        "DBInstances"
    ]:
        assert not instance["PubliclyAccessible"]
        assert "env" not in tags_of(instance["TagList"])
    locks = cloud.client("ssm").describe_parameters()["Parameters"]
    assert not locks, locks
    return clone


def own_password(cloud: Cloud) -> str:
    """What the clone's own secret says, with whom it belongs to checked."""
    secrets = cloud.client("secretsmanager")
    name = f"aurora-estate/{TARGET}/master"
    assert tags_of(secrets.describe_secret(SecretId=name)["Tags"])["aurora-estate:purpose"] == "clone"
    login = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert login["username"] == "keeper"
    return str(login["password"])


def _done(cloud: Cloud) -> None:
    clone = check_clone(cloud, instances=[f"{TARGET}-a", f"{TARGET}-b"])
    groups = [each["VpcSecurityGroupId"] for each in clone["VpcSecurityGroups"]]
    assert groups == [group_of(cloud, SOURCE)["GroupId"]]
    assert group_of(cloud, f"{TARGET}-quarantine") is None
    assert tags_of(clone["TagList"])["aurora-estate:quarantine"] == "open"
    assert own_password(cloud) != PASSWORD
    endpoints = cloud.client("rds").describe_db_cluster_endpoints(DBClusterIdentifier=TARGET)["DBClusterEndpoints"]
    custom = [each for each in endpoints if each["EndpointType"] == "CUSTOM"]
    assert [each["DBClusterEndpointIdentifier"] for each in custom] == [f"{TARGET}-reporting"]


def _done_closed(cloud: Cloud) -> None:
    clone = check_clone(cloud, instances=[f"{TARGET}-1"])
    group = group_of(cloud, f"{TARGET}-quarantine")
    assert [each["VpcSecurityGroupId"] for each in clone["VpcSecurityGroups"]] == [group["GroupId"]]
    assert not group["IpPermissions"]
    assert not group["IpPermissionsEgress"]
    assert tags_of(clone["TagList"])["aurora-estate:quarantine"] == "rotated"
    assert own_password(cloud) != PASSWORD


_NOT_NEEDED = {
    "ec2:AuthorizeSecurityGroupIngress": "lets the operator in for SQL, which needs a server",
    "ec2:RevokeSecurityGroupIngress": "shuts the operator out again",
    "rds-db:connect": "for SQL with an IAM token",
    "rds:DescribeDBClusterParameterGroups": "looks at a parameter group that was asked for",
    "rds:AddRoleToDBCluster": "the source has no role",
    "rds:EnableHttpEndpoint": "the source has no Data API",
    "iam:PassRole": "the source has no role",
    "ec2:CreateTags": "EC2 asks for it within CreateSecurityGroup",
    "secretsmanager:TagResource": "Secrets Manager asks for it within CreateSecret",
    "kms:CreateGrant": "RDS asks for it, on the caller's behalf",
    "kms:DescribeKey": "of a key that another account shares; otherwise RDS asks, on the caller's behalf",
    "kms:Decrypt": "Secrets Manager asks for it, on the caller's behalf",
    "application-autoscaling:RegisterScalableTarget": "the source does not scale",
    "application-autoscaling:TagResource": "the source does not scale",
    "application-autoscaling:PutScalingPolicy": "the source does not scale",
    "application-autoscaling:PutScheduledAction": "the source does not scale",
    "application-autoscaling:DescribeScalingPolicies": "the source does not scale",
    "application-autoscaling:DescribeScheduledActions": "the source does not scale",
}
SCENARIOS = (
    Scenario(
        name="clone",
        words=("clone", SOURCE, "--as", TARGET, "--like-source", "--keep-user-passwords", "--owner", "team-orders"),
        set_up=make_source,
        done=_done,
        cluster=SOURCE,
        target=TARGET,
        not_needed=_NOT_NEEDED,
    ),
    Scenario(
        name="clone closed",
        words=("clone", SOURCE, "--as", TARGET, "--stay-closed", "--owner", "team-orders"),
        set_up=make_source,
        done=_done_closed,
        cluster=SOURCE,
        target=TARGET,
        not_needed={
            **_NOT_NEEDED,
            "ec2:DeleteSecurityGroup": "it stays closed",
            "rds:CreateDBClusterEndpoint": "the endpoint's member is not in it",
        },
    ),
)
