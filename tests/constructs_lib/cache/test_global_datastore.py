"""A global datastore and its secondaries, used alone: what is emitted, and what a caller is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib.cache.global_datastore import GlobalDatastore, global_datastore_id, secondary
from constructs_lib.cache.replication import Secondary
from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.global_datastore import INFERRED, secondary_of
from estate.caches.replication_group import ReplicationGroupSpec
from tests.support.specs import valkey, vpc_of_the_caller
from tests.support.synthesis import only, resources, synthesize_one

DATASTORE, GROUP = "AWS::ElastiCache::GlobalReplicationGroup", "AWS::ElastiCache::ReplicationGroup"


def world(*, declared: dict[str, Any] | None = None, **changes: Any) -> ReplicationGroupSpec:
    said = {"secondaries": {"us-east-1": {}}, **(declared or {})}
    return valkey(**{"region": "eu-west-1", "minor_upgrades": False, "global": said, **changes})


def datastore(stack: cdk.Stack, spec: ReplicationGroupSpec) -> GlobalDatastore:
    return GlobalDatastore(stack, "Global", suffix="shop-sessions", primary="shop-sessions", spec=spec)


def cache(stack: cdk.Stack, spec: ReplicationGroupSpec, part: Secondary | None = None) -> ReplicationGroup:
    return ReplicationGroup(
        stack, "Cache", identifier="shop-there", spec=spec, vpc=vpc_of_the_caller(stack), secondary=part
    )


def test_it_has_one_member_and_says_what_all_have(tmp_path: Path) -> None:
    template = synthesize_one(tmp_path, lambda stack: datastore(stack, world()))
    (resource,) = template["Resources"].values()
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete")
    made = only(template, DATASTORE)
    assert [member["Role"] for member in made["Members"]] == ["PRIMARY"]
    assert (made["EngineVersion"], made["GlobalNodeGroupCount"], made["AutomaticFailoverEnabled"]) == ("8.2", 2, True)


def test_one_shard_without_cluster_mode_is_not_counted(tmp_path: Path) -> None:
    template = synthesize_one(tmp_path, lambda stack: datastore(stack, world(shards=1)))
    assert "GlobalNodeGroupCount" not in only(template, DATASTORE)


def test_a_newer_major_brings_its_parameters(tmp_path: Path) -> None:
    spec = world(declared={"born": {"version": "7.2"}}, parameters={"maxmemory-policy": "allkeys-lru"})
    template = synthesize_one(tmp_path, lambda stack: datastore(stack, spec))
    group = only(template, "AWS::ElastiCache::ParameterGroup")
    assert group["CacheParameterGroupFamily"] == "valkey8"
    assert group["Properties"] == {"cluster-enabled": "yes", "maxmemory-policy": "allkeys-lru"}
    (name,) = resources(template, "AWS::ElastiCache::ParameterGroup")
    assert only(template, DATASTORE)["CacheParameterGroupName"] == {"Ref": name}


def test_the_l1_is_reachable(tmp_path: Path) -> None:
    def define(stack: cdk.Stack) -> None:
        datastore(stack, world()).cfn_global_replication_group.global_replication_group_description = "ours"

    made = only(synthesize_one(tmp_path, define), DATASTORE)
    assert made["GlobalReplicationGroupDescription"] == "ours"


def test_the_primary_is_what_it_was_born_as(tmp_path: Path) -> None:
    spec = world(declared={"born": {"version": "7.2", "shards": 3, "class": "cache.r6g.large"}})
    made = only(synthesize_one(tmp_path, lambda stack: cache(stack, spec)), GROUP)
    found = (made["EngineVersion"], made["NumNodeGroups"], made["CacheNodeType"], made["AutoMinorVersionUpgrade"])
    assert found == ("7.2", 3, "cache.r6g.large", False)


def test_a_secondary_leaves_out_what_it_takes_from_the_primary(tmp_path: Path) -> None:
    spec = world(users={"app": {"access": "on ~* +@read"}}, parameters={"timeout": "60"})
    part = secondary("shop-sessions", "shop-sessions", spec, "us-east-1")
    template = synthesize_one(tmp_path, lambda stack: cache(stack, secondary_of(spec, "us-east-1"), part))
    made = only(template, GROUP)
    assert made["GlobalReplicationGroupId"] == "gxeiz-shop-sessions"
    assert not (INFERRED | {"Engine"}) & set(made)
    assert not resources(template, "AWS::ElastiCache::ParameterGroup")
    assert only(template, "AWS::ElastiCache::User")["UserId"] == "shop-sessions-app"


def test_its_overrides_are_last(tmp_path: Path) -> None:
    spec = world(declared={"secondaries": {"us-east-1": {"overrides": {"SnapshotWindow": "01:00-02:00"}}}})
    part = secondary("shop-sessions", "shop-sessions", spec, "us-east-1")
    template = synthesize_one(tmp_path, lambda stack: cache(stack, secondary_of(spec, "us-east-1"), part))
    assert only(template, GROUP)["SnapshotWindow"] == "01:00-02:00"


def test_parts_follow_from_the_declaration() -> None:
    part = secondary("shop-sessions", "shop-sessions", world(), "us-east-1")
    assert part == Secondary(global_datastore_id="gxeiz-shop-sessions", users_identifier="shop-sessions")
    with pytest.raises(KeyError):
        secondary("shop-sessions", "shop-sessions", world(), "eu-west-3")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(valkey(), "global must be declared for a global datastore, got nothing", id="no-global"),
        pytest.param(
            world().model_copy(update={"region": None}), "region must be given for a global datastore", id="no-region"
        ),
        pytest.param(
            world().model_copy(update={"region": "eu-north-1"}),
            "global.prefix must be given for eu-north-1",
            id="prefix",
        ),
    ],
)
def test_a_caller_is_told_what_is_missing(spec: ReplicationGroupSpec, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        global_datastore_id("shop-sessions", spec)
