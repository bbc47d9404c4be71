"""What a cluster can be restored from, as AWS shows it. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from runbooks.parity.portrait import Portrait

Sort = Literal["cluster-snapshot", "instance-snapshot", "cluster", "backup", "files"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """One of them.

    `portrait` is what it tells of the cluster it is of, by that cluster's own names. `engine` and `engine_version` are
    its own: of an RDS instance's snapshot and of files they are MySQL's or PostgreSQL's. `earliest` and `latest` are
    the window of what can be restored to a moment.
    """

    sort: Sort
    name: str
    arn: str
    engine: str
    engine_version: str
    portrait: Portrait
    status: str = "available"
    source_id: str = ""
    resource_id: str = ""
    encrypted: bool = False
    account: str = ""
    earliest: datetime | None = None
    latest: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """Files under a prefix. `region` empty: there is no such bucket. `info` is what `xtrabackup_info` says, if read."""

    region: str = ""
    files: int = 0
    total_bytes: int = 0
    largest_bytes: int = 0
    encrypted_file: str = ""
    info: tuple[tuple[str, str], ...] = ()
    has_role: bool = False
    role_trusts_rds: bool = False
