"""Which stacks of an estate lack the policy that keeps what stores data, or every reason not to set it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from estate.protection import stack_policy
from runbooks.engine.plan import PlanRefusedError, Step

AT_REST: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)
"""Statuses of a stack that is deployed and that nothing is done to."""


class Kind(StrEnum):
    """The steps."""

    SET_POLICY = "set-policy"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProtectRequest:
    """The stacks of one estate, by name and Region. `replace` allows a policy that somebody else set to be replaced."""

    estate: str
    stacks: tuple[tuple[str, str], ...]
    replace: bool = False

    def to_plain(self) -> dict[str, Any]:
        return {"estate": self.estate, "stacks": [list(each) for each in self.stacks], "replace": self.replace}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> ProtectRequest:
        stacks = tuple((str(name), str(region)) for name, region in values["stacks"])
        return cls(estate=values["estate"], stacks=stacks, replace=values["replace"])


@dataclass(frozen=True, kw_only=True, slots=True)
class StackSeen:
    """One stack as it was found; `status` is empty when there is none, `policy` None when none was ever set."""

    name: str
    region: str
    status: str = ""
    policy: Mapping[str, Any] | None = None

    @property
    def is_protected(self) -> bool:
        return self.policy == stack_policy()

    @property
    def subject(self) -> str:
        """What a step calls it: stacks of two Regions may have one name."""
        return f"{self.name} in {self.region}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Every stack of the request, in its order."""

    stacks: tuple[StackSeen, ...]


def blockers(request: ProtectRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    return tuple(reason for stack in seen.stacks for reason in _reasons(request, stack))


def _reasons(request: ProtectRequest, stack: StackSeen) -> Iterable[str]:
    if not stack.status:
        yield f"stack {stack.subject} must exist, got none; deploy it first, `cdk deploy {stack.name}`"
    elif stack.status.endswith("_IN_PROGRESS"):
        yield f"stack {stack.subject} must be at rest, got {stack.status}; wait until it is, then run again"
    elif stack.status not in AT_REST:
        yield f"stack {stack.subject} must be deployed, got {stack.status}; mend it with a deployment first"
    if stack.policy is not None and not stack.is_protected and not request.replace:
        yield (
            f"stack {stack.subject} must have no stack policy or this one, got another; compare them "
            f"(`aws cloudformation get-stack-policy --stack-name {stack.name} --region {stack.region}`), "
            "then add --replace, which keeps the old one in the journal"
        )


def plan_protect(request: ProtectRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """One step for each stack that lacks the policy.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    return tuple(_step(stack) for stack in seen.stacks if not stack.is_protected)


def _step(stack: StackSeen) -> Step[Kind]:
    why = "no update may replace or delete what stores data; everything else stays allowed"
    if stack.policy is not None:
        why += "; the policy that it has is replaced"
    arguments = {"stack": stack.name, "region": stack.region, "before": stack.policy}
    return Step(kind=Kind.SET_POLICY, subject=stack.subject, arguments=arguments, why=why)
