"""The effects of masking. Each looks that the copy is this run's own and closed, right before it connects.

No value of a row and no password leaves them; what a mask did is counted.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import psycopg

from estate.engines import POSTGRESQL
from estate.names import TAG_MASKED
from patterns.connect import auth_token
from runbooks.aws import secrets as secrets_adapter
from runbooks.aws.secrets import Login, find_own_secret, read_login
from runbooks.engine.run import Effect
from runbooks.engine.wait import PENDING, READY, WaitTimedOutError, wait_for
from runbooks.masking import closed, command, database
from runbooks.masking.database import Connection, Place
from runbooks.masking.files import read_file
from runbooks.masking.leaks import Leak, parse_leaks
from runbooks.masking.plan import MaskKind
from runbooks.masking.sql import parse_mask
from runbooks.tags import from_aws

if TYPE_CHECKING:
    from runbooks.engine.plan import Step
    from runbooks.engine.run import Context
    from runbooks.tools import Tools

CONNECT_S: Final = 60.0
EVERY_S: Final = 1.0
NOT_FOUND: Final = "nothing was found"


class LeaksFoundError(Exception):
    """Something was found that should not be there. The copy stays closed. Exit code 1."""

    def __init__(self, cluster_id: str, leaks: tuple[Leak, ...]) -> None:
        self.leaks = leaks
        found = "; ".join(str(leak) for leak in leaks)
        super().__init__(
            f"{cluster_id} must have no leak, got {len(leaks)}: {found}. It stays closed: mask what was found, or "
            "accept a column by --accept-leak SCHEMA.TABLE.COLUMN, and start another run"
        )


def mask_by_file(step: Step[Any], context: Context[Tools]) -> Mapping[str, Any]:
    """Run a file of SQL, unless the copy itself says that this run has done it."""
    arguments = step.arguments
    statements = parse_mask(read_file(arguments["path"], arguments["sha256"]))
    cluster = closed.check_closed(context, arguments["cluster"])
    with _connected(context, cluster, arguments) as connection:
        database.prepare(connection, context.run_id)
        done = database.apply(
            connection,
            statements,
            run_id=context.run_id,
            token=arguments["token"],
            name=step.subject,
            digest=arguments["sha256"],
            say=context.say,
        )
    _note(step, context, cluster)
    return {"statements": len(statements), **({} if done else {"unneeded": "the copy says that it was done"})}


def mask_by_command(step: Step[Any], context: Context[Tools]) -> Mapping[str, Any]:
    """Run a program to its end; one that failed is run again by the next sitting.

    Raises:
        MaskCommandError: it did not end with 0.
    """
    arguments = step.arguments
    words = tuple(arguments["command"])
    cluster = closed.check_closed(context, arguments["cluster"])
    place, login = _place(cluster, arguments), _login(context, cluster, arguments)
    if cluster["Engine"] != POSTGRESQL:
        environ = command.mysql_environment(place, login, arguments["cluster"], os.environ)
        ended = _run(words, environ, login, context)
    else:
        with _connected(context, cluster, arguments) as connection:
            database.prepare(connection, context.run_id)
            if database.is_marked(connection, context.run_id, arguments["token"]):
                _note(step, context, cluster)
                return {"unneeded": "the copy says that it was done"}
            database.end_others(connection)
        environ = command.environment(place, login, arguments["cluster"], os.environ)
        ended = _run(words, environ, login, context)
        with _connected(context, cluster, arguments) as connection:
            database.mark(connection, context.run_id, arguments["token"], step.subject, "")
    _note(step, context, cluster)
    return {"exit_code": ended.code, "last_lines": list(ended.lines)}


def _run(words: tuple[str, ...], environ: Mapping[str, str], login: Login, context: Context[Tools]) -> command.Ended:
    ended = command.run(words, environ, login.password, context.say)
    if ended.code != 0:
        context.journal.record("mask.failed", command=list(words), exit_code=ended.code, last_lines=list(ended.lines))
        last = f": {ended.lines[-1]}" if ended.lines else ""
        raise command.MaskCommandError(f"{words[0]} must end with 0, got {ended.code}{last}; the copy stays closed")
    return ended


def look_for_leaks(step: Step[Any], context: Context[Tools]) -> Mapping[str, Any]:
    """Ask the leak file's queries and the built-in ones.

    Raises:
        LeaksFoundError: with everything that was found, by place and count.
    """
    arguments = step.arguments
    queries = parse_leaks(read_file(arguments["path"], arguments["sha256"])) if "path" in arguments else ()
    cluster = closed.check_closed(context, arguments["cluster"])
    with _connected(context, cluster, arguments) as connection:
        database.prepare(connection, context.run_id)
        leaks = database.find_leaks(
            connection,
            queries,
            run_id=context.run_id,
            accepted=tuple(arguments["accepted"]),
            masked=arguments["masked"],
        )
    if leaks:
        found = [{"where": leak.where, "rows": leak.rows, "what": leak.what} for leak in leaks]
        context.journal.record("mask.leaked", cluster=arguments["cluster"], leaks=found)
        raise LeaksFoundError(arguments["cluster"], leaks)
    _note(step, context, cluster)
    return {"queries": len(queries), "leaks": NOT_FOUND}


def _note(step: Step[Any], context: Context[Tools], cluster: Mapping[str, Any]) -> None:
    """Write the tag that the plan shows, unless it is there."""
    (call,) = step.calls
    wanted = call.parameters["Tags"][0]["Value"]
    if from_aws(cluster.get("TagList", [])).get(TAG_MASKED) != wanted:
        context.tools.perform(call)


def _place(cluster: Mapping[str, Any], arguments: Mapping[str, Any]) -> Place:
    name = arguments["database"] or cluster.get("DatabaseName") or "postgres"
    return Place(host=cluster["Endpoint"], port=cluster["Port"], database=name)


def _login(context: Context[Tools], cluster: Mapping[str, Any], arguments: Mapping[str, Any]) -> Login:
    """The copy's master user: by the secret that was named, RDS's, the kit's, or with an IAM token."""
    session = context.tools.session
    secret = arguments["secret_name"] or cluster.get("MasterUserSecret", {}).get("SecretArn", "")
    secret = secret or find_own_secret(session.secrets, cluster["DBClusterIdentifier"])
    if secret:
        return read_login(session.secrets, secret)
    user, host = cluster["MasterUsername"], cluster["Endpoint"]
    return Login(username=user, password=auth_token(host, cluster["Port"], user, session.region))


