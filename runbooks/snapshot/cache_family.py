"""Snapshots of ElastiCache: of groups of nodes, and of serverless caches.

A list is read in pages of 50. ElastiCache shows no tags in it, and has one call for the tags of one thing: they are
asked for manual snapshots only, since an automated one never is a runbook's own; `look` and `taken_today` ask for none.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.engine.plan import Call
from runbooks.snapshot import cache_bucket
from runbooks.snapshot.seen import Family, Snapshot, Source
from runbooks.tags import from_aws, to_aws

if TYPE_CHECKING:
    from runbooks.tools import Tools

PAGE_SIZE: Final = 50  # the most that both lists give per page
DAY: Final = timedelta(hours=24)
PER_NODE_AND_DAY: Final = 20  # manual ones of a node (ElastiCache User Guide, "Backup constraints")
PER_SERVERLESS_AND_DAY: Final = 24  # of a serverless cache (quotas page)
UNITS: Final[Mapping[str, int]] = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
MANUAL: Final = frozenset({"manual", "user"})
GONE: Final = frozenset(
    {
        "CacheClusterNotFound",
        "ReplicationGroupNotFoundFault",
        "ServerlessCacheNotFoundFault",
        "ServerlessCacheSnapshotNotFoundFault",
        "SnapshotNotFoundFault",
    }
)
# IAM actions of each method, of nodes and of serverless caches.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_source": (
        "elasticache:DescribeReplicationGroups",
        "elasticache:DescribeCacheClusters",
        "elasticache:DescribeServerlessCaches",
        "elasticache:ListTagsForResource",
    ),
    "look": ("elasticache:DescribeSnapshots", "elasticache:DescribeServerlessCacheSnapshots"),
    "find_snapshot": (
        "elasticache:DescribeSnapshots",
        "elasticache:DescribeServerlessCacheSnapshots",
        "elasticache:ListTagsForResource",
    ),
    "list_snapshots": (
        "elasticache:DescribeSnapshots",
        "elasticache:DescribeServerlessCacheSnapshots",
        "elasticache:ListTagsForResource",
    ),
    "taken_today": ("elasticache:DescribeSnapshots", "elasticache:DescribeServerlessCacheSnapshots"),
    "export_reasons": ("elasticache:DescribeSnapshots", *cache_bucket.ACTIONS["bucket_reasons"]),
    "is_exported": cache_bucket.ACTIONS["keys_under"],
    "create_call": (
        "elasticache:CreateSnapshot",
        "elasticache:CreateServerlessCacheSnapshot",
        "elasticache:AddTagsToResource",
    ),
    "copy_call": (
        "elasticache:CopySnapshot",
        "elasticache:CopyServerlessCacheSnapshot",
        "elasticache:AddTagsToResource",
    ),
    "export_call": ("elasticache:CopySnapshot", "elasticache:ExportServerlessCacheSnapshot", "s3:ListAllMyBuckets"),
    "delete_call": ("elasticache:DeleteSnapshot", "elasticache:DeleteServerlessCacheSnapshot"),
}


def open_cache_family(tools: Tools, family: Family, region: str = "") -> NodeFamily | ServerlessFamily:
    """`cache` for groups of nodes, `serverless` for serverless caches; `region` empty for the run's own."""
    return ServerlessFamily(tools, region) if family == "serverless" else NodeFamily(tools, region)


