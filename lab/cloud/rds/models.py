"""The RDS backend: Aurora clusters and instances with states that take time, over moto's for everything else."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Mapping
from typing import Any

from moto.rds.models import rds_backends

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.faults import Fault
from lab.cloud.rds import checks, members, modify
from lab.cloud.rds.backtrack import BacktrackState
from lab.cloud.rds.blue_green import BlueGreenState
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.endpoints import EndpointState
from lab.cloud.rds.exports import ExportState
from lab.cloud.rds.global_clusters import join
from lab.cloud.rds.instance import Instance
from lab.cloud.rds.proxies import ProxyState
from lab.cloud.rds.replicas import ReplicaState
from lab.cloud.rds.retained_backups import RetainedBackup
from lab.cloud.rds.roles import RoleState
from lab.cloud.rds.s3_import import S3ImportState
from lab.cloud.rds.state import frozen
from lab.cloud.rds.subscriptions import SubscriptionState
from lab.cloud.runtime import RUNTIME, later
from lab.plane import ClusterRequest, PlaneError, Record

MAX_READERS = 15
CLUSTER_WAIT_S = 120.0
_GONE = frozenset({"deleting", "failed"})


class AuroraBackend(
    BacktrackState,
    BlueGreenState,
    ReplicaState,
    EndpointState,
    S3ImportState,
    ExportState,
    SubscriptionState,
    ProxyState,
    RoleState,
):
    """One account's RDS in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.resource_map[Cluster] = self.clusters

    # --- clusters

    def create_db_cluster(self, kwargs: Any) -> Any:
        given = dict(kwargs)
        if given["engine"] not in checks.AURORA_ENGINES:
            return super().create_db_cluster(kwargs)
        with RUNTIME.lock:
            cluster = self._new_cluster(given)
            answer = frozen(cluster)
        self.tell("0170", cluster)
        self._start(cluster)
        return answer

    def _new_cluster(self, given: dict[str, Any]) -> Any:
        name = given["db_cluster_identifier"] = given["db_cluster_identifier"].lower()
        checks.check_identifier(name, "DBClusterIdentifier")
        if name in self.clusters:
            raise rds_error("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {name}")
        checks.check_cluster(self, given["engine"], given)
        checks.check_subnet_group(self, given.get("db_subnet_group_name"))
        database, source = self.find_global(given), self.find_source(given)
        if database is not None:
            members.complete_joining(database, given)
        if source is None and (database is None or database.primary is None):
            checks.check_master(given)
        self._resolve_keys(given)
        given["availability_zones"] = given.get("availability_zones") or self._zones(given.get("db_subnet_group_name"))
        cluster = Cluster(self, **given)
        cluster.status = "creating"
        cluster.plane_id = self.plane_name(name, "clusters")
        self.clusters[name] = cluster
        if database is not None:
            join(database, cluster)
        if source is not None:
            self.attach_replica(source, cluster)
        return cluster

    def _resolve_keys(self, given: dict[str, Any]) -> None:
        """Keys as ARNs, checked to exist; encryption without one uses the account's own RDS key."""
        if given.get("storage_encrypted") and not given.get("kms_key_id"):
            given["kms_key_id"] = "alias/aws/rds"
        for name in ("kms_key_id", "performance_insights_kms_key_id", "master_user_secret_kms_key_id"):
            if given.get(name):
                given[name] = self.key_arn(given[name])

    def key_arn(self, key: str) -> str:
        """ARN of a KMS key that must exist.

        Raises:
            ServiceException: KMSKeyNotAccessibleFault.
        """
        try:
            if key.startswith("alias/aws/"):  # AWS's own key of a service, which no other account can be let use
                self.kms.describe_key(key).key_manager = "AWS"
            return str(self._validate_kms_key(key))
        except Exception as error:
            raise rds_error(
                "KMSKeyNotAccessibleFault", f"The specified KMS key [{key}] does not exist or is not accessible."
            ) from error

    def _zones(self, group: str | None) -> list[str] | None:
        if not group or group not in self.subnet_groups:
            return None
        subnets = self.subnet_groups[group].subnets
        return sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})

    def _start(self, cluster: Any, *, to_time: dt.datetime | None = None, **origin: str) -> None:
        """Have the plane start it, empty or with data that the plane knows (`from_...` of `ClusterRequest`)."""
        request = ClusterRequest(
            cluster_id=cluster.plane_id,
            engine=cluster.engine,
            version=cluster.engine_version,
            port=cluster.port,
            username=cluster.master_username or "",
            password=cluster.password if cluster.master_username else "",
            database=cluster.database_name,
            iam_master=cluster.master_user_authentication_type == checks.IAM_MASTER,
            to_time=to_time,
            **origin,
        )
        work = (lambda: RUNTIME.plane.create_cluster(request)) if self.serves(cluster) else None

        def available() -> None:
            cluster.status = "available"
            self.publish_cluster(cluster)
            if cluster.global_database is not None:
                self.publish_global(cluster.global_database)

        name = f"create {cluster.db_cluster_identifier}"
        later(RUNTIME.delays.creating_s, work, available, name, self._failed(cluster))

    def modify_db_cluster(self, kwargs: Any) -> Any:
        given = dict(kwargs)
        with RUNTIME.lock:
            cluster = self.cluster(given["db_cluster_identifier"])
            if not isinstance(cluster, Cluster):
                return super().modify_db_cluster(kwargs)
            self.require_available(cluster)
            members.check_member_change(cluster, given)
            password = modify.modify_cluster(self, cluster, given)
            cluster.status = "modifying"
            answer = frozen(cluster)
        work = None
        if password is not None and self.serves(cluster):
            work = _set_password(cluster.plane_id, password)

        def available() -> None:
            cluster.status = "available"
            if password is not None:
                self.tell("0016", cluster)

        name = f"modify {cluster.db_cluster_identifier}"
        later(RUNTIME.delays.modifying_s, work, available, name, self._failed(cluster))
        return answer

    def delete_cluster(
        self, identifier: str, *, skip_final_snapshot: bool, final_snapshot: str | None, delete_backups: bool
    ) -> Any:
        with RUNTIME.lock:
            cluster = self.cluster(identifier)
            if not isinstance(cluster, Cluster):
                return super().delete_db_cluster(identifier, final_snapshot)
            self._check_delete(cluster, final_snapshot, skip=skip_final_snapshot)
            if not delete_backups:
                self.check_retaining()
            final = self._final_snapshot(cluster, final_snapshot)
            backup = None if delete_backups else self.retain(cluster)
            cluster.status = "deleting"
            answer = frozen(cluster)
        cluster_id = cluster.db_cluster_identifier
        work = (lambda: self._delete_data(cluster, final, backup)) if self.serves(cluster) else None
        gone = lambda: self._forget_cluster(cluster, backup)  # noqa: E731
        later(RUNTIME.delays.deleting_s, work, gone, f"delete {cluster_id}", self._failed(cluster))
        return answer

    def _final_snapshot(self, cluster: Any, name: str | None) -> Any | None:
        return self.create_db_cluster_snapshot(cluster.db_cluster_identifier, name) if name else None

    def _delete_data(self, cluster: Any, final: Any | None, backup: RetainedBackup | None) -> None:
        """After the final snapshot and the backups that stay have their copy."""
        if final is not None:
            final.kept.wait(CLUSTER_WAIT_S)
        if backup is not None:
            self.keep_retained_data(backup)
        RUNTIME.plane.delete_cluster(cluster.plane_id)

    def _check_delete(self, cluster: Any, final_snapshot: str | None, *, skip: bool) -> None:
        if skip and final_snapshot:
            raise invalid_combination(
                "FinalDBSnapshotIdentifier can not be specified when deleting a cluster with SkipFinalSnapshot."
            )
        if not skip and not final_snapshot:
            raise invalid_combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
        if cluster.deletion_protection:
            raise invalid_combination(
                "Cannot delete protected Cluster, please disable deletion protection and try again."
            )
        if [member for member in cluster.clustered if member.status != "deleting"]:
            raise rds_error(
                "InvalidDBClusterStateFault",
                "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
            )
        if cluster.global_database is not None:
            raise rds_error(
                "InvalidDBClusterStateFault",
                "This cluster is a part of a global cluster, please remove it from globalcluster first",
            )

    def _forget_cluster(self, cluster: Any, backup: RetainedBackup | None) -> None:
        name = cluster.db_cluster_identifier
        for endpoint in self.endpoints_of(cluster):
            self.forget_endpoint(endpoint)
        self.withdraw_cluster(cluster)
        self.detach_replica(cluster)
        if cluster.manage_master_user_password:
            cluster.master_user_secret.delete_secret()
        self.clusters.pop(name, None)
        if backup is not None:
            self.retained[cluster.db_cluster_resource_id] = backup
        else:
            kept = self.cluster_snapshots.items()
            automated = [k for k, s in kept if s.snapshot_type == "automated" and s.db_cluster_identifier == name]
            for key in automated:
                del self.cluster_snapshots[key]
        self.tell("0171", cluster)

    # --- instances

    def create_db_instance(self, db_kwargs: Any) -> Any:
        given = dict(db_kwargs)
        cluster_id = given.get("db_cluster_identifier")
        if cluster_id is None:
            return super().create_db_instance(db_kwargs)
        with RUNTIME.lock:
            cluster = self.cluster(cluster_id)
            instance = self._new_instance(cluster, given)
            answer = frozen(instance)
        name = instance.db_instance_identifier
        work = (lambda: self._start_instance(cluster, instance)) if self.serves(cluster) else None
        available = lambda: self._instance_available(cluster, instance)  # noqa: E731
        later(RUNTIME.delays.creating_s, work, available, f"create {name}", self._failed(instance))
        return answer

    def _new_instance(self, cluster: Any, given: dict[str, Any]) -> Any:
        name = given["db_instance_identifier"] = given["db_instance_identifier"].lower()
        checks.check_identifier(name, "DBInstanceIdentifier")
        if name in self.databases:
            raise rds_error("DBInstanceAlreadyExistsFault", "DB instance already exists")
        if given["engine"] != cluster.engine:
            raise invalid_combination(
                f"The engine name requested for your DB instance ({given['engine']}) doesn't match the engine name of "
                f"your DB cluster ({cluster.engine})."
            )
        if cluster.status in _GONE or len(cluster.clustered) > MAX_READERS:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"Cannot add an instance to {cluster.db_cluster_identifier}: it is {cluster.status} and has "
                f"{len(cluster.clustered)} instances.",
            )
        self._check_instance(cluster, given)
        given.setdefault("promotion_tier", 1)
        given["db_cluster_identifier"] = cluster.db_cluster_identifier
        instance = Instance(self, cluster, **given)
        instance.plane_id = self.plane_name(name, "databases")
        self.databases[name] = instance
        return instance

    def _check_instance(self, cluster: Any, given: dict[str, Any]) -> None:
        tier = given.get("promotion_tier", 1)
        if not 0 <= tier <= checks.MAX_TIER:
            raise invalid_combination(f"Invalid promotion tier: {tier}. Must be between 0 and 15.")
        if given.get("db_instance_class") == "db.serverless" and not cluster.serverless_v2_scaling_configuration:
            raise invalid_combination(
                "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 "
                "DB instance."
            )
        if given.get("performance_insights_kms_key_id"):
            given["performance_insights_kms_key_id"] = self.key_arn(given["performance_insights_kms_key_id"])
        checks._check_monitoring({**given, "monitoring_role_arn": given.get("monitoring_role_arn")})  # noqa: SLF001

    def _start_instance(self, cluster: Any, instance: Any) -> None:
        deadline = time.monotonic() + CLUSTER_WAIT_S
        while cluster.status == "creating":  # an instance may be asked for before its cluster is ready
            if time.monotonic() > deadline:
                raise PlaneError(f"cluster {cluster.db_cluster_identifier} was not ready in {CLUSTER_WAIT_S:.0f} s")
            time.sleep(0.05)
        RUNTIME.plane.create_instance(cluster.plane_id, instance.plane_id)

    def _instance_available(self, cluster: Any, instance: Any) -> None:
        instance.status = "available"
        self.tell("0005", instance)
        if self.serves(cluster):
            RUNTIME.plane.publish(Record(name=instance.address, kind="instance", owner=instance.plane_id))

    def delete_db_parameter_group(self, db_parameter_group_name: str) -> Any:
        """RDS keeps a group that an instance is a member of; moto lets it go and then can't show the instance."""
        users = [each for each in self.databases.values() if each.db_parameter_group_name == db_parameter_group_name]
        if [each for each in users if each.status != "deleting"]:
            raise rds_error(
                "InvalidDBParameterGroupStateFault",
                "One or more database instances are still members of this parameter group "
                f"{db_parameter_group_name}, so the group cannot be deleted",
            )
        return super().delete_db_parameter_group(db_parameter_group_name)

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Any) -> Any:
        with RUNTIME.lock:
            instance = self.instance(db_instance_identifier)
            if not isinstance(instance, Instance):
                return super().modify_db_instance(db_instance_identifier, db_kwargs)
            if instance.status != "available":
                raise rds_error(
                    "InvalidDBInstanceStateFault", f"Instance {db_instance_identifier} is in {instance.status} state."
                )
            modify.modify_instance(self, instance, dict(db_kwargs))
            instance.status = "modifying"
            answer = frozen(instance)
        available = lambda: setattr(instance, "status", "available")  # noqa: E731
        later(RUNTIME.delays.modifying_s, None, available, f"modify {db_instance_identifier}")
        return answer

    def delete_db_instance(self, db_instance_identifier: str, **given: Any) -> Any:
        with RUNTIME.lock:
            instance = self.instance(db_instance_identifier)
            if not isinstance(instance, Instance):
                return super().delete_db_instance(db_instance_identifier, **given)
            if instance.status == "deleting":
                raise rds_error(
                    "InvalidDBInstanceStateFault", f"Instance {db_instance_identifier} is already being deleted."
                )
            cluster = self.clusters[instance.db_cluster_identifier]
            self.check_last_instance(cluster)
            instance.status = "deleting"
            successors = self.promotable(cluster) if instance.is_cluster_writer else []
            answer = frozen(instance)
        if successors:
            self._promote(cluster, successors[0])
        name = instance.db_instance_identifier
        work = (lambda: self._stop_instance(cluster, instance)) if self.serves(cluster) else None
        gone = lambda: self._forget_instance(cluster, instance)  # noqa: E731
        later(RUNTIME.delays.deleting_s, work, gone, f"delete {name}", self._failed(instance))
        return answer

    def _stop_instance(self, cluster: Any, instance: Any) -> None:
        deadline = time.monotonic() + CLUSTER_WAIT_S
        while cluster.status == "failing-over" and time.monotonic() < deadline:
            time.sleep(0.05)
        RUNTIME.plane.delete_instance(cluster.plane_id, instance.plane_id)

    def _forget_instance(self, cluster: Any, instance: Any) -> None:
        name = instance.db_instance_identifier
        self.databases.pop(name, None)
        for endpoint in self.endpoints_of(cluster):
            endpoint.static_members = [member for member in endpoint.static_members if member != name]
            endpoint.excluded_members = [member for member in endpoint.excluded_members if member != name]
        if self.serves(cluster):
            RUNTIME.plane.withdraw(instance.address)
        self.tell("0003", instance)

    # --- tags of what moto does not know

    def _get_resource_for_tagging(self, arn: str) -> Any:
        if ":cluster-endpoint:" in arn:
            return self.custom(arn.rsplit(":", 1)[-1])
        if ":deployment:" in arn:
            return self.deployment(arn)
        if ":global-cluster:" in arn:
            return self.global_database(arn)
        return super()._get_resource_for_tagging(arn)


