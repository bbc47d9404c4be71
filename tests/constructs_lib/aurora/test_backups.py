"""AWS Backup and blue/green deployments as templates, of a cluster and alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.aurora.backups import BackupPlan, BackupVault
from constructs_lib.aurora.cluster import AuroraCluster
from estate.backups import BackupPlanSpec, VaultLockSpec
from estate.load import load_text
from stacks.compose import compose
from tests.estate.rows_backups import PLAN, TWO_REGIONS
from tests.support import rule_packs
from tests.support.estate_files import changed
from tests.support.specs import mysql, postgresql, vpc_of_the_caller
from tests.support.synthesis import Template, new_app, only, resources, synthesize, synthesize_one

LOCK = {"min_retention_days": 7, "max_retention_days": 90}
WHOLE: dict[str, Any] = {"copy_to_region": "us-east-1", "lock": LOCK, "restore_test": {}}
GREEN = {"name": "to-18", "target_version": "18.3", "parameters": {"work_mem": "65536"}}
ACCOUNT = "${AWS::AccountId}"


def of_cluster(out: Path, **changes: Any) -> Template:
    spec = postgresql(**changes)
    return synthesize_one(
        out,
        lambda stack: AuroraCluster(
            stack, "Aurora", identifier=f"shop-{spec.name}", spec=spec, vpc=vpc_of_the_caller(stack)
        ),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return of_cluster(tmp_path_factory.mktemp("whole"), backup={"plan": WHOLE})


@pytest.fixture(scope="module")
def continuous(tmp_path_factory: pytest.TempPathFactory) -> Template:
    plan = {"continuous": True, "copy_to_vault": "arn:aws:backup:eu-west-1:210987654321:backup-vault:safe"}
    return of_cluster(tmp_path_factory.mktemp("continuous"), backup={"plan": {**plan, "restore_test": {}}})


def test_ids_of_what_keeps_data_are_pinned(made: Template) -> None:
    """If this fails, an upgrade would put a new vault beside the one that has the recovery points."""
    assert list(resources(made, "AWS::Backup::BackupVault")) == ["AuroraBackupPlanOwnVault6FBBCEB6"]


def test_the_vault_is_the_clusters_under_its_key_and_stays(made: Template) -> None:
    (vault,) = resources(made, "AWS::Backup::BackupVault").values()
    assert (vault["DeletionPolicy"], vault["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert vault["Properties"]["BackupVaultName"] == "shop-orders"
    assert vault["Properties"]["EncryptionKeyArn"] == only(made, "AWS::RDS::DBCluster")["KmsKeyId"]
    assert vault["Properties"]["LockConfiguration"] == {"MaxRetentionDays": 90, "MinRetentionDays": 7}


def test_the_key_may_be_used_through_aws_backup_only_with_a_plan(made: Template, tmp_path: Path) -> None:
    def services(template: Template) -> list[str]:
        (statement,) = [
            each
            for each in only(template, "AWS::KMS::Key")["KeyPolicy"]["Statement"]
            if each["Sid"] == "UseThroughServices"
        ]
        return [each["Fn::Sub"].partition(".")[0] for each in statement["Condition"]["StringEquals"]["kms:ViaService"]]

    assert services(made) == ["rds", "secretsmanager", "backup"]
    assert services(of_cluster(tmp_path)) == ["rds", "secretsmanager"]


def test_the_cluster_is_selected_by_its_own_arn(made: Template) -> None:
    (cluster,) = resources(made, "AWS::RDS::DBCluster")
    arn = {"Fn::GetAtt": [cluster, "DBClusterArn"]}
    assert only(made, "AWS::Backup::BackupSelection")["BackupSelection"]["Resources"] == [arn]
    assert only(made, "AWS::Backup::RestoreTestingSelection")["ProtectedResourceArns"] == [arn]


def test_copies_go_to_the_vault_of_the_same_name_in_the_other_region(made: Template) -> None:
    (rule,) = only(made, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    (copy,) = rule["CopyActions"]
    arn = f"arn:${{AWS::Partition}}:backup:us-east-1:{ACCOUNT}:backup-vault:shop-orders"
    assert copy == {"DestinationBackupVaultArn": {"Fn::Sub": arn}, "Lifecycle": {"DeleteAfterDays": 35}}
    assert "EnableContinuousBackup" not in rule


def statements(template: Template, kind: str) -> dict[str, Any]:
    (policy,) = [
        each["Properties"]
        for each in resources(template, "AWS::IAM::ManagedPolicy").values()
        if each["Properties"]["Description"].startswith(kind)
    ]
    return {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}


def test_roles_can_do_no_more_than_their_one_cluster_needs(made: Template) -> None:
    for kind in ("Backup", "Restore"):
        for statement in statements(made, kind).values():
            assert "*" not in statement["Resource"]
            assert not any("*" in action for action in statement["Action"])
    (cluster,) = resources(made, "AWS::RDS::DBCluster")
    own = {"Fn::GetAtt": [cluster, "DBClusterArn"]}
    changing = [
        sid
        for kind in ("Backup", "Restore")
        for sid, statement in statements(made, kind).items()
        if own in statement["Resource"] and any(not a.startswith(READING) for a in statement["Action"])
    ]
    assert changing == ["TakeSnapshot"]  # nothing else is done to the cluster itself


READING = ("rds:Describe", "rds:List")


def test_the_key_of_the_copies_is_reached_by_its_alias(made: Template) -> None:
    grant = statements(made, "Backup")["GrantCopyKey"]
    assert grant["Resource"] == [{"Fn::Sub": f"arn:${{AWS::Partition}}:kms:us-east-1:{ACCOUNT}:key/*"}]
    assert grant["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/shop-orders-backup"},
    }


def test_continuous_backups_are_restored_to_a_point_in_time(continuous: Template) -> None:
    (rule,) = only(continuous, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["EnableContinuousBackup"] is True
    test = only(continuous, "AWS::Backup::RestoreTestingPlan")["RecoveryPointSelection"]
    assert test["RecoveryPointTypes"] == ["CONTINUOUS"]
    assert statements(continuous, "Restore")["Restore"]["Action"] == ["rds:RestoreDBClusterToPointInTime"]
    assert statements(continuous, "Backup")["KeepBackups"]["Action"] == ["rds:ModifyDBCluster"]


def test_a_copy_to_another_accounts_vault_uses_that_accounts_key(continuous: Template) -> None:
    grant = statements(continuous, "Backup")["GrantCopyKey"]
    assert grant["Resource"] == [{"Fn::Sub": "arn:${AWS::Partition}:kms:eu-west-1:210987654321:key/*"}]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_another_account_may_copy_what_the_key_encrypts_through_rds_only(continuous: Template, made: Template) -> None:
    policy = {each["Sid"]: each for each in only(continuous, "AWS::KMS::Key")["KeyPolicy"]["Statement"]}
    root = {"AWS": [{"Fn::Sub": "arn:${AWS::Partition}:iam::210987654321:root"}]}
    rds = {"kms:ViaService": {"Fn::Sub": "rds.${AWS::Region}.amazonaws.com"}}
    assert policy["CopiesByAccounts"]["Principal"] == policy["GrantsForCopies"]["Principal"] == root
    assert policy["CopiesByAccounts"]["Condition"] == {"StringEquals": rds}
    assert policy["GrantsForCopies"]["Condition"] == {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringEquals": rds,
    }
    assert "CopiesByAccounts" not in json.dumps(only(made, "AWS::KMS::Key"))


def test_the_shared_key_lets_the_other_account_copy_too(tmp_path: Path) -> None:
    vault = "arn:aws:backup:eu-west-1:210987654321:backup-vault:safe"
    said = {"profile": "dev", "caches": {}, "aurora.orders.instances": {"a": {}}, f"{PLAN}.copy_to_vault": vault}
    made = synthesize(tmp_path, lambda app: compose(app, load_text(changed(said)).estate))
    assert "iam::210987654321:root" in json.dumps(only(made["shop-network"], "AWS::KMS::Key"))


def test_without_a_plan_there_is_nothing_of_aws_backup(tmp_path: Path) -> None:
    assert "AWS::Backup" not in json.dumps(of_cluster(tmp_path))


def test_a_dev_estate_lends_its_one_key_to_both_regions_vaults(tmp_path: Path) -> None:
    copied = {"aurora.orders.instances": {"a": {}}, f"{PLAN}.copy_to_region": "us-east-1"}
    estate = load_text(changed({**TWO_REGIONS, "profile": "dev", "caches": {}, **copied})).estate
    made = synthesize(tmp_path, lambda app: compose(app, estate))
    for network in ("shop-network", "shop-network-us-east-1"):
        assert "backup.${AWS::Region}.amazonaws.com" in json.dumps(only(made[network], "AWS::KMS::Key"))
    copies = made["shop-backup-us-east-1"]
    assert resources(copies, "AWS::KMS::Key") == {}
    (vault,) = resources(copies, "AWS::Backup::BackupVault").values()
    assert (vault["DeletionPolicy"], vault["Properties"]["EncryptionKeyArn"]) == ("Delete", {"Ref": "NetworkKeyArn"})


def test_stacks_of_copies_are_one_for_each_region_that_takes_some(tmp_path: Path) -> None:
    there = {
        "engine": "aurora-postgresql",
        "version": "17.7",
        "region": "us-east-1",
        "instances": {"a": {}, "b": {}},
        "backup": {"plan": {"copy_to_region": "eu-west-1"}},
    }
    both = {**TWO_REGIONS, "caches": {}, "aurora.there": there, f"{PLAN}.copy_to_region": "us-east-1"}
    made = synthesize(tmp_path, lambda app: compose(app, load_text(changed(both)).estate))
    found = {
        name: [each["Properties"]["BackupVaultName"] for each in resources(made[name], VAULT).values()]
        for name in made
        if name.startswith("shop-backup")
    }
    assert found == {"shop-backup-eu-west-1": ["shop-there"], "shop-backup-us-east-1": ["shop-orders"]}


VAULT = "AWS::Backup::BackupVault"


def test_a_vault_and_a_plan_stand_alone(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        arn = "arn:aws:kms:eu-west-1:123456789012:key/0e0f5d1e-9d4c-4b2c-8f47-0d3f5c2b1a00"
        lock = VaultLockSpec.model_validate(LOCK | {"changeable_days": 3})
        BackupVault(stack, "Copies", identifier="other-orders", key_arn=arn, lock=lock, alias=True)
        plan = BackupPlan(
            stack,
            "Plan",
            identifier="shop-orders",
            spec=BackupPlanSpec(),
            cluster_arn="arn:aws:rds:eu-west-1:123456789012:cluster:shop-orders",
            key_arn=arn,
            subnet_group="shop",
            security_group_id="sg-0123456789abcdef0",
        )
        assert plan.cfn_restore_testing_plan is None
        plan.cfn_plan.add_property_override("BackupPlan.BackupPlanRule.0.StartWindowMinutes", 120)

    template = synthesize_one(tmp_path, define)
    locks = [each["Properties"].get("LockConfiguration") for each in resources(template, VAULT).values()]
    assert locks == [{"ChangeableForDays": 3, "MaxRetentionDays": 90, "MinRetentionDays": 7}, None]
    (rule,) = only(template, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["StartWindowMinutes"] == 120


# --- blue/green


def test_green_has_groups_of_the_next_family_with_tls_required(tmp_path: Path) -> None:
    said = {"rds.logical_replication": "1"}
    made = of_cluster(
        tmp_path,
        blue_green=GREEN,
        master_authentication="iam",
        parameters=said,
        instance_parameters={"log_min_duration_statement": "500"},
    )
    deployment = only(made, "AWS::RDS::Deployment")
    groups = resources(made, "AWS::RDS::DBClusterParameterGroup")
    green = groups[deployment["TargetDBClusterParameterGroupName"]["Ref"]]["Properties"]
    assert green["Family"] == "aurora-postgresql18"
    assert green["Parameters"] == {"rds.force_ssl": "1", **said, "work_mem": "65536"}
    of_instances = resources(made, "AWS::RDS::DBParameterGroup")
    group = of_instances[deployment["TargetDBParameterGroupName"]["Ref"]]["Properties"]
    assert group["Family"] == "aurora-postgresql18"
    (cluster,) = resources(made, "AWS::RDS::DBCluster")
    assert deployment["Source"] == {"Fn::GetAtt": [cluster, "DBClusterArn"]}
    assert (deployment["BlueGreenDeploymentName"], deployment["TargetEngineVersion"]) == ("to-18", "18.3")


def test_green_waits_for_all_that_it_is_a_copy_of(tmp_path: Path) -> None:
    made = of_cluster(
        tmp_path,
        blue_green=GREEN,
        master_authentication="iam",
        parameters={"rds.logical_replication": "1"},
        endpoints={"reports": {"members": ["b"]}},
    )
    (deployment,) = resources(made, "AWS::RDS::Deployment").values()
    copied = {*resources(made, "AWS::RDS::DBInstance"), *resources(made, "AWS::RDS::DBClusterEndpoint")}
    assert set(deployment["DependsOn"]) == copied


def test_backtrack_is_mysqls_alone_and_no_longer_than_72_hours(tmp_path: Path) -> None:
    assert "BacktrackWindow" not in only(of_cluster(tmp_path / "postgresql"), "AWS::RDS::DBCluster")
    spec = mysql(backtrack_hours=72)
    made = synthesize_one(
        tmp_path / "mysql",
        lambda stack: AuroraCluster(stack, "Aurora", identifier="shop", spec=spec, vpc=vpc_of_the_caller(stack)),
    )
    assert only(made, "AWS::RDS::DBCluster")["BacktrackWindow"] == 259_200


# --- rule packs


def test_a_plan_with_everything_and_a_green_cluster_are_clean(tmp_path: Path) -> None:
    """The wildcards of two roles are acknowledged with their reason; the synthesis raises on anything else."""
    everything = {
        **TWO_REGIONS,
        "caches": {},
        PLAN: WHOLE,
        "aurora.orders.master_authentication": "own-secret",
        "aurora.orders.parameters": {"rds.logical_replication": "1"},
        "aurora.orders.blue_green": GREEN,
    }
    app = new_app(tmp_path)
    compose(app, load_text(changed(everything)).estate)
    cdk.Validations.of(app).add_plugins(*rule_packs.nag_packs(app))
    app.synth()
    said = {
        finding.rule: reason
        for finding, reason in rule_packs.acknowledgements(tmp_path).items()
        if "BackupPlan" in finding.logical_id
    }
    assert {rule.partition("[")[0] for rule in said} == {"AwsSolutions-IAM5"}
    assert all(len(reason) > 40 for reason in said.values())
    assert {rule for rule, _ in rule_packs.cfn_lint(tmp_path)} <= {"I4010"}
