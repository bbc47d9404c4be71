"""Run every gate of the test command, one after the other, each with its time; exit 0 only when all passed."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One command that has to exit 0."""

    name: str
    command: tuple[str, ...]
    quick: bool = True


PYTHON = sys.executable
WORKERS = str(min(4, (os.cpu_count() or 1) + 1))  # one more than processors: many tests wait for servers
GATES = (
    Gate(name="format", command=("ruff", "format", "--check", "--quiet", ".")),
    Gate(name="lint", command=("ruff", "check", "--quiet", ".")),
    Gate(name="walls", command=("lint-imports", "--no-cache")),
    Gate(name="generated files", command=(PYTHON, "-m", "tools.generate", "--check")),
    Gate(name="pyright strict", command=("pyright",)),
    Gate(name="mypy strict", command=("mypy", "."), quick=False),
    Gate(
        name="tests",
        command=("pytest", "-n", WORKERS, "--dist", "loadgroup", "-q", "--cov", "--cov-report=term:skip-covered"),
        quick=False,
    ),
)


def main() -> int:
    """Exit 0 when every gate passed, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the slow gates (mypy, tests)")
    chosen = [gate for gate in GATES if gate.quick or not parser.parse_args().quick]
    results = [(gate, *_run(gate)) for gate in chosen]
    print(
        "\n" + "\n".join(f"{'ok  ' if passed else 'FAIL'} {seconds:6.1f} s  {g.name}" for g, passed, seconds in results)
    )
    return 0 if all(passed for _, passed, _ in results) else 1


def _run(gate: Gate) -> tuple[bool, float]:
    print(f"== {gate.name}: {' '.join(gate.command)}", flush=True)
    start = time.monotonic()
    code = subprocess.run(gate.command, check=False).returncode
    return code == 0, time.monotonic() - start


if __name__ == "__main__":
    raise SystemExit(main())
