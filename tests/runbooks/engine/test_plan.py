from __future__ import annotations

from enum import StrEnum

from runbooks.engine.plan import MADE_LATER, Call, PlanRefusedError, Step, render_plan


class Kind(StrEnum):
    FAIL_OVER = "fail-over"


def test_a_plan_says_what_and_why() -> None:
    steps = (
        Step(kind=Kind.FAIL_OVER, why="the writer moves to shop-orders-b", subject="shop-orders"),
        Step(kind=Kind.FAIL_OVER, why="w " * 60),
    )
    text = render_plan(steps)
    assert text.startswith("  1. fail-over shop-orders\n     the writer moves to shop-orders-b\n  2. fail-over\n")
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_plan_shows_its_calls_as_they_are_made() -> None:
    arn = "arn:aws:rds:eu-west-1:123456789012:cluster:" + "long-name-" * 6
    call = Call(
        service="rds",
        operation="ModifyDBCluster",
        parameters={
            "DBClusterIdentifier": arn,
            "MasterUserPassword": MADE_LATER,
            "VpcSecurityGroupIds": ["sg-1", "sg-2"],
            "Tags": [{"Key": "owner", "Value": "me"}, {"Key": "run", "Value": "r1"}],
        },
        region="eu-west-2",
        account="210987654321",
    )
    text = render_plan((Step(kind=Kind.FAIL_OVER, why="because", calls=(call,)),))
    assert text.splitlines()[2:] == [
        "     > rds ModifyDBCluster (eu-west-2, as 210987654321)",
        f"         DBClusterIdentifier={arn}",
        "         MasterUserPassword=(made when it is called, shown nowhere)",
        '         VpcSecurityGroupIds=["sg-1", "sg-2"]',
        "         Tags=",
        "           owner=me",
        "           run=r1",
    ]
    assert call.action == "rds:ModifyDBCluster"
    assert call.to_plain()["account"] == "210987654321"
    assert set(Call(service="rds", operation="X").to_plain()) == {"service", "operation", "parameters"}


def test_an_empty_plan_says_so() -> None:
    assert render_plan(()) == "  nothing is left to do"


def test_a_refusal_has_every_reason() -> None:
    error = PlanRefusedError(("no healthy reader", "another run"))
    assert error.reasons == ("no healthy reader", "another run")
    assert str(error) == "no healthy reader\nanother run"
