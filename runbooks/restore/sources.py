"""What a cluster can be restored from, read from AWS. Lists are read page by page; a name that is not found is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from estate.community import AURORA_OF
from runbooks.aws.rds import PAGE_SIZE, UNDATED, error_code
from runbooks.parity.observe import look, portrait_of_backup, portrait_of_snapshot
from runbooks.parity.portrait import Portrait
from runbooks.restore.origin import Origin
from runbooks.snapshot.aurora_family import AuroraFamily
from runbooks.snapshot.seen import Snapshot
from runbooks.tools import Tools

# IAM actions of each function.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_snapshot": ("rds:DescribeDBClusterSnapshots", "rds:DescribeDBSnapshots"),
    "newest_snapshot": ("rds:DescribeDBClusterSnapshots",),
    "find_cluster": ("rds:DescribeDBClusters",),
    "list_backups": ("rds:DescribeDBClusterAutomatedBackups",),
}
_OF_INSTANCE: Final = ":snapshot:"  # in the ARN of an RDS instance's snapshot


def find_snapshot(tools: Tools, snapshot_id: str) -> Origin | None:
    """A cluster's snapshot by identifier or ARN, an RDS instance's by ARN."""
    if _OF_INSTANCE in snapshot_id:
        return _find_instance_snapshot(tools, snapshot_id)
    raw = AuroraFamily(tools).find_raw(snapshot_id)
    if raw is None:
        return None
    account = str(raw["DBClusterSnapshotArn"]).split(":")[4]
    return Origin(
        sort="cluster-snapshot",
        name=str(raw["DBClusterSnapshotIdentifier"]),
        arn=str(raw["DBClusterSnapshotArn"]),
        engine=str(raw.get("Engine", "")),
        engine_version=str(raw.get("EngineVersion", "")),
        portrait=portrait_of_snapshot(raw),
        status=str(raw.get("Status", "")),
        source_id=str(raw.get("DBClusterIdentifier", "")),
        resource_id=str(raw.get("DbClusterResourceId") or ""),
        encrypted=bool(raw.get("StorageEncrypted")),
        account=account,
        created_at=raw.get("SnapshotCreateTime"),
    )


def newest_snapshot(tools: Tools, cluster_id: str) -> str | None:
    """ARN of the newest snapshot of a cluster that can be restored from: by its time, wherever the list has it."""
    found = [each for each in AuroraFamily(tools).list_snapshots(cluster_id) if _is_whole(each)]
    return max(found, key=lambda each: (each.created_at or UNDATED, each.arn)).arn if found else None


def _is_whole(snapshot: Snapshot) -> bool:
    return snapshot.status == "available" and snapshot.created_at is not None


def _find_instance_snapshot(tools: Tools, arn: str) -> Origin | None:
    """One of RDS's own; a snapshot that is shared is found by its ARN, too."""
    try:
        found = tools.session.rds.describe_db_snapshots(DBSnapshotIdentifier=arn, IncludeShared=True)["DBSnapshots"]
    except ClientError as error:
        if error_code(error) == "DBSnapshotNotFound":
            return None
        raise
    raw: Any = next(iter(found), None)
    if raw is None:
        return None
    return Origin(
        sort="instance-snapshot",
        name=str(raw["DBSnapshotIdentifier"]),
        arn=str(raw["DBSnapshotArn"]),
        engine=str(raw.get("Engine", "")),
        engine_version=str(raw.get("EngineVersion", "")),
        portrait=_portrait_of_instance(raw),
        status=str(raw.get("Status", "")),
        source_id=str(raw.get("DBInstanceIdentifier", "")),
        encrypted=bool(raw.get("Encrypted")),
        account=arn.split(":")[4],
        created_at=raw.get("SnapshotCreateTime"),
    )


