"""`cluster share`, `cluster unshare` and `cluster accept` as the engine runs them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from estate.names import TAG_MASKED, TAG_QUARANTINE, TAG_RUN
from runbooks import guard
from runbooks.boundary import production_reason
from runbooks.engine.run import Check, Context, Runbook, Verdict
from runbooks.sharing import accept_plan
from runbooks.sharing.accept_plan import plan_accept
from runbooks.sharing.observe import (
    ACCEPT_READS,
    SHARE_READS,
    UNSHARE_READS,
    lock_name,
    observe_accept,
    observe_share,
    observe_unshare,
)
from runbooks.sharing.permissions import ACCEPT_SCOPES, SHARE_SCOPES
from runbooks.sharing.plan import (
    ACCEPT,
    SHARE,
    UNSHARE,
    Kind,
    Observed,
    has_settled,
    is_invited,
    key_notes,
    plan_share,
    plan_unshare,
)
from runbooks.sharing.request import AcceptRequest, ShareRequest
from runbooks.sharing.steps import (
    ACCEPT_EFFECTS,
    SHARE_EFFECTS,
    UNSHARE_EFFECTS,
)
from runbooks.tools import Tools, locking, open_tools

OPEN = "open"  # the tag of a copy whose quarantine is over
STAYS = "a clone that the account has made stays, and RDS does not show it here: there it has CrossAccountClone true"


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareResult:
    """What the other account may do now. `invited`: it must accept first. `there` is the command for it."""

    arn: str
    account: str
    share: str
    share_arn: str
    invited: bool
    there: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnshareResult:
    """What is no longer shared, and what stays of it."""

    arn: str
    account: str
    clones: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptResult:
    """What can be cloned now, and how."""

    arn: str
    engine: str
    engine_version: str
    encrypted: bool
    next: str


def verify_share(request: ShareRequest, seen: Observed, _context: Context[Tools]) -> Verdict:
    """Ask RAM again."""
    link = seen.ours
    invited = link is not None and any(is_invited(each) for each in link.principals)
    there = f"runbook cluster accept {seen.arn}" if invited else f"runbook clone {seen.arn} --as NAME"
    how = "is invited to clone" if invited else "can clone"
    return Verdict(
        summary=f"account {request.account} {how} {request.cluster_id}; there: {there}",
        checks=tuple(_share_checks(seen)),
        result=ShareResult(
            arn=seen.arn,
            account=request.account,
            share=link.share.name if link is not None else "",
            share_arn=link.share.arn if link is not None else "",
            invited=invited,
            there=there,
            notes=key_notes(seen),
        ),
    )


def _share_checks(seen: Observed) -> Iterable[Check]:
    link = seen.ours
    yield Check(name="share", passed=link is not None, detail=link.share.status if link is not None else "none")
    if link is None:
        return
    states = ", ".join(f"{each.entity} {each.status}" for each in (*link.resources, *link.principals))
    yield Check(name="associations", passed=has_settled(link), detail=states)


def verify_unshare(request: ShareRequest, seen: Observed, _context: Context[Tools]) -> Verdict:
    """Ask RAM again."""
    left = seen.giving(seen.arn, request.account)
    names = ", ".join(each.share.name for each in left)
    return Verdict(
        summary=f"account {request.account} cannot clone {request.cluster_id} any more; {STAYS}",
        checks=(Check(name="shares", passed=not left, detail=names or "none gives it to the account"),),
        result=UnshareResult(arn=seen.arn, account=request.account, clones=STAYS),
    )


def verify_accept(request: AcceptRequest, seen: accept_plan.Observed, _context: Context[Tools]) -> Verdict:
    """Ask RDS again."""
    found = seen.cluster
    key = " --key KEY" if found is not None and found.encrypted else ""
    following = f"runbook clone {request.arn} --as NAME{key}"
    engine = f"{found.engine} {found.engine_version}" if found is not None else "not seen"
    return Verdict(
        summary=f"{request.cluster_id} of account {request.owner} can be cloned, once: {following}",
        checks=(Check(name="shared cluster", passed=found is not None, detail=engine),),
        result=AcceptResult(
            arn=request.arn,
            engine=found.engine if found is not None else "",
            engine_version=found.engine_version if found is not None else "",
            encrypted=found.encrypted if found is not None else False,
            next=following,
        ),
    )


def confirm_share(request: ShareRequest, seen: Observed) -> str:
    """Another account gets every row, which nothing takes back; but a copy that was masked and opened needs no word."""
    if TAG_RUN in seen.tags and seen.tags.get(TAG_MASKED) and seen.tags.get(TAG_QUARANTINE) == OPEN:
        return ""
    may = f"account {request.account} may copy every row of"
    reason = production_reason(request.cluster_id, seen.tags)
    return f"{reason}, and {may} it" if reason else f"{may} {request.cluster_id}, and keeps them when it is unshared"


def share_runbook() -> Runbook[ShareRequest, Observed, Kind, Tools]:
    """The engine's description of `cluster share`."""
    return Runbook(
        verb=SHARE,
        decode=ShareRequest.from_plain,
        encode=ShareRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=open_tools,
        observe=observe_share,
        plan=plan_share,
        effects=SHARE_EFFECTS,
        verify=verify_share,
        reads=SHARE_READS,
        guard=locking(lambda request: lock_name(request.cluster_id)),
        guard_actions=guard.ACTIONS,
        confirms=confirm_share,
        scopes=SHARE_SCOPES,
    )


def unshare_runbook() -> Runbook[ShareRequest, Observed, Kind, Tools]:
    """The engine's description of `cluster unshare`."""
    return Runbook(
        verb=UNSHARE,
        decode=ShareRequest.from_plain,
        encode=ShareRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=open_tools,
        observe=observe_unshare,
        plan=plan_unshare,
        effects=UNSHARE_EFFECTS,
        verify=verify_unshare,
        reads=UNSHARE_READS,
        guard=locking(lambda request: lock_name(request.cluster_id)),
        guard_actions=guard.ACTIONS,
        scopes=SHARE_SCOPES,
    )


def accept_runbook() -> Runbook[AcceptRequest, accept_plan.Observed, accept_plan.Kind, Tools]:
    """The engine's description of `cluster accept`."""
    return Runbook(
        verb=ACCEPT,
        decode=AcceptRequest.from_plain,
        encode=AcceptRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=open_tools,
        observe=observe_accept,
        plan=plan_accept,
        effects=ACCEPT_EFFECTS,
        verify=verify_accept,
        reads=ACCEPT_READS,
        guard=locking(attrgetter("cluster_id")),
        guard_actions=guard.ACTIONS,
        scopes=ACCEPT_SCOPES,
    )
