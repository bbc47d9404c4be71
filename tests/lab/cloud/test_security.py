"""Encryption, credentials, sources, proxy and Data API: what the embedded AWS shows of them after a deploy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.rds.models import rds_backends

from estate.load import load_text
from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.cloudformation.transforms import NOT_RUN
from lab.cloud.secrets.models import HOSTED
from stacks.compose import compose
from tests.lab.cloud.conftest import REGION, Aws
from tests.support.synthesis import Template, synthesize

ELSEWHERE = "us-east-1"
ESTATE = """\
estate: bank
defaults: "2026-11"
regions: [eu-west-1]
protection: false
aurora:
  orders:
    engine: aurora-postgresql
    version: "17.7"
    data_api: true
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}, c: {class: db.r8g.large}}
    allow_from: {app: {cidr: 10.0.9.7/32}}
    proxy: {users: [web, reports], max_connections_percent: 80}
  catalog:
    engine: aurora-mysql
    version: 8.0.mysql_aurora.3.10.0
    database: catalog
    master_authentication: own-secret
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
  ledger:
    engine: aurora-postgresql
    version: "17.7"
    master_authentication: iam
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
"""
SECRET = "aurora-estate/bank-catalog/master"
Templates = dict[str, Template]


def synthesized(out: Path, text: str) -> Templates:
    """Templates of an estate, the network's first."""
    found = synthesize(out, lambda app: compose(app, load_text(text).estate))
    return dict(sorted(found.items(), key=lambda item: not item[0].endswith("-network")))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return synthesized(tmp_path_factory.mktemp("bank"), ESTATE)


@pytest.fixture(scope="module")
def bank(templates: Templates) -> Aws:
    """The estate, deployed; tests of this module only read it, or put back what they change."""
    aws = Aws()
    for name, template in templates.items():
        stack = aws.deploy(name, template)
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)
    return aws


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def outputs(aws: Aws, stack: str) -> dict[str, str]:
    shown = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in shown["Outputs"]}


def key_of(aws: Aws, stack: str) -> str:
    """ARN of the customer managed key that the stack made."""
    resources = aws("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    (key,) = (each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::KMS::Key")
    return str(aws("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"])


# --- the key, wherever data lies


def test_one_key_encrypts_cluster_readers_insights_secret_and_logs(bank: Aws) -> None:
    key, rds = key_of(bank, "bank-aurora-orders"), bank("rds")
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier="bank-orders")["DBClusters"]
    assert (cluster["StorageEncrypted"], cluster["KmsKeyId"]) == (True, key)
    assert cluster["MasterUserSecret"]["KmsKeyId"] == key
    members = [m["DBInstanceIdentifier"] for m in cluster["DBClusterMembers"]]
    assert len(members) == 3
    for name in members:
        (instance,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        assert (instance["StorageEncrypted"], instance["KmsKeyId"]) == (True, key), name
        assert instance["PerformanceInsightsKMSKeyId"] == key, name
        assert instance["PubliclyAccessible"] is False, name
    secret = bank("secretsmanager").describe_secret(SecretId=cluster["MasterUserSecret"]["SecretArn"])
    assert secret["KmsKeyId"] == key
    groups = bank("logs").describe_log_groups(logGroupNamePrefix="/aws/rds/")["logGroups"]
    of_orders = {group["logGroupName"]: group["kmsKeyId"] for group in groups if "bank-orders" in group["logGroupName"]}
    assert of_orders == {
        "/aws/rds/cluster/bank-orders/postgresql": key,
        "/aws/rds/proxy/bank-orders": key,
    }


def test_the_key_of_a_stacks_own_secret_is_the_clusters(bank: Aws) -> None:
    assert bank("secretsmanager").describe_secret(SecretId=SECRET)["KmsKeyId"] == key_of(bank, "bank-aurora-catalog")


def test_automated_and_manual_snapshots_have_the_clusters_key(bank: Aws) -> None:
    key, rds = key_of(bank, "bank-aurora-orders"), bank("rds")
    rds_backends[ACCOUNT_ID][REGION].back_up("bank-orders")  # as in the backup window, for which the lab has no clock
    rds.create_db_cluster_snapshot(DBClusterIdentifier="bank-orders", DBClusterSnapshotIdentifier="by-hand")
    kinds = {}
    for snapshot in rds.describe_db_cluster_snapshots(DBClusterIdentifier="bank-orders")["DBClusterSnapshots"]:
        kinds[snapshot["SnapshotType"]] = (snapshot["StorageEncrypted"], snapshot["KmsKeyId"])
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="by-hand")
    assert kinds == {"automated": (True, key), "manual": (True, key)}


