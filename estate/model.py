"""The estate: everything one file declares."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from estate import engines, limits, names, secrets
from estate.aurora import AuroraSpec
from estate.backups import ESTATE_RULES as BACKUP_RULES
from estate.caches.every import UNITS as CACHE_UNITS
from estate.caches.every import every_cache
from estate.caches.global_datastore import every_group
from estate.caches.global_datastore import foreign_secondaries as foreign_cache_secondaries
from estate.caches.layout import zones_of
from estate.caches.memcached import ESTATE_RULES as MEMCACHED_RULES
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ESTATE_RULES as SERVERLESS_RULES
from estate.caches.serverless import ServerlessCacheSpec
from estate.caches.users import ESTATE_RULES as USER_RULES
from estate.network import ZONE, NetworkSpec, parsed_cidr
from estate.origin import wrong_sources
from estate.replication import every_cluster, foreign_secondaries, wrong_replicas
from estate.services import endpoint_services
from estate.spec import ACKNOWLEDGE, Acknowledge, Hit, Identifier, Path, Rule, Spec, Switch
from estate.tags import TAGS_OF_OURS, bad_tags
from estate.upgrading import ESTATE_RULES as UPGRADE_RULES

NEWEST_EDITION = "2026-11"
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")


class Estate(Spec):
    """A product's databases and caches, complete: what the file left unsaid is filled in.

    `profile: dev` is cheap and says what it gives up: `shared_key` is on, so that constructs take one CMK for the
    whole estate instead of one per cluster and cache, and networks have two zones.
    """

    name: Identifier = Field(alias="estate", description="Name of the estate; every resource's name starts with it")
    defaults: Literal["2026-11"] = Field(
        default="2026-11", description="Edition of the defaults; pinned, so that an upgrade changes no template"
    )
    profile: Literal["production", "dev"] = Field(
        default="production", description="`production` is safe, `dev` is cheap; the defaults follow it"
    )
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = Field(
        default=None, description="Account that the estate may be deployed to, quoted; any when left out"
    )
    regions: Annotated[
        tuple[str, ...], Field(min_length=1, description="Regions of the estate; the first is where things go")
    ]
    protection: Switch = Field(
        default=True, description="Deletion and termination protection of everything that doesn't say otherwise"
    )
    shared_key: Switch = Field(
        default=False,
        description="One CMK for the whole estate instead of one for each cluster and cache; changing it replaces them",
    )
    acknowledge: Acknowledge = Field(default=(), description=ACKNOWLEDGE)
    tags: dict[str, str] = Field(default={}, description="Tags of every resource")
    network: dict[str, NetworkSpec] = Field(default={}, description="Networks, keyed by Region")
    aurora: dict[Identifier, AuroraSpec] = Field(default={}, description="Aurora clusters, keyed by name")
    caches: dict[Identifier, ReplicationGroupSpec] = Field(
        default={}, description="Valkey and Redis OSS replication groups, keyed by name"
    )
    memcached: dict[Identifier, MemcachedSpec] = Field(default={}, description="Memcached clusters, keyed by name")
    serverless_caches: dict[Identifier, ServerlessCacheSpec] = Field(
        default={}, description="Serverless caches, keyed by name"
    )

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()


Member = AuroraSpec | ReplicationGroupSpec | MemcachedSpec | ServerlessCacheSpec


def members_of(estate: Estate) -> Iterator[tuple[str, Member]]:
    """Each cluster and cache that the file declares, with the unit that it stands under."""
    for cluster in estate.aurora.values():
        yield "aurora", cluster
    yield from every_cache(estate)


def _malformed_regions(estate: Estate) -> Iterator[Hit]:
    for index, region in enumerate(estate.regions):
        if not REGION.fullmatch(region):
            near = difflib.get_close_matches(region[:40], sorted(engines.known_regions()), n=1)
            yield Hit(("regions", index), region, fix=f"did you mean `{near[0]}`?" if near else "")


def _unknown_regions(estate: Estate) -> Iterator[Hit]:
    for index, region in enumerate(estate.regions):
        if REGION.fullmatch(region) and region not in engines.known_regions():
            near = difflib.get_close_matches(region, sorted(engines.known_regions()), n=1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            yield Hit(("regions", index), region, fix=f"{hint}if it is new, add `acknowledge: [estate/region-unknown]`")


def _repeated_regions(estate: Estate) -> Iterator[Hit]:
    for region, times in Counter(estate.regions).items():
        if times > 1:
            yield Hit(("regions",), f"{region} {times} times")


def _foreign_networks(estate: Estate) -> Iterator[Hit]:
    for region in estate.network:
        if region not in estate.regions:
            yield Hit(("network", region), region)


def _foreign_zones(estate: Estate) -> Iterator[Hit]:
    for region, network in estate.network.items():
        for index, zone in enumerate(network.availability_zones):
            if ZONE.fullmatch(zone) and zone[:-1] != region:
                yield Hit(("network", region, "availability_zones", index), zone, must=f"be a zone of {region}")


def _foreign_regions(estate: Estate) -> Iterator[Hit]:
    yield from foreign_secondaries(estate)
    yield from foreign_cache_secondaries(estate)
    for unit, member in members_of(estate):
        if member.region is not None and member.region not in estate.regions:
            yield Hit((unit, member.name, "region"), member.region)


def _overlapping_networks(estate: Estate) -> Iterator[Hit]:
    made = {region: parsed_cidr(spec.cidr) for region, spec in estate.network.items() if not spec.is_existing}
    for (first, one), (second, other) in combinations(made.items(), 2):
        if one and other and one.overlaps(other):
            yield Hit(("network", second, "cidr"), str(other), must=f"not overlap {one} of {first}")


def _zones_said(estate: Estate) -> Iterator[tuple[Path, int, str]]:
    """Each zone that the file gives by number: where, which, and in which Region's network."""
    first = estate.regions[0]
    for path, cluster in every_cluster(estate):
        for instance, spec in cluster.instances.items():
            if spec.zone is not None:
                yield (*path, "instances", instance, "zone"), spec.zone, cluster.region or first
    for name, cache in estate.caches.items():
        for path, zone in zones_of(cache):
            yield ("caches", name, *path), zone, cache.region or first
    for name, memcached in estate.memcached.items():
        for index, zone in enumerate(memcached.zones):
            yield ("memcached", name, "zones", index), zone, memcached.region or first


