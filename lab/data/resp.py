"""Valkey's protocol, as much as the lab needs: one command, one answer, no retries that would hide an outage."""

from __future__ import annotations

import socket
from typing import IO, Any

TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 2.0


class RespError(RuntimeError):
    """The server answered with an error."""


def ask(address: str, port: int, *command: str | int) -> Any:
    """Answer of one command: text, number, list or None.

    Raises:
        RespError: the server refuses it.
        OSError: the server does not answer.
    """
    parts = [str(part).encode() for part in command]
    request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
    with socket.create_connection((address, port), timeout=CONNECT_TIMEOUT_S) as line:
        line.settimeout(TIMEOUT_S)
        line.sendall(request)
        with line.makefile("rb") as reader:
            return read(reader)


def read(reader: IO[bytes]) -> Any:
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
        return None if int(rest) < 0 else reader.read(int(rest) + 2)[:-2].decode()
    if kind == b"*":
        return None if int(rest) < 0 else [read(reader) for _ in range(int(rest))]
    raise RespError(f"an answer must begin with one of + - : $ *, got {header!r}")
