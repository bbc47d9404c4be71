"""`drill failover` as the engine runs it: how it is observed, planned, done, verified and reported."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from operator import attrgetter
from typing import Final

from runbooks import guard
from runbooks.aws import rds as rds_adapter
from runbooks.aws import secrets as secrets_adapter
from runbooks.drill import gather
from runbooks.drill.evidence import Evidence
from runbooks.drill.observe import observe
from runbooks.drill.plan import Kind, Observed, plan_failover
from runbooks.drill.report import write_reports
from runbooks.drill.report_text import render_outcome, render_summary
from runbooks.drill.request import DrillRequest
from runbooks.drill.steps import EFFECTS, await_roles, lock_cluster, probe_files
from runbooks.drill.tools import DrillTools, open_tools
from runbooks.drill.verdict import summarize
from runbooks.engine.run import Context, Outcome, Runbook, Verdict

_CALLS: Final = ("find_cluster", "list_instances", "list_endpoints", "list_events", "find_global_cluster")
READS: Final = (
    *(action for name in _CALLS for action in rds_adapter.ACTIONS[name]),
    *secrets_adapter.ACTIONS["find_own_secret"],
    *guard.READ_ACTIONS,
)


def verify(request: DrillRequest, seen: Observed, context: Context[DrillTools]) -> Verdict:
    """Ask the servers, put the evidence together, judge it, write the reports."""
    tools = context.tools
    after = seen.topology if seen.topology is not None else tools.topology()
    evidence = gather.gather(
        request,
        run_id=context.run_id,
        region=tools.session.region,
        events=context.journal.events,
        traces=gather.last_traces(probe_files(context.folder)),
        after=after,
        servers=await_roles(context, after),
        rds_events=_rds_events(context),
        ended_at=context.clock.now(),
    )
    report = write_reports(evidence, context.folder)
    context.journal.record("drill.reported", files=[path.name for path in report])
    return Verdict(summary=summarize(evidence), checks=evidence.checks, result=evidence)


def _rds_events(context: Context[DrillTools]) -> tuple[str, ...]:
    """RDS's own account of the drill: its clock, its words."""
    since = datetime.fromisoformat(context.journal.events[0]["at"])
    events = context.tools.rds.list_events(context.tools.request.cluster_id, since)
    return tuple(f"{event.at:%H:%M:%S} {event.message}" for event in sorted(events, key=lambda event: event.at))


def render(outcome: Outcome[Observed]) -> str:
    """The summary of a drill that ran, the plan of one that did not."""
    result = outcome.verdict.result if outcome.verdict else None
    if isinstance(result, Evidence) and outcome.folder is not None:
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        return render_summary(result, str(outcome.folder), color=color)
    topology = outcome.seen.topology
    assert topology is not None  # noqa: S101 - the plan would have been refused
    return render_outcome(outcome.steps, topology)


def failover_runbook() -> Runbook[DrillRequest, Observed, Kind, DrillTools]:
    """The engine's description of the verb."""
    return Runbook(
        verb="drill failover",
        decode=DrillRequest.from_plain,
        encode=DrillRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=open_tools,
        observe=observe,
        plan=plan_failover,
        effects=EFFECTS,
        verify=verify,
        measures=True,
        reads=READS,
        guard=lock_cluster,
        guard_actions=guard.ACTIONS,
        render=render,
    )
