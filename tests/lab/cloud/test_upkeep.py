"""Upkeep in the embedded AWS: windows, minor upgrades and the choice about extended support, read back and changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.assembly import AssembledStack, deploy, read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import synthesize

ORDERS = "aurora.orders"
DECLARED: dict[str, Any] = {
    "caches": {},
    f"{ORDERS}.maintenance_window": "sun:03:30-sun:04:30",
    f"{ORDERS}.backup": {"window": "01:00-02:00", "retention_days": 14},
}
CHANGED: dict[str, Any] = {
    "caches": {},
    f"{ORDERS}.maintenance_window": "sat:05:00-sat:06:00",
    f"{ORDERS}.backup": {"window": "00:00-00:30", "retention_days": 1},
    f"{ORDERS}.minor_upgrades": False,
}


def deploy_estate(out: Path, changes: dict[str, Any]) -> None:
    estate = load_text(changed(changes)).estate
    synthesize(out, lambda app: compose(app, estate))
    stacks: list[AssembledStack] = [s for s in read_assembly(out) if changes is DECLARED or "aurora" in s.name]
    for stack in stacks:
        assert deploy(stack) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Aws:
    aws = Aws()
    deploy_estate(tmp_path_factory.mktemp("upkeep"), DECLARED)
    return aws


def cluster(aws: Aws) -> dict[str, Any]:
    return dict(aws("rds").describe_db_clusters(DBClusterIdentifier="shop-orders")["DBClusters"][0])


def upgrades(aws: Aws) -> set[bool]:
    return {each["AutoMinorVersionUpgrade"] for each in aws("rds").describe_db_instances()["DBInstances"]}


def test_windows_are_those_of_the_file(deployed: Aws) -> None:
    found = cluster(deployed)
    assert found["PreferredMaintenanceWindow"] == "sun:03:30-sun:04:30"
    assert (found["PreferredBackupWindow"], found["BackupRetentionPeriod"]) == ("01:00-02:00", 14)


def test_minor_versions_are_applied_and_extended_support_is_refused_unless_chosen(deployed: Aws) -> None:
    assert upgrades(deployed) == {True}
    assert cluster(deployed)["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"


def test_the_choice_of_extended_support_is_the_files(aws: Aws, tmp_path: Path) -> None:
    chosen = {**DECLARED, f"{ORDERS}.version": "13.23", f"{ORDERS}.extended_support": True}
    estate = load_text(changed(chosen)).estate
    synthesize(tmp_path, lambda app: compose(app, estate))
    for stack in read_assembly(tmp_path):
        assert deploy(stack) == "CREATE_COMPLETE"
    assert cluster(aws)["EngineLifecycleSupport"] == "open-source-rds-extended-support"


def test_all_of_it_changes_in_place(tmp_path: Path) -> None:
    aws = Aws()
    deploy_estate(tmp_path / "declared", DECLARED)
    before = cluster(aws)["DbClusterResourceId"]
    deploy_estate(tmp_path / "changed", CHANGED)
    found = cluster(aws)
    assert found["DbClusterResourceId"] == before
    assert found["PreferredMaintenanceWindow"] == "sat:05:00-sat:06:00"
    assert (found["PreferredBackupWindow"], found["BackupRetentionPeriod"]) == ("00:00-00:30", 1)
    assert upgrades(aws) == {False}
