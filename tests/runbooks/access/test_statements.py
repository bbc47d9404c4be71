from __future__ import annotations

import pytest

from runbooks.access import statements


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            statements.create_role("app"),
            'CREATE ROLE "app" LOGIN; COMMENT ON ROLE "app" IS \'made by runbook access grant\'',
            id="create",
        ),
        pytest.param(statements.grant_role("rds_iam", "app"), 'GRANT rds_iam TO "app"', id="iam"),
        pytest.param(
            statements.grant_connect('or"ders', "app"), 'GRANT CONNECT ON DATABASE "or""ders" TO "app"', id="database"
        ),
        pytest.param(statements.drop_role('a"; DROP'), 'DROP ROLE IF EXISTS "a""; DROP"', id="quotes-are-doubled"),
        pytest.param(
            statements.end_sessions("o'neil"),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'o''neil'",
            id="sessions",
        ),
        pytest.param(statements.mysql_revoke("app"), ("DROP USER IF EXISTS 'app'@'%'",), id="mysql-revoke"),
    ],
)
def test_statement(made: object, expected: object) -> None:
    assert made == expected


def test_a_mysql_user_logs_in_by_the_plugin_and_over_tls_only() -> None:
    """Aurora User Guide: `AWSAuthenticationPlugin AS 'RDS'`; `_` in GRANT is a pattern until it is escaped."""
    assert statements.mysql_grant("o'neil", ("shop_1",), read_only=True) == (
        "CREATE USER IF NOT EXISTS 'o''neil'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
        "GRANT SELECT, SHOW VIEW ON `shop\\_1`.* TO 'o''neil'@'%'",
    )
    assert len(statements.mysql_grant("app", ("shop",), read_only=False)) == 1
