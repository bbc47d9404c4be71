"""What a cluster may be born from: each rule broken by the smallest change, and its legal neighbour."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from estate.origin import OriginSpec
from tests.support.estate_files import MYSQL, changed, problems
from tests.support.specs import postgresql

ORIGIN = "aurora.orders.origin"
ARN = "arn:aws:rds:eu-west-1:123456789012:"
AWAY = "arn:aws:rds:us-east-1:123456789012:"
AT = "2026-11-20T09:30:00Z"
USERNAME = "aurora.orders.master_username"
SMALL = {"engine": "aurora-postgresql", "version": "17.7", "instances": {"a": {}, "b": {}}}
PAST = {"point_in_time_of": "shop-old", "at": AT}

Row = tuple[str, str, dict[str, Any]]

ROWS: tuple[Row, ...] = (
    ("aurora/origin-one", ORIGIN, {ORIGIN: {"snapshot": "before", "clone_of": "shop-old"}}),
    ("aurora/origin-at", f"{ORIGIN}.at", {ORIGIN: {"clone_of": "shop-old", "at": AT}}),
    ("aurora/origin-time", f"{ORIGIN}.at", {ORIGIN: PAST | {"at": "2026-11-20 09:30"}}),
    ("aurora/origin-snapshot", f"{ORIGIN}.snapshot", {ORIGIN: {"snapshot": "my_snapshot"}}),
    ("aurora/origin-source", f"{ORIGIN}.clone_of", {ORIGIN: {"clone_of": "shop--old"}}),
    ("aurora/origin-region", f"{ORIGIN}.clone_of", {ORIGIN: {"clone_of": f"{AWAY}cluster:shop-old"}}),
    ("aurora/origin-inherited", "aurora.orders.database", {ORIGIN: PAST, "aurora.orders.database": "orders"}),
    (
        "aurora/origin-password",
        "aurora.orders.master_authentication",
        {ORIGIN: PAST, "aurora.orders.master_authentication": "own-secret"},
    ),
    (
        "aurora/origin-alone",
        ORIGIN,
        {
            ORIGIN: PAST,
            "regions": ["eu-west-1", "us-east-1"],
            "network": {"eu-west-1": {"cidr": "10.1.0.0/16"}, "us-east-1": {"cidr": "10.2.0.0/16"}},
            "aurora.orders.master_authentication": "iam",
            "aurora.orders.global": {"secondaries": {"us-east-1": {"instances": {"r": {"class": "db.r8g.large"}}}}},
        },
    ),
    ("estate/origin", f"{ORIGIN}.clone_of", {ORIGIN: {"clone_of": "shop-orders"}}),
)
VARIANTS: tuple[Row, ...] = (
    ("aurora/origin-one", ORIGIN, {ORIGIN: {}}),
    ("aurora/origin-at", f"{ORIGIN}.at", {ORIGIN: {"snapshot": "before", "at": AT}}),
    ("aurora/origin-time", f"{ORIGIN}.at", {ORIGIN: PAST | {"at": "2026-02-30T09:30:00Z"}}),
    ("aurora/origin-time", f"{ORIGIN}.at", {ORIGIN: PAST | {"at": "2026-11-20T09:30:00+01:00"}}),
    ("aurora/origin-snapshot", f"{ORIGIN}.snapshot", {ORIGIN: {"snapshot": f"{ARN}snapshot:of-an-instance"}}),
    ("aurora/origin-snapshot", f"{ORIGIN}.snapshot", {ORIGIN: {"snapshot": f"{ARN}cluster:shop-old"}}),
    ("aurora/origin-snapshot", f"{ORIGIN}.snapshot", {ORIGIN: {"snapshot": "a" * 256}}),
    ("aurora/origin-source", f"{ORIGIN}.point_in_time_of", {ORIGIN: {"point_in_time_of": "a" * 64}}),
    ("aurora/origin-source", f"{ORIGIN}.clone_of", {ORIGIN: {"clone_of": f"{ARN}cluster-snapshot:before"}}),
    ("aurora/origin-region", f"{ORIGIN}.snapshot", {ORIGIN: {"snapshot": f"{AWAY}cluster-snapshot:before"}}),
    (
        "aurora/origin-inherited",
        "aurora.orders.master_username",
        {ORIGIN: PAST, "aurora.orders.master_username": "boss"},
    ),
    ("estate/origin", f"{ORIGIN}.clone_of", {ORIGIN: {"clone_of": f"{ARN}cluster:SHOP-Orders"}}),
    (
        "estate/origin",
        f"{ORIGIN}.point_in_time_of",
        {**MYSQL, ORIGIN: {"point_in_time_of": "shop-old"}, "aurora.old": SMALL},
    ),
    (
        "estate/origin",
        f"{ORIGIN}.clone_of",
        {
            ORIGIN: {"clone_of": "shop-old"},
            "regions": ["eu-west-1", "us-east-1"],
            "network": {"eu-west-1": {"cidr": "10.1.0.0/16"}, "us-east-1": {"cidr": "10.2.0.0/16"}},
            "aurora.old": {**SMALL, "region": "us-east-1"},
        },
    ),
)
CIRCLE = {
    ORIGIN: {"clone_of": "shop-old"},
    "aurora.old": {**SMALL, "origin": {"clone_of": "shop-new"}},
    "aurora.new": {**SMALL, "origin": {"point_in_time_of": "shop-old"}},
}
LEGAL: tuple[dict[str, Any], ...] = (
    {"snapshot": "before-it"},
    {"snapshot": "a" * 255},
    {"snapshot": "rds:shop-orders-2026-11-20-03-05"},
    {"snapshot": "awsbackup:job-2d1c9b5e-6f2e-4d0a-9f57-3a0c9a5f1f10"},
    {"snapshot": f"{ARN}cluster-snapshot:rds:shop-orders-2026-11-20-03-05"},
    {"snapshot": "arn:aws-cn:rds:eu-west-1:123456789012:cluster-snapshot:before"},
    {"point_in_time_of": "shop-old"},
    {"point_in_time_of": "a" * 63, "at": "2024-02-29T23:59:59Z"},
    {"clone_of": f"{ARN}cluster:shop-old"},
)


def _id(row: Row) -> str:
    return f"{row[0]} {row[1]}"


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS + VARIANTS, ids=[_id(row) for row in ROWS + VARIANTS])
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    (problem,) = [problem for problem in found if problem.path == path]
    assert problem.message == f"{path} must {problem.allowed}, got {problem.given}; {problem.fix}"


@pytest.mark.parametrize("origin", LEGAL, ids=str)
def test_takes_what_rds_takes(origin: dict[str, Any]) -> None:
    assert problems(changed({ORIGIN: origin})) == ()


def test_an_unquoted_time_is_a_text() -> None:
    """YAML 1.1 would make a date of it."""
    text = changed({ORIGIN: {"point_in_time_of": "shop-old", "at": "TIME"}}).replace("TIME", AT)
    origin = load_text(text).estate.aurora["orders"].origin
    assert origin is not None
    assert origin.at == AT


def test_says_what_to_do_with_the_snapshot_of_an_instance() -> None:
    (problem,) = problems(changed({ORIGIN: {"snapshot": f"{ARN}snapshot:of-an-instance"}}))
    assert "migrate it" in problem.fix


def test_the_kits_own_name_of_the_master_user_is_no_contradiction() -> None:
    """Every file has it filled in; the template leaves it out."""
    assert postgresql(origin={"snapshot": "before"}, master_username="dbadmin").origin is not None


def test_the_source_of_a_restore_is_known_by_its_identifier() -> None:
    assert OriginSpec(clone_of=f"{ARN}cluster:Shop-Old").source_identifier == "shop-old"
    assert OriginSpec(snapshot="before").source_identifier == ""


def test_no_cluster_is_born_from_itself_by_way_of_others() -> None:
    """`orders` is no part of the circle: only its members are at fault."""
    found = problems(changed(CIRCLE))
    assert {problem.rule for problem in found} == {"estate/origin"}
    assert [problem.path for problem in found] == ["aurora.old.origin.clone_of", "aurora.new.origin.point_in_time_of"]


def test_a_clone_may_stand_beside_its_source() -> None:
    assert problems(changed({ORIGIN: {"clone_of": "shop-old"}, "aurora.old": SMALL})) == ()


def test_the_excerpt_of_the_page_is_an_estate() -> None:
    page = (Path(__file__).parents[2] / "docs" / "options" / "restored.md").read_text(encoding="utf-8")
    (excerpt,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    loaded = load_text(f'estate: page\ndefaults: "2026-11"\nregions: [eu-west-1]\n{excerpt}')
    assert loaded.warnings == ()
    assert [len(c.origin.model_fields_set) for c in loaded.estate.aurora.values() if c.origin] == [1, 2, 1]
