"""Shards and replicas of the embedded ElastiCache. Each test says where AWS says so."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.cloud.delays import Delays
from lab.cloud.elasticache.slots import given_slots, respread, written
from lab.cloud.runtime import RUNTIME
from lab.data.slots import SLOTS, read_slots, spread
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_elasticache import make_group, shown
from tests.lab.cloud.test_rds import code
from tests.support.cache_plane import CachePlane

SHARDED: dict[str, Any] = {"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1}


def reshard(cache: Any, count: int, **more: Any) -> Any:
    given = {"ReplicationGroupId": "g", "NodeGroupCount": count, "ApplyImmediately": True, **more}
    return cache.modify_replication_group_shard_configuration(**given)["ReplicationGroup"]


def scale(cache: Any, verb: str, **more: Any) -> Any:
    act = getattr(cache, f"{verb}_replica_count")
    return act(**{"ReplicationGroupId": "g", "ApplyImmediately": True, **more})["ReplicationGroup"]


def shards(cache: Any) -> dict[str, str]:
    return {shard["NodeGroupId"]: shard.get("Slots") for shard in shown(cache)["NodeGroups"]}


def members(cache: Any) -> list[str]:
    return list(shown(cache)["MemberClusters"])


class TestSlots:
    @pytest.mark.parametrize("wanted", [1, 2, 3, 4, 7, 90])
    @pytest.mark.parametrize("held", [1, 2, 3, 5])
    def test_spread_evenly_with_as_few_moves_as_can_be(self, held: int, wanted: int) -> None:
        """User guide, "Online resharding": "the slots are evenly distributed among the shards"."""
        before = {str(index): slots for index, slots in enumerate(spread(held))}
        after = respread(
            {name: slots for name, slots in before.items() if int(name) < wanted}, [*map(str, range(wanted))]
        )
        assert sorted(slot for slots in after.values() for slot in slots) == list(range(SLOTS))
        sizes = [len(slots) for slots in after.values()]
        assert max(sizes) - min(sizes) <= 1
        stayed = sum(len(before[name] & after[name]) for name in before if name in after)
        assert held != wanted or after == before
        assert stayed == sum(min(len(before[name]), len(after[name])) for name in before if name in after)

    def test_written_as_the_api_has_them(self) -> None:
        """NodeGroup.Slots; example of the API reference: "0-3999"."""
        assert written(frozenset({0, 1, 2, 7})) == "0-2,7-7"
        assert read_slots(written(frozenset(range(100)))) == frozenset(range(100))

    @pytest.mark.parametrize("texts", [["0-1", "2-16382"], ["0-9000", "9000-16383"], ["0-16384"], ["a-b"], ["1-"]])
    def test_each_slot_once(self, texts: list[str]) -> None:
        with pytest.raises(Exception, match="Slots must"):
            given_slots(texts)


class TestShards:
    """API reference, ModifyReplicationGroupShardConfiguration."""

    def test_added(self, aws: Aws) -> None:
        cache = make_group(aws, **SHARDED)
        reshard(cache, 4)
        assert shards(cache) == {"0001": "0-4095", "0002": "8192-12287", "0003": "4096-8191", "0004": "12288-16383"}
        assert members(cache)[-2:] == ["g-0004-001", "g-0004-002"]
        assert cache.describe_events()["Events"][0]["SourceIdentifier"] == "g"

    def test_added_where_they_are_wanted(self, aws: Aws) -> None:
        cache = make_group(aws, **SHARDED)
        zones = ["eu-west-1c", "eu-west-1a"]
        reshard(cache, 3, ReshardingConfiguration=[{"NodeGroupId": "0007", "PreferredAvailabilityZones": zones}])
        new = shown(cache)["NodeGroups"][-1]
        assert new["NodeGroupId"] == "0007"
        assert [node["PreferredAvailabilityZone"] for node in new["NodeGroupMembers"]] == zones
        reshard(cache, 4)
        assert list(shards(cache))[-1] == "0008"

    @pytest.mark.parametrize("which", [{"NodeGroupsToRemove": ["0001"]}, {"NodeGroupsToRetain": ["0002", "0003"]}])
    def test_removed(self, aws: Aws, which: dict[str, Any]) -> None:
        cache = make_group(aws, **{**SHARDED, "NumNodeGroups": 3})
        reshard(cache, 2, **which)
        held = shards(cache)
        assert list(held) == ["0002", "0003"]
        assert sorted(slot for text in held.values() for slot in read_slots(text)) == list(range(SLOTS))
        assert not [name for name in members(cache) if name.startswith("g-0001-")]

    def test_rebalanced(self, aws: Aws) -> None:
        config = [{"NodeGroupId": "1", "Slots": "0-99"}, {"NodeGroupId": "2", "Slots": "100-16383"}]
        cache = make_group(aws, NodeGroupConfiguration=config, ReplicasPerNodeGroup=1)
        assert shards(cache) == {"1": "0-99", "2": "100-16383"}
        reshard(cache, 2)
        assert {name: len(read_slots(text)) for name, text in shards(cache).items()} == {"1": 8192, "2": 8192}

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param({"NodeGroupCount": 1}, "InvalidParameterCombination", id="fewer-and-not-which"),
            pytest.param(
                {"NodeGroupCount": 1, "NodeGroupsToRemove": ["0001"], "NodeGroupsToRetain": ["0002"]},
                "InvalidParameterCombination",
                id="both",
            ),
            pytest.param(
                {"NodeGroupCount": 1, "NodeGroupsToRemove": ["0009"]}, "InvalidParameterValue", id="no-such-shard"
            ),
            pytest.param(
                {"NodeGroupCount": 1, "NodeGroupsToRemove": ["0001", "0002"]}, "InvalidParameterValue", id="too-many"
            ),
            pytest.param(
                {"NodeGroupCount": 3, "NodeGroupsToRemove": ["0001"]},
                "InvalidParameterCombination",
                id="more-and-which",
            ),
            pytest.param(
                {"NodeGroupCount": 2, "ReshardingConfiguration": [{"NodeGroupId": "0003"}]},
                "InvalidParameterCombination",
                id="zones-for-none",
            ),
            pytest.param(
                {"NodeGroupCount": 3, "ReshardingConfiguration": [{"PreferredAvailabilityZones": ["eu-west-1a"]}]},
                "InvalidParameterValue",
                id="a-zone-for-two-nodes",
            ),
            pytest.param({"NodeGroupCount": 0}, "InvalidParameterValue", id="none"),
            pytest.param({"NodeGroupCount": 251}, "InvalidParameterValue", id="more-than-500-nodes"),
            pytest.param({"NodeGroupCount": 3, "ApplyImmediately": False}, "InvalidParameterValue", id="later"),
            pytest.param({"ReplicationGroupId": "x", "NodeGroupCount": 3}, "ReplicationGroupNotFoundFault", id="whose"),
        ],
    )
    def test_refused(self, aws: Aws, given: dict[str, Any], expected: str) -> None:
        cache = make_group(aws, **SHARDED)
        asked = {"ReplicationGroupId": "g", "ApplyImmediately": True, **given}
        assert code(cache.modify_replication_group_shard_configuration, **asked) == expected
        assert len(shards(cache)) == 2

    def test_only_with_cluster_mode(self, aws: Aws) -> None:
        """AWS's own text, as in widdix/aws-cf-templates #573."""
        with pytest.raises(Exception, match="only applicable for cluster mode enabled replication groups"):
            reshard(make_group(aws), 2)


