"""Passwords of a database's users, changed to ones that nobody knows. PostgreSQL only: the kit has no MySQL driver."""

from __future__ import annotations

import secrets
import string
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

from patterns.connect import auth_token, connection_options
from runbooks.aws.secrets import Login, read_login
from runbooks.tools import Tools

LENGTH: Final = 64
MASTER_LENGTH: Final = 41  # the most that RDS takes ([B] ModifyDBCluster.MasterUserPassword: "from 8 to 41 characters")
ALPHABET: Final = string.ascii_letters + string.digits  # what every client and every connection string takes
OPTIONS: Final = "-c statement_timeout=60000 -c lock_timeout=10000"
# RDS's own users, as its superuser and its proxy; `rds_` is reserved.
USERS: Final = """
SELECT rolname FROM pg_roles
WHERE rolcanlogin AND NOT rolsuper AND rolname <> current_user
AND rolname NOT LIKE 'rds\\_%' AND rolname NOT IN ('rdsadmin', 'rdsrepladmin', 'rdsproxyadmin')
ORDER BY 1
"""


def new_password(length: int = LENGTH) -> str:
    """Letters and digits; 41 of them are more than 240 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def master_login(tools: Tools, cluster: Any, secret: str) -> Login:
    """The master user of a cluster, as it is known after the rotation: by its own secret, RDS's, or a token of IAM."""
    name = secret or cluster.get("MasterUserSecret", {}).get("SecretArn", "")
    if name:
        return read_login(tools.session.secrets, name)
    user = str(cluster["MasterUsername"])
    token = auth_token(str(cluster["Endpoint"]), int(cluster["Port"]), user, tools.session.region)
    return Login(username=user, password=token)


@contextmanager
def connect(cluster: Any, login: Login) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect to the writer as the master user, to the cluster's own database."""
    options: dict[str, Any] = connection_options(
        str(cluster["Endpoint"]), int(cluster["Port"]), user=login.username, password=login.password,
        dbname=str(cluster.get("DatabaseName") or "postgres"), application_name="runbook-quarantine",
    )  # fmt: skip
    with psycopg.connect(**options, autocommit=True, options=OPTIONS) as connection:
        yield connection


def rotate_users(connection: psycopg.Connection[tuple[Any, ...]]) -> tuple[str, ...]:
    """Give every user who can log in, but the one that is connected, a password that is thrown away; all or none.

    The server is sent what it would keep, not the password: statements can end up in its log.
    """
    with connection.transaction():
        names = tuple(str(name) for (name,) in connection.execute(USERS).fetchall())
        for name in names:
            kept = connection.pgconn.encrypt_password(new_password().encode(), name.encode(), b"scram-sha-256").decode()
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(kept))
            connection.execute(statement)
    return names
