from __future__ import annotations

import botocore.session
import pytest

from runbooks.aws.permissions import NOT_IN_BOTOCORE, SCOPES, Place, UnscopedActionError, build_policy
from runbooks.cli.resume import find_runbook, runbook_names

RUNBOOKS = {name: find_runbook(tuple(name.split())) for name in runbook_names()}
USED = sorted({action for each in RUNBOOKS.values() for action in each.actions} | set(SCOPES))


@pytest.mark.parametrize("action", sorted(set(USED) - set(NOT_IN_BOTOCORE)))
def test_every_action_is_an_operation_of_its_service(action: str) -> None:
    prefix, _, operation = action.partition(":")
    assert operation in botocore.session.get_session().get_service_model(prefix).operation_names


@pytest.mark.parametrize("action", sorted(NOT_IN_BOTOCORE))
def test_what_is_no_operation_is_used_and_explained(action: str) -> None:
    assert action in USED
    assert NOT_IN_BOTOCORE[action]


@pytest.mark.parametrize("verb", RUNBOOKS)
def test_every_action_of_a_verb_has_a_scope(verb: str) -> None:
    runbook = RUNBOOKS[verb]
    assert set(runbook.actions) <= set(SCOPES) | set(runbook.scopes)


@pytest.mark.parametrize("verb", RUNBOOKS)
def test_every_wildcard_of_a_verb_is_explained(verb: str) -> None:
    runbook = RUNBOOKS[verb]
    scopes = {action: scope for action, scope in {**SCOPES, **runbook.scopes}.items() if action in runbook.actions}
    wide = {action: scope for action, scope in scopes.items() if any("*" in pattern for pattern in scope.resources)}
    assert [action for action, scope in wide.items() if not scope.why] == []


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
