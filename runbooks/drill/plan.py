"""What a failover drill will do, or every reason not to. Pure.

Resuming is planning again: before the failover was asked for everything is measured anew; after that, no second
failover is ever planned for that round, only what is left to verify and to clean up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from runbooks.drill.request import DrillRequest, Pace, pace_of
from runbooks.drill.topology import AVAILABLE, Topology, predict_promotion
from runbooks.engine.plan import PlanRefusedError, Step

MEASURED_ENGINE: Final = "aurora-postgresql"
SCHEMA: Final = "runbook_drill"
ROUNDS: Final = {1: "failover", 2: "fail-back"}


class Kind(StrEnum):
    """The steps of a drill."""

    PREPARE = "prepare"
    BASELINE = "baseline"
    FAIL_OVER = "fail-over"
    WATCH = "watch"
    SETTLE = "settle"
    CHECK_LEDGER = "check-ledger"
    CLEAN_UP = "clean-up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far earlier sittings of this run came, from the journal.

    `before` is the cluster as the run found it, None for a fresh run. `asked` has the rounds whose failover was asked
    for, or was about to be when the process died; `watched` those that were measured to their end.
    """

    before: Topology | None = None
    asked: frozenset[int] = frozenset()
    watched: frozenset[int] = frozenset()
    checked: frozenset[int] = frozenset()
    cleaned: bool = False

    @property
    def changed_something(self) -> bool:
        return bool(self.asked)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen before planning. Empty strings and tuples mean that nothing stands in the way."""

    topology: Topology | None
    locked: tuple[str, ...] = ()
    global_busy: str = ""
    cool_down_left_s: float = 0.0
    unreachable: str = ""
    progress: Progress = Progress()


def blockers(request: DrillRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    topology = seen.topology
    if topology is None:
        where = f" in {request.region}" if request.region else ""
        return (f"cluster {request.cluster_id} does not exist{where}; see `aws rds describe-db-clusters`",)
    if seen.progress.changed_something:
        return seen.locked
    return tuple(_reasons(request, seen, topology))


def _reasons(request: DrillRequest, seen: Observed, topology: Topology) -> Iterable[str]:
    yield from seen.locked
    if topology.engine != MEASURED_ENGINE:
        yield (
            f"engine must be {MEASURED_ENGINE} to be measured, got {topology.engine}; "
            "there is no probe for it yet, `aws rds failover-db-cluster` fails it over unmeasured"
        )
    if topology.status != AVAILABLE:
        yield f"cluster must be available, got {topology.status}; wait until it is"
    for member in topology.members:
        if member.status != AVAILABLE:
            yield f"instance {member.instance_id} must be available, got {member.status}; wait until it is"
    yield from _role_reasons(request, seen.progress, topology)
    if seen.global_busy:
        yield seen.global_busy
    if seen.cool_down_left_s > 0:
        yield (
            f"the last failover must be {request.cool_down_s:g} s ago, "
            f"got {request.cool_down_s - seen.cool_down_left_s:.0f} s; "
            f"wait {seen.cool_down_left_s:.0f} s, or say --cool-down-s"
        )
    if not topology.secret_arn:
        yield (
            "master user must have a secret, got none in Secrets Manager; turn ManageMasterUserPassword on, or declare "
            "`master_authentication: own-secret`"
        )
    if seen.unreachable:
        yield seen.unreachable


def _role_reasons(request: DrillRequest, progress: Progress, topology: Topology) -> Iterable[str]:
    if topology.writer is None:
        yield "cluster must have a writer, got none; wait until RDS shows one"
    if not topology.promotable:
        yield (
            f"cluster must have a healthy reader to promote, got {len(topology.readers)} readers, none available; "
            "without one Aurora makes a new writer, which takes minutes (up to 10)"
        )
    names = ", ".join(reader.instance_id for reader in topology.readers) or "none"
    if request.target_id is not None and request.target_id not in {r.instance_id for r in topology.readers}:
        yield f"target must be a reader of {topology.cluster_id} ({names}), got {request.target_id}; choose one of them"
    if progress.before is not None and progress.before.writer_id != topology.writer_id:
        yield (
            f"the writer must still be {progress.before.writer_id}, as when this run began, got {topology.writer_id}; "
            "start another run"
        )


def plan_failover(request: DrillRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    topology = seen.topology
    assert topology is not None  # noqa: S101 - a blocker otherwise
    before = seen.progress.before or topology
    pace = pace_of(request, topology.writer_endpoint)
    missing: list[Step[Kind]] = []
    if not seen.progress.changed_something:
        missing.append(_prepare(topology))
    for number in ROUNDS if request.fail_back else (1,):
        missing += _round(request, seen.progress, before, pace, number)
    if not seen.progress.cleaned:
        missing.append(
            Step(
                kind=Kind.CLEAN_UP,
                subject=SCHEMA,
                why="nothing of the drill stays in the database: its table is dropped",
            )
        )
    return tuple(missing)


def _prepare(topology: Topology) -> Step[Kind]:
    return Step(
        kind=Kind.PREPARE,
        subject=SCHEMA,
        why=f"clients write to a table of their own, in schema {SCHEMA} of database {topology.database}",
    )


def _round(request: DrillRequest, progress: Progress, before: Topology, pace: Pace, number: int) -> list[Step[Kind]]:
    name, arguments = ROUNDS[number], {"round": number}
    if number in progress.checked:
        return []
    left = [
        _step(Kind.SETTLE, name, arguments, "wait until every instance is available again and its server has its role"),
        _step(
            Kind.CHECK_LEDGER, name, arguments,
            "compare what was acknowledged with what is in the table: lost, duplicated, in doubt",
        ),
    ]  # fmt: skip
    if number in progress.asked:
        return left
    target, why = _target(request, before, number)
    asked_for = request.target_id if number == 1 else target
    return [
        _step(
            Kind.BASELINE, name, arguments,
            f"learn what is usual for {pace.baseline_s:g} s: {pace} through the writer endpoint, "
            "reads through the others, DNS of all followed",
        ),
        _step(Kind.FAIL_OVER, target, {**arguments, "target": asked_for}, why),
        _step(
            Kind.WATCH, name, arguments,
            f"until the API shows another writer and writes were steady for {pace.steady_s:g} s; asks again, "
            f"twice at most, when nothing happens for {pace.quiet_s:g} s; gives up after {pace.timeout_s:g} s",
        ),
        *left,
    ]  # fmt: skip


def _step(kind: Kind, subject: str, arguments: Mapping[str, Any], why: str) -> Step[Kind]:
    return Step(kind=kind, subject=subject, arguments=arguments, why=why)


def _target(request: DrillRequest, before: Topology, number: int) -> tuple[str, str]:
    if number == 2:  # noqa: PLR2004 - the fail-back
        return before.writer_id, "the original writer gets its role back, measured too"
    prediction = predict_promotion(before, request.target_id)
    assert prediction is not None  # noqa: S101 - a blocker otherwise
    verb = "is promoted" if request.target_id else "should be promoted"
    return prediction.instance_id, f"{prediction.instance_id} {verb} in place of {before.writer_id}: {prediction.why}"


def progress_of(events: Iterable[Mapping[str, Any]]) -> Progress:
    """How far a run came, by its journal."""
    before: Topology | None = None
    done: dict[Kind, set[int]] = {Kind.WATCH: set(), Kind.CHECK_LEDGER: set()}
    asked: set[int] = set()
    cleaned = False
    for event in events:
        if event["event"] == "drill.began":
            before = Topology.from_plain(event["topology"])
        elif event["event"] == "drill.asking":
            asked.add(event["round"])
        elif event["event"] == "drill.refused":
            asked.discard(event["round"])
        elif event["event"] == "drill.reached":
            done[Kind(event["stage"])].add(event["round"])
        elif event["event"] == "drill.cleaned":
            cleaned = True
    return Progress(
        before=before,
        asked=frozenset(asked),
        watched=frozenset(done[Kind.WATCH]),
        checked=frozenset(done[Kind.CHECK_LEDGER]),
        cleaned=cleaned,
    )
