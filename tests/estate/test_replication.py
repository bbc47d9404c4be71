"""Global Database and cross-Region replicas: the legal side of the rules, and what a secondary is made of."""

from __future__ import annotations

from typing import Any

import pytest

from estate.load import load_text
from estate.replication import RPO, rpo_of_primary, secondaries_of, secondary_of
from tests.estate.rows_replication import (
    BLUE,
    COPY,
    EAST,
    GLOBAL,
    LARGE,
    MYSQL_WORLD,
    NEIGHBOURS,
    REPLICA,
    SERVERLESS,
    WORLD,
    O,
)
from tests.support.estate_files import changed, problems
from tests.support.specs import postgresql

SOUTH = f"{GLOBAL}.secondaries.ap-south-1"


@pytest.mark.parametrize("changes", [row[1] for row in NEIGHBOURS], ids=[row[0] for row in NEIGHBOURS])
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        pytest.param({f"{GLOBAL}.rpo_s": 19}, f"{GLOBAL}.rpo_s", id="rpo-too-short"),
        pytest.param({f"{GLOBAL}.rpo_s": 2147483648}, f"{GLOBAL}.rpo_s", id="rpo-too-long"),
        pytest.param({f"{GLOBAL}.secondaries": {}}, f"{GLOBAL}.secondaries", id="no-secondary"),
        pytest.param(
            {f"{EAST}.instances": {f"i{number}": LARGE for number in range(17)}}, f"{EAST}.instances", id="17-readers"
        ),
    ],
)
def test_numbers_out_of_range_are_refused(changes: dict[str, Any], path: str) -> None:
    assert [problem.path for problem in problems(changed(WORLD | changes))] == [path]


def test_eleven_secondary_regions_are_one_too_many() -> None:
    ten = ["us-east-1", "us-east-2", "ca-central-1", "us-west-2", "eu-west-2", "eu-west-3", "eu-central-1"]
    ten += ["ap-south-1", "ap-southeast-1", "ap-southeast-2"]
    for regions, found in ((ten, []), ([*ten, "sa-east-1"], [f"{GLOBAL}.secondaries"])):
        secondaries: dict[str, Any] = {region: {"instances": {"a": LARGE}} for region in regions}
        networks = {f"network.{region}": {"cidr": f"10.{40 + n}.0.0/16"} for n, region in enumerate(regions)}
        changes = {"regions": ["eu-west-1", *regions], **networks, f"{GLOBAL}.secondaries": secondaries}
        assert [problem.path for problem in problems(changed(changes))] == found


def test_the_file_need_not_say_how_the_master_user_logs_in() -> None:
    """RDS can't manage the password of a Global Database; PostgreSQL has IAM for its master user, MySQL has not."""
    assert load_text(changed(WORLD)).estate.aurora["orders"].master_authentication == "iam"
    assert load_text(changed(MYSQL_WORLD)).estate.aurora["orders"].master_authentication == "own-secret"
    alone = load_text(changed({})).estate.aurora["orders"]
    assert alone.master_authentication == "managed-secret"


def test_backtrack_is_off_where_it_cannot_be() -> None:
    assert load_text(changed(MYSQL_WORLD)).estate.aurora["orders"].effective_backtrack_hours == 0
    assert load_text(changed(REPLICA)).estate.aurora["copy"].effective_backtrack_hours == 0


def test_a_secondary_has_what_the_primary_has_but_what_belongs_to_its_place() -> None:
    changes = WORLD | {
        f"{O}.backup": {"retention_days": 14},
        f"{O}.database": "shop",
        f"{O}.parameters": {"work_mem": "65536"},
        f"{O}.endpoints": {"b": {"members": ["a", "b"]}},
        f"{O}.overrides": {"Port": 5555},
    }
    orders = load_text(changed(changes)).estate.aurora["orders"]
    east = secondary_of(orders, "us-east-1")
    assert (east.name, east.region) == ("orders-us-east-1", "us-east-1")
    assert (east.engine, east.version, east.port) == (orders.engine, orders.version, orders.port)
    assert (east.backup.retention_days, east.parameters) == (14, {"work_mem": "65536"})
    assert (east.database, east.endpoints, east.overrides) == (None, {}, {})
    assert list(east.instances) == ["a", "b"]
    with pytest.raises(KeyError):
        secondary_of(orders, "eu-west-3")
    assert list(secondaries_of(postgresql())) == []


def test_capacity_of_a_secondary_is_the_primarys_unless_it_says_its_own() -> None:
    changes = WORLD | SERVERLESS | {f"{O}.serverless": {"min_acu": 8, "max_acu": 32}}
    changes |= {SOUTH: {"instances": {"a": {}}, "serverless": {"max_acu": 4}}}
    east, south = secondaries_of(load_text(changed(changes)).estate.aurora["orders"])
    assert (east.serverless.min_acu, east.serverless.max_acu) == (8, 32)
    assert (south.serverless.min_acu, south.serverless.max_acu) == (0.5, 4)


def test_of_two_regions_only_the_primary_holds_commits_back() -> None:
    """A lone secondary that takes over has no secondary of its own, and would block every commit."""
    two = load_text(changed(WORLD | {f"{GLOBAL}.rpo_s": 30})).estate.aurora["orders"]
    assert rpo_of_primary(two) == {RPO: "30"}
    assert [RPO in secondary.parameters for secondary in secondaries_of(two)] == [False]
    three = load_text(changed(WORLD | {f"{GLOBAL}.rpo_s": 30, SOUTH: {}})).estate.aurora["orders"]
    assert [secondary.parameters[RPO] for secondary in secondaries_of(three)] == ["30", "30"]


def test_a_replica_has_no_blue_green_deployment() -> None:
    found = problems(changed(REPLICA | {f"{COPY}.blue_green": BLUE}))
    assert ("aurora/global-blue-green", f"{COPY}.blue_green") in {(problem.rule, problem.path) for problem in found}


def test_a_wrong_capacity_of_the_primary_is_told_once() -> None:
    found = problems(changed(WORLD | SERVERLESS | {f"{O}.serverless": {"min_acu": 9, "max_acu": 8.5}}))
    assert [problem.path for problem in found] == [f"{O}.serverless.max_acu"]


def test_an_existing_network_of_a_secondary_names_the_group_of_its_endpoints() -> None:
    existing = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
    changes = WORLD | {"network.us-east-1": existing, f"{O}.integrations": {"lambdas": ["enrich"]}}
    (found,) = problems(changed(changes))
    assert (found.rule, found.path) == ("estate/endpoint-group", "network.us-east-1.endpoint_security_group")
    assert "aurora.orders.global.secondaries.us-east-1 must reach" in found.message


def test_a_region_that_lacks_a_type_is_told_at_the_secondary(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"AWS::CloudWatch::Alarm": frozenset({"us-east-1"})}
    monkeypatch.setattr("estate.engines.regions_without", lambda name: missing.get(name, frozenset()))
    (found,) = problems(changed(WORLD | {f"{O}.watch": {"notify": ["dba@example.com"]}}))
    assert (found.rule, found.path) == ("aurora/type-region", EAST)


def test_two_wrong_secondaries_are_both_told() -> None:
    changes = WORLD | {f"{EAST}.instances.a.class": "db.r99x.large", SOUTH: {"instances": {"a": {"class": "x"}}}}
    assert {(problem.rule, problem.path) for problem in problems(changed(changes))} == {
        ("aurora/class-unknown", f"{EAST}.instances.a.class"),
        ("aurora/class-form", f"{SOUTH}.instances.a.class"),
    }
