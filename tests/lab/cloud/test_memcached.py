"""Memcached clusters, as ElastiCache and CloudFormation have them. Each test says where AWS says so."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cloud.delays import Delays
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_rds import code

ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
SLOW = Delays(creating_s=0.05, modifying_s=0.05, rebooting_s=0.05, deleting_s=0.05)


def make(aws: Aws, **more: Any) -> Any:
    """A cluster of three nodes in three zones unless said otherwise."""
    cache = aws("elasticache")
    given = {"CacheClusterId": "pages", "Engine": "memcached", "NumCacheNodes": 3, "CacheNodeType": "cache.r7g.large"}
    cache.create_cache_cluster(**{**given, "AZMode": "cross-az", **more})
    return cache


def shown(cache: Any) -> dict[str, Any]:
    found = cache.describe_cache_clusters(CacheClusterId="pages", ShowCacheNodeInfo=True)
    cluster: dict[str, Any] = found["CacheClusters"][0]
    return cluster


def nodes(cache: Any) -> dict[str, str]:
    """Zone by node id."""
    return {node["CacheNodeId"]: node["CustomerAvailabilityZone"] for node in shown(cache)["CacheNodes"]}


def modify(cache: Any, **more: Any) -> dict[str, Any]:
    cluster: dict[str, Any] = cache.modify_cache_cluster(
        **{"CacheClusterId": "pages", "ApplyImmediately": True, **more}
    )["CacheCluster"]
    return cluster


def told(cache: Any) -> list[str]:
    """Messages of the cluster's events, oldest first but for those of the same moment."""
    found = cache.describe_events(SourceIdentifier="pages", SourceType="cache-cluster")["Events"]
    return [event["Message"] for event in found][::-1]


