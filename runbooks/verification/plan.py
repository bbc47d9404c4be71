"""Which steps a verification still needs, or every reason not to begin. Pure.

Closed, restored, looked at, recorded, cleared away. The record comes before the clearing: it tells a second sitting
that only clearing is left, whether the journal survived or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from estate.engines import POSTGRESQL
from estate.names import verified_parameter
from runbooks.birth.plan import BirthKind, birth_blockers, plan_birth
from runbooks.boundary import boundary_reasons
from runbooks.engine.plan import MADE_LATER, Call, PlanRefusedError, Step
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.plan import (
    QuarantineKind,
    closed_group,
    plan_closing,
    plan_opening,
    plan_rotation,
    quarantine_blockers,
)
from runbooks.quarantine.seen import Quarantine, QuarantineSeen
from runbooks.verification.request import INSTANCE, VerifyRequest
from runbooks.verification.seen import Observed
from runbooks.verification.wish import VERB, model_of, origin_of, target_of, wish_of

GOING: Final = "deleting"


class Kind(StrEnum):
    """The verb's own steps, beside those of a birth and of a quarantine."""

    CHECK = "check-data"
    RECORD = "record-proof"
    INSTANCES = "delete-instances"
    CLUSTER = "delete-cluster"
    SECRET = "delete-secret"  # noqa: S105 - the name of a step


