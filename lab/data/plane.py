"""The data plane of the lab: real PostgreSQL and Valkey processes, and DNS that follows them."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab.data import valkey_scaling, valkey_snapshots
from lab.data.addresses import AddressBlock, claim_block
from lab.data.cluster import PostgresCluster
from lab.data.dns import Turns, UnknownNameError
from lab.data.identity import Identity, current_identity, make_base_dir, make_dir
from lab.data.installs import Install, nearest, postgres_installs, reachable_install
from lab.data.memcached import MemcachedNode, MemcachedProcesses, MemcachedServers, memcached_server
from lab.data.past import Past, archive_settings
from lab.data.postgres import PostgresNode, clone_template, make_template
from lab.data.processes import kill_within
from lab.data.truth import TruthLog
from lab.data.valkey import ValkeyGroup, ValkeyNode
from lab.plane import CacheRequest, ClusterRequest, MemcachedRequest, PlaneError, Record

logger = logging.getLogger(__name__)

POSTGRES_ENGINE, MEMCACHED_ENGINE = "aurora-postgresql", "memcached"
# Real Aurora: 15 to 20 s are typical (facts F6); the lab is quick by default.
DNS_DELAY_S = 0.3
COPIES = "programs"
OWNED = ("pg", "s", "templates")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessRow:
    """One process as `runbook lab status` shows it."""

    owner: str  # cluster or replication group
    member: str
    role: str
    engine: str
    version: str
    address: str
    port: int
    pid: int | None
    healthy: bool


class ProcessPlane:
    """Implements `lab.plane.DataPlane`. Everything it makes lies in one private folder, which `close` removes."""

    def __init__(self, *, dns_delay_s: float = DNS_DELAY_S, base_dir: Path | None = None) -> None:
        self.identity: Identity = current_identity()
        self.block: AddressBlock = claim_block()
        self.base_dir = base_dir or make_base_dir(self.identity)
        self.truth = TruthLog(self.base_dir / "truth.jsonl")
        self.dns_delay_s = dns_delay_s
        self._clusters: dict[str, PostgresCluster] = {}
        self._snapshots: dict[str, Path | None] = {}  # None: of a cluster that had no data yet
        self._backups: dict[str, Past | None] = {}  # None: of a cluster that had no data yet
        self._caches: dict[str, ValkeyGroup] = {}
        self._memcached = MemcachedServers(self.base_dir, self.block, self.identity, self.truth)
        self._records: dict[str, Record] = {}
        self._dns_writer: dict[str, str] = {}
        self._frozen: set[str] = set()
        self._watchers: list[Callable[[str, str], None]] = []
        self._turns = Turns()
        self._template_lock = threading.Lock()
        self._lock = threading.RLock()
        self._count = 0
        for name, owned in (
            ("pg", True),
            ("past", True),
            ("s", True),
            ("log", False),
            (COPIES, False),
            ("rdb", False),
            ("templates", True),
        ):
            path = make_dir(self.base_dir / name, self.identity, mode=0o711)
            if owned:
                self.identity.own(path)

    # Aurora

    def serves(self, engine: str) -> bool:
        """Aurora PostgreSQL has processes, Memcached where it is installed; Aurora MySQL has none for now."""
        return engine == POSTGRES_ENGINE or (engine == MEMCACHED_ENGINE and memcached_server() is not None)

    def create_cluster(self, request: ClusterRequest) -> None:
        """Remember a cluster, with a copy of the data it is born with; its first instance starts it."""
        volume = self._volume_for(request)
        with self._lock:
            if request.cluster_id in self._clusters:
                raise PlaneError(f"cluster {request.cluster_id} must be new, got one that runs")
            cluster = PostgresCluster(
                request=request,
                identity=self.identity,
                truth=self.truth,
                past=Past.make(self._new_folder("past"), self.identity),
                on_writer=self._writer_changed,
                on_writer_lost=self._writer_lost,
                volume=volume,
            )
            self._clusters[request.cluster_id] = cluster
        cluster.start_watching()

    def _volume_for(self, request: ClusterRequest) -> Path | None:
        """A copy of the data that a cluster is born with, None for an empty one."""
        if request.from_backup or (request.from_cluster and request.to_time is not None):
            return self._replayed(request)
        if request.from_cluster:
            return self._copied(request.from_cluster)
        if not request.from_snapshot:
            return None
        if request.from_snapshot not in self._snapshots:
            raise PlaneError(f"snapshot {request.from_snapshot} must be kept, got none of that name")
        kept = self._snapshots[request.from_snapshot]
        if kept is None:
            return None
        target = self._new_folder()
        clone_template(kept, target, self.identity)
        return target

    def _copied(self, cluster_id: str) -> Path | None:
        """A copy of a cluster's data as they are now, None when it has none yet."""
        target = self._new_folder()
        if not self._cluster(cluster_id).copy_to(target):
            return None
        self.truth.note("volume.copied", cluster=cluster_id)
        return target

    def _replayed(self, request: ClusterRequest) -> Path | None:
        """The data of a moment of the past; None when there never were any."""
        if request.from_backup and request.from_backup not in self._backups:
            raise PlaneError(f"backup {request.from_backup} must be kept, got none of that name")
        if request.from_backup:
            return self._replay(self._backups[request.from_backup], request)
        source = self._cluster(request.from_cluster)
        past = source.keep_past(self._new_folder("past"))
        try:
            return self._replay(past, request)
        finally:
            if past is not None:
                past.remove()

    def _replay(self, past: Past | None, request: ClusterRequest) -> Path | None:
        if past is None or past.base is None:
            return None  # it never had an instance: there was nothing at any moment
        target = self._new_folder()
        node = PostgresNode(
            name=f"replay-{target.name}",
            directory=target,
            sockets=make_dir(self.base_dir / "s" / target.name, self.identity),
            log=self.base_dir / "log" / f"replay-{target.name}.log",
            address="",  # nobody but the lab may enter
            port=request.port,
            install=self._install_for(past.base),
            identity=self.identity,
            on_exit=lambda _: None,
        )
        past.replay(node, request.to_time)
        moment = request.to_time.isoformat() if request.to_time is not None else None
        self.truth.note("volume.replayed", cluster=request.cluster_id, moment=moment)
        return target

    def restorable_since(self, cluster_id: str) -> datetime | None:
        """The first moment that it can be restored to; None until its first instance runs."""
        cluster = self._clusters.get(cluster_id)
        return cluster.past.since if cluster is not None else None

    def keep_backup(self, cluster_id: str, name: str) -> None:
        """Keep all of a cluster's past, which outlives it."""
        self._backups[name] = self._cluster(cluster_id).keep_past(self._new_folder("past"))

    def drop_backup(self, name: str) -> None:
        """Delete what was kept; whatever was started with it has a copy."""
        if (kept := self._backups.pop(name, None)) is not None:
            kept.remove()

    def _new_folder(self, kind: str = "pg") -> Path:
        with self._lock:
            self._count += 1
            return self.base_dir / kind / str(self._count)

    def keep_snapshot(self, cluster_id: str, name: str) -> None:
        """Copy the data of a cluster as they are now, to start others with."""
        self._snapshots[name] = self._copied(cluster_id)

    def drop_snapshot(self, name: str) -> None:
        """Delete what was kept; whatever was started with it has a copy."""
        if (kept := self._snapshots.pop(name, None)) is not None:
            shutil.rmtree(kept, ignore_errors=True)

    def create_instance(self, cluster_id: str, instance_id: str) -> None:
        """The first instance of a cluster becomes its writer, later ones stream from it."""
        cluster = self._cluster(cluster_id)
        with cluster.lock:
            if instance_id in cluster.nodes:
                raise PlaneError(f"instance {instance_id} must be new, got one that runs")
            install = self._install_of(cluster)
            node = self._new_node(cluster, instance_id, install)
            if cluster.writer is None and not cluster.nodes:
                if cluster.volume is None:
                    cluster.past.base = self._template(install)
                    clone_template(cluster.past.base, node.directory, self.identity)
                cluster.add_writer(node)
            else:
                cluster.add_standby(node)

    def _new_node(self, cluster: PostgresCluster, instance_id: str, install: Install) -> PostgresNode:
        with self._lock:
            self._count += 1
            number = str(self._count)
            address, port = self.block.take(cluster.request.port)
        return PostgresNode(
            name=instance_id,
            directory=self.base_dir / "pg" / number,
            sockets=make_dir(self.base_dir / "s" / number, self.identity),
            log=self.base_dir / "log" / f"{instance_id}.log",
            address=address,
            port=port,
            install=install,
            identity=self.identity,
            archiving=archive_settings(cluster.past.wal),
            on_exit=cluster.node_exited,
        )

    def _install_of(self, cluster: PostgresCluster) -> Install:
        """The servers that can read the cluster's data: the lab upgrades none."""
        for node in cluster.nodes.values():
            return node.install
        if cluster.volume is not None:
            return self._install_for(cluster.volume)
        return self._install(cluster.request.version)

    def _install_for(self, data: Path) -> Install:
        return self._install((data / "PG_VERSION").read_text(encoding="utf-8").strip())

    def _install(self, version: str) -> Install:
        with self._template_lock:
            return reachable_install(nearest(postgres_installs(), version), self.base_dir / COPIES, self.identity)

    def prepare(self, versions: Iterable[str]) -> None:
        """Make the empty data directories that clusters of these versions will start from."""
        for version in versions:
            self._template(self._install(version))

    def _template(self, install: Install) -> Path:
        template = self.base_dir / "templates" / str(install.major)
        with self._template_lock:
            if not template.exists():
                make_template(install, template, self.identity)
        return template

    def delete_instance(self, cluster_id: str, instance_id: str) -> None:
        cluster = self._cluster(cluster_id)
        with cluster.lock:
            node = cluster.nodes.get(instance_id)
            if node is not None:
                cluster.remove(instance_id)
                self.block.give_back(node.address)

    def delete_cluster(self, cluster_id: str) -> None:
        with self._lock:
            cluster = self._clusters.pop(cluster_id, None)
            self._dns_writer.pop(cluster_id, None)
        if cluster is not None:
            addresses = [node.address for node in cluster.nodes.values()]
            cluster.close()
            for address in addresses:
                self.block.give_back(address)

    def failover(self, cluster_id: str, target_id: str) -> None:
        """Stop the old writer if it still runs, promote the target, return when it has taken a write."""
        self._cluster(cluster_id).failover(target_id)

    def reboot(self, cluster_id: str, instance_id: str) -> None:
        """Stop and start one instance in its role; starts it when it is dead."""
        self._cluster(cluster_id).reboot(instance_id)

    def set_password(self, cluster_id: str, password: str) -> None:
        self._cluster(cluster_id).set_password(password)

    def is_healthy(self, instance_id: str) -> bool:
        """True for a writer that accepts connections and a reader that has every acknowledged write."""
        return any(cluster.is_healthy(instance_id) for cluster in list(self._clusters.values()))

    def writer_of(self, cluster_id: str) -> str | None:
        """Instance that is the writer in truth, None when there is none."""
        writer = self._cluster(cluster_id).writer
        return writer.name if writer is not None else None

    def watch(self, on_writer_lost: Callable[[str, str], None]) -> None:
        """Call back with (cluster id, instance id) when a writer's process died without having been asked to."""
        self._watchers.append(on_writer_lost)

    def _writer_lost(self, cluster_id: str, instance_id: str) -> None:
        for watcher in self._watchers:
            try:
                watcher(cluster_id, instance_id)
            except Exception:
                logger.exception("writer.lost callback failed %s %s", cluster_id, instance_id)

    def _cluster(self, cluster_id: str) -> PostgresCluster:
        cluster = self._clusters.get(cluster_id)
        if cluster is None:
            raise PlaneError(f"cluster {cluster_id} must exist, got none of that name")
        return cluster

    # DNS

    def publish(self, record: Record) -> None:
        """Make a name known, or change what it stands for."""
        with self._lock:
            self._records[record.name.rstrip(".").lower()] = record

    def withdraw(self, name: str) -> None:
        with self._lock:
            self._records.pop(name.rstrip(".").lower(), None)

    def freeze_dns(self, cluster_id: str, *, frozen: bool) -> None:
        """Keep the writer endpoint where it is, whoever is promoted; thawing lets it catch up at once."""
        with self._lock:
            if frozen:
                self._frozen.add(cluster_id)
                return
            self._frozen.discard(cluster_id)
        if cluster_id in self._clusters and (writer := self.writer_of(cluster_id)) is not None:
            self._point_writer(cluster_id, writer)

    def resolve(self, name: str) -> str | None:
        """Address of a name now; None when it is known and no member is healthy.

        Raises:
            UnknownNameError: no such record.
        """
        record = self._records.get(name)
        if record is None:
            raise UnknownNameError(name)
        if record.kind == "cache":
            return self._resolve_cache(name, record)
        if record.kind == "instance":
            return self._instance_address(record.owner)
        cluster = self._clusters.get(record.owner)
        if cluster is None:
            return None
        if record.kind == "writer":
            return self._member_address(cluster, self._dns_writer.get(record.owner))
        return self._member_address(cluster, self._turns.pick(name, endpoint_members(record, cluster)))

    def _resolve_cache(self, name: str, record: Record) -> str | None:
        nodes = self._memcached.members_of(record.owner) or self._valkey_nodes(record)
        addresses = {node.name: node.address for node in nodes}
        healthy = [node.name for node in nodes if node.is_ready]
        chosen = self._turns.pick(name, healthy or sorted(addresses))
        return addresses[chosen] if chosen is not None else None

    def _valkey_nodes(self, record: Record) -> list[ValkeyNode]:
        group = self._caches.get(record.owner)
        if group is not None:
            return group.members_of(record.custom_type)
        wanted = record.members or (record.owner,)
        groups = list(self._caches.values())
        return [node for each in groups for node in each.all_nodes() if node.name in wanted]

    def _instance_address(self, instance_id: str) -> str | None:
        for cluster in list(self._clusters.values()):
            if instance_id in cluster.nodes:
                return cluster.nodes[instance_id].address
        return None

    def _member_address(self, cluster: PostgresCluster, member: str | None) -> str | None:
        node = cluster.nodes.get(member) if member is not None else None
        return node.address if node is not None else None

    def _writer_changed(self, cluster_id: str, instance_id: str) -> None:
        """DNS follows a promotion after `dns_delay_s`; the first writer at once."""
        if cluster_id not in self._dns_writer or self.dns_delay_s <= 0:
            self._point_writer(cluster_id, instance_id)
            return
        timer = threading.Timer(self.dns_delay_s, self._point_writer, (cluster_id, instance_id))
        timer.daemon = True
        timer.start()

    def _point_writer(self, cluster_id: str, instance_id: str) -> None:
        with self._lock:
            cluster = self._clusters.get(cluster_id)
            if cluster is None or cluster_id in self._frozen:
                return
            if cluster.writer is None or cluster.writer.name != instance_id:
                return  # a later promotion has a timer of its own
            if self._dns_writer.get(cluster_id) == instance_id:
                return
            self._dns_writer[cluster_id] = instance_id
        self.truth.note(
            "dns.changed", cluster=cluster_id, instance=instance_id, address=cluster.nodes[instance_id].address
        )

    # ElastiCache

    def create_cache(self, request: CacheRequest) -> None:
        """Start a replication group's processes: each shard's primary and the replicas that follow it."""
        files = self._kept_files(request.from_snapshot) if request.from_snapshot else []
        with self._lock:
            if request.group_id in self._caches:
                raise PlaneError(f"replication group {request.group_id} must be new, got one that runs")
            group = ValkeyGroup.make(request, self.base_dir, self.block, self.identity, self.truth)
            self._caches[request.group_id] = group
        group.start()
        valkey_snapshots.fill(group, files)

    def reshape_cache(self, group_id: str, shards: tuple[tuple[str, ...], ...], slots: tuple[str, ...]) -> None:
        """Make the group's nodes be exactly these, and move slots with their keys while it serves."""
        valkey_scaling.reshape(self._cache(group_id), shards, slots)
        self.truth.note("cache.reshaped", group=group_id)

    def set_cluster_mode(self, group_id: str, *, on: bool) -> None:
        """Start the nodes of a group with one shard again, with cluster mode on or off, and its data."""
        valkey_scaling.set_cluster_mode(self._cache(group_id), on=on, folder=self._snapshot_folder(f"turn-{group_id}"))

    def keep_cache_snapshot(self, group_id: str, name: str) -> None:
        """Copy every shard's data as they are now, to start others with."""
        valkey_snapshots.keep(self._cache(group_id), self._snapshot_folder(name))

    def drop_cache_snapshot(self, name: str) -> None:
        shutil.rmtree(self._snapshot_folder(name), ignore_errors=True)

    def _snapshot_folder(self, name: str) -> Path:
        return self.base_dir / "rdb" / name

    def _kept_files(self, name: str) -> list[Path]:
        files = sorted(self._snapshot_folder(name).glob("*.rdb"))
        if not files:
            raise PlaneError(f"cache snapshot {name} must be kept, got none of that name")
        return files

    def _cache(self, group_id: str) -> ValkeyGroup:
        group = self._caches.get(group_id)
        if group is None:
            raise PlaneError(f"replication group {group_id} must exist, got none of that name")
        return group

    def delete_cache(self, group_id: str) -> None:
        with self._lock:
            group = self._caches.pop(group_id, None)
        if group is not None:
            group.close()
            for node in group.all_nodes():
                self.block.give_back(node.address)
            shutil.rmtree(group.folder, ignore_errors=True)  # another of that name may come

    def failover_cache(self, group_id: str, shard: int, target_node: str) -> None:
        """Replace a shard's primary (shards count from 0): stop it, promote the target; it comes back as a replica."""
        self._cache(group_id).failover(shard, target_node)

    def cache_primary(self, group_id: str, shard: int) -> str | None:
        """Node id of the shard's primary in truth, None when the group is not known."""
        group = self._caches.get(group_id)
        return group.primary_of(shard) if group is not None else None

    def create_memcached(self, request: MemcachedRequest) -> None:
        """Start a Memcached cluster's servers, one for each node."""
        self._memcached.create(request)

    def reshape_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None:
        """Start the nodes that are new, stop those that are gone; the others keep what they hold."""
        self._memcached.cluster(cluster_id).reshape(nodes)

    def reboot_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None:
        """Stop and start these nodes: they come back empty."""
        self._memcached.cluster(cluster_id).reboot(nodes)

    def delete_memcached(self, cluster_id: str) -> None:
        self._memcached.delete(cluster_id)

    # The whole

    def processes(self) -> list[ProcessRow]:
        """Every server process, by cluster and member."""
        rows = [
            _postgres_row(cluster, node)
            for cluster in list(self._clusters.values())
            for node in list(cluster.nodes.values())
        ]
        rows += [_valkey_row(group, node) for group in list(self._caches.values()) for node in group.all_nodes()]
        rows += [_memcached_row(each, node) for each in self._memcached.all_clusters() for node in each.nodes.values()]
        return sorted(rows, key=lambda row: (row.owner, row.member))

    def close(self) -> None:
        """Stop every process and delete every file."""
        for cluster_id in list(self._clusters):
            with contextlib.suppress(PlaneError):
                self.delete_cluster(cluster_id)
        for group_id in list(self._caches):
            self.delete_cache(group_id)
        self._memcached.close()
        kill_within(self.base_dir)
        self.truth.close()
        self.block.close()
        shutil.rmtree(self.base_dir, ignore_errors=True)


