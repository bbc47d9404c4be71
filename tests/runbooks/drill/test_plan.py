from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbooks.drill.plan import Kind, Observed, Progress, blockers, plan_failover, progress_of
from runbooks.drill.request import AWS_PACE, LAB_PACE, DrillRequest, pace_of
from runbooks.drill.topology import changes, predict_promotion
from runbooks.engine.plan import PlanRefusedError
from tests.runbooks.drill.builders import MOVED, WRITER_HOST, member, observed, request, topology

WRITER = member("a", writer=True)
ROUND = (Kind.BASELINE, Kind.FAIL_OVER, Kind.WATCH, Kind.SETTLE, Kind.CHECK_LEDGER)


@pytest.mark.parametrize(
    ("asked", "seen", "words"),
    [
        pytest.param({}, {"topology": None}, ["does not exist"], id="no-cluster"),
        pytest.param({}, {"locked": ("locked by run x of y",)}, ["locked by run x"], id="another-run"),
        pytest.param({}, {"cool_down_left_s": 100.0}, ["wait 100 s", "got 500 s"], id="cool-down"),
        pytest.param({}, {"global_busy": "global database g must be at rest"}, ["global database g"], id="global"),
        pytest.param({}, {"unreachable": "x:1 must be reachable"}, ["must be reachable"], id="unreachable"),
        pytest.param({}, {"topology": topology(status="modifying")}, ["available, got modifying"], id="modifying"),
        pytest.param(
            {}, {"topology": topology(members=(member("a", writer=True), member("b", status="rebooting")))},
            ["shop-orders-b must be available, got rebooting", "healthy reader"], id="reader-reboots",
        ),
        pytest.param({}, {"topology": topology(members=(WRITER,))}, ["got 0 readers"], id="no-reader"),
        pytest.param({}, {"topology": topology(members=(member("a"),))}, ["must have a writer"], id="no-writer"),
        pytest.param({}, {"topology": topology(engine="aurora-mysql")}, ["got aurora-mysql", "no probe"], id="mysql"),
        pytest.param({}, {"topology": topology(secret_arn="")}, ["ManageMasterUserPassword"], id="no-secret"),
        pytest.param({"target_id": "x-1"}, {}, ["reader of shop-orders (shop-orders-b), got x-1"], id="foreign"),
        pytest.param({"target_id": "shop-orders-a"}, {}, ["got shop-orders-a"], id="target-is-the-writer"),
        pytest.param({}, {"progress": Progress(before=MOVED)}, ["must still be shop-orders-b"], id="writer-moved"),
    ],
)  # fmt: skip
def test_refuses(asked: dict[str, Any], seen: dict[str, Any], words: list[str]) -> None:
    reasons = blockers(request(**asked), observed(**seen))
    for word in words:
        assert any(word in reason for reason in reasons), reasons
    with pytest.raises(PlanRefusedError):
        plan_failover(request(**asked), observed(**seen))


def test_gives_every_reason_at_once() -> None:
    worst = topology(status="modifying", engine="aurora-mysql", secret_arn="", members=(member("a", status="stopped"),))
    seen = Observed(
        topology=worst, locked=("locked",), global_busy="busy", cool_down_left_s=3, unreachable="unreachable"
    )
    assert len(blockers(request(target_id="x"), seen)) == 11


def test_a_healthy_cluster_is_not_refused() -> None:
    assert blockers(request(), observed()) == ()


def kinds(asked: DrillRequest, seen: Observed) -> tuple[Kind, ...]:
    return tuple(step.kind for step in plan_failover(asked, seen))


def test_plans_every_step_with_its_reason() -> None:
    steps = plan_failover(request(), observed())
    assert tuple(step.kind for step in steps) == (Kind.PREPARE, *ROUND, Kind.CLEAN_UP)
    assert all(step.why for step in steps)
    asked = next(step for step in steps if step.kind is Kind.FAIL_OVER)
    assert (asked.subject, asked.arguments["target"]) == ("shop-orders-b", None)


def test_a_fail_back_is_a_second_round_to_the_original_writer() -> None:
    steps = plan_failover(request(fail_back=True), observed())
    assert tuple(step.kind for step in steps) == (Kind.PREPARE, *ROUND, *ROUND, Kind.CLEAN_UP)
    back = [step for step in steps if step.kind is Kind.FAIL_OVER][1]
    assert (back.subject, back.arguments) == ("shop-orders-a", {"round": 2, "target": "shop-orders-a"})
    assert len({step.key for step in steps}) == len(steps)


BEGAN = {"event": "drill.began", "topology": topology().to_plain()}
ASKED = {"event": "drill.asking", "round": 1}
CHECKED = {"event": "drill.reached", "stage": "check-ledger", "round": 1}


