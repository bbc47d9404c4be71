"""One Memcached cluster: a server for each node, none of which knows of the others.

They are the system's own `memcached`, where it is installed; it has no TLS here, reads no parameter group and does not
know `config get cluster`, which is AWS's own addition to Memcached.
"""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lab.data.addresses import AddressBlock
from lab.data.identity import Identity, make_dir
from lab.data.processes import Child
from lab.data.truth import TruthLog
from lab.data.valkey import wait_until
from lab.plane import MemcachedRequest, PlaneError

PROGRAM = "memcached"
MEMORY_MB = 16
CONNECTIONS = 256
STOP_TIMEOUT_S = 2.0
ASK_TIMEOUT_S = 2.0


@cache
def memcached_server() -> tuple[Path, str] | None:
    """The installed server and its version (`memcached 1.6.18`); None where there is none."""
    found = shutil.which(PROGRAM)
    if found is None:
        return None
    said = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+(?:\.\d+)+)", said)
    return (Path(found), version[1]) if version else None


@dataclass(kw_only=True, eq=False)
class MemcachedNode:
    """One node's server."""

    name: str
    directory: Path
    log: Path
    address: str
    port: int
    program: Path
    identity: Identity
    on_exit: Callable[[MemcachedNode], None]
    child: Child | None = field(default=None, repr=False)
    is_ready: bool = False

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child is not None and self.child.is_running else None

    def start(self) -> None:
        """Start the server, empty, and return when it answers.

        Raises:
            PlaneError: it did not within 20 s.
        """
        command = [str(self.program), "-l", self.address, "-p", str(self.port), "-U", "0"]
        command += ["-m", str(MEMORY_MB), "-c", str(CONNECTIONS), "-t", "2"]
        self.child = Child(command, cwd=self.directory, log=self.log, identity=self.identity, on_exit=self._exited)
        wait_until(f"Memcached of {self.name} answers", self._answers)
        self.is_ready = True

    def _answers(self) -> bool:
        if self.child is None or not self.child.is_running:
            raise PlaneError(f"Memcached of {self.name} must start, got an end; its log is {self.log}")
        try:
            return ask(self.address, self.port, "version").startswith("VERSION ")
        except OSError:
            return False  # not listening yet

    def _exited(self, child: Child) -> None:
        if child is self.child:
            self.is_ready = False
            if not child.expected:
                self.on_exit(self)

    def stop(self) -> None:
        """Kill it: it keeps nothing that an orderly end would save."""
        self.is_ready = False
        if self.child is not None:
            self.child.stop(signal.SIGKILL, timeout_s=STOP_TIMEOUT_S)


def ask(address: str, port: int, command: str) -> str:
    """The first line of the answer to one command of the text protocol.

    Raises:
        OSError: the server does not answer.
    """
    with socket.create_connection((address, port), timeout=ASK_TIMEOUT_S) as line:
        line.sendall(f"{command}\r\n".encode())
        with line.makefile("rb") as reader:
            return reader.readline().decode().rstrip()


@dataclass(kw_only=True, eq=False)
class MemcachedProcesses:
    """The servers of one cluster, by the plane's names of its nodes."""

    request: MemcachedRequest
    program: Path
    version: str
    folder: Path
    logs: Path
    block: AddressBlock
    identity: Identity
    truth: TruthLog
    nodes: dict[str, MemcachedNode] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _closed: bool = False

    @classmethod
    def make(
        cls, request: MemcachedRequest, base_dir: Path, block: AddressBlock, identity: Identity, truth: TruthLog
    ) -> MemcachedProcesses:
        """The cluster, without a node yet.

        Raises:
            PlaneError: memcached is not installed.
        """
        server = memcached_server()
        if server is None:
            raise PlaneError("memcached must be installed to run clusters of it, got none on PATH")
        return cls(
            request=request,
            program=server[0],
            version=server[1],
            folder=make_dir(base_dir / f"memcached-{request.cluster_id}", identity),
            logs=base_dir / "log",
            block=block,
            identity=identity,
            truth=truth,
        )

    def reshape(self, names: Iterable[str]) -> None:
        """Start the nodes that are new, stop those that are gone; the others keep what they hold."""
        wanted = list(names)
        with self.lock:
            for name in [name for name in self.nodes if name not in wanted]:
                self._stop(self.nodes.pop(name))
            for name in [name for name in wanted if name not in self.nodes]:
                self.nodes[name] = self._new_node(name)
                self.nodes[name].start()

    def _new_node(self, name: str) -> MemcachedNode:
        address, port = self.block.take(self.request.port)
        directory = self.folder / name
        return MemcachedNode(
            name=name,
            directory=directory if directory.exists() else make_dir(directory, self.identity),
            log=self.logs / f"{name}.log",
            address=address,
            port=port,
            program=self.program,
            identity=self.identity,
            on_exit=self._gone,
        )

    def _stop(self, node: MemcachedNode) -> None:
        node.stop()
        self.block.give_back(node.address)

    def reboot(self, names: Iterable[str]) -> None:
        """Stop and start nodes where they are: they come back empty."""
        with self.lock:
            for name in names:
                self.nodes[name].stop()
                self.nodes[name].start()

    def _gone(self, node: MemcachedNode) -> None:
        """A server ended unasked: as ElastiCache replaces a failed node, an empty one comes in its place."""
        if self._closed:
            return
        self.truth.note("cache-node.gone", group=self.request.cluster_id, instance=node.name)
        with self.lock:
            if self._closed or node.is_ready or self.nodes.get(node.name) is not node:
                return
            node.start()
        self.truth.note("cache-node.joined", group=self.request.cluster_id, instance=node.name)

    def close(self) -> None:
        self._closed = True
        with self.lock:
            for node in self.nodes.values():
                self._stop(node)
            self.nodes.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


class MemcachedServers:
    """Every Memcached cluster of a plane."""

    def __init__(self, base_dir: Path, block: AddressBlock, identity: Identity, truth: TruthLog) -> None:
        self._base_dir, self._block, self._identity, self._truth = base_dir, block, identity, truth
        self._clusters: dict[str, MemcachedProcesses] = {}
        self._lock = threading.Lock()

    def create(self, request: MemcachedRequest) -> None:
        with self._lock:
            if request.cluster_id in self._clusters:
                raise PlaneError(f"Memcached cluster {request.cluster_id} must be new, got one that runs")
            made = MemcachedProcesses.make(request, self._base_dir, self._block, self._identity, self._truth)
            self._clusters[request.cluster_id] = made
        made.reshape(request.nodes)

    def cluster(self, cluster_id: str) -> MemcachedProcesses:
        found = self._clusters.get(cluster_id)
        if found is None:
            raise PlaneError(f"Memcached cluster {cluster_id} must exist, got none of that name")
        return found

    def delete(self, cluster_id: str) -> None:
        with self._lock:
            cluster = self._clusters.pop(cluster_id, None)
        if cluster is not None:
            cluster.close()

    def all_clusters(self) -> list[MemcachedProcesses]:
        return list(self._clusters.values())

    def members_of(self, owner: str) -> list[MemcachedNode]:
        """Nodes that a name stands for: every one of a cluster, or the one that is called so."""
        if owner in self._clusters:
            return list(self._clusters[owner].nodes.values())
        return [each.nodes[owner] for each in self.all_clusters() if owner in each.nodes]

    def close(self) -> None:
        for cluster_id in list(self._clusters):
            self.delete(cluster_id)