class TestCreate:
    def test_endpoints(self, aws: Aws) -> None:
        """API reference, CacheCluster: "The configuration endpoint will always have .cfg in it", as in
        mem-3.9dvc4r.cfg.usw2.cache.amazonaws.com:11211. User guide, "Finding connection endpoints": a node's has its
        id there, 0001.
        """
        cluster = shown(make(aws, Port=11300))
        assert cluster["ConfigurationEndpoint"] == {"Address": "pages.5ebc77.cfg.euw1.cache.test", "Port": 11300}
        assert [node["Endpoint"] for node in cluster["CacheNodes"]] == [
            {"Address": f"pages.5ebc77.000{number}.euw1.cache.test", "Port": 11300} for number in (1, 2, 3)
        ]

    def test_nodes_are_shown_on_demand(self, aws: Aws) -> None:
        """API reference, DescribeCacheClusters.ShowCacheNodeInfo; and ShowCacheClustersNotInReplicationGroups:
        "In practice, this means Memcached and single node Valkey or Redis OSS clusters".
        """
        cache = make(aws)
        for more in ({}, {"CacheClusterId": "PAGES"}, {"ShowCacheClustersNotInReplicationGroups": True}):
            [cluster] = cache.describe_cache_clusters(**more)["CacheClusters"]
            assert (cluster["NumCacheNodes"], cluster.get("CacheNodes")) == (3, None)

    def test_nodes_cross_zones(self, aws: Aws) -> None:
        """API reference, CreateCacheCluster.AZMode; CacheCluster.PreferredAvailabilityZone: "or "Multiple"."""
        cache = make(aws, NumCacheNodes=4)
        assert list(nodes(cache).values()) == [*ZONES, ZONES[0]]
        assert shown(cache)["PreferredAvailabilityZone"] == "Multiple"

    def test_without_a_mode_nodes_stand_in_one_zone(self, aws: Aws) -> None:
        """Same: "If the AZMode and PreferredAvailabilityZones are not specified, ElastiCache assumes single-az"."""
        cache = make(aws, AZMode="single-az", PreferredAvailabilityZone=ZONES[1])
        assert set(nodes(cache).values()) == {ZONES[1]}
        assert shown(cache)["PreferredAvailabilityZone"] == ZONES[1]

    def test_zones_are_as_asked_for(self, aws: Aws) -> None:
        wanted = [ZONES[2], ZONES[2], ZONES[0]]
        assert list(nodes(make(aws, PreferredAvailabilityZones=wanted)).values()) == wanted

    def test_defaults(self, aws: Aws) -> None:
        """API reference, CacheCluster: port 11211 in its example; TLS is off unless asked for (user guide, "In-transit
        encryption conditions (Memcached)"); nothing is encrypted at rest.
        """
        cluster = shown(make(aws))
        assert (cluster["EngineVersion"], cluster["ConfigurationEndpoint"]["Port"]) == ("1.6.22", 11211)
        assert (cluster["TransitEncryptionEnabled"], cluster["AtRestEncryptionEnabled"]) == (False, False)
        assert cluster["CacheParameterGroup"]["CacheParameterGroupName"] == "default.memcached1.6"
        assert "SnapshotRetentionLimit" not in cluster

    def test_only_the_cluster_is_shown_while_it_is_made(self) -> None:
        """API reference, DescribeCacheClusters: "If the cluster is in the creating state, only cluster-level
        information is displayed until all of the nodes are successfully provisioned".
        """
        cache = make(Aws(delays=SLOW))
        cluster = shown(cache)
        assert (cluster["CacheClusterStatus"], cluster["NumCacheNodes"]) == ("creating", 3)
        assert not {"CacheNodes", "ConfigurationEndpoint"} & set(cluster)
        cache.get_waiter("cache_cluster_available").wait(
            CacheClusterId="pages", WaiterConfig={"Delay": 0.02, "MaxAttempts": 200}
        )
        assert {"CacheNodes", "ConfigurationEndpoint"} <= set(shown(cache))

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"CacheClusterId": "1pages"}, "InvalidParameterValue", id="id-begins-with-a-digit"),
            pytest.param({"CacheClusterId": "p" * 51}, "InvalidParameterValue", id="id-too-long"),
            pytest.param({"NumCacheNodes": 0}, "InvalidParameterValue", id="no-nodes"),
            pytest.param({"NumCacheNodes": 61}, "NodeQuotaForClusterExceeded", id="too-many-nodes"),
            pytest.param({"EngineVersion": "1.6.99"}, "InvalidParameterCombination", id="unknown-version"),
            pytest.param({"NumCacheNodes": 1}, "InvalidParameterCombination", id="one-node-across-zones"),
            pytest.param({"PreferredAvailabilityZones": ZONES[:2]}, "InvalidParameterCombination", id="zones-too-few"),
            pytest.param(
                {"PreferredAvailabilityZones": ZONES, "AZMode": "single-az"},
                "InvalidParameterCombination",
                id="zones-in-single-az",
            ),
            pytest.param(
                {"PreferredAvailabilityZones": ["us-east-1a", *ZONES[:2]]},
                "InvalidParameterCombination",
                id="zone-elsewhere",
            ),
            pytest.param(
                {"TransitEncryptionEnabled": True, "EngineVersion": "1.6.6"},
                "InvalidParameterCombination",
                id="tls-before-its-version",
            ),
            pytest.param(
                {"TransitEncryptionEnabled": True, "CacheNodeType": "cache.t2.small"},
                "InvalidParameterCombination",
                id="tls-on-an-old-class",
            ),
            pytest.param({"SnapshotRetentionLimit": 1}, "InvalidParameterCombination", id="snapshots"),
            pytest.param({"AuthToken": "a" * 16}, "InvalidParameterCombination", id="auth-token"),
            pytest.param({"CacheParameterGroupName": "none"}, "CacheParameterGroupNotFound", id="no-parameter-group"),
            pytest.param({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault", id="no-subnet-group"),
            pytest.param({"CacheSecurityGroupNames": ["x"]}, "InvalidParameterCombination", id="not-modelled"),
        ],
    )
    def test_refuses(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        """API reference, CreateCacheCluster; user guide, "In-transit encryption conditions (Memcached)"."""
        assert code(lambda: make(aws, **changes)) == expected
        assert aws("elasticache").describe_cache_clusters()["CacheClusters"] == []

    def test_the_words_for_too_few_zones_are_awss(self, aws: Aws) -> None:
        """hashicorp/terraform#7850 cites them."""
        with pytest.raises(Exception, match="Must specify the same number of preferred availability zones as request"):
            make(aws, PreferredAvailabilityZones=ZONES[:1])

    def test_a_name_is_given_once(self, aws: Aws) -> None:
        """API reference: CacheClusterAlreadyExistsFault; a member of a replication group is a cache cluster too."""
        cache = make(aws)
        assert code(lambda: make(aws, CacheClusterId="Pages")) == "CacheClusterAlreadyExists"
        cache.create_replication_group(
            ReplicationGroupId="g", ReplicationGroupDescription="d", Engine="valkey", NumCacheClusters=1
        )
        assert code(lambda: make(aws, CacheClusterId="g-001")) == "CacheClusterAlreadyExists"

    def test_the_parameter_group_is_of_the_versions_family(self, aws: Aws) -> None:
        """User guide, "ElastiCache parameter groups": a family by engine version."""
        cache = aws("elasticache")
        cache.create_cache_parameter_group(
            CacheParameterGroupName="old", CacheParameterGroupFamily="memcached1.5", Description="d"
        )
        assert code(lambda: make(aws, CacheParameterGroupName="old")) == "InvalidParameterCombination"
        make(aws, CacheParameterGroupName="old", EngineVersion="1.5.16")


class TestModify:
    def test_nodes_are_added(self, aws: Aws) -> None:
        """API reference, ModifyCacheCluster.NewAvailabilityZones, scenario 1: 3 active nodes, NumCacheNodes=5."""
        cache = make(aws)
        modify(cache, NumCacheNodes=5, NewAvailabilityZones=[ZONES[2], ZONES[2]])
        assert list(nodes(cache).values()) == [*ZONES, ZONES[2], ZONES[2]]
        assert "Finished modifying number of nodes from 3 to 5" in told(cache)
        assert "Added cache node 0005 in availability zone eu-west-1c" in told(cache)

    def test_nodes_that_come_are_not_counted_yet(self) -> None:
        """API reference, DescribeCacheClusters: "node endpoint information and creation time for the additional nodes
        are not displayed until they are completely provisioned"; PendingModifiedValues.NumCacheNodes.
        """
        cache = make(Aws(delays=Delays(modifying_s=0.05)))
        cluster = modify(cache, NumCacheNodes=4)
        assert (cluster["CacheClusterStatus"], cluster["NumCacheNodes"]) == ("modifying", 3)
        assert cluster["PendingModifiedValues"] == {"NumCacheNodes": 4}
        assert "Endpoint" not in cluster["CacheNodes"][3]
        assert code(lambda: modify(cache, NumCacheNodes=5)) == "InvalidCacheClusterState"

    def test_nodes_are_removed_by_id(self, aws: Aws) -> None:
        """User guide, "Removing nodes from a cluster": --cache-node-ids-to-remove; a later node takes a free id."""
        cache = make(aws)
        modify(cache, NumCacheNodes=2, CacheNodeIdsToRemove=["0002"])
        assert nodes(cache) == {"0001": ZONES[0], "0003": ZONES[2]}
        assert "Removed cache nodes 0002" in told(cache)
        modify(cache, NumCacheNodes=3, NewAvailabilityZones=[ZONES[1]])
        assert nodes(cache) == {"0001": ZONES[0], "0003": ZONES[2], "0002": ZONES[1]}

    def test_removing_wants_the_nodes_named_in_awss_words(self, aws: Aws) -> None:
        """hashicorp/terraform#3604 cites them."""
        cache = make(aws, NumCacheNodes=2)
        with pytest.raises(
            Exception, match=r"current number of cache nodes is 2, requested number of cache nodes is 1"
        ):
            modify(cache, NumCacheNodes=1)

    def test_what_is_not_applied_at_once_is_pending(self, aws: Aws) -> None:
        """API reference, ModifyCacheCluster.ApplyImmediately, and scenario 3: the number that there are cancels it."""
        cache = make(aws)
        modify(cache, NumCacheNodes=2, CacheNodeIdsToRemove=["0003"], ApplyImmediately=False)
        assert shown(cache)["PendingModifiedValues"] == {"NumCacheNodes": 2, "CacheNodeIdsToRemove": ["0003"]}
        assert len(nodes(cache)) == 3
        modify(cache, NumCacheNodes=3)
        assert shown(cache)["PendingModifiedValues"] == {}

    def test_settings_change(self, aws: Aws) -> None:
        cache = make(aws, EngineVersion="1.6.12")
        changes = {
            "EngineVersion": "1.6.22",
            "CacheNodeType": "cache.r7g.xlarge",
            "PreferredMaintenanceWindow": "sat:01:00-sat:02:00",
            "NotificationTopicArn": "arn:aws:sns:eu-west-1:123456789012:t",
        }
        modify(cache, **changes)
        cluster = shown(cache)
        assert changes.items() >= {key: cluster[key] for key in list(changes)[:3]}.items()
        assert cluster["NotificationConfiguration"]["TopicArn"] == changes["NotificationTopicArn"]

    def test_another_parameter_group_waits_for_a_reboot(self, aws: Aws) -> None:
        """API reference, CacheParameterGroupStatus.CacheNodeIdsToReboot: "A list of the cache node IDs which need to
        be rebooted for parameter changes to be applied".
        """
        cache = make(aws)
        cache.create_cache_parameter_group(
            CacheParameterGroupName="large", CacheParameterGroupFamily="memcached1.6", Description="d"
        )
        modify(cache, CacheParameterGroupName="Large")
        status = shown(cache)["CacheParameterGroup"]
        assert (status["ParameterApplyStatus"], status["CacheNodeIdsToReboot"]) == (
            "pending-reboot",
            ["0001", "0002", "0003"],
        )
        cache.reboot_cache_cluster(CacheClusterId="pages", CacheNodeIdsToReboot=["0001", "0002"])
        assert shown(cache)["CacheParameterGroup"]["CacheNodeIdsToReboot"] == ["0003"]
        assert code(lambda: cache.delete_cache_parameter_group(CacheParameterGroupName="large")) == (
            "InvalidCacheParameterGroupState"
        )

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param(
                {"NumCacheNodes": 4, "CacheNodeIdsToRemove": ["0001"]}, "InvalidParameterCombination", id="both"
            ),
            pytest.param(
                {"NumCacheNodes": 2, "CacheNodeIdsToRemove": ["0009"]}, "InvalidParameterValue", id="strange-id"
            ),
            pytest.param({"NewAvailabilityZones": [ZONES[0]]}, "InvalidParameterCombination", id="zones-without-nodes"),
            pytest.param({"NumCacheNodes": 61}, "NodeQuotaForClusterExceeded", id="too-many"),
            pytest.param({"AZMode": "single-az"}, "InvalidParameterCombination", id="single-az-of-several"),
            pytest.param({"EngineVersion": "1.6.17"}, "InvalidParameterCombination", id="downgrade"),
            pytest.param({"SnapshotRetentionLimit": 3}, "InvalidParameterCombination", id="snapshots"),
            pytest.param(
                {"CacheParameterGroupName": "default.memcached1.5"}, "InvalidParameterCombination", id="family"
            ),
        ],
    )
    def test_refuses(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        """API reference, ModifyCacheCluster."""
        cache = make(aws)
        before = shown(cache)
        assert code(lambda: modify(cache, **changes)) == expected
        assert shown(cache) == before

    def test_node_types_change_from_1_5_on(self, aws: Aws) -> None:
        """User guide, "On-demand scaling for Memcached clusters": "only available for ... engine version 1.5 or"."""
        old = make(aws, EngineVersion="1.4.34", CacheNodeType="cache.m5.large")
        assert code(lambda: modify(old, CacheNodeType="cache.m5.xlarge")) == "InvalidParameterCombination"


class TestReboot:
    def test_status_and_events(self) -> None:
        """API reference, RebootCacheCluster: "the cluster status is set to REBOOTING". User guide, "Event
        notifications": for Memcached "Cache node %s shutdown", then "Cache node %s restarted".
        """
        cache = make(Aws(delays=Delays(rebooting_s=0.05)))
        cluster = cache.reboot_cache_cluster(CacheClusterId="pages", CacheNodeIdsToReboot=["0002"])["CacheCluster"]
        assert cluster["CacheClusterStatus"] == "rebooting cluster nodes"
        assert [node["CacheNodeStatus"] for node in cluster["CacheNodes"]] == ["available", "rebooting", "available"]
        cache.get_waiter("cache_cluster_available").wait(
            CacheClusterId="pages", WaiterConfig={"Delay": 0.02, "MaxAttempts": 200}
        )
        assert [text for text in told(cache) if "0002" in text][1:] == [
            "Cache node 0002 shutdown",
            "Cache node 0002 restarted",
        ]

    def test_a_node_that_is_not_there(self, aws: Aws) -> None:
        cache = make(aws)
        reboot = lambda: cache.reboot_cache_cluster(CacheClusterId="pages", CacheNodeIdsToReboot=["0004"])  # noqa: E731
        assert code(reboot) == "InvalidParameterValue"


class TestDelete:
    def test_it_is_gone_in_the_end(self) -> None:
        """Plain moto's stays `deleting` for ever."""
        cache = make(Aws(delays=Delays(deleting_s=0.05)))
        assert cache.delete_cache_cluster(CacheClusterId="pages")["CacheCluster"]["CacheClusterStatus"] == "deleting"
        assert code(lambda: cache.delete_cache_cluster(CacheClusterId="pages")) == "InvalidCacheClusterState"
        cache.get_waiter("cache_cluster_deleted").wait(
            CacheClusterId="pages", WaiterConfig={"Delay": 0.02, "MaxAttempts": 200}
        )
        assert told(cache)[-1] == "Cache cluster deleted"
        assert code(lambda: shown(cache)) == "CacheClusterNotFound"

    def test_there_are_no_snapshots(self, aws: Aws) -> None:
        """API reference, SnapshotFeatureNotSupportedFault: "Creating a snapshot of a cluster that is running Memcached
        rather than Valkey or Redis OSS".
        """
        cache = make(aws)
        last = lambda: cache.delete_cache_cluster(CacheClusterId="pages", FinalSnapshotIdentifier="last")  # noqa: E731
        taken = lambda: cache.create_snapshot(CacheClusterId="pages", SnapshotName="now")  # noqa: E731
        assert code(last) == "SnapshotFeatureNotSupportedFault"
        assert code(taken) == "SnapshotFeatureNotSupportedFault"
        assert shown(cache)["CacheClusterStatus"] == "available"

    @pytest.mark.parametrize(
        "act",
        ["delete_cache_cluster", "modify_cache_cluster", "reboot_cache_cluster", "describe_cache_clusters"],
    )
    def test_unknown(self, aws: Aws, act: str) -> None:
        more = {"CacheNodeIdsToReboot": ["0001"]} if act.startswith("reboot") else {}
        assert code(lambda: getattr(aws("elasticache"), act)(CacheClusterId="none", **more)) == "CacheClusterNotFound"


def test_tags_belong_to_the_cluster(aws: Aws) -> None:
    cache = make(aws, Tags=[{"Key": "k", "Value": "v"}])
    arn = shown(cache)["ARN"]
    assert arn.endswith(":cluster:pages")
    assert cache.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "k", "Value": "v"}]


