"""What goes and what stays, by table; peers' defects among it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estate.names import TAG_EXPIRES, TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.reap.plan import Kind, final_name, plan_reap, rulings
from runbooks.reap.proof import still_reasons
from runbooks.reap.request import ReapRequest
from runbooks.reap.seen import Final, Observed
from tests.runbooks.reap.made import (
    DEV,
    FUTURE,
    NOW,
    ORIGINAL,
    PREFIX,
    REQUEST,
    SEEN,
    TAGS,
    cluster,
    instance,
    with_dev,
)

NAMED = replace(REQUEST, ids=("dev",))
STAYS: tuple[tuple[Observed, str], ...] = (
    (with_dev(tags={}), "must be made by a run of a runbook"),
    (with_dev(tags={**TAGS, TAG_PURPOSE: ""}), "must have the tags of a copy"),
    (with_dev(tags={**TAGS, TAG_EXPIRES: ""}), "must have expired, got no tag"),
    (with_dev(tags={**TAGS, TAG_EXPIRES: "soon"}), "got a tag aurora-estate:expires that is no time: 'soon'"),
    (with_dev(tags={**TAGS, TAG_EXPIRES: FUTURE}), "must have expired, got 2026-12-24 20:00 UTC"),
    (with_dev(deletion_protection=True), "must have deletion protection off, got on; nothing here turns it off"),
    (with_dev(status="stopped"), "must be available, got stopped; start it"),
    (with_dev(status="modifying"), "must be available, got modifying; run again"),
    (with_dev(global_cluster_id="world"), "must be in no global database, got world"),
    (replace(SEEN, in_global=frozenset({DEV.arn})), "must be in no global database"),
    (replace(SEEN, shared=frozenset({DEV.arn})), "must be shared with nobody"),
    (with_dev(replicas=("other",)), "must take no part in replication, got other"),
    (with_dev(replicates_from="arn:other"), "must take no part in replication"),
    (replace(SEEN, instances=(instance("dev-a", "dev", replicas=("r",)),)), "must take no part in replication, got r"),
    (with_dev(clone_group_id=""), "must have the clone group of its source shop-orders, family, got none"),
    (with_dev(clone_group_id="other"), "must have the clone group of its source"),
    (with_dev(tags={**TAGS, TAG_SOURCE: PREFIX + "dev"}), "must be another cluster than its source"),
    (with_dev(tags={**TAGS, TAG_SOURCE: "shop-orders"}), "must name its source by an ARN"),
    (with_dev(tags={**TAGS, TAG_SOURCE: PREFIX + "gone"}), "must have a source that proves it a copy, got none"),
    (
        with_dev(tags={**TAGS, TAG_SOURCE: PREFIX.replace("1234", "9999") + "theirs"}),
        "must be a clone of another account's cluster",
    ),
    (replace(SEEN, instances=(instance("dev-x", "dev", tags={}),)), "must have instances of run r1 only, got dev-x"),
    (
        replace(SEEN, clusters=(ORIGINAL, DEV, cluster("twin")), instances=()),
        "must be the only cluster of run r1, or have instances that it made, got twin",
    ),
    (
        replace(SEEN, clusters=(*SEEN.clusters, cluster("heir", tags={**TAGS, TAG_RUN: "r2", TAG_SOURCE: DEV.arn}))),
        "must be no source of others, got heir",
    ),
    (replace(SEEN, locked={"dev": "dev is locked by run x"}), "dev is locked by run x"),
    (
        replace(with_dev(reader_endpoint="Dev.cluster-ro-x"), records={"dev.cluster-ro-x": "db.example.com"}),
        "must have no record of Route 53 that leads to it, got db.example.com",
    ),
)


@pytest.mark.parametrize(("seen", "said"), STAYS, ids=[said for _, said in STAYS])
def test_it_stays_and_says_why(seen: Observed, said: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        plan_reap(NAMED, seen)
    assert any(said in reason for reason in caught.value.reasons)
    ruled = {each.cluster_id: each for each in rulings(REQUEST, seen)}
    assert not ruled["dev"].goes
    assert all(step.subject != "dev" for step in plan_reap(REQUEST, seen))


GOES: tuple[tuple[str, Observed], ...] = (
    ("a clone", SEEN),
    ("with readers that Auto Scaling added", replace(
        SEEN, instances=(*SEEN.instances, instance("application-autoscaling-1", "dev", tags={})))),
    ("a restore of a snapshot", with_dev(
        clone_group_id="", tags={**TAGS, TAG_PURPOSE: "restore snapshot", TAG_SOURCE: PREFIX + "x"})),
    ("a restore whose source is there", with_dev(
        clone_group_id="", tags={**TAGS, TAG_PURPOSE: "restore point-in-time"})),
    ("a clone of another account's cluster", with_dev(
        cross_account_clone=True, tags={**TAGS, TAG_SOURCE: PREFIX.replace("1234", "9999") + "theirs"})),
    ("one whose instances are gone already", replace(SEEN, instances=())),
)  # fmt: skip


@pytest.mark.parametrize("seen", [row[1] for row in GOES], ids=[row[0] for row in GOES])
def test_it_goes(seen: Observed) -> None:
    kinds = [step.kind for step in plan_reap(NAMED, seen)]
    assert Kind.CLUSTER in kinds
    assert kinds == sorted(kinds, key=list(Kind).index)


@pytest.mark.parametrize("request_", [REQUEST, NAMED], ids=["sweep", "named"])
def test_without_room_for_each_final_snapshot_nothing_begins(request_: ReapRequest) -> None:
    """Instances go before the snapshot: a refusal halfway would leave a cluster without any."""
    with pytest.raises(PlanRefusedError, match="must have room for 1 more, got 100 of 100; delete some"):
        plan_reap(request_, replace(SEEN, manual=100, quota=100))
    assert plan_reap(request_, replace(SEEN, manual=99, quota=100))
    assert plan_reap(replace(NAMED, final_snapshot=False), replace(SEEN, manual=100, quota=100))
    assert plan_reap(request_, replace(with_dev(status="deleting"), manual=100, quota=100))


def test_a_final_snapshot_of_that_name_is_not_overwritten() -> None:
    name = final_name("dev", SEEN.run_id)
    final = Final(snapshot_id=name, arn=PREFIX + name, cluster_id="dev", status="available")
    with pytest.raises(PlanRefusedError, match=f"snapshot {name} must be a name that is free"):
        plan_reap(REQUEST, replace(SEEN, finals=(final,)))


def test_the_secret_of_a_cluster_that_is_there_stays() -> None:
    """Somebody took the tags off a copy to keep it: its secret has them still, and has expired."""
    steps = plan_reap(REQUEST, with_dev(tags={}))
    assert Kind.SECRET not in {step.kind for step in steps}
    assert Kind.SECRET in {step.kind for step in plan_reap(REQUEST, replace(SEEN, clusters=(ORIGINAL,)))}


CHANGED: tuple[tuple[Observed, str], ...] = (
    (with_dev(cluster_id="prod"), "dev must keep its name until it is gone, got prod"),
    (with_dev(resource_id="cluster-other"), "must be the cluster that was planned, cluster-dev, got cluster-other"),
    (with_dev(tags={**TAGS, TAG_EXPIRES: FUTURE}), "must have expired, got 2026-12-24 20:00 UTC"),
    (with_dev(deletion_protection=True), "must have deletion protection off, got on"),
    (with_dev(global_cluster_id="world"), "must be in no global database"),
    (replace(SEEN, shared=frozenset({DEV.arn})), "must be shared with nobody"),
    (with_dev(clone_group_id="other"), "must have the clone group of its source"),
    (replace(SEEN, instances=(instance("dev-x", "dev", tags={}),)), "must have instances of run r1 only, got dev-x"),
)


@pytest.mark.parametrize(("seen", "said"), CHANGED, ids=[said for _, said in CHANGED])
def test_what_has_changed_since_the_plan_stays(seen: Observed, said: str) -> None:
    assert said in "; ".join(still_reasons("dev", "cluster-dev", seen, NOW))


@pytest.mark.parametrize(
    "seen",
    [
        SEEN,
        replace(SEEN, instances=()),
        with_dev(status="modifying"),
        with_dev(status="deleting"),
        replace(SEEN, clusters=(ORIGINAL,)),
        replace(SEEN, clusters=(ORIGINAL, DEV, cluster("twin", resource_id="t")), instances=()),
    ],
)
def test_what_the_run_itself_did_is_no_reason(seen: Observed) -> None:
    assert not still_reasons("dev", "cluster-dev", seen, NOW)


def test_the_page_shows_the_plan() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "reap.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for every expired copy:\n(.*?)\n```", page, re.DOTALL)
    assert shown == [render_plan(plan_reap(REQUEST, SEEN))]


def test_no_plan_ever_turns_protection_off_or_skips_the_snapshot_unasked() -> None:
    """cloud-nuke does both."""
    calls = [call for step in plan_reap(REQUEST, SEEN) for call in step.calls]
    assert not [call for call in calls if call.operation == "ModifyDBCluster"]
    (delete,) = [call for call in calls if call.operation == "DeleteDBCluster"]
    assert delete.parameters["SkipFinalSnapshot"] is False
    without = replace(NAMED, final_snapshot=False)
    (delete,) = [c for step in plan_reap(without, SEEN) for c in step.calls if c.operation == "DeleteDBCluster"]
    assert delete.parameters == {"DBClusterIdentifier": "dev", "SkipFinalSnapshot": True}


def test_what_is_being_deleted_is_waited_for() -> None:
    final = Final(
        snapshot_id=final_name("dev", SEEN.run_id), arn=PREFIX.replace("cluster:", "cluster-snapshot:") + "x",
        cluster_id="dev", status="available",
    )  # fmt: skip
    seen = replace(with_dev(status="deleting"), instances=(), finals=(final,))
    steps = plan_reap(REQUEST, seen)
    assert [step.kind for step in steps] == [Kind.CLUSTER, Kind.SNAPSHOT, Kind.SECRET, Kind.GROUP]
    assert steps[0].calls == ()


@pytest.mark.parametrize("run_id", ["a--b-", "20261121-200000-reap", "x" * 63])
def test_a_final_snapshot_has_a_name_that_rds_takes(run_id: str) -> None:
    name = final_name("d" * 63, run_id)
    assert re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)", name)


CHANGES: dict[str, Any] = {
    "status": st.sampled_from(["available", "stopped", "modifying"]),
    "deletion_protection": st.booleans(),
    "global_cluster_id": st.sampled_from(["", "world"]),
    "clone_group_id": st.sampled_from(["", "family", "other"]),
    "replicas": st.sampled_from([(), ("r",)]),
    "tags": st.fixed_dictionaries(
        {},
        optional={
            TAG_RUN: st.sampled_from(["r1", "r2"]), TAG_PURPOSE: st.just("clone"),
            TAG_SOURCE: st.sampled_from([PREFIX + "shop-orders", PREFIX + "dev", "x"]),
            TAG_EXPIRES: st.sampled_from(["2026-11-20T20:00:00Z", FUTURE, "soon"]),
        },
    ),
}  # fmt: skip


@given(changes=st.fixed_dictionaries(CHANGES), ids=st.sampled_from([(), ("dev",), ("shop-orders",)]))
def test_nothing_but_a_proven_expired_clone_ever_goes(changes: dict[str, Any], ids: tuple[str, ...]) -> None:
    """Whatever a cluster looks like: to go it must be all of it at once, and production never goes."""
    seen = with_dev(**changes)
    try:
        steps = plan_reap(ReapRequest(at=REQUEST.at, ids=ids), seen)
    except PlanRefusedError:
        return
    gone = {step.subject for step in steps if step.kind is Kind.CLUSTER}
    assert gone <= {"dev"}
    if gone:
        dev = seen.clusters[1]
        assert dev.clone_group_id == ORIGINAL.clone_group_id
        assert dev.tags == TAGS
        assert (dev.deletion_protection, dev.global_cluster_id, dev.replicas) == (False, "", ())
