"""Whether a new cluster is at rest. Pure.

A cluster is `available` long before its instances, and before anything can be restored from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbooks.parity.portrait import Portrait
from runbooks.waits import BROKEN

AVAILABLE = "available"
FIRST_BACKUP = "available, but without its first backup"


def cluster_state(raw: Mapping[str, Any]) -> str:
    """`available` when it is so in earnest.

    "Your restore is complete when the EarliestRestorableTime and LatestRestorableTime values are not null" (Aurora User
    Guide, "Overview of backing up and restoring"): until then backups and restores of it are refused.
    """
    status = str(raw.get("Status", ""))
    has_window = raw.get("EarliestRestorableTime") is not None and raw.get("LatestRestorableTime") is not None
    return FIRST_BACKUP if status == AVAILABLE and not has_window else status


def busy_with(copy: Portrait, instances: tuple[str, ...] = ()) -> str:
    """What it is still busy with, in words; empty when it is at rest and has these instances, available."""
    if (state := cluster_state(copy.cluster)) != AVAILABLE:
        return state
    there = {str(each["DBInstanceIdentifier"]): str(each["DBInstanceStatus"]) for each in copy.instances}
    if missing := [name for name in instances if name not in there]:
        return f"without {', '.join(missing)}"
    busy = [f"{name} {status}" for name, status in there.items() if status != AVAILABLE]
    return ", ".join(busy)


def broken(copy: Portrait) -> str:
    """A status, of an instance or of the cluster, that nothing leads out of by itself; empty when there is none."""
    statuses = (copy.status, *(str(each["DBInstanceStatus"]) for each in copy.instances))
    return next((status for status in statuses if status in BROKEN), "")
