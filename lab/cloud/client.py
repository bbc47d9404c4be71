"""boto3 clients for the embedded AWS's own parts: they reach the backends without a socket."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.model import OperationModel, ServiceModel
from moto.core.botocore_stubber import BotocoreStubber

ACCOUNT_ID = "123456789012"

_LOCK = threading.Lock()
_SETTINGS: dict[str, Any] = {"ignore_configured_endpoint_urls": True, "retries": {"total_max_attempts": 1}}
_CLIENTS: dict[tuple[str, str, str], Any] = {}


def client(service: str, region: str, account: str = ACCOUNT_ID) -> Any:
    """Client of `service`; parameters are validated by botocore, as for any other client."""
    with _LOCK:
        key = (service, region, account)
        if key not in _CLIENTS:
            _CLIENTS[key] = _new_client(service, region, account)
        return _CLIENTS[key]


def _new_client(service: str, region: str, account: str) -> Any:
    stubber = BotocoreStubber()
    stubber.enabled = True
    made = _session().client(
        service,
        region_name=region,
        aws_access_key_id="lab",
        aws_secret_access_key="lab",  # noqa: S106 (no secret: the embedded AWS asks for none)
        config=Config(**_SETTINGS),
    )

    def name_account(request: Any, **_: Any) -> None:
        request.headers.add_header("x-moto-account-id", account)

    def to_backend(request: Any, **_: Any) -> Any:
        return stubber("before-send", request)

    made.meta.events.register("before-sign", name_account)
    made.meta.events.register("before-send", to_backend)
    return made


@cache
def _session() -> Any:
    return boto3.session.Session()


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def operation(service: str, method: str) -> OperationModel:
    """Botocore's model of a boto3 method (`create_db_cluster`)."""
    model = service_model(service)
    for name in model.operation_names:
        if botocore.xform_name(name) == method:
            return model.operation_model(name)
    raise LookupError(f"botocore's {service} has no operation {method}")
