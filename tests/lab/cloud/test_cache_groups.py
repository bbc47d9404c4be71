"""How replication groups of the embedded ElastiCache are born and changed. Each test says where AWS says so."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cloud.delays import Delays
from lab.cloud.runtime import RUNTIME
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_elasticache import given_group, make_group, shown
from tests.lab.cloud.test_rds import code
from tests.support.cache_plane import CachePlane

COMBINATION, VALUE = "InvalidParameterCombination", "InvalidParameterValue"
SHARDED: dict[str, Any] = {"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1}
TLS: dict[str, Any] = {"TransitEncryptionEnabled": True}
DURABLE: dict[str, Any] = {**SHARDED, **TLS, "EngineVersion": "9.0", "MultiAZEnabled": True, "Durability": "sync"}
LOG = {
    "LogType": "slow-log",
    "DestinationType": "cloudwatch-logs",
    "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "l"}},
    "LogFormat": "json",
}
TOKEN = "0123456789abcdef"


def change(cache: Any, **more: Any) -> dict[str, Any]:
    given = {"ReplicationGroupId": "g", "ApplyImmediately": True, **more}
    group: dict[str, Any] = cache.modify_replication_group(**given)["ReplicationGroup"]
    return group


def refused(cache: Any, **more: Any) -> str:
    return code(cache.modify_replication_group, ReplicationGroupId="g", ApplyImmediately=True, **more)


def node(cache: Any) -> dict[str, Any]:
    found: dict[str, Any] = cache.describe_cache_clusters(CacheClusterId=shown(cache)["MemberClusters"][0])
    return dict(found["CacheClusters"][0])


def users(aws: Aws, name: str = "team", engine: str = "valkey") -> str:
    user = {"UserId": f"{name}-u", "UserName": "default", "AccessString": "off -@all"}
    aws("elasticache").create_user(Engine=engine, AuthenticationMode={"Type": "password", "Passwords": [TOKEN]}, **user)
    aws("elasticache").create_user_group(UserGroupId=name, Engine=engine, UserIds=[user["UserId"]])
    return name


def parameters(aws: Aws, name: str, family: str, **values: str) -> str:
    cache = aws("elasticache")
    cache.create_cache_parameter_group(CacheParameterGroupName=name, CacheParameterGroupFamily=family, Description="d")
    entries = [{"ParameterName": key.replace("_", "-"), "ParameterValue": value} for key, value in values.items()]
    if entries:
        cache.modify_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=entries)
    return name


class TestBirth:
    """API reference, CreateReplicationGroup; each case says its rule in its name."""

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param({"NumCacheClusters": 2, "NumNodeGroups": 2}, COMBINATION, id="clusters-and-shards"),
            pytest.param({"NumCacheClusters": 2, "ReplicasPerNodeGroup": 1}, COMBINATION, id="clusters-and-replicas"),
            pytest.param({"NumNodeGroups": 2, "ReplicasPerNodeGroup": 6}, VALUE, id="six-replicas"),
            pytest.param({"NumNodeGroups": 500, "ReplicasPerNodeGroup": 1}, VALUE, id="a-thousand-nodes"),
            pytest.param(
                {"NumNodeGroups": 2, "ClusterMode": "disabled"}, COMBINATION, id="shards-without-cluster-mode"
            ),
            pytest.param(
                {"NumNodeGroups": 2, "ClusterMode": "compatible"}, COMBINATION, id="compatible-with-two-shards"
            ),
            pytest.param({**SHARDED, "AutomaticFailoverEnabled": False}, COMBINATION, id="shards-without-failover"),
            pytest.param(
                {"NumNodeGroups": 2, "ReplicasPerNodeGroup": 0, "MultiAZEnabled": True},
                VALUE,
                id="zones-without-replica",
            ),
            pytest.param(
                {"NumNodeGroups": 3, "NodeGroupConfiguration": [{"ReplicaCount": 1}]}, COMBINATION, id="one-of-three"
            ),
            pytest.param(
                {"NodeGroupConfiguration": [{"Slots": "0-99"}, {"Slots": "100-16382"}]}, VALUE, id="a-slot-missing"
            ),
            pytest.param(
                {"NodeGroupConfiguration": [{"Slots": "0-16383"}, {"ReplicaCount": 1}]}, COMBINATION, id="slots-of-some"
            ),
            pytest.param(
                {"NodeGroupConfiguration": [{"NodeGroupId": "1"}, {"NodeGroupId": "1"}]}, VALUE, id="one-id-twice"
            ),
            pytest.param(
                {"NodeGroupConfiguration": [{"ReplicaCount": 2, "ReplicaAvailabilityZones": ["eu-west-1a"]}]},
                VALUE,
                id="a-zone-for-two",
            ),
            pytest.param(
                {"NodeGroupConfiguration": [{"PrimaryAvailabilityZone": "us-east-1a"}]}, VALUE, id="a-zone-elsewhere"
            ),
            pytest.param({"PreferredCacheClusterAZs": ["eu-west-1a"]}, VALUE, id="a-zone-for-three-clusters"),
            pytest.param(
                {**SHARDED, "PreferredCacheClusterAZs": ["eu-west-1a"] * 4}, COMBINATION, id="zones-of-shards"
            ),
            pytest.param({"ReplicationGroupId": "1-g"}, VALUE, id="id-with-a-digit-first"),
            pytest.param({"ReplicationGroupId": "a--b"}, VALUE, id="id-with-two-hyphens"),
            pytest.param({"ReplicationGroupId": "a" * 41}, VALUE, id="id-of-41"),
            pytest.param({"Engine": "memcached"}, VALUE, id="memcached"),
            pytest.param({"EngineVersion": "1.0"}, COMBINATION, id="version"),
            pytest.param({"CacheNodeType": "cache.r6gd.xlarge"}, COMBINATION, id="disks-without-tiering"),
            pytest.param({"DataTieringEnabled": True}, COMBINATION, id="tiering-without-disks"),
            pytest.param({"TransitEncryptionMode": "required"}, COMBINATION, id="a-mode-without-tls"),
            pytest.param(
                {**TLS, "Engine": "redis", "EngineVersion": "6.2", "TransitEncryptionMode": "required"},
                COMBINATION,
                id="a-mode-before-redis-7",
            ),
            pytest.param({"AuthToken": TOKEN}, COMBINATION, id="token-without-tls"),
            pytest.param({**TLS, "AuthToken": "short"}, VALUE, id="token-of-five"),
            pytest.param({**TLS, "AuthToken": "a" * 129}, VALUE, id="token-of-129"),
            pytest.param({**TLS, "AuthToken": f"{TOKEN}@"}, VALUE, id="token-with-an-at"),
            pytest.param({"NetworkType": "dual_stack"}, COMBINATION, id="network-that-subnets-lack"),
            pytest.param({"IpDiscovery": "ipv6"}, COMBINATION, id="discovery-of-another-network"),
            pytest.param({"NotificationTopicArn": "arn:aws:sns:eu-west-1:123456789012:no"}, VALUE, id="no-topic"),
            pytest.param({"LogDeliveryConfigurations": [LOG, LOG]}, COMBINATION, id="one-log-twice"),
            pytest.param(
                {"LogDeliveryConfigurations": [{**LOG, "DestinationType": "kinesis-firehose"}]},
                COMBINATION,
                id="destination-of-another-type",
            ),
            pytest.param({"CacheParameterGroupName": "default.redis7"}, COMBINATION, id="family-of-another-engine"),
            pytest.param({"CacheParameterGroupName": "default.valkey7"}, COMBINATION, id="family-of-another-version"),
            pytest.param(
                {"CacheParameterGroupName": "default.valkey8.cluster.on", "ClusterMode": "disabled"},
                COMBINATION,
                id="cluster-enabled-without-cluster-mode",
            ),
            pytest.param(
                {**SHARDED, "CacheParameterGroupName": "default.valkey8"},
                COMBINATION,
                id="shards-without-cluster-enabled",
            ),
            pytest.param({"SomethingElse": 1}, "ParamValidationError", id="unknown-to-botocore"),
            pytest.param({"ServerlessCacheSnapshotName": "s"}, COMBINATION, id="not-modelled"),
        ],
    )
    def test_refused(self, aws: Aws, given: dict[str, Any], expected: str) -> None:
        cache = aws("elasticache")
        if expected == "ParamValidationError":
            with pytest.raises(Exception, match="Unknown parameter"):
                cache.create_replication_group(**given_group(**given))
        else:
            assert code(cache.create_replication_group, **given_group(**given)) == expected
        assert cache.describe_replication_groups()["ReplicationGroups"] == []

    def test_shards_one_by_one(self, aws: Aws) -> None:
        """NodeGroupConfiguration: ids, slots, zones and replicas of each shard."""
        first = {"NodeGroupId": "7", "Slots": "0-99", "PrimaryAvailabilityZone": "eu-west-1c", "ReplicaCount": 1}
        second = {"Slots": "100-16383", "ReplicaAvailabilityZones": ["eu-west-1a", "eu-west-1b"], "ReplicaCount": 2}
        cache = make_group(aws, NodeGroupConfiguration=[first, second])
        one, two = shown(cache)["NodeGroups"]
        assert (one["NodeGroupId"], one["Slots"], two["NodeGroupId"]) == ("7", "0-99", "0002")
        zones = [[member["PreferredAvailabilityZone"] for member in shard["NodeGroupMembers"]] for shard in (one, two)]
        assert (zones[0][0], zones[1][1:]) == ("eu-west-1c", ["eu-west-1a", "eu-west-1b"])
        assert shown(cache)["MemberClusters"][0] == "g-7-001"

    @pytest.mark.parametrize(
        ("given", "mode", "clustered"),
        [
            pytest.param({}, "disabled", False, id="nothing-said"),
            pytest.param({"NumNodeGroups": 1, "ReplicasPerNodeGroup": 1}, "disabled", False, id="one-shard"),
            pytest.param(SHARDED, "enabled", True, id="two-shards"),
            pytest.param({"CacheParameterGroupName": "default.valkey8.cluster.on"}, "enabled", True, id="parameters"),
            pytest.param({"ClusterMode": "compatible"}, "compatible", True, id="compatible"),
        ],
    )
    def test_cluster_mode(self, aws: Aws, given: dict[str, Any], mode: str, clustered: bool) -> None:
        """ClusterMode and ClusterEnabled; the parameter group has `cluster-enabled` (CacheParameterGroupName)."""
        cache = make_group(aws, **given)
        group = shown(cache)
        assert (group["ClusterMode"], group["ClusterEnabled"]) == (mode, clustered)
        name = node(cache)["CacheParameterGroup"]["CacheParameterGroupName"]
        assert name == f"default.valkey8{'.cluster.on' if clustered else ''}"

    def test_compatible_has_both_kinds_of_endpoints(self, aws: Aws) -> None:
        """User guide, "Modifying cluster mode": "the client application can use either protocol"."""
        group = shown(make_group(aws, ClusterMode="compatible"))
        assert group["ConfigurationEndpoint"]["Address"].startswith("clustercfg.g.")
        (shard,) = group["NodeGroups"]
        assert shard["PrimaryEndpoint"]["Address"].startswith("master.g.")
        assert (shard["Slots"], group["MemberClusters"]) == ("0-16383", ["g-001", "g-002", "g-003"])

    def test_a_shard_may_have_no_replica(self, aws: Aws) -> None:
        """AutomaticFailoverEnabled "must be enabled for (cluster mode enabled) replication groups", replicas or not."""
        assert len(shown(make_group(aws, NumNodeGroups=3, ReplicasPerNodeGroup=0))["MemberClusters"]) == 3


class TestUsers:
    """User guide, "RBAC"; API reference, InvalidUserGroupState."""

    def test_engines_of_groups(self, aws: Aws) -> None:
        redis = given_group(**TLS, Engine="redis", UserGroupIds=[users(aws)])
        assert code(aws("elasticache").create_replication_group, **redis) == COMBINATION
        make_group(aws, **TLS, UserGroupIds=[users(aws, "old", "redis")])  # Valkey takes groups of both engines
        assert shown(aws("elasticache"))["UserGroupIds"] == ["old"]

    def test_one_active_group_and_no_token(self, aws: Aws) -> None:
        cache = aws("elasticache")
        both = {"UserGroupIds": [users(aws, "a"), users(aws, "b")]}
        assert code(cache.create_replication_group, **given_group(**TLS, **both)) == COMBINATION
        token = {"UserGroupIds": ["a"], "AuthToken": TOKEN}
        assert code(cache.create_replication_group, **given_group(**TLS, **token)) == COMBINATION
        RUNTIME.delays = Delays(creating_s=60)
        cache.create_user_group(UserGroupId="late", Engine="valkey")
        given = given_group(**TLS, UserGroupIds=["late"])
        assert code(cache.create_replication_group, **given) == "InvalidUserGroupState"

    def test_a_group_changes_its_users(self, aws: Aws) -> None:
        cache = make_group(aws, **TLS, UserGroupIds=[users(aws, "a")])
        RUNTIME.delays = Delays(modifying_s=60)
        group = change(cache, UserGroupIdsToAdd=[users(aws, "b")], UserGroupIdsToRemove=["a"])
        assert group["PendingModifiedValues"]["UserGroups"] == {
            "UserGroupIdsToAdd": ["b"],
            "UserGroupIdsToRemove": ["a"],
        }
        held = {each["UserGroupId"]: each["ReplicationGroups"] for each in cache.describe_user_groups()["UserGroups"]}
        assert held == {"a": [], "b": ["g"]}

    def test_what_a_group_may_not_change(self, aws: Aws) -> None:
        cache = make_group(aws, **TLS, UserGroupIds=[users(aws, "a")])
        assert refused(cache, UserGroupIdsToAdd=[users(aws, "b")]) == COMBINATION
        assert refused(cache, UserGroupIdsToAdd=["nope"]) == "UserGroupNotFound"
        assert refused(cache, UserGroupIdsToRemove=["b"]) == "UserGroupNotFound"
        change(cache, RemoveUserGroups=True)
        assert shown(cache)["UserGroupIds"] == []

    def test_a_user_group_in_use_stays(self, aws: Aws) -> None:
        """DeleteUserGroup: it "must first be disassociated from the replication group before it can be deleted"."""
        cache = make_group(aws, **TLS, UserGroupIds=[users(aws)])
        assert code(cache.delete_user_group, UserGroupId="team") == "InvalidUserGroupState"
        change(cache, RemoveUserGroups=True)
        cache.delete_user_group(UserGroupId="team")

    def test_users_of_valkey_groups_authenticate(self, aws: Aws) -> None:
        """User guide, "RBAC": a VALKEY group "can only contain users who use an authentication mechanism"."""
        cache = aws("elasticache")
        user = {"UserId": "u", "UserName": "default", "AccessString": "on ~* +@all", "Engine": "redis"}
        cache.create_user(**user, NoPasswordRequired=True)
        assert code(cache.create_user_group, UserGroupId="v", Engine="valkey", UserIds=["u"]) == COMBINATION
        cache.create_user_group(UserGroupId="r", Engine="redis", UserIds=["u"])
        assert code(cache.modify_user_group, UserGroupId="r", Engine="valkey") == COMBINATION
        cache.modify_user(UserId="u", AuthenticationMode={"Type": "password", "Passwords": [TOKEN]}, Engine="valkey")
        assert cache.modify_user_group(UserGroupId="r", Engine="valkey")["Engine"] == "valkey"


class TestDurability:
    """User guide, "Durability": configuring, limitations (facts E13)."""

    def test_shown_as_said_and_as_it_is(self, aws: Aws) -> None:
        group = shown(make_group(aws, **DURABLE))
        assert (group["Durability"], group["EffectiveDurability"]) == ("sync", "sync")
        assert group["AtRestEncryptionEnabled"] is True
        aws("elasticache").create_replication_group(**given_group(ReplicationGroupId="o"))
        other = aws("elasticache").describe_replication_groups(ReplicationGroupId="o")["ReplicationGroups"][0]
        assert (other["Durability"], other["EffectiveDurability"]) == ("default", "disabled")

    @pytest.mark.parametrize(
        ("changes", "need"),
        [
            pytest.param({"EngineVersion": "8.2"}, "Valkey 9.0", id="version"),
            pytest.param({"MultiAZEnabled": False}, "MultiAZEnabled", id="zones"),
            pytest.param({"TransitEncryptionEnabled": False}, "TransitEncryptionEnabled", id="tls"),
            pytest.param({"CacheNodeType": "cache.t4g.small"}, "node type of", id="node-type"),
            pytest.param(
                {"NumNodeGroups": 1, "ClusterMode": "disabled"}, "cluster mode enabled", id="without-cluster-mode"
            ),
        ],
    )
    def test_what_it_needs(self, aws: Aws, changes: dict[str, Any], need: str) -> None:
        with pytest.raises(Exception, match=f"Durability sync requires.*{need}"):
            make_group(aws, **{**DURABLE, **changes})

    def test_only_between_sync_and_async(self, aws: Aws) -> None:
        """The reference of ModifyReplicationGroup: "from sync to async or vice versa"; CloudFormation's schema: turning
        it on or off "is not currently supported and will result in an error".
        """
        cache = make_group(aws, **DURABLE)
        change(cache, Durability="async")
        assert shown(cache)["EffectiveDurability"] == "async"
        assert refused(cache, Durability="disabled") == COMBINATION
        assert refused(cache, MultiAZEnabled=False) == COMBINATION


class TestClusterMode:
    """User guide, "Modifying cluster mode"."""

    def test_there_and_back_and_through(self, aws: Aws) -> None:
        cache = make_group(aws)
        change(cache, ClusterMode="compatible")
        assert shown(cache)["ConfigurationEndpoint"]
        assert node(cache)["CacheParameterGroup"]["CacheParameterGroupName"] == "default.valkey8.cluster.on"
        change(cache, ClusterMode="disabled")
        assert "ConfigurationEndpoint" not in shown(cache)
        change(cache, ClusterMode="compatible")
        change(cache, ClusterMode="enabled")
        group = shown(cache)
        assert "PrimaryEndpoint" not in group["NodeGroups"][0]
        assert group["MemberClusters"] == ["g-001", "g-002", "g-003"]
        assert (refused(cache, ClusterMode="compatible"), refused(cache, ClusterMode="disabled")) == (COMBINATION,) * 2

    def test_refused(self, aws: Aws) -> None:
        cache = make_group(aws)
        assert refused(cache, ClusterMode="enabled") == COMBINATION
        assert refused(cache, ClusterMode="compatible", SnapshotRetentionLimit=1) == COMBINATION
        assert refused(cache, ClusterMode="on") == VALUE
        change(cache, AutomaticFailoverEnabled=False)
        assert refused(cache, ClusterMode="compatible") == COMBINATION

    def test_not_before_redis_7(self, aws: Aws) -> None:
        assert refused(make_group(aws, Engine="redis", EngineVersion="6.2"), ClusterMode="compatible") == COMBINATION

    def test_with_parameters_of_its_own(self, aws: Aws) -> None:
        """ "You need to provide a parameter group with cluster-enabled configuration"."""
        cache = make_group(aws, CacheParameterGroupName=parameters(aws, "off", "valkey8"))
        on = parameters(aws, "on", "valkey8", cluster_enabled="yes")
        assert refused(cache, ClusterMode="compatible") == COMBINATION
        change(cache, ClusterMode="compatible", CacheParameterGroupName=on)
        assert refused(cache, ClusterMode="disabled") == COMBINATION
        change(cache, ClusterMode="disabled", CacheParameterGroupName="off")
        with pytest.raises(Exception, match="cluster-enabled has a different value in the requested parameter group"):
            change(cache, CacheParameterGroupName=on)

    @pytest.mark.parametrize(
        "given", [{"CacheNodeType": "cache.r7g.xlarge"}, {"EngineVersion": "9.0"}], ids=["scaling", "version"]
    )
    def test_nothing_else_while_compatible(self, aws: Aws, given: dict[str, Any]) -> None:
        """ "In compatible mode, other modification operations such as scaling and engine version are not allowed"."""
        cache = make_group(aws, ClusterMode="compatible")
        assert refused(cache, **given) == COMBINATION
        scaled = {"ReplicationGroupId": "g", "NewReplicaCount": 1, "ApplyImmediately": True}
        assert code(cache.decrease_replica_count, **scaled) == COMBINATION

    def test_it_is_pending_while_it_lasts(self, aws: Aws) -> None:
        cache = make_group(aws)
        RUNTIME.delays = Delays(modifying_s=60)
        group = change(cache, ClusterMode="compatible")
        assert (group["Status"], group["ClusterMode"]) == ("modifying", "disabled")
        assert group["PendingModifiedValues"]["ClusterMode"] == "compatible"

    def test_its_processes_turn_with_the_first_step(self) -> None:
        """A server is started with slots or without; `enabled` only takes the other names away."""
        plane = CachePlane()
        cache = make_group(Aws(plane))
        plane.settle(cache)
        change(cache, ClusterMode="compatible")
        plane.settle(cache)
        assert plane.asked("set_cluster_mode") == [("g",)]
        assert {"clustercfg", "master", "replica"} <= {name.split(".")[0] for name in plane.names}
        change(cache, ClusterMode="enabled")
        plane.settle(cache)
        assert len(plane.asked("set_cluster_mode")) == 1
        assert not {"master", "replica"} & {name.split(".")[0] for name in plane.names}


class TestEngine:
    """API reference, Engine and EngineVersion; user guide, "Engine versions and upgrading"."""

    def test_redis_becomes_valkey_in_place(self, aws: Aws) -> None:
        cache = make_group(aws, Engine="redis", EngineVersion="7.1", **SHARDED)
        change(cache, Engine="valkey", EngineVersion="8.2")
        assert (shown(cache)["Engine"], node(cache)["EngineVersion"]) == ("valkey", "8.2")
        assert node(cache)["CacheParameterGroup"]["CacheParameterGroupName"] == "default.valkey8.cluster.on"
        assert refused(cache, Engine="redis", EngineVersion="7.1") == COMBINATION

    def test_parameters_of_its_own_must_follow(self, aws: Aws) -> None:
        old = parameters(aws, "old", "redis7")
        cache = make_group(aws, Engine="redis", EngineVersion="7.1", CacheParameterGroupName=old)
        assert refused(cache, Engine="valkey", EngineVersion="8.2") == COMBINATION
        change(cache, Engine="valkey", EngineVersion="8.2", CacheParameterGroupName=parameters(aws, "new", "valkey8"))
        assert node(cache)["CacheParameterGroup"]["CacheParameterGroupName"] == "new"

    def test_up_only(self, aws: Aws) -> None:
        """ "You cannot downgrade to an earlier engine version"."""
        cache = make_group(aws, EngineVersion="8.0")
        change(cache, EngineVersion="9.0")
        assert (refused(cache, EngineVersion="8.2"), refused(cache, EngineVersion="99.0")) == (COMBINATION,) * 2

    def test_redis_before_5_0_6_moves_first(self, aws: Aws) -> None:
        cache = make_group(aws, Engine="redis", EngineVersion="4.0.10")
        assert refused(cache, Engine="valkey", EngineVersion="8.2") == COMBINATION
        change(cache, EngineVersion="5.0.6")
        change(cache, Engine="valkey", EngineVersion="7.2")

    def test_it_waits_unless_it_is_to_be_now(self, aws: Aws) -> None:
        """ApplyImmediately: "the modifications in this request and any pending modifications"."""
        cache = make_group(aws, EngineVersion="8.0")
        cache.modify_replication_group(ReplicationGroupId="g", EngineVersion="8.2", CacheNodeType="cache.r7g.xlarge")
        assert (node(cache)["EngineVersion"], shown(cache)["CacheNodeType"]) == ("8.0", "cache.r7g.large")
        waiting = {"EngineVersion": "8.2", "CacheNodeType": "cache.r7g.xlarge"}
        assert node(cache)["PendingModifiedValues"] == waiting
        change(cache, SnapshotRetentionLimit=2)
        assert (node(cache)["EngineVersion"], shown(cache)["CacheNodeType"]) == ("8.2", "cache.r7g.xlarge")
        assert node(cache)["PendingModifiedValues"] == {}


class TestChanges:
    def test_tls_one_step_at_a_time(self, aws: Aws) -> None:
        """TransitEncryptionMode: "a two-step process that requires you to first set [it] to preferred"."""
        cache = make_group(aws)
        assert refused(cache, TransitEncryptionEnabled=True) == COMBINATION
        assert refused(cache, TransitEncryptionEnabled=True, TransitEncryptionMode="required") == COMBINATION
        change(cache, TransitEncryptionEnabled=True, TransitEncryptionMode="preferred")
        change(cache, TransitEncryptionMode="required")
        assert refused(cache, TransitEncryptionEnabled=False) == COMBINATION
        change(cache, TransitEncryptionMode="preferred")
        change(cache, TransitEncryptionEnabled=False)
        assert "TransitEncryptionMode" not in shown(cache)
        assert node(cache)["TransitEncryptionEnabled"] is False

    def test_tls_stays_with_users(self, aws: Aws) -> None:
        given = {**TLS, "TransitEncryptionMode": "preferred", "UserGroupIds": [users(aws)]}
        assert refused(make_group(aws, **given), TransitEncryptionEnabled=False) == COMBINATION

    def test_not_before_redis_7(self, aws: Aws) -> None:
        cache = make_group(aws, Engine="redis", EngineVersion="6.2")
        assert refused(cache, TransitEncryptionEnabled=True, TransitEncryptionMode="preferred") == COMBINATION

    def test_failover_of_shards_stays_on(self, aws: Aws) -> None:
        """AWS's own text, as in terraform-provider-aws #27116."""
        with pytest.raises(Exception, match="Turning off automatic failover for replication group with cluster mode"):
            change(make_group(aws, **SHARDED), AutomaticFailoverEnabled=False)

    def test_whose_snapshots_are_taken(self, aws: Aws) -> None:
        """SnapshottingClusterId; AWS's own text, as in hashicorp/terraform #19336."""
        cache = make_group(aws)
        change(cache, SnapshottingClusterId="g-003")
        assert shown(cache)["SnapshottingClusterId"] == "g-003"
        assert refused(cache, SnapshottingClusterId="g-009") == VALUE
        cache.create_replication_group(**given_group(ReplicationGroupId="h", **SHARDED))
        with pytest.raises(Exception, match="Cannot set snapshotting cluster for cluster mode enabled"):
            change(cache, ReplicationGroupId="h", SnapshottingClusterId="h-0001-001")

    def test_promotion_by_hand(self, aws: Aws) -> None:
        """PrimaryClusterId: with automatic failover off (facts E6)."""
        cache = make_group(aws)
        assert refused(cache, PrimaryClusterId="g-002") == COMBINATION
        change(cache, AutomaticFailoverEnabled=False)
        change(cache, PrimaryClusterId="g-002")
        roles = {m["CacheClusterId"]: m["CurrentRole"] for m in shown(cache)["NodeGroups"][0]["NodeGroupMembers"]}
        assert roles == {"g-001": "replica", "g-002": "primary", "g-003": "replica"}

    def test_node_types(self, aws: Aws) -> None:
        """ListAllowedNodeTypeModifications: CacheNodeType "must be one of the node types returned"."""
        cache = make_group(aws)
        found = cache.list_allowed_node_type_modifications(ReplicationGroupId="g")["ScaleUpModifications"]
        assert "cache.r7g.xlarge" in found
        assert not [name for name in found if "r6gd" in name]
        change(cache, CacheNodeType="cache.r7g.xlarge")
        assert shown(cache)["CacheNodeType"] == "cache.r7g.xlarge"
        assert refused(cache, CacheNodeType="cache.r6gd.xlarge") == VALUE

    def test_logs_say_whether_they_arrive(self, aws: Aws) -> None:
        """LogDeliveryConfiguration.Status and Message; Enabled false turns one off."""
        cache = make_group(aws, LogDeliveryConfigurations=[LOG])
        (log,) = shown(cache)["LogDeliveryConfigurations"]
        assert (log["Status"], log["Message"]) == ("error", "Destination l does not exist.")
        aws("logs").create_log_group(logGroupName="l")
        change(cache, LogDeliveryConfigurations=[LOG])
        assert shown(cache)["LogDeliveryConfigurations"][0]["Status"] == "active"
        change(cache, LogDeliveryConfigurations=[{"LogType": "slow-log", "Enabled": False}])
        assert shown(cache)["LogDeliveryConfigurations"] == []

    def test_nothing_is_changed_by_what_is_refused(self, aws: Aws) -> None:
        cache = make_group(aws, **TLS)
        before = shown(cache)
        assert refused(cache, SnapshotRetentionLimit=9, UserGroupIdsToAdd=["nope"]) == "UserGroupNotFound"
        assert refused(cache, SnapshotRetentionLimit=9, Durability="sync") == COMBINATION
        assert shown(cache) == before

    def test_one_change_at_a_time(self, aws: Aws) -> None:
        cache = make_group(aws)
        RUNTIME.delays = Delays(modifying_s=60)
        change(cache, SnapshotRetentionLimit=2)
        assert refused(cache, SnapshotRetentionLimit=3) == "InvalidReplicationGroupState"
        assert code(cache.delete_replication_group, ReplicationGroupId="g") == "InvalidReplicationGroupState"


