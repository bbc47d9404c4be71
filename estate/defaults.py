"""What a file left unsaid, by edition and profile: `defaults: "2026-11"` means this table and no later one.

An edition is never edited. A change of mind is a new edition; files move to it by changing one line.
Reasons for each default: design, section 7; `runbook estate check FILE --explain` prints those that are billed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from estate import engines, limits
from estate.values import items_of, list_of, mapping_of

EDITIONS = ("2026-11",)
NEWEST = EDITIONS[-1]

Values = Mapping[str, Any]
GLOBAL_AUTHENTICATION = {"aurora-postgresql": "iam", "aurora-mysql": "own-secret"}
"""How the master user of a Global Database logs in: only PostgreSQL has IAM for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """One edition of one profile; keys are those of the file."""

    estate: Values
    network: Values
    aurora: Values
    aurora_by_engine: Mapping[str, Values]
    provisioned_by_engine: Mapping[str, Values]
    instance: Values
    serverless: Values
    backup: Values
    slo: Values
    endpoint: Values
    cache: Values
    cache_by_engine: Mapping[str, Values]
    memcached: Values
    serverless_cache: Values
    serverless_cache_by_engine: Mapping[str, Values]
    user: Values
    cache_sections: Mapping[str, Values]
    cache_alarms: Mapping[str, Values]
    sections: Mapping[str, Values]
    instances: Values = field(default_factory=dict[str, Any])
    acknowledge: tuple[str, ...] = ()


SECTIONS_2026_11: Mapping[str, Values] = {
    "autoscaling": {"min_readers": 1, "max_readers": 3, "scale_in_cooldown_s": 300, "scale_out_cooldown_s": 300},
    "autoscaling.schedules.*": {"timezone": "UTC"},
    "backup.plan": {
        "schedule": "cron(0 4 ? * * *)",
        "retention_days": 35,
        "continuous": False,
        "copy_retention_days": 35,
    },
    "backup.plan.restore_test": {"schedule": "cron(0 6 ? * SUN *)", "timezone": "Etc/UTC"},
    "dns": {"ttl_s": 5},
    "global": {"write_forwarding": False, "endpoint_output": False},
    "global.secondaries.*": {"write_forwarding": False},
    "global.secondaries.*.serverless": {"min_acu": 0.5, "max_acu": 8},
    "global.secondaries.*.instances.*": {"class": "serverless", "tier": 1},
    "integrations": {"comprehend": False},
    "proxy": {
        "reader_endpoint": True,
        "max_connections_percent": 100,
        "idle_client_timeout_s": 1800,
        "borrow_timeout_s": 120,
    },
    "watch": {"alarms": {}, "events": True, "dashboard": True},
    "watch.alarms": {
        "cpu_percent": 90,
        "free_memory_percent": 10,
        "free_local_storage_bytes": 5_368_709_120,
        "global_lag_ms": 10_000,
        "deadlocks_per_s": 1,
        "connections_percent": 80,
        "acu_percent": 90,
        "transaction_ids": 1_000_000_000,
        "volume_percent": 80,
    },
}
"""Sections of a cluster that a file may leave out whole: filled where they are there; `*` is each member."""

SCALING_2026_11: Values = {"scale_in": True, "scale_in_cooldown_s": 600, "scale_out_cooldown_s": 300}
CACHE_SECTIONS_2026_11: Mapping[str, Values] = {
    "autoscaling.shards": SCALING_2026_11,
    "autoscaling.shards.schedules.*": {"timezone": "UTC"},
    "autoscaling.replicas": SCALING_2026_11,
    "autoscaling.replicas.schedules.*": {"timezone": "UTC"},
    "watch": {"alarms": {}, "events": True, "dashboard": True},
}
"""Sections of a cache of any kind that a file may leave out whole, as above."""

