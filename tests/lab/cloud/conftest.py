from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.client import client
from lab.cloud.delays import NONE, Delays
from lab.cloud.install import install, reset_backends
from lab.plane import DataPlane

REGION = "eu-west-1"
GOLDEN = Path(__file__).parents[2] / "stacks" / "golden"
# The order in which `stacks.compose` makes the shop's stacks depend on one another.
SHOP = ("shop-network", "shop-aurora-orders", "shop-aurora-catalog", "shop-cache-sessions")


class Aws:
    """The embedded AWS in-process and empty; clients are kept from test to test, since making one is slow."""

    def __init__(self, plane: DataPlane | None = None, delays: Delays = NONE) -> None:
        install(plane, delays=delays)
        reset_backends()

    def __call__(self, service: str) -> Any:
        return client(service, REGION)

    def deploy(self, name: str, template: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Create a stack, or update it, and give it as DescribeStacks shows it."""
        cloudformation = self("cloudformation")
        known = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
        act = cloudformation.update_stack if name in known else cloudformation.create_stack
        taken = ["CAPABILITY_NAMED_IAM", *(["CAPABILITY_AUTO_EXPAND"] if "Transform" in template else [])]
        act(StackName=name, TemplateBody=json.dumps(template), Capabilities=taken, **more)
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return stack

    def reasons(self, name: str) -> str:
        """Every reason that a stack's events give, oldest first."""
        events = self("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(
            f"{e['LogicalResourceId']} {e['ResourceStatus']} {e.get('ResourceStatusReason', '')}" for e in events[::-1]
        )


@pytest.fixture
def aws() -> Aws:
    return Aws()


def shop_template(name: str) -> dict[str, Any]:
    """A synthesized stack of the shop; `tests/stacks/test_golden.py` holds it to what synthesis gives."""
    template: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return template


def deploy_shop(aws: Aws) -> None:
    for name in SHOP:
        stack = aws.deploy(name, shop_template(name), Tags=[{"Key": "from", "Value": "the stack"}])
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons(name)
