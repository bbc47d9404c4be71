"""The whole command against real processes: what it measures, what turns it red, and what survives kill -9."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runbooks.drill.bench_lab import CLUSTER, Drill, OneCluster

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneCluster]:
    lab = OneCluster(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture(autouse=True)
def at_rest(lab: OneCluster) -> None:
    lab.wait_until_available()


def report_of(drill: Drill) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((drill.folder / "report.json").read_text())
    return report


def failed_checks(drill: Drill) -> set[str]:
    return {check["name"] for check in report_of(drill)["evidence"]["checks"] if not check["passed"]}


def assert_nothing_is_left(lab: OneCluster, drill: Drill) -> None:
    assert lab.schemas() == []
    assert lab.locks() == []
    for evidence in drill.folder.glob("probe-*.jsonl"):
        pid = json.loads(evidence.read_text().splitlines()[0])["pid"]
        assert not Path(f"/proc/{pid}").exists()
    login = lab.password()
    for path in drill.folder.iterdir():
        assert login not in path.read_text(), path


def test_a_failover_and_its_fail_back_are_measured(lab: OneCluster, tmp_path: Path) -> None:
    before = lab.writer
    drill = Drill(lab, tmp_path, "--fail-back")
    code, out, err = drill.end()
    assert code == 0, out + err
    evidence = report_of(drill)["evidence"]
    assert [part["name"] for part in evidence["rounds"]] == ["failover", "fail-back"]
    for part, total in zip(evidence["rounds"], report_of(drill)["totals"], strict=True):
        assert 0 < total["low_s"] < total["high_s"] < 10
        readings = [reading["after_s"] for reading in part["clocks"]]
        assert None not in readings
    assert evidence["ledger"]["acked"] > 100
    assert (evidence["ledger"]["lost"], evidence["ledger"]["duplicated"]) == (0, 0)
    assert lab.writer == before
    assert "local PostgreSQL" in out
    assert max(map(len, out.splitlines()[:-1])) <= 80
    assert_nothing_is_left(lab, drill)


def test_a_dry_run_changes_nothing(lab: OneCluster, tmp_path: Path) -> None:
    asked = lab.failovers_asked()
    drill = Drill(lab, tmp_path, execute=False)
    code, out, err = drill.end()
    assert code == 0, err
    assert "promotion tier" in out
    assert not (tmp_path / "runs").exists()
    assert lab.failovers_asked() == asked
    assert lab.schemas() == []


def test_an_ignored_failover_is_noticed_and_asked_for_again(lab: OneCluster, tmp_path: Path) -> None:
    with lab.faults(failover_ignored=[CLUSTER]):
        drill = Drill(lab, tmp_path)
        drill.wait_for("drill.asked")
    code, out, err = drill.end()
    assert code == 0, out + err
    assert report_of(drill)["evidence"]["rounds"][0]["asked_times"] == 2


def test_a_failover_that_is_always_ignored_fails_within_bounds(lab: OneCluster, tmp_path: Path) -> None:
    asked = lab.failovers_asked()
    with lab.faults(failover_ignored=[CLUSTER]):
        drill = Drill(lab, tmp_path)
        code, out, _err = drill.end()
    assert code == 4
    assert lab.failovers_asked() - asked == 3
    assert "another writer" in failed_checks(drill)
    assert "did not do it" in out
    assert_nothing_is_left(lab, drill)


def test_a_skipped_promotion_turns_it_red(lab: OneCluster, tmp_path: Path) -> None:
    """The API shows a new writer whose server was never promoted."""
    with lab.faults(promotion_skipped=[CLUSTER]):
        drill = Drill(lab, tmp_path)
        code, out, err = drill.end()
    try:
        assert code == 4, out + err
        assert {"roles", "endpoints"} <= failed_checks(drill)
        assert_nothing_is_left(lab, drill)
    finally:
        lab.mend_writer()


def test_one_deleted_row_turns_it_red(lab: OneCluster, tmp_path: Path) -> None:
    drill = Drill(lab, tmp_path)
    drill.wait_for("drill.asking")
    with lab.connect() as admin:
        deleted = admin.execute("DELETE FROM runbook_drill.run_drill WHERE number = 42 RETURNING number").fetchall()
    assert deleted == [(42,)]
    code, out, err = drill.end()
    assert code == 4, out + err
    assert failed_checks(drill) == {"nothing lost"}
    ledger = report_of(drill)["evidence"]["ledger"]
    assert (ledger["lost"], ledger["lost_numbers"]) == (1, [42])


def test_one_row_written_twice_turns_it_red(lab: OneCluster, tmp_path: Path) -> None:
    drill = Drill(lab, tmp_path)
    drill.wait_for("drill.asking")
    with lab.connect() as admin:
        admin.execute("INSERT INTO runbook_drill.run_drill (number) VALUES (42)")
    code, _out, _err = drill.end()
    assert code == 4
    assert failed_checks(drill) == {"nothing twice"}
    assert report_of(drill)["evidence"]["ledger"]["duplicated_numbers"] == [42]


def test_frozen_dns_turns_it_red(lab: OneCluster, tmp_path: Path) -> None:
    with lab.faults(dns_frozen=[CLUSTER]):
        drill = Drill(lab, tmp_path, "--timeout-s", "3")
        code, out, err = drill.end()
    assert code == 4, out + err
    assert {"within 60 s", "measured", "endpoints"} <= failed_checks(drill)
    clocks = {c["name"]: c["after_s"] for c in report_of(drill)["evidence"]["rounds"][0]["clocks"]}
    assert clocks["API shows the new writer"] is not None
    assert clocks["DNS changed"] is None
    assert clocks["first good write"] is None
    assert_nothing_is_left(lab, drill)


def test_a_drill_that_is_held_to_a_tight_slo_fails(lab: OneCluster, tmp_path: Path) -> None:
    drill = Drill(lab, tmp_path, "--slo-s", "0.01")
    code, _out, _err = drill.end()
    assert code == 4
    assert failed_checks(drill) == {"within 0.01 s"}


def test_two_drills_at_once_are_refused(lab: OneCluster, tmp_path: Path) -> None:
    first = Drill(lab, tmp_path)
    first.wait_for("drill.began")
    second = Drill(lab, tmp_path, run="second")
    code, _out, err = second.end()
    assert code == 3
    assert "locked by run drill" in err
    assert first.end()[0] == 0


STEPS = ("prepare", "baseline", "fail-over", "watch", "settle", "check-ledger", "clean-up")
BEFORE_ASKING = ("prepare", "baseline")


@pytest.mark.parametrize("step", STEPS)
def test_a_drill_that_is_killed_can_be_finished(lab: OneCluster, tmp_path: Path, step: str) -> None:
    """kill -9 as each step begins; the second sitting never fails over again unasked, and leaves nothing behind."""
    asked = lab.failovers_asked()
    before = lab.writer
    drill = Drill(lab, tmp_path, run=f"killed-{step}")
    drill.wait_for_step(step)
    drill.kill()
    lab.wait_until_available()
    code, out, err = drill.resume()
    report = report_of(drill)["evidence"]
    if step in BEFORE_ASKING:
        assert code == 0, out + err
    else:
        assert report["rounds"][0]["asked_s"] is not None
    if step in {"settle", "check-ledger", "clean-up"}:
        assert code == 0, out + err
    if step == "watch":
        assert code == 4, out + err
        assert failed_checks(drill) == {"measured"}
        assert "interrupted" in out
    assert lab.failovers_asked() - asked <= 1
    assert lab.writer != before or step == "fail-over"
    assert report["ledger"]["lost"] == 0
    assert report["sittings"] == 2
    assert_nothing_is_left(lab, drill)


def test_the_probe_ends_with_its_drill(lab: OneCluster, tmp_path: Path) -> None:
    drill = Drill(lab, tmp_path)
    drill.wait_for("step.done", step="baseline failover")
    pid = next(e["outcome"]["pid"] for e in drill.events() if e.get("step") == "baseline failover" and "outcome" in e)
    drill.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert os.path.exists(drill.folder)  # noqa: PTH110 - says what it says
    drill.resume()


def test_the_probe_is_told_its_password_on_standard_input_only(lab: OneCluster, tmp_path: Path) -> None:
    drill = Drill(lab, tmp_path)
    drill.wait_for("step.done", step="baseline failover")
    pid = next(e["outcome"]["pid"] for e in drill.events() if e.get("step") == "baseline failover" and "outcome" in e)
    shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    assert lab.password().encode() not in shown
    assert drill.end()[0] == 0
