"""After a deploy, every property of every resource of every template is what boto3 reads back: nothing was dropped."""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends

from lab.cloud.client import ACCOUNT_ID
from lab.cloud.cloudformation.compare import same
from lab.cloud.cloudformation.readback import not_applied, read_properties
from lab.cloud.cloudformation.rows import find_row, rows
from lab.cloud.cloudformation.scope import handle_of
from lab.cloud.cloudformation.stack import Resource, Stack
from tests.lab.cloud.conftest import REGION, SHOP, Aws, deploy_shop, shop_template

# Properties that no operation of their service shows; each row says why beside the property.
UNSHOWN = {
    ("AWS::RDS::DBCluster", "MasterUserAuthenticationType"),
    ("AWS::RDS::DBCluster", "MasterUserPassword"),
    ("AWS::RDS::DBCluster", "DeleteAutomatedBackups"),
    ("AWS::RDS::DBCluster", "RestoreToTime"),
    ("AWS::RDS::DBCluster", "RestoreType"),
    ("AWS::RDS::DBCluster", "SnapshotIdentifier"),
    ("AWS::RDS::DBCluster", "SourceDBClusterIdentifier"),
    ("AWS::RDS::DBCluster", "SourceDbClusterResourceId"),
    ("AWS::RDS::DBCluster", "UseLatestRestorableTime"),
    ("AWS::ElastiCache::GlobalReplicationGroup", "CacheParameterGroupName"),
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
    ("AWS::ElastiCache::ReplicationGroup", "SnapshotArns"),
    ("AWS::ElastiCache::ReplicationGroup", "SnapshotName"),
    ("AWS::ElastiCache::ServerlessCache", "FinalSnapshotName"),
    ("AWS::ElastiCache::ServerlessCache", "SnapshotArnsToRestore"),
    ("AWS::ElastiCache::User", "Passwords"),
    ("AWS::SecretsManager::RotationSchedule", "HostedRotationLambda"),
    ("AWS::SecretsManager::RotationSchedule", "RotateImmediatelyOnUpdate"),
    ("AWS::SecretsManager::Secret", "GenerateSecretString"),
    ("AWS::SecretsManager::Secret", "SecretString"),
    ("AWS::KMS::Key", "PendingWindowInDays"),
    ("AWS::S3::Bucket", "AccessControl"),
    ("AWS::S3::Bucket", "BucketEncryption"),
    ("AWS::S3::Bucket", "LifecycleConfiguration"),
}

Deployed = dict[tuple[str, str], tuple[Stack, Resource]]


@pytest.fixture(scope="module")
def deployed() -> Deployed:
    deploy_shop(Aws())
    backend = cloudformation_backends[ACCOUNT_ID][REGION]
    return {
        (name, logical_id): (backend.stack(name), resource)
        for name in SHOP
        for logical_id, resource in backend.stack(name).resources.items()
    }


def cases(*, tagged: bool = False) -> list[Any]:
    """Every resource of the shop's templates, or those only that the template gives tags."""
    return [
        pytest.param(name, logical_id, id=f"{name}-{body['Type'].removeprefix('AWS::')}-{logical_id}")
        for name in SHOP
        for logical_id, body in shop_template(name)["Resources"].items()
        if not tagged or "Tags" in body["Properties"]
    ]


@pytest.mark.parametrize(("stack_name", "logical_id"), cases())
def test_every_property_is_read_back(deployed: Deployed, stack_name: str, logical_id: str) -> None:
    stack, resource = deployed[stack_name, logical_id]
    row = find_row(resource.type)
    assert row is not None
    readable = [name for name in resource.properties if (resource.type, name) not in UNSHOWN]
    read = read_properties(row, handle_of(stack, row, resource), readable)
    wrong = {
        name: f"wanted {resource.properties[name]!r}, read back {read[name]!r}"
        for name in readable
        if not same(resource.properties[name], read[name])
    }
    assert wrong == {}


def test_the_list_of_what_no_operation_shows_is_short() -> None:
    """A property may be left out of the comparison only with its reason, here and nowhere else."""
    held = {(row.type, name): why for row in rows().values() for name, why in row.unshown.items()}
    assert set(held) == set(UNSHOWN)
    assert all(held.values())


@pytest.mark.parametrize(("stack_name", "logical_id"), cases(tagged=True))
def test_tags_of_the_stack_and_of_cloudformation_reach_the_resource(
    deployed: Deployed, stack_name: str, logical_id: str
) -> None:
    """CloudFormation User Guide, "Resource tag": stack tags propagate to the resources that can be tagged, with
    `aws:cloudformation:stack-name`, `stack-id` and `logical-id`.
    """
    stack, resource = deployed[stack_name, logical_id]
    row = find_row(resource.type)
    assert row is not None
    tags = read_properties(row, handle_of(stack, row, resource), ["Tags"])["Tags"]
    assert tags["from"] == "the stack"
    assert tags["aws:cloudformation:logical-id"] == logical_id


@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        pytest.param("35", 34, id="another-number"),
        pytest.param({"MinCapacity": 0.5}, {}, id="a-key-that-is-missing"),
        pytest.param(["a", "b"], ["a"], id="an-item-that-is-missing"),
        pytest.param(["a"], ["a", "b"], id="an-item-too-many"),
        pytest.param(True, None, id="nothing"),
        pytest.param([{"Key": "a", "Value": "b"}], {"a": "c"}, id="another-tag"),
    ],
)
def test_the_comparison_can_fail(wanted: Any, read: Any) -> None:
    assert not same(wanted, read)


def test_a_dropped_property_is_found(deployed: Deployed) -> None:
    stack, resource = deployed["shop-aurora-orders", _cluster_id("shop-aurora-orders")]
    row = find_row(resource.type)
    assert row is not None
    handle = handle_of(stack, row, resource)
    handle.properties["BackupRetentionPeriod"] = 1
    assert not_applied(row, handle, ["BackupRetentionPeriod"]) == [
        "AWS::RDS::DBCluster: property BackupRetentionPeriod was given as 1, and the embedded AWS shows 35"
    ]


def _cluster_id(name: str) -> str:
    bodies = shop_template(name)["Resources"]
    return str(next(key for key, body in bodies.items() if body["Type"] == "AWS::RDS::DBCluster"))
