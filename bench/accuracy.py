"""The drill's instrument against the truth: real servers are broken, and what the probe says is compared with what was.

In each scenario acknowledged rows are also deleted and doubled behind the probe's back, so that the ledger's counts
have a truth to be exact against.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Row
from bench.rehearsal import Act, Rehearsal, TrueOutage
from runbooks.drill.ledger import Ledger
from runbooks.drill.process import ProbeProcess
from runbooks.drill.records import Clock, Fate, Trace
from runbooks.drill.request import LAB_PACE
from runbooks.drill.timeline import MIN_GAP_PERIODS, Outage, outages, steady_state

BASELINE_S = 1.5
STEADY_S = 1.0
PERIOD_S = 1 / LAB_PACE.rate_per_s
WIDTH_BUDGET_S = 2 * PERIOD_S + 0.005
RESOLUTION_S = MIN_GAP_PERIODS * PERIOD_S
FROZEN_S = 1.5
ROUNDS = 2  # a 95th percentile of fewer than twenty outages is their worst
TAMPERED = ((3, 2), (1, 4), (5, 1))  # rows deleted and doubled, in turn over the scenarios


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """What is broken, and how long DNS lags behind a promotion."""

    name: str
    act: Act
    dns_delay_s: float = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One true outage beside what the drill stated; None when it saw none."""

    truth: TrueOutage
    stated: Outage | None

    @property
    def is_inside(self) -> bool:
        """Whether the stated interval holds the truth, which itself is known to a few milliseconds.

        To state nothing is to say that no outage was longer than the drill's resolution.
        """
        if self.stated is None:
            return self.truth.shortest_s <= RESOLUTION_S
        return self.stated.low_s <= self.truth.longest_s and self.truth.shortest_s <= self.stated.high_s

    def __str__(self) -> str:
        truth = f"truth {self.truth.shortest_s:.4f} to {self.truth.longest_s:.4f} s"
        if self.stated is None:
            return f"{truth}, stated no outage"
        edges = f"{self.stated.start.width_s * 1000:.1f} + {self.stated.end.width_s * 1000:.1f} ms"
        return f"{truth}, stated {self.stated.low_s:.4f} to {self.stated.high_s:.4f} s (edges {edges})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One scenario: its outages, those that were stated and never were, and the ledger's word beside the truth."""

    scenario: str
    findings: tuple[Finding, ...]
    invented: tuple[Outage, ...]
    ledgers_exact: tuple[bool, ...]
    acked: int

    @property
    def is_right(self) -> bool:
        return not self.invented and all(finding.is_inside for finding in self.findings) and all(self.ledgers_exact)


def _fail_over(lab: Rehearsal) -> list[TrueOutage]:
    return [lab.fail_over()]


def _kill(lab: Rehearsal) -> list[TrueOutage]:
    return [lab.kill_writer()]


def _freeze(lab: Rehearsal) -> list[TrueOutage]:
    return [lab.freeze_writer(FROZEN_S)]


def _freeze_shortly(lab: Rehearsal) -> list[TrueOutage]:
    return [lab.freeze_writer(FROZEN_S / 5)]


def _twice(lab: Rehearsal) -> list[TrueOutage]:
    first = lab.fail_over()
    lab.settle()
    time.sleep(STEADY_S)
    return [first, lab.kill_writer()]


def _nothing(_lab: Rehearsal) -> list[TrueOutage]:
    time.sleep(STEADY_S)
    return []


SCENARIOS = (
    Scenario(name="planned failover", act=_fail_over),
    Scenario(name="planned failover, DNS at once", act=_fail_over, dns_delay_s=0.0),
    Scenario(name="planned failover, DNS after 1 s", act=_fail_over, dns_delay_s=1.0),
    Scenario(name="writer killed", act=_kill),
    Scenario(name="writer killed, DNS at once", act=_kill, dns_delay_s=0.0),
    Scenario(name="writer killed, DNS after 1 s", act=_kill, dns_delay_s=1.0),
    Scenario(name="writer frozen for 1.5 s", act=_freeze),
    Scenario(name="writer frozen for 0.3 s", act=_freeze_shortly),
    Scenario(name="two outages", act=_twice),
    Scenario(name="two outages, DNS at once", act=_twice, dns_delay_s=0.0),
    Scenario(name="no outage", act=_nothing),
    Scenario(name="planned failover, once more", act=_fail_over),
)


def rows() -> list[Row]:
    """Three rows: truth inside, width of the interval, lost and duplicated."""
    return rows_of(run(SCENARIOS * ROUNDS))


