"""Synthesize one estate into a folder: the same bytes on every run and machine, without an AWS call."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Exit 0 when synthesized, 2 when the estate is not valid or the folder is somebody's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estate", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    start = time.monotonic()
    if not may_be_replaced(options.out):
        print(f"OUT must be new, empty or what CDK wrote before, got {options.out}; choose another", file=sys.stderr)
        return 2
    shutil.rmtree(options.out, ignore_errors=True)
    context = json.dumps({"estate": str(options.estate.resolve())})
    environment = {**os.environ, "CDK_OUTDIR": str(options.out.resolve()), "CDK_CONTEXT_JSON": context}
    code = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, check=False).returncode
    if code == 0:
        templates = sorted(options.out.glob("*.template.json"))
        print(f"{len(templates)} templates in {options.out} ({time.monotonic() - start:.1f} s):", file=sys.stderr)
        print("\n".join(f"  {t}" for t in templates))
    return code


def may_be_replaced(out: Path) -> bool:
    """Whether nothing is lost with a folder: CDK marks its own with a file `cdk.out`."""
    if not out.exists():
        return True
    return out.is_dir() and ((out / "cdk.out").is_file() or not any(out.iterdir()))


if __name__ == "__main__":
    raise SystemExit(main())
