"""What an estate's defaults cost and, in `profile: dev`, give up: each with its reason and the line that changes it.

Only what the file left unsaid is listed: what it says, its author knows. No prices: they differ by Region and change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from estate.aurora import AuroraSpec
from estate.caches.every import every_cache
from estate.caches.global_datastore import secondaries_of
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.caches.watching import alarm_kinds, is_burstable, node_ids
from estate.document import Document
from estate.load import Loaded
from estate.model import Estate
from estate.network import NetworkSpec
from estate.replication import every_cluster
from estate.services import endpoint_services
from estate.spec import Path, Spec

LOGS_SHORT = 30  # days of logs that nobody minds
LOGS_LONG = 365  # days of logs in production
S = TypeVar("S", bound=Spec)


@dataclass(frozen=True, kw_only=True, slots=True)
class Billed:
    """One default that costs money.

    `change` is YAML to write below line `line`, whose path is `below`, or there `in_braces`; it is empty where nothing
    changes it.
    """

    path: str
    what: str
    why: str
    change: str
    below: str
    line: int
    in_braces: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenUp:
    """One thing that `profile: dev` does without. `change` brings it back."""

    what: str
    instead: str
    change: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Item(Generic[S]):
    """One kind of billed default: it applies unless the file says `setting` or `applies` says no."""

    setting: Path
    what: Callable[[S], str]
    why: str
    change: str
    applies: Callable[[S, Estate], bool] = lambda _spec, _estate: True


NETWORK_ITEMS: tuple[Item[NetworkSpec], ...] = (
    Item(
        setting=("flow_log_retention_days",),
        what=lambda s: f"flow logs of all traffic, kept {s.flow_log_retention_days} days",
        why="rule packs ask for flow logs and for a year of them",
        change="flow_log_retention_days: 30",
        applies=lambda s, _: not s.is_existing and s.flow_log_retention_days > LOGS_SHORT,
    ),
    Item(
        setting=("endpoints",),
        what=lambda s: f"interface endpoints in {s.zones} zones, by the hour: {', '.join(s.endpoints)}",
        why="what is declared must be reachable from isolated subnets",
        change="endpoints: []",
        applies=lambda s, _: bool(s.endpoints) and not s.is_existing,
    ),
)


def _in_existing_vpc(spec: AuroraSpec, estate: Estate) -> bool:
    network = estate.network.get(spec.region or estate.regions[0])
    return network is not None and network.is_existing


AURORA_ITEMS: tuple[Item[AuroraSpec], ...] = (
    Item(
        setting=("acknowledge",),
        what=lambda s: f"a second instance: {len(s.instances)} run all the time",
        why="without a reader a failover takes minutes (up to ten), and an outage of its zone longer",
        change="acknowledge: [aurora/single-instance]  # and keep one instance",
        applies=lambda s, _: len(s.instances) > 1,
    ),
    Item(
        setting=("serverless", "min_acu"),
        what=lambda s: f"at least {s.serverless.min_acu:g} ACU for each serverless instance, day and night",
        why="an instance that never pauses answers at once",
        change="serverless: {min_acu: 0, pause_after_s: 300}",
        applies=lambda s, _: s.has_serverless and s.serverless.min_acu > 0,
    ),
    Item(
        setting=("backup", "retention_days"),
        what=lambda s: f"automated backups of {s.backup.retention_days} days; one day is free",
        why="any second of the last weeks can be restored",
        change="backup: {retention_days: 1}",
        applies=lambda s, _: s.backup.retention_days > 1,
    ),
    Item(
        setting=("backtrack_hours",),
        what=lambda s: f"change records for {s.effective_backtrack_hours} hours of backtrack",
        why="rule packs ask for it, and it can't be turned on later",
        change="backtrack_hours: 0",
        applies=lambda s, _: s.effective_backtrack_hours > 0,
    ),
    Item(
        setting=("enhanced_monitoring_s",),
        what=lambda s: f"enhanced monitoring of {len(s.instances)} instances every {s.enhanced_monitoring_s} s",
        why="what the operating system does is seen only there",
        change="enhanced_monitoring_s: 0",
        applies=lambda s, _: s.enhanced_monitoring_s > 0,
    ),
    Item(
        setting=("watch", "alarms"),
        what=lambda s: f"alarms, by the month: four or five for each of {len(s.instances)} instances, four for all",
        why="each says what it means and what to do",
        change="watch: {alarms: null}",
        applies=lambda s, _: s.watch is not None and s.watch.alarms is not None,
    ),
    Item(
        setting=("watch", "dashboard"),
        what=lambda _: "a dashboard, by the month; three of an account are free",
        why="what the alarms look at is seen in one place",
        change="watch: {dashboard: off}",
        applies=lambda s, _: s.watch is not None and s.watch.dashboard,
    ),
    Item(
        setting=("integrations", "endpoints"),
        what=lambda s: f"interface endpoints, by the hour and zone: {', '.join(endpoint_services(s))}",
        why="what a cluster calls is reached from isolated subnets only through them",
        change="",
        applies=lambda s, e: bool(endpoint_services(s)) and not _in_existing_vpc(s, e),
    ),
    Item(
        setting=("log_exports",),
        what=lambda s: f"logs in CloudWatch: {', '.join(s.effective_log_exports)}",
        why="an auditor asks for them; those of a busy MySQL are large",
        change="log_exports: []",
        applies=lambda s, _: bool(s.effective_log_exports),
    ),
    Item(
        setting=("log_retention_days",),
        what=lambda s: f"these logs are kept {s.log_retention_days} days",
        why="rule packs ask for a year",
        change="log_retention_days: 30",
        applies=lambda s, _: bool(s.effective_log_exports) and s.log_retention_days > LOGS_SHORT,
    ),
    Item(
        setting=("master_authentication",),
        what=lambda _: "a secret in Secrets Manager, by the month",
        why="RDS makes, keeps and rotates the master password; nobody has to know it",
        change="",
        applies=lambda s, _: s.master_authentication == "managed-secret",
    ),
)


def _replicas(cache: ReplicationGroupSpec) -> str:
    counts = cache.replica_counts
    return (
        f"{counts[0]} replica for each of {cache.shards} shards" if len(set(counts)) == 1 else f"{sum(counts)} replicas"
    )


CACHE_ITEMS: tuple[Item[ReplicationGroupSpec], ...] = (
    Item(
        setting=("class",),
        what=lambda s: f"node type {s.node_class}, {s.nodes} of it",
        why="a memory-optimized node with a network of its own",
        change="class: cache.t4g.small",
        applies=lambda s, _: not s.node_class.startswith("cache.t"),
    ),
    Item(
        setting=("replicas",),
        what=_replicas,
        why="without a replica a failed node takes its data with it",
        change="replicas: 0  # and `acknowledge: [cache/no-replica]`",
        applies=lambda s, _: sum(s.replica_counts) > 0,
    ),
    Item(
        setting=("snapshot_retention_days",),
        what=lambda s: f"daily snapshots of {s.snapshot_retention_days} days; one is free",
        why="rule packs ask for fifteen days",
        change="snapshot_retention_days: 1",
        applies=lambda s, _: s.snapshot_retention_days > 1,
    ),
    Item(
        setting=("log_retention_days",),
        what=lambda s: f"engine and slow logs, kept {s.log_retention_days} days",
        why="rule packs ask for a year",
        change="log_retention_days: 30",
        applies=lambda s, _: s.log_retention_days > LOGS_SHORT,
    ),
)


MEMCACHED_ITEMS: tuple[Item[MemcachedSpec], ...] = (
    Item(
        setting=("class",),
        what=lambda s: f"node type {s.node_class}",
        why="a memory-optimized node with a network of its own",
        change="class: cache.t4g.small",
        applies=lambda s, _: not s.node_class.startswith("cache.t"),
    ),
    Item(
        setting=("nodes",),
        what=lambda s: f"{s.nodes} nodes",
        why="a failed node takes its share of the keys with it, not all of them",
        change="nodes: 1  # and `acknowledge: [memcached/one-node]`",
        applies=lambda s, _: s.nodes > 1,
    ),
)

SERVERLESS_ITEMS: tuple[Item[ServerlessCacheSpec], ...] = (
    Item(
        setting=("usage",),
        what=lambda _: "as much data and load as comes, up to AWS's own bounds",
        why="a cache that is bounded evicts and throttles at the bound",
        change="usage: {data_gb: {max: 10}, ecpu_per_s: {max: 10000}}",
    ),
    Item(
        setting=("snapshot_retention_days",),
        what=lambda s: f"daily snapshots of {s.snapshot_retention_days} days",
        why="rule packs ask for fifteen days of groups on nodes, and a cache is a cache",
        change="snapshot_retention_days: 1",
        applies=lambda s, _: s.snapshot_retention_days > 1,
    ),
)

AnyCache = ReplicationGroupSpec | MemcachedSpec | ServerlessCacheSpec


def _alarm_metrics(cache: AnyCache) -> int:
    """CloudWatch bills each metric in an alarm."""
    if isinstance(cache, ReplicationGroupSpec):
        return alarm_kinds(cache) * len(node_ids(cache))
    given = [name for name, value in (cache.watch.alarms if cache.watch else None) or () if value is not None]
    if isinstance(cache, MemcachedSpec):
        return cache.nodes * sum(name != "cpu_credits" or is_burstable(cache.node_class) for name in given)
    return sum(name != "authentication_failures_per_min" or cache.engine != "memcached" for name in given)


WATCH_ITEMS: tuple[Item[AnyCache], ...] = (
    Item(
        setting=("watch", "alarms"),
        what=lambda s: f"alarms on {_alarm_metrics(s)} metrics, by the month",
        why="each says what it means and what to do",
        change="watch: {alarms: null}",
        applies=lambda s, _: s.watch is not None and s.watch.alarms is not None,
    ),
    Item(
        setting=("watch", "dashboard"),
        what=lambda _: "a dashboard, by the month; three of an account are free",
        why="what the alarms look at is seen in one place",
        change="watch: {dashboard: off}",
        applies=lambda s, _: s.watch is not None and s.watch.dashboard,
    ),
)


def _of_clusters(holds: Callable[[AuroraSpec], bool]) -> Callable[[Estate], bool]:
    return lambda estate: any(holds(cluster) for cluster in estate.aurora.values())


def _of_caches(holds: Callable[[ReplicationGroupSpec], bool]) -> Callable[[Estate], bool]:
    return lambda estate: any(holds(cache) for cache in estate.caches.values())


def _made_networks(estate: Estate) -> list[NetworkSpec]:
    return [network for network in estate.network.values() if not network.is_existing]


def _forgets_logs(estate: Estate) -> bool:
    kept = [cluster.log_retention_days for cluster in estate.aurora.values()]
    kept += [cache.log_retention_days for cache in estate.caches.values()]
    return (
        min([*kept, *(network.flow_log_retention_days for network in _made_networks(estate))], default=LOGS_LONG)
        < LOGS_LONG
    )


def _is_unprotected(estate: Estate) -> bool:
    clusters = all(cluster.protection for cluster in estate.aurora.values())
    return not (clusters and all(cache.protection for cache in estate.caches.values()))


DEV_GIVES_UP: tuple[tuple[Callable[[Estate], bool], GivenUp], ...] = (
    (
        _of_clusters(lambda cluster: len(cluster.instances) == 1),
        GivenUp(
            what="a second instance",
            instead="a failover recreates the writer, which takes up to ten minutes",
            change="declare two instances",
        ),
    ),
    (
        _of_clusters(lambda cluster: cluster.has_serverless and cluster.serverless.min_acu == 0),
        GivenUp(
            what="instances that never pause",
            instead="the first connection after five idle minutes waits about 15 seconds",
            change="serverless: {min_acu: 0.5}",
        ),
    ),
    (
        lambda estate: estate.shared_key,
        GivenUp(
            what="a key for each cluster and cache",
            instead="one key opens everything in the estate",
            change="shared_key: off",
        ),
    ),
    (
        _of_clusters(lambda cluster: cluster.backup.retention_days < 35),  # noqa: PLR2004 - production's
        GivenUp(
            what="35 days of backups",
            instead="any second of the last 7 days can be restored",
            change="backup: {retention_days: 35}",
        ),
    ),
    (
        _is_unprotected,
        GivenUp(
            what="deletion and termination protection",
            instead="a destroy destroys",
            change="protection: on",
        ),
    ),
    (
        lambda estate: any(network.zones < 3 for network in _made_networks(estate)),  # noqa: PLR2004 - production's
        GivenUp(
            what="a third zone and its endpoints",
            instead="networks span two zones",
            change="network: {<region>: {zones: 3}}",
        ),
    ),
    (
        _of_clusters(lambda cluster: not cluster.enhanced_monitoring_s),
        GivenUp(
            what="enhanced monitoring",
            instead="only CloudWatch's own metrics",
            change="enhanced_monitoring_s: 60",
        ),
    ),
    (
        _forgets_logs,
        GivenUp(
            what="a year of logs",
            instead="logs and flow logs are kept 7 days",
            change="log_retention_days: 365",
        ),
    ),
    (
        _of_caches(lambda cache: not (cache.is_multi_az and cache.snapshot_retention_days)),
        GivenUp(
            what="replicas and snapshots of caches",
            instead="a failed cache node loses its data",
            change="replicas: 1 and snapshot_retention_days: 15",
        ),
    ),
)
"""What production's defaults would have, and whether an estate does without."""


