"""Parameters of Memcached's family, in the form of those of Valkey and Redis OSS. [E4 ParameterGroups.Memcached]

The guide adds them up from 1.4.5 on; 1.6 brings none of its own. Commands that its tables list among them (`watch`,
`stats sizes`, `lru_crawler metadump`, `cache_memlimit`) are no parameters of a group.
"""

from __future__ import annotations

from collections.abc import Mapping

from estate.caches.families import BY_CLASS, BY_SERVICE, Family, Parameter, kept, names_of, one_of, whole

SWITCH = one_of("0", "1")
_SWITCHES = (
    "cas_disabled disable_flush_all error_on_memory_exhausted inline_ascii_resp lru_crawler lru_maintainer "
    "maxconns_fast maximize_core_file_limit no_modern slab_reassign track_sizes"
)
_KEPT = (
    "backlog_queue_limit config_max config_size_max hashpower_init large_memory_pages lock_down_paged_memory "
    "max_simultaneous_connections requests_per_event"
)

MEMCACHED16: Family = {
    **dict.fromkeys(names_of(_SWITCHES), SWITCH),
    **dict.fromkeys(names_of(_KEPT), kept(BY_SERVICE)),
    **dict.fromkeys(("max_cache_memory", "num_threads"), kept(BY_CLASS)),
    "binding_protocol": one_of("ascii", "auto"),
    "chunk_size": whole(1),
    "chunk_size_growth_factor": Parameter("number", 1),
    "hash_algorithm": one_of("murmur3", "jenkins"),
    "idle_timeout": whole(0, 86_400),
    "max_item_size": whole(1024, 1_073_741_824),
    "memcached_connections_overhead": whole(0),
    "slab_automove": one_of("0", "1", "2"),
    "slab_chunk_max": whole(1),
    "watcher_logbuf_size": whole(1),
    "worker_logbuf_size": whole(1),
}
"""Bounds of `max_item_size` are Memcached's own: `-I` takes 1 KiB to 1 GiB. [memcached(1)]"""

FAMILIES: Mapping[str, Family] = {
    "memcached1.4": {**MEMCACHED16, "expirezero_does_not_evict": SWITCH, "modern": SWITCH},
    "memcached1.6": MEMCACHED16,
}
NO_LOGIN = "say in `allow_from` who may connect: ElastiCache's Memcached has no authentication"
LOGINS = ("auth_file", "enable_sasl", "sasl", "sasl_enabled", "sasl_pwdb")
OF_ENGINE = frozenset({*LOGINS, "listen", "memory_limit", "port", "user"})
"""Options of the server that no family offers, and what people call its logins. [memcached(1)]"""
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(LOGINS, NO_LOGIN),
    "memory_limit": BY_CLASS,
    "port": "set `port:` of the cluster",
}


def family_of(version: str) -> str:
    """Family of a version: `memcached1.6` for 1.6.22."""
    return "memcached" + ".".join(version.split(".")[:2])
