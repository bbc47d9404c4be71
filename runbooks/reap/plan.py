"""Which copies of a Region go, step by step, and why every other cluster stays. Pure.

A copy is taken apart from the outside in: what adds readers, endpoints, instances (the writer last), then the cluster
with its final snapshot, and only then its secret and its security group, which RDS holds until the cluster is gone. The
cluster's tags are the proof, so it goes last of what needs one; what it leaves behind has tags of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from estate.names import TAG_EXPIRES, TAG_PURPOSE, TAG_RUN, TAG_SOURCE, master_secret
from runbooks.aws.rds import Cluster
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.quarantine.seen import quarantine_group
from runbooks.reap.proof import GONE_SOON, NEEDED, VERB, Ruling, rule_all
from runbooks.reap.request import ReapRequest
from runbooks.reap.seen import Observed
from runbooks.tags import expiry_of, is_ours, made_tags, to_aws

MAX_NAME: Final = 255  # of a DB cluster snapshot


class Kind(StrEnum):
    """The steps."""

    SCALING = "stop-scaling"
    ENDPOINT = "delete-endpoint"
    INSTANCES = "delete-instances"
    CLUSTER = "delete-cluster"
    SNAPSHOT = "tag-final-snapshot"
    SECRET = "delete-secret"  # noqa: S105 - the name of a step
    GROUP = "delete-security-group"


PROVEN: Final = frozenset({Kind.SCALING, Kind.ENDPOINT, Kind.INSTANCES, Kind.CLUSTER})


def rulings(request: ReapRequest, seen: Observed) -> tuple[Ruling, ...]:
    """What becomes of each cluster that the request is about."""
    found = rule_all(seen, request.moment)
    return tuple(each for each in found if not request.ids or each.cluster_id in request.ids)


def blockers(request: ReapRequest, seen: Observed) -> tuple[str, ...]:
    """Why copies that were named must stay; a sweep over all has none: it leaves them where they are."""
    named = rulings(request, seen) if request.ids else ()
    return (*(reason.whole for ruling in named for reason in ruling.reasons), *_room_reasons(request, seen))


def _room_reasons(request: ReapRequest, seen: Observed) -> Iterable[str]:
    """Why not every final snapshot can be taken: instances go first, and their cluster would be left without any."""
    if not request.final_snapshot:
        return
    going = [each for each in _going(request, seen) if each.status != GONE_SOON]
    if going and seen.manual + len(going) > seen.quota:
        yield (
            f"manual snapshots of the Region must have room for {len(going)} more, got {seen.manual} of {seen.quota}; "
            "delete some by `runbook snapshot prune`, name fewer copies, or ask for a higher quota (L-9B510759)"
        )
    taken = {each.snapshot_id for each in seen.finals}
    for each in going:
        if (name := final_name(each.cluster_id, seen.run_id)) in taken:
            yield f"snapshot {name} must be a name that is free, got one that is there; run under another --run-id"


def _going(request: ReapRequest, seen: Observed) -> list[Cluster]:
    """The clusters that go, those that are being deleted already among them."""
    found = rulings(request, seen)
    return [cluster for each in found if each.goes and (cluster := seen.find(each.cluster_id))]


def plan_reap(request: ReapRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: a copy that was named must stay, or there is no room for the final snapshots; with every
            reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    going = _going(request, seen)
    apart = [step for cluster in going for step in _take_apart(cluster, request, seen)]
    return (*apart, *_untagged_finals(seen, going), *_leftovers(request, seen, going))


def final_name(cluster_id: str, run_id: str) -> str:
    """The final snapshot's; it tells which run deleted what. A snapshot's name has no two hyphens in a row."""
    return f"{cluster_id}-final-{re.sub('-+', '-', run_id).strip('-')}"[:MAX_NAME]


def _snapshot_arn(cluster: Cluster, name: str) -> str:
    return f"{cluster.arn.rsplit(':', 2)[0]}:cluster-snapshot:{name}"


def _take_apart(cluster: Cluster, request: ReapRequest, seen: Observed) -> Iterable[Step[Kind]]:
    """One copy, from the outside in. What it was planned by goes along: it is looked at again before each step."""
    planned = {"cluster": cluster.cluster_id, "resource": cluster.resource_id, "at": request.at}
    for step in _parts(cluster, request, seen):
        yield replace(step, arguments=planned) if step.kind in PROVEN and step.calls else step


def _parts(cluster: Cluster, request: ReapRequest, seen: Observed) -> Iterable[Step[Kind]]:
    name = cluster.cluster_id
    for target in seen.targets:
        if target.cluster_id == name and cluster.status != GONE_SOON:
            call = Call(
                service="application-autoscaling",
                operation="DeregisterScalableTarget",
                parameters={
                    "ServiceNamespace": "rds",
                    "ResourceId": target.resource_id,
                    "ScalableDimension": target.dimension,
                },
            )
            yield _step(Kind.SCALING, name, "no reader is added to it any more", call)
    for endpoint in seen.endpoints:
        if endpoint.cluster_id == name and GONE_SOON not in {endpoint.status, cluster.status}:
            call = _rds("DeleteDBClusterEndpoint", DBClusterEndpointIdentifier=endpoint.endpoint_id)
            yield _step(Kind.ENDPOINT, endpoint.endpoint_id, f"a custom endpoint of {name}", call)
    yield from _instances(cluster, seen)
    yield from _cluster(cluster, request, seen)


def _instances(cluster: Cluster, seen: Observed) -> Iterable[Step[Kind]]:
    """All of them, the writer last: nobody is promoted for nothing."""
    found = sorted(
        seen.instances_of(cluster.cluster_id),
        key=lambda each: (each.instance_id == cluster.writer_id, each.instance_id),
    )
    calls = tuple(
        _rds("DeleteDBInstance", DBInstanceIdentifier=each.instance_id, SkipFinalSnapshot=True)
        for each in found
        if each.status != GONE_SOON
    )
    if found:
        why = "an Aurora instance has no data of its own: the cluster's volume has it, and stays for now"
        yield _step(Kind.INSTANCES, cluster.cluster_id, why, *calls)


def _cluster(cluster: Cluster, request: ReapRequest, seen: Observed) -> Iterable[Step[Kind]]:
    name, final = cluster.cluster_id, final_name(cluster.cluster_id, seen.run_id)
    if cluster.status == GONE_SOON:
        yield _step(Kind.CLUSTER, name, "it is being deleted already: waited for")
        if any(each.snapshot_id == final for each in seen.finals):
            yield _tagged(final, _snapshot_arn(cluster, final), cluster.arn, seen)
        return
    expires = expiry_of(cluster.tags)
    ended = f"expired {expires:%Y-%m-%d %H:%M} UTC" if expires else "expired"
    why = f"{ended}; {cluster.tags[TAG_PURPOSE]} of {cluster.tags[TAG_SOURCE]} by run {cluster.tags[TAG_RUN]}"
    if not request.final_snapshot:
        call = _rds("DeleteDBCluster", DBClusterIdentifier=name, SkipFinalSnapshot=True)
        yield _step(Kind.CLUSTER, name, f"{why}; nothing of it is left", call)
        return
    call = _rds(
        "DeleteDBCluster", DBClusterIdentifier=name, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier=final
    )  # fmt: skip
    yield _step(Kind.CLUSTER, name, f"{why}; its last state stays as a snapshot", call)
    yield _tagged(final, _snapshot_arn(cluster, final), cluster.arn, seen)


def _untagged_finals(seen: Observed, going: Sequence[Cluster]) -> Iterable[Step[Kind]]:
    """Final snapshots of copies that a sitting of this run deleted, and could not tag any more."""
    handled = {each.cluster_id for each in going}
    for each in seen.finals:
        if each.cluster_id not in handled and not is_ours(each.tags, seen.run_id):
            source = f"{each.arn.rsplit(':', 2)[0]}:cluster:{each.cluster_id}"
            yield _tagged(each.snapshot_id, each.arn, source, seen)


def _tagged(name: str, arn: str, source: str, seen: Observed) -> Step[Kind]:
    tags = to_aws(made_tags(run_id=seen.run_id, source=source, owner=seen.owner, purpose=VERB))
    return _step(
        Kind.SNAPSHOT,
        name,
        "DeleteDBCluster takes no tags; the copy's own, its expiry among them, may have come along",
        _rds("RemoveTagsFromResource", ResourceName=arn, TagKeys=[TAG_EXPIRES]),
        _rds("AddTagsToResource", ResourceName=arn, Tags=tags),
    )


def _leftovers(request: ReapRequest, seen: Observed, going: Sequence[Cluster]) -> Iterable[Step[Kind]]:
    """Secrets and security groups of the runs whose copies go, and of expired copies that are gone."""
    living = {master_secret(each.cluster_id) for each in seen.clusters if each not in going}
    for secret in seen.secrets:
        if secret.name in living or secret.deleted:
            continue
        if _is_left(secret.name, secret.tags, request, seen, going):
            call = Call(
                service="secretsmanager",
                operation="DeleteSecret",
                parameters={"SecretId": secret.name, "ForceDeleteWithoutRecovery": True},
            )
            why = "the password of a cluster that is gone; at once, so that the next copy can have the name"
            step = _step(Kind.SECRET, secret.name, why, call)
            yield replace(step, arguments={"run": secret.tags[TAG_RUN]})
    used = {group for cluster in seen.clusters if cluster not in going for group in cluster.security_groups}
    for group in seen.groups:
        if _is_left(group.name, group.tags, request, seen, going) and group.group_id not in used:
            call = Call(service="ec2", operation="DeleteSecurityGroup", parameters={"GroupId": group.group_id})
            yield _step(Kind.GROUP, f"{group.group_id} {group.name}", "no cluster is in it any more", call)


def _is_left(
    name: str, tags: Mapping[str, str], request: ReapRequest, seen: Observed, going: Sequence[Cluster]
) -> bool:
    """Whether a run made it for a copy that goes, or is gone and has expired."""
    run = tags.get(TAG_RUN, "")
    of_run = [each for each in seen.clusters if run and each.tags.get(TAG_RUN) == run]
    if of_run:
        return all(each in going for each in of_run)
    expires = expiry_of(tags)
    is_over = all(tags.get(tag) for tag in NEEDED) and expires is not None and expires <= request.moment
    asked = {text for each in request.ids for text in (quarantine_group(each), master_secret(each))}
    return is_over and (not request.ids or name in asked)


def _rds(operation: str, **parameters: Any) -> Call:
    return Call(service="rds", operation=operation, parameters=parameters)


def _step(kind: Kind, subject: str, why: str, *calls: Call) -> Step[Kind]:
    return Step(kind=kind, subject=subject, why=why, calls=calls)
