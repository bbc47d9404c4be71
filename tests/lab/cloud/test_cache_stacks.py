"""CloudFormation's replication groups: what an update changes in place, what it replaces, in which operations.

Sources: the template reference of AWS::ElastiCache::ReplicationGroup, the UpdatePolicy attribute, and the resource
schema that cfn-lint bundles.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.cloud.conftest import Aws

TYPE = "AWS::ElastiCache::ReplicationGroup"
ONLINE: dict[str, Any] = {"UseOnlineResharding": True}
SHARDED: dict[str, Any] = {"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1, "ClusterMode": "enabled"}
ALONE: dict[str, Any] = {"NumNodeGroups": 1, "ReplicasPerNodeGroup": 1, "ClusterMode": "disabled"}


def template(policy: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    group = {
        "Type": TYPE,
        "Properties": {
            "ReplicationGroupDescription": "d",
            "Engine": "valkey",
            "EngineVersion": "8.2",
            "AutomaticFailoverEnabled": True,
            "TransitEncryptionEnabled": True,
            **properties,
        },
    }
    return {"Resources": {"G": {**group, "UpdatePolicy": policy} if policy else group}}


def group_of(aws: Aws) -> dict[str, Any]:
    group: dict[str, Any] = aws("elasticache").describe_replication_groups()["ReplicationGroups"][0]
    return group


def deployed(aws: Aws, wanted: dict[str, Any]) -> dict[str, Any]:
    stack = aws.deploy("s", wanted)
    assert stack["StackStatus"].endswith("E_COMPLETE"), aws.reasons("s")
    assert "ROLLBACK" not in stack["StackStatus"], aws.reasons("s")
    return group_of(aws)


def replica_counts(group: dict[str, Any]) -> list[int]:
    return [len(shard["NodeGroupMembers"]) - 1 for shard in group["NodeGroups"]]


class TestInPlace:
    def test_shards_and_replicas_come_and_go(self, aws: Aws) -> None:
        """UpdatePolicy: "modify a replication group's shards by adding or removing shards, rather than replacing"."""
        first = deployed(aws, template(ONLINE, **SHARDED))
        name = first["ReplicationGroupId"]
        grown = deployed(aws, template(ONLINE, **{**SHARDED, "NumNodeGroups": 4, "ReplicasPerNodeGroup": 2}))
        assert (grown["ReplicationGroupId"], replica_counts(grown)) == (name, [2, 2, 2, 2])
        back = deployed(aws, template(ONLINE, **SHARDED))
        assert (back["ReplicationGroupId"], replica_counts(back)) == (name, [1, 1])
        assert [shard["NodeGroupId"] for shard in back["NodeGroups"]] == ["0001", "0002"]

    def test_number_of_clusters(self, aws: Aws) -> None:
        first = deployed(aws, template(NumCacheClusters=2))
        assert replica_counts(deployed(aws, template(NumCacheClusters=4))) == [3]
        assert group_of(aws)["ReplicationGroupId"] == first["ReplicationGroupId"]
        assert replica_counts(deployed(aws, template(NumCacheClusters=2))) == [1]

    def test_redis_becomes_valkey(self, aws: Aws) -> None:
        """User guide, cross-engine upgrade; the schema has neither Engine nor EngineVersion as create-only."""
        first = deployed(aws, template(**{**ALONE, "Engine": "redis", "EngineVersion": "7.1"}))
        second = deployed(aws, template(**ALONE))
        assert (first["ReplicationGroupId"], second["Engine"]) == (second["ReplicationGroupId"], "valkey")
        stack = aws.deploy("s", template(**{**ALONE, "Engine": "redis", "EngineVersion": "7.1"}))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert group_of(aws)["Engine"] == "valkey"

    def test_cluster_mode_by_its_two_steps(self, aws: Aws) -> None:
        first = deployed(aws, template(**ALONE))
        name = first["ReplicationGroupId"]
        both = deployed(aws, template(**{**ALONE, "ClusterMode": "compatible"}))
        assert (both["ReplicationGroupId"], both["ClusterMode"]) == (name, "compatible")
        assert deployed(aws, template(**ALONE))["ClusterMode"] == "disabled"
        deployed(aws, template(**{**ALONE, "ClusterMode": "compatible"}))
        on = deployed(aws, template(ONLINE, **{**ALONE, "ClusterMode": "enabled"}))
        assert (on["ReplicationGroupId"], on["ClusterMode"]) == (name, "enabled")
        more = deployed(aws, template(ONLINE, **SHARDED))
        assert (more["ReplicationGroupId"], replica_counts(more)) == (name, [1, 1])
        assert aws.deploy("s", template(ONLINE, **ALONE))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    def test_cluster_mode_changes_alone(self, aws: Aws) -> None:
        """User guide, "Modifying cluster mode": other parameters "cannot be modified" in the same request."""
        deployed(aws, template(**ALONE))
        stack = aws.deploy("s", template(**{**ALONE, "ClusterMode": "compatible", "SnapshotRetentionLimit": 3}))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert "cannot be modified together with ClusterMode" in aws.reasons("s")

    def test_tls_in_two_steps(self, aws: Aws) -> None:
        """API reference, TransitEncryptionMode: preferred first, "after that you can set it to required"."""
        open_ = {**ALONE, "TransitEncryptionEnabled": False}
        name = deployed(aws, template(**open_))["ReplicationGroupId"]
        for mode in ("preferred", "required"):
            given = {**ALONE, "TransitEncryptionMode": mode}
            group = deployed(aws, template(**given))
            assert (group["ReplicationGroupId"], group["TransitEncryptionMode"]) == (name, mode)

    def test_shards_named_one_by_one(self, aws: Aws) -> None:
        def shards(*names: str) -> dict[str, Any]:
            config = [
                {
                    "NodeGroupId": name,
                    "PrimaryAvailabilityZone": "eu-west-1b",
                    "ReplicaAvailabilityZones": ["eu-west-1c"],
                }
                for name in names
            ]
            return {"NodeGroupConfiguration": config, "ReplicasPerNodeGroup": 1, "ClusterMode": "enabled"}

        name = deployed(aws, template(ONLINE, **shards("0001", "0005")))["ReplicationGroupId"]
        moved = deployed(aws, template(ONLINE, **shards("0005", "0007", "0008")))
        assert moved["ReplicationGroupId"] == name
        assert [shard["NodeGroupId"] for shard in moved["NodeGroups"]] == ["0005", "0007", "0008"]

    def test_replicas_of_one_shard_stay(self, aws: Aws) -> None:
        """cfn-roadmap #918: "Node Group with Id 0001 has replica count 3"."""
        deployed(aws, template(ONLINE, ClusterMode="enabled", NodeGroupConfiguration=[{"ReplicaCount": 1}]))
        wanted = template(ONLINE, ClusterMode="enabled", NodeGroupConfiguration=[{"ReplicaCount": 2}])
        assert aws.deploy("s", wanted)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert "Node Group with Id 0001 has replica count 1" in aws.reasons("s")

    def test_snapshots_are_taken_of_a_named_member(self, aws: Aws) -> None:
        """SnapshottingClusterId is no argument of the creation: the handler modifies afterwards."""
        wanted = template(**ALONE, ReplicationGroupId="g", SnapshottingClusterId="g-002")
        assert deployed(aws, wanted)["SnapshottingClusterId"] == "g-002"


