"""Clusters born with data: what RDS takes over, loses and refuses, and what CloudFormation makes of an origin."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from moto.rds.models import rds_backends

from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.delays import Delays
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_one_state import MemoryPlane, until
from tests.lab.cloud.test_rds import CLUSTER, LARGE, code, make_cluster, shown

OTHER_ACCOUNT = "210987654321"
MANAGED = {"ManageMasterUserPassword": True, "MasterUserPassword": None}
LATEST: dict[str, Any] = {"SourceDBClusterIdentifier": "shop-orders", "UseLatestRestorableTime": True}
CLONE: dict[str, Any] = {**LATEST, "RestoreType": "copy-on-write"}


def source(aws: Aws, **more: Any) -> Any:
    """The shop's cluster with one instance; gives the RDS client."""
    rds = aws("rds")
    rds.create_db_cluster(**{k: v for k, v in {**CLUSTER, **more}.items() if v is not None})
    rds.create_db_instance(
        DBInstanceIdentifier="shop-orders-a",
        DBClusterIdentifier="shop-orders",
        Engine=CLUSTER["Engine"],
        DBInstanceClass=LARGE,
    )
    return rds


def snapshot(rds: Any, name: str = "before") -> str:
    given = {"DBClusterIdentifier": "shop-orders", "DBClusterSnapshotIdentifier": name}
    return str(rds.create_db_cluster_snapshot(**given)["DBClusterSnapshot"]["DBClusterSnapshotArn"])


def from_snapshot(rds: Any, identifier: str = "before", name: str = "new", **more: Any) -> dict[str, Any]:
    given = {"SnapshotIdentifier": identifier, "DBClusterIdentifier": name, "Engine": CLUSTER["Engine"], **more}
    rds.restore_db_cluster_from_snapshot(**given)
    return shown(rds, name)


def to_point_in_time(rds: Any, name: str = "new", **given: Any) -> dict[str, Any]:
    rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=name, **given)
    return shown(rds, name)


def key(aws: Aws) -> str:
    return str(aws("kms").create_key()["KeyMetadata"]["Arn"])


