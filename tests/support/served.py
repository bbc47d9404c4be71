"""The embedded AWS as a server, for tests that run whole commands: one per file, emptied before each test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from tests.support.scenario import REGION


class Served:
    """An account of a server, with clients of the test's own and the log of calls."""

    def __init__(self, server: CloudServer, calls: Path) -> None:
        self.calls = calls
        self.environment = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        if (service, region) not in self._clients:
            session: Any = boto3.session.Session()
            self._clients[service, region] = session.client(
                service, endpoint_url=self.environment["AWS_ENDPOINT_URL"], region_name=region,
                aws_access_key_id="test", aws_secret_access_key="test",
            )  # fmt: skip
        return self._clients[service, region]

    def empty(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        """A new account, and runs in a new folder."""
        install(delays=NONE)
        reset_backends()
        for name, value in {**self.environment, "RUNBOOK_HOME": str(home)}.items():
            monkeypatch.setenv(name, value)
        self.forget()

    def forget(self) -> None:
        """Begin the log of calls anew."""
        self.calls.write_text("", encoding="utf-8")

    def made(self) -> list[dict[str, Any]]:
        """The calls since then, in order."""
        return [json.loads(line) for line in self.calls.read_text(encoding="utf-8").splitlines()]

    def changed(self) -> list[str]:
        """Names of those that may have changed something, the lock's and the caller's own apart."""
        reading = ("Describe", "Get", "List")
        made = (call["operation"] for call in self.made() if call["service"] not in {"ssm", "sts"})
        return [operation for operation in made if not operation.startswith(reading)]


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """One command line with `--output json`; its exit code is asserted, its result read."""
    capsys.readouterr()
    ended = main([*words, "--output", "json"])
    said = capsys.readouterr()
    assert ended == code, (ended, said.out[-3000:], said.err[-3000:])
    return json.loads(said.out)
