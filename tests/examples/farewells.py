"""What an operator must do before an example is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.cloud.client import client


def promote_articles() -> None:
    """AWS deletes the last instance of no replica cluster.

    [B] DeleteDBInstance: "first call the PromoteReadReplicaDBCluster API action".
    """
    client("rds", "us-east-1").promote_read_replica_db_cluster(DBClusterIdentifier="press-articles-us")


def unprotect_green() -> None:
    """The green cluster of a blue/green deployment keeps the protection it was born with; no template reaches it."""
    rds = client("rds", "eu-west-1")
    for found in rds.describe_blue_green_deployments()["BlueGreenDeployments"]:
        name = found["Target"].rsplit(":", 1)[-1]
        rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False, ApplyImmediately=True)


def let_virginia_go() -> None:
    """A member of a global datastore is deleted only when it is none any more.

    [B] DeleteGlobalReplicationGroup: "First, you must DisassociateGlobalReplicationGroup to remove the secondary
    clusters". Destroying the datastore's own stack first does it, too; `tests/stacks/test_global_datastore.py`.
    """
    client("elasticache", "eu-west-1").disassociate_global_replication_group(
        GlobalReplicationGroupId="gxeiz-meridian-sessions",
        ReplicationGroupId="meridian-sessions-us-east-1",
        ReplicationGroupRegion="us-east-1",
    )


FAREWELLS: Mapping[str, Callable[[], None]] = {
    "cross-region-replica": promote_articles,
    "global-datastore": let_virginia_go,
    "provisioned-mysql": unprotect_green,
}
