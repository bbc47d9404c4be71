"""The probe's process: configured on standard input, followed through its evidence, ended with its parent."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from runbooks.drill.probe import ProbeConfig
from runbooks.drill.records import Trace, decode

STOP_TIMEOUT_S: Final = 10.0


class ProbeError(RuntimeError):
    """The probe could not do its work; the message has its last words."""


class ProbeProcess:
    """One probe. `trace` is what it has written so far, after `follow`."""

    def __init__(self, config: ProbeConfig, log: Path) -> None:
        self.out = Path(config.out)
        self.trace = Trace()
        self._log = log
        self._read = 0
        with log.open("ab") as errors:
            # A session of its own: Ctrl-C reaches the drill only, which then says how to go on.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "runbooks.drill.probe"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        self._say(json.dumps(asdict(config)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self, timeout_s: float) -> int:
        """Wait for the probe's own end, and return its exit code."""
        return self._process.wait(timeout_s)

    def follow(self) -> Trace:
        """Read what is new.

        Raises:
            ProbeError: the probe has ended without having been told to.
        """
        ended = self._process.poll()
        self._read_on()
        if ended is not None:
            raise ProbeError(f"the probe ended by itself (exit code {ended}): {self._last_words()}")
        return self.trace

    def stop(self) -> Trace:
        """End the probe and return all it wrote; to end one that has ended is no error."""
        if self._process.poll() is None:
            self._say("stop")
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._read_on()
        return self.trace

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # it has ended: `follow` says so

    def _read_on(self) -> None:
        if not self.out.exists():
            return
        with self.out.open("rb") as evidence:
            evidence.seek(self._read)
            text = evidence.read()
        whole = text.rfind(b"\n") + 1
        self._read += whole
        for line in text[:whole].splitlines():
            record = decode(line)
            if record is not None:
                self.trace.add(record)

    def _last_words(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace").strip() if self._log.exists() else ""
        return text.splitlines()[-1] if text else "it said nothing"
