"""The whole command against the embedded AWS: done, refused, followed by id, found again after kill -9."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.rds.models import rds_backends

from runbooks.backtrack.request import BacktrackRequest
from runbooks.backtrack.runbook import backtrack_runbook
from runbooks.cli.main import main
from runbooks.engine.clock import SystemClock
from runbooks.engine.run import no_reason
from runbooks.guard import hold, this_holder
from runbooks.tools import Tools
from tests.runbooks.backtrack.scenario import CLUSTER, MOMENT, SCENARIOS, TO, backtracks, make, with_binlog
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import ACCOUNT, REGION
from tests.support.served import Account, new_account, on_the_wire, run

pytestmark = pytest.mark.lab

(SCENARIO,) = SCENARIOS
WORDS = ("backtrack", CLUSTER, "--to", TO)
DO = ("--execute", "--confirm", CLUSTER)
CONFIRMED = "tests.runbooks.backtrack.test_backtrack_lab:confirmed"
REQUEST = BacktrackRequest(cluster_id=CLUSTER, to=TO)


def confirmed() -> Any:
    """The runbook for a process of its own, where nobody types."""
    return replace(backtrack_runbook(), confirms=no_reason)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with new_account(monkeypatch, tmp_path) as account:
        make(account.client("rds"))
        yield account


def test_a_dry_run_shows_the_window_and_changes_nothing(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"> rds BacktrackDBCluster DBClusterIdentifier={CLUSTER} BacktrackTo={TO}" in said
    assert "its window begins at 20" in said
    assert cloud.changed == []


def test_it_goes_back_and_says_from_where_to_where(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, *WORDS, *DO)
    (made,) = backtracks(cloud.client("rds"))
    result = done["result"]
    assert done["verdict"]["passed"]
    assert result["backtrack_id"] == made["BacktrackIdentifier"]
    assert result["asked"] == TO
    assert result["backtracked_to"][:19] == TO[:19]
    assert result["backtracked_from"] > result["backtracked_to"]
    assert cloud.changed == ["BacktrackDBCluster"]


def test_its_status_is_followed_by_id(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """DIGITO waits on element [0] of the list, which is the first backtrack ever made here."""
    rds = cloud.client("rds")
    for _ in range(2):
        rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=MOMENT + timedelta(hours=1))
    cloud.forget()
    done = run(capsys, *WORDS, *DO)
    assert done["result"]["backtrack_id"] == backtracks(rds)[2]["BacktrackIdentifier"]
    ids = [given["BacktrackIdentifier"] for _, _, given in cloud.seen.made if "BacktrackIdentifier" in given]
    assert set(ids) == {done["result"]["backtrack_id"]}


def test_with_a_binary_log_only_when_that_is_wanted(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    with_binlog(cloud.client("rds"))
    said = run(capsys, *WORDS, *DO, code=3)
    assert "must have no binary log, got binlog_format ROW" in said["error"]["reasons"][0]
    assert cloud.changed == []
    run(capsys, *WORDS, "--with-binlog", *DO)
    SCENARIO.done(cloud)


def test_before_the_window(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    long_ago = ("backtrack", CLUSTER, "--to", "2020-01-01T00:00:00Z")
    said = run(capsys, *long_ago, *DO, code=3)
    assert "or later (the window is 24 h), got 2020-01-01T00:00:00Z" in said["error"]["reasons"][0]
    done = run(capsys, *long_ago, "--earliest", *DO)
    assert done["result"]["backtracked_to"] > "2020-01-02"
    assert done["verdict"]["passed"]


def test_nobody_confirmed(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *WORDS, "--execute", code=3)
    assert "as a whole goes back to" in said["error"]["message"]
    assert cloud.changed == []


def test_killed_after_the_call_it_is_not_made_again(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    rds = cloud.client("rds")
    with on_the_wire() as environment:
        make(rds)
        point = CrashPoint(1, "after")
        assert run_until(point, CONFIRMED, REQUEST.to_plain(), "one", environment) == -signal.SIGKILL
    (made,) = backtracks(rds)
    done = run(capsys, *WORDS, "--execute", "--run-id", "one")  # nothing is left, so nothing is confirmed
    assert done["steps"] == []
    assert done["result"]["backtrack_id"] == made["BacktrackIdentifier"]
    assert len(backtracks(rds)) == 1


def test_without_its_journal_one_under_way_to_that_moment_is_waited_for(
    cloud: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    rds = cloud.client("rds")
    rds.backtrack_db_cluster(DBClusterIdentifier=CLUSTER, BacktrackTo=MOMENT)
    cluster = rds_backends[ACCOUNT][REGION].clusters[CLUSTER]
    (made,) = rds_backends[ACCOUNT][REGION].backtracks[cluster.db_cluster_resource_id]
    cluster.status, made.status = "backtracking", "applying"

    def complete() -> None:
        cluster.status, made.status = "available", "completed"

    timer = threading.Timer(0.5, complete)
    timer.start()
    done = run(capsys, *WORDS, "--execute")
    timer.join()
    assert [step["step"] for step in done["steps"]] == [f"follow-backtrack {CLUSTER}"]
    assert done["result"]["backtrack_id"] == made.backtrack_identifier
    assert len(backtracks(rds)) == 1


def test_a_second_run_at_once_is_refused_with_who_holds_it(cloud: Account, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(Tools().ssm, CLUSTER, this_holder("arn:aws:iam::1:user/ann", "hers"), SystemClock()):
        said = run(capsys, *WORDS, *DO, code=3)
    assert f"{CLUSTER} is locked by run hers of arn:aws:iam::1:user/ann" in said["error"]["reasons"][0]
    assert cloud.changed == []


def test_a_moment_without_a_zone_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtrack", CLUSTER, "--to", "2026-11-21T12:00:00"]) == 2
    assert "--to must say its zone" in capsys.readouterr().err


def test_the_cluster_s_policy_is_for_that_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "backtrack", "--cluster", CLUSTER]) == 0
    assert f":cluster:{CLUSTER}" in capsys.readouterr().out