class TestReplaced:
    def events(self, aws: Aws) -> str:
        return aws.reasons("s")

    @pytest.mark.parametrize(
        ("policy", "changes"),
        [
            pytest.param(None, {"NumNodeGroups": 4}, id="shards-without-online-resharding"),
            pytest.param({"UseOnlineResharding": False}, {"NumNodeGroups": 4}, id="online-resharding-off"),
            pytest.param(ONLINE, {"Port": 7000}, id="port"),
            pytest.param(ONLINE, {"AtRestEncryptionEnabled": False}, id="at-rest"),
            pytest.param(ONLINE, {"AuthToken": "a" * 16}, id="token-added"),
        ],
    )
    def test_by_another_group(self, aws: Aws, policy: dict[str, Any] | None, changes: dict[str, Any]) -> None:
        """ "When UseOnlineResharding is set to false, or is not specified, updating NumNodeGroups results in
        replacement"; create-only properties by the schema; the token by cfn-roadmap #2356.
        """
        first = deployed(aws, template(policy, **SHARDED))
        second = deployed(aws, template(policy, **{**SHARDED, **changes}))
        assert second["ReplicationGroupId"] != first["ReplicationGroupId"]
        assert "creation of a new physical resource" in aws.reasons("s")

    def test_a_change_set_says_so(self, aws: Aws) -> None:
        aws.deploy("s", template(ONLINE, **SHARDED))
        for policy, replacement in ((ONLINE, "False"), (None, "True")):
            cloudformation = aws("cloudformation")
            body = json.dumps(template(policy, **{**SHARDED, "NumNodeGroups": 3}))
            made = cloudformation.create_change_set(
                StackName="s", ChangeSetName=f"c{replacement}", TemplateBody=body, Capabilities=["CAPABILITY_IAM"]
            )
            changes = cloudformation.describe_change_set(ChangeSetName=made["Id"])["Changes"]
            assert [change["ResourceChange"]["Replacement"] for change in changes] == [replacement]

    def test_a_stack_policy_forbids_it(self, aws: Aws) -> None:
        """User guide, "Prevent updates to stack resources"."""
        first = deployed(aws, template(ONLINE, **SHARDED))
        policy = {
            "Statement": [
                {"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "*"},
                {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            ]
        }
        aws("cloudformation").set_stack_policy(StackName="s", StackPolicyBody=json.dumps(policy))
        stack = aws.deploy("s", template(ONLINE, **{**SHARDED, "Port": 7000}))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert group_of(aws)["ReplicationGroupId"] == first["ReplicationGroupId"]
        assert replica_counts(deployed(aws, template(ONLINE, **{**SHARDED, "NumNodeGroups": 3}))) == [1, 1, 1]


def test_shards_are_not_taken_back(aws: Aws) -> None:
    """UpdatePolicy: when the update fails, CloudFormation does not roll back the changed shard configuration."""
    deployed(aws, template(ONLINE, **SHARDED))
    broken = template(ONLINE, **{**SHARDED, "NumNodeGroups": 3})
    broken["Resources"]["P"] = {
        "Type": "AWS::SSM::Parameter",
        "DependsOn": "G",
        "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["G", "Nothing"]}},
    }
    assert aws.deploy("s", broken)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert len(group_of(aws)["NodeGroups"]) == 3


def test_every_property_is_read_back(aws: Aws) -> None:
    """The engine compares all of them with what the API shows, and rolls back what did not arrive."""
    topic = aws("sns").create_topic(Name="t")["TopicArn"]
    aws("logs").create_log_group(logGroupName="l")
    logs = {
        "LogType": "slow-log",
        "DestinationType": "cloudwatch-logs",
        "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "l"}},
        "LogFormat": "json",
    }
    shards = [
        {"NodeGroupId": "0001", "Slots": "0-4095", "PrimaryAvailabilityZone": "eu-west-1a", "ReplicaCount": 1},
        {"NodeGroupId": "0003", "Slots": "4096-16383", "ReplicaAvailabilityZones": ["eu-west-1c"], "ReplicaCount": 1},
    ]
    group = deployed(
        aws,
        template(
            EngineVersion="9.0",
            CacheNodeType="cache.r7g.large",
            ClusterMode="enabled",
            NumNodeGroups=2,
            NodeGroupConfiguration=shards,
            MultiAZEnabled=True,
            Durability="sync",
            TransitEncryptionMode="preferred",
            LogDeliveryConfigurations=[logs],
            NotificationTopicArn=topic,
            IpDiscovery="ipv4",
            NetworkType="ipv4",
            Port=7000,
            SnapshotRetentionLimit=3,
            SnapshotWindow="01:00-02:00",
            PreferredMaintenanceWindow="sun:05:00-sun:06:00",
        ),
    )
    assert (group["EffectiveDurability"], group["StorageEncryptionType"]) == ("sync", "sse-elasticache")
    assert [shard["Slots"] for shard in group["NodeGroups"]] == ["0-4095", "4096-16383"]
