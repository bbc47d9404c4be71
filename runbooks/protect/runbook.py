"""`estate protect` as the engine runs it: what it looks at, its one effect, how it verifies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

from estate.protection import stack_policy
from runbooks.aws import cloudformation as adapter
from runbooks.aws.cloudformation import CloudFormation
from runbooks.aws.session import AwsSession
from runbooks.engine.plan import Step
from runbooks.engine.run import Check, Context, Effect, Runbook, Verdict
from runbooks.protect.plan import Kind, Observed, ProtectRequest, StackSeen, plan_protect

READS: Final = (*adapter.ACTIONS["find_stack"], *adapter.ACTIONS["find_policy"])


@dataclass(slots=True)
class ProtectTools:
    """CloudFormation of every Region that is asked for, made once each."""

    regions: dict[str, CloudFormation] = field(default_factory=dict[str, CloudFormation])

    def of(self, region: str) -> CloudFormation:
        """The adapter of a Region."""
        if region not in self.regions:
            self.regions[region] = CloudFormation(AwsSession(region).cloudformation)
        return self.regions[region]


def observe(request: ProtectRequest, context: Context[ProtectTools]) -> Observed:
    """Look at each stack and its policy. Changes nothing."""
    return Observed(stacks=tuple(_look(context.tools.of(region), name, region) for name, region in request.stacks))


def _look(cloudformation: CloudFormation, name: str, region: str) -> StackSeen:
    found = cloudformation.find_stack(name)
    if found is None:
        return StackSeen(name=name, region=region)
    return StackSeen(name=name, region=region, status=found.status, policy=cloudformation.find_policy(name))


def set_policy(step: Step[Kind], context: Context[ProtectTools]) -> Mapping[str, Any]:
    """Give one stack the policy; the journal has the one that it had."""
    name, region = str(step.arguments["stack"]), str(step.arguments["region"])
    context.tools.of(region).set_policy(name, stack_policy())
    return {"statements": len(stack_policy()["Statement"])}


def verify(request: ProtectRequest, seen: Observed, _context: Context[ProtectTools]) -> Verdict:
    """Every stack shows exactly this policy."""
    checks = tuple(
        Check(
            name=stack.subject,
            passed=stack.is_protected,
            detail="no update replaces or deletes what stores data"
            if stack.is_protected
            else f"CloudFormation shows another policy: {stack.policy}",
        )
        for stack in seen.stacks
    )
    kept = sum(check.passed for check in checks)
    return Verdict(summary=f"{kept} of {len(checks)} stacks of {request.estate} are protected", checks=checks)


def protect_runbook() -> Runbook[ProtectRequest, Observed, Kind, ProtectTools]:
    """The engine's description of the verb."""
    return Runbook(
        verb="estate protect",
        decode=ProtectRequest.from_plain,
        encode=ProtectRequest.to_plain,
        target=attrgetter("estate"),
        tools=lambda _request: ProtectTools(),
        observe=observe,
        plan=plan_protect,
        effects={Kind.SET_POLICY: Effect(set_policy, actions=adapter.ACTIONS["set_policy"])},
        verify=verify,
        reads=READS,
    )
