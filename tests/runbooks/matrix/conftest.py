"""An embedded AWS for scenarios, and one way to run them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from runbooks.cli.main import main
from tests.support.scenario import Cloud, Scenario
from tests.support.transport import no_wire

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
        shutil.rmtree(self.home, ignore_errors=True)
        scenario.set_up(self.cloud)

    def run(self, scenario: Scenario, *more: str) -> int:
        """The command line, executed as run `matrix`."""
        words = [word.replace("{folder}", str(self.cloud.folder)) for word in scenario.words]
        confirm = ["--confirm", scenario.confirm] if scenario.confirm else []
        return main([*words, "--execute", "--run-id", RUN, "--output", "json", *confirm, *more])

    def lose_journal(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage whose runbooks reach the embedded AWS without a socket."""
    made = Stage(Cloud(tmp_path))
    for name, value in {**made.cloud.environment, "RUNBOOK_HOME": str(made.home)}.items():
        monkeypatch.setenv(name, value)
    with no_wire():
        yield made
