"""What must be done before an example is destroyed: AWS deletes the last instance of no replica cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.cloud.client import client


def promote_articles() -> None:
    """[B] DeleteDBInstance: "first call the PromoteReadReplicaDBCluster API action"."""
    client("rds", "us-east-1").promote_read_replica_db_cluster(DBClusterIdentifier="press-articles-us")


FAREWELLS: Mapping[str, Callable[[], None]] = {"cross-region-replica": promote_articles}
