"""Estate files for tests: a valid one, with settings changed by their dotted path."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import yaml

from estate.load import EstateError, Problem, load_text

GONE = object()

VALID: dict[str, Any] = {
    "estate": "shop",
    "defaults": "2026-11",
    "regions": ["eu-west-1"],
    "aurora": {
        "orders": {
            "engine": "aurora-postgresql",
            "version": "17.7",
            "instances": {"a": {"class": "db.r8g.large"}, "b": {"class": "db.r8g.large"}},
        }
    },
    "caches": {"sessions": {"engine": "valkey", "version": "8.2", "class": "cache.r7g.large"}},
}
MYSQL = {"aurora.orders.engine": "aurora-mysql", "aurora.orders.version": "8.0.mysql_aurora.3.10.0"}


def changed(changes: dict[str, Any]) -> str:
    """The valid file as YAML, with settings at dotted paths changed; `GONE` removes one."""
    document = deepcopy(VALID)
    for path, value in changes.items():
        *parents, last = path.split(".")
        holder = document
        for part in parents:
            holder = holder.setdefault(part, {})
        if value is GONE:
            del holder[last]
        else:
            holder[last] = deepcopy(value)
    return yaml.safe_dump(document, sort_keys=False)


def problems(text: str) -> tuple[Problem, ...]:
    """Everything that is said of a text: the problems of a wrong one, the warnings of a valid one."""
    try:
        return load_text(text).warnings
    except EstateError as error:
        return error.problems
