"""Plain values, as JSON knows them, told apart for the type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """An object, in JSON's words."""
    return isinstance(value, Mapping)


def is_array(value: Any) -> TypeGuard[Sequence[Any]]:
    """An array, in JSON's words; a string is none."""
    return isinstance(value, (list, tuple))


def is_set(value: Any) -> TypeGuard[AbstractSet[Any]]:
    """A set, which JSON has not."""
    return isinstance(value, (set, frozenset))
