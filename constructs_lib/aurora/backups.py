"""AWS Backup for one cluster: vault, plan, copies, Vault Lock, a restore test, and roles that can do no more."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge, set_policies
from constructs_lib.foundation.trust import service_trust
from estate import names
from estate.backups import BackupPlanSpec, VaultLockSpec

SERVICE = "backup.amazonaws.com"
RULE = "scheduled"
RESTORED = "awsbackup-restore-test-*"
"""What AWS Backup calls what it restores in a test. [AWS Backup developer guide, restore-testing-inferred-metadata]"""
SNAPSHOT = "cluster-snapshot:awsbackup:*"
"""What it calls a snapshot of Aurora. [AWSBackupServiceRolePolicyForBackup]"""
REGION_OF_ARN, ACCOUNT_OF_ARN = 3, 4
WILDCARD = (
    "AWS Backup chooses these names when it makes the resource, or a condition of the same statement narrows the keys; "
    "AWS's own policies for it allow every service's resources"
)

Statement = dict[str, Any]


class BackupVault(Construct):
    """Define one vault under a literal name, so that a plan in another Region can name it; kept when its stack goes.

    `alias=True` gives the key the alias by which the role of that plan is let near it. A vault that goes with its
    stack (`retain=False`) has to be empty by then.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        key_arn: str,
        lock: VaultLockSpec | None = None,
        alias: bool = False,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = names.backup_vault(identifier)
        self.cfn_vault = backup.CfnBackupVault(
            self,
            "Vault",
            backup_vault_name=self.name,
            encryption_key_arn=key_arn,
            lock_configuration=_lock(lock) if lock else None,
        )
        set_policies(self.cfn_vault, cdk.CfnDeletionPolicy.RETAIN if retain else cdk.CfnDeletionPolicy.DELETE)
        self.cfn_alias = (
            kms.CfnAlias(self, "Alias", alias_name=names.backup_key_alias(identifier), target_key_id=key_arn)
            if alias
            else None
        )

    @property
    def vault_arn(self) -> str:
        return self.cfn_vault.attr_backup_vault_arn


def _lock(lock: VaultLockSpec) -> backup.CfnBackupVault.LockConfigurationTypeProperty:
    return backup.CfnBackupVault.LockConfigurationTypeProperty(
        changeable_for_days=lock.changeable_days,
        max_retention_days=lock.max_retention_days,
        min_retention_days=lock.min_retention_days,
    )


