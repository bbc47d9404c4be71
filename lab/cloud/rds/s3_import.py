"""RestoreDBClusterFromS3: a cluster from Percona XtraBackup files of a MySQL server. Control plane only.

The bucket, its Region, its files, the role and the versions are looked at as AWS does; what is in the files is not:
Aurora MySQL has no processes here. Sources: API reference, RestoreDBClusterFromS3; Aurora User Guide, "Physical
migration from MySQL by using Percona XtraBackup and Amazon S3" (facts C17).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from estate.community import S3_SOURCES, takes
from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds.cluster import DEFAULT_VERSIONS
from lab.cloud.rds.foreign_snapshots import ForeignSnapshotState
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME

MAX_FILES: Final = 1_000_000
MAX_BYTES: Final = 64 * 1024**4
MAX_FILE_BYTES: Final = 5 * 10**12
_ONLY_HERE: Final = ("source_engine", "source_engine_version", "s3_bucket_name", "s3_prefix", "s3_ingestion_role_arn")


class S3ImportState(ForeignSnapshotState):
    """RestoreDBClusterFromS3."""

    def restore_from_s3(self, given: dict[str, Any]) -> Any:
        """A cluster of Aurora MySQL; it has no instance."""
        engine = given["engine"]
        if engine != "aurora-mysql":
            raise invalid_combination(f"Restoring from S3 is not supported for engine {engine}.")
        _check_source(given)
        with RUNTIME.lock:
            self._check_files(given)
            self._check_role(given["s3_ingestion_role_arn"], given["s3_bucket_name"])
            wanted = {name: value for name, value in given.items() if value is not None and name not in _ONLY_HERE}
            cluster = self._new_cluster(wanted)
            answer = frozen(cluster)
        self.tell("0170", cluster)
        self._start(cluster)
        return answer

    def _check_files(self, given: Mapping[str, Any]) -> None:
        """InvalidS3BucketFault: "The specified Amazon S3 bucket name can't be found or Amazon RDS isn't authorized"."""
        name, prefix = given["s3_bucket_name"], given.get("s3_prefix") or ""
        buckets = s3_backends[self.account_id][get_partition(self.region_name)].buckets
        bucket = buckets.get(name)
        if bucket is None or bucket.region_name != self.region_name:
            raise _no_bucket(name, f"it must exist in {self.region_name}")
        sizes = [int(key.size) for path, key in bucket.keys.items() if path.startswith(prefix)]
        if not sizes:
            raise _no_bucket(name, f"it has no file under {prefix!r}")
        if len(sizes) > MAX_FILES or sum(sizes) > MAX_BYTES or max(sizes) > MAX_FILE_BYTES:
            raise invalid_value(
                f"The files under {prefix!r} in {name} are over {MAX_FILES}, or 64 TiB, or one of them is over 5 TB."
            )

    def _check_role(self, arn: str, bucket: str) -> None:
        roles = iam_backends[self.account_id][get_partition(self.region_name)].get_roles()
        role = next((each for each in roles if each.arn == arn), None)
        if role is None or "rds.amazonaws.com" not in _trusted(role.assume_role_policy_document):
            raise _no_bucket(bucket, f"{arn} must be a role that rds.amazonaws.com may take on")


def _check_source(given: Mapping[str, Any]) -> None:
    version = given["source_engine_version"]
    if given["source_engine"] != "mysql":
        raise invalid_value(f"Invalid source engine: {given['source_engine']}. Valid: mysql.")
    if not version.startswith(tuple(f"{major}." for major in S3_SOURCES)):
        raise invalid_value(f"Invalid source engine version: {version}. MySQL versions 5.7 and 8.0 are supported.")
    target = given.get("engine_version") or DEFAULT_VERSIONS["aurora-mysql"]
    if takes("aurora-mysql", target, version) is False:
        raise invalid_combination(f"Cannot restore files of MySQL {version} to aurora-mysql {target}.")


def _no_bucket(name: str, why: str) -> Exception:
    return rds_error(
        "InvalidS3BucketFault",
        f"The S3 bucket {name} can't be found, or RDS isn't authorized to access it: {why}.",
    )


def _trusted(document: str) -> frozenset[str]:
    """Services that may take a role on."""
    statements: Any = json.loads(document).get("Statement", [])
    rows: Iterable[Any] = statements if isinstance(statements, list) else [statements]
    found: set[str] = set()
    for row in rows:
        services = row.get("Principal", {}).get("Service", []) if row.get("Effect") == "Allow" else []
        found |= {services} if isinstance(services, str) else set(services)
    return frozenset(found)
