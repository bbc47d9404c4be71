"""Automated backups as things of their own: those of clusters that are there, and those that outlive a deleted one.

Sources: Aurora User Guide, "Retaining automated backups"; API reference, DescribeDBClusterAutomatedBackups,
DeleteDBClusterAutomatedBackup and DeleteDBCluster (DeleteAutomatedBackups).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from lab.cloud.awserrors import invalid_value, rds_error
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.snapshots import SnapshotState
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME

MAX_RETAINED = 40  # "The maximum number of retained automated backups for all DB clusters in one AWS Region is 40"
RETAINED, ACTIVE = "retained", "active"


class RetainedBackup:
    """What is left of a deleted cluster: enough to be restored from, until the last of its backups expires.

    It stands for the cluster where one is restored from: everything but what is said here is the cluster's, as it was.
    `data` is the plane's name for all that it kept of the cluster's past; empty when it keeps none.
    """

    def __init__(self, cluster: Any) -> None:
        self.cluster = frozen(cluster)
        self.cluster.born_at = cluster.restorable_window[0]
        self.since, self.ended_at = cluster.restorable_window
        self.identifier = f"ab-{uuid.uuid4().hex[:26]}"
        self.data = ""
        self.status = "available"  # as a source; what is shown is `retained`

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["cluster"], name)

    @property
    def clustered(self) -> list[Any]:
        return []

    @property
    def restorable_window(self) -> tuple[dt.datetime, dt.datetime]:
        """Its beginning moves on as it did before; its end stays where the cluster's was.

        "The system snapshots and transaction logs in a retained automated backup expire the same way that they expire
        for the source DB cluster."
        """
        oldest = dt.datetime.now(dt.UTC) - dt.timedelta(days=self.cluster.backup_retention_period)
        return max(self.since, oldest), self.ended_at

    @property
    def is_over(self) -> bool:
        earliest, latest = self.restorable_window
        return earliest > latest


class RetainedBackupState(SnapshotState):
    """Keeping backups when a cluster is deleted, listing and deleting them."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.retained: dict[str, RetainedBackup] = {}

    def check_retaining(self) -> None:
        """Whether one more may be kept (DeleteDBCluster, DBClusterAutomatedBackupQuotaExceededFault)."""
        if len(self._kept()) >= MAX_RETAINED:
            raise rds_error(
                "DBClusterAutomatedBackupQuotaExceededFault",
                f"The quota for retained automated backups, {MAX_RETAINED}, was exceeded.",
            )

    def retain(self, cluster: Any) -> RetainedBackup:
        """Keep the backups of a cluster that is being deleted; seen from when it is gone."""
        return RetainedBackup(cluster)

    @staticmethod
    def keep_retained_data(backup: RetainedBackup) -> None:
        """Keep the volume's past before it goes."""
        name = uuid.uuid4().hex
        RUNTIME.plane.keep_backup(backup.cluster.plane_id, name)
        backup.data = name

    def find_retained(self, resource_id: str) -> RetainedBackup | None:
        """By the resource id of the cluster that it was of, or by its own ARN."""
        wanted = resource_id.lower()
        return next((each for each in self._kept() if wanted in _names(each)), None)

    def describe_db_cluster_automated_backups(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Backups of clusters that are there and of deleted ones."""
        with RUNTIME.lock:
            there = [_shown(each, ACTIVE, self._vpc(each)) for each in self._backed_up()]
            gone = [_shown(each, RETAINED, self._vpc(each)) for each in self._kept()]
        found = [each for each in (*there, *gone) if _is_wanted(each, given)]
        wanted = given.get("db_cluster_resource_id")
        if wanted and not found:
            raise _not_found(wanted)
        return sorted(found, key=lambda each: (each["DBClusterIdentifier"], each["DbClusterResourceId"]))

    def delete_db_cluster_automated_backup(self, resource_id: str) -> dict[str, Any]:
        """Only a retained one: those of a cluster that is there go with it."""
        with RUNTIME.lock:
            if any(resource_id.lower() in _names(each) for each in self._backed_up()):
                raise rds_error(
                    "InvalidDBClusterAutomatedBackupStateFault", f"The automated backup {resource_id} is not retained."
                )
            backup = self.find_retained(resource_id)
            if backup is None:
                raise _not_found(resource_id)
            del self.retained[backup.cluster.db_cluster_resource_id]
        if backup.data:
            RUNTIME.plane.drop_backup(backup.data)
        return _shown(backup, RETAINED, self._vpc(backup))

    def _kept(self) -> list[RetainedBackup]:
        """Those that are still something to restore from; the others are forgotten."""
        for resource_id, backup in list(self.retained.items()):
            if backup.is_over:
                del self.retained[resource_id]
                if backup.data:
                    RUNTIME.plane.drop_backup(backup.data)
        return list(self.retained.values())

    def _backed_up(self) -> list[Any]:
        return [each for each in self.clusters.values() if isinstance(each, Cluster) and each.status != "creating"]

    def _vpc(self, cluster: Any) -> str | None:
        group = self.subnet_groups.get(cluster.db_subnet_group_name)
        return group.vpc_id if group is not None else None


def _not_found(resource_id: str) -> Exception:
    return rds_error(
        "DBClusterAutomatedBackupNotFoundFault", f"No automated backup for DB cluster {resource_id} was found."
    )


def backup_arn(cluster: Any) -> str:
    """A backup's own ARN: the id is its own for a retained one, and made of the resource id for one that is not."""
    own = cluster.identifier if isinstance(cluster, RetainedBackup) else f"ab-{cluster.db_cluster_resource_id[-26:]}"
    return f"arn:aws:rds:{cluster.region}:{cluster.account_id}:cluster-auto-backup:{own.lower()}"


def _names(cluster: Any) -> set[str]:
    return {str(cluster.db_cluster_resource_id).lower(), backup_arn(cluster)}


def _shown(cluster: Any, status: str, vpc_id: str | None) -> dict[str, Any]:
    earliest, latest = cluster.restorable_window
    return {
        "Engine": cluster.engine,
        "VpcId": vpc_id,
        "DBClusterAutomatedBackupsArn": backup_arn(cluster),
        "DBClusterIdentifier": cluster.db_cluster_identifier,
        "RestoreWindow": {"EarliestTime": earliest, "LatestTime": latest},
        "MasterUsername": cluster.master_username,
        "DbClusterResourceId": cluster.db_cluster_resource_id,
        "Region": cluster.region,
        "LicenseModel": cluster.license_model,
        "Status": status,
        "IAMDatabaseAuthenticationEnabled": cluster.iam_auth,
        "ClusterCreateTime": cluster.created,
        "StorageEncrypted": bool(cluster.storage_encrypted),
        "StorageEncryptionType": cluster.storage_encryption_type,
        "AllocatedStorage": 1,  # "For Aurora, AllocatedStorage always returns 1"
        "EngineVersion": cluster.engine_version,
        "DBClusterArn": cluster.db_cluster_arn,
        "BackupRetentionPeriod": cluster.backup_retention_period,
        "PreferredBackupWindow": cluster.preferred_backup_window,
        "EngineMode": cluster.engine_mode,
        "AvailabilityZones": list(cluster.availability_zones),
        "Port": cluster.port,
        "KmsKeyId": cluster.kms_key_id if cluster.storage_encrypted else None,
        "TagList": list(cluster.tags),
    }


def _is_wanted(shown: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """By the parameters and by the filters `status`, `db-cluster-id` and `db-cluster-resource-id`; case is the same."""
    identifier, resource_id = given.get("db_cluster_identifier"), given.get("db_cluster_resource_id")
    ids = (shown["DBClusterIdentifier"], shown["DBClusterArn"])
    resources = (shown["DbClusterResourceId"], shown["DBClusterAutomatedBackupsArn"])
    asked: list[tuple[Sequence[str], Sequence[str]]] = [
        ((identifier,) if identifier else (), ids),
        ((resource_id,) if resource_id else (), resources),
    ]
    fields = {"status": (shown["Status"],), "db-cluster-id": ids, "db-cluster-resource-id": resources}
    for item in given.get("filters") or []:
        if item["Name"] not in fields:
            raise invalid_value(f"Unrecognized filter name: {item['Name']}")
        asked.append((item["Values"], fields[item["Name"]]))
    return all(
        not wanted or {each.lower() for each in wanted} & {each.lower() for each in has} for wanted, has in asked
    )
