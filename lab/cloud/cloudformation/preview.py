"""What a change set would do, worked out without doing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.cloud.cloudformation import provider
from lab.cloud.cloudformation.provider import Place, wanted_tags
from lab.cloud.cloudformation.row import Edit
from lab.cloud.cloudformation.rows import find_row
from lab.cloud.cloudformation.scope import UNKNOWN, scope_of
from lab.cloud.cloudformation.stack import Change, Desired, Resource, Stack
from lab.cloud.cloudformation.template import Scope, creation_order


def preview(stack: Stack, desired: Desired, imported: Callable[[str], Any]) -> list[Change]:
    """Changes in the order they would happen; removals last."""
    scope = scope_of(stack, desired, imported, preview=True)
    found: list[Change] = []
    wanted = _wanted(scope, desired)
    for logical_id in wanted:
        change = _change(stack, desired, scope, logical_id)
        found += [change] if change is not None else []
    gone = [resource for name, resource in stack.resources.items() if name not in wanted]
    return found + [
        Change(action="Remove", logical_id=item.logical_id, type=item.type, physical_id=item.physical_id)
        for item in gone
    ]


def _wanted(scope: Scope, desired: Desired) -> list[str]:
    bodies = desired.template["Resources"]
    return [
        logical_id
        for logical_id in creation_order(desired.template)
        if "Condition" not in bodies[logical_id] or scope.condition(bodies[logical_id]["Condition"])
    ]


def _change(stack: Stack, desired: Desired, scope: Scope, logical_id: str) -> Change | None:
    body = desired.template["Resources"][logical_id]
    present = stack.resources.get(logical_id)
    if present is None:
        return Change(action="Add", logical_id=logical_id, type=body["Type"])
    properties = scope.value(body.get("Properties", {}))
    changed = [
        name for name in provider.changed_names(present.properties, properties) if not _unknown(properties, name)
    ]
    row = find_row(body["Type"])
    if row is not None and row.tags is not None and _retagged(stack, desired, present, properties):
        changed = sorted({*changed, "Tags"})
    if row is None or not changed:
        return None
    edit = Edit(present.properties, properties, body.get("UpdatePolicy", {}))
    replaced = any(provider.replaces(row, name, edit) for name in changed) or present.type != body["Type"]
    return Change(
        action="Modify",
        logical_id=logical_id,
        type=body["Type"],
        physical_id=present.physical_id,
        replacement="True" if replaced else "False",
        properties=tuple(changed),
    )


def _unknown(properties: dict[str, Any], name: str) -> bool:
    return UNKNOWN in str(properties.get(name))


def _retagged(stack: Stack, desired: Desired, present: Resource, properties: dict[str, Any]) -> bool:
    place = Place(
        stack_name=stack.name,
        stack_id=stack.stack_id,
        logical_id=present.logical_id,
        region=stack.region,
        account=stack.account,
        stack_tags=desired.tags,
    )
    return wanted_tags(place, properties) != present.tags
