"""Drill after drill on one cluster: does the instrument stay right, and does the lab survive it?

python -m bench.soak [DRILLS]
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time
from collections.abc import Sequence

from bench.__main__ import table
from bench.accuracy import SCENARIOS, Result, rows_of, run
from bench.measure import peak_memory_mb

DRILLS = 50


def main() -> int:
    """Run so many drills and print what they came to; exit 1 when one was wrong or a budget does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("drills", nargs="?", type=int, default=DRILLS, help=f"how many (default {DRILLS})")
    drills = parser.parse_args().drills
    began_s = time.monotonic()
    results = run(itertools.islice(itertools.cycle(SCENARIOS), drills))
    rows = rows_of(results)
    print(table(rows))
    print(summary(results, time.monotonic() - began_s))
    return 0 if all(result.is_right for result in results) and all(row.holds for row in rows) else 1


def summary(results: Sequence[Result], taken_s: float) -> str:
    """How many drills were right, how long outages were, what it cost."""
    wrong = [f"; {number} ({result.scenario}) wrong" for number, result in enumerate(results, 1) if not result.is_right]
    lengths = sorted(finding.truth.shortest_s for result in results for finding in result.findings)
    lines = [
        f"{len(results) - len(wrong)} of {len(results)} drills right"
        + (f"; wrong: {', '.join(wrong)}" if wrong else ""),
        f"{sum(result.acked for result in results)} acknowledged writes, {taken_s:.0f} s, {peak_memory_mb():.0f} MB",
    ]
    if lengths:
        middle_s = statistics.median(lengths)
        lines.insert(1, f"{len(lengths)} outages of {lengths[0]:.3f} to {lengths[-1]:.3f} s, median {middle_s:.3f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
