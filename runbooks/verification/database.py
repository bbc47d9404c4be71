"""Checks run at a database, read only. PostgreSQL only: the kit has no MySQL driver."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg

from patterns.connect import connection_options

if TYPE_CHECKING:
    from runbooks.aws.secrets import Login
    from runbooks.verification.checks import DataCheck

# Counting a large table takes minutes; nothing may be changed, neither in the copy nor at the source.
OPTIONS: Final = "-c statement_timeout=900000 -c lock_timeout=10000 -c default_transaction_read_only=on"
Connection = psycopg.Connection[tuple[Any, ...]]


class CheckError(Exception):
    """A statement could not be run."""


@contextlib.contextmanager
def connect(cluster: Any, login: Login, *, reader: bool = False) -> Generator[Connection]:
    """Connect to a cluster's own database; at a reader, when it has one and that is asked for."""
    has_reader = len(cluster.get("DBClusterMembers", [])) > 1
    host = cluster["ReaderEndpoint"] if reader and has_reader else cluster["Endpoint"]
    options: dict[str, Any] = connection_options(
        str(host), int(cluster["Port"]), user=login.username, password=login.password,
        dbname=str(cluster.get("DatabaseName") or "postgres"), application_name="runbook-restore-verify",
    )  # fmt: skip
    with psycopg.connect(**options, autocommit=True, options=OPTIONS) as connection:
        yield connection


def ask(connection: Connection, checks: Iterable[DataCheck]) -> dict[str, Any]:
    """The one value that each statement answers, by name; a `CheckError` where it could not be run."""
    return {check.name: _ask(connection, check.sql) for check in checks}


def _ask(connection: Connection, text: str) -> Any:
    trusted: LiteralString = text  # pyright: ignore[reportAssignmentType] - the operator's own file
    try:
        with connection.transaction():
            row = connection.execute(trusted).fetchone()
    except psycopg.Error as error:
        return CheckError(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    return row[0] if row else None