def _zones_beyond(estate: Estate) -> Iterator[Hit]:
    for path, zone, region in _zones_said(estate):
        network = estate.network.get(region)
        if network is None:
            continue
        zones = len(network.subnets) if network.is_existing else network.zones
        if network.is_existing and not network.availability_zones:
            must = "be left out while the network does not name the zones of its subnets"
            fix = "add `availability_zones:` beside `vpc`, one for each subnet, or remove it"
            yield Hit(path, zone, must=must, fix=fix)
        elif zone > zones:
            yield Hit(path, zone, must=f"be one of the network's {zones} zones")


def _few_zones(estate: Estate) -> Iterator[Hit]:
    for region, network in estate.network.items():
        known = engines.zone_count(region)
        if known is not None and not network.is_existing and network.zones > known:
            fix = f"set `zones: {known}`, or add `acknowledge: [estate/zone-count]` if your account has more"
            must = f"be {known} at most: accounts have no more in {region}"
            yield Hit(("network", region, "zones"), network.zones, must=must, fix=fix)


def _secrets(estate: Estate) -> Iterator[Hit]:
    """In tags of anything, and in parameters of caches; those of a cluster are its own rule's."""
    parts: list[tuple[Path, Mapping[str, str]]] = [(("tags",), estate.tags)]
    parts += [((unit, member.name, "tags"), member.tags) for unit, member in members_of(estate)]
    parts += [(("caches", name, "parameters"), cache.parameters) for name, cache in estate.caches.items()]
    parts += [(("memcached", name, "parameters"), cache.parameters) for name, cache in estate.memcached.items()]
    for path, given in parts:
        for name, value in given.items():
            if secrets.is_secret_pair(name, value) if path[-1] == "tags" else secrets.is_secret(value):
                yield Hit((*path, name), "a secret")


