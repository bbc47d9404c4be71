"""`backtrack` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from runbooks import guard
from runbooks.backtrack.look import binlog_format, find_cluster, list_backtracks, list_blue_green
from runbooks.backtrack.permissions import READS, SCOPES
from runbooks.backtrack.plan import (
    COMPLETED,
    NEAR,
    VERB,
    Backtrack,
    Kind,
    Observed,
    known_without_journal,
    own_of,
    plan_backtrack,
    why_confirm,
)
from runbooks.backtrack.request import BacktrackRequest
from runbooks.backtrack.steps import EFFECTS
from runbooks.engine.run import Check, Context, Runbook, Verdict
from runbooks.tools import Tools, locked_by_others, locking, open_tools


@dataclass(frozen=True, kw_only=True, slots=True)
class BacktrackResult:
    """Where the cluster went.

    `backtracked_to` is the consistent moment that Aurora chose; `backtracked_from` the one to wind forward to again.
    """

    cluster_id: str
    asked: str
    backtrack_id: str = ""
    backtracked_to: datetime | None = None
    backtracked_from: datetime | None = None
    requested_at: datetime | None = None


def observe(request: BacktrackRequest, context: Context[Tools]) -> Observed:
    """Look at the cluster, its backtracks, what reads its binary log, and at the lock. Changes nothing."""
    tools = context.tools
    cluster = find_cluster(tools, request.cluster_id)
    now, locked = context.clock.now(), locked_by_others(context, request.cluster_id)
    if cluster is None:
        return Observed(now=now, locked=locked)
    backtracks = list_backtracks(tools, cluster)
    return Observed(
        now=now,
        cluster=cluster,
        instances={each.instance_id: each.status for each in tools.rds.list_instances(request.cluster_id)},
        binlog=binlog_format(tools, cluster.parameter_group),
        blue_green=list_blue_green(tools, cluster.arn),
        backtracks=backtracks,
        known=_known(request, backtracks, context),
        locked=locked,
    )


def _known(request: BacktrackRequest, backtracks: tuple[Backtrack, ...], context: Context[Tools]) -> tuple[str, ...]:
    """What the journal says that there was before the call; without one, what cannot be this run's."""
    intents = (event for event in context.journal.events if event["event"] == "step.intended")
    first = next(intents, None)
    return tuple(first["arguments"]["known"]) if first is not None else known_without_journal(backtracks, request)


def verify(request: BacktrackRequest, seen: Observed, _context: Context[Tools]) -> Verdict:
    """What AWS shows; the data is not looked at."""
    own = own_of(request, seen)
    where = f"{own.to:%Y-%m-%dT%H:%M:%SZ}, from {own.came_from:%Y-%m-%dT%H:%M:%SZ}" if own is not None else "nowhere"
    return Verdict(
        summary=f"{request.cluster_id} went back to {where}",
        checks=tuple(_checks(request, seen, own)),
        result=_result(request, own),
    )


def _result(request: BacktrackRequest, own: Backtrack | None) -> BacktrackResult:
    if own is None:
        return BacktrackResult(cluster_id=request.cluster_id, asked=request.to)
    return BacktrackResult(
        cluster_id=request.cluster_id,
        asked=request.to,
        backtrack_id=own.backtrack_id,
        backtracked_to=own.to,
        backtracked_from=own.came_from,
        requested_at=own.requested_at,
    )


def _checks(request: BacktrackRequest, seen: Observed, own: Backtrack | None) -> Iterable[Check]:
    status = own.status if own is not None else "none"
    yield Check(name="backtrack", passed=status == COMPLETED, detail=status)
    near = own is not None and (abs(own.to - request.moment) <= NEAR or (request.earliest and own.to >= request.moment))
    detail = f"{own.to:%Y-%m-%dT%H:%M:%SZ}, asked was {request.to}" if own is not None else "none"
    yield Check(name="moment", passed=near, detail=detail)
    states = {seen.cluster.status if seen.cluster is not None else "none", *seen.instances.values()}
    yield Check(name="cluster and instances", passed=seen.is_at_rest, detail=", ".join(sorted(states)))


def backtrack_runbook() -> Runbook[BacktrackRequest, Observed, Kind, Tools]:
    """The engine's description of the verb; the cluster's name is always typed."""
    return Runbook(
        verb=VERB,
        decode=BacktrackRequest.from_plain,
        encode=BacktrackRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=open_tools,
        observe=observe,
        plan=plan_backtrack,
        effects=EFFECTS,
        verify=verify,
        reads=(*READS, *guard.READ_ACTIONS),
        guard=locking(attrgetter("cluster_id")),
        guard_actions=guard.ACTIONS,
        confirms=why_confirm,
        scopes=SCOPES,
    )
