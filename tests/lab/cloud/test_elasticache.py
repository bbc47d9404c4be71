"""Replication groups, users and their neighbours, as ElastiCache has them. Each test says where AWS says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_rds import code


def given_group(**more: Any) -> dict[str, Any]:
    """Arguments of a group: three nodes without cluster mode unless they say how many."""
    sizes = {"NumCacheClusters", "NumNodeGroups", "ReplicasPerNodeGroup", "NodeGroupConfiguration", "SnapshotName"}
    return {
        "ReplicationGroupId": "g",
        "ReplicationGroupDescription": "d",
        "Engine": "valkey",
        **({} if sizes & set(more) else {"NumCacheClusters": 3}),
        "AutomaticFailoverEnabled": True,
        **more,
    }


def make_group(aws: Aws, **more: Any) -> Any:
    cache = aws("elasticache")
    cache.create_replication_group(**given_group(**more))
    return cache


def shown(cache: Any) -> dict[str, Any]:
    group: dict[str, Any] = cache.describe_replication_groups(ReplicationGroupId="g")["ReplicationGroups"][0]
    return group


def roles(cache: Any) -> dict[str, str]:
    return {m["CacheClusterId"]: m["CurrentRole"] for m in shown(cache)["NodeGroups"][0]["NodeGroupMembers"]}


class TestGroups:
    def test_nodes_and_endpoints_without_cluster_mode(self, aws: Aws) -> None:
        """ElastiCache User Guide, "Finding connection endpoints": one primary and one reader endpoint.
        Plain moto makes one node and no reader endpoint.
        """
        cache = make_group(aws)
        group = shown(cache)
        assert group["MemberClusters"] == ["g-001", "g-002", "g-003"]
        assert group["NodeGroups"][0]["PrimaryEndpoint"]["Address"].startswith("master.g.")
        assert group["NodeGroups"][0]["ReaderEndpoint"]["Address"].startswith("replica.g.")
        assert "ConfigurationEndpoint" not in group
        assert [c["CacheClusterId"] for c in cache.describe_cache_clusters()["CacheClusters"]] == group[
            "MemberClusters"
        ]

    def test_shards_with_cluster_mode(self, aws: Aws) -> None:
        """Same page: one configuration endpoint. NodeGroup in the API reference: slots of the 16,384."""
        group = shown(make_group(aws, NumNodeGroups=3, ReplicasPerNodeGroup=1))
        assert group["ClusterEnabled"] is True
        assert [shard["Slots"] for shard in group["NodeGroups"]] == ["0-5460", "5461-10921", "10922-16383"]
        assert group["ConfigurationEndpoint"]["Address"].endswith(".euw1.cache.test")
        assert len(group["MemberClusters"]) == 6

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"NumCacheClusters": 1}, "InvalidParameterValue", id="failover-without-replica"),
            pytest.param(
                {"MultiAZEnabled": True, "AutomaticFailoverEnabled": False},
                "InvalidParameterCombination",
                id="multi-az",
            ),
            pytest.param({"CacheSubnetGroupName": "nope"}, "CacheSubnetGroupNotFoundFault", id="subnets"),
            pytest.param({"CacheParameterGroupName": "nope"}, "CacheParameterGroupNotFound", id="parameters"),
            pytest.param({"KmsKeyId": "nope"}, "InvalidKMSKeyFault", id="key"),
            pytest.param({"UserGroupIds": ["nope"]}, "InvalidParameterCombination", id="users-without-tls"),
            pytest.param({"NumCacheClusters": 7}, "InvalidParameterValue", id="too-many-clusters"),
            pytest.param({"SnapshotName": "s"}, "SnapshotNotFoundFault", id="no-such-snapshot"),
            pytest.param({"PrimaryClusterId": "x"}, "InvalidParameterCombination", id="not-modelled"),
        ],
    )
    def test_a_group_that_cannot_be(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        """API reference, CreateReplicationGroup, Errors; codes by botocore's model."""
        given = {
            "ReplicationGroupId": "g",
            "ReplicationGroupDescription": "d",
            "Engine": "valkey",
            "NumCacheClusters": 2,
            "AutomaticFailoverEnabled": True,
            **changes,
        }
        assert code(aws("elasticache").create_replication_group, **given) == expected
        assert aws("elasticache").describe_replication_groups()["ReplicationGroups"] == []

    def test_duplicates_and_unknown_ids(self, aws: Aws) -> None:
        cache = make_group(aws)
        given = {"ReplicationGroupId": "g", "ReplicationGroupDescription": "d"}
        assert code(cache.create_replication_group, **given) == "ReplicationGroupAlreadyExists"
        assert code(cache.describe_replication_groups, ReplicationGroupId="x") == "ReplicationGroupNotFoundFault"
        assert code(cache.describe_cache_clusters, CacheClusterId="x") == "CacheClusterNotFound"

    def test_deletion_ends_and_keeps_a_final_snapshot(self, aws: Aws) -> None:
        """API reference, DeleteReplicationGroup. Plain moto stays `deleting` for ever and drops the snapshot."""
        cache = make_group(aws)
        cache.delete_replication_group(ReplicationGroupId="g", FinalSnapshotIdentifier="last")
        cache.get_waiter("replication_group_deleted").wait(
            ReplicationGroupId="g", WaiterConfig={"Delay": 0, "MaxAttempts": 2}
        )
        assert [s["SnapshotName"] for s in cache.describe_snapshots()["Snapshots"]] == ["last"]

    def test_modify_changes_what_it_is_given(self, aws: Aws) -> None:
        cache = make_group(aws)
        cache.modify_replication_group(
            ReplicationGroupId="g", SnapshotRetentionLimit=7, SnapshotWindow="01:00-02:00", ApplyImmediately=True
        )
        assert (shown(cache)["SnapshotRetentionLimit"], shown(cache)["SnapshotWindow"]) == (7, "01:00-02:00")


