"""Global datastore: a replication group that is written in one Region and read in up to two others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from estate import engines, limits, names, resources
from estate.reach import AllowSpec
from estate.replication import partition
from estate.spec import OVERRIDES, Hit, Identifier, Integer, Overrides, Path, Rule, Spec, Switch

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec
    from estate.model import Estate

PREFIXES = {
    "ap-east-1": "knjmp",
    "ap-northeast-1": "quwsw",
    "ap-northeast-2": "lfqnh",
    "ap-northeast-3": "nlapn",
    "ap-south-1": "erpgt",
    "ap-southeast-1": "vlqxn",
    "ap-southeast-2": "vbgxd",
    "ca-central-1": "bxodz",
    "cn-north-1": "emvgo",
    "cn-northwest-1": "ckbem",
    "eu-central-1": "iudkw",
    "eu-west-1": "gxeiz",
    "eu-west-2": "okuqm",
    "eu-west-3": "fgjhi",
    "sa-east-1": "juxlw",
    "us-east-1": "ldgnf",
    "us-east-2": "fpkhr",
    "us-west-1": "virxk",
    "us-west-2": "sgaui",
}
"""What ElastiCache puts before the name of a global datastore that is born in a Region.

[E4 Redis-Global-Datastores-CLI; the copy at hand ends after Hong Kong, and `prefix:` says the others]
"""
_OFFERED = (
    "af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 "
    "ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7 ca-central-1 ca-west-1 cn-north-1 "
    "cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 "
    "il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 "
    "us-west-1 us-west-2"
)
OFFERED = frozenset(_OFFERED.split())
"""Regions that have global datastores. [E10 Redis-Global-Datastores-Getting-Started]"""
FAMILIES = frozenset({"m5", "m6g", "m7g", "r5", "r6g", "r6gd", "r7g", "c7gn"})
"""Node families that every copy of the guide's page names; newer copies say only "size large and above"."""
OLDEST_GENERATION = 5
"""M4, R4 and older families have none. [E10 Redis-Global-Datastores-Getting-Started]"""


class SecondaryCacheSpec(Spec):
    """The group of one secondary Region; what is not said here is as in the primary's."""

    replicas: Annotated[Integer, Field(ge=0, le=limits.REPLICAS_MAX)] | None = Field(
        default=None, description="Replicas of each shard there; as many as the primary's when left out"
    )
    allow_from: dict[Identifier, AllowSpec] = Field(default={}, description="Who may connect there, keyed by name")
    protection: Switch | None = Field(default=None, description="Termination protection; as the cache's when left out")
    overrides: Overrides = Field(default={}, description=OVERRIDES)


class BornSpec(Spec):
    """What the primary was born with, where the file says something newer since."""

    version: str | None = Field(default=None, description="Its version then, quoted")
    node_class: str | None = Field(default=None, alias="class", description="Its node type then")
    shards: Annotated[Integer, Field(ge=1, le=limits.NODES_MAX)] | None = Field(
        default=None, description="Its shards then"
    )


class GlobalDatastoreSpec(Spec):
    """Secondary Regions; the cache's own `region` is where it was born, whichever is the primary today."""

    secondaries: Annotated[
        dict[str, SecondaryCacheSpec], Field(min_length=1, max_length=limits.GLOBAL_DATASTORE_SECONDARIES_MAX)
    ] = Field(description="Secondary Regions, one or two")
    prefix: Annotated[str, Field(pattern=r"^[a-z]{5}$")] | None = Field(
        default=None,
        description="What ElastiCache puts before the name in this Region; only where the kit does not know",
    )
    born: BornSpec | None = Field(
        default=None,
        description="What the primary was born with: version, class and shards that have been changed since",
    )


def secondary_of(spec: ReplicationGroupSpec, region: str) -> ReplicationGroupSpec:
    """The group of a secondary Region as a spec of its own: what the primary has, so that it can take its place.

    Its own are the replicas, who may connect and raw properties. Its name is `<cache>-<region>`.

    Raises:
        KeyError: the spec has no secondary there.
    """
    if spec.global_datastore is None:
        raise KeyError(region)
    secondary = spec.global_datastore.secondaries[region]
    gone = dict.fromkeys(("autoscaling", "global_datastore", "origin", "placement"))
    changes = {
        **gone,
        "allow_from": secondary.allow_from,
        "minor_upgrades": False,
        "name": names.member_name(spec.name, region),
        "overrides": secondary.overrides,
        "protection": spec.protection if secondary.protection is None else secondary.protection,
        "region": region,
        "replicas": spec.replicas if secondary.replicas is None else secondary.replicas,
    }
    return spec.model_copy(update=changes)


