"""Operations of AWS Backup that moto lacks; the names in a path come first, the document from the body."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.backup.responses import BackupResponse

PLANS = "/backup/plans/"
TESTS = "/restore-testing/plans/"
Answer = tuple[int, dict[str, str], str]


class LabBackupResponse(BackupResponse):  # type: ignore[misc]
    """moto's AWS Backup with the overlay's backend behind it."""

    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body) if self.body else {}
        return document

    def _names(self, prefix: str) -> list[str]:
        """The names in the path: of a plan, and of a selection of it."""
        parts = unquote(self.path).partition(prefix)[2].strip("/").split("/")
        return [part for part in parts if part != "selections"]

    def update_backup_plan(self) -> str:
        plan = self.backup_backend.update_backup_plan(self._names(PLANS)[0], self._document()["BackupPlan"])
        return json.dumps(plan.to_dict())

    def create_backup_selection(self) -> str:
        made = self.backup_backend.create_selection(self._names(PLANS)[0], self._document()["BackupSelection"])
        return json.dumps({name: made[name] for name in ("BackupPlanId", "CreationDate", "SelectionId")})

    def get_backup_selection(self) -> str:
        return json.dumps(self.backup_backend.get_selection(*self._names(PLANS)))

    def delete_backup_selection(self) -> str:
        self.backup_backend.delete_selection(*self._names(PLANS))
        return "{}"

    def list_backup_selections(self) -> str:
        return json.dumps({"BackupSelectionsList": self.backup_backend.list_selections(self._names(PLANS)[0])})

    def create_restore_testing_plan(self) -> Answer:
        given = self._document()
        made = self.backup_backend.create_restore_test(given["RestoreTestingPlan"], given.get("Tags") or {})
        return 201, {}, json.dumps(_short(made))

    def get_restore_testing_plan(self) -> str:
        return json.dumps({"RestoreTestingPlan": self.backup_backend.get_restore_test(self._names(TESTS)[0])})

    def list_restore_testing_plans(self) -> str:
        return json.dumps({"RestoreTestingPlans": list(self.backup_backend.restore_tests.values())})

    def update_restore_testing_plan(self) -> str:
        name = self._names(TESTS)[0]
        return json.dumps(_short(self.backup_backend.update_restore_test(name, self._document()["RestoreTestingPlan"])))

    def delete_restore_testing_plan(self) -> Answer:
        self.backup_backend.delete_restore_test(self._names(TESTS)[0])
        return 204, {}, ""

    def create_restore_testing_selection(self) -> Answer:
        given = self._document()["RestoreTestingSelection"]
        made = self.backup_backend.create_restored(self._names(TESTS)[0], given)
        return 201, {}, json.dumps(_short(made))

    def get_restore_testing_selection(self) -> str:
        return json.dumps({"RestoreTestingSelection": self.backup_backend.get_restored(*self._names(TESTS))})

    def list_restore_testing_selections(self) -> str:
        test = self._names(TESTS)[0]
        self.backup_backend.get_restore_test(test)
        return json.dumps({"RestoreTestingSelections": list(self.backup_backend.restored.get(test, {}).values())})

    def update_restore_testing_selection(self) -> str:
        given = self._document()["RestoreTestingSelection"]
        return json.dumps(_short(self.backup_backend.update_restored(*self._names(TESTS), given)))

    def delete_restore_testing_selection(self) -> Answer:
        self.backup_backend.delete_restored(*self._names(TESTS))
        return 204, {}, ""


def _short(made: dict[str, Any]) -> dict[str, Any]:
    """What creating and updating answer."""
    kept = ("CreationTime", "RestoreTestingPlanArn", "RestoreTestingPlanName", "RestoreTestingSelectionName")
    found = {name: made[name] for name in kept if name in made}
    return found | ({"UpdateTime": made["LastUpdateTime"]} if "LastUpdateTime" in made else {})
