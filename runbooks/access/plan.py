"""What giving or taking IAM access will do, or every reason not to. Pure.

Resuming is planning again: what the database shows already is not planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from estate.engines import MYSQL, POSTGRESQL, RESERVED_WORDS
from runbooks.access import statements
from runbooks.access.request import AccessRequest
from runbooks.access.seen import ClusterSeen, Observed, RoleSeen
from runbooks.engine.plan import PlanRefusedError, Step

AVAILABLE: Final = "available"
NAME_MAX_BYTES: Final = {POSTGRESQL: 63, MYSQL: 32}  # NAMEDATALEN - 1; mysql.user.User
RESERVED: Final = frozenset(
    {
        "postgres",
        "root",
        "admin",
        "rdsadmin",
        "rdsrepladmin",
        "mysql",
        "public",
        "none",
        "rdsproxyadmin",
    }
)
RESERVED_STARTS: Final = ("pg_", "rds_", "rdsadmin", "mysql.")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.@+-]*")


class Kind(StrEnum):
    """The steps of giving and taking access."""

    CREATE_ROLE = "create-role"
    ALLOW_LOGIN = "allow-login"
    GRANT_IAM = "grant-iam"
    GRANT_CONNECT = "grant-connect"
    GRANT_READ = "grant-read"
    FORBID_LOGIN = "forbid-login"
    REVOKE_IAM = "revoke-iam"
    END_SESSIONS = "end-sessions"
    REVOKE_READ = "revoke-read"
    REVOKE_CONNECT = "revoke-connect"
    DROP_ROLE = "drop-role"


def name_reasons(user: str, engine: str, master: str) -> Iterable[str]:
    """Why a name may not be a database user's; the same text is the name in IAM policies."""
    longest = NAME_MAX_BYTES.get(engine, NAME_MAX_BYTES[POSTGRESQL])
    if not _NAME.fullmatch(user) or len(user) > longest:
        yield (
            f"user must be 1 to {longest} letters, digits and _ . @ + -, a letter or _ first, got {user!r}; "
            "choose another name"
        )
    low = user.lower()
    if low in RESERVED or low.startswith(RESERVED_STARTS) or low in RESERVED_WORDS.get(engine, frozenset()):
        yield f"user must not be a name that the engine or RDS keeps, got {user}; choose another name"
    if master and low == master.lower():
        yield f"user must not be the master user, got {user}; give people and applications users of their own"


def _cluster_reasons(
    request: AccessRequest, seen: Observed, cluster: ClusterSeen, mysql: tuple[str, ...]
) -> Iterable[str]:
    yield from seen.locked
    yield from name_reasons(request.user, cluster.engine, cluster.master_username)
    if cluster.engine != POSTGRESQL:
        yield (
            f"engine must be {POSTGRESQL} to be connected to, got {cluster.engine}; there is no MySQL in the lab yet "
            f"and none is connected to: as the master user run {'; '.join(mysql)}"
        )
        return
    if cluster.status != AVAILABLE:
        yield f"cluster must be available, got {cluster.status}; wait until it is"
    if not cluster.writer_id:
        yield "cluster must have a writer, got none; in a global database use the primary cluster"
    if not cluster.iam_authentication:
        yield (
            "IAM authentication must be on, got off; deploy the estate again, or "
            "`aws rds modify-db-cluster --enable-iam-database-authentication`"
        )
    if seen.unreachable:
        yield seen.unreachable


def _missing(request: AccessRequest) -> tuple[str, ...]:
    where = f" in {request.region}" if request.region else ""
    return (f"cluster {request.cluster_id} does not exist{where}; see `aws rds describe-db-clusters`",)


