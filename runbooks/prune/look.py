"""What is there of one source: its snapshots, with whom they are shared, and what uses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import PAGE_SIZE, error_code
from runbooks.prune.retention import RESTORABLE, Fate, Policy, gaps, rule
from runbooks.snapshot.families import open_family
from runbooks.snapshot.family import SnapshotFamily
from runbooks.snapshot.seen import Family, Snapshot
from runbooks.tools import Tools

NOT_THERE: Final = frozenset(
    {"DBClusterSnapshotNotFoundFault", "SnapshotNotFoundFault", "ServerlessCacheSnapshotNotFoundFault"}
)
ENDED: Final = frozenset({"COMPLETE", "CANCELED", "FAILED"})  # states of an export that it does not leave


def with_sharing(
    family: SnapshotFamily, snapshots: Sequence[Snapshot], policy: Policy, now: datetime
) -> tuple[Snapshot, ...]:
    """The same, those that would go with whom they are shared with: one call for each, none for what is kept anyway.

    One that has gone meanwhile is left out. A picture that is not whole is given back as it is.
    """
    if gaps(snapshots):
        return tuple(snapshots)
    unshared = [replace(each, shared_with=each.shared_with or ()) for each in snapshots]
    going = {each.snapshot.arn for each in rule(unshared, policy, now) if each.fate is Fate.GOES}
    looked = [find(family, each.snapshot_id) if each.arn in going else each for each in unshared]
    return tuple(each for each in looked if each is not None)


def find(family: SnapshotFamily, snapshot_id: str) -> Snapshot | None:
    """A snapshot, with whom it is shared with: two calls, between which it may go."""
    try:
        return family.find_snapshot(snapshot_id)
    except ClientError as error:
        if error_code(error) in NOT_THERE:
            return None
        raise


def uses(
    tools: Tools, family: Family, source_id: str, snapshots: Iterable[Snapshot], copies_in: Iterable[str]
) -> Mapping[str, str]:
    """By ARN, what uses a snapshot now: a copy that is not complete here or in these Regions, an export to S3."""
    everywhere = [*snapshots]
    for region in copies_in:
        everywhere += open_family(tools, family, region).list_snapshots(source_id)
    copied = {
        each.copied_from: f"being copied to {each.snapshot_id}"
        for each in everywhere
        if each.copied_from and each.status != RESTORABLE
    }
    return {**copied, **(_exports(tools) if family == "aurora" else {})}


def _exports(tools: Tools) -> Mapping[str, str]:
    pages: Any = tools.session.rds.get_paginator("describe_export_tasks").paginate(
        PaginationConfig={"PageSize": PAGE_SIZE}
    )
    tasks = [task for page in pages for task in page["ExportTasks"]]
    return {
        str(task["SourceArn"]): f"being exported by {task['ExportTaskIdentifier']}"
        for task in tasks
        if str(task.get("Status", "")).upper() not in ENDED
    }
