"""Raw properties of a cache that contradict what the file says beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from estate.resources import is_function
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec


class HasOverrides(Protocol):
    """A cache of any kind."""

    @property
    def overrides(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Owned:
    """A property that a setting decides: rules, outputs and runbooks go by the setting."""

    setting: str
    value: Callable[[Any], object]


def _nothing(_spec: object) -> None:
    """The kit leaves the property out, or makes what it names."""


OWNED: Mapping[str, Owned] = {
    "AutoMinorVersionUpgrade": Owned("minor_upgrades", lambda s: s.minor_upgrades),
    "CacheNodeType": Owned("class", lambda s: s.node_class),
    "CacheParameterGroupName": Owned("parameters", _nothing),
    "ClusterMode": Owned("cluster_mode", lambda s: s.mode),
    "DataTieringEnabled": Owned("class", lambda s: s.has_data_tiering or None),
    "Durability": Owned("durability", lambda s: s.durability),
    "EngineVersion": Owned("version", lambda s: s.version),
    "NodeGroupConfiguration": Owned("placement", _nothing),
    "NumCacheClusters": Owned("replicas", _nothing),
    "NumNodeGroups": Owned("shards", lambda s: s.shards),
    "Port": Owned("port", lambda s: s.port),
    "PreferredCacheClusterAZs": Owned("placement", _nothing),
    "PreferredMaintenanceWindow": Owned("maintenance_window", lambda s: s.maintenance_window),
    "ReplicasPerNodeGroup": Owned("replicas", lambda s: None if s.placement else s.replicas),
    "SnapshotArns": Owned("origin", _nothing),
    "SnapshotName": Owned("origin", lambda s: s.origin.snapshot if s.origin else None),
    "SnapshotRetentionLimit": Owned("snapshot_retention_days", lambda s: s.snapshot_retention_days),
    "SnapshotWindow": Owned("snapshot_window", lambda s: s.snapshot_window),
    "TransitEncryptionMode": Owned("transit_encryption", lambda s: s.transit_encryption),
}
OWNED_OF_MEMCACHED: Mapping[str, Owned] = {
    "AZMode": Owned("zones", _nothing),
    "CacheNodeType": Owned("class", lambda s: s.node_class),
    "CacheParameterGroupName": Owned("parameters", _nothing),
    "EngineVersion": Owned("version", lambda s: s.version),
    "NumCacheNodes": Owned("nodes", lambda s: s.nodes),
    "Port": Owned("port", lambda s: s.port),
    "PreferredAvailabilityZone": Owned("zones", _nothing),
    "PreferredAvailabilityZones": Owned("zones", _nothing),
    "PreferredMaintenanceWindow": Owned("maintenance_window", lambda s: s.maintenance_window),
    "TransitEncryptionEnabled": Owned("transit_encryption", lambda s: s.transit_encryption),
}
OWNED_OF_SERVERLESS: Mapping[str, Owned] = {
    "CacheUsageLimits": Owned("usage", _nothing),
    "DailySnapshotTime": Owned("daily_snapshot_time", lambda s: s.daily_snapshot_time),
    "MajorEngineVersion": Owned("version", lambda s: s.version),
    "SnapshotArnsToRestore": Owned("origin", _nothing),
    "SnapshotRetentionLimit": Owned("snapshot_retention_days", lambda s: s.snapshot_retention_days),
    "UserGroupId": Owned("users", _nothing),
}
LISTS = frozenset(
    {
        *("CacheUsageLimits", "NodeGroupConfiguration", "PreferredAvailabilityZones", "PreferredCacheClusterAZs"),
        *("SnapshotArns", "SnapshotArnsToRestore"),
    }
)
AT_REST = "AtRestEncryptionEnabled"
FAILOVER, MULTI_AZ = "AutomaticFailoverEnabled", "MultiAZEnabled"


def setting_rule(unit: str, table: Mapping[str, Owned]) -> Rule[Any]:
    """The rule that a raw property says nothing that a setting says, of any kind of cache."""

    def broken(spec: HasOverrides) -> Iterator[Hit]:
        for name, value in spec.overrides.items():
            owned = table.get(name if name in table else _list_of(name))
            if owned is not None and (name not in table or _text(value) != _text(owned.value(spec))):
                said = f"set `{owned.setting}:`"
                yield Hit(("overrides", name), value, must=f"be left to `{owned.setting}:`", fix=said)

    return Rule(
        id=f"{unit}/override-setting",
        reads=(),
        broken=broken,
        must="be left to its setting",
        fix="set it there, where its rules are",
    )


def _list_of(name: str) -> str:
    """The list that a dotted name is a part of; parts of anything else are nobody's."""
    top = name.split(".", maxsplit=1)[0]
    return top if top in LISTS else ""


