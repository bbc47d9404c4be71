"""Which Aurora versions can take the data of a community MySQL or PostgreSQL: the way from RDS, and from S3. Pure.

"Compatible" is Aurora's own word: the same version or a higher minor of the same major [A4
AuroraPostgreSQL.Migrating.RDSPostgreSQL, AuroraMySQL.Migrating.RDSMySQL.Snapshot]. The MySQL version that each Aurora
MySQL is compatible with is of its release notes [AuroraMySQLReleaseNotes doc-history, read as of 2026-11].
"""

from __future__ import annotations

from typing import Final

from estate.engines import MYSQL, POSTGRESQL, Version, data, names_minor, parsed, retired_versions

AURORA_OF: Final = {"mysql": MYSQL, "postgres": POSTGRESQL}
"""The Aurora engine of each RDS engine that has one."""
S3_SOURCES: Final = ("5.7", "8.0")
"""MySQL majors whose XtraBackup files Aurora takes from S3. [A4 AuroraMySQL.Migrating.ExtMySQL.S3], facts C17"""
TOOLS: Final = {"5.7": "2.4", "8.0": "8.0"}
"""Percona XtraBackup of each of them."""
_MYSQL: Final[dict[Version, Version]] = {
    (2, 11): (5, 7, 12),
    (2, 12): (5, 7, 44),
    (3, 4): (8, 0, 28),
    (3, 5): (8, 0, 32),
    (3, 6): (8, 0, 34),
    (3, 7): (8, 0, 36),
    (3, 8): (8, 0, 39),
    (3, 9): (8, 0, 40),
    (3, 10): (8, 0, 42),
    (3, 11): (8, 0, 43),
    (3, 12): (8, 0, 44),
}
_MINOR: Final = 2  # numbers of a major of MySQL: 8.0


def numbers(version: str) -> Version:
    """`8.0.42-R2` is (8, 0, 42): what AWS adds for itself says nothing of compatibility."""
    return tuple(int(part) for part in version.partition("-")[0].split(".") if part.isdigit())


def community_version(engine: str, version: str) -> Version | None:
    """The community version that an Aurora version is compatible with; None where that is not known."""
    if engine == POSTGRESQL:
        return parsed(engine, version) or None
    have = parsed(engine, version)
    return have if version.startswith("8.4.mysql_aurora.") else _MYSQL.get(have[:_MINOR])


def takes(engine: str, version: str, source: str) -> bool | None:
    """Whether an Aurora version can take data of a community version; None where that is not known."""
    theirs, ours = numbers(source), community_version(engine, version)
    if ours is None:
        return None if version.startswith(".".join(map(str, theirs[:_MINOR]))) else False
    major = 1 if engine == POSTGRESQL else _MINOR
    return ours[:major] == theirs[:major] and ours >= theirs


def nearest_taker(engine: str, source: str) -> str | None:
    """The lowest Aurora version in the data that can take it and can still be made; None when there is none."""
    gone = retired_versions(engine)
    fitting = [
        version
        for version in data()["versions"][engine]
        if version not in gone
        and "-" not in version
        and names_minor(engine, version)
        and takes(engine, version, source)
    ]
    return min(fitting, key=lambda version: parsed(engine, version), default=None)
