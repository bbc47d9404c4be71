"""DescribeDBEngineVersions, from the kit's own generated engine data."""

from __future__ import annotations

from typing import Any

from estate.engines import known_versions
from lab.cloud.rds.checks import AURORA_ENGINES, LOG_EXPORTS, default_family
from lab.cloud.rds.cluster import DEFAULT_VERSIONS


def engine_versions(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Versions of one Aurora engine or of both; other engines are not modelled and have none."""
    engines = [given["engine"]] if given.get("engine") else sorted(AURORA_ENGINES)
    wanted = given.get("engine_version")
    found = [
        _version(engine, version)
        for engine in engines
        if engine in AURORA_ENGINES
        for version in sorted(known_versions(engine), key=_order)
        if wanted in {None, version}
    ]
    family = given.get("db_parameter_group_family")
    shown = [item for item in found if family in {None, item["DBParameterGroupFamily"]}]
    return (
        [item for item in shown if item["EngineVersion"] in DEFAULT_VERSIONS.values()]
        if given.get("default_only")
        else shown
    )


def _order(version: str) -> list[int]:
    return [int(part) for part in version.replace("mysql_aurora", "0").split(".") if part.isdigit()]


def _version(engine: str, version: str) -> dict[str, Any]:
    return {
        "Engine": engine,
        "EngineVersion": version,
        "DBParameterGroupFamily": default_family(engine, version),
        "DBEngineDescription": "Aurora PostgreSQL" if engine == "aurora-postgresql" else "Aurora MySQL",
        "SupportedEngineModes": ["provisioned"],
        "ExportableLogTypes": sorted(LOG_EXPORTS[engine]),
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsGlobalDatabases": True,
        "Status": "available",
    }
