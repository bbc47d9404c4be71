"""The seam between the embedded AWS (lab/cloud) and the real processes behind it (lab/data).

The cloud decides (which instance is promoted, what the API shows); the plane acts and says what is so. Every call
blocks until the processes say it is done, and raises PlaneError when they do not. A cloud without a plane
(unit tests) uses `NoPlane`, which agrees at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

RecordKind = Literal["instance", "writer", "reader", "custom", "cache"]


class PlaneError(RuntimeError):
    """A process did not do what it was asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterRequest:
    """What the plane needs to start a cluster's processes."""

    cluster_id: str
    engine: str
    version: str
    port: int
    username: str
    password: str
    database: str | None = None
    iam_master: bool = False  # the master user logs in with an IAM token, and has no password
    from_cluster: str = ""  # a cluster whose data it starts with
    from_snapshot: str = ""  # a kept snapshot whose data it starts with
    from_backup: str = ""  # a kept backup whose data it starts with
    to_time: datetime | None = None  # with from_cluster or from_backup: as they were then; None: the newest


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One DNS name and what it stands for; `members` are instance ids of a custom endpoint.

    Kind "cache": `owner` is a node id (that node), or a group id with `custom_type` PRIMARY (the primary, following
    failovers), READER (replicas in turn) or ANY (all healthy nodes in turn: a configuration endpoint).
    """

    name: str
    kind: RecordKind
    owner: str  # cluster id, instance id (kind "instance") or cache node id (kind "cache")
    members: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    custom_type: str = "ANY"


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheRequest:
    """What the plane needs to start a replication group's processes: node ids by shard, primary first."""

    group_id: str
    port: int
    cluster_mode: bool
    shards: tuple[tuple[str, ...], ...]
    slots: tuple[str, ...] = ()  # of each shard, as in "0-5460"; spread evenly when empty
    from_snapshot: str = ""  # a kept snapshot whose data it starts with


@dataclass(frozen=True, kw_only=True, slots=True)
class MemcachedRequest:
    """What the plane needs to start a Memcached cluster's processes: nodes that know nothing of each other."""

    cluster_id: str
    port: int
    nodes: tuple[str, ...]  # names of the plane's own for each node: "<cluster id>.0001"


class DataPlane(Protocol):
    """Processes and DNS. `serves(engine)` is False for engines that are control plane only (aurora-mysql for now)."""

    def serves(self, engine: str) -> bool: ...
    def create_cluster(self, request: ClusterRequest) -> None:
        """Copies the data it is to start with, as they are now; its instances come later."""
        ...

    def keep_snapshot(self, cluster_id: str, name: str) -> None:
        """Copy the data of a cluster as they are now, under a new name."""
        ...

    def drop_snapshot(self, name: str) -> None: ...
    def restorable_since(self, cluster_id: str) -> datetime | None:
        """The first moment that it can be restored to; None until its first instance runs: to any then."""
        ...

    def keep_backup(self, cluster_id: str, name: str) -> None:
        """Keep all of a cluster's past, which outlives it (automated backups that stay when a cluster goes)."""
        ...

    def drop_backup(self, name: str) -> None: ...
    def create_instance(self, cluster_id: str, instance_id: str) -> None:
        """The first instance of a cluster becomes its writer, later ones stream from it."""
        ...

    def delete_instance(self, cluster_id: str, instance_id: str) -> None: ...
    def delete_cluster(self, cluster_id: str) -> None: ...
    def failover(self, cluster_id: str, target_id: str) -> None:
        """Stop the old writer if it still runs, promote the target, return when it says it is the writer.

        The old writer rejoins as a reader, in the background; `is_healthy` tells when.
        """
        ...

    def reboot(self, cluster_id: str, instance_id: str) -> None: ...
    def set_password(self, cluster_id: str, password: str) -> None: ...
    def is_healthy(self, instance_id: str) -> bool: ...
    def watch(self, on_writer_lost: Callable[[str, str], None]) -> None:
        """Call back with (cluster id, instance id) when a writer's process died without having been asked to."""
        ...

    def publish(self, record: Record) -> None: ...
    def withdraw(self, name: str) -> None: ...
    def freeze_dns(self, cluster_id: str, *, frozen: bool) -> None:
        """Keep the writer endpoint where it is, whoever is promoted (an injected fault)."""
        ...

    def create_cache(self, request: CacheRequest) -> None: ...
    def reshape_cache(self, group_id: str, shards: tuple[tuple[str, ...], ...], slots: tuple[str, ...]) -> None:
        """Make the group's nodes be exactly these, primaries first, and move slots with their keys while it serves.

        Nodes and shards that are new are started, those that are gone stop once nothing is left on them; a shard that
        stays keeps its primary, whichever node that is by now. `slots` as in `CacheRequest`.
        """
        ...

    def set_cluster_mode(self, group_id: str, *, on: bool) -> None:
        """Turn cluster mode on or off in a group of one shard, which keeps its data; on is what `compatible` runs."""
        ...

    def keep_cache_snapshot(self, group_id: str, name: str) -> None:
        """Copy every shard's data as they are now, under a new name."""
        ...

    def drop_cache_snapshot(self, name: str) -> None: ...
    def create_memcached(self, request: MemcachedRequest) -> None: ...
    def reshape_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None:
        """Start the nodes that are new, stop those that are gone; the others keep what they hold."""
        ...

    def reboot_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None:
        """Stop and start these nodes: they come back empty."""
        ...

    def delete_memcached(self, cluster_id: str) -> None: ...
    def delete_cache(self, group_id: str) -> None: ...
    def failover_cache(self, group_id: str, shard: int, target_node: str) -> None:
        """Replace a shard's primary (shards count from 0); returns when the target says that it is primary."""
        ...

    def cache_primary(self, group_id: str, shard: int) -> str | None:
        """Node id of the shard's primary in truth (a primary that dies is failed over at once); None: not known."""
        ...


