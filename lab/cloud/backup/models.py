"""AWS Backup: selections and restore tests, which moto lacks, and plans and vaults that end as AWS says.

Nothing is ever backed up or restored here: plans, vaults and tests are kept and shown.
"""

from __future__ import annotations

import re
from typing import Any

from moto.backup.models import BackupBackend
from moto.core.utils import unix_time
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random

from lab.cloud.awserrors import AwsError

SERVICE = "backup.amazonaws.com"
TEST_NAME = re.compile(r"[A-Za-z0-9_]{1,50}")
DEFAULT_SELECTION_DAYS = 30
DEFAULT_START_HOURS = 24
DEFAULT_TIMEZONE = "Etc/UTC"
Document = dict[str, Any]


class LabBackupBackend(BackupBackend):  # type: ignore[misc]
    """One account's AWS Backup in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.selections: dict[str, dict[str, Document]] = {}  # by plan, then by selection
        self.restore_tests: dict[str, Document] = {}
        self.restored: dict[str, dict[str, Document]] = {}  # by test, then by selection

    # --- vaults

    def delete_backup_vault(self, backup_vault_name: str) -> None:
        """ResourceNotFoundException for a vault that is not there (API reference, DeleteBackupVault)."""
        self.describe_backup_vault(backup_vault_name)
        super().delete_backup_vault(backup_vault_name)

    # --- plans

    def create_backup_plan(
        self, backup_plan: Document, backup_plan_tags: dict[str, str], creator_request_id: str
    ) -> Any:
        """A deleted plan's name is free again; moto takes it for one that exists."""
        for plan_id in [each for each, plan in self.plans.items() if plan.deletion_date is not None]:
            del self.plans[plan_id]
        return super().create_backup_plan(backup_plan, backup_plan_tags, creator_request_id)

    def update_backup_plan(self, plan_id: str, document: Document) -> Any:
        """The plan under a new version, with its id (API reference, UpdateBackupPlan)."""
        old = self.get_backup_plan(plan_id, None)
        new = type(old)(backup_plan=document, creator_request_id=old.creator_request_id, backend=self)
        old.backup_plan, old.version_id = new.backup_plan, new.version_id
        old.advanced_backup_settings = new.advanced_backup_settings
        return old

    def delete_backup_plan(self, backup_plan_id: str) -> Any:
        """Only after its selections (API reference, DeleteBackupPlan)."""
        if self.selections.get(backup_plan_id):
            raise invalid_request("Related backup plan selections must be deleted prior to backup plan deletion")
        return super().delete_backup_plan(backup_plan_id)

    # --- selections

    def create_selection(self, plan_id: str, document: Document) -> Document:
        self.get_backup_plan(plan_id, None)
        self.require_role(document["IamRoleArn"])
        made = {
            "BackupPlanId": plan_id,
            "BackupSelection": document,
            "CreationDate": unix_time(),
            "SelectionId": str(mock_random.uuid4()),
        }
        self.selections.setdefault(plan_id, {})[made["SelectionId"]] = made
        return made

    def get_selection(self, plan_id: str, selection_id: str) -> Document:
        found = self.selections.get(plan_id, {}).get(selection_id)
        if found is None:
            raise not_found(f"Cannot find Backup plan selection: {selection_id}")
        return found

    def delete_selection(self, plan_id: str, selection_id: str) -> None:
        self.get_selection(plan_id, selection_id)
        del self.selections[plan_id][selection_id]

    def list_selections(self, plan_id: str) -> list[Document]:
        self.get_backup_plan(plan_id, None)
        found = self.selections.get(plan_id, {}).values()
        kept = ("BackupPlanId", "CreationDate", "SelectionId")
        return [
            {name: each[name] for name in kept}
            | {name: each["BackupSelection"][name] for name in ("IamRoleArn", "SelectionName")}
            for each in found
        ]

    def require_role(self, arn: str) -> None:
        """A role that trusts AWS Backup.

        Raises:
            AwsError: InvalidParameterValueException, in AWS's words: "IAM Role ... cannot be assumed by AWS Backup".
        """
        for role in iam_backends[self.account_id][self.partition].roles.values():
            if role.arn == arn and SERVICE in str(role.assume_role_policy_document):
                return
        raise invalid_value(f"IAM Role {arn} cannot be assumed by AWS Backup")

    # --- restore tests

    def create_restore_test(self, document: Document, tags: dict[str, str]) -> Document:
        name = document["RestoreTestingPlanName"]
        if not TEST_NAME.fullmatch(name):
            raise invalid_value(f"Invalid restore testing plan name: {name}")
        if name in self.restore_tests:
            raise AwsError("AlreadyExistsException", f"Restore testing plan {name} already exists")
        arn = f"arn:{self.partition}:backup:{self.region_name}:{self.account_id}:restore-testing-plan:{name}"
        made = {
            "CreationTime": unix_time(),
            "RestoreTestingPlanArn": f"{arn}-{mock_random.uuid4()}",
            "ScheduleExpressionTimezone": DEFAULT_TIMEZONE,
            "StartWindowHours": DEFAULT_START_HOURS,
            **document,
        }
        made["RecoveryPointSelection"] = {
            "ExcludeVaults": [],
            "SelectionWindowDays": DEFAULT_SELECTION_DAYS,
            **document["RecoveryPointSelection"],
        }
        self.restore_tests[name] = made
        self.tag_resource(made["RestoreTestingPlanArn"], tags)
        return made

    def get_restore_test(self, name: str) -> Document:
        if name not in self.restore_tests:
            raise not_found(f"Restore testing plan {name} not found")
        return self.restore_tests[name]

    def update_restore_test(self, name: str, document: Document) -> Document:
        found = self.get_restore_test(name)
        selection = {**found["RecoveryPointSelection"], **document.get("RecoveryPointSelection", {})}
        found.update(document, RecoveryPointSelection=selection, LastUpdateTime=unix_time())
        return found

    def delete_restore_test(self, name: str) -> None:
        """Only after its selections: "This deletion is successful only when all its selections are deleted first"."""
        self.get_restore_test(name)
        if self.restored.get(name):
            raise invalid_request(f"Restore testing plan {name} still has selections")
        del self.restore_tests[name]

    def create_restored(self, test: str, document: Document) -> Document:
        plan = self.get_restore_test(test)
        name = document["RestoreTestingSelectionName"]
        if not TEST_NAME.fullmatch(name):
            raise invalid_value(f"Invalid restore testing selection name: {name}")
        if name in self.restored.get(test, {}):
            raise AwsError("AlreadyExistsException", f"Restore testing selection {name} already exists")
        self.require_role(document["IamRoleArn"])
        made = {"CreationTime": unix_time(), "RestoreTestingPlanName": test, **document}
        self.restored.setdefault(test, {})[name] = made
        return {**made, "RestoreTestingPlanArn": plan["RestoreTestingPlanArn"]}

    def get_restored(self, test: str, name: str) -> Document:
        self.get_restore_test(test)
        if name not in self.restored.get(test, {}):
            raise not_found(f"Restore testing selection {name} not found")
        return self.restored[test][name]

    def update_restored(self, test: str, name: str, document: Document) -> Document:
        found = self.get_restored(test, name)
        if "IamRoleArn" in document:
            self.require_role(document["IamRoleArn"])
        found.update(document)
        return {**found, "RestoreTestingPlanArn": self.restore_tests[test]["RestoreTestingPlanArn"]}

    def delete_restored(self, test: str, name: str) -> None:
        self.get_restored(test, name)
        del self.restored[test][name]


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)


def invalid_value(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
