"""`app.py` as it is run: the same bytes everywhere, and a refusal that leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.synthesis import ROOT, SHOP
from tools.synth import may_be_replaced


def run(out: Path, estate: Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=cwd,
        env={
            **os.environ,
            "CDK_OUTDIR": str(out),
            "CDK_CONTEXT_JSON": json.dumps({"estate": str(estate)}),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_two_syntheses_give_the_same_bytes_wherever_they_run(tmp_path: Path) -> None:
    """Another folder, estate path, home, user, time zone and hash seed; and no trace of any of them."""
    here, there = tmp_path / "here", tmp_path / "there" / "deeper"
    there.mkdir(parents=True)
    here.mkdir()
    copied = there / "shop.yaml"
    copied.write_bytes(SHOP.read_bytes())
    first = run(tmp_path / "first.out", SHOP, here, PYTHONHASHSEED="1")
    second = run(
        tmp_path / "second.out", copied, there, PYTHONHASHSEED="2", HOME=str(there), USER="someone", TZ="Asia/Tokyo"
    )
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert contents(tmp_path / "first.out") == contents(tmp_path / "second.out")
    together = b"".join(contents(tmp_path / "first.out").values())
    assert str(tmp_path).encode() not in together
    assert str(ROOT).encode() not in together


def test_a_wrong_estate_is_refused_and_leaves_no_template(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("estate: shop\nregions: [eu-west-1]\naurora: {main: {engine: mariadb}}\n", encoding="utf-8")
    answer = run(tmp_path / "out", wrong, tmp_path)
    assert answer.returncode == 2
    assert "mariadb" in answer.stderr
    assert not list((tmp_path / "out").glob("*.template.json"))


def test_a_finding_of_cdk_is_told_without_a_traceback(tmp_path: Path) -> None:
    """Parts of an override are not checked before: CDK's own validation knows them."""
    estate = tmp_path / "estate.yaml"
    part = '{"ServerlessV2ScalingConfiguration.MinCapacity": abc}'
    text = SHOP.read_text(encoding="utf-8")
    estate.write_text(
        text.replace("    database: orders\n", f"    database: orders\n    overrides: {part}\n"), encoding="utf-8"
    )
    answer = run(tmp_path / "out", estate, tmp_path)
    assert answer.returncode == 1
    assert "abc" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    """`make synth OUT=.` must not cost a checkout."""
    assert may_be_replaced(tmp_path)
    assert may_be_replaced(tmp_path / "new")
    (tmp_path / "work.txt").touch()
    assert not may_be_replaced(tmp_path)
    assert not may_be_replaced(tmp_path / "work.txt")
    (tmp_path / "cdk.out").touch()
    assert may_be_replaced(tmp_path)
