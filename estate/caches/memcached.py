"""What one Memcached cluster is declared to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from estate import engines, limits, resources
from estate.caches import common, families_memcached
from estate.caches.overridden import OWNED_OF_MEMCACHED, setting_rule
from estate.caches.parameters import MEMCACHED, Checks, EngineTables, parameter_rules
from estate.caches.watching import MEMCACHED_RULES as WATCH_RULES
from estate.caches.watching import MemcachedWatchSpec
from estate.reach import AllowSpec, allow_count_rule, allow_rules
from estate.spec import ACKNOWLEDGE, OVERRIDES, Acknowledge, Hit, Identifier, Integer, Overrides, Rule, Spec, Switch
from estate.tags import bad_tags

if TYPE_CHECKING:
    from estate.model import Estate

DEFAULT_PORT = 11211
"""Memcached's usual port. [B] CacheCluster.ConfigurationEndpoint, its example"""
VALKEY_ONLY = (
    *("AutoMinorVersionUpgrade", "LogDeliveryConfigurations"),
    *("SnapshotArns", "SnapshotName", "SnapshotRetentionLimit", "SnapshotWindow"),
)
"""Properties of a cache cluster that only Valkey and Redis OSS know. [B] CreateCacheCluster"""


class MemcachedSpec(Spec):
    """One Memcached cluster: nodes that know nothing of each other. `name` is its key in the file."""

    name: Identifier
    version: str = Field(default="1.6.22", description="Engine version, quoted")
    region: str | None = Field(default=None, description="One of `regions`; the first when left out")
    node_class: str = Field(default="cache.r7g.large", alias="class", description="Node type of every node")
    nodes: Annotated[Integer, Field(ge=1)] = Field(default=2, description="Nodes, spread over the zones")
    zones: tuple[Annotated[Integer, Field(ge=1)], ...] = Field(
        default=(), description="Number of the network's zone of each node: [1, 2, 1]; in turn when left out"
    )
    transit_encryption: Switch = Field(
        default=True, description="TLS between clients and nodes; it can't be changed later"
    )
    port: Annotated[Integer, Field(ge=limits.CACHE_PORT_MIN, le=limits.PORT_MAX)] = Field(
        default=11212, description="TCP port; it can't be changed later"
    )
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect, keyed by name")
    maintenance_window: str | None = Field(
        default=None, description="Weekly, UTC, `ddd:hh24:mi-ddd:hh24:mi`, 60 minutes or more"
    )
    parameters: dict[str, str] = Field(default={}, description="Parameters of the cluster, values quoted")
    watch: MemcachedWatchSpec | None = Field(default=None, description="Alarms, events, a dashboard")
    protection: Switch = Field(default=True, description="Termination protection")
    tags: dict[str, str] = Field(default={}, description="Tags, beside those of the estate")
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    engine: ClassVar[Literal["memcached"]] = "memcached"
    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    def zones_of_nodes(self, zone_count: int) -> tuple[int, ...]:
        """Number of each node's zone, from 1; a node keeps its own when others come or go."""
        return self.zones or tuple(index % zone_count + 1 for index in range(self.nodes))


def _is_fine(spec: MemcachedSpec) -> bool:
    return engines.is_well_formed("memcached", spec.version)


def _is_older(spec: MemcachedSpec, version: engines.Version) -> bool:
    return _is_fine(spec) and _version(spec) < version


def _family(spec: MemcachedSpec) -> tuple[str, EngineTables] | None:
    return (families_memcached.family_of(spec.version), MEMCACHED) if _is_fine(spec) else None


def _version(spec: MemcachedSpec) -> engines.Version:
    return engines.parsed("memcached", spec.version)


def _malformed_version(spec: MemcachedSpec) -> Iterator[Hit]:
    if not _is_fine(spec):
        yield Hit(("version",), spec.version)


