"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["cache", "serverless"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreCacheRequest:
    """A new cache with the data of a snapshot.

    `like` names the cache that the new one is to be like; empty for the one that the snapshot is of. What is empty or
    None besides is as in that cache. `replicas` counts those of each shard. `expires` empty: it stays.
    """

    snapshot: str
    target: str
    owner: str
    family: Kind = "cache"
    like: str = ""
    node_type: str = ""
    engine_version: str = ""
    parameter_group: str = ""
    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    replicas: int | None = None
    key: str = ""
    expires: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> RestoreCacheRequest:
        given = dict[str, Any](values)
        for name in ("security_groups", "user_groups"):
            given[name] = tuple(given[name])
        return cls(**given)
