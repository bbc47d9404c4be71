"""Write `estate/schema.json`, the JSON Schema that editors complete estate files from.

    python tools/generate_schema.py [--check]

It is made from the models; what YAML 1.1 reads as true and false, and members that are left empty, are allowed as
the loader allows them. `--check` writes nothing and exits 1 when the committed file differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from estate import engines
from estate.model import Estate

TARGET = Path(__file__).resolve().parent.parent / "estate" / "schema.json"
SWITCH: dict[str, Any] = {"anyOf": [{"type": "boolean"}, {"enum": ["on", "off", "yes", "no"]}]}


def schema() -> dict[str, Any]:
    """The models' schema, with hints from the generated data and the loader's own tolerance."""
    made = Estate.model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Estate"
    made["description"] = "The databases and caches of a product, declared in one file"
    definitions: dict[str, Any] = made["$defs"]
    for definition in (made, *definitions.values()):
        loosen(definition)
    for name in ("AuroraSpec", "ReplicationGroupSpec", "MemcachedSpec", "ServerlessCacheSpec"):
        del definitions[name]["properties"]["name"]
        keep_required(definitions[name], dropped={"name", "instances"})
    add_hints(definitions, made)
    return made


def keep_required(definition: dict[str, Any], *, dropped: set[str]) -> None:
    """`name` is the key above; `instances` may be left out in `profile: dev`, which the loader checks."""
    left = [name for name in definition.get("required", ()) if name not in dropped]
    definition.pop("required", None)
    if left:
        definition["required"] = left


def loosen(definition: dict[str, Any]) -> None:
    """Switches may be written on and off, members of mappings left empty."""
    for name, prop in definition.get("properties", {}).items():
        if prop.get("type") == "boolean":
            del prop["type"]
            definition["properties"][name] = prop | SWITCH
        for holder in (prop, *prop.get("patternProperties", {}).values()):
            if isinstance(held := holder.get("additionalProperties"), dict) and "$ref" in held:
                holder["additionalProperties"] = {"anyOf": [held, {"type": "null"}]}
        for pattern, held in prop.get("patternProperties", {}).items():
            if "$ref" in held and not held["$ref"].endswith("/AuroraSpec"):
                prop["patternProperties"][pattern] = {"anyOf": [held, {"type": "null"}]}
            prop["additionalProperties"] = False


def add_hints(definitions: dict[str, Any], made: dict[str, Any]) -> None:
    """Known values for completion; others stay allowed, because the data ages."""
    classes = sorted(engines.known_classes(engines.POSTGRESQL) | engines.known_classes(engines.MYSQL))
    versions = {engine: sorted(engines.known_versions(engine) - engines.retired_versions(engine)) for engine in ENGINES}
    hint(definitions["InstanceSpec"], "class", ["serverless", *classes])
    hint(definitions["AuroraSpec"], "version", versions[engines.POSTGRESQL] + versions[engines.MYSQL])
    hint(definitions["ReplicationGroupSpec"], "class", sorted(engines.known_classes("cache")))
    hint(definitions["ReplicationGroupSpec"], "version", versions["valkey"] + versions["redis"])
    hint(definitions["MemcachedSpec"], "class", sorted(engines.known_classes("cache")))
    made["properties"]["regions"]["items"] = {"anyOf": [{"enum": sorted(engines.known_regions())}, {"type": "string"}]}


ENGINES = (engines.POSTGRESQL, engines.MYSQL, "valkey", "redis")


def hint(definition: dict[str, Any], name: str, values: list[str]) -> None:
    prop = definition["properties"][name]
    prop.pop("type")
    prop["anyOf"] = [{"enum": values}, {"type": "string"}]


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the JSON Schema of estate files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is out of date")
    text = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    if parser.parse_args().check:
        print("estate/schema.json is out of date; run python tools/generate_schema.py", file=sys.stderr)
        return 1
    TARGET.write_text(text, encoding="utf-8")
    print("wrote schema.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