def secondaries_of(spec: ReplicationGroupSpec) -> Iterator[ReplicationGroupSpec]:
    """Every secondary group of a global datastore, none for any other cache."""
    for region in spec.global_datastore.secondaries if spec.global_datastore else ():
        yield secondary_of(spec, region)


def as_born(spec: ReplicationGroupSpec) -> ReplicationGroupSpec:
    """What the primary's own template says: version, class and shards change through the global datastore alone.

    CloudFormation fails a stack that changes them on a member (coverage roadmap #1965). Minor versions do not come by
    themselves to members.
    """
    if spec.global_datastore is None:
        return spec
    born = spec.global_datastore.born or BornSpec()
    changes = {"version": born.version, "node_class": born.node_class, "shards": born.shards}
    said = {name: value for name, value in changes.items() if value is not None}
    return spec.model_copy(update={**said, "minor_upgrades": False})


def every_group(estate: Estate) -> Iterator[tuple[Path, ReplicationGroupSpec]]:
    """Every replication group of an estate with its place in the file, secondary groups included."""
    for name, cache in estate.caches.items():
        yield ("caches", name), cache
        for secondary in secondaries_of(cache):
            yield ("caches", name, "global", "secondaries", secondary.region or ""), secondary


def prefix_of(spec: ReplicationGroupSpec) -> str | None:
    """What ElastiCache puts before the global datastore's name; None where neither the file nor the kit knows."""
    declared = spec.global_datastore.prefix if spec.global_datastore else None
    return declared or PREFIXES.get(spec.region or "")


OWN_TO_SECONDARIES = frozenset({"replicas", "allow_from", "overrides"})
NOT_FOR_SECONDARIES = frozenset({"cache/no-replica"})
"""That a member has no replica is refused as such."""
OF_THE_REGION = frozenset({"cache/class-region", "cache/type-region"})
"""Rules that a secondary may break by its Region alone: told at the Region, not at the setting."""
BY_OVERRIDES_ALONE = frozenset({"PreferredMaintenanceWindow", "SnapshotRetentionLimit", "SnapshotWindow"})
"""What a secondary may have of its own, at another time of day, and the file has no setting for there."""
OF_THE_SIZE = frozenset({"cache/nodes-max", "cache/nodes-quota"})
"""Rules about shards and replicas together: told at the secondary's own replicas."""


def over_secondaries(rules: Sequence[Rule[ReplicationGroupSpec]]) -> tuple[Rule[ReplicationGroupSpec], ...]:
    """Rules of a cache, each also for the secondary groups of a global datastore, at their place in the file."""
    return tuple(rule if rule.id in NOT_FOR_SECONDARIES else _over_secondaries(rule) for rule in rules)


def _over_secondaries(rule: Rule[ReplicationGroupSpec]) -> Rule[ReplicationGroupSpec]:
    def everywhere(spec: ReplicationGroupSpec, datastore: GlobalDatastoreSpec) -> Iterator[Hit]:
        yield from rule.broken(spec)
        for region, said in datastore.secondaries.items():
            here: Path = ("global", "secondaries", region)
            for hit in rule.broken(secondary_of(spec, region)):
                if rule.id == "cache/override-setting" and hit.path[-1] in BY_OVERRIDES_ALONE:
                    continue
                if hit.path and hit.path[0] in OWN_TO_SECONDARIES & said.model_fields_set:
                    yield replace(hit, path=(*here, *hit.path))
                elif rule.id in OF_THE_SIZE and "replicas" in said.model_fields_set:
                    yield replace(hit, path=(*here, "replicas"))
                elif rule.id in OF_THE_REGION:
                    yield replace(hit, path=here)

    def broken(spec: ReplicationGroupSpec) -> Iterable[Hit]:
        return everywhere(spec, spec.global_datastore) if spec.global_datastore else rule.broken(spec)

    return replace(rule, broken=broken)


def foreign_secondaries(estate: Estate) -> Iterator[Hit]:
    """Secondary Regions that are none of the estate's."""
    for path, cache in every_group(estate):
        if len(path) > 2 and cache.region not in estate.regions:  # noqa: PLR2004 - below caches.<name>
            yield Hit(path, cache.region)


def _regions(spec: ReplicationGroupSpec) -> Iterator[tuple[Path, str]]:
    """The Regions of a global datastore, each at its place in the file."""
    if spec.global_datastore is not None:
        if spec.region:
            yield ("global",), spec.region
        for region in spec.global_datastore.secondaries:
            yield ("global", "secondaries", region), region


