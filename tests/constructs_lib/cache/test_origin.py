"""Born from data: what the template says of it, and what it says again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.replication_group import ReplicationGroupSpec
from tests.support.specs import valkey, vpc_of_the_caller
from tests.support.synthesis import resources, synthesize_one

GROUP = "AWS::ElastiCache::ReplicationGroup"
FILES = ["arn:aws:s3:::seeds/part-1.rdb", "arn:aws:s3:::seeds/part-2.rdb"]
PLACED = {"0001": {"slots": "0-8191"}, "0002": {"slots": "8192-16383"}}


def properties(out: Path, spec: ReplicationGroupSpec) -> dict[str, Any]:
    """Of the group, whose logical id is that of any other: a change of it would replace a cache."""
    made = synthesize_one(
        out,
        lambda stack: ReplicationGroup(
            stack, "Cache", identifier="shop-sessions", spec=spec, vpc=vpc_of_the_caller(stack)
        ),
    )
    ((logical_id, group),) = resources(made, GROUP).items()
    assert logical_id == "CacheReplicationGroupBFE59FF3"
    found: dict[str, Any] = group["Properties"]
    return found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"origin": {"snapshot": "nightly"}}, {"SnapshotName": "nightly"}, id="snapshot"),
        pytest.param({"origin": {"rdb": FILES}, "placement": PLACED}, {"SnapshotArns": FILES}, id="files"),
    ],
)
def test_the_template_names_the_origin_and_says_all_else_as_ever(
    tmp_path: Path, changes: dict[str, Any], said: dict[str, Any]
) -> None:
    placement = {name: value for name, value in changes.items() if name == "placement"}
    empty = properties(tmp_path / "empty", valkey(**placement))
    born = properties(tmp_path / "born", valkey(**changes))
    assert {name: value for name, value in born.items() if empty.get(name) != value} == said
    assert empty.keys() <= born.keys()


def test_each_shard_says_which_slots_it_is_born_with(tmp_path: Path) -> None:
    """ "You must configure each node group ... because you must specify the slots for each node group". [B]"""
    born = properties(tmp_path, valkey(origin={"rdb": FILES}, placement=PLACED))
    shards = born["NodeGroupConfiguration"]
    assert {each["NodeGroupId"]: each["Slots"] for each in shards} == {"0001": "0-8191", "0002": "8192-16383"}
