from __future__ import annotations

import pytest

from runbooks.drill.ledger import compare
from runbooks.drill.records import Fate, Intent, Trace, Write


def trace_with(*fates: Fate | None) -> Trace:
    """Writes 1, 2, ... with these fates; None: sent by a probe that was then killed."""
    trace = Trace()
    for number, fate in enumerate(fates, start=1):
        trace.add(Intent(number=number, at_s=0))
        if fate is not None:
            trace.add(Write(number=number, due_s=0, begun_s=0, ended_s=0, fate=fate))
    return trace


ACKED, FAILED, IN_DOUBT = Fate.ACKED, Fate.FAILED, Fate.IN_DOUBT


@pytest.mark.parametrize(
    ("fates", "found", "expected"),
    [
        pytest.param((ACKED, ACKED), {1: 1, 2: 1}, {}, id="all-there"),
        pytest.param((ACKED, ACKED), {1: 1}, {"lost": 1, "lost_numbers": (2,)}, id="one-lost"),
        pytest.param((ACKED,), {1: 2}, {"duplicated": 1, "duplicated_numbers": (1,)}, id="one-twice"),
        pytest.param((IN_DOUBT, IN_DOUBT), {1: 1}, {"in_doubt": 2, "in_doubt_present": 1}, id="in-doubt-is-not-lost"),
        pytest.param((None,), {}, {"in_doubt": 1}, id="sent-by-a-killed-probe-is-in-doubt"),
        pytest.param((FAILED,), {1: 1}, {"unexpected": 1, "unexpected_numbers": (1,)}, id="refused-and-yet-there"),
        pytest.param((), {7: 1}, {"unexpected": 1, "unexpected_numbers": (7,)}, id="never-sent"),
        pytest.param((IN_DOUBT,), {1: 2}, {"duplicated": 1, "in_doubt": 1, "in_doubt_present": 1}, id="in-doubt-twice"),
    ],
)
def test_compares(fates: tuple[Fate | None, ...], found: dict[int, int], expected: dict[str, object]) -> None:
    ledger = compare([trace_with(*fates)], found)
    counted = {"lost": 0, "duplicated": 0, "in_doubt": 0, "in_doubt_present": 0, "unexpected": 0} | expected
    assert {name: getattr(ledger, name) for name in counted} == counted
    assert ledger.acked == fates.count(ACKED)
    assert ledger.rows == sum(found.values())


def test_names_twenty_and_counts_all() -> None:
    ledger = compare([trace_with(*[ACKED] * 30)], {})
    assert ledger.lost == 30
    assert ledger.lost_numbers == tuple(range(1, 21))


def test_a_write_that_was_never_sent_has_no_number_and_no_place() -> None:
    trace = Trace()
    trace.add(Write(number=0, due_s=0, begun_s=0, ended_s=0, fate=FAILED, error="no connection"))
    assert compare([trace], {}).in_doubt == 0
