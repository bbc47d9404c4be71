"""The lab's one background process: the embedded AWS, the processes behind it, and DNS.

Started by `runbook lab up`. Says on stdout that it is ready, or why not, as one JSON object; then it is quiet.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from lab.cloud.autoscaling.evaluate import UnknownClusterError, loads_of, run_until, set_load
from lab.cloud.names import cname_of
from lab.cloud.server import HOST, CloudServer
from lab.control import ControlServer
from lab.data.dns import DnsServer, UnknownNameError
from lab.data.plane import DNS_DELAY_S, ProcessPlane
from lab.overview import overview
from lab.reaper import start_reaper
from lab.state import PREFERRED_PORT, LabExistsError, LabState, claim_state, read_state, update_state, write_state

logger = logging.getLogger("lab")


class Supervisor:
    """Everything that runs, and the operations of the control line."""

    def __init__(self, state_file: Path, *, port: int | None, dns_delay_s: float) -> None:
        self.state_file = state_file
        self.ended = threading.Event()
        held = hold_port(port)
        self.plane = ProcessPlane(dns_delay_s=dns_delay_s)
        base = self.plane.base_dir
        self._alive = start_reaper(base, state_file)  # from here on nothing stays behind, whatever happens
        _log_to(base / "supervisor.log")
        with held:
            self.cloud = CloudServer(held=held, plane=self.plane, log_path=base / "calls.jsonl")
        self.dns = DnsServer(self._resolve)
        self.control = ControlServer(
            base / "control",
            {
                "status": self._status,
                "prepare": self._prepare,
                "deployed": self._deployed,
                "dns-delay": self._dns_delay,
                "load": self._load,
            },
        )
        self.cloud.start()
        run_until(self.ended)
        self.state = LabState(
            pid=os.getpid(),
            born_s=psutil.Process().create_time(),
            base_dir=str(base),
            endpoint=self.cloud.endpoint,
            dns=f"127.0.0.1:{self.dns.port}",
            control=str(base / "control"),
            log=str(base / "calls.jsonl"),
            truth=str(self.plane.truth.path),
        )
        write_state(state_file, self.state)

    def _resolve(self, name: str) -> str | None:
        """Address of a name of a server or an endpoint, or of a Route 53 name for one."""
        try:
            return self.plane.resolve(name)
        except UnknownNameError:
            target = cname_of(name)
            if target is None:
                raise
            return self.plane.resolve(target)

    def _status(self, _request: dict[str, Any]) -> dict[str, Any]:
        state = read_state(self.state_file) or self.state
        return overview(state, self.plane)

    def _prepare(self, request: dict[str, Any]) -> bool:
        """Make the templates of these Aurora PostgreSQL versions while the CDK CLI is still at work."""
        prepare = threading.Thread(target=self.plane.prepare, args=(request["versions"],), name="prepare", daemon=True)
        prepare.start()
        return True

    def _deployed(self, request: dict[str, Any]) -> bool:
        update_state(
            self.state_file,
            estate=request["estate"],
            regions=tuple(request["regions"]),
            ready=bool(request["ready"]),
        )
        return True

    def _dns_delay(self, request: dict[str, Any]) -> float:
        """Seconds between a promotion and the change of the writer endpoint, from now on."""
        self.plane.dns_delay_s = float(request["seconds"])
        return self.plane.dns_delay_s

    def _load(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """What the nodes of a cluster or cache report from now on, and what auto scaling does; None: no such thing."""
        for namespace, load in loads_of(request):
            try:
                return set_load(request["cluster"], load, dt.datetime.now(dt.UTC), namespace=namespace)
            except UnknownClusterError:
                continue
        return None


class PortTakenError(Exception):
    """The port that was asked for is another program's."""


def hold_port(port: int | None) -> socket.socket:
    """A socket on the port that was asked for; without one on the usual port or, when that is taken, on any.

    The socket is held, not only tried: two labs that start at once would both find the port free.

    Raises:
        PortTakenError: it was asked for and is taken.
    """
    for wanted in (port,) if port is not None else (PREFERRED_PORT, 0):
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((HOST, wanted))
            held.listen()
        except OSError as error:
            held.close()
            reason = error.strerror
        else:
            return held
    raise PortTakenError(f"port {port} of {HOST} must be free, got: {reason}")


def _log_to(path: Path) -> None:
    logging.basicConfig(filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("botocore", "boto3", "werkzeug"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def main(arguments: list[str]) -> int:
    """Run until stopped; exit code 1 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m lab.supervisor")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--dns-delay-s", type=float, default=DNS_DELAY_S)
    options = parser.parse_args(arguments)
    try:
        claim_state(options.state)
    except LabExistsError as error:
        return _tell({"error": str(error), "kind": "exists"})
    except OSError as error:
        must = f"{options.state.parent} must be a folder that can be written"
        return _tell({"error": f"{must}, got: {error.strerror}", "kind": "home"})
    try:
        supervisor = Supervisor(options.state, port=options.port, dns_delay_s=options.dns_delay_s)
    except PortTakenError as error:
        options.state.unlink()
        return _tell({"error": str(error), "kind": "port"})
    except Exception as error:  # noqa: BLE001 - whatever it is, the command that waits must be told
        options.state.unlink()
        return _tell({"error": f"{type(error).__name__}: {error}", "kind": "failed"})
    _tell({"state": asdict(supervisor.state)})
    _detach(supervisor)
    supervisor.ended.wait()
    logger.info("lab.stopping")
    supervisor.plane.close()
    return 0


def _tell(document: dict[str, Any]) -> int:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
    return 1 if "error" in document else 0


def _detach(supervisor: Supervisor) -> None:
    """Let go of the terminal; SIGTERM and SIGINT stop the lab."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
