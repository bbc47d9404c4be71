"""One round from its trace and the journal's facts: outages, five clocks, reads, and a chart of it all. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from runbooks.drill.evidence import ApiSeen, Chart, ClockReading, DnsSeen, EndpointReads, Probing, Round
from runbooks.drill.records import Fate, Lookup, Read, Trace, Write
from runbooks.drill.timeline import Outage, Steady, longest_blindness, outages, steady_state
from runbooks.drill.topology import Topology

BUCKET_S: Final = 0.05
BUCKETS: Final = 1200  # at most; a longer drill has wider buckets
BEFORE_S: Final = 3.0  # how much of the steady state a chart shows
CLOCKS: Final = ("first failed write", "API shows the new writer", "DNS changed", "first good write", "steady state")
NOT_MEASURED: Final = "not measured: the run was interrupted"


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundFacts:
    """What the journal knows of a round."""

    number: int
    name: str
    expected: str = ""
    expected_why: str = ""
    writer_before: str = ""
    asked_s: float | None = None
    asked_times: int = 0
    unneeded: bool = False
    watched: bool = False
    gave_up: str = ""
    steady_s: float = 0.0
    api: tuple[ApiSeen, ...] = ()


def measure_round(facts: RoundFacts, trace: Trace, topology: Topology, end_s: float | None = None) -> Round:
    """What the round cost. `topology` gives the instances' names; `end_s` closes the trace of a killed probe."""
    until_s = _last_moment(trace) if end_s is None else end_s
    steady = steady_state(trace, facts.asked_s if facts.asked_s is not None else until_s)
    found = _outages(facts, trace, steady, until_s)
    dns = tuple(_dns(trace, topology))
    writer_after = next((seen.writer_id for seen in reversed(facts.api) if seen.writer_id), facts.writer_before)
    return Round(
        number=facts.number,
        name=facts.name,
        expected=facts.expected,
        expected_why=facts.expected_why,
        writer_before=facts.writer_before,
        writer_after=writer_after,
        asked_s=facts.asked_s,
        asked_times=facts.asked_times,
        unneeded=facts.unneeded,
        watched=facts.watched,
        gave_up=facts.gave_up,
        steady=steady,
        outages=found,
        clocks=read_clocks(facts, trace, found, dns, until_s),
        reads=tuple(_reads(trace, name) for name in (trace.started.readers if trace.started else ())),
        api=facts.api,
        dns=dns,
        probing=_probing(trace),
        chart=_chart(facts, trace, until_s),
        writer_endpoint=trace.started.writer if trace.started else "",
    )


def _last_moment(trace: Trace) -> float:
    if trace.ended is not None:
        return trace.ended.at_s
    return max((write.ended_s for write in trace.writes), default=0.0)


def has_come_to_rest(facts: RoundFacts, trace: Trace, now: float) -> bool:
    """Whether writes have been steady for long enough, by the same measure as the report's."""
    if facts.asked_s is None:
        return False
    found = _outages(facts, trace, steady_state(trace, facts.asked_s), now)
    return steady_since(facts, trace, found, now) is not None


def _outages(facts: RoundFacts, trace: Trace, steady: Steady, until_s: float) -> tuple[Outage, ...]:
    if facts.asked_s is None:
        return ()
    return outages(trace, steady, since_s=facts.asked_s, until_s=until_s)


def read_clocks(
    facts: RoundFacts, trace: Trace, found: Sequence[Outage], dns: Sequence[DnsSeen], until_s: float
) -> tuple[ClockReading, ...]:
    """The five clocks, each from the moment the failover was (first) asked for."""
    if facts.asked_s is None:
        return ()
    asked_s = facts.asked_s
    moments = (
        _first_failure(trace, found, asked_s),
        next((s.at_s for s in facts.api if s.at_s >= asked_s and s.writer_id not in {"", facts.writer_before}), None),
        _dns_change(trace, facts, dns, asked_s),
        found[0].first_ack_s if found else None,
        steady_since(facts, trace, found, until_s),
    )
    missing = "it did not happen" if facts.watched else NOT_MEASURED
    return tuple(
        ClockReading(name=name, after_s=None if at is None else round(at - asked_s, 4), note="" if at else missing)
        for name, at in zip(CLOCKS, moments, strict=True)
    )


def _first_failure(trace: Trace, found: Sequence[Outage], asked_s: float) -> float | None:
    failed = [write.ended_s for write in trace.writes if write.fate is not Fate.ACKED and write.ended_s >= asked_s]
    held_up = [outage.start.latest_s for outage in found]
    return min(failed + held_up, default=None)


def _dns_change(trace: Trace, facts: RoundFacts, dns: Sequence[DnsSeen], asked_s: float) -> float | None:
    """When the writer endpoint first stood for another instance than before."""
    if trace.started is None:
        return None
    mine = [seen for seen in dns if seen.name == trace.started.writer]
    before = next((seen.addresses for seen in reversed(mine) if seen.at_s < asked_s), None)
    return next(
        (
            seen.at_s
            for seen in mine
            if seen.at_s >= asked_s and seen.addresses not in {(), before} and facts.writer_before not in seen.instances
        ),
        None,
    )


