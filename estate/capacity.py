"""How much an instance or a volume can take: memory of a class, connections that it allows, bytes of a volume.

No service model carries the memory of a class, so it follows from the class's name. [A10 Concepts.DBInstanceClass,
hardware specifications]: `large` has 2 vCPUs and `<n>xlarge` 4 n; r5 and later have 8 GiB for each vCPU, x2g 16 GiB,
r3 and r4 7.625 GiB; burstable classes have sizes of their own. A capacity unit (ACU) has about 2 GiB.
"""

from __future__ import annotations

import re
from functools import cache

from estate import engines, limits

GIB = 1 << 30
TIB = 1 << 40
CLASS = re.compile(r"db\.([a-z]+)(\d+)[a-z]*\.(?:(\d*)x)?(large|medium|small)")
BURSTABLE_GIB = {"small": 2.0, "medium": 4.0, "large": 8.0, "xlarge": 16.0, "2xlarge": 32.0}
FIRST_FULL_R = 5
"""Generation of the r classes from which a vCPU has 8 GiB."""


@cache
def class_memory_gib(name: str) -> float | None:
    """Memory of a provisioned class, GiB; None for a family that the naming rule does not know."""
    match = CLASS.fullmatch(name)
    if match is None:
        return None
    family, generation, size = match[1], int(match[2]), name.rpartition(".")[2]
    if family == "t":
        return BURSTABLE_GIB.get(size)
    per_vcpu = {"r": 8.0 if generation >= FIRST_FULL_R else 7.625, "x": 16.0}.get(family)
    return None if per_vcpu is None or match[4] != "large" else per_vcpu * _vcpus(size)


def _vcpus(size: str) -> int:
    count = size.removesuffix("large").removesuffix("x")
    return 2 if size == "large" else 4 * int(count or 1)


def memory_gib(instance_class: str, max_acu: float) -> float | None:
    """Memory of an instance at its largest, GiB: by its class, or by the most capacity of a serverless one."""
    return limits.ACU_GIB * max_acu if instance_class == "serverless" else class_memory_gib(instance_class)


NODE = re.compile(r"cache\.([a-z]+)(\d+)[a-z]*\.(micro|small|medium|(?:\d*x)?large)")
SINGLE_CORE = frozenset(("cache.t2.micro", "cache.t2.small", "cache.m3.medium"))
FIRST_OF_NOW = 3
"""Generation of node types from which `large` has 2 vCPUs, as the instance types of the same name."""
FEWER_CONNECTIONS = {
    **dict.fromkeys(
        ("cache.t2.micro", "cache.t2.small", "cache.t2.medium", "cache.t3.micro", "cache.t4g.micro"), 20_000
    ),
    **dict.fromkeys(("cache.t3.small", "cache.t3.medium"), 46_000),
}
"""Node types that allow fewer connections. [E4 ParameterGroups.Engine, maxclients by node type; unconfirmed]"""


def node_vcpus(node_class: str) -> int | None:
    """Cores of a cache node; None for a node type that the naming rule does not know. [EC2 instance-types]"""
    match = NODE.fullmatch(node_class)
    if match is None or (match[1] != "t" and int(match[2]) < FIRST_OF_NOW):
        return None
    if node_class in SINGLE_CORE:
        return 1
    return 2 if not match[3].endswith("xlarge") else _vcpus(match[3])


def node_connections(node_class: str) -> int:
    """Connections that a cache node allows; no parameter changes it."""
    return FEWER_CONNECTIONS.get(node_class, limits.CACHE_CONNECTIONS)


POSTGRESQL_BYTES_PER_CONNECTION = 9_531_392
POSTGRESQL_CONNECTIONS_MAX = 5000
"""Both of Aurora PostgreSQL's default formula, LEAST({DBInstanceClassMemory/9531392}, 5000)."""
POSTGRESQL_PAUSABLE_MAX = 2000
"""The same where `min_acu` is 0 or 0.5. [A4 aurora-serverless-v2.max-connections]"""
OVERHEAD_GIB, OVERHEAD_SHARE = 0.2, 0.0617
"""What RDS keeps of an instance's memory before the formula sees it: fits the guide's own table within two
connections (2 GiB 189, 8 GiB 823, 16 GiB 1,669, 32 GiB 3,360). [A4 aurora-serverless-v2.max-connections]"""
MYSQL_CONNECTIONS = (
    *((2, 45), (4, 90), (8, 135), (15, 1000), (30, 2000), (60, 3000)),
    *((120, 4000), (240, 5000), (380, 6000), (760, 7000)),
)
"""GiB from which an Aurora MySQL instance allows so many. [A4 AuroraMySQL.Managing.Performance, max_connections]"""


def default_connections(engine: str, gib: float, *, can_pause: bool = False) -> int:
    """Connections that an instance with this much memory allows, unless a parameter says otherwise."""
    if engine == engines.MYSQL:
        return max((count for least, count in MYSQL_CONNECTIONS if gib >= least), default=MYSQL_CONNECTIONS[0][1])
    usable = (gib * (1 - OVERHEAD_SHARE) - OVERHEAD_GIB) * GIB
    most = POSTGRESQL_PAUSABLE_MAX if can_pause else POSTGRESQL_CONNECTIONS_MAX
    return max(1, min(most, int(usable / POSTGRESQL_BYTES_PER_CONNECTION)))


def volume_max_bytes(engine: str, version: str) -> int:
    """The largest that a cluster's volume can grow with this version, bytes."""
    return (limits.VOLUME_TIB if engines.has_large_volume(engine, version) else limits.VOLUME_TIB_OLDER) * TIB