class TestSnapshot:
    """API reference, RestoreDBClusterFromSnapshot."""

    def test_what_comes_with_the_data_and_what_is_lost(self, aws: Aws) -> None:
        arn = key(aws)
        rds = source(
            aws, StorageEncrypted=True, KmsKeyId=arn, Port=6000, DatabaseName="orders", BackupRetentionPeriod=9,
            DeletionProtection=True, EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True,
            StorageType="aurora-iopt1", EnableCloudwatchLogsExports=["postgresql"], Tags=[{"Key": "of", "Value": "it"}],
        )  # fmt: skip
        snapshot(rds)
        found = from_snapshot(rds)
        assert (found["MasterUsername"], found["DatabaseName"], found["BackupRetentionPeriod"]) == ("dba", "orders", 9)
        assert (found["KmsKeyId"], found["Port"]) == (arn, 6000)
        assert found["DBClusterMembers"] == []
        for name in ("DeletionProtection", "IAMDatabaseAuthenticationEnabled", "CopyTagsToSnapshot"):
            assert found[name] is False, name
        assert found["StorageType"] == "aurora"
        assert found["EnabledCloudwatchLogsExports"] == found["TagList"] == []
        assert found["DbClusterResourceId"] != shown(rds)["DbClusterResourceId"]

    def test_the_arn_of_a_snapshot_will_do(self, aws: Aws) -> None:
        """Plain moto knows snapshots by identifier only."""
        rds = source(aws)
        assert from_snapshot(rds, snapshot(rds))["Status"] == "available"

    def test_a_source_whose_password_rds_manages(self, aws: Aws) -> None:
        """Plain moto: KeyError. The restored cluster has the old password, and no secret until it is asked for."""
        rds = source(aws, **MANAGED)
        snapshot(rds)
        assert "MasterUserSecret" not in from_snapshot(rds)
        rds.modify_db_cluster(DBClusterIdentifier="new", ManageMasterUserPassword=True, ApplyImmediately=True)
        assert shown(rds, "new")["MasterUserSecret"]["SecretArn"] != shown(rds)["MasterUserSecret"]["SecretArn"]

    def test_a_snapshot_outlives_its_cluster(self, aws: Aws) -> None:
        rds = source(aws)
        rds.delete_db_instance(DBInstanceIdentifier="shop-orders-a")
        rds.delete_db_cluster(DBClusterIdentifier="shop-orders", FinalDBSnapshotIdentifier="last")
        assert from_snapshot(rds, "last")["MasterUsername"] == "dba"

    def test_a_copy_is_restored_too_with_the_key_of_the_copy(self, aws: Aws) -> None:
        rds, arn = source(aws, StorageEncrypted=True), key(aws)
        snapshot(rds)
        given = {"SourceDBClusterSnapshotIdentifier": "before", "TargetDBClusterSnapshotIdentifier": "copied"}
        made = rds.copy_db_cluster_snapshot(**given, KmsKeyId=arn)["DBClusterSnapshot"]
        assert made["SourceDBClusterSnapshotArn"].endswith(":cluster-snapshot:before")
        found = from_snapshot(rds, "copied")
        assert (found["KmsKeyId"], found["StorageEncrypted"]) == (arn, True)

    def test_a_key_encrypts_what_was_not(self, aws: Aws) -> None:
        rds, arn = source(aws), key(aws)
        snapshot(rds)
        found = from_snapshot(rds, KmsKeyId=arn)
        assert (found["KmsKeyId"], found["StorageEncrypted"]) == (arn, True)

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"identifier": "nope"}, "DBClusterSnapshotNotFoundFault", id="unknown"),
            pytest.param({"name": "shop-orders"}, "DBClusterAlreadyExistsFault", id="name-taken"),
            pytest.param({"Engine": "aurora-mysql"}, "InvalidParameterCombination", id="other-engine"),
            pytest.param({"EngineVersion": "16.8"}, "InvalidParameterCombination", id="older-version"),
            pytest.param({"KmsKeyId": "nope"}, "KMSKeyNotAccessibleFault", id="unknown-key"),
            pytest.param({"DBSubnetGroupName": "nope"}, "DBSubnetGroupNotFoundFault", id="unknown-subnets"),
            pytest.param({"Domain": "d-1"}, "InvalidParameterCombination", id="not-modelled"),
        ],
    )
    def test_refusals(self, aws: Aws, changes: dict[str, str], expected: str) -> None:
        rds = source(aws)
        snapshot(rds)
        assert code(lambda: from_snapshot(rds, **changes)) == expected
        assert len(rds.describe_db_clusters()["DBClusters"]) == 1

    def test_one_that_is_still_being_made(self) -> None:
        aws = Aws(delays=Delays(creating_s=0.0))
        rds = source(aws)
        snapshot(rds)
        rds_backends[ACCOUNT_ID][REGION].cluster_snapshots["before"].status = "creating"
        assert code(lambda: from_snapshot(rds)) == "InvalidDBClusterSnapshotStateFault"

    def test_anothers_snapshot_needs_to_be_shared_and_its_arn(self, aws: Aws) -> None:
        """ "If you are restoring from a shared manual DB cluster snapshot, you must specify the ARN" (facts C16)."""
        rds, other = source(aws), client("rds", REGION, OTHER_ACCOUNT)
        arn = snapshot(rds)
        assert code(lambda: from_snapshot(other, arn)) == "DBClusterSnapshotNotFoundFault"
        given = {"DBClusterSnapshotIdentifier": "before", "AttributeName": "restore"}
        rds.modify_db_cluster_snapshot_attribute(**given, ValuesToAdd=[OTHER_ACCOUNT])
        assert code(lambda: from_snapshot(other, "before")) == "DBClusterSnapshotNotFoundFault"
        assert from_snapshot(other, arn)["MasterUsername"] == "dba"


