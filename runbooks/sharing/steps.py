"""The effects. Each can be done again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws import ram, rds
from runbooks.aws.ram import Link
from runbooks.aws.rds import error_code
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect
from runbooks.engine.wait import FAILED, PENDING, READY, Judgement, wait_for
from runbooks.sharing import accept_plan
from runbooks.sharing.plan import Kind, has_settled
from runbooks.tags import is_ours
from runbooks.tools import Tools
from runbooks.waits import EVERY_S

WAIT_S: Final = 900.0  # seconds to a few minutes as a rule
ALREADY: Final = frozenset({"ResourceShareInvitationAlreadyAcceptedException"})
GONE: Final = frozenset({"UnknownResourceException"})
Ctx = Context[Tools]


def create_share(step: Step[Kind], context: Ctx) -> None:
    """Create the share; the client token makes a second call the same as the first."""
    for call in step.calls:
        context.tools.perform(call)


def wait_for_share(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Wait until the cluster is in the share and the account has it or is invited."""
    client = context.tools.session.client("ram")

    def look() -> Link | None:
        return next((each for each in ram.list_links(client) if is_ours(each.share.tags, context.run_id)), None)

    def judge(found: Link | None) -> Judgement:
        if found is None:
            return PENDING
        if any(each.status == "FAILED" for each in (*found.resources, *found.principals)):
            return FAILED
        return READY if has_settled(found) else PENDING

    found = wait_for(
        f"share of {step.subject}", poll=look, judge=judge, timeout_s=WAIT_S, every_s=EVERY_S, clock=context.clock
    )
    return {"share": found.share.arn if found is not None else ""}


def end_share(step: Step[Kind], context: Ctx) -> None:
    """Delete the share, or take the account or the cluster out; what is gone already is as good."""
    for call in step.calls:
        try:
            context.tools.perform(call)
        except ClientError as error:
            if error_code(error) not in GONE:
                raise


def accept_invitation(step: Step[accept_plan.Kind], context: Ctx) -> None:
    """Accept, unless that was done."""
    for call in step.calls:
        try:
            context.tools.perform(call)
        except ClientError as error:
            if error_code(error) not in ALREADY:
                raise


def wait_for_cluster(step: Step[accept_plan.Kind], context: Ctx) -> None:
    """Wait until RDS shows the cluster to this account."""

    def look() -> tuple[str, ...]:
        return tuple(each.arn for each in context.tools.rds.list_foreign_clusters())

    wait_for(
        f"{step.subject} shown by RDS",
        poll=look,
        judge=lambda arns: READY if any(arn.endswith(f":{step.subject}") for arn in arns) else PENDING,
        timeout_s=WAIT_S,
        every_s=EVERY_S,
        clock=context.clock,
    )


SHARE_EFFECTS: Final[Mapping[Kind, Effect[Kind, Tools]]] = {
    Kind.CREATE: Effect(create_share, actions=("ram:CreateResourceShare", "ram:TagResource")),
    Kind.SETTLE: Effect(wait_for_share, actions=ram.ACTIONS["list_links"]),
}
UNSHARE_EFFECTS: Final[Mapping[Kind, Effect[Kind, Tools]]] = {
    Kind.DELETE: Effect(end_share, actions=("ram:DeleteResourceShare",)),
    Kind.TAKE_OUT: Effect(end_share, actions=("ram:DisassociateResourceShare",)),
}
ACCEPT_EFFECTS: Final[Mapping[accept_plan.Kind, Effect[accept_plan.Kind, Tools]]] = {
    accept_plan.Kind.ACCEPT: Effect(accept_invitation, actions=("ram:AcceptResourceShareInvitation",)),
    accept_plan.Kind.APPEAR: Effect(wait_for_cluster, actions=rds.ACTIONS["list_foreign_clusters"]),
}
