"""A copy's database while it is masked: over PostgreSQL, as the master user. No value of a row leaves this module."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from patterns.connect import connection_options
from runbooks.aws.secrets import Login
from runbooks.masking.leaks import Leak, LeakQuery, is_accepted, looks_personal
from runbooks.masking.sql import Statement

APPLICATION: Final = "aurora-estate-mask"
SETTINGS: Final = "-c statement_timeout=0 -c row_security=off"
BIRTH: Final = "birth"  # the row that keeps from which transaction on rows are new
SAMPLE_ROWS: Final = 10_000  # of each text column whose name does not look personal
COUNT_UP_TO: Final = 1_000  # counting further would only take longer
SYNTAX: Final = "42"  # class of SQLSTATEs whose message is about the statement's text, not about rows
Connection = psycopg.Connection[tuple[Any, ...]]

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS aurora_estate.masks (run text, mask text, name text NOT NULL, sha256 text NOT NULL, "
    "transaction text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (run, mask))"
)
_CREATE: Final = ("CREATE SCHEMA IF NOT EXISTS aurora_estate", _TABLE)
_RECORD: Final = (
    "INSERT INTO aurora_estate.masks (run, mask, name, sha256, transaction) "
    "VALUES (%s, %s, %s, %s, (txid_current() %% 4294967296)::text) ON CONFLICT DO NOTHING"
)
_COLUMNS: Final = """
SELECT n.nspname, c.relname, a.attname,
       coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text IN
           ('text', 'character varying', 'character', 'citext', 'json', 'jsonb', 'xml', 'name')
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND (c.relkind = 'r' OR c.relispopulated)
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'aurora_estate') AND n.nspname !~ '^pg_'
ORDER BY 1, 2, a.attnum
"""
# Domains that nobody can own: RFC 2606 and RFC 6761.
_REAL_ADDRESSES: Final = r"""
SELECT count(*) FROM (
    SELECT FROM ({rows}) AS t
    WHERE t.{column}::text LIKE '%%@%%'
      AND regexp_replace(
            t.{column}::text,
            '[[:alnum:]._%%+-]+@([[:alnum:]-]+\.)*(example(\.(com|net|org))?|test|invalid|localhost)(?!\.?[[:alnum:]-])',
            '', 'gi'
          ) ~ '[[:alnum:]._%%+-]+@[[:alnum:]-]+(\.[[:alnum:]-]+)+'
    LIMIT %s) AS found
"""


class MaskError(Exception):
    """The database refused a statement. The message has no value of a row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a copy's writer is."""

    host: str
    port: int
    database: str


@contextlib.contextmanager
def connect(place: Place, login: Login) -> Generator[Connection]:
    """Connect to the copy's writer as the master user, who is no superuser.

    `row_security=off`: a policy that would hide rows from a mask or a leak check makes it fail instead.
    """
    options: dict[str, Any] = connection_options(
        place.host, place.port, user=login.username, password=login.password, dbname=place.database,
        application_name=APPLICATION,
    )  # fmt: skip
    with psycopg.connect(**options, autocommit=True, options=SETTINGS) as connection:
        yield connection


def prepare(connection: Connection, run_id: str) -> None:
    """Make the table of marks, and keep from which transaction on rows were written by this run."""
    with connection.transaction():
        for statement in _CREATE:
            connection.execute(trusted(statement))
        _lock(connection)
        connection.execute(_RECORD, (run_id, BIRTH, BIRTH, ""))


def end_others(connection: Connection) -> None:
    """End other sessions of this user: what a killed sitting left behind must not go on beside this one."""
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def is_marked(connection: Connection, run_id: str, token: str) -> bool:
    """Whether this run has done this mask in this database."""
    found = connection.execute("SELECT FROM aurora_estate.masks WHERE run = %s AND mask = %s", (run_id, token))
    return found.fetchone() is not None


def mark(connection: Connection, run_id: str, token: str, name: str, digest: str) -> None:
    """Keep that a mask was done."""
    connection.execute(_RECORD, (run_id, token, name, digest))


def apply(
    connection: Connection,
    statements: tuple[Statement, ...],
    *,
    run_id: str,
    token: str,
    name: str,
    digest: str,
    say: Callable[[str], None],
) -> bool:
    """Run a mask file and mark it, all in one transaction; False when it was done before.

    Raises:
        MaskError: a statement was refused; nothing of the file was done.
    """
    with connection.transaction():
        _lock(connection)  # a killed sitting's commit, still on its way, is waited for
        if is_marked(connection, run_id, token):
            return False
        for number, statement in enumerate(statements, start=1):
            rows = _run(connection, statement.text, f"{name}, line {statement.line}")
            counted = f", {rows} rows" if rows >= 0 else ""
            say(f"      {name}: statement {number} of {len(statements)}{counted}")
        mark(connection, run_id, token, name, digest)
    return True


def _lock(connection: Connection) -> None:
    connection.execute("LOCK TABLE aurora_estate.masks IN EXCLUSIVE MODE")


