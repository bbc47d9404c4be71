"""Snapshots of Aurora clusters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws import kms
from runbooks.aws.rds import PAGE_SIZE, error_code
from runbooks.engine.plan import Call
from runbooks.snapshot.seen import Snapshot, Source
from runbooks.tags import from_aws, to_aws

if TYPE_CHECKING:
    from runbooks.tools import Tools

QUOTA: Final = 100  # manual cluster snapshots of a Region, adjustable (quota L-9B510759); used when AWS does not say
QUOTA_NAME: Final = "ManualClusterSnapshots"
GIB: Final = 1024**3
# IAM actions of each method.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_source": ("rds:DescribeDBClusters",),
    "find_snapshot": ("rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusterSnapshotAttributes", "kms:DescribeKey"),
    "list_snapshots": ("rds:DescribeDBClusterSnapshots",),
    "list_shared": ("rds:DescribeDBClusterSnapshots",),
    "with_sharing": ("rds:DescribeDBClusterSnapshotAttributes",),
    "with_keys": ("kms:DescribeKey",),
    "quota": ("rds:DescribeAccountAttributes",),
}


class AuroraFamily:
    """Aurora's cluster snapshots in one Region; `region` empty for the run's own."""

    def __init__(self, tools: Tools, region: str = "") -> None:
        self._session = tools.session_in(region)
        self._place = "" if self._session is tools.session else self._session.region
        self._keys: dict[str, kms.Key | None] = {}

    @property
    def region(self) -> str:
        return self._session.region

    def find_source(self, source_id: str) -> Source | None:
        """The cluster of this identifier; None when there is none."""
        try:
            raw = self._session.rds.describe_db_clusters(DBClusterIdentifier=source_id)["DBClusters"][0]
        except ClientError as error:
            if error_code(error) == "DBClusterNotFoundFault":
                return None
            raise
        return Source(
            family="aurora",
            source_id=raw.get("DBClusterIdentifier", ""),
            arn=raw.get("DBClusterArn", ""),
            status=raw.get("Status", ""),
            engine=raw.get("Engine", ""),
            tags=from_aws(raw.get("TagList", [])),
        )

    def find_snapshot(self, snapshot_id: str) -> Snapshot | None:
        """By identifier or ARN, with whom it is shared with and whose its key is; None when there is none."""
        found = self.look(snapshot_id)
        if found is None:
            return None
        return next(iter(self.with_keys(self.with_sharing((found,)))))

    def look(self, snapshot_id: str) -> Snapshot | None:
        """By identifier or ARN, as one call shows it; None when there is none."""
        raw = self.find_raw(snapshot_id)
        return _snapshot(raw) if raw is not None else None

    def find_raw(self, snapshot_id: str) -> Mapping[str, Any] | None:
        """The same, as DescribeDBClusterSnapshots answers."""
        given: dict[str, Any] = {"DBClusterSnapshotIdentifier": snapshot_id}
        if snapshot_id.startswith("arn:"):
            given["IncludeShared"] = True
        elif ":" in snapshot_id:  # "If this identifier is for an automated snapshot, the SnapshotType parameter must
            given["SnapshotType"] = _system_type(snapshot_id)  # also be specified" (DescribeDBClusterSnapshots)
        try:
            found = self._session.rds.describe_db_cluster_snapshots(**given)["DBClusterSnapshots"]
        except ClientError as error:
            if error_code(error) == "DBClusterSnapshotNotFoundFault":
                return None
            raise
        return next(iter(found), None)

    def list_snapshots(self, source_id: str = "") -> tuple[Snapshot, ...]:
        """The account's own, of one cluster or all of the Region, oldest first; tags come with them."""
        return self._list({"DBClusterIdentifier": source_id} if source_id else {})

    def list_shared(self) -> tuple[Snapshot, ...]:
        """Those that other accounts share with this one."""
        return tuple(replace(each, kind="shared") for each in self._list({"SnapshotType": "shared"}))

    def with_sharing(self, snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
        """The same, with whom each is shared with: one call for each manual snapshot, others cannot be shared."""
        return tuple(self._with_sharing(each) for each in snapshots)

    def with_keys(self, snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
        """The same, with whether each one's key is AWS's own: one call for each key."""
        return tuple(
            replace(each, default_key=self._is_default(each.key)) if each.key and each.kind != "shared" else each
            for each in snapshots
        )

    def create_call(self, source_id: str, snapshot_id: str, tags: Mapping[str, str]) -> Call:
        return Call(
            service="rds",
            operation="CreateDBClusterSnapshot",
            parameters={
                "DBClusterIdentifier": source_id,
                "DBClusterSnapshotIdentifier": snapshot_id,
                "Tags": to_aws(tags),
            },
            region=self._place,
        )

    def copy_call(self, snapshot: Snapshot, target_id: str, *, region: str, key: str, tags: Mapping[str, str]) -> Call:
        """Made in the Region that the copy goes to; `region` empty: the run's own. The source is given by its ARN."""
        return Call(
            service="rds",
            operation="CopyDBClusterSnapshot",
            parameters={
                "SourceDBClusterSnapshotIdentifier": snapshot.arn,
                "TargetDBClusterSnapshotIdentifier": target_id,
                **({"KmsKeyId": key} if key else {}),
                "CopyTags": False,
                "Tags": to_aws(tags),
            },
            region=region,
        )

    def delete_call(self, snapshot: Snapshot) -> Call:
        return Call(
            service="rds",
            operation="DeleteDBClusterSnapshot",
            parameters={"DBClusterSnapshotIdentifier": snapshot.snapshot_id},
            region=self._place,
        )

    def share_call(self, snapshot: Snapshot, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Call:
        """Let accounts copy and restore it, or no longer."""
        return Call(
            service="rds",
            operation="ModifyDBClusterSnapshotAttribute",
            parameters={
                "DBClusterSnapshotIdentifier": snapshot.snapshot_id,
                "AttributeName": "restore",
                **({"ValuesToAdd": list(add)} if add else {}),
                **({"ValuesToRemove": list(remove)} if remove else {}),
            },
            region=self._place,
        )

    def quota(self) -> int:
        """How many manual cluster snapshots the account may have in the Region."""
        quotas = self._session.rds.describe_account_attributes().get("AccountQuotas", [])
        named = {quota.get("AccountQuotaName", ""): quota.get("Max", QUOTA) for quota in quotas}
        return named.get(QUOTA_NAME, QUOTA)

    def _list(self, given: Mapping[str, Any]) -> tuple[Snapshot, ...]:
        pages = self._session.rds.get_paginator("describe_db_cluster_snapshots").paginate(
            **given, PaginationConfig={"PageSize": PAGE_SIZE}
        )
        found = [_snapshot(raw) for page in pages for raw in page["DBClusterSnapshots"]]
        return tuple(sorted(found, key=lambda each: (each.created_at is None, each.created_at, each.snapshot_id)))

    def _with_sharing(self, snapshot: Snapshot) -> Snapshot:
        if not snapshot.is_manual:
            return snapshot
        answer = self._session.rds.describe_db_cluster_snapshot_attributes(
            DBClusterSnapshotIdentifier=snapshot.snapshot_id
        )["DBClusterSnapshotAttributesResult"]
        accounts = [
            account
            for attribute in answer.get("DBClusterSnapshotAttributes", [])
            if attribute.get("AttributeName") == "restore"
            for account in attribute.get("AttributeValues", [])
        ]
        return replace(snapshot, shared_with=tuple(sorted(accounts)))

    def _is_default(self, key: str) -> bool:
        if key not in self._keys:
            self._keys[key] = kms.find_key(self._session.client("kms"), key)
        found = self._keys[key]
        return found is not None and found.aws_managed


def _system_type(snapshot_id: str) -> str:
    """Automated snapshots are called `rds:...`, those of AWS Backup `awsbackup:...`."""
    return "awsbackup" if snapshot_id.startswith("awsbackup:") else "automated"


def _snapshot(raw: Mapping[str, Any]) -> Snapshot:
    size = raw.get("AllocatedStorage") or 0
    return Snapshot(
        family="aurora",
        snapshot_id=raw.get("DBClusterSnapshotIdentifier", ""),
        arn=raw.get("DBClusterSnapshotArn", ""),
        source_id=raw.get("DBClusterIdentifier", ""),
        kind="shared" if raw.get("SnapshotType") == "public" else raw.get("SnapshotType", ""),
        status=raw.get("Status", ""),
        created_at=raw.get("SnapshotCreateTime"),
        engine=raw.get("Engine", ""),
        engine_version=raw.get("EngineVersion", ""),
        encrypted=raw.get("StorageEncrypted", False),
        key=raw.get("KmsKeyId", "") if raw.get("StorageEncrypted") else "",
        size_bytes=size * GIB if size > 0 else None,
        progress=raw.get("PercentProgress", 0),
        copied_from=raw.get("SourceDBClusterSnapshotArn", ""),
        tags=from_aws(raw.get("TagList", [])),
    )
