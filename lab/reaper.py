"""Outlives the lab by a moment: when the lab's process ends, however it ends, no process or file of it stays.

Holds the read end of a pipe whose write end only the lab has; the kernel closes that when the lab is gone, by
`kill -9` too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from lab.data.processes import kill_within
from lab.plane import PlaneError

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def start_reaper(base_dir: Path, state_file: Path) -> int:
    """Start the reaper of this process; returns the descriptor that must stay open as long as we live."""
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "lab.reaper", str(base_dir), str(state_file), str(os.getpid())],
        stdin=read_end,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    ) as reaper:
        os.close(read_end)
        assert reaper.stdout is not None  # noqa: S101 - a pipe was asked for
        reaper.stdout.readline()
        reaper.returncode = 0  # it is never waited for: it outlives us
    return write_end


def main(arguments: list[str]) -> int:
    """Wait for the end of the lab, then kill what works in its folder and remove folder and state file."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    base_dir, state_file, pid = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while sys.stdin.buffer.read(1024):
        pass
    try:
        kill_within(base_dir)
    except PlaneError:
        return 1
    finally:
        shutil.rmtree(base_dir, ignore_errors=True)
        if _is_of(state_file, pid):
            state_file.unlink(missing_ok=True)
    return 0


def _is_of(state_file: Path, pid: int) -> bool:
    """True when the state file is the ended lab's, not one that was started since."""
    try:
        return bool(json.loads(state_file.read_text(encoding="utf-8"))["pid"] == pid)
    except (OSError, ValueError, KeyError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
