"""A restore's outcome for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from runbooks.engine.run import Outcome, State, summarize

if TYPE_CHECKING:
    from runbooks.restore.seen import Observed


def render(outcome: Outcome[Observed]) -> str:
    """The plan, when nothing was done; otherwise what is there now, and what was checked."""
    verdict = outcome.verdict
    if verdict is None or outcome.state is State.PLANNED:
        return summarize(outcome)
    checks = [f"  {'ok' if each.passed else 'NO':<3} {each.name}: {each.detail}" for each in verdict.checks]
    return "\n".join([f"{outcome.verb} {outcome.target}: {outcome.state}", *_lines(verdict.result), "", *checks])


def _lines(result: Any) -> Iterable[str]:
    rows = (
        ("from", result.source),
        ("as of", result.restored_to),
        ("endpoint", f"{result.endpoint}:{result.port}"),
        ("instances", ", ".join(result.instances)),
        ("closed", "nobody gets in" if result.is_closed else ""),
        ("password", result.secret or "the data's own"),
        ("expires", result.expires),
        ("took", f"{result.took_s} s"),
    )
    return (f"  {name:<10}{value}" for name, value in rows if value)
