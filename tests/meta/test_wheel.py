"""What users install: the four packages, nothing of the house's own, beside an app that has its own `stacks/`."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.pages import ROOT

CARRIED = {"constructs_lib", "estate", "runbooks", "patterns"}

USER_APP = """
import stacks
assert stacks.MINE == "the user's own", stacks
from pathlib import Path
from aws_cdk import App, Stack, aws_ec2 as ec2
from constructs_lib.foundation.encryption import Encryption
from estate.load import load_estate
from runbooks.cli.main import main
import patterns.connect
try:
    import lab
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("the wheel carries the lab")
estate = load_estate(Path("minimal.yaml"))
assert estate.name == "minimal"
raise SystemExit(main(["estate", "check", "minimal.yaml"]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT), cwd=ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(out.glob("*.whl"))


def test_carries_the_four_packages_and_nothing_else(wheel: Path) -> None:
    tops = {n.split("/")[0] for n in zipfile.ZipFile(wheel).namelist()}
    assert {t for t in tops if not t.endswith(".dist-info")} == CARRIED


def test_carries_the_data_that_its_code_reads(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    data = {str(p.relative_to(ROOT)) for top in CARRIED for p in (ROOT / top).rglob("*.json")}
    assert data
    assert data <= set(names)


@pytest.mark.lab
def test_works_in_a_fresh_venv_beside_an_app_with_its_own_stacks(wheel: Path, tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "stacks").mkdir(parents=True)
    (app / "stacks/__init__.py").write_text('MINE = "the user\'s own"\n')
    (app / "main.py").write_text(USER_APP)
    (app / "minimal.yaml").write_text((ROOT / "examples/estates/minimal.yaml").read_text())
    python = str(fresh_venv(tmp_path / "venv", wheel))
    ran = run(python, "main.py", cwd=app)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert run(str(Path(python).parent / "runbook"), "--help", cwd=app).returncode == 0


def fresh_venv(folder: Path, wheel: Path) -> Path:
    python = folder / "bin/python"
    for command in (
        (sys.executable, "-m", "venv", "--without-pip", str(folder)),
        (
            "uv",
            "pip",
            "install",
            "-q",
            "--python",
            str(python),
            "--require-hashes",
            "-r",
            str(ROOT / "requirements.txt"),
        ),
        ("uv", "pip", "install", "-q", "--python", str(python), "--no-deps", str(wheel)),
    ):
        done = run(*command, cwd=ROOT)
        assert done.returncode == 0, done.stderr
    return python


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env={**kept, "PATH": path}, capture_output=True, text=True, check=False)
