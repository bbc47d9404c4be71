"""`reap` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from runbooks import guard
from runbooks.engine.run import Check, Context, Runbook, Verdict
from runbooks.reap.observe import READS, observe
from runbooks.reap.permissions import SCOPES
from runbooks.reap.plan import Kind, final_name, plan_reap, rulings
from runbooks.reap.report import details, kept, render
from runbooks.reap.request import ReapRequest
from runbooks.reap.seen import Observed
from runbooks.reap.steps import EFFECTS, lock_copies
from runbooks.tags import is_ours
from runbooks.tools import Tools, open_tools


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaped:
    """A copy that is gone, and the snapshot of its last state; empty when none was wanted."""

    cluster_id: str
    final_snapshot: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A cluster that stays, and every reason."""

    cluster_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReapResult:
    """What went and what stays."""

    deleted: tuple[Reaped, ...]
    kept: tuple[Kept, ...]


def verify(request: ReapRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """Look again: what was to go is gone, and each has left its final snapshot."""
    gone = deleted(request, seen, context)
    return Verdict(
        summary=f"{len(gone)} deleted: {', '.join(each.cluster_id for each in gone) or 'nothing had to go'}",
        checks=tuple(_checks(request, seen, gone)),
        result=ReapResult(
            deleted=gone,
            kept=tuple(
                Kept(cluster_id=each.cluster_id, reasons=tuple(reason.whole for reason in each.reasons))
                for each in kept(seen)
            ),
        ),
    )


def deleted(request: ReapRequest, seen: Observed, context: Context[Tools]) -> tuple[Reaped, ...]:
    """What this run deleted, in all its sittings: by its journal, and by the final snapshots that have its name."""
    start = f"{Kind.CLUSTER.value} "
    told = {
        str(event["step"]).removeprefix(start)
        for event in context.journal.events
        if event["event"] == "step.done" and str(event["step"]).startswith(start)
    }
    names = told | {each.cluster_id for each in seen.finals}
    return tuple(
        Reaped(cluster_id=name, final_snapshot=final_name(name, seen.run_id) if request.final_snapshot else "")
        for name in sorted(names)
        if seen.find(name) is None
    )


def _checks(request: ReapRequest, seen: Observed, gone: tuple[Reaped, ...]) -> Iterable[Check]:
    left = [each.cluster_id for each in rulings(request, seen) if each.goes]
    yield Check(name="expired copies", passed=not left, detail=", ".join(left) or "none is left")
    finals = {each.snapshot_id: each for each in seen.finals}
    for each in gone if request.final_snapshot else ():
        found = finals.get(each.final_snapshot)
        good = found is not None and found.status == "available" and is_ours(found.tags, seen.run_id)
        status = found.status if found is not None else "none"
        yield Check(name=f"snapshot {each.final_snapshot}", passed=good, detail=status)


def confirms(request: ReapRequest, _seen: Observed) -> str:
    """A copy that leaves its last state behind needs no word; one that leaves nothing needs its name."""
    if request.final_snapshot:
        return ""
    return f"nothing is left of {', '.join(request.ids)} without a final snapshot"


def reap_runbook() -> Runbook[ReapRequest, Observed, Kind, Tools]:
    """The engine's description of the verb."""
    return Runbook(
        verb="reap",
        decode=ReapRequest.from_plain,
        encode=ReapRequest.to_plain,
        target=attrgetter("target"),
        tools=open_tools,
        observe=observe,
        plan=plan_reap,
        effects=EFFECTS,
        verify=verify,
        reads=READS,
        guard=lock_copies,
        guard_actions=guard.ACTIONS,
        confirms=confirms,
        scopes=SCOPES,
        clocked=("at",),
        render=render,
        details=details,
    )
