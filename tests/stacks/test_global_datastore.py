"""A global datastore as stacks: what each holds, in which order they go, and what later deploys and moves leave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estate import names
from estate.caches.global_datastore import BornSpec
from estate.load import load_estate, load_text
from estate.model import Estate
from lab.cloud.client import client
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.assembly import AssembledStack, delete, deploy, read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import ROOT, only, resources, synthesize

MERIDIAN = ROOT / "examples" / "estates" / "global-datastore.yaml"
DATASTORE, PRIMARY = "meridian-cache-sessions-global", "meridian-cache-sessions"
SECONDARY = "meridian-cache-sessions-us-east-1"
ID = "gxeiz-meridian-sessions"
HOME, AWAY = ("eu-west-1", "meridian-sessions"), ("us-east-1", "meridian-sessions-us-east-1")
GROUP = "AWS::ElastiCache::ReplicationGroup"
OF_EVERY_MEMBER = {
    "CacheEncryptionKeyF97C8F66": "AWS::KMS::Key",
    "CacheLogEngineLog1A41249A": "AWS::Logs::LogGroup",
    "CacheLogSlowLogEE4FF767": "AWS::Logs::LogGroup",
    "CacheReplicationGroupBFE59FF3": GROUP,
}
PINNED = {
    DATASTORE: {"GlobalDatastore77C2386F": "AWS::ElastiCache::GlobalReplicationGroup"},
    PRIMARY: OF_EVERY_MEMBER,
    SECONDARY: OF_EVERY_MEMBER,
}
"""Whatever holds data or is referred to by what does. If this fails, you are about to replace a cache."""
STATEFUL = {kind for pinned in PINNED.values() for kind in pinned.values()}
NOT_SAID = {
    "AtRestEncryptionEnabled",
    "AutomaticFailoverEnabled",
    "CacheNodeType",
    "CacheParameterGroupName",
    "ClusterMode",
    "Engine",
    "EngineVersion",
    "MultiAZEnabled",
    "NumNodeGroups",
    "TransitEncryptionEnabled",
    "TransitEncryptionMode",
}


@pytest.fixture(scope="module")
def meridian() -> Estate:
    return load_estate(MERIDIAN)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, meridian: Estate) -> Path:
    folder = tmp_path_factory.mktemp("meridian")
    synthesize(folder, lambda app: compose(app, meridian))
    return folder


@pytest.fixture(scope="module")
def composed(out: Path) -> dict[str, AssembledStack]:
    return {stack.name: stack for stack in read_assembly(out) if stack.name != "meridian-network"}


@pytest.fixture
def deployed(out: Path) -> Iterator[list[AssembledStack]]:
    Aws()
    stacks = read_assembly(out)
    for stack in stacks:
        assert deploy(stack) == "CREATE_COMPLETE"
    yield stacks
    Aws()


def again(tmp_path: Path, meridian: Estate, **changes: Any) -> dict[str, AssembledStack]:
    """The stacks of the same estate with its cache, or the estate itself, changed."""
    of_estate = {name: changes.pop(name) for name in list(changes) if name in Estate.model_fields}
    sessions = meridian.caches["sessions"].model_copy(update=changes)
    estate = meridian.model_copy(update={**of_estate, "caches": {"sessions": sessions}})
    synthesize(tmp_path, lambda app: compose(app, estate))
    return {stack.name: stack for stack in read_assembly(tmp_path) if stack.name != "meridian-network"}


def born(meridian: Estate, **said: Any) -> Any:
    declared = meridian.caches["sessions"].global_datastore
    assert declared is not None
    return declared.model_copy(update={"born": BornSpec.model_validate(said)})


def datastore() -> dict[str, Any]:
    cache = client("elasticache", "eu-west-1")
    answer = cache.describe_global_replication_groups(GlobalReplicationGroupId=ID, ShowMemberInfo=True)
    found: dict[str, Any] = answer["GlobalReplicationGroups"][0]
    return found


def group(region: str, group_id: str) -> dict[str, Any]:
    answer = client("elasticache", region).describe_replication_groups(ReplicationGroupId=group_id)
    found: dict[str, Any] = answer["ReplicationGroups"][0]
    return found


def versions(region: str) -> set[str]:
    nodes = client("elasticache", region).describe_cache_clusters()["CacheClusters"]
    return {node["EngineVersion"] for node in nodes}


def move_to(region: str, group_id: str) -> None:
    client("elasticache", region).failover_global_replication_group(
        GlobalReplicationGroupId=ID, PrimaryRegion=region, PrimaryReplicationGroupId=group_id
    )


def primary_region() -> str:
    (found,) = [each["ReplicationGroupRegion"] for each in datastore()["Members"] if each["Role"] == "PRIMARY"]
    return str(found)


# --- templates


def test_there_is_a_stack_for_each_region_and_one_for_what_they_join(composed: dict[str, AssembledStack]) -> None:
    found = {name: stack.region for name, stack in composed.items()}
    assert found == {DATASTORE: "eu-west-1", PRIMARY: "eu-west-1", SECONDARY: "us-east-1"}


def test_the_primary_comes_first_then_what_is_joined_then_the_secondaries(out: Path) -> None:
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    wants = {name: set(manifest[name].get("dependencies", [])) for name in (DATASTORE, PRIMARY, SECONDARY)}
    assert PRIMARY in wants[DATASTORE]
    assert {DATASTORE, "meridian-network-us-east-1"} <= wants[SECONDARY]
    assert not {DATASTORE, SECONDARY} & wants[PRIMARY]


def test_logical_ids_are_pinned(composed: dict[str, AssembledStack]) -> None:
    for name, pinned in PINNED.items():
        made = {key: each["Type"] for key, each in composed[name].template["Resources"].items()}
        assert {key: kind for key, kind in made.items() if kind in STATEFUL} == pinned


def test_the_datastore_names_its_primary_and_says_what_all_have(composed: dict[str, AssembledStack]) -> None:
    made = only(composed[DATASTORE].template, "AWS::ElastiCache::GlobalReplicationGroup")
    assert made["Members"] == [
        {"ReplicationGroupId": "meridian-sessions", "ReplicationGroupRegion": "eu-west-1", "Role": "PRIMARY"}
    ]
    assert (made["EngineVersion"], made["CacheNodeType"], made["GlobalNodeGroupCount"]) == ("8.2", "cache.r7g.large", 2)
    assert "CacheParameterGroupName" not in made
    assert set(composed[DATASTORE].template["Outputs"]) == {names.OUTPUT_GLOBAL_DATASTORE_ID}


def test_a_secondary_is_born_as_one_and_says_nothing_that_the_primary_says(
    composed: dict[str, AssembledStack],
) -> None:
    template = composed[SECONDARY].template
    made = only(template, GROUP)
    assert made["GlobalReplicationGroupId"] == ID
    assert not NOT_SAID & set(made)
    assert not resources(template, "AWS::ElastiCache::ParameterGroup")
    assert {"KmsKeyId", "CacheSubnetGroupName", "SecurityGroupIds", "UserGroupIds", "Port"} <= set(made)
    assert made["ReplicasPerNodeGroup"] == 1
    assert "GlobalReplicationGroupId" not in only(composed[PRIMARY].template, GROUP)


def test_nothing_refers_from_stack_to_stack(composed: dict[str, AssembledStack]) -> None:
    for stack in composed.values():
        text = json.dumps(stack.template)
        assert "Fn::ImportValue" not in text
        assert "Custom::" not in text


def test_a_user_is_the_same_in_every_region(composed: dict[str, AssembledStack]) -> None:
    found = {only(composed[name].template, "AWS::ElastiCache::User")["UserId"] for name in (PRIMARY, SECONDARY)}
    assert found == {"meridian-sessions-app"}


def test_the_key_of_an_estate_that_shares_it_knows_the_logs_of_secondaries(meridian: Estate, tmp_path: Path) -> None:
    estate = meridian.model_copy(update={"shared_key": True})
    made = synthesize(tmp_path, lambda app: compose(app, estate))
    assert "/aws/elasticache/meridian-sessions-us-east-1/slow-log" in json.dumps(made["meridian-network-us-east-1"])
    assert "AWS::KMS::Key" not in {each["Type"] for each in made[SECONDARY]["Resources"].values()}


def test_a_cache_without_it_has_the_template_it_had(tmp_path: Path) -> None:
    alone = load_text(changed({"aurora": {}})).estate
    made = synthesize(tmp_path, lambda app: compose(app, alone))
    assert set(made) == {"shop-network", "shop-cache-sessions"}
    assert only(made["shop-cache-sessions"], GROUP)["AutoMinorVersionUpgrade"] is True


# --- deployed


def test_it_is_adopted_by_a_cache_that_runs(meridian: Estate, tmp_path: Path) -> None:
    """User guide: "To bootstrap from existing data, use an existing cluster as primary"."""
    Aws()
    before = again(tmp_path / "a", meridian, global_datastore=None)
    for stack in read_assembly(tmp_path / "a"):
        assert deploy(stack) == "CREATE_COMPLETE"
    arn = group(*HOME)["ReplicationGroupCreateTime"]
    for name, stack in again(tmp_path / "b", meridian).items():
        assert deploy(stack) == ("UPDATE_COMPLETE" if name in before and name == PRIMARY else "CREATE_COMPLETE")
    assert group(*HOME)["ReplicationGroupCreateTime"] == arn
    assert {each["Role"] for each in datastore()["Members"]} == {"PRIMARY", "SECONDARY"}


@pytest.mark.parametrize(
    ("then", "now", "copied"), [("8.0", "8.2", False), ("7.2", "8.2", True)], ids=["minor", "major"]
)
def test_version_class_and_shards_change_through_the_datastore(
    meridian: Estate, tmp_path: Path, then: str, now: str, *, copied: bool
) -> None:
    """`born` keeps the primary's own template as it was, so that one deploy of everything changes all members."""
    Aws()
    again(tmp_path / "a", meridian, version=then)
    for stack in read_assembly(tmp_path / "a"):
        assert deploy(stack) == "CREATE_COMPLETE"
    declared = born(meridian, version=then, shards=2, **{"class": "cache.r7g.large"})
    newer: dict[str, Any] = {"shards": 3, "node_class": "cache.r7g.xlarge", "version": now, "tags": {"changed": "yes"}}
    stacks = again(tmp_path / "b", meridian, global_datastore=declared, **newer)
    for stack in stacks.values():
        assert deploy(stack) == "UPDATE_COMPLETE"
    for region, group_id in (HOME, AWAY):
        found = group(region, group_id)
        assert (len(found["NodeGroups"]), found["CacheNodeType"]) == (3, "cache.r7g.xlarge")
        assert versions(region) == {now}
    assert bool(resources(stacks[DATASTORE].template, "AWS::ElastiCache::ParameterGroup")) is copied
    assert only(stacks[PRIMARY].template, GROUP)["EngineVersion"] == then


