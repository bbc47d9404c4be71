"""Who sees cluster snapshots: DescribeDBClusterSnapshots with those of other accounts, and sharing.

Sources: API reference, DescribeDBClusterSnapshots and ModifyDBClusterSnapshotAttribute; Aurora User Guide, "Sharing a
DB cluster snapshot" and "Sharing encrypted snapshots" (facts S1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.kms.models import kms_backends
from moto.rds.models import DBClusterSnapshot, rds_backends

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds.state import RdsState, frozen

ACCOUNT_LENGTH = 12


class SharingState(RdsState):
    """Lists of snapshots as an account sees them, and the attribute `restore`."""

    def find_cluster_snapshots(self, given: Mapping[str, Any]) -> list[Any]:
        """As DescribeDBClusterSnapshots finds them, by name.

        Raises:
            ServiceException: DBClusterSnapshotNotFoundFault.
        """
        identifier, kind = given.get("db_cluster_snapshot_identifier"), given.get("snapshot_type")
        own = [] if kind in {"shared", "public"} else list(self.cluster_snapshots.values())
        found = [each for each in own if kind in {None, each.snapshot_type}]
        if kind == "shared" or given.get("include_shared"):
            found += [_seen_by_others(each) for each in self._shared()]
        filters = {item["Name"]: item["Values"] for item in given.get("filters", [])}
        if cluster := given.get("db_cluster_identifier"):
            filters["db-cluster-id"] = [cluster]
        if filters:
            found = list(
                self._filter_resources({each.arn: each for each in found}, filters, DBClusterSnapshot).values()
            )
        if identifier:
            found = [each for each in found if _is_called(each, identifier, typed=bool(kind))]
            if not found:
                raise rds_error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {identifier} not found.")
        return sorted(found, key=lambda each: str(each.arn))

    def _shared(self) -> list[Any]:
        """Those of other accounts that this one is named in; public ones are another list (`IncludePublic`)."""
        others = [regions[self.region_name] for account, regions in list(rds_backends.items())
                  if account != self.account_id and self.region_name in regions]  # fmt: skip
        kept = [each for backend in others for each in list(backend.cluster_snapshots.values())]
        return [each for each in kept if self.account_id in each.attributes["restore"]]

    def modify_db_cluster_snapshot_attribute(
        self,
        db_cluster_snapshot_identifier: str,
        attribute_name: str,
        values_to_add: list[str] | None = None,
        values_to_remove: list[str] | None = None,
    ) -> Any:
        snapshot = self.cluster_snapshots.get(db_cluster_snapshot_identifier.lower())
        if snapshot is not None and values_to_add:
            self._check_sharing(snapshot, values_to_add)
            values_to_add = [value for value in dict.fromkeys(values_to_add) if value not in _shared_with(snapshot)]
        return super().modify_db_cluster_snapshot_attribute(
            db_cluster_snapshot_identifier, attribute_name, values_to_add, values_to_remove
        )

    def _check_sharing(self, snapshot: Any, accounts: list[str]) -> None:
        """Codes: AWS documents none for these three; those of the operation's own errors that are nearest."""
        if snapshot.status != "available":
            raise rds_error("InvalidDBClusterSnapshotStateFault", f"The snapshot is in {snapshot.status} state.")
        if wrong := [value for value in accounts if value != "all" and not _is_account(value)]:
            raise invalid_value(f"Invalid account: {', '.join(wrong)}")
        if not snapshot.encrypted:
            return
        if "all" in accounts:
            raise invalid_combination("You can't share encrypted snapshots as public.")
        key = kms_backends[self.account_id][self.region_name].keys.get(snapshot.kms_key_id.rsplit("/", maxsplit=1)[-1])
        if key is not None and key.key_manager == "AWS":
            raise rds_error(
                "InvalidDBClusterSnapshotStateFault",
                "You can't share a snapshot that has been encrypted using the default KMS key of the account.",
            )


def _shared_with(snapshot: Any) -> list[str]:
    return list(snapshot.attributes["restore"])


def _is_account(value: str) -> bool:
    return len(value) == ACCOUNT_LENGTH and value.isdigit()


def _seen_by_others(snapshot: Any) -> Any:
    """As another account sees it: its tags are its owner's business."""
    seen = frozen(snapshot)
    seen.snapshot_type, seen.tags = "shared", []
    return seen


def _is_called(snapshot: Any, identifier: str, *, typed: bool) -> bool:
    """By ARN or name; a name of an automated one only where the type is given too (DescribeDBClusterSnapshots)."""
    if identifier.startswith("arn:"):
        return bool(snapshot.arn == identifier)
    if snapshot.snapshot_type == "automated" and not typed:
        return False
    return bool(snapshot.resource_id == identifier.lower())
