from __future__ import annotations

import sys
from pathlib import Path

import pytest

ENTRY_POINTS = """\
[console_scripts]
errand = tests.support.made_up:nothing

[runbook.commands]
errand = tests.support.made_up:COMMANDS
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with a distribution that brings the made-up verb."""
    site = tmp_path / "site"
    info = site / "errand-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: errand\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    return site


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("RUNBOOK_HOME", str(folder))
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder
