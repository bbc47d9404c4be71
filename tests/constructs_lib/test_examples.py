"""Every construct is usable alone: one small app each, run as someone else's app, without our feature flags."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.synthesis import ROOT, templates

APPS = sorted((ROOT / "examples" / "constructs").glob("*.py"))


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.stem)
def test_example_synthesizes_without_a_warning(tmp_path: Path, app: Path) -> None:
    answer = subprocess.run(
        [sys.executable, str(app)],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    made = templates(tmp_path)
    assert made
    assert all(template["Resources"] for template in made.values())


def test_there_is_one_app_per_construct() -> None:
    assert [app.stem for app in APPS] == [
        "aurora_cluster",
        "backup_plan",
        "cache_scaling",
        "cache_users",
        "cache_watching",
        "encryption",
        "global_database",
        "global_datastore",
        "memcached",
        "network",
        "replication_group",
        "serverless_cache",
    ]