class TestPointInTime:
    """API reference, RestoreDBClusterToPointInTime."""

    def test_a_full_copy_of_now(self, aws: Aws) -> None:
        rds = source(aws, Port=6000, DatabaseName="orders", DeletionProtection=True)
        found = to_point_in_time(rds, **LATEST)
        assert (found["Port"], found["DatabaseName"], found["MasterUsername"]) == (5432, "orders", "dba")
        assert (found["DeletionProtection"], found["EngineVersion"]) == (False, "17.7")
        assert found["DBClusterMembers"] == []
        assert found["CloneGroupId"] == shown(rds)["CloneGroupId"]

    def test_clones_of_clones_are_one_group(self, aws: Aws) -> None:
        rds = source(aws)
        arn = shown(rds)["DBClusterArn"]
        first = to_point_in_time(rds, "one", **{**CLONE, "SourceDBClusterIdentifier": arn})
        rds.create_db_instance(
            DBInstanceIdentifier="one-a", DBClusterIdentifier="one", Engine=CLUSTER["Engine"], DBInstanceClass=LARGE
        )
        to_point_in_time(rds, "two", **{**CLONE, "SourceDBClusterIdentifier": "one"})
        wanted = [{"Name": "clone-group-id", "Values": [first["CloneGroupId"]]}]
        group = rds.describe_db_clusters(Filters=wanted)["DBClusters"]
        assert [cluster["DBClusterIdentifier"] for cluster in group] == ["one", "shop-orders", "two"]

    def test_a_restored_snapshot_is_in_no_clone_group(self, aws: Aws) -> None:
        rds = source(aws)
        to_point_in_time(rds, "one", **CLONE)
        snapshot(rds)
        assert "CloneGroupId" not in from_snapshot(rds)

    def test_tags_of_the_source_are_copied_unless_some_are_given(self, aws: Aws) -> None:
        """Facts C10: a clone is born with `env=prod` and whatever backs it up."""
        rds = source(aws, Tags=[{"Key": "env", "Value": "prod"}])
        assert to_point_in_time(rds, "one", **CLONE)["TagList"] == [{"Key": "env", "Value": "prod"}]
        own = [{"Key": "env", "Value": "trial"}]
        assert to_point_in_time(rds, "two", **CLONE, Tags=own)["TagList"] == own

    def test_a_moment_within_the_window(self, aws: Aws) -> None:
        rds = source(aws)
        cluster = rds_backends[ACCOUNT_ID][REGION].clusters["shop-orders"]
        cluster.born_at -= dt.timedelta(hours=3)
        moment = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
        given: dict[str, Any] = {"SourceDBClusterIdentifier": "shop-orders", "RestoreToTime": moment}
        assert to_point_in_time(rds, **given)["Status"] == "available"

    @pytest.mark.parametrize("hours", [-4, 1], ids=["before-it-was-born", "in-the-future"])
    def test_a_moment_outside_the_window(self, aws: Aws, hours: int) -> None:
        rds = source(aws)
        moment = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
        given: dict[str, Any] = {"SourceDBClusterIdentifier": "shop-orders", "RestoreToTime": moment}
        assert code(lambda: to_point_in_time(rds, **given)) == "InvalidParameterValue"

    def test_the_window_ends_where_backups_do(self, aws: Aws) -> None:
        rds = source(aws, BackupRetentionPeriod=2)
        rds_backends[ACCOUNT_ID][REGION].clusters["shop-orders"].born_at -= dt.timedelta(days=9)
        found = shown(rds)
        assert found["LatestRestorableTime"] - found["EarliestRestorableTime"] < dt.timedelta(days=2, minutes=1)

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"SourceDBClusterIdentifier": "nope"}, "DBClusterNotFoundFault", id="unknown"),
            pytest.param({"DBClusterIdentifier": "shop-orders"}, "DBClusterAlreadyExistsFault", id="name-taken"),
            pytest.param({"RestoreType": "thin"}, "InvalidParameterValue", id="unknown-type"),
            pytest.param(
                {"RestoreType": "copy-on-write", "RestoreToTime": "2026-11-20T09:30:00Z"},
                "InvalidParameterCombination",
                id="clone-of-the-past",
            ),
            pytest.param({"RestoreToTime": "2026-11-20T09:30:00Z"}, "InvalidParameterCombination", id="two-moments"),
            pytest.param({"UseLatestRestorableTime": False}, "InvalidParameterCombination", id="no-moment"),
            pytest.param({"SourceDbClusterResourceId": "cluster-X"}, "InvalidParameterCombination", id="two-sources"),
            pytest.param({"KmsKeyId": "alias/aws/rds"}, "InvalidParameterCombination", id="key-for-plain-data"),
            pytest.param({"EnablePerformanceInsights": True}, "InvalidParameterCombination", id="insights"),
        ],
    )
    def test_refusals(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        rds = source(aws)
        given = {"DBClusterIdentifier": "new", **LATEST, **changes}
        assert code(rds.restore_db_cluster_to_point_in_time, **given) == expected
        assert len(rds.describe_db_clusters()["DBClusters"]) == 1

    def test_a_source_by_its_resource_id(self, aws: Aws) -> None:
        rds = source(aws)
        given: dict[str, Any] = {
            "SourceDbClusterResourceId": shown(rds)["DbClusterResourceId"],
            "UseLatestRestorableTime": True,
        }
        assert to_point_in_time(rds, **given)["MasterUsername"] == "dba"
        gone: dict[str, Any] = {"SourceDbClusterResourceId": "cluster-GONE", "UseLatestRestorableTime": True}
        assert code(lambda: to_point_in_time(rds, "two", **gone)) == "DBClusterAutomatedBackupNotFoundFault"

    def test_a_clone_needs_a_source_with_an_instance(self, aws: Aws) -> None:
        """Facts C3; a full copy does not."""
        rds = make_cluster(aws)
        assert code(lambda: to_point_in_time(rds, **CLONE)) == "InvalidDBClusterStateFault"
        assert to_point_in_time(rds, **LATEST)["Status"] == "available"


class TestPlane:
    """What the plane is asked for: the API alone says nothing about data."""

    def test_data_are_copied_kept_and_dropped(self) -> None:
        plane = MemoryPlane()
        aws = Aws(plane)
        rds = source(aws)
        until(lambda: shown(rds)["Status"] == "available")
        snapshot(rds)
        until(lambda: _status(rds, "before") == "available")
        (kept,) = plane.kept
        assert plane.kept[kept] == "shop-orders"
        from_snapshot(rds, "before", "one")
        to_point_in_time(rds, "two", **LATEST)
        until(lambda: {"one", "two"} <= set(plane.requests))
        assert plane.requests["one"].from_snapshot == kept
        assert plane.requests["two"].from_cluster == "shop-orders"
        copied = {"SourceDBClusterSnapshotIdentifier": "before", "TargetDBClusterSnapshotIdentifier": "copied"}
        rds.copy_db_cluster_snapshot(**copied)
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
        assert plane.kept, "the copy needs it"
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="copied")
        assert not plane.kept

    def test_a_final_snapshot_is_kept_before_the_data_go(self) -> None:
        plane = MemoryPlane()
        rds = make_cluster(Aws(plane))
        until(lambda: shown(rds)["Status"] == "available")
        rds.delete_db_cluster(DBClusterIdentifier="shop-orders", FinalDBSnapshotIdentifier="last")
        until(lambda: "delete shop-orders" in plane.calls)
        assert list(plane.kept.values()) == ["shop-orders"]

    def test_a_moment_must_be_in_the_window_that_is_shown_and_reaches_the_plane(self) -> None:
        """From when the plane has everything, which is later than the birth of the cluster."""
        plane = MemoryPlane()
        rds = source(Aws(plane))
        until(lambda: shown(rds)["Status"] == "available")
        cluster = rds_backends[ACCOUNT_ID][REGION].clusters["shop-orders"]
        cluster.born_at -= dt.timedelta(hours=3)
        plane.since["shop-orders"] = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)).replace(microsecond=0)
        assert shown(rds)["EarliestRestorableTime"] == plane.since["shop-orders"]
        of = {"SourceDBClusterIdentifier": "shop-orders"}
        early: dict[str, Any] = {"RestoreToTime": plane.since["shop-orders"] - dt.timedelta(seconds=1)}
        assert code(lambda: to_point_in_time(rds, "early", **of, **early)) == "InvalidParameterValue"
        moment = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        to_point_in_time(rds, "then", **of, RestoreToTime=moment)
        until(lambda: "then" in plane.requests)
        assert (plane.requests["then"].from_cluster, plane.requests["then"].to_time) == ("shop-orders", moment)


