"""Global datastores: what ElastiCache refuses, shows and does. Each test says where AWS says so."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.cloud.client import client
from lab.cloud.delays import Delays
from lab.cloud.elasticache.global_datastores import without_processes
from lab.plane import NoPlane
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_rds import code

THERE, ELSEWHERE, FAR = "us-east-1", "ap-south-1", "us-west-2"
ID = "gxeiz-world"
PRIMARY = {
    "ReplicationGroupId": "home",
    "ReplicationGroupDescription": "d",
    "Engine": "valkey",
    "EngineVersion": "8.0",
    "CacheNodeType": "cache.r7g.large",
    "NumCacheClusters": 2,
    "AutomaticFailoverEnabled": True,
    "MultiAZEnabled": True,
    "TransitEncryptionEnabled": True,
}
SHARDED = {"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1, "ClusterMode": "enabled"}


def cache_in(region: str) -> Any:
    return client("elasticache", region)


def primary(**more: Any) -> Any:
    cache = cache_in(REGION)
    given = {**PRIMARY, **more}
    if "NumNodeGroups" in more:
        del given["NumCacheClusters"]
    cache.create_replication_group(**given)
    return cache


def world(**more: Any) -> Any:
    """A primary and what secondaries join."""
    cache = primary(**more)
    cache.create_global_replication_group(GlobalReplicationGroupIdSuffix="world", PrimaryReplicationGroupId="home")
    return cache


def join(region: str = THERE, group_id: str = "away", **more: Any) -> Any:
    cache = cache_in(region)
    given = {"ReplicationGroupDescription": "d", "GlobalReplicationGroupId": ID, "ReplicasPerNodeGroup": 1}
    cache.create_replication_group(ReplicationGroupId=group_id, **given, **more)
    return cache


def datastore(region: str = REGION) -> dict[str, Any]:
    answer = cache_in(region).describe_global_replication_groups(GlobalReplicationGroupId=ID, ShowMemberInfo=True)
    found: dict[str, Any] = answer["GlobalReplicationGroups"][0]
    return found


def roles(region: str = REGION) -> dict[str, str]:
    return {each["ReplicationGroupRegion"]: each["Role"] for each in datastore(region)["Members"]}


def group(region: str, group_id: str) -> dict[str, Any]:
    answer = cache_in(region).describe_replication_groups(ReplicationGroupId=group_id)
    found: dict[str, Any] = answer["ReplicationGroups"][0]
    return found


def modify(**changes: Any) -> None:
    asked = {"GlobalReplicationGroupId": ID, "ApplyImmediately": True, **changes}
    cache_in(REGION).modify_global_replication_group(**asked)


def refused(**changes: Any) -> str:
    return code(modify, **changes)


class TestCreate:
    def test_the_name_gets_the_prefix_of_its_region(self, aws: Aws) -> None:
        """User guide, "Using the AWS CLI with global datastores": a prefix for each Region, gxeiz for eu-west-1."""
        cache = primary()
        made = cache.create_global_replication_group(
            GlobalReplicationGroupIdSuffix="world",
            GlobalReplicationGroupDescription="ours",
            PrimaryReplicationGroupId="home",
            Tags=[{"Key": "team", "Value": "shop"}],
        )["GlobalReplicationGroup"]
        assert (made["GlobalReplicationGroupId"], made["GlobalReplicationGroupDescription"]) == (ID, "ours")
        assert (made["EngineVersion"], made["CacheNodeType"]) == ("8.0", "cache.r7g.large")
        shown = datastore()
        assert (shown["Status"], roles()) == ("primary-only", {REGION: "PRIMARY"})
        assert shown["Members"][0]["Status"] == "associated"
        assert group(REGION, "home")["GlobalReplicationGroupInfo"] == {
            "GlobalReplicationGroupId": ID,
            "GlobalReplicationGroupMemberRole": "PRIMARY",
        }
        for region in (REGION, FAR):
            tags = cache_in(region).list_tags_for_resource(ResourceName=shown["ARN"])["TagList"]
            assert tags == [{"Key": "team", "Value": "shop"}]
        assert aws

    def test_members_are_shown_on_request(self, aws: Aws) -> None:
        """API reference, ShowMemberInfo: "Returns the list of members that comprise the Global datastore"."""
        (shown,) = world().describe_global_replication_groups()["GlobalReplicationGroups"]
        assert "Members" not in shown
        assert aws

    @pytest.mark.parametrize(
        ("more", "expected"),
        [
            pytest.param({"CacheNodeType": "cache.t4g.medium"}, "InvalidParameterValue", id="burstable"),
            pytest.param(
                {"Engine": "redis", "EngineVersion": "4.0.10", "TransitEncryptionEnabled": False},
                "InvalidParameterValue",
                id="old",
            ),
        ],
    )
    def test_a_primary_that_cannot_be_one(self, aws: Aws, more: dict[str, Any], expected: str) -> None:
        """User guide, "Prerequisites and limitations"; terraform-provider-aws #17768 has the words for node types."""
        cache = primary(**more)
        given = {"GlobalReplicationGroupIdSuffix": "world", "PrimaryReplicationGroupId": "home"}
        assert code(cache.create_global_replication_group, **given) == expected
        assert aws

    def test_a_second_of_a_name_a_second_of_a_group_and_unknown_ones(self, aws: Aws) -> None:
        """API reference: the errors of CreateGlobalReplicationGroup and DescribeGlobalReplicationGroups."""
        cache = world()
        again = {"GlobalReplicationGroupIdSuffix": "world", "PrimaryReplicationGroupId": "home"}
        assert code(cache.create_global_replication_group, **again) == "GlobalReplicationGroupAlreadyExistsFault"
        other = {**again, "GlobalReplicationGroupIdSuffix": "other"}
        assert code(cache.create_global_replication_group, **other) == "InvalidReplicationGroupState"
        unknown = {**again, "PrimaryReplicationGroupId": "nope"}
        assert code(cache.create_global_replication_group, **unknown) == "ReplicationGroupNotFoundFault"
        describe = cache.describe_global_replication_groups
        assert code(describe, GlobalReplicationGroupId="nope") == "GlobalReplicationGroupNotFoundFault"
        assert aws


