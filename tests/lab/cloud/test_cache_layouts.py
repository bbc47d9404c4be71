"""The layouts of an estate's replication groups, deployed and changed in place: what the API shows, and who it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from estate.load import load_text
from lab.cloud.client import client
from stacks.compose import compose
from tests.lab.cloud.conftest import REGION, Aws
from tests.support.assembly import AssembledStack, deploy, read_assembly
from tests.support.synthesis import synthesize

FILE = """
estate: bazaar
defaults: "2026-11"
regions: [eu-west-1]
network:
  eu-west-1: {cidr: 10.60.0.0/16, zones: 3}
caches:
  sessions:
"""
USERS = ["users: {web: {access: on ~* +@read}}"]
DURABLE = ['version: "9.0"', "cluster_mode: enabled"]
PLACED = [
    *("shards: 2", "placement:"),
    '  "0001": {primary_zone: 3, replica_zones: [1], slots: "0-5460"}',
    '  "0002": {primary_zone: 1, replica_zones: [2, 3], replicas: 2, slots: "5461-16383"}',
]
GROWN = [
    *("shards: 3", "placement:"),
    '  "0001": {primary_zone: 3, replica_zones: [1]}',
    '  "0002": {primary_zone: 1, replica_zones: [2, 3], replicas: 2}',
    '  "0003": {replicas: 2}',
]

Group = dict[str, Any]


@pytest.fixture
def estate(aws: Aws, tmp_path: Path) -> Estate:
    assert aws is not None
    return Estate(tmp_path)


class Estate:
    """One cache, whose settings change from deployment to deployment."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.count = 0

    def deployed(self, *settings: str) -> str:
        """The status of the cache's stack, with every reason when it is no success."""
        self.count += 1
        out = self.out / str(self.count)
        loaded = load_text(FILE + "".join(f"    {line}\n" for line in settings))
        synthesize(out, lambda app: compose(app, loaded.estate))
        statuses = [deploy(stack) for stack in read_assembly(out) if self._is_new(stack)]
        return statuses[-1]

    def _is_new(self, stack: AssembledStack) -> bool:
        """The network is deployed once: no setting here changes it."""
        return self.count == 1 or "cache" in stack.name

    @property
    def group(self) -> Group:
        found: list[Group] = client("elasticache", REGION).describe_replication_groups()["ReplicationGroups"]
        assert len(found) == 1
        return found[0]

    @property
    def outputs(self) -> set[str]:
        stacks = client("cloudformation", REGION).describe_stacks(StackName="bazaar-cache-sessions")["Stacks"]
        return {each["OutputKey"] for each in stacks[0]["Outputs"] if each["OutputKey"].endswith("Endpoint")}


def test_placed_shards_are_where_and_what_the_file_says(estate: Estate) -> None:
    assert estate.deployed(*PLACED) == "CREATE_COMPLETE"
    shards = estate.group["NodeGroups"]
    assert [(shard["NodeGroupId"], shard["Slots"]) for shard in shards] == [("0001", "0-5460"), ("0002", "5461-16383")]
    zones = [[node["PreferredAvailabilityZone"][-1] for node in shard["NodeGroupMembers"]] for shard in shards]
    assert zones == [["c", "a"], ["a", "b", "c"]]


def test_a_placed_group_is_resharded_in_place(estate: Estate) -> None:
    """Slots count at birth: with a shard more they go from the file, and ElastiCache spreads them."""
    assert estate.deployed(*PLACED) == "CREATE_COMPLETE"
    born = estate.group["ReplicationGroupCreateTime"]
    assert estate.deployed(*GROWN) == "UPDATE_COMPLETE"
    assert [shard["NodeGroupId"] for shard in estate.group["NodeGroups"]] == ["0001", "0002", "0003"]
    assert estate.group["ReplicationGroupCreateTime"] == born


def test_replicas_of_a_placed_shard_are_not_changed_by_a_template(estate: Estate) -> None:
    """cfn-roadmap #918; the page says to change them by the API first."""
    assert estate.deployed(*PLACED) == "CREATE_COMPLETE"
    more = [line.replace("replica_zones: [1]", "replica_zones: [1, 2], replicas: 2") for line in PLACED]
    assert "Node Group with Id 0001 has replica count 1" in estate.deployed(*more)