CACHE_ALARMS_2026_11: Mapping[str, Values] = {
    "caches": {
        "cpu_percent": 90,
        "memory_percent": 80,
        "evictions_per_min": 100,
        "replica_lag_s": 10,
        "global_lag_s": 10,
        "durability_lag_ms": 5000,
        "connections_percent": 80,
        "throttled_minutes": 3,
        "authentication_failures_per_min": 5,
        "cpu_credits": 20,
    },
    "memcached": {
        "cpu_percent": 90,
        "swap_bytes": 52_428_800,
        "evictions_per_min": 100,
        "connections_percent": 80,
        "cpu_credits": 20,
    },
    "serverless_caches": {
        "data_percent": 80,
        "ecpu_percent": 80,
        "throttled_per_min": 0,
        "evictions_per_min": 100,
        "read_latency_ms": 10,
        "authentication_failures_per_min": 5,
    },
}
"""`watch.alarms` of a cache, by the unit that declares it: each kind has metrics of its own."""

PRODUCTION_2026_11 = Defaults(
    estate={"protection": True, "shared_key": False},
    network={"cidr": "10.0.0.0/16", "zones": 3, "flow_log_retention_days": 365, "endpoints": ()},
    aurora={
        "master_username": "dbadmin",
        "log_retention_days": 365,
        "enhanced_monitoring_s": 60,
        "minor_upgrades": True,
        "extended_support": False,
        "master_authentication": "managed-secret",
        "data_api": False,
    },
    sections=SECTIONS_2026_11,
    aurora_by_engine={
        "aurora-postgresql": {"port": 5433, "log_exports": ("postgresql",), "backtrack_hours": 0},
        "aurora-mysql": {
            "port": 3307,
            "log_exports": ("audit", "error", "general", "slowquery"),
            "backtrack_hours": 0,
        },
    },
    provisioned_by_engine={"aurora-mysql": {"backtrack_hours": 24}},
    instance={"class": "serverless", "tier": 1},
    serverless={"min_acu": 0.5, "max_acu": 8},
    backup={"retention_days": 35},
    slo={"failover_s": 60, "replica_lag_ms": 100},
    endpoint={"type": "reader"},
    cache={
        "engine": "valkey",
        "version": "8.2",
        "class": "cache.r7g.large",
        "shards": 1,
        "replicas": 1,
        "port": 6380,
        "snapshot_retention_days": 15,
        "log_retention_days": 365,
        "minor_upgrades": True,
        "transit_encryption": "required",
        "extended_support": False,
    },
    cache_by_engine={"redis": {"version": "7.1"}},
    memcached={
        "version": "1.6.22",
        "class": "cache.r7g.large",
        "nodes": 2,
        "port": 11212,
        "transit_encryption": True,
    },
    serverless_cache={"engine": "valkey", "version": "8", "snapshot_retention_days": 15},
    serverless_cache_by_engine={"redis": {"version": "7"}, "memcached": {"version": "1.6"}},
    cache_sections=CACHE_SECTIONS_2026_11,
    cache_alarms=CACHE_ALARMS_2026_11,
    user={"access": "on ~* +@read", "authentication": "iam"},
)

DEV_2026_11 = Defaults(
    estate={"protection": False, "shared_key": True},
    network={"cidr": "10.0.0.0/16", "zones": 2, "flow_log_retention_days": 7, "endpoints": ()},
    aurora=dict(PRODUCTION_2026_11.aurora) | {"log_retention_days": 7, "enhanced_monitoring_s": 0},
    sections=SECTIONS_2026_11,
    aurora_by_engine=PRODUCTION_2026_11.aurora_by_engine,
    provisioned_by_engine={},
    instance=PRODUCTION_2026_11.instance,
    serverless={"min_acu": 0, "max_acu": 2, "pause_after_s": 300},
    backup={"retention_days": 7},
    slo=PRODUCTION_2026_11.slo,
    endpoint=PRODUCTION_2026_11.endpoint,
    cache=dict(PRODUCTION_2026_11.cache)
    | {"class": "cache.t4g.micro", "replicas": 0, "snapshot_retention_days": 0, "log_retention_days": 7},
    cache_by_engine=PRODUCTION_2026_11.cache_by_engine,
    memcached=dict(PRODUCTION_2026_11.memcached) | {"class": "cache.t4g.micro", "nodes": 1},
    serverless_cache=dict(PRODUCTION_2026_11.serverless_cache) | {"snapshot_retention_days": 0},
    serverless_cache_by_engine=PRODUCTION_2026_11.serverless_cache_by_engine,
    cache_sections=CACHE_SECTIONS_2026_11,
    cache_alarms=CACHE_ALARMS_2026_11,
    user=PRODUCTION_2026_11.user,
    instances={"a": {"class": "serverless", "tier": 1}},
    acknowledge=(
        "aurora/single-instance",
        "aurora/class-burstable",
        "cache/class-burstable",
        "cache/no-replica",
        "memcached/one-node",
    ),
)

