"""Where runs lie: `RUNBOOK_HOME`, or `.runbook` in the current folder; each run in `runs/<run id>`."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path

SETTING = "RUNBOOK_HOME"


def home_folder() -> Path:
    """The folder of all runs; it need not exist."""
    return Path(os.environ.get(SETTING) or ".runbook").absolute()


def run_folder(run_id: str) -> Path:
    """The folder of one run; it need not exist."""
    return home_folder() / "runs" / run_id


def make_home(home: Path | None = None) -> None:
    """Create the folder for its owner alone; runs name databases and hold evidence, so git must not see them."""
    home = home or home_folder()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "runs").mkdir(mode=0o700, exist_ok=True)
    ignore = home / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")


def new_run_id(now: datetime) -> str:
    """A name that sorts by time and is told apart at a glance: `20261121-101500-3f2a`."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
