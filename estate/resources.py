"""Raw CloudFormation properties: what `overrides:` may name, from generated data."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

from estate.spec import Hit, Path

VPC = "AWS::EC2::VPC"
CLUSTER = "AWS::RDS::DBCluster"
INSTANCE = "AWS::RDS::DBInstance"
ENDPOINT = "AWS::RDS::DBClusterEndpoint"
GLOBAL_CLUSTER = "AWS::RDS::GlobalCluster"
BLUE_GREEN = "AWS::RDS::Deployment"
RESTORE_TEST = "AWS::Backup::RestoreTestingPlan"
REPLICATION_GROUP = "AWS::ElastiCache::ReplicationGroup"
GLOBAL_DATASTORE = "AWS::ElastiCache::GlobalReplicationGroup"
CACHE_CLUSTER = "AWS::ElastiCache::CacheCluster"
SERVERLESS_CACHE = "AWS::ElastiCache::ServerlessCache"
USER = "AWS::ElastiCache::User"

IDENTITY = {
    CLUSTER: frozenset({"DBClusterIdentifier", "Engine", "GlobalClusterIdentifier"}),
    INSTANCE: frozenset({"DBInstanceIdentifier", "DBClusterIdentifier", "Engine"}),
    ENDPOINT: frozenset({"DBClusterEndpointIdentifier", "DBClusterIdentifier"}),
    REPLICATION_GROUP: frozenset({"ReplicationGroupId", "Engine", "GlobalReplicationGroupId"}),
    SERVERLESS_CACHE: frozenset({"ServerlessCacheName", "Engine"}),
    CACHE_CLUSTER: frozenset({"ClusterName", "Engine"}),
    USER: frozenset({"UserId", "UserName", "Engine"}),
    VPC: frozenset[str](),
}
"""Runbooks find resources by these; they follow from the file's own names."""

SECRETS = frozenset({"AuthToken", "MasterUserPassword", "Passwords", "TdeCredentialPassword"})
RESOLVE = "leave it to RDS or IAM, or write {{resolve:secretsmanager:...}}"

MUST_BE_KNOWN = "be a property of {type}"
MUST_BE_FREE = "leave the kit's identifiers alone"


@cache
def properties_of(resource_type: str) -> Mapping[str, str]:
    """Settable properties of a type and the JSON type of each, from cfn-lint's bundled schemas."""
    text = (files("estate") / "data" / "properties.json").read_text(encoding="utf-8")
    known: dict[str, str] = json.loads(text)["properties"][resource_type]
    return known


def unknown_overrides(resource_type: str, overrides: Mapping[str, Any], path: Path = ()) -> Iterator[Hit]:
    """Names that the resource does not have, each with the nearest that it has."""
    for name in overrides:
        if name.split(".")[0] not in properties_of(resource_type):
            yield Hit(
                (*path, "overrides", name),
                name,
                must=MUST_BE_KNOWN.format(type=resource_type),
                fix=_hint(resource_type, name),
            )


def wrong_overrides(resource_type: str, overrides: Mapping[str, Any], path: Path = ()) -> Iterator[Hit]:
    """Values that the property can't have; functions (`{Ref: ...}`) are taken anywhere, nothing takes a value away."""
    known = properties_of(resource_type)
    for name, value in overrides.items():
        top, *below = name.split(".")
        if top not in known:
            continue
        if not all(below) or (below and known[top] not in {"object", "array"}):
            yield Hit((*path, "overrides", name), name, must=f"name a part of {top} only where it has some")
        elif top in SECRETS and not is_function(value) and not str(value).startswith("{{resolve:"):
            yield Hit((*path, "overrides", name), "a secret", must="not be written in a file", fix=RESOLVE)
        elif not is_finite(value):
            yield Hit((*path, "overrides", name), value, must="hold finite numbers")
        elif not below and value is not None and not is_function(value) and not IS_OF[known[top]](value):
            yield Hit((*path, "overrides", name), value, must=f"be {KINDS[known[top]]}")


def is_finite(value: object) -> bool:
    """Whether every number in a value is one that JSON can hold."""
    if isinstance(value, dict):
        return all(is_finite(each) for each in cast("dict[str, object]", value).values())
    if isinstance(value, list):
        return all(is_finite(each) for each in cast("list[object]", value))
    return not isinstance(value, float) or math.isfinite(value)


def is_function(value: object) -> bool:
    """Whether CloudFormation works the value out: `Ref`, `Fn::...`."""
    names = list(cast("dict[str, object]", value)) if isinstance(value, dict) else []
    return len(names) == 1 and (names[0] == "Ref" or names[0].startswith("Fn::"))


def _is_integer(value: object) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or _is_text(value, str.isdigit)


def _is_text(value: object, accepts: Callable[[str], bool]) -> bool:
    return isinstance(value, str) and accepts(value)


IS_OF: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool) or _is_text(value, {"true", "false"}.__contains__),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, float) or _is_integer(value),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
"""As CloudFormation converts: `"5433"` is an integer too."""
KINDS = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "array": "a list",
    "object": "a mapping",
}


def _hint(resource_type: str, name: str) -> str:
    known = {each.lower(): each for each in sorted(properties_of(resource_type))}
    near = difflib.get_close_matches(name[:60].lower().replace("_", ""), known, n=1, cutoff=0.6)
    return f"did you mean `{known[near[0]]}`?" if near else "see the resource's page in the CloudFormation reference"


def identity_overrides(resource_type: str, overrides: Mapping[str, Any], path: Path = ()) -> Iterator[Hit]:
    """Names that would break what runbooks look for."""
    for name in overrides:
        if name.split(".")[0] in IDENTITY[resource_type]:
            yield Hit((*path, "overrides", name), name)
