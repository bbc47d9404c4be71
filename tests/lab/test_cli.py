"""`runbook lab ...` as an operator types it, against labs that nothing is deployed to; and its pure parts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from lab.data.processes import processes_within
from lab.deploy import Progress, client_environment, what_failed
from lab.lifecycle import LabRefusedError, UpRequest, _refuse_another, not_ready
from lab.render import call_text, exports, read_calls, status_text
from lab.state import LabState, read_state
from tests.lab.data.support import eventually
from tests.support.interruptible import RUNBOOK
from tests.support.labs import ROOT, Lab, runbook

MINIMAL = ROOT / "examples" / "estates" / "minimal.yaml"


def state_of(home: Path) -> LabState:
    state = read_state(home / "lab.json")
    assert state is not None
    return state


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Home of a lab that runs and to which nothing is deployed."""
    home = tmp_path_factory.mktemp("lab-home")
    up = runbook("lab", "up", "--no-deploy", home=home)
    assert up.returncode == 0, up.stderr
    yield home
    runbook("lab", "down", home=home)


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    """Home of no lab yet; one that a test starts is ended."""
    yield tmp_path
    runbook("lab", "down", home=tmp_path)


@pytest.mark.lab
def test_up_twice_says_that_it_runs(home: Path) -> None:
    before = state_of(home)
    again = runbook("lab", "up", "--no-deploy", home=home)
    assert (again.returncode, state_of(home)) == (0, before)
    assert f"the lab already runs at {before.endpoint}" in again.stdout
    assert "runbook lab env" in again.stdout


@pytest.mark.lab
def test_the_state_file_is_closed_to_others(home: Path) -> None:
    assert (home / "lab.json").stat().st_mode & 0o077 == 0


@pytest.mark.lab
def test_the_server_listens_on_loopback_only(home: Path) -> None:
    state = state_of(home)
    listening = [found for found in psutil.Process(state.pid).net_connections("inet") if found.status == "LISTEN"]
    assert listening
    assert all(found.laddr.ip.startswith("127.") for found in listening)


@pytest.mark.lab
def test_env_points_a_shell_at_the_lab(home: Path) -> None:
    env = runbook("lab", "env", home=home)
    said = subprocess.run(
        ["sh", "-c", 'eval "$(cat)"; echo "$AWS_ENDPOINT_URL $RUNBOOK_TLS_OFF_FOR"'],
        input=env.stdout,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"{state_of(home).endpoint} .test\n"
    as_json = runbook("lab", "env", "--output", "json", home=home)
    assert json.loads(as_json.stdout) == client_environment(state_of(home))


@pytest.mark.lab
def test_log_shows_every_call_and_errors_alone(home: Path) -> None:
    rds = boto3.client("rds", endpoint_url=state_of(home).endpoint, region_name="eu-west-1")
    rds.describe_db_clusters()
    with pytest.raises(ClientError, match="DBClusterNotFoundFault"):
        rds.describe_db_clusters(DBClusterIdentifier="nobody")
    calls = runbook("lab", "log", home=home).stdout.splitlines()
    assert len(calls) == 2
    assert calls[0].endswith("200 rds:DescribeDBClusters eu-west-1")
    errors = json.loads(runbook("lab", "log", "--errors", "--output", "json", home=home).stdout)
    assert [(call["operation"], call["error"]) for call in errors] == [("DescribeDBClusters", "DBClusterNotFoundFault")]


@pytest.mark.lab
def test_status_of_an_empty_lab(home: Path) -> None:
    answer = json.loads(runbook("lab", "status", "--output", "json", home=home).stdout)
    assert (answer["running"], answer["ready"], answer["clusters"], answer["caches"]) == (True, False, [], [])
    assert state_of(home).endpoint in runbook("lab", "status", home=home).stdout


@pytest.mark.lab
def test_resolving_an_unknown_name_is_refused(home: Path) -> None:
    answer = runbook("lab", "resolve", "nobody.rds.test", home=home)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "got no address" in answer.stderr


@pytest.mark.lab
def test_a_running_lab_takes_another_dns_delay(home: Path) -> None:
    for seconds in (17, 0.3):
        answer = runbook("lab", "up", "--no-deploy", "--dns-delay", str(seconds), home=home)
        assert answer.returncode == 0, answer.stderr
        status = json.loads(runbook("lab", "status", "--output", "json", home=home).stdout)
        assert status["dns_delay_s"] == seconds


@pytest.mark.lab
def test_another_port_needs_another_lab(home: Path) -> None:
    answer = runbook("lab", "up", "--no-deploy", "--port", "1", home=home)
    assert answer.returncode == 3
    assert "--port must be the running lab's or be left out, got 1" in answer.stderr


def test_an_estate_of_another_account_is_refused(tmp_path: Path) -> None:
    estate = tmp_path / "estate.yaml"
    estate.write_text(MINIMAL.read_text().replace("regions:", 'account: "999999999999"\nregions:', 1))
    answer = runbook("lab", "up", "--estate", str(estate), home=tmp_path / "home")
    assert answer.returncode == 3, answer.stderr
    assert "account must be 123456789012, the lab's, or left out, got 999999999999" in answer.stderr
    assert not (tmp_path / "home" / "lab.json").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"estate": Path("/b.yaml")}, "got /a.yaml; end it first", id="estate"),
        pytest.param({"estate": Path("/a.yaml"), "port": 81}, "got 81 beside http://localhost:8181", id="port"),
    ],
)
def test_what_a_running_lab_refuses(changes: dict[str, Any], reason: str) -> None:
    state = LabState(
        pid=1,
        born_s=1,
        base_dir="",
        endpoint="http://localhost:8181",
        dns="",
        control="",
        log="",
        truth="",
        estate="/a.yaml",
    )
    request = UpRequest(**changes)
    assert request.estate is not None
    with pytest.raises(LabRefusedError, match=reason):
        _refuse_another(state, request, request.estate)