class TestFailover:
    """API reference, TestFailover (facts E1 to E3)."""

    def test_roles_change_and_events_tell_it(self, aws: Aws) -> None:
        cache = make_group(aws)
        answer = cache.test_failover(ReplicationGroupId="g", NodeGroupId="0001")["ReplicationGroup"]
        assert answer["Status"] == "available"  # only events tell that it is going on
        assert roles(cache) == {"g-001": "replica", "g-002": "primary", "g-003": "replica"}
        told = [event["Message"] for event in cache.describe_events(Duration=60)["Events"]][::-1]
        assert told[-5:] == [
            "Test Failover API called for node group 0001",
            "Failover from primary node g-001 to replica node g-002 completed",
            "Failover from primary node g-001 to replica node g-002 completed",
            "Recovering cache nodes g-001",
            "Finished recovery for cache nodes g-001",
        ]

    def test_what_it_needs(self, aws: Aws) -> None:
        cache = make_group(aws, AutomaticFailoverEnabled=False)
        given = {"ReplicationGroupId": "g", "NodeGroupId": "0001"}
        assert code(cache.test_failover, **given) == "InvalidParameterCombination"
        cache.modify_replication_group(ReplicationGroupId="g", AutomaticFailoverEnabled=True)
        assert code(cache.test_failover, ReplicationGroupId="g", NodeGroupId="0009") == "NodeGroupNotFoundFault"

    def test_fifteen_a_day(self, aws: Aws) -> None:
        cache = make_group(aws)
        given = {"ReplicationGroupId": "g", "NodeGroupId": "0001"}
        for _ in range(15):
            cache.test_failover(**given)
        assert code(cache.test_failover, **given) == "APICallRateForCustomerExceeded"


class TestUsers:
    def user(self, cache: Any, **more: Any) -> Any:
        given = {"UserId": "web", "UserName": "web", "Engine": "valkey", "AccessString": "on ~* +@all"}
        return cache.create_user(**{**given, "AuthenticationMode": {"Type": "iam"}, **more})

    def test_an_iam_users_id_is_its_name(self, aws: Aws) -> None:
        """ElastiCache User Guide, "Authenticating with IAM", limitations (facts E10)."""
        with pytest.raises(Exception, match="must be equal"):
            self.user(aws("elasticache"), UserName="other")

    def test_groups_hold_users(self, aws: Aws) -> None:
        cache = aws("elasticache")
        self.user(cache)
        cache.create_user_group(UserGroupId="team", Engine="valkey", UserIds=["web"])
        assert cache.describe_users(UserId="web")["Users"][0]["UserGroupIds"] == ["team"]
        make_group(aws, UserGroupIds=["team"], TransitEncryptionEnabled=True)
        assert cache.describe_user_groups()["UserGroups"][0]["ReplicationGroups"] == ["g"]
        cache.modify_user(UserId="web", AccessString="on ~app:* +@read")
        assert cache.describe_users(UserId="web")["Users"][0]["AccessString"] == "on ~app:* +@read"

    def test_redis_groups_need_a_default_user_and_valkey_groups_do_not(self, aws: Aws) -> None:
        """API reference, CreateUserGroup: DefaultUserRequired."""
        cache = aws("elasticache")
        assert code(cache.create_user_group, UserGroupId="r", Engine="redis") == "DefaultUserRequired"
        cache.create_user_group(UserGroupId="v", Engine="valkey")

    def test_unknown_users(self, aws: Aws) -> None:
        cache = aws("elasticache")
        assert code(cache.describe_users, UserId="x") == "UserNotFound"
        assert code(cache.create_user_group, UserGroupId="v", Engine="valkey", UserIds=["x"]) == "UserNotFound"


def test_groups_in_use_stay(aws: Aws) -> None:
    """API reference: CacheSubnetGroupInUse, InvalidCacheParameterGroupState."""
    subnets = [subnet["SubnetId"] for subnet in aws("ec2").describe_subnets()["Subnets"]]
    cache = aws("elasticache")
    cache.create_cache_subnet_group(CacheSubnetGroupName="s", CacheSubnetGroupDescription="d", SubnetIds=subnets)
    cache.create_cache_parameter_group(
        CacheParameterGroupName="p", CacheParameterGroupFamily="valkey8", Description="d"
    )
    make_group(aws, CacheSubnetGroupName="s", CacheParameterGroupName="p")
    assert code(cache.delete_cache_subnet_group, CacheSubnetGroupName="s") == "CacheSubnetGroupInUse"
    assert code(cache.delete_cache_parameter_group, CacheParameterGroupName="p") == "InvalidCacheParameterGroupState"