def _long_aurora_names(estate: Estate) -> Iterator[Hit]:
    for path, identifier in _aurora_identifiers(estate):
        if len(identifier) > limits.AURORA_IDENTIFIER_LENGTH:
            yield Hit(path, f"{identifier} ({len(identifier)})")


def _aurora_identifiers(estate: Estate) -> Iterator[tuple[Path, str]]:
    for path, cluster in every_cluster(estate):
        name = cluster.name
        yield path, names.cluster_identifier(estate.name, name)
        if cluster.global_database is not None:
            yield path, names.global_cluster_identifier(estate.name, name)
        for instance in cluster.instances:
            yield (*path, "instances", instance), names.instance_identifier(estate.name, name, instance)
        for endpoint in cluster.endpoints:
            yield (*path, "endpoints", endpoint), names.endpoint_identifier(estate.name, name, endpoint)
        if cluster.proxy is not None:
            yield (*path, "proxy"), names.proxy_reader_endpoint(names.cluster_identifier(estate.name, name))


def _long_cache_names(estate: Estate) -> Iterator[Hit]:
    for path, identifier in _cache_identifiers(estate):
        if len(identifier) > CACHE_ID_LENGTHS[str(path[0])]:
            yield Hit(path, f"{identifier} ({len(identifier)})", must=_short_name(CACHE_ID_LENGTHS[str(path[0])]))
    for path, identifier in _cache_users(estate):
        if len(identifier) > limits.CACHE_USER_ID_LENGTH:
            yield Hit(path, f"{identifier} ({len(identifier)})", must=_short_name(limits.CACHE_USER_ID_LENGTH))


CACHE_ID_LENGTHS = {
    "caches": limits.REPLICATION_GROUP_ID_LENGTH,
    "memcached": limits.CACHE_CLUSTER_ID_LENGTH,
    "serverless_caches": limits.SERVERLESS_CACHE_NAME_LENGTH,
}


def _short_name(most: int) -> str:
    return f"make an identifier of {most} characters at most"


def _cache_identifiers(estate: Estate) -> Iterator[tuple[Path, str]]:
    for unit, cache in every_cache(estate):
        yield (unit, cache.name), names.cache_identifier(estate.name, cache.name)
    for path, group in every_group(estate):
        if path[-1] != group.name:
            yield path, names.cache_identifier(estate.name, group.name)


def _global_datastores(estate: Estate) -> Iterator[tuple[Path, str]]:
    """What a cache's name makes besides: the stack of what its members join."""
    for name, cache in estate.caches.items():
        if cache.global_datastore is not None:
            yield ("caches", name, "global"), names.cache_identifier(estate.name, f"{name}-global")


def _clashing_names(estate: Estate) -> Iterator[Hit]:
    """`a-b` with `c` and `a` with `b-c` make the same identifier."""
    every = list(_aurora_identifiers(estate))
    instances = [each for each in every if each[0][-2] == "instances"]
    endpoints = [each for each in every if each[0][-2] == "endpoints"]
    clusters = [each for each in every if each[0][-2] not in {"instances", "endpoints"}]
    caches = [*_cache_identifiers(estate), *_global_datastores(estate)]
    for kind in (clusters, instances, endpoints, caches, list(_cache_users(estate))):
        taken: dict[str, Path] = {}
        for path, identifier in kind:
            if identifier in taken:
                other = ".".join(str(part) for part in taken[identifier])
                yield Hit(path, path[-1], must=f"make a name of its own: {identifier} is {other}")
            taken[identifier] = path


