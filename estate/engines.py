"""What is known of engines: versions and classes from generated data, and what a version can do.

The data (`estate/data/engines.json`) is written by `tools/generate_engines.py` from cfn-lint's schemas and botocore
and carries their versions and date. What a version *can do* comes from the user guides and is cited here.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from estate import limits

POSTGRESQL, MYSQL = "aurora-postgresql", "aurora-mysql"
DEFAULT_PORTS = {POSTGRESQL: 5433, MYSQL: 3307}
"""Not the usual ones: rule packs ask for other ports (design, section 7)."""
LOG_EXPORTS = {
    POSTGRESQL: ("postgresql", "instance", "iam-db-auth-error"),
    MYSQL: ("audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"),
}
"""[B] CreateDBCluster.EnableCloudwatchLogsExports, botocore 1.44.5."""
DEFAULT_LOG_EXPORTS = {POSTGRESQL: ("postgresql",), MYSQL: ("audit", "error", "general", "slowquery")}
"""What the audit rules ask for, exactly."""

_OF_BOTH = (
    "all analyze and as asc both case check collate column constraint create current_date current_time "
    "current_timestamp current_user default desc distinct else except false fetch for foreign from grant group having "
    "in intersect into lateral leading limit not null on or order primary references select table then to trailing "
    "true union unique using when where window with"
)
_OF_POSTGRESQL = (
    "analyse any array asymmetric cast current_catalog current_role deferrable do end initially localtime "
    "localtimestamp offset only placing returning session_user some symmetric system_user user variadic"
)
_OF_MYSQL = (
    "add alter before between bigint binary blob by call cascade change char character condition continue convert "
    "cross cube cursor database databases dec decimal declare delayed delete describe div double drop dual each "
    "elseif empty enclosed escaped exists exit explain float force fulltext function generated get grouping groups "
    "if ignore index infile inner inout insert int integer interval is iterate join key keys kill lag lead leave "
    "left like lines load lock long loop match maxvalue mod natural numeric of optimize option out outer outfile "
    "over partition procedure purge range rank read real recursive regexp release rename repeat replace require "
    "restrict return revoke right rlike row rows schema schemas set show signal smallint spatial sql ssl starting "
    "system terminated tinyint trigger undo unlock unsigned update usage use values varchar varying virtual while "
    "write xor zerofill"
)
RESERVED_WORDS = {
    POSTGRESQL: frozenset(f"{_OF_BOTH} {_OF_POSTGRESQL}".split()),
    MYSQL: frozenset(f"{_OF_BOTH} {_OF_MYSQL}".split()),
}
"""Words of SQL that no user or database can be called. [PostgreSQL 16, Appendix C, reserved; MySQL 8.0, 11.3]"""

VERSION_FORMS = {
    POSTGRESQL: re.compile(r"\d{1,2}(\.\d{1,3}){0,2}(-[a-z0-9.]+)?"),
    MYSQL: re.compile(r"5\.7\.12|(5\.7|[89]\.\d)(\.mysql_aurora\.\d{1,2}\.\d{1,3}(\.\d{1,3}){0,2})?"),
    "valkey": re.compile(r"\d{1,2}\.\d{1,2}"),
    "redis": re.compile(r"\d{1,2}\.\d{1,2}(\.\d{1,2})?"),
    "memcached": re.compile(r"\d\.\d{1,2}\.\d{1,2}"),
}
VERSION_EXAMPLES = {
    POSTGRESQL: "17.7",
    MYSQL: "8.0.mysql_aurora.3.10.0",
    "valkey": "8.2",
    "redis": "7.1",
    "memcached": "1.6.22",
}
CLASS_FORM = re.compile(r"(db|cache)\.[a-z]{1,3}\d{1,2}[a-z-]{0,6}\.(\d{0,3}x?large|medium|small|micro|nano)")

Version = tuple[int, ...]


@cache
def data() -> dict[str, Any]:
    """The generated file: versions, classes and what some Regions or versions lack of them, zones, `sources`."""
    loaded: dict[str, Any] = json.loads((files("estate") / "data" / "engines.json").read_text(encoding="utf-8"))
    return loaded


@cache
def known_versions(engine: str) -> frozenset[str]:
    return frozenset(data()["versions"][engine])


@cache
def retired_versions(engine: str) -> frozenset[str]:
    """Versions that can no longer be created."""
    return frozenset(data()["retired_versions"].get(engine, ()))


@cache
def known_classes(engine: str) -> frozenset[str]:
    """Instance classes of an Aurora engine, node types for `cache`."""
    return frozenset(data()["classes"][engine])


@cache
def classes_missing_in(region: str) -> frozenset[str]:
    return frozenset(data()["classes_missing_in"].get(region, ()))


@cache
def classes_missing_with(engine: str, version: str) -> frozenset[str]:
    """Classes of an engine that it doesn't have with this version; none for a version that the data doesn't list."""
    rows: list[dict[str, list[str]]] = data()["classes_missing_with"][engine]
    return frozenset(name for row in rows if version in row["versions"] for name in row["classes"])


@cache
def zone_count(region: str) -> int | None:
    """How many zones of a Region an account can use, by the data; None for a Region that it doesn't list."""
    found: int | None = data()["zones"].get(region)
    return found


