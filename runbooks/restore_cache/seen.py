"""A cache as the API that makes one would be asked for it, and a snapshot that one is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runbooks.snapshot.seen import Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """A cache: `settings` by the names of CreateReplicationGroup or CreateServerlessCache.

    `shards` and `replicas` (of the shard that has most) are None for a serverless cache. `has_token` says that clients
    log in with an AUTH token, which nobody can read back.
    """

    cache_id: str
    arn: str
    status: str
    engine: str
    settings: Mapping[str, Any]
    shards: int | None = None
    replicas: int | None = None
    clustered: bool = False
    has_token: bool = False
    endpoint: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The snapshot, with what a restore hangs on. `layout` is each shard's id and slots, in order."""

    snapshot: Snapshot
    layout: tuple[tuple[str, str], ...] = ()
    data_tiering: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `model` is the cache that the new one is to be like, `made` the one of the new name."""

    run_id: str
    origin: Origin | None = None
    model: Portrait | None = None
    made: Portrait | None = None
    fences: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