def run(scenarios: Iterable[Scenario]) -> list[Result]:
    """Every scenario on one cluster; progress goes to standard error."""
    results: list[Result] = []
    with undisturbed(), tempfile.TemporaryDirectory() as folder, Rehearsal(Path(folder)) as lab:
        for number, scenario in enumerate(scenarios):
            results.append(rehearse(lab, scenario, *TAMPERED[number % len(TAMPERED)]))
            _tell(number, results[-1])
    return results


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Real-time priority for all that is started meanwhile, where we may (root on Linux).

    The instrument is measured, not how long the scheduler lets it wait behind other programs.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (OSError, AttributeError):
        print("  at ordinary priority: other programs widen the intervals", file=sys.stderr, flush=True)
        yield
        return
    print("  at real-time priority", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _tell(number: int, result: Result) -> None:
    words = [str(finding) for finding in result.findings]
    words += [f"stated {outage.low_s:.4f} to {outage.high_s:.4f} s that never was" for outage in result.invented]
    verdict = "ok" if result.is_right else "WRONG"
    line = f"  {number + 1:3} {result.scenario}: {'; '.join(words) or 'nothing happened, nothing stated'}  {verdict}"
    print(line, file=sys.stderr, flush=True)


def rehearse(lab: Rehearsal, scenario: Scenario, deleted: int, doubled: int) -> Result:
    """Break the cluster while a probe runs, and compare."""
    lab.settle()
    lab.plane.dns_delay_s = scenario.dns_delay_s
    clock = Clock()
    probe, table = lab.start_probe(clock)
    try:
        await_first_acks(probe)
        time.sleep(BASELINE_S)
        asked_s = clock.now()
        truths = scenario.act(lab)
        await_acks(probe, clock, STEADY_S)
    finally:
        trace = probe.stop()
    lab.settle()
    assert trace.ended is not None, "the probe must end in order"
    stated = outages(trace, steady_state(trace, asked_s), since_s=asked_s, until_s=trace.ended.at_s)
    findings, invented = match(truths, stated, clock)
    exact = check_ledgers(lab, trace, table, deleted, doubled)
    lab.drop(table)
    return Result(
        scenario=scenario.name, findings=findings, invented=invented, ledgers_exact=exact, acked=len(_acked(trace))
    )


def await_first_acks(probe: ProbeProcess, timeout_s: float = 15) -> None:
    """Wait until every client has written once."""
    deadline = time.monotonic() + timeout_s
    while len(_acked(probe.follow())) < LAB_PACE.clients:
        assert time.monotonic() < deadline, "the probe must come to write"
        time.sleep(0.05)


def await_acks(probe: ProbeProcess, clock: Clock, seconds: float, timeout_s: float = 30) -> None:
    """Wait until writes have been acknowledged again for so long."""
    deadline = time.monotonic() + timeout_s
    since_s = clock.now()
    while clock.now() - since_s < seconds:
        assert time.monotonic() < deadline, "writes must come back"
        time.sleep(0.1)
        writes = probe.follow().writes
        last_bad_s = max((write.ended_s for write in writes if write.fate is not Fate.ACKED), default=0.0)
        since_s = max(since_s, last_bad_s)


def match(
    truths: Sequence[TrueOutage], stated: Sequence[Outage], clock: Clock
) -> tuple[tuple[Finding, ...], tuple[Outage, ...]]:
    """Pair each true outage with the stated one that overlaps it most.

    What is left over was never there, unless it is stated as something that may have been no outage at all.
    """
    left = list(stated)
    findings: list[Finding] = []
    offset_s = clock.wall_s - clock.monotonic_s
    for truth in truths:
        from_s, to_s = truth.caused_s + offset_s, truth.came_back_s + offset_s
        best = max(left, key=lambda outage: _overlap_s(outage, from_s, to_s), default=None)
        if best is not None and _overlap_s(best, from_s, to_s) > 0:
            left.remove(best)
        else:
            best = None
        findings.append(Finding(truth=truth, stated=best))
    return tuple(findings), tuple(outage for outage in left if outage.low_s > 0)


def _overlap_s(outage: Outage, from_s: float, to_s: float) -> float:
    return min(outage.end.latest_s, to_s) - max(outage.start.earliest_s, from_s)


def check_ledgers(lab: Rehearsal, trace: Trace, table: str, deleted: int, doubled: int) -> tuple[bool, ...]:
    """Whether the ledger is exact before anything is tampered with, and after."""
    acked = _acked(trace)
    gone, twice = acked[:deleted], acked[-doubled:]
    honest = _says(lab.ledger(trace, table), (), ())
    with lab.connect() as connection:
        connection.execute(f"DELETE FROM runbook_drill.{table} WHERE number = ANY(%s)", [gone])  # noqa: S608 - our own table's name
        connection.execute(
            f"INSERT INTO runbook_drill.{table} (number) SELECT unnest(%s::bigint[])",
            [twice],
        )
    return honest, _says(lab.ledger(trace, table), gone, twice)


def _says(ledger: Ledger, gone: Sequence[int], twice: Sequence[int]) -> bool:
    return (ledger.lost_numbers, ledger.duplicated_numbers) == (tuple(gone), tuple(twice)) and (
        (ledger.lost, ledger.duplicated, ledger.unexpected) == (len(gone), len(twice), 0)
    )


def _acked(trace: Trace) -> list[int]:
    return sorted(write.number for write in trace.writes if write.fate is Fate.ACKED)


def rows_of(results: Sequence[Result]) -> list[Row]:
    """The table's rows of any number of scenarios."""
    findings = [finding for result in results for finding in result.findings]
    inside = sum(finding.is_inside for finding in findings)
    invented = sum(len(result.invented) for result in results)
    exact = [right for result in results for right in result.ledgers_exact]
    stated = [finding.stated for finding in findings if finding.stated is not None]
    widths = sorted(outage.high_s - outage.low_s for outage in stated)
    p95_s = widths[math.ceil(len(widths) * 0.95) - 1] if widths else 0.0
    what = f"drill, {len(results)} scenarios"
    return [
        Row(
            what=f"{what}: truth inside the stated interval", ours=f"{inside} of {len(findings)} outages",
            peer=f"{invented} invented", ratio="-", budget="all, none", holds=inside == len(findings) and not invented,
        ),
        Row(
            what=f"{what}: width of the interval, p95", ours=f"{p95_s * 1000:.1f} ms",
            peer=f"{PERIOD_S * 1000:g} ms (probe period)", ratio=f"{p95_s / PERIOD_S:.2f} x",
            budget=f"{WIDTH_BUDGET_S * 1000:g} ms", holds=p95_s <= WIDTH_BUDGET_S,
        ),
        Row(
            what=f"{what}: lost and duplicated writes exact", ours=f"{sum(exact)} of {len(exact)} counts",
            peer=f"{sum(result.acked for result in results)} writes", ratio="-", budget="all", holds=all(exact),
        ),
    ]  # fmt: skip