@cache
def known_regions() -> frozenset[str]:
    return frozenset(data()["regions"])


@cache
def regions_without(resource_type: str) -> frozenset[str]:
    """Regions whose CloudFormation does not know a type that the kit emits, by the data of `data_date()`."""
    return frozenset(data()["types_missing_in"].get(resource_type, ()))


@cache
def data_date() -> str:
    """Date of the schemas that the data was generated from, ISO."""
    return str(data()["sources"]["cfn-lint schemas"])


@cache
def newest(engine: str) -> str:
    """The newest version in the data, for hints."""
    return str(data()["versions"][engine][-1])


@cache
def newest_like(engine: str, version: str) -> str:
    """The newest version in the data of the same major, for hints; the newest of all where there is none."""
    gone = retired_versions(engine)
    same = [v for v in data()["versions"][engine] if names_minor(engine, v) and _major(v) == _major(version)]
    return next((v for v in reversed(same) if v not in gone and "-" not in v), newest(engine))


def _major(version: str) -> str:
    """`17` of 17.7, `8.0` of 8.0.mysql_aurora.3.10.0."""
    return version.partition(".mysql_aurora")[0] if "mysql_aurora" in version else version.partition(".")[0]


@cache
def is_well_formed(engine: str, version: str) -> bool:
    return VERSION_FORMS[engine].fullmatch(version) is not None


@cache
def parsed(engine: str, version: str) -> Version:
    """Comparable form: PostgreSQL 17.7 is (17, 7), MySQL `8.0.mysql_aurora.3.10.0` is (3, 10, 0)."""
    text = version.rpartition("mysql_aurora.")[2] if engine == MYSQL else version.partition("-")[0]
    return tuple(int(part) for part in text.split(".") if part.isdigit())


@cache
def names_minor(engine: str, version: str) -> bool:
    """Whether the version says its minor; a major alone takes the Region's default of the day."""
    return "mysql_aurora" in version if engine == MYSQL else len(parsed(engine, version)) > 1


# First minor of each PostgreSQL major, and first Aurora MySQL version, that can do a thing.
PAUSE_FROM = {13: 15, 14: 12, 15: 7, 16: 3}
PAUSE_FROM_MYSQL: Version = (3, 8)
"""min_acu 0 and auto-pause. [A4 aurora-serverless-v2-auto-pause]"""
LARGE_FROM = {13: 13, 14: 10, 15: 5, 16: 1}
LARGE_FROM_MYSQL: Version = (3, 6)
"""256 ACU. [A4 aurora-serverless-v2-how-it-works]"""
SERVERLESS_FROM = {13: 6, 14: 3, 15: 2, 16: 1}
SERVERLESS_FROM_MYSQL: Version = (3, 2)
"""Serverless v2 at all. [A4 Concepts.Aurora_Fea_Regions_DB-eng.Feature.ServerlessV2]"""

VOLUME_FROM = {15: 13, 16: 9, 17: 5}
VOLUME_FROM_MYSQL: Version = (3, 10)
"""Volumes of 256 TiB. [A10 CHAP_Limits]"""

FORWARDING_FROM = {14: 9, 15: 4}
FORWARDING_FROM_MYSQL: Version = (2, 8, 1)
"""Write forwarding of a Global Database. [A10 aurora-global-database-write-forwarding-apg, -ams]"""


