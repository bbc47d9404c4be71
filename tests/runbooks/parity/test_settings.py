"""The table of settings against botocore's model: nothing that AWS lets one set is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from runbooks.parity.exceptions import OF_CLUSTER, OF_INSTANCE, OF_RESTORES
from runbooks.parity.settings import (
    CLUSTER,
    INSTANCE,
    MODIFY,
    OPERATIONS,
    POINT_IN_TIME,
    REFUSED_AT_BIRTH,
    S3,
    SNAPSHOT,
    UNKNOWN,
    Setting,
    Way,
    accepted,
    find_setting,
    way_of,
)

NAMES = {setting.name for setting in CLUSTER}
INSTANCE_NAMES = {setting.name for setting in INSTANCE}


@pytest.mark.parametrize("operation", ["CreateDBCluster", MODIFY])
def test_every_parameter_of_a_cluster_is_a_row_or_has_a_reason(operation: str) -> None:
    assert accepted(operation) - NAMES - set(OF_CLUSTER) == frozenset()


@pytest.mark.parametrize("operation", ["CreateDBInstance", "ModifyDBInstance"])
def test_every_parameter_of_an_instance_is_a_row_or_has_a_reason(operation: str) -> None:
    assert accepted(operation) - INSTANCE_NAMES - set(OF_INSTANCE) == frozenset()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_parameter_of_a_restore_is_a_row_or_has_a_reason(operation: str) -> None:
    assert accepted(operation) - NAMES - set(OF_CLUSTER) - set(OF_RESTORES) == frozenset()


def test_nothing_is_excepted_that_aws_does_not_have() -> None:
    """A reason that outlives its parameter misleads."""
    of_clusters = accepted("CreateDBCluster") | accepted(MODIFY)
    assert set(OF_CLUSTER) - of_clusters == set()
    assert set(OF_INSTANCE) - accepted("CreateDBInstance") - accepted("ModifyDBInstance") == set()
    assert set(OF_RESTORES) - frozenset().union(*(accepted(each) for each in OPERATIONS)) == set()
    assert NAMES - of_clusters == set()
    assert accepted("CreateDBInstance") >= INSTANCE_NAMES


def test_no_parameter_is_both_a_row_and_an_exception() -> None:
    assert set(OF_CLUSTER) & NAMES == set()
    assert set(OF_INSTANCE) & INSTANCE_NAMES == set()


@pytest.mark.parametrize("shape", [("DBCluster", CLUSTER), ("DBInstance", INSTANCE)], ids=["cluster", "instance"])
def test_every_setting_is_read_from_a_member_that_there_is(shape: tuple[str, tuple[Setting, ...]]) -> None:
    from botocore.loaders import Loader

    members = Loader().load_service_model("rds", "service-2")["shapes"][shape[0]]["members"]
    assert {setting.key for setting in shape[1]} - set(members) == set()


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        pytest.param("DatabaseName", (Way.CARRIED, Way.CARRIED, Way.PASSED), id="comes-with-the-data"),
        pytest.param("KmsKeyId", (Way.CARRIED, Way.CARRIED, Way.PASSED), id="key"),
        pytest.param("EngineVersion", (Way.CARRIED, Way.PASSED, Way.PASSED), id="a-snapshot-becomes-the-default-C16"),
        pytest.param("Port", (Way.PASSED, Way.PASSED, Way.PASSED), id="port-C6"),
        pytest.param("StorageType", (Way.PASSED, Way.PASSED, Way.PASSED), id="storage-C6"),
        pytest.param("DeletionProtection", (Way.PASSED, Way.PASSED, Way.PASSED), id="protection-C6"),
        pytest.param("AssociatedRoles", (Way.PASSED, Way.PASSED, Way.PASSED), id="roles-C6"),
        pytest.param("PreferredMaintenanceWindow", (Way.MODIFIED, Way.MODIFIED, Way.PASSED), id="window-C7"),
        pytest.param("ManageMasterUserPassword", (Way.MODIFIED, Way.MODIFIED, Way.PASSED), id="managed-password-C7"),
        pytest.param("AutoMinorVersionUpgrade", (Way.MODIFIED,) * 3, id="minor-versions-C7"),
        pytest.param("DatabaseInsightsMode", (Way.MODIFIED,) * 3, id="insights-C7"),
        pytest.param("EnablePerformanceInsights", (Way.MODIFIED,) * 3, id="listed-but-refused-boto3-4634"),
        pytest.param("EnableLocalWriteForwarding", (Way.MODIFIED,) * 3, id="write-forwarding-C7"),
    ],
)
def test_how_a_setting_comes_to_a_copy(name: str, ways: tuple[Way, Way, Way]) -> None:
    assert tuple(way_of(name, operation) for operation in (POINT_IN_TIME, SNAPSHOT, S3)) == ways


def test_what_is_modified_afterwards_can_be() -> None:
    """By ModifyDBCluster, but for the Data API, which has a call of its own."""
    for operation in OPERATIONS:
        modified = {name for name in NAMES if way_of(name, operation) is Way.MODIFIED} - {"EnableHttpEndpoint"}
        known = accepted(MODIFY) | REFUSED_AT_BIRTH
        unsettable = {"DatabaseName", "MasterUsername", "StorageEncrypted", "KmsKeyId", "Engine", "EngineMode"}
        assert modified - known - unsettable == set(), operation


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        pytest.param("StorageType", {}, "aurora", id="aws-shows-no-standard-storage"),
        pytest.param("StorageType", {"StorageType": ""}, "aurora", id="or-an-empty-one"),
        pytest.param("DeletionProtection", {}, False, id="absent-is-off"),
        pytest.param("VpcSecurityGroupIds",
                     {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-b"}, {"VpcSecurityGroupId": "sg-a"}]},
                     ["sg-a", "sg-b"], id="groups-in-order"),
        pytest.param("AssociatedRoles", {"AssociatedRoles": [{"RoleArn": "r", "Status": "ACTIVE", "FeatureName": ""}]},
                     [{"RoleArn": "r"}], id="a-role-without-its-status"),
        pytest.param("ServerlessV2ScalingConfiguration",
                     {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8.0}},
                     {"MinCapacity": 0.5, "MaxCapacity": 8.0}, id="capacity"),
        pytest.param("ServerlessV2ScalingConfiguration", {}, None, id="no-capacity"),
        pytest.param("ManageMasterUserPassword", {"MasterUserSecret": {"SecretArn": "s"}}, True, id="managed"),
        pytest.param("ManageMasterUserPassword", {}, False, id="not-managed"),
        pytest.param("EnableLocalWriteForwarding", {"LocalWriteForwardingStatus": "requested"}, True, id="on-its-way"),
        pytest.param("EnableLocalWriteForwarding", {"LocalWriteForwardingStatus": "disabled"}, False, id="off"),
        pytest.param("Domain", {"DomainMemberships": [{"Domain": "d-1", "IAMRoleName": "r"}]}, "d-1", id="domain"),
    ],
)  # fmt: skip
def test_reading(name: str, raw: dict[str, Any], value: Any) -> None:
    setting = find_setting(name)
    assert setting is not None
    assert setting.value(raw) == value


def test_what_a_snapshot_does_not_say_is_not_known() -> None:
    setting = find_setting("DeletionProtection")
    assert setting is not None
    assert setting.value({}, partial=True) is UNKNOWN
    assert setting.value({"DeletionProtection": True}, partial=True) is True
