"""The effects: each runs the statement that the plan showed. Each can be done again."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from runbooks import guard
from runbooks.access import database
from runbooks.access.observe import read_cluster
from runbooks.access.plan import Kind
from runbooks.access.request import AccessRequest
from runbooks.access.tools import CONNECT, AccessTools
from runbooks.aws import rds as rds_adapter
from runbooks.aws import secrets as secrets_adapter
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect, HeldCheck

Ctx = Context[AccessTools]


@contextmanager
def lock_cluster(request: AccessRequest, context: Ctx) -> Generator[HeldCheck]:
    """Hold the cluster's lock while anything is done."""
    tools = context.tools
    with guard.hold(tools.ssm, request.cluster_id, tools.holder(context.run_id), context.clock) as check:
        yield check


def run_statement(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Run the step's statement at the writer.

    Raises:
        LookupError: the cluster is gone.
    """
    request = context.tools.request
    cluster = read_cluster(context.tools, request)
    if cluster is None:
        raise LookupError(f"cluster {request.cluster_id} does not exist any more")
    with context.tools.connect(cluster) as connection:
        if step.kind is Kind.CREATE_ROLE and database.find_role(connection, request.user) is not None:
            return {"unneeded": f"{request.user} is there already"}
        database.execute(connection, step.arguments["sql"])
    return {"sql": step.arguments["sql"]}


LOOK: Final = (
    *rds_adapter.ACTIONS["find_cluster"],
    *secrets_adapter.ACTIONS["read_login"],
    CONNECT,
)
_ALL: Final = {kind: Effect(run_statement, actions=LOOK) for kind in Kind}
_GRANTS: Final = (Kind.CREATE_ROLE, Kind.ALLOW_LOGIN, Kind.GRANT_IAM, Kind.GRANT_CONNECT, Kind.GRANT_READ)
GRANT_EFFECTS: Final[Mapping[Kind, Effect[Kind, AccessTools]]] = {kind: _ALL[kind] for kind in _GRANTS}
REVOKE_EFFECTS: Final[Mapping[Kind, Effect[Kind, AccessTools]]] = {
    kind: effect for kind, effect in _ALL.items() if kind not in _GRANTS
}
