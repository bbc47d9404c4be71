"""From CloudFormation properties to the arguments of an API operation, by botocore's own input shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lab.cloud.client import operation
from lab.cloud.cloudformation.errors import ResourceError


def takes(service: str, method: str, name: str) -> bool:
    """Whether an operation has a parameter of that name, in any case."""
    shape = operation(service, method).input_shape
    return shape is not None and name.lower() in {member.lower() for member in shape.members}


def arguments(service: str, method: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of `method`, each value in the type that its shape wants.

    Raises:
        ResourceError: a property, or a key inside one, that the operation does not have.
    """
    coerced = _coerce(operation(service, method).input_shape, dict(properties), "")
    return dict(coerced)


def _coerce(shape: Any, value: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        items = value if isinstance(value, list) else [value]
        return [_coerce(shape.member, item, f"{path}[{index}]") for index, item in enumerate(items)]
    if kind == "map":
        return {str(key): _coerce(shape.value, item, f"{path}.{key}") for key, item in value.items()}
    return _scalar(kind, value, path)


def _structure(shape: Any, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ResourceError(f"{path.strip('.')} must be an object, got {value!r}")
    members = {name.lower(): (name, member) for name, member in shape.members.items()}
    out: dict[str, Any] = {}
    for key, item in value.items():
        if key.lower() not in members:
            raise ResourceError(f"property {(path + '.' + key).strip('.')} is not modelled by the embedded AWS")
        name, member = members[key.lower()]
        out[name] = _coerce(member, item, f"{path}.{name}")
    return out


def _scalar(kind: str, value: Any, path: str) -> Any:
    try:
        return _SCALARS.get(kind, _as_is)(value)
    except (TypeError, ValueError) as error:
        raise ResourceError(f"{path.strip('.')} must be of type {kind}, got {value!r}") from error


def _boolean(value: Any) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)


def _as_is(value: Any) -> Any:
    return value


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "string": _string,
}
