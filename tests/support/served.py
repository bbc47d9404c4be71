"""An account of the embedded AWS for tests that run whole commands, and what these commands called there."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from tests.support.call_crash import Calls, counted_calls, is_reading
from tests.support.scenario import Cloud
from tests.support.transport import no_wire


class Account(Cloud):
    """A new account, runs in a new folder; commands of this process reach it without a socket."""

    def __init__(self, folder: Path, seen: Calls) -> None:
        super().__init__(folder)
        self.seen = seen

    def forget(self) -> None:
        """Begin the list of calls anew."""
        self.seen.made.clear()

    @property
    def made(self) -> list[str]:
        """The commands' calls since then, in order."""
        return [operation for _, operation, _ in self.seen.made]

    @property
    def changed(self) -> list[str]:
        """Those of them that may have changed something, the lock's apart."""
        return [operation for service, operation, _ in self.seen.made if service != "ssm" and not is_reading(operation)]


@contextmanager
def new_account(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Generator[Account]:
    install(delays=NONE)
    reset_backends()
    for name, value in {**Cloud.environment, "RUNBOOK_HOME": str(folder / "home")}.items():
        monkeypatch.setenv(name, value)
    with no_wire(), counted_calls() as seen:
        yield Account(folder, seen)


@contextmanager
def on_the_wire() -> Generator[dict[str, str]]:
    """A server before the same account, for processes of their own; the value is their environment."""
    server = CloudServer(delays=NONE)  # empties nothing: the backends of an account are made when they are asked for
    with server:
        yield {**Cloud.environment, "AWS_ENDPOINT_URL": server.endpoint}


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """One command line with `--output json`; its exit code is asserted, its result read."""
    capsys.readouterr()
    ended = main([*words, "--output", "json"])
    said = capsys.readouterr()
    assert ended == code, (ended, said.out[-3000:], said.err[-3000:])
    return json.loads(said.out)
