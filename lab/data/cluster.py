"""One Aurora PostgreSQL cluster: a writer, standbys that commit with it, and who takes over.

Every healthy standby is synchronous, as Aurora's readers see what was committed; a standby that dies or stalls is
dropped from the set at once, so that writes go on. Only a standby in the set may be promoted: nothing acknowledged is
lost.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from lab.data.identity import Identity
from lab.data.past import Past
from lab.data.postgres import (
    PostgresNode,
    base_backup,
    beat,
    clone_template,
    set_master_login,
    set_password,
    set_up_first_writer,
)
from lab.data.truth import TruthLog
from lab.plane import ClusterRequest, PlaneError

logger = logging.getLogger(__name__)

WATCH_EVERY_S = 0.2
JOIN_POLL_S = 0.02
JOIN_TIMEOUT_S = 10.0
REPOINT_TIMEOUT_S = 1.5
REJOIN_REST_S = 0.4
REJOIN_ATTEMPTS = 20
REMIND_EVERY_S = 2.0
TIDY_EVERY = 25  # rounds of watching between two looks at how much room the past takes
NUDGES_S = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1)
# A standby counts as safe once it has flushed what the writer had when commits began to wait for it.
STREAMING = """
SELECT application_name, sync_state = 'sync', pg_current_wal_flush_lsn() - '0/0'::pg_lsn, flush_lsn - '0/0'::pg_lsn
FROM pg_stat_replication WHERE state = 'streaming'
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How a stopped server comes back as a standby."""

    name: str
    prepare: Callable[[PostgresNode, PostgresNode], None]


RESTART = Way("restart", PostgresNode.follow)
REWIND = Way("rewind", PostgresNode.rewind_to)
COPY = Way("copy", PostgresNode.copy_from)


@dataclass(kw_only=True, eq=False)
class PostgresCluster:
    """Topology of one cluster. `on_writer` is told of each promotion, `on_writer_lost` of each writer that died."""

    request: ClusterRequest
    identity: Identity
    truth: TruthLog
    past: Past
    on_writer: Callable[[str, str], None]
    on_writer_lost: Callable[[str, str], None]
    nodes: dict[str, PostgresNode] = field(default_factory=dict)
    writer: PostgresNode | None = None
    # Its data while no instance has them: those it was born with, or those that the last instance left.
    volume: Path | None = None
    _of_standby: bool = False
    # Held while the topology changes; the set of synchronous standbys has a lock of its own, never held for long.
    lock: threading.RLock = field(default_factory=threading.RLock)
    _set_lock: threading.Lock = field(default_factory=threading.Lock)
    _joining: set[str] = field(default_factory=set)
    _marks: dict[str, int] = field(default_factory=dict)  # writer's WAL position when a standby became synchronous
    _down_since_s: float | None = None
    _safe: set[str] = field(default_factory=set)  # synchronous, and past its mark
    _closed: threading.Event = field(default_factory=threading.Event)

    @property
    def cluster_id(self) -> str:
        return self.request.cluster_id

    def start_watching(self) -> None:
        threading.Thread(target=self._watch, name=f"watch-{self.cluster_id}", daemon=True).start()

    def close(self) -> None:
        """Stop every server; their data goes with the lab's folder."""
        self._closed.set()
        with self.lock:
            for node in list(self.nodes.values()):
                node.remove()
            self.nodes.clear()
            self.writer = None
            if self.volume is not None:
                shutil.rmtree(self.volume, ignore_errors=True)
            self.past.remove()

    # Members

    def add_writer(self, node: PostgresNode) -> None:
        """The first instance: its data directory is the cluster's volume, or else a fresh template."""
        with self.lock:
            has_data = self.volume is not None
            if self.volume is not None:
                if self.past.base is None or self._of_standby:
                    self.past.begin(self.volume)
                self.volume.rename(node.directory)
                self.volume = None
            self.nodes[node.name] = node
            self.writer = node
            node.configure()
            node.start()
            request = self.request
            if has_data:
                set_password(node, request.username, request.password)
            else:
                login = {"username": request.username, "password": request.password}
                set_up_first_writer(node, **login, database=request.database)
            set_master_login(node, request.username, iam=request.iam_master)
            self.past.complete()
            self.truth.note("writer.created", cluster=self.cluster_id, instance=node.name)
            self.on_writer(self.cluster_id, node.name)

    def add_standby(self, node: PostgresNode) -> None:
        """A later instance: returns when it streams and commits wait for it."""
        with self.lock:
            writer = self._running_writer()
            self.nodes[node.name] = node
            node.copy_from(writer)
            node.start()
            self._await_streaming(node, writer, JOIN_TIMEOUT_S)
            self.truth.note("standby.created", cluster=self.cluster_id, instance=node.name)

    def remove(self, instance_id: str) -> None:
        """Stop and delete an instance; a writer leaves its cluster without one until a failover.

        The last instance leaves its data: a cluster's volume outlives its instances.
        """
        with self.lock:
            node = self.nodes.pop(instance_id)
            self._drop(node.name)
            if self.nodes:
                node.remove()
            else:
                # What a standby goes on with would be another future of a past that its writer wrote.
                self._of_standby = node.upstream is not None
                self.volume = node.detach()
            if node is self.writer:
                self.writer = None

    def is_healthy(self, instance_id: str) -> bool:
        """A writer that answers, or a standby that has everything that was acknowledged."""
        node = self.nodes.get(instance_id)
        if node is None or not node.is_ready:
            return False
        return node.answers if node is self.writer else self.is_synchronous(instance_id)

    def is_synchronous(self, instance_id: str) -> bool:
        """True for a standby that has every acknowledged commit; stays true when the writer dies."""
        return instance_id in self._safe

    def copy_to(self, target: Path) -> bool:
        """Copy the data as they are now into a folder that does not exist yet; False when there are none.

        Raises:
            PlaneError: there are instances, and no writer runs.
        """
        with self.lock:
            if self.nodes:
                base_backup(self._running_writer(), target)
            elif self.volume is not None:
                clone_template(self.volume, target, self.identity)
            else:
                return False
            return True

    def keep_past(self, target: Path) -> Past | None:
        """All that is known of it, apart, up to what was written until now; None when there are no data."""
        with self.lock:
            if self.past.since is None:
                return Past.of_untouched(self.volume, target, self.identity) if self.volume is not None else None
            if self.writer is not None and self.writer.is_ready:
                with contextlib.suppress(psycopg.Error), self.writer.connect() as admin:
                    beat(admin)  # a commit after every moment that may be asked for
            data = self.volume or (self.writer or next(iter(self.nodes.values()))).directory
            return self.past.keep(data / "pg_wal", target)

    def set_password(self, password: str) -> None:
        """Change the master user's password; without an instance, the first one starts with it."""
        with self.lock:
            self.request = replace(self.request, password=password)
            if not self.nodes:
                return
            set_password(self._running_writer(), self.request.username, password)

    def _running_writer(self) -> PostgresNode:
        if self.writer is None or not self.writer.is_ready:
            raise PlaneError(
                f"cluster {self.cluster_id} must have a running writer, got none; fail over or reboot first"
            )
        return self.writer

    # Who takes over

    def failover(self, target_id: str) -> None:
        """Stop the old writer if it runs and promote the target; the others follow, the old one in the background."""
        with self.lock:
            target, old = self._failover_target(target_id), self.writer
            self.truth.note("failover.began", cluster=self.cluster_id, instance=target_id)
            if old is not None:
                self._fence(old)
            target.promote()
            with self._set_lock:
                self.writer = target
                self._marks.clear()
                self._safe.clear()
            self.truth.note("writer.promoted", cluster=self.cluster_id, instance=target_id)
            self.on_writer(self.cluster_id, target_id)
            followers = [node for node in self.nodes.values() if node not in {target, old} and node.is_ready]
            for node in followers:
                node.follow(target)
        if self.past.contradicts(target):
            self._in_background(partial(self._renew_past, forget=True), target)
        for node in followers:
            self._in_background(partial(self._repoint, target), node)
        if old is not None:
            self._in_background(self._rejoin_after_rest, old)

    def _renew_past(self, writer: PostgresNode, *, forget: bool = False) -> None:
        with self.lock:
            if writer is self.writer and not self._closed.is_set():
                self.past.renew(writer, forget=forget)
                self.truth.note("past.renewed", cluster=self.cluster_id, instance=writer.name)

    def _failover_target(self, target_id: str) -> PostgresNode:
        target = self.nodes.get(target_id)
        if target is None or target is self.writer or not target.is_ready:
            raise PlaneError(f"the failover target must be a running reader of {self.cluster_id}, got {target_id}")
        if self.writer is not None and not self.is_synchronous(target_id):
            raise PlaneError(
                f"the failover target must have every acknowledged write, got {target_id}, which still catches up; "
                "wait until it is healthy"
            )
        return target

    def _fence(self, old: PostgresNode) -> None:
        was_running = old.pid is not None
        old.stop()
        if was_running:
            self.truth.note("writer.gone", cluster=self.cluster_id, instance=old.name, asked="yes")

    def reboot(self, instance_id: str) -> None:
        """Stop and start one instance in its role; also starts one that died."""
        with self.lock:
            node = self.nodes[instance_id]
            self._drop(node.name)
            node.stop()
            if node is self.writer:
                node.synchronous = ()
                node.configure()
                node.start()
                self.truth.note("writer.restarted", cluster=self.cluster_id, instance=node.name)
                return
        self._rejoin(node)

    def node_exited(self, node: PostgresNode) -> None:
        """A server died without having been asked to."""
        if self._closed.is_set() or self.nodes.get(node.name) is not node:
            return
        if node is self.writer:
            self.truth.note("writer.gone", cluster=self.cluster_id, instance=node.name, asked="no")
            self.on_writer_lost(self.cluster_id, node.name)
            return
        self._drop(node.name)
        self.truth.note("standby.gone", cluster=self.cluster_id, instance=node.name)
        self._in_background(self._rejoin, node)

    def _in_background(self, work: Callable[[PostgresNode], None], node: PostgresNode) -> None:
        def run() -> None:
            try:
                work(node)
            except Exception:
                logger.exception("instance.rejoin failed %s", node.name)

        threading.Thread(target=run, name=f"rejoin-{node.name}", daemon=True).start()

    def _repoint(self, writer: PostgresNode, node: PostgresNode) -> None:
        """Wait until a standby streams from the new writer; one that had more than it must be rewound."""
        try:
            self._await_streaming(node, writer, REPOINT_TIMEOUT_S)
        except PlaneError:
            self._rejoin(node)

    def _rejoin_after_rest(self, node: PostgresNode) -> None:
        """An old writer restarts after the promotion; its rewind must not take the clients' processors meanwhile."""
        if not self._closed.wait(REJOIN_REST_S):
            self._rejoin(node)

    def _rejoin(self, node: PostgresNode) -> None:
        """Bring an instance back as a standby of whoever is the writer now: rewind it, or copy the writer afresh."""
        if not self._claim(node):
            return
        try:
            for _ in range(REJOIN_ATTEMPTS):
                writer = self.writer
                if self._closed.is_set() or node is writer or self.nodes.get(node.name) is not node:
                    return
                if writer is not None and writer.is_ready and self._join(node, writer):
                    return
                time.sleep(JOIN_POLL_S * 5)
        finally:
            with self._set_lock:
                self._joining.discard(node.name)

    def _claim(self, node: PostgresNode) -> bool:
        with self._set_lock:
            if node.name in self._joining:
                return False
            self._joining.add(node.name)
            return True

    def _join(self, node: PostgresNode, writer: PostgresNode) -> bool:
        """Try the ways back from the quickest to the surest; True when it streams from who still is the writer."""
        was_standby = node.upstream is not None
        ways = ((RESTART, REPOINT_TIMEOUT_S) if was_standby else (REWIND, JOIN_TIMEOUT_S), (COPY, JOIN_TIMEOUT_S))
        for way, timeout_s in ways:
            try:
                node.stop()
                way.prepare(node, writer)
                node.start()
                self._await_streaming(node, writer, timeout_s)
            except (PlaneError, OSError) as error:
                logger.info("instance.join failed %s by %s: %s", node.name, way.name, error)
                if writer is not self.writer:
                    return False
                continue
            if writer is not self.writer:
                return False
            self.truth.note("standby.joined", cluster=self.cluster_id, instance=node.name, how=way.name)
            return True
        return False

    # The set of synchronous standbys

    def _await_streaming(self, node: PostgresNode, writer: PostgresNode, timeout_s: float) -> None:
        """Return when commits of this writer wait for the standby; give up at once when another one is promoted."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and node.is_ready and writer is self.writer and not self._closed.is_set():
            if self._refresh(writer) and self.is_synchronous(node.name):
                return
            time.sleep(JOIN_POLL_S)
        raise PlaneError(f"{node.name} must stream from {writer.name} within {timeout_s:g} s, got no stream")

    def _refresh(self, writer: PostgresNode) -> bool:
        """Make commits wait for exactly the standbys that stream from `writer`; False when it does not answer."""
        try:
            with writer.connect() as admin:
                self._refresh_over(writer, admin)
        except psycopg.Error:
            return False
        return True

    def _refresh_over(self, writer: PostgresNode, admin: psycopg.Connection[tuple[Any, ...]]) -> None:
        rows = admin.execute(STREAMING).fetchall()
        with self._set_lock:
            if writer is not self.writer or not writer.is_ready:
                return
            streaming = {row[0]: row for row in rows if (node := self.nodes.get(row[0])) and node.is_ready}
            for name in set(self._marks) - set(streaming):
                self._forget(name)
            for name, is_sync, written, flushed in streaming.values():
                if not is_sync:
                    self._forget(name)
                elif name not in self._marks:
                    self._marks[name] = int(written)
                elif flushed is not None and int(flushed) >= self._marks[name]:
                    self._safe.add(name)
            self._set_synchronous(writer, frozenset(streaming))

    def _forget(self, name: str) -> None:
        self._marks.pop(name, None)
        self._safe.discard(name)

    def _drop(self, name: str) -> None:
        with self._set_lock:
            self._forget(name)
            writer = self.writer
            if writer is None or not writer.is_ready or name not in writer.synchronous:
                return
            self._set_synchronous(writer, frozenset(writer.synchronous) - {name})
        threading.Thread(target=self._nudge, args=(writer,), name=f"nudge-{self.cluster_id}", daemon=True).start()

    def _nudge(self, writer: PostgresNode) -> None:
        """Write something, so that the other standbys answer: only their answers release commits that wait."""
        with contextlib.suppress(psycopg.Error), writer.connect() as admin:
            for pause_s in NUDGES_S:
                time.sleep(pause_s)
                beat(admin)

    def _set_synchronous(self, writer: PostgresNode, wanted: frozenset[str]) -> None:
        if frozenset(writer.synchronous) == wanted:
            return
        writer.synchronous = tuple(sorted(wanted))
        writer.configure()
        self.truth.note("synchronous.changed", cluster=self.cluster_id, instances=list(writer.synchronous))

    def _watch(self) -> None:
        """Notice standbys that stall or come back: a stalled one's stream ends after `wal_sender_timeout`."""
        admin: psycopg.Connection[tuple[Any, ...]] | None = None
        watched: PostgresNode | None = None
        rounds = 0
        while not self._closed.wait(WATCH_EVERY_S):
            writer = self.writer
            rounds += 1
            self._tidy(writer, rounds)
            if writer is None or not writer.is_ready:
                self._remind(writer)
                continue
            self._down_since_s = None
            try:
                if admin is None or admin.closed or watched is not writer:
                    if admin is not None:
                        admin.close()
                    admin, watched = writer.connect(), writer
                self._refresh_over(writer, admin)
                writer.answers = True
            except psycopg.Error:
                writer.answers = False  # it restarts itself after a backend crashed, or it is dying
        if admin is not None:
            admin.close()

    def _tidy(self, writer: PostgresNode | None, rounds: int) -> None:
        """Keep the past from growing without end."""
        if rounds % TIDY_EVERY == 0 and writer is not None and writer.is_ready and self.past.is_full:
            self._in_background(self._renew_past, writer)

    def _remind(self, writer: PostgresNode | None) -> None:
        """Tell again of a writer that is still dead: the first answer to its death may have failed."""
        now_s = time.monotonic()
        if self._down_since_s is None:
            self._down_since_s = now_s
        if writer is None or now_s - self._down_since_s < REMIND_EVERY_S or not self.lock.acquire(blocking=False):
            return  # nobody to tell of, too early, or somebody is at work
        self.lock.release()
        self._down_since_s = now_s
        self.on_writer_lost(self.cluster_id, writer.name)
