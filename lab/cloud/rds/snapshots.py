"""Cluster snapshots: states that take time, and what moto leaves out of them."""

from __future__ import annotations

from typing import Any

from lab.cloud.awserrors import rds_error
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.state import RdsState, frozen
from lab.cloud.runtime import RUNTIME, later


class SnapshotState(RdsState):
    """CreateDBClusterSnapshot over moto's; copying, sharing and deleting are moto's own."""

    def create_db_cluster_snapshot(
        self,
        db_cluster_identifier: str,
        db_cluster_snapshot_identifier: str,
        snapshot_type: str = "manual",
        tags: Any = None,
    ) -> Any:
        """A snapshot of an available cluster; `creating` first (API reference, CreateDBClusterSnapshot)."""
        with RUNTIME.lock:
            cluster = self.cluster(db_cluster_identifier)
            by_hand = isinstance(cluster, Cluster) and snapshot_type == "manual"
            if by_hand:
                self.require_available(cluster)
            snapshot = super().create_db_cluster_snapshot(
                cluster.db_cluster_identifier, db_cluster_snapshot_identifier, snapshot_type, tags
            )
            self._complete(snapshot, cluster)
            if not by_hand:
                return snapshot
            snapshot.status = "creating"
            answer = frozen(snapshot)
        self.tell("0074", cluster)
        name = f"snapshot {db_cluster_snapshot_identifier}"
        later(RUNTIME.delays.creating_s, None, lambda: self._created(snapshot, cluster), name)
        return answer

    def _complete(self, snapshot: Any, cluster: Any) -> None:
        group = self.subnet_groups.get(cluster.db_subnet_group_name)
        snapshot.vpc_id = group.vpc_id if group is not None else None
        snapshot.availability_zones = list(cluster.availability_zones)
        snapshot.db_cluster_resource_id = cluster.db_cluster_resource_id
        snapshot.iam_database_authentication_enabled = cluster.iam_database_authentication_enabled
        snapshot.storage_type = cluster.storage_type
        snapshot.engine_mode = cluster.engine_mode

    def _created(self, snapshot: Any, cluster: Any) -> None:
        snapshot.status = "available"
        self.tell("0075", cluster)

    def delete_db_cluster_snapshot(self, db_snapshot_identifier: str) -> Any:
        """Only an available one (facts S4)."""
        found = self.cluster_snapshots.get(db_snapshot_identifier)
        if found is not None and found.status != "available":
            raise rds_error("InvalidDBClusterSnapshotStateFault", f"The snapshot is in {found.status} state.")
        return super().delete_db_cluster_snapshot(db_snapshot_identifier)
