"""Which steps of a refresh are missing, or every reason not to begin. Pure.

The copy is made as `runbook clone` makes one: closed, masked, looked through, opened. Then it is compared with its
source once more, kept, and takes the old one's place; the old one is given an end, and deleted by `runbook reap`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from estate.names import TAG_EXPIRES, TAG_REPLACED_BY
from runbooks.clone.plan import plan_clone
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.refresh.refusals import refusals
from runbooks.refresh.request import RefreshRequest
from runbooks.refresh.seen import Observed, is_copy, replaced_id

TTL_S: Final = 60  # of a record that was not there before


class RefreshKind(StrEnum):
    """The steps that a clone has not."""

    VERIFY = "verify-copy"
    KEEP = "keep"
    RECORD = "point-record"
    RENAME = "rename-cluster"
    RETIRE = "retire"


def endpoint_reference(cluster_id: str, end: str) -> str:
    """Stands in a plan for an endpoint's address, which AWS makes; the effect puts the address in its place."""
    return f"({end} endpoint of {cluster_id})"


def blockers(request: RefreshRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    return tuple(dict.fromkeys(refusals(request, seen)))


def plan_refresh(request: RefreshRequest, seen: Observed) -> tuple[Step[Any], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    swap = _rename(request, seen) if request.rename else _records(request, seen)
    return (*_copy(request, seen), *swap, *_retire(request, seen))


def _copy(request: RefreshRequest, seen: Observed) -> Iterable[Step[Any]]:
    if seen.is_kept:
        return
    copy_id = request.copy_id(seen.run_id)
    clone = seen.clone
    assert clone is not None  # noqa: S101 - looked at as long as the copy is not kept
    assert clone.quarantine is not None  # noqa: S101 - seen with the source, without which there is a blocker
    wanted = request.clone_request(seen.run_id, replaced_id(request, seen))
    yield from plan_clone(wanted, clone)
    yield Step(
        kind=RefreshKind.VERIFY,
        subject=copy_id,
        arguments={"clone": wanted.to_plain()},
        why=f"every setting compared with {request.source_id}; nothing leads to it yet",
    )
    parameters = {"ResourceName": clone.quarantine.arn, "TagKeys": [TAG_EXPIRES]}
    yield Step(
        kind=RefreshKind.KEEP,
        subject=copy_id,
        calls=(Call(service="rds", operation="RemoveTagsFromResource", parameters=parameters),),
        why=f"until here `runbook reap` would delete it after {request.expires}; from here on it is in use",
    )


def _records(request: RefreshRequest, seen: Observed) -> Iterable[Step[Any]]:
    copy_id = request.copy_id(seen.run_id)
    for end, name in request.records:
        now = seen.target_of(name)
        wanted = _endpoint(seen, end) or endpoint_reference(copy_id, end)
        if now == wanted:
            continue
        old = f"now {now}" if now else "there is no such record yet"
        yield Step(
            kind=RefreshKind.RECORD,
            subject=name,
            calls=(_upsert(request, seen, name, wanted),),
            arguments={"cluster": copy_id, "end": end, "zone": request.zone, "previous": now},
            why=f"the {end} endpoint of {copy_id} takes the place; {old}",
        )


def _endpoint(seen: Observed, end: str) -> str:
    if seen.ours is None:
        return ""
    return (seen.ours.writer_endpoint if end == "writer" else seen.ours.reader_endpoint).lower()


def _upsert(request: RefreshRequest, seen: Observed, name: str, value: str) -> Call:
    ttl_s = next((each.ttl_s for each in seen.records_of(name) if each.ttl_s is not None), TTL_S)
    record = {"Name": name, "Type": "CNAME", "TTL": ttl_s, "ResourceRecords": [{"Value": value}]}
    batch = {
        "Comment": f"runbook refresh {seen.run_id}",
        "Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}],
    }
    parameters = {"HostedZoneId": request.zone, "ChangeBatch": batch}
    return Call(service="route53", operation="ChangeResourceRecordSets", parameters=parameters)


def _rename(request: RefreshRequest, seen: Observed) -> Iterable[Step[Any]]:
    ours, old = seen.ours, seen.old
    if ours is not None and ours.cluster_id == request.target:
        return
    if old is not None and old.cluster_id == request.target:
        why = "its name is free from here on, until the copy has it; its endpoints change with it"
        yield _renaming(old.cluster_id, request.old_id(seen.run_id), why, {"resource": old.resource_id})
    why = "the copy has the name, and with it the endpoints that clients know"
    yield _renaming(request.copy_id(seen.run_id), request.target, why, {})


def _renaming(from_id: str, to_id: str, why: str, arguments: dict[str, Any]) -> Step[Any]:
    parameters = {"DBClusterIdentifier": from_id, "NewDBClusterIdentifier": to_id, "ApplyImmediately": True}
    return Step(
        kind=RefreshKind.RENAME,
        subject=from_id,
        calls=(Call(service="rds", operation="ModifyDBCluster", parameters=parameters),),
        arguments=arguments,
        why=why,
    )


def _retire(request: RefreshRequest, seen: Observed) -> Iterable[Step[Any]]:
    old = seen.old
    if old is None or seen.is_retired or not is_copy(old.tags):
        return
    old_id = replaced_id(request, seen)
    arn = old.arn.removesuffix(old.cluster_id) + old_id
    tags = [
        {"Key": TAG_EXPIRES, "Value": request.retire_at},
        {"Key": TAG_REPLACED_BY, "Value": seen.run_id},
    ]
    call = Call(service="rds", operation="AddTagsToResource", parameters={"ResourceName": arn, "Tags": tags})
    yield Step(
        kind=RefreshKind.RETIRE,
        subject=old_id,
        calls=(call,),
        arguments={"zone": request.zone, "resource": old.resource_id},
        why=f"nothing leads to it any more; `runbook reap` deletes it after {request.retire_at}, this runbook does not",
    )
