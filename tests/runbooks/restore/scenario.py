"""A restore of each kind, for the matrices: no SQL server is needed."""

from __future__ import annotations

import json
from typing import Any

from tests.runbooks.clone.scenario import cluster_of, group_of, make_source, tags_of
from tests.support.scenario import ACCOUNT, REGION, Cloud, Scenario

SOURCE, TARGET, MODEL, MYSQL = "shop-orders", "shop-orders-back", "shop-billing", "shop-catalog"
SNAPSHOT, BUCKET = "before-upgrade", "dumps"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/import"
MYSQL_VERSION = "8.0.mysql_aurora.3.10.0"
INFO = b"tool_version = 8.0.35-30\nserver_version = 8.0.42\nencrypted = N\npartial = N\n"


def take_snapshot(cloud: Cloud, name: str = SNAPSHOT, source: str = SOURCE) -> None:
    cloud.client("rds").create_db_cluster_snapshot(
        DBClusterIdentifier=source, DBClusterSnapshotIdentifier=name, Tags=[{"Key": "env", "Value": "production"}]
    )


def make_managed(cloud: Cloud, name: str = SOURCE) -> None:
    """Production whose master password RDS manages, which no restore takes over by itself."""
    make_source(cloud, name, ManageMasterUserPassword=True)


def make_with_snapshot(cloud: Cloud) -> None:
    make_managed(cloud)
    take_snapshot(cloud)


def delete_source(cloud: Cloud, name: str = SOURCE) -> str:
    """A deleted cluster whose automated backups stay; gives its resource id."""
    rds, found = cloud.client("rds"), cluster_of(cloud, name)
    rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    for member in found["DBClusterMembers"]:
        rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"])
    rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    return str(found["DbClusterResourceId"])


def make_deleted(cloud: Cloud) -> None:
    make_source(cloud)
    make_managed(cloud, MODEL)
    delete_source(cloud)


def make_mysql(cloud: Cloud) -> None:
    """A cluster of Aurora MySQL to be like."""
    rds, ec2 = cloud.client("rds"), cloud.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    rds.create_db_subnet_group(
        DBSubnetGroupName=MYSQL, DBSubnetGroupDescription=MYSQL, SubnetIds=[each["SubnetId"] for each in subnets]
    )
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName=MYSQL, DBParameterGroupFamily="aurora-mysql8.0", Description=MYSQL
    )
    group = ec2.create_security_group(GroupName=MYSQL, Description=MYSQL, VpcId=subnets[0]["VpcId"])["GroupId"]
    rds.create_db_cluster(
        DBClusterIdentifier=MYSQL, Engine="aurora-mysql", EngineVersion=MYSQL_VERSION, MasterUsername="keeper",
        MasterUserPassword="correct-horse", DBSubnetGroupName=MYSQL, DBClusterParameterGroupName=MYSQL,
        VpcSecurityGroupIds=[group], StorageEncrypted=True, BackupRetentionPeriod=7,
    )  # fmt: skip
    rds.create_db_instance(
        DBInstanceIdentifier=f"{MYSQL}-a", DBClusterIdentifier=MYSQL, Engine="aurora-mysql",
        DBInstanceClass="db.r8g.large",
    )  # fmt: skip


