"""Start, find and end the lab: what `runbook lab up` and `down` do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.control import ControlError, ask_lab
from lab.deploy import CHECKOUT, DEFAULT_ESTATE, DeployError, bootstrap, deploy, require_cdk
from lab.state import ACCOUNT, PREFERRED_PORT, LabState, clean_up, is_running, read_state, state_path
from runbooks.engine.plan import PlanRefusedError

if TYPE_CHECKING:
    from estate.model import Estate

STARTED_WITHIN_S = 60.0
ENDED_WITHIN_S = 20.0
READY_WITHIN_S = 120.0
POLL_S = 0.05

Say = Callable[[str], None]


class LabRefusedError(PlanRefusedError):
    """The lab is not in the state that a command needs; nothing was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__((reason,))


class LabFailedError(RuntimeError):
    """The lab did not do what it was asked."""

    def __init__(self, message: str, next_step: str = "") -> None:
        self.next_step = next_step
        super().__init__(message)


class UpInterruptedError(KeyboardInterrupt):
    """Somebody stopped `runbook lab up`."""

    def __init__(self, message: str, next_step: str) -> None:
        self.next_step = next_step
        super().__init__(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpRequest:
    """Arguments of `runbook lab up`; None means the default."""

    estate: Path | None = None
    port: int | None = None
    dns_delay_s: float | None = None
    deploy: bool = True


def find_lab(say: Say) -> LabState | None:
    """The running lab; what a crashed one left is cleaned away and told."""
    path = state_path()
    if not path.exists():
        return None
    state = _settled_state(path)
    if state is None:
        say("a lab ended before it had started; its state file is removed")
        path.unlink(missing_ok=True)
        return None
    if is_running(state):
        return state
    clean_up(state, path)
    say(f"the lab of process {state.pid} had crashed; its processes and files are removed")
    return None


def _settled_state(path: Path) -> LabState | None:
    """The state, once a lab that is starting has written it; None when its process is gone."""
    deadline = time.monotonic() + STARTED_WITHIN_S
    while (state := read_state(path)) is None and _is_starting(path) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return state


def _is_starting(path: Path) -> bool:
    """True when the process that claimed the state file is alive."""
    try:
        os.kill(int(json.loads(path.read_text(encoding="utf-8"))["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return False
    return True


def bring_up(request: UpRequest, say: Say) -> dict[str, Any]:
    """Start the lab and deploy the estate, each unless it is done already.

    Raises:
        LabRefusedError: the port is taken, or another estate is deployed.
        DeployError: the estate could not be deployed; the lab keeps running.
    """
    path = _estate_path(request)
    estate = _load(path) if request.deploy else None
    state = find_lab(say)
    ran_before = state is not None
    if estate is not None:
        require_cdk()
    try:
        state = state or start(request, say)
        _refuse_another(state, request, path)
        if ran_before and request.dns_delay_s is not None:
            ask_lab(state.control, "dns-delay", seconds=request.dns_delay_s)
            say(f"lab: the writer's name follows a promotion after {request.dns_delay_s:g} s from now on")
        if estate is not None and not state.ready:
            _deploy(state, estate, path, say)
            state = read_state() or state
    except KeyboardInterrupt:
        raise _interrupted(ran_before=ran_before) from None
    return {
        "endpoint": state.endpoint,
        "resolver": state.dns,
        "estate": state.estate,
        "pid": state.pid,
        "ran_before": ran_before,
        "ready": state.ready,
    }


def _interrupted(*, ran_before: bool) -> UpInterruptedError:
    """End a lab that this very command started: what is half deployed is of no use."""
    if ran_before:
        return UpInterruptedError(
            "interrupted; the lab keeps running", "runbook lab up goes on, runbook lab down ends it"
        )
    take_down()
    return UpInterruptedError("interrupted; the lab is down again", "runbook lab up starts anew")


def _estate_path(request: UpRequest) -> Path:
    path = (request.estate or DEFAULT_ESTATE).resolve()
    if request.estate is None and request.deploy and not path.exists():
        raise LabRefusedError(f"the example estate must be at {path}, got nothing there; pass --estate FILE")
    return path


def _load(path: Path) -> Estate:
    from estate.load import load_estate

    estate = load_estate(path)
    if estate.account not in {None, ACCOUNT}:
        raise LabRefusedError(
            f"account must be {ACCOUNT}, the lab's, or left out, got {estate.account} in {path}; "
            "rehearse on a copy without the line"
        )
    return estate


def _refuse_another(state: LabState, request: UpRequest, path: Path) -> None:
    if request.deploy and state.estate not in {"", str(path)}:
        raise LabRefusedError(
            f"the running lab must be empty or have {path}, got {state.estate}; end it first: runbook lab down"
        )
    if request.port is not None and not state.endpoint.endswith(f":{request.port}"):
        raise LabRefusedError(
            f"--port must be the running lab's or be left out, got {request.port} beside {state.endpoint}; "
            "end it first: runbook lab down"
        )


def start(request: UpRequest, say: Say) -> LabState:
    """Start the background process and wait until it answers."""
    began_s = time.monotonic()
    command = [sys.executable, "-m", "lab.supervisor", "--state", str(state_path())]
    if request.port is not None:
        command += ["--port", str(request.port)]
    if request.dns_delay_s is not None:
        command += ["--dns-delay-s", str(request.dns_delay_s)]
    said = _first_line(command)
    if "error" in said:
        if said.get("kind") == "port":
            raise LabRefusedError(f"{said['error']}; leave --port out for a free one, or stop what listens there")
        if said.get("kind") == "home":
            raise LabRefusedError(f"{said['error']}; set RUNBOOK_HOME to another")
        raise LabFailedError(f"the lab must start, got: {said['error']}", "run again; `--no-deploy` starts it empty")
    state = LabState(**{**said["state"], "regions": tuple(said["state"]["regions"])})
    say(f"lab: the embedded AWS answers at {state.endpoint} after {time.monotonic() - began_s:.1f} s")
    if request.port is None and not state.endpoint.endswith(f":{PREFERRED_PORT}"):
        say(f"lab: port {PREFERRED_PORT} was taken, this one was free")
    return state


def _first_line(command: list[str]) -> dict[str, Any]:
    """What the background process says first; its end without a word is an error too."""
    with subprocess.Popen(
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=_supervisor_environment(),
        text=True,
    ) as process:
        noise = []
        for line in process.stdout or ():
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    process.returncode = 0  # it is never waited for: it outlives us
                    return dict(json.loads(line))
            noise.append(line)
        return {"error": "".join(noise[-15:]).strip() or "it ended without a word", "kind": "failed"}


def _supervisor_environment() -> dict[str, str]:
    """The caller's environment without its AWS settings, with the checkout on the path."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PG"))}
    paths = [str(CHECKOUT), *filter(None, [kept.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


def _deploy(state: LabState, estate: Estate, path: Path, say: Say) -> None:
    began_s = time.monotonic()
    say(f"lab: deploying {path} with the CDK CLI")
    ask_lab(state.control, "deployed", estate=str(path), regions=list(estate.regions), ready=False)
    ask_lab(state.control, "prepare", versions=_postgres_versions(estate))
    state = read_state() or state
    bootstrap(state, estate.regions, say)
    deploy(state, path, say)
    _await_ready(state)
    ask_lab(state.control, "deployed", estate=str(path), regions=list(estate.regions), ready=True)
    say(f"lab: {estate.name} is deployed, all instances available, {time.monotonic() - began_s:.1f} s")


def _postgres_versions(estate: Estate) -> list[str]:
    return sorted({spec.version for spec in estate.aurora.values() if spec.engine == "aurora-postgresql"})


def _await_ready(state: LabState) -> None:
    """Wait until the API calls every instance available and every process is healthy."""
    deadline = time.monotonic() + READY_WITHIN_S
    while waiting := not_ready(ask_lab(state.control, "status")):
        if time.monotonic() > deadline:
            raise DeployError(
                f"all instances must be available within {READY_WITHIN_S:g} s, got not yet: {', '.join(waiting)}",
                "see `runbook lab status` and `runbook lab log --errors`",
            )
        time.sleep(POLL_S)


def not_ready(overview: dict[str, Any]) -> list[str]:
    """Names of what is not available yet."""
    found = [cluster["cluster"] for cluster in overview["clusters"] if cluster["status"] != "available"]
    for cluster in overview["clusters"]:
        for instance in cluster["instances"]:
            process = instance["process"]
            if instance["status"] != "available" or (process is not None and not process["healthy"]):
                found.append(instance["instance"])
    return found + [cache["cache"] for cache in overview["caches"] if cache["status"] != "available"]


def take_down() -> dict[str, Any]:
    """End the lab; returns when no process, file or state of it is left."""
    path = state_path()
    told: list[str] = []
    state = find_lab(told.append)
    if state is None:
        return {"ended": False, "said": told}
    processes = _count_processes(state)
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    if not _is_gone(state, path, ENDED_WITHIN_S):
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGKILL)
        if not _is_gone(state, path, ENDED_WITHIN_S):
            clean_up(state, path)
    return {"ended": True, "pid": state.pid, "processes": processes, "data": state.base_dir}


def _is_gone(state: LabState, path: Path, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while path.exists() or Path(state.base_dir).exists() or is_running(state):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def _count_processes(state: LabState) -> int:
    """Server processes, the lab's own two included."""
    try:
        overview = ask_lab(state.control, "status")
    except ControlError:
        return 2
    instances = [instance for cluster in overview["clusters"] for instance in cluster["instances"]]
    nodes = [node for cache in overview["caches"] for node in cache["nodes"]]
    return 2 + sum(1 for instance in instances if instance["process"]) + len(nodes)
