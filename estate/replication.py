"""A cluster in several Regions: Global Database, and the older cross-Region replica by binlog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import engines, limits, names, resources
from estate.instances import InstanceSpec, ServerlessSpec
from estate.reach import AllowSpec
from estate.spec import OVERRIDES, Hit, Identifier, Integer, Overrides, Path, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec
    from estate.model import Estate

RPO = "rds.global_db_rpo"
BINLOG_FORMATS = ("ROW", "MIXED", "STATEMENT")
DEFAULT_USERNAME = "dbadmin"
PARTITIONS = ("cn-", "us-gov-", "us-iso-", "us-isob-", "eu-isoe-", "us-isof-", "eusc-")
"""How the Regions of each partition but the commercial one begin. [B] endpoints.json"""


class SecondarySpec(Spec):
    """The cluster of one secondary Region; without instances it is headless: data without compute."""

    instances: Annotated[dict[Identifier, InstanceSpec], Field(max_length=limits.INSTANCES_MAX)] = Field(
        default={}, description="Its readers, at most sixteen, keyed by name"
    )
    serverless: ServerlessSpec | None = Field(
        default=None, description="Capacity of its serverless instances; as the primary's when left out"
    )
    write_forwarding: Switch = Field(default=False, description="Its readers send writes on to the primary")
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect there, keyed by name")
    protection: Switch | None = Field(
        default=None, description="Deletion and termination protection; as the cluster's when left out"
    )
    overrides: Overrides = Field(default={}, description=OVERRIDES)


class GlobalSpec(Spec):
    """A Global Database; the cluster's own `region` is where it was born, whichever Region is the primary today."""

    secondaries: Annotated[dict[str, SecondarySpec], Field(min_length=1, max_length=limits.GLOBAL_SECONDARIES_MAX)] = (
        Field(description="Secondary clusters, one to ten, keyed by Region")
    )
    write_forwarding: Switch = Field(
        default=False, description="The cluster's own readers send writes on, too, while another Region is the primary"
    )
    endpoint_output: Switch = Field(
        default=False,
        description="The global writer endpoint as an output; off while CloudFormation may not answer it yet",
    )
    rpo_s: Annotated[Integer, Field(ge=limits.GLOBAL_RPO_S_MIN, le=limits.GLOBAL_RPO_S_MAX)] | None = Field(
        default=None, description="Managed RPO, seconds, PostgreSQL only: commits wait while every secondary lags more"
    )


def secondary_of(spec: AuroraSpec, region: str) -> AuroraSpec:
    """The cluster of a secondary Region as a spec of its own: what the primary has, so that it can take its place.

    What belongs to the place, not to the data, is its own: instances, who may connect, raw properties. What a
    secondary cannot have is left out: auto scaling, a master user, a database of its own. Its name is
    `<cluster>-<region>`: names of members are unique across Regions.

    Raises:
        KeyError: the spec has no secondary there.
    """
    if spec.global_database is None:
        raise KeyError(region)
    secondary = spec.global_database.secondaries[region]
    own = {name: getattr(secondary, name) for name in ("instances", "allow_from", "overrides")}
    gone = dict.fromkeys(("autoscaling", "blue_green", "database", "dns", "local_write_forwarding", "origin", "proxy"))
    changes = {
        **gone,
        **own,
        "backtrack_hours": 0,
        "backup": spec.backup.model_copy(update={"plan": None}),
        "endpoints": {},
        "global_database": None,
        "master_authentication": "iam",  # no secret of its own: users and passwords come with the data
        "name": names.member_name(spec.name, region),
        "parameters": {**_rpo_of_secondary(spec.global_database), **spec.parameters},
        "protection": spec.protection if secondary.protection is None else secondary.protection,
        "region": region,
        "serverless": secondary.serverless or spec.serverless,
    }
    return spec.model_copy(update=changes)


def secondaries_of(spec: AuroraSpec) -> Iterator[AuroraSpec]:
    """Every secondary cluster of a Global Database, none for any other cluster."""
    for region in spec.global_database.secondaries if spec.global_database else ():
        yield secondary_of(spec, region)