def billed(loaded: Loaded) -> tuple[Billed, ...]:
    """Each billed default of an estate, in the order of the file."""
    return tuple(_billed(loaded))


def given_up(estate: Estate) -> tuple[GivenUp, ...]:
    """What an estate of `profile: dev` does without, what the file itself gives back left out; nothing else."""
    return tuple(loss for holds, loss in DEV_GIVES_UP if estate.profile == "dev" and holds(estate))


def _billed(loaded: Loaded) -> Iterator[Billed]:
    estate = loaded.estate
    if not is_said(loaded.said, ("shared_key",)):
        yield from _keys(estate)
    for region, network in estate.network.items():
        yield from _of_member(loaded, ("network", region), network, NETWORK_ITEMS)
    for name, cluster in estate.aurora.items():
        yield from _of_member(loaded, ("aurora", name), cluster, AURORA_ITEMS)
    for name, cache in estate.caches.items():
        yield from _of_member(loaded, ("caches", name), cache, CACHE_ITEMS)
    for name, memcached in estate.memcached.items():
        yield from _of_member(loaded, ("memcached", name), memcached, MEMCACHED_ITEMS)
    for name, serverless in estate.serverless_caches.items():
        yield from _of_member(loaded, ("serverless_caches", name), serverless, SERVERLESS_ITEMS)
    for unit, each in every_cache(estate):
        yield from _of_member(loaded, (unit, each.name), each, WATCH_ITEMS)


