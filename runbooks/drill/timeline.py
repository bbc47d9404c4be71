"""From what a probe wrote down to when the service could not acknowledge a write. Pure.

An outage runs from the last to the first acknowledged write, by the time of acknowledgement. Both edges are intervals
that hold the moment the service really stopped and really came back:

- it stopped after the last acknowledged write was sent, and before the first sign that it had: a write that failed, a
  connection that died, or a write that waits longer than any did in the steady state;
- it came back after the last sign that it had not: the start of a try that failed, a DNS answer that still named
  another server, or an answer that had been overdue; and before the first write was acknowledged.

So an outage is stated as `low_s` to `high_s`, and the truth lies between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from runbooks.drill.records import Fate, Trace, Write

MIN_GAP_PERIODS: Final = 3.0  # a shorter silence is the probe's own grid
HANG_S: Final = 0.1  # an answer this much later than any in the steady state was held up, not slow
SLACK_S: Final = 0.005  # the first answer after a standstill takes a little longer than the slowest before it
QUIET_MIN_S: Final = 0.2  # a shorter pause after which every write was acknowledged is a slow answer, no outage
QUIET_MAX_S: Final = 0.25  # however long the steady state's own silences were, a longer one is an outage
QUIET_FACTOR: Final = 3.0  # without any sign of failure, a silence must be this many times the steady state's longest


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A moment that is known to lie between two times (seconds since 1970)."""

    earliest_s: float
    latest_s: float

    @property
    def width_s(self) -> float:
        return self.latest_s - self.earliest_s

    @property
    def middle_s(self) -> float:
        return (self.earliest_s + self.latest_s) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A time without acknowledged writes. `end` is None when none came back before the probe ended."""

    last_ack_s: float
    first_ack_s: float | None
    start: Span
    end: Span
    failed: int
    in_doubt: int
    server_before: str
    server_after: str

    @property
    def low_s(self) -> float:
        """The service was away at least this long, in seconds."""
        return max(0.0, self.end.earliest_s - self.start.latest_s)

    @property
    def high_s(self) -> float:
        """The service was away at most this long, in seconds; for an outage without an end, until the probe ended."""
        return self.end.latest_s - self.start.earliest_s

    @property
    def ended(self) -> bool:
        return self.first_ack_s is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Steady:
    """What is usual before anything is done: longest answer, connection and silence, in seconds.

    `usual_s`: 19 of 20 answers came within this time.
    """

    writes: int
    answer_s: float
    usual_s: float
    connect_s: float
    gap_s: float


class Series:
    """The writes of a trace in the order of their answers, ready to be asked for a time range."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.writes = sorted(trace.writes, key=lambda write: write.ended_s)
        self.acks = [write for write in self.writes if write.fate is Fate.ACKED]
        self.misses = [write for write in self.writes if write.fate is not Fate.ACKED]
        self._miss_ends = [write.ended_s for write in self.misses]

    def misses_between(self, after_s: float, before_s: float) -> list[Write]:
        """Writes that failed or stayed in doubt, by when that was known."""
        return self.misses[bisect_right(self._miss_ends, after_s) : bisect_left(self._miss_ends, before_s)]


