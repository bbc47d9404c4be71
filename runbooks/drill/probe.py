"""The probe: a process of its own that writes, reads and looks names up during a failover, and notes what it saw.

    python -m runbooks.drill.probe < configuration

Standard input carries the configuration (one JSON line, the password with it) and the parent's life: when it is
closed, whatever the reason, the probe ends. A line `stop` ends it too.

- Writes start on the clock, whether or not earlier ones were answered (an open loop), on `clients` connections: that
  many may be in flight, further ticks are counted as skipped.
- A lost connection is opened again as soon as it can be, off the clock, and proves itself with a write of its own. One
  such try is under way at a time, unless it hangs.
- One connection to each instance is kept warm: when the writer's name moves to an instance, the first write there does
  not wait for a new session, and the end of the outage is known more exactly.
- Every write asks the server whether it is a reader; so does every read.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from runbooks.drill.link import Link, LinkError
from runbooks.drill.records import Book, Clock, Contact, Ended, Fate, Intent, Lookup, Loss, Read, Skip, Started, Write

MAX_LATENESS_S: Final = 0.5  # a tick later than this was slept through: it is skipped, not made up for
READER_CONNECTION_S: Final = 1.0  # how long a read connection is kept, so that reads follow the endpoint's rotation
WARM_EVERY_S: Final = 0.5
READ: Final = b"SELECT pg_is_in_recovery()"

Resolve = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeConfig:
    """What a probe is told. Rates are per second; `password` never leaves the process."""

    out: str
    wall_s: float
    monotonic_s: float
    table: str
    first_number: int
    writer: str
    port: int
    readers: tuple[tuple[str, str], ...]
    """Name and host of each endpoint that is read from."""
    watched: tuple[str, ...]
    """Hosts whose DNS is followed besides the writer's: readers, custom endpoints, instances."""
    instances: tuple[str, ...]
    """Hosts of the instances, to each of which a connection is kept warm."""
    database: str
    user: str
    password: str = field(repr=False)
    tls: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """libpq's TLS parameters of each host."""
    rate_per_s: float = 100.0
    clients: int = 8
    read_rate_per_s: float = 10.0
    attempt_timeout_s: float = 1.0
    connect_timeout_s: float = 1.0

    @property
    def period_s(self) -> float:
        return 1 / self.rate_per_s

    @property
    def retry_s(self) -> float:
        """Between two tries to connect: a quarter of the period, so that the outage's end is known well."""
        return self.period_s / 4

    @classmethod
    def from_json(cls, line: str) -> ProbeConfig:
        values = json.loads(line)
        values["readers"] = tuple((name, host) for name, host in values["readers"])
        values["watched"] = tuple(values["watched"])
        values["instances"] = tuple(values["instances"])
        return cls(**values)