def _clashing_dns(estate: Estate) -> Iterator[Hit]:
    """A record has one owner, and a network one private zone of a name."""
    taken: dict[tuple[str, ...], str] = {}
    for name, cluster in estate.aurora.items():
        dns, region = cluster.dns, cluster.region or estate.regions[0]
        if dns is None:
            continue
        zone = dns.hosted_zone_id or f"the private zone {dns.zone_name} in {region}"
        claims: list[tuple[Path, str, tuple[str, ...]]] = [
            (path, text, (zone, dns.full_name(text))) for path, text in dns.all_names() if dns.hosted_zone_id
        ]
        if not dns.hosted_zone_id:
            claims.append((("zone_name",), dns.zone_name, (zone,)))
        for path, given, claim in claims:
            owner = taken.setdefault(claim, name)
            if owner != name:
                yield Hit(("aurora", name, "dns", *path), given, must=f"be its own: {owner} has {claim[-1]}")


def _cache_users(estate: Estate) -> Iterator[tuple[Path, str]]:
    for unit, members in (("caches", estate.caches), ("serverless_caches", estate.serverless_caches)):
        for name, cache in members.items():
            for user in cache.users:
                yield (unit, name, "users", user), names.cache_user_id(estate.name, name, user)
            if cache.user_of_kit:
                yield (unit, name), names.cache_user_id(estate.name, name, cache.user_of_kit)


def _many_tags(estate: Estate) -> Iterator[Hit]:
    """The estate's tags and its own, on one resource; a VPC and its subnets have a `Name` from the kit, too."""
    makes = any(not network.is_existing for network in estate.network.values())
    if makes and len(estate.tags) <= TAGS_OF_OURS < len({*estate.tags, "Name"}):
        must = f"be {TAGS_OF_OURS - 1} at most, so that a VPC can have its Name"
        yield Hit(("tags",), len(estate.tags), must=must)
    for unit, member in members_of(estate):
        count = len({*estate.tags, *member.tags})
        if member.tags and count > TAGS_OF_OURS and len(member.tags) <= TAGS_OF_OURS:
            yield Hit((unit, member.name, "tags"), f"{len(member.tags)}, which makes {count}")


def _many_clusters(estate: Estate) -> Iterator[Hit]:
    by_region = Counter(cluster.region or estate.regions[0] for _, cluster in every_cluster(estate))
    for region, count in by_region.items():
        if count > limits.CLUSTERS_PER_REGION:
            yield Hit(("aurora",), f"{count} clusters in {region}")


def _many_instances(estate: Estate) -> Iterator[Hit]:
    by_region: Counter[str] = Counter()
    for _, cluster in every_cluster(estate):
        by_region[cluster.region or estate.regions[0]] += len(cluster.instances)
    for region, count in by_region.items():
        if count > limits.DATABASES_PER_REGION:
            yield Hit(("aurora",), f"{count} instances in {region}")


def _many_cache_nodes(estate: Estate) -> Iterator[Hit]:
    """Of replication groups, with those of their secondary Regions, and of Memcached clusters."""
    first = estate.regions[0]
    by_region: Counter[str] = Counter()
    for _, group in every_group(estate):
        by_region[group.region or first] += group.nodes
    for cluster in estate.memcached.values():
        by_region[cluster.region or first] += cluster.nodes
    for region, count in by_region.items():
        if count > limits.CACHE_NODES_PER_REGION:
            yield Hit(("caches",), f"{count} nodes in {region}")


def _many_proxies(estate: Estate) -> Iterator[Hit]:
    regions = Counter(c.region or estate.regions[0] for c in estate.aurora.values() if c.proxy is not None)
    for region, count in regions.items():
        if count > limits.PROXIES_PER_REGION:
            yield Hit(("aurora",), f"{count} in {region}")


def _closed_to_services(estate: Estate) -> Iterator[Hit]:
    """A template opens one way out, to the endpoints' group; of an existing VPC it has to be told which that is."""
    for path, cluster in every_cluster(estate):
        region = cluster.region or estate.regions[0]
        network = estate.network.get(region)
        services = endpoint_services(cluster)
        if services and network and network.is_existing and network.endpoint_security_group is None:
            place = ".".join(str(part) for part in path)
            must = f"be given: {place} must reach the VPC's endpoint of {', '.join(services)}"
            yield Hit(("network", region, "endpoint_security_group"), None, must=must)


