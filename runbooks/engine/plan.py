"""A plan: steps with a reason each, or every reason why there is none. Pure: no clock, file, log or AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=StrEnum)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step(Generic[K]):
    """One thing to do.

    `why` is a sentence, printed in the plan and kept in the journal. `subject` names what it acts on (an identifier).
    `arguments` are plain JSON values the effect needs, never secrets.
    """

    kind: K
    why: str
    subject: str = ""
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
    """One numbered line per step with its reason under it, in 80 columns where words allow."""
    from textwrap import fill

    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        lines.append(f"{number:>3}. {step.key}")
        lines.append(fill(step.why, width=80, initial_indent="     ", subsequent_indent="     "))
    return "\n".join(lines) if lines else "  nothing is left to do"
