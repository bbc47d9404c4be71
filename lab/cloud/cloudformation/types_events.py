"""Rules of EventBridge on events of this account; schedules have a type of their own."""

from __future__ import annotations

import json
from typing import Any

from lab.cloud.cloudformation.row import Handle, Row, Step, Tags, by_name
from lab.cloud.cloudformation.tagging import pairs, unpaired

RULE_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", ResourceARN=h.look("Arn"), Tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_resource", ResourceARN=h.look("Arn"), TagKeys=keys),
    read=lambda h: unpaired(h.call("list_tags_for_resource", ResourceARN=h.look("Arn"))["Tags"]),
)


def _put_targets(handle: Handle, old: Any, new: Any) -> None:
    kept = {each["Id"] for each in new or []}
    if gone := [each["Id"] for each in old or [] if each["Id"] not in kept]:
        handle.call("remove_targets", Rule=handle.physical_id, Ids=gone)
    if new:
        handle.call("put_targets", Rule=handle.physical_id, Targets=new)


def _targets(handle: Handle) -> Any:
    return handle.call("list_targets_by_rule", Rule=handle.physical_id)["Targets"]


def _pattern(handle: Handle) -> Any:
    return json.loads(handle.look("EventPattern") or "null")


def _empty(handle: Handle) -> None:
    """A rule that has targets can't be deleted (DeleteRule)."""
    if ids := [each["Id"] for each in _targets(handle)]:
        handle.call("remove_targets", Rule=handle.physical_id, Ids=ids)


ROWS = (
    Row(
        type="AWS::Events::Rule",
        service="events",
        create="put_rule",
        name="Name",
        name_max=64,
        update="put_rule",
        update_all=True,
        delete="delete_rule",
        before_delete=_empty,
        key=by_name("Name"),
        describe="describe_rule",
        path="@",
        attrs={"Arn": "Arn"},
        steps={"Targets": Step(apply=_put_targets, read=_targets)},
        read={"EventPattern": _pattern},
        tags=RULE_TAGS,
    ),
)