TABLE: Mapping[tuple[str, str], Defaults] = {
    ("2026-11", "production"): PRODUCTION_2026_11,
    ("2026-11", "dev"): DEV_2026_11,
}


def defaults_of(edition: object, profile: object) -> Defaults:
    """The table's row; the newest production row for an edition or profile that does not exist."""
    key = (str(edition), str(profile))
    return TABLE.get(key) or TABLE.get((NEWEST, key[1])) or TABLE[NEWEST, "production"]


def fill(said: dict[str, Any]) -> dict[str, Any]:
    """A copy of a file's values with everything unsaid filled; values of a wrong kind are left for validation."""
    row = defaults_of(said.get("defaults", NEWEST), said.get("profile", "production"))
    estate = {"defaults": NEWEST, "profile": "production"} | dict(row.estate) | said
    filler = _Filler(row, estate)
    for unit, each in filler.units().items():
        members = _mapping(estate.get(unit))
        if members is not None:
            estate[unit] = {name: each(name, member) for name, member in members.items()}
    filler.add_networks()
    return estate


def _mapping(value: Any) -> dict[str, Any] | None:
    """A mapping, an empty one for nothing, None for anything else."""
    return {} if value is None else mapping_of(value)


class _Filler:
    """Fills the members of one estate."""

    def __init__(self, row: Defaults, estate: dict[str, Any]) -> None:
        self.row = row
        self.estate = estate
        self.regions = list_of(estate.get("regions"))
        self.common: dict[str, Any] = {}
        if isinstance(estate["protection"], bool):
            self.common["protection"] = estate["protection"]
        if self.regions and isinstance(self.regions[0], str):
            self.common["region"] = self.regions[0]
        self.acknowledge = [*row.acknowledge, *list_of(estate.get("acknowledge"))]

    def units(self) -> dict[str, Callable[[Any, Any], Any]]:
        """What fills a member, by the unit that it stands under."""
        row, none = self.row, dict[str, Values]()
        return {
            "network": self.network,
            "aurora": self.cluster,
            "caches": partial(self.cache, "caches", row.cache, row.cache_by_engine),
            "memcached": partial(self.cache, "memcached", row.memcached, none),
            "serverless_caches": partial(
                self.cache, "serverless_caches", row.serverless_cache, row.serverless_cache_by_engine
            ),
        }

    def _acknowledged(self, member: dict[str, Any]) -> dict[str, Any]:
        own: object = member.get("acknowledge", [])
        if own is not None and not isinstance(own, list):
            return {}
        return {"acknowledge": [*list_of(member.get("acknowledge")), *self.acknowledge]}

    def network(self, _name: object, value: Any) -> Any:
        member = _mapping(value)
        if member is None:
            return value
        unsaid = {} if "vpc" in member else dict(self.row.network)
        return unsaid | member | self._acknowledged(member)

    def add_networks(self) -> None:
        networks = mapping_of(self.estate.get("network"))
        for region in self.regions if networks is not None else ():
            if isinstance(region, str) and networks is not None and region not in networks:
                networks[region] = self.network(region, None)

    def cluster(self, name: Any, value: Any) -> Any:
        member = _mapping(value)
        if member is None:
            return value
        row, engine = self.row, str(member.get("engine"))
        filled = {"name": name} | self.common | dict(row.aurora) | dict(row.aurora_by_engine.get(engine, {})) | member
        if row.instances and "instances" not in member:
            filled["instances"] = dict(row.instances)
        filled["instances"] = self._each(filled.get("instances"), row.instance)
        if filled["instances"] is None:
            del filled["instances"]
        elif _can_backtrack(member) and not _any_serverless(filled["instances"]):
            filled |= row.provisioned_by_engine.get(engine, {})
        if member.get("global") is not None:
            filled = _of_global(filled, member)
        self._sections(filled)
        for path, unsaid in row.sections.items():
            filled = _filled_at(filled, path.split("."), unsaid)
        return filled | self._acknowledged(member)

    def _sections(self, filled: dict[str, Any]) -> None:
        for key, unsaid in (("serverless", self.row.serverless), ("backup", self.row.backup), ("slo", self.row.slo)):
            section = _mapping(filled.get(key))
            if section is not None:
                given = _serverless(unsaid, section, filled) if key == "serverless" else unsaid
                filled[key] = dict(given) | section
        if "endpoints" in filled:
            filled["endpoints"] = self._each(filled["endpoints"], self.row.endpoint) or {}

    def _each(self, members: Any, unsaid: Values) -> Any:
        """Every member of a mapping of mappings, filled."""
        if not isinstance(members, dict):
            return members
        filled: dict[str, Any] = {}
        for name, value in items_of(members):  # pyright: ignore[reportUnknownArgumentType]
            member = _mapping(value)
            filled[name] = value if member is None else dict(unsaid) | member
        return filled

    def cache(self, unit: str, unsaid: Values, by_engine: Mapping[str, Values], name: Any, value: Any) -> Any:
        member = _mapping(value)
        if member is None:
            return value
        of_engine = by_engine.get(str(member.get("engine")), {})
        filled = {"name": name} | self.common | dict(unsaid) | dict(of_engine) | member
        if member.get("global") is not None and "minor_upgrades" not in member:
            filled.pop("minor_upgrades", None)  # they never come by themselves to members of a global datastore
        if "users" in member:
            filled["users"] = self._each(member["users"], self.row.user) or {}
        for path, values in self.row.cache_sections.items():
            filled = _filled_at(filled, path.split("."), values)
        filled = _filled_at(filled, ["watch", "alarms"], self.row.cache_alarms[unit])
        return filled | self._acknowledged(member)


