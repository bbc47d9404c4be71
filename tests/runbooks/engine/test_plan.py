from __future__ import annotations

from enum import StrEnum

from runbooks.engine.plan import PlanRefusedError, Step, render_plan


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


def test_an_empty_plan_says_so() -> None:
    assert render_plan(()) == "  nothing is left to do"


def test_a_refusal_has_every_reason() -> None:
    error = PlanRefusedError(("no healthy reader", "another run"))
    assert error.reasons == ("no healthy reader", "another run")
    assert str(error) == "no healthy reader\nanother run"
