"""Stacks and their policies, as far as a runbook asks. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_stack": ("cloudformation:DescribeStacks",),
    "find_policy": ("cloudformation:GetStackPolicy",),
    "set_policy": ("cloudformation:SetStackPolicy",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A stack that exists, and its status in CloudFormation's words (`UPDATE_COMPLETE`)."""

    name: str
    status: str


class CloudFormation:
    """CloudFormation of one Region."""

    def __init__(self, client: CloudFormationClient) -> None:
        self._client = client

    def find_stack(self, name: str) -> Stack | None:
        """A living stack by its name; None when there is none."""
        try:
            found = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return Stack(name=found[0]["StackName"], status=found[0]["StackStatus"]) if found else None

    def find_policy(self, name: str) -> dict[str, Any] | None:
        """The stack policy of a stack that exists; None when none was ever set."""
        body = self._client.get_stack_policy(StackName=name).get("StackPolicyBody")
        policy: dict[str, Any] | None = json.loads(body) if body else None
        return policy

    def set_policy(self, name: str, policy: Mapping[str, Any]) -> None:
        """Give a stack this policy in place of any other; it can be changed later, and never removed."""
        self._client.set_stack_policy(StackName=name, StackPolicyBody=json.dumps(policy))