def _portrait_of_instance(raw: Mapping[str, Any]) -> Portrait:
    """What comes with an RDS instance's data, by a cluster's names; the version is chosen later."""
    partition, _, region, account = str(raw["DBSnapshotArn"]).split(":")[1:5]
    name = str(raw.get("DBInstanceIdentifier", ""))
    kept = {
        "DBClusterIdentifier": name,
        "DBClusterArn": f"arn:{partition}:rds:{region}:{account}:cluster:{name}",
        "Engine": AURORA_OF.get(str(raw.get("Engine", "")), str(raw.get("Engine", ""))),
        "MasterUsername": raw.get("MasterUsername"),
        "Port": raw.get("Port"),
        "StorageEncrypted": bool(raw.get("Encrypted")),
        "KmsKeyId": raw.get("KmsKeyId") if raw.get("Encrypted") else None,
    }
    return Portrait(
        cluster={key: value for key, value in kept.items() if value is not None},
        vpc_id=str(raw.get("VpcId") or ""),
        partial=True,
    )


def find_cluster(tools: Tools, cluster_id: str) -> Origin | None:
    """A live cluster, with the window of what it can be restored to."""
    portrait = look(tools, cluster_id)
    if portrait is None:
        return None
    raw = portrait.cluster
    return Origin(
        sort="cluster",
        name=portrait.cluster_id,
        arn=portrait.arn,
        engine=str(raw.get("Engine", "")),
        engine_version=str(raw.get("EngineVersion", "")),
        portrait=portrait,
        status=portrait.status,
        source_id=portrait.cluster_id,
        resource_id=str(raw.get("DbClusterResourceId", "")),
        encrypted=bool(raw.get("StorageEncrypted")),
        account=portrait.arn.split(":")[4],
        earliest=_up(raw.get("EarliestRestorableTime")),
        latest=_down(raw.get("LatestRestorableTime")),
        created_at=raw.get("ClusterCreateTime"),
    )


def list_backups(tools: Tools) -> tuple[Origin, ...]:
    """The retained backups of deleted clusters, by the cluster's identifier, the latest last."""
    pages = tools.session.rds.get_paginator("describe_db_cluster_automated_backups").paginate(
        Filters=[{"Name": "status", "Values": ["retained"]}], PaginationConfig={"PageSize": PAGE_SIZE}
    )
    raws: Iterable[Any] = (raw for page in pages for raw in page["DBClusterAutomatedBackups"])
    found = [_backup(raw) for raw in raws if str(raw.get("Engine", "")).startswith("aurora")]
    return tuple(sorted(found, key=lambda each: (each.source_id, str(each.latest), each.resource_id)))


def match_backups(backups: Iterable[Origin], wanted: str) -> tuple[Origin, ...]:
    """Those that a cluster's identifier, its resource id or the backup's ARN may mean."""
    return tuple(
        each for each in backups if wanted.lower() in {each.source_id, each.resource_id.lower(), each.name.lower()}
    )


def _backup(raw: Mapping[str, Any]) -> Origin:
    portrait, window = portrait_of_backup(raw), raw.get("RestoreWindow", {})
    return Origin(
        sort="backup",
        name=str(raw.get("DBClusterAutomatedBackupsArn", "")),
        arn=str(raw.get("DBClusterArn", "")),
        engine=str(raw.get("Engine", "")),
        engine_version=str(raw.get("EngineVersion", "")),
        portrait=portrait,
        status=str(raw.get("Status", "")),
        source_id=str(raw.get("DBClusterIdentifier", "")),
        resource_id=str(raw.get("DbClusterResourceId", "")),
        encrypted=bool(raw.get("StorageEncrypted")),
        account=portrait.arn.split(":")[4],
        earliest=_up(window.get("EarliestTime")),
        latest=_down(window.get("LatestTime")),
        created_at=raw.get("ClusterCreateTime"),
    )


def _down(moment: datetime | None) -> datetime | None:
    """To the second, as moments are asked for: what is shown of a window lies within it."""
    return moment.replace(microsecond=0) if moment is not None else None


def _up(moment: datetime | None) -> datetime | None:
    if moment is None or not moment.microsecond:
        return moment
    return moment.replace(microsecond=0) + timedelta(seconds=1)