def _can_backtrack(member: dict[str, Any]) -> bool:
    """Whether backtrack is left to the default: a Global Database and a replica have none."""
    return "backtrack_hours" not in member and not any(member.get(each) for each in ("global", "replica_of"))


def _of_global(filled: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
    """RDS can't manage the password of a Global Database, and minor versions never come by themselves there."""
    unsaid = {"master_authentication": GLOBAL_AUTHENTICATION.get(str(member.get("engine")), "own-secret")}
    said = {key: member[key] for key in (*unsaid, "minor_upgrades") if key in member}
    return {key: value for key, value in filled.items() if key != "minor_upgrades"} | unsaid | said


def _filled_at(node: Any, path: list[str], unsaid: Values) -> Any:
    """A copy of `node` with the mapping at `path` filled, where there is one."""
    members = mapping_of(node)
    if members is None:
        return node
    if not path:
        return dict(unsaid) | members
    names = list(members) if path[0] == "*" else [path[0]]
    found = {name: _filled_at(members[name], path[1:], unsaid) for name in names if name in members}
    return members | found


def _serverless(unsaid: Values, section: dict[str, Any], cluster: dict[str, Any]) -> Values:
    """A least capacity that the file gives, or a version that can't pause, takes the profile's pause away."""
    if unsaid["min_acu"] == 0 and not _can_pause(cluster):
        unsaid = dict(unsaid) | {"min_acu": limits.ACU_STEP}
    pauses = unsaid["min_acu"] == 0 and "min_acu" not in section
    return {key: value for key, value in unsaid.items() if key != "pause_after_s" or pauses}


def _can_pause(cluster: dict[str, Any]) -> bool:
    engine, version = str(cluster.get("engine")), str(cluster.get("version"))
    known = engine in engines.VERSION_FORMS and engines.is_well_formed(engine, version)
    return not known or engines.can_pause(engine, version)


def _any_serverless(instances: object) -> bool:
    return any((mapping_of(each) or {}).get("class") == "serverless" for _, each in items_of(instances))
