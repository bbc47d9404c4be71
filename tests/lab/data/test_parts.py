"""The small parts: addresses, processes, installs, truth, names."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.data.addresses import AddressBlock, claim_block
from lab.data.identity import Identity, make_base_dir, run_as
from lab.data.installs import Install, nearest, postgres_installs
from lab.data.postgres import synchronous_names
from lab.data.processes import Child, kill_within, processes_within
from lab.data.resp import RespError, read
from lab.data.truth import TruthLog, read_truth
from lab.plane import PlaneError
from tests.lab.data.support import eventually

INSTALLS = {major: Install(major=major, version=f"{major}.1", bin_dir=Path("/")) for major in (16, 18)}
OURSELVES = Identity(uid=os.geteuid(), gid=os.getegid(), drops=False)
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("version", "major"), [("13.9", 16), ("16.4", 16), ("17.7", 18), ("18.1", 18), ("19", 18)], ids=str
)
def test_the_nearest_major_stands_for_a_version(version: str, major: int) -> None:
    assert nearest(INSTALLS, version).major == major


def test_the_wheel_s_versions_are_read_from_its_programs() -> None:
    found = postgres_installs()
    assert set(found) == {16, 18}
    assert all(install.version.startswith(f"{major}.") for major, install in found.items())


@pytest.mark.parametrize(
    ("standbys", "setting"),
    [((), ""), (("b",), 'FIRST 1 ("b")'), (("x-c", "x-b"), 'FIRST 2 ("x-b", "x-c")')],
    ids=["none", "one", "two"],
)
def test_synchronous_standby_names(standbys: tuple[str, ...], setting: str) -> None:
    assert synchronous_names(standbys) == setting


@pytest.mark.parametrize(
    ("wire", "answer"),
    [
        (b"+OK\r\n", "OK"),
        (b":7\r\n", 7),
        (b"$3\r\na\r\n\r\n", "a\r\n"),
        (b"$-1\r\n", None),
        (b"*2\r\n:1\r\n*1\r\n+x\r\n", [1, ["x"]]),
    ],
    ids=["status", "number", "bulk", "nothing", "nested"],
)
def test_valkey_answers_are_read(wire: bytes, answer: object) -> None:
    assert read(io.BytesIO(wire)) == answer


@pytest.mark.parametrize(
    ("wire", "error"),
    [(b"-ERR no\r\n", RespError), (b"?\r\n", RespError), (b"", ConnectionError), (b"+O", ConnectionError)],
    ids=["refusal", "garbage", "closed", "cut off"],
)
def test_valkey_answers_that_are_none(wire: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(io.BytesIO(wire))


def test_two_labs_claim_different_blocks() -> None:
    blocks = [claim_block() for _ in range(8)]
    try:
        assert len({block.prefix for block in blocks if block.is_own}) == sum(block.is_own for block in blocks)
    finally:
        for block in blocks:
            block.close()


def test_addresses_are_given_back() -> None:
    block = AddressBlock(prefix="127.1.2", claim=None)
    assert [block.take(5433) for _ in range(2)] == [("127.1.2.1", 5433), ("127.1.2.2", 5433)]
    block.give_back("127.1.2.1")
    assert block.take(6380) == ("127.1.2.1", 6380)


def test_a_full_block_says_so() -> None:
    block = AddressBlock(prefix="127.1.2", claim=None)
    for _ in range(253):
        block.take(5433)
    with pytest.raises(PlaneError, match="at most 253"):
        block.take(5433)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder as a lab has, for processes to work in."""
    base = make_base_dir(OURSELVES)
    yield base
    kill_within(base)
    base.rmdir()


def test_a_child_that_dies_is_told_and_one_that_was_stopped_was_expected(tmp_path: Path, base: Path) -> None:
    ended: list[bool] = []

    def start() -> Child:
        return Child(
            SLEEP, cwd=base, log=tmp_path / "log", identity=OURSELVES, on_exit=lambda gone: ended.append(gone.expected)
        )

    os.kill(start().pid, signal.SIGKILL)
    eventually(lambda: ended == [False], "the death is told")
    start().stop(signal.SIGTERM, timeout_s=5)
    eventually(lambda: ended == [False, True], "both ends are told")


def test_killing_within_a_folder_reaches_orphans_in_sessions_of_their_own(tmp_path: Path, base: Path) -> None:
    child = Child(
        (sys.executable, "-c", PARENT), cwd=base, log=tmp_path / "log", identity=OURSELVES, on_exit=lambda _: None
    )
    eventually(lambda: len(processes_within(base)) == 2, "the grandchild runs")
    os.kill(child.pid, signal.SIGKILL)
    eventually(lambda: len(processes_within(base)) == 1, "the grandchild is an orphan")
    kill_within(base)
    assert processes_within(base) == []


def test_a_tool_that_fails_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no room')"]
    with pytest.raises(PlaneError, match=r"must succeed, got exit code 1: no room"):
        run_as(OURSELVES, command, cwd=Path("/"))


def test_truth_is_written_as_it_happens(tmp_path: Path) -> None:
    truth = TruthLog(tmp_path / "truth.jsonl")
    truth.note("writer.gone", cluster="c", instance="a")
    (row,) = read_truth(truth.path)
    assert {key: row[key] for key in ("event", "cluster", "instance")} == {
        "event": "writer.gone",
        "cluster": "c",
        "instance": "a",
    }
    assert set(json.loads(truth.path.read_text())) >= {"monotonic_s", "wall_s", "at"}
    truth.close()
    truth.note("writer.gone")
    assert len(read_truth(truth.path)) == 1
