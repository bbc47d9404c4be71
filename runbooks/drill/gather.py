"""Evidence put together from the journal, the probes' files, and what AWS and the servers show at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from runbooks.drill.evidence import ApiSeen, Evidence, Round, StepTaken
from runbooks.drill.ledger import Ledger
from runbooks.drill.measure import RoundFacts, measure_round
from runbooks.drill.plan import ROUNDS
from runbooks.drill.records import Trace, read_trace
from runbooks.drill.request import LAB_SUFFIX, DrillRequest
from runbooks.drill.topology import ServerSeen, Topology, changes
from runbooks.drill.verdict import judge

Event = Mapping[str, Any]
DISTRIBUTION = "aurora-estate"


def gather(
    request: DrillRequest,
    *,
    run_id: str,
    region: str,
    events: Sequence[Event],
    traces: Mapping[int, Trace],
    after: Topology,
    servers: tuple[ServerSeen, ...],
    rds_events: tuple[str, ...],
    ended_at: datetime,
) -> Evidence:
    """The evidence of a run, judged. Pure but for the installed version's number."""
    began = next((event for event in events if event["event"] == "drill.began"), None)
    before = Topology.from_plain(began["topology"]) if began else after
    server_version = str(began["server_version"]) if began else ""
    evidence = Evidence(
        run_id=run_id,
        cluster_id=request.cluster_id,
        region=region,
        measured=measured_words(before.writer_endpoint, server_version, region),
        engine=before.engine,
        engine_version=before.engine_version,
        server_version=server_version,
        kit_version=_kit_version(),
        started_at=str(events[0]["at"]),
        ended_at=ended_at.isoformat(timespec="milliseconds"),
        slo_s=request.slo_s,
        slo_source=request.slo_source,
        request=request.to_plain(),
        sittings=1 + sum(event["event"] == "run.resumed" for event in events),
        rounds=tuple(_rounds(request, events, traces, before)),
        ledger=_ledger(events),
        before=before,
        after=after,
        servers=servers,
        differences=changes(before, after),
        events=rds_events,
        steps=tuple(_steps(events)),
    )
    return replace(evidence, checks=judge(evidence))


def last_traces(files: Iterable[Path]) -> dict[int, Trace]:
    """The trace of each round: its last probe's, earlier ones were interrupted before anything was asked for."""
    return {int(path.stem.split("-")[1]): read_trace(path) for path in files}


def measured_words(writer_endpoint: str, server_version: str, region: str) -> str:
    """What was measured, said plainly. The lab is known by its names, which are not on the internet."""
    if writer_endpoint.endswith(LAB_SUFFIX):
        return f"lab: local PostgreSQL {server_version} processes, not Aurora".replace("  ", " ")
    return f"Aurora in {region}, as a client saw it from where this ran"


def _kit_version() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def _rounds(
    request: DrillRequest, events: Sequence[Event], traces: Mapping[int, Trace], before: Topology
) -> Iterable[Round]:
    for number in ROUNDS if request.fail_back else (1,):
        facts = facts_of(events, number)
        yield measure_round(facts, traces.get(number, Trace()), before)


def facts_of(events: Sequence[Event], number: int) -> RoundFacts:
    """What the journal says of a round."""
    mine = [event for event in events if event.get("round") == number]
    refused = max((index for index, event in enumerate(mine) if event["event"] == "drill.refused"), default=-1)
    asking = [event for event in mine[refused + 1 :] if event["event"] == "drill.asking"]
    asked = [event for event in mine[refused + 1 :] if event["event"] == "drill.asked"]
    writer = next((event for event in reversed(mine) if event["event"] == "drill.writer"), None)
    reached = next((e for e in mine if e["event"] == "drill.reached" and e["stage"] == "watch"), None)
    api = [event for event in mine if event["event"] == "drill.api"]
    return RoundFacts(
        number=number,
        name=ROUNDS[number],
        expected=writer["expected"] if writer else "",
        expected_why=writer["why"] if writer else "",
        writer_before=writer["writer"] if writer else "",
        asked_s=next((event["at_s"] for event in (*asked, *asking)), None),
        asked_times=len(asking),
        unneeded=any(event["event"] == "drill.unneeded" for event in mine),
        watched=reached is not None,
        gave_up=reached.get("gave_up", "") if reached else "",
        steady_s=reached.get("steady_s", 0.0) if reached else 0.0,
        api=tuple(ApiSeen(at_s=e["at_s"], writer_id=e["writer_id"], status=e["status"]) for e in api),
    )


def _ledger(events: Sequence[Event]) -> Ledger | None:
    """The last comparison; it covers every round before it."""
    found = [event["ledger"] for event in events if event["event"] == "drill.reached" and "ledger" in event]
    if not found:
        return None
    plain: dict[str, Any] = {
        name: tuple(value) if name.endswith("_numbers") else value for name, value in found[-1].items()
    }
    return Ledger(**plain)


def _steps(events: Sequence[Event]) -> Iterable[StepTaken]:
    """Each step that was begun, with its time when it ended."""
    sitting = 1
    begun: Event | None = None
    for event in events:
        match event["event"]:
            case "run.resumed":
                if begun is not None:
                    yield StepTaken(name=begun["step"], why=begun["why"], took_s=None, sitting=sitting)
                    begun = None
                sitting += 1
            case "step.intended":
                begun = event
            case "step.done" if begun is not None:
                yield StepTaken(name=begun["step"], why=begun["why"], took_s=event["took_s"], sitting=sitting)
                begun = None
            case _:
                continue
