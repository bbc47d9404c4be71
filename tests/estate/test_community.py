"""Which Aurora versions take the data of a community version."""

from __future__ import annotations

import pytest

from estate.community import community_version, nearest_taker, takes
from estate.engines import MYSQL, POSTGRESQL, known_versions, retired_versions


@pytest.mark.parametrize(
    ("engine", "version", "source", "expected"),
    [
        pytest.param(POSTGRESQL, "16.9", "16.9", True, id="the-same"),
        pytest.param(POSTGRESQL, "16.9", "16.8", True, id="a-higher-minor"),
        pytest.param(POSTGRESQL, "16.9", "16.10", False, id="a-lower-minor"),
        pytest.param(POSTGRESQL, "17.4", "16.8", False, id="another-major"),
        pytest.param(MYSQL, "8.0.mysql_aurora.3.10.0", "8.0.42", True, id="mysql-the-same"),
        pytest.param(MYSQL, "8.0.mysql_aurora.3.10.0", "8.0.35-R1", True, id="mysql-with-a-letter"),
        pytest.param(MYSQL, "8.0.mysql_aurora.3.08.0", "8.0.42", False, id="mysql-backwards"),
        pytest.param(MYSQL, "8.0.mysql_aurora.3.10.0", "5.7.44", False, id="mysql-another-major"),
        pytest.param(MYSQL, "8.4.mysql_aurora.8.4.7", "8.4.6", True, id="mysql-8.4"),
        pytest.param(MYSQL, "8.0.mysql_aurora.3.99.0", "8.0.42", None, id="mysql-not-known"),
        pytest.param(MYSQL, "8.4.mysql_aurora.8.4.7", "8.0.42", False, id="mysql-8.4-of-8.0"),
    ],
)
def test_what_takes_what(engine: str, version: str, source: str, expected: bool | None) -> None:
    assert takes(engine, version, source) is expected


@pytest.mark.parametrize(
    ("engine", "source", "expected"),
    [
        (POSTGRESQL, "16.7", "16.8"),
        (POSTGRESQL, "17.7", "17.7"),
        (POSTGRESQL, "10.21", None),
        (POSTGRESQL, "99.1", None),
        (MYSQL, "8.0.41", "8.0.mysql_aurora.3.10.0"),
        (MYSQL, "5.7.44", "5.7.mysql_aurora.2.12.0"),
        (MYSQL, "5.6.51", None),
    ],
)
def test_the_nearest_that_can_still_be_made(engine: str, source: str, expected: str | None) -> None:
    assert nearest_taker(engine, source) == expected
    assert expected is None or expected in known_versions(engine) - retired_versions(engine)


def test_versions_of_postgresql_are_its_own() -> None:
    assert community_version(POSTGRESQL, "16.11-limitless") == (16, 11)