def _run(connection: Connection, text: str, where: str) -> int:
    try:
        return connection.execute(trusted(text)).rowcount
    except psycopg.Error as error:
        raise MaskError(f"{where}: {described(error)}") from None


def described(error: psycopg.Error) -> str:
    """What PostgreSQL said, without what may quote a row: its message only where that is about the SQL itself."""
    diagnosis = error.diag
    state = error.sqlstate or "no SQLSTATE"
    parts = [
        f"{word} {name}"
        for word, name in (
            ("table", diagnosis.table_name),
            ("column", diagnosis.column_name),
            ("constraint", diagnosis.constraint_name),
        )
        if name
    ]
    if state.startswith(SYNTAX) and diagnosis.message_primary:
        parts.insert(0, diagnosis.message_primary)
    return f"{type(error).__name__} ({state})" + "".join(f"; {part}" for part in parts)


def trusted(text: str) -> LiteralString:
    """SQL of an operator's file, or of this module."""
    known: LiteralString = text  # pyright: ignore[reportAssignmentType]
    return known


def find_leaks(
    connection: Connection, queries: tuple[LeakQuery, ...], *, run_id: str, accepted: tuple[str, ...], masked: bool
) -> tuple[Leak, ...]:
    """Everything that should not be there. The transaction can only read.

    Raises:
        MaskError: a query was refused.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        named = [leak for query in queries if (leak := _ask(connection, query)) is not None]
        seen = [
            leak for column in _columns(connection, accepted) for leak in _found(connection, column, run_id, masked)
        ]
    return (*named, *seen)


def _found(connection: Connection, column: _Column, run_id: str, masked: bool) -> tuple[Leak, ...]:  # noqa: FBT001 - one place
    try:
        return tuple(_look(connection, column, run_id, masked))
    except psycopg.Error as error:
        raise MaskError(
            f"{column.where} must be readable to be looked through, got {described(error)}; let the master user read "
            "all rows in a mask (GRANT, a policy), or accept the column once somebody looked"
        ) from None


def _ask(connection: Connection, query: LeakQuery) -> Leak | None:
    limited = f"SELECT count(*) FROM (SELECT FROM ({query.sql}\n) AS found LIMIT {COUNT_UP_TO}) AS counted"  # noqa: S608 - the operator's own query
    try:
        row = connection.execute(trusted(limited)).fetchone()
    except psycopg.Error as error:
        raise MaskError(f"leak query {query.name!r}: {described(error)}") from None
    return _counted(query.name, row, "a query of the leak file")


@dataclass(frozen=True, slots=True)
class _Column:
    schema: str
    table: str
    name: str
    is_text: bool

    @property
    def where(self) -> str:
        return f"{self.schema}.{self.table}.{self.name}"


def _columns(connection: Connection, accepted: tuple[str, ...]) -> tuple[_Column, ...]:
    found = (_Column(*row) for row in connection.execute(trusted(_COLUMNS)).fetchall())
    return tuple(column for column in found if not is_accepted(column.where, accepted))


def _look(connection: Connection, column: _Column, run_id: str, masked: bool) -> Generator[Leak]:  # noqa: FBT001 - one place
    personal = looks_personal(column.name)
    if personal and masked:
        leak = _counted(column.where, _untouched(connection, column, run_id), "looks personal, and no mask wrote it")
        if leak is not None:
            yield leak
    if column.is_text:
        what = "an e-mail address of a real domain"
        leak = _counted(column.where, _real_addresses(connection, column, whole=personal), what)
        if leak is not None:
            yield leak


def _counted(where: str, row: tuple[Any, ...] | None, what: str) -> Leak | None:
    count = int(row[0]) if row is not None else 0
    return Leak(where=where, rows=count, what=what, at_least=count == COUNT_UP_TO) if count else None


def _untouched(connection: Connection, column: _Column, run_id: str) -> tuple[Any, ...] | None:
    """Rows that are older than this run's first transaction: as the source has them."""
    query = sql.SQL(
        "SELECT count(*) FROM (SELECT FROM ONLY {table} AS t WHERE t.{column} IS NOT NULL AND t.{column}::text <> '' "
        "AND age(t.xmin) > age((SELECT transaction FROM aurora_estate.masks WHERE run = %s AND mask = %s)::xid) "
        "LIMIT %s) AS found"
    ).format(table=sql.Identifier(column.schema, column.table), column=sql.Identifier(column.name))
    return connection.execute(query, (run_id, BIRTH, COUNT_UP_TO)).fetchone()


def _real_addresses(connection: Connection, column: _Column, *, whole: bool) -> tuple[Any, ...] | None:
    """Rows with an e-mail address; of the whole table where the column's name says so, else of its first rows."""
    name, table = sql.Identifier(column.name), sql.Identifier(column.schema, column.table)
    rows = sql.SQL("SELECT {column} FROM ONLY {table}{limit}").format(
        column=name, table=table, limit=sql.SQL("") if whole else sql.SQL(" LIMIT {}").format(SAMPLE_ROWS)
    )
    query = sql.SQL(_REAL_ADDRESSES).format(rows=rows, column=name)
    return connection.execute(query, (COUNT_UP_TO,)).fetchone()