CLUSTER = "AWS::ElastiCache::CacheCluster"


def template(**properties: Any) -> dict[str, Any]:
    """A template of one cluster; a property given as None is left out."""
    given = {
        "CacheNodeType": "cache.r7g.large",
        "ClusterName": "pages",
        "Engine": "memcached",
        "EngineVersion": "1.6.12",
        "NumCacheNodes": 2,
        "AZMode": "cross-az",
        "PreferredAvailabilityZones": ZONES[:2],
        "Port": 11212,
        "TransitEncryptionEnabled": True,
        **properties,
    }
    made = {key: value for key, value in given.items() if value is not None}
    return {
        "Resources": {"Pages": {"Type": CLUSTER, "Properties": made}},
        "Outputs": {"At": {"Value": {"Fn::GetAtt": ["Pages", "ConfigurationEndpoint.Address"]}}},
    }


class TestCloudFormation:
    def test_every_property_arrives(self, aws: Aws) -> None:
        stack = aws.deploy("s", template(PreferredMaintenanceWindow="sun:01:00-sun:02:00", NetworkType="ipv4"))
        assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("s")
        assert stack["Outputs"][0]["OutputValue"] == "pages.5ebc77.cfg.euw1.cache.test"

    def test_nodes_come_in_place_and_go_again(self, aws: Aws) -> None:
        """CloudFormation reference, NumCacheNodes: "Some interruptions"."""
        aws.deploy("s", template())
        cache = aws("elasticache")
        born = shown(cache)["CacheClusterCreateTime"]
        stack = aws.deploy("s", template(NumCacheNodes=4, PreferredAvailabilityZones=[*ZONES, ZONES[2]]))
        assert stack["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("s")
        assert nodes(cache) == {"0001": ZONES[0], "0002": ZONES[1], "0003": ZONES[2], "0004": ZONES[2]}
        stack = aws.deploy("s", template(NumCacheNodes=1, PreferredAvailabilityZones=ZONES[:1], AZMode=None))
        assert stack["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("s")
        assert nodes(cache) == {"0001": ZONES[0]}
        assert shown(cache)["CacheClusterCreateTime"] == born

    def test_nodes_go_from_the_zones_that_the_template_has_fewer_of(self, aws: Aws) -> None:
        aws.deploy("s", template(NumCacheNodes=3, PreferredAvailabilityZones=ZONES))
        aws.deploy("s", template(NumCacheNodes=2, PreferredAvailabilityZones=ZONES[1:]))
        assert nodes(aws("elasticache")) == {"0002": ZONES[1], "0003": ZONES[2]}

    def test_without_zones_another_number_replaces(self, aws: Aws) -> None:
        """CloudFormation reference, NumCacheNodes: "if the PreferredAvailabilityZone and PreferredAvailabilityZones
        properties were not previously specified and you don't specify any new values, an update requires replacement";
        a custom name forbids that.
        """
        aws.deploy("s", template(PreferredAvailabilityZones=None))
        stack = aws.deploy("s", template(PreferredAvailabilityZones=None, NumCacheNodes=3))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert "custom-named resource requires replacing" in aws.reasons("s")
        assert len(nodes(aws("elasticache"))) == 2

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            pytest.param({"Port": 11300}, "custom-named resource requires replacing", id="port"),
            pytest.param({"PreferredAvailabilityZones": ZONES[1:]}, "custom-named resource", id="zones-move"),
            pytest.param({"TransitEncryptionEnabled": False}, "You cannot modify the value of Transit", id="tls"),
            pytest.param({"TransitEncryptionEnabled": None}, "You cannot modify the value of Transit", id="tls-gone"),
            pytest.param(
                {"CacheNodeType": "cache.r7g.xlarge"}, "Changing the CacheNodeType of a Memcached", id="class"
            ),
            pytest.param({"EngineVersion": "1.5.16"}, "can't be downgraded", id="downgrade"),
        ],
    )
    def test_what_can_not_change(self, aws: Aws, changes: dict[str, Any], words: str) -> None:
        """The type's schema (createOnlyProperties) and descriptions; the cluster is as it was."""
        aws.deploy("s", template())
        before = shown(aws("elasticache"))
        stack = aws.deploy("s", template(**changes))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert words in aws.reasons("s")
        assert "UPDATE_FAILED" not in aws.reasons("s").splitlines()[-1]
        assert shown(aws("elasticache")) == before

    def test_an_update_of_everything_that_can(self, aws: Aws) -> None:
        aws.deploy("s", template())
        changes = {
            "EngineVersion": "1.6.22",
            "NumCacheNodes": 3,
            "PreferredAvailabilityZones": ZONES,
            "PreferredMaintenanceWindow": "sat:01:00-sat:02:00",
            "NotificationTopicArn": "arn:aws:sns:eu-west-1:123456789012:t",
            "Tags": [{"Key": "k", "Value": "v"}],
        }
        stack = aws.deploy("s", template(**changes))
        assert stack["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("s")
        cluster = shown(aws("elasticache"))
        assert (cluster["EngineVersion"], cluster["NumCacheNodes"]) == ("1.6.22", 3)
        stack = aws.deploy("s", template(**{**changes, "NotificationTopicArn": None}))
        assert stack["StackStatus"] == "UPDATE_COMPLETE", aws.reasons("s")
        assert shown(aws("elasticache"))["NotificationConfiguration"]["TopicStatus"] == "inactive"

    def test_another_engine_is_refused_by_name(self, aws: Aws) -> None:
        stack = aws.deploy("s", template(Engine="redis", EngineVersion="7.1", AZMode=None, NumCacheNodes=1))
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "engine redis is not modelled by the embedded AWS" in aws.reasons("s")

    def test_it_is_deleted_with_its_stack(self, aws: Aws) -> None:
        aws.deploy("s", template())
        aws("cloudformation").delete_stack(StackName="s")
        assert aws("elasticache").describe_cache_clusters()["CacheClusters"] == []