def _caches(estate: Estate) -> Iterator[AnyCache]:
    """Secondary groups of global datastores included."""
    yield from (cache for _, cache in every_cache(estate))
    for cache in estate.caches.values():
        yield from secondaries_of(cache)


def _has_key(cache: AnyCache) -> bool:
    """Nodes of Memcached store nothing: only the topic of their alarms has a key."""
    return not isinstance(cache, MemcachedSpec) or (cache.watch is not None and cache.watch.alarms is not None)


def _keys(estate: Estate) -> Iterator[Billed]:
    made = sum(not network.is_existing for network in estate.network.values()) + sum(map(_has_key, _caches(estate)))
    made += sum(1 for _ in every_cluster(estate))
    made += len({each.backup.plan.copy_to_region for each in estate.aurora.values() if each.backup.plan} - {None})
    if made and estate.shared_key:
        yield Billed(
            path="estate",
            what="a customer managed KMS key, by the month and by request",
            why="all data, logs and secrets are encrypted; one key for the whole estate is the cheapest way",
            change="",
            below="",
            line=1,
        )
    elif made:
        yield Billed(
            path="estate",
            what=f"{made} customer managed KMS keys, by the month and by request",
            why="one key for each network, cluster and cache: what one key opens is all that its loss costs",
            change="shared_key: on",
            below="",
            line=1,
        )


