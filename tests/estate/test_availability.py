"""A Region whose CloudFormation lacks a type: what needs it is refused there, with the way round."""

from __future__ import annotations

from typing import Any

import pytest

from estate import availability, engines
from estate.engines import data, regions_without
from tests.support.estate_files import MYSQL, changed, problems
from tools.generate_engines import EMITTED_TYPES

ORDERS = "aurora.orders"
USES: dict[str, dict[str, Any]] = {
    "engine": {},
    "autoscaling": {f"{ORDERS}.autoscaling": {"cpu_percent": 60, "max_readers": 3}},
    "dns": {f"{ORDERS}.dns": {"zone_name": "db.example.internal", "writer": "orders"}},
    "backup.plan": {f"{ORDERS}.backup": {"plan": {}}},
    "master_authentication": {f"{ORDERS}.master_authentication": "own-secret"},
    "watch": {f"{ORDERS}.watch": {"notify": ["dba@example.com"]}},
    "instance_parameters": {f"{ORDERS}.instance_parameters": {"work_mem": "65536"}},
}
NEEDS = [pytest.param(need, name, id=name) for need in availability.NEEDS for name in [".".join(map(str, need.path))]]


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a Region lack one type, and what the data already says it lacks."""

    def lack(resource_type: str) -> None:
        monkeypatch.setattr(
            engines, "regions_without", lambda name: {"eu-west-1"} if name == resource_type else regions_without(name)
        )

    return lack


@pytest.mark.parametrize(("need", "name"), NEEDS)
def test_what_a_region_lacks_is_refused_with_the_way_round(need: availability.Need, name: str, lacking: Any) -> None:
    for resource_type in need.types:
        lacking(resource_type)
        found = [each for each in problems(changed(USES[name])) if each.rule == "aurora/type-region"]
        assert [(each.path, each.given) for each in found] == [(f"{ORDERS}.{name}", f"{resource_type} in eu-west-1")]
        assert need.way in found[0].fix


@pytest.mark.parametrize(("need", "name"), [each for each in NEEDS if each.values[1] != "engine"])
def test_who_does_not_need_it_may_be_there(need: availability.Need, name: str, lacking: Any) -> None:
    assert name in USES
    for resource_type in need.types:
        lacking(resource_type)
        assert problems(changed({})) == ()


def test_acknowledged_it_passes(lacking: Any) -> None:
    lacking("AWS::RDS::DBCluster")
    assert problems(changed({"acknowledge": ["aurora/type-region"]})) == ()


def test_the_data_knows_every_type_of_the_table() -> None:
    assert {name for need in availability.NEEDS for name in need.types} <= set(EMITTED_TYPES)


ELSEWHERE = {
    "AWS::Backup::RestoreTestingPlan": ("backup-restore-test-region", {}),
    "AWS::Backup::RestoreTestingSelection": ("backup-restore-test-region", {}),
    "AWS::ElastiCache::GlobalReplicationGroup": ("cache/global-region", {}),
    "AWS::RDS::DBClusterEndpoint": ("endpoint-region", {f"{ORDERS}.endpoints": {"x": {"excluded": ["a"]}}}),
    "AWS::RDS::DBProxy": ("proxy-region", {f"{ORDERS}.proxy": {"users": ["app"]}}),
    "AWS::RDS::DBProxyEndpoint": ("proxy-region", {f"{ORDERS}.proxy": {"users": ["app"]}}),
    "AWS::RDS::Deployment": ("blue-green-region", {}),
    "AWS::RDS::GlobalCluster": ("global", {}),
}
"""Types that some Region lacks today: the rule of the section that needs it, and a use where a small one will do."""


def test_every_type_that_a_region_lacks_today_has_a_rule() -> None:
    assert set(data()["types_missing_in"]) <= set(ELSEWHERE)


@pytest.mark.parametrize(
    ("rule", "use", "region"),
    [
        ("aurora/endpoint-region", ELSEWHERE["AWS::RDS::DBClusterEndpoint"][1], "cn-north-1"),
        ("aurora/proxy-region", ELSEWHERE["AWS::RDS::DBProxy"][1], "ap-east-2"),
    ],
)
def test_what_a_region_lacks_today(rule: str, use: dict[str, Any], region: str) -> None:
    serverless: dict[str, Any] = {f"{ORDERS}.instances": {"a": {}, "b": {}}, "caches": {}}
    found = problems(changed({"regions": [region], **serverless, **use}))
    assert rule in {each.rule for each in found}
    assert rule not in {each.rule for each in problems(changed({**serverless, **use}))}


def test_backtrack_where_there_is_none_is_led_to_point_in_time() -> None:
    (problem,) = problems(changed({**MYSQL, "regions": ["sa-east-1"]}))
    assert (problem.rule, "point in time" in problem.fix) == ("aurora/backtrack-region", True)
