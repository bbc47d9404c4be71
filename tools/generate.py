"""Write every generated file, or with --check say which of them are out of date."""

from __future__ import annotations

import subprocess
import sys

GENERATORS = (
    "tools.generate_engines",
    "tools.generate_parameters",
    "tools.generate_schema",
    "tools.generate_estate_docs",
    "tools.generate_cli_docs",
    "tools.generate_policies",
    "tools.generate_features",
)


def main() -> int:
    """Exit 0 when all were written or are up to date, 1 otherwise."""
    codes = [subprocess.run([sys.executable, "-m", g, *sys.argv[1:]], check=False).returncode for g in GENERATORS]
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
