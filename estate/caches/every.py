"""Every cache of an estate, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from estate.caches.memcached import MemcachedSpec
    from estate.caches.replication_group import ReplicationGroupSpec
    from estate.caches.serverless import ServerlessCacheSpec
    from estate.model import Estate

UNITS = ("caches", "memcached", "serverless_caches")
"""Where a file declares them: replication groups, Memcached clusters, serverless caches."""


def every_cache(estate: Estate) -> Iterator[tuple[str, ReplicationGroupSpec | MemcachedSpec | ServerlessCacheSpec]]:
    """Each cache, with the unit that declares it."""
    for spec in estate.caches.values():
        yield "caches", spec
    for cluster in estate.memcached.values():
        yield "memcached", cluster
    for serverless in estate.serverless_caches.values():
        yield "serverless_caches", serverless
