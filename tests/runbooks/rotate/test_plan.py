"""Which steps a rotation still needs, from what AWS shows; and every reason not to start."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runbooks.aws.elasticache import Group, User
from runbooks.aws.secrets import CURRENT, PENDING, PREVIOUS, Version
from runbooks.engine.plan import PlanRefusedError, render_plan
from runbooks.rotate.plan import Kind, Observed, blockers, plan_rotate
from runbooks.rotate.request import RotateRequest

TEN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LATER = TEN + timedelta(minutes=1)
OLD, NEW = "old-version", "new-version"
TOKEN = RotateRequest(cache_id="shop-legacy")
USER = RotateRequest(cache_id="shop-sessions", user="web")
GROUP = Group(group_id="shop-legacy", status="available", has_token=True)
WEB = User(user_id="shop-sessions-web", status="active", mode="password", passwords=1)


def version(name: str, *labels: str, at: datetime = TEN) -> Version:
    return Version(version_id=name, labels=tuple(sorted(labels)), created_at=at)


BEFORE = (version(OLD, CURRENT),)
MADE = (version(OLD, CURRENT), version(NEW, PENDING))
SWITCHED = (version(OLD, PREVIOUS), version(NEW, CURRENT, PENDING))
RETIRED = (version(NEW, CURRENT),)


def seen(request: RotateRequest, versions: Any = BEFORE, **more: Any) -> Observed:
    of = {"user": WEB} if request.user else {"group": GROUP}
    return Observed(**{"version_id": NEW, "versions": versions, **of, **more})


def kinds(request: RotateRequest, what: Observed) -> list[str]:
    return [step.kind.value for step in plan_rotate(request, what)]


ALL = [kind.value for kind in Kind]


@pytest.mark.parametrize("request_", [TOKEN, USER], ids=["token", "user"])
def test_a_new_rotation_has_every_step(request_: RotateRequest) -> None:
    assert kinds(request_, seen(request_)) == ALL


def test_without_grace_nothing_is_waited_for() -> None:
    request = replace(USER, grace_s=0)
    assert Kind.WAIT.value not in kinds(request, seen(request))


TAILS: tuple[tuple[str, RotateRequest, dict[str, Any], list[str]], ...] = (
    ("made", TOKEN, {"versions": MADE}, ALL[1:]),
    ("made", USER, {"versions": MADE}, ALL[1:]),
    ("added", TOKEN, {"versions": MADE, "group": replace(GROUP, token_changed_at=LATER)}, ALL[2:]),
    ("changed-before", TOKEN, {"versions": MADE, "group": replace(GROUP, token_changed_at=TEN)}, ALL[1:]),
    ("added", USER, {"versions": MADE, "user": replace(WEB, passwords=2)}, ALL[1:]),
    ("switched", TOKEN, {"versions": SWITCHED}, ALL[3:]),
    ("switched", USER, {"versions": SWITCHED, "user": replace(WEB, passwords=2)}, ALL[3:]),
    ("waited", TOKEN, {"versions": SWITCHED, "waited": True}, ALL[4:]),
    ("dropped", USER, {"versions": SWITCHED}, ALL[5:]),
    ("half-retired", USER, {"versions": (version(NEW, CURRENT, PENDING),)}, ALL[5:]),
    ("done", TOKEN, {"versions": RETIRED}, []),
    ("done", USER, {"versions": RETIRED}, []),
)


@pytest.mark.parametrize(
    ("request_", "what", "left"), [row[1:] for row in TAILS], ids=[f"{row[0]} {row[1].secret}" for row in TAILS]
)
def test_resuming_plans_the_tail(request_: RotateRequest, what: dict[str, Any], left: list[str]) -> None:
    assert kinds(request_, seen(request_, **what)) == left


@pytest.mark.parametrize("status", ["modifying", "creating"])
def test_resuming_waits_for_what_it_began(status: str) -> None:
    assert kinds(USER, seen(USER, MADE, user=replace(WEB, status=status))) == ALL[1:]


def test_every_step_names_both_versions() -> None:
    for versions in (BEFORE, MADE, SWITCHED):
        for step in plan_rotate(TOKEN, seen(TOKEN, versions)):
            assert step.arguments == {"version": NEW, "old": OLD}


REFUSED: tuple[tuple[str, RotateRequest, dict[str, Any], str], ...] = (
    ("no-group", TOKEN, {"group": None}, "replication group shop-legacy must exist, got none"),
    ("no-token", TOKEN, {"group": replace(GROUP, has_token=False)}, "must have an AUTH token, got none"),
    ("busy-group", TOKEN, {"group": replace(GROUP, status="modifying")}, "must be available, got modifying"),
    ("rotating", TOKEN, {"group": replace(GROUP, pending_token="ROTATING")}, "must be available, got rotating"),
    ("no-user", USER, {"user": None}, "user shop-sessions-web must exist, got none"),
    ("iam-user", USER, {"user": replace(WEB, mode="iam")}, "must log in with a password, got iam"),
    ("busy-user", USER, {"user": replace(WEB, status="modifying")}, "must be active, got modifying"),
    ("no-secret", USER, {"versions": None}, "secret aurora-estate/shop-sessions/web/password must exist, got none"),
    ("no-current", USER, {"versions": (version(OLD, PREVIOUS),)}, "must have a current version, got none"),
    (
        "others-rotation",
        TOKEN,
        {"versions": (*BEFORE, version("rotate-1-abc", PENDING))},
        "must have no pending version, got rotate-1-abc of 2026-11-21 10:00 UTC",
    ),
    ("locked", USER, {"locked": ("locked by run x",)}, "shop-sessions is locked by run x"),
)


@pytest.mark.parametrize(("request_", "what", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refuses(request_: RotateRequest, what: dict[str, Any], said: str) -> None:
    (reason,) = blockers(request_, seen(request_, **what))
    assert said in reason
    with pytest.raises(PlanRefusedError):
        plan_rotate(request_, seen(request_, **what))


def test_all_reasons_come_at_once() -> None:
    what = seen(USER, None, user=replace(WEB, mode="iam", status="modifying"), locked=("locked by run x",))
    assert len(blockers(USER, what)) == 4


def test_the_page_shows_the_plan() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "access-rotate.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for shop-sessions:\n(.*?)\n```", page, re.DOTALL)
    assert shown == [render_plan(plan_rotate(USER, seen(USER)))]


def test_a_label_that_other_tools_leave_on_the_current_version_is_no_rotation() -> None:
    """Secrets Manager's own rotation functions leave AWSPENDING where AWSCURRENT is."""
    assert kinds(USER, seen(USER, (version(OLD, CURRENT, PENDING),))) == ALL
