"""A plan: steps with a reason each, or every reason why there is none. Pure: no clock, file, log or AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from runbooks.engine.plain import is_mapping

K = TypeVar("K", bound=StrEnum)


MADE_LATER: Final = "(made when it is called, shown nowhere)"
"""Stands in a call's parameters for a secret, which exists only while the call is made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One API call, shown in the plan as it is made: boto3's name of the service, the operation, its parameters.

    `region` is empty for the run's own. `account` names another account whose credentials make it. A parameter that is
    a secret stands as `MADE_LATER`.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    region: str = ""
    account: str = ""

    @property
    def action(self) -> str:
        """What the call is called in logs and, mostly, in IAM policies."""
        return f"{self.service}:{self.operation}"

    def to_plain(self) -> dict[str, Any]:
        """The JSON form, in plans and journals."""
        place = {name: value for name, value in (("region", self.region), ("account", self.account)) if value}
        return {"service": self.service, "operation": self.operation, **place, "parameters": dict(self.parameters)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step(Generic[K]):
    """One thing to do.

    `why` is a sentence, printed in the plan and kept in the journal. `subject` names what it acts on (an identifier).
    `calls` are the API calls that change something, in order, as they will be made; waiting and looking are not among
    them. `arguments` are plain JSON values the effect needs besides, never secrets.
    """

    kind: K
    why: str
    subject: str = ""
    calls: tuple[Call, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> str:
        """What the step is called in the plan and the journal."""
        return f"{self.kind.value} {self.subject}" if self.subject else self.kind.value


class PlanRefusedError(Exception):
    """A precondition does not hold: `reasons` has all of them. Nothing was changed. Exit code 3."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__("\n".join(reasons))


def render_plan(steps: tuple[Step[Any], ...]) -> str:
    """One numbered line per step, its reason under it, then its API calls; in 80 columns where words allow."""
    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        lines.append(f"{number:>3}. {step.key}")
        lines.append(_wrapped(step.why, "     ", "     "))
        lines += [render_call(call) for call in step.calls]
    return "\n".join(lines) if lines else "  nothing is left to do"


def render_call(call: Call) -> str:
    """An API call with its parameters, as `aws` prints names: a list or a structure as JSON."""
    place = ", ".join(part for part in (call.region, call.account and f"as {call.account}") if part)
    head = f"     > {call.service} {call.operation}{f' ({place})' if place else ''}"
    return "\n".join([head, *(_parameter(name, value) for name, value in call.parameters.items())])


def _parameter(name: str, value: Any) -> str:
    """Tags, a list or by key as the service has them, have a line each; anything else is one paragraph."""
    if name == "Tags":
        pairs = value.items() if is_mapping(value) else ((tag["Key"], tag["Value"]) for tag in value)
        lines = [_wrapped(f"{key}={text}", "           ", "             ") for key, text in pairs]
        return "\n".join([f"         {name}=", *lines])
    return _wrapped(f"{name}={_shown(value)}", "         ", "           ")


def _wrapped(text: str, first: str, rest: str) -> str:
    """Lines of 80 columns; an identifier or an ARN is never broken, so that it can be copied."""
    from textwrap import fill

    return fill(
        text, width=80, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
