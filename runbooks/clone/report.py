"""What came of a clone: the result, and its words in 80 columns. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Any

from runbooks.engine.run import Check, Outcome, State, summarize


@dataclass(frozen=True, kw_only=True, slots=True)
class CloneResult:
    """The clone. `secret` has its master user's password; `expires` is when `runbook reap` may delete it.

    `taken_slots` counts the other clusters of the clone group; `took_s` is from the request to the end.
    """

    cluster_id: str
    arn: str
    source: str
    restore_type: str
    clone_group: str
    taken_slots: int
    endpoint: str
    reader_endpoint: str
    port: int
    instances: tuple[str, ...]
    security_groups: tuple[str, ...]
    is_open: bool
    is_masked: bool
    user_passwords: str
    secret: str
    owner: str
    expires: str
    took_s: float


def render(outcome: Outcome[Any]) -> str:
    """A plan as it is; a run that ended by what came of it."""
    verdict = outcome.verdict
    if outcome.state is State.PLANNED or verdict is None:
        return summarize(outcome)
    result: CloneResult = verdict.result
    rows = (
        ("endpoint", f"{result.endpoint}:{result.port}"),
        ("reader", result.reader_endpoint),
        ("instances", ", ".join(result.instances)),
        ("groups", ", ".join(result.security_groups)),
        ("password", result.secret or "none: the master user logs in with IAM"),
        ("owner", result.owner),
        ("expires", result.expires),
        ("took", f"{result.took_s:.0f} s"),
    )
    lines = [_wrapped(f"clone {outcome.target}: {outcome.state.value}: {verdict.summary}", ""), ""]
    lines += [_wrapped(f"{name:<10} {value}", " " * 13, "  ") for name, value in rows]
    lines += ["", *(_check(each) for each in verdict.checks)]
    if outcome.folder is not None:
        lines += ["", f"{outcome.folder}"]
    return "\n".join(lines)


def _check(check: Check) -> str:
    return _wrapped(f"{'ok' if check.passed else 'NO':<3}{check.name}: {check.detail}", " " * 5, "  ")


def _wrapped(text: str, rest: str, first: str = "") -> str:
    return fill(
        text,
        width=80,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
