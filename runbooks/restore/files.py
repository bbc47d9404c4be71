"""Why files in S3 cannot become a cluster. Pure.

Sources of the limits: Aurora User Guide, "Physical migration from MySQL by using Percona XtraBackup and Amazon S3"
(facts C17).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from estate.community import S3_SOURCES, TOOLS
from runbooks.restore.origin import Bucket
from runbooks.restore.request import Files, RestoreRequest
from runbooks.restore.seen import Observed

MAX_BYTES: Final = 64 * 1024**4
MAX_FILES: Final = 1_000_000
MAX_FILE_BYTES: Final = 5 * 10**12
WITHOUT: Final = frozenset({"", "N"})  # how `xtrabackup_info` says no


def file_reasons(request: RestoreRequest, seen: Observed) -> Iterable[str]:
    """Every reason not to restore files of S3."""
    bucket, files = seen.bucket, request.files
    if bucket is None or files is None:
        return
    yield from _place(request, bucket, files, seen.region)
    yield from _sizes(request, bucket, files)
    yield from _source(files, dict(bucket.info))
    if not bucket.has_role:
        yield f"role {files.role} must exist, got none; make one that rds.amazonaws.com may take on"
    elif not bucket.role_trusts_rds:
        yield f"role {files.role} must let rds.amazonaws.com take it on, got a trust policy without it; add it there"


def _place(request: RestoreRequest, bucket: Bucket, files: Files, region: str) -> Iterable[str]:
    if not bucket.region:
        yield f"bucket {request.source} must exist, got none; see `aws s3 ls`"
    elif bucket.region != region:
        yield f"bucket {request.source} must lie in {region}, got {bucket.region}; copy the files to a bucket there"
    elif not bucket.files:
        yield f"bucket {request.source} must have files under {files.prefix!r}, got none; correct --prefix"


def _sizes(request: RestoreRequest, bucket: Bucket, files: Files) -> Iterable[str]:
    where = f"files under {files.prefix!r} in {request.source}"
    if bucket.total_bytes > MAX_BYTES:
        yield f"{where} must be 64 TiB at most, got {bucket.total_bytes / 1024**4:.1f} TiB; move the data by AWS DMS"
    if bucket.files > MAX_FILES:
        yield f"{where} must be {MAX_FILES} at most, got {bucket.files}; pack them by xbstream or tar"
    if bucket.largest_bytes > MAX_FILE_BYTES:
        yield f"{where} must be 5 TB each at most, got {bucket.largest_bytes / 10**12:.1f} TB; split the backup"
    if bucket.encrypted_file:
        yield f"{where} must not be encrypted by XtraBackup, got {bucket.encrypted_file}; back up without --encrypt"


def _source(files: Files, info: dict[str, str]) -> Iterable[str]:
    """What was backed up, by the operator's word and by what XtraBackup noted."""
    version = files.source_version
    major = ".".join(version.split(".")[:2])
    if major not in S3_SOURCES:
        yield (
            f"--source-version must be of MySQL {' or '.join(S3_SOURCES)}, got {version}; of another one, dump and "
            "load the data, or replicate"
        )
        return
    noted, tool = info.get("server_version", ""), info.get("tool_version", "")
    if noted and noted.partition("-")[0] != version.partition("-")[0]:
        yield f"--source-version must be that of the server that was backed up, {noted}, got {version}; correct it"
    if noted and "-" in noted and not noted.endswith(("-log", "-debug")):
        yield f"the files must be of MySQL itself, got {noted}, as Percona Server calls its own; dump and load the data"
    if tool and not tool.startswith(TOOLS[major]):
        yield f"the files must be made by XtraBackup {TOOLS[major]}, for MySQL {major}, got {tool}; back up with that"
    if info.get("encrypted", "N") not in WITHOUT:
        yield "the files must not be encrypted by XtraBackup, got encrypted ones; back up without --encrypt"
    if info.get("partial", "N") not in WITHOUT:
        yield "the files must be of a whole server, got a partial backup; back up without --tables and --databases"