def test_the_way_to_cluster_mode_replaces_nothing(estate: Estate) -> None:
    """Each step changes the mode and, where it must, the parameter group, and nothing else."""
    assert estate.deployed() == "CREATE_COMPLETE"
    born = estate.group["ReplicationGroupCreateTime"]
    assert estate.outputs == {"PrimaryEndpoint", "ReaderEndpoint"}
    assert estate.deployed("cluster_mode: compatible") == "UPDATE_COMPLETE"
    assert estate.outputs == {"PrimaryEndpoint", "ReaderEndpoint", "ConfigurationEndpoint"}
    assert estate.deployed() == "UPDATE_COMPLETE"  # the way back
    assert estate.deployed("cluster_mode: compatible") == "UPDATE_COMPLETE"
    assert estate.deployed("cluster_mode: enabled") == "UPDATE_COMPLETE"
    assert (estate.outputs, estate.group["ClusterMode"]) == ({"ConfigurationEndpoint"}, "enabled")
    assert estate.deployed("shards: 3") == "UPDATE_COMPLETE"
    assert (len(estate.group["NodeGroups"]), estate.group["ReplicationGroupCreateTime"]) == (3, born)


def test_from_no_cluster_mode_to_shards_in_one_edit_is_refused_and_taken_back(estate: Estate) -> None:
    assert estate.deployed() == "CREATE_COMPLETE"
    assert "ROLLBACK_COMPLETE" in estate.deployed("shards: 2")
    assert (estate.group["ClusterMode"], len(estate.group["NodeGroups"])) == ("disabled", 1)


def test_durability_goes_from_one_mode_to_the_other_in_place(estate: Estate) -> None:
    assert estate.deployed(*DURABLE, "durability: sync") == "CREATE_COMPLETE"
    shown = estate.group
    assert (shown["Durability"], shown["EffectiveDurability"]) == ("sync", "sync")
    assert estate.deployed(*DURABLE, "durability: async") == "UPDATE_COMPLETE"
    assert estate.group["EffectiveDurability"] == "async"
    assert estate.group["ReplicationGroupCreateTime"] == shown["ReplicationGroupCreateTime"]


def test_preferred_tls_stands_without_users_and_ends_in_place(estate: Estate) -> None:
    """The page's way back: the mode by the API, then the file, which brings the users."""
    preferred = ["transit_encryption: preferred", "acknowledge: [cache/tls-preferred]"]
    assert estate.deployed(*preferred) == "CREATE_COMPLETE"
    shown = estate.group
    assert (shown["TransitEncryptionMode"], shown["UserGroupIds"]) == ("preferred", [])
    client("elasticache", REGION).modify_replication_group(
        ReplicationGroupId=shown["ReplicationGroupId"], TransitEncryptionMode="required", ApplyImmediately=True
    )
    assert estate.deployed(*USERS) == "UPDATE_COMPLETE"
    assert (estate.group["TransitEncryptionMode"], len(estate.group["UserGroupIds"])) == ("required", 1)
    assert estate.group["ReplicationGroupCreateTime"] == shown["ReplicationGroupCreateTime"]


def test_nodes_with_ssds_are_shown_to_use_them(estate: Estate) -> None:
    assert estate.deployed("engine: redis", "class: cache.r6gd.xlarge", "replicas: 2") == "CREATE_COMPLETE"
    assert (estate.group["DataTiering"], len(estate.group["MemberClusters"])) == ("enabled", 3)


def test_replicas_come_and_go_in_place(estate: Estate) -> None:
    assert estate.deployed("shards: 2") == "CREATE_COMPLETE"
    born = estate.group["ReplicationGroupCreateTime"]
    for replicas in (3, 1):
        assert estate.deployed("shards: 2", f"replicas: {replicas}") == "UPDATE_COMPLETE"
        assert [len(shard["NodeGroupMembers"]) for shard in estate.group["NodeGroups"]] == [replicas + 1] * 2
    assert estate.group["ReplicationGroupCreateTime"] == born
