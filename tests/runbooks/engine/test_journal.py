from __future__ import annotations

import fcntl
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from runbooks.engine.journal import (
    FILE_NAME,
    Journal,
    JournalError,
    RunBusyError,
    check_run_id,
    is_held,
    parse,
    read,
    withhold_secrets,
)
from tests.support.clock import FakeClock

REQUEST = {"cluster_id": "shop-orders", "period_s": 0.1}


def begin(folder: Path, request: dict[str, Any] = REQUEST, verb: str = "drill failover") -> Journal:
    return Journal.open(folder, run_id="one", verb=verb, target="shop-orders", request=request, clock=FakeClock())


def test_the_request_comes_first_and_each_event_is_a_line(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as journal:
        journal.record("step.intended", step="fail-over")
    lines = [json.loads(line) for line in (tmp_path / "run" / FILE_NAME).read_text().splitlines()]
    assert lines == [
        {
            "at": "2026-11-21T12:00:00.000+00:00", "event": "run.requested", "run_id": "one", "schema": 1,
            "verb": "drill failover", "target": "shop-orders", "request": REQUEST,
        },
        {"at": "2026-11-21T12:00:00.000+00:00", "event": "step.intended", "run_id": "one", "step": "fail-over"},
    ]  # fmt: skip


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    begin(tmp_path / "run").close()
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run" / FILE_NAME).stat().st_mode) == 0o600


def test_every_event_is_synced_before_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begin(tmp_path / "run")
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    before = (tmp_path / "run" / FILE_NAME).stat().st_size
    journal.record("step.intended")
    journal.record("step.done")
    journal.close()
    assert before < sizes[0] < sizes[1] == (tmp_path / "run" / FILE_NAME).stat().st_size


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    begin(tmp_path / "run").close()
    path = tmp_path / "run" / FILE_NAME
    with path.open("ab") as file:
        file.write('{"at":"x","event":"step.dö'.encode()[:-1])
    assert [event["event"] for event in read(tmp_path / "run")] == ["run.requested"]
    with begin(tmp_path / "run") as journal:
        journal.record("step.intended")
    assert [event["event"] for event in read(tmp_path / "run")] == ["run.requested", "run.resumed", "step.intended"]


def test_a_first_line_torn_by_a_crash_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FILE_NAME).write_bytes(b'{"at":"2026')
    begin(tmp_path / "run").close()
    assert [event["event"] for event in read(tmp_path / "run")] == ["run.requested"]


def test_a_line_changed_afterwards_is_refused() -> None:
    with pytest.raises(JournalError, match="line 2"):
        parse(b'{"event":"run.requested"}\nnonsense\n{"event":"run.finished"}\n')


@pytest.mark.parametrize(
    ("request_", "verb"),
    [
        pytest.param(REQUEST | {"cluster_id": "shop-catalog"}, "drill failover", id="another request"),
        pytest.param(REQUEST, "clone", id="another verb"),
    ],
)
def test_a_run_id_means_one_request(tmp_path: Path, request_: dict[str, Any], verb: str) -> None:
    begin(tmp_path / "run").close()
    with pytest.raises(JournalError, match="run one was begun as `drill failover`"):
        begin(tmp_path / "run", request_, verb)
    assert not is_held(tmp_path / "run")
    assert len(read(tmp_path / "run")) == 1, "a refusal leaves no trace in somebody's evidence"


def test_one_process_at_a_time(tmp_path: Path) -> None:
    journal = begin(tmp_path / "run")
    assert is_held(tmp_path / "run")
    with pytest.raises(RunBusyError):
        begin(tmp_path / "run")
    journal.close()
    assert not is_held(tmp_path / "run")


def test_somebody_who_only_looks_does_not_stop_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(tmp_path / "run").close()
    looking = os.open(tmp_path / "run" / FILE_NAME, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr(FakeClock, "sleep", lambda _clock, _seconds: fcntl.flock(looking, fcntl.LOCK_UN))
    begin(tmp_path / "run").close()
    os.close(looking)


def test_in_memory_it_leaves_nothing_behind() -> None:
    journal = Journal(None, "one", FakeClock())
    journal.record("step.done", step="x")
    assert journal.find_last("step.done") == journal.events[-1]
    assert journal.find_last("run.finished") is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param({"password": "hunter2"}, {"password": "(withheld)"}, id="a password"),
        pytest.param({"a": [{"SecretString": "x"}]}, {"a": [{"SecretString": "(withheld)"}]}, id="deep inside"),
        pytest.param({"secret_arn": "arn:aws:x"}, {"secret_arn": "arn:aws:x"}, id="an ARN is no secret"),
        pytest.param(
            {"url": "h:5433/?X-Amz-Credential=AK/1&X-Amz-Signature=ab12&n=1"},
            {"url": "h:5433/?X-Amz-Credential=(withheld)&X-Amz-Signature=(withheld)&n=1"},
            id="a signed token",
        ),
    ],
)
def test_secrets_are_withheld(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert withhold_secrets(given) == kept


@pytest.mark.parametrize("run_id", ["", "../up", "A", "-x", "x" * 64, "a\n", "a/b"])
def test_run_ids_that_are_no_folder_names_are_refused(run_id: str) -> None:
    with pytest.raises(ValueError, match="run id must be"):
        check_run_id(run_id)