def make_files(cloud: Cloud) -> None:
    """XtraBackup files in a bucket of the Region, and a role that RDS may take on."""
    make_mysql(cloud)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key="shop/ibdata1", Body=b"x" * 100)
    s3.put_object(Bucket=BUCKET, Key="shop/xtrabackup_info", Body=INFO)
    trust = {"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
    cloud.client("iam").create_role(
        RoleName="import", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )


def check_restored(cloud: Cloud, *, source: str, purpose: str, like: str) -> Any:
    """What holds of every restore: whose it is, that it is like its model, and that nothing is left over."""
    found, model = cluster_of(cloud, TARGET), cluster_of(cloud, like)
    assert found["Status"] == "available"
    names = sorted(each["DBInstanceIdentifier"] for each in found["DBClusterMembers"])
    assert names == [each.replace(like, TARGET) for each in sorted(_members(model))]
    for shown in (found, *_instances(cloud)):
        tags = tags_of(shown["TagList"])
        assert "env" not in tags, "production's tags"
        assert (tags["aurora-estate:source"], tags["aurora-estate:purpose"]) == (source, purpose)
        assert {"aurora-estate:run", "aurora-estate:owner"} <= set(tags)
    assert bool(found.get("MasterUserSecret")) or not model.get("MasterUserSecret")
    for name in ("DBClusterParameterGroup", "DBSubnetGroup", "Port", "IAMDatabaseAuthenticationEnabled", "Engine"):
        assert found[name] == model[name], name
    locks = cloud.client("ssm").describe_parameters()["Parameters"]
    assert not locks, locks
    return found


def _members(cluster: Any) -> list[str]:
    return [str(each["DBInstanceIdentifier"]) for each in cluster["DBClusterMembers"]]


def _instances(cloud: Cloud) -> list[Any]:
    wanted = [{"Name": "db-cluster-id", "Values": [TARGET]}]
    found: list[Any] = cloud.client("rds").describe_db_instances(Filters=wanted)["DBInstances"]
    assert all(each["DBInstanceStatus"] == "available" for each in found)
    return found


def groups_of(cluster: Any) -> list[str]:
    return [str(each["VpcSecurityGroupId"]) for each in cluster["VpcSecurityGroups"]]


def _done_snapshot(cloud: Cloud) -> None:
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:{SNAPSHOT}"
    found = check_restored(cloud, source=arn, purpose="restore snapshot", like=SOURCE)
    group = group_of(cloud, f"{TARGET}-quarantine")
    assert groups_of(found) == [group["GroupId"]]
    assert not group["IpPermissions"]
    assert not group["IpPermissionsEgress"]
    assert "CloneGroupId" not in found


def _done_moment(cloud: Cloud) -> None:
    source = cluster_of(cloud, SOURCE)
    found = check_restored(cloud, source=source["DBClusterArn"], purpose="restore point-in-time", like=SOURCE)
    assert groups_of(found) == groups_of(source)
    assert found["DeletionProtection"]
    custom = [
        each
        for each in cloud.client("rds").describe_db_cluster_endpoints(DBClusterIdentifier=TARGET)["DBClusterEndpoints"]
        if each["EndpointType"] == "CUSTOM"
    ]
    assert [each["DBClusterEndpointIdentifier"] for each in custom] == [f"{TARGET}-reporting"]


def _done_deleted(cloud: Cloud) -> None:
    arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{SOURCE}"
    found = check_restored(cloud, source=arn, purpose="restore deleted", like=MODEL)
    assert groups_of(found) == groups_of(cluster_of(cloud, MODEL))
    (kept,) = [
        each
        for each in cloud.client("rds").describe_db_cluster_automated_backups()["DBClusterAutomatedBackups"]
        if each["Status"] == "retained"
    ]
    assert kept["DBClusterIdentifier"] == SOURCE, "it can be restored again"


def _done_files(cloud: Cloud) -> None:
    found = check_restored(cloud, source=f"arn:aws:s3:::{BUCKET}", purpose="restore s3", like=MYSQL)
    assert (found["MasterUsername"], found["EngineVersion"]) == ("dba", MYSQL_VERSION)
    assert found["MasterUserSecret"]["SecretArn"]
    assert found["KmsKeyId"] == cluster_of(cloud, MYSQL)["KmsKeyId"]


_WITHIN = "AWS asks for it within another call, on the caller's behalf"
_MODEL = "the model has none"
NOT_NEEDED = {
    "rds:AddRoleToDBCluster": _MODEL,
    "rds:EnableHttpEndpoint": _MODEL,
    "iam:PassRole": _WITHIN,
    "ec2:CreateTags": _WITHIN,
    "kms:CreateGrant": _WITHIN,
    "kms:DescribeKey": f"looks at a key that was asked for; otherwise {_WITHIN}",
    "secretsmanager:CreateSecret": _WITHIN,
    "secretsmanager:TagResource": _WITHIN,
    "application-autoscaling:RegisterScalableTarget": _MODEL,
    "application-autoscaling:TagResource": _MODEL,
    "application-autoscaling:PutScalingPolicy": _MODEL,
    "application-autoscaling:PutScheduledAction": _MODEL,
    "application-autoscaling:DescribeScalingPolicies": _MODEL,
    "application-autoscaling:DescribeScheduledActions": _MODEL,
}
_OPEN = {
    "ec2:CreateSecurityGroup": "--closed was not asked for",
    "ec2:RevokeSecurityGroupEgress": "--closed was not asked for",
    "ec2:DescribeSecurityGroups": "--closed was not asked for",
}
SCENARIOS = (
    Scenario(
        name="restore snapshot",
        words=("restore", "snapshot", SNAPSHOT, "--as", TARGET, "--closed", "--expires-in", "2d", "--owner", "team"),
        set_up=make_with_snapshot,
        done=_done_snapshot,
        cluster=SOURCE,
        target=TARGET,
        not_needed={**NOT_NEEDED, "rds:DescribeDBSnapshots": "looks for an RDS instance's snapshot"},
    ),
    Scenario(
        name="restore point-in-time",
        words=("restore", "point-in-time", SOURCE, "--latest", "--as", TARGET, "--owner", "team"),
        set_up=make_managed,
        done=_done_moment,
        cluster=SOURCE,
        target=TARGET,
        not_needed={**NOT_NEEDED, **_OPEN},
    ),
    Scenario(
        name="restore deleted",
        words=("restore", "deleted", SOURCE, "--latest", "--as", TARGET, "--like", MODEL, "--owner", "team"),
        set_up=make_deleted,
        done=_done_deleted,
        cluster=SOURCE,
        target=TARGET,
        not_needed={**NOT_NEEDED, **_OPEN},
    ),
    Scenario(
        name="restore s3",
        words=(
            "restore",
            "s3",
            BUCKET,
            "--prefix",
            "shop/",
            "--role",
            ROLE,
            "--source-version",
            "8.0.42",
            "--master-username",
            "dba",
            "--as",
            TARGET,
            "--like",
            MYSQL,
            "--owner",
            "team",
        ),
        set_up=make_files,
        done=_done_files,
        cluster=BUCKET,
        target=TARGET,
        not_needed={
            **NOT_NEEDED,
            **_OPEN,
            "rds:ModifyDBCluster": "the call that makes it takes all that the model has",
            "rds:CreateDBClusterEndpoint": _MODEL,
        },
    ),
)
