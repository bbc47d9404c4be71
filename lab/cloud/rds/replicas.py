"""Cross-Region read replicas of Aurora MySQL: a whole cluster that follows another Region's by the binary log.

Source: Aurora User Guide, "Replicating Amazon Aurora MySQL DB clusters across AWS Regions"; control plane only.
"""

from __future__ import annotations

from typing import Any

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds import checks
from lab.cloud.rds.global_clusters import GlobalState
from lab.cloud.rds.members import refuse_login
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME, later

MAX_REPLICAS = 5  # "You can create up to five cross-Region DB clusters that are read replicas."
_BINLOG = {"mixed", "row", "statement"}


class ReplicaState(GlobalState):
    """CreateDBCluster with ReplicationSourceIdentifier, and PromoteReadReplicaDBCluster."""

    def find_source(self, given: dict[str, Any]) -> Any | None:
        """The cluster that a new one is to replicate, after checking that it may; None for any other cluster."""
        arn = given.get("replication_source_identifier")
        if not arn:
            return None
        if given["engine"] != "aurora-mysql":
            raise invalid_combination(
                "Aurora PostgreSQL has no cross-Region read replica cluster; use a global cluster for that."
            )
        if ":cluster:" not in arn:
            raise invalid_combination(
                "ReplicationSourceIdentifier of a DB instance is not modelled by the embedded AWS"
            )
        source = self._cluster_by_arn(arn)
        self._check_source(source)
        refuse_login(given)
        self._complete_replica(source, given)
        return source

    def _check_source(self, source: Any) -> None:
        self.require_available(source)
        arn = source.db_cluster_arn
        if source.region == self.region_name:
            raise invalid_combination(f"Source cluster {arn} must be in another Region than its read replica.")
        if len(source.read_replica_identifiers) >= MAX_REPLICAS:
            raise rds_error("InvalidDBClusterStateFault", f"Source cluster {arn} has {MAX_REPLICAS} read replicas.")
        if not self._writes_binlog(source):
            raise rds_error("InvalidDBClusterStateFault", f"Source cluster {arn} doesn't have binlogs enabled")

    def _writes_binlog(self, source: Any) -> bool:
        groups = self.backend_of(source).db_cluster_parameter_groups
        group = groups.get(source.db_cluster_parameter_group_name)
        value = group.parameters.get("binlog_format", {}).get("ParameterValue", "") if group is not None else ""
        return str(value).lower() in _BINLOG

    @staticmethod
    def _complete_replica(source: Any, given: dict[str, Any]) -> None:
        version = given["engine_version"] = given.get("engine_version") or source.engine_version
        families = {checks.default_family("aurora-mysql", each) for each in (version, source.engine_version)}
        if len(families) > 1:
            raise invalid_combination(
                f"The engine version requested ({version}) is of another major version than the source cluster's "
                f"({source.engine_version})."
            )
        if source.storage_encrypted:
            if not given.get("kms_key_id"):
                raise invalid_combination(
                    f"Source cluster {source.db_cluster_arn} is encrypted; pass a valid KMS key from the current region"
                )
            given["storage_encrypted"] = True
        given["master_username"], given["master_user_password"] = source.master_username, source.password

    def attach_replica(self, source: Any, replica: Any) -> None:
        source.read_replica_identifiers.append(replica.db_cluster_arn)
        replica.take_login_of(source)

    def detach_replica(self, replica: Any) -> None:
        """Break the link on both sides; nothing when there is none."""
        arn, replica.replication_source_identifier = replica.replication_source_identifier, None
        if not arn:
            return
        source = self._cluster_by_arn(arn)
        source.read_replica_identifiers = [
            each for each in source.read_replica_identifiers if each != replica.db_cluster_arn
        ]

    def promote_read_replica_db_cluster(self, db_cluster_identifier: str) -> Any:
        with RUNTIME.lock:
            replica = self.cluster(db_cluster_identifier)
            self.require_available(replica)
            if not replica.replication_source_identifier:
                raise rds_error("InvalidDBClusterStateFault", f"DB cluster {db_cluster_identifier} is no read replica.")
            replica.status = "promoting"
            answer = frozen(replica)

        def promoted() -> None:
            self.detach_replica(replica)
            replica.status = "available"

        later(RUNTIME.delays.modifying_s, None, promoted, f"promote {db_cluster_identifier}")
        return answer

    def check_last_instance(self, cluster: Any) -> None:
        """The last instance of a source stays while it has replicas, and that of a replica until it is promoted.

        API reference, DeleteDBInstance, for the replica.
        """
        if len([member for member in cluster.clustered if member.status != "deleting"]) > 1:
            return
        if cluster.replication_source_identifier:
            raise rds_error(
                "InvalidDBClusterStateFault",
                "Cannot delete the last instance of the read replica DB cluster. Promote the DB cluster to a "
                "standalone DB cluster in order to delete it.",
            )
        database = cluster.global_database
        if cluster.read_replica_identifiers or (
            database is not None and database.primary is cluster and database.secondaries
        ):
            raise rds_error(
                "InvalidDBClusterStateFault",
                "Cannot delete the last instance of the master cluster. Delete the replica cluster before deleting the "
                "last master cluster instance.",
            )