IO_OPTIMIZED_FROM = {13: 10, 14: 7, 15: 2, 16: 1}
IO_OPTIMIZED_FROM_MYSQL: Version = (3, 3, 1)
"""Storage `aurora-iopt1`. [A10 Concepts.Aurora_Fea_Regions_DB-eng.Feature.storage-type]"""
LOCAL_FORWARDING_FROM = {14: 13, 15: 8, 16: 4}
LOCAL_FORWARDING_FROM_MYSQL: Version = (3, 4)
"""Write forwarding inside a cluster. [A10 aurora-postgresql-write-forwarding, aurora-mysql-write-forwarding]"""
DATA_API_FROM = {13: 11, 14: 8, 15: 3, 16: 1}
DATA_API_FROM_MYSQL: Version = (3, 7)
"""RDS Data API, provisioned and serverless v2. [A10 Concepts.Aurora_Fea_Regions_DB-eng.Feature.Data_API]"""

BEDROCK_FROM = {14: 11, 15: 5, 16: 1}
BEDROCK_FROM_MYSQL: Version = (3, 6)
"""Calls to Bedrock. MySQL: [A4 mysql-ml]. The minors of PostgreSQL are where aws_ml 2.0 is believed to begin; no source
at hand confirms them, so the rule can be acknowledged."""


def _reaches(engine: str, version: str, minors: dict[int, int], mysql: Version) -> bool:
    have = parsed(engine, version)
    if engine == MYSQL:
        return not names_minor(engine, version) or have >= mysql
    if not have or have[0] > max(minors):
        return True
    return have[0] in minors and (len(have) < 2 or have[1] >= minors[have[0]])  # noqa: PLR2004 - major and minor


@cache
def can_pause(engine: str, version: str) -> bool:
    return _reaches(engine, version, PAUSE_FROM, PAUSE_FROM_MYSQL)


@cache
def can_be_serverless(engine: str, version: str) -> bool:
    return _reaches(engine, version, SERVERLESS_FROM, SERVERLESS_FROM_MYSQL) and not version.startswith("5.7")


@cache
def can_be_io_optimized(engine: str, version: str) -> bool:
    return _reaches(engine, version, IO_OPTIMIZED_FROM, IO_OPTIMIZED_FROM_MYSQL)


@cache
def can_forward_locally(engine: str, version: str) -> bool:
    """Whether readers can send writes on to the writer of their own cluster."""
    return _reaches(engine, version, LOCAL_FORWARDING_FROM, LOCAL_FORWARDING_FROM_MYSQL)


@cache
def has_data_api(engine: str, version: str) -> bool:
    return _reaches(engine, version, DATA_API_FROM, DATA_API_FROM_MYSQL)


@cache
def can_forward_globally(engine: str, version: str) -> bool:
    """Whether the readers of a secondary Region can send writes on to the primary."""
    return _reaches(engine, version, FORWARDING_FROM, FORWARDING_FROM_MYSQL)


@cache
def acu_max(engine: str, version: str) -> int:
    """Most capacity of a serverless instance of this version, ACU."""
    return limits.ACU_MAX if _reaches(engine, version, LARGE_FROM, LARGE_FROM_MYSQL) else limits.ACU_MAX_OLDER


@cache
def has_large_volume(engine: str, version: str) -> bool:
    """Whether a volume can grow to 256 TiB; an older version's to 128."""
    return _reaches(engine, version, VOLUME_FROM, VOLUME_FROM_MYSQL)


BLUE_FROM = {11: 21, 12: 16, 13: 12, 14: 9, 15: 4, 16: 1}
BLUE_FROM_MYSQL: Version = (2, 0)
"""Source of a blue/green deployment. [A10 Concepts.Aurora_Fea_Regions_DB-eng.Feature.BlueGreenDeployments]"""


@cache
def can_be_blue(engine: str, version: str) -> bool:
    """Whether a blue/green deployment can start from this version."""
    return _reaches(engine, version, BLUE_FROM, BLUE_FROM_MYSQL)


@cache
def has_bedrock(engine: str, version: str) -> bool:
    """Whether SQL can call Bedrock."""
    return _reaches(engine, version, BEDROCK_FROM, BEDROCK_FROM_MYSQL) and not version.startswith("5.7")


NO_INSIGHTS = {POSTGRESQL: (), MYSQL: ("db.t2.", "db.t3.", "db.t4g.micro", "db.t4g.small")}
"""Classes without Performance Insights, and so without Database Insights. [A10 USER_DatabaseInsights.Engines]"""


