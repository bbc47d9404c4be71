"""Aurora global databases: one writer Region, readers in others, and what moves or detaches them.

Control plane only: a secondary has no processes, so a primary that has some cannot hand its role to another Region.
Sources: API reference (CreateGlobalCluster and the like); Aurora User Guide, "Using Amazon Aurora Global Database".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.rds.models import GlobalCluster, rds_backends

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds import checks
from lab.cloud.rds.cluster import DEFAULT_VERSIONS, EXTENDED_SUPPORT, Cluster
from lab.cloud.rds.failover import FailoverState
from lab.cloud.rds.members import check_joining
from lab.cloud.runtime import RUNTIME, later
from lab.plane import Record

HOME = "us-east-1"  # moto keeps global clusters in this Region's backend; every Region shows them
_FROM_SOURCE = ("engine", "engine_version", "storage_encrypted", "database_name")


class GlobalDatabase(GlobalCluster):  # type: ignore[misc]
    """One global database; `shown` is what DescribeGlobalClusters gives of it."""

    def __init__(self, backend: Any, identifier: str, given: Mapping[str, Any]) -> None:
        engine = given["engine"]
        version = given.get("engine_version") or DEFAULT_VERSIONS[engine]
        encrypted, protected = bool(given.get("storage_encrypted")), bool(given.get("deletion_protection"))
        super().__init__(backend, identifier, engine, version, encrypted, protected)
        self.database_name = given.get("database_name")
        self.engine_lifecycle_support = given.get("engine_lifecycle_support") or EXTENDED_SUPPORT
        self.tags = list(given.get("tags") or [])
        self.primary: Any = None
        self.moving: dict[str, Any] | None = None  # FailoverState, while a switchover or failover runs
        self.resyncing: set[str] = set()  # ARNs of members that a failover left behind
        self.status = "creating"

    @property
    def endpoint(self) -> str:
        """The global writer endpoint: it follows the primary, and changes when the global database is renamed."""
        return f"{self.global_cluster_identifier}.global-{self.unique_identifier}.global.rds.test"

    @property
    def secondaries(self) -> list[Any]:
        return [member for member in self.members if member is not self.primary]

    @property
    def version(self) -> str:
        return str(self.primary.engine_version if self.primary is not None else self.engine_version)

    def shown(self) -> dict[str, Any]:
        """As it is now: what changes it later does not change an answer."""
        return {
            "GlobalClusterIdentifier": self.global_cluster_identifier,
            "GlobalClusterResourceId": self.global_cluster_resource_id,
            "GlobalClusterArn": self.arn,
            "Status": self.status,
            "Engine": self.engine,
            "EngineVersion": self.version,
            "EngineLifecycleSupport": self.engine_lifecycle_support,
            "DatabaseName": self.database_name,
            "StorageEncrypted": self.storage_encrypted,
            "StorageEncryptionType": "sse-kms" if self.storage_encrypted else "none",
            "DeletionProtection": self.deletion_protection,
            "GlobalClusterMembers": [self._member(cluster) for cluster in self.members],
            "Endpoint": self.endpoint,
            "FailoverState": self.moving,
            "TagList": list(self.tags),
        }

    def _member(self, cluster: Any) -> dict[str, Any]:
        primary = cluster is self.primary
        return {
            "DBClusterArn": cluster.db_cluster_arn,
            "Readers": [each.db_cluster_arn for each in self.secondaries] if primary else [],
            "IsWriter": primary,
            "GlobalWriteForwardingStatus": None if primary else cluster.global_write_forwarding_status,
            "SynchronizationStatus": "pending-resync" if cluster.db_cluster_arn in self.resyncing else "connected",
        }


class GlobalState(FailoverState):
    """Global databases of an account, the same from every Region."""

    @property
    def databases_of_account(self) -> dict[str, GlobalDatabase]:
        found: dict[str, GlobalDatabase] = rds_backends[self.account_id][HOME].global_clusters
        return found

    def global_database(self, identifier: str) -> GlobalDatabase:
        """A global database by identifier or ARN.

        Raises:
            ServiceException: GlobalClusterNotFoundFault.
        """
        name = identifier.rsplit(":", maxsplit=1)[-1].lower()
        if name not in self.databases_of_account:
            raise rds_error("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found.")
        return self.databases_of_account[name]

    def describe_global_clusters(
        self,
        global_cluster_identifier: str | None = None,
        filters: Iterable[Mapping[str, Any]] = (),
        **_: Any,
    ) -> list[Any]:
        if global_cluster_identifier:
            return [self.global_database(global_cluster_identifier).shown()]
        found = sorted(self.databases_of_account.values(), key=lambda each: str(each.global_cluster_identifier))
        for item in filters:
            if item["Name"] != "region":
                raise invalid_value(f"Unrecognized filter name: {item['Name']}")
            wanted = set(item["Values"])
            found = [each for each in found if wanted & {member.region for member in each.members}]
        return [each.shown() for each in found]

    # --- create, change, delete

    def create_global_cluster(
        self, global_cluster_identifier: str, source_db_cluster_identifier: str | None = None, **given: Any
    ) -> Any:
        name = global_cluster_identifier.lower()
        with RUNTIME.lock:
            checks.check_identifier(name, "GlobalClusterIdentifier")
            if name in self.databases_of_account:
                raise rds_error("GlobalClusterAlreadyExistsFault", f"Global cluster {name} already exists.")
            source = self._source(source_db_cluster_identifier, given) if source_db_cluster_identifier else None
            if not given.get("engine"):
                raise invalid_value("When creating standalone global cluster, value for engineName should be specified")
            if given["engine"] not in checks.AURORA_ENGINES:
                raise invalid_value(f"Engine {given['engine']} is not supported for a global cluster.")
            database = GlobalDatabase(rds_backends[self.account_id][HOME], name, given)
            self.databases_of_account[name] = database
            if source is not None:
                join(database, source)
            answer = database.shown()
        later(RUNTIME.delays.creating_s, None, lambda: self._settled(database), f"create {name}")
        return answer

    def _source(self, identifier: str, given: dict[str, Any]) -> Any:
        """The cluster that becomes the primary; engine, version, encryption and database name are its own."""
        if not identifier.startswith("arn:"):
            raise invalid_value("Malformed db cluster arn dbci")
        if clash := [name for name in _FROM_SOURCE if given.get(name) is not None]:
            raise invalid_combination(
                "When creating global cluster from existing db cluster, value for "
                f"{', '.join(clash)} should not be specified since it will be inherited from source cluster"
            )
        source = self._cluster_by_arn(identifier)
        self.require_available(source)
        if source.global_database is not None or source.replication_source_identifier:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"Source cluster {identifier} is already part of a global cluster or a read replica.",
            )
        if source.manage_master_user_password or source.backtrack_window:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"Source cluster {identifier} must have neither a master user password that RDS manages nor backtrack.",
            )
        given.update({name: getattr(source, name) for name in _FROM_SOURCE})
        return source

    def _cluster_by_arn(self, arn: str) -> Any:
        """A cluster of any Region.

        Raises:
            ServiceException: DBClusterNotFoundFault.
        """
        region, name = arn.split(":")[3], arn.rsplit(":", maxsplit=1)[-1]
        found = rds_backends[self.account_id][region].clusters.get(name) if region else None
        if not isinstance(found, Cluster):
            raise rds_error("DBClusterNotFoundFault", f"DBCluster {arn} not found.")
        return found

    def _settled(self, database: GlobalDatabase) -> None:
        database.status = "available"
        self.publish_global(database)

    def modify_global_cluster(self, global_cluster_identifier: str, **given: Any) -> Any:
        with RUNTIME.lock:
            database = self.global_database(global_cluster_identifier)
            _require_settled(database)
            self._rename_global(database, given.get("new_global_cluster_identifier"))
            if given.get("engine_version"):
                _upgrade(database, given["engine_version"], allowed=bool(given.get("allow_major_version_upgrade")))
            if given.get("deletion_protection") is not None:
                database.deletion_protection = given["deletion_protection"]
            return database.shown()

    def _rename_global(self, database: GlobalDatabase, name: str | None) -> None:
        if not name:
            return
        new = name.lower()
        checks.check_identifier(new, "NewGlobalClusterIdentifier")
        if new in self.databases_of_account:
            raise rds_error("GlobalClusterAlreadyExistsFault", f"Global cluster {new} already exists.")
        self.withdraw_global(database)
        del self.databases_of_account[database.global_cluster_identifier]
        database.global_cluster_identifier = new
        self.databases_of_account[new] = database
        for member in database.members:
            member.global_cluster_identifier = new
        self.publish_global(database)

    def delete_global_cluster(self, global_cluster_identifier: str) -> Any:
        with RUNTIME.lock:
            database = self.global_database(global_cluster_identifier)
            if database.deletion_protection:
                raise invalid_combination(
                    "Cannot delete protected Global Cluster, please disable deletion protection and try again."
                )
            if database.members:
                raise rds_error(
                    "InvalidGlobalClusterStateFault",
                    f"Global Cluster {database.arn} is not empty; remove its clusters first.",
                )
            database.status = "deleting"
            answer = database.shown()
        name = database.global_cluster_identifier

        def gone() -> None:
            self.databases_of_account.pop(name, None)

        later(RUNTIME.delays.deleting_s, None, gone, f"delete {name}")
        return answer

    # --- members

    def remove_from_global_cluster(self, global_cluster_identifier: str, db_cluster_identifier: str) -> Any:
        """A secondary becomes a standalone cluster that can be written; the primary leaves last (facts G14)."""
        with RUNTIME.lock:
            database = self.global_database(global_cluster_identifier)
            cluster = self._member(database, db_cluster_identifier)
            if cluster is database.primary and database.secondaries:
                raise rds_error(
                    "InvalidGlobalClusterStateFault",
                    f"Cluster {cluster.db_cluster_arn} is the primary of {database.arn}, which has secondary clusters; "
                    "remove them first.",
                )
            answer = database.shown()
        name = f"detach {cluster.db_cluster_identifier}"
        later(RUNTIME.delays.modifying_s, None, lambda: self._detached(database, cluster), name)
        return answer

    def _member(self, database: GlobalDatabase, identifier: str) -> Any:
        arn = identifier if identifier.startswith("arn:") else self.cluster(identifier).db_cluster_arn
        for cluster in database.members:
            if cluster.db_cluster_arn == arn:
                return cluster
        raise rds_error("DBClusterNotFoundFault", f"DBCluster {identifier} is not a member of {database.arn}.")

    def _detached(self, database: GlobalDatabase, cluster: Any) -> None:
        if cluster not in database.members:
            return
        leave(database, cluster)
        if not database.members:
            self.withdraw_global(database)

    # --- switchover and failover

    def switchover_global_cluster(self, global_cluster_identifier: str, target_db_cluster_identifier: str) -> Any:
        """Planned, nothing is lost; asked for in the primary's Region (facts G1)."""
        with RUNTIME.lock:
            database = self.global_database(global_cluster_identifier)
            return self._switch(database, target_db_cluster_identifier, {self._primary_region(database)})

    def failover_global_cluster(
        self,
        global_cluster_identifier: str,
        target_db_cluster_identifier: str,
        *,
        allow_data_loss: bool | None = None,
        switchover: bool | None = None,
    ) -> Any:
        """Unplanned with AllowDataLoss, asked for in the target's Region; without it a switchover (facts G2)."""
        if allow_data_loss and switchover:
            raise invalid_combination("AllowDataLoss and Switchover cannot both be specified.")
        with RUNTIME.lock:
            database = self.global_database(global_cluster_identifier)
            target = self._target_cluster(database, target_db_cluster_identifier)
            if not allow_data_loss:
                regions = {target.region, self._primary_region(database)}
                return self._switch(database, target_db_cluster_identifier, regions)
            self._check_region({target.region}, "FailoverGlobalCluster")
            return self._move(database, target, lossy=True)

    def _primary_region(self, database: GlobalDatabase) -> str:
        return str(database.primary.region) if database.primary is not None else self.region_name

    def _switch(self, database: GlobalDatabase, wanted: str, regions: set[str]) -> Any:
        target = self._target_cluster(database, wanted)
        self._check_region(regions, "SwitchoverGlobalCluster")
        for member in database.members:
            self.require_available(member)
            if member.engine_version != target.engine_version:
                raise rds_error(
                    "InvalidDBClusterStateFault",
                    f"{member.db_cluster_arn} is of version {member.engine_version} and {target.db_cluster_arn} of "
                    f"{target.engine_version}; a switchover needs the same version on both.",
                )
        return self._move(database, target, lossy=False)

    def _check_region(self, regions: set[str], operation: str) -> None:
        if self.region_name not in regions:
            raise rds_error(
                "InvalidGlobalClusterStateFault",
                f"{operation} must be called in {' or '.join(sorted(regions))}, not in {self.region_name}.",
            )

    def _target_cluster(self, database: GlobalDatabase, identifier: str) -> Any:
        _require_settled(database)
        target = self._member(database, identifier)
        if target is database.primary:
            raise rds_error("InvalidDBClusterStateFault", f"{target.db_cluster_arn} is the primary cluster already.")
        self.require_available(target)
        if not self.backend_of(target).promotable(target):
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"{target.db_cluster_arn} has no available DB instance; add one before it can become the primary.",
            )
        return target

    @staticmethod
    def backend_of(cluster: Any) -> Any:
        return rds_backends[cluster.account_id][cluster.region]

    def _move(self, database: GlobalDatabase, target: Any, *, lossy: bool) -> Any:
        old = database.primary
        if self.serves(old):
            raise NotImplementedError(
                f"not modelled by the embedded AWS: the servers of {old.db_cluster_identifier} run in {old.region} and "
                "cannot move to another Region"
            )
        database.status = "failing-over" if lossy else "switching-over"
        database.moving = {
            "Status": database.status,
            "FromDbClusterArn": old.db_cluster_arn,
            "ToDbClusterArn": target.db_cluster_arn,
            "IsDataLossAllowed": lossy,
        }
        target.status = "failing-over"
        answer = database.shown()
        if not lossy:
            self.backend_of(old).tell("0181", old, name=target.db_cluster_identifier, region=target.region)
        done = lambda: self._moved(database, old, target, lossy=lossy)  # noqa: E731
        name = f"{database.status} {database.global_cluster_identifier}"
        later(RUNTIME.delays.failing_over_s, None, done, name)
        return answer

    def _moved(self, database: GlobalDatabase, old: Any, target: Any, *, lossy: bool) -> None:
        here, there = self.backend_of(old), self.backend_of(target)
        if not lossy:
            here.tell("0182", old, name=old.db_cluster_identifier, region=old.region)
        database.primary = target
        make_readers(old)
        make_writer(target, there)
        database.moving, database.status, target.status = None, "available", "available"
        place = {"name": target.db_cluster_identifier, "region": target.region}
        for event in ("0238",) if lossy else ("0184", "0185"):
            there.tell(event, target, **place)
        there.tell("0397", target)
        if lossy:
            self._resync(database, old, place)

    def _resync(self, database: GlobalDatabase, old: Any, place: dict[str, str]) -> None:
        """After a failover the other members are built anew; the old volume is kept as a snapshot (facts G6, G8)."""
        self.backend_of(old).keep_old_volume(old)
        database.resyncing = {member.db_cluster_arn for member in database.secondaries}
        there = self.backend_of(database.primary)
        there.tell("0240", database.primary, **place)

        def done() -> None:
            database.resyncing = set()
            there.tell("0241", database.primary, **place)

        later(RUNTIME.delays.failing_over_s, None, done, f"resync {database.global_cluster_identifier}")

    # --- names

    def publish_global(self, database: GlobalDatabase) -> None:
        if database.primary is not None and self.serves(database.primary):
            RUNTIME.plane.publish(Record(name=database.endpoint, kind="writer", owner=database.primary.plane_id))

    def withdraw_global(self, database: GlobalDatabase) -> None:
        RUNTIME.plane.withdraw(database.endpoint)

    # --- CreateDBCluster and ModifyDBCluster of members

    def find_global(self, given: Mapping[str, Any]) -> GlobalDatabase | None:
        """The global database that a new cluster is to join, after checking that it may."""
        name = given.get("global_cluster_identifier")
        if not name:
            if given.get("enable_global_write_forwarding"):
                raise invalid_combination("EnableGlobalWriteForwarding is only for members of a global cluster.")
            return None
        database = self.global_database(name)
        check_joining(database, self.region_name, given)
        return database


