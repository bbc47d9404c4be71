"""What edits of Memcached clusters would do; nothing of what they hold is kept in any case.

Sources: the template reference of AWS::ElastiCache::CacheCluster; [B] ModifyCacheCluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate.caches.group_changes import OTHER_KEY, version
from estate.changes import REPLACED, ChangeRule, Moved, setting

if TYPE_CHECKING:
    from estate.caches.memcached import MemcachedSpec


ZONE_COUNTS = (2, 3)
"""Zones that a network has; zones that are left out are taken in turn."""


def _memcached_older(old: MemcachedSpec, new: MemcachedSpec) -> Iterator[Moved]:
    if version("memcached", new.version) < version("memcached", old.version):
        yield Moved(("version",), old.version, new.version)


def _memcached_newer(old: MemcachedSpec, new: MemcachedSpec) -> Iterator[Moved]:
    if version("memcached", new.version) > version("memcached", old.version):
        yield Moved(("version",), old.version, new.version)


def _memcached_zones(old: MemcachedSpec, new: MemcachedSpec) -> Iterator[Moved]:
    """Nodes may come and go by their zones; a node that stays does not move."""
    moved = all(old.zones_of_nodes(count) != new.zones_of_nodes(count) for count in ZONE_COUNTS)
    if moved and old.nodes == new.nodes:
        yield Moved(("zones",), old.zones, new.zones)


MEMCACHED_RULES: tuple[ChangeRule[MemcachedSpec], ...] = (
    ChangeRule(
        id="change/memcached-port",
        found=setting("port"),
        effect="replaces",
        what=REPLACED.format(what="cluster"),
        fix=OTHER_KEY,
        property="Port",
    ),
    ChangeRule(
        id="change/memcached-zones",
        found=_memcached_zones,
        effect="replaces",
        what=REPLACED.format(what="cluster"),
        fix="leave it; nodes that you add may stand in other zones",
        property="PreferredAvailabilityZones",
    ),
    ChangeRule(
        id="change/memcached-tls",
        found=setting("transit_encryption"),
        effect="refused",
        what="TLS of Memcached is decided at birth",
        fix=OTHER_KEY,
    ),
    ChangeRule(
        id="change/memcached-class",
        found=setting("node_class", path="class"),
        effect="refused",
        what="CloudFormation changes no node type of Memcached",
        fix="change `nodes`, or declare another cluster, move clients, then remove this one",
    ),
    ChangeRule(
        id="change/memcached-downgrade",
        found=_memcached_older,
        effect="refused",
        what="ElastiCache lowers no version",
        fix=OTHER_KEY,
    ),
    ChangeRule(
        id="change/memcached-version",
        found=_memcached_newer,
        effect="in-place",
        what="every node is made anew and starts empty",
        fix="expect every key to be missed once",
    ),
)
