from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.foundation.cfn import pascal
from tests.support.specs import postgresql, vpc_of_the_caller
from tests.support.synthesis import new_app, only, synthesize_one


@pytest.mark.parametrize(
    ("changes", "warnings"),
    [
        pytest.param({}, [], id="nothing-weak"),
        pytest.param({"version": "17.99"}, ["aurora-estate:aurora/version-unknown"], id="version-newer-than-the-data"),
        pytest.param({"version": "17.99", "acknowledge": ["aurora/version-unknown"]}, [], id="acknowledged"),
    ],
)
def test_what_is_legal_but_weak_is_a_warning(tmp_path: Path, changes: dict[str, Any], warnings: list[str]) -> None:
    stack = cdk.Stack(new_app(tmp_path), "Alone")
    spec = postgresql(**changes)
    AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=vpc_of_the_caller(stack))
    said = [entry for construct in stack.node.find_all() for entry in construct.node.metadata]
    assert [
        str(entry.data).rpartition("[ack: ")[2].rstrip("]") for entry in said if entry.type == "aws:cdk:warning"
    ] == warnings


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"version": "19.1"}, id="version"),
        pytest.param({"instances": {"a": {"class": "db.r99g.large"}, "b": {"class": "serverless"}}}, id="class"),
        pytest.param({"overrides": {"StorageType": "aurora-iopt1"}}, id="override"),
    ],
)
def test_what_is_newer_than_all_data_is_no_dead_end(tmp_path: Path, changes: dict[str, Any]) -> None:
    """CDK's own validation makes errors of values its schema does not know; synthesis goes on all the same."""
    spec = postgresql(**changes)
    newer = {**spec.overrides, "SomethingNewer": True} if spec.overrides else {}
    spec = spec.model_copy(update={"overrides": newer})

    def define(stack: cdk.Stack) -> None:
        AuroraCluster(stack, "Aurora", identifier="shop-orders", spec=spec, vpc=vpc_of_the_caller(stack))

    assert newer.items() <= only(synthesize_one(tmp_path, define), "AWS::RDS::DBCluster").items()


@pytest.mark.parametrize(
    ("name", "pascal_name"), [("a", "A"), ("reporting-eu2", "ReportingEu2"), ("a1", "A1"), ("a-1", "A-1")]
)
def test_names_become_construct_ids(name: str, pascal_name: str) -> None:
    assert pascal(name) == pascal_name
