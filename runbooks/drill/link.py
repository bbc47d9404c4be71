"""One PostgreSQL connection, non-blocking, that tells to the millisecond when it was answered and when it died.

A probe needs what drivers hide: the time of the answer as the socket had it, a timeout that does not first ask the
(dead) server to cancel, notice of a connection that is closed while nobody uses it, and whether a failed write may
have reached the server. So this is libpq's own non-blocking interface under asyncio, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Literal, Self

from psycopg import OperationalError, conninfo, pq
from psycopg.pq import abc

Row = tuple[str | None, ...]
# Which implementation psycopg has (C, binary, Python) is decided when it is imported; all keep to one protocol.
_connect_start: Callable[[bytes], abc.PGconn] = pq.PGconn.connect_start  # pyright: ignore[reportUnknownMemberType]
_GOOD: Final = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
# The server said no before it did anything: 25006 read only, 42* statement or privilege, 53* resources, 28* login.
_NOT_DONE: Final = ("25006", "42", "53", "28", "3F", "3D")


class LinkError(Exception):
    """A connection or statement failed. `sqlstate` is the server's word, if it had one.

    `not_done` is True when the server cannot have done it: it was never sent, or refused with a reason.
    """

    def __init__(self, message: str, *, sqlstate: str | None = None, not_done: bool) -> None:
        self.sqlstate = sqlstate
        self.not_done = not_done
        super().__init__(message)


class Link:
    """A connection. At most one statement at a time; `on_lost` is called when it dies while idle."""

    def __init__(self, connection: abc.PGconn, on_lost: Callable[[], None]) -> None:
        self._connection = connection
        self.on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._watched: int | None = None
        self.closed = False

    @classmethod
    async def open(
        cls, parameters: Mapping[str, str], timeout_s: float, on_lost: Callable[[], None] = lambda: None
    ) -> Self:
        """Connect and authenticate.

        Raises:
            LinkError: refused, timed out or not authenticated.
        """
        text = conninfo.make_conninfo(**dict(parameters))
        connection = _connect_start(text.encode())
        try:
            async with asyncio.timeout(timeout_s):
                await _finish_connect(connection)
        except TimeoutError:
            connection.finish()
            raise LinkError(f"connecting took longer than {timeout_s:g} s", not_done=True) from None
        except BaseException:
            connection.finish()
            raise
        connection.nonblocking = 1
        link = cls(connection, on_lost)
        link._watch()
        return link

    async def query(self, sql: bytes, *values: str, timeout_s: float) -> list[Row]:
        """Run one statement and return its rows, as text.

        Raises:
            LinkError: it failed or was not answered in time. The link is closed unless the server gave a reason.
        """
        self._unwatch()
        sent = False
        try:
            async with asyncio.timeout(timeout_s):
                self._connection.send_query_params(sql, [value.encode() for value in values])
                sent = True
                result = await self._answer()
        except TimeoutError:
            self.close()
            raise LinkError(f"no answer within {timeout_s:g} s", not_done=not sent) from None
        except OperationalError as error:
            self.close()
            raise LinkError(_first_line(str(error)), not_done=not sent) from None
        except BaseException:
            self.close()
            raise
        return self._rows(result)

    def close(self) -> None:
        """Close at once, without asking the server."""
        if not self.closed:
            self.closed = True
            self._unwatch()
            self._connection.finish()

    async def _answer(self) -> abc.PGresult:
        while self._connection.flush():
            await _wait(self._connection.socket, "write")
        last: abc.PGresult | None = None
        while True:
            while self._connection.is_busy():
                await _wait(self._connection.socket, "read")
                self._connection.consume_input()
            result = self._connection.get_result()
            if result is None:
                break
            last = result
        if last is None:
            raise OperationalError("the connection was closed")
        return last

    def _rows(self, result: abc.PGresult) -> list[Row]:
        if result.status not in _GOOD:
            raw = result.error_field(pq.DiagnosticField.SQLSTATE)
            sqlstate = raw.decode() if raw else None
            message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"connection lost").decode(
                errors="replace"
            )
            not_done = sqlstate is not None and sqlstate.startswith(_NOT_DONE)
            if not not_done or self._connection.status != pq.ConnStatus.OK:
                self.close()
            else:
                self._watch()
            raise LinkError(message, sqlstate=sqlstate, not_done=not_done)
        self._watch()
        return [
            tuple(_text(result.get_value(row, column)) for column in range(result.nfields))
            for row in range(result.ntuples)
        ]

    def _watch(self) -> None:
        self._watched = self._connection.socket
        self._loop.add_reader(self._watched, self._on_idle_input)

    def _unwatch(self) -> None:
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._watched = None

    def _on_idle_input(self) -> None:
        try:
            self._connection.consume_input()
            alive = self._connection.status == pq.ConnStatus.OK
        except OperationalError:
            alive = False
        if not alive:
            self.close()
            self.on_lost()


async def _finish_connect(connection: abc.PGconn) -> None:
    while True:
        if connection.status == pq.ConnStatus.BAD:
            break
        status = connection.connect_poll()
        if status == pq.PollingStatus.OK:
            return
        if status == pq.PollingStatus.FAILED:
            break
        await _wait(connection.socket, "read" if status == pq.PollingStatus.READING else "write")
    message = _first_line(connection.error_message.decode(errors="replace"))
    raise LinkError(message, not_done=True)


async def _wait(descriptor: int, what: Literal["read", "write"]) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add, remove = (loop.add_reader, loop.remove_reader) if what == "read" else (loop.add_writer, loop.remove_writer)
    add(descriptor, wake)
    try:
        await ready
    finally:
        remove(descriptor)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0] if message.strip() else "the connection was closed"
