"""`restore snapshot | point-in-time | deleted | s3` as the engine runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final

from estate.names import TAG_EXPIRES
from runbooks import guard
from runbooks.birth.plan import birth_checks
from runbooks.birth.steps import birth_effects
from runbooks.engine.plan import Step
from runbooks.engine.run import Check, Context, Effect, Runbook, Verdict
from runbooks.quarantine.plan import QuarantineKind, quarantine_checks
from runbooks.quarantine.steps import QUARANTINE_EFFECTS, in_quarantine
from runbooks.restore.observe import READS, observe
from runbooks.restore.permissions import SCOPES
from runbooks.restore.plan import plan_restore
from runbooks.restore.report import render
from runbooks.restore.request import Kind, RestoreRequest
from runbooks.restore.seen import Observed
from runbooks.restore.wishes import OPERATIONS, model_of, quarantine_of, wish_of
from runbooks.tools import Tools, locking, open_tools

_CLOSING: Final = (QuarantineKind.GROUP, QuarantineKind.SHUT)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreResult:
    """The new cluster. `restored_to` is the asked-for moment, empty for the latest and for what has but one.

    `secret` keeps the master user's password where RDS manages it; otherwise the password is that of the data.
    `took_s` is from the request to the end, waiting between sittings included.
    """

    cluster_id: str
    arn: str
    source: str
    restored_to: str
    model: str
    engine_version: str
    endpoint: str
    reader_endpoint: str
    port: int
    instances: tuple[str, ...]
    security_groups: tuple[str, ...]
    is_closed: bool
    secret: str
    owner: str
    expires: str
    took_s: float


def verify(request: RestoreRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """The new cluster as AWS shows it: like its model, at rest, open or closed as asked."""
    result = _result(request, seen, context)
    when = f" as of {result.restored_to}" if result.restored_to else ""
    closed = "; nobody gets in" if result.is_closed else ""
    kept = f"; it expires {result.expires}" if result.expires else ""
    return Verdict(
        summary=f"{request.target_id} has the data of {result.source}{when}{closed}{kept}",
        checks=tuple(_checks(request, seen)),
        result=result,
    )


def _checks(request: RestoreRequest, seen: Observed) -> Iterable[Check]:
    model = model_of(request, seen)
    if model is None:
        yield Check(name="origin", passed=False, detail=f"{request.source} is not there any more: not compared")
        return
    yield from birth_checks(wish_of(request, seen, model), model, seen.copy)
    if request.closed and seen.closing is not None:
        yield quarantine_checks(quarantine_of(request, seen, model), seen.closing)[0]


def _result(request: RestoreRequest, seen: Observed, context: Context[Tools]) -> RestoreResult:
    raw: Mapping[str, Any] = seen.copy.cluster if seen.copy is not None else {}
    origin, model = seen.origin, seen.model
    tags = seen.copy.tags if seen.copy is not None else {}
    return RestoreResult(
        cluster_id=request.target_id,
        arn=str(raw.get("DBClusterArn", "")),
        source=origin.arn if origin is not None else request.source,
        restored_to=request.to_time,
        model=model.cluster_id if model is not None else "",
        engine_version=str(raw.get("EngineVersion", "")),
        endpoint=str(raw.get("Endpoint", "")),
        reader_endpoint=str(raw.get("ReaderEndpoint", "")),
        port=int(raw.get("Port", 0)),
        instances=tuple(str(each["DBInstanceIdentifier"]) for each in raw.get("DBClusterMembers", [])),
        security_groups=tuple(sorted(each["VpcSecurityGroupId"] for each in raw.get("VpcSecurityGroups", []))),
        is_closed=request.closed,
        secret=str(raw.get("MasterUserSecret", {}).get("SecretArn", "")),
        owner=request.owner,
        expires=tags.get(TAG_EXPIRES, request.expires),
        took_s=_took_s(context),
    )


def _took_s(context: Context[Tools]) -> float:
    began = next((str(event["at"]) for event in context.journal.events if event["event"] == "run.requested"), "")
    return round((context.clock.now() - datetime.fromisoformat(began)).total_seconds(), 1) if began else 0.0


def _cluster_of(step: Step[Any]) -> str:
    return next((str(call.parameters.get("DBClusterIdentifier", "")) for call in step.calls), "")


def _effects(kind: Kind) -> Mapping[Any, Effect[Any, Tools]]:
    """Those of a cluster's birth, which may be in a closed group, and of that group."""
    born = birth_effects(OPERATIONS[kind])
    return {
        **{
            step: Effect(
                in_quarantine(effect.run, _cluster_of), actions=(*effect.actions, "ec2:DescribeSecurityGroups")
            )
            for step, effect in born.items()
        },
        **{step: QUARANTINE_EFFECTS[step] for step in _CLOSING},
    }


def restore_runbook(kind: Kind) -> Runbook[RestoreRequest, Observed, Any, Tools]:
    """The engine's description of one of the verbs. What is restored from is only read: nothing to confirm."""
    return Runbook(
        verb=f"restore {kind.value}",
        decode=RestoreRequest.from_plain,
        encode=RestoreRequest.to_plain,
        target=attrgetter("target_id"),
        tools=open_tools,
        observe=observe,
        plan=plan_restore,
        effects=_effects(kind),
        verify=verify,
        reads=tuple(sorted(set(READS[kind]))),
        guard=locking(attrgetter("target_id")),
        guard_actions=guard.ACTIONS,
        scopes=SCOPES,
        clocked=("expires",),
        render=render,
    )


snapshot_runbook = partial(restore_runbook, Kind.SNAPSHOT)
point_in_time_runbook = partial(restore_runbook, Kind.POINT_IN_TIME)
deleted_runbook = partial(restore_runbook, Kind.DELETED)
s3_runbook = partial(restore_runbook, Kind.S3)
