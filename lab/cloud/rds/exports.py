"""StartExportTask: a snapshot's data to S3, as tasks that take their time. What is written says that it is no data.

Sources: API reference, StartExportTask, CancelExportTask and DescribeExportTasks; Aurora User Guide, "Exporting DB
cluster snapshot data to Amazon S3" (limits, states, failure messages; facts S6 and S7). The code of the sixth task,
`ExportTaskLimitReachedFault`, is in no model; it was seen in the field, with these words.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from moto.core.errors import COMMON_ERROR_CODES
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from lab.cloud.awserrors import AwsError, rds_error
from lab.cloud.rds.snapshots import SnapshotState
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME, later

AT_ONCE: Final = 5
RUNNING: Final = frozenset({"STARTING", "IN_PROGRESS", "CANCELING"})
EXPORTER: Final = "export.rds.amazonaws.com"
NO_DATA: Final = (
    "The embedded AWS writes no Parquet. On AWS this folder would hold one folder of Parquet files for each table of "
    "{source}, and export_info_{task}.json beside them.\n"
)
TOO_MANY: Final = "ExportTaskLimitReachedFault"
if TOO_MANY not in COMMON_ERROR_CODES:  # moto warns of a code that no model has
    COMMON_ERROR_CODES.append(TOO_MANY)
_ONLY: Final = re.compile(r"^[A-Za-z0-9_$]+(\.[A-Za-z0-9_$]+){0,2}$")


class ExportTask:
    """One task. Times are UTC; `percent_progress` is of the data written, 0 while the volume is being restored."""

    def __init__(self, given: Mapping[str, Any], snapshot: Any, key: str) -> None:
        self.export_task_identifier = given["export_task_identifier"]
        self.source_arn = given["source_arn"]
        self.source_type = "SNAPSHOT"
        self.export_only = list(given.get("export_only") or [])
        self.snapshot_time = snapshot.created
        self.task_start_time = dt.datetime.now(dt.UTC)
        self.task_end_time: dt.datetime | None = None
        self.s3_bucket = given["s3_bucket_name"]
        self.s3_prefix = given.get("s3_prefix") or ""
        self.iam_role_arn = given["iam_role_arn"]
        self.kms_key_id = key
        self.status = "STARTING"
        self.percent_progress = 0
        self.total_extracted_data_in_gb = 0
        self.failure_cause: str | None = None
        self.warning_message: str | None = None

    def end(self, status: str, failure: str | None = None) -> None:
        self.status, self.failure_cause = status, failure
        self.task_end_time = dt.datetime.now(dt.UTC)


class ExportState(SnapshotState):
    """Exports of cluster snapshots; those of clusters and of RDS's own snapshots are not modelled."""

    def start_export_task(self, kwargs: dict[str, Any]) -> Any:
        given = dict(kwargs)
        with RUNTIME.lock:
            snapshot = self._source_of_export(given["source_arn"])
            self._check_task(given)
            self._check_access(given)
            task = ExportTask(given, snapshot, self.key_arn(given["kms_key_id"]))
            self.export_tasks[task.export_task_identifier] = task
            answer = frozen(task)
        half_s = RUNTIME.delays.exporting_s / 2
        later(half_s, None, lambda: self._extract(task, half_s), f"export {task.export_task_identifier}")
        return answer

    def cancel_export_task(self, export_task_identifier: str) -> Any:
        """What is in the bucket stays there."""
        with RUNTIME.lock:
            task = self._task(export_task_identifier)
            if task.status not in {"STARTING", "IN_PROGRESS"}:
                raise rds_error("InvalidExportTaskStateFault", f"The export task is in {task.status} state.")
            task.status = "CANCELING"
            answer = frozen(task)
        later(RUNTIME.delays.deleting_s, None, lambda: task.end("CANCELED"), f"cancel {export_task_identifier}")
        return answer

    def find_export_tasks(self, given: Mapping[str, Any]) -> list[Any]:
        """By name, source and filter, oldest first.

        Raises:
            ServiceException: ExportTaskNotFoundFault.
        """
        if name := given.get("export_task_identifier"):
            return [self._task(name)]
        wanted = {item["Name"]: set(item["Values"]) for item in given.get("filters", [])}
        if source := given.get("source_arn"):
            wanted["source-arn"] = {source}
        found = [task for task in self.export_tasks.values() if all(_of(task, k) in v for k, v in wanted.items())]
        return sorted(found, key=lambda task: (task.task_start_time, task.export_task_identifier))

    def _task(self, name: str) -> Any:
        if name not in self.export_tasks:
            raise rds_error("ExportTaskNotFoundFault", f"Cannot find an export task with the ID: {name}")
        return self.export_tasks[name]

    def _source_of_export(self, arn: str) -> Any:
        if ":cluster-snapshot:" not in arn:
            raise NotImplementedError("exports of clusters and of RDS's own snapshots")
        found = self.find_cluster_snapshot(arn)
        if found is None or found.region != self.region_name:
            raise rds_error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {arn} not found.")
        if found.status != "available":
            raise rds_error("InvalidExportSourceStateFault", f"Export source is in {found.status} state.")
        return found

    def _check_task(self, given: Mapping[str, Any]) -> None:
        """A name of its own, no second task of one snapshot, five at once, and `ExportOnly` that names something."""
        name = given["export_task_identifier"]
        if name in self.export_tasks:
            raise rds_error("ExportTaskAlreadyExistsFault", f"The export task with the ID {name} already exists.")
        running = [task for task in self.export_tasks.values() if task.status in RUNNING]
        if [task for task in running if task.source_arn == given["source_arn"]]:
            raise rds_error("InvalidExportSourceStateFault", "An export task of this source is in progress.")
        if len(running) >= AT_ONCE:
            raise AwsError(TOO_MANY, f"You have reached the limit of {AT_ONCE} concurrent export tasks")
        if wrong := [each for each in given.get("export_only") or [] if not _ONLY.match(each)]:
            raise rds_error("InvalidExportOnlyFault", f"The export only parameter is invalid: {', '.join(wrong)}")

    def _check_access(self, given: Mapping[str, Any]) -> None:
        """The role and the bucket exist; what they allow shows when the task runs."""
        role = self._role(given["iam_role_arn"])
        if role is None:
            raise rds_error("IamRoleNotFoundFault", f"The IAM role {given['iam_role_arn']} does not exist.")
        if EXPORTER not in json.dumps(role.assume_role_policy_document):
            raise rds_error(
                "IamRoleMissingPermissionsFault", f"The role {given['iam_role_arn']} does not let {EXPORTER} take it."
            )
        if given["s3_bucket_name"] not in self._buckets():
            raise rds_error("InvalidS3BucketFault", f"The S3 bucket {given['s3_bucket_name']} does not exist.")

    def _role(self, arn: str) -> Any | None:
        account = arn.split(":")[4] if arn.count(":") >= 5 else self.account_id  # noqa: PLR2004 - an ARN has six parts
        roles = iam_backends[account]["aws"].roles.values()
        return next((role for role in roles if role.arn == arn), None)

    def _buckets(self) -> Mapping[str, Any]:
        buckets: Mapping[str, Any] = s3_backends[self.account_id]["aws"].buckets
        return buckets

    def _extract(self, task: ExportTask, half_s: float) -> None:
        if task.status != "STARTING":
            return
        bucket = self._buckets().get(task.s3_bucket)
        if bucket is None or bucket.region_name != self.region_name:
            task.end(
                "FAILED",
                f"The S3 bucket {task.s3_bucket} isn't valid. Either it isn't located in the current AWS Region or it "
                "doesn't exist. Review your S3 bucket name and retry the export.",
            )
            return
        task.status, task.percent_progress = "IN_PROGRESS", 50
        later(half_s, None, lambda: self._write(task), f"export {task.export_task_identifier}")

    def _write(self, task: ExportTask) -> None:
        if task.status != "IN_PROGRESS":
            return
        name = task.export_task_identifier
        folder = f"{task.s3_prefix}/{name}" if task.s3_prefix else name
        text = NO_DATA.format(source=task.source_arn, task=name)
        s3_backends[self.account_id]["aws"].put_object(task.s3_bucket, f"{folder}/README.txt", text.encode())
        task.percent_progress = 100
        task.end("COMPLETE")


_FIELDS: Final = {
    "export-task-identifier": "export_task_identifier",
    "s3-bucket": "s3_bucket",
    "source-arn": "source_arn",
    "status": "status",
}


def _of(task: ExportTask, name: str) -> str:
    """A task's value of a filter; states are lower case there."""
    value = str(getattr(task, _FIELDS[name]))
    return value.lower() if name == "status" else value
