"""What a cluster's database says of its roles, and the statements that change them, over PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, LiteralString

import psycopg

from patterns.connect import connection_options
from runbooks.access.seen import ClusterSeen, RoleSeen
from runbooks.access.statements import IAM_ROLE, MARK, READ_ROLE

if TYPE_CHECKING:
    from runbooks.aws.secrets import Login

STATEMENT_TIMEOUT: Final = "-c statement_timeout=60000"
HIDDEN: Final = frozenset({"rdsadmin"})  # RDS's own database
Connection = psycopg.Connection[tuple[Any, ...]]

_IS_IN: Final = (
    "EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid "
    "WHERE m.member = r.oid AND g.rolname = %s)"
)
_ROLES: Final = (
    f"SELECT r.rolname, r.rolcanlogin, {_IS_IN}, {_IS_IN}, "  # noqa: S608 - constants; names are parameters
    "coalesce(shobj_description(r.oid, 'pg_authid'), '') "
    "FROM pg_roles r"
)
_GRANTS: Final = (
    "SELECT d.datname, a.privilege_type FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) a "
    "JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = %s ORDER BY 1, 2"
)
# One query for all databases: pg_shdepend is shared. Grants on databases are asked for by name above, memberships go
# with the role.
_DEPENDENCIES: Final = (
    "SELECT coalesce(d.datname, ''), s.deptype::text, s.classid::regclass::text, count(*) "
    "FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid LEFT JOIN pg_database d ON d.oid = s.dbid "
    "WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = %s AND s.classid <> 'pg_auth_members'::regclass "
    "AND NOT (s.deptype = 'a' AND s.classid = 'pg_database'::regclass) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_DEPENDS: Final = {"o": "owns", "a": "has privileges on", "r": "is named in policies of", "t": "has a tablespace in"}


@contextlib.contextmanager
def connect(cluster: ClusterSeen, login: Login) -> Generator[Connection]:
    """Connect to the writer as the master user."""
    options: dict[str, Any] = connection_options(
        cluster.writer_endpoint, cluster.port, user=login.username, password=login.password,
        dbname=cluster.database, application_name="runbook-access",
    )  # fmt: skip
    with psycopg.connect(**options, autocommit=True, options=STATEMENT_TIMEOUT) as connection:
        yield connection


def find_role(connection: Connection, name: str) -> RoleSeen | None:
    """A role by its exact name; None when there is none."""
    row = connection.execute(f"{_ROLES} WHERE r.rolname = %s", (IAM_ROLE, READ_ROLE, name)).fetchone()
    return None if row is None else _role(connection, row)


def list_roles(connection: Connection) -> tuple[RoleSeen, ...]:
    """The roles that may log in with IAM, by name."""
    rows = connection.execute(_ROLES, (IAM_ROLE, READ_ROLE)).fetchall()
    found = [_role(connection, row) for row in rows if row[1] and row[2]]
    return tuple(sorted(found, key=lambda role: role.name))


def _role(connection: Connection, row: tuple[Any, ...]) -> RoleSeen:
    name, can_login, in_iam, reads_all, comment = row
    grants = connection.execute(_GRANTS, (name,)).fetchall()
    others = [f"has {privilege} on database {database}" for database, privilege in grants if privilege != "CONNECT"]
    return RoleSeen(
        name=name,
        can_login=can_login,
        logs_in_with_iam=in_iam,
        reads_all=reads_all,
        marked=comment == MARK,
        databases=tuple(database for database, privilege in grants if privilege == "CONNECT"),
        left=(*others, *_dependencies(connection, name)),
    )


def _dependencies(connection: Connection, name: str) -> Generator[str]:
    for database, kind, catalog, count in connection.execute(_DEPENDENCIES, (name,)).fetchall():
        where = f" in database {database}" if database else ""
        yield f"{_DEPENDS.get(kind, 'is needed by')} {count} of {catalog}{where}"


def list_databases(connection: Connection) -> tuple[str, ...]:
    """The databases that one can connect to."""
    query = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"
    return tuple(name for (name,) in connection.execute(query) if name not in HIDDEN)


def execute(connection: Connection, text: str) -> None:
    """Run what a plan said, all of it or nothing. Identifiers in it were quoted by `statements`."""
    trusted: LiteralString = text  # pyright: ignore[reportAssignmentType]
    with connection.transaction():
        connection.execute(trusted)
