"""Born from data: what the template says of it, what it leaves out, and what it says again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from constructs_lib.aurora.cluster import AuroraCluster
from estate.aurora import AuroraSpec
from tests.support.specs import mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import resources, synthesize_one

CLUSTER = "AWS::RDS::DBCluster"
RESTORE = {
    "RestoreToTime",
    "RestoreType",
    "SnapshotIdentifier",
    "SourceDBClusterIdentifier",
    "SourceDbClusterResourceId",
    "UseLatestRestorableTime",
}


def properties(out: Path, spec: AuroraSpec) -> dict[str, Any]:
    """Of the cluster, whose logical id is that of any other: a change of it would replace a database."""
    made = synthesize_one(
        out,
        lambda stack: AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=vpc_of_the_caller(stack)),
    )
    ((logical_id, cluster),) = resources(made, CLUSTER).items()
    assert logical_id == "AuroraCluster2778A36C"
    found: dict[str, Any] = cluster["Properties"]
    return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cluster that is born empty."""
    return properties(tmp_path_factory.mktemp("empty"), postgresql(storage="io-optimized"))


@pytest.mark.parametrize(
    ("origin", "said", "unsaid"),
    [
        pytest.param({"snapshot": "before"}, {"SnapshotIdentifier": "before"}, {"MasterUsername"}, id="snapshot"),
        pytest.param(
            {"point_in_time_of": "shop-old"},
            {
                "SourceDBClusterIdentifier": "shop-old",
                "RestoreType": "full-copy",
                "UseLatestRestorableTime": True,
            },
            {"MasterUsername", "StorageEncrypted"},
            id="latest",
        ),
        pytest.param(
            {"point_in_time_of": "shop-old", "at": "2026-11-20T09:30:00Z"},
            {
                "SourceDBClusterIdentifier": "shop-old",
                "RestoreType": "full-copy",
                "RestoreToTime": "2026-11-20T09:30:00Z",
            },
            {"MasterUsername", "StorageEncrypted"},
            id="moment",
        ),
        pytest.param(
            {"clone_of": "shop-old"},
            {
                "SourceDBClusterIdentifier": "shop-old",
                "RestoreType": "copy-on-write",
                "UseLatestRestorableTime": True,
            },
            {"MasterUsername", "StorageEncrypted"},
            id="clone",
        ),
    ],
)
def test_says_its_origin_leaves_out_what_comes_with_it_and_repeats_the_rest(
    tmp_path: Path, empty: dict[str, Any], origin: dict[str, Any], said: dict[str, Any], unsaid: set[str]
) -> None:
    """A restore takes no security group, parameter group, port, storage type or protection over from its source."""
    found = properties(tmp_path, postgresql(storage="io-optimized", origin=origin))
    assert {name: value for name, value in found.items() if name in RESTORE} == said
    assert set(empty) - set(found) == unsaid
    assert {name: value for name, value in found.items() if name not in said} == {
        name: value for name, value in empty.items() if name not in unsaid
    }


def test_an_empty_cluster_says_nothing_of_restores(empty: dict[str, Any]) -> None:
    assert not RESTORE & set(empty)


def test_what_a_restore_would_lose_is_there(tmp_path: Path) -> None:
    """Facts of RestoreDBClusterToPointInTime: each of these is off, default or gone unless it is said."""
    spec = mysql(
        origin={"point_in_time_of": "shop-old"}, instances={"a": {"class": "serverless"}, "b": {"class": "serverless"}}
    )
    found = properties(tmp_path, spec)
    assert (
        found["CopyTagsToSnapshot"] is found["DeletionProtection"] is found["EnableIAMDatabaseAuthentication"] is True
    )
    assert found["EnableCloudwatchLogsExports"] == ["audit", "error", "general", "slowquery"]
    assert found["Port"] == 3307
    for name in ("DBClusterParameterGroupName", "DBSubnetGroupName", "VpcSecurityGroupIds", "KmsKeyId"):
        assert found[name], name
    assert found["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 8}
    assert found["EngineLifecycleSupport"].endswith("-disabled")
    assert found["ManageMasterUserPassword"] is True


def test_overrides_have_the_last_word(tmp_path: Path) -> None:
    spec = postgresql(origin={"snapshot": "before"}, overrides={"SnapshotIdentifier": "another"})
    assert properties(tmp_path, spec)["SnapshotIdentifier"] == "another"
