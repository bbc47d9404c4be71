"""What a resource's own API says of each property that its template set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jmespath

from lab.cloud.cloudformation.compare import same
from lab.cloud.cloudformation.row import Handle, Row


def find(row: Row, handle: Handle) -> Any:
    """The resource as its describe operation shows it, kept in `handle.found`."""
    key = row.describe_key or row.key
    handle.found = jmespath.search(row.path, handle.call(row.describe, **key(handle))) if row.describe else {}
    return handle.found


def read_properties(row: Row, handle: Handle, names: Iterable[str]) -> dict[str, Any]:
    """Properties as the service's describe operations give them back; None where they give nothing."""
    find(row, handle)
    return {name: _read(row, handle, name) for name in names}


def _read(row: Row, handle: Handle, name: str) -> Any:
    if name in row.steps:
        return row.steps[name].read(handle)
    if name == "Tags" and row.tags is not None:
        return row.tags.read(handle)
    where = row.read.get(name)
    if where is None:
        return _same_name(handle.found, row.rename.get(name, name))
    return jmespath.search(where, handle.found) if isinstance(where, str) else where(handle)


def _same_name(found: Any, name: str) -> Any:
    by_lower = {key.lower(): value for key, value in (found or {}).items()}
    return by_lower.get(name.lower())


def not_applied(row: Row, handle: Handle, names: Iterable[str]) -> list[str]:
    """Properties that the API does not show as they were given: the service took them and dropped them."""
    wanted = {name: handle.properties[name] for name in names if name in handle.properties and name not in row.unshown}
    read = read_properties(row, handle, wanted)
    return [
        f"{row.type}: property {name} was given as {value!r}, and the embedded AWS shows {read[name]!r}"
        for name, value in wanted.items()
        if not same(value, read[name])
    ]
