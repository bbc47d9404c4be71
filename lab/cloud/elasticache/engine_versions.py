"""DescribeCacheEngineVersions, by the versions that the kit's data knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estate import engines
from estate.caches.families import family_of
from lab.cloud.awserrors import invalid_value

ENGINES = ("redis", "valkey")


def engine_versions(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Versions that the filters leave, oldest first; the default of a family is its newest."""
    engine = given.get("Engine")
    if engine is not None and engine not in ENGINES:
        raise invalid_value(f"Invalid engine {engine}: the embedded AWS knows the versions of {', '.join(ENGINES)}")
    found = [
        {
            "Engine": name,
            "EngineVersion": version,
            "CacheParameterGroupFamily": family_of(name, version),
            "CacheEngineDescription": {"redis": "Redis", "valkey": "Valkey"}[name],
            "CacheEngineVersionDescription": f"{name} version {version}",
        }
        for name in ENGINES
        if engine in {None, name}
        for version in sorted(engines.known_versions(name), key=lambda text: engines.parsed("redis", text))
    ]
    wanted = {name: given[name] for name in ("EngineVersion", "CacheParameterGroupFamily") if given.get(name)}
    found = [row for row in found if all(row[name] == value for name, value in wanted.items())]
    return (
        list({row["CacheParameterGroupFamily"]: row for row in found}.values()) if given.get("DefaultOnly") else found
    )
