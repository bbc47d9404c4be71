"""Cluster snapshots: states that take time, and what moto leaves out of them."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

from moto.rds.models import rds_backends

from lab.cloud.awserrors import rds_error
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.copies import CopyState
from lab.cloud.rds.sharing import SharingState
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME, later


class SnapshotState(SharingState, CopyState):
    """CreateDBClusterSnapshot over moto's, and DeleteDBClusterSnapshot; copying and sharing are modules of their own.

    A snapshot's `data` is the plane's name for the copy of the volume that it holds; empty when it holds none. Copies
    of a snapshot share it, and it goes with the last of them.
    """

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
                db_cluster_snapshot_identifier = self.check_snapshot_name(db_cluster_snapshot_identifier)
                self.check_quota()
            snapshot = super().create_db_cluster_snapshot(
                cluster.db_cluster_identifier, db_cluster_snapshot_identifier, snapshot_type, tags
            )
            self._complete(snapshot, cluster)
            if not by_hand:
                return snapshot
            snapshot.status, snapshot.percent_progress = "creating", 0
            answer = frozen(snapshot)
        self.tell("0074", cluster)
        name = f"snapshot {db_cluster_snapshot_identifier}"
        work = (lambda: self._keep(snapshot, cluster)) if self.serves(cluster) else None
        failed = lambda _: setattr(snapshot, "status", "failed")  # noqa: E731
        later(RUNTIME.delays.creating_s, work, lambda: self._created(snapshot, cluster), name, failed)
        return answer

    @staticmethod
    def _keep(snapshot: Any, cluster: Any) -> None:
        """Copy the volume as it is now; whoever deletes the cluster waits for `kept`."""
        try:
            data = uuid.uuid4().hex
            RUNTIME.plane.keep_snapshot(cluster.plane_id, data)
            snapshot.data = data
        finally:
            snapshot.kept.set()

    def _complete(self, snapshot: Any, cluster: Any) -> None:
        snapshot.data, snapshot.kept = "", threading.Event()
        group = self.subnet_groups.get(cluster.db_subnet_group_name)
        snapshot.vpc_id = group.vpc_id if group is not None else None
        snapshot.availability_zones = list(cluster.availability_zones)
        snapshot.db_cluster_resource_id = cluster.db_cluster_resource_id
        snapshot.iam_database_authentication_enabled = cluster.iam_database_authentication_enabled
        snapshot.storage_type = cluster.storage_type
        snapshot.engine_mode = cluster.engine_mode

    def back_up(self, identifier: str) -> Any:
        """The automated snapshot of a backup window; nothing takes one by itself here."""
        moment = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d-%H-%M")
        name = f"rds:{identifier}-{moment}"
        return self.create_db_cluster_snapshot(identifier, name, snapshot_type="automated")

    def keep_old_volume(self, cluster: Any) -> None:
        """The volume of a primary that a global failover left behind, as an automated snapshot (facts G8)."""
        moment = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d-%H-%M-%S")
        name = f"rds:unplanned-global-failover-{cluster.db_cluster_identifier}-{moment}"
        self.create_db_cluster_snapshot(cluster.db_cluster_identifier, name, snapshot_type="automated")

    def _created(self, snapshot: Any, cluster: Any) -> None:
        snapshot.status, snapshot.percent_progress = "available", 100
        self.tell("0075", cluster)

    def delete_db_cluster_snapshot(self, db_snapshot_identifier: str) -> Any:
        """Only an available one (facts S4), a copy that is under way, which ends it, or one that failed."""
        found = self.cluster_snapshots.get(db_snapshot_identifier)
        if found is not None and found.status not in {"available", "copying", "failed"}:
            raise rds_error("InvalidDBClusterSnapshotStateFault", f"The snapshot is in {found.status} state.")
        gone = super().delete_db_cluster_snapshot(db_snapshot_identifier)
        data = getattr(gone, "data", "")
        if data and not any(getattr(each, "data", "") == data for each in _all_snapshots()):
            RUNTIME.plane.drop_snapshot(data)
        return gone

    def snapshot_to_restore(self, identifier: str) -> Any:
        """An available snapshot of this Region, by identifier or ARN; another account's only by ARN, when shared.

        Raises:
            ServiceException: DBClusterSnapshotNotFoundFault, InvalidDBClusterSnapshotStateFault.
        """
        found = self._find_snapshot(identifier)
        if found is None:
            raise rds_error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {identifier} not found.")
        if found.status != "available":
            raise rds_error("InvalidDBClusterSnapshotStateFault", f"The snapshot is in {found.status} state.")
        if self.serves(found.cluster) and not getattr(found, "data", ""):
            raise rds_error(
                "InvalidDBClusterSnapshotStateFault", f"The embedded AWS kept no data of the snapshot {identifier}."
            )
        return found

    def _find_snapshot(self, identifier: str) -> Any | None:
        found = self.find_cluster_snapshot(identifier)
        return found if found is not None and found.region == self.region_name else None


def _all_snapshots() -> list[Any]:
    backends = [backend for regions in list(rds_backends.values()) for backend in list(regions.values())]
    return [snapshot for backend in backends for snapshot in list(backend.cluster_snapshots.values())]
