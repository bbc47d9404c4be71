"""Cluster snapshots in the embedded AWS: copies that take time, sharing, exports. Each rule with AWS's own words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.rds.models import rds_backends

from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.delays import Delays
from tests.lab.cloud.conftest import REGION, Aws

ELSEWHERE = "us-east-1"
OTHER = "222222222222"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "export.rds.amazonaws.com"},
                        "Action": "sts:AssumeRole"}]}  # fmt: skip
SLOW = Delays(copying_s=0.4, exporting_s=0.4)


def cluster(aws: Aws, **more: Any) -> Any:
    rds = aws("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="orders", Engine="aurora-postgresql", MasterUsername="dba",
        MasterUserPassword="a-secret-1", **more,
    )  # fmt: skip
    return rds


def snapshot(rds: Any, name: str = "before", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = rds.create_db_cluster_snapshot(
        DBClusterIdentifier="orders", DBClusterSnapshotIdentifier=name, **more
    )["DBClusterSnapshot"]
    return found


def key(region: str = REGION, account: str = ACCOUNT_ID, **more: Any) -> str:
    return str(client("kms", region, account).create_key(**more)["KeyMetadata"]["Arn"])


def refused(call: Callable[..., Any], **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


def shown(rds: Any, name: str) -> dict[str, Any]:
    (found,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"]
    return dict(found)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


class TestCreate:
    def test_a_name_is_kept_in_lower_case_and_is_taken_once(self, aws: Aws) -> None:
        rds = cluster(aws)
        assert snapshot(rds, "Before")["DBClusterSnapshotIdentifier"] == "before"
        assert (
            refused(rds.create_db_cluster_snapshot, DBClusterIdentifier="orders", DBClusterSnapshotIdentifier="BEFORE")
            == "DBClusterSnapshotAlreadyExistsFault"
        )

    @pytest.mark.parametrize("name", ["1st", "ends-", "two--hyphens", "x" * 64, "rds:mine"])
    def test_names(self, aws: Aws, name: str) -> None:
        """ "1 to 63 letters, numbers, or hyphens. First character must be a letter" (CreateDBClusterSnapshot)."""
        rds = cluster(aws)
        given = {"DBClusterIdentifier": "orders", "DBClusterSnapshotIdentifier": name}
        assert refused(rds.create_db_cluster_snapshot, **given) == "InvalidParameterValue"

    def test_a_hundred_manual_ones(self, aws: Aws) -> None:
        """Facts A8; "Cannot create more than 100 manual snapshots" (pbudzon/aws-maintenance issue 12)."""
        rds = cluster(aws)
        rds_backends[ACCOUNT_ID][REGION].back_up("orders")  # an automated one does not count
        for number in range(100):
            snapshot(rds, f"s{number}")
        given = {"DBClusterIdentifier": "orders", "DBClusterSnapshotIdentifier": "one-more"}
        assert refused(rds.create_db_cluster_snapshot, **given) == "SnapshotQuotaExceeded"
        assert (
            refused(
                rds.copy_db_cluster_snapshot,
                SourceDBClusterSnapshotIdentifier="s1",
                TargetDBClusterSnapshotIdentifier="copy",
            )
            == "SnapshotQuotaExceeded"
        )
        quotas = {q["AccountQuotaName"]: q for q in rds.describe_account_attributes()["AccountQuotas"]}
        assert (quotas["ManualClusterSnapshots"]["Used"], quotas["ManualClusterSnapshots"]["Max"]) == (100, 100)


class TestList:
    def test_pages(self, aws: Aws) -> None:
        rds = cluster(aws)
        for number in range(45):
            snapshot(rds, f"s{number:02}", Tags=[{"Key": "n", "Value": str(number)}])
        first = rds.describe_db_cluster_snapshots(MaxRecords=20)
        assert (len(first["DBClusterSnapshots"]), first["Marker"]) == (20, "20")
        pages = list(rds.get_paginator("describe_db_cluster_snapshots").paginate(PaginationConfig={"PageSize": 20}))
        found = [each for page in pages for each in page["DBClusterSnapshots"]]
        assert [len(page["DBClusterSnapshots"]) for page in pages] == [20, 20, 5]
        assert {each["TagList"][0]["Value"] for each in found} == {str(number) for number in range(45)}

    def test_an_automated_one_by_name_needs_its_type(self, aws: Aws) -> None:
        rds = cluster(aws)
        name = rds_backends[ACCOUNT_ID][REGION].back_up("orders").resource_id
        found = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name, SnapshotType="automated")
        assert [each["SnapshotType"] for each in found["DBClusterSnapshots"]] == ["automated"]
        assert (
            refused(rds.describe_db_cluster_snapshots, DBClusterSnapshotIdentifier=name)
            == "DBClusterSnapshotNotFoundFault"
        )

    def test_shared_ones_are_another_list_without_tags(self, aws: Aws) -> None:
        rds, there = cluster(aws), client("rds", REGION, OTHER)
        made = snapshot(rds, Tags=[{"Key": "team", "Value": "orders"}])
        assert there.describe_db_cluster_snapshots(IncludeShared=True)["DBClusterSnapshots"] == []
        rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier="before", AttributeName="restore", ValuesToAdd=[OTHER, OTHER]
        )
        assert there.describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
        (seen,) = there.describe_db_cluster_snapshots(SnapshotType="shared")["DBClusterSnapshots"]
        assert (seen["DBClusterSnapshotArn"], seen["SnapshotType"]) == (made["DBClusterSnapshotArn"], "shared")
        assert seen["TagList"] == []
        by_arn = {"DBClusterSnapshotIdentifier": made["DBClusterSnapshotArn"], "IncludeShared": True}
        assert len(there.describe_db_cluster_snapshots(**by_arn)["DBClusterSnapshots"]) == 1
        attributes = rds.describe_db_cluster_snapshot_attributes(DBClusterSnapshotIdentifier="before")
        (restore,) = attributes["DBClusterSnapshotAttributesResult"]["DBClusterSnapshotAttributes"]
        assert restore["AttributeValues"] == [OTHER]


class TestShare:
    def test_an_automated_one_is_not(self, aws: Aws) -> None:
        rds = cluster(aws)
        name = rds_backends[ACCOUNT_ID][REGION].back_up("orders").resource_id
        given = {"DBClusterSnapshotIdentifier": name, "AttributeName": "restore", "ValuesToAdd": [OTHER]}
        with pytest.raises(ClientError):
            rds.modify_db_cluster_snapshot_attribute(**given)

    @pytest.mark.parametrize(
        ("storage", "values", "expected"),
        [
            pytest.param({}, ["all"], "", id="public-when-not-encrypted"),
            pytest.param({"StorageEncrypted": True, "KmsKeyId": "own"}, ["all"], "InvalidParameterCombination",
                         id="encrypted-and-public"),
            pytest.param({"StorageEncrypted": True}, [OTHER], "InvalidDBClusterSnapshotStateFault", id="default-key"),
            pytest.param({"StorageEncrypted": True, "KmsKeyId": "own"}, [OTHER], "", id="own-key"),
            pytest.param({}, ["nobody"], "InvalidParameterValue", id="no-account"),
            pytest.param({}, [f"{n:012}" for n in range(21)], "SharedSnapshotQuotaExceeded", id="twenty-one"),
        ],
    )  # fmt: skip
    def test_rules(self, aws: Aws, storage: dict[str, Any], values: list[str], expected: str) -> None:
        """Facts S1."""
        if storage.get("KmsKeyId"):
            storage = {**storage, "KmsKeyId": key()}
        rds = cluster(aws, **storage)
        snapshot(rds)
        given = {"DBClusterSnapshotIdentifier": "before", "AttributeName": "restore", "ValuesToAdd": values}
        if expected:
            assert refused(rds.modify_db_cluster_snapshot_attribute, **given) == expected
        else:
            rds.modify_db_cluster_snapshot_attribute(**given)


class TestCopy:
    def test_takes_its_time(self) -> None:
        rds = cluster(Aws(delays=SLOW))
        snapshot(rds)
        rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier="before", TargetDBClusterSnapshotIdentifier="copy"
        )
        seen = shown(rds, "copy")
        assert (seen["Status"], seen["PercentProgress"] < 100) == ("copying", True)
        until(lambda: shown(rds, "copy")["Status"] == "available")
        assert shown(rds, "copy")["PercentProgress"] == 100

    def test_tags_are_given_or_copied_or_none(self, aws: Aws) -> None:
        """ "By default, tags are not copied" (CopyDBClusterSnapshot, CopyTags)."""
        rds = cluster(aws)
        snapshot(rds, Tags=[{"Key": "of", "Value": "source"}])
        given = {"Tags": [{"Key": "of", "Value": "copy"}], "CopyTags": True}
        for name, more, expected in (("a", {}, []), ("b", {"CopyTags": True}, ["source"]), ("c", given, ["copy"])):
            rds.copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier="before", TargetDBClusterSnapshotIdentifier=name, **more
            )
            assert [tag["Value"] for tag in shown(rds, name)["TagList"]] == expected

    def test_five_at_once_to_a_region(self) -> None:
        """Facts S3; "Cannot copy more than 5 snapshots across regions" (pbudzon/aws-maintenance issue 19)."""
        rds, there = cluster(Aws(delays=Delays(copying_s=3.0))), client("rds", ELSEWHERE)
        arn = snapshot(rds)["DBClusterSnapshotArn"]
        for number in range(6):
            given = {"SourceDBClusterSnapshotIdentifier": arn, "TargetDBClusterSnapshotIdentifier": f"copy-{number}"}
            if number < 5:
                there.copy_db_cluster_snapshot(**given)
            else:
                assert refused(there.copy_db_cluster_snapshot, **given) == "SnapshotQuotaExceeded"
        given = {"SourceDBClusterSnapshotIdentifier": "before", "TargetDBClusterSnapshotIdentifier": "here"}
        rds.copy_db_cluster_snapshot(**given)  # within a Region the limit does not count
        there.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="copy-0")  # "To cancel the copy operation ..."
        there.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier=arn, TargetDBClusterSnapshotIdentifier="copy-6"
        )

    def test_fails_when_its_source_goes(self) -> None:
        rds = cluster(Aws(delays=SLOW))
        snapshot(rds)
        rds.copy_db_cluster_snapshot(
            SourceDBClusterSnapshotIdentifier="before", TargetDBClusterSnapshotIdentifier="copy"
        )
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
        until(lambda: shown(rds, "copy")["Status"] == "failed")

    @pytest.mark.parametrize(
        ("named", "given", "expected"),
        [
            pytest.param(False, True, "KMSKeyNotAccessibleFault", id="a-policy-that-does-not-name-the-account"),
            pytest.param(True, False, "InvalidParameterCombination", id="no-key-of-its-own"),
            pytest.param(True, True, "", id="both"),
        ],
    )
    def test_by_another_account(self, aws: Aws, named: bool, given: bool, expected: str) -> None:
        """Facts S1, S2; the first is what awslabs/aurora-snapshot-tool issue 26 shows."""
        who = f"arn:aws:iam::{OTHER if named else ACCOUNT_ID}:root"
        policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": who}, "Action": "kms:*", "Resource": "*"}]}
        rds = cluster(aws, StorageEncrypted=True, KmsKeyId=key(Policy=json.dumps(policy)))
        arn, there = snapshot(rds)["DBClusterSnapshotArn"], client("rds", REGION, OTHER)
        copy: dict[str, Any] = {
            "SourceDBClusterSnapshotIdentifier": arn, "TargetDBClusterSnapshotIdentifier": "taken",
        }  # fmt: skip
        if given:
            copy["KmsKeyId"] = key(account=OTHER)
        assert refused(there.copy_db_cluster_snapshot, **copy) == "DBClusterSnapshotNotFoundFault"
        rds.modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier="before", AttributeName="restore", ValuesToAdd=[OTHER]
        )
        if expected:
            assert refused(there.copy_db_cluster_snapshot, **copy) == expected
            return
        there.copy_db_cluster_snapshot(**copy)
        assert shown(there, "taken")["KmsKeyId"] == copy["KmsKeyId"]
        assert shown(there, "taken")["DBClusterSnapshotArn"].split(":")[4] == OTHER


@pytest.fixture
def exported(aws: Aws) -> dict[str, str]:
    return export_arguments(aws)


def export_arguments(aws: Aws, bucket_region: str = REGION) -> dict[str, str]:
    rds = cluster(aws)
    role = client("iam", REGION).create_role(RoleName="exporter", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    client("s3", bucket_region).create_bucket(
        Bucket="lake", CreateBucketConfiguration={"LocationConstraint": bucket_region}
    )
    return {
        "ExportTaskIdentifier": "export-1", "SourceArn": snapshot(rds)["DBClusterSnapshotArn"], "S3BucketName": "lake",
        "IamRoleArn": role["Arn"], "KmsKeyId": key(),
    }  # fmt: skip


class TestExport:
    def test_goes_through_its_states_and_writes_what_it_is(self) -> None:
        """StartExportTask's answer is STARTING; the folder has the task's name (User Guide, file naming)."""
        aws = Aws(delays=SLOW)
        rds, given = aws("rds"), export_arguments(aws)
        assert rds.start_export_task(**given, S3Prefix="aurora")["Status"] == "STARTING"
        seen = set()

        def task() -> dict[str, Any]:
            (found,) = rds.describe_export_tasks(ExportTaskIdentifier="export-1")["ExportTasks"]
            seen.add(found["Status"])
            return dict(found)

        until(lambda: task()["Status"] == "COMPLETE")
        assert seen == {"STARTING", "IN_PROGRESS", "COMPLETE"}
        assert task()["PercentProgress"] == 100
        body = aws("s3").get_object(Bucket="lake", Key="aurora/export-1/README.txt")["Body"].read().decode()
        assert "writes no Parquet" in body

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"IamRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/nobody"}, "IamRoleNotFound", id="no-role"),
            pytest.param({"S3BucketName": "nowhere"}, "InvalidS3BucketFault", id="no-bucket"),
            pytest.param({"KmsKeyId": "nope"}, "KMSKeyNotAccessibleFault", id="no-key"),
            pytest.param({"ExportOnly": ["shop.public.orders.x"]}, "InvalidExportOnly", id="only-too-deep"),
            pytest.param({"SourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT_ID}:cluster-snapshot:gone"},
                         "DBClusterSnapshotNotFoundFault", id="no-snapshot"),
        ],
    )  # fmt: skip
    def test_refusals(self, aws: Aws, exported: dict[str, str], changes: dict[str, Any], expected: str) -> None:
        assert refused(aws("rds").start_export_task, **{**exported, **changes}) == expected

    def test_a_role_that_trusts_another_service(self, aws: Aws, exported: dict[str, str]) -> None:
        trust = json.dumps(TRUST).replace("export.rds", "rds")
        role = client("iam", REGION).create_role(RoleName="other", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        assert refused(aws("rds").start_export_task, **{**exported, "IamRoleArn": role}) == "IamRoleMissingPermissions"

    def test_a_bucket_elsewhere_fails_later(self, aws: Aws) -> None:
        """A failed task with a cause, not an error of the call (User Guide, failure messages)."""
        given, rds = export_arguments(aws, "eu-central-1"), aws("rds")
        rds.start_export_task(**given)
        (task,) = rds.describe_export_tasks()["ExportTasks"]
        assert task["Status"] == "FAILED"
        assert "isn't located in the current AWS Region" in task["FailureCause"]

    def test_not_twice_the_same_snapshot_and_five_at_once(self) -> None:
        """Facts S6; the code was seen in the field, no model has it."""
        aws = Aws(delays=Delays(exporting_s=5.0))
        rds, given = aws("rds"), export_arguments(aws)
        rds.start_export_task(**given)
        again = {**given, "ExportTaskIdentifier": "export-2"}
        assert refused(rds.start_export_task, **given) == "ExportTaskAlreadyExists"
        assert refused(rds.start_export_task, **again) == "InvalidExportSourceState"
        for number in range(2, 7):
            arn = snapshot(rds, f"s{number}")["DBClusterSnapshotArn"]
            call = {**given, "ExportTaskIdentifier": f"export-{number}", "SourceArn": arn}
            if number < 6:
                rds.start_export_task(**call)
            else:
                assert refused(rds.start_export_task, **call) == "ExportTaskLimitReachedFault"
        running = [{"Name": "status", "Values": ["starting", "in_progress"]}]
        assert len(rds.describe_export_tasks(Filters=running)["ExportTasks"]) == 5
        assert len(rds.describe_export_tasks(SourceArn=given["SourceArn"])["ExportTasks"]) == 1

    def test_cancelled(self) -> None:
        aws = Aws(delays=Delays(exporting_s=5.0))
        rds, given = aws("rds"), export_arguments(aws)
        rds.start_export_task(**given)
        assert rds.cancel_export_task(ExportTaskIdentifier="export-1")["Status"] == "CANCELING"
        until(lambda: rds.describe_export_tasks()["ExportTasks"][0]["Status"] == "CANCELED")
        assert refused(rds.cancel_export_task, ExportTaskIdentifier="export-1") == "InvalidExportTaskStateFault"
        assert refused(rds.cancel_export_task, ExportTaskIdentifier="nope") == "ExportTaskNotFound"
