from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.aurora.integrations import statements
from constructs_lib.foundation.network import Network
from constructs_lib.foundation.placement import Placement
from estate.aurora import AuroraSpec
from estate.network import NetworkSpec
from tests.support.specs import mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize_one

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:notify"
ALL = {
    "s3_import": ["imports/daily/"],
    "s3_export": ["exports"],
    "s3_keys": [KEY],
    "lambdas": ["book", FUNCTION],
    "sagemaker": ["scores"],
    "comprehend": True,
    "bedrock": ["amazon.titan-embed-text-v2:0"],
}
ENDPOINTS = "sg-0123456789abcdef1"
PLACE = Placement(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    availability_zones=["eu-west-1a", "eu-west-1b"],
    endpoint_security_group_id=ENDPOINTS,
)


def template(out: Path, spec: AuroraSpec) -> Template:
    def define(stack: cdk.Stack) -> None:
        AuroraCluster(stack, "Aurora", identifier=f"shop-{spec.name}", spec=spec, vpc=PLACE)

    return synthesize_one(out, define)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    spec = postgresql(integrations=ALL | {"bedrock": []})
    return template(tmp_path_factory.mktemp("postgresql"), spec)


@pytest.fixture(scope="module")
def made_mysql(tmp_path_factory: pytest.TempPathFactory) -> Template:
    spec = mysql(integrations=ALL | {"s3_restore": ["backups/2026/"]})
    return template(tmp_path_factory.mktemp("mysql"), spec)


def role_of(made: Template, key: str) -> str:
    (found,) = [name for name in resources(made, "AWS::IAM::Role") if f"Integrations{key}Role" in name]
    return found


def policy_of(made: Template, key: str) -> list[dict[str, Any]]:
    (found,) = [
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in resources(made, "AWS::IAM::ManagedPolicy").items()
        if f"Integrations{key}Policy" in name
    ]
    statement: list[dict[str, Any]] = found
    return statement


def sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


def test_each_feature_has_a_role_of_its_own(made: Template) -> None:
    roles = only(made, "AWS::RDS::DBCluster")["AssociatedRoles"]
    assert [role["FeatureName"] for role in roles] == ["s3Import", "s3Export", "Lambda", "SageMaker", "Comprehend"]
    assert len({json.dumps(role["RoleArn"]) for role in roles}) == 5
    assert roles[2]["RoleArn"] == {"Fn::GetAtt": [role_of(made, "Lambdas"), "Arn"]}


def test_only_this_cluster_takes_its_roles(made: Template) -> None:
    trust = made["Resources"][role_of(made, "Comprehend")]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "rds.amazonaws.com"}
    arn = "arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:shop-orders"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}, "aws:SourceArn": sub(arn)}
    }