class TestJoin:
    def test_a_secondary_is_born_with_what_the_primary_has(self, aws: Aws) -> None:
        """User guide, same page: ElastiCache infers the values from the primary."""
        world()
        join()
        away = group(THERE, "away")
        assert (away["Engine"], away["CacheNodeType"], away["AutomaticFailover"]) == (
            "valkey",
            "cache.r7g.large",
            "enabled",
        )
        assert (away["MultiAZ"], away["TransitEncryptionEnabled"]) == ("enabled", True)
        assert away["GlobalReplicationGroupInfo"]["GlobalReplicationGroupMemberRole"] == "SECONDARY"
        assert (datastore(THERE)["Status"], roles(FAR)) == ("available", {REGION: "PRIMARY", THERE: "SECONDARY"})
        nodes = cache_in(THERE).describe_cache_clusters()["CacheClusters"]
        assert {node["EngineVersion"] for node in nodes} == {"8.0"}
        assert aws

    def test_an_old_version_has_tls_without_a_mode(self, aws: Aws) -> None:
        """API reference, TransitEncryptionMode: for Redis OSS 7.0.5 and newer; TLS itself goes with older ones."""
        world(Engine="redis", EngineVersion="6.2")
        join()
        assert group(THERE, "away")["TransitEncryptionEnabled"] is True
        assert aws

    def test_shards_and_slots_are_the_primarys(self, aws: Aws) -> None:
        """User guide, "Prerequisites and limitations": the same number of shards, any number of replicas."""
        world(**SHARDED)
        cache = cache_in(THERE)
        given = {"ReplicationGroupId": "away", "ReplicationGroupDescription": "d", "GlobalReplicationGroupId": ID}
        cache.create_replication_group(**given, ReplicasPerNodeGroup=3)
        away = group(THERE, "away")
        assert [shard["Slots"] for shard in away["NodeGroups"]] == ["0-8191", "8192-16383"]
        assert [len(shard["NodeGroupMembers"]) for shard in away["NodeGroups"]] == [4, 4]
        assert [each["Slots"] for each in datastore()["GlobalNodeGroups"]] == ["0-8191", "8192-16383"]
        assert aws

    @pytest.mark.parametrize(
        "more",
        [
            {"CacheNodeType": "cache.r7g.large"},
            {"Engine": "valkey"},
            {"EngineVersion": "8.0"},
            {"AutomaticFailoverEnabled": True},
            {"TransitEncryptionEnabled": True},
            {"AtRestEncryptionEnabled": True},
            {"CacheParameterGroupName": "default.valkey8"},
            {"NumNodeGroups": 1},
            {"SnapshotName": "x"},
        ],
        ids=lambda more: next(iter(more)),
    )
    def test_what_it_may_not_say(self, aws: Aws, more: dict[str, Any]) -> None:
        """The same page, "Do not pass in values for these parameters"; the words from terraform-provider-aws #24854."""
        world()
        given = {"ReplicationGroupDescription": "d", "GlobalReplicationGroupId": ID, "ReplicationGroupId": "away"}
        assert code(cache_in(THERE).create_replication_group, **given, **more) == "InvalidParameterCombination"
        assert "away" not in {each["ReplicationGroupId"] for each in _groups(THERE)}
        assert aws

    def test_a_region_once_and_two_secondaries_at_most(self, aws: Aws) -> None:
        """User guide, "Prerequisites and limitations": up to two other Regions."""
        world()
        join()
        given = {"ReplicationGroupDescription": "d", "ReplicationGroupId": "more"}
        again = {**given, "GlobalReplicationGroupId": ID}
        assert code(cache_in(THERE).create_replication_group, **again) == "InvalidParameterValue"
        assert code(cache_in(REGION).create_replication_group, **again) == "InvalidParameterValue"
        join(ELSEWHERE)
        assert code(cache_in(FAR).create_replication_group, **again) == "InvalidGlobalReplicationGroupState"
        unknown = {**given, "GlobalReplicationGroupId": "gxeiz-nope"}
        assert code(cache_in(FAR).create_replication_group, **unknown) == "GlobalReplicationGroupNotFoundFault"
        assert aws

    def test_nothing_makes_an_existing_group_a_secondary(self, aws: Aws) -> None:
        """User guide: "We don't support adding an existing cluster as secondary", since joining wipes it.

        No operation takes one: a name that is taken is refused, and what is there stays as it was.
        """
        world()
        cache_in(THERE).create_replication_group(**{**PRIMARY, "ReplicationGroupId": "away"})
        given = {"ReplicationGroupDescription": "d", "GlobalReplicationGroupId": ID, "ReplicationGroupId": "away"}
        assert code(cache_in(THERE).create_replication_group, **given) == "ReplicationGroupAlreadyExists"
        assert "GlobalReplicationGroupInfo" not in group(THERE, "away")
        assert roles() == {REGION: "PRIMARY"}
        assert aws

    def test_parameters_follow_the_primarys(self, aws: Aws) -> None:
        """User guide: "Parameter updates are applied to all clusters when you modify a local parameter group"."""
        cache = cache_in(REGION)
        cache.create_cache_parameter_group(
            CacheParameterGroupName="ours", CacheParameterGroupFamily="valkey8", Description="d"
        )
        world(CacheParameterGroupName="ours")
        join()
        (node, *_) = cache_in(THERE).describe_cache_clusters()["CacheClusters"]
        held = node["CacheParameterGroup"]["CacheParameterGroupName"]
        change = {"ParameterName": "timeout", "ParameterValue": "60"}
        cache.modify_cache_parameter_group(CacheParameterGroupName="ours", ParameterNameValues=[change])
        (found,) = cache_in(THERE).describe_cache_parameters(CacheParameterGroupName=held, Source="user")["Parameters"]
        assert (found["ParameterName"], found["ParameterValue"]) == ("timeout", "60")
        (shown,) = cache_in(THERE).describe_cache_parameter_groups(CacheParameterGroupName=held)["CacheParameterGroups"]
        assert shown["IsGlobal"] is True
        assert aws