def acknowledgeable() -> frozenset[str]:
    """Ids of the rules that `acknowledge:` accepts."""
    caches = (ReplicationGroupSpec.RULES, MemcachedSpec.RULES, ServerlessCacheSpec.RULES)
    tables = (RULES, AuroraSpec.RULES, NetworkSpec.RULES, *caches)
    return frozenset(rule.id for table in tables for rule in table if rule.can_be_acknowledged) | {UNPINNED}


def _unknown_acknowledgements(estate: Estate) -> Iterator[Hit]:
    known = sorted(acknowledgeable())
    parts: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), estate.acknowledge)]
    parts += [(("network", region), network.acknowledge) for region, network in estate.network.items()]
    parts += [((unit, member.name), member.acknowledge) for unit, member in members_of(estate)]
    for path, given in parts:
        for index, rule in enumerate(given):
            if rule not in known and (not path or rule not in estate.acknowledge):
                near = difflib.get_close_matches(rule[:60], known, n=1)
                fix = f"did you mean `{near[0]}`?" if near else "use the id in brackets behind a message"
                yield Hit((*path, "acknowledge", index), rule, fix=fix)


def _nothing_declared(estate: Estate) -> Iterator[Hit]:
    if not any(members_of(estate)):
        yield Hit((), "neither")


UNPINNED = "estate/defaults-unpinned"