class Names:
    """Looks names up beside the event loop: a slow resolver must not hold the clock up."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolve")

    async def look_up(self, host: str) -> tuple[str, ...]:
        """Addresses of the host.

        Raises:
            LinkError: the name could not be resolved.
        """
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.run_in_executor(self._pool, self._resolve, host)
        except OSError as error:
            raise LinkError(f"{host} could not be resolved: {error}", not_done=True) from None
        if not addresses:
            raise LinkError(f"{host} has no address", not_done=True)
        return addresses

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class Tools:
    """What every part of the probe uses."""

    config: ProbeConfig
    clock: Clock
    book: Book
    names: Names
    dns_changed: asyncio.Event = field(default_factory=asyncio.Event)
    warm: dict[str, Link] = field(default_factory=dict[str, Link])
    """Connections to instances that nobody uses yet, by address."""

    async def connect(self, host: str, on_lost: Callable[[], None] = lambda: None) -> tuple[Link, str]:
        """Look the host up and connect to its first address."""
        address = (await self.names.look_up(host))[0]
        return await self.connect_to(host, address, on_lost), address

    async def connect_to(self, host: str, address: str, on_lost: Callable[[], None]) -> Link:
        config = self.config
        parameters = {
            "host": host, "hostaddr": address, "port": str(config.port), "dbname": config.database,
            "user": config.user, "password": config.password, "application_name": "runbook-drill",
            **config.tls.get(host, {}),
        }  # fmt: skip
        return await Link.open(parameters, config.connect_timeout_s, on_lost)


class Writers:
    """Clients that write through the writer endpoint."""

    def __init__(self, tools: Tools, numbers: Callable[[], int]) -> None:
        self._tools = tools
        self._numbers = numbers
        self._free: list[tuple[Link, str]] = []
        self._busy = 0
        self._connecting = 0
        self._why = "not connected yet"
        self._sql = f"INSERT INTO {tools.config.table} (number) VALUES ($1) RETURNING pg_is_in_recovery()".encode()  # noqa: S608 - our own table's name
        self._tasks = Tasks()

    @property
    def missing(self) -> int:
        return self._tools.config.clients - self._busy - len(self._free) - self._connecting

    def start_write(self, due_s: float) -> None:
        """Start one write now, if a connection is free; otherwise say why not."""
        if self._free:
            link, server = self._free.pop()
            self._busy += 1
            self._tasks.start(self._write_and_return(link, server, due_s))
        elif self._busy:
            self._tools.book.write(Skip(due_s=due_s))
        else:
            now = self._tools.clock.now()
            self._tools.book.write(
                Write(
                    number=0,
                    due_s=due_s,
                    begun_s=now,
                    ended_s=now,
                    fate=Fate.FAILED,
                    error=f"no connection: {self._why}",
                )
            )

    async def keep_connected(self) -> None:
        """Open what is missing, one at a time; another one when a try hangs or the name moves."""
        config = self._tools.config
        patience_s = max(config.retry_s, config.connect_timeout_s / config.clients)
        last_s = 0.0
        while True:
            now = self._tools.clock.now()
            moved = self._tools.dns_changed.is_set()
            if self.missing > 0 and (self._connecting == 0 or moved or now - last_s >= patience_s):
                self._tools.dns_changed.clear()
                last_s = now
                self._connecting += 1
                self._tasks.start(self._connect())
            await asyncio.sleep(config.retry_s)

    async def close(self) -> None:
        await self._tasks.stop()
        for link, _server in self._free:
            link.close()

    async def _connect(self) -> None:
        begun_s = self._tools.clock.now()
        link: Link | None = None
        server = error = ""
        try:
            link, server = await self._open()
        except LinkError as failure:
            error = self._why = str(failure)
        finally:
            self._connecting -= 1
        self._tools.book.write(Contact(begun_s=begun_s, ended_s=self._tools.clock.now(), server=server, error=error))
        if link is not None:
            self._busy += 1
            await self._write_and_return(link, server, begun_s, connecting_s=begun_s)

    async def _open(self) -> tuple[Link, str]:
        """A connection to what the writer's name stands for now: the warm one, or a new one."""
        address = (await self._tools.names.look_up(self._tools.config.writer))[0]
        warm = self._tools.warm.pop(address, None)
        if warm is not None and not warm.closed:
            warm.on_lost = lambda: self._lost(address)
            return warm, address
        return await self._tools.connect_to(self._tools.config.writer, address, lambda: self._lost(address)), address

    def _lost(self, address: str) -> None:
        self._tools.book.write(Loss(at_s=self._tools.clock.now(), server=address))
        self._free = [pair for pair in self._free if not pair[0].closed]

    async def _write_and_return(self, link: Link, server: str, due_s: float, connecting_s: float | None = None) -> None:
        fate = Fate.FAILED
        try:
            fate = await self._write(link, server, due_s, connecting_s)
        finally:
            self._busy -= 1
        if link.closed:
            return
        if fate is Fate.ACKED:
            self._free.append((link, server))
        elif server not in self._tools.warm:
            link.on_lost = lambda: None
            self._tools.warm[server] = link  # a reader still: kept for when it is promoted
        else:
            link.close()

    async def _write(self, link: Link, server: str, due_s: float, connecting_s: float | None) -> Fate:
        number = self._numbers()
        clock, book = self._tools.clock, self._tools.book
        begun_s = clock.now()
        book.write(Intent(number=number, at_s=begun_s))
        fate, error = Fate.ACKED, ""
        try:
            await link.query(self._sql, str(number), timeout_s=self._tools.config.attempt_timeout_s)
        except LinkError as failure:
            fate = Fate.FAILED if failure.not_done else Fate.IN_DOUBT
            error = self._why = f"{failure.sqlstate or ''} {failure}".strip()
        book.write(
            Write(
                number=number, due_s=due_s, begun_s=begun_s, ended_s=clock.now(),
                fate=fate, server=server, error=error, connecting_s=connecting_s,
            )
        )  # fmt: skip
        return fate


