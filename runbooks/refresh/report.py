"""What came of a refresh: the result, and its words in 80 columns. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Any

from runbooks.engine.run import Check, Outcome, State, summarize


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshResult:
    """What took the place. `secret` has its master user's password.

    `previous` is what each record led to, to undo it; `old` what is replaced, and `old_expires` when `runbook reap` may
    delete it: empty for an old one that stays, since no runbook made it. `took_s` is from the request to the end.
    """

    cluster_id: str
    arn: str
    source: str
    endpoint: str
    reader_endpoint: str
    secret: str
    is_masked: bool
    records: dict[str, str]
    previous: dict[str, str]
    old: str
    old_expires: str
    took_s: float


def render(outcome: Outcome[Any]) -> str:
    """A plan as it is; a run that ended by what came of it."""
    verdict = outcome.verdict
    if outcome.state is State.PLANNED or verdict is None:
        return summarize(outcome)
    result: RefreshResult = verdict.result
    before = {f"{name} was": value or "not there" for name, value in result.previous.items()}
    rows = {
        "endpoint": result.endpoint,
        "reader": result.reader_endpoint,
        "password": result.secret or "none: the master user logs in with IAM",
        **result.records,
        **before,
        "took": f"{result.took_s:.0f} s",
    }
    lines = [_wrapped(f"refresh {outcome.target}: {outcome.state.value}: {verdict.summary}"), ""]
    lines += [_wrapped(f"{name:<10} {value}", first="  ") for name, value in rows.items()]
    lines += ["", *(_check(each) for each in verdict.checks)]
    if outcome.folder is not None:
        lines += ["", f"{outcome.folder}"]
    return "\n".join(lines)


def _check(check: Check) -> str:
    return _wrapped(f"{'ok' if check.passed else 'NO':<3}{check.name}: {check.detail}", first="  ")


def _wrapped(text: str, first: str = "") -> str:
    return fill(
        text,
        width=80,
        initial_indent=first,
        subsequent_indent=f"{first}   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
