"""A cluster and a role as a plan sees them; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runbooks.access.request import AccessRequest
from runbooks.access.runbook import revoke_runbook
from runbooks.access.seen import ClusterSeen, Observed, RoleSeen

CLUSTER = ClusterSeen(
    cluster_id="shop-orders",
    arn="arn:aws:rds:eu-west-1:123456789012:cluster:shop-orders",
    resource_id="cluster-ABC",
    status="available",
    engine="aurora-postgresql",
    port=5433,
    database="orders",
    writer_endpoint="shop-orders.cluster-abc.eu-west-1.rds.test",
    writer_id="shop-orders-a",
    master_username="keeper",
    iam_authentication=True,
    secret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1",
)
ROLE = RoleSeen(
    name="app", can_login=True, logs_in_with_iam=True, reads_all=True, marked=True, databases=("orders", "postgres")
)
SEEN = Observed(cluster=CLUSTER, databases=("orders", "postgres"))


def ask(**changes: Any) -> AccessRequest:
    return replace(AccessRequest(cluster_id="shop-orders", user="app"), **changes)


def see(role: RoleSeen | None = None, **changes: Any) -> Observed:
    """What is seen; changes of the cluster by its own fields, others of the observation."""
    of_cluster = {name: value for name, value in changes.items() if hasattr(CLUSTER, name)}
    rest = {name: value for name, value in changes.items() if name not in of_cluster}
    return replace(SEEN, role=role, cluster=replace(CLUSTER, **of_cluster), **rest)


def confirmed_revoke() -> Any:
    """The runbook, for a process that nobody can type into."""
    return replace(revoke_runbook(), irreversible=False)
