"""Clusters born with data: from a snapshot, at a point in time, as a clone. None of them has an instance yet.

Sources: API reference, RestoreDBClusterFromSnapshot and RestoreDBClusterToPointInTime, parameter by parameter; Aurora
User Guide, "Cloning a volume for an Amazon Aurora DB cluster" and "Restoring a DB cluster to a specified time".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from moto.rds.models import DBCluster

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds import checks
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.retained_backups import RetainedBackup, RetainedBackupState
from lab.cloud.rds.secret import new_password
from lab.cloud.rds.shared import check_cross_account, foreign_cluster, is_foreign
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME

FULL_COPY, COPY_ON_WRITE = "full-copy", "copy-on-write"
_SAID_AGAIN = frozenset(
    {
        "db_cluster_identifier",
        "associated_roles",
        "backtrack_window",
        "backup_retention_period",
        "copy_tags_to_snapshot",
        "db_cluster_parameter_group_name",
        "db_subnet_group_name",
        "deletion_protection",
        "enable_cloudwatch_logs_exports",
        "enable_iam_database_authentication",
        "engine_lifecycle_support",
        "engine_mode",
        "kms_key_id",
        "network_type",
        "port",
        "preferred_backup_window",
        "serverless_v2_scaling_configuration",
        "storage_type",
        "tags",
        "vpc_security_group_ids",
    }
)
"""What a restore does not take over from its source, or takes over only when it is left out."""
_WATCHING = frozenset(
    {
        "enable_performance_insights",
        "monitoring_interval",
        "monitoring_role_arn",
        "performance_insights_kms_key_id",
        "performance_insights_retention_period",
    }
)
_OF_SNAPSHOT = _SAID_AGAIN | _WATCHING | {"snapshot_identifier", "engine", "engine_version", "database_name"}
_OF_TIME = _SAID_AGAIN | {
    "source_db_cluster_identifier",
    "source_db_cluster_resource_id",
    "restore_type",
    "restore_to_time",
    "use_latest_restorable_time",
}


class RestoreState(RetainedBackupState):
    """RestoreDBClusterFromSnapshot and RestoreDBClusterToPointInTime."""

    def restore_from_snapshot(self, given: dict[str, Any]) -> Any:
        """A cluster with the data of a snapshot; a shared one is given by its ARN (facts C16)."""
        _refuse_unknown(given, _OF_SNAPSHOT, "RestoreDBClusterFromSnapshot")
        with RUNTIME.lock:
            snapshot = self.snapshot_to_restore(given.pop("snapshot_identifier"))
            source = snapshot.cluster
            _check_engine(source, given)
            wanted = {**_inherited(source), "port": source.port, **_said(given)}
            wanted["storage_encrypted"] = bool(source.storage_encrypted or given.get("kms_key_id"))
            cluster = self._new_cluster(wanted)
            answer = frozen(cluster)
        self.tell("0170", cluster)
        self._start(cluster, from_snapshot=snapshot.data)
        return answer

    def restore_to_point_in_time(self, given: dict[str, Any]) -> Any:
        """A cluster with the data of another: a full copy of a moment, or a copy-on-write clone of now."""
        _refuse_watching(given)
        _refuse_unknown(given, _OF_TIME, "RestoreDBClusterToPointInTime")
        kind = given.get("restore_type") or FULL_COPY
        with RUNTIME.lock:
            _check_moment(kind, given)
            source = self._origin(given)
            self._check_origin(source, kind, given)
            wanted = {**_inherited(source), **_said({k: v for k, v in given.items() if k in _SAID_AGAIN})}
            wanted["engine_version"] = source.engine_version
            foreign = self._is_foreign(source)
            if not given.get("tags") and not foreign:  # "a clone is born with its source's tags" (facts C10)
                wanted["tags"] = [tag for tag in source.tags if not tag["Key"].startswith("aws:")]
            cluster = self._new_cluster(wanted)
            cluster.clone_group_id = source.join_clone_group()
            cluster.cross_account_clone = foreign
            answer = frozen(cluster)
        self.tell("0170", cluster)
        self._start(cluster, to_time=_aware(given.get("restore_to_time")), **_data_of(source))
        return answer

    def _filter_resources(self, resources: Any, filters: Any, resource_class: Any) -> Any:
        """By our own filters of clusters too, of which `clone-group-id` is one."""
        return super()._filter_resources(resources, filters, Cluster if resource_class is DBCluster else resource_class)

    def _origin(self, given: Mapping[str, Any]) -> Any:
        identifier, resource_id = given.get("source_db_cluster_identifier"), given.get("source_db_cluster_resource_id")
        if bool(identifier) == bool(resource_id):
            raise invalid_combination("Specify either SourceDBClusterIdentifier or SourceDbClusterResourceId.")
        if identifier:
            if is_foreign(self, identifier):
                return foreign_cluster(self, identifier)
            return self.cluster(identifier.lower() if not identifier.startswith("arn:") else identifier)
        for cluster in self.clusters.values():
            if cluster.db_cluster_resource_id == resource_id:
                return cluster
        backup = self.find_retained(str(resource_id))
        if backup is None:
            raise rds_error(
                "DBClusterAutomatedBackupNotFoundFault", f"No automated backup for DB cluster {resource_id} was found."
            )
        return backup

    def _is_foreign(self, source: Any) -> bool:
        return isinstance(source, Cluster) and source.account_id != self.account_id

    def _check_origin(self, source: Any, kind: str, given: Mapping[str, Any]) -> None:
        self.require_available(source)
        if given.get("kms_key_id") and not source.storage_encrypted:
            raise invalid_combination("KmsKeyId cannot be specified: the source DB cluster is not encrypted.")
        if self._is_foreign(source):
            check_cross_account(self, source, given)
        if kind == COPY_ON_WRITE and not source.clustered:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"DB cluster {source.db_cluster_identifier} must have at least one DB instance to be cloned.",
            )
        moment = _aware(given.get("restore_to_time"))
        if moment is None:
            return
        earliest, latest = source.restorable_window
        if not earliest <= moment <= latest:
            raise invalid_value(
                f"The specified restore time {moment:%Y-%m-%dT%H:%M:%SZ} is not between the earliest restorable time "
                f"{earliest:%Y-%m-%dT%H:%M:%SZ} and the latest, {latest:%Y-%m-%dT%H:%M:%SZ}."
            )


def _aware(moment: dt.datetime | None) -> dt.datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _data_of(source: Any) -> dict[str, str]:
    """Where the plane has the data: in a cluster's volume, or in what was kept of a deleted one."""
    return {"from_backup": source.data} if isinstance(source, RetainedBackup) else {"from_cluster": source.plane_id}


