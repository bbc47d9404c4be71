"""Whether a cluster may be deleted: expired, made by a run of a runbook, and proven a copy of its source. Pure.

A name proves nothing, and tags alone prove little: a clone that somebody makes without tags of its own is born with
those of its source (facts C10), and a cluster that is renamed takes them along. So RDS itself must agree: a clone has
its source's clone group, and its instances were made by the same run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from estate.names import TAG_EXPIRES, TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from runbooks.aws.rds import Cluster, Instance
from runbooks.boundary import boundary_reasons
from runbooks.reap.seen import Observed
from runbooks.tags import expiry_of

VERB: Final = "reap"
NEEDED: Final = (TAG_RUN, TAG_PURPOSE, TAG_SOURCE)
AUTOSCALED: Final = "application-autoscaling-"  # how Application Auto Scaling names the readers that it adds
RESTORE: Final = "restore"  # how the purposes of copies begin that are no clones
GONE_SOON: Final = "deleting"


class Reason(NamedTuple):
    """Why a cluster stays: a few words for the list, and the whole sentence for who named it."""

    short: str
    whole: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """What becomes of one cluster; without reasons it goes."""

    cluster_id: str
    reasons: tuple[Reason, ...] = ()

    @property
    def goes(self) -> bool:
        return not self.reasons

    @property
    def short(self) -> str:
        return "; ".join(reason.short for reason in self.reasons)


class Source(NamedTuple):
    """What a copy was made from, by its tag."""

    service: str
    region: str
    account: str
    kind: str
    name: str


def source_of(tags: Mapping[str, str]) -> Source | None:
    """The source, when the tag is the ARN of something a cluster can be made from."""
    parts = tags.get(TAG_SOURCE, "").split(":", 6)
    if len(parts) < 6 or parts[0] != "arn":  # noqa: PLR2004 - arn, partition, service, Region, account, resource
        return None
    kind, name = (parts[5], parts[6]) if len(parts) == 7 else ("", parts[5])  # noqa: PLR2004
    return Source(service=parts[2], region=parts[3], account=parts[4], kind=kind, name=name)


def looks_expired(cluster: Cluster, at: datetime) -> bool:
    """Its tags say that it is a copy of the kit's whose time is over; more must be read before it may go."""
    expires = expiry_of(cluster.tags)
    return all(cluster.tags.get(tag) for tag in NEEDED) and expires is not None and expires <= at


def rule_all(seen: Observed, at: datetime) -> tuple[Ruling, ...]:
    """What becomes of each cluster of the Region."""
    return tuple(
        Ruling(cluster_id=each.cluster_id, reasons=tuple(_reasons(each, seen, at)))
        for each in sorted(seen.clusters, key=lambda each: each.cluster_id)
    )


def still_reasons(cluster_id: str, resource_id: str, seen: Observed, at: datetime) -> tuple[str, ...]:
    """Why a copy must stay after all, looked at again when its taking apart has begun; none when it is gone.

    Its status and its missing instances are the run's own doing by then, and no reason.
    """
    found = seen.find(cluster_id)
    renamed = [each.cluster_id for each in seen.clusters if each.resource_id == resource_id and each is not found]
    if renamed:
        return (f"{cluster_id} must keep its name until it is gone, got {renamed[0]}; look who renamed it",)
    if found is None or found.status == GONE_SOON:
        return ()
    if found.resource_id != resource_id:
        return (f"{cluster_id} must be the cluster that was planned, {resource_id}, got {found.resource_id}; it stays",)
    if not looks_expired(found, at):
        return (_not_expired(found).whole,)
    reasons = (*_fenced(found, seen), *_in_use(found, seen), *_not_proven(found, seen, begun=True))
    return tuple(reason.whole for reason in reasons)