def join(database: GlobalDatabase, cluster: Any) -> None:
    """Make a cluster a member: the first becomes the primary, others are secondaries without processes."""
    cluster.global_database = database
    cluster.global_cluster_identifier = database.global_cluster_identifier
    database.members.append(cluster)
    if database.primary is None:
        database.primary = cluster
        return
    cluster.has_processes = False
    cluster.take_login_of(database.primary)


def leave(database: GlobalDatabase, cluster: Any) -> None:
    """Make a member a cluster of its own, which can be written."""
    database.members.remove(cluster)
    database.resyncing.discard(cluster.db_cluster_arn)
    cluster.global_database, cluster.global_cluster_identifier = None, None
    cluster.detached_from = database.global_cluster_identifier
    if cluster is database.primary:
        database.primary = None
        return
    make_writer(cluster, GlobalState.backend_of(cluster))


def make_writer(cluster: Any, backend: Any) -> None:
    """The instance that Aurora would promote first becomes the writer."""
    for instance in backend.promotable(cluster)[:1]:
        instance.is_cluster_writer = True


def make_readers(cluster: Any) -> None:
    for instance in cluster.clustered:
        instance.is_cluster_writer = False


def _require_settled(database: GlobalDatabase) -> None:
    if database.status != "available":
        raise rds_error(
            "InvalidGlobalClusterStateFault",
            f"Global cluster {database.global_cluster_identifier} is in {database.status} state.",
        )


def _upgrade(database: GlobalDatabase, version: str, *, allowed: bool) -> None:
    """A major upgrade of all members; their parameter groups go back to the defaults (facts G16)."""
    if version == database.version:
        return
    before, after = (checks.default_family(database.engine, each) for each in (database.version, version))
    if before == after:
        raise invalid_combination(
            "ModifyGlobalCluster upgrades major versions; for a minor version modify each member, secondaries first."
        )
    if not allowed:
        raise invalid_combination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )
    database.engine_version = version
    for member in database.members:
        member.engine_version = version
        member.db_cluster_parameter_group_name = f"default.{after}"
        for instance in member.clustered:
            instance.db_parameter_group_name = f"default.{after}"