def blockers(request: VerifyRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    source, quarantine, closing = seen.source, seen.quarantine, seen.closing
    if source is None or quarantine is None or closing is None:
        where = f" in {request.region}" if request.region else ""
        return (f"cluster {request.cluster_id} must exist{where}, got none; `restore verify --list` lists them",)
    target = target_of(request, seen)
    mine = (*boundary_reasons(VERB, target, {} if seen.copy is None else seen.copy.tags), *seen.locked)
    if seen.is_recorded:
        return mine
    reasons = (
        *_backup_reasons(request, seen, source),
        *_query_reasons(request, source),
        *_copy_reasons(seen),
        *birth_blockers(
            wish_of(request, seen), model_of(seen, source), seen.copy, seen.around.place, seen.around.taken
        ),
        *quarantine_blockers(quarantine, closing),
        *boundary_reasons(VERB, source.cluster_id, source.tags, allowed=()),
        *mine,
    )
    return tuple(dict.fromkeys(reasons))


def _backup_reasons(request: VerifyRequest, seen: Observed, source: Portrait) -> Iterable[str]:
    if seen.copy is not None:
        return
    if request.backup == "snapshot" and seen.snapshot is None:
        yield (
            f"{source.cluster_id} must have a snapshot that is available, got none; take one by `runbook snapshot "
            "create`, or verify --backup latest"
        )
    if request.backup == "latest" and source.cluster.get("LatestRestorableTime") is None:
        yield f"{source.cluster_id} must have a latest restorable time, got none; wait until its first backup is taken"


def _query_reasons(request: VerifyRequest, source: Portrait) -> Iterable[str]:
    if not request.queries:
        return
    engine = source.cluster.get("Engine")
    if engine != POSTGRESQL:
        yield (
            f"engine must be {POSTGRESQL} to be queried, got {engine}: the kit has no MySQL driver; --no-queries "
            "restores it without looking inside"
        )
    elif not request.reach_from:
        yield (
            "--reach-from must say from where the copy is queried, got nothing: it is born closed; give this host's "
            "network or security group, or --no-queries"
        )


def _copy_reasons(seen: Observed) -> Iterable[str]:
    if seen.copy is not None and seen.copy.status == GOING:
        yield f"{seen.copy.cluster_id} of an earlier sitting must be gone first, got {GOING}; wait, then run again"


def plan_verify(request: VerifyRequest, seen: Observed) -> tuple[Step[Any], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    source, quarantine, closing = seen.source, seen.quarantine, seen.closing
    assert source is not None  # noqa: S101 - a blocker otherwise
    assert quarantine is not None  # noqa: S101 - the same
    assert closing is not None  # noqa: S101 - the same
    if seen.is_recorded:
        return tuple(_ending(request, seen, quarantine, closing))
    rotation = plan_rotation(quarantine, closing, sql=True) if request.queries else ()
    reached = any(step.kind is QuarantineKind.REACH for step in rotation)
    return (
        *plan_closing(quarantine, closing),
        *(_said(step, request, seen, source) for step in _birth(request, seen, source)),
        *rotation,
        *([_check(request, quarantine)] if request.queries else []),
        _record(request, quarantine),
        *_ending(request, seen, quarantine, closing, reached=reached),
    )


def _birth(request: VerifyRequest, seen: Observed, source: Portrait) -> tuple[Step[Any], ...]:
    return plan_birth(wish_of(request, seen), origin_of(request, seen, source), model_of(seen, source), seen.copy)


def _said(step: Step[Any], request: VerifyRequest, seen: Observed, source: Portrait) -> Step[Any]:
    """With the backup's moment where the data comes, and no instance within reach of the internet."""
    if step.kind is BirthKind.RESTORE and step.calls:
        return replace(step, why=f"from {backup_said(request, seen, source)}; a full copy, which uses nothing but it")
    if step.kind is BirthKind.INSTANCE:
        calls = (replace(call, parameters={**call.parameters, "PubliclyAccessible": False}) for call in step.calls)
        return replace(step, calls=tuple(calls))
    return step


def backup_said(request: VerifyRequest, seen: Observed, source: Portrait) -> str:
    """Which backup, in words."""
    if request.backup == "snapshot" and seen.snapshot is not None:
        return f"snapshot {seen.snapshot.snapshot_id} of {seen.snapshot.created_at:%Y-%m-%d %H:%M} UTC"
    latest = source.cluster.get("LatestRestorableTime")
    return f"the latest restorable time, {latest:%Y-%m-%d %H:%M} UTC" if latest is not None else "the latest backup"


def _check(request: VerifyRequest, quarantine: Quarantine) -> Step[Any]:
    compared = sum(bool(each.compare) for each in request.checks)
    also = f", {compared} of them at {request.cluster_id} as well, read only" if compared else ""
    return Step(
        kind=Kind.CHECK,
        subject=quarantine.target_id,
        why=f"{len(request.checks)} checks as the master user{also}",
        arguments={
            "source": request.cluster_id,
            "secret": quarantine.secret_name if quarantine.master == "own" else "",
            "checks": [each.to_plain() for each in request.checks],
        },
    )


def _record(request: VerifyRequest, quarantine: Quarantine) -> Step[Any]:
    name = verified_parameter(request.cluster_id)
    call = Call(
        service="ssm",
        operation="PutParameter",
        parameters={"Name": name, "Value": MADE_LATER, "Type": "String", "Overwrite": True},
    )
    return Step(
        kind=Kind.RECORD,
        subject=name,
        why="what was restored, when, and what the checks found: `runbook restore verify --list` reads it",
        calls=(call,),
        arguments={"copy": quarantine.target_id, "backup": request.backup, "queries": request.queries},
    )


def _ending(
    request: VerifyRequest, seen: Observed, quarantine: Quarantine, closing: QuarantineSeen, *, reached: bool = False
) -> Iterable[Step[Any]]:
    """Nothing is left of it; or with --keep, nobody gets in any more."""
    if request.keep:
        return plan_opening(quarantine, closing, reached=reached)
    return plan_clearing(quarantine, closing, seen.copy, whole=not seen.is_recorded)


def plan_clearing(
    quarantine: Quarantine, closing: QuarantineSeen, copy: Portrait | None, *, whole: bool
) -> tuple[Step[Any], ...]:
    """Delete what the run made. `whole`: all of it, whether it is there yet or not; otherwise what is there."""
    target = quarantine.target_id
    there = [str(each["DBInstanceIdentifier"]) for each in copy.instances] if copy is not None else []
    instances = [f"{target}{INSTANCE}"] if whole else there
    steps: list[Step[Any]] = []
    if instances:
        calls = [_call("rds", "DeleteDBInstance", DBInstanceIdentifier=name) for name in instances]
        steps.append(Step(kind=Kind.INSTANCES, subject=target, why="the copy has served", calls=tuple(calls)))
    if whole or copy is not None:
        call = _call(
            "rds", "DeleteDBCluster", DBClusterIdentifier=target, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
        )
        why = "without a final snapshot: it is a copy of a backup that is still there"
        steps.append(Step(kind=Kind.CLUSTER, subject=target, why=why, calls=(call,)))
    if whole or closing.group is not None:
        call = _call("ec2", "DeleteSecurityGroup", GroupId=closed_group(quarantine, closing))
        steps.append(
            Step(
                kind=QuarantineKind.DROP,
                subject=quarantine.group_name,
                why="nothing is in it any more",
                calls=(call,),
                arguments={"cluster": target},
            )
        )
    if quarantine.master == "own" and (closing.secret is not None or (whole and quarantine.reach_from)):
        name = quarantine.secret_name
        call = _call("secretsmanager", "DeleteSecret", SecretId=name, ForceDeleteWithoutRecovery=True)
        steps.append(Step(kind=Kind.SECRET, subject=name, why="its cluster is gone", calls=(call,)))
    return tuple(steps)


def _call(service: str, operation: str, **parameters: Any) -> Call:
    return Call(service=service, operation=operation, parameters=parameters)
