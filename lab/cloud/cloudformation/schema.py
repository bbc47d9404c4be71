"""CloudFormation's own resource schemas, as cfn-lint bundles them: which properties exist and which are create-only."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

REGION = "eu-west-1"  # the embedded AWS offers one Region's types everywhere


@dataclass(frozen=True, slots=True)
class TypeSchema:
    """Top-level property names of a resource type, by what may be done with them."""

    properties: frozenset[str]
    create_only: frozenset[str]
    conditional_create_only: frozenset[str]
    read_only: frozenset[str]


@cache
def find_schema(resource_type: str) -> TypeSchema | None:
    """Schema of a type, or None when CloudFormation has no such type."""
    file = _files().get(resource_type)
    if file is None:
        return None
    raw = json.loads(Path(file).read_text(encoding="utf-8"))
    return TypeSchema(
        properties=frozenset(raw.get("properties", {})),
        create_only=_names(raw, "createOnlyProperties"),
        conditional_create_only=_names(raw, "conditionalCreateOnlyProperties"),
        read_only=_names(raw, "readOnlyProperties"),
    )


def _names(raw: dict[str, Any], key: str) -> frozenset[str]:
    """Property names; a pointer to part of a property does not make the whole of it create-only."""
    pointers = [str(pointer).strip("/").split("/") for pointer in raw.get(key, [])]
    return frozenset(parts[1] for parts in pointers if len(parts) == 2)  # noqa: PLR2004 ("properties", name)


@cache
def _files() -> dict[str, str]:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise RuntimeError("the embedded AWS needs cfn-lint's bundled schemas; install cfn-lint")
    data = Path(spec.origin).parent / "data" / "schemas"
    index: dict[str, str] = json.loads((data / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    return {name: str(data / "resources" / f"{digest}.json") for name, digest in index.items()}