def _groups(region: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cache_in(region).describe_replication_groups()["ReplicationGroups"]
    return found


class TestMembers:
    @pytest.mark.parametrize(
        "changes",
        [
            {"CacheNodeType": "cache.r7g.xlarge"},
            {"EngineVersion": "8.2"},
            {"AutomaticFailoverEnabled": False},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_a_member_may_not_change_alone(self, aws: Aws, changes: dict[str, Any]) -> None:
        """terraform-provider-aws #22528: "is part of a global cluster. Request rejected"; #47647 for failover."""
        world()
        join()
        for region, name in ((REGION, "home"), (THERE, "away")):
            asked = {"ReplicationGroupId": name, "ApplyImmediately": True, **changes}
            assert code(cache_in(region).modify_replication_group, **asked) == "InvalidParameterValue"
        assert aws

    def test_what_it_may_change(self, aws: Aws) -> None:
        """User guide: each member has its own replicas; windows and snapshots are of the Region."""
        world()
        join()
        cache = cache_in(THERE)
        cache.modify_replication_group(ReplicationGroupId="away", SnapshotRetentionLimit=3, ApplyImmediately=True)
        cache.increase_replica_count(ReplicationGroupId="away", NewReplicaCount=3, ApplyImmediately=True)
        away = group(THERE, "away")
        assert (away["SnapshotRetentionLimit"], len(away["MemberClusters"])) == (3, 4)
        assert aws

    def test_a_member_is_not_resharded_alone(self, aws: Aws) -> None:
        """User guide: "You can scale the clusters by modifying the global datastore"."""
        cache = world(**SHARDED)
        asked = {"ReplicationGroupId": "home", "NodeGroupCount": 3, "ApplyImmediately": True}
        assert code(cache.modify_replication_group_shard_configuration, **asked) == "InvalidParameterValue"
        assert aws

    def test_no_member_is_deleted_while_it_is_one(self, aws: Aws) -> None:
        """API reference, DeleteGlobalReplicationGroup: only "when it no longer is associated"."""
        world()
        join()
        expected = "InvalidReplicationGroupState"
        assert code(cache_in(REGION).delete_replication_group, ReplicationGroupId="home") == expected
        assert code(cache_in(THERE).delete_replication_group, ReplicationGroupId="away") == expected
        assert aws

    def test_minor_upgrades_are_off(self, aws: Aws) -> None:
        """terraform-aws-elasticache #7: false whatever was asked."""
        world(AutoMinorVersionUpgrade=True)
        assert group(REGION, "home")["AutoMinorVersionUpgrade"] is False
        assert aws


class TestChange:
    def test_node_type_and_version_of_all(self, aws: Aws) -> None:
        """API reference, ModifyGlobalReplicationGroup."""
        world()
        join()
        modify(CacheNodeType="cache.r7g.xlarge")
        modify(EngineVersion="8.2")
        for region in (REGION, THERE):
            nodes = cache_in(region).describe_cache_clusters()["CacheClusters"]
            assert {(node["CacheNodeType"], node["EngineVersion"]) for node in nodes} == {("cache.r7g.xlarge", "8.2")}
        assert (datastore()["EngineVersion"], datastore()["Status"]) == ("8.2", "available")
        assert refused(EngineVersion="8.0") == "InvalidParameterCombination"
        assert aws

    def test_a_new_major_comes_with_its_parameter_group(self, aws: Aws) -> None:
        """Terraform's resource: required with a new major version, refused without; copied for each member."""
        cache = cache_in(REGION)
        for name, family in (("old", "valkey7"), ("new", "valkey8")):
            cache.create_cache_parameter_group(
                CacheParameterGroupName=name, CacheParameterGroupFamily=family, Description="d"
            )
        world(EngineVersion="7.2", CacheParameterGroupName="old")
        join()
        assert refused(CacheParameterGroupName="new") == "InvalidParameterCombination"
        assert refused(EngineVersion="8.0") == "InvalidParameterCombination"
        assert refused(EngineVersion="8.0", CacheParameterGroupName="old") == "InvalidParameterCombination"
        modify(EngineVersion="8.0", CacheParameterGroupName="new")
        for region in (REGION, THERE):
            (node, *_) = cache_in(region).describe_cache_clusters()["CacheClusters"]
            assert node["CacheParameterGroup"]["CacheParameterGroupName"].startswith(f"global-datastore-{ID}-")
        assert aws

    def test_it_does_not_wait_for_a_window(self, aws: Aws) -> None:
        """API reference, ApplyImmediately: "cannot be requested to be applied in PreferredMaintenceWindow"."""
        cache = world()
        asked = {"GlobalReplicationGroupId": ID, "ApplyImmediately": False, "CacheNodeType": "cache.r7g.xlarge"}
        assert code(cache.modify_global_replication_group, **asked) == "InvalidParameterValue"
        assert aws

    def test_shards_of_all(self, aws: Aws) -> None:
        """API reference, Increase- and DecreaseNodeGroupsInGlobalReplicationGroup."""
        cache = world(**SHARDED)
        join()
        asked = {"GlobalReplicationGroupId": ID, "ApplyImmediately": True}
        cache.increase_node_groups_in_global_replication_group(NodeGroupCount=3, **asked)
        assert [len(group(*each)["NodeGroups"]) for each in ((REGION, "home"), (THERE, "away"))] == [3, 3]
        shown = [each["GlobalNodeGroupId"] for each in datastore()["GlobalNodeGroups"]]
        assert shown == [f"{ID}-{number:04d}" for number in (1, 2, 3)]
        decrease = cache.decrease_node_groups_in_global_replication_group
        assert code(decrease, NodeGroupCount=2, **asked) == "InvalidParameterCombination"
        assert code(decrease, NodeGroupCount=4, **asked) == "InvalidParameterValue"
        decrease(NodeGroupCount=2, GlobalNodeGroupsToRemove=[f"{ID}-0001"], **asked)
        for each in ((REGION, "home"), (THERE, "away")):
            assert [shard["NodeGroupId"] for shard in group(*each)["NodeGroups"]] == ["0002", "0003"]
        cache.rebalance_slots_in_global_replication_group(**asked)
        assert datastore()["Status"] == "available"
        assert aws


class TestMove:
    def test_a_secondary_becomes_the_primary_and_the_others_follow_it(self, aws: Aws) -> None:
        """API reference: "The secondary region will become primary, and all other clusters will become secondary"."""
        world()
        join()
        join(ELSEWHERE, "third")
        cache_in(THERE).failover_global_replication_group(
            GlobalReplicationGroupId=ID, PrimaryRegion=THERE, PrimaryReplicationGroupId="away"
        )
        assert roles() == {REGION: "SECONDARY", THERE: "PRIMARY", ELSEWHERE: "SECONDARY"}
        home = group(REGION, "home")["GlobalReplicationGroupInfo"]["GlobalReplicationGroupMemberRole"]
        assert home == "SECONDARY"
        asked = {"GlobalReplicationGroupId": ID, "PrimaryRegion": THERE, "PrimaryReplicationGroupId": "away"}
        move = cache_in(THERE).failover_global_replication_group
        assert code(move, **asked) == "InvalidParameterValue"
        assert code(move, **{**asked, "PrimaryReplicationGroupId": "nope"}) == "InvalidParameterValue"
        assert aws

    def test_a_secondary_is_shown_without_servers(self, aws: Aws) -> None:
        """The overlay's own limit, which `runbook lab status` shows."""
        world()
        join()
        assert without_processes(REGION, "home") == ""
        assert without_processes(THERE, "away") == f"a secondary of the global datastore {ID}"
        assert aws

    def test_servers_do_not_move_to_another_region(self) -> None:
        """The overlay's own limit: a secondary has no processes, and says so instead of pretending."""

        class Servers:
            """Agrees to everything, as processes that never fail."""

            def __getattr__(self, name: str) -> Any:
                return getattr(NoPlane(), name)

        servers: Any = Servers()
        Aws(plane=servers)
        primary()
        until(lambda: group(REGION, "home")["Status"] == "available")
        given = {"GlobalReplicationGroupIdSuffix": "world", "PrimaryReplicationGroupId": "home"}
        cache_in(REGION).create_global_replication_group(**given)
        join()
        with pytest.raises(NotImplementedError, match="cannot move to another Region"):
            cache_in(THERE).failover_global_replication_group(
                GlobalReplicationGroupId=ID, PrimaryRegion=THERE, PrimaryReplicationGroupId="away"
            )


class TestEnd:
    def test_secondaries_go_first_and_stay_as_groups_of_their_own(self, aws: Aws) -> None:
        """API reference, DisassociateGlobalReplicationGroup and DeleteGlobalReplicationGroup, "a two-step process"."""
        cache = world()
        join()
        end = {"GlobalReplicationGroupId": ID, "RetainPrimaryReplicationGroup": True}
        assert code(cache.delete_global_replication_group, **end) == "InvalidGlobalReplicationGroupState"
        asked = {"GlobalReplicationGroupId": ID, "ReplicationGroupId": "home", "ReplicationGroupRegion": REGION}
        assert code(cache.disassociate_global_replication_group, **asked) == "InvalidParameterValue"
        asked |= {"ReplicationGroupId": "away", "ReplicationGroupRegion": THERE}
        cache.disassociate_global_replication_group(**asked)
        assert (datastore()["Status"], roles()) == ("primary-only", {REGION: "PRIMARY"})
        assert "GlobalReplicationGroupInfo" not in group(THERE, "away")
        alone = {"ReplicationGroupId": "away", "CacheNodeType": "cache.r7g.xlarge", "ApplyImmediately": True}
        cache_in(THERE).modify_replication_group(**alone)
        not_retained = {**end, "RetainPrimaryReplicationGroup": False}
        assert code(cache.delete_global_replication_group, **not_retained) == "InvalidParameterValue"
        cache.delete_global_replication_group(**end)
        assert cache.describe_global_replication_groups()["GlobalReplicationGroups"] == []
        assert "GlobalReplicationGroupInfo" not in group(REGION, "home")
        for region, name in ((REGION, "home"), (THERE, "away")):
            cache_in(region).delete_replication_group(ReplicationGroupId=name)
            assert _groups(region) == []
        assert aws


class TestTime:
    def test_it_takes_its_time(self) -> None:
        """User guide: creating, modifying, then available; `primary-only` while nothing follows."""
        Aws(delays=Delays(creating_s=0.2, modifying_s=0.2, deleting_s=0.2))
        cache = primary()
        waiting = lambda: group(REGION, "home")["Status"] == "available"  # noqa: E731
        until(waiting)
        given = {"GlobalReplicationGroupIdSuffix": "world", "PrimaryReplicationGroupId": "home"}
        assert cache.create_global_replication_group(**given)["GlobalReplicationGroup"]["Status"] == "creating"
        busy = {"GlobalReplicationGroupId": ID, "ApplyImmediately": True, "CacheNodeType": "cache.r7g.xlarge"}
        assert code(cache.modify_global_replication_group, **busy) == "InvalidGlobalReplicationGroupState"
        until(lambda: datastore()["Status"] == "primary-only")
        join()
        shown = datastore()
        assert shown["Status"] == "modifying"
        assert [each["Status"] for each in shown["Members"]] == ["associated", "associating"]
        until(lambda: datastore()["Status"] == "available")
        assert [each["Status"] for each in datastore()["Members"]] == ["associated", "associated"]


def until(holds: Any) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
