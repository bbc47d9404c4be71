"""An embedded AWS for scenarios, and one way to run them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from tests.support.scenario import Cloud, Scenario

RUN = "matrix"


class Stage:
    """Runs scenarios in an account that is new each time."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.home = cloud.folder / "home"

    def set(self, scenario: Scenario) -> None:
        """An empty account, then what the scenario wants there."""
        install(delays=NONE)
        reset_backends()
        self.cloud.calls.write_text("", encoding="utf-8")
        shutil.rmtree(self.home, ignore_errors=True)
        scenario.set_up(self.cloud)

    def run(self, scenario: Scenario, *more: str) -> int:
        """The command line, executed as run `matrix`."""
        words = [word.replace("{folder}", str(self.cloud.folder)) for word in scenario.words]
        confirm = ["--confirm", scenario.confirm] if scenario.confirm else []
        return main([*words, "--execute", "--run-id", RUN, "--output", "json", *confirm, *more])

    def lose_journal(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One server for all scenarios of a module: clients are slow to make."""
    folder = tmp_path_factory.mktemp("matrix")
    server = CloudServer(log_path=folder / "calls.jsonl", delays=NONE)
    server.start()
    yield Cloud(server, folder / "calls.jsonl", folder)
    server.stop()


@pytest.fixture
def stage(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(cloud)
    for name, value in {**cloud.environment, "RUNBOOK_HOME": str(made.home)}.items():
        monkeypatch.setenv(name, value)
    return made
