"""What one Aurora cluster is declared to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from estate import engines, limits, resources, windows
from estate.availability import RULES as AVAILABILITY_RULES
from estate.backups import RULES as BACKUP_RULES
from estate.backups import BackupPlanSpec
from estate.credentials import RULES as CREDENTIAL_RULES
from estate.dns import RULES as DNS_RULES
from estate.dns import DnsSpec
from estate.instance_rules import RULES as INSTANCE_RULES
from estate.instances import InstanceSpec, ServerlessSpec
from estate.integrations import RULES as INTEGRATION_RULES
from estate.integrations import IntegrationsSpec
from estate.origin import RULES as ORIGIN_RULES
from estate.origin import OriginSpec
from estate.parameter_rules import RULES as PARAMETER_RULES
from estate.reach import RULES as REACH_RULES
from estate.reach import AllowSpec, ProxySpec
from estate.replication import RULES as REPLICATION_RULES
from estate.replication import GlobalSpec, over_secondaries
from estate.scaling import RULES as SCALING_RULES
from estate.scaling import AutoscalingSpec
from estate.spec import (
    ACKNOWLEDGE,
    OVERRIDES,
    Acknowledge,
    Hit,
    Identifier,
    Integer,
    Number,
    Overrides,
    Rule,
    Spec,
    Switch,
    no_switch,
)
from estate.tags import bad_tags
from estate.upgrading import RULES as UPGRADE_RULES
from estate.upgrading import BlueGreenSpec
from estate.watching import RULES as WATCH_RULES
from estate.watching import WatchSpec

__all__ = ["AuroraSpec", "BackupSpec", "EndpointSpec", "InstanceSpec", "ServerlessSpec", "SloSpec"]

Engine = Literal["aurora-postgresql", "aurora-mysql"]
LIMITLESS = "-limitless"
BACKTRACK_HOURS = 24
RESERVED_USERNAMES = frozenset({"admin", "postgres", "root", "rdsadmin", "rdsrepladmin", "mysql", "public", "user"})
"""Rule packs refuse the first two; the engines keep the others. [hardening, SMG4; B CreateDBCluster.MasterUsername]"""


class EndpointSpec(Spec):
    """One custom endpoint; name its members or those it leaves out, not both."""

    type: Literal["reader", "any"] = Field(
        default="reader", description="`reader` answers with readers only, `any` with the writer too"
    )
    members: Annotated[tuple[Identifier, ...], Field(description="Instances it answers with")] = ()
    excluded: Annotated[tuple[Identifier, ...], Field(description="Instances it never answers with")] = ()
    overrides: Overrides = Field(default={}, description=OVERRIDES)


class BackupSpec(Spec):
    """Automated backups; Aurora can't turn them off."""

    retention_days: Annotated[Integer, Field(ge=limits.BACKUP_DAYS_MIN, le=limits.BACKUP_DAYS_MAX)] = Field(
        default=35, description="Days that any second can be restored"
    )
    window: str | None = Field(
        default=None, description="Daily, UTC, `hh24:mi-hh24:mi`, 30 minutes or more; AWS chooses when left out"
    )
    plan: BackupPlanSpec | None = Field(default=None, description="An AWS Backup plan")


class SloSpec(Spec):
    """What a drill is judged against."""

    failover_s: Annotated[Number, Field(gt=0)] = Field(default=60, description="Longest outage for writes, seconds")
    replica_lag_ms: Annotated[Number, Field(gt=0)] = Field(default=100, description="Longest replica lag, milliseconds")


