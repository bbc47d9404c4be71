"""The embedded AWS as a server on loopback: moto's dispatcher with request log, faults and errors that name things."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from lab.cloud.call_faults import LostAnswerError, UnknownTroubleError
from lab.cloud.delays import REHEARSAL, Delays
from lab.cloud.faults import UnknownFaultError
from lab.cloud.install import install
from lab.cloud.rds.models import set_faults
from lab.cloud.requests import Call, error_body, error_code_of, read_call
from lab.cloud.runtime import RUNTIME
from lab.plane import DataPlane

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
CONTROL = "/lab/"
StartResponse = Callable[..., Any]


class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    """The request log is ours; werkzeug's own lines would only repeat it."""

    protocol_version = "HTTP/1.1"

    def log(self, _type: str, _message: str, *_args: Any) -> None:
        pass

    def connection_dropped(self, _error: BaseException, _environ: Any = None) -> None:
        """An answer that is lost on purpose: the client sees the connection end, rather than wait for its time-out."""
        self.close_connection = True


class RequestLog:
    """One JSON object per AWS call received, appended to a file; thread-safe. Never bodies, never secrets."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a", encoding="utf-8") if path is not None else None
        self._lock = threading.Lock()

    def write(self, call: Call, status: int, error: str, took_s: float) -> None:
        if self._file is None:
            return
        line = {
            "time": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "service": call.service,
            "operation": call.operation,
            "region": call.region,
            **({"identifiers": call.identifiers} if call.identifiers else {}),
            "status": status,
            **({"error": error} if error else {}),
            "took_s": round(took_s, 3),
        }
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class Application:
    """WSGI: control path, or moto; every call logged, every failure answered as an AWS error."""

    def __init__(self, request_log: RequestLog) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._log = request_log

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = _read_body(environ)
        path = environ.get("PATH_INFO", "")
        if path.startswith(CONTROL):
            return _answer(start_response, *control(environ.get("REQUEST_METHOD", ""), path, body))
        call, began = read_call(environ, body), time.monotonic()
        try:
            status, headers, answer = RUNTIME.call_faults.answer(call, body, lambda: self._ask_moto(environ, call))
        except LostAnswerError:  # the connection is closed without a word
            self._log.write(call, 0, "LostAnswer", time.monotonic() - began)
            raise
        error = error_code_of(answer, {k.lower(): v for k, v in headers}) if status >= 400 else ""  # noqa: PLR2004
        if path != "/favicon.ico":
            self._log.write(call, status, error, time.monotonic() - began)
        start_response(f"{status} {error or 'OK'}", headers)
        return [b""] if environ.get("REQUEST_METHOD") == "HEAD" else [answer]

    def _ask_moto(self, environ: dict[str, Any], call: Call) -> tuple[int, list[tuple[str, str]], bytes]:
        caught: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[..., None]:
            caught.update(status=int(status.split(maxsplit=1)[0]), headers=headers)
            return lambda _data: None

        try:
            answer = b"".join(self._moto(environ, start_response))
        except NotImplementedError:
            return _refusal(call, "UnknownOperationException", _not_modelled(call))
        except Exception as error:
            log.exception("request.broken %s %s", call.service, call.operation)
            return _refusal(
                call, "InternalFailure", f"{call.service} {call.operation} broke in the embedded AWS: {error!r}"
            )
        if caught["status"] in {404, 501} and b"Not yet implemented" in answer:
            return _refusal(call, "UnknownOperationException", _not_modelled(call))
        return caught["status"], caught["headers"], answer


def _not_modelled(call: Call) -> str:
    return f"{call.service} {call.operation} is not modelled by the embedded AWS"


def _refusal(call: Call, code: str, message: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """400, because clients try again after a 500."""
    body, kind = error_body(call, code, message)
    return 400, [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)], body


def _read_body(environ: dict[str, Any]) -> bytes:
    chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read() if chunked else environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def control(method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """`/lab/health`; `/lab/faults` and `/lab/call-faults`: GET shows, POST replaces."""
    if path == "/lab/health":
        return 200, {"ok": True}
    if path == "/lab/call-faults":
        return _control_calls(method, body)
    if path != "/lab/faults":
        return 404, {"error": f"no such path: {path}"}
    if method == "POST":
        try:
            set_faults(json.loads(body or b"{}"))
        except (UnknownFaultError, ValueError) as error:
            return 400, {"error": str(error)}
    return 200, {"faults": RUNTIME.faults.as_dict()}


def _control_calls(method: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """GET shows, POST replaces: `[{"trouble": "throttled", "calls": "rds:Create*", "times": 2}]`."""
    if method == "POST":
        try:
            RUNTIME.call_faults.set(json.loads(body or b"[]"))
        except (UnknownTroubleError, ValueError) as error:
            return 400, {"error": str(error)}
    return 200, {"call_faults": RUNTIME.call_faults.as_list()}


def _answer(start_response: StartResponse, status: int, document: dict[str, Any]) -> list[bytes]:
    body = json.dumps(document).encode()
    start_response(f"{status} Lab", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class CloudServer:
    """The embedded AWS on a loopback port. One per process: moto has one set of backends per process.

    Args:
        port: 0 for any free one; `port` then says which.
        held: a listening socket to serve on instead, which the caller closes.
        plane: processes behind the API; None for none.
        log_path: file that every call received is appended to; None for no log.
        delays: how long passing states last.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        held: socket.socket | None = None,
        plane: DataPlane | None = None,
        log_path: Path | None = None,
        delays: Delays = REHEARSAL,
    ) -> None:
        install(plane, delays=delays)
        self._request_log = RequestLog(log_path)
        self._server: BaseWSGIServer = make_server(
            HOST,
            held.getsockname()[1] if held else port,
            Application(self._request_log),
            threaded=True,
            request_handler=QuietHandler,
            fd=held.fileno() if held else None,
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """By name, not by number: moto reads 127.0.0.1 as a bucket called `127`."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, name="embedded AWS", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()
        self._request_log.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
