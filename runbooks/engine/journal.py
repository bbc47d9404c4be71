"""The journal of a run: one JSON object per line, on disk before the next thing happens.

It is evidence, and holds the run's identity; what AWS shows wins over what it says. The first line is the request;
each step has its intent before it and its outcome after it. A last line torn by a crash is dropped on reading.

Events are named `noun.verb`: run.requested, run.resumed, run.planned, step.intended, step.done, step.failed,
run.verified, run.finished, run.stopped (with its `state` and `reason`). Verbs add their own.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from runbooks.engine.clock import Clock
from runbooks.engine.plain import is_array, is_mapping

FILE_NAME: Final = "journal.jsonl"
SCHEMA: Final = 1
HOLD_TRIES: Final = 5  # `runbook runs` holds a journal for an instant while it looks
HOLD_EVERY_S: Final = 0.05
_SECRET_KEY = re.compile(
    r"(?i)(password|passwd|secret_?string|auth_?token|session_?token|secret_?access_?key|credential)"
)
_SIGNATURE = re.compile(r"(?i)(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s\"]+")
_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")

Event = dict[str, Any]


class JournalError(Exception):
    """The journal cannot serve this run; nothing was changed. Exit code 3."""


class RunBusyError(JournalError):
    """Another process on this machine is working on the same run."""


def check_run_id(run_id: str) -> str:
    """Return the run id, which becomes a folder's name.

    Raises:
        ValueError: it is not 1 to 63 lower-case letters, digits and hyphens.
    """
    if not _RUN_ID.match(run_id):
        raise ValueError(
            f"run id must be 1 to 63 lower-case letters, digits and hyphens, starting with a letter or digit, "
            f"got {run_id!r}; leave --run-id out to get a new one",
        )
    return run_id


class Journal:
    """Append-only record of one run. `folder=None` keeps it in memory: a dry run leaves nothing behind."""

    def __init__(self, folder: Path | None, run_id: str, clock: Clock) -> None:
        self.folder = folder
        self.run_id = run_id
        self._clock = clock
        self._events: list[Event] = []
        self._descriptor: int | None = None

    @classmethod
    def open(
        cls, folder: Path, *, run_id: str, verb: str, target: str, request: Mapping[str, Any], clock: Clock
    ) -> Self:
        """Open the journal of a run, new or begun, and hold it for this process.

        Raises:
            JournalError: the run was begun with another verb or request.
            RunBusyError: another process holds it.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal = cls(folder, run_id, clock)
        journal._hold()
        try:
            journal._begin(verb, target, json.loads(_encode(dict(request))))
        except BaseException:
            journal.close()
            raise
        return journal

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event so far, earlier sittings of the same run included."""
        return tuple(self._events)

    def find_last(self, event: str) -> Event | None:
        """The latest event of this name."""
        return next((line for line in reversed(self._events) if line["event"] == event), None)

    def record(self, event: str, **fields: Any) -> Event:
        """Write one event, and return when it is on the disk."""
        line: Event = {
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "event": event,
            "run_id": self.run_id,
        }
        text = _encode(withhold_secrets(line | fields))
        if self._descriptor is not None:
            _write_all(self._descriptor, (text + "\n").encode())
            os.fsync(self._descriptor)
        kept: Event = json.loads(text)
        self._events.append(kept)
        return kept

    def close(self) -> None:
        """Let the file go; another process may then go on with the run."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hold(self) -> None:
        assert self.folder is not None  # noqa: S101 - only `open` comes here
        self._descriptor = os.open(self.folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for left in reversed(range(HOLD_TRIES)):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if left:
                    self._clock.sleep(HOLD_EVERY_S)
                    continue
                self.close()
                raise RunBusyError(
                    f"another process on this machine is working on run {self.run_id}; wait for it, or stop it first",
                ) from None
            return

    def _begin(self, verb: str, target: str, request: dict[str, Any]) -> None:
        assert self.folder is not None  # noqa: S101 - only `open` comes here
        assert self._descriptor is not None  # noqa: S101 - held
        raw = (self.folder / FILE_NAME).read_bytes()
        self._events = parse(raw)
        whole = raw.rfind(b"\n") + 1
        if whole != len(raw):
            os.ftruncate(self._descriptor, whole)
        if not self._events:
            _sync_folder(self.folder)
            self.record("run.requested", schema=SCHEMA, verb=verb, target=target, request=request)
            return
        check_same(self._events[0], verb, request)
        self.record("run.resumed")


def check_same(first: Event, verb: str, request: Mapping[str, Any]) -> None:
    """Hold a run's first event against what is asked under its id now.

    Raises:
        JournalError: the run was begun with another verb or request.
    """
    asked = json.loads(_encode(withhold_secrets(dict(request))))
    if (first.get("verb"), first.get("request")) != (verb, asked):
        raise JournalError(
            f"run {first.get('run_id')} was begun as `{first.get('verb')}` with {_encode(first.get('request'))}, "
            f"not as `{verb}` with {_encode(asked)}; leave --run-id out to start another run",
        )


def parse(raw: bytes) -> list[Event]:
    """Read the events of a journal; a torn last line is dropped.

    Raises:
        JournalError: a line that is not the last cannot be read: the file was edited.
    """
    events: list[Event] = []
    lines = raw.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
            if not isinstance(event, dict) or "event" not in event:
                raise ValueError  # noqa: TRY301 - same end as a line that is not JSON
        except ValueError:
            if number == len(lines):
                break
            raise JournalError(
                f"line {number} of the journal cannot be read; it was changed after it was written"
            ) from None
        events.append(event)  # pyright: ignore[reportUnknownArgumentType] - it is JSON
    return events


def read(folder: Path) -> list[Event]:
    """Read the events of a run's folder, without holding it; none when there is no journal."""
    path = folder / FILE_NAME
    return parse(path.read_bytes()) if path.exists() else []


def is_held(folder: Path) -> bool:
    """Tell whether some process of this machine is working on the run."""
    try:
        descriptor = os.open(folder / FILE_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def withhold_secrets(value: Any) -> Any:
    """Replace what looks like a secret, by its key or as a signed URL's signature, with "(withheld)"."""
    if is_mapping(value):
        return {key: "(withheld)" if _is_secret(key, item) else withhold_secrets(item) for key, item in value.items()}
    if is_array(value):
        return [withhold_secrets(item) for item in value]
    return _SIGNATURE.sub(r"\1(withheld)", value) if isinstance(value, str) else value


def _is_secret(key: Any, item: Any) -> bool:
    return isinstance(item, str) and isinstance(key, str) and _SECRET_KEY.search(key) is not None


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: Path) -> None:
    """Make the new file's name itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
