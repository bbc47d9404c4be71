"""Write `estate/data/engines.json` and `estate/data/properties.json` from cfn-lint's bundled schemas and botocore.

    python tools/generate_engines.py [--check]

Engine versions, instance classes, Regions and CloudFormation property names change every week: they are taken from
maintained packages, with the packages' versions and the schemas' date, and are never typed by hand.
`--check` writes nothing and exits 1 when a committed file differs from what the installed packages say.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import botocore.session
from cfnlint.helpers import AVAILABILITY_ZONES

DATA = Path(__file__).resolve().parent.parent / "estate" / "data"
SCHEMAS = files("cfnlint") / "data" / "schemas"
AURORA = ("aurora-mysql", "aurora-postgresql")
CACHES = ("memcached", "redis", "valkey")
RESOURCE_TYPES = (
    "AWS::EC2::VPC",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::ElastiCache::User",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBClusterEndpoint",
    "AWS::RDS::DBInstance",
)

EMITTED_TYPES = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Backup::BackupPlan",
    "AWS::Backup::BackupSelection",
    "AWS::Backup::BackupVault",
    "AWS::Backup::RestoreTestingPlan",
    "AWS::Backup::RestoreTestingSelection",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::GlobalReplicationGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Events::Rule",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBClusterEndpoint",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBProxy",
    "AWS::RDS::DBProxyEndpoint",
    "AWS::RDS::Deployment",
    "AWS::RDS::EventSubscription",
    "AWS::RDS::GlobalCluster",
    "AWS::Route53::RecordSet",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::SecretsManager::SecretTargetAttachment",
)
"""Types that some Regions may lack: an estate that needs one there is refused, with the way round."""


def read(path: str) -> Any:
    return json.loads((SCHEMAS / path).read_text(encoding="utf-8"))


def extension(resource: str, name: str) -> Any:
    return read(f"extensions/{resource}/{name}.json")


def sources() -> dict[str, str]:
    return {
        "cfn-lint": version("cfn-lint"),
        "cfn-lint schemas": read("version.json")["schema_date"][:10],
        "botocore": version("botocore"),
    }


def enumerated(schema: Any, name: str, engines: Iterable[str]) -> dict[str, list[str]]:
    """The values that a conditional schema lists for property `name`, by engine."""
    found: dict[str, set[str]] = {engine: set() for engine in engines}
    for condition in schema["allOf"]:
        engine = condition["if"]["properties"]["Engine"].get("const")
        if engine in found and condition["then"]:
            found[engine] |= set(condition["then"]["properties"][name]["enum"])
    return {engine: sorted(values, key=natural) for engine, values in found.items()}


def refused(schema: Any, engines: Iterable[str]) -> dict[str, list[str]]:
    """The versions that a schema refuses, by engine."""
    found: dict[str, set[str]] = {engine: set() for engine in engines}
    for condition in schema["allOf"]:
        given = condition["if"]["properties"]
        if given["Engine"].get("const") in found and condition["then"] is False:
            found[given["Engine"]["const"]] |= set(given["EngineVersion"]["enum"])
    return {engine: sorted(values, key=natural) for engine, values in found.items()}


def natural(text: str) -> list[tuple[int, int, str]]:
    """Sort key under which 17.10 follows 17.9, and `large` comes before `2xlarge`."""
    parts = text.replace("-", ".").replace("_", ".").split(".")
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def classes() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """All classes by engine, and for each Region the ones of the union that it lacks."""
    aurora = {
        region: enumerated(schema, "DBInstanceClass", AURORA)
        for region, schema in extension("aws_rds_dbinstance", "dbinstanceclass_enum").items()
    }
    listed = extension("aws_elasticache_cachecluster", "cachenodetype_enum")
    caches = {region: schema for region, schema in listed.items() if isinstance(schema, dict)}
    everywhere: dict[str, set[str]] = defaultdict(set)
    for by_engine in aurora.values():
        for engine, names in by_engine.items():
            everywhere[engine] |= {name for name in names if name != "db.serverless"}
    everywhere["cache"] = {name for schema in caches.values() for name in schema["enum"]}
    missing = {
        region: sorted(
            (everywhere["aurora-postgresql"] | everywhere["aurora-mysql"])
            - {name for names in aurora.get(region, {}).values() for name in names}
            if any(aurora.get(region, {}).values())
            else set()
        )
        + sorted(everywhere["cache"] - set(caches[region]["enum"]) if region in caches else set())
        for region in sorted(aurora)
    }
    return {name: sorted(values) for name, values in sorted(everywhere.items())}, missing


def classes_missing_with(known: dict[str, list[str]]) -> dict[str, list[dict[str, list[str]]]]:
    """For each engine, the classes that it doesn't have with some versions, each set with its versions.

    cfn-lint lists classes by version over all of RDS, so that a class it leaves out is surely not offered; one that it
    lists may still be another engine's. Versions that it does not list, or lists without any class of the engine, are
    left out, and so are those that lack none.
    """
    conditions = [
        (given["EngineVersion"]["pattern"], frozenset(each["then"]["properties"]["DBInstanceClass"]["enum"]))
        for each in extension("aws_rds_dbinstance", "db_instance_class")["allOf"]
        if (given := each["if"]["properties"])["Engine"].get("const") == AURORA[0]
    ]
    listed = enumerated(extension("aws_rds_dbcluster", "engine_version"), "EngineVersion", AURORA)
    found: dict[str, list[dict[str, list[str]]]] = {}
    for engine in AURORA:
        versions_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
        ours = frozenset(known[engine])
        for version_ in listed[engine]:
            offered = frozenset[str]().union(*(names for pattern, names in conditions if re.match(pattern, version_)))
            if ours & offered and ours - offered:
                versions_of[tuple(sorted(ours - offered))].append(version_)
        found[engine] = [{"versions": versions, "classes": list(names)} for names, versions in versions_of.items()]
    return found


def regions() -> list[str]:
    session = botocore.session.get_session()
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("rds", partition)
    }
    return sorted(known | set(provider_regions()))


def provider_regions() -> list[str]:
    names = (item.name for item in (SCHEMAS / "providers").iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json") and name.count("-") > 1)


def types_missing_in() -> dict[str, list[str]]:
    """For each type the kit emits, the Regions whose CloudFormation does not know it; `aws-global` and such aside."""
    known = {region: frozenset(read(f"providers/{region}.json")) for region in provider_regions()}
    missing = {name: [region for region, types in known.items() if name not in types] for name in EMITTED_TYPES}
    return {name: regions for name, regions in missing.items() if regions}


def engines() -> dict[str, Any]:
    known_classes, missing = classes()
    cache_versions = enumerated(extension("aws_elasticache_cachecluster", "engine_version"), "EngineVersion", CACHES)
    return {
        "about": "generated by tools/generate_engines.py; do not edit",
        "sources": sources(),
        "regions": regions(),
        "types_missing_in": types_missing_in(),
        "versions": enumerated(extension("aws_rds_dbcluster", "engine_version"), "EngineVersion", AURORA)
        | cache_versions,
        "retired_versions": refused(extension("aws_rds_dbcluster", "engine_version_deprecated"), AURORA),
        "classes": known_classes,
        "classes_missing_in": {region: names for region, names in missing.items() if names},
        "classes_missing_with": classes_missing_with(known_classes),
        "zones": {region: len(names) for region, names in sorted(AVAILABILITY_ZONES.items())},
    }


def properties() -> dict[str, Any]:
    """Properties of each type that `overrides:` reaches, with their kind; the read-only ones are no setting."""
    provider = read("providers/us-east-1.json")
    return {
        "about": "generated by tools/generate_engines.py; do not edit",
        "sources": sources(),
        "properties": {name: settable(read(f"resources/{provider[name]}.json")) for name in RESOURCE_TYPES},
    }


def settable(schema: Any) -> dict[str, str]:
    read_only = {path.rsplit("/", 1)[-1] for path in schema.get("readOnlyProperties", ()) if path.count("/") == 2}  # noqa: PLR2004 - /properties/Name
    names = sorted(set(schema["properties"]) - read_only)
    return {name: kind_of(schema, schema["properties"][name]) for name in names}


def kind_of(schema: Any, given: Any) -> str:
    """JSON type of a property, `any` where the schema does not name one alone."""
    while "$ref" in given:
        given = schema["definitions"][given["$ref"].rsplit("/", 1)[-1]]
    return given["type"] if isinstance(given.get("type"), str) else "any"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    check = parser.parse_args().check
    stale = False
    for name, content in (("engines.json", engines()), ("properties.json", properties())):
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        path = DATA / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if check:
            print(f"{path} is out of date; run python tools/generate_engines.py", file=sys.stderr)
        else:
            DATA.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
