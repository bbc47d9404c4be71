"""Valkey's protocol, as much as the lab needs: one command, one answer, no retries that would hide an outage."""

from __future__ import annotations

import socket
from typing import IO, Any, Self

TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 2.0


class RespError(RuntimeError):
    """The server answered with an error."""


Word = str | int | bytes


class Line:
    """One connection.

    Raises:
        OSError: nothing listens there.
    """

    def __init__(self, address: str, port: int, *, timeout_s: float = TIMEOUT_S) -> None:
        self._socket = socket.create_connection((address, port), timeout=CONNECT_TIMEOUT_S)
        self._socket.settimeout(timeout_s)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._socket.close()

    def ask(self, *command: Word, raw: bool = False) -> Any:
        """Answer of one command: text (bytes where `raw`), number, list or None.

        Raises:
            RespError: the server refuses it.
            OSError: the server does not answer.
        """
        parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        return read(self._reader, raw=raw)


def ask(address: str, port: int, *command: Word, timeout_s: float = TIMEOUT_S) -> Any:
    """Answer of one command on a connection of its own; raises as `Line.ask`."""
    with Line(address, port, timeout_s=timeout_s) as line:
        return line.ask(*command)


def read(reader: IO[bytes], *, raw: bool = False) -> Any:
    """Read one answer."""
    header = reader.readline()
    if not header.endswith(b"\r\n"):
        raise ConnectionError("the server closed the connection")
    kind, rest = header[:1], header[1:-2].decode()
    if kind == b"-":
        raise RespError(rest)
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if kind == b"$":
        if int(rest) < 0:
            return None
        text = reader.read(int(rest) + 2)[:-2]
        return text if raw else text.decode()
    if kind == b"*":
        return None if int(rest) < 0 else [read(reader, raw=raw) for _ in range(int(rest))]
    raise RespError(f"an answer must begin with one of + - : $ *, got {header!r}")
