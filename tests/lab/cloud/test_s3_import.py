"""RestoreDBClusterFromS3: what is looked at. API reference; Aurora User Guide, physical migration; facts C17."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.rds import s3_import
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_rds import code, shown

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/import"
GIVEN: dict[str, Any] = {
    "DBClusterIdentifier": "new",
    "Engine": "aurora-mysql",
    "EngineVersion": "8.0.mysql_aurora.3.10.0",
    "SourceEngine": "mysql",
    "SourceEngineVersion": "8.0.42",
    "S3BucketName": "dumps",
    "S3Prefix": "full/",
    "S3IngestionRoleArn": ROLE,
    "MasterUsername": "dba",
    "ManageMasterUserPassword": True,
}


def trust(service: str) -> str:
    return json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    )


def prepared(aws: Aws) -> Any:
    """A bucket with files, one elsewhere, two roles; gives the RDS client."""
    s3 = aws("s3")
    for bucket, region in (("dumps", REGION), ("empty", REGION), ("elsewhere", "eu-central-1")):
        s3 = client("s3", region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    for bucket in ("dumps", "elsewhere"):
        for name in ("full/xtrabackup_info", "full/ibdata1", "other/ibdata1"):
            aws("s3").put_object(Bucket=bucket, Key=name, Body=b"x" * 10)
    for name, service in (("import", "rds.amazonaws.com"), ("other", "ec2.amazonaws.com")):
        aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    return aws("rds")


def test_a_cluster_without_instances_whose_password_rds_manages(aws: Aws) -> None:
    rds = prepared(aws)
    rds.restore_db_cluster_from_s3(**GIVEN)
    found = shown(rds, "new")
    assert (found["Engine"], found["EngineVersion"]) == ("aurora-mysql", GIVEN["EngineVersion"])
    assert (found["Status"], found["DBClusterMembers"], found["MasterUsername"]) == ("available", [], "dba")
    assert found["MasterUserSecret"]["SecretArn"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"Engine": "aurora-postgresql"}, "InvalidParameterCombination", id="postgresql"),
        pytest.param({"SourceEngine": "mariadb"}, "InvalidParameterValue", id="mariadb"),
        pytest.param({"SourceEngineVersion": "5.6.51"}, "InvalidParameterValue", id="mysql-5.6"),
        pytest.param({"SourceEngineVersion": "8.0.43"}, "InvalidParameterCombination", id="backwards"),
        pytest.param({"SourceEngineVersion": "5.7.44"}, "InvalidParameterCombination", id="another-major"),
        pytest.param({"S3BucketName": "nope"}, "InvalidS3BucketFault", id="no-bucket"),
        pytest.param({"S3BucketName": "elsewhere"}, "InvalidS3BucketFault", id="bucket-elsewhere"),
        pytest.param({"S3BucketName": "empty"}, "InvalidS3BucketFault", id="empty-bucket"),
        pytest.param({"S3Prefix": "nope/"}, "InvalidS3BucketFault", id="no-file"),
        pytest.param({"S3IngestionRoleArn": ROLE + "er"}, "InvalidS3BucketFault", id="no-role"),
        pytest.param(
            {"S3IngestionRoleArn": ROLE.replace("import", "other")}, "InvalidS3BucketFault", id="anothers-role"
        ),
        pytest.param({"ManageMasterUserPassword": False}, "InvalidParameterValue", id="no-password"),
    ],
)
def test_refusals(aws: Aws, changes: dict[str, Any], expected: str) -> None:
    rds = prepared(aws)
    assert code(rds.restore_db_cluster_from_s3, **{**GIVEN, **changes}) == expected
    assert not rds.describe_db_clusters()["DBClusters"]


def test_a_name_that_is_taken(aws: Aws) -> None:
    rds = prepared(aws)
    rds.restore_db_cluster_from_s3(**GIVEN)
    assert code(rds.restore_db_cluster_from_s3, **GIVEN) == "DBClusterAlreadyExistsFault"


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 1), ("MAX_BYTES", 15), ("MAX_FILE_BYTES", 5)])
def test_too_much(aws: Aws, limit: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_import, limit, value)
    assert code(prepared(aws).restore_db_cluster_from_s3, **GIVEN) == "InvalidParameterValue"