class Reader:
    """One client that reads through an endpoint, and connects anew every second: the endpoint rotates."""

    def __init__(self, tools: Tools, name: str, host: str) -> None:
        self._tools = tools
        self._name, self._host = name, host
        self._link: Link | None = None
        self._server = ""
        self._opened_s = 0.0

    async def keep_reading(self) -> None:
        period_s = 1 / self._tools.config.read_rate_per_s
        while True:
            begun_s = self._tools.clock.now()
            is_reader, error = await self._read()
            self._tools.book.write(
                Read(
                    endpoint=self._name, begun_s=begun_s, ended_s=self._tools.clock.now(),
                    is_reader=is_reader, server=self._server, error=error,
                )
            )  # fmt: skip
            await asyncio.sleep(max(0.0, begun_s + period_s - self._tools.clock.now()))

    async def _read(self) -> tuple[bool | None, str]:
        try:
            link = await self._current()
            rows = await link.query(READ, timeout_s=self._tools.config.attempt_timeout_s)
        except LinkError as failure:
            self._drop()
            return None, str(failure)
        return rows[0][0] == "t", ""

    async def _current(self) -> Link:
        now = self._tools.clock.now()
        if self._link is None or self._link.closed or now - self._opened_s > READER_CONNECTION_S:
            self._drop()
            self._link, self._server = await self._tools.connect(self._host)
            self._opened_s = now
        return self._link

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link, self._server = None, ""


class Warmth:
    """Keeps one connection to an instance, unused, with what a first write loads loaded already."""

    def __init__(self, tools: Tools, host: str) -> None:
        self._tools = tools
        self._host = host
        self._touch = f"SELECT count(*) FROM (SELECT 1 FROM {tools.config.table} LIMIT 1) AS touched".encode()  # noqa: S608 - our own table's name

    async def keep(self) -> None:
        warm, config = self._tools.warm, self._tools.config
        while True:
            with contextlib.suppress(LinkError):
                address = (await self._tools.names.look_up(self._host))[0]
                if address not in warm or warm[address].closed:
                    link = await self._tools.connect_to(self._host, address, lambda: None)
                    await link.query(self._touch, timeout_s=config.attempt_timeout_s)
                    warm[address] = link
            await asyncio.sleep(WARM_EVERY_S)


class Follower:
    """Follows the DNS answers of one name on a clock of its own."""

    def __init__(self, tools: Tools, host: str, period_s: float, on_change: Callable[[], None] = lambda: None) -> None:
        self._tools = tools
        self._host, self._period_s, self._on_change = host, period_s, on_change

    async def follow(self) -> None:
        last: tuple[tuple[str, ...], str] | None = None
        last_begun_s: float | None = None
        while True:
            begun_s = self._tools.clock.now()
            addresses, error = await self._look_up()
            if (addresses, error) != last:
                self._tools.book.write(
                    Lookup(
                        name=self._host, begun_s=begun_s, ended_s=self._tools.clock.now(),
                        addresses=addresses, error=error, last_before_s=last_begun_s,
                    )
                )  # fmt: skip
                if last is not None:
                    self._on_change()
                last = (addresses, error)
            last_begun_s = begun_s
            await asyncio.sleep(max(0.0, begun_s + self._period_s - self._tools.clock.now()))

    async def _look_up(self) -> tuple[tuple[str, ...], str]:
        try:
            return tuple(sorted(await self._tools.names.look_up(self._host))), ""
        except LinkError as failure:
            return (), str(failure)