class TestReplicas:
    """API reference, IncreaseReplicaCount and DecreaseReplicaCount."""

    def test_of_a_group_without_cluster_mode(self, aws: Aws) -> None:
        cache = make_group(aws)
        scale(cache, "increase", NewReplicaCount=4)
        assert members(cache) == ["g-001", "g-002", "g-003", "g-004", "g-005"]
        scale(cache, "decrease", NewReplicaCount=1)
        assert members(cache) == ["g-001", "g-002"]

    def test_of_every_shard_and_of_one(self, aws: Aws) -> None:
        cache = make_group(aws, **SHARDED)
        scale(cache, "increase", NewReplicaCount=2)
        assert len(members(cache)) == 6
        zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1c"]
        one = {"NodeGroupId": "0001", "NewReplicaCount": 3, "PreferredAvailabilityZones": zones}
        scale(cache, "increase", ReplicaConfiguration=[one])
        first = shown(cache)["NodeGroups"][0]["NodeGroupMembers"]
        assert sorted(node["PreferredAvailabilityZone"] for node in first) == zones
        scale(cache, "decrease", ReplicaConfiguration=[{"NodeGroupId": "0002", "NewReplicaCount": 0}])
        assert [len(shard["NodeGroupMembers"]) for shard in shown(cache)["NodeGroups"]] == [4, 1]

    def test_those_that_are_named_go(self, aws: Aws) -> None:
        cache = make_group(aws)
        scale(cache, "decrease", ReplicasToRemove=["g-002"])
        assert members(cache) == ["g-001", "g-003"]
        assert code(cache.describe_cache_clusters, CacheClusterId="g-002") == "CacheClusterNotFound"

    def test_the_primary_stays_wherever_it_is(self, aws: Aws) -> None:
        cache = make_group(aws)
        cache.test_failover(ReplicationGroupId="g", NodeGroupId="0001")
        scale(cache, "decrease", NewReplicaCount=1)
        roles = {m["CacheClusterId"]: m["CurrentRole"] for m in shown(cache)["NodeGroups"][0]["NodeGroupMembers"]}
        assert roles == {"g-001": "replica", "g-002": "primary"}

    @pytest.mark.parametrize(
        ("verb", "given", "expected"),
        [
            pytest.param("increase", {"NewReplicaCount": 6}, "InvalidParameterValue", id="six"),
            pytest.param("increase", {"NewReplicaCount": 2}, "NoOperationFault", id="as-many"),
            pytest.param("increase", {"NewReplicaCount": 1}, "InvalidParameterValue", id="fewer"),
            pytest.param("increase", {}, "InvalidParameterCombination", id="nothing"),
            pytest.param(
                "increase",
                {"NewReplicaCount": 3, "ReplicaConfiguration": [{"NodeGroupId": "0001", "NewReplicaCount": 3}]},
                "InvalidParameterCombination",
                id="both",
            ),
            pytest.param(
                "increase",
                {"ReplicaConfiguration": [{"NodeGroupId": "0002", "NewReplicaCount": 3}]},
                "InvalidParameterValue",
                id="no-such-shard",
            ),
            pytest.param(
                "increase", {"NewReplicaCount": 3, "ApplyImmediately": False}, "InvalidParameterValue", id="late"
            ),
            pytest.param("decrease", {"NewReplicaCount": 0}, "InvalidParameterValue", id="none-with-failover"),
            pytest.param("decrease", {"NewReplicaCount": 3}, "InvalidParameterValue", id="more"),
            pytest.param("decrease", {"ReplicasToRemove": ["g-001"]}, "InvalidParameterValue", id="the-primary"),
            pytest.param(
                "decrease",
                {"ReplicasToRemove": ["g-002"], "NewReplicaCount": 1},
                "InvalidParameterCombination",
                id="how",
            ),
        ],
    )
    def test_refused(self, aws: Aws, verb: str, given: dict[str, Any], expected: str) -> None:
        cache = make_group(aws)
        asked = {"ReplicationGroupId": "g", "ApplyImmediately": True, **given}
        assert code(getattr(cache, f"{verb}_replica_count"), **asked) == expected
        assert len(members(cache)) == 3

    def test_the_last_replica(self, aws: Aws) -> None:
        """AWS's own text, as in terraform-provider-aws #24244; without failover it may go."""
        cache = make_group(aws, NumCacheClusters=2)
        with pytest.raises(Exception, match="Must have at least 1 replica when cluster mode is disabled"):
            scale(cache, "decrease", NewReplicaCount=0)
        cache.modify_replication_group(ReplicationGroupId="g", AutomaticFailoverEnabled=False)
        scale(cache, "decrease", NewReplicaCount=0)
        assert members(cache) == ["g-001"]


