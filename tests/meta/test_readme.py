"""The README's two commands do what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.labs import Lab
from tests.support.pages import ROOT, blocks

README = ROOT / "README.md"
DRAWN = re.compile(
    r"[\u2581-\u2588]|\^asked|^ {18}|^ +\.\.\.$|^report"
)  # pictures, folded lines, what was left out, paths


def shape(line: str) -> str:
    """The start of a line without its figures, which differ from run to run."""
    return re.sub(r"[\d.,]+", "#", line.strip())[:16]


def test_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.lab
@pytest.mark.xdist_group("shop_lab")
def test_the_demo_ends_as_the_readme_shows(shop_lab: Lab, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab.demo"],
        cwd=ROOT,
        env={**os.environ, "RUNBOOK_HOME": str(shop_lab.home), "COLUMNS": "80", "OUT": str(tmp_path / "cdk.out")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _, shown = next(block for block in blocks(README, "text") if "PASSED" in block[1])
    printed = {shape(line) for line in done.stdout.splitlines()}
    expected = [shape(line) for line in shown.splitlines() if not DRAWN.search(line)]
    assert [line for line in expected if line not in printed] == []
    assert list(shop_lab.home.glob("runs/*/report.html"))
