"""What is left of a wrong estate when its wrong values are set aside: enough for the rules to judge the rest.

Without this a typing error in one cluster would hide every broken rule of the same cluster until the next try.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from estate.model import Estate
from estate.spec import Path
from estate.translate import model_at
from estate.values import mapping_of

ROUNDS_MAX = 8  # times that values are set aside before the rules are given up on
KEY_MARK = "[key]"  # pydantic's own: the error is of a mapping's key
PLACEHOLDERS: dict[str, Any] = {
    "estate": "unnamed",
    "regions": ["us-east-1"],
    "engine": "aurora-postgresql",
    "version": "17.7",
    "instances": {"a": {}, "b": {}},
}


@dataclass(slots=True)
class Salvage:
    """The rest of an estate; `names` maps the names that wrong keys were given here to what the file calls them."""

    estate: Estate | None = None
    names: dict[str, str] = field(default_factory=dict[str, str])

    def path_in_file(self, path: Path) -> Path:
        """A path of the rest as the file spells it."""
        return tuple(self.names.get(part, part) if isinstance(part, str) else part for part in path)


def salvage(raw: dict[str, Any], errors: list[Any]) -> Salvage:
    """Take every wrong value out until the rest is valid; its `estate` is None when it never is."""
    rest, found = deepcopy(raw), Salvage()
    for _ in range(ROUNDS_MAX):
        for error in sorted(errors, key=_inner_first):
            _set_aside(rest, error, found.names)
        try:
            found.estate = Estate.model_validate(rest, context={"rules": False}, by_alias=True, by_name=False)
        except ValidationError as error:
            errors = list(error.errors(include_url=False))
        else:
            break
    return found


def _inner_first(error: Any) -> tuple[bool, int]:
    """Values before keys, deep ones before shallow ones: a renamed mapping is not found by its old name."""
    return error["loc"][-1:] == (KEY_MARK,), -len(error["loc"])


def _set_aside(raw: dict[str, Any], error: Any, names: dict[str, str]) -> None:
    """Take the value of one error out; a required one is replaced by a placeholder that breaks no rule."""
    path = [part for part in error["loc"] if part != KEY_MARK]
    if not path:
        return
    *above, last = path
    holder = _value_at(raw, above)
    if isinstance(holder, list):
        _set_aside(raw, {"loc": tuple(above), "type": ""}, names)
    elif (mapping := mapping_of(holder)) is not None:
        value = mapping.pop(last, None)
        if error["loc"][-1] == KEY_MARK:
            _rename(mapping, str(last), value, names)
        elif error["type"] == "missing" or _is_required(tuple(path)):
            mapping[last] = deepcopy(PLACEHOLDERS.get(str(last)))


def _value_at(raw: dict[str, Any], path: list[Any]) -> Any:
    value: Any = raw
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _rename(mapping: dict[str, Any], name: str, value: Any, names: dict[str, str]) -> None:
    """Give a member whose key is wrong a key that is not, so that the rules see the member."""
    new = f"unnamed-{len(names)}"
    names[new] = name
    member = mapping_of(value)
    mapping[new] = member | {"name": new} if member is not None and "name" in member else value


def _is_required(path: Path) -> bool:
    model = model_at(path[:-1])
    known = model.model_fields.items() if model else ()
    return any(field.is_required() for name, field in known if path[-1] in {name, field.alias})
