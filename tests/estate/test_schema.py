"""`estate/schema.json`: what editors complete from takes what the loader takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from estate.model import Estate
from estate.translate import keys_of
from tests.support.estate_files import VALID, changed

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "estate" / "schema.json").read_text(encoding="utf-8"))
EXAMPLES = sorted((ROOT / "examples" / "estates").glob("*.yaml"))


def errors(document: object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_examples_conform_and_name_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == ROOT / "estate" / "schema.json"
    assert errors(yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"auroras": {}},
        {"aurora.orders.port": 80},
        {"aurora.orders.name": "x"},
        {"aurora.orders.engine": "mariadb"},
        {"aurora.Orders": VALID["aurora"]["orders"]},
        {"caches.sessions.replicas": 6},
    ],
)
def test_editors_see_what_the_loader_refuses(changes: dict[str, Any]) -> None:
    assert errors(yaml.safe_load(changed(changes))) != []


def test_switches_may_be_words_and_members_empty() -> None:
    assert errors(VALID | {"protection": "off", "caches": {"sessions": None}}) == []


def test_every_key_is_described() -> None:
    for definition in (SCHEMA, *SCHEMA["$defs"].values()):
        for name, prop in definition["properties"].items():
            assert prop.get("description") or "$ref" in prop, name


def test_keys_are_those_of_the_model() -> None:
    assert set(SCHEMA["properties"]) == set(keys_of(Estate))