def grant_blockers(request: AccessRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to give access, all of them; empty when safe."""
    cluster = seen.cluster
    if cluster is None:
        return _missing(request)
    mysql = statements.mysql_grant(request.user, wanted_databases(request, cluster), read_only=request.read_only)
    return (*_cluster_reasons(request, seen, cluster, mysql), *_grant_reasons(request, seen))


def _grant_reasons(request: AccessRequest, seen: Observed) -> Iterable[str]:
    for name in request.databases if seen.databases else ():
        if name not in seen.databases:
            yield f"database must be one of {', '.join(seen.databases)}, got {name}; choose one of them"
    role = seen.role
    if role is not None and role.can_login and not role.logs_in_with_iam and not role.marked:
        yield (
            f"role {role.name} must not log in by password, got one that does; with {statements.IAM_ROLE} its password "
            "would no longer work: choose another name"
        )


def revoke_blockers(request: AccessRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to take access away, all of them; empty when safe."""
    cluster = seen.cluster
    if cluster is None:
        return _missing(request)
    return (
        *_cluster_reasons(request, seen, cluster, statements.mysql_revoke(request.user)),
        *_revoke_reasons(seen),
    )


def _revoke_reasons(seen: Observed) -> Iterable[str]:
    role = seen.role
    if role is not None and not role.logs_in_with_iam and not role.marked and not seen.began:
        yield (
            f"role {role.name} must log in with IAM, got one that does not; this runbook takes IAM access away, "
            "nothing else"
        )


def wanted_databases(request: AccessRequest, cluster: ClusterSeen) -> tuple[str, ...]:
    """The databases that were named, or else the cluster's own."""
    return tuple(dict.fromkeys(request.databases)) or (cluster.database,)


def plan_grant(request: AccessRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := grant_blockers(request, seen):
        raise PlanRefusedError(reasons)
    cluster, role, user = seen.cluster, seen.role, request.user
    assert cluster is not None  # noqa: S101 - a blocker otherwise
    steps: list[Step[Kind]] = []
    if role is None:
        steps.append(_step(Kind.CREATE_ROLE, user, statements.create_role(user), "the role is not there yet"))
    if role is None or not role.logs_in_with_iam:
        sql = statements.grant_role(statements.IAM_ROLE, user)
        steps.append(_step(Kind.GRANT_IAM, user, sql, "it logs in with an IAM token, and with nothing else"))
    if role is not None and not role.can_login:
        steps.append(_step(Kind.ALLOW_LOGIN, user, statements.set_login(user, allowed=True), "it may not log in now"))
    for name in wanted_databases(request, cluster):
        if role is None or name not in role.databases:
            sql = statements.grant_connect(name, user)
            steps.append(_step(Kind.GRANT_CONNECT, name, sql, "also where PUBLIC may not connect"))
    if request.read_only and not (role is not None and role.reads_all):
        sql = statements.grant_role(statements.READ_ROLE, user)
        steps.append(_step(Kind.GRANT_READ, user, sql, "it reads every table, and writes none"))
    return tuple(steps)


def plan_revoke(request: AccessRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing; the role itself goes only when nothing depends on it.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := revoke_blockers(request, seen):
        raise PlanRefusedError(reasons)
    role, user = seen.role, request.user
    if role is None:
        return ()
    steps: list[Step[Kind]] = []
    if role.can_login:
        sql = statements.set_login(user, allowed=False)
        steps.append(_step(Kind.FORBID_LOGIN, user, sql, "first, so that no password of old works in between"))
    if role.logs_in_with_iam:
        sql = statements.revoke_role(statements.IAM_ROLE, user)
        steps.append(_step(Kind.REVOKE_IAM, user, sql, "IAM tokens for it open nothing any more"))
    steps += _take_back(role)
    return tuple(steps)


def _take_back(role: RoleSeen) -> Iterable[Step[Kind]]:
    user = role.name
    sql = statements.end_sessions(user)
    yield _step(Kind.END_SESSIONS, user, sql, "who is connected would stay connected")
    if role.reads_all:
        sql = statements.revoke_role(statements.READ_ROLE, user)
        yield _step(Kind.REVOKE_READ, user, sql, "it reads nothing any more")
    for name in role.databases:
        yield _step(Kind.REVOKE_CONNECT, name, statements.revoke_connect(name, user), "granted by name")
    if not role.left:
        yield _step(Kind.DROP_ROLE, user, statements.drop_role(user), "it owns nothing, and nothing else depends on it")


def _step(kind: Kind, subject: str, sql: str, why: str) -> Step[Kind]:
    return Step(kind=kind, subject=subject, arguments={"sql": sql}, why=f"{why}: {sql}")
