"""Backtracks in the embedded AWS: the window, what is refused, states, and which of them a list shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.cloud.client import client
from lab.cloud.delays import NONE, Delays
from lab.cloud.install import install, reset_backends
from lab.cloud.runtime import RUNTIME

CLUSTER = "shop-catalog"


@pytest.fixture
def rds() -> Iterator[Any]:
    install(delays=NONE)
    reset_backends()
    yield client("rds", "eu-west-1")
    reset_backends()


def make(rds: Any, **more: Any) -> dict[str, Any]:
    rds.create_db_cluster(
        **{
            "DBClusterIdentifier": CLUSTER, "Engine": "aurora-mysql", "MasterUsername": "keeper",
            "MasterUserPassword": "p" * 12, "BacktrackWindow": 3600, **more,
        }
    )  # fmt: skip
    return show(rds)


def show(rds: Any) -> dict[str, Any]:
    (cluster,) = rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"]
    found: dict[str, Any] = cluster
    return found


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_the_window_grows_from_the_birth_of_the_cluster(rds: Any) -> None:
    cluster = make(rds)
    assert cluster["BacktrackWindow"] == 3600
    assert abs(cluster["EarliestBacktrackTime"] - datetime.now(UTC)) < timedelta(seconds=30)
    rds.modify_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackWindow=0)
    assert "EarliestBacktrackTime" not in show(rds)


def test_a_cluster_without_a_window_has_no_earliest_time(rds: Any) -> None:
    assert "EarliestBacktrackTime" not in make(rds, BacktrackWindow=0)


def test_a_backtrack_is_applied_and_then_completed(rds: Any) -> None:
    earliest = make(rds)["EarliestBacktrackTime"]
    RUNTIME.delays = Delays(modifying_s=0.3)
    time.sleep(0.01)
    made = rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=earliest + timedelta(milliseconds=5))
    assert made["Status"] == "applying"
    assert show(rds)["Status"] == "backtracking"
    with pytest.raises(ClientError) as refused:
        rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=earliest)
    assert code_of(refused) == "InvalidDBClusterStateFault"
    deadline = time.monotonic() + 10
    while show(rds)["Status"] != "available" and time.monotonic() < deadline:
        time.sleep(0.05)
    (found,) = rds.describe_db_cluster_backtracks(
        DBClusterIdentifier=CLUSTER, BacktrackIdentifier=made["BacktrackIdentifier"]
    )["DBClusterBacktracks"]
    assert found["Status"] == "completed"
    assert found["BacktrackTo"] == made["BacktrackTo"] < found["BacktrackedFrom"]


def test_a_list_begins_with_the_oldest_and_is_filtered(rds: Any) -> None:
    earliest = make(rds)["EarliestBacktrackTime"]
    ids = [
        rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=earliest)["BacktrackIdentifier"]
        for _ in range(3)
    ]
    found = rds.describe_db_cluster_backtracks(DBClusterIdentifier=CLUSTER)["DBClusterBacktracks"]
    assert [each["BacktrackIdentifier"] for each in found] == ids
    by_id = {"Name": "db-cluster-backtrack-id", "Values": ids[1:]}
    by_status = {"Name": "db-cluster-backtrack-status", "Values": ["failed"]}
    assert (
        len(rds.describe_db_cluster_backtracks(DBClusterIdentifier=CLUSTER, Filters=[by_id])["DBClusterBacktracks"])
        == 2
    )
    assert not rds.describe_db_cluster_backtracks(DBClusterIdentifier=CLUSTER, Filters=[by_status])[
        "DBClusterBacktracks"
    ]


def test_before_the_window_only_when_the_earliest_will_do(rds: Any) -> None:
    earliest = make(rds)["EarliestBacktrackTime"]
    before = earliest - timedelta(hours=1)
    with pytest.raises(ClientError) as refused:
        rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=before)
    assert code_of(refused) == "InvalidParameterValue"
    made = rds.backtrack_db_cluster(
        DBClusterIdentifier=CLUSTER, BacktrackTo=before, UseEarliestTimeOnPointInTimeUnavailable=True
    )
    assert made["BacktrackTo"] >= earliest


def with_binlog(rds: Any) -> None:
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="binlog", DBParameterGroupFamily="aurora-mysql8.0", Description="d"
    )
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName="binlog",
        Parameters=[{"ParameterName": "binlog_format", "ParameterValue": "ROW", "ApplyMethod": "pending-reboot"}],
    )
    rds.modify_db_cluster(DBClusterIdentifier=CLUSTER, DBClusterParameterGroupName="binlog")


def test_with_binary_logging_only_by_force(rds: Any) -> None:
    earliest = make(rds)["EarliestBacktrackTime"]
    with_binlog(rds)
    with pytest.raises(ClientError) as refused:
        rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=earliest)
    assert code_of(refused) == "InvalidParameterCombination"
    rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=earliest, Force=True)


@pytest.mark.parametrize(
    ("made", "asked", "code"),
    [
        pytest.param({"BacktrackWindow": 0}, {}, "InvalidParameterCombination", id="no window"),
        pytest.param(
            {"Engine": "aurora-postgresql", "BacktrackWindow": 0}, {}, "InvalidParameterCombination", id="PostgreSQL"
        ),
        pytest.param({}, {"DBClusterIdentifier": "nothing"}, "DBClusterNotFoundFault", id="no such cluster"),
        pytest.param({}, {"BacktrackTo": datetime(2999, 1, 1, tzinfo=UTC)}, "InvalidParameterValue", id="the future"),
    ],
)
def test_refusals(rds: Any, made: dict[str, Any], asked: dict[str, Any], code: str) -> None:
    make(rds, **made)
    with pytest.raises(ClientError) as refused:
        rds.backtrack_db_cluster(**{"DBClusterIdentifier": CLUSTER, "BacktrackTo": datetime.now(UTC), **asked})
    assert code_of(refused) == code


def test_an_unknown_backtrack(rds: Any) -> None:
    make(rds)
    with pytest.raises(ClientError) as refused:
        rds.describe_db_cluster_backtracks(DBClusterIdentifier=CLUSTER, BacktrackIdentifier="none")
    assert code_of(refused) == "DBClusterBacktrackNotFoundFault"