class TestMembers:
    def test_a_reboot_moves_no_role(self, aws: Aws) -> None:
        """RebootCacheCluster; a primary that is rebooted is not failed over (facts E5)."""
        cache = make_group(aws)
        given = {"CacheClusterId": "g-001", "CacheNodeIdsToReboot": ["0001"]}
        assert cache.reboot_cache_cluster(**given)["CacheCluster"]["CacheClusterStatus"] == "rebooting cluster nodes"
        assert node(cache)["CacheClusterStatus"] == "available"
        assert shown(cache)["NodeGroups"][0]["NodeGroupMembers"][0]["CurrentRole"] == "primary"
        assert cache.describe_events()["Events"][0]["Message"] == "Cache node 0001 restarted"
        assert code(cache.reboot_cache_cluster, **{**given, "CacheNodeIdsToReboot": ["0002"]}) == VALUE
        assert code(cache.reboot_cache_cluster, **{**given, "CacheClusterId": "x"}) == "CacheClusterNotFound"

    def test_not_with_cluster_mode(self, aws: Aws) -> None:
        """ "Rebooting is not supported on Valkey or Redis OSS (cluster mode enabled) clusters"."""
        given = {"CacheClusterId": "g-0001-001", "CacheNodeIdsToReboot": ["0001"]}
        assert code(make_group(aws, **SHARDED).reboot_cache_cluster, **given) == "InvalidCacheClusterState"

    def test_members_change_with_their_group(self, aws: Aws) -> None:
        cache = make_group(aws)
        assert code(cache.modify_cache_cluster, CacheClusterId="g-001") == "InvalidCacheClusterState"
        assert code(cache.delete_cache_cluster, CacheClusterId="g-001") == "InvalidCacheClusterState"

    def test_pages(self, aws: Aws) -> None:
        """MaxRecords and Marker: "Default: 100. Constraints: minimum 20; maximum 100"."""
        cache = make_group(aws, NumNodeGroups=50, ReplicasPerNodeGroup=2)
        pages = cache.get_paginator("describe_cache_clusters").paginate()
        assert [len(page["CacheClusters"]) for page in pages] == [100, 50]
        first = cache.describe_cache_clusters(MaxRecords=20)
        assert len(first["CacheClusters"]) == 20
        assert code(cache.describe_replication_groups, MaxRecords=19) == VALUE
        assert code(cache.describe_users, MaxRecords=101) == VALUE


