"""Roles, parameters and VPC endpoints of what a database calls: deployed, read back through boto3, taken away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_cloudformation import refused
from tests.lab.cloud.test_rds import CLUSTER
from tests.support.synthesis import synthesize

TEXT = """\
estate: books
defaults: "2026-11"
regions: [eu-west-1]
protection: off
network: {{eu-west-1: {{cidr: 10.9.0.0/16, zones: 2, endpoints: [s3, kms]}}}}
aurora:
  stock:
    engine: {engine}
    version: {version}
    instances: {{a: {{class: db.r8g.large, tier: 0}}, b: {{class: db.r8g.large}}}}
    integrations: {integrations}
"""
POSTGRESQL = {"engine": "aurora-postgresql", "version": '"17.7"'}
MYSQL = {"engine": "aurora-mysql", "version": "8.0.mysql_aurora.3.10.0"}
ALL = "{s3_import: [inbox], s3_export: [outbox], lambdas: [book], comprehend: on}"
ROLE = "arn:aws:iam::123456789012:role/r"


def deploy(aws: Aws, out: Path, *, integrations: str = ALL, engine: dict[str, str] = POSTGRESQL) -> None:
    estate = load_text(TEXT.format(integrations=integrations, **engine)).estate
    templates = synthesize(out, lambda app: compose(app, estate))
    for name in ("books-network", "books-aurora-stock"):
        status = aws.deploy(name, templates[name])["StackStatus"]
        assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, aws.reasons(name)


def roles(aws: Aws) -> list[dict[str, Any]]:
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    found: list[dict[str, Any]] = cluster["AssociatedRoles"]
    return found


def test_roles_are_associated_by_feature(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    assert {role["FeatureName"] for role in roles(aws)} == {"s3Import", "s3Export", "Lambda", "Comprehend"}
    assert {role["Status"] for role in roles(aws)} == {"ACTIVE"}
    arns = {role["Arn"]: role for role in aws("iam").list_roles()["Roles"]}
    for role in roles(aws):
        (statement,) = arns[role["RoleArn"]]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Condition"]["StringEquals"]["aws:SourceArn"].endswith(":cluster:books-stock")


def test_what_is_no_longer_called_loses_its_role(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path / "first")
    deploy(aws, tmp_path / "second", integrations="{lambdas: [book], sagemaker: [scores]}")
    assert {role["FeatureName"] for role in roles(aws)} == {"Lambda", "SageMaker"}
    services = {each["ServiceName"].rpartition("eu-west-1.")[2] for each in endpoints(aws)}
    assert services == {"s3", "kms", "lambda", "sagemaker.runtime"}


def test_mysql_reads_its_roles_from_the_parameter_group(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path, engine=MYSQL, integrations="{s3_import: [inbox], lambdas: [book], s3_restore: [old]}")
    assert [role.get("FeatureName", "") for role in roles(aws)] == ["", ""]
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    group = cluster["DBClusterParameterGroup"]
    shown = aws("rds").describe_db_cluster_parameters(DBClusterParameterGroupName=group)["Parameters"]
    parameters = {each["ParameterName"]: each.get("ParameterValue") for each in shown}
    arns = {role["RoleArn"] for role in roles(aws)}
    assert {parameters["aws_default_s3_role"], parameters["aws_default_lambda_role"]} == arns
    stack = aws("cloudformation").describe_stacks(StackName="books-aurora-stock")["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    bucket, objects = json.loads(outputs["RestoreBucketPolicy"])
    assert bucket["Principal"] == objects["Principal"] == {"AWS": outputs["RestoreRoleArn"]}
    assert objects["Resource"] == ["arn:aws:s3:::old/*"]
    assert outputs["RestoreRoleArn"] not in arns


def endpoints(aws: Aws) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return [each for each in found if each["State"] != "deleted"]  # EC2 shows deleted ones for a while


def test_endpoints_are_there_as_declared(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    by_kind = {
        (each["ServiceName"].rpartition("eu-west-1.")[2], each["VpcEndpointType"]): each for each in endpoints(aws)
    }
    assert set(by_kind) == {
        ("s3", "Gateway"),
        ("kms", "Interface"),
        ("s3", "Interface"),
        ("lambda", "Interface"),
        ("comprehend", "Interface"),
    }
    interface = by_kind["s3", "Interface"]
    assert interface["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is False
    assert interface["PrivateDnsEnabled"] is True
    (statement,) = json.loads(interface["PolicyDocument"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}


def test_the_cluster_reaches_the_endpoints_and_nothing_else(aws: Aws, tmp_path: Path) -> None:
    deploy(aws, tmp_path)
    ec2 = aws("ec2")
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    group_id = cluster["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    ways = [{key: each[key] for key in ("IpProtocol", "FromPort", "ToPort", "IpRanges")} for each in _ways(group)]
    assert ways == [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": []}] * len(ways)
    targets = {pair["GroupId"] for each in _ways(group) for pair in each["UserIdGroupPairs"]}
    called = {each["ServiceName"]: each["Groups"][0]["GroupId"] for each in endpoints(aws) if each["Groups"]}
    other = called.pop("com.amazonaws.eu-west-1.kms")
    assert targets == set(called.values())
    assert len(targets) == len(called) == 3
    assert other not in targets
    for target in ec2.describe_security_groups(GroupIds=sorted(targets))["SecurityGroups"]:
        (let_in,) = target["IpPermissions"]
        assert (let_in["FromPort"], let_in["IpRanges"][0]["CidrIp"]) == (443, "10.9.0.0/16")


def _ways(group: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = group["IpPermissionsEgress"]
    return found


def test_an_existing_vpc_lends_the_group_of_its_endpoints(aws: Aws, tmp_path: Path) -> None:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    zones = ["eu-west-1b", "eu-west-1c"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.50.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    group = ec2.create_security_group(GroupName="endpoints", Description="theirs", VpcId=vpc)["GroupId"]
    text = TEXT.format(integrations="{comprehend: on}", **POSTGRESQL)
    place = f"{{vpc: {vpc}, subnets: [{', '.join(subnets)}], endpoint_security_group: {group}}}"
    before, _, rest = text.partition("network:")
    estate = load_text(f"{before}network: {{eu-west-1: {place}}}\n{rest.partition(chr(10))[2]}").estate
    templates = synthesize(tmp_path, lambda app: compose(app, estate))
    for name in ("books-network", "books-aurora-stock"):
        assert aws.deploy(name, templates[name])["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)
    (cluster,) = aws("rds").describe_db_clusters()["DBClusters"]
    own = cluster["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    (way,) = ec2.describe_security_groups(GroupIds=[own])["SecurityGroups"][0]["IpPermissionsEgress"]
    assert way["UserIdGroupPairs"][0]["GroupId"] == group
    assert endpoints(aws) == []


class TestRoles:
    """Errors of botocore's model of AddRoleToDBCluster and RemoveRoleFromDBCluster; quota of the Aurora guide."""

    @pytest.fixture
    def rds(self, aws: Aws) -> Any:
        aws("rds").create_db_cluster(**{**CLUSTER, "DBClusterIdentifier": "c"})
        return aws("rds")

    def test_several_roles_without_a_feature_are_aurora_mysqls(self, rds: Any) -> None:
        for number in range(5):
            rds.add_role_to_db_cluster(DBClusterIdentifier="c", RoleArn=f"{ROLE}{number}")
        said = refused(rds.add_role_to_db_cluster, DBClusterIdentifier="c", RoleArn=f"{ROLE}5")
        assert said.startswith("DBClusterRoleQuotaExceeded")

    @pytest.mark.parametrize(
        "again", [{"RoleArn": ROLE, "FeatureName": "b"}, {"RoleArn": f"{ROLE}2", "FeatureName": "a"}]
    )
    def test_a_role_or_feature_is_associated_once(self, rds: Any, again: dict[str, str]) -> None:
        rds.add_role_to_db_cluster(DBClusterIdentifier="c", RoleArn=ROLE, FeatureName="a")
        assert refused(rds.add_role_to_db_cluster, DBClusterIdentifier="c", **again).startswith("DBClusterRoleAlready")

    def test_a_role_that_is_not_associated_cant_be_removed(self, rds: Any) -> None:
        rds.add_role_to_db_cluster(DBClusterIdentifier="c", RoleArn=ROLE, FeatureName="a")
        said = refused(rds.remove_role_from_db_cluster, DBClusterIdentifier="c", RoleArn=ROLE, FeatureName="b")
        assert said.startswith("DBClusterRoleNotFound")
        rds.remove_role_from_db_cluster(DBClusterIdentifier="c", RoleArn=ROLE, FeatureName="a")
        assert rds.describe_db_clusters()["DBClusters"][0]["AssociatedRoles"] == []


