"""`clone` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from estate.names import TAG_EXPIRES
from runbooks import guard
from runbooks.birth.plan import birth_checks
from runbooks.birth.steps import BIRTH_EFFECTS
from runbooks.clone.observe import READS, observe
from runbooks.clone.permissions import SCOPES
from runbooks.clone.plan import VERB, is_done_with_masks, plan_clone
from runbooks.clone.report import CloneResult, render
from runbooks.clone.request import CloneRequest
from runbooks.clone.seen import SLOTS, Observed
from runbooks.clone.wish import wish_of
from runbooks.engine.plan import Step
from runbooks.engine.run import Check, Context, Effect, Runbook, Verdict
from runbooks.masking.steps import MASKING_EFFECTS
from runbooks.quarantine.plan import quarantine_checks, said_of_roles
from runbooks.quarantine.steps import QUARANTINE_EFFECTS, in_quarantine
from runbooks.tools import Tools, locking, open_tools


def verify(request: CloneRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """The clone as AWS shows it: like its source, in or out of quarantine, and a clone in earnest."""
    result = _result(request, seen, context)
    closed = "" if result.is_open else "; it is closed"
    why = "" if result.is_open or request.stay_closed else ": its users have production's passwords, as far as is known"
    return Verdict(
        summary=f"{request.target} is a {request.restore_type} clone of {request.source_id}{closed}{why}; "
        f"it expires {result.expires}",
        checks=tuple(_checks(request, seen)),
        result=result,
    )


def _checks(request: CloneRequest, seen: Observed) -> Iterable[Check]:
    source, quarantine, closing = seen.source, seen.quarantine, seen.closing
    if source is None or quarantine is None or closing is None:
        yield Check(name="source", passed=False, detail=f"{request.source} does not exist any more")
        return
    yield from birth_checks(wish_of(request, seen), source, seen.copy)
    yield _check_clone(request, seen)
    yield from quarantine_checks(quarantine, closing)
    if request.mask.wanted:
        done = is_done_with_masks(request, seen)
        yield Check(name="masks", passed=done, detail="run, and leaks looked for" if done else "not all were run")
    else:
        yield Check(name="masks", passed=True, detail="none were asked for: the rows are production's")


def _check_clone(request: CloneRequest, seen: Observed) -> Check:
    """AWS shows no restore type afterwards: the clone group and its size say that there was a slot."""
    group = _group_of(seen)
    if request.full_copy:
        return Check(name="full copy", passed=True, detail="as asked")
    source = seen.source.cluster.get("CloneGroupId") if seen.source is not None else None
    shares = bool(group) and (group == source or seen.is_shared)
    fits = len(seen.members) < SLOTS
    detail = f"clone group {group or 'none'}, {len(seen.members)} other clusters in it, {SLOTS} slots"
    return Check(name="copy-on-write", passed=shares and fits, detail=detail)


def _group_of(seen: Observed) -> str:
    return str(seen.copy.cluster.get("CloneGroupId") or "") if seen.copy is not None else ""


def _result(request: CloneRequest, seen: Observed, context: Context[Tools]) -> CloneResult:
    raw: Mapping[str, Any] = seen.copy.cluster if seen.copy is not None else {}
    quarantine, closing = seen.quarantine, seen.closing
    own = quarantine.secret_name if quarantine is not None and quarantine.master == "own" else ""
    expires = quarantine.tags.get(TAG_EXPIRES, "") if quarantine is not None else ""
    return CloneResult(
        cluster_id=request.target,
        arn=quarantine.arn if quarantine is not None else "",
        source=seen.source.arn if seen.source is not None else request.source,
        restore_type=request.restore_type,
        clone_group=_group_of(seen),
        taken_slots=len(seen.members),
        endpoint=str(raw.get("Endpoint", "")),
        reader_endpoint=str(raw.get("ReaderEndpoint", "")),
        port=int(raw.get("Port", 0)),
        instances=tuple(str(each["DBInstanceIdentifier"]) for each in raw.get("DBClusterMembers", [])),
        security_groups=closing.groups if closing is not None else (),
        is_open=closing is not None and closing.has_reached("open"),
        is_masked=request.mask.masks and is_done_with_masks(request, seen),
        user_passwords=said_of_roles(quarantine) if quarantine is not None else "",
        secret=own or (closing.managed_secret if closing is not None else ""),
        owner=request.owner,
        expires=expires or request.expires,
        took_s=_took_s(context),
    )


def _took_s(context: Context[Tools]) -> float:
    began = next((str(event["at"]) for event in context.journal.events if event["event"] == "run.requested"), "")
    return round((context.clock.now() - datetime.fromisoformat(began)).total_seconds(), 1) if began else 0.0


def _cluster_of(step: Step[Any]) -> str:
    return next((str(call.parameters.get("DBClusterIdentifier", "")) for call in step.calls), "")


EFFECTS: Final[Mapping[Any, Effect[Any, Tools]]] = {
    **{
        kind: Effect(in_quarantine(effect.run, _cluster_of), actions=(*effect.actions, "ec2:DescribeSecurityGroups"))
        for kind, effect in BIRTH_EFFECTS.items()
    },
    **QUARANTINE_EFFECTS,
    **MASKING_EFFECTS,
}


def clone_runbook() -> Runbook[CloneRequest, Observed, Any, Tools]:
    """The engine's description of the verb. The source is only read, what is made is the run's own: no confirmation."""
    return Runbook(
        verb=VERB,
        decode=CloneRequest.from_plain,
        encode=CloneRequest.to_plain,
        target=attrgetter("target"),
        tools=open_tools,
        observe=observe,
        plan=plan_clone,
        effects=EFFECTS,
        verify=verify,
        reads=READS,
        guard=locking(attrgetter("target")),
        guard_actions=guard.ACTIONS,
        scopes=SCOPES,
        clocked=("expires",),
        render=render,
    )
