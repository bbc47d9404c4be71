from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.foundation.placement import Placement
from estate.aurora import AuroraSpec
from tests.support.specs import TWO, mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize_one

Define = Callable[[cdk.Stack], object]
SPARE = {**TWO, "reporting": {"class": "serverless", "tier": 15}}


def cluster(stack: cdk.Stack, spec: AuroraSpec, **arguments: Any) -> AuroraCluster:
    vpc = vpc_of_the_caller(stack)
    return AuroraCluster(stack, "Aurora", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc, **arguments)


def template(out: Path, spec: AuroraSpec, **arguments: Any) -> Template:
    return synthesize_one(out, lambda stack: cluster(stack, spec, **arguments))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    spec = postgresql(instances=SPARE, endpoints={"reporting": {"members": ["reporting"]}, "rest": {"excluded": ["a"]}})
    return template(tmp_path_factory.mktemp("postgresql"), spec)


@pytest.fixture(scope="module")
def made_mysql(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("mysql"), mysql())


def test_cluster_is_closed_encrypted_and_backed_up(made: Template) -> None:
    properties = only(made, "AWS::RDS::DBCluster")
    expected = {
        "BackupRetentionPeriod": 35,
        "CopyTagsToSnapshot": True,
        "DBClusterIdentifier": "shop-orders",
        "DeleteAutomatedBackups": False,
        "DeletionProtection": True,
        "EnableCloudwatchLogsExports": ["postgresql"],
        "EnableIAMDatabaseAuthentication": True,
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "ManageMasterUserPassword": True,
        "MasterUsername": "dbadmin",
        "Port": 5433,
        "StorageEncrypted": True,
    }
    assert expected.items() <= properties.items()
    assert properties["KmsKeyId"] == properties["MasterUserSecret"]["KmsKeyId"]
    assert properties["ServerlessV2ScalingConfiguration"] == {"MaxCapacity": 8, "MinCapacity": 0.5}


def test_a_snapshot_is_taken_and_key_and_logs_stay(made: Template) -> None:
    policies = {r["Type"]: r.get("DeletionPolicy") for r in made["Resources"].values()}
    assert policies["AWS::RDS::DBCluster"] == "Snapshot"
    assert policies["AWS::KMS::Key"] == policies["AWS::Logs::LogGroup"] == "Retain"
    assert policies["AWS::RDS::DBInstance"] == "Delete"


def test_mysql_has_its_own_port_logs_and_a_day_to_wind_back(made_mysql: Template) -> None:
    properties = only(made_mysql, "AWS::RDS::DBCluster")
    assert properties["Port"] == 3307
    assert properties["EnableCloudwatchLogsExports"] == ["audit", "error", "general", "slowquery"]
    assert properties["BacktrackWindow"] == 86_400
    assert "ServerlessV2ScalingConfiguration" not in properties


def test_log_groups_exist_before_the_cluster_writes_to_them(made_mysql: Template) -> None:
    groups = resources(made_mysql, "AWS::Logs::LogGroup")
    assert {g["Properties"]["LogGroupName"] for g in groups.values()} == {
        f"/aws/rds/cluster/shop-catalog/{export}" for export in ("audit", "error", "general", "slowquery")
    }
    assert all(g["Properties"]["RetentionInDays"] == 365 and g["Properties"]["KmsKeyId"] for g in groups.values())
    ((_, made_cluster),) = resources(made_mysql, "AWS::RDS::DBCluster").items()
    assert set(made_cluster["DependsOn"]) == set(groups)


def test_instances_are_keyed_by_name_and_the_others_wait_for_the_first(made: Template) -> None:
    instances = resources(made, "AWS::RDS::DBInstance")
    rows = {
        key: (
            r["Properties"]["DBInstanceIdentifier"],
            r["Properties"]["DBInstanceClass"],
            r["Properties"]["PromotionTier"],
        )
        for key, r in instances.items()
    }
    assert rows == {
        "AuroraInstanceA00AFE162": ("shop-orders-a", "db.r8g.large", 0),
        "AuroraInstanceB066D9AC8": ("shop-orders-b", "db.r8g.large", 1),
        "AuroraInstanceReportingD122189D": ("shop-orders-reporting", "db.serverless", 15),
    }
    assert {key: r.get("DependsOn") for key, r in instances.items()} == {
        "AuroraInstanceA00AFE162": None,
        "AuroraInstanceB066D9AC8": ["AuroraInstanceA00AFE162"],
        "AuroraInstanceReportingD122189D": ["AuroraInstanceA00AFE162"],
    }


