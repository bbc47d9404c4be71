"""CopyDBClusterSnapshot: keys, what may be copied from where, and a copy that takes its time.

Sources: API reference, CopyDBClusterSnapshot; Aurora User Guide, "Copying a DB cluster snapshot" ("you can have up to
five snapshot copy requests in progress to a single destination Region per account"; "If you delete a source snapshot
before the target snapshot becomes available, the snapshot copy might fail": here it does). The errors' words are those
that were seen in the field: pbudzon/aws-maintenance issues 12 and 19, awslabs/aurora-snapshot-tool issue 26.
"""

from __future__ import annotations

import json
from typing import Any, Final

from moto.kms.models import kms_backends
from moto.rds.models import DBClusterSnapshot, rds_backends

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds import checks
from lab.cloud.rds.state import RdsState, frozen
from lab.cloud.runtime import RUNTIME, later

QUOTA: Final = 100  # manual cluster snapshots of a Region (facts A8); automated ones and AWS Backup's do not count
IN_FLIGHT: Final = 5


class CopyState(RdsState):
    """Copies of cluster snapshots, and how many manual ones there may be."""

    def check_quota(self) -> None:
        manual = [each for each in self.cluster_snapshots.values() if each.snapshot_type == "manual"]
        if len(manual) >= QUOTA:
            raise rds_error("SnapshotQuotaExceededFault", f"Cannot create more than {QUOTA} manual snapshots")

    def check_snapshot_name(self, name: str) -> str:
        """The name as it is stored: in lower case, and free."""
        lower = name.lower()
        checks.check_identifier(lower, "DBClusterSnapshotIdentifier")
        if lower in self.cluster_snapshots:
            raise rds_error(
                "DBClusterSnapshotAlreadyExistsFault",
                f"Cannot create the snapshot because a snapshot with the identifier {lower} already exists.",
            )
        return lower

    def copy_db_cluster_snapshot(self, **given: Any) -> Any:
        """A copy of a snapshot of this account, or of one that is shared with it; `copying` first."""
        with RUNTIME.lock:
            source = self._source_of_copy(given["source_db_cluster_snapshot_identifier"])
            if source.status != "available":
                raise rds_error("InvalidDBClusterSnapshotStateFault", f"The snapshot is in {source.status} state.")
            check_copy(source, self.region_name, self.account_id, given.get("kms_key_id"))
            name = self.check_snapshot_name(given["target_db_cluster_snapshot_identifier"])
            self.check_quota()
            self._check_in_flight(source)
            copied = self._copy_of(source, name, given)
            self.cluster_snapshots[name] = copied
            answer = frozen(copied)
        half_s = RUNTIME.delays.copying_s / 2
        later(half_s, None, lambda: self._halfway(copied, source, half_s), f"copy snapshot {name}")
        return answer

    def find_cluster_snapshot(self, identifier: str) -> Any | None:
        """By identifier or ARN, of any Region; another account's only when it is shared with this one."""
        account, region, name = self.account_id, self.region_name, identifier
        if identifier.startswith("arn:"):
            _, _, service, region, account, kind, name = identifier.split(":", 6)
            if (service, kind) != ("rds", "cluster-snapshot"):
                return None
        kept = rds_backends[account][region].cluster_snapshots
        found = next((each for key, each in kept.items() if key.lower() == name.lower()), None)
        shared = found is not None and {self.account_id, "all"} & set(found.attributes["restore"])
        return found if account == self.account_id or shared else None

    def _source_of_copy(self, identifier: str) -> Any:
        found = self.find_cluster_snapshot(identifier)
        if found is None:
            raise rds_error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {identifier} not found.")
        return found

    def _check_in_flight(self, source: Any) -> None:
        if source.region == self.region_name:
            return
        copying = [each for each in self.cluster_snapshots.values() if getattr(each, "crosses_regions", False)]
        if len([each for each in copying if each.status == "copying"]) >= IN_FLIGHT:
            raise rds_error("SnapshotQuotaExceededFault", f"Cannot copy more than {IN_FLIGHT} snapshots across regions")

    def _copy_of(self, source: Any, name: str, given: dict[str, Any]) -> Any:
        """Tags that are given win over `CopyTags`; without either there are none."""
        key = self.key_arn(given["kms_key_id"]) if given.get("kms_key_id") else None
        tags = given.get("tags") or (source.tags if given.get("copy_tags") else [])
        copied = DBClusterSnapshot(self, source.cluster, name, tags=list(tags), kms_key_id=key)
        for field in _COPIED:
            setattr(copied, field, getattr(source, field, None))
        if key is None:
            copied.kms_key_id, copied.encrypted = source.kms_key_id, source.encrypted
        copied.storage_encrypted = copied.encrypted
        copied.source_db_cluster_snapshot_arn = source.arn
        copied.crosses_regions = source.region != self.region_name
        copied.data, copied.kept = getattr(source, "data", ""), getattr(source, "kept", None)
        copied.status, copied.percent_progress = "copying", 0
        return copied

    def _halfway(self, copied: Any, source: Any, half_s: float) -> None:
        copied.percent_progress = 50
        later(half_s, None, lambda: _copied(copied, source), f"copy snapshot {copied.resource_id}")


_COPIED: Final = (
    "vpc_id",
    "availability_zones",
    "db_cluster_resource_id",
    "iam_database_authentication_enabled",
    "storage_type",
    "engine_mode",
)


def _copied(copied: Any, source: Any) -> None:
    kept = source.resource_id in source.backend.cluster_snapshots
    copied.status, copied.percent_progress = ("available", 100) if kept else ("failed", 50)


def check_copy(source: Any, region: str, account: str, key: str | None) -> None:
    """A key of the destination for an encrypted snapshot of another Region or account, and none for a plain one.

    CopyDBClusterSnapshot.KmsKeyId: "If you copy an encrypted DB cluster snapshot that is shared from another Amazon Web
    Services account, then you must specify a value for KmsKeyId"; "To copy an encrypted DB cluster snapshot to another
    Amazon Web Services Region, you must set KmsKeyId"; "If you copy an unencrypted DB cluster snapshot and specify a
    value for the KmsKeyId parameter, an error is returned".
    """
    name = source.db_cluster_snapshot_identifier
    if key and not source.encrypted:
        raise invalid_combination(f"KmsKeyId can't be given for {name}, which is not encrypted.")
    if not source.encrypted:
        return
    if source.region != region and not key:
        raise invalid_combination(f"KmsKeyId is needed to copy the encrypted snapshot {name} to {region}.")
    if source.account_id != account:
        if not key:
            raise invalid_combination(f"KmsKeyId is needed to copy the encrypted snapshot {name} of another account.")
        _check_source_key(source, account)


def _check_source_key(source: Any, account: str) -> None:
    """The key's policy must let the account in; that of AWS's own key never does."""
    owner, key_id = source.kms_key_id.split(":")[4], source.kms_key_id.rsplit("/", maxsplit=1)[-1]
    key = kms_backends[owner][source.region].keys.get(key_id)
    if key is None or key.key_manager == "AWS" or not _names(json.loads(key.policy), account):
        raise rds_error(
            "KMSKeyNotAccessibleFault",
            f"The source snapshot KMS key [{source.kms_key_id}] does not exist, is not enabled or you do not have "
            "permissions to access it.",
        )


def _names(policy: Any, account: str) -> bool:
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    return any(account in json.dumps(statement.get("Principal", "")) for statement in allowed)