def test_an_import_reads_below_its_prefix_only(made: Template) -> None:
    read, listing, key = policy_of(made, "S3Import")
    assert read["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert read["Resource"] == [sub("arn:${AWS::Partition}:s3:::imports/daily/*")]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "daily/*"}}
    assert (key["Action"], key["Resource"]) == (["kms:Decrypt"], [KEY])
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": sub("s3.${AWS::Region}.amazonaws.com")}}


def test_an_export_writes_and_reads_nothing(made: Template) -> None:
    write, key = policy_of(made, "S3Export")
    assert write["Action"] == ["s3:AbortMultipartUpload", "s3:PutObject"]
    assert write["Resource"] == [sub("arn:${AWS::Partition}:s3:::exports/*")]
    assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize(
    ("key", "action", "resources"),
    [
        (
            "Lambdas",
            "lambda:InvokeFunction",
            [sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:book"), FUNCTION],
        ),
        (
            "Sagemaker",
            "sagemaker:InvokeEndpoint",
            [sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/scores")],
        ),
        (
            "Bedrock",
            "bedrock:InvokeModel",
            [sub("arn:${AWS::Partition}:bedrock:${AWS::Region}::foundation-model/amazon.titan-embed-text-v2:0")],
        ),
    ],
)
def test_what_is_invoked_is_named(made_mysql: Template, key: str, action: str, resources: list[Any]) -> None:
    assert policy_of(made_mysql, key) == [{"Effect": "Allow", "Action": [action], "Resource": resources}]


def test_comprehend_detects_sentiment_and_nothing_else(made: Template) -> None:
    (statement,) = policy_of(made, "Comprehend")
    assert statement["Action"] == ["comprehend:BatchDetectSentiment", "comprehend:DetectSentiment"]


def test_mysql_reads_its_roles_from_parameters(made_mysql: Template) -> None:
    roles = only(made_mysql, "AWS::RDS::DBCluster")["AssociatedRoles"]
    assert [set(role) for role in roles] == [{"RoleArn"}] * 5
    parameters = only(made_mysql, "AWS::RDS::DBClusterParameterGroup")["Parameters"]
    names = {name: value for name, value in parameters.items() if name.endswith("_role")}
    assert names == {
        f"aws_default_{key}_role": {"Fn::GetAtt": [role_of(made_mysql, label), "Arn"]}
        for key, label in {
            "s3": "S3",
            "lambda": "Lambdas",
            "sagemaker": "Sagemaker",
            "comprehend": "Comprehend",
            "bedrock": "Bedrock",
        }.items()
    }
    assert parameters["require_secure_transport"] == "ON"


def test_postgresql_has_no_such_parameters(made: Template) -> None:
    assert only(made, "AWS::RDS::DBClusterParameterGroup")["Parameters"] == {"rds.force_ssl": "1"}


def test_mysql_loads_and_saves_with_one_role() -> None:
    spec = mysql(integrations={"s3_import": ["imports"], "s3_export": ["exports"]})
    assert spec.integrations is not None
    actions = [each["Action"] for each in statements("s3", spec, spec.integrations)]
    assert actions == [
        ["s3:GetObject", "s3:GetObjectVersion"],
        ["s3:ListBucket"],
        ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
        ["s3:ListBucket"],
    ]


def test_green_reads_the_roles_where_blue_does(tmp_path: Path) -> None:
    """Without them LOAD DATA FROM S3 has no credentials once green has taken over."""
    spec = mysql(
        blue_green={"name": "to-8-4", "target_version": "8.4.mysql_aurora.8.4.8"},
        master_authentication="own-secret",
        parameters={"binlog_format": "ROW"},
        backtrack_hours=0,
        integrations={"s3_import": ["imports"]},
    )
    made = template(tmp_path, spec)
    of_green = only(made, "AWS::RDS::Deployment")["TargetDBClusterParameterGroupName"]["Ref"]
    groups = resources(made, "AWS::RDS::DBClusterParameterGroup")
    role = {"Fn::GetAtt": [role_of(made, "S3"), "Arn"]}
    assert groups[of_green]["Properties"]["Parameters"]["aws_default_s3_role"] == role


def test_the_only_way_out_is_to_the_vpcs_endpoints(made: Template) -> None:
    (group,) = resources(made, "AWS::EC2::SecurityGroup").values()
    assert group["Properties"]["SecurityGroupEgress"] == [
        {
            "Description": "VPC endpoints: comprehend, lambda, s3, sagemaker.runtime",
            "DestinationSecurityGroupId": ENDPOINTS,
            "FromPort": 443,
            "IpProtocol": "tcp",
            "ToPort": 443,
        }
    ]


def test_a_service_with_a_group_of_its_own_is_reached_there(tmp_path: Path) -> None:
    place = replace(PLACE, endpoint_security_group_ids={"lambda": "sg-0123456789abcdef2"})

    def define(stack: cdk.Stack) -> None:
        spec = postgresql(integrations={"lambdas": ["book"], "comprehend": True})
        AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=place)

    (group,) = resources(synthesize_one(tmp_path, define), "AWS::EC2::SecurityGroup").values()
    ways = {
        each["Description"]: each["DestinationSecurityGroupId"] for each in group["Properties"]["SecurityGroupEgress"]
    }
    assert ways == {"VPC endpoints: comprehend": ENDPOINTS, "VPC endpoints: lambda": "sg-0123456789abcdef2"}


def test_a_place_without_endpoints_is_refused(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        spec = postgresql(integrations={"comprehend": True})
        AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=vpc_of_the_caller(stack))

    with pytest.raises(ValueError, match=r"endpoint_security_group_id must be given for integrations, got nothing"):
        synthesize_one(tmp_path, define)


def test_a_restore_opens_no_way_and_is_not_associated(tmp_path: Path) -> None:
    made = template(tmp_path, mysql(integrations={"s3_restore": ["backups/2026/"]}))
    assert "AssociatedRoles" not in only(made, "AWS::RDS::DBCluster")
    (group,) = resources(made, "AWS::EC2::SecurityGroup").values()
    assert [rule["CidrIp"] for rule in group["Properties"]["SecurityGroupEgress"]] == ["127.0.0.1/32"]
    bucket, objects = policy_of(made, "S3Restore")
    assert (bucket["Action"], bucket["Resource"]) == (
        ["s3:GetBucketLocation", "s3:ListBucket"],
        [sub("arn:${AWS::Partition}:s3:::backups")],
    )
    assert objects["Resource"] == [sub("arn:${AWS::Partition}:s3:::backups/2026/*")]


def test_a_restore_says_what_the_buckets_policy_needs(tmp_path: Path) -> None:
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Alone")
    spec = mysql(integrations={"s3_restore": ["backups/2026/"]})
    cluster = AuroraCluster(stack, "Aurora", identifier="shop-catalog", spec=spec, vpc=PLACE)
    assert cluster.integrations is not None
    text, values = stack.resolve(cluster.integrations.restore_bucket_policy)["Fn::Sub"]
    document = json.loads(text)
    assert [each["Principal"] for each in document] == [{"AWS": "${RoleArn}"}] * 2
    assert document[1]["Resource"] == ["arn:${AWS::Partition}:s3:::backups/2026/*"]
    assert set(values) == {"RoleArn"}


class TestNetwork:
    """Services that clusters call get interface endpoints of their own."""

    @staticmethod
    def endpoints(out: Path, declared: tuple[str, ...], services: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        def define(stack: cdk.Stack) -> None:
            spec = NetworkSpec(endpoints=declared)
            Network(stack, "Network", identifier="shop", spec=spec, services=services)

        made = synthesize_one(out, define)
        return {
            each["Properties"]["ServiceName"]["Fn::Sub"].removeprefix("com.amazonaws.${AWS::Region}.")
            + f" {each['Properties']['VpcEndpointType']}": each["Properties"]
            for each in resources(made, "AWS::EC2::VPCEndpoint").values()
        }

    def test_s3_answers_inside_the_vpc_beside_a_gateway(self, tmp_path: Path) -> None:
        made = self.endpoints(tmp_path, ("s3",), ("s3",))
        assert set(made) == {"s3 Gateway", "s3 Interface"}
        interface = made["s3 Interface"]
        assert interface["DnsOptions"] == {"PrivateDnsOnlyForInboundResolverEndpoint": "AllResolvers"}
        assert interface["PrivateDnsEnabled"] is True

    def test_only_principals_of_the_account_pass(self, tmp_path: Path) -> None:
        made = self.endpoints(tmp_path, (), ("bedrock-runtime", "sagemaker.runtime"))
        actions = {name: each["PolicyDocument"]["Statement"][0]["Action"] for name, each in made.items()}
        assert actions == {"bedrock-runtime Interface": "bedrock:*", "sagemaker.runtime Interface": "sagemaker:*"}
        (statement,) = made["bedrock-runtime Interface"]["PolicyDocument"]["Statement"]
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
        assert "DnsOptions" not in made["bedrock-runtime Interface"]

    def test_one_that_is_declared_is_made_once(self, tmp_path: Path) -> None:
        made = self.endpoints(tmp_path, ("lambda",), ("lambda",))
        assert set(made) == {"lambda Interface"}
        assert made["lambda Interface"]["PolicyDocument"]["Statement"][0]["Action"] == "lambda:*"

    def test_each_service_has_a_group_of_its_own(self, tmp_path: Path) -> None:
        made = self.endpoints(tmp_path, ("ssm", "kms"), ("lambda", "s3"))
        groups = {name.split()[0]: json.dumps(each["SecurityGroupIds"]) for name, each in made.items()}
        assert groups["ssm"] == groups["kms"]
        assert len(set(groups.values())) == 3
