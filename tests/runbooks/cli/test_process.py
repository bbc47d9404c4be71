"""The command as a process: signals, pipes, and what it imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runbooks.engine.journal import read
from tests.support.interruptible import RUNBOOK
from tests.support.made_up import made

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[3]
HEAVY = {"boto3", "botocore", "pydantic", "rich", "yaml", "click", "psycopg", "importlib.metadata", "asyncio"}


def environ(site: Path, home: Path) -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(site)])
    return {**os.environ, "PYTHONPATH": paths, "RUNBOOK_HOME": str(home), "ERRAND_SLOW_S": "60"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_says_so_keeps_its_journal_and_goes_on(
    number: signal.Signals, plugin: Path, home: Path, shelf: Path
) -> None:
    words = [*RUNBOOK, "errand", "boxes", str(shelf), "--execute", "--run-id", "one"]
    with subprocess.Popen(words, env=environ(plugin, home), cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not any(event["event"] == "step.intended" for event in read(home / "runs" / "one")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; the journal has what was done" in err
    assert "Traceback" not in err
    last = read(home / "runs" / "one")[-1]
    assert (last["event"], last["state"]) == ("run.stopped", "interrupted")

    again = [sys.executable, "-m", "runbooks.cli.main", "resume", "one", "--output", "json"]
    fast = environ(plugin, home) | {"ERRAND_SLOW_S": "0"}
    done = subprocess.run(again, env=fast, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert json.loads(done.stdout)["state"] == "done"
    assert len(made(shelf)) == 4


def test_a_reader_that_leaves_is_no_error(plugin: Path, home: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    words = [sys.executable, "-m", "runbooks.cli.main", "--help"]
    process = subprocess.Popen(words, env=environ(plugin, home), cwd=ROOT, stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.parametrize(
    "words",
    [["--help"], ["drill", "--help"], ["drill", "failover", "--help"], ["drill", "failover", "--wrong"], ["runz"],
     ["estate", "check", "--help"], ["resume", "--help"], ["policy", "--help"], ["runs", "--wrong"], ["runs"]],
    ids=" ".join,
)  # fmt: skip
def test_help_and_refusals_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    """What keeps start-up within four times that of the interpreter with argparse."""
    code = (
        f"import sys; from runbooks.cli.main import main; code = main({words!r}); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code not in (0, 2))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "RUNBOOK_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert not HEAVY & set(done.stderr.split())