def test_without_born_the_change_is_refused_and_nothing_changes(
    deployed: list[AssembledStack], meridian: Estate, tmp_path: Path
) -> None:
    """cloudformation-coverage-roadmap #1965: a member's own template can't change its node type."""
    stacks = again(tmp_path, meridian, node_class="cache.r7g.xlarge")
    assert "is part of a global cluster" in deploy(stacks[PRIMARY])
    assert {group(*each)["CacheNodeType"] for each in (HOME, AWAY)} == {"cache.r7g.large"}
    assert deployed


def test_fewer_shards(deployed: list[AssembledStack], meridian: Estate, tmp_path: Path) -> None:
    stacks = again(tmp_path, meridian, global_datastore=born(meridian, shards=2), shards=1, cluster_mode="enabled")
    assert deploy(stacks[DATASTORE]) == "UPDATE_COMPLETE"
    assert [len(group(*each)["NodeGroups"]) for each in (HOME, AWAY)] == [1, 1]
    assert deployed


def test_a_deploy_after_a_failover_moves_and_replaces_nothing(
    deployed: list[AssembledStack], meridian: Estate, tmp_path: Path
) -> None:
    """The file still calls eu-west-1 the primary; every stack changes, each in place, and Virginia goes on writing."""
    before = {each: group(*each)["ReplicationGroupCreateTime"] for each in (HOME, AWAY)}
    move_to(*AWAY)
    declared = born(meridian, shards=2)
    more = {"shards": 3, "snapshot_retention_days": 20, "tags": {"changed": "yes"}}
    for stack in again(tmp_path, meridian, global_datastore=declared, **more).values():
        assert deploy(stack) == "UPDATE_COMPLETE"
    assert primary_region() == "us-east-1"
    assert {each: group(*each)["ReplicationGroupCreateTime"] for each in (HOME, AWAY)} == before
    assert [group(*each)["SnapshotRetentionLimit"] for each in (HOME, AWAY)] == [20, 20]
    assert len(group(*AWAY)["NodeGroups"]) == 3
    assert deployed