def _reasons(cluster: Cluster, seen: Observed, at: datetime) -> Iterable[Reason]:
    if not looks_expired(cluster, at):
        yield _not_expired(cluster)
        return
    if cluster.status == GONE_SOON:
        return
    if cluster.status != "available":
        do = "start it, then run again" if cluster.status in {"stopped", "stopping"} else "run again when it is"
        yield _reason(cluster, f"is {cluster.status}", f"be available, got {cluster.status}", do)
    yield from _fenced(cluster, seen)
    yield from _in_use(cluster, seen)
    yield from _not_proven(cluster, seen)


def _reason(cluster: Cluster, short: str, must: str, do: str) -> Reason:
    return Reason(short, f"{cluster.cluster_id} must {must}; {do}")


def _not_expired(cluster: Cluster) -> Reason:
    missing = [tag for tag in NEEDED if not cluster.tags.get(tag)]
    if TAG_RUN in missing:
        what = "be made by a run of a runbook to be deleted here"
        return _reason(cluster, "no run of a runbook made it", f"{what}, got no tag {TAG_RUN}", "it stays")
    if missing:
        return _reason(
            cluster, f"lacks {', '.join(missing)}", f"have the tags of a copy, got no {', '.join(missing)}", "it stays"
        )
    expires, said = expiry_of(cluster.tags), cluster.tags.get(TAG_EXPIRES)
    do = f"it stays until then, or until the tag {TAG_EXPIRES} says another time"
    if expires is None:
        got = f"a tag {TAG_EXPIRES} that is no time: {said!r}" if said else f"no tag {TAG_EXPIRES}"
        return _reason(cluster, "has no expiry", f"have expired, got {got}", "it stays until it is deleted by hand")
    return _reason(
        cluster, f"expires {expires:%Y-%m-%d %H:%M} UTC", f"have expired, got {expires:%Y-%m-%d %H:%M} UTC", do
    )


def _fenced(cluster: Cluster, seen: Observed) -> Iterable[Reason]:
    """What people have put up against deletion."""
    for reason in boundary_reasons(VERB, cluster.cluster_id, cluster.tags):
        yield Reason("may not be touched", reason)
    if cluster.deletion_protection:
        yield _reason(
            cluster, "deletion protection is on", "have deletion protection off, got on",
            "nothing here turns it off: who turned it on does, with ModifyDBCluster",
        )  # fmt: skip
    if cluster.cluster_id in seen.locked:
        yield Reason("locked by another run", seen.locked[cluster.cluster_id])


def _in_use(cluster: Cluster, seen: Observed) -> Iterable[Reason]:
    """Who else depends on it."""
    if cluster.global_cluster_id or cluster.arn in seen.in_global:
        what = cluster.global_cluster_id or "one"
        yield _reason(
            cluster, "is in a global database", f"be in no global database, got {what}",
            "remove it from there first, if it is a copy at all",
        )  # fmt: skip
    if cluster.arn in seen.shared:
        yield _reason(
            cluster, "is shared with other accounts", "be shared with nobody, got a share in AWS RAM",
            f"`runbook cluster unshare {cluster.cluster_id}`, or delete the share that somebody else made",
        )  # fmt: skip
    if names := _names_of(cluster, seen):
        yield _reason(
            cluster, f"{', '.join(names)} leads to it", f"have no record of Route 53 that leads to it, got "
            f"{', '.join(names)}", "let the record lead elsewhere, or take it away; then run again",
        )  # fmt: skip
    replicas = [*cluster.replicas, *(name for each in seen.instances_of(cluster.cluster_id) for name in each.replicas)]
    if replicas or cluster.replicates_from:
        got = ", ".join(replicas) or f"a replica of {cluster.replicates_from}"
        yield _reason(cluster, "replicates", f"take no part in replication, got {got}", "end the replication first")
    heirs = [each.cluster_id for each in seen.clusters if each.tags.get(TAG_SOURCE) == cluster.arn]
    if heirs := [each for each in heirs if each != cluster.cluster_id]:
        yield _reason(
            cluster, f"{', '.join(heirs)} was made from it", f"be no source of others, got {', '.join(heirs)}",
            "it goes when they are gone: it is the proof of what they are",
        )  # fmt: skip


