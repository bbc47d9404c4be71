"""The kit's own AWS clients without a socket: real botocore clients whose requests go straight to the embedded AWS.

Everything that botocore does is done (parameters checked, signed, tried again, parsed); only the wire is left out, and
the making of clients, which is slow: they are kept from run to run, each with the retries of a new one. Trouble that is
set for calls happens here as it does on the server. With `keys` the embedded AWS asks its IAM, which is otherwise open.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError
from botocore.retries.quota import RetryQuota
from moto import settings
from moto.core.botocore_stubber import BotocoreStubber

from lab.cloud.call_faults import LostAnswerError
from lab.cloud.client import ACCOUNT_ID, service_model
from lab.cloud.requests import Call
from lab.cloud.runtime import RUNTIME
from runbooks.aws.session import USER_AGENT, AwsSession

_OWN: dict[str, Any] = {"ignore_configured_endpoint_urls": True, "user_agent_extra": USER_AGENT}
OPEN, CLOSED = float("inf"), 0
NOBODY = "kit"
_CLIENTS: dict[tuple[str, ...], tuple[Any, RetryQuota]] = {}


@dataclass(frozen=True)
class Keys:
    """Of an IAM user; without any, nobody is asked whether a call of that account is allowed."""

    key_id: str = NOBODY
    secret: str = field(default="kit", repr=False)
    account: str = ACCOUNT_ID


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Generator[bytes]:
        yield self.read()


@contextmanager
def no_wire(keys: Keys | None = None) -> Generator[None]:
    """Let the kit's clients go to the embedded AWS of this process, with these keys."""
    used = keys or Keys()

    def make(session: AwsSession, service: str, attempts: int) -> Any:
        return _client(service, session.region, used, attempts, asks=used.key_id != NOBODY)

    # moto signs what it received anew, and forgets the query of a GET: Route 53's never match. Who asks is known here.
    unsigned = patch("moto.iam.access_control.IAMRequestBase.check_signature", lambda _request: None)
    with patch.object(AwsSession, "make_client", make), patch("time.sleep", lambda _s: None), unsigned:
        yield


def _client(service: str, region: str, keys: Keys, attempts: int, *, asks: bool) -> Any:
    key = (service, region, keys.key_id, keys.account, str(attempts), str(asks))
    if key not in _CLIENTS:
        quota = RetryQuota()
        with patch("botocore.retries.quota.RetryQuota", lambda: quota):
            _CLIENTS[key] = _new_client(service, region, keys, attempts, asks=asks), quota
    made, quota = _CLIENTS[key]
    quota.release(RetryQuota.INITIAL_CAPACITY)  # what runs before this one used up is not used up for it
    return made


def _new_client(service: str, region: str, keys: Keys, attempts: int, *, asks: bool) -> Any:
    made = _session().client(
        service,
        region_name=region,
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        config=Config(**_OWN, retries={"mode": "standard", "total_max_attempts": attempts}),
    )
    stubber = BotocoreStubber()
    stubber.enabled = True

    def name_account(request: Any, **_: Any) -> None:
        request.headers.add_header("x-moto-account-id", keys.account)

    def to_backend(request: Any, event_name: str, **_: Any) -> Any:
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        call = Call(
            service=service, operation=event_name.rpartition(".")[2], region=region,
            protocol=str(service_model(service).protocol),
        )  # fmt: skip
        try:
            status, headers, answer = RUNTIME.call_faults.answer(
                call, body + request.url.encode(), lambda: _ask(stubber, request, asks=asks)
            )
        except LostAnswerError:
            raise ConnectionClosedError(endpoint_url=request.url) from None
        return AWSResponse(request.url, status, HTTPHeaders.from_pairs(headers), _Raw(answer))

    made.meta.events.register("before-sign", name_account)
    made.meta.events.register("before-send", to_backend)
    return made


def _ask(stubber: BotocoreStubber, request: Any, *, asks: bool) -> Any:
    before, settings.INITIAL_NO_AUTH_ACTION_COUNT = settings.INITIAL_NO_AUTH_ACTION_COUNT, CLOSED if asks else OPEN
    try:
        status, headers, body = stubber.process_request(request)
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before
    return status, list(headers.items()), body.encode() if isinstance(body, str) else body


@cache
def _session() -> Any:
    return boto3.session.Session()
