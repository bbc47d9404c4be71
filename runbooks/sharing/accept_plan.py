"""Which steps of accepting another account's cluster are missing, or every reason not to start. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

from runbooks.aws.ram import Invitation
from runbooks.aws.rds import Cluster
from runbooks.boundary import boundary_reasons
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.sharing.plan import ACCEPT
from runbooks.sharing.request import AcceptRequest


class Kind(StrEnum):
    """The steps."""

    ACCEPT = "accept-invitation"
    APPEAR = "wait-for-cluster"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """An invitation of the cluster's owner, with what it offers; nothing where it does not wait for an answer."""

    invitation: Invitation
    arns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen: `cluster` is what this account sees of the other's, None while it sees nothing."""

    run_id: str
    account: str
    cluster: Cluster | None = None
    visible: tuple[str, ...] = ()  # ARNs of all that is shared with this account
    offers: tuple[Offer, ...] = ()
    locked: tuple[str, ...] = ()

    def pending(self, arn: str) -> Invitation | None:
        """The oldest invitation that offers it."""
        found = [each.invitation for each in self.offers if each.invitation.status == "PENDING" and arn in each.arns]
        return min(found, key=lambda each: (str(each.at), each.arn), default=None)

    @property
    def has_accepted(self) -> bool:
        return any(each.invitation.status == "ACCEPTED" for each in self.offers)


def accept_blockers(request: AcceptRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    return (*_reasons(request, seen), *boundary_reasons(ACCEPT, request.cluster_id, {}), *seen.locked)


def _reasons(request: AcceptRequest, seen: Observed) -> Iterable[str]:
    if request.owner == seen.account:
        yield f"{request.arn} must be of another account, got this one, {seen.account}; `runbook clone` takes it"
        return
    if seen.cluster is not None or seen.pending(request.arn) is not None or seen.has_accepted:
        return
    offered = sorted({*(arn for each in seen.offers for arn in each.arns), *_of(request.owner, seen.visible)})
    over = sorted({each.invitation.status for each in seen.offers} - {"PENDING"})
    got = f"only {', '.join(offered)}" if offered else f"an invitation that is {over[0]}" if over else "none"
    yield (
        f"account {request.owner} must share {request.arn} with account {seen.account}, got {got}; there: `runbook "
        f"cluster share {request.cluster_id} --with {seen.account}` (an invitation ends after 7 days)"
    )


def _of(owner: str, arns: tuple[str, ...]) -> Iterable[str]:
    return (arn for arn in arns if arn.split(":")[4] == owner)


def plan_accept(request: AcceptRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing; none where the cluster is seen, as inside an organization, where no invitation comes.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := accept_blockers(request, seen):
        raise PlanRefusedError(reasons)
    if seen.cluster is not None:
        return ()
    appear = Step(
        kind=Kind.APPEAR, subject=request.cluster_id, why="RDS shows it to this account: then it can be cloned"
    )
    found = seen.pending(request.arn)
    if found is None:
        return (appear,)
    call = Call(
        service="ram",
        operation="AcceptResourceShareInvitation",
        parameters={
            "resourceShareInvitationArn": found.arn,
            "clientToken": str(uuid5(NAMESPACE_URL, f"{seen.run_id} {found.arn}")),
        },
    )
    accept = Step(
        kind=Kind.ACCEPT,
        subject=request.cluster_id,
        why=f"account {found.sender} offers it; nothing of it is copied yet, and nothing costs anything",
        calls=(call,),
    )
    return (accept, appear)
