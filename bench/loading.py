"""Loading and validating a large estate, beside PyYAML's C loader reading the same file."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import ROOT, Row

CLUSTERS = 1000
RUNS = 5
BUDGET = 3.0
BUDGET_MB = 200

CLUSTER = """  c{n:04d}:
    engine: aurora-postgresql
    version: "17.7"
    instances:
      a: {{class: db.r8g.large, tier: 0}}
      b: {{class: db.r8g.large, tier: 1}}
      reporting: {{class: serverless, tier: 15}}
    endpoints: {{reports: {{type: reader, members: [reporting]}}}}
    slo: {{failover_s: 60, replica_lag_ms: 100}}
"""

CHILD = """
import json, sys, time
from pathlib import Path
path = Path(sys.argv[2])
if sys.argv[1] == "ours":
    from estate.load import load_estate
    start = time.perf_counter(); load_estate(path)
else:
    import yaml
    text = path.read_text()
    start = time.perf_counter(); yaml.load(text, yaml.CSafeLoader)
taken = time.perf_counter() - start
from bench.measure import peak_memory_mb
print(json.dumps([taken, peak_memory_mb()]))
"""


def rows() -> list[Row]:
    """One row for the time, one for the memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.yaml"
        path.write_text(large_estate(CLUSTERS))
        timed = [(_child("ours", path), _child("peer", path)) for _ in range(RUNS)]
        size_kb = path.stat().st_size / 1024
    ratio = statistics.median(a[0] / b[0] for a, b in timed)
    ours, peer = (statistics.median(pair[i][0] for pair in timed) for i in (0, 1))
    memory = max(a[1] for a, _ in timed)
    what = f"loading {CLUSTERS:,} clusters ({size_kb:.0f} KB)"
    return [
        Row(
            what=what,
            ours=f"{ours * 1000:.0f} ms",
            peer=f"{peer * 1000:.0f} ms (CSafeLoader)",
            ratio=f"{ratio:.2f} x",
            budget=f"{BUDGET:g} x",
            holds=ratio <= BUDGET,
        ),
        Row(
            what=f"{what}, memory",
            ours=f"{memory:.0f} MB",
            peer="-",
            ratio="-",
            budget=f"{BUDGET_MB} MB",
            holds=memory <= BUDGET_MB,
        ),
    ]


def large_estate(clusters: int) -> str:
    """An estate file with that many clusters of three instances."""
    head = 'estate: large\ndefaults: "2026-11"\nregions: [eu-west-1]\naurora:\n'
    return head + "".join(CLUSTER.format(n=n) for n in range(clusters))


def _child(which: str, path: Path) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, which, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    taken, memory = json.loads(done.stdout)
    return taken, memory
