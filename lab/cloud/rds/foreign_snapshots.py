"""Snapshots of RDS instances, as far as they are a way to Aurora: listed, found, and restored to a cluster.

Sources: API reference, RestoreDBClusterFromSnapshot ("you can use only the ARN to specify a DB snapshot") and
DescribeDBSnapshots; Aurora User Guide, "Migrating an RDS for MySQL snapshot to Aurora" and "Migrating a snapshot of an
RDS for PostgreSQL DB instance to an Aurora PostgreSQL DB cluster". Control plane only: RDS's own instances have no
processes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.rds.models import rds_backends

from estate.community import AURORA_OF, takes
from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds.cluster import DEFAULT_VERSIONS
from lab.cloud.rds.restore import RestoreState
from lab.cloud.rds.secret import new_password
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME


class ForeignSnapshotState(RestoreState):
    """DescribeDBSnapshots by ARN and by page, and RestoreDBClusterFromSnapshot of one."""

    def find_db_snapshots(self, given: Mapping[str, Any]) -> list[Any]:
        """As moto lists them; one that is shared by its ARN."""
        name = given.get("db_snapshot_identifier") or ""
        if name.startswith("arn:"):
            return [self._db_snapshot(name)]
        filters = {item["Name"]: item["Values"] for item in given.get("filters", [])}
        found = self.describe_db_snapshots(
            given.get("db_instance_identifier"), name or None, given.get("snapshot_type"), filters
        )
        return sorted(found, key=lambda each: str(each.db_snapshot_identifier))

    def restore_from_snapshot(self, given: dict[str, Any]) -> Any:
        """An instance's snapshot becomes a cluster of the Aurora engine that goes with its own."""
        identifier = given["snapshot_identifier"]
        if ":snapshot:" not in identifier:
            return super().restore_from_snapshot(given)
        with RUNTIME.lock:
            snapshot = self._db_snapshot(identifier)
            _check_way(snapshot, given)
            if RUNTIME.plane.serves(given["engine"]):
                raise rds_error(
                    "InvalidDBSnapshotStateFault",
                    f"The embedded AWS keeps no data of {identifier}: instances of RDS have no processes here.",
                )
            said = {name: value for name, value in given.items() if value is not None and name != "snapshot_identifier"}
            cluster = self._new_cluster({**_inherited(snapshot), **said})
            answer = frozen(cluster)
        self.tell("0170", cluster)
        self._start(cluster)
        return answer

    def _db_snapshot(self, arn: str) -> Any:
        """One of this Region, the account's own or shared with it.

        Raises:
            ServiceException: DBSnapshotNotFound.
        """
        _, _, _, region, account, _, name = arn.split(":", 6)
        kept = rds_backends[account][region].database_snapshots if region == self.region_name else {}
        found = next((each for key, each in kept.items() if key.lower() == name.lower()), None)
        shared = found is not None and {self.account_id, "all"} & set(found.attributes["restore"])
        if found is None or not (account == self.account_id or shared):
            raise rds_error("DBSnapshotNotFoundFault", f"DBSnapshot {arn} not found.")
        return found


def _check_way(snapshot: Any, given: Mapping[str, Any]) -> None:
    if snapshot.status != "available":
        raise rds_error("InvalidDBSnapshotStateFault", f"The snapshot is in {snapshot.status} state.")
    engine = given["engine"]
    if AURORA_OF.get(snapshot.engine) != engine:
        raise invalid_combination(
            f"The engine {engine} is not compatible with the engine of the snapshot, {snapshot.engine}."
        )
    version = given.get("engine_version") or DEFAULT_VERSIONS[engine]
    if takes(engine, version, snapshot.engine_version) is False:
        raise invalid_combination(
            f"Cannot restore a snapshot of {snapshot.engine} {snapshot.engine_version} to {engine} {version}."
        )


def _inherited(snapshot: Any) -> dict[str, Any]:
    """What comes with the data: the user, the encryption; its password too on AWS, which moto cannot tell."""
    return {
        "master_username": snapshot.master_username,
        "master_user_password": new_password(),
        "database_name": snapshot.database.db_name,
        "port": snapshot.port,
        "storage_encrypted": bool(snapshot.storage_encrypted),
        "kms_key_id": snapshot.kms_key_id if snapshot.storage_encrypted else None,
    }