RULES: tuple[Rule[Estate], ...] = (
    Rule(
        id="estate/nothing",
        reads=("aurora", *CACHE_UNITS),
        broken=_nothing_declared,
        must="declare a cluster under `aurora:` or a cache under `caches:`, `memcached:` or `serverless_caches:`",
        fix="add one; see examples/estates/minimal.yaml",
        level="warning",
    ),
    Rule(
        id="estate/region-form",
        reads=("regions",),
        broken=_malformed_regions,
        must="be the name of a Region",
        fix="write it as in eu-west-1",
    ),
    Rule(
        id="estate/region-unknown",
        reads=("regions",),
        broken=_unknown_regions,
        must="be known",
        fix="check the spelling",
        level="warning",
    ),
    Rule(
        id="estate/region-repeat",
        reads=("regions",),
        broken=_repeated_regions,
        must="name each Region once",
        fix="remove the repetition",
    ),
    Rule(
        id="estate/network-region",
        reads=("regions",),
        broken=_foreign_networks,
        must="be one of the estate's regions",
        fix="add it to `regions` or correct the key",
    ),
    Rule(
        id="estate/zone-region",
        reads=(),
        broken=_foreign_zones,
        must="be a zone of its Region",
        fix="write the Region and a letter",
    ),
    Rule(
        id="estate/resource-region",
        reads=("regions",),
        broken=_foreign_regions,
        must="be one of the estate's regions",
        fix="add it to `regions` or correct it",
    ),
    Rule(
        id="estate/network-overlap",
        reads=(),
        broken=_overlapping_networks,
        must="not overlap another Region's",
        fix="overlapping networks can't be peered: give each its own range, or add "
        "`acknowledge: [estate/network-overlap]`",
        level="warning",
    ),
    Rule(
        id="estate/zone",
        reads=("regions",),
        broken=_zones_beyond,
        must="be a zone of the network",
        fix="choose a lower number or more zones",
    ),
    Rule(
        id="estate/zone-count",
        reads=("regions",),
        broken=_few_zones,
        must="be zones that the Region has",
        fix="choose fewer",
        acknowledge=True,
    ),
    Rule(
        id="estate/secret",
        reads=("tags",),
        broken=_secrets,
        must="not be written in a file",
        fix="take it out and change it: it has been read; if it is none, add `acknowledge: [estate/secret]`",
        acknowledge=True,
    ),
    Rule(
        id="estate/aurora-name-length",
        reads=("estate",),
        broken=_long_aurora_names,
        must=f"make an identifier of {limits.AURORA_IDENTIFIER_LENGTH} characters at most",
        fix="shorten one of its parts",
    ),
    Rule(
        id="estate/cache-name-length",
        reads=("estate",),
        broken=_long_cache_names,
        must=f"make an identifier of {limits.REPLICATION_GROUP_ID_LENGTH} characters at most",
        fix="shorten one of its parts",
    ),
    Rule(
        id="estate/name-clash",
        reads=(),
        broken=_clashing_names,
        must="make a name of its own",
        fix="rename one of the two",
    ),
    Rule(
        id="estate/origin",
        reads=("regions", "aurora.*.engine", "aurora.*.region"),
        broken=wrong_sources,
        must="be a cluster that this one can be born from",
        fix="correct it",
    ),
    Rule(
        id="estate/dns-clash",
        reads=("aurora.*.dns",),
        broken=_clashing_dns,
        must="be its own",
        fix="rename one; for one zone over several clusters make it yourself and give its hosted_zone_id",
    ),
    Rule(
        id="estate/replica",
        reads=("regions", "aurora.*.engine", "aurora.*.version", "aurora.*.region", "aurora.*.replica_of"),
        broken=wrong_replicas,
        must="be a cluster that can be replicated",
        fix="correct it",
    ),
    Rule(
        id="estate/clusters-quota",
        reads=(),
        broken=_many_clusters,
        must=f"have {limits.CLUSTERS_PER_REGION} clusters at most in a Region without a quota increase",
        fix="raise the quota, then add `acknowledge: [estate/clusters-quota]`",
        level="warning",
    ),
    Rule(
        id="estate/cache-nodes-quota",
        reads=("caches.*.shards", "caches.*.replicas", "memcached.*.nodes"),
        broken=_many_cache_nodes,
        must=f"have {limits.CACHE_NODES_PER_REGION} nodes at most in a Region without a quota increase",
        fix="raise the quota `Nodes per Region`, then add `acknowledge: [estate/cache-nodes-quota]`",
        level="warning",
    ),
    Rule(
        id="estate/proxies-quota",
        reads=(),
        broken=_many_proxies,
        must=f"have {limits.PROXIES_PER_REGION} proxies at most in a Region without a quota increase",
        fix="raise the quota, then add `acknowledge: [estate/proxies-quota]`",
        level="warning",
    ),
    Rule(
        id="estate/endpoint-group",
        reads=("network.*.endpoint_security_group",),
        broken=_closed_to_services,
        must="be given",
        fix="name the security group of the VPC's interface endpoints",
    ),
    Rule(
        id="estate/instances-quota",
        reads=(),
        broken=_many_instances,
        must=f"have {limits.DATABASES_PER_REGION} instances at most in a Region without a quota increase",
        fix="raise the quota, then add `acknowledge: [estate/instances-quota]`",
        level="warning",
    ),
    Rule(
        id="estate/acknowledge",
        reads=("acknowledge",),
        broken=_unknown_acknowledgements,
        must="be a rule that can be acknowledged",
        fix="use the id in brackets behind a message",
    ),
    Rule(
        id="estate/tags",
        reads=("tags",),
        broken=lambda estate: bad_tags(estate.tags),
        must="be tags that AWS takes",
        fix="correct them",
    ),
    Rule(
        id="estate/tags-sum",
        reads=("tags", *(f"{unit}.*.tags" for unit in ("aurora", *CACHE_UNITS))),
        broken=_many_tags,
        must=f"be {TAGS_OF_OURS} at most together with the estate's",
        fix="remove some: AWS takes 50, the kit sets 3",
    ),
    *BACKUP_RULES,
    *UPGRADE_RULES,
    *USER_RULES,
    *MEMCACHED_RULES,
    *SERVERLESS_RULES,
)

Estate.RULES = RULES
