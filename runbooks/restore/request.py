"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the data come from; the second word of the verb."""

    SNAPSHOT = "snapshot"
    POINT_IN_TIME = "point-in-time"
    DELETED = "deleted"
    S3 = "s3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Percona XtraBackup files of a MySQL server in S3. `role` is the ARN of the role that RDS reads them by."""

    prefix: str
    role: str
    source_version: str
    master_username: str
    database: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreRequest:
    """A new cluster from data that were kept.

    `source` is a snapshot's identifier or ARN, a cluster's identifier, the identifier or resource id of a deleted
    cluster, or a bucket, by `kind`; with `newest` it is the cluster whose newest snapshot is meant. `to_time` is ISO
    8601 in UTC, empty for the latest. `instances` None: those of the model. Empty values are the model's.
    """

    kind: Kind
    source: str
    target_id: str
    owner: str
    newest: bool = False
    to_time: str = ""
    files: Files | None = None
    like: str = ""
    engine_version: str = ""
    key: str = ""
    instances: int | None = None
    instance_class: str = ""
    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    parameter_group: str = ""
    instance_parameter_group: str = ""
    closed: bool = False
    expires: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str | None = None

    @property
    def verb(self) -> str:
        return f"restore {self.kind.value}"

    def to_plain(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value, "security_groups": list(self.security_groups)}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> RestoreRequest:
        plain = dict[str, Any](values)
        plain["kind"] = Kind(plain["kind"])
        plain["files"] = Files(**plain["files"]) if plain.get("files") is not None else None
        plain["security_groups"] = tuple(plain["security_groups"])
        return cls(**plain)