class NoPlane:
    """No processes: agrees to everything at once and serves no engine."""

    def serves(self, engine: str) -> bool:  # noqa: ARG002 - the protocol's signature
        return False

    def create_cluster(self, request: ClusterRequest) -> None: ...
    def keep_snapshot(self, cluster_id: str, name: str) -> None: ...
    def drop_snapshot(self, name: str) -> None: ...
    def restorable_since(self, cluster_id: str) -> datetime | None:  # noqa: ARG002 - the protocol's signature
        return None

    def keep_backup(self, cluster_id: str, name: str) -> None: ...
    def drop_backup(self, name: str) -> None: ...
    def create_instance(self, cluster_id: str, instance_id: str) -> None: ...
    def delete_instance(self, cluster_id: str, instance_id: str) -> None: ...
    def delete_cluster(self, cluster_id: str) -> None: ...
    def failover(self, cluster_id: str, target_id: str) -> None: ...
    def reboot(self, cluster_id: str, instance_id: str) -> None: ...
    def set_password(self, cluster_id: str, password: str) -> None: ...
    def is_healthy(self, instance_id: str) -> bool:  # noqa: ARG002 - the protocol's signature
        return True

    def watch(self, on_writer_lost: Callable[[str, str], None]) -> None: ...
    def publish(self, record: Record) -> None: ...
    def withdraw(self, name: str) -> None: ...
    def freeze_dns(self, cluster_id: str, *, frozen: bool) -> None: ...
    def create_cache(self, request: CacheRequest) -> None: ...
    def reshape_cache(self, group_id: str, shards: tuple[tuple[str, ...], ...], slots: tuple[str, ...]) -> None: ...
    def set_cluster_mode(self, group_id: str, *, on: bool) -> None: ...
    def keep_cache_snapshot(self, group_id: str, name: str) -> None: ...
    def drop_cache_snapshot(self, name: str) -> None: ...
    def create_memcached(self, request: MemcachedRequest) -> None: ...
    def reshape_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None: ...
    def reboot_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None: ...
    def delete_memcached(self, cluster_id: str) -> None: ...
    def delete_cache(self, group_id: str) -> None: ...
    def failover_cache(self, group_id: str, shard: int, target_node: str) -> None: ...
    def cache_primary(self, group_id: str, shard: int) -> str | None:  # noqa: ARG002 - the protocol's signature
        return None
