"""Rules of `watch:`, a row each, and the numbers that thresholds are made of."""

from __future__ import annotations

from typing import Any

import pytest

from estate import capacity, engines
from estate.watching import RULES, addressees, connections_max
from tests.support.estate_files import MYSQL, changed, problems
from tests.support.specs import mysql, postgresql

WATCH = "aurora.orders.watch"
OPS = "ops@example.com"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:alarms"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:page"
OFF = {"alarms": None, "events": False}
TOLD = {f"{WATCH}.notify": [OPS]}

ROWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("watch/notify-form", f"{WATCH}.notify.0", {f"{WATCH}.notify": ["ops"]}),
    ("watch/notify-repeat", f"{WATCH}.notify.1", {f"{WATCH}.notify": [OPS, OPS]}),
    ("watch/notify-region", f"{WATCH}.notify.0", {f"{WATCH}.notify": [QUEUE.replace("eu-west", "us-east")]}),
    ("watch/nothing", WATCH, {WATCH: OFF | {"dashboard": False}}),
    ("watch/notify-unused", f"{WATCH}.notify", {WATCH: OFF | {"notify": [OPS]}}),
    ("watch/nobody", f"{WATCH}.notify", {WATCH: {}}),
    ("watch/lag-above-slo", f"{WATCH}.alarms.replica_lag_ms", TOLD | {f"{WATCH}.alarms.replica_lag_ms": 101}),
    (
        "watch/size-unknown",
        "aurora.orders.instances.a.class",
        TOLD | {"aurora.orders.instances.a.class": "db.q9g.large", "acknowledge": ["aurora/class-unknown"]},
    ),
)
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("watch/notify-form", f"{WATCH}.notify.0", {f"{WATCH}.notify": [f"{QUEUE}.fifo"]}),
    ("watch/notify-form", f"{WATCH}.notify.0", {f"{WATCH}.notify": ["arn:aws:sns:eu-west-1:111122223333:alarms"]}),
    ("watch/notify-form", f"{WATCH}.notify.0", {f"{WATCH}.notify": ["ops@example"]}),
    (
        "watch/size-unknown",
        "aurora.orders.instances.a.class",
        TOLD | {"aurora.orders.instances.a.parameters": {"max_connections": "{DBInstanceClassMemory/9531392}"}},
    ),
)
LEGAL: dict[str, dict[str, Any]] = {
    "addresses-of-all-kinds": {f"{WATCH}.notify": [OPS, QUEUE, FUNCTION, f"{FUNCTION}:live"]},
    "a-dashboard-alone": {WATCH: OFF},
    "alarms-alone": TOLD | {f"{WATCH}.events": False, f"{WATCH}.dashboard": False},
    "a-lag-at-the-slo": TOLD | {f"{WATCH}.alarms.replica_lag_ms": 100},
    "a-number-of-connections": TOLD | {"aurora.orders.instances.a.parameters": {"max_connections": "300"}},
    "mysql": {**MYSQL, **TOLD},
}


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS + VARIANTS)
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    assert path in {problem.path for problem in found}
    (message,) = {problem.message for problem in found if problem.path == path}
    assert message.startswith(f"{path} must ")
    assert "None" not in message


@pytest.mark.parametrize("changes", LEGAL.values(), ids=LEGAL)
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_every_rule_has_a_row() -> None:
    assert {rule.id for rule in RULES} == {row[0] for row in ROWS}


WARNINGS = [row for row in ROWS if next(rule for rule in RULES if rule.id == row[0]).level == "warning"]


@pytest.mark.parametrize(("rule", "path", "changes"), WARNINGS)
def test_a_weak_choice_can_be_acknowledged(rule: str, path: str, changes: dict[str, Any]) -> None:
    assert problems(changed(changes | {"acknowledge": [rule, "aurora/class-unknown"]})) == (), path


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        pytest.param("db.r8g.large", 16, id="two-cpus"),
        pytest.param("db.r5.24xlarge", 768, id="large"),
        pytest.param("db.r6gd.xlarge", 32, id="with-disk"),
        pytest.param("db.r4.large", 15.25, id="older"),
        pytest.param("db.x2g.16xlarge", 1024, id="twice-the-memory"),
        pytest.param("db.t4g.medium", 4, id="burstable"),
        pytest.param("db.m7g.large", None, id="a-family-that-is-not-known"),
        pytest.param("db.r8g.medium", None, id="a-size-that-is-not-known"),
    ],
)
def test_memory_follows_from_the_class(name: str, gib: float | None) -> None:
    """Aurora User Guide, "Hardware specifications for DB instance classes for Aurora"."""
    assert capacity.class_memory_gib(name) == gib


