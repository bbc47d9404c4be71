"""Files in S3, and the role that RDS reads them by, as AWS shows them. Lists are read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.restore.origin import Bucket
from runbooks.restore.request import Files
from runbooks.tools import Tools

# IAM actions of `look_at`.
ACTIONS: Final = ("s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "iam:GetRole")
INFO: Final = "xtrabackup_info"
INFO_MOST_BYTES: Final = 65_536  # some lines of text, in truth
ENCRYPTED: Final = ".xbcrypt"
FIRST_REGION: Final = "us-east-1"  # GetBucketLocation answers nothing for it, and `EU` for eu-west-1 of old buckets
RDS: Final = "rds.amazonaws.com"


def look_at(tools: Tools, bucket: str, files: Files) -> Bucket:
    """The bucket's Region, how much lies under the prefix, what Percona XtraBackup noted, the role's trust."""
    s3: Any = tools.session.client("s3")
    region = _region(s3, bucket)
    count = total = largest = 0
    encrypted, info = "", ""
    for key, size in _files(s3, bucket, files.prefix) if region else ():
        count, total, largest = count + 1, total + size, max(largest, size)
        encrypted = encrypted or (key if key.endswith(ENCRYPTED) else "")
        info = key if key.endswith(INFO) and size <= INFO_MOST_BYTES else info
    has_role, trusts = _role(tools, files.role)
    return Bucket(
        region=region,
        files=count,
        total_bytes=total,
        largest_bytes=largest,
        encrypted_file=encrypted,
        info=_info(s3, bucket, info) if info else (),
        has_role=has_role,
        role_trusts_rds=trusts,
    )


def _region(s3: Any, bucket: str) -> str:
    try:
        found = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    except ClientError as error:
        if error_code(error) == "NoSuchBucket":
            return ""
        raise
    return {None: FIRST_REGION, "": FIRST_REGION, "EU": "eu-west-1"}.get(found, str(found))


def _files(s3: Any, bucket: str, prefix: str) -> Iterable[tuple[str, int]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            yield str(each["Key"]), int(each["Size"])


def _info(s3: Any, bucket: str, key: str) -> tuple[tuple[str, str], ...]:
    """What XtraBackup noted of the backup, line by line: `server_version = 8.0.42`."""
    try:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read(INFO_MOST_BYTES).decode(errors="replace")
    except ClientError as error:
        if error_code(error) == "NoSuchKey":
            return ()
        raise
    pairs = (line.partition("=") for line in text.splitlines())
    return tuple((name.strip(), value.strip()) for name, sign, value in pairs if sign)


def _role(tools: Tools, arn: str) -> tuple[bool, bool]:
    """Whether there is such a role, and whether RDS may take it on."""
    try:
        role = tools.session.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return False, False
        raise
    return role["Arn"] == arn, role["Arn"] == arn and RDS in _trusted(role.get("AssumeRolePolicyDocument") or {})


def _trusted(document: Mapping[str, Any]) -> frozenset[str]:
    """Services that may take a role on."""
    given: Any = document.get("Statement", [])
    rows: list[Any] = given if isinstance(given, list) else [given]  # pyright: ignore[reportUnknownVariableType]
    found: set[str] = set()
    for row in rows:
        principal: Any = row.get("Principal", {}) if row.get("Effect") == "Allow" else {}
        services: Any = principal.get("Service", []) if isinstance(principal, dict) else []  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        found |= {services} if isinstance(services, str) else set(services)  # pyright: ignore[reportUnknownArgumentType]
    return frozenset(found)
