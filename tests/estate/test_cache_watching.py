"""Rules of `watch:` of caches of each kind, a row each, and the numbers that thresholds are made of."""

from __future__ import annotations

from typing import Any

import pytest

from estate import capacity, engines
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.watching import MEMCACHED_RULES, RULES, SERVERLESS_RULES, node_ids
from estate.defaults import PRODUCTION_2026_11
from estate.load import EstateError, load_text
from tests.support.estate_files import changed, problems

OPS = "ops@example.com"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:alarms"
ELSEWHERE = QUEUE.replace("eu-west", "us-east")
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:page"
OTHER = {"NotificationTopicArn": "arn:aws:sns:eu-west-1:111122223333:theirs"}
OFF = {"alarms": None, "events": False}
TOLD = {"notify": [OPS]}

Row = tuple[str, str, dict[str, Any]]
GROUP, PAGES, OFFERS = "caches.sessions", "memcached.pages", "serverless_caches.offers"


def watch(where: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Changes to the shop that give one cache a `watch`."""
    return {f"{where}.watch": said} | {f"{where}.{key}": value for key, value in more.items()}


def alarms(where: str, **thresholds: Any) -> dict[str, Any]:
    return watch(where, TOLD | {"alarms": thresholds})


LARGE = {f"{GROUP}.shards": 73, "acknowledge": ["cache/nodes-quota"]}
"""With seven alarms for each of 146 nodes there are 1,022 metrics."""

ROWS: tuple[Row, ...] = (
    ("cache/watch-notify-form", f"{GROUP}.watch.notify.0", watch(GROUP, {"notify": ["ops"]})),
    ("cache/watch-notify-repeat", f"{GROUP}.watch.notify.1", watch(GROUP, {"notify": [OPS, OPS]})),
    ("cache/watch-notify-region", f"{GROUP}.watch.notify.0", watch(GROUP, {"notify": [ELSEWHERE]})),
    ("cache/watch-nothing", f"{GROUP}.watch", watch(GROUP, OFF | {"dashboard": False})),
    ("cache/watch-notify-unused", f"{GROUP}.watch.notify", watch(GROUP, OFF | TOLD)),
    ("cache/watch-nobody", f"{GROUP}.watch.notify", watch(GROUP, {})),
    ("cache/watch-unused", f"{GROUP}.watch.alarms.global_lag_s", alarms(GROUP, global_lag_s=5)),
    (
        "cache/watch-alarms-max",
        f"{GROUP}.watch.alarms",
        alarms(GROUP) | LARGE,
    ),
    ("cache/watch-topic", f"{GROUP}.overrides.NotificationTopicArn", watch(GROUP, TOLD, overrides=OTHER)),
    ("memcached/watch-topic", f"{PAGES}.overrides.NotificationTopicArn", watch(PAGES, TOLD, overrides=OTHER)),
    ("memcached/watch-notify-form", f"{PAGES}.watch.notify.0", watch(PAGES, {"notify": ["ops"]})),
    ("memcached/watch-notify-repeat", f"{PAGES}.watch.notify.1", watch(PAGES, {"notify": [OPS, OPS]})),
    ("memcached/watch-notify-region", f"{PAGES}.watch.notify.0", watch(PAGES, {"notify": [ELSEWHERE]})),
    ("memcached/watch-nothing", f"{PAGES}.watch", watch(PAGES, OFF | {"dashboard": False})),
    ("memcached/watch-notify-unused", f"{PAGES}.watch.notify", watch(PAGES, OFF | TOLD)),
    ("memcached/watch-nobody", f"{PAGES}.watch.notify", watch(PAGES, {})),
    ("serverless-cache/watch-notify-form", f"{OFFERS}.watch.notify.0", watch(OFFERS, {"notify": ["ops"]})),
    ("serverless-cache/watch-notify-repeat", f"{OFFERS}.watch.notify.1", watch(OFFERS, {"notify": [OPS, OPS]})),
    ("serverless-cache/watch-notify-region", f"{OFFERS}.watch.notify.0", watch(OFFERS, {"notify": [ELSEWHERE]})),
    ("serverless-cache/watch-nothing", f"{OFFERS}.watch", watch(OFFERS, OFF | {"dashboard": False})),
    ("serverless-cache/watch-notify-unused", f"{OFFERS}.watch.notify", watch(OFFERS, OFF | TOLD)),
    ("serverless-cache/watch-nobody", f"{OFFERS}.watch.notify", watch(OFFERS, {})),
    (
        "serverless-cache/watch-unused",
        f"{OFFERS}.watch.alarms.authentication_failures_per_min",
        alarms(OFFERS, authentication_failures_per_min=1) | {f"{OFFERS}.engine": "memcached"},
    ),
)
VARIANTS: tuple[Row, ...] = (
    ("cache/watch-notify-form", f"{GROUP}.watch.notify.0", watch(GROUP, {"notify": [f"{QUEUE}.fifo"]})),
    ("cache/watch-unused", f"{GROUP}.watch.alarms.cpu_credits", alarms(GROUP, cpu_credits=50)),
    ("cache/watch-unused", f"{GROUP}.watch.alarms.durability_lag_ms", alarms(GROUP, durability_lag_ms=900)),
    (
        "cache/watch-unused",
        f"{GROUP}.watch.alarms.replica_lag_s",
        alarms(GROUP, replica_lag_s=2) | {f"{GROUP}.replicas": 0, "acknowledge": ["cache/no-replica"]},
    ),
)
LEGAL: dict[str, dict[str, Any]] = {
    "addressees-of-all-kinds": watch(GROUP, {"notify": [OPS, QUEUE, FUNCTION]}),
    "a-dashboard-alone": watch(GROUP, OFF) | watch(PAGES, OFF) | watch(OFFERS, OFF),
    "events-alone": watch(GROUP, TOLD | {"alarms": None, "dashboard": False}),
    "an-edition's-threshold-without-use": alarms(GROUP) | {f"{GROUP}.replicas": 0, "acknowledge": ["cache/no-replica"]},
    "a-topic-of-theirs-without-events": watch(GROUP, TOLD | {"events": False}, overrides=OTHER)
    | watch(PAGES, TOLD | {"events": False}, overrides=OTHER),
    "lag-with-replicas": alarms(GROUP, replica_lag_s=2),
    "credits-of-a-burstable-node": alarms(GROUP, cpu_credits=50)
    | {f"{GROUP}.class": "cache.t4g.medium", "acknowledge": ["cache/class-burstable"]},
    "many-nodes-and-few-alarms": alarms(GROUP, connections_percent=None) | LARGE,
    "every-kind": watch(GROUP, TOLD) | watch(PAGES, TOLD) | watch(OFFERS, TOLD),
    "logins-of-valkey": alarms(OFFERS, authentication_failures_per_min=1),
    "memcached-without-servers": alarms(OFFERS) | {f"{OFFERS}.engine": "memcached"},
}


@pytest.mark.parametrize(("rule", "path", "changes"), ROWS + VARIANTS, ids=[row[1] + row[0] for row in ROWS + VARIANTS])
def test_finds_the_broken_rule_and_nothing_else(rule: str, path: str, changes: dict[str, Any]) -> None:
    found = problems(changed(changes))
    assert {problem.rule for problem in found} == {rule}
    (message,) = {problem.message for problem in found if problem.path == path}
    assert message.startswith(f"{path} must ")
    assert "None" not in message


@pytest.mark.parametrize("changes", LEGAL.values(), ids=LEGAL)
def test_the_legal_neighbour_passes(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_every_rule_has_a_row() -> None:
    assert {rule.id for rule in (*RULES, *MEMCACHED_RULES, *SERVERLESS_RULES)} == {row[0] for row in ROWS}


@pytest.mark.parametrize("where", [GROUP, PAGES, OFFERS])
def test_nobody_can_be_acknowledged(where: str) -> None:
    prefix = {GROUP: "cache", PAGES: "memcached", OFFERS: "serverless-cache"}[where]
    assert problems(changed(watch(where, {}) | {"acknowledge": [f"{prefix}/watch-nobody"]})) == ()


@pytest.mark.parametrize(
    ("where", "threshold", "there"),
    [
        pytest.param(PAGES, "memory_percent", "cpu_percent", id="memory-of-memcached"),
        pytest.param(PAGES, "replica_lag_s", "swap_bytes", id="lag-of-memcached"),
        pytest.param(OFFERS, "cpu_percent", "ecpu_percent", id="cpu-of-serverless"),
        pytest.param(GROUP, "ecpu_percent", "cpu_percent", id="ecpu-of-nodes"),
    ],
)
def test_an_alarm_that_a_kind_has_not_is_refused_with_what_there_is(where: str, threshold: str, there: str) -> None:
    (problem,) = problems(changed(alarms(where, **{threshold: 5})))
    assert (problem.rule, problem.path) == ("key/unknown", f"{where}.watch.alarms.{threshold}")
    assert there in problem.message


@pytest.mark.parametrize(
    ("threshold", "value"),
    [("cpu_percent", 0), ("cpu_percent", 101), ("throttled_minutes", 0), ("durability_lag_ms", 10_000)],
)
def test_thresholds_stay_in_their_range(threshold: str, value: float) -> None:
    (problem,) = problems(changed(alarms(GROUP, **{threshold: value})))
    assert (problem.rule, problem.path) == ("value/range", f"{GROUP}.watch.alarms.{threshold}")


@pytest.mark.parametrize("unit", ["caches", "memcached", "serverless_caches"])
def test_the_edition_says_every_threshold_of_each_kind(unit: str) -> None:
    estate = load_text(changed(watch(f"{unit}.x", TOLD))).estate
    watched = getattr(estate, unit)["x"].watch
    assert watched.alarms.model_dump() == dict(PRODUCTION_2026_11.cache_alarms[unit])
    by_hand = type(watched)()
    assert (by_hand.alarms, by_hand.events, by_hand.dashboard) == (watched.alarms, watched.events, watched.dashboard)


@pytest.mark.parametrize(
    ("name", "cores"),
    [
        pytest.param("cache.t2.small", 1, id="one-core"),
        pytest.param("cache.t4g.micro", 2, id="burstable"),
        pytest.param("cache.r7g.large", 2, id="large"),
        pytest.param("cache.r7g.xlarge", 4, id="xlarge"),
        pytest.param("cache.m4.10xlarge", 40, id="ten"),
        pytest.param("cache.r6gd.16xlarge", 64, id="with-ssds"),
        pytest.param("cache.m1.small", None, id="of-long-ago"),
        pytest.param("cache.q1.odd", None, id="unknown"),
    ],
)
def test_cores_follow_from_the_node_type(name: str, cores: int | None) -> None:
    """EC2 instance types of the same names."""
    assert capacity.node_vcpus(name) == cores


def test_every_node_type_of_the_data_has_cores() -> None:
    assert [name for name in sorted(engines.known_classes("cache")) if capacity.node_vcpus(name) is None] == []


@pytest.mark.parametrize(
    ("name", "most"), [("cache.r7g.large", 65_000), ("cache.t4g.micro", 20_000), ("cache.t3.small", 46_000)]
)
def test_connections_follow_from_the_node_type(name: str, most: int) -> None:
    assert capacity.node_connections(name) == most


@pytest.mark.parametrize(
    ("layout", "ids"),
    [
        pytest.param({"replicas": 2}, ("001", "002", "003"), id="without-cluster-mode"),
        pytest.param({"shards": 2}, ("0001-001", "0001-002", "0002-001", "0002-002"), id="with-it"),
        pytest.param(
            {"cluster_mode": "enabled"}, ("0001-001", "0001-002", "001", "002"), id="one-shard-that-may-have-moved"
        ),
        pytest.param(
            {"shards": 2, "placement": {"0001": {"replicas": 0}, "0002": {}}},
            ("0001-001", "0002-001", "0002-002"),
            id="a-shard-of-its-own-size",
        ),
        pytest.param(
            {"shards": 2, "replicas": 0, "autoscaling": {"shards": {"min": 2, "max": 3, "cpu_percent": 50}}},
            ("0001-001", "0002-001", "0003-001"),
            id="shards-that-may-come",
        ),
        pytest.param(
            {"shards": 2, "replicas": 0, "autoscaling": {"replicas": {"min": 1, "max": 1, "cpu_percent": 50}}},
            ("0001-001", "0001-002", "0002-001", "0002-002"),
            id="replicas-that-may-come",
        ),
    ],
)
def test_nodes_have_the_ids_that_elasticache_gives(layout: dict[str, Any], ids: tuple[str, ...]) -> None:
    spec = ReplicationGroupSpec.model_validate({"name": "sessions", **layout}, context={"rules": False})
    assert node_ids(spec) == ids


def test_a_wrong_watch_says_where_it_is() -> None:
    with pytest.raises(EstateError) as caught:
        load_text(changed(alarms(GROUP, cpu_percent="hot")))
    assert "caches.sessions.watch.alarms.cpu_percent" in str(caught.value)


@pytest.mark.parametrize(
    ("where", "rule"),
    [
        (GROUP, "cache/no-such-setting"),
        (PAGES, "memcached/no-such-setting"),
        (OFFERS, "serverless-cache/no-such-setting"),
    ],
)
@pytest.mark.parametrize("name", ["notification_topic_arn", "alarms", "monitoring"])
def test_names_that_others_have_for_it_lead_to_watch(where: str, rule: str, name: str) -> None:
    (problem,) = problems(changed({f"{where}.{name}": "x"}))
    assert problem.rule == rule
    assert "write `watch:`" in problem.fix
