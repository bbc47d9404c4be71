"""The type of serverless caches."""

from __future__ import annotations

from typing import Any

from lab.cloud.cloudformation.row import Handle, Row, by_name
from lab.cloud.cloudformation.tagging import arn_tags


def _final_snapshot(handle: Handle) -> dict[str, Any]:
    name = handle.properties.get("FinalSnapshotName")
    return {"FinalSnapshotName": name} if name else {}


def _stays(name: str) -> Any:
    """What a template leaves out from now on is not sent, and stays as it is. [B] ModifyServerlessCache"""
    return lambda _old, new: {} if new is None else {name: new}


def _port(endpoint: str) -> Any:
    """CloudFormation gives ports of this type as text."""
    return lambda handle: str(handle.look(f"{endpoint}.Port"))


ROWS = (
    Row(
        type="AWS::ElastiCache::ServerlessCache",
        service="elasticache",
        create="create_serverless_cache",
        update="modify_serverless_cache",
        delete="delete_serverless_cache",
        delete_extra=_final_snapshot,
        key=by_name("ServerlessCacheName"),
        name="ServerlessCacheName",
        name_max=40,
        lower=True,
        describe="describe_serverless_caches",
        path="ServerlessCaches[0]",
        status="Status",
        tags=arn_tags("ARN"),
        accepted=frozenset({"FinalSnapshotName"}),
        update_steps={"FinalSnapshotName": lambda _handle, _new: None},  # the next delete reads it
        update_as={name: _stays(name) for name in ("CacheUsageLimits", "DailySnapshotTime")},
        attrs={
            "ARN": "ARN",
            "CreateTime": lambda h: h.look("CreateTime").isoformat(),
            "Status": "Status",
            "FullEngineVersion": "FullEngineVersion",
            "Endpoint.Address": "Endpoint.Address",
            "Endpoint.Port": _port("Endpoint"),
            "ReaderEndpoint.Address": "ReaderEndpoint.Address",
            "ReaderEndpoint.Port": _port("ReaderEndpoint"),
        },
        unshown={
            "FinalSnapshotName": "a wish for the delete; the API shows the snapshot once it is taken",
            "SnapshotArnsToRestore": "no operation shows what a cache was born from",
        },
    ),
)
