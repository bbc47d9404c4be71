from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from constructs_lib.foundation.encryption import Encryption
from tests.support.synthesis import only, resources, synthesize_one

GROUP = "/aws/rds/cluster/shop-orders/postgresql"


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    def define(stack: cdk.Stack) -> None:
        Encryption(stack, "Encryption", description="test", services=["rds", "secretsmanager"], log_groups=[GROUP])

    made = synthesize_one(tmp_path_factory.mktemp("key"), define)
    return {s["Sid"]: s for s in only(made, "AWS::KMS::Key")["KeyPolicy"]["Statement"]}


def test_the_account_administers_but_does_not_decrypt(statements: dict[str, dict[str, Any]]) -> None:
    actions = statements["AccountAdministersKey"]["Action"]
    assert not [a for a in actions if "crypt" in a or "GenerateDataKey" in a or a == "kms:*"]
    assert "kms:Put*" in actions  # without it the policy could never be changed again


def test_use_is_lent_to_the_named_services_only(statements: dict[str, dict[str, Any]]) -> None:
    condition = statements["UseThroughServices"]["Condition"]
    assert condition == {
        "StringEquals": {
            "kms:ViaService": [
                {"Fn::Sub": "rds.${AWS::Region}.amazonaws.com"},
                {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.com"},
            ]
        }
    }


def test_logs_use_it_for_exactly_these_groups(statements: dict[str, dict[str, Any]]) -> None:
    assert statements["LogsOfTheseGroups"]["Condition"] == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": [
                {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:" + GROUP}
            ]
        }
    }


def test_grants_are_denied_to_everyone_but_services(statements: dict[str, dict[str, Any]]) -> None:
    deny = statements["GrantsOnlyToServices"]
    assert (deny["Effect"], deny["Action"], deny["Principal"]) == ("Deny", "kms:CreateGrant", {"AWS": "*"})
    assert set(deny["Condition"]) == {"BoolIfExists"}


def test_a_key_for_nobody_has_no_statement_of_use(tmp_path: Path) -> None:
    made = synthesize_one(tmp_path, lambda stack: Encryption(stack, "Encryption", description="test"))
    sids = {s["Sid"] for s in only(made, "AWS::KMS::Key")["KeyPolicy"]["Statement"]}
    assert sids == {"AccountAdministersKey", "GrantsOnlyToServices"}


@pytest.mark.parametrize(("retain", "policy"), [(True, "Retain"), (False, "Delete")])
def test_the_key_outlives_its_stack_unless_told(tmp_path: Path, retain: bool, policy: str) -> None:
    made = synthesize_one(tmp_path, lambda stack: Encryption(stack, "Encryption", description="test", retain=retain))
    (key,) = resources(made, "AWS::KMS::Key").values()
    assert (key["DeletionPolicy"], key["Properties"]["EnableKeyRotation"]) == (policy, True)


def test_what_is_granted_on_the_l2_joins_the_policy(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        made = Encryption(stack, "Encryption", description="test", services=["rds"], log_groups=[GROUP])
        made.cfn_key.multi_region = True
        made.key.grant_decrypt(iam.ServicePrincipal("export.rds.amazonaws.com"))

    key = only(synthesize_one(tmp_path, define), "AWS::KMS::Key")
    statements = key["KeyPolicy"]["Statement"]
    assert key["MultiRegion"] is True
    assert [s.get("Sid") for s in statements[:4]] == [
        "AccountAdministersKey",
        "GrantsOnlyToServices",
        "UseThroughServices",
        "LogsOfTheseGroups",
    ]
    assert statements[4]["Principal"] == {"Service": "export.rds.amazonaws.com"}
