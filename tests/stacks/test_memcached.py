"""The stack of a Memcached cluster: the zones it is told, and what it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from stacks.compose import compose
from tests.support.estate_files import GONE, changed
from tests.support.synthesis import Template, only, synthesize

CLUSTER = "AWS::ElastiCache::CacheCluster"
PAGES = {"aurora": GONE, "caches": GONE, "memcached.pages": {"nodes": 3}}
VPC = {
    "vpc": "vpc-0123456789abcdef0",
    "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}
NAMED = {"network.eu-west-1": VPC | {"availability_zones": ["eu-west-1c", "eu-west-1a"]}}


def stack(out: Path, changes: dict[str, Any]) -> Template:
    estate = load_text(changed(PAGES | changes)).estate
    return synthesize(out, lambda app: compose(app, estate))["shop-cache-pages"]


def test_nodes_stand_in_the_zones_of_the_network_in_turn(tmp_path: Path) -> None:
    zones = only(stack(tmp_path, {"network.eu-west-1": {"zones": 2}}), CLUSTER)["PreferredAvailabilityZones"]
    assert [zone["Fn::Select"][0] for zone in zones] == [0, 1, 0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(NAMED, ["eu-west-1c", "eu-west-1a", "eu-west-1c"], id="named-in-turn"),
        pytest.param(
            NAMED | {"memcached.pages.zones": [2, 2, 1]}, ["eu-west-1a", "eu-west-1a", "eu-west-1c"], id="by-number"
        ),
        pytest.param({"network.eu-west-1": VPC}, None, id="unnamed"),
    ],
)
def test_zones_of_an_existing_network(tmp_path: Path, changes: dict[str, Any], expected: list[str] | None) -> None:
    """Where the file does not name them, `Fn::GetAZs` would guess: the subnets may be in others."""
    properties = only(stack(tmp_path, changes), CLUSTER)
    assert (properties.get("PreferredAvailabilityZones"), properties["AZMode"]) == (expected, "cross-az")


def test_outputs_say_where_to_discover_the_nodes(tmp_path: Path) -> None:
    made = stack(tmp_path, {})
    outputs = {name: output["Value"] for name, output in made["Outputs"].items()}
    cluster = outputs["CacheClusterId"]["Ref"]
    assert outputs == {
        "CacheClusterId": {"Ref": cluster},
        "ConfigurationEndpoint": {"Fn::GetAtt": [cluster, "ConfigurationEndpoint.Address"]},
        "Port": "11212",
        "SecurityGroupId": outputs["SecurityGroupId"],
    }
    assert made["Resources"][cluster]["Type"] == CLUSTER


def test_tags_and_protection_are_those_of_the_file(tmp_path: Path) -> None:
    tags = only(stack(tmp_path, {"memcached.pages.tags": {"team": "web"}}), CLUSTER)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "aurora-estate:estate": "shop",
        "aurora-estate:resource": "pages",
        "team": "web",
    }
