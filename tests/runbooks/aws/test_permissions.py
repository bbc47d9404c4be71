from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import botocore.session
import pytest

import runbooks.aws
from runbooks import guard
from runbooks.aws.permissions import NOT_IN_BOTOCORE, SCOPES, Place, Scope, UnscopedActionError, build_policy

SERVICES = {name: name for name in ("cloudformation", "elasticache", "kms", "rds", "secretsmanager", "ssm", "sts")}


def adapter_actions() -> set[str]:
    """Every IAM action that an adapter declares."""
    names = [info.name for info in iter_modules(runbooks.aws.__path__)]
    modules = [import_module(f"runbooks.aws.{name}") for name in names]
    tables = [getattr(module, "ACTIONS", {}) for module in modules]
    return {action for table in tables for row in table.values() for action in row}


@pytest.mark.parametrize("action", sorted(set(SCOPES) - set(NOT_IN_BOTOCORE)))
def test_every_action_is_an_operation_of_its_service(action: str) -> None:
    prefix, _, operation = action.partition(":")
    model = botocore.session.get_session().get_service_model(SERVICES[prefix])
    assert operation in model.operation_names


def test_every_declared_action_has_a_scope() -> None:
    assert adapter_actions() | set(guard.ACTIONS) <= set(SCOPES)


@pytest.mark.parametrize(("action", "scope"), SCOPES.items(), ids=SCOPES)
def test_every_wildcard_is_explained(action: str, scope: Scope) -> None:
    if any("*" in pattern for pattern in scope.resources):
        assert scope.why


def test_a_policy_names_the_cluster_its_lock_and_nothing_wider() -> None:
    place = Place(region="eu-west-1", account="123456789012", cluster="shop-orders")
    policy = build_policy(["ssm:PutParameter", "rds:FailoverDBCluster", "ssm:GetParameter"], place)
    assert [(statement["Action"], statement["Resource"]) for statement in policy["Statement"]] == [
        (["rds:FailoverDBCluster"], ["arn:aws:rds:eu-west-1:123456789012:cluster:shop-orders"]),
        (
            ["ssm:GetParameter", "ssm:PutParameter"],
            ["arn:aws:ssm:eu-west-1:123456789012:parameter/aurora-estate/locks/shop-orders"],
        ),
    ]


@pytest.mark.parametrize(
    ("region", "condition"),
    [
        pytest.param(
            "eu-west-1", {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}, id="one"
        ),
        pytest.param("*", {"StringLike": {"kms:ViaService": "secretsmanager.*.amazonaws.com"}}, id="any"),
    ],
)
def test_keys_are_used_through_secrets_manager_only(region: str, condition: dict[str, dict[str, str]]) -> None:
    (statement,) = build_policy(["kms:Decrypt"], Place(region=region))["Statement"]
    assert statement["Condition"] == condition


def test_an_action_without_a_scope_is_refused() -> None:
    with pytest.raises(UnscopedActionError, match="rds:DeleteDBCluster has no scope"):
        build_policy(["rds:DeleteDBCluster"])
