"""The probe against a bare PostgreSQL pair: killed, frozen, demoted, renamed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runbooks.drill.ledger import compare
from runbooks.drill.probe import ProbeConfig, probe
from runbooks.drill.process import ProbeError, ProbeProcess
from runbooks.drill.records import Clock, Fate, Trace, decode, encode, read_trace
from runbooks.drill.timeline import Outage, outages, steady_state
from tests.runbooks.drill.builders import failover_trace
from tests.runbooks.drill.pair import DATABASE, PASSWORD, READER_NAME, USER, WRITER_NAME, Pair

pytestmark = pytest.mark.lab
TABLE = "drilled"
SLACK_S = 0.03  # a busy machine runs the killer, the killed and the probe when it likes; `make bench` is exact
Truth = tuple[tuple[float, float], tuple[float, float]]
"""When the service stopped and when it came back, each between two readings of the clock."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Pair() as pair:
        with pair.writer.connect() as connection:
            connection.execute("CREATE TABLE drilled (number bigint, at timestamptz DEFAULT clock_timestamp())")
        yield pair


def config_for(pair: Pair, out: Path, clock: Clock) -> ProbeConfig:
    return ProbeConfig(
        out=str(out), wall_s=clock.wall_s, monotonic_s=clock.monotonic_s, table=TABLE, first_number=1,
        writer=WRITER_NAME, port=pair.port, readers=(("reader", READER_NAME),), watched=(READER_NAME,),
        instances=(), database=DATABASE, user=USER, password=PASSWORD,
    )  # fmt: skip


def probe_through(pair: Pair, out: Path, act: Callable[[Pair, Clock], Truth]) -> tuple[Trace, Outage, Truth]:
    """Run a probe in a thread around an act, and measure."""
    clock, stop = Clock(), threading.Event()

    async def until() -> str:
        await asyncio.to_thread(stop.wait)
        return "stopped"

    config = config_for(pair, out, clock)
    thread = threading.Thread(target=lambda: asyncio.run(probe(config, pair.resolve, until)))
    thread.start()
    try:
        time.sleep(1.0)
        since_s = clock.now()
        truth = act(pair, clock)
        time.sleep(0.8)
    finally:
        stop.set()
        thread.join(10)
    trace = read_trace(out)
    assert trace.ended is not None
    found = outages(trace, steady_state(trace, since_s), since_s=since_s, until_s=trace.ended.at_s)
    return trace, min(found, key=lambda outage: abs(outage.start.middle_s - truth[0][0])), truth


def kill_and_promote(pair: Pair, clock: Clock) -> Truth:
    before_s = clock.now()
    pair.writer.kill()
    killed_s = clock.now()
    pair.promote()
    time.sleep(0.15)
    moving_s = clock.now()
    pair.point(pair.writer)
    return (before_s, killed_s), (moving_s, clock.now())


def shut_down_and_promote(pair: Pair, clock: Clock) -> Truth:
    before_s = clock.now()
    pair.writer.shut_down()
    down_s = clock.now()
    pair.promote()
    moving_s = clock.now()
    pair.point(pair.writer)
    return (before_s, down_s), (moving_s, clock.now())


def freeze(pair: Pair, clock: Clock) -> Truth:
    before_s = clock.now()
    pair.writer.freeze()
    frozen_s = clock.now()
    time.sleep(0.7)
    thawing_s = clock.now()
    pair.writer.thaw()
    return (before_s, frozen_s), (thawing_s, clock.now())


@pytest.mark.parametrize("act", [kill_and_promote, shut_down_and_promote, freeze])
def test_the_truth_lies_inside_what_is_stated(pair: Pair, tmp_path: Path, act: Callable[[Pair, Clock], Truth]) -> None:
    trace, outage, (stopped, came_back) = probe_through(pair, tmp_path / "probe.jsonl", act)
    assert outage.ended
    assert outage.start.earliest_s <= stopped[1] + SLACK_S, outage
    assert outage.start.latest_s >= stopped[0] - SLACK_S, outage
    assert outage.end.earliest_s <= came_back[1] + SLACK_S, (outage, [c for c in trace.contacts if c.error][-3:])
    assert outage.end.latest_s >= came_back[0] - SLACK_S, outage
    with pair.writer.connect() as connection:
        found = dict(connection.execute("SELECT number, count(*) FROM drilled GROUP BY number").fetchall())
    ledger = compare([trace], found)
    assert (ledger.lost, ledger.duplicated, ledger.unexpected) == (0, 0, 0)
    assert ledger.acked > 50


def test_a_writer_that_only_reads_is_no_writer(pair: Pair, tmp_path: Path) -> None:
    """The name points to a standby: writes fail, for certain, and readers say what they are."""

    def misdirect(pair: Pair, clock: Clock) -> Truth:
        pair.names[WRITER_NAME] = pair.standby.address
        before_s = clock.now()
        pair.writer.kill()
        time.sleep(0.3)
        return (before_s, before_s), (0, 0)

    trace, outage, _truth = probe_through(pair, tmp_path / "probe.jsonl", misdirect)
    assert not outage.ended
    refused = [write for write in trace.writes if "25006" in write.error]
    assert refused
    assert {write.fate for write in refused} == {Fate.FAILED}
    assert {read.is_reader for read in trace.reads if read.is_reader is not None} == {True}


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """Its standard input is closed, as when the drill is killed."""
    config = {
        "out": str(tmp_path / "probe.jsonl"), "wall_s": time.time(), "monotonic_s": time.monotonic(), "table": TABLE,
        "first_number": 1, "writer": "nowhere.test", "port": 1, "readers": [], "watched": [], "instances": [],
        "database": "x", "user": "x", "password": "x",
    }  # fmt: skip
    with subprocess.Popen([sys.executable, "-m", "runbooks.drill.probe"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(config).encode() + b"\n")
        process.stdin.flush()
        while not (tmp_path / "probe.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.stdin.close()
        assert process.wait(10) == 0
    trace = read_trace(tmp_path / "probe.jsonl")
    assert trace.ended is not None
    assert trace.ended.reason == "the drill's process ended"
    assert not any(write.number for write in trace.writes)


def test_a_probe_that_ends_by_itself_is_an_error(pair: Pair, tmp_path: Path) -> None:
    process = ProbeProcess(config_for(pair, tmp_path / "no" / "probe.jsonl", Clock()), tmp_path / "probe.log")
    process.wait(20)
    with pytest.raises(ProbeError, match="No such file"):
        process.follow()
    process.stop()


def test_records_survive_the_file() -> None:
    trace = failover_trace()
    for record in (trace.started, *trace.writes, *trace.lookups, *trace.contacts, *trace.losses, trace.ended):
        assert record is not None
        assert decode(encode(record)) == record


@pytest.mark.parametrize("line", [b"", b'{"kind":"wri', b'{"kind":"unheard of"}', b"[]"])
def test_a_torn_line_is_left_out(line: bytes) -> None:
    assert decode(line) is None


def test_the_password_is_in_no_representation(pair: Pair, tmp_path: Path) -> None:
    assert PASSWORD not in repr(config_for(pair, tmp_path, Clock()))
