"""Transforms: the one that is taken, and what the embedded AWS leaves undone of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException

SECRETS = frozenset({"AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16"})
"""Make a function, in a nested stack, of each HostedRotationLambda. [CloudFormation, AWS::SecretsManager transform]"""
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
NOT_RUN = "The embedded AWS keeps the schedule and neither makes nor runs the hosted rotation function"
AUTO_EXPAND = "CAPABILITY_AUTO_EXPAND"


class InsufficientCapabilitiesError(ServiceException):  # type: ignore[misc]
    """A stack whose template has a transform is made only by who says that it may grow."""

    code = "InsufficientCapabilitiesException"


def declared(template: Mapping[str, Any]) -> list[str]:
    """Names under `Transform`, which holds one or a list."""
    given = template.get("Transform", [])
    return [str(name) for name in (given if isinstance(given, list) else [given])]


def refusals(template: Mapping[str, Any]) -> list[str]:
    """Transforms that are not modelled, and hosted functions without the transform that makes them."""
    names = declared(template)
    unknown = [f"No transform named {name} found: it is not modelled by the embedded AWS" for name in names]
    found = [text for name, text in zip(names, unknown, strict=True) if name not in SECRETS]
    for logical_id, resource in template["Resources"].items():
        if is_hosted(resource["Type"], resource.get("Properties", {})) and not SECRETS & set(names):
            found.append(f"{SCHEDULE} {logical_id}: HostedRotationLambda needs Transform: {max(SECRETS)}")
    return found


def is_hosted(resource_type: str, properties: Mapping[str, Any]) -> bool:
    return resource_type == SCHEDULE and "HostedRotationLambda" in properties


def remark(resource_type: str, properties: Mapping[str, Any]) -> str:
    """What a stack event says of a resource that is there only in name; empty for all others."""
    return NOT_RUN if is_hosted(resource_type, properties) else ""


def check_capabilities(template: Mapping[str, Any], given: list[str]) -> None:
    """Ask for `CAPABILITY_AUTO_EXPAND`; creating a change set needs none (API reference, CreateStack.Capabilities).

    Raises:
        InsufficientCapabilitiesError: it is not given.
    """
    if declared(template) and AUTO_EXPAND not in given:
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{AUTO_EXPAND}]")
