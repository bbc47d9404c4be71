"""What the plans of sharing say, and the page with them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from estate.names import TAG_MASKED, TAG_PURPOSE, TAG_QUARANTINE, TAG_RUN, TAG_SOURCE
from runbooks.aws.ram import Association, Invitation, Link, Share
from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.sharing import accept_plan
from runbooks.sharing.accept_plan import Offer, plan_accept
from runbooks.sharing.keys import Judgement
from runbooks.sharing.plan import KeySeen, Kind, Observed, has_settled, plan_share, plan_unshare
from runbooks.sharing.request import AcceptRequest, ShareRequest
from runbooks.sharing.runbook import confirm_share
from tests.runbooks.reap.made import PREFIX, cluster

OTHER = "222222222222"
ARN = PREFIX + "shop-orders"
REQUEST = ShareRequest(cluster_id="shop-orders", account=OTHER, outside=True)
CLUSTER = cluster("shop-orders", tags={}, clone_group_id="")
RUN = "20261121-200000-share"
SEEN = Observed(
    run_id=RUN, owner="arn:aws:sts::123456789012:assumed-role/operator/ada", account="123456789012", arn=ARN,
    cluster=CLUSTER, family=(CLUSTER,),
)  # fmt: skip
SHARE = Share(
    arn="arn:aws:ram:eu-west-1:123456789012:resource-share/1", name="shop-orders-to-222222222222", status="ACTIVE",
    tags={TAG_RUN: RUN, TAG_PURPOSE: "cluster share", TAG_SOURCE: ARN},
)  # fmt: skip


def link(resource: str = "ASSOCIATED", principal: str = "ASSOCIATING", *, external: bool = True) -> Link:
    return Link(
        share=SHARE,
        resources=(Association(share=SHARE.arn, entity=ARN, status=resource, message="no"),),
        principals=(Association(share=SHARE.arn, entity=OTHER, status=principal, external=external),),
    )


def test_the_page_shows_the_plan() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "cluster-share.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for shop-orders:\n(.*?)\n```", page, re.DOTALL)
    assert shown == [render_plan(plan_share(REQUEST, SEEN))]


def test_a_copy_that_was_not_masked_is_not_shared_unasked_either() -> None:
    """It has every row of production, and another account's clone is out of reach."""
    assert "counts as production" in confirm_share(REQUEST, SEEN)
    copy = replace(SEEN, tags={TAG_RUN: "r1"})
    assert confirm_share(REQUEST, copy) == (
        f"account {OTHER} may copy every row of shop-orders, and keeps them when it is unshared"
    )
    half = {TAG_RUN: "r1", TAG_MASKED: "masks.sql", TAG_QUARANTINE: "rotated"}
    assert confirm_share(REQUEST, replace(SEEN, tags=half))
    assert not confirm_share(REQUEST, replace(SEEN, tags={**half, TAG_QUARANTINE: "open"}))


def test_resuming_plans_the_tail() -> None:
    assert [step.kind for step in plan_share(REQUEST, SEEN)] == [Kind.CREATE, Kind.SETTLE]
    begun = replace(SEEN, links=(link("ASSOCIATING"),))
    assert [step.kind for step in plan_share(REQUEST, begun)] == [Kind.SETTLE]
    assert plan_share(REQUEST, replace(SEEN, links=(link(),))) == ()


@pytest.mark.parametrize(
    ("made", "settled"),
    [
        (link(), True),
        (link(principal="ASSOCIATED"), True),
        (link(external=False), False),
        (link(resource="ASSOCIATING"), False),
        (Link(share=SHARE), False),
    ],
)
def test_an_invited_account_is_as_far_as_the_owner_gets(made: Link, settled: bool) -> None:
    assert has_settled(made) is settled


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (replace(SEEN, cluster=replace(CLUSTER, engine_mode="serverless")), "must not be Aurora Serverless v1"),
        (replace(SEEN, cluster=replace(CLUSTER, status="creating")), "must be available to be shared, got creating"),
        (replace(SEEN, key=KeySeen(arn="k", aws_managed=True)), "must be encrypted with a key of your own"),
        (
            replace(SEEN, key=KeySeen(arn="arn:aws:kms:x", judged=Judgement(missing=("kms:Decrypt",)))),
            "got no kms:Decrypt; add to its policy",
        ),
        (replace(SEEN, links=(link("FAILED"),)), "got FAILED (no); mend that"),
    ],
)
def test_reasons_not_to_share(seen: Observed, said: str) -> None:
    with pytest.raises(PlanRefusedError, match=re.escape(said)):
        plan_share(REQUEST, seen)


def test_what_cannot_be_judged_of_a_key_is_said_in_the_plan() -> None:
    key = KeySeen(arn="k", judged=Judgement(notes=("statement X of the key's policy may deny it: not judged here",)))
    assert "statement X" in plan_share(REQUEST, replace(SEEN, key=key))[0].why
    assert "another account's" in plan_share(REQUEST, replace(SEEN, key=KeySeen(arn="k")))[0].why


def test_ending_a_share_that_was_ended_is_nothing() -> None:
    assert plan_unshare(REQUEST, SEEN) == ()
    assert [step.kind for step in plan_unshare(REQUEST, replace(SEEN, links=(link(),)))] == [Kind.DELETE]


ACCEPT = AcceptRequest(arn=PREFIX.replace("123456789012", OTHER) + "shop-orders")
PENDING = Invitation(arn="i", share="s", sender=OTHER, status="PENDING")
EMPTY = accept_plan.Observed(run_id=RUN, account="123456789012")


def test_accepting_an_invitation() -> None:
    offered = replace(EMPTY, offers=(Offer(invitation=PENDING, arns=(ACCEPT.arn,)),))
    assert [step.kind.value for step in plan_accept(ACCEPT, offered)] == ["accept-invitation", "wait-for-cluster"]
    accepted = replace(EMPTY, offers=(Offer(invitation=replace(PENDING, status="ACCEPTED")),))
    assert [step.kind.value for step in plan_accept(ACCEPT, accepted)] == ["wait-for-cluster"]
    assert plan_accept(ACCEPT, replace(EMPTY, cluster=CLUSTER)) == ()


@pytest.mark.parametrize("status", ["EXPIRED", "REJECTED"])
def test_an_invitation_that_is_over_is_said(status: str) -> None:
    over = replace(EMPTY, offers=(Offer(invitation=replace(PENDING, status=status)),))
    with pytest.raises(PlanRefusedError, match=f"got an invitation that is {status}"):
        plan_accept(ACCEPT, over)
