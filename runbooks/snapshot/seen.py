"""A snapshot of any kind, as the verbs see it: of an Aurora cluster, a node-based cache, a serverless cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Family = Literal["aurora", "cache", "serverless"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One snapshot. `kind` is `manual`, `automated`, `shared` or `awsbackup`; `created_at` is None while it is made.

    `key` is the ARN of the KMS key, empty for none; `default_key` says that it is AWS's own (`aws/rds`), which cannot
    be shared. `shared_with` are account ids (`all` for public), None where that was not asked. `size_bytes` None: not
    known. `progress` is in percent.
    """

    family: Family
    snapshot_id: str
    arn: str
    source_id: str
    kind: str
    status: str
    created_at: datetime | None
    engine: str
    engine_version: str
    encrypted: bool = False
    key: str = ""
    default_key: bool = False
    size_bytes: int | None = None
    progress: int = 100
    copied_from: str = ""  # ARN of the snapshot it is a copy of
    shared_with: tuple[str, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_manual(self) -> bool:
        return self.kind == "manual"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What snapshots are taken of: a cluster or a cache."""

    family: Family
    source_id: str
    arn: str
    status: str
    engine: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
