"""What a probe writes down, one JSON object per line. Times are seconds since 1970, by the drill's one clock.

A write's intent is on disk before it is sent, its acknowledgement before it counts: what a killed probe had sent is
known exactly.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final


class Fate(StrEnum):
    """What became of a write. `IN_DOUBT`: sent, and never answered: it may be in the table or not."""

    ACKED = "acked"
    FAILED = "failed"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    at_s: float
    pid: int
    period_s: float
    clients: int
    writer: str
    attempt_timeout_s: float
    connect_timeout_s: float
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """Write `number` is about to be sent."""

    number: int
    at_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One attempt to write; number 0 was never sent, for want of a connection.

    `due_s` is its place on the clock. `connecting_s`, for a connection's first write: when that connection was begun.
    """

    number: int
    due_s: float
    begun_s: float
    ended_s: float
    fate: Fate
    server: str = ""
    error: str = ""
    connecting_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """One attempt to connect to the writer endpoint: from before the name was looked up."""

    begun_s: float
    ended_s: float
    server: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A writer connection died while nobody used it."""

    at_s: float
    server: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """One read through an endpoint. `is_reader` is what the server said of itself, None when it did not answer."""

    endpoint: str
    begun_s: float
    ended_s: float
    is_reader: bool | None = None
    server: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """A DNS answer that differs from the one before.

    `last_before_s`: when the last look-up that still got the old answer was begun.
    """

    name: str
    begun_s: float
    ended_s: float
    addresses: tuple[str, ...] = ()
    error: str = ""
    last_before_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """A tick of the clock on which nothing was started: every client was still waiting, or (`late_s`) the probe was."""

    due_s: float
    late_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    at_s: float
    reason: str


Record = Started | Intent | Write | Contact | Loss | Read | Lookup | Skip | Ended
_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__.lower(): kind for kind in (Started, Intent, Write, Contact, Loss, Read, Lookup, Skip, Ended)
}
_TUPLES: Final = ("addresses", "readers")


class Clock:
    """Wall time that cannot be set while a drill runs: one reading of it, moved on by the monotonic clock.

    Processes of one machine that are given the same anchor tell the same time.
    """

    def __init__(self, wall_s: float | None = None, monotonic_s: float | None = None) -> None:
        self.monotonic_s = time.monotonic() if monotonic_s is None else monotonic_s
        self.wall_s = time.time() if wall_s is None else wall_s

    def now(self) -> float:
        return round(self.wall_s + time.monotonic() - self.monotonic_s, 6)


class Book:
    """Append-only evidence. A line is with the operating system when `write` returns, on the disk after `close`."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, record: Record) -> None:
        os.write(self._descriptor, encode(record))

    def close(self) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)


def encode(record: Record) -> bytes:
    """One line; fields that say nothing are left out."""
    line: dict[str, Any] = {"kind": type(record).__name__.lower()}
    for item in fields(record):
        value = getattr(record, item.name)
        if value not in ("", None, ()):
            line[item.name] = value
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Record | None:
    """The record of a line, None for one torn by a kill."""
    try:
        values = json.loads(line)
        kind = _KINDS[values.pop("kind")]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    if "fate" in values:
        values["fate"] = Fate(values["fate"])
    record: Record = kind(**values)
    return record


@dataclass(slots=True)
class Trace:
    """All records of one probe, by kind, in the order they were written."""

    started: Started | None = None
    ended: Ended | None = None
    intents: list[Intent] = field(default_factory=list[Intent])
    writes: list[Write] = field(default_factory=list[Write])
    contacts: list[Contact] = field(default_factory=list[Contact])
    losses: list[Loss] = field(default_factory=list[Loss])
    reads: list[Read] = field(default_factory=list[Read])
    lookups: list[Lookup] = field(default_factory=list[Lookup])
    skips: list[Skip] = field(default_factory=list[Skip])

    def add(self, record: Record) -> None:
        match record:
            case Started():
                self.started = record
            case Ended():
                self.ended = record
            case _:
                lists: dict[type[Any], list[Any]] = {
                    Intent: self.intents, Write: self.writes, Contact: self.contacts, Loss: self.losses,
                    Read: self.reads, Lookup: self.lookups, Skip: self.skips,
                }  # fmt: skip
                lists[type(record)].append(record)


def trace_of(records: Iterable[Record | None]) -> Trace:
    trace = Trace()
    for record in records:
        if record is not None:
            trace.add(record)
    return trace


def read_trace(path: Path) -> Trace:
    """The trace of an evidence file; an empty one when the probe never came to write."""
    return trace_of(decode(line) for line in path.read_bytes().splitlines()) if path.exists() else Trace()
