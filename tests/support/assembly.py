"""A cloud assembly as the CDK CLI reads it: its stacks in the order in which they deploy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from lab.cloud.client import client
from tests.support.synthesis import Template

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass(frozen=True)
class AssembledStack:
    name: str
    region: str
    template: Template
    tags: Mapping[str, str]

    @property
    def cloudformation(self) -> Any:
        return client("cloudformation", self.region)


def read_assembly(out: Path) -> list[AssembledStack]:
    """Every stack, after those it depends on."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    stacks = {name: each for name, each in manifest.items() if each["type"] == "aws:cloudformation:stack"}
    wants = {name: {d for d in each.get("dependencies", []) if d in stacks} for name, each in stacks.items()}
    return [_stack(out, name, stacks[name]) for name in TopologicalSorter(wants).static_order()]


def _stack(out: Path, artifact_id: str, artifact: dict[str, Any]) -> AssembledStack:
    properties = artifact["properties"]
    return AssembledStack(
        name=properties.get("stackName", artifact_id),
        region=artifact["environment"].rpartition("/")[2],
        template=json.loads((out / properties["templateFile"]).read_text(encoding="utf-8")),
        tags=properties.get("tags", {}),
    )


def deploy(stack: AssembledStack) -> str:
    """Create or update a stack in the embedded AWS; its status afterwards, with every reason when it is no success."""
    cloudformation = stack.cloudformation
    known = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    act = cloudformation.update_stack if stack.name in known else cloudformation.create_stack
    tags = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
    body = json.dumps(stack.template)
    act(StackName=stack.name, TemplateBody=body, Capabilities=CAPABILITIES, Tags=tags)
    status: str = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
    good = status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    return status if good else "\n".join([f"{stack.name} {status}", *reasons(stack)])


def delete(stack: AssembledStack) -> str:
    """Delete a stack; DELETE_COMPLETE, or what stood in the way."""
    cloudformation = stack.cloudformation
    stack_id = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack.name)
    status: str = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
    return status if status == "DELETE_COMPLETE" else "\n".join([f"{stack.name} {status}", *reasons(stack)])


def reasons(stack: AssembledStack) -> Iterator[str]:
    """What a stack's events say went wrong, oldest first."""
    events = stack.cloudformation.describe_stack_events(StackName=stack.name)["StackEvents"]
    for event in reversed(events):
        if "FAILED" in event["ResourceStatus"] or "ROLLBACK" in event["ResourceStatus"]:
            yield f"{event['LogicalResourceId']} {event['ResourceStatus']} {event.get('ResourceStatusReason', '')}"
