"""What a version, a class or a neighbour setting does not let an instance, its storage or its cluster do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate import engines
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec
    from estate.instances import InstanceSpec

CERTIFICATE_AUTHORITIES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
"""Each until 2061 or later. [A10 UsingWithRDS.SSL]"""
CERTIFICATE_AUTHORITIES_GONE = {"rds-ca-2019": "22 Aug 2024", "rds-ca-2015": "5 Mar 2020"}
"""When each expired. [A10 UsingWithRDS.SSL]"""
BURSTABLE = "db.t"
BACKTRACK_REGIONS = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
"""Where Aurora MySQL can be wound back. [A4 Concepts.Aurora_Fea_Regions_DB-eng.Feature.Backtrack]"""
BINLOG_OFF = frozenset({"", "off"})


def _version_is_fine(spec: AuroraSpec) -> bool:
    return engines.is_well_formed(spec.engine, spec.version)


def _named(spec: AuroraSpec) -> Iterator[tuple[str, InstanceSpec]]:
    yield from spec.instances.items()


def _class_version(spec: AuroraSpec) -> Iterator[Hit]:
    missing = engines.classes_missing_with(spec.engine, spec.version)
    for name, instance in _named(spec):
        if instance.instance_class in missing:
            given = f"{instance.instance_class} with version {spec.version}"
            yield Hit(("instances", name, "class"), given)


def _burstable(spec: AuroraSpec) -> Iterator[Hit]:
    """A Global Database refuses them with a rule of its own."""
    for name, instance in _named(spec):
        given = instance.instance_class
        if given.startswith(BURSTABLE) and given in engines.known_classes(spec.engine) and not spec.global_database:
            yield Hit(("instances", name, "class"), given)


def _authorities(spec: AuroraSpec) -> Iterator[Hit]:
    for name, instance in _named(spec):
        given = instance.ca
        if given is not None and given not in CERTIFICATE_AUTHORITIES:
            gone = CERTIFICATE_AUTHORITIES_GONE.get(given)
            fix = f"it expired on {gone}: choose {CERTIFICATE_AUTHORITIES[0]}" if gone else ""
            yield Hit(("instances", name, "ca"), given, fix=fix)


def _io_version(spec: AuroraSpec) -> Iterator[Hit]:
    fits = not _version_is_fine(spec) or engines.can_be_io_optimized(spec.engine, spec.version)
    if spec.storage == "io-optimized" and not fits:
        yield Hit(("storage",), f"{spec.storage} with version {spec.version}")


def _forwarding_version(spec: AuroraSpec) -> Iterator[Hit]:
    fits = not _version_is_fine(spec) or engines.can_forward_locally(spec.engine, spec.version)
    if spec.local_write_forwarding and not fits:
        yield Hit(("local_write_forwarding",), f"on with version {spec.version}")


def _forwarding_proxy(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.local_write_forwarding and spec.proxy is not None and spec.engine == engines.POSTGRESQL:
        yield Hit(("local_write_forwarding",), "on beside a proxy")


def _forwarding_for_nobody(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.local_write_forwarding and len(spec.instances) == 1 and spec.autoscaling is None:
        yield Hit(("local_write_forwarding",), "on with 1 instance")


def _insights_class(spec: AuroraSpec) -> Iterator[Hit]:
    for name, instance in _named(spec):
        if spec.insights == "advanced" and not engines.has_insights(spec.engine, instance.instance_class):
            yield Hit(("instances", name, "class"), instance.instance_class)


def _data_api_version(spec: AuroraSpec) -> Iterator[Hit]:
    fits = not _version_is_fine(spec) or engines.has_data_api(spec.engine, spec.version)
    if spec.data_api and not fits:
        yield Hit(("data_api",), f"on with version {spec.version}")


def _data_api_class(spec: AuroraSpec) -> Iterator[Hit]:
    for name, instance in _named(spec):
        if spec.data_api and instance.instance_class.startswith(BURSTABLE):
            yield Hit(("instances", name, "class"), instance.instance_class)


def _never_pauses(spec: AuroraSpec) -> Iterator[Hit]:
    if not spec.has_serverless or spec.serverless.min_acu != 0:
        return
    reasons = [
        ("a proxy, which stays connected", spec.proxy is not None),
        ("a Global Database", spec.global_database is not None),
        ("a binlog", _writes_binlog(spec)),
        ("logical replication", spec.parameters.get("rds.logical_replication", "0").lower() in {"1", "on", "true"}),
    ]
    for reason, holds in reasons:
        if holds:
            yield Hit(("serverless", "min_acu"), f"0 beside {reason}")


def _writes_binlog(spec: AuroraSpec) -> bool:
    return spec.engine == engines.MYSQL and spec.parameters.get("binlog_format", "").lower() not in BINLOG_OFF


def _cache_management(spec: AuroraSpec) -> Iterator[Hit]:
    """Its reader keeps the writer's pages warm: one of tier 0 and of the writer's class, and no serverless one."""
    name = "apg_ccm_enabled"
    if spec.engine != engines.POSTGRESQL or spec.parameters.get(name, "0").lower() not in {"1", "on", "true"}:
        return
    first = [instance.instance_class for instance in spec.instances.values() if instance.tier == 0]
    if len(first) < 2 or len(set(first)) > 1 or "serverless" in first:  # noqa: PLR2004 - a writer and its reader
        yield Hit(("parameters", name), f"1 with {len(first)} instances in tier 0")


def _backtrack_binlog(spec: AuroraSpec) -> Iterator[Hit]:
    """A blue/green deployment and a replica have rules of their own about it."""
    if spec.effective_backtrack_hours and _writes_binlog(spec) and not (spec.blue_green or spec.replica_of):
        given = f"{spec.effective_backtrack_hours} beside binlog_format {spec.parameters['binlog_format']}"
        yield Hit(("backtrack_hours",), given)


def _backtrack_region(spec: AuroraSpec) -> Iterator[Hit]:
    if (
        spec.effective_backtrack_hours
        and spec.engine == engines.MYSQL
        and spec.region not in {None, *BACKTRACK_REGIONS}
    ):
        yield Hit(("backtrack_hours",), f"{spec.effective_backtrack_hours} in {spec.region}")


def _backtrack_enhanced(spec: AuroraSpec) -> Iterator[Hit]:
    enhanced = spec.parameters.get("aurora_enhanced_binlog", "0").lower() in {"1", "on", "true"}
    if spec.effective_backtrack_hours and spec.engine == engines.MYSQL and enhanced:
        yield Hit(
            ("parameters", "aurora_enhanced_binlog"), f"1 beside {spec.effective_backtrack_hours} hours of backtrack"
        )


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/class-version",
        reads=("engine", "version"),
        broken=_class_version,
        must="be a class of this version",
        fix="choose another class or a newer version, or add `acknowledge: [aurora/class-version]` if it has arrived",
        acknowledge=True,
    ),
    Rule(
        id="aurora/class-burstable",
        reads=("engine",),
        broken=_burstable,
        must="be one that holds its speed: a burstable class is for development and tests",
        fix="choose db.r8g or serverless, or add `acknowledge: [aurora/class-burstable]`",
        level="warning",
    ),
    Rule(
        id="aurora/ca",
        reads=(),
        broken=_authorities,
        must=f"be one of {', '.join(CERTIFICATE_AUTHORITIES)}",
        fix="choose one of them, or add `acknowledge: [aurora/ca]` if it is newer",
        acknowledge=True,
    ),
    Rule(
        id="aurora/io-optimized-version",
        reads=("storage", "engine", "version"),
        broken=_io_version,
        must="be standard with a version that has no I/O-Optimized",
        fix="choose APG 16.1, 15.2, 14.7, 13.10 or Aurora MySQL 3.03.1, or newer; or remove it",
    ),
    Rule(
        id="aurora/forwarding-version",
        reads=("local_write_forwarding", "engine", "version"),
        broken=_forwarding_version,
        must="be off with a version that can't",
        fix="choose APG 16.4, 15.8, 14.13 or Aurora MySQL 3.04, or newer; or remove it",
    ),
    Rule(
        id="aurora/forwarding-proxy",
        reads=("local_write_forwarding", "proxy", "engine"),
        broken=_forwarding_proxy,
        must="be off beside a proxy, through which Aurora PostgreSQL forwards nothing",
        fix="remove one of the two",
    ),
    Rule(
        id="aurora/forwarding-nobody",
        reads=("local_write_forwarding", "instances"),
        broken=_forwarding_for_nobody,
        must="have a reader that forwards",
        fix="add an instance, or remove it",
        level="warning",
    ),
    Rule(
        id="aurora/insights-class",
        reads=("engine", "insights"),
        broken=_insights_class,
        must="be a class that Database Insights runs on, for `insights: advanced`",
        fix="choose another class, or leave `insights` out",
    ),
    Rule(
        id="aurora/data-api-version",
        reads=("data_api", "engine", "version"),
        broken=_data_api_version,
        must="be off with a version that has no Data API",
        fix="choose APG 16.1, 15.3, 14.8, 13.11 or Aurora MySQL 3.07, or newer; or remove it",
    ),
    Rule(
        id="aurora/data-api-class",
        reads=("data_api",),
        broken=_data_api_class,
        must="not be burstable: the Data API does not run on T classes",
        fix="choose another class, or remove data_api",
    ),
    Rule(
        id="aurora/pause-never",
        reads=("serverless.min_acu", "proxy", "global", "parameters"),
        broken=_never_pauses,
        must="be above 0 where something keeps the instances awake",
        fix="raise min_acu, remove what keeps them awake, or add `acknowledge: [aurora/pause-never]`",
        level="warning",
    ),
    Rule(
        id="aurora/cache-management",
        reads=("engine", "parameters", "instances.*.tier", "instances.*.class"),
        broken=_cache_management,
        must="have a writer and a reader of one provisioned class in tier 0, or it does nothing",
        fix="give two instances of one class `tier: 0`, or remove it",
        level="warning",
    ),
    Rule(
        id="aurora/backtrack-binlog",
        reads=("backtrack_hours", "engine", "parameters"),
        broken=_backtrack_binlog,
        must="be 0 beside a binlog: winding back breaks its replicas, and AWS does it only when forced",
        fix="set `backtrack_hours: 0`, remove binlog_format, or add `acknowledge: [aurora/backtrack-binlog]`",
        level="warning",
    ),
    Rule(
        id="aurora/backtrack-region",
        reads=("backtrack_hours", "engine", "region"),
        broken=_backtrack_region,
        must="be 0 in a Region that has no backtrack",
        fix="set `backtrack_hours: 0` and restore to a point in time instead, "
        "or add `acknowledge: [aurora/backtrack-region]` if it has arrived there",
        acknowledge=True,
    ),
    Rule(
        id="aurora/backtrack-enhanced-binlog",
        reads=("backtrack_hours", "engine", "parameters"),
        broken=_backtrack_enhanced,
        must="be 0 beside backtrack: a cluster has one of the two",
        fix="set `backtrack_hours: 0`, or remove it",
    ),
)
