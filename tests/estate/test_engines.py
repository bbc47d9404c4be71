"""What versions can do, and the generated data they are known from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from estate import engines
from estate.engines import MYSQL, POSTGRESQL

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("engine", "version", "parsed"),
    [
        (POSTGRESQL, "17.7", (17, 7)),
        (POSTGRESQL, "16.11-limitless", (16, 11)),
        (MYSQL, "8.0.mysql_aurora.3.10.0", (3, 10, 0)),
        (MYSQL, "8.4.mysql_aurora.8.4.7", (8, 4, 7)),
        ("valkey", "8.2", (8, 2)),
    ],
)
def test_versions_compare(engine: str, version: str, parsed: tuple[int, ...]) -> None:
    assert engines.parsed(engine, version) == parsed


@pytest.mark.parametrize(
    ("engine", "version", "expected"),
    [
        (POSTGRESQL, "16.3", True),
        (POSTGRESQL, "16.2", False),
        (POSTGRESQL, "15.7", True),
        (POSTGRESQL, "14.11", False),
        (POSTGRESQL, "12.22", False),
        (POSTGRESQL, "17.4", True),
        (MYSQL, "8.0.mysql_aurora.3.08.0", True),
        (MYSQL, "8.0.mysql_aurora.3.07.1", False),
        (MYSQL, "8.4.mysql_aurora.8.4.7", True),
    ],
)
def test_who_can_pause(engine: str, version: str, expected: bool) -> None:
    assert engines.can_pause(engine, version) is expected


@pytest.mark.parametrize(
    ("engine", "version", "most"),
    [
        (POSTGRESQL, "16.1", 256),
        (POSTGRESQL, "15.4", 128),
        (POSTGRESQL, "13.13", 256),
        (MYSQL, "8.0.mysql_aurora.3.06.0", 256),
        (MYSQL, "8.0.mysql_aurora.3.05.2", 128),
    ],
)
def test_most_capacity(engine: str, version: str, most: int) -> None:
    assert engines.acu_max(engine, version) == most


CAN = {
    "I/O-Optimized": engines.can_be_io_optimized,
    "local write forwarding": engines.can_forward_locally,
    "the Data API": engines.has_data_api,
}


@pytest.mark.parametrize(
    ("what", "engine", "first", "last_without"),
    [
        ("I/O-Optimized", POSTGRESQL, "16.1", "15.1"),
        ("I/O-Optimized", POSTGRESQL, "14.7", "14.6"),
        ("I/O-Optimized", POSTGRESQL, "13.10", "13.9"),
        ("I/O-Optimized", MYSQL, "8.0.mysql_aurora.3.03.1", "8.0.mysql_aurora.3.03.0"),
        ("local write forwarding", POSTGRESQL, "16.4", "16.3"),
        ("local write forwarding", POSTGRESQL, "15.8", "15.7"),
        ("local write forwarding", POSTGRESQL, "14.13", "13.23"),
        ("local write forwarding", MYSQL, "8.0.mysql_aurora.3.04.0", "8.0.mysql_aurora.3.03.3"),
        ("the Data API", POSTGRESQL, "16.1", "15.2"),
        ("the Data API", POSTGRESQL, "13.11", "13.10"),
        ("the Data API", MYSQL, "8.0.mysql_aurora.3.07.0", "8.0.mysql_aurora.3.06.1"),
    ],
)
def test_the_first_version_that_can(what: str, engine: str, first: str, last_without: str) -> None:
    assert CAN[what](engine, first)
    assert not CAN[what](engine, last_without)


@pytest.mark.parametrize("what", CAN)
@pytest.mark.parametrize(("engine", "version"), [(POSTGRESQL, "18.3"), (MYSQL, "8.4.mysql_aurora.8.4.7")])
def test_every_newer_version_can(what: str, engine: str, version: str) -> None:
    assert CAN[what](engine, version)


def test_a_version_lacks_the_classes_that_came_after_it() -> None:
    """Taken from cfn-lint's data, by which APG 14.6, an LTS version, is older than Graviton4."""
    assert "db.r8g.large" in engines.classes_missing_with(POSTGRESQL, "14.6")
    assert "db.r6g.large" not in engines.classes_missing_with(POSTGRESQL, "14.6")
    assert "db.r8g.large" not in engines.classes_missing_with(POSTGRESQL, "17.7")
    assert "db.r4.large" in engines.classes_missing_with(MYSQL, "8.0.mysql_aurora.3.10.0")
    assert engines.classes_missing_with(POSTGRESQL, "99.1") == frozenset()


def test_zones_of_a_region() -> None:
    assert (engines.zone_count("us-west-1"), engines.zone_count("eu-west-1")) == (2, 3)
    assert engines.zone_count("xx-north-1") is None


@pytest.mark.parametrize(
    ("engine", "version", "ends", "newer"),
    [
        (POSTGRESQL, "17.4", "30 Nov 2026", "17."),
        (POSTGRESQL, "17.7", None, "17."),
        (MYSQL, "8.0.mysql_aurora.3.08.2", "31 Aug 2026", "8.0.mysql_aurora.3.1"),
        (MYSQL, "8.0.mysql_aurora.3.10.0", None, "8.0.mysql_aurora.3.1"),
    ],
)
def test_a_minor_version_that_ends_leads_to_a_newer_one_of_its_major(
    engine: str, version: str, ends: str | None, newer: str
) -> None:
    assert engines.minor_ends(engine, version) == ends
    found = engines.newest_like(engine, version)
    assert found.startswith(newer)
    assert found not in engines.retired_versions(engine)


@pytest.mark.parametrize(
    ("engine", "version", "since"),
    [
        (POSTGRESQL, "13.23", "28 Feb 2026"),
        (POSTGRESQL, "14.22", None),
        (MYSQL, "5.7.mysql_aurora.2.12.5", "31 Oct 2024"),
        (MYSQL, "8.0.mysql_aurora.3.10.0", None),
        (MYSQL, "5.7", "31 Oct 2024"),
    ],
)
def test_standard_support(engine: str, version: str, since: str | None) -> None:
    assert engines.extended_support_since(engine, version) == since


@pytest.mark.parametrize("engine", [POSTGRESQL, MYSQL, "valkey", "redis"])
def test_every_known_version_is_well_formed(engine: str) -> None:
    assert [version for version in engines.known_versions(engine) if not engines.is_well_formed(engine, version)] == []


@pytest.mark.parametrize("engine", [POSTGRESQL, MYSQL, "cache"])
def test_every_known_class_is_well_formed(engine: str) -> None:
    assert [name for name in engines.known_classes(engine) if not engines.CLASS_FORM.fullmatch(name)] == []


def test_the_data_says_where_it_comes_from() -> None:
    assert set(engines.data()["sources"]) == {"cfn-lint", "cfn-lint schemas", "botocore"}


@pytest.mark.parametrize("tool", ["generate_engines", "generate_parameters", "generate_schema", "generate_estate_docs"])
def test_generated_files_are_up_to_date(tool: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / f"{tool}.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")
