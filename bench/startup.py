"""How long an operator waits before the command line answers at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.measure import ROOT, Row, pairs, ratio_row

RUNS = 11
BUDGET = 4.0
RUNBOOK = str(Path(sys.executable).parent / "runbook")
PEER = (sys.executable, "-c", "import argparse")


def rows() -> list[Row]:
    """`runbook --help` and the refusal of a bad argument, beside the interpreter with argparse imported."""
    refused = ("sh", "-c", f"{RUNBOOK} drill failover --no-such-option >/dev/null 2>&1; test $? = 2")
    subprocess.run([RUNBOOK, "--help"], cwd=ROOT, check=True, capture_output=True)
    return [
        ratio_row("runbook --help", pairs((RUNBOOK, "--help"), PEER, runs=RUNS), "python, argparse", BUDGET),
        ratio_row("refusing a bad argument", pairs(refused, PEER, runs=RUNS), "python, argparse", BUDGET),
    ]
