"""The operations that make a cluster: empty, from a snapshot, at a point in time or as a clone.

A restore takes fewer properties than a creation; the rest is given by a modification right after it, as
CloudFormation's own handler does (aws-cloudformation-resource-providers-rds, aws-rds-dbcluster, CreateHandler). What
neither takes comes with the data, and is only compared with what the template says when everything is read back.
"""

from __future__ import annotations

from typing import Any

from lab.cloud.cloudformation.arguments import arguments, takes
from lab.cloud.cloudformation.row import Handle, Row

FROM_SNAPSHOT, TO_POINT_IN_TIME = "restore_db_cluster_from_snapshot", "restore_db_cluster_to_point_in_time"
RESTORES = (FROM_SNAPSHOT, TO_POINT_IN_TIME)
ARGUMENTS = (
    "RestoreToTime",
    "RestoreType",
    "SnapshotIdentifier",
    "SourceDBClusterIdentifier",
    "SourceDbClusterResourceId",
    "UseLatestRestorableTime",
)
UNSHOWN_OF_RESTORES = dict.fromkeys(ARGUMENTS, "an argument of the restore; nothing shows it afterwards")
_AFTERWARDS = ("EnablePerformanceInsights", "PerformanceInsights", "Monitoring")
"""The restore operations have these parameters and refuse them, but for Limitless."""
_NEVER = frozenset({"EngineVersion", "DatabaseName"})
"""No modification of a restored cluster changes its version: it is the source's, or the deployment fails."""


def birth_of(handle: Handle) -> str:
    """The operation that makes a cluster with these properties; empty for an ordinary creation."""
    if "SnapshotIdentifier" in handle.properties:
        return FROM_SNAPSHOT
    if {"SourceDBClusterIdentifier", "SourceDbClusterResourceId"} & set(handle.properties):
        return TO_POINT_IN_TIME
    return ""


def restore(row: Row, handle: Handle, operation: str, plain: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Restore; gives the answer, and the arguments of the modification that is to follow, if any."""
    first = {name: value for name, value in plain.items() if _goes_first(row, operation, name)}
    rest = {
        name: value
        for name, value in plain.items()
        if name not in first and name not in _NEVER and takes(row.service, row.update, name)
    }
    answer = handle.call(operation, **arguments(row.service, operation, first))
    later = {**arguments(row.service, row.update, rest), **row.create_extra(handle)}
    return answer, ({**later, **row.key(handle), **row.update_extra} if later else {})


def _goes_first(row: Row, operation: str, name: str) -> bool:
    return takes(row.service, operation, name) and not name.startswith(_AFTERWARDS)
