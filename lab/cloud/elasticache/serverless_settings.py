"""What a serverless cache may be given, and what the service checks of it."""

from __future__ import annotations

import re
from typing import Any

from lab.cloud.awserrors import invalid_combination, invalid_value

# Minor versions behind each major one, newest last (user guide, "Supported engines and versions").
VERSIONS = {"valkey": {"7": "7.2", "8": "8.2", "9": "9.0"}, "redis": {"7": "7.1"}, "memcached": {"1.6": "1.6.22"}}
PORTS = {"valkey": (6379, 6380), "redis": (6379, 6380), "memcached": (11211, 11212)}
MEMCACHED = "memcached"
CACHES_PER_REGION = 40  # quotas page, "Serverless caches per Region"
SNAPSHOTS_PER_DAY = 24  # facts E14
SNAPSHOT_DAYS_MAX = 35
DATA_GB = (1, 5000)
ECPU = (1000, 15_000_000)
SUBNETS = (2, 3)
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
CHANGEABLE = frozenset(
    [
        "Description",
        "CacheUsageLimits",
        "UserGroupId",
        "SecurityGroupIds",
        "SnapshotRetentionLimit",
        "DailySnapshotTime",
        "Engine",
        "MajorEngineVersion",
    ]
)
TAKEN = CHANGEABLE | {
    "ServerlessCacheName",
    "KmsKeyId",
    "SnapshotArnsToRestore",
    "Tags",
    "SubnetIds",
    "NetworkType",
    "ConnectionType",
}


def check_known(operation: str, given: dict[str, Any], known: frozenset[str]) -> None:
    """Refuse what the overlay would forget."""
    if unknown := sorted(set(given) - known):
        raise invalid_combination(f"{operation}: {', '.join(unknown)} is not modelled by the embedded AWS")


def check_engine(given: dict[str, Any]) -> None:
    """Fill in engine and version."""
    engine = given["Engine"] = given["Engine"].lower()
    if engine not in VERSIONS:
        raise invalid_value(f"The parameter Engine has an invalid value: {engine}.")
    version = given.setdefault("MajorEngineVersion", list(VERSIONS[engine])[-1])
    check_version(engine, version)


def check_version(engine: str, version: str) -> None:
    if version not in VERSIONS[engine]:
        raise invalid_value(f"The parameter MajorEngineVersion has an invalid value: {version} with engine {engine}.")


def check_values(given: dict[str, Any]) -> None:
    """Bounds, retention, time of day, connection."""
    limits = given.get("CacheUsageLimits") or {}
    if data := limits.get("DataStorage"):
        if str(data.get("Unit")).upper() != "GB":
            raise invalid_value("DataStorage must be given in GB.")
        _check_bounds("DataStorage", data, DATA_GB)
    if ecpu := limits.get("ECPUPerSecond"):
        _check_bounds("ECPUPerSecond", ecpu, ECPU)
    days = given.get("SnapshotRetentionLimit")
    if days is not None and not 0 <= days <= SNAPSHOT_DAYS_MAX:
        raise invalid_value(f"SnapshotRetentionLimit must be between 0 and {SNAPSHOT_DAYS_MAX}.")
    if (time := given.get("DailySnapshotTime")) and not TIME.fullmatch(time):
        raise invalid_value(f"DailySnapshotTime {time} must be in the format hh:mm.")
    if given.get("ConnectionType", "vpc").lower() == "public" and given.get("MajorEngineVersion") != "9":
        raise invalid_combination("ConnectionType public requires Valkey 9 or above.")


def _check_bounds(what: str, given: dict[str, Any], allowed: tuple[int, int]) -> None:
    for side in ("Minimum", "Maximum"):
        value = given.get(side)
        if value is not None and not allowed[0] <= value <= allowed[1]:
            raise invalid_value(f"{what}.{side} must be between {allowed[0]} and {allowed[1]}.")
    low, high = given.get("Minimum"), given.get("Maximum")
    if low is not None and high is not None and low > high:
        raise invalid_value(f"{what}.Minimum must not exceed {what}.Maximum.")


def check_move(present: dict[str, Any], given: dict[str, Any]) -> None:
    """Which engine and version a cache may be changed to: from Redis OSS to Valkey, and upwards."""
    engine = given.get("Engine", present["Engine"]).lower()
    if "Engine" in given and (engine != "valkey" or present["Engine"] != "redis"):
        # The service's own words: terraform-provider-aws, changelog of 5.73.1, pull request 39745.
        raise invalid_value("This API supports only cross-engine upgrades to Valkey engine currently")
    if "Engine" in given and "MajorEngineVersion" not in given:
        raise invalid_combination("A change of engine must name the MajorEngineVersion.")
    version = given.get("MajorEngineVersion", present["MajorEngineVersion"])
    check_version(engine, version)
    if float(version) < float(present["MajorEngineVersion"]):
        raise invalid_combination(f"The engine version can't be lowered to {version}.")
