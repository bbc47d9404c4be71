"""Estates that nobody wrote, thousands of them: what is valid synthesizes clean, and a quarter as many deploy.

python -m bench.estates [ESTATES]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from bench.measure import ROOT

ESTATES = 2000
BATCH = 100
"""Estates of one process: CDK keeps every construct it ever made in memory."""
TESTS = "tests/examples/test_made_estates.py"


def main() -> int:
    """Run the properties in batches; exit 1 at the first that finds something, which is shown."""
    parser = argparse.ArgumentParser(prog="python -m bench.estates", description=__doc__)
    parser.add_argument("estates", nargs="?", type=int, default=ESTATES, help=f"how many (default {ESTATES})")
    wanted = parser.parse_args().estates
    began_s = time.monotonic()
    for done in range(0, wanted, BATCH):
        batch = min(BATCH, wanted - done)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", TESTS, "--estates", str(batch)]
        ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if ran.returncode:
            print(ran.stdout)
            return 1
        taken_s = time.monotonic() - began_s
        print(f"{done + batch} of {wanted} estates made up, none wrong, {taken_s:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