def steady_since(facts: RoundFacts, trace: Trace, found: Sequence[Outage], until_s: float) -> float | None:
    """Since when writes were acknowledged without a break; None when that is shorter than `facts.steady_s`."""
    if facts.asked_s is None or not trace.writes or any(not outage.ended for outage in found):
        return None
    breaks = [facts.asked_s, *(outage.first_ack_s or 0.0 for outage in found)]
    last_break_s = max(breaks + [write.ended_s for write in trace.writes if write.fate is not Fate.ACKED])
    since_s = next(
        (w.ended_s for w in _acks_in_order(trace) if w.ended_s >= last_break_s),
        None,
    )
    if since_s is None or until_s - since_s < facts.steady_s:
        return None
    return since_s


def _acks_in_order(trace: Trace) -> list[Write]:
    return sorted((w for w in trace.writes if w.fate is Fate.ACKED), key=lambda write: write.ended_s)


def _dns(trace: Trace, topology: Topology) -> Iterable[DnsSeen]:
    """DNS answers of the writer's and the reading endpoints, with the instances they stand for."""
    hosts = {member.address: member.instance_id for member in topology.members}
    known = {
        address: hosts[lookup.name] for lookup in trace.lookups if lookup.name in hosts for address in lookup.addresses
    }
    for lookup in trace.lookups:
        if lookup.name not in hosts:
            yield _dns_seen(lookup, known)


def _dns_seen(lookup: Lookup, known: dict[str, str]) -> DnsSeen:
    return DnsSeen(
        at_s=lookup.ended_s,
        name=lookup.name,
        addresses=lookup.addresses,
        instances=tuple(known[address] for address in lookup.addresses if address in known),
        error=lookup.error,
    )


def _reads(trace: Trace, name: str) -> EndpointReads:
    mine: list[Read] = [read for read in trace.reads if read.endpoint == name]
    good = [read.ended_s for read in mine if read.is_reader]
    return EndpointReads(
        name=name,
        reads=len(mine),
        failed=sum(read.is_reader is None for read in mine),
        on_writer=sum(read.is_reader is False for read in mine),
        longest_gap_s=round(max((b - a for a, b in pairwise(good)), default=0.0), 4),
    )


def _probing(trace: Trace) -> Probing | None:
    if trace.started is None:
        return None
    late = sorted(write.begun_s - write.due_s for write in trace.writes if write.number and write.connecting_s is None)
    fates = [write.fate for write in trace.writes]
    return Probing(
        period_s=trace.started.period_s,
        clients=trace.started.clients,
        writes=len(fates),
        acked=fates.count(Fate.ACKED),
        failed=fates.count(Fate.FAILED),
        in_doubt=fates.count(Fate.IN_DOUBT),
        skipped=len(trace.skips),
        late_p99_s=round(late[math.ceil(len(late) * 0.99) - 1], 6) if late else 0.0,
        late_max_s=round(late[-1], 6) if late else 0.0,
        blind_s=round(longest_blindness(trace), 4),
        end=trace.ended.reason if trace.ended else "killed",
    )


def _chart(facts: RoundFacts, trace: Trace, until_s: float) -> Chart | None:
    if not trace.writes:
        return None
    first_s = trace.writes[0].begun_s
    from_s = max(first_s, (facts.asked_s or first_s) - BEFORE_S)
    width_s = max(BUCKET_S, math.ceil((until_s - from_s) / BUCKETS / BUCKET_S) * BUCKET_S)
    count = max(1, math.ceil((until_s - from_s) / width_s))
    acks = [write for write in trace.writes if write.fate is Fate.ACKED]
    misses = [write for write in trace.writes if write.fate is not Fate.ACKED]
    good = [read for read in trace.reads if read.is_reader is not None]
    bad = [read for read in trace.reads if read.is_reader is None]

    def bucket(at_s: float) -> int:
        return int((at_s - from_s) / width_s)

    def tally(moments: Iterable[float]) -> str:
        counts = [0] * count
        for at_s in moments:
            if from_s <= at_s and bucket(at_s) < count:
                counts[bucket(at_s)] += 1
        return " ".join(map(str, counts))

    slowest = [0.0] * count
    for write in acks:
        if from_s <= write.ended_s and bucket(write.ended_s) < count:
            place = bucket(write.ended_s)
            slowest[place] = max(slowest[place], (write.ended_s - write.begun_s) * 1000)
    return Chart(
        from_s=from_s,
        to_s=from_s + count * width_s,
        bucket_s=width_s,
        acked=tally(write.ended_s for write in acks),
        failed=tally(write.ended_s for write in misses),
        slowest_ms=" ".join(f"{worst:.1f}" for worst in slowest),
        reads=tally(read.ended_s for read in good),
        failed_reads=tally(read.ended_s for read in bad),
    )