def endpoint_members(record: Record, cluster: PostgresCluster) -> list[str]:
    """Healthy members of a reader or custom endpoint, in a steady order."""
    writer = cluster.writer.name if cluster.writer is not None else None
    healthy = [name for name in sorted(cluster.nodes) if cluster.nodes[name].is_ready]
    readers = [name for name in healthy if name != writer]
    if record.kind == "reader":
        return readers or [name for name in healthy if name == writer]
    chosen = healthy if record.custom_type.upper() == "ANY" else readers
    if record.members:
        return [name for name in chosen if name in record.members]
    return [name for name in chosen if name not in record.excluded]


def _postgres_row(cluster: PostgresCluster, node: PostgresNode) -> ProcessRow:
    return ProcessRow(
        owner=cluster.cluster_id,
        member=node.name,
        role="writer" if node is cluster.writer else "reader",
        engine="PostgreSQL",
        version=node.install.version,
        address=node.address,
        port=node.port,
        pid=node.pid,
        healthy=cluster.is_healthy(node.name),
    )


def _valkey_row(group: ValkeyGroup, node: ValkeyNode) -> ProcessRow:
    return ProcessRow(
        owner=group.request.group_id,
        member=node.name,
        role="primary" if group.is_primary(node.name) else "replica",
        engine="Valkey",
        version=group.version,
        address=node.address,
        port=node.port,
        pid=node.pid,
        healthy=node.is_ready,
    )


def _memcached_row(cluster: MemcachedProcesses, node: MemcachedNode) -> ProcessRow:
    return ProcessRow(
        owner=cluster.request.cluster_id,
        member=node.name,
        role="node",
        engine="Memcached",
        version=cluster.version,
        address=node.address,
        port=node.port,
        pid=node.pid,
        healthy=node.is_ready,
    )
