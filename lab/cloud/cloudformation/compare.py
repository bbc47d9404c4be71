"""Whether what an API shows of a property is what a template said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def same(wanted: Any, read: Any) -> bool:
    """Whether what was read says what was wanted, in whatever type and order the API gives it."""
    wanted, read = _parsed(wanted, read), _parsed(read, wanted)
    if _is_tags(wanted):
        wanted = {tag["Key"]: tag["Value"] for tag in wanted}
    if isinstance(wanted, Mapping):
        return isinstance(read, Mapping) and _same_members(wanted, read)
    if isinstance(wanted, list):
        return isinstance(read, list) and _same_items(wanted, read)
    if isinstance(wanted, bool) or isinstance(read, bool):
        return str(wanted).lower() == str(read).lower()
    try:
        return float(wanted) == float(read)
    except (TypeError, ValueError):
        return bool(wanted == read)


def _is_tags(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, dict) and set(v) == {"Key", "Value"} for v in value)
    )


def _parsed(value: Any, other: Any) -> Any:
    """A JSON text where the other side is structured."""
    if isinstance(value, str) and isinstance(other, dict | list):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _same_members(wanted: Mapping[str, Any], read: Mapping[str, Any]) -> bool:
    by_lower = {key.lower(): value for key, value in read.items()}
    return all(key.lower() in by_lower and same(value, by_lower[key.lower()]) for key, value in wanted.items())


def _same_items(wanted: list[Any], read: list[Any]) -> bool:
    return len(wanted) == len(read) and all(any(same(item, other) for other in read) for item in wanted)
