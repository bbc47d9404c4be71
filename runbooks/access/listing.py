"""`access list`: reads, and nothing else; no run, no lock."""

from __future__ import annotations

import psycopg
from botocore.exceptions import ClientError

from estate.engines import POSTGRESQL
from runbooks.access import database
from runbooks.access.observe import can_be_asked, read_cluster, unreachable
from runbooks.access.request import AccessRequest
from runbooks.access.seen import RoleSeen
from runbooks.access.tools import open_tools
from runbooks.engine.plan import PlanRefusedError


def list_access(request: AccessRequest) -> tuple[RoleSeen, ...]:
    """The roles that may log in with IAM.

    Raises:
        PlanRefusedError: the cluster cannot be asked; with the reason.
    """
    tools = open_tools(request)
    cluster = read_cluster(tools, request)
    if cluster is None:
        raise PlanRefusedError((f"cluster {request.cluster_id} does not exist; see `aws rds describe-db-clusters`",))
    if not can_be_asked(cluster):
        got = f"{cluster.engine}, {cluster.writer_id or 'no writer'}"
        raise PlanRefusedError((f"cluster must be {POSTGRESQL} and have a writer, got {got}",))
    try:
        with tools.connect(cluster) as connection:
            return database.list_roles(connection)
    except (psycopg.Error, OSError, ClientError) as error:
        raise PlanRefusedError((unreachable(cluster, error),)) from error