def _refuse_unknown(given: Mapping[str, Any], known: frozenset[str], operation: str) -> None:
    if unknown := sorted(set(given) - known):
        raise invalid_combination(f"{operation}: {', '.join(unknown)} is not modelled by the embedded AWS")


def _refuse_watching(given: Mapping[str, Any]) -> None:
    """The API takes these parameters and refuses them for every cluster but Limitless (boto3 issue 4634)."""
    if _WATCHING & set(given):
        raise invalid_combination(
            "You can enable Performance Insights or set the Enhanced Monitoring interval only when restoring from a "
            "source Aurora Limitless DB cluster."
        )


def _check_engine(source: Any, given: Mapping[str, Any]) -> None:
    if given["engine"] != source.engine:
        raise invalid_combination(
            f"The engine {given['engine']} is not compatible with the engine of the snapshot, {source.engine}."
        )
    if _order(given.get("engine_version") or source.engine_version) < _order(source.engine_version):
        raise invalid_combination(
            f"Cannot restore a snapshot of version {source.engine_version} to version {given['engine_version']}."
        )


def _order(version: str) -> list[int]:
    return [int(part) for part in version.replace("mysql_aurora", "0").split(".") if part.isdigit()]


def _check_moment(kind: str, given: Mapping[str, Any]) -> None:
    if kind not in {FULL_COPY, COPY_ON_WRITE}:
        raise invalid_value(f"Invalid restore type: {kind}. Valid: full-copy, copy-on-write.")
    moment, latest = given.get("restore_to_time"), given.get("use_latest_restorable_time")
    if moment is not None and kind == COPY_ON_WRITE:
        raise invalid_combination("RestoreToTime cannot be specified when RestoreType is copy-on-write.")
    if moment is not None and latest:
        raise invalid_combination("RestoreToTime cannot be specified when UseLatestRestorableTime is true.")
    if moment is None and not latest:
        raise invalid_combination("RestoreToTime must be specified unless UseLatestRestorableTime is true.")


def _inherited(source: Any) -> dict[str, Any]:
    """What comes with the data: users and their passwords, encryption, backup retention (facts C9)."""
    password = str(source.password or "")
    return {
        "engine": source.engine,
        "master_username": source.master_username,
        "master_user_password": password if len(password) >= checks.PASSWORD_LENGTH_MIN else new_password(),
        "database_name": source.database_name,
        "backup_retention_period": source.backup_retention_period,
        "storage_encrypted": source.storage_encrypted,
        "kms_key_id": source.kms_key_id if source.storage_encrypted else None,
    }


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