def rpo_of_primary(spec: AuroraSpec) -> dict[str, str]:
    """The parameter that makes commits wait while no secondary is within the RPO."""
    rpo_s = spec.global_database.rpo_s if spec.global_database else None
    return {} if rpo_s is None else {RPO: str(rpo_s)}


def _rpo_of_secondary(database: GlobalSpec) -> dict[str, str]:
    """With two Regions the secondary keeps the default: it has no secondary once it takes over, and would block.

    [A4 aurora-global-database-disaster-recovery, Managing RPOs]
    """
    alone = len(database.secondaries) == 1
    return {} if database.rpo_s is None or alone else {RPO: str(database.rpo_s)}


OWN_TO_SECONDARIES = frozenset({"instances", "serverless", "allow_from", "overrides"})
NOT_FOR_SECONDARIES = frozenset({"aurora/single-instance", "aurora/class-burstable"})
"""A secondary with one reader, or none, is what the option is for; burstable classes are refused there."""
OF_THE_REGION = frozenset({"aurora/type-region"})
"""Rules that a secondary may break by its Region alone: told at the Region, not at the setting."""


def over_secondaries(rules: Sequence[Rule[AuroraSpec]]) -> tuple[Rule[AuroraSpec], ...]:
    """Rules of a cluster, each also for the secondary clusters of a Global Database, at their place in the file."""
    return tuple(rule if rule.id in NOT_FOR_SECONDARIES else _over_secondaries(rule) for rule in rules)


def _over_secondaries(rule: Rule[AuroraSpec]) -> Rule[AuroraSpec]:
    def everywhere(spec: AuroraSpec, database: GlobalSpec) -> Iterator[Hit]:
        yield from rule.broken(spec)
        for region, said in database.secondaries.items():
            for hit in rule.broken(secondary_of(spec, region)):
                if hit.path and hit.path[0] in OWN_TO_SECONDARIES & said.model_fields_set:
                    yield replace(hit, path=("global", "secondaries", region, *hit.path))
                elif rule.id in OF_THE_REGION:
                    yield replace(hit, path=("global", "secondaries", region))

    def broken(spec: AuroraSpec) -> Iterable[Hit]:
        return everywhere(spec, spec.global_database) if spec.global_database else rule.broken(spec)

    return replace(rule, broken=broken)


def partition(region: str) -> str:
    """How the Regions of a Region's partition begin; empty for the commercial one."""
    return next((prefix for prefix in PARTITIONS if region.startswith(prefix)), "")


def _same_region(spec: AuroraSpec) -> Iterator[Hit]:
    for region in spec.global_database.secondaries if spec.global_database else ():
        path = ("global", "secondaries", region)
        if region == spec.region:
            yield Hit(path, region)
        elif spec.region and partition(region) != partition(spec.region):
            yield Hit(path, region, must=f"be a Region of the partition of {spec.region}")


