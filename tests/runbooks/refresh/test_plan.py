"""Which steps a refresh still needs, from what AWS shows; and every reason not to begin."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_EXPIRES, TAG_QUARANTINE, TAG_REPLACED_BY, TAG_REPLACES, TAG_SOURCE
from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.masking.plan import MaskRequest
from runbooks.refresh.plan import blockers, plan_refresh
from runbooks.refresh.request import RefreshRequest
from runbooks.refresh.runbook import confirms
from runbooks.refresh.seen import Observed
from tests.runbooks.clone.builders import RUN, SOURCE
from tests.runbooks.refresh.builders import (
    ASKED,
    BY_NAME,
    COPY,
    MOVED,
    OLD,
    OLD_TAGS,
    OUR_TAGS,
    OURS,
    POINTED,
    PRODUCTION,
    READER,
    RECORD,
    RENAMED,
    cluster,
    cname,
    see,
    see_by_name,
)

CLONE = [
    "create-security-group", "shut-egress", "restore-cluster", "create-instance", "modify-cluster",
    "rotate-master-password", "let-operator-in", "rotate-user-passwords", "note-rotated", "mask-by-file",
    "look-for-leaks", "let-nobody-in", "open", "delete-security-group",
]  # fmt: skip
RECORDS = ["point-record", "point-record"]
RETIRED = replace(OLD, tags={**OLD_TAGS, TAG_EXPIRES: ASKED.retire_at, TAG_REPLACED_BY: RUN})


def kinds(request: RefreshRequest, seen: Observed) -> list[str]:
    return [step.kind.value for step in plan_refresh(request, seen)]


def test_a_masked_copy_is_in_place_before_the_old_one_goes() -> None:
    assert kinds(ASKED, see()) == [*CLONE, "verify-copy", "keep", *RECORDS, "retire"]
    assert kinds(BY_NAME, see_by_name()) == [
        *CLONE, "verify-copy", "keep", "rename-cluster", "rename-cluster", "retire",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "left"),
    [
        pytest.param(see(ours=OURS), [*RECORDS, "retire"], id="kept"),
        pytest.param(see(ours=OURS, records=(MOVED[0], POINTED[1])), ["point-record", "retire"], id="one-moved"),
        pytest.param(see(ours=OURS, records=MOVED), ["retire"], id="moved"),
        pytest.param(see(ours=OURS, records=MOVED, old=RETIRED), [], id="retired"),
    ],
)
def test_resuming_plans_the_tail_by_record(seen: Observed, left: list[str]) -> None:
    assert kinds(ASKED, seen) == left


def test_resuming_plans_the_tail_by_name() -> None:
    ours = cluster(COPY, tags={**OUR_TAGS, TAG_REPLACES: RENAMED})
    old = cluster("staging", tags=OLD_TAGS)
    moved = replace(old, cluster_id=RENAMED, arn=f"{old.arn.removesuffix('staging')}{RENAMED}")
    named = replace(ours, cluster_id="staging")
    retired = replace(moved, tags=RETIRED.tags)
    states: list[tuple[dict[str, Any], list[str]]] = [
        ({"ours": ours, "old": old, "named": old}, ["rename-cluster", "rename-cluster", "retire"]),
        ({"ours": ours, "old": moved, "named": None}, ["rename-cluster", "retire"]),  # nobody has the name
        ({"ours": named, "old": moved, "named": named}, ["retire"]),
        ({"ours": named, "old": retired, "named": named}, []),
    ]
    for what, left in states:
        assert kinds(BY_NAME, see_by_name(**what)) == left


def test_the_old_one_is_tagged_under_the_name_that_it_has_then() -> None:
    (retire,) = [step for step in plan_refresh(BY_NAME, see_by_name()) if step.kind.value == "retire"]
    assert retire.calls[0].parameters["ResourceName"].endswith(f":cluster:{RENAMED}")


def test_a_copy_that_lost_its_expiry_is_not_taken_for_finished() -> None:
    """Nothing leads to what is still closed: the clone's steps are planned, not the swap alone."""
    closed = replace(OURS, tags={**OUR_TAGS, TAG_QUARANTINE: "rotated"})
    assert not Observed(run_id=RUN, ours=closed).is_kept
    assert Observed(run_id=RUN, ours=closed, named=closed).is_kept  # in its place already
    assert Observed(run_id=RUN, ours=OURS).is_kept


def test_names_follow_from_the_run_and_not_from_the_clock() -> None:
    assert ASKED.copy_id(RUN) == replace(ASKED, expires="2027-01-01T00:00:00Z").copy_id(RUN)
    assert ASKED.copy_id(RUN) != ASKED.copy_id("another")


def test_the_request_survives_the_journal() -> None:
    assert RefreshRequest.from_plain(ASKED.to_plain()) == ASKED


def test_an_old_one_that_no_runbook_made_stays() -> None:
    request = replace(ASKED, replaces=OLD.cluster_id)
    seen = see(old=replace(OLD, tags={}))
    assert "retire" not in kinds(request, seen)
    assert confirms(request, seen) == (
        "staging-before counts as production: no run of a runbook made it, and it is replaced"
    )
    assert confirms(ASKED, see()) == ""


def without_masks(**more: Any) -> RefreshRequest:
    return replace(ASKED, clone=replace(ASKED.clone, mask=MaskRequest(), **more))