def test_a_copy_in_another_region_has_the_key_of_that_region(bank: Aws) -> None:
    there = client("rds", ELSEWHERE)
    key = client("kms", ELSEWHERE).create_key()["KeyMetadata"]["Arn"]
    made = bank("rds").create_db_cluster_snapshot(
        DBClusterIdentifier="bank-orders", DBClusterSnapshotIdentifier="to-copy"
    )["DBClusterSnapshot"]
    copy = there.copy_db_cluster_snapshot(
        SourceDBClusterSnapshotIdentifier=made["DBClusterSnapshotArn"],
        TargetDBClusterSnapshotIdentifier="copied",
        KmsKeyId=key,
        SourceRegion="eu-west-1",
    )["DBClusterSnapshot"]
    (shown,) = there.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="copied")["DBClusterSnapshots"]
    bank("rds").delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="to-copy")
    assert (shown["StorageEncrypted"], shown["KmsKeyId"]) == (True, key)
    assert copy["KmsKeyId"] == key
    assert shown["SourceDBClusterSnapshotArn"] == made["DBClusterSnapshotArn"]
    assert shown["DBClusterSnapshotArn"].split(":")[3] == ELSEWHERE


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(None, "InvalidParameterCombination", id="no-key"),
        pytest.param("source", "KMSKeyNotAccessibleFault", id="the-key-of-the-source"),
    ],
)
def test_an_encrypted_copy_to_another_region_needs_a_key_of_that_region(
    bank: Aws, key: str | None, expected: str
) -> None:
    """CopyDBClusterSnapshot.KmsKeyId: "To copy an encrypted DB cluster snapshot to another Amazon Web Services Region,
    you must set KmsKeyId to the Amazon Web Services KMS key identifier [...] in the destination Region".
    """
    made = bank("rds").create_db_cluster_snapshot(
        DBClusterIdentifier="bank-orders", DBClusterSnapshotIdentifier="to-refuse"
    )["DBClusterSnapshot"]
    given = {"KmsKeyId": key_of(bank, "bank-aurora-orders")} if key else {}
    with pytest.raises(ClientError) as caught:
        client("rds", ELSEWHERE).copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=made["DBClusterSnapshotArn"],
            TargetDBClusterSnapshotIdentifier="refused",
            **given,
        )
    bank("rds").delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="to-refuse")
    assert code(caught) == expected


def test_a_copy_cannot_encrypt_what_was_not(bank: Aws) -> None:
    """CopyDBClusterSnapshot: "If you copy an unencrypted DB cluster snapshot and specify a value for the KmsKeyId
    parameter, an error is returned".
    """
    rds = bank("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="plain",
        Engine="aurora-postgresql",
        MasterUsername="dba",
        MasterUserPassword="secret-enough",
    )
    rds.create_db_cluster_snapshot(DBClusterIdentifier="plain", DBClusterSnapshotIdentifier="plain-1")
    with pytest.raises(ClientError) as caught:
        rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier="plain-1",
            TargetDBClusterSnapshotIdentifier="plain-2",
            KmsKeyId=key_of(bank, "bank-aurora-orders"),
        )
    rds.delete_db_cluster(DBClusterIdentifier="plain", SkipFinalSnapshot=True)
    assert code(caught) == "InvalidParameterCombination"


# --- credentials


def test_an_own_secret_holds_what_logs_in_and_where(bank: Aws) -> None:
    (cluster,) = bank("rds").describe_db_clusters(DBClusterIdentifier="bank-catalog")["DBClusters"]
    value = json.loads(bank("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"])
    password = value.pop("password")
    assert len(password) == 40
    assert value == {
        "username": "dbadmin",
        "engine": "mysql",
        "host": cluster["Endpoint"],
        "port": 3307,
        "dbname": "catalog",
        "dbClusterIdentifier": "bank-catalog",
    }
    assert "MasterUserSecret" not in cluster
    assert outputs(bank, "bank-aurora-catalog")["SecretArn"].split(":secret:")[1].startswith(SECRET)