def _same_region(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for region in spec.global_datastore.secondaries if spec.global_datastore else ():
        path = ("global", "secondaries", region)
        if region == spec.region:
            yield Hit(path, region)
        elif spec.region and partition(region) != partition(spec.region):
            yield Hit(path, region, must=f"be a Region of the partition of {spec.region}")


def _not_offered(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for path, region in _regions(spec):
        if region not in OFFERED:
            yield Hit(path, region)


def _no_type(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is not None and spec.region in engines.regions_without(resources.GLOBAL_DATASTORE):
        yield Hit(("global",), f"a primary in {spec.region}")


def _no_prefix(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is not None and spec.region and prefix_of(spec) is None:
        yield Hit(("global", "prefix"), None, must=f"be given for {spec.region}")


def _other_prefix(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    known = PREFIXES.get(spec.region or "")
    declared = spec.global_datastore.prefix if spec.global_datastore else None
    if known and declared and declared != known:
        yield Hit(("global", "prefix"), declared, must=f"be {known}, the prefix of {spec.region} in the user guide")


def _old_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is None or not engines.is_well_formed(spec.engine, spec.version):
        return
    least = engines.CACHE_GLOBAL_FROM[spec.engine]
    if engines.parsed(spec.engine, spec.version) < least:
        text = ".".join(str(part) for part in least)
        yield Hit(("version",), spec.version, must=f"be {text} at least beside global")


def _family_and_size(spec: ReplicationGroupSpec) -> tuple[str, str]:
    """`r7g` and `large` of cache.r7g.large; two empty texts for what is no node type."""
    parts = spec.node_class.split(".")
    return (parts[1], parts[2]) if engines.CLASS_FORM.fullmatch(spec.node_class) and len(parts) > 2 else ("", "")  # noqa: PLR2004 - cache, family, size


def _has_no_datastore(family: str, size: str) -> bool:
    generation = "".join(letter for letter in family if letter.isdigit())
    return family.startswith("t") or not size.endswith("large") or int(generation) < OLDEST_GENERATION


def _small_class(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    family, size = _family_and_size(spec)
    if spec.global_datastore is not None and family and _has_no_datastore(family, size):
        yield Hit(("class",), spec.node_class)


def _unlisted_class(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    family, size = _family_and_size(spec)
    if spec.global_datastore is not None and family and not _has_no_datastore(family, size) and family not in FAMILIES:
        yield Hit(("class",), spec.node_class)


def _no_replica(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is None:
        return
    if spec.replicas == 0:
        yield Hit(("replicas",), 0)
    for region, secondary in spec.global_datastore.secondaries.items():
        if secondary.replicas == 0:
            yield Hit(("global", "secondaries", region, "replicas"), 0)


def _durability(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is not None and spec.durability is not None:
        yield Hit(("durability",), spec.durability)


def _autoscaling(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is not None and spec.autoscaling is not None:
        yield Hit(("autoscaling",), "both")


def _auth_token(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is not None and spec.auth_token is not None:
        yield Hit(("auth_token",), "both")


def _on_the_way(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.global_datastore is None:
        return
    if spec.cluster_mode == "compatible":
        yield Hit(("cluster_mode",), spec.cluster_mode, must="be disabled or enabled beside global")
    if spec.transit_encryption == "preferred":
        yield Hit(("transit_encryption",), spec.transit_encryption, must="be required beside global")


def _minor_upgrades(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    said = "minor_upgrades" in spec.model_fields_set and spec.minor_upgrades
    if spec.global_datastore is not None and said:
        yield Hit(("minor_upgrades",), spec.minor_upgrades)


INFERRED = frozenset(
    {
        "AtRestEncryptionEnabled",
        "AutoMinorVersionUpgrade",
        "AutomaticFailoverEnabled",
        "CacheNodeType",
        "CacheParameterGroupName",
        "CacheSecurityGroupNames",
        "ClusterMode",
        "Durability",
        "EngineVersion",
        "MultiAZEnabled",
        "NumNodeGroups",
        "PrimaryClusterId",
        "SnapshotArns",
        "SnapshotName",
        "TransitEncryptionEnabled",
        "TransitEncryptionMode",
    }
)
"""What a secondary takes from the primary; AWS refuses a creation that gives them. [E4 Redis-Global-Datastores-CLI]"""


def _inferred_overrides(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    for region, secondary in spec.global_datastore.secondaries.items() if spec.global_datastore else ():
        for name in secondary.overrides:
            if name.partition(".")[0] in INFERRED:
                yield Hit(("global", "secondaries", region, "overrides", name), name)


def _is_sharded(spec: ReplicationGroupSpec, shards: int) -> bool:
    return shards > 1 or spec.cluster_mode == "enabled"


def _born_shards(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    born = spec.global_datastore.born if spec.global_datastore else None
    if born is None or born.shards is None:
        return
    if _is_sharded(spec, born.shards) != _is_sharded(spec, spec.shards):
        yield Hit(("global", "born", "shards"), f"{born.shards} with shards {spec.shards}")


def _born_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    version = spec.global_datastore.born.version if spec.global_datastore and spec.global_datastore.born else None
    if version is None:
        return
    path = ("global", "born", "version")
    if not engines.is_well_formed(spec.engine, version):
        yield Hit(path, version, must=f"be written as a version of {spec.engine}")
    elif engines.is_well_formed(spec.engine, spec.version):
        have = engines.parsed(spec.engine, version)
        least = engines.CACHE_GLOBAL_FROM[spec.engine]
        if not least <= have <= engines.parsed(spec.engine, spec.version):
            yield Hit(path, f"{version} with version {spec.version}")


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/global-region",
        reads=("region",),
        broken=_same_region,
        must="not be the Region of the primary",
        fix="name another Region, or correct `region`, where the primary was born",
    ),
    Rule(
        id="cache/global-offered",
        reads=("region",),
        broken=_not_offered,
        must="be a Region that has global datastores",
        fix="choose another, or add `acknowledge: [cache/global-offered]` if they have arrived there",
        level="warning",
    ),
    Rule(
        id="cache/global-type",
        reads=("region",),
        broken=_no_type,
        must="have its primary in a Region whose CloudFormation has global datastores",
        fix="let it be born in another Region, or add `acknowledge: [cache/global-type]` if the type has arrived there",
        acknowledge=True,
    ),
    Rule(
        id="cache/global-prefix",
        reads=("region",),
        broken=_no_prefix,
        must="be given",
        fix="its secondaries must name it: look the five letters up in the user guide, `Using the AWS CLI with global "
        "datastores`",
    ),
    Rule(
        id="cache/global-prefix-other",
        reads=("region",),
        broken=_other_prefix,
        must="be the Region's",
        fix="remove it, or add `acknowledge: [cache/global-prefix-other]` if the guide says so today",
        level="warning",
    ),
    Rule(
        id="cache/global-version",
        reads=("engine", "version"),
        broken=_old_version,
        must="know global datastores",
        fix="choose a newer version, or remove `global`",
    ),
    Rule(
        id="cache/global-class",
        reads=("class",),
        broken=_small_class,
        must="be large or above, of the families M5, R5 or newer, and not burstable, beside global",
        fix="choose a node type such as cache.r7g.large, or remove `global`",
    ),
    Rule(
        id="cache/global-class-listed",
        reads=("class",),
        broken=_unlisted_class,
        must="be of a family that the guide lists for global datastores: M5, M6g, M7g, R5, R6g, R6gd, R7g, C7gn",
        fix="newer copies of the page say only `size large and above`: choose a listed one, or add "
        "`acknowledge: [cache/global-class-listed]`",
        level="warning",
    ),
    Rule(
        id="cache/global-replicas",
        reads=("replicas",),
        broken=_no_replica,
        must="be 1 at least beside global: a secondary takes automatic failover from the primary, and needs a replica",
        fix="add one",
    ),
    Rule(
        id="cache/global-durability",
        reads=("durability",),
        broken=_durability,
        must="be left out beside global: durable groups have no global datastore",
        fix="remove one of the two",
    ),
    Rule(
        id="cache/global-autoscaling",
        reads=("autoscaling",),
        broken=_autoscaling,
        must="be left out beside global: members of a global datastore are not scaled automatically",
        fix="remove one of the two",
    ),
    Rule(
        id="cache/global-auth-token",
        reads=("auth_token",),
        broken=_auth_token,
        must="be left out beside global: one Region's rotation would lock the others out",
        fix="declare `users`, which every Region has for itself",
    ),
    Rule(
        id="cache/global-on-the-way",
        reads=("cluster_mode", "transit_encryption"),
        broken=_on_the_way,
        must="not be on the way to another setting beside global",
        fix="go the way to its end first, then add `global`",
    ),
    Rule(
        id="cache/global-minor-upgrades",
        reads=("minor_upgrades",),
        broken=_minor_upgrades,
        must="be left out beside global: AWS upgrades no member of a global datastore by itself",
        fix="remove it, or write `minor_upgrades: off`",
        level="warning",
    ),
    Rule(
        id="cache/global-inferred",
        reads=(),
        broken=_inferred_overrides,
        must="be left out: a secondary has it from the primary, and AWS refuses one that says it",
        fix="remove it",
    ),
    Rule(
        id="cache/global-born-shards",
        reads=("shards", "cluster_mode"),
        broken=_born_shards,
        must="be in the cluster mode that the cache has now",
        fix="cluster mode does not change in a global datastore: correct one of the two",
    ),
    Rule(
        id="cache/global-born-version",
        reads=("engine", "version"),
        broken=_born_version,
        must="be older than `version`, or the same, and know global datastores",
        fix="write what the primary was created with, or remove it",
    ),
)
