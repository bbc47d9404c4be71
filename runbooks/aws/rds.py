"""What RDS says of Aurora clusters, as typed values; what it can be asked to do. Decides nothing.

Every list is read page by page. A name that is not found is None, other errors are botocore's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_rds.type_defs import (
        DBClusterEndpointTypeDef,
        DBClusterTypeDef,
        DBInstanceTypeDef,
        EventTypeDef,
        GlobalClusterTypeDef,
        TagTypeDef,
    )

UNDATED: Final = datetime.min.replace(tzinfo=UTC)  # never seen: RDS dates its events, though its model need not
PAGE_SIZE: Final = 100  # the most that RDS gives per page
# IAM actions of each call: an effect that uses a method declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_cluster": ("rds:DescribeDBClusters",),
    "list_clusters": ("rds:DescribeDBClusters",),
    "list_foreign_clusters": ("rds:DescribeDBClusters",),
    "list_instances": ("rds:DescribeDBInstances",),
    "list_endpoints": ("rds:DescribeDBClusterEndpoints",),
    "list_events": ("rds:DescribeEvents",),
    "list_instances_of": ("rds:DescribeDBInstances",),
    "list_custom_endpoints": ("rds:DescribeDBClusterEndpoints",),
    "list_global_members": ("rds:DescribeGlobalClusters",),
    "find_global_cluster": ("rds:DescribeGlobalClusters",),
    "failover_cluster": ("rds:FailoverDBCluster",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An instance as its cluster sees it. `promotion_tier` is 0 (first to be promoted) to 15."""

    instance_id: str
    is_writer: bool
    promotion_tier: int
    parameter_group_status: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """One DB cluster. `pending` names settings that wait for the next maintenance window."""

    cluster_id: str
    arn: str
    resource_id: str
    status: str
    engine: str
    engine_version: str
    engine_mode: str
    port: int
    writer_endpoint: str
    reader_endpoint: str
    custom_endpoints: tuple[str, ...]
    database: str
    master_username: str
    master_secret_arn: str
    iam_authentication: bool
    deletion_protection: bool
    global_cluster_id: str
    members: tuple[Member, ...]
    pending: tuple[str, ...]
    tags: Mapping[str, str]
    clone_group_id: str = ""
    cross_account_clone: bool = False  # a clone of another account's cluster
    replicas: tuple[str, ...] = ()  # that replicate from it
    replicates_from: str = ""
    security_groups: tuple[str, ...] = ()
    storage_type: str = ""  # aurora or aurora-iopt1
    encrypted: bool = False
    key: str = ""  # ARN
    created_at: datetime | None = None

    @property
    def writer_id(self) -> str | None:
        """The instance that RDS says is the writer; None while it says none is."""
        return next((member.instance_id for member in self.members if member.is_writer), None)

    @property
    def readers(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if not member.is_writer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """One DB instance of a cluster. `created_at` is None until RDS has one."""

    instance_id: str
    cluster_id: str
    status: str
    instance_class: str
    zone: str
    engine: str
    engine_version: str
    address: str
    port: int
    promotion_tier: int
    arn: str
    resource_id: str
    created_at: datetime | None
    pending: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    replicas: tuple[str, ...] = ()  # clusters and instances that replicate from it


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One endpoint of a cluster. `kind` is WRITER, READER or CUSTOM; `custom_type` ANY or READER for CUSTOM."""

    endpoint_id: str
    address: str
    status: str
    kind: str
    custom_type: str
    members: tuple[str, ...]
    excluded: tuple[str, ...]
    cluster_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RdsEvent:
    """One event. `at` is RDS's own clock. RDS gives no event id here, only the sentence and its categories."""

    at: datetime
    source_id: str
    source_type: str
    message: str
    categories: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GlobalMember:
    """A cluster as its global database sees it. `synchronization` is connected or pending-resync."""

    cluster_arn: str
    is_primary: bool
    readers: tuple[str, ...]
    synchronization: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GlobalCluster:
    """One global database. `failover_status` is empty unless a switchover or failover is under way."""

    global_cluster_id: str
    status: str
    failover_status: str
    members: tuple[GlobalMember, ...]


class Rds:
    """RDS of one Region. `once` makes the calls that must not be made twice; without it `client` does."""

    def __init__(self, client: RDSClient, once: RDSClient | None = None) -> None:
        self._client = client
        self._once = once or client

    def find_cluster(self, cluster_id: str) -> Cluster | None:
        """The cluster of this identifier or ARN; None when there is none."""
        try:
            answer = self._client.describe_db_clusters(DBClusterIdentifier=cluster_id)
        except ClientError as error:
            if error_code(error) == "DBClusterNotFoundFault":
                return None
            raise
        return _cluster(answer["DBClusters"][0])

    def list_clusters(self) -> tuple[Cluster, ...]:
        """Every cluster of the Region, in as few calls as pages allow."""
        pages = self._client.get_paginator("describe_db_clusters").paginate(PaginationConfig={"PageSize": PAGE_SIZE})
        return tuple(_cluster(raw) for page in pages for raw in page["DBClusters"])

    def list_foreign_clusters(self) -> tuple[Cluster, ...]:
        """Clusters of other accounts that are shared with this one: little more than ARN, engine and version."""
        pages = self._client.get_paginator("describe_db_clusters").paginate(
            IncludeShared=True, PaginationConfig={"PageSize": PAGE_SIZE}
        )
        found = tuple(_cluster(raw) for page in pages for raw in page["DBClusters"])
        return tuple(each for each in found if not each.cluster_id)

    def list_instances(self, cluster_id: str) -> tuple[Instance, ...]:
        """The instances of a cluster."""
        pages = self._client.get_paginator("describe_db_instances").paginate(
            Filters=[{"Name": "db-cluster-id", "Values": [cluster_id]}], PaginationConfig={"PageSize": PAGE_SIZE}
        )
        return tuple(_instance(raw) for page in pages for raw in page["DBInstances"])

    def list_instances_of(self, cluster_ids: Sequence[str]) -> tuple[Instance, ...]:
        """The instances of several clusters, in as few calls as pages allow; none for no cluster."""
        found: list[Instance] = []
        for first in range(0, len(cluster_ids), PAGE_SIZE):
            pages = self._client.get_paginator("describe_db_instances").paginate(
                Filters=[{"Name": "db-cluster-id", "Values": list(cluster_ids[first : first + PAGE_SIZE])}],
                PaginationConfig={"PageSize": PAGE_SIZE},
            )
            found += [_instance(raw) for page in pages for raw in page["DBInstances"]]
        return tuple(found)

    def list_custom_endpoints(self) -> tuple[Endpoint, ...]:
        """The custom endpoints of the Region's clusters, in as few calls as pages allow."""
        pages = self._client.get_paginator("describe_db_cluster_endpoints").paginate(
            Filters=[{"Name": "db-cluster-endpoint-type", "Values": ["custom"]}],
            PaginationConfig={"PageSize": PAGE_SIZE},
        )
        return tuple(_endpoint(raw) for page in pages for raw in page["DBClusterEndpoints"])

    def list_global_members(self) -> frozenset[str]:
        """ARNs of the clusters that are in a global database, as seen from this Region."""
        pages = self._client.get_paginator("describe_global_clusters").paginate(
            PaginationConfig={"PageSize": PAGE_SIZE}
        )
        return frozenset(
            arn
            for page in pages
            for raw in page["GlobalClusters"]
            for member in raw.get("GlobalClusterMembers", [])
            for arn in (member.get("DBClusterArn", ""), *member.get("Readers", []))
        )

    def list_endpoints(self, cluster_id: str) -> tuple[Endpoint, ...]:
        """The writer, reader and custom endpoints of a cluster."""
        pages = self._client.get_paginator("describe_db_cluster_endpoints").paginate(
            DBClusterIdentifier=cluster_id, PaginationConfig={"PageSize": PAGE_SIZE}
        )
        return tuple(_endpoint(raw) for page in pages for raw in page["DBClusterEndpoints"])

    def list_events(self, cluster_id: str, since: datetime) -> tuple[RdsEvent, ...]:
        """The cluster's own events since a time within the last 14 days, which is as long as RDS keeps them."""
        pages = self._client.get_paginator("describe_events").paginate(
            SourceIdentifier=cluster_id,
            SourceType="db-cluster",
            StartTime=since,
            PaginationConfig={"PageSize": PAGE_SIZE},
        )
        return tuple(_event(raw) for page in pages for raw in page["Events"])

    def find_global_cluster(self, global_cluster_id: str) -> GlobalCluster | None:
        """The global database of this identifier, as seen from this Region; None when there is none."""
        try:
            answer = self._client.describe_global_clusters(GlobalClusterIdentifier=global_cluster_id)
        except ClientError as error:
            if error_code(error) == "GlobalClusterNotFoundFault":
                return None
            raise
        return next((_global_cluster(raw) for raw in answer["GlobalClusters"]), None)

    def failover_cluster(self, cluster_id: str, target_id: str | None = None) -> None:
        """Ask for a failover, to a certain reader or to the one RDS chooses; one time only, or there might be two.

        RDS may accept and do nothing, and may take another target: watch the members, not this call's answer.

        Raises:
            ClientError: `InvalidDBClusterStateFault`, `InvalidDBInstanceState` or `DBClusterNotFoundFault`.
        """
        if target_id is None:
            self._once.failover_db_cluster(DBClusterIdentifier=cluster_id)
        else:
            self._once.failover_db_cluster(DBClusterIdentifier=cluster_id, TargetDBInstanceIdentifier=target_id)


def error_code(error: ClientError) -> str:
    """AWS's code of an error, which often differs from the name of its shape."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _cluster(raw: DBClusterTypeDef) -> Cluster:
    return Cluster(
        cluster_id=raw.get("DBClusterIdentifier", ""),
        arn=raw.get("DBClusterArn", ""),
        resource_id=raw.get("DbClusterResourceId", ""),
        status=raw.get("Status", ""),
        engine=raw.get("Engine", ""),
        engine_version=raw.get("EngineVersion", ""),
        engine_mode=raw.get("EngineMode", ""),
        port=raw.get("Port", 0),
        writer_endpoint=raw.get("Endpoint", ""),
        reader_endpoint=raw.get("ReaderEndpoint", ""),
        custom_endpoints=tuple(raw.get("CustomEndpoints", [])),
        database=raw.get("DatabaseName", ""),
        master_username=raw.get("MasterUsername", ""),
        master_secret_arn=raw.get("MasterUserSecret", {}).get("SecretArn", ""),
        iam_authentication=raw.get("IAMDatabaseAuthenticationEnabled", False),
        deletion_protection=raw.get("DeletionProtection", False),
        global_cluster_id=raw.get("GlobalClusterIdentifier", ""),
        members=_members(raw),
        pending=_names(raw.get("PendingModifiedValues", {})),
        tags=_tags(raw.get("TagList", [])),
        clone_group_id=raw.get("CloneGroupId", ""),
        cross_account_clone=raw.get("CrossAccountClone", False),
        replicas=tuple(raw.get("ReadReplicaIdentifiers", [])),
        replicates_from=raw.get("ReplicationSourceIdentifier", ""),
        security_groups=tuple(each.get("VpcSecurityGroupId", "") for each in raw.get("VpcSecurityGroups", [])),
        storage_type=raw.get("StorageType", ""),
        encrypted=raw.get("StorageEncrypted", False),
        key=raw.get("KmsKeyId", ""),
        created_at=raw.get("ClusterCreateTime"),
    )


def _members(raw: DBClusterTypeDef) -> tuple[Member, ...]:
    return tuple(
        Member(
            instance_id=member.get("DBInstanceIdentifier", ""),
            is_writer=member.get("IsClusterWriter", False),
            promotion_tier=member.get("PromotionTier", 1),
            parameter_group_status=member.get("DBClusterParameterGroupStatus", ""),
        )
        for member in raw.get("DBClusterMembers", [])
    )


def _instance(raw: DBInstanceTypeDef) -> Instance:
    endpoint = raw.get("Endpoint", {})
    return Instance(
        instance_id=raw.get("DBInstanceIdentifier", ""),
        cluster_id=raw.get("DBClusterIdentifier", ""),
        status=raw.get("DBInstanceStatus", ""),
        instance_class=raw.get("DBInstanceClass", ""),
        zone=raw.get("AvailabilityZone", ""),
        engine=raw.get("Engine", ""),
        engine_version=raw.get("EngineVersion", ""),
        address=endpoint.get("Address", ""),
        port=endpoint.get("Port", 0),
        promotion_tier=raw.get("PromotionTier", 1),
        arn=raw.get("DBInstanceArn", ""),
        resource_id=raw.get("DbiResourceId", ""),
        created_at=raw.get("InstanceCreateTime"),
        pending=_names(raw.get("PendingModifiedValues", {})),
        tags=_tags(raw.get("TagList", [])),
        replicas=(*raw.get("ReadReplicaDBInstanceIdentifiers", []), *raw.get("ReadReplicaDBClusterIdentifiers", [])),
    )


def _endpoint(raw: DBClusterEndpointTypeDef) -> Endpoint:
    return Endpoint(
        endpoint_id=raw.get("DBClusterEndpointIdentifier", ""),
        address=raw.get("Endpoint", ""),
        status=raw.get("Status", ""),
        kind=raw.get("EndpointType", ""),
        custom_type=raw.get("CustomEndpointType", ""),
        members=tuple(raw.get("StaticMembers", [])),
        excluded=tuple(raw.get("ExcludedMembers", [])),
        cluster_id=raw.get("DBClusterIdentifier", ""),
    )


def _event(raw: EventTypeDef) -> RdsEvent:
    return RdsEvent(
        at=raw.get("Date", UNDATED),
        source_id=raw.get("SourceIdentifier", ""),
        source_type=raw.get("SourceType", ""),
        message=raw.get("Message", ""),
        categories=tuple(raw.get("EventCategories", [])),
    )


def _global_cluster(raw: GlobalClusterTypeDef) -> GlobalCluster:
    return GlobalCluster(
        global_cluster_id=raw.get("GlobalClusterIdentifier", ""),
        status=raw.get("Status", ""),
        failover_status=raw.get("FailoverState", {}).get("Status", ""),
        members=tuple(
            GlobalMember(
                cluster_arn=member.get("DBClusterArn", ""),
                is_primary=member.get("IsWriter", False),
                readers=tuple(member.get("Readers", [])),
                synchronization=member.get("SynchronizationStatus", ""),
            )
            for member in raw.get("GlobalClusterMembers", [])
        ),
    )


def _names(pending: Mapping[str, object]) -> tuple[str, ...]:
    """The names of settings that wait; their values may be secrets."""
    return tuple(sorted(name for name, value in pending.items() if value))


def _tags(raw: Sequence[TagTypeDef]) -> dict[str, str]:
    return {tag.get("Key", ""): tag.get("Value", "") for tag in raw}