class TestPrivateDns:
    """EC2 API reference, DnsOptionsSpecification."""

    @pytest.fixture
    def wanted(self, aws: Aws) -> dict[str, Any]:
        vpc = aws("ec2").create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
        options = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
        service = "com.amazonaws.eu-west-1.s3"
        return {"VpcId": vpc, "ServiceName": service, "VpcEndpointType": "Interface", "DnsOptions": options}

    def test_only_inbound_needs_a_gateway(self, aws: Aws, wanted: dict[str, Any]) -> None:
        assert refused(aws("ec2").create_vpc_endpoint, **wanted).startswith("InvalidParameter")
        gateway = {"VpcId": wanted["VpcId"], "ServiceName": wanted["ServiceName"], "VpcEndpointType": "Gateway"}
        aws("ec2").create_vpc_endpoint(**gateway)
        made = aws("ec2").create_vpc_endpoint(**wanted)["VpcEndpoint"]
        assert made["DnsOptions"]["PrivateDnsOnlyForInboundResolverEndpoint"] is True

    def test_only_services_of_both_kinds_have_it(self, aws: Aws, wanted: dict[str, Any]) -> None:
        other = {**wanted, "ServiceName": "com.amazonaws.eu-west-1.lambda"}
        assert refused(aws("ec2").create_vpc_endpoint, **other).startswith("InvalidParameter")
