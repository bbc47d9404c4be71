"""What goes, what stays and why, for people and as plain values. Pure; 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill
from typing import Any

from runbooks.engine.plan import render_plan
from runbooks.engine.run import Outcome, State
from runbooks.reap.plan import rulings
from runbooks.reap.proof import Ruling
from runbooks.reap.seen import Observed

INDENT = " " * 6


def kept(seen: Observed) -> tuple[Ruling, ...]:
    """The clusters that stay."""
    return tuple(each for each in rulings(seen.request, seen) if not each.goes)


def unknown(seen: Observed) -> tuple[str, ...]:
    """Names that no cluster of the Region has: deleted already, or mistyped."""
    return tuple(name for name in seen.request.ids if seen.find(name) is None)


def details(seen: Observed) -> dict[str, Any]:
    """What stays, as plain values."""
    return {
        "kept": [
            {"cluster": each.cluster_id, "reasons": [reason.whole for reason in each.reasons]} for each in kept(seen)
        ],
        "unknown": list(unknown(seen)),
    }


def render(outcome: Outcome[Observed]) -> str:
    """The whole result for a terminal."""
    seen, verdict = outcome.seen, outcome.verdict
    lines = [f"{outcome.verb} {outcome.target}: {outcome.state}"]
    stays = kept(seen)
    if stays:
        lines += ["", "stays:", *(line for each in stays for line in _ruling(each))]
    lines += [line for name in unknown(seen) for line in ("", f"no cluster has the name {name}: gone already?")]
    if verdict is None:
        lines += [
            "",
            "goes:" if outcome.steps else "goes: nothing",
            *([render_plan(outcome.steps)] * bool(outcome.steps)),
        ]
    else:
        lines += ["", verdict.summary]
        lines += [f"  {'ok' if check.passed else 'NO':<3} {check.name}: {check.detail}" for check in verdict.checks]
    if outcome.state is State.PLANNED and outcome.steps:
        lines += ["", "Nothing was changed. Add --execute to do it."]
    return "\n".join(lines)


def _ruling(each: Ruling) -> Iterable[str]:
    """One line where it fits."""
    line = f"  {each.cluster_id}  {each.short}"
    if len(line) <= 80:  # noqa: PLR2004 - columns
        yield line
        return
    yield f"  {each.cluster_id}"
    yield fill(each.short, width=80, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