class TestEnginesAndParameters:
    def test_versions(self, aws: Aws) -> None:
        """API reference, DescribeCacheEngineVersions."""
        cache = aws("elasticache")
        found = cache.describe_cache_engine_versions(CacheParameterGroupFamily="valkey8")["CacheEngineVersions"]
        assert [row["EngineVersion"] for row in found] == ["8.0", "8.1", "8.2"]
        newest = cache.describe_cache_engine_versions(Engine="redis", DefaultOnly=True)["CacheEngineVersions"]
        assert [row["EngineVersion"] for row in newest] == ["4.0.10", "5.0.6", "6.2", "7.1"]

    def test_parameters_of_a_family(self, aws: Aws) -> None:
        """DescribeEngineDefaultParameters; DescribeCacheParameters, Source."""
        cache = aws("elasticache")
        answer = cache.describe_engine_default_parameters(CacheParameterGroupFamily="valkey8")["EngineDefaults"]
        assert answer["CacheParameterGroupFamily"] == "valkey8"
        pages = cache.get_paginator("describe_engine_default_parameters").paginate(CacheParameterGroupFamily="valkey8")
        known = {row["ParameterName"]: row for page in pages for row in page["EngineDefaults"]["Parameters"]}
        assert "allkeys-lru" in known["maxmemory-policy"]["AllowedValues"]
        name = parameters(aws, "p", "valkey8", maxmemory_policy="allkeys-lru")
        own = cache.describe_cache_parameters(CacheParameterGroupName=name, Source="user")["Parameters"]
        assert [(row["ParameterName"], row["ParameterValue"]) for row in own] == [("maxmemory-policy", "allkeys-lru")]
        rest = cache.describe_cache_parameters(CacheParameterGroupName=name, Source="engine-default")["Parameters"]
        assert "maxmemory-policy" not in {row["ParameterName"] for row in rest}

    def test_reset(self, aws: Aws) -> None:
        """API reference, ResetCacheParameterGroup."""
        cache = aws("elasticache")
        name = parameters(aws, "p", "valkey8", timeout="20", activedefrag="yes")
        assert code(cache.reset_cache_parameter_group, CacheParameterGroupName=name) == COMBINATION
        one = [{"ParameterName": "timeout"}]
        cache.reset_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=one)
        own = cache.describe_cache_parameters(CacheParameterGroupName=name, Source="user")["Parameters"]
        assert [row["ParameterName"] for row in own] == ["activedefrag"]
        cache.reset_cache_parameter_group(CacheParameterGroupName=name, ResetAllParameters=True)
        assert cache.describe_cache_parameters(CacheParameterGroupName=name, Source="user")["Parameters"] == []

    def test_what_cannot_be_set(self, aws: Aws) -> None:
        """AWS's own text, as in cloudposse/terraform-aws-elasticache-redis #212."""
        cache = make_group(aws, CacheParameterGroupName=parameters(aws, "p", "valkey8"))
        values = [{"ParameterName": "cluster-enabled", "ParameterValue": "yes"}]
        with pytest.raises(Exception, match="The parameter cluster-enabled cannot be modified"):
            cache.modify_cache_parameter_group(CacheParameterGroupName="p", ParameterNameValues=values)
        given = {"CacheParameterGroupName": "default.valkey8", "ParameterNameValues": values}
        assert code(cache.modify_cache_parameter_group, **given) == "InvalidCacheParameterGroupState"
        wrong = {"CacheParameterGroupName": "q", "CacheParameterGroupFamily": "valkey42", "Description": "d"}
        assert code(cache.create_cache_parameter_group, **wrong) == VALUE


def test_deletion_of_what_is_not_modelled_is_refused(aws: Aws) -> None:
    """RetainPrimaryCluster would leave a cluster of its own."""
    cache = make_group(aws)
    given = {"ReplicationGroupId": "g", "RetainPrimaryCluster": True}
    assert code(cache.delete_replication_group, **given) == COMBINATION
