from __future__ import annotations

import pytest

from runbooks.drill.records import Fate, Trace
from runbooks.drill.timeline import Outage, longest_blindness, outages, steady_state
from tests.runbooks.drill.builders import PERIOD_S, START_S, Service

SEEDS = range(30)


def measure(trace: Trace, since_s: float = START_S + 2) -> tuple[Outage, ...]:
    end_s = trace.ended.at_s if trace.ended else START_S + 60
    return outages(trace, steady_state(trace, since_s), since_s=since_s, until_s=end_s)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_lies_inside_both_edges(seed: int) -> None:
    """Whatever the phase of the clock, the moments of death and of recovery are inside what is stated."""
    service = Service(seed)
    gone_s, back_s = START_S + 2.1 + seed * 0.00037, START_S + 2.7 + seed * 0.0071
    service.go_away(gone_s, back_s)
    (outage,) = measure(service.end(START_S + 5))
    assert outage.start.earliest_s <= gone_s <= outage.start.latest_s
    assert outage.end.earliest_s <= back_s <= outage.end.latest_s
    assert outage.low_s <= back_s - gone_s <= outage.high_s


def test_19_of_20_intervals_are_no_wider_than_two_periods_and_5_ms() -> None:
    widths: list[float] = []
    for seed in range(100):
        service = Service(seed)
        service.go_away(START_S + 2.1 + seed * 0.00037, START_S + 2.7 + seed * 0.0071)
        (outage,) = measure(service.end(START_S + 3.6))
        widths.append(outage.high_s - outage.low_s)
    assert sorted(widths)[94] <= 2 * PERIOD_S + 0.005


@pytest.mark.parametrize("seed", range(20))
def test_writes_that_hang_are_an_outage_though_all_are_acknowledged(seed: int) -> None:
    service = Service(seed)
    frozen_s, thawed_s = START_S + 2.2 + seed * 0.0013, START_S + 7.2
    service.freeze(frozen_s, thawed_s)
    trace = service.end(START_S + 9)
    assert all(write.fate is Fate.ACKED for write in trace.writes)
    (outage,) = measure(trace)
    assert outage.low_s <= thawed_s - frozen_s <= outage.high_s
    assert outage.low_s == pytest.approx(5, abs=0.06)


def test_a_name_that_flaps_makes_two_outages() -> None:
    service = Service()
    service.go_away(START_S + 2.1, START_S + 2.4)
    service.run_until(START_S + 2.8)
    service.go_away(START_S + 2.9, START_S + 3.1)
    first, second = measure(service.end(START_S + 5))
    assert first.low_s <= 0.3 <= first.high_s
    assert second.low_s <= 0.2 <= second.high_s


def test_an_outage_without_an_end_runs_until_the_probe_was_stopped() -> None:
    service = Service()
    service.go_away(START_S + 2.1, START_S + 4)
    trace = service.trace
    trace.writes = [write for write in trace.writes if write.connecting_s is None]
    (outage,) = outages(trace, steady_state(trace, START_S + 2), since_s=START_S + 2, until_s=START_S + 4)
    assert not outage.ended
    assert outage.high_s >= 1.9


def test_one_failed_write_among_good_ones_is_no_outage() -> None:
    service = Service()
    service.run_until(START_S + 2.5)
    service.write(START_S + 2.5, START_S + 2.501, Fate.FAILED, error="deadlock")
    assert measure(service.end(START_S + 4)) == ()


def test_a_probe_that_sleeps_sees_no_outage_and_says_that_it_slept() -> None:
    service = Service()
    service.run_until(START_S + 2.5)
    service._now = START_S + 2.9
    trace = service.end(START_S + 4)
    assert measure(trace) == ()
    assert longest_blindness(trace) == pytest.approx(0.4, abs=0.02)


def test_what_came_before_the_failover_is_not_counted() -> None:
    service = Service()
    service.go_away(START_S + 0.5, START_S + 0.9)
    assert measure(service.end(START_S + 4)) == ()


def test_steady_state_is_what_was_usual() -> None:
    service = Service()
    service.run_until(START_S + 1)
    steady = steady_state(service.trace, START_S + 1)
    assert steady.writes in {99, 100}
    assert 0 < steady.answer_s <= 0.0031
    assert PERIOD_S - 0.003 < steady.gap_s < PERIOD_S + 0.003


def test_a_stall_that_passed_is_no_sign_of_the_outage_after_it() -> None:
    service = Service()
    service.freeze(START_S + 2.1, START_S + 2.5)
    frozen_s, thawed_s = START_S + 2.51, START_S + 3.4
    service.freeze(frozen_s, thawed_s)
    last = measure(service.end(START_S + 5))[-1]
    assert last.start.earliest_s <= frozen_s <= last.start.latest_s
    assert last.low_s <= thawed_s - frozen_s <= last.high_s