def _many_readers(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.global_database is None:
        return
    secondaries = len(spec.global_database.secondaries)
    most, readers = limits.READERS_MAX - secondaries, len(spec.instances) - 1
    if readers > most:
        must = f"have {most} readers at most beside {secondaries} secondary {'Region' + 's' * (secondaries > 1)}"
        yield Hit(("instances",), readers, must=must)


def _burstable(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.global_database is None:
        return
    members: list[tuple[Path, dict[str, InstanceSpec]]] = [((), spec.instances)]
    for region, secondary in spec.global_database.secondaries.items():
        members.append((("global", "secondaries", region), secondary.instances))
    for path, instances in members:
        for name, instance in instances.items():
            if instance.instance_class.startswith("db.t"):
                yield Hit((*path, "instances", name, "class"), instance.instance_class)


def _backtrack(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.backtrack_hours and spec.global_database is not None:
        yield Hit(("backtrack_hours",), spec.backtrack_hours)


def _managed_secret(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.global_database is not None and spec.master_authentication == "managed-secret":
        fix = "write `own-secret`"
        if spec.engine == engines.POSTGRESQL:
            fix = "write `iam`, or `own-secret`"
        yield Hit(("master_authentication",), spec.master_authentication, fix=fix)


def _little_capacity(spec: AuroraSpec) -> Iterator[Hit]:
    least = limits.GLOBAL_MIN_ACU
    if spec.global_database is not None and spec.has_serverless and spec.serverless.min_acu < least:
        yield Hit(("serverless", "min_acu"), spec.serverless.min_acu)


def _rpo_engine(spec: AuroraSpec) -> Iterator[Hit]:
    rpo_s = spec.global_database.rpo_s if spec.global_database else None
    if rpo_s is not None and spec.engine != engines.POSTGRESQL:
        yield Hit(("global", "rpo_s"), rpo_s)


def _rpo_parameter(spec: AuroraSpec) -> Iterator[Hit]:
    if RPO in spec.parameters:
        yield Hit(("parameters", RPO), spec.parameters[RPO])


def _forwarding_version(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.global_database is None or engines.can_forward_globally(spec.engine, spec.version):
        return
    given = f"true with version {spec.version}"
    if spec.global_database.write_forwarding:
        yield Hit(("global", "write_forwarding"), given)
    for region, secondary in spec.global_database.secondaries.items():
        if secondary.write_forwarding:
            yield Hit(("global", "secondaries", region, "write_forwarding"), given)


def _no_global_type(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.global_database is not None and spec.region in engines.regions_without(resources.GLOBAL_CLUSTER):
        yield Hit(("global",), f"a primary in {spec.region}")


def _writer_name(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.global_database is not None and spec.dns is not None and spec.dns.writer is not None:
        yield Hit(("dns", "writer"), spec.dns.writer)


def _minor_upgrades(spec: AuroraSpec) -> Iterator[Hit]:
    said = "minor_upgrades" in spec.model_fields_set and spec.minor_upgrades
    if spec.global_database is not None and said:
        yield Hit(("minor_upgrades",), spec.minor_upgrades)


def _blue_green(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.blue_green is None:
        return
    if spec.global_database is not None:
        yield Hit(("blue_green",), "both", must="be left out beside global")
    if spec.replica_of is not None:
        yield Hit(("blue_green",), "both", must="be left out beside replica_of")


def _all_headless(spec: AuroraSpec) -> Iterator[Hit]:
    secondaries = spec.global_database.secondaries if spec.global_database else {}
    if secondaries and not any(secondary.instances for secondary in secondaries.values()):
        yield Hit(("global", "secondaries"), "none with instances")


def _replica_engine(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.replica_of is not None and spec.engine != engines.MYSQL:
        yield Hit(("replica_of",), f"{spec.replica_of} with {spec.engine}")


def _replica_settings(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.replica_of is None or spec.global_database is not None:
        return
    if spec.database is not None:
        yield Hit(("database",), spec.database)
    if spec.master_username != DEFAULT_USERNAME:
        yield Hit(("master_username",), spec.master_username)
    if spec.master_authentication != "managed-secret":
        yield Hit(("master_authentication",), spec.master_authentication)


def _replica_alone(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.replica_of is not None and spec.global_database is not None:
        yield Hit(("replica_of",), "both")


def _replica_backtrack(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.replica_of is not None and spec.backtrack_hours:
        yield Hit(("backtrack_hours",), spec.backtrack_hours)


def foreign_secondaries(estate: Estate) -> Iterator[Hit]:
    """Secondary Regions that are none of the estate's."""
    for name, cluster in estate.aurora.items():
        for region in cluster.global_database.secondaries if cluster.global_database else ():
            if region not in estate.regions:
                yield Hit(("aurora", name, "global", "secondaries", region), region)


def wrong_replicas(estate: Estate) -> Iterator[Hit]:
    """Replicas whose source is not there, or cannot be the source of a cross-Region replica."""
    counted = Counter(cluster.replica_of for cluster in estate.aurora.values() if cluster.replica_of)
    for name, replica in estate.aurora.items():
        if replica.replica_of is None:
            continue
        path = ("aurora", name, "replica_of")
        source = estate.aurora.get(replica.replica_of)
        if source is None or source is replica:
            others = [each for each in estate.aurora if each != name]
            alone = "declare the source beside it, or remove `replica_of`"
            fix = f"name one of {', '.join(others)}" if others else alone
            yield Hit(path, replica.replica_of, must="be another cluster of the estate", fix=fix)
            continue
        if counted[replica.replica_of] > limits.CROSS_REGION_REPLICAS_MAX:
            must = f"have {limits.CROSS_REGION_REPLICAS_MAX} replicas at most"
            yield Hit(path, counted[replica.replica_of], must=must, fix="remove some")
        yield from _wrong_source(estate, path, replica, source)


def _wrong_source(estate: Estate, path: Path, replica: AuroraSpec, source: AuroraSpec) -> Iterator[Hit]:
    """What keeps a cluster from being the source of a replica; each told at the replica."""
    first, given = estate.regions[0], source.name
    if (source.region or first) == (replica.region or first):
        yield Hit(path, source.region or first, must="lie in another Region", fix="a reader does within one Region")
    if source.engine != replica.engine:
        yield Hit(path, source.engine, must=f"be a cluster of {replica.engine}", fix="correct `engine`")
    elif engines.parsed(source.engine, source.version) > engines.parsed(replica.engine, replica.version):
        must = f"have {replica.version} or an older version"
        yield Hit(path, source.version, must=must, fix="upgrade the replica first")
    if source.replica_of is not None:
        yield Hit(path, f"{given}, a replica", must="be no replica itself", fix=f"replicate {source.replica_of}")
    if source.global_database is not None:
        fix = "add a secondary Region to it instead"
        yield Hit(path, f"{given}, which is global", must="be no Global Database", fix=fix)
    yield from _unready_source(path, source)


def _unready_source(path: Path, source: AuroraSpec) -> Iterator[Hit]:
    """Settings of a source that a replica wants; they are changed there."""
    format_ = source.parameters.get("binlog_format", "OFF")
    if source.engine == engines.MYSQL and format_.upper() not in BINLOG_FORMATS:
        must = "have a binlog: `binlog_format` ROW, MIXED or STATEMENT"
        fix = f"add `parameters: {{binlog_format: ROW}}` to {source.name}; if it runs, reboot its writer once deployed"
        yield Hit(path, f"binlog_format {format_}", must=must, fix=fix)
    if source.effective_backtrack_hours:
        fix = f"set `backtrack_hours: 0` on {source.name}"
        yield Hit(path, f"{source.effective_backtrack_hours} hours", must="not be wound back (backtrack)", fix=fix)
    if source.master_authentication == "managed-secret":
        must, fix = "not have its password managed by RDS", f"set `master_authentication: own-secret` on {source.name}"
        yield Hit(path, source.master_authentication, must=must, fix=fix)


def every_cluster(estate: Estate) -> Iterator[tuple[Path, AuroraSpec]]:
    """Every cluster of an estate with its place in the file, secondary clusters included."""
    for name, cluster in estate.aurora.items():
        yield ("aurora", name), cluster
        for secondary in secondaries_of(cluster):
            yield ("aurora", name, "global", "secondaries", secondary.region or ""), secondary


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/global-region",
        reads=("region",),
        broken=_same_region,
        must="not be the Region of the primary",
        fix="name another Region, or correct `region`, where the primary was born",
    ),
    Rule(
        id="aurora/global-readers",
        reads=("instances", "global.secondaries"),
        broken=_many_readers,
        must="have 15 readers at most less the number of secondary Regions",
        fix="remove readers or Regions",
    ),
    Rule(
        id="aurora/global-class",
        reads=("instances.*.class",),
        broken=_burstable,
        must="not be burstable in a Global Database",
        fix="choose a memory-optimized class, such as db.r8g.large, or `serverless`",
    ),
    Rule(
        id="aurora/global-backtrack",
        reads=("backtrack_hours",),
        broken=_backtrack,
        must="be left out beside global: a Global Database can't be wound back",
        fix="remove it",
    ),
    Rule(
        id="aurora/global-credentials",
        reads=("master_authentication",),
        broken=_managed_secret,
        must="be iam or own-secret beside global: RDS can't manage the password of a Global Database",
        fix="write `iam` or `own-secret`",
    ),
    Rule(
        id="aurora/global-acu",
        reads=("serverless.min_acu", "instances.*.class"),
        broken=_little_capacity,
        must=f"be {limits.GLOBAL_MIN_ACU} at least in the primary of a Global Database",
        fix="raise it, or add `acknowledge: [aurora/global-acu]`",
        level="warning",
    ),
    Rule(
        id="aurora/global-rpo-engine",
        reads=("engine", "global.rpo_s"),
        broken=_rpo_engine,
        must="be left out: only Aurora PostgreSQL holds commits back",
        fix="remove it; watch AuroraGlobalDBRPOLag instead",
    ),
    Rule(
        id="aurora/global-rpo-parameter",
        reads=("parameters",),
        broken=_rpo_parameter,
        must="be left out",
        fix="set `global: {rpo_s: ...}`, which puts it where it may be",
    ),
    Rule(
        id="aurora/global-forwarding",
        reads=("engine", "version"),
        broken=_forwarding_version,
        must="be left out: this version can't send writes on to another Region",
        fix="choose a newer version: PostgreSQL 14.9, 15.4 or 16, Aurora MySQL 2.08.1 or 3",
    ),
    Rule(
        id="aurora/global-type",
        reads=("region",),
        broken=_no_global_type,
        must="have its primary in a Region whose CloudFormation has global clusters",
        fix="declare one cluster in each Region and join them with `aws rds create-global-cluster`, or add "
        "`acknowledge: [aurora/global-type]` if the type has arrived there",
        acknowledge=True,
    ),
    Rule(
        id="aurora/global-dns",
        reads=("dns.writer",),
        broken=_writer_name,
        must="be left out beside global: a cluster has no writer endpoint while another Region is the primary, and a "
        "deploy then fails",
        fix="remove it and let clients connect to the global writer endpoint",
        acknowledge=True,
    ),
    Rule(
        id="aurora/global-minor-upgrades",
        reads=("minor_upgrades",),
        broken=_minor_upgrades,
        must="be left out beside global: minor versions of a Global Database are never applied by themselves",
        fix="remove it and change `version`; see docs/options/global-database.md",
        level="warning",
    ),
    Rule(
        id="aurora/global-blue-green",
        reads=("blue_green",),
        broken=_blue_green,
        must="be left out",
        fix="remove it; the members are upgraded one by one, secondaries first",
    ),
    Rule(
        id="aurora/global-headless",
        reads=("global.secondaries.*.instances",),
        broken=_all_headless,
        must="have instances in one Region at least: without them none can take over",
        fix="add an instance, or `acknowledge: [aurora/global-headless]` and add it before a switchover",
        level="warning",
    ),
    Rule(
        id="aurora/replica-engine",
        reads=("engine", "replica_of"),
        broken=_replica_engine,
        must="be left out: only Aurora MySQL replicates by binlog",
        fix="declare `global:` on the other cluster",
    ),
    Rule(
        id="aurora/replica-inherited",
        reads=("database", "master_username", "master_authentication", "replica_of"),
        broken=_replica_settings,
        must="be left out beside replica_of: it comes with the data",
        fix="remove it",
    ),
    Rule(
        id="aurora/replica-alone",
        reads=("replica_of", "global"),
        broken=_replica_alone,
        must="not stand beside `global`",
        fix="keep one of the two",
    ),
    Rule(
        id="aurora/replica-backtrack",
        reads=("backtrack_hours", "replica_of"),
        broken=_replica_backtrack,
        must="be left out beside replica_of: binlog replication and backtrack exclude each other",
        fix="remove it",
    ),
)
