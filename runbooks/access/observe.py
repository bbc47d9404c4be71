"""What AWS and the database show before and after. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from botocore.exceptions import ClientError

from estate.engines import POSTGRESQL
from runbooks.access import database
from runbooks.access.request import AccessRequest
from runbooks.access.seen import ClusterSeen, Observed
from runbooks.aws.rds import error_code
from runbooks.aws.secrets import find_own_secret
from runbooks.guard import find_lease, lock_blockers

if TYPE_CHECKING:
    from runbooks.access.tools import AccessTools
    from runbooks.engine.run import Context


def observe(request: AccessRequest, context: Context[AccessTools]) -> Observed:
    """Look at the cluster, its lock, the role and the databases."""
    tools = context.tools
    cluster = read_cluster(tools, request)
    began = any(event["event"] == "step.intended" for event in context.journal.events)
    locked = lock_blockers(find_lease(tools.ssm, request.cluster_id), context.run_id, context.clock.now())
    if cluster is None or not can_be_asked(cluster):
        return Observed(cluster=cluster, locked=locked, began=began)
    try:
        with tools.connect(cluster) as connection:
            role = database.find_role(connection, request.user)
            databases = database.list_databases(connection)
    except (psycopg.Error, OSError, ClientError) as error:
        return Observed(cluster=cluster, locked=locked, began=began, unreachable=unreachable(cluster, error))
    return Observed(cluster=cluster, role=role, databases=databases, locked=locked, began=began)


def can_be_asked(cluster: ClusterSeen) -> bool:
    """Whether there is a server to ask; why not is the plan's to say."""
    return cluster.engine == POSTGRESQL and bool(cluster.writer_id)


def unreachable(cluster: ClusterSeen, error: Exception) -> str:
    """Why the database could not be asked: the first line of what the server or AWS said, never a secret."""
    if isinstance(error, ClientError):
        return (
            f"the master user's secret must be readable, got {error_code(error)} for {cluster.secret}; "
            "name it by --secret, and see `runbook policy access grant` for what it takes"
        )
    said = str(error).strip().splitlines()
    where = f"{cluster.writer_endpoint}:{cluster.port}"
    how = "the secret's password" if cluster.secret else "an IAM token"
    return (
        f"{where} must take {cluster.master_username} with {how}, got: {said[0] if said else type(error).__name__}; "
        "run inside the VPC or through a port forwarding; name the master user's secret by --secret if it has another"
    )


def read_cluster(tools: AccessTools, request: AccessRequest) -> ClusterSeen | None:
    """The cluster, and where its master user's password is; None when it does not exist."""
    cluster = tools.rds.find_cluster(request.cluster_id)
    if cluster is None:
        return None
    secret = request.secret or cluster.master_secret_arn
    return ClusterSeen(
        cluster_id=cluster.cluster_id,
        arn=cluster.arn,
        resource_id=cluster.resource_id,
        status=cluster.status,
        engine=cluster.engine,
        port=cluster.port,
        database=cluster.database or "postgres",
        writer_endpoint=cluster.writer_endpoint,
        writer_id=cluster.writer_id or "",
        master_username=cluster.master_username,
        iam_authentication=cluster.iam_authentication,
        secret=secret or find_own_secret(tools.session.secrets, cluster.cluster_id),
    )