@contextmanager
def _connected(
    context: Context[Tools], cluster: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Generator[Connection]:
    """A connection to the copy's writer; a new password and a new name take a moment to be known everywhere."""
    place = _place(cluster, arguments)
    said: list[str] = []

    def attempt() -> bool:
        try:
            with database.connect(place, _login(context, cluster, arguments)):
                return True
        except (psycopg.OperationalError, OSError) as error:
            said[:] = [_first_line(error)]
            return False

    where = f"{place.host}:{place.port}"
    try:
        wait_for(
            f"a connection to {where}",
            poll=attempt,
            judge=lambda answered: READY if answered else PENDING,
            timeout_s=CONNECT_S,
            every_s=EVERY_S,
            clock=context.clock,
        )
    except WaitTimedOutError as error:
        raise ConnectionError(
            f"{where} must take the copy's master user from here within {CONNECT_S:.0f} s, got: "
            f"{said[0] if said else error}; run inside the VPC, and name this machine's network by --reach-from"
        ) from None
    with database.connect(place, _login(context, cluster, arguments)) as connection:
        yield connection


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


_LOOK: Final = (*closed.ACTIONS, *secrets_adapter.ACTIONS["read_login"], "rds-db:connect", "rds:AddTagsToResource")
_EFFECT: Final[Mapping[MaskKind, Any]] = {
    MaskKind.FILE: mask_by_file,
    MaskKind.COMMAND: mask_by_command,
    MaskKind.LEAKS: look_for_leaks,
}
MASKING_EFFECTS: Final[Mapping[StrEnum, Effect[Any, Any]]] = {
    kind: Effect(effect, actions=_LOOK) for kind, effect in _EFFECT.items()
}
MASKING_READS: Final[tuple[str, ...]] = ("rds:DescribeDBClusters",)
