"""Stacks, resources, events and change sets as CloudFormation's API shows them."""

from __future__ import annotations

from typing import Any

from lab.cloud.cloudformation.stack import Change, ChangeSet, Desired, Resource, Stack, StackEvent
from lab.cloud.cloudformation.transforms import AUTO_EXPAND, declared

_NAMED_IAM = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::User": "UserName",
}
_IAM_POLICY = "AWS::IAM::Policy"


def _parameters(desired: Desired | None) -> list[dict[str, str]]:
    shown = []
    for name, parameter in (desired.parameters if desired else {}).items():
        item = {"ParameterKey": name, "ParameterValue": "****" if parameter.no_echo else parameter.given}
        if parameter.from_ssm:
            value = parameter.value
            item["ResolvedValue"] = ",".join(value) if isinstance(value, list) else value
        shown.append(item)
    return shown


def _tags(desired: Desired | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (desired.tags if desired else {}).items()]


def stack(item: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks shows it."""
    return {
        "StackId": item.stack_id,
        "StackName": item.name,
        "ChangeSetId": item.change_set_id,
        "Description": item.desired.template.get("Description") if item.desired else None,
        "Parameters": _parameters(item.desired) or None,
        "CreationTime": item.created_at,
        "LastUpdatedTime": item.updated_at,
        "DeletionTime": item.deleted_at,
        "StackStatus": item.status,
        "StackStatusReason": item.reason or None,
        "DisableRollback": False,
        "NotificationARNs": item.notification_arns,
        "Capabilities": item.capabilities,
        "Outputs": item.outputs or None,
        "RoleARN": item.role_arn,
        "Tags": _tags(item.desired),
        "EnableTerminationProtection": item.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def stack_summary(item: Stack) -> dict[str, Any]:
    keys = (
        "StackId",
        "StackName",
        "CreationTime",
        "LastUpdatedTime",
        "DeletionTime",
        "StackStatus",
        "DriftInformation",
    )
    shown = stack(item)
    return {**{key: shown[key] for key in keys}, "StackStatusReason": item.reason or None}


def event(item: Stack, line: StackEvent) -> dict[str, Any]:
    return {
        "StackId": item.stack_id,
        "EventId": line.event_id,
        "StackName": item.name,
        "OperationId": line.operation_id,
        "LogicalResourceId": line.logical_id,
        "PhysicalResourceId": line.physical_id,
        "ResourceType": line.type,
        "Timestamp": line.timestamp,
        "ResourceStatus": line.status,
        "ResourceStatusReason": line.reason or None,
        "ClientRequestToken": line.token or None,
    }


def operation_event(item: Stack, line: StackEvent) -> dict[str, Any]:
    return {**event(item, line), "EventType": "STACK_EVENT"}


def resource(item: Stack, held: Resource) -> dict[str, Any]:
    return {**resource_summary(held, "Timestamp"), "StackName": item.name, "StackId": item.stack_id}


def resource_detail(item: Stack, held: Resource) -> dict[str, Any]:
    return {**resource_summary(held), "StackName": item.name, "StackId": item.stack_id}


def resource_summary(held: Resource, time_key: str = "LastUpdatedTimestamp") -> dict[str, Any]:
    return {
        "LogicalResourceId": held.logical_id,
        "PhysicalResourceId": held.physical_id,
        "ResourceType": held.type,
        time_key: held.changed_at,
        "ResourceStatus": held.status,
        "ResourceStatusReason": held.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def change_set(item: ChangeSet) -> dict[str, Any]:
    return {
        **change_set_summary(item),
        "Parameters": _parameters(item.desired),
        "NotificationARNs": item.notification_arns,
        "Capabilities": item.capabilities,
        "Tags": _tags(item.desired),
        "Changes": [{"Type": "Resource", "ResourceChange": _change(change)} for change in item.changes],
        "OnStackFailure": item.on_stack_failure,
    }


def change_set_summary(item: ChangeSet) -> dict[str, Any]:
    return {
        "ChangeSetName": item.name,
        "ChangeSetId": item.change_set_id,
        "StackId": item.stack.stack_id,
        "StackName": item.stack.name,
        "Description": item.description or None,
        "CreationTime": item.created_at,
        "ExecutionStatus": item.execution_status,
        "Status": item.status,
        "StatusReason": item.reason or None,
        "IncludeNestedStacks": False,
    }


def _change(change: Change) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id or None,
        "ResourceType": change.type,
    }
    if change.action != "Modify":
        return shown
    recreation = "Always" if change.replacement == "True" else "Never"
    details = [_detail(name, recreation) for name in change.properties]
    scope = sorted({detail["Target"]["Attribute"] for detail in details})
    return {**shown, "Replacement": change.replacement, "Scope": scope, "Details": details}


def _detail(name: str, recreation: str) -> dict[str, Any]:
    if name == "Tags":
        target = {"Attribute": "Tags", "RequiresRecreation": "Never"}
    else:
        target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def template_summary(template: dict[str, Any]) -> dict[str, Any]:
    resources = template.get("Resources", {}).values()
    return {
        "Description": template.get("Description"),
        "Metadata": None,
        "Version": template.get("AWSTemplateFormatVersion"),
        "ResourceTypes": sorted({body["Type"] for body in resources}),
        "Capabilities": _capabilities(template),
        "DeclaredTransforms": declared(template),
        "Parameters": [
            {
                "ParameterKey": name,
                "DefaultValue": None if rule.get("Default") is None else str(rule["Default"]),
                "ParameterType": rule.get("Type", "String"),
                "NoEcho": bool(rule.get("NoEcho")),
                "Description": rule.get("Description"),
            }
            for name, rule in template.get("Parameters", {}).items()
        ],
    }


def _capabilities(template: dict[str, Any]) -> list[str]:
    bodies = template.get("Resources", {}).values()
    iam = [body for body in bodies if body["Type"] in _NAMED_IAM or body["Type"] == _IAM_POLICY]
    grows = [AUTO_EXPAND] if declared(template) else []
    if not iam:
        return grows
    named = any(_NAMED_IAM.get(body["Type"], "") in body.get("Properties", {}) for body in iam)
    return ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM", *grows]
