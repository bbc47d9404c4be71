"""One cluster of the lab within reach: break it, and know to the millisecond when it was away.

The lab's truth log tells when a failover began and when DNS followed the promotion. What it cannot know is watched
here: the moment a fault was caused, and the moment the last connection of a client was gone, by the kernel's own word.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg

from lab.data.dns import DnsServer
from lab.data.identity import current_identity, make_base_dir
from lab.data.plane import ProcessPlane, ProcessRow
from lab.data.truth import read_truth
from lab.plane import ClusterRequest, Record
from runbooks.drill import database
from runbooks.drill.ledger import Ledger, compare
from runbooks.drill.plan import SCHEMA
from runbooks.drill.probe import ProbeConfig
from runbooks.drill.process import ProbeProcess
from runbooks.drill.records import Clock, Trace
from runbooks.drill.request import LAB_PACE

CLUSTER = "bench"
INSTANCES = ("bench-a", "bench-b", "bench-c")
WRITER_NAME = "bench.cluster-000000000001.eu-west-1.rds.test"
READER_NAME = "bench.cluster-ro-000000000001.eu-west-1.rds.test"
ADDRESSES = tuple(f"{instance}.000000000001.eu-west-1.rds.test" for instance in INSTANCES)
PORT = 5433
USER, PASSWORD, DATABASE = "dbadmin", "made-up-for-the-bench", "orders"
SETTLE_TIMEOUT_S = 60.0
MEMORY_NEEDED_BYTES = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueOutage:
    """When the service was away in truth, in seconds of the monotonic clock.

    It stopped between the cause (`caused_s`: a signal was sent) and its first effect on a client (`felt_s`: the first
    connection's server process had ended), which a busy machine draws apart. It came back when DNS named a promoted
    writer, or when the processes were let go on.
    """

    caused_s: float
    felt_s: float
    came_back_s: float

    @property
    def shortest_s(self) -> float:
        return self.came_back_s - self.felt_s

    @property
    def longest_s(self) -> float:
        return self.came_back_s - self.caused_s


class Rehearsal:
    """Three real PostgreSQL servers, DNS, and a failover of its own when the writer dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plane = ProcessPlane(base_dir=_base_dir())
        self.dns = DnsServer(self.plane.resolve)
        self.tables = 0
        self._environment = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._environment.enter_context(
            _environment(RUNBOOK_RESOLVER=f"127.0.0.1:{self.dns.port}", RUNBOOK_TLS_OFF_FOR=".test")
        )
        self.plane.create_cluster(
            ClusterRequest(
                cluster_id=CLUSTER, engine="aurora-postgresql", version="17.7", port=PORT,
                username=USER, password=PASSWORD, database=DATABASE,
            )
        )  # fmt: skip
        for instance, name in zip(INSTANCES, ADDRESSES, strict=True):
            self.plane.create_instance(CLUSTER, instance)
            self.plane.publish(Record(name=name, kind="instance", owner=instance))
        self.plane.publish(Record(name=WRITER_NAME, kind="writer", owner=CLUSTER))
        self.plane.publish(Record(name=READER_NAME, kind="reader", owner=CLUSTER))
        self.plane.watch(self._fail_over_soon)
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._environment.close()
        self.dns.close()
        self.plane.close()

    # The cluster

    def settle(self) -> None:
        """Wait until every server is healthy and DNS names the writer."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while not (all(row.healthy for row in self.plane.processes()) and self._dns_is_right()):
            assert time.monotonic() < deadline, f"the cluster never came to rest: {self.plane.processes()}"
            time.sleep(0.05)

    def _dns_is_right(self) -> bool:
        return self.plane.resolve(WRITER_NAME) == self.writer.address

    @property
    def writer(self) -> ProcessRow:
        return next(row for row in self.plane.processes() if row.role == "writer")

    def _reader(self) -> str:
        return next(row.member for row in self.plane.processes() if row.role == "reader" and row.healthy)

    def _fail_over_soon(self, _cluster: str, _instance: str) -> None:
        """What the embedded AWS does when a writer's process dies."""
        threading.Thread(target=lambda: self.plane.failover(CLUSTER, self._reader()), daemon=True).start()

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The master user at the server that is the writer in truth."""
        writer = self.writer
        return psycopg.connect(
            host=writer.address, port=writer.port, user=USER, password=PASSWORD, dbname=DATABASE, autocommit=True
        )

    # The instrument

    def start_probe(self, clock: Clock) -> tuple[ProbeProcess, str]:
        """A probe as the drill starts it, and its table."""
        self.tables += 1
        table = database.table_name(f"bench-{self.tables}")
        with self.connect() as connection:
            database.prepare(connection, table)
        pace = LAB_PACE
        config = ProbeConfig(
            out=str(self.folder / f"probe-{self.tables}-1.jsonl"),
            wall_s=clock.wall_s, monotonic_s=clock.monotonic_s,
            table=f"{SCHEMA}.{table}", first_number=1, writer=WRITER_NAME, port=PORT,
            readers=(("reader", READER_NAME),), watched=(READER_NAME, *ADDRESSES), instances=ADDRESSES,
            database=DATABASE, user=USER, password=PASSWORD,
            tls={name: {"sslmode": "disable"} for name in (WRITER_NAME, READER_NAME, *ADDRESSES)},
            rate_per_s=pace.rate_per_s, clients=pace.clients, read_rate_per_s=pace.read_rate_per_s,
            attempt_timeout_s=pace.attempt_timeout_s, connect_timeout_s=pace.connect_timeout_s,
        )  # fmt: skip
        return ProbeProcess(config, self.folder / "probe.log"), table

    def ledger(self, trace: Trace, table: str) -> Ledger:
        with self.connect() as connection:
            return compare([trace], database.count_rows(connection, table))

    def drop(self, table: str) -> None:
        with self.connect() as connection:
            database.drop(connection, table)

    # Faults: each returns what was so in truth

    def fail_over(self) -> TrueOutage:
        """A planned failover to a reader."""
        end, seen = FirstEnd(self._client_backends()), len(self._truth())
        self.plane.failover(CLUSTER, self._reader())
        began_s = self._await("failover.began", seen)
        return TrueOutage(caused_s=began_s, felt_s=end.wait(), came_back_s=self._await("dns.changed", seen))

    def kill_writer(self) -> TrueOutage:
        """SIGKILL to the writer's first process, behind everybody's back."""
        end, seen = FirstEnd(self._client_backends()), len(self._truth())
        killed_s = time.monotonic()
        os.kill(self._writer_pid(), signal.SIGKILL)
        return TrueOutage(caused_s=killed_s, felt_s=end.wait(), came_back_s=self._await("dns.changed", seen))

    def freeze_writer(self, seconds: float) -> TrueOutage:
        """Stop every process of the writer for a while, then let them go on: nothing fails over."""
        processes = self._writer_processes()
        caused_s = time.monotonic()
        _signal_all(processes, signal.SIGSTOP)
        felt_s = time.monotonic()
        time.sleep(seconds)
        came_back_s = time.monotonic()
        _signal_all(processes, signal.SIGCONT)
        return TrueOutage(caused_s=caused_s, felt_s=felt_s, came_back_s=came_back_s)

    def _writer_pid(self) -> int:
        pid = self.writer.pid
        assert pid is not None, "the writer must run before it is broken"
        return pid

    def _writer_processes(self) -> list[psutil.Process]:
        first = psutil.Process(self._writer_pid())
        return [*first.children(recursive=True), first]

    def _client_backends(self) -> list[int]:
        """Pids of the backends that serve the probe; PostgreSQL's process titles name the user."""
        return [process.pid for process in self._writer_processes() if f" {USER} " in " ".join(process.cmdline())]

    def _truth(self) -> list[dict[str, object]]:
        return read_truth(self.plane.truth.path)

    def _await(self, event: str, seen: int, timeout_s: float = 30) -> float:
        """Monotonic time of the first such event after the first `seen` ones."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in self._truth()[seen:]:
                if line["event"] == event:
                    return float(str(line["monotonic_s"]))
            time.sleep(0.01)
        raise TimeoutError(f"{event} must come within {timeout_s:g} s, got none")


WATCHER = """
import os, select, sys, time
poller = select.poll()
for pid in sys.argv[1:]:
    poller.register(os.pidfd_open(int(pid)), select.POLLIN)
print("watching", flush=True)
poller.poll()
print(time.monotonic(), flush=True)
"""


class FirstEnd:
    """The moment the first of some processes ended, by their pidfds: exact to the scheduler's latency.

    Watched from a process of its own, which waits for nobody's interpreter lock; the monotonic clock is the machine's.
    """

    def __init__(self, pids: list[int]) -> None:
        assert pids, "the probe must be connected before the writer is broken"
        self._watcher = subprocess.Popen(
            [sys.executable, "-S", "-c", WATCHER, *map(str, pids)], stdout=subprocess.PIPE, text=True
        )
        assert self._say() == "watching", "the processes must run before they are broken"

    def _say(self) -> str:
        assert self._watcher.stdout is not None
        return self._watcher.stdout.readline().strip()

    def wait(self) -> float:
        at_s = float(self._say())
        self._watcher.communicate()
        return at_s


def _base_dir() -> Path:
    """In memory where there is room: what a disk's flushes cost right after a promotion is not what is measured."""
    before = tempfile.tempdir
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_NEEDED_BYTES:
        tempfile.tempdir = str(memory)
    try:
        return make_base_dir(current_identity())
    finally:
        tempfile.tempdir = before


def _signal_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


Act = Callable[[Rehearsal], list[TrueOutage]]
