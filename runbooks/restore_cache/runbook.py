"""`restore cache` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from textwrap import fill
from typing import Any, Final

from runbooks import guard
from runbooks.boundary import boundary_reasons
from runbooks.engine.run import Check, Context, Outcome, Runbook, State, Verdict, summarize
from runbooks.restore_cache.permissions import SCOPES
from runbooks.restore_cache.plan import VERB, Kind, plan_restore
from runbooks.restore_cache.portrait import ACTIONS, find_cache, find_origin
from runbooks.restore_cache.request import RestoreCacheRequest
from runbooks.restore_cache.seen import Observed
from runbooks.restore_cache.settings import differences
from runbooks.restore_cache.steps import EFFECTS
from runbooks.tags import is_ours
from runbooks.tools import Tools, locked_by_others, locking, open_tools

READS: Final = (*ACTIONS["find_origin"], *ACTIONS["find_cache"], *guard.READ_ACTIONS)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreCacheResult:
    """The new cache. `like` is the cache whose settings it has; `took_s` is from the first plan to the end."""

    cache_id: str
    arn: str
    endpoint: str
    snapshot: str
    like: str
    engine: str
    owner: str
    expires: str
    took_s: float


def observe(request: RestoreCacheRequest, context: Context[Tools]) -> Observed:
    """Look at the snapshot, the cache that the new one is to be like, the name, and the lock. Changes nothing."""
    tools, family = context.tools, request.family
    origin = find_origin(tools, family, request.snapshot)
    model = request.like or (origin.snapshot.source_id if origin is not None else "")
    return Observed(
        run_id=context.run_id,
        origin=origin,
        model=find_cache(tools, family, model) if model else None,
        made=find_cache(tools, family, request.target),
        fences=boundary_reasons(VERB, request.target, {}),
        locked=locked_by_others(context, request.target),
    )


def verify(request: RestoreCacheRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """The new cache as AWS shows it: there, this run's, and like its model in each setting."""
    made, model = seen.made, seen.model
    return Verdict(
        summary=f"{request.target} has the keys of {request.snapshot}; no client uses it yet",
        checks=tuple(_checks(request, seen)),
        result=RestoreCacheResult(
            cache_id=request.target,
            arn=made.arn if made is not None else "",
            endpoint=made.endpoint if made is not None else "",
            snapshot=request.snapshot,
            like=model.cache_id if model is not None else "",
            engine=made.engine if made is not None else "",
            owner=request.owner,
            expires=request.expires,
            took_s=_took(context),
        ),
    )


def _checks(request: RestoreCacheRequest, seen: Observed) -> Iterable[Check]:
    made, model, origin = seen.made, seen.model, seen.origin
    status = made.status if made is not None else "not there"
    yield Check(name="status", passed=status == "available", detail=status)
    ours = made is not None and is_ours(made.tags, seen.run_id)
    yield Check(name="tags", passed=ours, detail="the run's own" if ours else "not this run's")
    if made is None or model is None or origin is None:
        yield Check(name="settings", passed=False, detail="the snapshot or the cache it is to be like is gone")
        return
    found = list(differences(request, origin, model, made))
    for each in found:
        yield Check(name=each.setting, passed=False, detail=f"must be {each.wanted}, got {each.got}")
    if not found:
        yield Check(name="settings", passed=True, detail=f"as asked, and as in {model.cache_id} otherwise")


def _took(context: Context[Tools]) -> float:
    began = next((event["at"] for event in context.journal.events if "at" in event), None)
    if began is None:
        return 0.0
    return round((context.clock.now() - datetime.fromisoformat(str(began))).total_seconds(), 1)


def render(outcome: Outcome[Any]) -> str:
    """A plan as it is; a run that ended by what came of it."""
    if outcome.state is State.PLANNED or outcome.verdict is None:
        return summarize(outcome)
    verdict, result = outcome.verdict, outcome.verdict.result
    rows = (
        ("endpoint", result.endpoint),
        ("like", result.like),
        ("owner", result.owner),
        ("expires", result.expires or "never by itself"),
        ("took", f"{result.took_s:.0f} s"),
    )
    head = f"{VERB} {outcome.target}: {outcome.state.value}: {verdict.summary}"
    lines = [_wrapped(head, "", ""), ""]
    lines += [_wrapped(f"{name:<10} {value}", "  ", " " * 13) for name, value in rows]
    checks = (f"{'ok' if check.passed else 'NO':<3} {check.name}: {check.detail}" for check in verdict.checks)
    lines += ["", *(_wrapped(each, "  ", "      ") for each in checks)]
    if outcome.folder is not None:
        lines += ["", str(outcome.folder)]
    return "\n".join(lines)


def _wrapped(text: str, first: str, rest: str) -> str:
    return fill(
        text, width=80, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def restore_cache_runbook() -> Runbook[RestoreCacheRequest, Observed, Kind, Tools]:
    """The engine's description of the verb; it makes something and changes nothing, so it asks for no word."""
    return Runbook(
        verb=VERB,
        decode=RestoreCacheRequest.from_plain,
        encode=RestoreCacheRequest.to_plain,
        target=attrgetter("target"),
        tools=open_tools,
        observe=observe,
        plan=plan_restore,
        effects=EFFECTS,
        verify=verify,
        reads=READS,
        guard=locking(attrgetter("target")),
        guard_actions=guard.ACTIONS,
        scopes=SCOPES,
        clocked=("expires",),
        render=render,
    )