class Tasks:
    """Tasks that are kept from the garbage collector, and whose bugs are not swallowed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            asyncio.get_running_loop().call_exception_handler({"message": "probe task failed", "exception": error})

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*list(self._tasks), return_exceptions=True)


async def keep_time(config: ProbeConfig, clock: Clock, book: Book, start_write: Callable[[float], None]) -> None:
    """Start a write on every tick. What was slept through for long is skipped, and counted, not made up for."""
    tick, first_s = 0, clock.now() + config.period_s
    while True:
        due_s = round(first_s + tick * config.period_s, 6)
        late_s = clock.now() - due_s
        if late_s < 0:
            await asyncio.sleep(-late_s)
        if late_s <= MAX_LATENESS_S:
            start_write(due_s)
        else:
            book.write(Skip(due_s=due_s, late_s=round(late_s, 6)))
        tick += 1


async def parent_speaks() -> str:
    """Wait for `stop` or for the parent's end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    line = await reader.readline()
    return "stopped" if line.strip() == b"stop" else "the drill's process ended"


async def probe(config: ProbeConfig, resolve: Resolve, until: Callable[[], Coroutine[Any, Any, str]]) -> None:
    """Run until `until` returns; its answer is the last record's reason."""
    clock = Clock(config.wall_s, config.monotonic_s)
    book, names = Book(Path(config.out)), Names(resolve)
    tools = Tools(config=config, clock=clock, book=book, names=names)
    book.write(_started(config, clock))
    writers = Writers(tools, iter(range(config.first_number, sys.maxsize)).__next__)
    tasks = Tasks()
    tasks.start(writers.keep_connected())
    tasks.start(keep_time(config, clock, book, writers.start_write))
    tasks.start(Follower(tools, config.writer, config.period_s, tools.dns_changed.set).follow())
    for host in config.watched:
        tasks.start(Follower(tools, host, max(0.1, config.period_s)).follow())
    for host in config.instances:
        tasks.start(Warmth(tools, host).keep())
    for name, host in config.readers:
        tasks.start(Reader(tools, name, host).keep_reading())
    reason = await until()
    await tasks.stop()
    await writers.close()
    for link in tools.warm.values():
        link.close()
    names.close()
    book.write(Ended(at_s=clock.now(), reason=reason))
    book.close()


def _started(config: ProbeConfig, clock: Clock) -> Started:
    return Started(
        at_s=clock.now(), pid=os.getpid(), period_s=config.period_s, clients=config.clients, writer=config.writer,
        readers=tuple(name for name, _host in config.readers),
        attempt_timeout_s=config.attempt_timeout_s, connect_timeout_s=config.connect_timeout_s,
    )  # fmt: skip


def main() -> int:
    from patterns.connect import look_up

    # Read byte by byte: a buffered read would swallow a `stop` that follows.
    line = bytearray()
    while (byte := os.read(0, 1)) and byte != b"\n":
        line += byte
    if not line:
        return 2
    config = ProbeConfig.from_json(line.decode())
    with contextlib.suppress(OSError):
        look_up(config.writer)  # loads the resolver before the clock starts
    with contextlib.suppress(OSError):
        os.nice(-10)  # where it may: a probe that waits for the processor measures the machine
    gc.freeze()
    gc.disable()  # a collection is a pause, and a drill is short
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(probe(config, lambda host: look_up(host).addresses, parent_speaks))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