def _of_member(loaded: Loaded, path: Path, spec: S, items: tuple[Item[S], ...]) -> Iterator[Billed]:
    for item in items:
        if not is_said(loaded.said, (*path, *item.setting)) and item.applies(spec, loaded.estate):
            below, change = _place(loaded, path, item)
            yield Billed(
                path=".".join(str(part) for part in path),
                what=item.what(spec),
                why=item.why,
                change=change,
                below=".".join(str(part) for part in below),
                line=line_of(loaded.document, below),
                in_braces=loaded.document.is_in_braces(below),
            )


def _place(loaded: Loaded, path: Path, item: Item[Any]) -> tuple[Path, str]:
    """Below which line the change goes, and how it is written there: sections that the file has not are added."""
    if not item.change:
        return path, ""
    if len(item.setting) > 1 and is_said(loaded.said, (*path, item.setting[0])):
        return (*path, item.setting[0]), item.change.partition("{")[2].rstrip("}")
    if is_said(loaded.said, path):
        return path, item.change
    if is_said(loaded.said, path[:1]):
        return path[:1], f"{path[1]}: {{{item.change}}}"
    return (), f"{path[0]}: {{{path[1]}: {{{item.change}}}}}"


def line_of(document: Document, path: Path) -> int:
    """The line of a key; 1 for the document itself."""
    return document.position(path, key=True).line if path else 1


def is_said(said: object, path: Path) -> bool:
    """Whether the file itself says something at `path`."""
    for part in path:
        if not isinstance(said, dict) or part not in said:
            return False
        said = said[part]  # pyright: ignore[reportUnknownVariableType]
    return True