def _unknown_version(spec: MemcachedSpec) -> Iterator[Hit]:
    if _is_fine(spec) and spec.version not in engines.known_versions("memcached"):
        yield Hit(("version",), spec.version, must=f"be known to the data of {engines.data_date()}")


def _old_version(spec: MemcachedSpec) -> Iterator[Hit]:
    if _is_older(spec, engines.MEMCACHED_MAINTAINED_FROM):
        yield Hit(("version",), spec.version)


def _graviton_version(spec: MemcachedSpec) -> Iterator[Hit]:
    if _is_graviton(spec.node_class) and _is_older(spec, engines.MEMCACHED_GRAVITON_FROM):
        yield Hit(("class",), spec.node_class)


def _is_graviton(node_class: str) -> bool:
    """Families whose name has a `g` behind the generation: `m6g`, `c7gn`."""
    return "g" in common.family_of(node_class).lstrip("cmrt0123456789")


def _tiering_class(spec: MemcachedSpec) -> Iterator[Hit]:
    if common.family_of(spec.node_class).endswith("gd"):
        yield Hit(("class",), spec.node_class)


def _one_node(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.nodes == 1:
        yield Hit(("nodes",), spec.nodes)


def _many_nodes(spec: MemcachedSpec) -> Iterator[Hit]:
    if limits.MEMCACHED_NODES_SURE < spec.nodes <= limits.MEMCACHED_NODES_MAX:
        yield Hit(("nodes",), spec.nodes)


def _too_many_nodes(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.nodes > limits.MEMCACHED_NODES_MAX:
        yield Hit(("nodes",), spec.nodes)


def _zones_of_other_nodes(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.zones and len(spec.zones) != spec.nodes:
        yield Hit(("zones",), len(spec.zones), must=f"name one zone for each of the {spec.nodes} nodes")


def _one_zone(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.nodes > 1 and len(spec.zones) == spec.nodes and len(set(spec.zones)) == 1:
        yield Hit(("zones",), spec.zones)


def _tls_version(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.transit_encryption and _is_older(spec, engines.MEMCACHED_TLS_FROM):
        yield Hit(("version",), spec.version)


def _tls_class(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.transit_encryption and common.family_of(spec.node_class) in engines.MEMCACHED_NO_TLS:
        yield Hit(("class",), spec.node_class)


def _tls_off(spec: MemcachedSpec) -> Iterator[Hit]:
    if not spec.transit_encryption:
        yield Hit(("transit_encryption",), spec.transit_encryption)


def _default_port(spec: MemcachedSpec) -> Iterator[Hit]:
    if spec.port == DEFAULT_PORT:
        yield Hit(("port",), spec.port)


def _foreign_overrides(spec: MemcachedSpec) -> Iterator[Hit]:
    for name in spec.overrides:
        if name.split(".")[0] in VALKEY_ONLY:
            yield Hit(("overrides", name), name)


PARAMETER_RULES = parameter_rules("memcached", Checks(_family, _version))
"""Of which one has nothing to find: no parameter of Memcached came with a later version of its family."""

RULES: tuple[Rule[MemcachedSpec], ...] = (
    *allow_rules("memcached"),
    allow_count_rule("memcached"),
    Rule(
        id="memcached/version-form",
        reads=("version",),
        broken=_malformed_version,
        must="be a version of Memcached",
        fix=f'write it as in "{engines.VERSION_EXAMPLES["memcached"]}"',
    ),
    Rule(
        id="memcached/version-unknown",
        reads=("version",),
        broken=_unknown_version,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [memcached/version-unknown]`",
        level="warning",
    ),
    Rule(
        id="memcached/version-old",
        reads=("version",),
        broken=_old_version,
        must="be 1.6 or newer: Memcached's authors mend no older one",
        fix=f'choose "{engines.newest("memcached")}", or add `acknowledge: [memcached/version-old]`',
        level="warning",
    ),
    Rule(
        id="memcached/class-form",
        reads=("class",),
        broken=lambda spec: common.malformed_class(spec.node_class),
        must="be a node type such as cache.r7g.large",
        fix="see docs/estate.md",
    ),
    Rule(
        id="memcached/class-unknown",
        reads=("class",),
        broken=lambda spec: common.unknown_class(spec.node_class),
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [memcached/class-unknown]`",
        level="warning",
    ),
    Rule(
        id="memcached/class-region",
        reads=("class", "region"),
        broken=lambda spec: common.class_not_in_region(spec.node_class, spec.region),
        must="be offered in the Region",
        fix="choose another class, or add `acknowledge: [memcached/class-region]` if it has arrived there",
        level="warning",
    ),
    Rule(
        id="memcached/class-version",
        reads=("class", "version"),
        broken=_graviton_version,
        must="not be a Graviton node before Memcached 1.5.16",
        fix="choose a newer version, or a class such as cache.r5.large",
    ),
    Rule(
        id="memcached/class-tiering",
        reads=("class",),
        broken=_tiering_class,
        must="not be a node with SSDs: only Valkey and Redis OSS use them",
        fix="choose cache.r7g, or Valkey under `caches:`",
    ),
    Rule(
        id="memcached/one-node",
        reads=("nodes",),
        broken=_one_node,
        must="be 2 at least",
        fix="when the only node fails, everything is gone at once: add one, or `acknowledge: [memcached/one-node]`",
        level="warning",
    ),
    Rule(
        id="memcached/nodes-many",
        reads=("nodes",),
        broken=_many_nodes,
        must=f"be {limits.MEMCACHED_NODES_SURE} at most to be sure: AWS's API reference says "
        f"{limits.MEMCACHED_NODES_SURE}, its quota page {limits.MEMCACHED_NODES_MAX}",
        fix="look at quota L-8C334AD1 of the account, then add `acknowledge: [memcached/nodes-many]`",
        level="warning",
    ),
    Rule(
        id="memcached/nodes-max",
        reads=("nodes",),
        broken=_too_many_nodes,
        must=f"be {limits.MEMCACHED_NODES_MAX} at most without a quota increase",
        fix="choose larger nodes or two clusters; or raise quota L-8C334AD1, then add "
        "`acknowledge: [memcached/nodes-max]`",
        acknowledge=True,
    ),
    Rule(
        id="memcached/zones-count",
        reads=("zones", "nodes"),
        broken=_zones_of_other_nodes,
        must="name one zone for each node",
        fix="add or remove some, or leave it out: nodes take the zones in turn",
    ),
    Rule(
        id="memcached/one-zone",
        reads=("zones", "nodes"),
        broken=_one_zone,
        must="name two zones at least",
        fix="when the only zone fails, everything is gone at once: spread the nodes, or add "
        "`acknowledge: [memcached/one-zone]`",
        level="warning",
    ),
    Rule(
        id="memcached/tls-version",
        reads=("transit_encryption", "version"),
        broken=_tls_version,
        must="be 1.6.12 or newer, which TLS needs",
        fix="choose a newer version, or set `transit_encryption: off`; it can't be turned on later",
    ),
    Rule(
        id="memcached/tls-class",
        reads=("transit_encryption", "class"),
        broken=_tls_class,
        must="be a node type with TLS, which M1, M2, M3, R3, T2 and older ones lack",
        fix="choose a newer class, or set `transit_encryption: off`; it can't be turned on later",
    ),
    Rule(
        id="memcached/tls-off",
        reads=("transit_encryption",),
        broken=_tls_off,
        must="be on: without it keys and values cross the network as they are",
        fix="turn it on (TLS is chosen at birth alone), or add `acknowledge: [memcached/tls-off]`",
        level="warning",
    ),
    Rule(
        id="memcached/default-port",
        reads=("port",),
        broken=_default_port,
        must="not be Memcached's usual one",
        fix="rule packs refuse it: choose another, or add `acknowledge: [memcached/default-port]`",
        level="warning",
    ),
    Rule(
        id="memcached/maintenance-window",
        reads=("maintenance_window",),
        broken=lambda spec: common.malformed_maintenance_window(spec.maintenance_window),
        must="be written ddd:hh24:mi-ddd:hh24:mi, UTC",
        fix='write it as in "sun:05:00-sun:06:00"',
    ),
    Rule(
        id="memcached/window-length",
        reads=("maintenance_window",),
        broken=lambda spec: common.short_maintenance_window(spec.maintenance_window),
        must=f"last {limits.CACHE_WINDOW_MINUTES_MIN} minutes at least",
        fix="lengthen it",
    ),
    Rule(
        id="memcached/tags",
        reads=("tags",),
        broken=lambda spec: bad_tags(spec.tags),
        must="be tags that AWS takes",
        fix="correct them",
    ),
    Rule(
        id="memcached/override-unknown",
        reads=(),
        broken=lambda spec: resources.unknown_overrides(resources.CACHE_CLUSTER, spec.overrides),
        must="be a property of the resource",
        fix="see the CloudFormation reference",
    ),
    Rule(
        id="memcached/override-value",
        reads=(),
        broken=lambda spec: resources.wrong_overrides(resources.CACHE_CLUSTER, spec.overrides),
        must="be a value of the property",
        fix="see the resource's page in the CloudFormation reference",
    ),
    Rule(
        id="memcached/override-identity",
        reads=(),
        broken=lambda spec: resources.identity_overrides(resources.CACHE_CLUSTER, spec.overrides),
        must=resources.MUST_BE_FREE,
        fix="runbooks find the resource by it: rename the key in the file instead",
    ),
    Rule(
        id="memcached/override-foreign",
        reads=(),
        broken=_foreign_overrides,
        must="not be used: it is for Valkey and Redis OSS alone",
        fix="remove it; what it is for is under `caches:`",
    ),
    setting_rule("memcached", OWNED_OF_MEMCACHED),
    *(rule for rule in PARAMETER_RULES if rule.id != "memcached/parameter-version"),
    *WATCH_RULES,
)

MemcachedSpec.RULES = RULES


def _unnamed_zones(estate: Estate) -> Iterator[Hit]:
    """Subnets of an existing network whose zones the file does not name; zones by number are refused there already."""
    for name, spec in estate.memcached.items():
        network = estate.network.get(spec.region or estate.regions[0])
        if network is not None and network.is_existing and not network.availability_zones and not spec.zones:
            yield Hit(("memcached", name, "nodes"), spec.nodes)


def _names_of_members(estate: Estate) -> Iterator[Hit]:
    """Every node of a replication group is a cache cluster too, called after the group: `shop-pages-001`."""
    groups = {f"{estate.name}-{name}": name for name in estate.caches}
    for name in estate.memcached:
        identifier = f"{estate.name}-{name}"
        member = MEMBER.fullmatch(identifier)
        if member is not None and member["group"] in groups:
            must = f"make a name of its own: {identifier} is how nodes of caches.{groups[member['group']]} are called"
            yield Hit(("memcached", name), name, must=must)


MEMBER = re.compile(r"(?P<group>.+?)(-\d{4})?-\d{3}")
"""Name of a node: the group's, the shard's number in cluster mode, the node's. [E4 Endpoints]"""

ESTATE_RULES: tuple[Rule[Estate], ...] = (
    Rule(
        id="estate/memcached-name",
        reads=("estate",),
        broken=_names_of_members,
        must="make a name of its own",
        fix="rename one of the two",
    ),
    Rule(
        id="estate/memcached-zones-unnamed",
        reads=("regions", "memcached.*.nodes", "memcached.*.region"),
        broken=_unnamed_zones,
        must="stand in zones that are named: CloudFormation replaces a cluster whose `nodes` changes without them",
        fix="add `availability_zones:` beside `vpc`, one for each subnet, or "
        "`acknowledge: [estate/memcached-zones-unnamed]`",
        level="warning",
    ),
)
