"""Every reason not to refresh. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from estate.names import TAG_SOURCE
from runbooks.aws.rds import Cluster
from runbooks.boundary import boundary_reasons
from runbooks.clone import plan as clone_plan
from runbooks.refresh.request import RefreshRequest
from runbooks.refresh.seen import Observed, is_copy, replaced_id

VERB: Final = "refresh"
LONGEST: Final = (
    48  # 63 characters of an identifier, less those of `-old-` with the run's eight, and two of an instance
)
_NAME: Final = re.compile(r"[a-z](?:-?[a-z0-9])*\Z")
AVAILABLE: Final = "available"


def refusals(request: RefreshRequest, seen: Observed) -> Iterable[str]:
    """All of them, those of the clone among them."""
    yield from _asked(request)
    yield from seen.locked
    yield from _old(request, seen)
    yield from _records(request, seen)
    if request.rename:
        yield from _rename(request, seen)
    yield from boundary_reasons(VERB, request.target, {})
    if seen.old is not None:
        yield from boundary_reasons(VERB, seen.old.cluster_id, seen.old.tags)
    yield from _clone(request, seen)


def _asked(request: RefreshRequest) -> Iterable[str]:
    if not _NAME.match(request.target) or len(request.target) > LONGEST:
        yield (
            f"target must be {LONGEST} lower-case letters, digits and single hyphens at most, beginning with a letter, "
            f"got {request.target!r}; choose another"
        )
    if request.target == request.source_id:
        yield f"target must be another cluster than the source, got {request.target} for both; name the copy's place"
    if not request.clone.mask.masks and not request.unmasked:
        yield (
            f"{request.target} must be masked, got no mask; give --mask FILE or --mask-with, or say --without-masks "
            f"when {request.source_id} holds nothing personal"
        )
    if request.clone.mask.masks and request.unmasked:
        yield "--without-masks must not be given with masks, got both; leave one out"
    if request.clone.mask.wanted and not request.clone.reach_from:
        yield (
            "--reach-from must say from where the closed copy is masked, got nothing; give this machine's network "
            "(10.0.0.7/32) or its security group"
        )
    if not request.clone.opens:
        yield (
            "users' passwords must not stay production's unnoticed; give --reach-from to have them changed, or "
            "--keep-user-passwords"
        )


def _old(request: RefreshRequest, seen: Observed) -> Iterable[str]:
    """Never production: a copy of a runbook's, or what was named."""
    old = seen.old
    if old is None:
        if request.replaces and seen.ours is None:
            yield f"--replaces must name what {request.target} is now, got {request.replaces}; leave it out"
        return
    if old.cluster_id == request.source_id:
        yield (
            f"{request.target} must not be the source, got {old.cluster_id}: clients of {request.source_id} use it; "
            "name another record, or another target"
        )
        return
    if request.replaces and request.replaces != old.cluster_id and seen.ours is None:
        yield f"--replaces must name what {request.target} is now, {old.cluster_id}, got {request.replaces}; mend it"
    if not is_copy(old.tags) and not request.replaces:
        yield (
            f"{old.cluster_id} must be a copy that a runbook made to be replaced, got one that none made; if it is not "
            f"production, say --replaces {old.cluster_id}: it is left as it is afterwards"
        )
    elif made_from := _other_source(request, seen, old):
        yield (
            f"{old.cluster_id} must be a copy of {request.source_id} to be replaced, got one of {made_from}, which may "
            f"be in use for something else; say --replaces {old.cluster_id} if it is to go"
        )


def _other_source(request: RefreshRequest, seen: Observed, old: Cluster) -> str:
    """What the old one is a copy of, when that is not the source and nobody named it; looked at before the copy is."""
    source = seen.source.arn if seen.source is not None else request.clone.source
    made_from = old.tags.get(TAG_SOURCE, source)
    is_meant = request.replaces or seen.ours is not None or not source.startswith("arn:")
    return "" if is_meant or made_from == source else made_from


def _records(request: RefreshRequest, seen: Observed) -> Iterable[str]:
    if not request.records:
        return
    if seen.zone is None:
        yield f"hosted zone {request.zone} must exist, got none; see `aws route53 list-hosted-zones`"
        return
    for end, name in request.records:
        if not name.endswith(f".{seen.zone.name}"):
            yield f"record {name} must be a name below {seen.zone.name}, the zone's; mend --record or --zone"
        yield from _record(seen, end, name)
    for stranger in seen.strangers:
        yield (
            f"record {stranger} must not lead to {seen.old.cluster_id if seen.old else 'the old one'}, which is "
            "retired; change it first, or name it as --record or --reader-record"
        )


def _record(seen: Observed, end: str, name: str) -> Iterable[str]:
    found = seen.records_of(name)
    for record in found:
        if record.kind != "CNAME" or record.routing or record.alias or len(record.targets) != 1:
            what = "an alias" if record.alias else f"{record.kind} {record.routing}".strip()
            yield f"record {name} must be one simple CNAME, got {what}; name another record"
            return
    if not found:
        return
    now, fine = seen.target_of(name), (*_endpoints(seen.ours, end), *_endpoints(seen.old, end))
    if now not in fine:
        yield (
            f"record {name} must lead to the {end} endpoint of {_named(seen)}, got {now}; change it by hand, or name "
            "another record"
        )


def _named(seen: Observed) -> str:
    return seen.old.cluster_id if seen.old is not None else "a cluster of this Region"


def _endpoints(cluster: Cluster | None, end: str) -> tuple[str, ...]:
    if cluster is None:
        return ()
    return ((cluster.writer_endpoint if end == "writer" else cluster.reader_endpoint).lower(),)


def _rename(request: RefreshRequest, seen: Observed) -> Iterable[str]:
    """What AWS does not rename (facts C15), and names that are in the way."""
    old, ours = seen.old, seen.ours
    is_swapped = ours is not None and ours.cluster_id == request.target
    if old is not None and not is_swapped:
        if old.global_cluster_id:
            yield (
                f"{old.cluster_id} must not be a member of a global database to be renamed, got "
                f"{old.global_cluster_id}; swap by --record"
            )
        if seen.shared:
            yield f"{old.cluster_id} must not be shared with other accounts to be renamed; unshare it, or use --record"
        if old.cluster_id == request.target and old.status not in {AVAILABLE, "renaming"}:
            yield f"{old.cluster_id} must be available to be renamed, got {old.status}; wait until it is"
        old_id = request.old_id(seen.run_id)
        if old.cluster_id == request.target and old_id in seen.taken:
            yield f"{old_id} must be a name that is free, got one that is taken; rename or delete that cluster"
    elif seen.named is not None and not is_swapped and old is None:
        yield f"{request.target} must be free or a copy to be replaced, got {seen.named.cluster_id}"


def _clone(request: RefreshRequest, seen: Observed) -> Iterable[str]:
    if seen.is_kept or seen.clone is None:
        return
    replaces = replaced_id(request, seen)
    yield from clone_plan.blockers(request.clone_request(seen.run_id, replaces), seen.clone)
