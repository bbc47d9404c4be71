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
    from estate.model import Estate
    from estate.spec import Path

Zones = tuple[int, ...] | tuple[str, ...]


def _memcached_older(old: MemcachedSpec, new: MemcachedSpec) -> Iterator[Moved]:
    if version("memcached", new.version) < version("memcached", old.version):
        yield Moved(("version",), old.version, new.version)


def _memcached_newer(old: MemcachedSpec, new: MemcachedSpec) -> Iterator[Moved]:
    if version("memcached", new.version) > version("memcached", old.version):
        yield Moved(("version",), old.version, new.version)


def zones_moved(old: Estate, new: Estate) -> Iterator[tuple[Path, Zones, Zones]]:
    """Clusters of which a node that stays would stand in another zone, and the zones of their nodes.

    Either `zones` says so, or nodes take the zones of the network in turn, and it has others now. Nodes come and go at
    the end. A network whose zones the file does not name has none to compare.
    """
    for name, now in new.memcached.items():
        before = old.memcached.get(name)
        was, zones = (before and _zones(old, before), _zones(new, now))
        if was and zones and any(one != other for one, other in zip(was, zones, strict=False)):
            yield ("memcached", name, "zones"), was, zones


def _zones(estate: Estate, spec: MemcachedSpec) -> Zones:
    """Number of each node's zone, from 1; or its name, where the network names its zones."""
    network = estate.network.get(spec.region or estate.regions[0])
    if network is None or (network.is_existing and not network.availability_zones):
        return ()
    names = network.availability_zones
    numbers = spec.zones_of_nodes(len(names) or network.zones)
    return tuple(names[number - 1] for number in numbers) if names else numbers


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
