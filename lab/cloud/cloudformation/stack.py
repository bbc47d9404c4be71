"""What CloudFormation remembers: stacks, their resources, their events and their change sets."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.cloud.cloudformation.parameters import Parameter


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(slots=True, kw_only=True)
class Resource:
    """One resource of a stack, with what is needed to change or delete it later."""

    logical_id: str
    type: str
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)  # as wanted, CloudFormation's own included
    needs: frozenset[str] = frozenset()
    deletion_policy: str = ""
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    changed_at: dt.datetime = field(default_factory=now)

    def known_as(self, physical_id: str) -> None:
        self.physical_id = physical_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """One line of a stack's history."""

    event_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    timestamp: dt.datetime
    token: str
    operation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What a stack is asked to become."""

    body: str
    template: dict[str, Any]
    parameters: Mapping[str, Parameter]
    tags: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Stack:
    """A stack, from its first change set to its deletion."""

    name: str
    stack_id: str
    region: str
    account: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    desired: Desired | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    events: list[StackEvent] = field(default_factory=list)
    created_at: dt.datetime = field(default_factory=now)
    updated_at: dt.datetime | None = None
    deleted_at: dt.datetime | None = None
    termination_protection: bool = False
    policy: str | None = None  # the stack policy, as it was given
    capabilities: list[str] = field(default_factory=list)
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)
    change_set_id: str | None = None
    operation_id: str = ""
    token: str = ""

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def deleted(self) -> bool:
        return self.status == "DELETE_COMPLETE"

    def begin(self, token: str) -> None:
        self.operation_id = str(uuid.uuid4())
        self.token = token

    def set_status(self, status: str, reason: str = "") -> None:
        """Change the stack's own status, with its event."""
        self.status, self.reason = status, reason
        self._record(self.name, self.stack_id, "AWS::CloudFormation::Stack", status, reason)

    def set_resource(self, resource: Resource, status: str, reason: str = "") -> None:
        """Change a resource's status, with its event."""
        resource.status, resource.reason, resource.changed_at = status, reason, now()
        self._record(resource.logical_id, resource.physical_id, resource.type, status, reason)

    def _record(self, logical_id: str, physical_id: str, resource_type: str, status: str, reason: str) -> None:
        self.events.append(
            StackEvent(
                event_id=f"{logical_id}-{status}-{uuid.uuid4().hex[:12]}",
                logical_id=logical_id,
                physical_id=physical_id,
                type=resource_type,
                status=status,
                reason=reason,
                timestamp=now(),
                token=self.token,
                operation_id=self.operation_id,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change set would do to one resource; `Replacement` as the API spells it."""

    action: str  # Add, Modify, Remove
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = ""
    properties: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class ChangeSet:
    """A reviewed change, waiting to be executed."""

    name: str
    change_set_id: str
    kind: str  # CREATE, UPDATE
    stack: Stack
    desired: Desired
    changes: list[Change]
    description: str = ""
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution_status: str = "AVAILABLE"
    capabilities: list[str] = field(default_factory=list)
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)
    on_stack_failure: str = "ROLLBACK"
    created_at: dt.datetime = field(default_factory=now)
