"""The main job, end to end, as `make demo` runs it: each step is a command that you can type yourself."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ESTATE = "examples/estates/shop.yaml"
CLUSTER = "shop-orders"
RUNBOOK = (sys.executable, "-m", "runbooks.cli.main")


def main() -> int:
    """Exit 0 when every step did; the lab is taken down in any case, unless it ran before."""
    start = time.monotonic()
    _step("1/4  Declare: one file says what the product needs", "runbook", "estate", "check", ESTATE)
    _step("2/4  Synthesize: CloudFormation templates, no AWS call", "make", "synth", f"ESTATE={ESTATE}")
    ran_before = _quietly("lab", "status").returncode == 0
    try:
        _step("3/4  Deploy: the real CDK CLI, to the embedded AWS on this machine", "runbook", "lab", "up")
        environment = json.loads(_quietly("lab", "env", "--output", "json").stdout)
        _step(
            "4/4  Prove: fail over under a real PostgreSQL client, and measure",
            *("runbook", "drill", "failover", CLUSTER, "--estate", ESTATE, "--execute"),
            environment=environment,
        )
    finally:
        if not ran_before:
            _quietly("lab", "down")
    print(f"\nDone in {time.monotonic() - start:.0f} s. The lab is {'still up' if ran_before else 'down again'}.")
    return 0


def _step(title: str, *words: str, environment: dict[str, str] | None = None) -> None:
    print(f"\n== {title}\n$ {shlex.join(words)}", flush=True)
    command = [*RUNBOOK, *words[1:]] if words[0] == "runbook" else list(words)
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, check=False).returncode
    if code:
        print(f"\nThis step ended with exit code {code}; the demo stops here.", file=sys.stderr)
        raise SystemExit(code)


def _quietly(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUNBOOK, *words], cwd=ROOT, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    raise SystemExit(main())