class BackupPlan(Construct):
    """Define the plan of one cluster, selected by its ARN, into a vault of its own under the cluster's key.

    A restore test puts the cluster it restores into the subnets and the security group named here; AWS Backup makes
    no instance in it. `copy_to_region` expects a `BackupVault(alias=True)` of the same identifier in that Region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: BackupPlanSpec,
        cluster_arn: str,
        key_arn: str,
        subnet_group: str,
        security_group_id: str,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self._cluster_arn = cluster_arn
        self._key_arn = key_arn
        self.vault = BackupVault(self, "Own", identifier=identifier, key_arn=key_arn, lock=spec.lock, retain=retain)
        self.copy_vault_arn = copy_vault_arn(identifier, spec)
        self.cfn_role = self._define_role("Backup", self._backup_statements())
        self.cfn_plan = self._define_plan()
        self.cfn_selection = self._define_selection()
        self.cfn_restore_role: iam.CfnRole | None = None
        self.cfn_restore_testing_plan: backup.CfnRestoreTestingPlan | None = None
        self.cfn_restore_testing_selection: backup.CfnRestoreTestingSelection | None = None
        if spec.restore_test:
            self.cfn_restore_role = self._define_role("Restore", self._restore_statements(subnet_group))
            self.cfn_restore_testing_plan = self._define_restore_test()
            self.cfn_restore_testing_selection = self._define_restored(
                self.cfn_restore_testing_plan, self.cfn_restore_role, subnet_group, security_group_id
            )

    def _define_role(self, kind: str, statements: Sequence[Statement]) -> iam.CfnRole:
        """A role under a managed policy of its own: inline ones are findings in four packs."""
        policy = iam.CfnManagedPolicy(
            self,
            f"{kind}Policy",
            description=f"{kind} {self.identifier} by AWS Backup",
            policy_document={
                "Version": "2012-10-17",
                "Statement": [_rendered_statement(statement) for statement in statements],
            },
        )
        acknowledge(policy, _wildcards(statements))
        return iam.CfnRole(
            self,
            f"{kind}Role",
            assume_role_policy_document=service_trust(SERVICE),
            managed_policy_arns=[policy.ref],
        )

    def _define_plan(self) -> backup.CfnBackupPlan:
        spec = self.spec
        rule = backup.CfnBackupPlan.BackupRuleResourceTypeProperty(
            rule_name=RULE,
            target_backup_vault=self.vault.cfn_vault.ref,
            copy_actions=[self._copy(self.copy_vault_arn)] if self.copy_vault_arn else None,
            enable_continuous_backup=spec.continuous or None,
            lifecycle=_lifecycle(spec.retention_days),
            schedule_expression=spec.schedule,
        )
        return backup.CfnBackupPlan(
            self,
            "Plan",
            backup_plan=backup.CfnBackupPlan.BackupPlanResourceTypeProperty(
                backup_plan_name=self.identifier, backup_plan_rule=[rule]
            ),
        )

    def _copy(self, vault_arn: str) -> backup.CfnBackupPlan.CopyActionResourceTypeProperty:
        return backup.CfnBackupPlan.CopyActionResourceTypeProperty(
            destination_backup_vault_arn=_rendered(vault_arn), lifecycle=_lifecycle(self.spec.copy_retention_days)
        )

    def _define_selection(self) -> backup.CfnBackupSelection:
        return backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=self.cfn_plan.ref,
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                iam_role_arn=self.cfn_role.attr_arn, resources=[self._cluster_arn], selection_name=self.identifier
            ),
        )

    def _define_restore_test(self) -> backup.CfnRestoreTestingPlan:
        test = self.spec.restore_test
        if test is None:
            raise ValueError(f"{self.identifier}: a restore test must be declared, got none; add `restore_test`")
        return backup.CfnRestoreTestingPlan(
            self,
            "RestoreTest",
            restore_testing_plan_name=names.restore_test(self.identifier),
            recovery_point_selection=backup.CfnRestoreTestingPlan.RestoreTestingRecoveryPointSelectionProperty(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[self.vault.vault_arn],
                recovery_point_types=["CONTINUOUS" if self.spec.continuous else "SNAPSHOT"],
            ),
            schedule_expression=test.schedule,
            schedule_expression_timezone=test.timezone,
        )

    def _define_restored(
        self, plan: backup.CfnRestoreTestingPlan, role: iam.CfnRole, subnet_group: str, security_group_id: str
    ) -> backup.CfnRestoreTestingSelection:
        """Where to restore to: without these AWS Backup takes the default VPC, which a good account doesn't have."""
        return backup.CfnRestoreTestingSelection(
            self,
            "Restored",
            iam_role_arn=role.attr_arn,
            protected_resource_arns=[self._cluster_arn],
            protected_resource_type="Aurora",
            restore_metadata_overrides={
                "dbSubnetGroupName": subnet_group,
                "vpcSecurityGroupIds": cdk.Fn.sub('["${Group}"]', {"Group": security_group_id}),
            },
            restore_testing_plan_name=plan.ref,
            restore_testing_selection_name=names.restore_test(self.identifier),
        )

    def _backup_statements(self) -> list[Statement]:
        regions = ["${AWS::Region}", *([_region(self.copy_vault_arn)] if self.copy_vault_arn else [])]
        snapshots = [_arn("rds", SNAPSHOT, region) for region in regions]
        found = [
            _allow("ReadCluster", ["rds:DescribeDBClusters", "rds:ListTagsForResource"], [self._cluster_arn]),
            _allow("TakeSnapshot", ["rds:CreateDBClusterSnapshot"], [self._cluster_arn, *snapshots]),
            _allow("KeepSnapshots", SNAPSHOT_ACTIONS, snapshots),
            _allow("TagRecoveryPoints", ["backup:TagResource"], [_arn("backup", "recovery-point:*")]),
            _allow("OwnVault", ["backup:DescribeBackupVault"], [self.vault.vault_arn]),
            *_use_key("Key", [self._key_arn]),
        ]
        if self.spec.continuous:
            backups = [_arn("rds", "cluster-auto-backup:*")]
            found.append(_allow("KeepBackups", ["rds:ModifyDBCluster"], [self._cluster_arn]))
            found.append(_allow("AutomatedBackups", AUTOMATED_ACTIONS, backups))
        return [*found, *(self._copy_statements(self.copy_vault_arn, snapshots) if self.copy_vault_arn else ())]

    def _copy_statements(self, vault_arn: str, snapshots: Sequence[str]) -> list[Statement]:
        source = _allow("CopyFrom", ["backup:CopyFromBackupVault"], snapshots)
        source["Condition"] = {"StringEquals": {"backup:CopyTargets": _rendered(vault_arn)}}
        copy = _allow("CopyInto", ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], [vault_arn])
        return [source, copy, *self._use_copy_key(vault_arn)]

    def _use_copy_key(self, vault_arn: str) -> list[Statement]:
        """The key of the vault that copies go to: by its alias where the vault is ours, as its own policy says else."""
        account = "${AWS::AccountId}" if self.spec.copy_to_region else _part(vault_arn, ACCOUNT_OF_ARN)
        statements = _use_key("CopyKey", [_arn("kms", "key/*", _region(vault_arn), account)])
        if self.spec.copy_to_region:
            alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": names.backup_key_alias(self.identifier)}}
            for statement in statements:
                statement["Condition"] = {**statement.get("Condition", {}), **alias}
        return statements

    def _restore_statements(self, subnet_group: str) -> list[Statement]:
        restored = [_arn("rds", f"cluster:{RESTORED}"), _arn("rds", f"db:{RESTORED}")]
        groups = [cdk.Fn.sub(_arn("rds", "subgrp:${Group}"), {"Group": subnet_group})]
        source = [self._cluster_arn, _arn("rds", "cluster-auto-backup:*")] if self.spec.continuous else []
        snapshots = [] if self.spec.continuous else [_arn("rds", SNAPSHOT)]
        restore = "rds:RestoreDBClusterToPointInTime" if self.spec.continuous else "rds:RestoreDBClusterFromSnapshot"
        defaults = [_arn("rds", "cluster-pg:default.*"), _arn("rds", "og:default:*")]
        return [
            _allow("Restore", [restore], [*restored[:1], *groups, *defaults, *source, *snapshots]),
            _allow("CleanUp", RESTORED_ACTIONS, restored),
            _allow("ReadSource", SOURCE_ACTIONS, [self._cluster_arn, _arn("rds", SNAPSHOT)]),
            *_use_key("Key", [self._key_arn]),
            _decrypt_through_rds(self._key_arn),
        ]


