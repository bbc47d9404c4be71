"""Where a running lab is: one small file, `lab.json` in the runs' folder, written by the lab and removed with it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lab.data.identity import PREFIX, TEMP_DIRS
from runbooks.cli.home import home_folder, make_home

STATE_FILE = "lab.json"
ACCOUNT = "123456789012"
PREFERRED_PORT = 4570  # of the embedded AWS, when it is free
CLEANED_WITHIN_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LabState:
    """What a client needs to find a lab. `born_s` is the process's start: a pid alone can be somebody else's by now."""

    pid: int
    born_s: float
    base_dir: str
    endpoint: str
    dns: str
    control: str
    log: str
    truth: str
    estate: str = ""
    regions: tuple[str, ...] = field(default=())
    ready: bool = False

    @property
    def region(self) -> str:
        return self.regions[0] if self.regions else "us-east-1"


class LabExistsError(Exception):
    """Another lab holds the state file."""


def state_path() -> Path:
    return home_folder() / STATE_FILE


def read_state(path: Path | None = None) -> LabState | None:
    """The state file's content, None when there is none or it is not complete yet."""
    try:
        document = json.loads((path or state_path()).read_text(encoding="utf-8"))
        return LabState(**{**document, "regions": tuple(document["regions"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def claim_state(path: Path) -> None:
    """Take the state file for us, closed to others; it tells our pid and nothing else yet.

    Raises:
        LabExistsError: it is there already.
    """
    make_home(path.parent)  # the supervisor stands in another folder than who started it
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise LabExistsError(f"{path} is held by another lab") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid()}, file)


def write_state(path: Path, state: LabState) -> None:
    """Replace the state file in one step."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
    fresh.replace(path)


def update_state(path: Path, **changes: object) -> None:
    """Change some of what the state file says, if the lab still runs."""
    if (state := read_state(path)) is not None:
        write_state(path, replace(state, **changes))  # type: ignore[arg-type]


def is_running(state: LabState) -> bool:
    """True when the process that wrote the state is alive."""
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(state.pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - state.born_s) < 1)
    return False


def clean_up(state: LabState, path: Path) -> None:
    """Finish what a crashed lab left: give its reaper a moment, then kill its processes and remove its files."""
    from lab.data.processes import kill_within

    deadline = time.monotonic() + CLEANED_WITHIN_S
    while Path(state.base_dir).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    base = Path(state.base_dir)
    if is_lab_folder(base):
        kill_within(base)
        shutil.rmtree(base, ignore_errors=True)
    path.unlink(missing_ok=True)


def is_lab_folder(base: Path) -> bool:
    """True for a folder that a lab of ours made: nothing else is ever deleted."""
    parents = {Path(tempfile.gettempdir()).resolve(), *(folder.resolve() for folder in TEMP_DIRS)}
    return (
        base.name.startswith(PREFIX) and base.parent in parents and base.is_dir() and base.stat().st_uid == os.geteuid()
    )
