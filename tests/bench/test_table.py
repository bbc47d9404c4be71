"""The table as it is printed, and what the accuracy bench makes of its findings. Nothing here is timed."""

from __future__ import annotations

import pytest

from bench.__main__ import PARTS, table
from bench.accuracy import RESOLUTION_S, Finding, Result, match, rows_of
from bench.measure import Pair, Row, ratio_row
from bench.rehearsal import TrueOutage
from runbooks.drill.records import Clock
from runbooks.drill.timeline import Outage, Span

TRUTH = TrueOutage(caused_s=100.0, felt_s=100.002, came_back_s=100.5)
CLOCK = Clock(wall_s=1000.0, monotonic_s=0.0)


def stated(start_s: tuple[float, float], end_s: tuple[float, float]) -> Outage:
    start = Span(earliest_s=1000 + start_s[0], latest_s=1000 + start_s[1])
    end = Span(earliest_s=1000 + end_s[0], latest_s=1000 + end_s[1])
    return Outage(
        last_ack_s=start.earliest_s,
        first_ack_s=end.latest_s,
        start=start,
        end=end,
        failed=1,
        in_doubt=0,
        server_before="a",
        server_after="b",
    )


RIGHT = stated((99.995, 100.005), (100.495, 100.505))
TOO_SHORT = stated((100.1, 100.11), (100.495, 100.505))
TOO_LONG = stated((99.8, 99.81), (100.495, 100.505))
ELSEWHERE = stated((200.0, 200.01), (200.5, 200.51))


def test_the_table_is_aligned_and_marks_what_does_not_hold() -> None:
    good = ratio_row("start", Pair(ours_s=0.2, peer_s=0.1, ratio=2.0), "python", 4.0)
    bad = Row(what="loading a large estate", ours="1 s", peer="0.1 s", ratio="10 x", budget="3 x", holds=False)
    lines = table([good, bad]).splitlines()
    assert lines[1].split() == ["start", "200", "ms", "100", "ms", "(python)", "2.00", "x", "4", "x", "ok"]
    assert lines[2].endswith("OVER")
    assert len({line.index(word) for line, word in zip(lines, ("ours", "200 ms", "1 s"), strict=True)}) == 1


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_table_has_rows(part: str) -> None:
    module = __import__(f"bench.{part}", fromlist=["rows"])
    assert callable(module.rows)


@pytest.mark.parametrize(
    ("outage", "is_inside"),
    [
        pytest.param(RIGHT, True, id="around-the-truth"),
        pytest.param(TOO_SHORT, False, id="shorter-than-the-truth"),
        pytest.param(TOO_LONG, False, id="longer-than-the-truth"),
        pytest.param(None, False, id="half-a-second-overlooked"),
    ],
)
def test_a_finding_is_right_when_the_truth_lies_inside(outage: Outage | None, is_inside: bool) -> None:
    assert Finding(truth=TRUTH, stated=outage).is_inside is is_inside


def test_an_outage_below_the_resolution_may_go_unstated() -> None:
    short = TrueOutage(caused_s=1.0, felt_s=1.0, came_back_s=1.0 + RESOLUTION_S / 2)
    assert Finding(truth=short, stated=None).is_inside


def test_truth_and_statement_are_paired_by_when_they_were() -> None:
    findings, invented = match([TRUTH], [ELSEWHERE, RIGHT], CLOCK)
    assert [finding.stated for finding in findings] == [RIGHT]
    assert invented == (ELSEWHERE,)
    assert match([TRUTH], [ELSEWHERE], CLOCK)[0][0].stated is None


def test_what_may_have_been_no_outage_is_not_invented() -> None:
    perhaps = stated((200.0, 200.04), (200.03, 200.05))
    assert perhaps.low_s == 0
    assert match([], [perhaps], CLOCK) == ((), ())


def test_one_wrong_ledger_or_invented_outage_turns_its_row_red() -> None:
    good = Finding(truth=TRUTH, stated=RIGHT)
    fine = Result(scenario="fine", findings=(good,), invented=(), ledgers_exact=(True, True), acked=10)
    wrong = Result(scenario="wrong", findings=(), invented=(ELSEWHERE,), ledgers_exact=(True, False), acked=10)
    assert [row.holds for row in rows_of([fine])] == [True, True, True]
    assert [row.holds for row in rows_of([fine, wrong])] == [False, True, False]