def _status(rds: Any, name: str) -> str:
    (found,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"]
    return str(found["Status"])


PROPERTIES: dict[str, Any] = {
    "BackupRetentionPeriod": 12,
    "CopyTagsToSnapshot": True,
    "DBClusterIdentifier": "born",
    "DatabaseInsightsMode": "advanced",
    "DeletionProtection": True,
    "EnableCloudwatchLogsExports": ["postgresql"],
    "EnableIAMDatabaseAuthentication": True,
    "Engine": "aurora-postgresql",
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "EngineVersion": "17.7",
    "ManageMasterUserPassword": True,
    "PerformanceInsightsEnabled": True,
    "PerformanceInsightsRetentionPeriod": 465,
    "Port": 5433,
    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
    "StorageType": "aurora-iopt1",
}
ORIGINS: dict[str, dict[str, Any]] = {
    "snapshot": {"SnapshotIdentifier": "before"},
    "moment": {**LATEST, "RestoreType": "full-copy"},
    "clone": CLONE,
}


def born(origin: dict[str, Any], **changes: Any) -> dict[str, Any]:
    properties = {**PROPERTIES, **origin, **changes}
    return {"Resources": {"Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": properties}}}


@pytest.fixture(params=ORIGINS.values(), ids=list(ORIGINS))
def origin(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.fixture
def with_source(aws: Aws) -> Aws:
    snapshot(source(aws))
    return aws


class TestOriginInATemplate:
    """CloudFormation reference, AWS::RDS::DBCluster: SnapshotIdentifier, SourceDBClusterIdentifier, RestoreType."""

    def test_every_property_arrives_those_that_no_restore_takes_too(
        self, with_source: Aws, origin: dict[str, Any]
    ) -> None:
        """Reading back is part of the deployment: one that did not arrive would roll it back."""
        stack = with_source.deploy("s", born(origin))
        assert stack["StackStatus"] == "CREATE_COMPLETE", with_source.reasons("s")
        found = shown(with_source("rds"), "born")
        assert (found["DatabaseInsightsMode"], found["PreferredMaintenanceWindow"]) == (
            "advanced",
            "sun:05:00-sun:06:00",
        )
        assert found["MasterUserSecret"]["SecretStatus"] == "active"
        assert {tag["Key"] for tag in found["TagList"]} == {
            "aws:cloudformation:stack-name", "aws:cloudformation:stack-id", "aws:cloudformation:logical-id",
        }  # fmt: skip

    def test_later_deploys_keep_it(self, with_source: Aws, origin: dict[str, Any]) -> None:
        """ "When you specify this property for an update, the DB cluster is not restored again"."""
        with_source.deploy("s", born(origin))
        before = shown(with_source("rds"), "born")["DbClusterResourceId"]
        stack = with_source.deploy("s", born(origin, BackupRetentionPeriod=20))
        assert stack["StackStatus"] == "UPDATE_COMPLETE"
        after = shown(with_source("rds"), "born")
        assert (after["DbClusterResourceId"], after["BackupRetentionPeriod"]) == (before, 20)
        assert "physical resource" not in with_source.reasons("s")

    @pytest.mark.parametrize(
        "instead",
        [
            pytest.param({}, id="none"),
            pytest.param({"MasterUsername": "dbadmin"}, id="an-empty-cluster"),
            pytest.param({"SnapshotIdentifier": "another"}, id="another-snapshot"),
        ],
    )
    def test_without_it_the_update_fails_and_nothing_is_touched(
        self, with_source: Aws, origin: dict[str, Any], instead: dict[str, Any]
    ) -> None:
        """CloudFormation would make a new cluster, and cannot: the name is taken by the old one.

        User guide, "Name type": "You can't perform an update that causes a custom-named resource to be replaced".
        """
        with_source.deploy("s", born(origin))
        before = shown(with_source("rds"), "born")
        stack = with_source.deploy("s", born(instead))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        said = "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename born"
        assert said in with_source.reasons("s")
        assert _same_but_for_clocks(shown(with_source("rds"), "born"), before)
        assert with_source.deploy("s", born(origin, BackupRetentionPeriod=20))["StackStatus"] == "UPDATE_COMPLETE"

    def test_another_version_than_the_sources_is_not_taken_for_granted(self, with_source: Aws) -> None:
        stack = with_source.deploy("s", born(CLONE, EngineVersion="17.5"))
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "property EngineVersion was given as '17.5', and the embedded AWS shows '17.7'" in with_source.reasons(
            "s"
        )

    def test_an_origin_that_is_not_there_leaves_nothing(self, with_source: Aws) -> None:
        stack = with_source.deploy("s", born({"SnapshotIdentifier": "nope"}))
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "DBClusterSnapshotNotFoundFault" in with_source.reasons("s")
        assert len(with_source("rds").describe_db_clusters()["DBClusters"]) == 1


def _same_but_for_clocks(one: dict[str, Any], other: dict[str, Any]) -> bool:
    left, right = copy.copy(one), copy.copy(other)
    for each in (left, right):
        for name in ("EarliestRestorableTime", "LatestRestorableTime"):
            each.pop(name)
    return left == right
