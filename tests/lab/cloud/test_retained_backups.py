"""Automated backups that outlive a deleted cluster. Aurora User Guide, "Retaining automated backups"; facts C12, S5."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from moto.rds.models import rds_backends

from lab.cloud.client import ACCOUNT_ID
from lab.cloud.rds import retained_backups
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_one_state import MemoryPlane, until
from tests.lab.cloud.test_rds import CLUSTER, code, make_cluster, shown

TAGS = [{"Key": "env", "Value": "prod"}]


def deleted(aws: Aws, *, keep: bool = True, **more: Any) -> tuple[Any, str]:
    """A cluster that was deleted; gives the RDS client and its resource id."""
    rds = make_cluster(aws, **more)
    until(lambda: shown(rds)["Status"] == "available")
    resource_id = str(shown(rds)["DbClusterResourceId"])
    rds.delete_db_cluster(DBClusterIdentifier="shop-orders", SkipFinalSnapshot=True, DeleteAutomatedBackups=not keep)
    until(lambda: not rds.describe_db_clusters()["DBClusters"])
    return rds, resource_id


def backups(rds: Any, **given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rds.describe_db_cluster_automated_backups(**given)["DBClusterAutomatedBackups"]
    return found


def retained(rds: Any) -> list[dict[str, Any]]:
    return backups(rds, Filters=[{"Name": "status", "Values": ["retained"]}])


def restore(rds: Any, resource_id: str, name: str = "new", **given: Any) -> dict[str, Any]:
    when = given or {"UseLatestRestorableTime": True}
    rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier=name, SourceDbClusterResourceId=resource_id, **when)
    return shown(rds, name)


def test_one_is_kept_only_when_that_is_asked_for(aws: Aws) -> None:
    """DeleteDBCluster.DeleteAutomatedBackups: the default is that they go with the cluster."""
    rds, _ = deleted(aws, keep=False)
    assert backups(rds) == []


def test_what_it_knows_of_its_cluster(aws: Aws) -> None:
    rds, resource_id = deleted(aws, Port=6000, BackupRetentionPeriod=9, Tags=TAGS, EnableIAMDatabaseAuthentication=True)
    (found,) = retained(rds)
    assert (found["DBClusterIdentifier"], found["DbClusterResourceId"]) == ("shop-orders", resource_id)
    assert (found["Status"], found["Port"], found["BackupRetentionPeriod"]) == ("retained", 6000, 9)
    assert (found["Engine"], found["EngineVersion"]) == (CLUSTER["Engine"], CLUSTER["EngineVersion"])
    assert found["IAMDatabaseAuthenticationEnabled"] is True
    assert found["RestoreWindow"]["EarliestTime"] <= found["RestoreWindow"]["LatestTime"]
    assert found["DBClusterAutomatedBackupsArn"].startswith(
        f"arn:aws:rds:{REGION}:{ACCOUNT_ID}:cluster-auto-backup:ab-"
    )
    assert found["TagList"] == TAGS


def test_clusters_that_are_there_are_listed_too(aws: Aws) -> None:
    """ "Displays backups for both current and deleted DB clusters." """
    rds = make_cluster(aws)
    assert [each["Status"] for each in backups(rds)] == ["active"]
    assert retained(rds) == []


def test_filters_and_parameters(aws: Aws) -> None:
    rds, resource_id = deleted(aws)
    make_cluster(aws, DBClusterIdentifier="another")
    (kept,) = retained(rds)
    for wanted in (resource_id, resource_id.lower(), kept["DBClusterAutomatedBackupsArn"]):
        assert [each["DBClusterIdentifier"] for each in backups(rds, DbClusterResourceId=wanted)] == ["shop-orders"]
    by_name = [{"Name": "db-cluster-id", "Values": ["ANOTHER"]}]
    assert [each["DBClusterIdentifier"] for each in backups(rds, Filters=by_name)] == ["another"]
    assert [each["DBClusterIdentifier"] for each in backups(rds, DBClusterIdentifier="another")] == ["another"]
    wrong = [{"Name": "colour", "Values": ["blue"]}]
    assert code(rds.describe_db_cluster_automated_backups, Filters=wrong) == "InvalidParameterValue"
    gone = "DBClusterAutomatedBackupNotFoundFault"
    assert code(rds.describe_db_cluster_automated_backups, DbClusterResourceId="cluster-X") == gone


def test_they_come_in_pages(aws: Aws) -> None:
    rds = aws("rds")
    for number in range(21):
        make_cluster(aws, DBClusterIdentifier=f"c{number:02d}")
    first = rds.describe_db_cluster_automated_backups(MaxRecords=20)
    assert len(first["DBClusterAutomatedBackups"]) == 20
    (last,) = backups(rds, MaxRecords=20, Marker=first["Marker"])
    assert last["DBClusterIdentifier"] == "c20"


def test_a_cluster_is_restored_from_one(aws: Aws) -> None:
    rds, resource_id = deleted(aws, DatabaseName="orders", DeletionProtection=False, Tags=TAGS)
    found = restore(rds, resource_id)
    assert (found["MasterUsername"], found["DatabaseName"], found["EngineVersion"]) == ("dba", "orders", "17.7")
    assert found["DBClusterMembers"] == []
    assert len(retained(rds)) == 1, "it can be restored from again"


def test_a_moment_must_lie_in_its_window_which_ends_where_the_cluster_did(aws: Aws) -> None:
    rds, resource_id = deleted(aws)
    later = retained(rds)[0]["RestoreWindow"]["LatestTime"] + dt.timedelta(seconds=5)
    given = {"DBClusterIdentifier": "new", "SourceDbClusterResourceId": resource_id, "RestoreToTime": later}
    assert code(rds.restore_db_cluster_to_point_in_time, **given) == "InvalidParameterValue"


def test_a_clone_is_of_a_cluster_that_is_there(aws: Aws) -> None:
    rds, resource_id = deleted(aws)
    given = {"SourceDbClusterResourceId": resource_id, "UseLatestRestorableTime": True, "RestoreType": "copy-on-write"}
    assert code(rds.restore_db_cluster_to_point_in_time, DBClusterIdentifier="new", **given) == (
        "InvalidDBClusterStateFault"
    )


def test_several_of_one_name_are_told_apart_by_resource_id(aws: Aws) -> None:
    rds, first = deleted(aws)
    rds, second = deleted(aws)
    assert {each["DbClusterResourceId"] for each in retained(rds)} == {first, second}
    assert {each["DBClusterIdentifier"] for each in retained(rds)} == {"shop-orders"}


def test_one_is_deleted_by_hand(aws: Aws) -> None:
    rds, resource_id = deleted(aws)
    assert rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)["DBClusterAutomatedBackup"]
    assert retained(rds) == []
    again = rds.delete_db_cluster_automated_backup
    assert code(again, DbClusterResourceId=resource_id) == "DBClusterAutomatedBackupNotFoundFault"


def test_those_of_a_cluster_that_is_there_go_with_it(aws: Aws) -> None:
    rds = make_cluster(aws)
    given = {"DbClusterResourceId": shown(rds)["DbClusterResourceId"]}
    assert code(rds.delete_db_cluster_automated_backup, **given) == "InvalidDBClusterAutomatedBackupStateFault"


def test_it_expires_as_it_would_have_done(aws: Aws) -> None:
    """ "After the retention period is over ... all of the automated backups expire." """
    rds, resource_id = deleted(aws, BackupRetentionPeriod=2)
    backup = rds_backends[ACCOUNT_ID][REGION].retained[resource_id]
    backup.since -= dt.timedelta(days=9)
    backup.ended_at -= dt.timedelta(days=1)
    (found,) = retained(rds)
    window = found["RestoreWindow"]
    assert dt.timedelta(0) < window["LatestTime"] - window["EarliestTime"] <= dt.timedelta(days=1, minutes=1)
    backup.ended_at -= dt.timedelta(days=2)
    assert retained(rds) == []


def test_no_more_than_forty(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """DeleteDBCluster, DBClusterAutomatedBackupQuotaExceededFault; the number is the user guide's."""
    assert retained_backups.MAX_RETAINED == 40
    monkeypatch.setattr(retained_backups, "MAX_RETAINED", 1)
    deleted(aws)
    rds = make_cluster(aws)
    given = {"DBClusterIdentifier": "shop-orders", "SkipFinalSnapshot": True}
    refused = code(rds.delete_db_cluster, **given, DeleteAutomatedBackups=False)
    assert refused == "DBClusterAutomatedBackupQuotaExceededFault"
    assert shown(rds)["Status"] == "available"


def test_the_plane_keeps_the_data_until_the_backup_goes() -> None:
    plane = MemoryPlane()
    rds, resource_id = deleted(Aws(plane))
    (kept,) = plane.kept
    restore(rds, resource_id)
    until(lambda: "new" in plane.requests)
    assert plane.requests["new"].from_backup == kept
    rds.delete_db_cluster_automated_backup(DbClusterResourceId=resource_id)
    assert not plane.kept
