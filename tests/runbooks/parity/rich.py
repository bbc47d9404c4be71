"""A cluster with every setting other than AWS's default, made through boto3: what a copy must be like."""

from __future__ import annotations

from typing import Any

from tests.support.scenario import ACCOUNT, REGION, Cloud

MODEL = "shop-orders"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
DIMENSION = "rds:cluster:ReadReplicaCount"
TAGS = [{"Key": "env", "Value": "production"}, {"Key": "backup", "Value": "daily"}]
CPU = {
    "TargetValue": 60.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"},
    "ScaleInCooldown": 300,
    "ScaleOutCooldown": 60,
}


def make_network(cloud: Cloud, name: str, zones: str = "abc") -> tuple[str, str]:
    """A VPC with a DB subnet group of this name; gives the VPC's id and a security group's."""
    ec2, rds = cloud.client("ec2"), cloud.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate(zones)
    ]
    ids = [subnet["SubnetId"] for subnet in subnets]
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=ids)
    group = ec2.create_security_group(GroupName=f"{name}-clients", Description="d", VpcId=vpc)["GroupId"]
    return str(vpc), str(group)


def make_rich(cloud: Cloud, **more: Any) -> None:
    """`shop-orders`: writer a, readers b and reporting, each part of it with settings of its own."""
    rds, kms = cloud.client("rds"), cloud.client("kms")
    _, group = make_network(cloud, "shop")
    family = "aurora-postgresql17"
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="shop", DBParameterGroupFamily=family, Description="d"
    )
    rds.create_db_parameter_group(DBParameterGroupName="shop-instances", DBParameterGroupFamily=family, Description="d")
    given: dict[str, Any] = {
        "DBClusterIdentifier": MODEL, "Engine": "aurora-postgresql", "EngineVersion": "17.7", "Port": 6000,
        "MasterUsername": "dba", "ManageMasterUserPassword": True, "DatabaseName": "orders",
        "DBSubnetGroupName": "shop", "VpcSecurityGroupIds": [group], "DBClusterParameterGroupName": "shop",
        "StorageEncrypted": True, "KmsKeyId": kms.create_key()["KeyMetadata"]["Arn"], "StorageType": "aurora-iopt1",
        "EnableIAMDatabaseAuthentication": True, "DeletionProtection": True, "CopyTagsToSnapshot": True,
        "BackupRetentionPeriod": 9, "PreferredBackupWindow": "02:00-02:30",
        "PreferredMaintenanceWindow": "sun:04:00-sun:04:30", "EnableCloudwatchLogsExports": ["postgresql"],
        "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8},
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled", "EnableHttpEndpoint": True,
        "DatabaseInsightsMode": "advanced", "EnablePerformanceInsights": True,
        "PerformanceInsightsRetentionPeriod": 465, "Tags": TAGS, **more,
    }  # fmt: skip
    rds.create_db_cluster(**given)
    for name, size, tier in (("a", "db.r8g.large", 0), ("b", "db.r8g.large", 1), ("reporting", "db.serverless", 15)):
        rds.create_db_instance(
            DBInstanceIdentifier=f"{MODEL}-{name}", DBClusterIdentifier=MODEL, Engine="aurora-postgresql",
            DBInstanceClass=size, PromotionTier=tier, DBParameterGroupName="shop-instances",
            EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=465, MonitoringInterval=60,
            MonitoringRoleArn=f"{ROLE}monitoring", CACertificateIdentifier="rds-ca-rsa4096-g1",
            AutoMinorVersionUpgrade=False, PreferredMaintenanceWindow="sun:05:00-sun:05:30", Tags=TAGS,
        )  # fmt: skip
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier=MODEL, DBClusterEndpointIdentifier=f"{MODEL}-reporting", EndpointType="READER",
        StaticMembers=[f"{MODEL}-reporting"],
    )  # fmt: skip
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier=MODEL, DBClusterEndpointIdentifier=f"{MODEL}-web", EndpointType="ANY",
        ExcludedMembers=[f"{MODEL}-reporting"],
    )  # fmt: skip
    rds.add_role_to_db_cluster(DBClusterIdentifier=MODEL, RoleArn=f"{ROLE}import", FeatureName="s3Import")
    make_scaling(cloud)


def make_scaling(cloud: Cloud) -> None:
    """A target with a policy, a schedule, and scaling in suspended."""
    client = cloud.client("application-autoscaling")
    of = {"ServiceNamespace": "rds", "ResourceId": f"cluster:{MODEL}", "ScalableDimension": DIMENSION}
    suspended = {
        "DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False
    }  # fmt: skip
    client.register_scalable_target(**of, MinCapacity=1, MaxCapacity=5, SuspendedState=suspended)
    client.put_scaling_policy(
        **of,
        PolicyName=f"{MODEL}-cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=CPU,
    )
    client.put_scheduled_action(
        **of, ScheduledActionName="morning", Schedule="cron(0 7 * * ? *)", Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 3},
    )  # fmt: skip
