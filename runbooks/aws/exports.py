"""Exports of snapshots to S3, as RDS tells of them; the role and the bucket that they need. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from botocore.exceptions import ClientError

from runbooks.aws.rds import PAGE_SIZE, error_code

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_rds import RDSClient

DEFAULT_REGION: Final = "us-east-1"  # S3 calls it nothing: a null LocationConstraint
# IAM actions of each call: an effect that uses a function declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_task": ("rds:DescribeExportTasks",),
    "list_running": ("rds:DescribeExportTasks",),
    "find_trusted": ("iam:GetRole",),
    "find_bucket_region": ("s3:GetBucketLocation",),
    "list_objects": ("s3:ListBucket",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportTask:
    """One export. `status` is RDS's own word (STARTING, IN_PROGRESS, COMPLETE, FAILED, CANCELING, CANCELED)."""

    task_id: str
    source_arn: str
    status: str
    progress: int = 0
    extracted_gb: int = 0
    failure: str = ""
    warning: str = ""


def find_task(client: RDSClient, task_id: str) -> ExportTask | None:
    """A task by its name; None when there is none."""
    try:
        found = client.describe_export_tasks(ExportTaskIdentifier=task_id)["ExportTasks"]
    except ClientError as error:
        if error_code(error) == "ExportTaskNotFound":
            return None
        raise
    return next((_task(raw) for raw in found), None)


def list_running(client: RDSClient) -> tuple[ExportTask, ...]:
    """Those that are under way in the account and Region."""
    pages = client.get_paginator("describe_export_tasks").paginate(
        Filters=[{"Name": "status", "Values": ["starting", "in_progress", "canceling"]}],
        PaginationConfig={"PageSize": PAGE_SIZE},
    )
    return tuple(_task(raw) for page in pages for raw in page["ExportTasks"])


def find_trusted(client: IAMClient, role_arn: str) -> tuple[str, ...] | None:
    """The services that may take a role; None when there is no such role."""
    try:
        role = client.get_role(RoleName=role_arn.rsplit("/", maxsplit=1)[-1])["Role"]
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise
    document: Any = role.get("AssumeRolePolicyDocument", {})
    policy: Mapping[str, Any] = json.loads(unquote(document)) if isinstance(document, str) else document
    return tuple(
        service
        for statement in _list(policy.get("Statement", []))
        if statement.get("Effect") == "Allow"
        for service in _list(_services(statement.get("Principal", {})))
    )


def find_bucket_region(client: Any, bucket: str) -> str | None:
    """The Region of a bucket that this account can see; None when there is no such bucket."""
    try:
        found = client.get_bucket_location(Bucket=bucket)
    except ClientError as error:
        if error_code(error) == "NoSuchBucket":
            return None
        raise
    return str(found.get("LocationConstraint") or DEFAULT_REGION)


def list_objects(client: Any, bucket: str, prefix: str) -> tuple[Mapping[str, Any], ...]:
    """The objects of a bucket whose names begin so."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return tuple(raw for page in pages for raw in page.get("Contents", []))


def _services(principal: Any) -> Any:
    return principal.get("Service", []) if isinstance(principal, Mapping) else []  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]


def _list(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _task(raw: Mapping[str, Any]) -> ExportTask:
    return ExportTask(
        task_id=raw.get("ExportTaskIdentifier", ""),
        source_arn=raw.get("SourceArn", ""),
        status=str(raw.get("Status", "")).upper(),
        progress=raw.get("PercentProgress", 0),
        extracted_gb=raw.get("TotalExtractedDataInGB", 0),
        failure=raw.get("FailureCause", ""),
        warning=raw.get("WarningMessage", ""),
    )
