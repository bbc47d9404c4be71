"""What a stack's template functions see: parameters, the other resources as they are, exports, SSM and secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jmespath

from lab.cloud.client import client
from lab.cloud.cloudformation.errors import ValidationError
from lab.cloud.cloudformation.provider import NULL_TYPES
from lab.cloud.cloudformation.readback import find
from lab.cloud.cloudformation.row import Handle, Row
from lab.cloud.cloudformation.rows import find_row
from lab.cloud.cloudformation.stack import Desired, Resource, Stack
from lab.cloud.cloudformation.template import Scope

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"  # what AWS's own change sets show for it


def handle_of(stack: Stack, row: Row, resource: Resource) -> Handle:
    return Handle(row.service, stack.region, stack.account, resource.physical_id, dict(resource.properties))


def reference(stack: Stack, logical_id: str, attribute: str | None, *, preview: bool = False) -> Any:
    """Value of Ref (`attribute` None) or GetAtt of a resource that exists.

    Raises:
        ValidationError: there is no such resource or attribute.
    """
    resource = stack.resources.get(logical_id)
    if resource is None or not resource.physical_id:
        if preview:
            return UNKNOWN
        raise ValidationError(f"Template format error: Unresolved resource dependencies [{logical_id}]")
    row = find_row(resource.type)
    if row is None or attribute is None:
        return resource.physical_id
    return _attribute(row, handle_of(stack, row, resource), logical_id, attribute)


def _attribute(row: Row, handle: Handle, logical_id: str, attribute: str) -> Any:
    if attribute not in row.attrs:
        raise ValidationError(
            f"Template error: resource {logical_id} ({row.type}) does not support attribute type {attribute} "
            "in Fn::GetAtt in the embedded AWS"
        )
    find(row, handle)
    where = row.attrs[attribute]
    value = jmespath.search(where, handle.found) if isinstance(where, str) else where(handle)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def scope_of(stack: Stack, desired: Desired, imported: Callable[[str], Any], *, preview: bool = False) -> Scope:
    """Everything that `desired`'s functions may ask for."""

    def zones(region: str) -> list[str]:
        found = client("ec2", region or stack.region, stack.account).describe_availability_zones()
        return [zone["ZoneName"] for zone in found["AvailabilityZones"]]

    return Scope(
        template=desired.template,
        parameters={name: parameter.value for name, parameter in desired.parameters.items()},
        pseudo={
            "AWS::Region": stack.region,
            "AWS::AccountId": stack.account,
            "AWS::StackName": stack.name,
            "AWS::StackId": stack.stack_id,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": stack.notification_arns,
        },
        reference=lambda logical_id, attribute: reference(stack, logical_id, attribute, preview=preview),
        imported=imported,
        dynamic=lambda text: dynamic_reference(stack, text),
        zones=zones,
    )


def dynamic_reference(stack: Stack, text: str) -> str:
    """`ssm:name[:version]` or `secretsmanager:id:SecretString[:key]`, looked up as CloudFormation does."""
    service, _, rest = text.partition(":")
    if service in {"ssm", "ssm-secure"}:
        return ssm_value(stack.region, stack.account, rest)
    if service != "secretsmanager":
        raise ValidationError(f"the embedded AWS does not model the dynamic reference {{{{resolve:{service}:...}}}}")
    secret_id, _, path = rest.partition(":SecretString")
    answer = client("secretsmanager", stack.region, stack.account).get_secret_value(SecretId=secret_id)
    key = path.strip(":").split(":")[0]
    return str(json.loads(answer["SecretString"])[key] if key else answer["SecretString"])


def ssm_value(region: str, account: str, name: str) -> str:
    """Value of an SSM parameter.

    Raises:
        ValidationError: there is none of that name.
    """
    ssm = client("ssm", region, account)
    try:
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound as error:
        raise ValidationError(f"Unable to fetch parameters [{name}] from parameter store for this account.") from error


def is_null(resource_type: str) -> bool:
    return resource_type in NULL_TYPES
