"""`refresh` as the engine runs it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from estate.names import TAG_EXPIRES, TAG_QUARANTINE, master_secret
from runbooks import guard
from runbooks.boundary import production_reason
from runbooks.clone.runbook import EFFECTS as CLONE_EFFECTS
from runbooks.engine.run import Check, Context, Effect, HeldCheck, Runbook, Verdict
from runbooks.masking.plan import MaskTarget, done_masks, is_masked
from runbooks.refresh.observe import READS, locked_ids, look_at_swap, observe
from runbooks.refresh.permissions import SCOPES
from runbooks.refresh.plan import plan_refresh
from runbooks.refresh.refusals import VERB
from runbooks.refresh.report import RefreshResult, render
from runbooks.refresh.request import RefreshRequest
from runbooks.refresh.seen import Observed, is_copy
from runbooks.refresh.steps import REFRESH_EFFECTS
from runbooks.tools import Tools, hold_locks, open_tools


@contextmanager
def lock_places(request: RefreshRequest, context: Context[Tools]) -> Generator[HeldCheck]:
    """Hold the locks of the target's name, of the copy and of what it replaces; the source is only read."""
    old = look_at_swap(request, context).old
    old_id = old.cluster_id if old is not None else ""
    with hold_locks(context, *locked_ids(request, context.run_id, old_id)) as check:
        yield check


def confirms(request: RefreshRequest, seen: Observed) -> str:
    """What no runbook made and was named is put out of use: the name is typed."""
    old = seen.old
    if old is None or is_copy(old.tags) or not request.replaces:
        return ""
    return f"{production_reason(old.cluster_id, old.tags)}, and it is replaced"


def verify(request: RefreshRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """What AWS shows: the copy in its place, open and masked, the old one with an end."""
    result = _result(request, seen, context)
    old = _said_of_old(seen)
    return Verdict(
        summary=f"{request.target} is {result.cluster_id or 'nothing'}, a copy of {request.source_id}; {old}",
        checks=tuple(_checks(request, seen)),
        result=result,
    )


def _said_of_old(seen: Observed) -> str:
    old = seen.old
    if old is None:
        return "it replaced nothing"
    if not is_copy(old.tags):
        return f"{old.cluster_id} is out of use and stays: no runbook made it, delete it by hand"
    return f"{old.cluster_id} is out of use and expires {old.tags.get(TAG_EXPIRES, 'never')}"


def _checks(request: RefreshRequest, seen: Observed) -> Iterable[Check]:
    ours = seen.ours
    if ours is None:
        yield Check(name="copy", passed=False, detail="it does not exist")
        return
    fits = ours.status == "available" and seen.is_kept
    yield Check(
        name="copy", passed=fits, detail=f"{ours.cluster_id} {ours.status}{'' if seen.is_kept else ', expires'}"
    )
    stage = ours.tags.get(TAG_QUARANTINE, "closed")
    yield Check(name="open", passed=stage == "open", detail=stage)
    yield _check_masks(request, seen)
    for end, name in request.records:
        wanted = (ours.writer_endpoint if end == "writer" else ours.reader_endpoint).lower()
        now = seen.target_of(name)
        yield Check(name=f"record {name}", passed=now == wanted, detail=now or "it does not exist")
    if request.rename:
        yield Check(name="name", passed=ours.cluster_id == request.target, detail=ours.cluster_id)
    if seen.old is not None and is_copy(seen.old.tags):
        detail = f"{seen.old.cluster_id} expires {seen.old.tags.get(TAG_EXPIRES, 'never')}"
        yield Check(name="old", passed=seen.is_retired, detail=detail)
    if seen.strangers:
        yield Check(name="other records", passed=False, detail=f"{', '.join(seen.strangers)} still lead to the old one")


def _check_masks(request: RefreshRequest, seen: Observed) -> Check:
    mask, ours = request.clone.mask, seen.ours
    assert ours is not None  # noqa: S101 - the caller looked
    if not mask.wanted:
        return Check(name="masks", passed=True, detail="none were asked for: the rows are production's")
    target = MaskTarget(cluster_id=ours.cluster_id, arn=ours.arn, engine=ours.engine)
    done = is_masked(mask, target, done_masks(ours.tags))
    return Check(name="masks", passed=done, detail="run, and leaks looked for" if done else "not all were run")


def _result(request: RefreshRequest, seen: Observed, context: Context[Tools]) -> RefreshResult:
    ours, old = seen.ours, seen.old
    return RefreshResult(
        cluster_id=ours.cluster_id if ours else "",
        arn=ours.arn if ours else "",
        source=seen.source.arn if seen.source else request.source_id,
        endpoint=ours.writer_endpoint if ours else "",
        reader_endpoint=ours.reader_endpoint if ours else "",
        secret="" if request.clone.iam_master else _secret(request, seen),
        is_masked=request.clone.mask.masks,
        records={name: seen.target_of(name) for _, name in request.records},
        previous=_previous(context),
        old=old.cluster_id if old else "",
        old_expires=old.tags.get(TAG_EXPIRES, "") if old and is_copy(old.tags) else "",
        took_s=_took_s(context),
    )


def _secret(request: RefreshRequest, seen: Observed) -> str:
    """RDS's, or the one that was made with the copy: its name stays when the copy's changes."""
    managed = seen.ours.master_secret_arn if seen.ours else ""
    return managed or master_secret(request.copy_id(seen.run_id))


def _took_s(context: Context[Tools]) -> float:
    began = next((str(event["at"]) for event in context.journal.events if event["event"] == "run.requested"), "")
    return round((context.clock.now() - datetime.fromisoformat(began)).total_seconds(), 1) if began else 0.0


def _previous(context: Context[Tools]) -> dict[str, str]:
    """What the records led to before the run, from its journal; empty when that is lost."""
    found: dict[str, str] = {}
    for event in context.journal.events:
        if event["event"] == "step.intended" and event["step"].startswith("point-record "):
            found.setdefault(event["step"].partition(" ")[2], event["arguments"]["previous"])
    return found


EFFECTS: Final[dict[Any, Effect[Any, Tools]]] = {**CLONE_EFFECTS, **REFRESH_EFFECTS}


def refresh_runbook() -> Runbook[RefreshRequest, Observed, Any, Tools]:
    """The engine's description of the verb. What runbooks made is replaced as asked; anything else is confirmed."""
    return Runbook(
        verb=VERB,
        decode=RefreshRequest.from_plain,
        encode=RefreshRequest.to_plain,
        target=attrgetter("target"),
        tools=open_tools,
        observe=observe,
        plan=plan_refresh,
        effects=EFFECTS,
        verify=verify,
        reads=READS,
        guard=lock_places,
        guard_actions=guard.ACTIONS,
        confirms=confirms,
        scopes=SCOPES,
        clocked=("expires", "retire_at"),
        render=render,
    )