def test_the_lab_keeps_a_rotation_schedule_and_says_that_it_runs_nothing(bank: Aws) -> None:
    secret = bank("secretsmanager").describe_secret(SecretId=SECRET)
    assert (secret["RotationEnabled"], secret["RotationRules"]) == (True, {"ScheduleExpression": "rate(7 days)"})
    assert secret["RotationLambdaARN"].endswith(f":{HOSTED}")
    assert NOT_RUN in bank.reasons("bank-aurora-catalog")


def test_rotating_with_a_function_that_is_not_there_is_refused_by_name(bank: Aws) -> None:
    before = bank("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
    with pytest.raises(ClientError, match="does not run hosted rotation functions") as caught:
        bank("secretsmanager").rotate_secret(SecretId=SECRET)
    assert code(caught) == "InvalidRequestException"
    assert bank("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"] == before


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"ScheduleExpression": "every week"}, id="form"),
        pytest.param({"ScheduleExpression": "rate(7 days)", "AutomaticallyAfterDays": 7}, id="both"),
    ],
)
def test_a_schedule_that_secrets_manager_refuses_is_refused(bank: Aws, rules: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        bank("secretsmanager").rotate_secret(SecretId=SECRET, RotationRules=rules, RotateImmediately=False)
    assert code(caught) == "InvalidParameterException"


def test_an_iam_master_user_has_neither_secret_nor_output_of_one(bank: Aws) -> None:
    (cluster,) = bank("rds").describe_db_clusters(DBClusterIdentifier="bank-ledger")["DBClusters"]
    assert cluster["IAMDatabaseAuthenticationEnabled"] is True
    assert "MasterUserSecret" not in cluster
    assert "SecretArn" not in outputs(bank, "bank-aurora-ledger")


@pytest.mark.parametrize(
    ("engine", "more"),
    [
        pytest.param("aurora-mysql", {}, id="mysql"),
        pytest.param("aurora-postgresql", {"MasterUserPassword": "secret-enough"}, id="password-too"),
        pytest.param("aurora-postgresql", {"ManageMasterUserPassword": True}, id="managed-too"),
    ],
)
def test_an_iam_master_user_is_postgresqls_and_has_no_password(bank: Aws, engine: str, more: dict[str, Any]) -> None:
    """CreateDBCluster.MasterUserAuthenticationType: "only valid for RDS for PostgreSQL and Aurora PostgreSQL"."""
    with pytest.raises(ClientError) as caught:
        bank("rds").create_db_cluster(
            DBClusterIdentifier="refused",
            Engine=engine,
            MasterUsername="dba",
            MasterUserAuthenticationType="iam-db-auth",
            **more,
        )
    assert code(caught) == "InvalidParameterCombination"


# --- sources


def test_a_source_may_connect_to_one_port_of_the_cluster(bank: Aws) -> None:
    group = outputs(bank, "bank-aurora-orders")["SecurityGroupId"]
    (shown,) = bank("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    rules = {
        (rule["FromPort"], rule["ToPort"], each["CidrIp"], each["Description"])
        for rule in shown["IpPermissions"]
        for each in rule["IpRanges"]
    }
    assert rules == {(5433, 5433, "10.0.9.7/32", "app may connect")}


# --- proxy


def test_a_proxy_is_shown_as_it_was_declared(bank: Aws) -> None:
    (proxy,) = bank("rds").describe_db_proxies(DBProxyName="bank-orders")["DBProxies"]
    expected = {
        "DefaultAuthScheme": "IAM_AUTH",
        "Auth": [],
        "EngineFamily": "POSTGRESQL",
        "IdleClientTimeout": 1800,
        "RequireTLS": True,
        "Status": "available",
    }
    assert expected.items() <= proxy.items()
    shown = outputs(bank, "bank-aurora-orders")
    assert (shown["ProxyEndpoint"], shown["ProxyPort"]) == (proxy["Endpoint"], "5432")
    (group,) = bank("rds").describe_db_proxy_target_groups(DBProxyName="bank-orders")["TargetGroups"]
    assert group["ConnectionPoolConfig"]["MaxConnectionsPercent"] == 80
    assert "prx-" in proxy["DBProxyArn"]


def test_its_targets_follow_a_failover(bank: Aws) -> None:
    rds = bank("rds")

    def writer() -> str:
        targets = rds.describe_db_proxy_targets(DBProxyName="bank-orders")["Targets"]
        assert {target["Type"] for target in targets} == {"TRACKED_CLUSTER", "RDS_INSTANCE"}
        (name,) = (target["RdsResourceId"] for target in targets if target.get("Role") == "READ_WRITE")
        return str(name)

    before = writer()
    rds.failover_db_cluster(DBClusterIdentifier="bank-orders", TargetDBInstanceIdentifier="bank-orders-b")
    assert (before, writer()) == ("bank-orders-a", "bank-orders-b")


def test_its_reader_endpoint_reads_only(bank: Aws) -> None:
    (endpoint,) = bank("rds").describe_db_proxy_endpoints(DBProxyName="bank-orders")["DBProxyEndpoints"]
    assert (endpoint["DBProxyEndpointName"], endpoint["TargetRole"]) == ("bank-orders-reader", "READ_ONLY")
    assert outputs(bank, "bank-aurora-orders")["ProxyReaderEndpoint"] == endpoint["Endpoint"]


def test_its_role_logs_in_as_two_users_of_one_cluster(bank: Aws) -> None:
    (proxy,) = bank("rds").describe_db_proxies(DBProxyName="bank-orders")["DBProxies"]
    (cluster,) = bank("rds").describe_db_clusters(DBClusterIdentifier="bank-orders")["DBClusters"]
    iam, role = bank("iam"), proxy["RoleArn"].rsplit("/", 1)[1]
    (policy,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
    (statement,) = document["Statement"]
    prefix = f"arn:aws:rds-db:eu-west-1:123456789012:dbuser:{cluster['DbClusterResourceId']}"
    assert statement == {
        "Effect": "Allow",
        "Action": "rds-db:connect",
        "Resource": [f"{prefix}/web", f"{prefix}/reports"],
    }


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        ("describe_db_proxies", {"DBProxyName": "none"}, "DBProxyNotFoundFault"),
        ("delete_db_proxy", {"DBProxyName": "none"}, "DBProxyNotFoundFault"),
        ("describe_db_proxy_endpoints", {"DBProxyEndpointName": "none"}, "DBProxyEndpointNotFoundFault"),
        ("describe_db_proxy_targets", {"DBProxyName": "none"}, "DBProxyNotFoundFault"),
        (
            "register_db_proxy_targets",
            {"DBProxyName": "bank-orders", "DBClusterIdentifiers": ["bank-ledger"]},
            "DBProxyTargetAlreadyRegisteredFault",
        ),
        (
            "register_db_proxy_targets",
            {"DBProxyName": "bank-orders", "DBClusterIdentifiers": ["none"]},
            "DBClusterNotFoundFault",
        ),
        (
            "modify_db_proxy_target_group",
            {
                "DBProxyName": "bank-orders",
                "TargetGroupName": "default",
                "ConnectionPoolConfig": {"ConnectionBorrowTimeout": 301},
            },
            "InvalidParameterValue",
        ),
        ("modify_db_proxy", {"DBProxyName": "bank-orders", "DefaultAuthScheme": "NONE"}, "InvalidParameterCombination"),
        ("enable_http_endpoint", {"ResourceArn": "arn:aws:rds:eu-west-1:1:cluster:x"}, "ResourceNotFoundFault"),
    ],
)
def test_what_rds_refuses_of_proxies_and_the_data_api(
    bank: Aws, operation: str, given: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(bank("rds"), operation)(**given)
    assert code(caught) == expected


# --- Data API


def test_the_data_api_is_on_where_it_is_declared(bank: Aws) -> None:
    shown = {
        each["DBClusterIdentifier"]: each["HttpEndpointEnabled"]
        for each in bank("rds").describe_db_clusters()["DBClusters"]
    }
    assert shown == {"bank-orders": True, "bank-catalog": False, "bank-ledger": False}