class TestWhileItLasts:
    def test_the_group_is_modifying_and_says_how_far_it_is(self) -> None:
        """ReplicationGroup.Status; PendingModifiedValues.Resharding: "progress of an online resharding operation"."""
        cache = make_group(Aws(), **SHARDED)
        RUNTIME.delays = Delays(modifying_s=60)
        answer = reshard(cache, 3)
        assert (answer["Status"], len(answer["NodeGroups"])) == ("modifying", 2)
        assert answer["PendingModifiedValues"]["Resharding"]["SlotMigration"]["ProgressPercentage"] == 0.0
        assert shown(cache)["NodeGroups"][0]["Status"] == "modifying"
        for act in (reshard, lambda c, _: scale(c, "increase", NewReplicaCount=2)):
            with pytest.raises(Exception, match="has status modifying"):
                act(cache, 4)

    def test_it_ends(self) -> None:
        cache = make_group(Aws(), **SHARDED)
        RUNTIME.delays = Delays(modifying_s=0.05)
        reshard(cache, 3)
        while shown(cache)["Status"] != "available":
            time.sleep(0.01)
        assert len(shards(cache)) == 3
        assert shown(cache)["PendingModifiedValues"] == {}


class TestProcesses:
    """The plane is asked for what the API shows, primaries first, and its names follow."""

    def test_shards(self) -> None:
        plane = CachePlane()
        cache = make_group(Aws(plane), **SHARDED)
        plane.settle(cache)
        reshard(cache, 3)
        plane.settle(cache)
        (asked,) = plane.asked("reshape_cache")
        names = tuple((f"g-{shard}-001", f"g-{shard}-002") for shard in ("0001", "0002", "0003"))
        assert asked == ("g", names, tuple(shards(cache).values()))
        assert {name.split(".")[0] for name in plane.names} == {"clustercfg", *members(cache)}
        reshard(cache, 1, NodeGroupsToRetain=["0003"])
        plane.settle(cache)
        assert plane.asked("reshape_cache")[-1] == ("g", (("g-0003-001", "g-0003-002"),), ("0-16383",))
        assert {name.split(".")[0] for name in plane.names} == {"clustercfg", "g-0003-001", "g-0003-002"}

    def test_what_fails_leaves_the_group_as_it_was(self) -> None:
        plane = CachePlane()
        cache = make_group(Aws(plane), **SHARDED)
        plane.settle(cache)
        plane.broken.add("reshape_cache")
        reshard(cache, 3)
        plane.settle(cache)
        assert len(shards(cache)) == 2
        assert "failed" in cache.describe_events()["Events"][0]["Message"]
