"""`snapshot prune` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from runbooks import guard
from runbooks.engine.run import Check, Context, Outcome, Runbook, Verdict
from runbooks.prune.headroom import Headroom, daily_headroom, region_headroom
from runbooks.prune.look import uses, with_sharing
from runbooks.prune.permissions import READS, SCOPES
from runbooks.prune.plan import Kind, Observed, plan_prune
from runbooks.prune.request import PruneRequest
from runbooks.prune.retention import VERB, Fate
from runbooks.prune.steps import EFFECTS
from runbooks.snapshot.families import open_family
from runbooks.tools import Tools, locked_by_others, locking, open_tools


@dataclass(frozen=True, kw_only=True, slots=True)
class PruneResult:
    """What was deleted and what is left. `spared` were planned and are kept, because something had happened since.

    `restorable` counts the backups of ours that are left; `full_at` is when the quota is reached at the present rate.
    """

    source_id: str
    deleted: tuple[str, ...]
    spared: tuple[str, ...]
    restorable: int
    used: int
    quota: int
    full_at: datetime | None


def observe(request: PruneRequest, context: Context[Tools]) -> Observed:
    """List the Region's snapshots once, look at those that would go, at what uses them, and at the lock."""
    tools, now = context.tools, context.clock.now()
    family = open_family(tools, request.family)
    every = family.list_snapshots() if request.family == "aurora" else family.list_snapshots(request.source_id)
    listed = tuple(each for each in every if each.source_id == request.source_id)
    snapshots = with_sharing(family, listed, request.policy, now)
    headroom = region_headroom if request.family == "aurora" else daily_headroom
    return Observed(
        policy=request.policy,
        family=request.family,
        source=family.find_source(request.source_id),
        snapshots=snapshots,
        busy=uses(tools, request.family, request.source_id, listed, request.copies_in),
        deletes={each.arn: family.delete_call(each) for each in snapshots},
        now=now,
        headroom=headroom(every, family.quota(), now),
        locked=locked_by_others(context, request.source_id),
    )


def room_of(seen: Observed) -> tuple[Headroom, str]:
    """The room that is left, and what it is for."""
    aurora = seen.family == "aurora"
    return seen.headroom, "manual snapshots of the Region" if aurora else "snapshots of the last 24 hours"


def verify(request: PruneRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """What AWS shows: nothing is left that goes, and enough is left that can be restored."""
    outcomes = [
        (event["step"].partition(" ")[2], event["outcome"])
        for event in context.journal.events
        if event["event"] == "step.done"
    ]
    deleted = tuple(name for name, outcome in outcomes if "deleted" in outcome)
    spared = tuple(f"{name}: {'; '.join(outcome['kept'])}" for name, outcome in outcomes if "kept" in outcome)
    return Verdict(
        summary=f"{len(deleted)} deleted, {seen.restorable} backups of {request.source_id} can be restored",
        checks=tuple(_checks(request, seen, deleted)),
        result=PruneResult(
            source_id=request.source_id,
            deleted=deleted,
            spared=spared,
            restorable=seen.restorable,
            used=seen.headroom.used,
            quota=seen.headroom.quota,
            full_at=seen.headroom.full_at,
        ),
    )


def _checks(request: PruneRequest, seen: Observed, deleted: tuple[str, ...]) -> Iterable[Check]:
    going = [each.snapshot.snapshot_id for each in seen.rulings if each.fate is Fate.GOES]
    yield Check(name="left to delete", passed=not going, detail=", ".join(going) or "nothing")
    least = request.policy.keep_at_least
    enough = seen.restorable >= least or not deleted
    yield Check(name="can be restored", passed=enough, detail=f"{seen.restorable}, at least {least} wanted")


def _render(outcome: Outcome[Any]) -> str:
    from runbooks.prune.report import render

    return render(outcome)


def prune_runbook() -> Runbook[PruneRequest, Observed, Kind, Tools]:
    """The engine's description of the verb: what is deleted is gone, so the source's name is typed."""
    return Runbook(
        verb=VERB,
        decode=PruneRequest.from_plain,
        encode=PruneRequest.to_plain,
        target=attrgetter("source_id"),
        tools=open_tools,
        observe=observe,
        plan=plan_prune,
        effects=EFFECTS,
        verify=verify,
        reads=(*READS, *guard.READ_ACTIONS),
        guard=locking(attrgetter("source_id")),
        guard_actions=guard.ACTIONS,
        irreversible=True,
        scopes=SCOPES,
        render=_render,
    )
