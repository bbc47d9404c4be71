"""ElastiCache's operations on serverless caches and their snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from moto.core.responses import ActionResult

from lab.cloud.awserrors import invalid_value
from lab.cloud.elasticache.serverless import ServerlessCaches

MOST = 50  # MaxResults: "The default is 50" and "a maximum of 50" (API reference)


class _Response(Protocol):
    """What the mixin needs of the response that it becomes part of."""

    @property
    def cache(self) -> ServerlessCaches: ...
    @property
    def given(self) -> dict[str, Any]: ...


class ServerlessResponses:
    """Mixed into the response of ElastiCache."""

    def create_serverless_cache(self: _Response) -> ActionResult:
        return ActionResult({"ServerlessCache": self.cache.make_serverless(self.given)})

    def describe_serverless_caches(self: _Response) -> ActionResult:
        name = self.given.get("ServerlessCacheName")
        found = [self.cache.serverless_cache(name)] if name else list(self.cache.serverless.values())
        return _page("ServerlessCaches", found, self.given)

    def modify_serverless_cache(self: _Response) -> ActionResult:
        return ActionResult({"ServerlessCache": self.cache.modify_serverless(self.given)})

    def delete_serverless_cache(self: _Response) -> ActionResult:
        return ActionResult({"ServerlessCache": self.cache.drop_serverless(self.given)})

    def create_serverless_cache_snapshot(self: _Response) -> ActionResult:
        cache = self.cache.serverless_cache(self.given["ServerlessCacheName"])
        return ActionResult({"ServerlessCacheSnapshot": self.cache.take_serverless_snapshot(self.given, cache)})

    def copy_serverless_cache_snapshot(self: _Response) -> ActionResult:
        return ActionResult({"ServerlessCacheSnapshot": self.cache.copy_serverless_snapshot(self.given)})

    def describe_serverless_cache_snapshots(self: _Response) -> ActionResult:
        found = self.cache.find_serverless_snapshots(self.given)
        return _page("ServerlessCacheSnapshots", found, self.given)

    def export_serverless_cache_snapshot(self: _Response) -> ActionResult:
        name, bucket = self.given["ServerlessCacheSnapshotName"], self.given["S3BucketName"]
        return ActionResult({"ServerlessCacheSnapshot": self.cache.export_serverless_snapshot(name, bucket)})

    def delete_serverless_cache_snapshot(self: _Response) -> ActionResult:
        name = self.given["ServerlessCacheSnapshotName"]
        return ActionResult({"ServerlessCacheSnapshot": self.cache.drop_serverless_snapshot(name)})


def _page(key: str, found: Sequence[dict[str, Any]], given: dict[str, Any]) -> ActionResult:
    """At most `MaxResults` of them, and a token for the rest."""
    size, token = int(given.get("MaxResults") or MOST), str(given.get("NextToken") or "0")
    if not 1 <= size <= MOST or not token.isdigit():
        raise invalid_value(f"MaxResults must be 1 to {MOST}, and NextToken one that was given.")
    end = int(token) + size
    answer: dict[str, Any] = {key: list(found[int(token) : end])}
    if end < len(found):
        answer["NextToken"] = str(end)
    return ActionResult(answer)
