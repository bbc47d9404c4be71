"""Reading an AWS request from its outside: service, operation and resource, for the request log and for errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from moto.core.request import Request
from moto.core.routing import get_service_router

from lab.cloud.client import service_model

# Signing names that are not botocore's service names.
SERVICES = {"monitoring": "cloudwatch", "api.ecr": "ecr"}
# The only parameters whose values are logged: names of things, never secrets, statements or bodies.
IDENTIFIERS = (
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "TargetDBInstanceIdentifier",
    "DBClusterEndpointIdentifier",
    "DBClusterSnapshotIdentifier",
    "FinalDBSnapshotIdentifier",
    "ReplicationGroupId",
    "NodeGroupId",
    "CacheClusterId",
    "UserId",
    "UserGroupId",
    "StackName",
    "ChangeSetName",
    "SecretId",
    "KeyId",
    "RoleArn",
    "Name",
    "logGroupName",
)
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One AWS call as the server received it."""

    service: str
    operation: str
    region: str
    protocol: str
    identifiers: dict[str, str] = field(default_factory=dict)


def read_call(environ: dict[str, Any], body: bytes) -> Call:
    """What is being asked; unsigned requests and unknown services give empty names."""
    match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, signing = match.groups() if match else ("", "")
    service = SERVICES.get(signing, signing)
    protocol = _protocol(service)
    fields = _fields(environ, body)
    return Call(
        service=service,
        operation=_operation(service, environ, fields),
        region=region,
        protocol=protocol,
        identifiers={name: str(fields[name]) for name in IDENTIFIERS if fields.get(name)},
    )


def _protocol(service: str) -> str:
    try:
        return str(service_model(service).protocol)
    except Exception:  # noqa: BLE001 (botocore raises its own for a service it does not know)
        return "query"


def _fields(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    kind = environ.get("CONTENT_TYPE", "")
    try:
        if "x-www-form-urlencoded" in kind:
            return dict(parse_qsl(body.decode()))
        if "json" in kind and body:
            parsed = json.loads(body)
            return parsed if isinstance(parsed, dict) else {}
    except (UnicodeDecodeError, json.JSONDecodeError):
        pass
    return dict(parse_qsl(environ.get("QUERY_STRING", "")))


def _operation(service: str, environ: dict[str, Any], fields: dict[str, Any]) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rsplit(".", 1)[-1]
    if fields.get("Action"):
        return str(fields["Action"])
    try:
        operation, _ = get_service_router(service).match(Request(dict(environ)))
        return str(operation.name)
    except Exception:  # noqa: BLE001 (an unroutable request is logged by its method and path)
        return f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}"


def error_body(call: Call, code: str, message: str) -> tuple[bytes, str]:
    """An AWS error in the service's own protocol: (body, content type)."""
    if call.protocol in {"json", "rest-json", "smithy-rpc-v2-cbor"}:
        body = json.dumps({"__type": code, "message": message, "Message": message})
        return body.encode(), "application/x-amz-json-1.1"
    inside = f"<Code>{code}</Code><Message>{_escape(message)}</Message>"
    forms = {
        "ec2": f"<Response><Errors><Error>{inside}</Error></Errors><RequestID>lab</RequestID></Response>",
        "rest-xml": f"<Error>{inside}</Error>",
    }
    query = f"<ErrorResponse><Error><Type>Sender</Type>{inside}</Error><RequestId>lab</RequestId></ErrorResponse>"
    return forms.get(call.protocol, query).encode(), "text/xml"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def error_code_of(body: bytes, headers: dict[str, str]) -> str:
    """Error code of a failed answer, for the log."""
    if kind := headers.get("x-amzn-errortype"):
        return kind.split(":")[0]
    if match := re.search(rb"<Code>([^<]+)</Code>", body):
        return match.group(1).decode()
    try:
        return str(json.loads(body).get("__type", "")).rsplit("#", 1)[-1]
    except (ValueError, AttributeError):
        return ""
