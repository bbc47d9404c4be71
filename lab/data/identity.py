"""Who the data processes run as, and the folder they live in.

PostgreSQL refuses to run as root: root drops to `nobody`. The folder is a private one under a temp dir that user can
enter, never the checkout, which may lie in a home that only root can read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.plane import PlaneError

UNPRIVILEGED_USER = "nobody"
TEMP_DIRS = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - asked only when the own temp dir does not do
PREFIX = "aurora-lab-"
LONGEST_BASE = 75  # leaves room for `/s/NNN/.s.PGSQL.NNNNN` in the 104 bytes that macOS gives a socket's path


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """User and group ids of the data processes; `drops` says that they are not our own."""

    uid: int
    gid: int
    drops: bool

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments of `subprocess` that start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drops else {}

    def own(self, path: Path) -> None:
        """Hand a file or folder over to this user."""
        if self.drops:
            os.chown(path, self.uid, self.gid)


def current_identity() -> Identity:
    """`nobody` when we are root, ourselves otherwise."""
    if os.geteuid() != 0:
        return Identity(uid=os.geteuid(), gid=os.getegid(), drops=False)
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return Identity(uid=entry.pw_uid, gid=entry.pw_gid, drops=True)


def can_execute(program: Path, identity: Identity) -> bool:
    """True when that user can reach and start the program."""
    try:
        done = subprocess.run(
            [str(program), "--version"], capture_output=True, check=False, cwd="/", **identity.popen_options()
        )
    except OSError:
        return False
    return done.returncode == 0


def make_base_dir(identity: Identity) -> Path:
    """A new private folder, short enough for Unix sockets (107 bytes), which that user can enter but not list."""
    parents = [folder for folder in (Path(tempfile.gettempdir()), *TEMP_DIRS) if folder.is_dir()]
    for parent in parents:
        base = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        base.chmod(0o711 if identity.drops else 0o700)
        if len(str(base)) <= LONGEST_BASE and _can_enter(base, identity):
            return base
        shutil.rmtree(base)
    raise PlaneError(
        f"the data folder must be short and open to uid {identity.uid}, tried {', '.join(map(str, parents))}; "
        "set TMPDIR to such a folder, as /tmp is"
    )


def _can_enter(base: Path, identity: Identity) -> bool:
    try:
        subprocess.run(["true"], check=True, cwd=base, **identity.popen_options())
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def make_dir(path: Path, identity: Identity, *, mode: int = 0o700) -> Path:
    """A folder of that user."""
    path.mkdir(mode=mode)
    identity.own(path)
    return path


def run_as(identity: Identity, command: Sequence[str], *, cwd: Path, timeout_s: float = 60) -> None:
    """Run a tool as that user.

    Raises:
        PlaneError: it failed; the message carries the tail of what it said.
    """
    done = subprocess.run(
        list(command),
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=timeout_s,
        env=tool_environment(cwd),
        **identity.popen_options(),
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-800:]
        raise PlaneError(f"{Path(command[0]).name} must succeed, got exit code {done.returncode}: {said}")


def tool_environment(home: Path) -> dict[str, str]:
    """A small environment without the caller's PG* settings, credentials or locale."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C", "TZ": "UTC"}
