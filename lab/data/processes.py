"""Start processes, notice at once when they die, and leave none behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from lab.data.identity import Identity, tool_environment
from lab.plane import PlaneError


class Child:
    """One server process of ours. `on_exit` runs in a thread of its own as soon as the process is gone."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        log: Path,
        identity: Identity,
        on_exit: Callable[[Child], None],
    ) -> None:
        self.expected = False
        self._on_exit = on_exit
        self._gone = threading.Event()
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                list(command),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=tool_environment(cwd),
                start_new_session=True,
                **identity.popen_options(),
            )
        self.pid = self._popen.pid
        self._waiter = threading.Thread(target=self._wait, name=f"wait-{self.pid}", daemon=True)
        self._waiter.start()

    def _wait(self) -> None:
        self._popen.wait()
        self._gone.set()
        self._on_exit(self)

    @property
    def is_running(self) -> bool:
        return not self._gone.is_set()

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)  # checks that the process id is still ours

    def stop(self, number: signal.Signals, *, timeout_s: float) -> None:
        """Ask it to go; after `timeout_s` it is killed."""
        self.expected = True
        self.send(number)
        if not self._gone.wait(timeout_s):
            self.send(signal.SIGKILL)
            self._gone.wait()


def processes_within(directory: Path) -> list[psutil.Process]:
    """Every process whose working directory lies in `directory`.

    All servers and tools of a lab work inside its folder, PostgreSQL's backends too, so that this finds them whoever
    their parent is.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            where = Path(process.cwd().removesuffix(" (deleted)"))
            if where == directory or directory in where.parents:
                found.append(process)
    return found


def kill_within(directory: Path, *, timeout_s: float = 10) -> None:
    """Kill every process that works inside `directory` and wait until none is left."""
    deadline = time.monotonic() + timeout_s
    while victims := processes_within(directory):
        for victim in victims:
            with contextlib.suppress(psutil.Error):
                victim.kill()
        psutil.wait_procs(victims, timeout=0.2)
        if time.monotonic() > deadline:
            pids = ", ".join(str(victim.pid) for victim in victims)
            raise PlaneError(f"processes in {directory} must end, still running: {pids}")