SNAPSHOT_ACTIONS = [
    "rds:AddTagsToResource",
    "rds:CopyDBClusterSnapshot",
    "rds:DeleteDBClusterSnapshot",
    "rds:DescribeDBClusterSnapshots",
    "rds:ListTagsForResource",
    "rds:ModifyDBClusterSnapshotAttribute",
]
AUTOMATED_ACTIONS = ["rds:DeleteDBClusterAutomatedBackup", "rds:DescribeDBClusterAutomatedBackups"]
RESTORED_ACTIONS = [
    "rds:AddTagsToResource",
    "rds:CreateDBInstance",
    "rds:DeleteDBCluster",
    "rds:DeleteDBInstance",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:ListTagsForResource",
]
RESTORE_KEY_ACTIONS = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
SOURCE_ACTIONS = ["rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters", "rds:ListTagsForResource"]


def copy_vault_arn(identifier: str, spec: BackupPlanSpec) -> str | None:
    """ARN of the vault that copies go to; None without copies."""
    if spec.copy_to_vault is not None:
        return spec.copy_to_vault
    if spec.copy_to_region is None:
        return None
    return _arn("backup", f"backup-vault:{names.backup_vault(identifier)}", spec.copy_to_region)


def _lifecycle(days: int) -> backup.CfnBackupPlan.LifecycleResourceTypeProperty:
    return backup.CfnBackupPlan.LifecycleResourceTypeProperty(delete_after_days=days)


def _arn(service: str, what: str, region: str = "${AWS::Region}", account: str = "${AWS::AccountId}") -> str:
    """An ARN with CloudFormation's own variables, which `_rendered` leaves to CloudFormation."""
    return "arn:${AWS::Partition}:" + f"{service}:{region}:{account}:{what}"


def _region(arn: str) -> str:
    return _part(arn, REGION_OF_ARN)


def _part(arn: str, index: int) -> str:
    return re.sub(r"\$\{[^}]*\}", "", arn).split(":")[index]


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def _use_key(sid: str, keys: Sequence[str]) -> list[Statement]:
    """What RDS needs of its caller to encrypt a snapshot or a restored cluster: a grant for itself, and no more."""
    grant = _allow(f"Grant{sid}", ["kms:CreateGrant"], keys)
    grant["Condition"] = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [_allow(f"Read{sid}", ["kms:DescribeKey"], keys), grant]


def _decrypt_through_rds(key_arn: str) -> Statement:
    statement = _allow("UseKey", RESTORE_KEY_ACTIONS, [key_arn])
    service = cdk.Fn.sub("rds.${AWS::Region}.amazonaws.com")
    return {**statement, "Condition": {"StringEquals": {"kms:ViaService": service}}}


def _rendered(value: str) -> str:
    return cdk.Fn.sub(value) if "${AWS::" in value else value


def _rendered_statement(statement: Statement) -> Statement:
    return {**statement, "Resource": [_rendered(each) for each in statement["Resource"]]}


def _wildcards(statements: Sequence[Statement]) -> Mapping[str, str]:
    """cdk-nag's finding for each resource of the statements that is no whole ARN."""
    resources = {each for statement in statements for each in statement["Resource"] if "*" in each}
    shown = {re.sub(r"\$\{(AWS::\w+)\}", r"<\1>", each) for each in resources}
    return {f"AwsSolutions-IAM5[Resource::{each}]": WILDCARD for each in sorted(shown)}