class AuroraSpec(Spec):
    """One cluster. `name` is its key in the file."""

    name: Identifier
    engine: Engine = Field(description="`aurora-postgresql` or `aurora-mysql`")
    version: str = Field(description='Engine version, quoted: "17.7", "8.0.mysql_aurora.3.10.0"')
    region: str | None = Field(default=None, description="One of `regions`; the first when left out")
    port: Annotated[Integer, Field(ge=limits.AURORA_PORT_MIN, le=limits.PORT_MAX)] | None = Field(
        default=None, description="TCP port; 5433 for PostgreSQL, 3307 for MySQL when left out"
    )
    database: str | None = Field(default=None, description="A database to create with the cluster")
    master_username: str = Field(
        default="dbadmin", description="Name of the master user; RDS makes and keeps its password in Secrets Manager"
    )
    instances: Annotated[
        dict[Identifier, InstanceSpec],
        Field(
            min_length=1,
            max_length=limits.INSTANCES_MAX,
            description="One to sixteen instances, keyed by name; any may be the writer",
        ),
    ]
    serverless: ServerlessSpec = Field(default=ServerlessSpec(), description="Capacity of the serverless instances")
    endpoints: dict[Identifier, EndpointSpec] = Field(default={}, description="Custom endpoints, at most five")
    backup: BackupSpec = Field(default=BackupSpec(), description="Automated backups")
    backtrack_hours: Annotated[Integer, Field(ge=0, le=limits.BACKTRACK_HOURS_MAX)] | None = Field(
        default=None,
        description="Hours that Aurora MySQL can be wound back, 0 for off; 24 for provisioned MySQL when left out. "
        "Only some Regions have it, and no data says which",
    )
    maintenance_window: str | None = Field(
        default=None, description="Weekly, UTC, `ddd:hh24:mi-ddd:hh24:mi`, 30 minutes or more"
    )
    log_exports: tuple[str, ...] | None = Field(
        default=None, description="Logs sent to CloudWatch; those an auditor asks for when left out"
    )
    log_retention_days: Integer = Field(default=365, description="Days that exported logs are kept")
    parameters: dict[str, str] = Field(default={}, description="Cluster parameters, values quoted")
    instance_parameters: dict[str, str] | None = Field(
        default=None,
        description="Instance parameters of all instances, values quoted; `{}` leads back to the default group",
    )
    storage: Literal["standard", "io-optimized"] | None = Field(
        default=None,
        description="`io-optimized` bills no input and output, which pays where there is much; `standard` leads back; "
        "standard, and left alone later, when left out",
    )
    master_authentication: Literal["managed-secret", "own-secret", "iam"] = Field(
        default="managed-secret",
        description="How the master user logs in: a secret that RDS makes and rotates, one of the stack's own, or IAM",
    )
    data_api: Switch = Field(default=False, description="SQL over HTTPS with IAM: the RDS Data API")
    local_write_forwarding: Switch | None = Field(
        default=None, description="Readers send writes on to the writer; off, and left alone later, when left out"
    )
    insights: Literal["standard", "advanced"] | None = Field(
        default=None,
        description="Mode of Database Insights: `advanced` keeps 465 days and is billed; `standard` leads back; "
        "standard, and left alone later, when left out",
    )
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect, keyed by name")
    dns: DnsSpec | None = Field(default=None, description="Names in Route 53")
    proxy: ProxySpec | None = Field(default=None, description="RDS Proxy")
    autoscaling: AutoscalingSpec | None = Field(default=None, description="Replica auto scaling")
    integrations: IntegrationsSpec | None = Field(
        default=None, description="AWS services that the database itself calls"
    )
    watch: WatchSpec | None = Field(default=None, description="Alarms, events, a dashboard")
    origin: OriginSpec | None = Field(default=None, description="What the cluster is born from")
    replica_of: Identifier | None = Field(
        default=None, description="Aurora MySQL cluster of the estate, in another Region, that it replicates by binlog"
    )
    global_database: GlobalSpec | None = Field(
        default=None, alias="global", description="Global Database: secondary Regions"
    )
    blue_green: BlueGreenSpec | None = Field(default=None, description="A blue/green deployment")
    slo: SloSpec = Field(default=SloSpec(), description="What a drill is judged against")
    protection: Switch = Field(default=True, description="Deletion protection and termination protection")
    enhanced_monitoring_s: Annotated[Literal[0, 1, 5, 10, 15, 30, 60], BeforeValidator(no_switch)] = Field(
        default=60, description="Seconds between points of enhanced monitoring, 0 for off"
    )
    minor_upgrades: Switch = Field(default=True, description="Minor versions are applied in the maintenance window")
    extended_support: Switch = Field(default=False, description="Run a version past standard support, at a price")
    tags: dict[str, str] = Field(default={}, description="Tags, beside those of the estate")
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    overrides: Overrides = Field(default={}, description=OVERRIDES)

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    @property
    def effective_port(self) -> int:
        """The TCP port, filled."""
        return engines.DEFAULT_PORTS[self.engine] if self.port is None else self.port

    @property
    def effective_log_exports(self) -> tuple[str, ...]:
        """The logs sent to CloudWatch, filled."""
        return engines.DEFAULT_LOG_EXPORTS[self.engine] if self.log_exports is None else self.log_exports

    @property
    def effective_backtrack_hours(self) -> int:
        """Hours that the cluster can be wound back, filled; 0 is off."""
        if self.backtrack_hours is not None:
            return self.backtrack_hours
        if self.global_database is not None or self.replica_of is not None:
            return 0
        return BACKTRACK_HOURS if self.engine == engines.MYSQL and not self.has_serverless else 0

    @property
    def has_serverless(self) -> bool:
        return any(instance.is_serverless for instance in self.instances.values())