class CacheFamily:
    """What both have in common. No snapshot of ElastiCache is shared, and none leaves its Region but as a file."""

    def __init__(self, tools: Tools, region: str = "") -> None:
        self._session = tools.session_in(region)
        self._client: Any = self._session.elasticache
        self._place = "" if self._session is tools.session else self._session.region

    @property
    def region(self) -> str:
        return self._session.region

    @abstractmethod
    def _raw(self, name: str) -> Mapping[str, Any] | None: ...

    @abstractmethod
    def _raws(self, source_id: str) -> Iterable[Mapping[str, Any]]: ...

    @abstractmethod
    def _seen(self, raw: Mapping[str, Any]) -> Snapshot: ...

    @abstractmethod
    def quota(self) -> int: ...

    def find_snapshot(self, snapshot_id: str) -> Snapshot | None:
        """By identifier or ARN, with its tags; None when there is none."""
        found = self.look(snapshot_id)
        return replace(found, tags=self.tags_of(found.arn)) if found is not None else None

    def look(self, snapshot_id: str) -> Snapshot | None:
        """As one call shows it, without tags; None when there is none."""
        raw = self._raw(snapshot_id.rsplit(":", 1)[-1] if snapshot_id.startswith("arn:") else snapshot_id)
        return self._seen(raw) if raw is not None else None

    def list_snapshots(self, source_id: str = "") -> tuple[Snapshot, ...]:
        """Of one cache or all of the Region, oldest first; tags of the manual ones."""
        found = sorted((self._seen(raw) for raw in self._raws(source_id)), key=_by_age)
        return tuple(replace(each, tags=self.tags_of(each.arn)) if each.is_manual else each for each in found)

    def taken_today(self, source_id: str, now: datetime) -> int:
        """How many were taken by hand within the last 24 hours; copies have the time of what they are copies of."""
        found = [self._seen(raw) for raw in self._raws(source_id)]
        recent = [each for each in found if each.is_manual and (each.created_at is None or each.created_at > now - DAY)]
        dated = {each.created_at for each in recent if each.created_at is not None}
        return len(dated) + sum(each.created_at is None for each in recent)

    def tags_of(self, arn: str) -> dict[str, str]:
        """Tags of a cache or a snapshot; none where it is gone by now."""
        answer = _none_when_gone(lambda: self._client.list_tags_for_resource(ResourceName=arn))
        return from_aws(answer["TagList"]) if answer is not None else {}

    def export_reasons(self, snapshot: Snapshot, bucket: str) -> tuple[str, ...]:
        """Why it cannot be exported there; none when it can."""
        return (*self._kind_reasons(snapshot), *cache_bucket.bucket_reasons(self._session, bucket))

    def _kind_reasons(self, snapshot: Snapshot) -> tuple[str, ...]:  # noqa: ARG002 - serverless caches have none
        return ()

    def is_exported(self, snapshot: Snapshot, export_id: str, bucket: str) -> bool:
        """Whether its files are in the bucket: a snapshot never changes, so that whoever wrote them wrote these."""
        return bool(cache_bucket.keys_under(self._session, bucket, f"{self._file_name(snapshot, export_id)}-"))

    @abstractmethod
    def _file_name(self, snapshot: Snapshot, export_id: str) -> str: ...

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> Call:
        return Call(service="elasticache", operation=operation, parameters=parameters, region=self._place)

    def _pages(self, operation: str, key: str, given: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        pages = self._client.get_paginator(operation).paginate(**given, PaginationConfig={"PageSize": PAGE_SIZE})
        return [raw for page in pages for raw in page[key]]


class NodeFamily(CacheFamily):
    """Snapshots of replication groups. Memcached nodes have none."""

    def __init__(self, tools: Tools, region: str = "") -> None:
        super().__init__(tools, region)
        self._single: set[str] = set()  # clusters of one node, which belong to no group

    def find_source(self, source_id: str) -> Source | None:
        """A replication group, or a cluster of one node; None when there is neither."""
        found = _none_when_gone(lambda: self._client.describe_replication_groups(ReplicationGroupId=source_id))
        if found is not None:
            raw = found["ReplicationGroups"][0]
            return self._source(raw, raw["ReplicationGroupId"], raw["Status"])
        single = _none_when_gone(lambda: self._client.describe_cache_clusters(CacheClusterId=source_id))
        if single is None:
            return None
        raw = single["CacheClusters"][0]
        self._single.add(source_id)
        return self._source(raw, raw["CacheClusterId"], raw["CacheClusterStatus"])

    def _source(self, raw: Mapping[str, Any], source_id: str, status: str) -> Source:
        arn = raw.get("ARN", "")
        engine = raw.get("Engine", "")
        return Source(
            family="cache", source_id=source_id, arn=arn, status=status, engine=engine, tags=self.tags_of(arn)
        )

    def create_call(self, source_id: str, snapshot_id: str, tags: Mapping[str, str]) -> Call:
        kind = "CacheClusterId" if source_id in self._single else "ReplicationGroupId"
        given = {kind: source_id, "SnapshotName": snapshot_id, "Tags": to_aws(tags)}
        return self._call("CreateSnapshot", given)

    def copy_call(
        self,
        snapshot: Snapshot,
        target_id: str,
        *,
        region: str,  # noqa: ARG002 - a copy stays in its Region; asking for another one is refused in the plan
        key: str,
        tags: Mapping[str, str],
    ) -> Call:
        given = {"SourceSnapshotName": snapshot.snapshot_id, "TargetSnapshotName": target_id}
        return self._call("CopySnapshot", {**given, **({"KmsKeyId": key} if key else {}), "Tags": to_aws(tags)})

    def export_call(self, snapshot: Snapshot, export_id: str, bucket: str) -> Call:
        """A file for each shard: `EXPORT_ID-0001.rdb`."""
        given = {"SourceSnapshotName": snapshot.snapshot_id, "TargetSnapshotName": export_id, "TargetBucket": bucket}
        return self._call("CopySnapshot", given)

    def delete_call(self, snapshot: Snapshot) -> Call:
        return self._call("DeleteSnapshot", {"SnapshotName": snapshot.snapshot_id})

    def quota(self) -> int:
        """Manual snapshots of a node in 24 hours."""
        return PER_NODE_AND_DAY

    def _file_name(self, snapshot: Snapshot, export_id: str) -> str:  # noqa: ARG002 - named by the run
        return export_id

    def _kind_reasons(self, snapshot: Snapshot) -> tuple[str, ...]:
        raw = self._raw(snapshot.snapshot_id) or {}
        if raw.get("DataTiering") != "enabled":
            return ()
        reason = (
            f"a snapshot that is exported must be of nodes without data tiering, got {snapshot.snapshot_id} of "
            f"{raw.get('CacheNodeType', 'r6gd')}; restore it, and move the data with a client"
        )
        return (reason,)

    def _raw(self, name: str) -> Mapping[str, Any] | None:
        answer = _none_when_gone(lambda: self._client.describe_snapshots(SnapshotName=name))
        return next(iter(answer["Snapshots"]), None) if answer is not None else None

    def _raws(self, source_id: str) -> Iterable[Mapping[str, Any]]:
        kind = "CacheClusterId" if source_id in self._single else "ReplicationGroupId"
        given = {kind: source_id} if source_id else {}
        return self._pages("describe_snapshots", "Snapshots", given)

    def _seen(self, raw: Mapping[str, Any]) -> Snapshot:
        nodes = raw.get("NodeSnapshots", [])
        times = [node["SnapshotCreateTime"] for node in nodes if node.get("SnapshotCreateTime")]
        return Snapshot(
            family="cache",
            snapshot_id=raw.get("SnapshotName", ""),
            arn=raw.get("ARN", ""),
            source_id=raw.get("ReplicationGroupId") or raw.get("CacheClusterId", ""),
            kind="manual" if raw.get("SnapshotSource") in MANUAL else "automated",
            status=raw.get("SnapshotStatus", ""),
            created_at=max(times, default=None),
            engine=raw.get("Engine", ""),
            engine_version=raw.get("EngineVersion", ""),
            encrypted=bool(raw.get("KmsKeyId")),
            key=raw.get("KmsKeyId", ""),
            size_bytes=_total(node.get("CacheSize", "") for node in nodes),
            shared_with=(),
        )


class ServerlessFamily(CacheFamily):
    """Snapshots of serverless caches, Memcached's too."""

    def find_source(self, source_id: str) -> Source | None:
        """The serverless cache of this name; None when there is none."""
        found = _none_when_gone(lambda: self._client.describe_serverless_caches(ServerlessCacheName=source_id))
        if found is None:
            return None
        raw = found["ServerlessCaches"][0]
        return Source(
            family="serverless",
            source_id=raw["ServerlessCacheName"],
            arn=raw.get("ARN", ""),
            status=raw.get("Status", ""),
            engine=raw.get("Engine", ""),
            tags=self.tags_of(raw.get("ARN", "")),
        )

    def create_call(self, source_id: str, snapshot_id: str, tags: Mapping[str, str]) -> Call:
        given = {"ServerlessCacheName": source_id, "ServerlessCacheSnapshotName": snapshot_id, "Tags": to_aws(tags)}
        return self._call("CreateServerlessCacheSnapshot", given)

    def copy_call(
        self,
        snapshot: Snapshot,
        target_id: str,
        *,
        region: str,  # noqa: ARG002 - a copy stays in its Region; asking for another one is refused in the plan
        key: str,
        tags: Mapping[str, str],
    ) -> Call:
        given = {
            "SourceServerlessCacheSnapshotName": snapshot.snapshot_id,
            "TargetServerlessCacheSnapshotName": target_id,
        }
        parameters = {**given, **({"KmsKeyId": key} if key else {}), "Tags": to_aws(tags)}
        return self._call("CopyServerlessCacheSnapshot", parameters)

    def export_call(self, snapshot: Snapshot, _export_id: str, bucket: str) -> Call:
        """The files are called after the snapshot: the API takes no other name."""
        given = {"ServerlessCacheSnapshotName": snapshot.snapshot_id, "S3BucketName": bucket}
        return self._call("ExportServerlessCacheSnapshot", given)

    def delete_call(self, snapshot: Snapshot) -> Call:
        return self._call("DeleteServerlessCacheSnapshot", {"ServerlessCacheSnapshotName": snapshot.snapshot_id})

    def quota(self) -> int:
        """Snapshots of a cache in 24 hours."""
        return PER_SERVERLESS_AND_DAY

    def _file_name(self, snapshot: Snapshot, export_id: str) -> str:  # noqa: ARG002 - the API takes no name
        return snapshot.snapshot_id

    def _raw(self, name: str) -> Mapping[str, Any] | None:
        answer = _none_when_gone(
            lambda: self._client.describe_serverless_cache_snapshots(ServerlessCacheSnapshotName=name)
        )
        return next(iter(answer["ServerlessCacheSnapshots"]), None) if answer is not None else None

    def _raws(self, source_id: str) -> Iterable[Mapping[str, Any]]:
        given = {"ServerlessCacheName": source_id} if source_id else {}
        return self._pages("describe_serverless_cache_snapshots", "ServerlessCacheSnapshots", given)

    def _seen(self, raw: Mapping[str, Any]) -> Snapshot:
        configuration = raw.get("ServerlessCacheConfiguration", {})
        size = str(raw.get("BytesUsedForCache", ""))
        return Snapshot(
            family="serverless",
            snapshot_id=raw.get("ServerlessCacheSnapshotName", ""),
            arn=raw.get("ARN", ""),
            source_id=configuration.get("ServerlessCacheName", ""),
            kind="manual" if raw.get("SnapshotType", "").lower() in MANUAL else "automated",
            status=raw.get("Status", ""),
            created_at=raw.get("CreateTime"),
            engine=configuration.get("Engine", ""),
            engine_version=configuration.get("MajorEngineVersion", ""),
            encrypted=True,  # "always encrypted" (ElastiCache User Guide, "Serverless caches"), by AWS's key or yours
            key=raw.get("KmsKeyId", ""),
            size_bytes=int(size) if size.isdigit() else None,
            shared_with=(),
        )


def _none_when_gone(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ClientError as error:
        if error_code(error) in GONE:
            return None
        raise


def _by_age(snapshot: Snapshot) -> tuple[bool, float, str]:
    moment = snapshot.created_at
    return moment is None, moment.timestamp() if moment is not None else 0.0, snapshot.snapshot_id


def _total(sizes: Iterable[str]) -> int | None:
    """Bytes of `6 MB` and the like; None when one cannot be read."""
    total = 0
    for size in sizes:
        number, _, unit = size.partition(" ")
        if unit not in UNITS or not number.replace(".", "", 1).isdigit():
            return None
        total += int(float(number) * UNITS[unit])
    return total
