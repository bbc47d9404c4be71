"""The past of a PostgreSQL cluster: data that were copied once, and each change since, so that any moment comes back.

Every server archives what it wrote (`archive_mode = always`, so that a writer that dies leaves no gap) into one folder
of its cluster. A moment is had back by replaying that over the copy, along the newest timeline, which has all
failovers in it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lab.data.identity import Identity, make_dir
from lab.data.postgres import WAL_SEGMENT_MB, PostgresNode, base_backup, clone_template
from lab.plane import PlaneError

# A cluster's past takes no more room than this before it is begun anew, with a new copy of the data.
MOST_MB = 256
WAL, BASE = "wal", "base"
PIECE = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"[0-9A-F]{8}\.history")
START = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")
OVER_TOO_EARLY = "recovery ended before configured recovery target was reached"
TIMELINE_DIGITS = 8


@dataclass(kw_only=True, eq=False)
class Past:
    """Data that no server was ever started on (`base`), what was written since, and from when on it is complete."""

    folder: Path
    identity: Identity
    base: Path | None = None
    since: datetime | None = None
    _count: int = field(default=0, repr=False)

    @classmethod
    def make(cls, folder: Path, identity: Identity) -> Past:
        """One that knows nothing yet."""
        make_dir(folder, identity)
        make_dir(folder / WAL, identity)
        return cls(folder=folder, identity=identity)

    @classmethod
    def of_untouched(cls, volume: Path, folder: Path, identity: Identity) -> Past:
        """Of data that no server was started on: they are what they were at any moment."""
        made = cls.make(folder, identity)
        made.begin(volume)
        made.since = datetime.min.replace(tzinfo=UTC)
        return made

    @property
    def wal(self) -> Path:
        return self.folder / WAL

    def begin(self, data: Path) -> None:
        """From data that a server is about to be started on; what was known before is forgotten."""
        self._forget()
        target = self._new_base()
        clone_template(data, target, self.identity)
        self._rest_on(target)

    def complete(self) -> None:
        """From now on every moment can be had back."""
        self.since = self.since or datetime.now(UTC)

    def renew(self, writer: PostgresNode, *, forget: bool = False) -> None:
        """Copy the running writer, and drop what only older moments need; all of it when it is not to be trusted."""
        if forget:
            self._forget()
        target = self._new_base()
        base_backup(writer, target)
        self._rest_on(target)
        self.since = datetime.now(UTC)
        needed = START.search((target / "backup_label").read_text(encoding="utf-8"))
        for name in _names(self.wal):
            if needed is not None and PIECE.match(name) and _place(name) < _place(needed[1]):
                (self.wal / name).unlink(missing_ok=True)

    @property
    def is_full(self) -> bool:
        return sum(1 for name in _names(self.wal) if PIECE.fullmatch(name)) * WAL_SEGMENT_MB > MOST_MB

    def contradicts(self, node: PostgresNode) -> bool:
        """Whether another server, which did not live on, already wrote what is now this new writer's timeline."""
        own = [each for each in _names(node.directory / "pg_wal") if HISTORY.fullmatch(each)]
        if not own or not (kept := self.wal / own[-1]).exists():
            return False
        return kept.read_bytes() != (node.directory / "pg_wal" / own[-1]).read_bytes()

    def keep(self, newest: Path, target: Path) -> Past:
        """All of it as it is now, apart: what is archived by further names, what is not yet (`newest`) as a copy."""
        if self.base is None:
            raise PlaneError("a past must have begun to be kept, got one of a cluster that no server ran of")
        kept = Past.make(target, self.identity)
        kept.since = self.since
        kept.base = target / BASE
        shutil.copytree(self.base, kept.base, copy_function=os.link, symlinks=True)
        for source, copied in ((self.wal, False), (newest, True)):
            for name in _names(source):
                if (PIECE.fullmatch(name) or HISTORY.fullmatch(name)) and not (kept.wal / name).exists():
                    _bring(source / name, kept.wal / name, copied=copied)
                    self.identity.own(kept.wal / name)
        for folder in (kept.base, *(each for each in kept.base.rglob("*") if each.is_dir())):
            self.identity.own(folder)
        return kept

    def replay(self, node: PostgresNode, moment: datetime | None) -> None:
        """Leave in the node's folder the data of that moment, the newest without one; the node does not run then.

        Raises:
            PlaneError: the moment is before the first one that is known.
        """
        if self.base is None or self.since is None or (moment is not None and moment < self.since):
            raise PlaneError(f"a moment to restore to must be at or after {self.since}, got {moment}")
        clone_template(self.base, node.directory, self.identity)
        _sign(node, "recovery.signal")
        try:
            self._recover(node, moment)
        except PlaneError as error:
            if moment is None or OVER_TOO_EARLY not in str(error):
                raise
            self._recover(node, None)  # nothing was written after the moment: all there is is what was there then
        finally:
            node.stop()
            shutil.rmtree(node.sockets, ignore_errors=True)

    def _recover(self, node: PostgresNode, moment: datetime | None) -> None:
        node.recovery = _recovery_settings(self.wal, moment)
        node.configure()
        node.start()  # ready when everything is replayed: it takes no reader before

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _forget(self) -> None:
        self.since = None
        for name in _names(self.wal):
            (self.wal / name).unlink(missing_ok=True)

    def _new_base(self) -> Path:
        self._count += 1
        return self.folder / f"{BASE}-{self._count}"

    def _rest_on(self, target: Path) -> None:
        old, self.base = self.base, target
        if old is not None and old.parent == self.folder:
            shutil.rmtree(old, ignore_errors=True)


def archive_settings(wal: Path) -> dict[str, str]:
    """A server's settings by which it keeps each piece of its log; servers of one cluster write the same pieces."""
    kept = shlex.quote(str(wal))
    command = f"test -f {kept}/%f || {{ cp %p {kept}/%f.$$ && mv {kept}/%f.$$ {kept}/%f; }}"
    return {"archive_mode": "always", "archive_command": command}


def _recovery_settings(wal: Path, moment: datetime | None) -> Mapping[str, str]:
    settings = {
        "restore_command": f"cp {shlex.quote(str(wal))}/%f %p",
        "recovery_target_timeline": "latest",
        "recovery_target_action": "promote",
        "hot_standby": "off",
    }
    if moment is not None:
        settings["recovery_target_time"] = moment.astimezone(UTC).isoformat(sep=" ")
    return settings


def _sign(node: PostgresNode, name: str) -> None:
    (node.directory / "standby.signal").unlink(missing_ok=True)
    path = node.directory / name
    path.touch()
    node.identity.own(path)


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def _bring(source: Path, target: Path, *, copied: bool) -> None:
    with contextlib.suppress(FileNotFoundError):  # the server recycled it meanwhile: it is archived by now
        if copied:
            shutil.copy2(source, target)
        else:
            os.link(source, target)


def _place(name: str) -> str:
    return name[TIMELINE_DIGITS:]
