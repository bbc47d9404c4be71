"""The proxy before a cluster: who comes in, what it may log in with, where it listens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from constructs_lib.aurora.cluster import AuroraCluster
from estate.aurora import AuroraSpec
from tests.constructs_lib.aurora.test_credentials import GROUP, KEY, cluster
from tests.support.specs import mysql, postgresql
from tests.support.synthesis import Template, only, resources, synthesize_one

PROXY_GROUP = {"Fn::GetAtt": ["AuroraProxySecurityGroup5E727947", "GroupId"]}
USERS = {"users": ["web", "reports"]}
MASTER = ["aurora/proxy-master"]


def template(out: Path, spec: AuroraSpec) -> Template:
    return synthesize_one(out, lambda stack: cluster(stack, spec))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    spec = postgresql(proxy=USERS, allow_from={"app": {"security_group": "sg-0123456789abcdef1"}})
    return template(tmp_path_factory.mktemp("users"), spec)


@pytest.fixture(scope="module")
def of_master(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return template(tmp_path_factory.mktemp("master"), mysql(proxy={}, acknowledge=MASTER))


def test_it_takes_iam_and_tls_only(made: Template) -> None:
    proxy = only(made, "AWS::RDS::DBProxy")
    expected = {
        "DBProxyName": "shop-orders",
        "DebugLogging": False,
        "DefaultAuthScheme": "IAM_AUTH",
        "EngineFamily": "POSTGRESQL",
        "IdleClientTimeout": 1800,
        "RequireTLS": True,
    }
    assert expected.items() <= proxy.items()
    assert "Auth" not in proxy


def test_it_may_log_in_as_the_users_named_and_as_nobody_else(made: Template) -> None:
    (statement,) = only(made, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == "rds-db:connect"
    patterns = [resource["Fn::Sub"][0].rsplit(":", 1)[1] for resource in statement["Resource"]]
    assert patterns == ["${ResourceId}/web", "${ResourceId}/reports"]
    of = {"ResourceId": {"Fn::GetAtt": ["AuroraCluster2778A36C", "DBClusterResourceId"]}}
    assert all(resource["Fn::Sub"][1] == of for resource in statement["Resource"])


def test_without_users_it_reads_one_secret_through_secrets_manager(of_master: Template) -> None:
    read, decrypt = only(of_master, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    secret = {"Fn::GetAtt": ["AuroraCluster2778A36C", "MasterUserSecret.SecretArn"]}
    assert (read["Action"], read["Resource"]) == ("secretsmanager:GetSecretValue", secret)
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", KEY)
    assert set(decrypt["Condition"]["StringEquals"]) == {"kms:ViaService"}
    proxy = only(of_master, "AWS::RDS::DBProxy")
    assert (proxy["EngineFamily"], proxy["DefaultAuthScheme"]) == ("MYSQL", "NONE")
    (auth,) = proxy["Auth"]
    assert (auth["AuthScheme"], auth["IAMAuth"], auth["SecretArn"]) == ("SECRETS", "REQUIRED", secret)


def test_an_own_secret_is_what_it_logs_in_with_where_there_is_one(tmp_path: Path) -> None:
    spec = mysql(master_authentication="own-secret", proxy={}, acknowledge=MASTER)
    (auth,) = only(template(tmp_path, spec), "AWS::RDS::DBProxy")["Auth"]
    assert auth["SecretArn"] == {"Ref": "AuroraOwnSecret4EE70AF6"}


def test_its_group_lets_the_sources_in_and_reaches_the_cluster_only(made: Template) -> None:
    group = resources(made, "AWS::EC2::SecurityGroup")["AuroraProxySecurityGroup5E727947"]["Properties"]
    (out,) = group["SecurityGroupEgress"]
    assert (out["DestinationSecurityGroupId"], out["FromPort"], out["ToPort"]) == (GROUP, 5433, 5433)
    rules = {
        key: (
            rule["Properties"]["GroupId"],
            rule["Properties"]["SourceSecurityGroupId"],
            rule["Properties"]["FromPort"],
        )
        for key, rule in resources(made, "AWS::EC2::SecurityGroupIngress").items()
    }
    assert rules == {
        "AuroraAllowApp66272F50": (GROUP, "sg-0123456789abcdef1", 5433),
        "AuroraProxyIngress29290361": (GROUP, PROXY_GROUP, 5433),
        "AuroraProxyAllowApp07834185": (PROXY_GROUP, "sg-0123456789abcdef1", 5432),
    }


def test_it_listens_on_the_engines_own_port_whatever_the_clusters_is(of_master: Template, tmp_path: Path) -> None:
    """Aurora guide, "Quotas and limitations for RDS Proxy": all listen on 3306 for MySQL, 5432 for PostgreSQL."""
    (out,) = resources(of_master, "AWS::EC2::SecurityGroup")["AuroraProxySecurityGroup5E727947"]["Properties"][
        "SecurityGroupEgress"
    ]
    assert out["FromPort"] == 3307
    ports: list[Any] = []

    def define(stack: cdk.Stack) -> None:
        proxy = cluster(stack, mysql(proxy=USERS)).proxy
        assert proxy is not None
        rules = proxy.connections
        assert rules is proxy.connections
        ports.append((proxy.port, None if rules.default_port is None else rules.default_port.to_string()))

    synthesize_one(tmp_path, define)
    assert ports == [(3306, "3306")]


def test_the_pool_is_set_and_the_target_is_there_when_the_stack_is(tmp_path: Path) -> None:
    spec = postgresql(proxy={**USERS, "max_connections_percent": 80, "borrow_timeout_s": 0})
    ((_, group),) = resources(template(tmp_path, spec), "AWS::RDS::DBProxyTargetGroup").items()
    assert group["Properties"]["ConnectionPoolConfigurationInfo"] == {
        "ConnectionBorrowTimeout": 0,
        "MaxConnectionsPercent": 80,
    }
    assert group["Properties"]["DBClusterIdentifiers"] == [{"Ref": "AuroraCluster2778A36C"}]
    assert {"AuroraInstanceA00AFE162", "AuroraInstanceB066D9AC8"} <= set(group["DependsOn"])


def test_readers_have_an_endpoint_of_their_own_unless_it_is_off(made: Template, tmp_path: Path) -> None:
    endpoint = only(made, "AWS::RDS::DBProxyEndpoint")
    assert (endpoint["DBProxyEndpointName"], endpoint["TargetRole"]) == ("shop-orders-reader", "READ_ONLY")
    without = template(tmp_path, postgresql(proxy={**USERS, "reader_endpoint": False}))
    assert resources(without, "AWS::RDS::DBProxyEndpoint") == {}


def test_its_log_group_comes_first_under_the_clusters_key(made: Template) -> None:
    groups = resources(made, "AWS::Logs::LogGroup")
    ((key, group),) = ((k, g) for k, g in groups.items() if "/proxy/" in g["Properties"]["LogGroupName"])
    assert group["Properties"]["KmsKeyId"] == KEY
    (proxy,) = resources(made, "AWS::RDS::DBProxy").values()
    assert key in proxy["DependsOn"]
    logs = next(s for s in only(made, "AWS::KMS::Key")["KeyPolicy"]["Statement"] if s["Sid"] == "LogsOfTheseGroups")
    arns = str(logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"])
    assert "/aws/rds/proxy/shop-orders" in arns


def test_a_grant_names_the_resource_id_of_the_proxy_and_not_the_clusters(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        proxy = cluster(stack, postgresql(proxy=USERS)).proxy
        assert proxy is not None
        role = iam.Role(stack, "App", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        proxy.grant_connect(role, "web").assert_success()

    (statement,) = only(synthesize_one(tmp_path, define), "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    pattern, of = statement["Resource"]["Fn::Sub"]
    assert pattern.endswith(":dbuser:${ResourceId}/web")
    arn = {"Fn::GetAtt": ["AuroraProxy26C65DE9", "DBProxyArn"]}
    assert of == {"ResourceId": {"Fn::Select": [6, {"Fn::Split": [":", arn]}]}}


def test_a_cluster_without_one_has_none(tmp_path: Path) -> None:
    seen: list[AuroraCluster] = []
    synthesize_one(tmp_path, lambda stack: seen.append(cluster(stack, postgresql())))
    assert seen[0].proxy is None
