"""Stack policies: what an update may not do to which resources.

Source: CloudFormation User Guide, "Prevent updates to stack resources". They are no part of a template, and hold for
updates only, not for the deletion of a stack. Once there is one, what no statement allows is denied.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from lab.cloud.cloudformation.errors import ValidationError

MODIFY, REPLACE, DELETE = "Update:Modify", "Update:Replace", "Update:Delete"
ACTIONS = (MODIFY, REPLACE, DELETE)
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {"StringEquals": operator.eq, "StringLike": fnmatchcase}
_KEYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Principal", "Resource", "NotResource", "Condition"})


def parse_policy(body: str) -> dict[str, Any]:
    """A policy document.

    Raises:
        ValidationError: it is none.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise _invalid("it is not JSON") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("Statement"), list | Mapping):
        raise _invalid("it has no Statement")
    for statement in _statements(document):
        _check(statement)
    return dict(document)


def _check(statement: Mapping[str, Any]) -> None:
    if unknown := sorted(set(statement) - _KEYS):
        raise _invalid(f"unknown keys: {', '.join(unknown)}")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise _invalid("Effect must be Allow or Deny")
    if statement.get("Principal") != "*":
        raise _invalid('Principal must be "*"')
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if (one in statement) == (other in statement):
            raise _invalid(f"a statement must have either {one} or {other}")
    for pattern in _list(statement.get("Action", statement.get("NotAction"))):
        if not any(fnmatchcase(action, pattern) for action in ACTIONS):
            raise _invalid(f"unknown action {pattern}")
    for name, keys in statement.get("Condition", {}).items():
        if name not in _OPERATORS or set(keys) != {"ResourceType"}:
            raise _invalid(f"the condition {name} {json.dumps(keys)} is not one on ResourceType")


def denial(policy: Mapping[str, Any] | None, action: str, logical_id: str, resource_type: str) -> str:
    """Why an action is denied, in CloudFormation's own words; empty when it is allowed. A Deny overrides any Allow."""
    if policy is None:
        return ""
    resource = f"LogicalResourceId/{logical_id}"
    allowed = False
    for number, statement in enumerate(_statements(policy), start=1):
        if not _applies(statement, action, resource, resource_type):
            continue
        if statement["Effect"] == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for resource "
                f"[{resource}];"
            )
        allowed = True
    return "" if allowed else f"Action not allowed by stack policy: [{action}] for resource [{resource}];"


def _applies(statement: Mapping[str, Any], action: str, resource: str, resource_type: str) -> bool:
    return (
        _matches(statement, "Action", action)
        and _matches(statement, "Resource", resource)
        and all(
            any(_OPERATORS[name](resource_type, wanted) for wanted in _list(keys["ResourceType"]))
            for name, keys in statement.get("Condition", {}).items()
        )
    )


def _matches(statement: Mapping[str, Any], key: str, value: str) -> bool:
    if key in statement:
        return any(fnmatchcase(value, pattern) for pattern in _list(statement[key]))
    return not any(fnmatchcase(value, pattern) for pattern in _list(statement[f"Not{key}"]))


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [dict(each) for each in _list(policy["Statement"])]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]


def _invalid(why: str) -> ValidationError:
    return ValidationError(f"Error validating stack policy: {why}")
