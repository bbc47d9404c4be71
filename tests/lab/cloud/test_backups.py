"""AWS Backup in the embedded AWS: what a plan's templates make is there, as boto3 shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from estate.load import load_text
from lab.cloud.client import client
from stacks.compose import compose
from tests.estate.rows_backups import PLAN, TWO_REGIONS
from tests.lab.cloud.conftest import Aws
from tests.support.assembly import AssembledStack, delete, deploy, read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import synthesize

COPY_REGION = "us-east-1"
EVERYTHING: dict[str, Any] = {
    **TWO_REGIONS,
    "caches": {},
    "aurora.orders.protection": False,
    PLAN: {
        "schedule": "cron(30 2 ? * * *)",
        "retention_days": 60,
        "copy_to_region": COPY_REGION,
        "copy_retention_days": 70,
        "lock": {"min_retention_days": 7, "max_retention_days": 90},
        "restore_test": {"schedule": "cron(0 5 1 * ? *)", "timezone": "Europe/Berlin"},
    },
}


# --- what moto lacks or gets wrong

ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def plan(aws: Aws, name: str = "nightly") -> str:
    rule = {"RuleName": "all", "TargetBackupVaultName": "vault"}
    made: str = aws("backup").create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})["BackupPlanId"]
    return made


def role(aws: Aws, trusted: str = "backup.amazonaws.com") -> str:
    document = str(ROLE).replace("'", '"').replace("backup.amazonaws.com", trusted)
    made: str = aws("iam").create_role(RoleName=trusted.split(".", maxsplit=1)[0], AssumeRolePolicyDocument=document)[
        "Role"
    ]["Arn"]
    return made


def test_a_role_that_does_not_trust_aws_backup_is_refused(aws: Aws) -> None:
    """AWS: "IAM Role ... cannot be assumed by AWS Backup", InvalidParameterValueException."""
    selection = {"SelectionName": "all", "IamRoleArn": role(aws, "rds.amazonaws.com"), "Resources": ["*"]}
    with pytest.raises(ClientError, match="cannot be assumed by AWS Backup") as caught:
        aws("backup").create_backup_selection(BackupPlanId=plan(aws), BackupSelection=selection)
    assert code(caught) == "InvalidParameterValueException"


def test_a_plan_with_selections_cannot_be_deleted(aws: Aws) -> None:
    """API reference, DeleteBackupPlan: "only be deleted after all associated selections ... have been deleted"."""
    backup, made = aws("backup"), plan(aws)
    selection = {"SelectionName": "all", "IamRoleArn": role(aws), "Resources": ["*"]}
    selected = backup.create_backup_selection(BackupPlanId=made, BackupSelection=selection)["SelectionId"]
    with pytest.raises(ClientError) as caught:
        backup.delete_backup_plan(BackupPlanId=made)
    assert code(caught) == "InvalidRequestException"
    backup.delete_backup_selection(BackupPlanId=made, SelectionId=selected)
    backup.delete_backup_plan(BackupPlanId=made)
    plan(aws)  # and its name is free again
    with pytest.raises(ClientError) as gone:
        backup.get_backup_selection(BackupPlanId=made, SelectionId=selected)
    assert code(gone) == "ResourceNotFoundException"


def test_a_restore_test_is_named_with_letters_digits_and_underscores(aws: Aws) -> None:
    """API reference: "it must consist of only alphanumeric characters and underscores"."""
    chosen = {"Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "RecoveryPointTypes": ["SNAPSHOT"]}
    document = {"ScheduleExpression": "cron(0 5 ? * * *)", "RecoveryPointSelection": chosen}
    with pytest.raises(ClientError) as caught:
        aws("backup").create_restore_testing_plan(RestoreTestingPlan={**document, "RestoreTestingPlanName": "a-b"})
    assert code(caught) == "InvalidParameterValueException"
    aws("backup").create_restore_testing_plan(RestoreTestingPlan={**document, "RestoreTestingPlanName": "a_b"})
    with pytest.raises(ClientError) as again:
        aws("backup").create_restore_testing_plan(RestoreTestingPlan={**document, "RestoreTestingPlanName": "a_b"})
    assert code(again) == "AlreadyExistsException"


def test_a_vault_that_is_not_there_cannot_be_deleted(aws: Aws) -> None:
    with pytest.raises(ClientError) as caught:
        aws("backup").delete_backup_vault(BackupVaultName="nothing")
    assert code(caught) == "ResourceNotFoundException"


# --- a plan with everything, deployed once; the last two tests change it and destroy it


def stacks_of(out: Path, changes: dict[str, Any]) -> list[AssembledStack]:
    estate = load_text(changed(changes)).estate
    synthesize(out, lambda app: compose(app, estate))
    return read_assembly(out)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> list[AssembledStack]:
    return stacks_of(tmp_path_factory.mktemp("backups"), EVERYTHING)


@pytest.fixture(scope="module")
def deployed(stacks: list[AssembledStack]) -> Aws:
    aws = Aws()
    for stack in stacks:
        assert deploy(stack) == "CREATE_COMPLETE"
    return aws


def test_the_vault_of_the_copies_comes_before_the_plan_that_names_it(stacks: list[AssembledStack]) -> None:
    names = [(stack.name, stack.region) for stack in stacks]
    assert names.index(("shop-backup", COPY_REGION)) < names.index(("shop-aurora-orders", "eu-west-1"))


def test_both_vaults_are_encrypted_with_their_own_regions_key_and_locked(deployed: Aws) -> None:
    cluster = deployed("rds").describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0]
    own = deployed("backup").describe_backup_vault(BackupVaultName="shop-orders")
    there = client("backup", COPY_REGION).describe_backup_vault(BackupVaultName="shop-orders")
    assert own["EncryptionKeyArn"] == cluster["KmsKeyId"]
    assert there["EncryptionKeyArn"].split(":")[3] == COPY_REGION
    for vault in (own, there):
        assert (vault["Locked"], vault["MinRetentionDays"], vault["MaxRetentionDays"]) == (True, 7, 90)
        assert "LockDate" not in vault  # it can be lifted


def test_the_alias_that_the_role_is_let_near_is_the_copies_key(deployed: Aws) -> None:
    kms = client("kms", COPY_REGION)
    vault = client("backup", COPY_REGION).describe_backup_vault(BackupVaultName="shop-orders")
    (alias,) = [each for each in kms.list_aliases()["Aliases"] if each["AliasName"] == "alias/shop-orders-backup"]
    assert vault["EncryptionKeyArn"].endswith(alias["TargetKeyId"].rsplit("/", 1)[-1])


def test_the_plan_backs_up_the_cluster_and_copies_it(deployed: Aws) -> None:
    backup = deployed("backup")
    (found,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=found["BackupPlanId"])["BackupPlan"]["Rules"]
    there = client("backup", COPY_REGION).describe_backup_vault(BackupVaultName="shop-orders")["BackupVaultArn"]
    assert (rule["TargetBackupVaultName"], rule["ScheduleExpression"]) == ("shop-orders", "cron(30 2 ? * * *)")
    assert rule["Lifecycle"] == {"DeleteAfterDays": 60}
    assert rule["CopyActions"] == [{"DestinationBackupVaultArn": there, "Lifecycle": {"DeleteAfterDays": 70}}]
    (selected,) = backup.list_backup_selections(BackupPlanId=found["BackupPlanId"])["BackupSelectionsList"]
    selection = backup.get_backup_selection(BackupPlanId=found["BackupPlanId"], SelectionId=selected["SelectionId"])
    cluster = deployed("rds").describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0]
    assert selection["BackupSelection"]["Resources"] == [cluster["DBClusterArn"]]


def test_a_restore_test_restores_into_the_clusters_own_subnets_and_group(deployed: Aws) -> None:
    backup = deployed("backup")
    plan = backup.get_restore_testing_plan(RestoreTestingPlanName="shop_orders")["RestoreTestingPlan"]
    assert (plan["ScheduleExpression"], plan["ScheduleExpressionTimezone"]) == ("cron(0 5 1 * ? *)", "Europe/Berlin")
    vault = backup.describe_backup_vault(BackupVaultName="shop-orders")["BackupVaultArn"]
    assert plan["RecoveryPointSelection"] == {
        "Algorithm": "LATEST_WITHIN_WINDOW",
        "ExcludeVaults": [],
        "IncludeVaults": [vault],
        "RecoveryPointTypes": ["SNAPSHOT"],
        "SelectionWindowDays": 30,
    }
    selection = backup.get_restore_testing_selection(
        RestoreTestingPlanName="shop_orders", RestoreTestingSelectionName="shop_orders"
    )["RestoreTestingSelection"]
    cluster = deployed("rds").describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0]
    group = cluster["VpcSecurityGroups"][0]["VpcSecurityGroupId"]
    assert selection["ProtectedResourceArns"] == [cluster["DBClusterArn"]]
    assert selection["RestoreMetadataOverrides"] == {
        "dbSubnetGroupName": cluster["DBSubnetGroup"],
        "vpcSecurityGroupIds": f'["{group}"]',
    }


def test_a_changed_plan_is_changed_in_place_and_a_removed_one_goes(deployed: Aws, tmp_path: Path) -> None:
    backup = deployed("backup")
    before = backup.list_backup_plans()["BackupPlansList"][0]
    other = {**EVERYTHING[PLAN], "schedule": "cron(0 3 ? * * *)", "lock": {"min_retention_days": 8}}
    other["restore_test"] = {"schedule": "cron(0 7 ? * SAT *)"}
    for stack in stacks_of(tmp_path / "other", {**EVERYTHING, PLAN: other}):
        deploy_or_leave(stack)
    after = backup.list_backup_plans()["BackupPlansList"][0]
    assert after["BackupPlanId"] == before["BackupPlanId"]
    assert after["VersionId"] != before["VersionId"]
    vault = backup.describe_backup_vault(BackupVaultName="shop-orders")
    assert (vault["MinRetentionDays"], "MaxRetentionDays" in vault) == (8, False)
    test = backup.get_restore_testing_plan(RestoreTestingPlanName="shop_orders")["RestoreTestingPlan"]
    assert test["ScheduleExpression"] == "cron(0 7 ? * SAT *)"
    without = {path: value for path, value in EVERYTHING.items() if path != PLAN}
    for stack in stacks_of(tmp_path / "without", without):
        deploy_or_leave(stack)
    assert backup.list_backup_plans()["BackupPlansList"] == []
    assert backup.list_restore_testing_plans()["RestoreTestingPlans"] == []
    assert backup.describe_backup_vault(BackupVaultName="shop-orders")["BackupVaultName"] == "shop-orders"  # kept


def deploy_or_leave(stack: AssembledStack) -> None:
    """A template that says nothing new is no update."""
    try:
        assert deploy(stack) == "UPDATE_COMPLETE"
    except ClientError as error:
        assert "No updates" in str(error)  # noqa: PT017 - any other error is one


def test_the_snapshot_of_a_deleted_cluster_and_its_automated_backups_stay(
    deployed: Aws, stacks: list[AssembledStack]
) -> None:
    """DeletionPolicy Snapshot, and DeleteAutomatedBackups false."""
    template = next(stack for stack in stacks if stack.name == "shop-aurora-orders").template
    (cluster,) = [each for each in template["Resources"].values() if each["Type"] == "AWS::RDS::DBCluster"]
    assert (cluster["DeletionPolicy"], cluster["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert cluster["Properties"]["DeleteAutomatedBackups"] is False
    for stack in reversed(stacks):
        assert delete(stack) == "DELETE_COMPLETE"
    left = deployed("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert [(each["DBClusterIdentifier"], each["SnapshotType"]) for each in left] == [("shop-orders", "manual")]
