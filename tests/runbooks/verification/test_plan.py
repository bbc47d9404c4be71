"""Which steps a verification needs, how little is left of it after its record, and the page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_RUN
from runbooks.aws.rds import Cluster
from runbooks.aws.secrets import Secret
from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.seen import QuarantineSeen
from runbooks.verification.listing import standings
from runbooks.verification.plan import blockers, plan_verify
from runbooks.verification.proof import Proof
from runbooks.verification.request import VerifyRequest
from runbooks.verification.seen import Observed
from runbooks.verification.wish import quarantine_of

PAGE = Path(__file__).parents[3] / "docs" / "runbooks" / "restore-verify.md"
REQUEST = VerifyRequest(
    cluster_id="shop-orders",
    owner="team-orders",
    expires="2026-11-22T12:00:00Z",
    instance_class="db.t4g.medium",
    reach_from="10.20.0.0/16",
)
SOURCE = Portrait(
    cluster={
        "DBClusterIdentifier": "shop-orders",
        "DBClusterArn": "arn:aws:rds:eu-west-1:123456789012:cluster:shop-orders",
        "Status": "available",
        "Engine": "aurora-postgresql",
        "EngineVersion": "17.7",
        "Port": 5433,
        "MasterUsername": "keeper",
        "DBSubnetGroup": "shop",
        "DBClusterParameterGroup": "shop-orders",
        "DBClusterMembers": [{"DBInstanceIdentifier": "shop-orders-a", "IsClusterWriter": True}],
        "LatestRestorableTime": datetime(2026, 11, 21, 11, 55, tzinfo=UTC),
    },
    instances=({"DBInstanceIdentifier": "shop-orders-a", "DBInstanceClass": "db.r8g.large", "PromotionTier": 0},),
    vpc_id="vpc-1",
)
PROOF = Proof(run="one", at="2026-11-21T12:00:00+00:00", passed=True, backup="b", queries="3 of 3 passed")


def see(request: VerifyRequest = REQUEST, **changes: Any) -> Observed:
    seen = replace(Observed(run_id="one", account="123456789012", source=SOURCE), **changes)
    if seen.source is None:
        return seen
    closing = seen.closing or QuarantineSeen()
    return replace(seen, quarantine=quarantine_of(request, seen, seen.source, "vpc-1"), closing=closing)


def kinds(request: VerifyRequest, seen: Observed) -> list[str]:
    return [step.kind.value for step in plan_verify(request, seen)]


CLEARING = ["delete-instances", "delete-cluster", "delete-security-group", "delete-secret"]
INSIDE = ["rotate-master-password", "let-operator-in", "note-rotated", "check-data"]
BIRTH = ["create-security-group", "shut-egress", "restore-cluster", "create-instance"]


def test_closed_restored_looked_at_recorded_cleared() -> None:
    assert kinds(REQUEST, see()) == [*BIRTH, *INSIDE, "record-proof", *CLEARING]


def test_without_queries_nobody_gets_in() -> None:
    request = replace(REQUEST, queries=False, reach_from="")
    assert kinds(request, see(request)) == [*BIRTH, "record-proof", *CLEARING[:3]]


def test_kept_it_is_shut_again() -> None:
    request = replace(REQUEST, keep=True)
    assert kinds(request, see(request)) == [*BIRTH, *INSIDE, "record-proof", "let-nobody-in"]


def copy() -> Portrait:
    cluster = {**SOURCE.cluster, "DBClusterIdentifier": "shop-orders-verify-one"}
    tags = [{"Key": TAG_RUN, "Value": "one"}]
    return Portrait(
        cluster={**cluster, "TagList": tags}, instances=({"DBInstanceIdentifier": "shop-orders-verify-one-1"},)
    )


def test_after_the_record_only_what_is_there_is_cleared() -> None:
    secret = Secret(name="aurora-estate/shop-orders-verify-one/master", tags={TAG_RUN: "one"})
    assert kinds(REQUEST, see(proof=PROOF)) == []
    assert kinds(REQUEST, see(proof=PROOF, copy=copy())) == CLEARING[:2]
    assert kinds(REQUEST, see(proof=PROOF, closing=QuarantineSeen(secret=secret))) == CLEARING[3:]


def test_another_runs_record_is_no_reason_to_stop() -> None:
    assert len(kinds(REQUEST, see(proof=replace(PROOF, run="earlier")))) == 13


REFUSED: tuple[tuple[str, VerifyRequest, dict[str, Any], str], ...] = (
    ("no cluster", REQUEST, {"source": None}, "cluster shop-orders must exist, got none"),
    ("no way in", replace(REQUEST, reach_from=""), {}, "--reach-from must say from where the copy is queried"),
    ("no snapshot", replace(REQUEST, backup="snapshot"), {}, "must have a snapshot that is available, got none"),
    (
        "no backup yet",
        REQUEST,
        {"source": replace(SOURCE, cluster={**SOURCE.cluster, "LatestRestorableTime": None})},
        "must have a latest restorable time, got none",
    ),
    (
        "on its way out",
        REQUEST,
        {"copy": replace(copy(), cluster={**copy().cluster, "Status": "deleting"}, instances=())},
        "shop-orders-verify-one of an earlier sitting must be gone first, got deleting",
    ),
    ("locked", REQUEST, {"locked": ("shop-orders-verify is locked",)}, "shop-orders-verify is locked"),
)


@pytest.mark.parametrize(("request_", "what", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses(request_: VerifyRequest, what: dict[str, Any], said: str) -> None:
    (reason,) = blockers(request_, see(request_, **what))
    assert said in reason
    with pytest.raises(PlanRefusedError):
        plan_verify(request_, see(request_, **what))


def cluster(name: str, engine: str = "aurora-postgresql", **tags: str) -> Cluster:
    return Cluster(
        cluster_id=name, arn="", resource_id="", status="available", engine=engine, engine_version="", engine_mode="",
        port=0, writer_endpoint="", reader_endpoint="", custom_endpoints=(), database="", master_username="",
        master_secret_arn="", iam_authentication=False, deletion_protection=False, global_cluster_id="", members=(),
        pending=(), tags=tags,
    )  # fmt: skip


def test_copies_and_other_engines_are_not_in_the_list() -> None:
    copies = cluster("copy", **{TAG_RUN: "one"})
    found = standings([cluster("b"), copies, cluster("a"), cluster("n", "neptune")], {})
    assert [(each.cluster_id, each.state) for each in found] == [("a", "unproven"), ("b", "unproven")]


def test_a_proof_that_found_something_wrong_is_no_proof() -> None:
    proofs = {"/aurora-estate/verified/a": replace(PROOF, passed=False, took_s={"restore": 1.0, "queries": 0.5})}
    (found,) = standings([cluster("a")], proofs)
    assert (found.state, found.took_s) == ("failed", 1.5)


def test_the_page_shows_the_plan() -> None:
    (block,) = re.findall(r"```text\nplan for shop-orders:\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block == render_plan(plan_verify(REQUEST, see()))
