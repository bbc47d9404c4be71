"""The SQL that gives and takes IAM access, as text. Pure; every identifier is quoted.

Source: Aurora User Guide, "Creating a database account using IAM authentication" (PostgreSQL: `GRANT rds_iam`; MySQL:
`AWSAuthenticationPlugin AS 'RDS'`, with `REQUIRE SSL`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MARK: Final = "made by runbook access grant"  # comment of the roles that the runbook made
IAM_ROLE: Final = "rds_iam"
READ_ROLE: Final = "pg_read_all_data"


def quoted(identifier: str) -> str:
    """A PostgreSQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def create_role(user: str) -> str:
    return f"CREATE ROLE {quoted(user)} LOGIN; COMMENT ON ROLE {quoted(user)} IS '{MARK}'"


def set_login(user: str, *, allowed: bool) -> str:
    return f"ALTER ROLE {quoted(user)} {'LOGIN' if allowed else 'NOLOGIN'}"


def grant_role(role: str, user: str) -> str:
    return f"GRANT {role} TO {quoted(user)}"


def revoke_role(role: str, user: str) -> str:
    return f"REVOKE {role} FROM {quoted(user)}"


def grant_connect(database: str, user: str) -> str:
    return f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(user)}"


def revoke_connect(database: str, user: str) -> str:
    return f"REVOKE CONNECT ON DATABASE {quoted(database)} FROM {quoted(user)}"


def end_sessions(user: str) -> str:
    name = user.replace("'", "''")
    return f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{name}'"  # noqa: S608 - quoted


def drop_role(user: str) -> str:
    return f"DROP ROLE IF EXISTS {quoted(user)}"


def mysql_account(user: str) -> str:
    """A MySQL account from any host."""
    name = user.replace("\\", "\\\\").replace("'", "''")
    return f"'{name}'@'%'"


def mysql_grant(user: str, databases: Iterable[str], *, read_only: bool) -> tuple[str, ...]:
    """What gives a MySQL user IAM access; `databases` are those that may be read."""
    account = mysql_account(user)
    made = [f"CREATE USER IF NOT EXISTS {account} IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL"]
    if read_only:
        made += [f"GRANT SELECT, SHOW VIEW ON {_mysql_quoted(name)}.* TO {account}" for name in databases]
    return tuple(made)


def mysql_revoke(user: str) -> tuple[str, ...]:
    """What takes a MySQL user's access away, its privileges with it."""
    return (f"DROP USER IF EXISTS {mysql_account(user)}",)


def _mysql_quoted(identifier: str) -> str:
    """A MySQL identifier in GRANT, where `_` and `%` would be patterns."""
    escaped = identifier.replace("`", "``").replace("_", "\\_").replace("%", "\\%")
    return f"`{escaped}`"