def _names_of(cluster: Cluster, seen: Observed) -> tuple[str, ...]:
    """The records that lead to the cluster, one of its endpoints or of its instances."""
    addresses = (each.address for each in seen.instances_of(cluster.cluster_id))
    ends = (cluster.writer_endpoint, cluster.reader_endpoint, *cluster.custom_endpoints, *addresses)
    return tuple(sorted({seen.records[end.lower()] for end in ends if end.lower() in seen.records}))


def _not_proven(cluster: Cluster, seen: Observed, *, begun: bool = False) -> Iterable[Reason]:
    """Why RDS does not bear the tags out."""
    source = source_of(cluster.tags)
    if source is None or source.service not in {"rds", "s3"}:
        got = cluster.tags[TAG_SOURCE]
        yield _reason(cluster, "its source is no ARN", f"name its source by an ARN, got {got!r}", "it stays")
        return
    yield from _other_family(cluster, source, seen)
    run = cluster.tags[TAG_RUN]
    strange = [each.instance_id for each in seen.instances_of(cluster.cluster_id) if not _made_by(run, each)]
    if strange:
        yield _reason(
            cluster, f"run {run} did not make {', '.join(strange)}",
            f"have instances of run {run} only, got {', '.join(strange)}",
            "somebody made use of it: a clone without tags of its own has those of its source",
        )  # fmt: skip
    twins = [each.cluster_id for each in seen.clusters if each.tags.get(TAG_RUN) == run and each.arn != cluster.arn]
    if twins and not begun and not seen.instances_of(cluster.cluster_id):
        yield _reason(
            cluster, f"run {run} made {', '.join(twins)} too", f"be the only cluster of run {run}, or have instances "
            f"that it made, got {', '.join(twins)} beside it", "it may have the other's tags; look at both",
        )  # fmt: skip


def _made_by(run: str, instance: Instance) -> bool:
    return instance.tags.get(TAG_RUN) == run or instance.instance_id.startswith(AUTOSCALED)


def _other_family(cluster: Cluster, source: Source, seen: Observed) -> Iterable[Reason]:
    own = cluster.arn.split(":")
    is_clone = not cluster.tags[TAG_PURPOSE].startswith(RESTORE)
    if source.kind == "cluster" and (source.region, source.account) == (own[3], own[4]):
        yield from _against_source(cluster, source, seen, is_clone=is_clone)
    elif is_clone and source.kind == "cluster":
        if not (cluster.cross_account_clone and cluster.clone_group_id):
            yield _reason(
                cluster, "RDS knows no clone of another account",
                "be a clone of another account's cluster, got one that RDS says is none", "it stays",
            )  # fmt: skip
    elif is_clone:
        yield _reason(
            cluster, "its source is no cluster", f"have a cluster as its source, got {cluster.tags[TAG_SOURCE]}",
            "it stays",
        )  # fmt: skip


def _against_source(cluster: Cluster, source: Source, seen: Observed, *, is_clone: bool) -> Iterable[Reason]:
    """A clone has the clone group of its source; a restore has it or none, and its source may be gone."""
    if source.name == cluster.cluster_id:
        yield _reason(cluster, "is its own source", "be another cluster than its source, got the same", "it stays")
        return
    original = seen.by_arn(cluster.tags[TAG_SOURCE])
    if original is None:
        if is_clone:
            yield _reason(
                cluster, f"its source {source.name} is gone", f"have a source that proves it a copy, got none: "
                f"{source.name} does not exist any more", "look whether it is a copy, then delete it by hand",
            )  # fmt: skip
        return
    got, wanted = cluster.clone_group_id, original.clone_group_id
    if (is_clone and not got) or (got != wanted and (is_clone or got)):
        yield _reason(
            cluster, f"is no clone of {source.name}",
            f"have the clone group of its source {source.name}, {wanted or 'none'}, got {got or 'none'}",
            "it is another cluster than its tags say",
        )  # fmt: skip