HERE = cluster("staging", tags=OLD_TAGS)
REFUSED: list[Any] = [
    pytest.param(replace(ASKED, target="Staging"), see(), "target must be 48 lower-case", id="name"),
    pytest.param(replace(ASKED, target="s" * 49), see(), "target must be 48 lower-case", id="long-name"),
    pytest.param(replace(BY_NAME, target=SOURCE), see(BY_NAME), "must be another cluster than the source", id="itself"),
    pytest.param(without_masks(), see(), "staging must be masked, got no mask", id="no-mask"),
    pytest.param(replace(ASKED, unmasked=True), see(), "--without-masks must not be given with masks", id="both"),
    pytest.param(without_masks(reach_from=""), see(), "must not stay production's unnoticed", id="logins"),
    pytest.param(
        replace(ASKED, clone=replace(ASKED.clone, reach_from="", keep_logins=True)), see(),
        "--reach-from must say from where the closed copy is masked", id="no-way-in",
    ),
    pytest.param(ASKED, see(old=PRODUCTION), "staging must not be the source, got shop-orders", id="production"),
    pytest.param(
        replace(ASKED, replaces=SOURCE), see(old=PRODUCTION), "must not be the source", id="production-by-name"
    ),
    pytest.param(ASKED, see(old=replace(OLD, tags={})), "say --replaces staging-before", id="made-by-no-runbook"),
    pytest.param(
        ASKED, see(old=replace(OLD, tags={**OLD_TAGS, TAG_SOURCE: "arn:of-billing"})),
        "staging-before must be a copy of shop-orders to be replaced, got one of arn:of-billing", id="of-another",
    ),
    pytest.param(replace(ASKED, replaces="other"), see(), "what staging is now, staging-before, got other", id="else"),
    pytest.param(
        replace(ASKED, replaces="other"), see(old=None, records=()), "got other; leave it out", id="replaces-nothing"
    ),
    pytest.param(ASKED, see(zone=None, records=()), "hosted zone Z0123456789ABC must exist", id="no-zone"),
    pytest.param(
        replace(ASKED, record="db.other.test"), see(), "record db.other.test must be a name below staging.internal",
        id="another-zone",
    ),
    pytest.param(
        ASKED, see(records=(cname(RECORD, "10.0.0.1", kind="A"),)), "must be one simple CNAME, got A", id="address"
    ),
    pytest.param(
        ASKED, see(records=(cname(RECORD, OLD.writer_endpoint, routing="half"),)), "got CNAME half", id="weighted"
    ),
    pytest.param(ASKED, see(records=(cname(RECORD, "x", alias=True),)), "got an alias", id="alias"),
    pytest.param(
        ASKED, see(records=(cname(RECORD, "db.elsewhere.test"),), old=None),
        f"record {RECORD} must lead to the writer endpoint of a cluster of this Region, got db.elsewhere.test",
        id="unknown",
    ),
    pytest.param(
        ASKED, see(records=(POINTED[0], cname(READER, OLD.writer_endpoint))),
        f"record {READER} must lead to the reader endpoint of staging-before", id="crossed",
    ),
    pytest.param(
        ASKED, see(strangers=("legacy.staging.internal",)),
        "record legacy.staging.internal must not lead to staging-before", id="another-record",
    ),
    pytest.param(
        BY_NAME, see_by_name(old=replace(HERE, global_cluster_id="world")),
        "must not be a member of a global database to be renamed, got world", id="global",
    ),
    pytest.param(BY_NAME, see_by_name(shared=True), "must not be shared with other accounts", id="shared"),
    pytest.param(
        BY_NAME, see_by_name(old=replace(HERE, status="stopped")), "available to be renamed, got stopped", id="stopped"
    ),
    pytest.param(BY_NAME, see_by_name(taken=frozenset({RENAMED})), f"{RENAMED} must be a name that is", id="taken"),
    pytest.param(
        ASKED, see(old=replace(OLD, tags={**OLD_TAGS, "aurora-estate:runbooks": "none"})),
        "staging-before must let `refresh` touch it", id="owner-says-no",
    ),
    pytest.param(ASKED, see(locked=("staging is locked by run r",)), "staging is locked by run r", id="locked"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "seen", "says"), REFUSED)
def test_refuses(request_: RefreshRequest, seen: Observed, says: str) -> None:
    with pytest.raises(PlanRefusedError) as caught:
        plan_refresh(request_, seen)
    assert [reason for reason in caught.value.reasons if says in reason], caught.value.reasons


def test_what_is_on_the_machine_s_list_is_refused_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_ALLOW", "dev-*")
    assert any("staging must be on" in reason or "RUNBOOK_ALLOW" in reason for reason in blockers(ASKED, see()))


def test_the_clone_s_reasons_are_among_them() -> None:
    reasons = blockers(ASKED, see(clone=replace(see().clone, source=None), strangers=("a.staging.internal",)))  # type: ignore[type-var]
    assert len(reasons) == 2
    assert any(reason.startswith(f"cluster {SOURCE} must exist") for reason in reasons)


def test_the_page_shows_the_plan() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "refresh.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for staging[^\n]*:\n(.*?)\n```", page, re.DOTALL)
    assert shown == [
        render_plan(plan_refresh(ASKED, see())[len(CLONE) :]),
        render_plan(plan_refresh(BY_NAME, see_by_name())[len(CLONE) + 2 :]),
    ]


def test_the_copy_that_is_used_is_the_run_s_own() -> None:
    """A copy under this run's name that another run made is nobody's to keep."""
    assert OURS.cluster_id == COPY
    assert see(ours=None).is_kept is False
