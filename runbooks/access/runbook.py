"""`access grant` and `access revoke` as the engine runs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from runbooks import guard
from runbooks.access.observe import observe
from runbooks.access.plan import Kind, plan_grant, plan_revoke, wanted_databases
from runbooks.access.request import AccessRequest
from runbooks.access.seen import Observed
from runbooks.access.steps import GRANT_EFFECTS, LOOK, REVOKE_EFFECTS, lock_cluster
from runbooks.access.tools import AccessTools, open_tools
from runbooks.engine.run import Check, Context, Runbook, Verdict

READS: Final = (*LOOK, *guard.READ_ACTIONS)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessResult:
    """How a user stands afterwards. `user_arn` is what an IAM policy allows `rds-db:connect` on."""

    cluster_id: str
    user: str
    user_arn: str
    there: bool
    logs_in_with_iam: bool
    read_only: bool
    databases: tuple[str, ...]
    left: tuple[str, ...]


def verify_grant(request: AccessRequest, seen: Observed, _context: Context[AccessTools]) -> Verdict:
    """What the database says of the role now."""
    result = _result(request, seen)
    return Verdict(
        summary=f"{result.user} logs in with IAM; allow `rds-db:connect` on {result.user_arn}",
        checks=tuple(_grant_checks(request, seen)),
        result=result,
    )


def _grant_checks(request: AccessRequest, seen: Observed) -> Iterable[Check]:
    role, cluster = seen.role, seen.cluster
    assert cluster is not None  # noqa: S101 - the plan would have been refused
    allowed = role is not None and role.can_login and role.logs_in_with_iam
    yield Check(name="login", passed=allowed, detail="with an IAM token" if allowed else "not with IAM")
    has = role.databases if role is not None else ()
    lacks = [name for name in wanted_databases(request, cluster) if name not in has]
    yield Check(name="databases", passed=not lacks, detail=", ".join(has) or "none")
    if request.read_only:
        reads = role is not None and role.reads_all
        yield Check(name="reads", passed=reads, detail="every table" if reads else "not every table")


def verify_revoke(request: AccessRequest, seen: Observed, _context: Context[AccessTools]) -> Verdict:
    """That the role cannot log in; and what is left of it."""
    result, role = _result(request, seen), seen.role
    shut = role is None or not (role.can_login or role.logs_in_with_iam)
    none = "the role is gone" if seen.began else "there is no such role"
    said = f"the role stays without login: it {'; it '.join(result.left)}" if result.there else none
    return Verdict(
        summary=f"{request.user} cannot log in; {said}",
        checks=(Check(name="no login", passed=shut, detail=said if shut else "it still may log in"),),
        result=result,
    )


def _result(request: AccessRequest, seen: Observed) -> AccessResult:
    role, cluster = seen.role, seen.cluster
    assert cluster is not None  # noqa: S101 - the plan would have been refused
    return AccessResult(
        cluster_id=cluster.cluster_id,
        user=request.user,
        user_arn=cluster.user_arn(request.user),
        there=role is not None,
        logs_in_with_iam=role is not None and role.can_login and role.logs_in_with_iam,
        read_only=role is not None and role.reads_all,
        databases=role.databases if role is not None else (),
        left=role.left if role is not None else (),
    )


def _runbook(**parts: Any) -> Runbook[AccessRequest, Observed, Kind, AccessTools]:
    return Runbook(
        decode=AccessRequest.from_plain,
        encode=AccessRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=open_tools,
        observe=observe,
        reads=READS,
        guard=lock_cluster,
        guard_actions=guard.ACTIONS,
        **parts,
    )


def grant_runbook() -> Runbook[AccessRequest, Observed, Kind, AccessTools]:
    """The engine's description of `access grant`."""
    return _runbook(verb="access grant", plan=plan_grant, effects=GRANT_EFFECTS, verify=verify_grant)


def revoke_runbook() -> Runbook[AccessRequest, Observed, Kind, AccessTools]:
    """The engine's description of `access revoke`; a dropped role's grants are lost, so it is confirmed."""
    return _runbook(
        verb="access revoke", plan=plan_revoke, effects=REVOKE_EFFECTS, verify=verify_revoke, irreversible=True
    )