@pytest.mark.lab
def test_down_leaves_nothing_and_down_twice_is_fine(own_home: Path) -> None:
    assert runbook("lab", "up", "--no-deploy", home=own_home).returncode == 0
    state = state_of(own_home)
    down = runbook("lab", "down", home=own_home)
    assert down.returncode == 0
    assert "the lab is down" in down.stdout
    assert not Path(state.base_dir).exists()
    assert not (own_home / "lab.json").exists()
    assert not psutil.pid_exists(state.pid) or _is_zombie(state.pid)
    again = runbook("lab", "down", home=own_home)
    assert (again.returncode, again.stdout) == (0, "nothing runs: there is no lab to end\n")


@pytest.mark.lab
def test_a_home_that_cannot_be_is_refused_with_its_name(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.touch()
    answer = runbook("lab", "up", "--no-deploy", home=home)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert f"{home} must be a folder that can be written" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.lab
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_an_interrupted_up_takes_its_lab_down(own_home: Path, number: signal.Signals) -> None:
    """Ctrl-C in the middle of the deploy; the signal is let in, which a test run in the background would shut out."""
    with subprocess.Popen(
        [*RUNBOOK, "lab", "up", "--estate", str(MINIMAL)],
        cwd=ROOT,
        env={**os.environ, "RUNBOOK_HOME": str(own_home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as up:
        assert up.stderr is not None
        said = [next(line for line in up.stderr if "deploying" in line)]
        state = state_of(own_home)
        up.send_signal(number)
        said += up.stderr.readlines()
    assert up.returncode == 130, said
    assert "error: interrupted; the lab is down again\n" in said
    assert not Path(state.base_dir).exists()
    assert not (own_home / "lab.json").exists()


@pytest.mark.lab
def test_a_port_that_was_asked_for_and_is_taken_is_refused(own_home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = runbook("lab", "up", "--no-deploy", "--port", str(port), home=own_home)
    assert answer.returncode == 3
    assert f"port {port} of 127.0.0.1 must be free" in answer.stderr
    assert not (own_home / "lab.json").exists()


@pytest.mark.lab
def test_two_labs_run_at_once_the_second_on_a_free_port(home: Path, own_home: Path) -> None:
    answer = runbook("lab", "up", "--no-deploy", home=own_home)
    assert answer.returncode == 0, answer.stderr
    ours, other = state_of(home), state_of(own_home)
    assert ours.endpoint != other.endpoint
    assert ours.dns != other.dns


@pytest.mark.lab
def test_killing_the_lab_leaves_no_process_and_no_file(own_home: Path) -> None:
    assert runbook("lab", "up", "--no-deploy", home=own_home).returncode == 0
    state = state_of(own_home)
    os.kill(state.pid, signal.SIGKILL)
    eventually(lambda: not (own_home / "lab.json").exists(), "the reaper removes the state file")
    assert not Path(state.base_dir).exists()
    assert runbook("lab", "status", home=own_home).returncode == 3


@pytest.mark.lab
def test_a_lab_that_crashed_with_its_reaper_is_told_and_cleaned(own_home: Path) -> None:
    assert runbook("lab", "up", "--no-deploy", home=own_home).returncode == 0
    state = state_of(own_home)
    (reaper,) = [child for child in psutil.Process(state.pid).children() if "lab.reaper" in " ".join(child.cmdline())]
    for pid in (reaper.pid, state.pid):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(state.pid) or _is_zombie(state.pid), "the lab is gone")
    answer = runbook("lab", "status", home=own_home)
    assert answer.returncode == 3
    assert f"the lab of process {state.pid} had crashed" in answer.stderr
    assert not Path(state.base_dir).exists()
    assert processes_within(Path(state.base_dir)) == []


def _is_zombie(pid: int) -> bool:
    """True for a process that ended and that its new parent has not asked about yet."""
    return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(
    "words",
    [("env",), ("log",), ("resolve", "x.test")],
    ids=lambda words: str(words[0]),
)
def test_without_a_lab_commands_say_how_to_start_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = runbook("lab", *words, home=tmp_path)
    assert (answer.returncode, answer.stdout) == (3, "")
    assert "runbook lab up" in answer.stderr


def test_a_wrong_estate_starts_nothing(tmp_path: Path) -> None:
    estate = tmp_path / "estate.yaml"
    estate.write_text("estate: [\n")
    answer = runbook("lab", "up", "--estate", str(estate), home=tmp_path / "home")
    assert answer.returncode == 2
    assert not (tmp_path / "home" / "lab.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("up", "--port", "70000"), "--port must be from 1 to 65535, got 70000", id="port"),
        pytest.param(("up", "--dns-delay", "-1"), "--dns-delay must be from 0 to 3600, got -1", id="delay"),
        pytest.param(("up", "--dns-delay", "nan"), "--dns-delay must be from 0 to 3600, got nan", id="no-number"),
        pytest.param(("log", "--last", "0"), "--last must be at least 1, got 0", id="last"),
        pytest.param(("log", "--follow", "--output", "json"), "--follow has no JSON form", id="follow"),
    ],
)
def test_wrong_arguments(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    answer = runbook("lab", *words, home=tmp_path)
    assert answer.returncode == 2
    assert message in answer.stderr + answer.stdout


@pytest.mark.lab
@pytest.mark.xdist_group("shop_lab")
def test_the_shop_s_lab_shows_what_is_there_and_what_is_not(shop_lab: Lab) -> None:
    overview = json.loads(shop_lab.runbook("lab", "status", "--output", "json").stdout)
    clusters = {cluster["cluster"]: cluster for cluster in overview["clusters"]}
    assert overview["ready"]
    assert not_ready(overview) == []
    assert clusters["shop-catalog"]["data_plane"] == "control plane only"
    assert [instance["process"] for instance in clusters["shop-catalog"]["instances"]] == [None, None]
    for instance in clusters["shop-orders"]["instances"]:
        assert instance["process"]["role"] == instance["role"]
        assert instance["process"]["version"].startswith("18.")
    (cache,) = overview["caches"]
    assert sorted(node["role"] for node in cache["nodes"]) == ["primary", "primary", "replica", "replica"]


@pytest.mark.lab
@pytest.mark.xdist_group("shop_lab")
def test_resolve_gives_the_address_of_the_writer(shop_lab: Lab) -> None:
    overview = json.loads(shop_lab.runbook("lab", "status", "--output", "json").stdout)
    orders = next(cluster for cluster in overview["clusters"] if cluster["cluster"] == "shop-orders")
    answer = shop_lab.runbook("lab", "resolve", orders["writer_endpoint"])
    writer = next(instance for instance in orders["instances"] if instance["role"] == "writer")
    assert answer.stdout.strip() == writer["process"]["address"]


# Pure parts


def overview(**changes: Any) -> dict[str, Any]:
    process = {
        "engine": "PostgreSQL",
        "version": "18.4",
        "role": "writer",
        "address": "127.1.2.1",
        "port": 5433,
        "pid": 7,
        "healthy": True,
    }
    instance = {"instance": "x-a", "role": "writer", "status": "available", "class": "db.r8g.large"}
    cluster = {
        "region": "eu-west-1",
        "status": "available",
        "port": 5433,
        "writer_endpoint": "w.test",
        "reader_endpoint": "r.test",
        "custom_endpoints": ["c.test"],
    }
    postgres = cluster | {"cluster": "x", "engine": "aurora-postgresql", "version": "17.7", "data_plane": "processes"}
    mysql = cluster | {"cluster": "y", "engine": "aurora-mysql", "version": "8.0", "data_plane": "control plane only"}
    document = {
        "pid": 1,
        "ready": True,
        "estate": "shop.yaml",
        "endpoint": "http://localhost:1",
        "resolver": "127.0.0.1:2",
        "dns_delay_s": 0.3,
        "own_addresses": True,
        "data": "/tmp/x",
        "clusters": [
            postgres | {"instances": [instance | {"process": process}]},
            mysql | {"instances": [instance | {"instance": "y-a", "process": None}]},
        ],
        "caches": [
            {
                "cache": "s",
                "engine": "valkey",
                "status": "available",
                "region": "eu-west-1",
                "endpoint": "s.test",
                "data_plane": "processes",
                "nodes": [process | {"member": "s-001", "engine": "Valkey", "version": "9.1.2", "role": "primary"}],
            },
            {
                "cache": "p",
                "engine": "memcached",
                "status": "available",
                "region": "eu-west-1",
                "endpoint": "p.cfg.test",
                "data_plane": "control plane only: memcached is not installed",
                "nodes": [],
            },
        ],
    }
    return document | changes


def test_status_names_true_versions_and_says_what_has_no_server() -> None:
    text = status_text(overview())
    assert "PostgreSQL 18.4 writer  127.1.2.1:5433" in text
    assert "y  aurora-mysql 8.0  available  eu-west-1  (control plane only: no server runs)" in text
    assert "Valkey 9.1.2" in text
    assert "p  memcached  available  eu-west-1  (control plane only: memcached is not installed)" in text
    assert "custom  c.test:5433" in text
    assert "one loopback address" not in text
    assert "one loopback address" in status_text(overview(own_addresses=False))


def test_what_is_not_ready_is_named() -> None:
    waiting = overview()
    assert not_ready(waiting) == []
    waiting["clusters"][0]["instances"][0]["process"]["healthy"] = False
    waiting["clusters"][1]["status"] = "creating"
    waiting["caches"][0]["status"] = "creating"
    assert not_ready(waiting) == ["y", "x-a", "s"]


def test_progress_tells_each_stack_with_its_seconds() -> None:
    said: list[str] = []
    times = iter([1.0, 1.5, 4.0])
    progress = Progress(said.append, clock=lambda: next(times, 9.0))
    for line in ("shop-network: deploying... [1/4]", "noise", " ✅  shop-network"):
        progress.read(line)
    assert said[0] == "  shop-network: deploying"
    assert said[1].startswith("  shop-network: done in ")


def test_a_failed_deploy_shows_the_failure_first() -> None:
    assert what_failed(["fine", " ❌  shop-x failed", "because"]) == [" ❌  shop-x failed", "because"]
    assert what_failed([str(n) for n in range(40)]) == [str(n) for n in range(25, 40)]


def test_exports_are_quoted() -> None:
    assert exports({"A": "x y", "B": "z"}) == "export A='x y'\nexport B=z"


def test_a_call_that_is_still_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    whole = {
        "time": "2026-11-21T04:14:07.870+00:00",
        "status": 400,
        "error": "AccessDenied",
        "service": "rds",
        "operation": "FailoverDBCluster",
        "region": "eu-west-1",
        "identifiers": {"DBClusterIdentifier": "x"},
    }
    path.write_text(json.dumps(whole) + '\n{"time": ')
    calls, offset = read_calls(path, errors_only=True)
    assert [call_text(call) for call in calls] == [
        "04:14:07.870 400 AccessDenied rds:FailoverDBCluster eu-west-1 DBClusterIdentifier=x"
    ]
    assert read_calls(path, errors_only=False, offset=offset) == ([], offset)