def _text(value: object) -> str:
    """As CloudFormation takes them for the same: `true` and "true", 2 and "2"."""
    return str(value).lower()


def _encryption(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    value = spec.overrides.get(AT_REST, True)
    if not is_function(value) and _text(value) != "true":
        yield Hit(("overrides", AT_REST), value)


def _switches(spec: ReplicationGroupSpec) -> tuple[bool, bool] | None:
    """Automatic failover and Multi-AZ as they come out; None where a function decides, or nothing is overridden."""
    given: dict[str, Any] = {name: spec.overrides[name] for name in (FAILOVER, MULTI_AZ) if name in spec.overrides}
    if not given or any(is_function(value) for value in given.values()):
        return None
    failover, multi_az = given.get(FAILOVER, spec.fails_over), given.get(MULTI_AZ, spec.is_multi_az)
    return _text(failover) == "true", _text(multi_az) == "true"


def _failover(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    switches = _switches(spec)
    if switches is None:
        return
    failover, multi_az = switches
    path = ("overrides", FAILOVER if FAILOVER in spec.overrides else MULTI_AZ)
    shown = spec.overrides[path[1]]
    if not failover and spec.mode != "disabled":
        yield Hit(path, shown, must=f"leave automatic failover on while cluster mode is {spec.mode}")
    elif multi_az and not failover:
        yield Hit(path, shown, must="not leave Multi-AZ without automatic failover", fix="turn both off, or neither")
    elif failover and spec.nodes == 1:
        yield Hit(path, shown, must="not ask one node for failover: there is none to promote", fix="set `replicas: 1`")
    elif multi_az and spec.least_replicas == 0:
        yield Hit(path, shown, must="not ask for Multi-AZ without a replica in every shard", fix="set `replicas: 1`")
    elif not multi_az and spec.is_durable:
        yield Hit(path, shown, must="leave Multi-AZ on with durability")


def _single_zone(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    switches = _switches(spec)
    if switches is not None and spec.is_multi_az and not switches[1] and not list(_failover(spec)):
        name = MULTI_AZ if MULTI_AZ in spec.overrides else FAILOVER
        yield Hit(("overrides", name), spec.overrides[name])


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    setting_rule("cache", OWNED),
    Rule(
        id="cache/override-encryption",
        reads=(),
        broken=_encryption,
        must="not turn encryption off",
        fix="remove it: it can never be turned on again in place, and a durable group can't be without",
    ),
    Rule(
        id="cache/override-failover",
        reads=("shards", "replicas", "cluster_mode", "placement", "durability"),
        broken=_failover,
        must="go with the rest of the group",
        fix="remove it",
    ),
    Rule(
        id="cache/override-single-zone",
        reads=("shards", "replicas", "cluster_mode", "placement", "durability"),
        broken=_single_zone,
        must="not give up Multi-AZ",
        fix="a lost zone then takes the primary with it until you promote a replica by hand: remove it, or add "
        "`acknowledge: [cache/override-single-zone]`",
        level="warning",
    ),
)
