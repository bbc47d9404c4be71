from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lab.data.processes import processes_within
from lab.state import LabExistsError, claim_state, is_lab_folder
from tests.lab.data.support import eventually

ROOT = Path(__file__).resolve().parents[2]
LAB = """
import json, os, sys, time
from pathlib import Path
from lab.data.plane import ProcessPlane
from lab.reaper import start_reaper
from tests.lab.data.support import make_rig

state = Path(sys.argv[1])
state.write_text(json.dumps({"pid": os.getpid()}))
plane = ProcessPlane(dns_delay_s=0)
alive = start_reaper(plane.base_dir, state)
make_rig(plane, "doomed", ("a", "b"))
print(plane.base_dir, flush=True)
time.sleep(600)
"""


@pytest.mark.lab
def test_a_killed_lab_takes_its_servers_and_files_with_it(tmp_path: Path) -> None:
    state = tmp_path / "lab.json"
    with subprocess.Popen(
        [sys.executable, "-c", LAB, str(state)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as lab:
        assert lab.stdout is not None
        base = Path(lab.stdout.readline().strip())
        servers = processes_within(base)
        assert len(servers) > 4
        lab.send_signal(signal.SIGKILL)
    eventually(lambda: not state.exists(), "the state file is removed")
    assert not base.exists()
    assert [server for server in servers if server.is_running() and server.status() != psutil.STATUS_ZOMBIE] == []


def test_the_reaper_leaves_the_state_of_a_newer_lab_alone(tmp_path: Path) -> None:
    from lab.reaper import _is_of

    state = tmp_path / "lab.json"
    state.write_text(json.dumps({"pid": 7}))
    assert _is_of(state, 7)
    assert not _is_of(state, 8)
    state.unlink()
    assert not _is_of(state, 7)


def test_only_one_lab_takes_the_state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    claim_state(tmp_path / "lab.json")
    with pytest.raises(LabExistsError, match="held by another lab"):
        claim_state(tmp_path / "lab.json")


def test_only_a_lab_s_own_folder_is_ever_deleted(tmp_path: Path) -> None:
    (tmp_path / "aurora-lab-x").mkdir()
    assert not is_lab_folder(tmp_path / "aurora-lab-x")
    assert not is_lab_folder(Path("/tmp"))
    assert not is_lab_folder(Path("/"))
