"""Snapshots of RDS instances as a way to Aurora. API reference, RestoreDBClusterFromSnapshot; user guide, migrating."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cloud.client import ACCOUNT_ID, client
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_one_state import MemoryPlane
from tests.lab.cloud.test_rds import code, shown

OTHER_ACCOUNT = "210987654321"
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT_ID}:snapshot:before"
INSTANCE: dict[str, Any] = {
    "DBInstanceIdentifier": "legacy",
    "DBInstanceClass": "db.m6g.large",
    "Engine": "postgres",
    "EngineVersion": "16.7",
    "MasterUsername": "dba",
    "MasterUserPassword": "correct-horse",
    "DBName": "shop",
    "Port": 6000,
    "AllocatedStorage": 20,
}
MYSQL = {"Engine": "mysql", "EngineVersion": "8.0.41"}
GIVEN: dict[str, Any] = {
    "DBClusterIdentifier": "new",
    "SnapshotIdentifier": ARN,
    "Engine": "aurora-postgresql",
    "EngineVersion": "16.8",
}
GIVEN_MYSQL = {**GIVEN, "Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.0"}


def snapshot(aws: Aws, **more: Any) -> Any:
    """An instance's snapshot; gives the RDS client."""
    rds = aws("rds")
    rds.create_db_instance(**{**INSTANCE, **more})
    rds.create_db_snapshot(DBInstanceIdentifier="legacy", DBSnapshotIdentifier="before")
    return rds


@pytest.mark.parametrize(("source", "given"), [({}, GIVEN), (MYSQL, GIVEN_MYSQL)], ids=["postgres", "mysql"])
def test_it_becomes_a_cluster_with_its_user_database_and_port(
    aws: Aws, source: dict[str, Any], given: dict[str, Any]
) -> None:
    rds = snapshot(aws, **source)
    rds.restore_db_cluster_from_snapshot(**given)
    found = shown(rds, "new")
    assert (found["Engine"], found["EngineVersion"]) == (given["Engine"], given["EngineVersion"])
    assert (found["MasterUsername"], found["DatabaseName"], found["Port"]) == ("dba", "shop", 6000)
    assert (found["Status"], found["DBClusterMembers"]) == ("available", [])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"SnapshotIdentifier": "before"}, "DBClusterSnapshotNotFoundFault", id="by-name"),
        pytest.param({"SnapshotIdentifier": ARN + "hand"}, "DBSnapshotNotFound", id="unknown"),
        pytest.param({"Engine": "aurora-mysql"}, "InvalidParameterCombination", id="other-engine"),
        pytest.param({"EngineVersion": "16.6"}, "InvalidParameterCombination", id="backwards"),
        pytest.param({"EngineVersion": "17.7"}, "InvalidParameterCombination", id="another-major"),
        pytest.param({"EngineVersion": None}, "InvalidParameterCombination", id="the-default-version"),
    ],
)
def test_refusals(aws: Aws, changes: dict[str, Any], expected: str) -> None:
    """ "You can use only the ARN to specify a DB snapshot." """
    rds = snapshot(aws)
    given = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    assert code(rds.restore_db_cluster_from_snapshot, **given) == expected
    assert not rds.describe_db_clusters()["DBClusters"]


def test_of_an_engine_that_aurora_has_not(aws: Aws) -> None:
    rds = snapshot(aws, Engine="mariadb", EngineVersion="10.6.14")
    assert code(rds.restore_db_cluster_from_snapshot, **GIVEN_MYSQL) == "InvalidParameterCombination"


def test_anothers_must_be_shared(aws: Aws) -> None:
    rds, other = snapshot(aws), client("rds", REGION, OTHER_ACCOUNT)
    assert code(other.describe_db_snapshots, DBSnapshotIdentifier=ARN, IncludeShared=True) == "DBSnapshotNotFound"
    rds.modify_db_snapshot_attribute(
        DBSnapshotIdentifier="before", AttributeName="restore", ValuesToAdd=[OTHER_ACCOUNT]
    )
    (found,) = other.describe_db_snapshots(DBSnapshotIdentifier=ARN, IncludeShared=True)["DBSnapshots"]
    assert (found["Engine"], found["EngineVersion"]) == ("postgres", "16.7")
    other.restore_db_cluster_from_snapshot(**GIVEN)
    assert shown(other, "new")["MasterUsername"] == "dba"


def test_they_are_listed_in_pages(aws: Aws) -> None:
    rds = snapshot(aws)
    for number in range(19):  # one more is `before`, and one moto takes by itself
        rds.create_db_snapshot(DBInstanceIdentifier="legacy", DBSnapshotIdentifier=f"s{number:02d}")
    first = rds.describe_db_snapshots(MaxRecords=20)
    assert len(first["DBSnapshots"]) == 20
    rest = rds.describe_db_snapshots(MaxRecords=20, Marker=first["Marker"])["DBSnapshots"]
    assert [each["DBSnapshotIdentifier"] for each in rest] == ["s18"]
    assert code(rds.describe_db_snapshots, DBSnapshotIdentifier="nope") == "DBSnapshotNotFound"


def test_where_processes_run_it_is_refused_by_name() -> None:
    """RDS's own instances have none: better said than an empty cluster."""
    rds = snapshot(Aws(MemoryPlane()))
    assert code(rds.restore_db_cluster_from_snapshot, **GIVEN) == "InvalidDBSnapshotState"
