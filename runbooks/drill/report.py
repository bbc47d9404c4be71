"""Writes the reports of a drill: `report.json` and `report.html` in the run's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from runbooks.cli.output import to_json
from runbooks.drill.evidence import Evidence, Round
from runbooks.drill.report_html import render_html

JSON_NAME: Final = "report.json"
HTML_NAME: Final = "report.html"
SCHEMA: Final = 1


def write_reports(evidence: Evidence, folder: Path) -> tuple[Path, ...]:
    """Write both reports, each whole or not at all."""
    files = {JSON_NAME: render_json(evidence), HTML_NAME: render_html(evidence)}
    for name, text in files.items():
        fresh = folder / f"{name}.new"
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, folder / name)  # noqa: PTH105 - atomic on every system
    return tuple(folder / name for name in files)


def render_json(evidence: Evidence) -> str:
    """The evidence as JSON, with the numbers that are worked out from it. Its keys are public API."""
    return (
        to_json(
            {
                "schema": SCHEMA,
                "passed": evidence.passed,
                "totals": [totals(r) for r in evidence.rounds],
                "evidence": evidence,
            }
        )
        + "\n"
    )


def totals(part: Round) -> dict[str, Any]:
    """A round's outage in figures, in seconds."""
    return {
        "round": part.name,
        "outages": len(part.outages),
        "low_s": round(part.low_s, 4),
        "high_s": round(part.high_s, 4),
        "longest_s": round(part.longest_s, 4),
        "came_back": part.came_back,
    }