def unprotected(tmp_path: Path, meridian: Estate) -> dict[str, AssembledStack]:
    stacks = again(tmp_path, meridian, protection=False, tags={"changed": "yes"})
    for stack in stacks.values():
        assert deploy(stack) == "UPDATE_COMPLETE"
    return stacks


@pytest.mark.parametrize("moved", [False, True], ids=["as-born", "after-a-failover"])
def test_it_is_destroyed_from_the_datastore_on(
    deployed: list[AssembledStack], meridian: Estate, tmp_path: Path, *, moved: bool
) -> None:
    """Its end lets the secondaries go, whichever they are by then; before that AWS deletes no member."""
    stacks = unprotected(tmp_path, meridian)
    if moved:
        move_to(*AWAY)
    assert "is part of a global cluster" in delete(stacks[SECONDARY])
    assert delete(stacks[DATASTORE]) == "DELETE_COMPLETE"
    assert client("elasticache", "eu-west-1").describe_global_replication_groups()["GlobalReplicationGroups"] == []
    for name in (SECONDARY, PRIMARY):
        assert delete(stacks[name]) == "DELETE_COMPLETE"
    for region, _ in (HOME, AWAY):
        assert client("elasticache", region).describe_replication_groups()["ReplicationGroups"] == []
    assert deployed


def test_a_region_is_taken_out(deployed: list[AssembledStack], meridian: Estate, tmp_path: Path) -> None:
    """It is let go by hand, then its stack is destroyed alone; the datastore and the primary stay."""
    stacks = unprotected(tmp_path, meridian)
    client("elasticache", "eu-west-1").disassociate_global_replication_group(
        GlobalReplicationGroupId=ID, ReplicationGroupId=AWAY[1], ReplicationGroupRegion=AWAY[0]
    )
    assert delete(stacks[SECONDARY]) == "DELETE_COMPLETE"
    assert (datastore()["Status"], primary_region()) == ("primary-only", "eu-west-1")
    assert deployed


def test_a_fresh_deploy_with_an_old_birth_fails_instead_of_staying_old(meridian: Estate, tmp_path: Path) -> None:
    """CloudFormation itself would ignore the newer version at creation (coverage roadmap #1539)."""
    Aws()
    declared = born(meridian, version="8.0")
    again(tmp_path, meridian, global_datastore=declared)
    found = {stack.name: deploy(stack) for stack in read_assembly(tmp_path) if stack.name != SECONDARY}
    assert "EngineVersion was given as '8.2', and the embedded AWS shows '8.0'" in found[DATASTORE]
