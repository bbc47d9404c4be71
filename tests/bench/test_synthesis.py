"""The raw app of the synthesis bench emits what the kit emits: a change of a template is made in both, by hand."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from bench import synthesis


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ours and the raw app's stacks of `shop.yaml`."""
    folder: Path = tmp_path_factory.mktemp("synthesis")
    return synthesis.synthesize(synthesis.OURS, folder / "ours"), synthesis.synthesize(synthesis.RAW, folder / "raw")


def test_the_raw_app_emits_what_the_kit_emits(apps: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, raw = apps
    assert len(ours) == 4
    assert synthesis.differences(ours, raw) == [], "change bench/raw_app.py by hand, as the template changed"


@pytest.mark.parametrize(
    ("stack", "resource_type", "change"),
    [
        pytest.param("shop-aurora-orders", "AWS::RDS::DBCluster", {"BackupRetentionPeriod": 7}, id="property"),
        pytest.param("shop-network", "AWS::EC2::VPC", {"Tags": []}, id="tags"),
        pytest.param("shop-cache-sessions", "AWS::ElastiCache::UserGroup", {"UserIds": []}, id="reference"),
    ],
)
def test_a_changed_property_is_a_difference(
    apps: tuple[dict[str, Any], dict[str, Any]], stack: str, resource_type: str, change: dict[str, Any]
) -> None:
    ours, raw = apps
    changed = copy.deepcopy(raw)
    resource = next(r for r in changed[stack]["Resources"].values() if r["Type"] == resource_type)
    resource["Properties"].update(change)
    assert any(resource_type in line for line in synthesis.differences(ours, changed))


def test_a_missing_twin_is_a_difference() -> None:
    twin = {"Type": "AWS::SNS::Topic", "Properties": {}}
    two, one = {"Resources": {"A": twin, "B": twin}}, {"Resources": {"A": twin}}
    assert synthesis.differences({"stack": two}, {"stack": one})
    assert not synthesis.differences({"stack": one}, {"stack": {"Resources": {"Other": twin}}})


def test_a_changed_output_protection_or_stack_is_a_difference() -> None:
    def stack(**parts: Any) -> dict[str, Any]:
        return {"stack": {"Resources": {}, **parts}}

    assert synthesis.differences(stack(Outputs={"Port": {"Value": "1"}}), stack(Outputs={"Port": {"Value": "2"}}))
    assert synthesis.differences(stack(Stack={"protection": True}), stack(Stack={"protection": False}))
    assert synthesis.differences(stack(), {})


def test_what_depends_on_another_resource_tells_it_by_what_it_says_not_by_its_id() -> None:
    def template(key_id: str, description: str) -> dict[str, Any]:
        key = {"Type": "AWS::KMS::Key", "Properties": {"Description": description}}
        group = {"Type": "AWS::Logs::LogGroup", "Properties": {"KmsKeyId": {"Fn::GetAtt": [key_id, "Arn"]}}}
        return {"Resources": {key_id: key, "Group": group}}

    same = synthesis.differences({"stack": template("A", "data")}, {"stack": template("B", "data")})
    other = synthesis.differences({"stack": template("A", "data")}, {"stack": template("A", "logs")})
    assert same == []
    assert any("LogGroup" in line for line in other)
