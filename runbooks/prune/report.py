"""The table of what is kept and why, and the room that is left. Pure; 80 columns."""

from __future__ import annotations

from textwrap import fill

from runbooks.engine.plan import render_plan
from runbooks.engine.run import Outcome, State
from runbooks.prune.headroom import Headroom
from runbooks.prune.plan import Observed
from runbooks.prune.retention import Fate, Policy, Ruling
from runbooks.prune.runbook import PruneResult, room_of


def render_table(rulings: tuple[Ruling, ...]) -> str:
    """Two lines per snapshot: what becomes of it, when it was taken, its name; then why."""
    lines: list[str] = []
    for each in rulings:
        taken = each.snapshot.created_at
        when = f"{taken:%Y-%m-%d %H:%M}" if taken is not None else "not yet"
        lines.append(f"  {each.fate.value:<8}  {when:<16}  {each.snapshot.snapshot_id}")
        if each.fate is not Fate.GOES:
            lines.append(fill("; ".join(each.reasons), width=80, initial_indent=" " * 12, subsequent_indent=" " * 12))
    return "\n".join(lines)


def render_policy(policy: Policy) -> str:
    """The policy in one line."""
    return (
        f"{policy.daily} daily, {policy.weekly} weekly, {policy.monthly} monthly, {policy.yearly} yearly, at least "
        f"{policy.keep_at_least}"
    )


def render_headroom(room: Headroom, what: str) -> str:
    """The quota in one line."""
    lines = f"{what}: {room.used} of {room.quota}"
    if not room.per_day:
        return f"{lines}; none taken lately"
    full = f"full on {room.full_at:%Y-%m-%d}" if room.full_at is not None else "not full for years"
    return f"{lines}; {room.per_day:.1f} a day, {full}"


def render(outcome: Outcome[Observed]) -> str:
    """The whole result for a terminal."""
    seen, verdict = outcome.seen, outcome.verdict
    lines = [f"{outcome.verb} {outcome.target}: {outcome.state}", ""]
    lines += [
        f"kept: {render_policy(seen.policy)}; times are UTC",
        "",
        render_table(seen.rulings),
        "",
        render_headroom(*room_of(seen)),
    ]
    if verdict is None:
        lines += ["", render_plan(outcome.steps)]
    else:
        lines += ["", verdict.summary, *_spared(verdict.result)]
        lines += [f"  {'ok' if check.passed else 'NO':<3} {check.name}: {check.detail}" for check in verdict.checks]
    if outcome.state is State.PLANNED and outcome.steps:
        lines += ["", "Nothing was changed. Add --execute to do it."]
    return "\n".join(lines)


def _spared(result: PruneResult) -> list[str]:
    return [f"  kept after all: {each}" for each in result.spared]
