"""Plain values of unknown kind, as YAML gives them, narrowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast


def mapping_of(value: object) -> dict[str, Any] | None:
    """The value when it is a mapping, else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def items_of(value: object) -> list[tuple[str, Any]]:
    """Names and values of a mapping, none for anything else."""
    return list((mapping_of(value) or {}).items())


def list_of(value: object) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return list(cast("Iterable[Any]", value)) if isinstance(value, list) else []