@cache
def has_insights(engine: str, instance_class: str) -> bool:
    return not instance_class.startswith(NO_INSIGHTS[engine])


EXTENDED_SUPPORT = {POSTGRESQL: (13, "28 Feb 2026"), MYSQL: (2, "31 Oct 2024")}
"""Newest major out of standard support, and since when. [A10 release calendars]"""


@cache
def extended_support_since(engine: str, version: str) -> str | None:
    """The date standard support of this major ended; None while it lasts."""
    major, since = EXTENDED_SUPPORT[engine]
    have = parsed(engine, version)
    if engine == MYSQL and not names_minor(engine, version):
        return since if version.startswith("5.") else None
    return since if have and have[0] <= major else None


MINORS_ENDING: dict[str, dict[Version, str]] = {
    POSTGRESQL: {(14, 17): "30 Nov 2026", (15, 12): "30 Nov 2026", (17, 4): "30 Nov 2026"},
    MYSQL: {(3, 4): "31 Oct 2026", (3, 8): "31 Aug 2026", (3, 9): "31 Aug 2026", (3, 11): "13 Nov 2026"},
}
"""Minor versions that still can be created, and when their standard support ends. [A10 release calendars]"""


@cache
def minor_ends(engine: str, version: str) -> str | None:
    """The date on which AWS starts to upgrade this minor version by itself; None while none is near."""
    return MINORS_ENDING[engine].get(parsed(engine, version)[:2])


CACHE_EXTENDED_BELOW: Version = (6, 0)
"""Redis OSS 4 and 5 are in Extended Support since 1 Feb 2026. [E10 extended-support-versions]"""
CACHE_ENDING: dict[str, dict[Version, str]] = {"redis": {(6,): "31 Jan 2027"}}
"""Majors in standard support whose end has a date. [E10 extended-support-versions]"""
CACHE_REDIS_LAST: Version = (7, 1)
"""ElastiCache follows Valkey since, and has no newer Redis OSS. [E10 supported-engine-versions]"""
CACHE_USERS_FROM: Version = (6, 0)
"""Redis OSS has users and user groups from here on; Valkey always. [E4 Clusters.RBAC]"""
CACHE_IAM_FROM = {"redis": (7, 0), "valkey": (7, 2)}
"""IAM authentication. [E4 auth-iam]"""
CACHE_GLOBAL_FROM: dict[str, Version] = {"redis": (5, 0, 6), "valkey": (7, 2)}
"""Global datastores. [E10 Redis-Global-Datastores-Console]"""
CACHE_TIERING_FROM = {"redis": (6, 2), "valkey": (7, 2)}
"""Data tiering on r6gd nodes. [E4 data-tiering]"""
CACHE_COMPATIBLE_FROM = {"redis": (7, 0), "valkey": (7, 2)}
"""Cluster mode `compatible`. [E10 modify-cluster-mode]"""
CACHE_TLS_MODE_FROM = {"redis": (7, 0), "valkey": (7, 2)}
"""Changing between TLS preferred and required in place. [E10 in-transit-encryption]"""
CACHE_DURABLE_FROM: Version = (9, 0)
"""Durability, on Valkey alone. [E10 Durability.Limitations]"""
CACHE_MANY_NODES_FROM: Version = (5, 0, 6)
"""500 nodes instead of 250. [B] CreateReplicationGroup"""

MEMCACHED_TLS_FROM: Version = (1, 6, 12)
"""TLS, which can only be chosen at birth. [E4 in-transit-encryption, "conditions (Memcached)"]"""
MEMCACHED_MAINTAINED_FROM: Version = (1, 6)
"""The one branch that Memcached's authors still mend; ElastiCache offers 1.4 and 1.5 yet. [memcached.org]"""
MEMCACHED_GRAVITON_FROM: Version = (1, 5, 16)
"""Graviton nodes (`m6g`, `r6g`, `t4g` and newer). [B] CreateCacheCluster.CacheNodeType"""
MEMCACHED_NO_TLS = frozenset({"c1", "m1", "m2", "m3", "r3", "t1", "t2"})
"""Families of nodes without TLS: M1, M2, M3, R3, T2 [E4 in-transit-encryption]; C1 and T1 are older still."""


@cache
def cache_ends(engine: str, version: str) -> str | None:
    """The date on which standard support of a cache's major ends; None while none is near."""
    return CACHE_ENDING.get(engine, {}).get(parsed(engine, version)[:1])
