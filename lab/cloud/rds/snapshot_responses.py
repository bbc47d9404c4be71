"""Snapshots, exports and the account's quotas: RDS operations that list page by page."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

from lab.cloud.paging import page
from lab.cloud.rds.copies import QUOTA

_QUOTAS = (("DBClusters", "clusters", 40), ("DBInstances", "databases", 40))


class SnapshotResponse(RDSResponse):  # type: ignore[misc]
    """Parameters arrive parsed, results are serialised by the model."""

    def describe_db_cluster_snapshots(self) -> ActionResult:
        given = dict(self.params)
        return page("DBClusterSnapshots", self.backend.find_cluster_snapshots(given), given)

    def describe_export_tasks(self) -> ActionResult:
        given = dict(self.params)
        return page("ExportTasks", self.backend.find_export_tasks(given), given)

    def start_export_task(self) -> ActionResult:
        return ActionResult(self.backend.start_export_task(dict(self.params)))

    def describe_account_attributes(self) -> ActionResult:
        """Three of the account's quotas, with AWS's defaults."""
        kept = self.backend.cluster_snapshots.values()
        manual = [each for each in kept if each.snapshot_type == "manual"]
        quotas: list[dict[str, Any]] = [
            {"AccountQuotaName": name, "Used": len(getattr(self.backend, kept_in)), "Max": most}
            for name, kept_in, most in _QUOTAS
        ]
        quotas.append({"AccountQuotaName": "ManualClusterSnapshots", "Used": len(manual), "Max": QUOTA})
        return ActionResult({"AccountQuotas": quotas})
