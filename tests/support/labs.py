"""A whole lab for tests: started once per worker, in a folder of its own, gone afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def runbook(*words: str, home: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one `runbook` command as an operator would, runs and lab under `home`."""
    bins = os.pathsep.join([str(Path(sys.executable).parent), str(ROOT / "node_modules/.bin"), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", "runbooks.cli.main", *words],
        cwd=ROOT,
        env={**os.environ, "PATH": bins, "RUNBOOK_HOME": str(home), "COLUMNS": "100", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


class Lab:
    """A running lab and the environment that points clients at it."""

    def __init__(self, home: Path, estate: Path | None = None) -> None:
        self.home = home
        words = ["lab", "up", *(["--estate", str(estate)] if estate else [])]
        up = runbook(*words, home=home)
        assert up.returncode == 0, up.stdout + up.stderr
        self.environment = self._read_environment()

    def _read_environment(self) -> dict[str, str]:
        answer = runbook("lab", "env", "--output", "json", home=self.home)
        assert answer.returncode == 0, answer.stderr
        environment: dict[str, str] = json.loads(answer.stdout)
        return environment

    def runbook(self, *words: str) -> subprocess.CompletedProcess[str]:
        return runbook(*words, home=self.home, environment=self.environment)

    def down(self) -> None:
        down = runbook("lab", "down", home=self.home)
        assert down.returncode == 0, down.stdout + down.stderr
