"""The pure half: what is planned, what is refused, with every reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from estate.protection import stack_policy
from runbooks.engine.plan import PlanRefusedError
from runbooks.protect.plan import Observed, ProtectRequest, StackSeen, plan_protect

NETWORK = StackSeen(name="shop-network", region="eu-west-1", status="CREATE_COMPLETE")
ORDERS = StackSeen(name="shop-aurora-orders", region="eu-west-1", status="UPDATE_ROLLBACK_COMPLETE")
REQUEST = ProtectRequest(estate="shop", stacks=(("shop-network", "eu-west-1"), ("shop-aurora-orders", "eu-west-1")))
OTHER = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}


def keys(*stacks: StackSeen, request: ProtectRequest = REQUEST) -> list[str]:
    return [step.key for step in plan_protect(request, Observed(stacks=stacks))]


def test_each_stack_that_lacks_the_policy_gets_it() -> None:
    assert keys(NETWORK, ORDERS) == [
        "set-policy shop-network in eu-west-1",
        "set-policy shop-aurora-orders in eu-west-1",
    ]


def test_resuming_plans_the_tail() -> None:
    done = replace(NETWORK, policy=stack_policy())
    assert keys(done, ORDERS) == ["set-policy shop-aurora-orders in eu-west-1"]
    assert keys(done, replace(ORDERS, policy=stack_policy())) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"status": ""}, "must exist, got none; deploy it first, `cdk deploy shop-network`", id="missing"),
        pytest.param({"status": "UPDATE_IN_PROGRESS"}, "must be at rest, got UPDATE_IN_PROGRESS", id="busy"),
        pytest.param({"status": "ROLLBACK_COMPLETE"}, "must be deployed, got ROLLBACK_COMPLETE", id="never-deployed"),
        pytest.param({"status": "REVIEW_IN_PROGRESS"}, "must be at rest, got REVIEW_IN_PROGRESS", id="in-review"),
        pytest.param({"policy": OTHER}, "must have no stack policy or this one, got another", id="anothers-policy"),
    ],
)
def test_refusals(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        keys(replace(NETWORK, **changes), ORDERS)
    (reason,) = caught.value.reasons
    assert reason.startswith("stack shop-network in eu-west-1 must ")
    assert says in reason


def test_every_reason_is_given() -> None:
    with pytest.raises(PlanRefusedError) as caught:
        keys(replace(NETWORK, status=""), replace(ORDERS, status="UPDATE_IN_PROGRESS", policy=OTHER))
    assert len(caught.value.reasons) == 3


def test_anothers_policy_is_replaced_when_that_is_said_and_kept_in_the_journal() -> None:
    request = replace(REQUEST, replace=True)
    (step,) = plan_protect(request, Observed(stacks=(replace(NETWORK, policy=OTHER),)))
    assert step.arguments["before"] == OTHER
    assert step.why.endswith("the policy that it has is replaced")


def test_a_request_survives_the_journal() -> None:
    assert ProtectRequest.from_plain(REQUEST.to_plain()) == REQUEST
