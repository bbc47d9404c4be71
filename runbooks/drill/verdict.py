"""Whether a drill passed, check by check. Pure; a table of checks, each with what was seen and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from runbooks.drill.evidence import Evidence, Round
from runbooks.drill.measure import CLOCKS
from runbooks.drill.topology import AVAILABLE, ServerSeen, Topology
from runbooks.engine.run import Check

MIN_STEADY_WRITES: Final = 10
BLIND_MAX_S: Final = 1.0  # what happens in a time without any try is not seen
BLIND_PERIODS: Final = 10.0


def judge(evidence: Evidence) -> tuple[Check, ...]:
    """Every check, passed or not."""
    checks: list[Check] = []
    for part in evidence.rounds:
        checks += [check for of_round in ROUND_CHECKS for check in of_round(evidence, part)]
    return (*checks, *(check for of_whole in WHOLE_CHECKS for check in of_whole(evidence)))


def summarize(evidence: Evidence) -> str:
    """One line: the verdict, and why."""
    failed = [check for check in evidence.checks if not check.passed]
    if failed:
        return f"FAILED: {'; '.join(f'{check.name}: {check.detail}' for check in failed)}"
    costs = ", ".join(f"{part.name} {cost_of(part)}" for part in evidence.rounds if not part.unneeded)
    lost = evidence.ledger.lost if evidence.ledger else 0
    return f"PASSED: {costs}; {lost} of {evidence.ledger.acked if evidence.ledger else 0} acknowledged writes lost"


def cost_of(part: Round) -> str:
    """The time without acknowledged writes, as an interval."""
    if not part.outages:
        return "no outage seen"
    if not part.came_back:
        return f"more than {seconds(part.low_s)} without writes, which did not come back"
    times = "" if len(part.outages) == 1 else f" in {len(part.outages)} outages, the longest {seconds(part.longest_s)}"
    return f"{between(part.low_s, part.high_s)} without writes{times}"


def between(low_s: float, high_s: float) -> str:
    """An interval as a person reads it, the unit said once where it is the same."""
    low, high = seconds(low_s), seconds(high_s)
    unit = high.rsplit(" ", 1)[1]
    return f"{low.removesuffix(f' {unit}')} to {high}"


def seconds(value_s: float) -> str:
    """A duration as a person reads it."""
    return f"{value_s * 1000:.0f} ms" if value_s < 1 else f"{value_s:.2f} s" if value_s < 100 else f"{value_s:.0f} s"  # noqa: PLR2004 - as many digits as mean something


def _label(part: Round, name: str) -> str:
    return name if part.number == 1 else f"{part.name}: {name}"


def _promoted(evidence: Evidence, part: Round) -> Iterable[Check]:
    name = _label(part, "another writer")
    if part.unneeded:
        yield Check(name=name, passed=True, detail=f"{part.expected} was the writer already; nothing was asked for")
        return
    if part.asked_s is None:
        yield Check(name=name, passed=False, detail="the failover was never asked for")
        return
    now = part.writer_after if part.watched else evidence.after.writer_id
    moved = now not in {"", part.writer_before}
    again = f", asked {part.asked_times} times" if part.asked_times > 1 else ""
    if not moved:
        detail = f"{part.writer_before} is still the writer{again}: RDS accepted the failover and did not do it"
    elif part.expected and now != part.expected:
        detail = f"{now} instead of {part.writer_before}{again} ({part.expected} was expected)"
    else:
        detail = f"{now} instead of {part.writer_before}{again}, as expected"
    yield Check(name=name, passed=moved, detail=detail)


def _slo(evidence: Evidence, part: Round) -> Iterable[Check]:
    if part.unneeded or not part.watched:
        return
    name = _label(part, f"within {evidence.slo_s:g} s")
    open_end = next((outage for outage in part.outages if not outage.ended), None)
    if open_end is not None:
        detail = f"writes did not come back; {seconds(open_end.high_s)} without writes when the probe was stopped"
        yield Check(name=name, passed=False, detail=detail)
        return
    yield Check(
        name=name, passed=part.high_s <= evidence.slo_s, detail=f"{cost_of(part)}; SLO from {evidence.slo_source}"
    )


def _measured(_evidence: Evidence, part: Round) -> Iterable[Check]:
    if part.unneeded:
        return
    name = _label(part, "measured")
    missing = [reading.name for reading in part.clocks if reading.after_s is None]
    if part.asked_s is not None and not part.watched:
        detail = (
            f"the run was interrupted after the failover was asked for; not measured: {', '.join(missing) or 'its end'}"
        )
        yield Check(name=name, passed=False, detail=detail)
        return
    if missing:
        detail = f"{len(CLOCKS) - len(missing)} of 5 clocks read; without a reading: {', '.join(missing)}"
        yield Check(name=name, passed=False, detail=f"{detail}{f' ({part.gave_up})' if part.gave_up else ''}")
        return
    probing = part.probing
    if probing is None or part.steady.writes < MIN_STEADY_WRITES:
        yield Check(name=name, passed=False, detail="there was no steady state to compare with")
        return
    kept_time = probing.blind_s <= max(BLIND_MAX_S, BLIND_PERIODS * probing.period_s)
    late = f"99 of 100 writes started within {seconds(probing.late_p99_s)} of their time"
    tail = f"{probing.skipped} ticks skipped, never without a try for more than {seconds(probing.blind_s)}"
    yield Check(name=name, passed=kept_time, detail=f"5 of 5 clocks read; {late}, {tail}")


def _ledger(evidence: Evidence) -> Iterable[Check]:
    ledger = evidence.ledger
    if ledger is None:
        yield Check(name="nothing lost", passed=False, detail="the ledger was not compared with the table")
        return
    lost = f"{ledger.lost} of {ledger.acked} acknowledged writes are not in the table"
    yield Check(name="nothing lost", passed=ledger.lost == 0, detail=lost + _numbers(ledger.lost_numbers))
    yield Check(
        name="nothing twice",
        passed=ledger.duplicated == 0 and ledger.unexpected == 0,
        detail=(
            f"{ledger.duplicated} there twice{_numbers(ledger.duplicated_numbers)}, "
            f"{ledger.unexpected} there though refused or never sent{_numbers(ledger.unexpected_numbers)}"
        ),
    )


def _numbers(numbers: tuple[int, ...]) -> str:
    return f" ({', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''})" if numbers else ""  # noqa: PLR2004 - five name the place


def _topology(evidence: Evidence) -> Iterable[Check]:
    after = evidence.after
    wrong = list(evidence.differences)
    writers = [member.instance_id for member in after.members if member.is_writer]
    if len(writers) != 1:
        wrong.append(f"{len(writers)} writers instead of one")
    wrong += [f"{m.instance_id} is {m.status}" for m in after.members if m.status != AVAILABLE]
    if after.status != AVAILABLE:
        wrong.append(f"the cluster is {after.status}")
    yield Check(
        name="topology",
        passed=not wrong,
        detail="; ".join(wrong) or f"one writer, the same {len(after.members)} members, all available, same endpoints",
    )


def _roles(evidence: Evidence) -> Iterable[Check]:
    """Every server is what the API says, and each endpoint reaches the right kind."""
    seen = {server.name: server for server in evidence.servers}
    wrong: list[str] = []
    for member in evidence.after.members:
        server = seen.get(member.instance_id)
        if server is None or server.is_reader is None:
            wrong.append(f"{member.instance_id} does not answer{f' ({server.error})' if server else ''}")
        elif server.is_reader is member.is_writer:
            wrong.append(f"{member.instance_id} says it is a {'reader' if server.is_reader else 'writer'}")
    yield Check(name="roles", passed=not wrong, detail="; ".join(wrong) or "every server says what the API says of it")


def servers_agree(after: Topology, servers: Sequence[ServerSeen]) -> bool:
    """Whether every name answers, and every instance is what the API says of it."""
    seen = {server.name: server.is_reader for server in servers}
    writers_end = seen.get("writer") is False
    return (
        writers_end and None not in seen.values() and all(seen[m.instance_id] is not m.is_writer for m in after.members)
    )


def _endpoints(evidence: Evidence) -> Iterable[Check]:
    seen = {server.name: server for server in evidence.servers}
    writer, promoted = seen.get("writer"), seen.get(evidence.after.writer_id)
    wrong: list[str] = []
    if writer is None or writer.is_reader is None:
        wrong.append(f"the writer endpoint does not answer{f' ({writer.error})' if writer else ''}")
    elif writer.is_reader:
        wrong.append("the writer endpoint reaches a reader")
    elif promoted is not None and promoted.address != writer.address:
        wrong.append(f"the writer endpoint does not reach {evidence.after.writer_id}")
    for endpoint in evidence.after.endpoints:
        server = seen.get(endpoint.name)
        if server is None or server.is_reader is None:
            wrong.append(f"endpoint {endpoint.name} does not answer{f' ({server.error})' if server else ''}")
    yield Check(
        name="endpoints",
        passed=not wrong,
        detail="; ".join(wrong) or "the writer endpoint reaches the new writer, all answer",
    )


ROUND_CHECKS: Final[tuple[Callable[[Evidence, Round], Iterable[Check]], ...]] = (_promoted, _slo, _measured)
WHOLE_CHECKS: Final[tuple[Callable[[Evidence], Iterable[Check]], ...]] = (_ledger, _topology, _roles, _endpoints)
