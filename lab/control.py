"""A private line to a running lab: one JSON object each way, over a Unix socket that only its user may open."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

TIMEOUT_S = 30.0
Operation = Callable[[dict[str, Any]], Any]


class ControlError(RuntimeError):
    """The lab could not be asked, or refused."""

    next_step = "run again; `runbook lab down` ends what is left"


class _Handler(socketserver.StreamRequestHandler):
    timeout = TIMEOUT_S
    server: ControlServer

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            answer = self.server.answer(self.rfile.readline())
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class ControlServer(socketserver.ThreadingUnixStreamServer):
    """Answers requests of the shape `{"do": NAME, ...}` from a table of operations."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, path: Path, operations: Mapping[str, Operation]) -> None:
        self._operations = dict(operations)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        threading.Thread(target=self.serve_forever, args=(0.1,), name="control", daemon=True).start()

    def answer(self, line: bytes) -> dict[str, Any]:
        """`{"answer": ...}`, or `{"error": ...}`."""
        try:
            request = json.loads(line)
            operation = self._operations.get(request.pop("do"))
            if operation is None:
                return {"error": f"the lab must be asked one of {', '.join(sorted(self._operations))}"}
            return {"answer": operation(request)}
        except Exception as error:
            logger.exception("control.failed")
            return {"error": f"{type(error).__name__}: {error}"}


def ask_lab(path: str, do: str, **arguments: Any) -> Any:
    """Ask a running lab.

    Raises:
        ControlError: it does not answer, or answers with an error.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(TIMEOUT_S)
            line.connect(path)
            line.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            with line.makefile("rb") as reader:
                said = json.loads(reader.readline() or b"{}")
    except (OSError, ValueError) as error:
        raise ControlError(f"the lab must answer on {path}, got {error}") from error
    if "answer" not in said:
        raise ControlError(said.get("error", "the lab ended while it was asked"))
    return said["answer"]
