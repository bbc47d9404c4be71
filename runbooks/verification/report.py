"""What came of a verification, for a terminal. Pure; 80 columns."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from runbooks.engine.run import Outcome, summarize


def render(outcome: Outcome[Any]) -> str:
    """The plan of a dry run as ever; afterwards what was restored, what the checks found, how long it took."""
    verdict = outcome.verdict
    if verdict is None:
        return summarize(outcome)
    result = verdict.result
    took = ", ".join(f"{name} {seconds:g} s" for name, seconds in result.took_s.items())
    rows = (
        ("backup", result.backup or "none"),
        ("checks", result.queries or "none"),
        ("took", took or "not known: the journal was lost"),
        ("evidence", result.evidence),
    )
    lines = [f"{outcome.verb} {outcome.target}: {outcome.state}", ""]
    lines += [f"  {name:<9} {value}" for name, value in rows]
    lines.append("")
    for check in verdict.checks:
        text = f"{'ok' if check.passed else 'NO':<3} {check.name}: {check.detail}"
        lines.append(fill(text, 80, initial_indent="  ", subsequent_indent="      ", break_long_words=False))
    return "\n".join(lines)
