"""What a replication group is born from: a snapshot, or RDB files in S3. It stays in the file for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field

from estate import limits
from estate.spec import Hit, Path, Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

SNAPSHOT = re.compile(r"(?:automatic\.)?[A-Za-z](?:-?[A-Za-z0-9])*")
"""A snapshot's name; those that ElastiCache takes itself begin with `automatic.`. [E4 backups-automatic, -manual]"""
LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
BUCKET = rf"{LABEL}(?:\.{LABEL})*"
RDB = re.compile(rf"arn:aws[a-z-]*:s3:::(?P<bucket>{BUCKET})/(?P<key>[^,]+)")
"""An object in S3: "the object name in the ARN cannot contain any commas". [B] CreateReplicationGroup.SnapshotArns"""
ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
EXAMPLE = "arn:aws:s3:::bucket/folder/dump.rdb"


class CacheOriginSpec(Spec):
    """Exactly one of `snapshot` and `rdb`; CloudFormation wants it in every later template."""

    snapshot: str | None = Field(default=None, description="Name of a snapshot of a replication group in this Region")
    rdb: tuple[str, ...] = Field(
        default=(), description="ARNs of RDB files in S3, in a bucket of this Region that ElastiCache may read"
    )


def _one_of(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    origin = spec.origin
    if origin is not None and (origin.snapshot is None) == (not origin.rdb):
        yield Hit(("origin",), "both" if origin.rdb else "none of them")


def _malformed_snapshot(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    given = spec.origin.snapshot if spec.origin is not None else None
    if given is not None and SNAPSHOT.fullmatch(given) is None:
        yield Hit(("origin", "snapshot"), given, fix=_better_snapshot(given))


def _better_snapshot(given: str) -> str:
    if ":serverlesscachesnapshot:" in given:
        return "a snapshot of a serverless cache is exported to S3 first: then give `rdb`"
    return "give its name alone" if given.startswith("arn:") else ""


def _files(spec: ReplicationGroupSpec) -> Iterator[tuple[Path, str]]:
    for index, given in enumerate(spec.origin.rdb if spec.origin is not None else ()):
        yield ("origin", "rdb", index), given


def _malformed_files(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for path, given in _files(spec):
        match = RDB.fullmatch(given)
        if match is None or not _is_bucket(match["bucket"]):
            fix = f"write arn:aws:s3:::{given.removeprefix('s3://')}" if given.startswith("s3://") else ""
            yield Hit(path, given, fix=fix)


def _is_bucket(name: str) -> bool:
    """A DNS-compliant name, which alone ElastiCache can read from. [E4 backups-seeding-redis, step 2]"""
    return limits.BUCKET_NAME_MIN <= len(name) <= limits.BUCKET_NAME_MAX and not ADDRESS.fullmatch(name)


def _twice(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    seen: set[str] = set()
    for path, given in _files(spec):
        if given in seen:
            yield Hit(path, given)
        seen.add(given)


def _many_files(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.mode != "enabled" and spec.origin is not None and len(spec.origin.rdb) > 1:
        yield Hit(("origin", "rdb"), f"{len(spec.origin.rdb)} files")


def _no_slots(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.mode != "enabled" or spec.origin is None or not spec.origin.rdb:
        return
    if spec.placement is None:
        yield Hit(("placement",), None)
    elif all(shard.slots is None for shard in spec.placement.values()):
        yield Hit(("placement",), "no slots")


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/origin-one",
        reads=("origin.snapshot", "origin.rdb"),
        broken=_one_of,
        must="name exactly one of snapshot, rdb",
        fix="keep the one that the group is born from",
    ),
    Rule(
        id="cache/origin-snapshot",
        reads=("origin.snapshot",),
        broken=_malformed_snapshot,
        must="be the name of a snapshot",
        fix="see `aws elasticache describe-snapshots`",
    ),
    Rule(
        id="cache/origin-rdb",
        reads=("origin.rdb",),
        broken=_malformed_files,
        must="be the ARN of an object in S3, its bucket of 3 to 63 characters, without a comma",
        fix=f"write it as in {EXAMPLE}",
    ),
    Rule(
        id="cache/origin-twice",
        reads=("origin.rdb",),
        broken=_twice,
        must="be named once",
        fix="remove the second: a key lies in one file only",
    ),
    Rule(
        id="cache/origin-files",
        reads=("origin.rdb", "cluster_mode", "shards"),
        broken=_many_files,
        must="be one file without cluster mode, which has one shard",
        fix="keep one, or set `cluster_mode: enabled`; files of a cluster never fit into a group without cluster mode",
    ),
    Rule(
        id="cache/origin-slots",
        reads=("origin.rdb", "cluster_mode", "shards", "placement"),
        broken=_no_slots,
        must="give the slots of every shard: a cluster that is filled from RDB files needs them",
        fix='write it as in `placement: {"0001": {slots: 0-8191}, "0002": {slots: 8192-16383}}`',
    ),
)
