"""ElastiCache's operations on cache clusters, where they are Memcached's.

Members of replication groups are cache clusters too: what is no Memcached cluster is left to the next in line.
"""

from __future__ import annotations

from typing import Any, Protocol

from moto.core.responses import ActionResult

from lab.cloud.elasticache.memcached import ENGINE, MemcachedClusters


class _Response(Protocol):
    """What the mixin needs of the response that it becomes part of."""

    @property
    def cache(self) -> MemcachedClusters: ...
    @property
    def given(self) -> dict[str, Any]: ...


class MemcachedResponses:
    """Mixed into the response of ElastiCache."""

    def asks_for_memcached(self: _Response) -> bool:
        """Whether the request names a Memcached cluster that is there."""
        return str(self.given.get("CacheClusterId", "")).lower() in self.cache.memcached

    def wants_memcached(self: _Response) -> bool:
        """Whether the request makes a Memcached cluster."""
        return str(self.given.get("Engine", "")).lower() == ENGINE

    def create_memcached(self: _Response) -> ActionResult:
        return ActionResult({"CacheCluster": self.cache.make_memcached(self.given)})

    def modify_memcached(self: _Response) -> ActionResult:
        return ActionResult({"CacheCluster": self.cache.modify_memcached(self.given)})

    def reboot_memcached(self: _Response) -> ActionResult:
        return ActionResult({"CacheCluster": self.cache.reboot_memcached(self.given)})

    def delete_memcached(self: _Response) -> ActionResult:
        return ActionResult({"CacheCluster": self.cache.drop_memcached(self.given)})
