"""`access rotate` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from typing import Final

from runbooks import guard
from runbooks.aws.secrets import CURRENT, PENDING, PREVIOUS, list_versions
from runbooks.engine.run import Check, Context, Runbook, Verdict
from runbooks.guard import find_lease, lock_blockers
from runbooks.rotate.plan import Kind, Observed, plan_rotate
from runbooks.rotate.request import RotateRequest
from runbooks.rotate.steps import EFFECTS, READS, RotateTools, lock_cache, open_tools

VERSION_LENGTH: Final = 64  # Secrets Manager takes ids of 32 to 64 characters


@dataclass(frozen=True, kw_only=True, slots=True)
class RotateResult:
    """What is valid afterwards. `version_id` is the secret's current version; its value is nowhere but there."""

    cache_id: str
    user: str
    secret: str
    version_id: str


def version_of(run_id: str, request: RotateRequest) -> str:
    """Id of the version that a run makes: its name first, so that people see whose it is."""
    digest = sha256(f"{run_id} {request.secret}".encode()).hexdigest()
    return f"{run_id[:31]}-{digest}"[:VERSION_LENGTH]


def observe(request: RotateRequest, context: Context[RotateTools]) -> Observed:
    """Look at the user or the group, the secret's versions, and the lock. Changes nothing."""
    tools = context.tools
    return Observed(
        version_id=version_of(context.run_id, request),
        group=None if request.user else tools.cache.find_group(request.cache_id),
        user=tools.cache.find_user(request.user_id) if request.user else None,
        versions=list_versions(tools.session.secrets, request.secret),
        locked=lock_blockers(find_lease(tools.ssm, request.cache_id), context.run_id, context.clock.now()),
        waited=any(
            event["event"] == "step.done" and event["step"].startswith(Kind.WAIT.value)
            for event in context.journal.events
        ),
    )


def verify(request: RotateRequest, seen: Observed, _context: Context[RotateTools]) -> Verdict:
    """What AWS shows. Whether a client gets in is not tried here: that takes the network and the client's own way."""
    return Verdict(
        summary=f"{request.secret} has the password that is valid; clients that keep another are out",
        checks=tuple(_checks(request, seen)),
        result=RotateResult(
            cache_id=request.cache_id, user=request.user, secret=request.secret, version_id=seen.version_id
        ),
    )


def _checks(request: RotateRequest, seen: Observed) -> Iterable[Check]:
    current = seen.labelled(CURRENT)
    name = current.version_id if current is not None else "none"
    yield Check(name="current version", passed=seen.is_current, detail=name)
    left = [label for label in (PENDING, PREVIOUS) if seen.labelled(label) is not None]
    yield Check(name="labels", passed=not left, detail=", ".join(left) or "of the current version only")
    if request.user:
        user = seen.user
        one = user is not None and user.is_at_rest and user.passwords == 1
        yield Check(name="passwords", passed=one, detail=f"{user.passwords if user else 0} valid")
        return
    group = seen.group
    rests = group is not None and group.has_token and group.is_at_rest
    yield Check(name="token", passed=rests, detail=group.status if group is not None else "no such group")


def rotate_runbook() -> Runbook[RotateRequest, Observed, Kind, RotateTools]:
    """The engine's description of the verb; the old password is gone at the end, so it is confirmed."""
    return Runbook(
        verb="access rotate",
        decode=RotateRequest.from_plain,
        encode=RotateRequest.to_plain,
        target=attrgetter("cache_id"),
        tools=open_tools,
        observe=observe,
        plan=plan_rotate,
        effects=EFFECTS,
        verify=verify,
        reads=READS,
        guard=lock_cache,
        guard_actions=guard.ACTIONS,
        irreversible=True,
    )
