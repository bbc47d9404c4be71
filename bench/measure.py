"""Whole-process timings, ours and the peer's in turn, so that a ratio holds when the machine's speed drifts."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table: what was measured, ours beside the peer's, the budget and whether it holds."""

    what: str
    ours: str
    peer: str
    ratio: str
    budget: str
    holds: bool


class CommandFailedError(RuntimeError):
    """A command that was to be timed did not work."""


def run_s(command: Sequence[str], environment: dict[str, str] | None = None) -> float:
    """Wall time of one run in seconds; a command that fails ends the bench with what it said."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False, capture_output=True, text=True
    )
    taken_s = time.perf_counter() - start
    if done.returncode:
        raise CommandFailedError(f"{' '.join(command)} must succeed, got exit code {done.returncode}: {done.stderr}")
    return taken_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Medians of both commands in seconds and the median of the ratios, pair by pair."""

    ours_s: float
    peer_s: float
    ratio: float


def pairs(ours: Sequence[str], peer: Sequence[str], *, runs: int) -> Pair:
    """Time both in turn after one warm-up of each."""
    run_s(ours)
    run_s(peer)
    timed = [(run_s(ours), run_s(peer)) for _ in range(runs)]
    return Pair(
        ours_s=statistics.median(a for a, _ in timed),
        peer_s=statistics.median(b for _, b in timed),
        ratio=statistics.median(a / b for a, b in timed),
    )


def ratio_row(what: str, pair: Pair, peer: str, budget: float) -> Row:
    """A row whose budget is a ratio to the peer."""
    return Row(
        what=what,
        ours=f"{pair.ours_s * 1000:.0f} ms",
        peer=f"{pair.peer_s * 1000:.0f} ms ({peer})",
        ratio=f"{pair.ratio:.2f} x",
        budget=f"{budget:g} x",
        holds=pair.ratio <= budget,
    )


def peak_memory_mb() -> float:
    """Largest resident set of this process so far, in MB (Linux counts KB, macOS bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