def test_every_class_of_the_data_has_a_memory() -> None:
    known = engines.known_classes(engines.POSTGRESQL) | engines.known_classes(engines.MYSQL)
    assert [name for name in sorted(known) if capacity.class_memory_gib(name) is None] == []


@pytest.mark.parametrize(("acu", "documented"), [(1, 189), (4, 823), (8, 1669), (16, 3360), (32, 5000)])
def test_connections_of_postgresql_are_the_guides(acu: int, documented: int) -> None:
    """Aurora User Guide, "Maximum connections for Aurora Serverless v2", within two connections."""
    assert abs(capacity.default_connections(engines.POSTGRESQL, 2.0 * acu) - documented) <= 2


@pytest.mark.parametrize(
    ("name", "documented"),
    [
        *(("db.t3.small", 45), ("db.t4g.medium", 90), ("db.t4g.large", 135), ("db.r4.large", 1000)),
        *(("db.r6g.xlarge", 2000), ("db.r5.8xlarge", 5000), ("db.r5.12xlarge", 6000), ("db.r5.24xlarge", 7000)),
    ],
)
def test_connections_of_mysql_are_the_guides(name: str, documented: int) -> None:
    """Aurora User Guide, "Maximum connections to an Aurora MySQL DB instance"."""
    gib = capacity.class_memory_gib(name)
    assert gib is not None
    assert capacity.default_connections(engines.MYSQL, gib) == documented


def test_a_serverless_instance_that_can_shrink_to_half_a_unit_allows_two_thousand() -> None:
    spec = postgresql(instances={"a": {}, "b": {}}, serverless={"min_acu": 0.5, "max_acu": 64})
    assert connections_max(spec, spec.instances["a"]) == 2000
    larger = postgresql(instances={"a": {}, "b": {}}, serverless={"min_acu": 1, "max_acu": 64})
    assert connections_max(larger, larger.instances["a"]) == 5000


def test_a_parameter_wins_over_the_formula() -> None:
    spec = mysql(parameters={"max_connections": "300"})
    assert connections_max(spec, spec.instances["a"]) == 300


@pytest.mark.parametrize(
    ("engine", "version", "tib"),
    [
        pytest.param(engines.POSTGRESQL, "17.5", 256, id="postgresql"),
        pytest.param(engines.POSTGRESQL, "17.4", 128, id="older-postgresql"),
        pytest.param(engines.POSTGRESQL, "16.9", 256, id="postgresql-16"),
        pytest.param(engines.POSTGRESQL, "14.22", 128, id="postgresql-14"),
        pytest.param(engines.MYSQL, "8.0.mysql_aurora.3.10.0", 256, id="mysql"),
        pytest.param(engines.MYSQL, "8.0.mysql_aurora.3.08.0", 128, id="older-mysql"),
    ],
)
def test_the_largest_volume_follows_the_version(engine: str, version: str, tib: int) -> None:
    assert capacity.volume_max_bytes(engine, version) == tib * 2**40


def test_a_topic_tells_what_lies_in_its_own_region() -> None:
    spec = postgresql(watch={"notify": [OPS, QUEUE, FUNCTION.replace("eu-west", "us-east")]})
    assert spec.watch is not None
    assert addressees(spec.watch, "eu-west-1") == (OPS, QUEUE)
    assert addressees(spec.watch, None) == spec.watch.notify


def test_a_range_is_told_with_both_ends() -> None:
    (problem,) = problems(changed({"aurora.orders.watch": {"notify": ["a@b.cd"], "alarms": {"cpu_percent": 200}}}))
    assert (problem.rule, problem.allowed) == ("value/range", "be above 0 and at most 100")
