"""Blue/green deployments in the embedded AWS: the green copy, who may have one, and how it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estate.load import load_text
from stacks.compose import compose
from tests.estate.rows_backups import GREEN, MYSQL_GREEN, POSTGRESQL_GREEN
from tests.lab.cloud.conftest import Aws
from tests.support.assembly import AssembledStack, delete, deploy, read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import synthesize

PARAMETERS = {"innodb_lock_wait_timeout": "30"}
DECLARED: dict[str, Any] = {
    **MYSQL_GREEN,
    "caches": {},
    "aurora.orders.instance_parameters": {"long_query_time": "2"},
    GREEN: {"name": "to-8-4", "target_version": "8.4.mysql_aurora.8.4.7", "parameters": PARAMETERS},
}


def stacks_of(out: Path, changes: dict[str, Any]) -> list[AssembledStack]:
    estate = load_text(changed(changes)).estate
    synthesize(out, lambda app: compose(app, estate))
    return read_assembly(out)


# --- whom AWS refuses


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def blue(aws: Aws, parameters: dict[str, str], **more: Any) -> str:
    """A cluster of MySQL under a parameter group of its own; its ARN."""
    rds = aws("rds")
    group = {"DBClusterParameterGroupName": "blue", "DBParameterGroupFamily": "aurora-mysql8.0", "Description": "blue"}
    rds.create_db_cluster_parameter_group(**group)
    entries = [
        {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"}
        for name, value in parameters.items()
    ]
    if entries:
        rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName="blue", Parameters=entries)
    login = more or {"MasterUserPassword": "correct-horse"}
    made = rds.create_db_cluster(
        DBClusterIdentifier="blue",
        Engine="aurora-mysql",
        EngineVersion="8.0.mysql_aurora.3.10.0",
        DBClusterParameterGroupName="blue",
        MasterUsername="dbadmin",
        **login,
    )
    arn: str = made["DBCluster"]["DBClusterArn"]
    return arn


def deployment(aws: Aws, source: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = aws("rds").create_blue_green_deployment(
        BlueGreenDeploymentName="next", Source=source, **more
    )["BlueGreenDeployment"]
    return made


def test_a_password_that_rds_manages_is_not_copied(aws: Aws) -> None:
    """Aurora User Guide: "don't support managing master user passwords with AWS Secrets Manager"."""
    source = blue(aws, {"binlog_format": "ROW"}, ManageMasterUserPassword=True)
    with pytest.raises(ClientError) as caught:
        deployment(aws, source)
    assert code(caught) == "SourceClusterNotSupportedFault"


def test_blue_has_to_keep_a_binary_log(aws: Aws) -> None:
    with pytest.raises(ClientError, match="binlog enabled") as caught:
        deployment(aws, blue(aws, {}))
    assert code(caught) == "InvalidParameterCombination"


def test_green_is_never_older_and_its_parameters_are_of_its_family(aws: Aws) -> None:
    source = blue(aws, {"binlog_format": "ROW"})
    with pytest.raises(ClientError, match="Cannot upgrade"):
        deployment(aws, source, TargetEngineVersion="8.0.mysql_aurora.3.04.0")
    with pytest.raises(ClientError, match=r"DBParameterGroupFamily aurora-mysql8\.4"):
        deployment(aws, source, TargetEngineVersion="8.4.mysql_aurora.8.4.7", TargetDBClusterParameterGroupName="blue")
    with pytest.raises(ClientError) as caught:
        deployment(aws, source, TargetDBClusterParameterGroupName="nothing")
    assert code(caught) == "DBClusterParameterGroupNotFound"


def test_two_deployments_have_two_names(aws: Aws) -> None:
    source = blue(aws, {"binlog_format": "ROW"})
    first = deployment(aws, source)
    assert first["Status"] == "PROVISIONING"
    with pytest.raises(ClientError) as caught:
        deployment(aws, source)
    assert code(caught) == "BlueGreenDeploymentAlreadyExistsFault"
    found = aws("rds").describe_blue_green_deployments(Filters=[{"Name": "source", "Values": [source]}])
    assert [each["BlueGreenDeploymentIdentifier"] for each in found["BlueGreenDeployments"]] == [
        first["BlueGreenDeploymentIdentifier"]
    ]


def test_without_delete_target_green_is_kept(aws: Aws) -> None:
    made = deployment(aws, blue(aws, {"binlog_format": "ROW"}))
    rds, identifier = aws("rds"), made["BlueGreenDeploymentIdentifier"]
    rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=identifier)
    with pytest.raises(ClientError) as caught:
        rds.describe_blue_green_deployments(BlueGreenDeploymentIdentifier=identifier)
    assert code(caught) == "BlueGreenDeploymentNotFoundFault"
    left = [each["DBClusterIdentifier"] for each in rds.describe_db_clusters()["DBClusters"]]
    assert left == ["blue", made["Target"].rsplit(":", 1)[-1]]


# --- as an estate declares it: deployed once, destroyed by the last test


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> list[AssembledStack]:
    return stacks_of(tmp_path_factory.mktemp("green"), DECLARED)


@pytest.fixture(scope="module")
def deployed(stacks: list[AssembledStack]) -> Aws:
    aws = Aws()
    for stack in stacks:
        assert deploy(stack) == "CREATE_COMPLETE"
    return aws


def only_deployment(aws: Aws) -> dict[str, Any]:
    (found,) = aws("rds").describe_blue_green_deployments()["BlueGreenDeployments"]
    return dict(found)


def green_of(aws: Aws) -> dict[str, Any]:
    name = only_deployment(aws)["Target"].rsplit(":", 1)[-1]
    return dict(aws("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0])


def test_green_runs_the_next_version_under_parameters_of_its_own(deployed: Aws) -> None:
    rds, found, green = deployed("rds"), only_deployment(deployed), green_of(deployed)
    blue_arn = rds.describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0]["DBClusterArn"]
    assert (found["BlueGreenDeploymentName"], found["Status"], found["Source"]) == ("to-8-4", "AVAILABLE", blue_arn)
    assert green["DBClusterIdentifier"].startswith("shop-orders-green-")
    assert green["EngineVersion"] == "8.4.mysql_aurora.8.4.7"
    group = green["DBClusterParameterGroup"]
    family = rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=group)["DBClusterParameterGroups"][0]
    assert family["DBParameterGroupFamily"] == "aurora-mysql8.4"
    said = {
        each["ParameterName"]: each["ParameterValue"]
        for each in rds.describe_db_cluster_parameters(DBClusterParameterGroupName=group)["Parameters"]
    }
    assert {"require_secure_transport": "ON", "binlog_format": "ROW", **PARAMETERS}.items() <= said.items()


def test_green_has_the_same_instances_key_and_protection(deployed: Aws) -> None:
    rds, green = deployed("rds"), green_of(deployed)
    blue_cluster = rds.describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0]
    for name in ("KmsKeyId", "DeletionProtection", "DBSubnetGroup", "Port", "IAMDatabaseAuthenticationEnabled"):
        assert green[name] == blue_cluster[name]
    assert not green.get("BacktrackWindow")
    members = rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": [green["DBClusterIdentifier"]]}])[
        "DBInstances"
    ]
    assert sorted(member["DBInstanceIdentifier"].partition("-green-")[0] for member in members) == [
        "shop-orders-a",
        "shop-orders-b",
    ]
    (group,) = {member["DBParameterGroups"][0]["DBParameterGroupName"] for member in members}
    family = rds.describe_db_parameter_groups(DBParameterGroupName=group)["DBParameterGroups"][0]
    assert family["DBParameterGroupFamily"] == "aurora-mysql8.4"


def test_a_protected_green_cluster_stands_in_the_way_and_then_goes_with_the_stack(
    deployed: Aws, stacks: list[AssembledStack], tmp_path: Path
) -> None:
    """Aurora User Guide: with `--delete-target` green "must have deletion protection turned off"."""
    rds, green = deployed("rds"), green_of(deployed)["DBClusterIdentifier"]
    identifier = only_deployment(deployed)["BlueGreenDeploymentIdentifier"]
    with pytest.raises(ClientError, match="disable deletion protection"):
        rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=identifier, DeleteTarget=True)
    rds.modify_db_cluster(DBClusterIdentifier=green, DeletionProtection=False, ApplyImmediately=True)
    unprotected = {stack.name: stack for stack in stacks_of(tmp_path, {**DECLARED, "protection": False})}
    assert deploy(unprotected["shop-aurora-orders"]) == "UPDATE_COMPLETE"
    for stack in reversed(stacks):
        assert delete(stack) == "DELETE_COMPLETE"
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert rds.describe_blue_green_deployments()["BlueGreenDeployments"] == []


def test_postgresql_follows_by_logical_replication(aws: Aws, tmp_path: Path) -> None:
    for stack in stacks_of(tmp_path, {**POSTGRESQL_GREEN, "caches": {}}):
        assert deploy(stack) == "CREATE_COMPLETE"
    assert green_of(aws)["EngineVersion"] == "17.9"
