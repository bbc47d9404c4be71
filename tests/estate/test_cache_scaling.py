"""Auto scaling of shards and replicas: what AWS scales, within which bounds, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.scaling import most_nodes
from estate.load import load_text
from tests.support.estate_files import changed, problems

GROUP = "caches.sessions"
SCALING = f"{GROUP}.autoscaling"
SHARDS = f"{SCALING}.shards"
REPLICAS = f"{SCALING}.replicas"
CLUSTER: dict[str, Any] = {f"{GROUP}.shards": 2}
BY_CPU = {"min": 2, "max": 4, "cpu_percent": 60}
SCALED = {**CLUSTER, SHARDS: BY_CPU}
SPREAD = {**CLUSTER, REPLICAS: {"min": 1, "max": 3, "cpu_percent": 60}}
MORNING = {"at": "cron(0 7 ? * MON-FRI *)", "min": 3}
REDIS = {f"{GROUP}.engine": "redis", f"{GROUP}.version": "7.0", f"{GROUP}.class": "cache.r6gd.xlarge"}


def known(*rules: str) -> dict[str, Any]:
    return {f"{GROUP}.acknowledge": list(rules)}


ROWS: tuple[tuple[str, dict[str, Any], str, str, str], ...] = (
    ("nothing", {**CLUSTER, SCALING: {}}, "cache/scaling-reason", SCALING, "must scale shards, replicas or both"),
    (
        "no reason",
        {**SCALED, f"{SHARDS}": {"min": 1, "max": 3}},
        "cache/scaling-reason",
        SHARDS,
        "must have a target or schedules to scale by, got none of them; set one of them, such as `cpu_percent: 60`",
    ),
    (
        "no cluster mode",
        {SHARDS: {**BY_CPU, "min": 1}},
        "cache/scaling-mode",
        SCALING,
        "got cluster mode disabled; set `cluster_mode: enabled`",
    ),
    (
        "bounds turned round",
        {**SCALED, f"{SHARDS}": {**BY_CPU, "min": 3, "max": 2}},
        "cache/scaling-order",
        f"{SHARDS}.max",
        "must not be below min (3), got 2",
    ),
    (
        "a minimum above any maximum",
        {**SCALED, f"{SHARDS}.schedules": {"morning": {**MORNING, "min": 5}}},
        "cache/scaling-order",
        f"{SHARDS}.schedules.morning.min",
        "must not be above the maximum that may hold by then (4), got 5; give max beside it",
    ),
    (
        "a maximum below any minimum",
        {**SCALED, f"{SHARDS}.schedules": {"night": {"at": "rate(1 day)", "max": 1}}},
        "cache/scaling-order",
        f"{SHARDS}.schedules.night.max",
        "must not be below the minimum that may hold by then (2), got 1; give min beside it",
    ),
    (
        "fewer shards than ever",
        {**SCALED, f"{SHARDS}": {**BY_CPU, "min": 3}},
        "cache/scaling-declared",
        f"{GROUP}.shards",
        "must lie within autoscaling.shards, 3 to 4, got 2",
    ),
    (
        "more replicas than ever",
        {**SPREAD, f"{GROUP}.replicas": 4},
        "cache/scaling-declared",
        f"{GROUP}.replicas",
        "must lie within autoscaling.replicas, 1 to 3, got 4",
    ),
    (
        "too many nodes in the end",
        {**CLUSTER, SHARDS: {**BY_CPU, "max": 250}, REPLICAS: {"min": 1, "max": 5, "cpu_percent": 60}},
        "cache/scaling-nodes",
        SCALING,
        "must make 500 nodes at most, with all shards and replicas that may be added, got 1500 nodes",
    ),
    (
        "more than the quota in the end",
        {**CLUSTER, SHARDS: {**BY_CPU, "max": 46}},
        "cache/scaling-quota",
        SCALING,
        "must make 90 nodes at most without a quota increase, got 92 nodes",
    ),
    (
        "an old engine with tiering",
        {**SCALED, **REDIS, f"{GROUP}.version": "6.2", **known("cache/version-ending")},
        "cache/scaling-version",
        f"{GROUP}.version",
        "must be 7.0 at least with data tiering to scale by itself, got 6.2",
    ),
    (
        "a burstable class",
        {**SCALED, f"{GROUP}.class": "cache.t4g.medium", **known("cache/class-burstable")},
        "cache/scaling-class",
        f"{GROUP}.class",
        "must be a large, xlarge or 2xlarge of r7g",
    ),
    (
        "a large class",
        {**SCALED, f"{GROUP}.class": "cache.r7g.4xlarge"},
        "cache/scaling-class",
        f"{GROUP}.class",
        "got cache.r7g.4xlarge",
    ),
    (
        "eviction beside memory",
        {**CLUSTER, SHARDS: {"min": 1, "max": 3, "memory_percent": 60}},
        "cache/scaling-eviction",
        f"{GROUP}.parameters.maxmemory-policy",
        "must be noeviction where shards scale by memory, got volatile-lru",
    ),
    (
        "two targets",
        {
            **CLUSTER,
            SHARDS: {**BY_CPU, "memory_percent": 60},
            f"{GROUP}.parameters": {"maxmemory-policy": "noeviction"},
        },
        "cache/scaling-targets",
        SHARDS,
        "must hold one target, got cpu_percent and memory_percent",
    ),
    (
        "no schedule",
        {**SCALED, f"{SHARDS}.schedules": {"morning": {**MORNING, "at": "at seven"}}},
        "cache/scaling-schedule",
        f"{SHARDS}.schedules.morning.at",
        "must be a schedule of Application Auto Scaling",
    ),
    (
        "no time zone",
        {**SPREAD, f"{REPLICAS}.schedules": {"morning": {**MORNING, "timezone": "Dublin"}}},
        "cache/scaling-timezone",
        f"{REPLICAS}.schedules.morning.timezone",
        "write it as in Europe/Berlin",
    ),
    (
        "an idle schedule",
        {**SCALED, f"{SHARDS}.schedules": {"morning": {"at": "rate(1 day)"}}},
        "cache/scaling-idle-schedule",
        f"{SHARDS}.schedules.morning",
        "must set min, max or both",
    ),
    ("a target too low", {**SCALED, f"{SHARDS}.cpu_percent": 34}, "value/range", f"{SHARDS}.cpu_percent", "35"),
    ("a target too high", {**SPREAD, f"{REPLICAS}.cpu_percent": 71}, "value/range", f"{REPLICAS}.cpu_percent", "70"),
    ("too many shards", {**SCALED, f"{SHARDS}.max": 251}, "value/range", f"{SHARDS}.max", "250"),
    ("too many replicas", {**SPREAD, f"{REPLICAS}.max": 6}, "value/range", f"{REPLICAS}.max", "5"),
    ("no replica", {**SPREAD, f"{REPLICAS}.min": 0}, "value/range", f"{REPLICAS}.min", "1"),
    (
        "memory of replicas",
        {**SPREAD, f"{REPLICAS}.memory_percent": 60},
        "key/unknown",
        f"{REPLICAS}.memory_percent",
        "",
    ),
)


@pytest.mark.parametrize(("_what", "changes", "rule", "path", "said"), ROWS, ids=[row[0] for row in ROWS])
def test_one_that_may_not_be(_what: str, changes: dict[str, Any], rule: str, path: str, said: str) -> None:
    (problem,) = problems(changed(changes))
    assert (problem.rule, problem.path) == (rule, path)
    assert said in problem.message


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(SCALED, id="shards"),
        pytest.param(SPREAD, id="replicas"),
        pytest.param({**SCALED, **SPREAD}, id="both"),
        pytest.param({SHARDS: {**BY_CPU, "min": 1}, f"{GROUP}.cluster_mode": "enabled"}, id="one-shard"),
        pytest.param({**CLUSTER, SHARDS: {"min": 2, "max": 4, "schedules": {"morning": MORNING}}}, id="schedules-only"),
        pytest.param({**CLUSTER, SHARDS: {**BY_CPU, "max": 45}}, id="as-many-as-the-quota"),
        pytest.param({**SCALED, **REDIS}, id="redis-with-tiering"),
        pytest.param({**SCALED, f"{GROUP}.class": "cache.c7gn.2xlarge"}, id="c7gn"),
        pytest.param(
            {
                **CLUSTER,
                SHARDS: {"min": 1, "max": 3, "memory_percent": 60},
                f"{GROUP}.parameters": {"maxmemory-policy": "noeviction"},
            },
            id="memory",
        ),
    ],
)
def test_one_that_may_be(changes: dict[str, Any]) -> None:
    assert problems(changed(changes)) == ()


def test_a_global_datastore_does_not_scale_by_itself() -> None:
    secondaries: dict[str, Any] = {"secondaries": {"eu-central-1": {}}}
    changes = {**SCALED, "regions": ["eu-west-1", "eu-central-1"], f"{GROUP}.global": secondaries}
    assert "cache/global-autoscaling" in {each.rule for each in problems(changed(changes))}


def test_the_edition_fills_what_is_left_out() -> None:
    group = load_text(changed(SCALED)).estate.caches["sessions"]
    assert group.autoscaling is not None
    assert group.autoscaling.shards is not None
    assert (group.autoscaling.shards.scale_in_cooldown_s, group.autoscaling.shards.scale_in) == (600, True)
    assert group.autoscaling.replicas is None


def test_the_largest_group_counts_schedules_too() -> None:
    spec = ReplicationGroupSpec.model_validate(
        {
            "name": "x",
            "shards": 2,
            "autoscaling": {"shards": {**BY_CPU, "schedules": {"sale": {**MORNING, "min": 6, "max": 9}}}},
        }
    )
    assert most_nodes(spec) == 18