def test_every_instance_is_watched_and_private(made: Template) -> None:
    (role,) = resources(made, "AWS::IAM::Role")
    for instance in resources(made, "AWS::RDS::DBInstance").values():
        properties = instance["Properties"]
        assert (properties["MonitoringInterval"], properties["PubliclyAccessible"]) == (60, False)
        assert properties["MonitoringRoleArn"] == {"Fn::GetAtt": [role, "Arn"]}
        assert properties["EnablePerformanceInsights"] is True
        assert properties["PerformanceInsightsKMSKeyId"] == only(made, "AWS::RDS::DBCluster")["KmsKeyId"]


def test_monitoring_off_needs_no_role(tmp_path: Path) -> None:
    made = template(tmp_path, postgresql(enhanced_monitoring_s=0))
    assert not resources(made, "AWS::IAM::Role")


def test_custom_endpoints_name_their_members_by_reference(made: Template) -> None:
    endpoints = [r["Properties"] for r in resources(made, "AWS::RDS::DBClusterEndpoint").values()]
    reporting, rest = sorted(endpoints, key=lambda e: "ExcludedMembers" in e)
    assert reporting["DBClusterEndpointIdentifier"] == "shop-orders-reporting"
    assert reporting["CustomEndpointType"] == "READER"
    assert reporting["StaticMembers"] == [{"Ref": "AuroraInstanceReportingD122189D"}]
    assert rest["ExcludedMembers"] == [{"Ref": "AuroraInstanceA00AFE162"}]


def test_an_instance_is_placed_in_the_zone_it_names(tmp_path: Path) -> None:
    spec = postgresql(instances={"a": {"class": "db.r8g.large", "zone": 2}, "b": {"class": "db.r8g.large"}})
    zones = [
        r["Properties"].get("AvailabilityZone")
        for r in resources(template(tmp_path, spec), "AWS::RDS::DBInstance").values()
    ]
    assert zones == ["eu-west-1b", None]


def test_a_zone_that_is_not_there_is_refused(tmp_path: Path) -> None:
    spec = postgresql(instances={"a": {"class": "db.r8g.large", "zone": 4}, "b": {"class": "db.r8g.large"}})
    with pytest.raises(ValueError, match=r"zone must be one of the VPC's 3, got 4"):
        template(tmp_path, spec)


def test_overrides_reach_every_resource_and_win(tmp_path: Path) -> None:
    spec = postgresql(
        instances={
            "a": {"class": "db.r8g.large", "overrides": {"CACertificateIdentifier": "rds-ca-rsa4096-g1"}},
            "b": {},
        },
        endpoints={"one": {"members": ["a"]}},
        overrides={"Port": 5432, "StorageType": "aurora-iopt1"},
    )
    made = template(tmp_path, spec)
    assert only(made, "AWS::RDS::DBCluster")["Port"] == 5432
    assert only(made, "AWS::RDS::DBCluster")["StorageType"] == "aurora-iopt1"
    certificates = [
        r["Properties"].get("CACertificateIdentifier") for r in resources(made, "AWS::RDS::DBInstance").values()
    ]
    assert certificates == ["rds-ca-rsa4096-g1", None]


