"""What AWS shows of the copy, of what it replaces and of the records that lead there. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from estate.names import TAG_PURPOSE, TAG_REPLACES
from runbooks.aws import ram as ram_adapter
from runbooks.aws import rds as rds_adapter
from runbooks.aws import route53 as route53_adapter
from runbooks.aws.ram import list_shared_clusters
from runbooks.aws.rds import Cluster
from runbooks.aws.route53 import Record, Zone, find_zone, list_records
from runbooks.clone import observe as clone_observe
from runbooks.engine.run import Context
from runbooks.refresh.request import NOTHING, RefreshRequest
from runbooks.refresh.seen import COPIES, Observed, replaced_id
from runbooks.tags import is_ours
from runbooks.tools import Tools, locked_by_others

READS: Final = (
    *clone_observe.READS,
    *rds_adapter.ACTIONS["list_clusters"],
    *route53_adapter.ACTIONS["find_zone"],
    *route53_adapter.ACTIONS["list_records"],
    *ram_adapter.ACTIONS["list_shared_clusters"],
)


def observe(request: RefreshRequest, context: Context[Tools]) -> Observed:
    """Look at every cluster of the Region once, at the zone, and at the copy as the clone verb does."""
    seen = look_at_swap(request, context)
    old_id = seen.old.cluster_id if seen.old is not None else ""
    seen = replace(seen, locked=locked_by_others(context, *locked_ids(request, context.run_id, old_id)))
    if seen.is_kept:
        return seen
    clone = request.clone_request(context.run_id, replaced_id(request, seen))
    return replace(seen, clone=clone_observe.observe(clone, context))


def look_at_swap(request: RefreshRequest, context: Context[Tools]) -> Observed:
    """The clusters and the records."""
    clusters = {each.cluster_id: each for each in context.tools.rds.list_clusters()}
    zone, records = _zone(request, context)
    ours = _ours(request, context.run_id, clusters)
    old = _old(request, context.run_id, clusters, records, ours)
    return Observed(
        run_id=context.run_id,
        source=clusters.get(request.source_id),
        ours=ours,
        old=old,
        named=clusters.get(request.target),
        zone=zone,
        records=records,
        strangers=tuple(strangers(request, old, records)),
        shared=_is_shared(context, old) if request.rename else False,
        taken=frozenset(clusters),
    )


def _zone(request: RefreshRequest, context: Context[Tools]) -> tuple[Zone | None, tuple[Record, ...]]:
    if not request.zone:
        return None, ()
    client = context.tools.session.client("route53")
    zone = find_zone(client, request.zone)
    return zone, list_records(client, request.zone) if zone is not None else ()


def _is_shared(context: Context[Tools], old: Cluster | None) -> bool:
    return old is not None and old.arn in list_shared_clusters(context.tools.session.client("ram"))


def locked_ids(request: RefreshRequest, run_id: str, old_id: str) -> tuple[str, ...]:
    """What the run changes: the target's name, the copy, and what it replaces."""
    return tuple(dict.fromkeys(name for name in (request.target, request.copy_id(run_id), old_id) if name))


def _ours(request: RefreshRequest, run_id: str, clusters: Mapping[str, Cluster]) -> Cluster | None:
    """The copy that this run made, under its first name or its last."""
    for name in (request.copy_id(run_id), request.target):
        found = clusters.get(name)
        if found is not None and is_ours(found.tags, run_id) and found.tags.get(TAG_PURPOSE) in COPIES:
            return found
    return None


def _old(
    request: RefreshRequest,
    run_id: str,
    clusters: Mapping[str, Cluster],
    records: tuple[Record, ...],
    ours: Cluster | None,
) -> Cluster | None:
    """The cluster whose place the copy takes. Once the copy is there, its tag says which: records may have moved on."""
    if ours is not None and TAG_REPLACES in ours.tags and not request.rename:
        replaces = ours.tags[TAG_REPLACES]
        return None if replaces == NOTHING else clusters.get(replaces)
    if request.rename:
        named = clusters.get(request.target)
        renamed = clusters.get(request.old_id(run_id))
        return renamed if named is None or named is ours else named
    now = {target for record in records for target in record.targets if record.name in _names(request)}
    return next((each for each in clusters.values() if set(endpoints(each)) & now), None)


def _names(request: RefreshRequest) -> tuple[str, ...]:
    return tuple(name for _, name in request.records)


def endpoints(cluster: Cluster) -> tuple[str, ...]:
    """Every name that leads to a cluster, but its instances' own."""
    named = (cluster.writer_endpoint, cluster.reader_endpoint, *cluster.custom_endpoints)
    return tuple(name.lower() for name in named if name)


def strangers(request: RefreshRequest, old: Cluster | None, records: tuple[Record, ...]) -> Iterable[str]:
    """Other records of the zone that lead to what is to be retired."""
    if old is None:
        return
    leading = set(endpoints(old))
    for record in records:
        if record.name not in _names(request) and leading & set(record.targets):
            yield record.name