def _set_password(cluster_id: str, password: str) -> Any:
    return lambda: RUNTIME.plane.set_password(cluster_id, password)


def on_writer_lost(cluster_id: str, instance_id: str) -> None:
    """The plane's callback: find the cluster in whatever account and Region it is."""
    for backend in _backends():
        for cluster in list(backend.clusters.values()):
            for member in cluster.clustered if isinstance(cluster, Cluster) else ():
                if (cluster.plane_id, member.plane_id) == (cluster_id, instance_id):
                    backend.writer_lost(cluster.db_cluster_identifier, member.db_instance_identifier)


def _backends() -> list[AuroraBackend]:
    found = [backend for regions in list(rds_backends.values()) for backend in list(regions.values())]
    return [backend for backend in found if isinstance(backend, AuroraBackend)]


def set_faults(wanted: Mapping[str, Iterable[str]]) -> None:
    """Replace the injected faults, and tell the plane about those that are its own."""
    RUNTIME.faults.set(wanted)
    for backend in _backends():
        for cluster_id, cluster in backend.clusters.items():
            if isinstance(cluster, Cluster) and backend.serves(cluster):
                RUNTIME.plane.freeze_dns(cluster.plane_id, frozen=RUNTIME.faults.holds(Fault.DNS_FROZEN, cluster_id))