def _malformed_version(spec: AuroraSpec) -> Iterator[Hit]:
    if not engines.is_well_formed(spec.engine, spec.version):
        yield Hit(("version",), spec.version, fix=f'write it as in "{engines.VERSION_EXAMPLES[spec.engine]}"')


def _unknown_version(spec: AuroraSpec) -> Iterator[Hit]:
    if engines.is_well_formed(spec.engine, spec.version) and spec.version not in engines.known_versions(spec.engine):
        yield Hit(("version",), spec.version, must=f"be known to the data of {engines.data_date()}")


def _gone_version(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.version in engines.retired_versions(spec.engine) and engines.names_minor(spec.engine, spec.version):
        yield Hit(("version",), spec.version, fix=f'choose a newer one, such as "{engines.newest(spec.engine)}"')


def _limitless_version(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.version.endswith(LIMITLESS):
        yield Hit(("version",), spec.version, fix=f'choose "{spec.version.removesuffix(LIMITLESS)}"')


def _vague_version(spec: AuroraSpec) -> Iterator[Hit]:
    if engines.is_well_formed(spec.engine, spec.version) and not engines.names_minor(spec.engine, spec.version):
        yield Hit(("version",), spec.version, fix=f'write it whole, as in "{engines.VERSION_EXAMPLES[spec.engine]}"')


def _ending_version(spec: AuroraSpec) -> Iterator[Hit]:
    ends = engines.minor_ends(spec.engine, spec.version) if _version_is_fine(spec) else None
    if ends and spec.version not in engines.retired_versions(spec.engine):
        newer = engines.newest_like(spec.engine, spec.version)
        fix = f'AWS upgrades it by itself after {ends}: choose a newer one, such as "{newer}"'
        yield Hit(("version",), spec.version, fix=fix)


def _extended_support(spec: AuroraSpec) -> Iterator[Hit]:
    since = engines.extended_support_since(spec.engine, spec.version)
    if since and not spec.extended_support:
        fix = f"standard support ended on {since}: upgrade, or set `extended_support: true`, which is billed"
        yield Hit(("version",), spec.version, fix=fix)


def _malformed_class(spec: AuroraSpec) -> Iterator[Hit]:
    for name, instance in spec.instances.items():
        if not instance.is_serverless and not _is_class(instance.instance_class):
            given = instance.instance_class
            yield Hit(("instances", name, "class"), given, fix="write `serverless`" if "serverless" in given else "")


def _is_class(name: str) -> bool:
    return name.startswith("db.") and engines.CLASS_FORM.fullmatch(name) is not None


def _unknown_class(spec: AuroraSpec) -> Iterator[Hit]:
    known = engines.known_classes(spec.engine)
    for name, instance in spec.instances.items():
        given = instance.instance_class
        if _is_class(given) and given not in known:
            yield Hit(
                ("instances", name, "class"),
                given,
                must=f"be a class of {spec.engine} in the data of {engines.data_date()}",
            )


def _class_not_in_region(spec: AuroraSpec) -> Iterator[Hit]:
    missing = engines.classes_missing_in(spec.region or "")
    for name, instance in spec.instances.items():
        if instance.instance_class in missing and instance.instance_class in engines.known_classes(spec.engine):
            yield Hit(("instances", name, "class"), instance.instance_class, must=f"be offered in {spec.region}")


def _single_instance(spec: AuroraSpec) -> Iterator[Hit]:
    if len(spec.instances) == 1:
        yield Hit(("instances",), "1 instance")


def _one_zone(spec: AuroraSpec) -> Iterator[Hit]:
    zones = {instance.zone for instance in spec.instances.values()}
    if len(spec.instances) > 1 and len(zones) == 1 and None not in zones:
        yield Hit(("instances",), f"zone {next(iter(zones))} for all")


def _serverless_version(spec: AuroraSpec) -> Iterator[Hit]:
    if engines.is_well_formed(spec.engine, spec.version) and not engines.can_be_serverless(spec.engine, spec.version):
        for name, instance in spec.instances.items():
            if instance.is_serverless:
                yield Hit(("instances", name, "class"), f"serverless with version {spec.version}")


def _acu_step(spec: AuroraSpec) -> Iterator[Hit]:
    for name in ("min_acu", "max_acu"):
        value: float = getattr(spec.serverless, name)
        if (value / limits.ACU_STEP) % 1:
            yield Hit(("serverless", name), value)


def _acu_range(spec: AuroraSpec) -> Iterator[Hit]:
    most = engines.acu_max(spec.engine, spec.version) if _version_is_fine(spec) else limits.ACU_MAX
    low, high = spec.serverless.min_acu, spec.serverless.max_acu
    if not 0 <= low <= most:
        yield Hit(("serverless", "min_acu"), low, must=f"be between 0 and {most}")
    if not limits.ACU_MAX_LEAST <= high <= most:
        must = f"be between {limits.ACU_MAX_LEAST} and {most} with version {spec.version}"
        yield Hit(("serverless", "max_acu"), high, must=must)


def _version_is_fine(spec: AuroraSpec) -> bool:
    return engines.is_well_formed(spec.engine, spec.version)


def _acu_order(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.serverless.max_acu < spec.serverless.min_acu:
        yield Hit(
            ("serverless", "max_acu"),
            spec.serverless.max_acu,
            must=f"not be below min_acu ({spec.serverless.min_acu:g})",
        )


def _pause_version(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.serverless.min_acu == 0 and _version_is_fine(spec) and not engines.can_pause(spec.engine, spec.version):
        yield Hit(("serverless", "min_acu"), spec.serverless.min_acu)


def _pause_without_zero(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.serverless.pause_after_s is not None and spec.serverless.min_acu != 0:
        yield Hit(("serverless", "pause_after_s"), spec.serverless.pause_after_s)


def _endpoint_count(spec: AuroraSpec) -> Iterator[Hit]:
    if len(spec.endpoints) > limits.CUSTOM_ENDPOINTS_MAX:
        yield Hit(("endpoints",), len(spec.endpoints))


def _endpoint_members(spec: AuroraSpec) -> Iterator[Hit]:
    for name, endpoint in spec.endpoints.items():
        for field in ("members", "excluded"):
            for index, member in enumerate(getattr(endpoint, field)):
                if member not in spec.instances:
                    yield Hit(("endpoints", name, field, index), member, fix=f"name one of {', '.join(spec.instances)}")


def _endpoint_both_lists(spec: AuroraSpec) -> Iterator[Hit]:
    for name, endpoint in spec.endpoints.items():
        if endpoint.members and endpoint.excluded:
            yield Hit(("endpoints", name, "excluded"), endpoint.excluded)


def _endpoint_repeats(spec: AuroraSpec) -> Iterator[Hit]:
    for name, endpoint in spec.endpoints.items():
        for field in ("members", "excluded"):
            given: tuple[str, ...] = getattr(endpoint, field)
            if len(set(given)) < len(given):
                yield Hit(("endpoints", name, field), given)


def _endpoint_is_empty(spec: AuroraSpec) -> Iterator[Hit]:
    for name, endpoint in spec.endpoints.items():
        if endpoint.excluded and not set(spec.instances) - set(endpoint.excluded):
            yield Hit(("endpoints", name, "excluded"), endpoint.excluded)


def _endpoint_shared(spec: AuroraSpec) -> Iterator[Hit]:
    """Members set apart, while nothing else leaves them out: other clients have the reader endpoint alone."""
    wrong = (_endpoint_members, _endpoint_both_lists, _endpoint_repeats)
    if any(list(check(spec)) for check in wrong):
        return
    for name, endpoint in spec.endpoints.items():
        apart = set(endpoint.members)
        others = [other for key, other in spec.endpoints.items() if key != name]
        if apart and apart < set(spec.instances) and not any(_leaves_out(other, apart) for other in others):
            yield Hit(("endpoints", name, "members"), endpoint.members)


def _leaves_out(endpoint: EndpointSpec, instances: set[str]) -> bool:
    return bool(endpoint.excluded) and instances <= set(endpoint.excluded)


def _endpoint_region(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.endpoints and spec.region in engines.regions_without(resources.ENDPOINT):
        yield Hit(("endpoints",), f"endpoints in {spec.region}")


def _backtrack_engine(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.backtrack_hours and spec.engine != engines.MYSQL:
        yield Hit(("backtrack_hours",), spec.backtrack_hours)


def _backtrack_serverless(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.backtrack_hours and spec.engine == engines.MYSQL and spec.has_serverless:
        yield Hit(("backtrack_hours",), spec.backtrack_hours)


def _backup_window(spec: AuroraSpec) -> Iterator[Hit]:
    window = spec.backup.window
    if window is not None and windows.daily_span(window) is None:
        yield Hit(("backup", "window"), window)


def _maintenance_window(spec: AuroraSpec) -> Iterator[Hit]:
    window = spec.maintenance_window
    if window is not None and windows.weekly_span(window) is None:
        yield Hit(("maintenance_window",), window)


def _short_windows(spec: AuroraSpec) -> Iterator[Hit]:
    shortest = limits.AURORA_WINDOW_MINUTES_MIN
    daily = windows.daily_span(spec.backup.window or "")
    if daily and daily[1] < shortest:
        yield Hit(("backup", "window"), spec.backup.window)
    weekly = windows.weekly_span(spec.maintenance_window or "")
    if weekly and weekly[1] < shortest:
        yield Hit(("maintenance_window",), spec.maintenance_window)


def _windows_overlap(spec: AuroraSpec) -> Iterator[Hit]:
    if windows.overlap(spec.backup.window, spec.maintenance_window):
        yield Hit(
            ("backup", "window"), spec.backup.window, must=f"not overlap maintenance_window ({spec.maintenance_window})"
        )


def _reserved_username(spec: AuroraSpec) -> Iterator[Hit]:
    name = spec.master_username.lower()
    if name in RESERVED_USERNAMES | engines.RESERVED_WORDS[spec.engine] or name.startswith("pg_"):
        yield Hit(("master_username",), spec.master_username)


def _malformed_username(spec: AuroraSpec) -> Iterator[Hit]:
    name = spec.master_username
    fits = 0 < len(name) <= limits.MASTER_USERNAME_LENGTH_MAX
    if not (fits and name.isascii() and name[0].isalpha() and name.isalnum()):
        yield Hit(("master_username",), name)


def _malformed_database(spec: AuroraSpec) -> Iterator[Hit]:
    name = spec.database
    if name is None:
        return
    fits = 0 < len(name) <= limits.DATABASE_NAME_LENGTH_MAX
    if not (fits and name.isascii() and name[0].isalpha() and name.replace("_", "a").isalnum()):
        yield Hit(("database",), name)


def _reserved_database(spec: AuroraSpec) -> Iterator[Hit]:
    taken = (
        {"postgres", "template0", "template1", "rdsadmin"}
        if spec.engine == engines.POSTGRESQL
        else {"mysql", "sys", "information_schema", "performance_schema"}
    )
    if (spec.database or "").lower() in taken | engines.RESERVED_WORDS[spec.engine]:
        yield Hit(("database",), spec.database)


def _unknown_exports(spec: AuroraSpec) -> Iterator[Hit]:
    allowed = engines.LOG_EXPORTS[spec.engine]
    for index, name in enumerate(spec.log_exports or ()):
        if name not in allowed:
            yield Hit(("log_exports", index), name, must=f"be one of {', '.join(allowed)} for {spec.engine}")
        elif name in (spec.log_exports or ())[:index]:
            yield Hit(("log_exports", index), name, must="be named once", fix="remove the repetition")


def _log_retention(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.log_retention_days not in limits.LOG_RETENTION_DAYS:
        yield Hit(("log_retention_days",), spec.log_retention_days, fix=nearest_retention(spec.log_retention_days))


def nearest_retention(days: int) -> str:
    """The hint for a retention that CloudWatch Logs doesn't have."""
    longer = next((each for each in limits.LOG_RETENTION_DAYS if each >= days), limits.LOG_RETENTION_DAYS[-1])
    return f"the next longer is {longer}" if longer >= days else f"the longest is {longer}"


def _insecure_parameters(spec: AuroraSpec) -> Iterator[Hit]:
    off = {"0", "off", "false"}
    for name in ("rds.force_ssl", "require_secure_transport"):
        if spec.parameters.get(name, "1").lower() in off:
            yield Hit(("parameters", name), spec.parameters[name])


def _overrides(spec: AuroraSpec) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    yield resources.CLUSTER, spec.overrides, ()
    for name, instance in spec.instances.items():
        if instance.overrides:
            yield resources.INSTANCE, instance.overrides, ("instances", name)
    for name, endpoint in spec.endpoints.items():
        if endpoint.overrides:
            yield resources.ENDPOINT, endpoint.overrides, ("endpoints", name)


def _unknown_overrides(spec: AuroraSpec) -> Iterator[Hit]:
    for resource_type, overrides, path in _overrides(spec):
        yield from resources.unknown_overrides(resource_type, overrides, path)


def _wrong_overrides(spec: AuroraSpec) -> Iterator[Hit]:
    for resource_type, overrides, path in _overrides(spec):
        yield from resources.wrong_overrides(resource_type, overrides, path)


def _identity_overrides(spec: AuroraSpec) -> Iterator[Hit]:
    for resource_type, overrides, path in _overrides(spec):
        yield from resources.identity_overrides(resource_type, overrides, path)


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/version-form",
        reads=("engine", "version"),
        broken=_malformed_version,
        must="be a version of the engine",
        fix="see docs/estate.md",
    ),
    Rule(
        id="aurora/version-unknown",
        reads=("engine", "version"),
        broken=_unknown_version,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [aurora/version-unknown]`",
        level="warning",
    ),
    Rule(
        id="aurora/version-gone",
        reads=("engine", "version"),
        broken=_gone_version,
        must="be one that can still be created",
        fix="choose a newer one",
        acknowledge=True,
    ),
    Rule(
        id="aurora/version-limitless",
        reads=("engine", "version"),
        broken=_limitless_version,
        must="not be one of Limitless Database, whose clusters have shard groups instead of instances",
        fix="choose a version without it",
    ),
    Rule(
        id="aurora/version-vague",
        reads=("engine", "version"),
        broken=_vague_version,
        must="name its minor version",
        fix="write it whole",
        level="warning",
    ),
    Rule(
        id="aurora/version-ending",
        reads=("engine", "version"),
        broken=_ending_version,
        must="be one whose standard support does not end",
        fix="choose a newer one",
        level="warning",
    ),
    Rule(
        id="aurora/extended-support",
        reads=("engine", "version", "extended_support"),
        broken=_extended_support,
        must="be in standard support",
        fix="upgrade",
    ),
    Rule(
        id="aurora/class-form",
        reads=(),
        broken=_malformed_class,
        must="be `serverless` or a class such as db.r8g.large",
        fix="see docs/estate.md",
    ),
    Rule(
        id="aurora/class-unknown",
        reads=("engine",),
        broken=_unknown_class,
        must="be known",
        fix="check the spelling; if it is newer, add `acknowledge: [aurora/class-unknown]`",
        level="warning",
    ),
    Rule(
        id="aurora/class-region",
        reads=("engine", "region"),
        broken=_class_not_in_region,
        must="be offered in the Region",
        fix="choose another class, or add `acknowledge: [aurora/class-region]` if it has arrived there",
        level="warning",
    ),
    Rule(
        id="aurora/single-instance",
        reads=("instances",),
        broken=_single_instance,
        must="be two at least",
        fix="without a reader a failover takes minutes: add one, or `acknowledge: [aurora/single-instance]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/one-zone",
        reads=("instances.*.zone",),
        broken=_one_zone,
        must="lie in two zones at least",
        fix="give them different zones, or leave `zone` out",
        acknowledge=True,
    ),
    Rule(
        id="aurora/serverless-version",
        reads=("engine", "version"),
        broken=_serverless_version,
        must="be of a version that has Serverless v2",
        fix="choose a newer version or a provisioned class",
    ),
    Rule(
        id="aurora/acu-step",
        reads=("serverless.min_acu", "serverless.max_acu"),
        broken=_acu_step,
        must="be in steps of 0.5 ACU",
        fix="round it to a half",
    ),
    Rule(
        id="aurora/acu-range",
        reads=("serverless.min_acu", "serverless.max_acu", "engine", "version"),
        broken=_acu_range,
        must="be a capacity of this version",
        fix="choose a capacity in that range",
    ),
    Rule(
        id="aurora/acu-order",
        reads=("serverless.min_acu", "serverless.max_acu"),
        broken=_acu_order,
        must="not be below min_acu",
        fix="raise max_acu or lower min_acu",
    ),
    Rule(
        id="aurora/pause-version",
        reads=("serverless.min_acu", "engine", "version"),
        broken=_pause_version,
        must="be 0.5 at least with a version that can't pause",
        fix="choose APG 16.3, 15.7, 14.12, 13.15 or Aurora MySQL 3.08, or newer; or raise min_acu",
    ),
    Rule(
        id="aurora/pause-without-zero",
        reads=("serverless.min_acu", "serverless.pause_after_s"),
        broken=_pause_without_zero,
        must="be left out unless min_acu is 0",
        fix="set `min_acu: 0` or remove it",
    ),
    Rule(
        id="aurora/endpoint-count",
        reads=("endpoints",),
        broken=_endpoint_count,
        must=f"be {limits.CUSTOM_ENDPOINTS_MAX} at most",
        fix="remove some, or raise quota L-9372BAB3 and add `acknowledge: [aurora/endpoint-count]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/endpoint-member",
        reads=("instances",),
        broken=_endpoint_members,
        must="be an instance of the cluster",
        fix="name one of its instances",
    ),
    Rule(
        id="aurora/endpoint-both-lists",
        reads=(),
        broken=_endpoint_both_lists,
        must="not stand beside members",
        fix="keep one of the two lists",
    ),
    Rule(
        id="aurora/endpoint-repeat",
        reads=(),
        broken=_endpoint_repeats,
        must="name each instance once",
        fix="remove the repetition",
    ),
    Rule(
        id="aurora/endpoint-empty",
        reads=("instances",),
        broken=_endpoint_is_empty,
        must="leave an instance to answer with",
        fix="exclude fewer instances",
    ),
    Rule(
        id="aurora/endpoint-shared",
        reads=("instances", "endpoints"),
        broken=_endpoint_shared,
        must="be left out by an endpoint for everybody else: the reader endpoint still answers with them",
        fix="add one that has them in `excluded`, or `acknowledge: [aurora/endpoint-shared]`",
        level="warning",
    ),
    Rule(
        id="aurora/endpoint-region",
        reads=("endpoints", "region"),
        broken=_endpoint_region,
        must="be in a Region whose CloudFormation has custom endpoints",
        fix="remove them and use `aws rds create-db-cluster-endpoint`, or add `acknowledge: [aurora/endpoint-region]` "
        "if they have arrived there",
        acknowledge=True,
    ),
    Rule(
        id="aurora/backtrack-engine",
        reads=("engine", "backtrack_hours"),
        broken=_backtrack_engine,
        must="be left out: only Aurora MySQL can be wound back",
        fix="remove it; PostgreSQL restores to a point in time instead",
    ),
    Rule(
        id="aurora/backtrack-serverless",
        reads=("engine", "backtrack_hours", "instances.*.class"),
        broken=_backtrack_serverless,
        must="be left out beside serverless instances",
        fix="remove it, or make every instance a provisioned class",
    ),
    Rule(
        id="aurora/backup-window",
        reads=("backup.window",),
        broken=_backup_window,
        must="be written hh24:mi-hh24:mi, UTC",
        fix='write it as in "03:00-04:00"',
    ),
    Rule(
        id="aurora/maintenance-window",
        reads=("maintenance_window",),
        broken=_maintenance_window,
        must="be written ddd:hh24:mi-ddd:hh24:mi, UTC",
        fix='write it as in "sun:05:00-sun:06:00"',
    ),
    Rule(
        id="aurora/window-length",
        reads=("backup.window", "maintenance_window"),
        broken=_short_windows,
        must=f"last {limits.AURORA_WINDOW_MINUTES_MIN} minutes at least",
        fix="lengthen it",
    ),
    Rule(
        id="aurora/window-overlap",
        reads=("backup.window", "maintenance_window"),
        broken=_windows_overlap,
        must="not overlap the maintenance window",
        fix="move one of the two",
    ),
    Rule(
        id="aurora/username-reserved",
        reads=("master_username", "engine"),
        broken=_reserved_username,
        must="not be a name that the engine or the rule packs keep",
        fix="choose another, such as dbadmin",
    ),
    Rule(
        id="aurora/username-form",
        reads=("master_username",),
        broken=_malformed_username,
        must=f"be 1-{limits.MASTER_USERNAME_LENGTH_MAX} letters or digits, a letter first",
        fix="choose another, such as dbadmin",
    ),
    Rule(
        id="aurora/database-form",
        reads=("database",),
        broken=_malformed_database,
        must=f"be 1-{limits.DATABASE_NAME_LENGTH_MAX} letters, digits or underscores, a letter first",
        fix="rename it",
    ),
    Rule(
        id="aurora/database-reserved",
        reads=("database", "engine"),
        broken=_reserved_database,
        must="not be a name or word that the engine keeps",
        fix="rename it",
    ),
    Rule(
        id="aurora/log-export",
        reads=("log_exports", "engine"),
        broken=_unknown_exports,
        must="be a log of the engine",
        fix="remove it or correct it",
    ),
    Rule(
        id="aurora/log-retention",
        reads=("log_retention_days",),
        broken=_log_retention,
        must="be a retention that CloudWatch Logs has",
        fix="choose one of its steps",
    ),
    Rule(
        id="aurora/tls-off",
        reads=("parameters",),
        broken=_insecure_parameters,
        must="stay on",
        fix="remove it, or add `acknowledge: [aurora/tls-off]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/tags",
        reads=("tags",),
        broken=lambda spec: bad_tags(spec.tags),
        must="be tags that AWS takes",
        fix="correct them",
    ),
    Rule(
        id="aurora/override-unknown",
        reads=(),
        broken=_unknown_overrides,
        must="be a property of the resource",
        fix="see the CloudFormation reference",
    ),
    Rule(
        id="aurora/override-value",
        reads=(),
        broken=_wrong_overrides,
        must="be a value of the property",
        fix="see the resource's page in the CloudFormation reference",
    ),
    Rule(
        id="aurora/override-identity",
        reads=(),
        broken=_identity_overrides,
        must=resources.MUST_BE_FREE,
        fix="runbooks find the resource by it: rename the key in the file instead",
    ),
)

AuroraSpec.RULES = (
    *RULES,
    *AVAILABILITY_RULES,
    *BACKUP_RULES,
    *CREDENTIAL_RULES,
    *DNS_RULES,
    *INSTANCE_RULES,
    *INTEGRATION_RULES,
    *ORIGIN_RULES,
    *PARAMETER_RULES,
    *REACH_RULES,
    *REPLICATION_RULES,
    *SCALING_RULES,
    *UPGRADE_RULES,
    *WATCH_RULES,
)
AuroraSpec.RULES = over_secondaries(AuroraSpec.RULES)
