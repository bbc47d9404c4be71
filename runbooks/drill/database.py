"""The drill's own table, and what servers say of themselves, over PostgreSQL."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from patterns.connect import connection_options, resolve
from runbooks.drill.plan import SCHEMA
from runbooks.drill.topology import ServerSeen, Topology

if TYPE_CHECKING:
    from runbooks.aws.secrets import Login

STATEMENT_TIMEOUT: Final = "-c statement_timeout=60000"
REACH_TIMEOUT_S: Final = 3.0
Connection = psycopg.Connection[tuple[Any, ...]]


class NoWriterError(RuntimeError):
    """No server of the cluster takes writes."""


def table_name(run_id: str) -> str:
    """The table of a run, in the drill's schema."""
    return f"run_{re.sub('[^a-z0-9]', '_', run_id)}"


def reach(host: str, port: int) -> str:
    """Why the endpoint cannot be reached from here; empty when it can."""
    try:
        with socket.create_connection((resolve(host), port), timeout=REACH_TIMEOUT_S):
            return ""
    except OSError as error:
        return (
            f"{host}:{port} must be reachable from here, got: {error}; "
            "run the drill inside the VPC, or through a port forwarding"
        )


@contextlib.contextmanager
def connect(host: str, topology: Topology, login: Login) -> Generator[Connection]:
    """Connect to one name of a cluster, as the master user."""
    options: dict[str, Any] = connection_options(
        host, topology.port, user=login.username, password=login.password, dbname=topology.database,
        application_name="runbook-drill",
    )  # fmt: skip
    with psycopg.connect(**options, autocommit=True, options=STATEMENT_TIMEOUT) as connection:
        yield connection


@contextlib.contextmanager
def connect_to_writer(topology: Topology, login: Login) -> Generator[Connection]:
    """Connect to the server that takes writes: through the writer endpoint, or wherever it is.

    Raises:
        NoWriterError: no server says that it is the writer.
    """
    said: list[str] = []
    for host in (topology.writer_endpoint, *(member.address for member in topology.members)):
        with contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(connect(host, topology, login))
                is_reader = _is_reader(connection)
            except (psycopg.Error, OSError) as error:
                said.append(f"{host}: {_first_line(error)}")
                continue
            if not is_reader:
                yield connection
                return
            said.append(f"{host}: is a reader")
    raise NoWriterError(f"no server of {topology.cluster_id} takes writes: {'; '.join(said)}")


def ask_servers(topology: Topology, login: Login) -> tuple[ServerSeen, ...]:
    """Ask the server behind each name what it is: the writer endpoint, the reading ones, every instance."""
    names = [("writer", topology.writer_endpoint)]
    names += [(endpoint.name, endpoint.host) for endpoint in topology.endpoints]
    names += [(member.instance_id, member.address) for member in topology.members]
    return tuple(_ask(name, host, topology, login) for name, host in names)


def prepare(connection: Connection, table: str) -> str:
    """Make the drill's schema and this run's table; return the server's version. What is there already stays."""
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} (number bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())"
        ).format(sql.Identifier(SCHEMA, table))
    )
    row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else ""


def count_rows(connection: Connection, table: str) -> dict[int, int]:
    """How often each number is in the table. No unique key keeps duplicates out: they are what is looked for."""
    query = sql.SQL("SELECT number, count(*) FROM {} GROUP BY number").format(sql.Identifier(SCHEMA, table))
    return {int(number): int(times) for number, times in connection.execute(query)}


def drop(connection: Connection, table: str) -> None:
    """Drop this run's table, and the schema when it was the last one in it."""
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(SCHEMA, table)))
    with contextlib.suppress(psycopg.errors.DependentObjectsStillExist):
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(SCHEMA)))


def _ask(name: str, host: str, topology: Topology, login: Login) -> ServerSeen:
    try:
        with connect(host, topology, login) as connection:
            address = connection.info.hostaddr
            return ServerSeen(name=name, address=address, is_reader=_is_reader(connection))
    except (psycopg.Error, OSError) as error:
        return ServerSeen(name=name, error=_first_line(error))


def _is_reader(connection: Connection) -> bool:
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
