"""The budgets of the design, each beside its peer in the same run: `make bench`."""

from __future__ import annotations

import argparse
import importlib
import sys

from bench.measure import Row

PARTS = ("startup", "loading", "synthesis", "fleet", "noticing", "accuracy")


def main() -> int:
    """Print the table; exit 1 when a budget does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)} (all when none is named)")
    chosen = parser.parse_args().parts or PARTS
    rows: list[Row] = []
    for part in chosen:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"bench.{part}").rows()
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1


def table(rows: list[Row]) -> str:
    """Aligned text; a budget that does not hold is marked."""
    lines = [("what", "ours", "peer", "ratio", "budget", "")]
    lines += [(r.what, r.ours, r.peer, r.ratio, r.budget, "ok" if r.holds else "OVER") for r in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