def steady_state(trace: Trace, until_s: float) -> Steady:
    """What was usual until then."""
    acks = sorted((w for w in trace.writes if w.fate is Fate.ACKED and w.ended_s <= until_s), key=lambda w: w.ended_s)
    first = [w for w in acks if w.connecting_s is not None]
    answers = sorted(w.ended_s - w.begun_s for w in acks)
    gaps = [after.ended_s - before.ended_s for before, after in pairwise(acks)]
    return Steady(
        writes=len(acks),
        answer_s=answers[-1] if answers else 0.0,
        usual_s=answers[len(answers) * 19 // 20] if answers else 0.0,
        connect_s=max((w.begun_s - (w.connecting_s or w.begun_s) for w in first), default=0.0),
        gap_s=max(gaps, default=0.0),
    )


def outages(trace: Trace, steady: Steady, *, since_s: float, until_s: float) -> tuple[Outage, ...]:
    """Every outage whose silence began at or after `since_s`; one that is still open runs until `until_s`."""
    series = Series(trace)
    period_s = trace.started.period_s if trace.started else 0.01
    found: list[Outage] = []
    ends: list[Write | None] = [*series.acks[1:], None]
    for before, after in zip(series.acks, ends, strict=False):
        end_s = after.ended_s if after else until_s
        if end_s < since_s or not _is_silence(series, steady, period_s, before.ended_s, end_s):
            continue
        found.append(_outage(series, steady, before, after, until_s))
    return tuple(found)


def _is_silence(series: Series, steady: Steady, period_s: float, start_s: float, end_s: float) -> bool:
    """Whether a time without acknowledgements is the service's: something failed in it, or the probe went on trying.

    When nothing was tried, the probe slept, and what the service did is not known (`longest_blindness`).
    """
    length_s = end_s - start_s
    if length_s <= MIN_GAP_PERIODS * period_s:
        return False
    if series.misses_between(start_s, end_s) or _losses(series.trace, start_s, end_s):
        return True
    if length_s <= max(QUIET_MIN_S, min(QUIET_FACTOR * steady.gap_s, QUIET_MAX_S)):
        return False
    return (
        _longest_gap([start_s, *(at_s for at_s in _tries(series.trace) if start_s < at_s < end_s), end_s])
        < length_s / 2
    )


def longest_blindness(trace: Trace) -> float:
    """The longest time in which the probe tried nothing, in seconds: what happened in it was not seen."""
    return _longest_gap(_tries(trace))


def _tries(trace: Trace) -> list[float]:
    """When a write was started, or would have been, had a client been free."""
    return [*(write.begun_s for write in trace.writes), *(skip.due_s for skip in trace.skips if skip.late_s is None)]


def _longest_gap(moments: list[float]) -> float:
    return max((after - before for before, after in pairwise(sorted(moments))), default=0.0)


def _losses(trace: Trace, start_s: float, end_s: float) -> list[float]:
    return [loss.at_s for loss in trace.losses if start_s < loss.at_s < end_s]


def _outage(series: Series, steady: Steady, before: Write, after: Write | None, until_s: float) -> Outage:
    end_s = after.ended_s if after else until_s
    misses = series.misses_between(before.ended_s, end_s)
    end = _end(series, steady, before, after, misses=misses, until_s=until_s)
    start = _start(series, steady, before, misses, end_s)
    return Outage(
        last_ack_s=before.ended_s,
        first_ack_s=after.ended_s if after else None,
        start=Span(earliest_s=start.earliest_s, latest_s=max(start.earliest_s, min(start.latest_s, end.latest_s))),
        end=end,
        failed=sum(miss.fate is Fate.FAILED for miss in misses),
        in_doubt=sum(miss.fate is Fate.IN_DOUBT for miss in misses),
        server_before=before.server,
        server_after=after.server if after else "",
    )


def _start(series: Series, steady: Steady, before: Write, misses: Sequence[Write], end_s: float) -> Span:
    """After the last acknowledged write was sent, before the first sign that no more would be."""
    earliest_s = max(ack.begun_s for ack in series.acks if ack.ended_s <= before.ended_s)
    signs = [miss.ended_s for miss in misses]
    signs += _losses(series.trace, before.ended_s, end_s)
    overdue = (sent_s + steady.usual_s for sent_s in _overdue_since(series, earliest_s, end_s, steady.usual_s))
    signs += [sign_s for sign_s in overdue if sign_s > before.ended_s]  # an earlier one was a stall that passed
    return Span(earliest_s=earliest_s, latest_s=min(signs, default=end_s))


def _overdue_since(series: Series, start_s: float, end_s: float, usual_s: float) -> Iterable[float]:
    """When the writes were sent that came after the last acknowledged one, and waited longer than usual."""
    return (
        write.begun_s
        for write in series.writes
        if write.number and start_s < write.begun_s < end_s and write.ended_s - write.begun_s > usual_s
    )


def _end(
    series: Series, steady: Steady, before: Write, after: Write | None, *, misses: Sequence[Write], until_s: float
) -> Span:
    """After the last sign that the service was still away, before the first acknowledged write."""
    end_s = after.ended_s if after else until_s
    signs = [before.ended_s]
    signs += [miss.connecting_s for miss in misses if miss.connecting_s is not None]
    signs += [
        contact.begun_s for contact in series.trace.contacts if contact.error and before.ended_s < contact.ended_s
    ]
    signs += _stale_answers(series.trace, after)
    if after is not None and (overdue_s := _overdue(after, steady)) is not None:
        signs.append(overdue_s)
    held = [sign_s for sign_s in signs if sign_s < end_s]
    return Span(earliest_s=max(held, default=before.ended_s) if after else until_s, latest_s=end_s)


def _stale_answers(trace: Trace, after: Write | None) -> list[float]:
    """When the writer's name was last seen to stand for another server than the one that acknowledged first."""
    if after is None or trace.started is None:
        return []
    return [
        lookup.last_before_s
        for lookup in trace.lookups
        if lookup.name == trace.started.writer and lookup.last_before_s is not None and after.server in lookup.addresses
    ]


def _overdue(after: Write, steady: Steady) -> float | None:
    """The first answer, when it had clearly been waited for: the service came back no earlier than an answer takes."""
    if after.ended_s - after.begun_s > steady.answer_s + HANG_S:
        return after.ended_s - steady.answer_s - SLACK_S  # it was connected: only the answer was held up
    asked_s = after.begun_s if after.connecting_s is None else after.connecting_s
    connect_s = 0.0 if after.connecting_s is None else steady.connect_s
    if after.ended_s - asked_s <= steady.answer_s + connect_s + HANG_S:
        return None
    return after.ended_s - steady.answer_s - connect_s - SLACK_S