def test_nothing_connects_until_it_is_allowed_and_nothing_goes_out(made: Template) -> None:
    group = only(made, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert [(e["CidrIp"], e["FromPort"], e["ToPort"]) for e in group["SecurityGroupEgress"]] == [("127.0.0.1/32", 1, 1)]
    assert not resources(made, "AWS::EC2::SecurityGroupIngress")


def test_connections_open_the_literal_port(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        made = cluster(stack, mysql())
        peer = ec2.SecurityGroup.from_security_group_id(stack, "App", "sg-0123456789abcdef0")
        made.connections.allow_default_port_from(peer, "Queries")

    ingress = only(synthesize_one(tmp_path, define), "AWS::EC2::SecurityGroupIngress")
    assert (ingress["FromPort"], ingress["ToPort"], ingress["Description"]) == (3307, 3307, "Queries")


def test_grants_name_one_user_of_one_cluster_and_one_secret(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        made = cluster(stack, postgresql())
        role = iam.Role(stack, "App", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        made.grant_connect(role, "app").assert_success()
        made.grant_secret_read(role).assert_success()

    made = synthesize_one(tmp_path, define)
    connect, read, decrypt = only(made, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert connect["Action"] == "rds-db:connect"
    pattern, of = connect["Resource"]["Fn::Sub"]
    assert pattern == "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${ResourceId}/app"
    assert of == {"ResourceId": {"Fn::GetAtt": ["AuroraCluster2778A36C", "DBClusterResourceId"]}}
    assert read["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    assert read["Resource"] == {"Fn::GetAtt": ["AuroraCluster2778A36C", "MasterUserSecret.SecretArn"]}
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", only(made, "AWS::RDS::DBCluster")["KmsKeyId"])
    assert set(decrypt["Condition"]["StringEquals"]) == {"kms:ViaService"}
    assert "AppF1B96344" not in json.dumps(only(made, "AWS::KMS::Key")["KeyPolicy"])


def test_metrics_have_the_namespace_and_dimensions_of_aurora(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "Alone")
    made = cluster(stack, postgresql(instances=SPARE))
    lag, cpu = made.metric_replica_lag_ms(), made.metric_cpu_percent("a")
    assert (lag.namespace, lag.metric_name, lag.statistic) == ("AWS/RDS", "AuroraReplicaLagMaximum", "Maximum")
    assert lag.dimensions == {"DBClusterIdentifier": "shop-orders"}
    assert (cpu.metric_name, cpu.dimensions) == ("CPUUtilization", {"DBInstanceIdentifier": "shop-orders-a"})
    assert made.metric_acu("reporting").metric_name == "ServerlessDatabaseCapacity"
    assert made.metric_connections().statistic == "Sum"
    assert made.metric_volume_bytes().metric_name == "VolumeBytesUsed"
    with pytest.raises(KeyError):
        made.metric_cpu_percent("nobody")


def test_what_is_beneath_can_be_reached(tmp_path: Path) -> None:
    stack = cdk.Stack(new_app(tmp_path), "Alone")
    made = cluster(stack, postgresql(endpoints={"one": {"members": ["a"]}}))
    made.cfn_cluster.storage_type = "aurora-iopt1"
    assert set(made.cfn_instances) == {"a", "b"}
    assert set(made.cfn_endpoints) == {"one"}
    assert cdk.Token.is_unresolved(made.custom_endpoint("one"))
    assert made.cluster.cluster_endpoint.port == 5433
    assert stack.resolve(made.cluster.cluster_endpoint.hostname) == stack.resolve(made.writer_endpoint)
    assert stack.resolve(made.reader_endpoint)["Fn::GetAtt"][1] == "ReadEndpoint.Address"


def test_a_key_and_subnets_of_the_caller_are_used(tmp_path: Path) -> None:
    place = Placement(vpc_id="vpc-aaaaaaaa", subnet_ids=["subnet-aaaaaaaa", "subnet-bbbbbbbb"], availability_zones=[])
    arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"

    def define(stack: cdk.Stack) -> None:
        key = kms.Key.from_key_arn(stack, "Key", arn)
        made = AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=postgresql(), vpc=place, key=key)
        assert made.key is key

    made = synthesize_one(tmp_path, define)
    assert not resources(made, "AWS::KMS::Key")
    assert only(made, "AWS::RDS::DBSubnetGroup")["SubnetIds"] == ["subnet-aaaaaaaa", "subnet-bbbbbbbb"]
    assert only(made, "AWS::EC2::SecurityGroup")["VpcId"] == "vpc-aaaaaaaa"
    assert only(made, "AWS::RDS::DBCluster")["KmsKeyId"] == arn


def test_a_rehearsal_leaves_only_the_snapshot(tmp_path: Path) -> None:
    made = template(tmp_path, postgresql(protection=False), retain=False)
    policies = {r["Type"]: r.get("DeletionPolicy") for r in made["Resources"].values()}
    assert policies["AWS::KMS::Key"] == policies["AWS::Logs::LogGroup"] == "Delete"
    assert policies["AWS::RDS::DBCluster"] == "Snapshot"