@pytest.mark.parametrize(
    ("events", "fail_back", "left"),
    [
        pytest.param([BEGAN], False, (Kind.PREPARE, *ROUND, Kind.CLEAN_UP), id="nothing-asked-measure-anew"),
        pytest.param([BEGAN, ASKED], False, (Kind.SETTLE, Kind.CHECK_LEDGER, Kind.CLEAN_UP), id="asked-never-again"),
        pytest.param(
            [BEGAN, ASKED, {"event": "drill.refused", "round": 1}], False,
            (Kind.PREPARE, *ROUND, Kind.CLEAN_UP), id="refused-by-rds-may-ask",
        ),
        pytest.param(
            [BEGAN, ASKED, {"event": "drill.reached", "stage": "watch", "round": 1}], False,
            (Kind.SETTLE, Kind.CHECK_LEDGER, Kind.CLEAN_UP), id="watched",
        ),
        pytest.param(
            [BEGAN, ASKED, CHECKED], True,
            (*ROUND, Kind.CLEAN_UP), id="fail-back-left",
        ),
        pytest.param(
            [BEGAN, ASKED, CHECKED, {"event": "drill.asking", "round": 2}], True,
            (Kind.SETTLE, Kind.CHECK_LEDGER, Kind.CLEAN_UP), id="fail-back-asked",
        ),
        pytest.param(
            [BEGAN, ASKED, CHECKED, {"event": "drill.cleaned"}], False, (), id="only-the-report-left",
        ),
    ],
)  # fmt: skip
def test_resuming_plans_the_tail(events: list[dict[str, Any]], fail_back: bool, left: tuple[Kind, ...]) -> None:
    progress = progress_of(events)
    seen = observed(progress=progress, topology=MOVED if progress.asked else topology())
    assert kinds(request(fail_back=fail_back), seen) == left


def test_after_asking_only_another_runs_lock_refuses() -> None:
    seen = observed(
        progress=progress_of([BEGAN, ASKED]), cool_down_left_s=600.0, topology=topology(status="failing-over")
    )
    assert blockers(request(), seen) == ()
    assert blockers(request(), replace(seen, locked=("locked",))) == ("locked",)


@pytest.mark.parametrize(
    ("members", "target", "expected", "why"),
    [
        pytest.param(
            (member("b", tier=2), member("c", tier=1)),
            None,
            "shop-orders-c",
            "promotion tier 1: the lowest of 2",
            id="tier",
        ),
        pytest.param(
            (member("b"), member("c", instance_class="db.r8g.2xlarge")),
            None,
            "shop-orders-c",
            "is the largest",
            id="size",
        ),
        pytest.param((member("b"), member("c")), None, "shop-orders-b", "arbitrary", id="a-tie"),
        pytest.param((member("b"),), None, "shop-orders-b", "only available reader", id="one"),
        pytest.param((member("b"), member("c", tier=9)), "shop-orders-c", "shop-orders-c", "asked for", id="asked-for"),
        pytest.param(
            (member("b", tier=0, status="rebooting"), member("c", tier=9)),
            None,
            "shop-orders-c",
            "only",
            id="not-available",
        ),
    ],
)
def test_predicts_who_is_promoted(members: tuple[Any, ...], target: str | None, expected: str, why: str) -> None:
    prediction = predict_promotion(topology(members=(member("a", writer=True), *members)), target)
    assert prediction is not None
    assert prediction.instance_id == expected
    assert why in prediction.why


def test_sizes_of_classes() -> None:
    sizes = [
        member("x", instance_class=f"db.r8g.{size}").size
        for size in ("medium", "large", "xlarge", "2xlarge", "16xlarge")
    ]
    assert sizes == [0.5, 1.0, 2.0, 4.0, 32.0]
    assert member("x", instance_class="db.serverless").size == 0


def test_the_lab_is_known_by_its_names_and_production_treated_gently() -> None:
    assert pace_of(request(), WRITER_HOST) == LAB_PACE
    assert pace_of(request(), "x.cluster-1.eu-west-1.rds.amazonaws.com") == AWS_PACE
    assert pace_of(request(rate_per_s=5), WRITER_HOST).rate_per_s == 5


def test_what_a_failover_must_not_change() -> None:
    assert changes(topology(), MOVED) == ()
    after = topology(members=(member("a", writer=True), member("c")), endpoints=(), writer_endpoint="other.test")
    assert changes(topology(), after) == (
        "shop-orders-b is no member any more", "shop-orders-c is a new member", "endpoint reader is gone",
        "the writer endpoint's name changed",
    )  # fmt: skip


def test_requests_and_topologies_survive_the_journal() -> None:
    asked = request(target_id="shop-orders-b", fail_back=True, rate_per_s=20.0)
    assert DrillRequest.from_plain(asked.to_plain()) == asked
    assert progress_of([BEGAN]).before == topology()
