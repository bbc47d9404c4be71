"""What each way to log in puts into the template."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.foundation.placement import Placement
from estate.aurora import AuroraSpec
from tests.support.specs import mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, only, resources, synthesize_one

PLACE = Placement(
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    availability_zones=["eu-west-1a", "eu-west-1b"],
    endpoint_security_group_id="sg-0123456789abcdef9",
)
GROUP = {"Fn::GetAtt": ["AuroraSecurityGroup014E0881", "GroupId"]}
ROTATION = {"Fn::GetAtt": ["AuroraRotationSecurityGroupD4FBD39C", "GroupId"]}
KEY = {"Fn::GetAtt": ["AuroraEncryptionKey3E769288", "Arn"]}


def cluster(stack: cdk.Stack, spec: AuroraSpec, **arguments: Any) -> AuroraCluster:
    return AuroraCluster(stack, "Aurora", identifier=f"shop-{spec.name}", spec=spec, vpc=PLACE, **arguments)


def with_role(spec: AuroraSpec, grant: Callable[[AuroraCluster, iam.IGrantable], object]) -> Any:
    def define(stack: cdk.Stack) -> None:
        role = iam.Role(stack, "App", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        grant(cluster(stack, spec), role)

    return define


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Template:
    spec = mysql(master_authentication="own-secret")
    grant = with_role(spec, lambda made, role: made.grant_secret_read(role))
    return synthesize_one(tmp_path_factory.mktemp("own"), grant)


def test_a_secret_of_the_stacks_own_is_named_encrypted_and_kept(own: Template) -> None:
    ((logical_id, secret),) = resources(own, "AWS::SecretsManager::Secret").items()
    assert logical_id == "AuroraOwnSecret4EE70AF6"  # it holds data: another id would be another password
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert secret["Properties"]["Name"] == "aurora-estate/shop-catalog/master"
    assert secret["Properties"]["KmsKeyId"] == KEY
    made = secret["Properties"]["GenerateSecretString"]
    assert (json.loads(made["SecretStringTemplate"]), made["GenerateStringKey"]) == (
        {"username": "dbadmin"},
        "password",
    )
    assert made["PasswordLength"] <= 41  # Aurora MySQL's most
    assert set("/'\"@") <= set(made["ExcludeCharacters"])


def test_the_cluster_resolves_the_password_and_waits_for_the_secret(own: Template) -> None:
    ((_, made),) = resources(own, "AWS::RDS::DBCluster").items()
    properties = made["Properties"]
    assert properties["MasterUserPassword"] == (
        "{{resolve:secretsmanager:aurora-estate/shop-catalog/master:SecretString:password}}"
    )
    assert properties["MasterUsername"] == "dbadmin"
    assert not {"ManageMasterUserPassword", "MasterUserSecret", "MasterUserAuthenticationType"} & set(properties)
    assert "AuroraOwnSecret4EE70AF6" in made["DependsOn"]


def test_a_hosted_function_rotates_it_every_seven_days(own: Template) -> None:
    assert own["Transform"] == "AWS::SecretsManager-2024-09-16"
    ((_, schedule),) = resources(own, "AWS::SecretsManager::RotationSchedule").items()
    properties = schedule["Properties"]
    assert properties["SecretId"] == {"Ref": "AuroraOwnSecret4EE70AF6"}
    assert properties["RotationRules"] == {"ScheduleExpression": "rate(7 days)"}
    function = properties["HostedRotationLambda"]
    assert (function["RotationType"], function["KmsKeyArn"]) == ("MySQLSingleUser", KEY)
    assert function["VpcSubnetIds"] == "subnet-0123456789abcdef0,subnet-0123456789abcdef1"
    assert function["VpcSecurityGroupIds"] == ROTATION
    assert (
        function["ExcludeCharacters"]
        == only(own, "AWS::SecretsManager::Secret")["GenerateSecretString"]["ExcludeCharacters"]
    )
    instances = set(resources(own, "AWS::RDS::DBInstance"))
    attachment = set(resources(own, "AWS::SecretsManager::SecretTargetAttachment"))
    assert instances | attachment <= set(schedule["DependsOn"])


def test_the_function_reaches_the_database_and_the_endpoint_and_nothing_else(own: Template) -> None:
    egress = resources(own, "AWS::EC2::SecurityGroup")["AuroraRotationSecurityGroupD4FBD39C"]["Properties"][
        "SecurityGroupEgress"
    ]
    assert [(rule["DestinationSecurityGroupId"], rule["FromPort"], rule["ToPort"]) for rule in egress] == [
        (GROUP, 3307, 3307),
        ("sg-0123456789abcdef9", 443, 443),
    ]
    ingress = only(own, "AWS::EC2::SecurityGroupIngress")
    assert (ingress["GroupId"], ingress["SourceSecurityGroupId"]) == (GROUP, ROTATION)
    assert (ingress["FromPort"], ingress["ToPort"]) == (3307, 3307)


def test_the_grant_reads_the_stacks_own_secret(own: Template) -> None:
    read, decrypt = only(own, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert read["Resource"] == {"Ref": "AuroraOwnSecret4EE70AF6"}
    assert decrypt["Resource"] == KEY


def test_postgresql_is_rotated_by_a_function_of_its_own_kind(tmp_path: Path) -> None:
    spec = postgresql(master_authentication="own-secret")
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, spec))
    function = only(made, "AWS::SecretsManager::RotationSchedule")["HostedRotationLambda"]
    assert function["RotationType"] == "PostgreSQLSingleUser"


def test_a_rehearsals_secret_goes_with_its_stack(tmp_path: Path) -> None:
    spec = mysql(master_authentication="own-secret")
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, spec, retain=False))
    (secret,) = resources(made, "AWS::SecretsManager::Secret").values()
    assert secret["DeletionPolicy"] == "Delete"


def test_an_own_secret_without_a_way_to_secrets_manager_is_refused(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        spec = mysql(master_authentication="own-secret")
        AuroraCluster(stack, "Aurora", identifier="shop-catalog", spec=spec, vpc=vpc_of_the_caller(stack))

    with pytest.raises(ValueError, match="endpoint_security_group_id must be given"):
        synthesize_one(tmp_path, define)


def test_an_iam_master_user_has_no_password_and_no_secret(tmp_path: Path) -> None:
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, postgresql(master_authentication="iam")))
    properties = only(made, "AWS::RDS::DBCluster")
    assert properties["MasterUserAuthenticationType"] == "iam-db-auth"
    assert properties["EnableIAMDatabaseAuthentication"] is True
    assert not {"MasterUserPassword", "ManageMasterUserPassword", "MasterUserSecret"} & set(properties)
    assert "Transform" not in made


def test_asking_an_iam_master_users_cluster_for_its_secret_says_what_to_do(tmp_path: Path) -> None:
    grant = with_role(postgresql(master_authentication="iam"), lambda made, role: made.grant_secret_read(role))
    with pytest.raises(ValueError, match=r"shop-orders: master_authentication must be .* got iam; let a principal"):
        synthesize_one(tmp_path, grant)


def test_the_data_api_is_granted_on_one_cluster_with_its_secret(tmp_path: Path) -> None:
    grant = with_role(postgresql(data_api=True), lambda made, role: made.grant_data_api(role))
    made = synthesize_one(tmp_path, grant)
    assert only(made, "AWS::RDS::DBCluster")["EnableHttpEndpoint"] is True
    run, read, _decrypt = only(made, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    assert run["Resource"] == {"Fn::GetAtt": ["AuroraCluster2778A36C", "DBClusterArn"]}
    assert {action.partition(":")[0] for action in run["Action"]} == {"rds-data"}
    assert read["Resource"] == {"Fn::GetAtt": ["AuroraCluster2778A36C", "MasterUserSecret.SecretArn"]}


def test_the_data_api_is_granted_only_where_it_is_on(tmp_path: Path) -> None:
    grant = with_role(postgresql(), lambda made, role: made.grant_data_api(role))
    with pytest.raises(ValueError, match="data_api must be on to grant it, got false"):
        synthesize_one(tmp_path, grant)


def test_without_it_the_property_is_left_out(tmp_path: Path) -> None:
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, postgresql()))
    assert "EnableHttpEndpoint" not in only(made, "AWS::RDS::DBCluster")


def test_each_source_gets_one_rule_for_one_port(tmp_path: Path) -> None:
    allow = {
        "app": {"security_group": "sg-0123456789abcdef1"},
        "lists": {"prefix_list": "pl-0123456789abcdef2"},
        "ops": {"cidr": "10.0.0.4/32"},
    }
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, postgresql(allow_from=allow)))
    rules = [rule["Properties"] for rule in resources(made, "AWS::EC2::SecurityGroupIngress").values()]
    assert {(rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) for rule in rules} == {(5433, 5433, "tcp")}
    assert [rule["GroupId"] for rule in rules] == [GROUP] * 3
    sources = [
        {name: value for name, value in rule.items() if name.startswith(("Source", "Cidr", "Desc"))} for rule in rules
    ]
    assert sources == [
        {"Description": "app may connect", "SourceSecurityGroupId": "sg-0123456789abcdef1"},
        {"Description": "lists may connect", "SourcePrefixListId": "pl-0123456789abcdef2"},
        {"Description": "ops may connect", "CidrIp": "10.0.0.4/32"},
    ]


@pytest.mark.parametrize(
    ("spec", "required"),
    [
        pytest.param(postgresql(), {"rds.force_ssl": "1"}, id="postgresql"),
        pytest.param(mysql(), {"require_secure_transport": "ON"}, id="mysql-8.0"),
        pytest.param(mysql(version="8.4.mysql_aurora.8.4.7"), {"require_secure_transport": "ON"}, id="mysql-8.4"),
    ],
)
def test_tls_is_required_by_a_parameter_of_each_engine_family(
    tmp_path: Path, spec: AuroraSpec, required: dict[str, str]
) -> None:
    made = synthesize_one(tmp_path, lambda stack: cluster(stack, spec))
    group = only(made, "AWS::RDS::DBClusterParameterGroup")
    assert required.items() <= group["Parameters"].items()
