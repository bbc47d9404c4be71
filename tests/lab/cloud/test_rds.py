"""Clusters, instances and endpoints: what RDS refuses, shows and does. Each test says where AWS says so."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab.cloud.conftest import Aws

CLUSTER: dict[str, Any] = {
    "DBClusterIdentifier": "shop-orders",
    "Engine": "aurora-postgresql",
    "EngineVersion": "17.7",
    "MasterUsername": "dba",
    "MasterUserPassword": "correct-horse",
}


def make_cluster(aws: Aws, *instances: tuple[str, str, int], **more: Any) -> Any:
    """A cluster with instances of (name, class, tier); gives the RDS client."""
    rds = aws("rds")
    cluster = {**CLUSTER, **more}
    rds.create_db_cluster(**cluster)
    for name, instance_class, tier in instances:
        rds.create_db_instance(
            DBInstanceIdentifier=f"{cluster['DBClusterIdentifier']}-{name}",
            DBClusterIdentifier=cluster["DBClusterIdentifier"],
            Engine=cluster["Engine"],
            DBInstanceClass=instance_class,
            PromotionTier=tier,
        )
    return rds


def shown(rds: Any, name: str = "shop-orders") -> dict[str, Any]:
    cluster: dict[str, Any] = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    return cluster


def writer(rds: Any, name: str = "shop-orders") -> str:
    (found,) = [m["DBInstanceIdentifier"] for m in shown(rds, name)["DBClusterMembers"] if m["IsClusterWriter"]]
    return str(found)


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


LARGE = "db.r8g.large"


class TestErrors:
    """Codes on the wire are the `error.code` of botocore's model, not always the shape's name (facts S8)."""

    def test_a_second_cluster_of_a_name_is_refused_and_the_first_stays(self, aws: Aws) -> None:
        """API reference, CreateDBCluster: DBClusterAlreadyExistsFault. Plain moto replaces the first."""
        rds = make_cluster(aws, ("a", LARGE, 0))
        before = shown(rds)["DbClusterResourceId"]
        assert code(rds.create_db_cluster, **CLUSTER) == "DBClusterAlreadyExistsFault"
        assert shown(rds)["DbClusterResourceId"] == before

    def test_unknown_ids(self, aws: Aws) -> None:
        rds = make_cluster(aws)
        assert code(rds.describe_db_clusters, DBClusterIdentifier="nope") == "DBClusterNotFoundFault"
        assert code(rds.modify_db_cluster, DBClusterIdentifier="nope") == "DBClusterNotFoundFault"
        assert code(rds.failover_db_cluster, DBClusterIdentifier="nope") == "DBClusterNotFoundFault"
        assert code(rds.modify_db_instance, DBInstanceIdentifier="nope") == "DBInstanceNotFound"
        assert code(rds.reboot_db_instance, DBInstanceIdentifier="nope") == "DBInstanceNotFound"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"KmsKeyId": "00000000-0000-0000-0000-000000000000"}, "KMSKeyNotAccessibleFault", id="key"),
            pytest.param({"DBSubnetGroupName": "nope"}, "DBSubnetGroupNotFoundFault", id="subnet-group"),
            pytest.param({"DBClusterParameterGroupName": "nope"}, "DBClusterParameterGroupNotFound", id="parameters"),
            pytest.param({"VpcSecurityGroupIds": ["sg-00000000"]}, "InvalidParameterValue", id="security-group"),
            pytest.param({"BackupRetentionPeriod": 0}, "InvalidParameterValue", id="no-backups"),
            pytest.param({"BackupRetentionPeriod": 36}, "InvalidParameterValue", id="retention-too-long"),
            pytest.param({"StorageType": "gp3"}, "InvalidParameterValue", id="storage"),
            pytest.param({"BacktrackWindow": 60}, "InvalidParameterCombination", id="backtrack-on-postgresql"),
            pytest.param({"DBClusterIdentifier": "a--b"}, "InvalidParameterValue", id="double-hyphen"),
            pytest.param({"MasterUserPassword": "short"}, "InvalidParameterValue", id="password"),
            pytest.param({"ManageMasterUserPassword": True}, "InvalidParameterCombination", id="password-and-managed"),
            pytest.param({"EnableCloudwatchLogsExports": ["audit"]}, "InvalidParameterCombination", id="log-type"),
        ],
    )
    def test_a_cluster_that_cannot_be(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        """Limits: facts A11, A13, A14, A15; what must exist: API reference, CreateDBCluster, Errors."""
        assert code(aws("rds").create_db_cluster, **{**CLUSTER, **changes}) == expected
        assert aws("rds").describe_db_clusters()["DBClusters"] == []

    def test_deleting_needs_a_final_snapshot_or_its_refusal(self, aws: Aws) -> None:
        """API reference, DeleteDBCluster: one of both, not none and not both (facts S5)."""
        rds = make_cluster(aws)
        assert code(rds.delete_db_cluster, DBClusterIdentifier="shop-orders") == "InvalidParameterCombination"
        both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
        assert code(rds.delete_db_cluster, DBClusterIdentifier="shop-orders", **both) == "InvalidParameterCombination"
        rds.delete_db_cluster(DBClusterIdentifier="shop-orders", FinalDBSnapshotIdentifier="last")
        assert [
            s["DBClusterSnapshotIdentifier"] for s in rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
        ] == ["last"]
        assert rds.describe_db_clusters()["DBClusters"] == []

    def test_protection_and_instances_keep_a_cluster(self, aws: Aws) -> None:
        """Aurora User Guide, "Deleting Aurora DB clusters": protected clusters and clusters with instances stay;
        an instance goes even under protection (facts F17).
        """
        rds = make_cluster(aws, ("a", LARGE, 0), DeletionProtection=True)
        skip = {"DBClusterIdentifier": "shop-orders", "SkipFinalSnapshot": True}
        assert code(rds.delete_db_cluster, **skip) == "InvalidParameterCombination"
        rds.modify_db_cluster(DBClusterIdentifier="shop-orders", DeletionProtection=False, ApplyImmediately=True)
        assert code(rds.delete_db_cluster, **skip) == "InvalidDBClusterStateFault"
        rds.delete_db_instance(DBInstanceIdentifier="shop-orders-a")
        rds.delete_db_cluster(**skip)


class TestWhatIsShown:
    def test_settings_that_moto_drops(self, aws: Aws) -> None:
        """`facts/emulation.md` A.2: storage type, insights, monitoring and IAM authentication were lost."""
        role = {"MonitoringInterval": 60, "MonitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring"}
        rds = make_cluster(
            aws,
            StorageType="aurora-iopt1",
            EnableIAMDatabaseAuthentication=True,
            EnablePerformanceInsights=True,
            EngineLifecycleSupport="open-source-rds-extended-support-disabled",
            **role,
        )
        cluster = shown(rds)
        assert cluster["StorageType"] == "aurora-iopt1"
        assert cluster["IAMDatabaseAuthenticationEnabled"] is True
        assert cluster["PerformanceInsightsEnabled"] is True
        assert cluster["PerformanceInsightsRetentionPeriod"] == 7
        assert cluster["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
        assert (cluster["MonitoringInterval"], cluster["MonitoringRoleArn"]) == tuple(role.values())

    def test_an_instance_is_mostly_its_cluster(self, aws: Aws) -> None:
        """API reference, CreateDBInstance: port, IAM authentication, encryption and subnets are the cluster's."""
        rds = make_cluster(aws, ("a", LARGE, 0), Port=5433, EnableIAMDatabaseAuthentication=True)
        instance = rds.describe_db_instances(DBInstanceIdentifier="shop-orders-a")["DBInstances"][0]
        assert instance["Endpoint"]["Port"] == 5433
        assert instance["IAMDatabaseAuthenticationEnabled"] is True
        assert instance["EngineVersion"] == "17.7"
        assert instance["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"

    def test_instances_spread_over_the_zones(self, aws: Aws) -> None:
        """Aurora User Guide, "High availability": replicas are spread over the cluster's zones."""
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 1), ("c", LARGE, 2))
        assert {i["AvailabilityZone"] for i in rds.describe_db_instances()["DBInstances"]} == {
            "eu-west-1a",
            "eu-west-1b",
            "eu-west-1c",
        }

    def test_names_end_in_test(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0))
        cluster = shown(rds)
        instance = rds.describe_db_instances()["DBInstances"][0]
        for name in (cluster["Endpoint"], cluster["ReaderEndpoint"], instance["Endpoint"]["Address"]):
            assert name.endswith(".eu-west-1.rds.test")

    def test_the_managed_secret_has_the_users_name_and_the_given_key(self, aws: Aws) -> None:
        """Aurora User Guide, "Password management with Secrets Manager": user name and password, under a given key."""
        key = aws("kms").create_key()["KeyMetadata"]["Arn"]
        given = {**CLUSTER, "ManageMasterUserPassword": True, "MasterUserSecretKmsKeyId": key}
        del given["MasterUserPassword"]
        aws("rds").create_db_cluster(**given)
        secret = shown(aws("rds"))["MasterUserSecret"]
        assert secret["KmsKeyId"] == key
        value = aws("secretsmanager").get_secret_value(SecretId=secret["SecretArn"])["SecretString"]
        assert '"username": "dba"' in value
        assert len(value) > 28

    def test_modify_changes_what_it_is_given_and_nothing_else(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0))
        rds.modify_db_cluster(
            DBClusterIdentifier="shop-orders",
            EnableIAMDatabaseAuthentication=True,
            CloudwatchLogsExportConfiguration={"EnableLogTypes": ["postgresql"]},
            ApplyImmediately=True,
        )
        rds.modify_db_instance(DBInstanceIdentifier="shop-orders-a", PromotionTier=5, ApplyImmediately=True)
        cluster = shown(rds)
        assert cluster["IAMDatabaseAuthenticationEnabled"] is True
        assert cluster["EnabledCloudwatchLogsExports"] == ["postgresql"]
        assert cluster["BackupRetentionPeriod"] == 1
        assert cluster["DBClusterMembers"][0]["PromotionTier"] == 5

    def test_a_parameter_that_is_not_modelled_is_named(self, aws: Aws) -> None:
        """Nothing is dropped in silence: the embedded AWS refuses what it would have to leave out."""
        rds = make_cluster(aws)
        with pytest.raises(ClientError, match="domain is not modelled by the embedded AWS"):
            rds.modify_db_cluster(DBClusterIdentifier="shop-orders", Domain="d-1")

    def test_engine_versions_are_the_kits(self, aws: Aws) -> None:
        found = aws("rds").describe_db_engine_versions(Engine="aurora-postgresql", EngineVersion="17.7")
        assert [item["DBParameterGroupFamily"] for item in found["DBEngineVersions"]] == ["aurora-postgresql17"]


class TestFailover:
    """Aurora User Guide, "High availability": the lowest tier, then the largest class (facts F2); errors: F3."""

    @pytest.mark.parametrize(
        ("instances", "promoted"),
        [
            pytest.param([("a", LARGE, 0), ("b", LARGE, 9), ("c", LARGE, 1)], "c", id="lowest-tier"),
            pytest.param([("a", LARGE, 0), ("b", LARGE, 1), ("c", "db.r8g.2xlarge", 1)], "c", id="largest-class"),
            pytest.param([("a", LARGE, 0), ("c", LARGE, 1), ("b", LARGE, 1)], "b", id="then-by-name"),
        ],
    )
    def test_who_is_promoted(self, aws: Aws, instances: list[tuple[str, str, int]], promoted: str) -> None:
        rds = make_cluster(aws, *instances)
        assert writer(rds) == "shop-orders-a"
        rds.failover_db_cluster(DBClusterIdentifier="shop-orders")
        assert writer(rds) == f"shop-orders-{promoted}"

    def test_a_target_is_taken(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 9), ("c", LARGE, 1))
        rds.failover_db_cluster(DBClusterIdentifier="shop-orders", TargetDBInstanceIdentifier="shop-orders-b")
        assert writer(rds) == "shop-orders-b"

    def test_what_cannot_be_a_target(self, aws: Aws) -> None:
        """Plain moto demotes our writer for an instance of another cluster."""
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 1))
        make_cluster(aws, ("x", LARGE, 0), DBClusterIdentifier="other")
        for target in ("other-x", "shop-orders-a", "nope"):
            given = {"DBClusterIdentifier": "shop-orders", "TargetDBInstanceIdentifier": target}
            assert code(rds.failover_db_cluster, **given) == "InvalidDBInstanceState"
        assert (writer(rds), writer(rds, "other")) == ("shop-orders-a", "other-x")

    def test_a_cluster_without_readers_cannot_fail_over(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0))
        assert code(rds.failover_db_cluster, DBClusterIdentifier="shop-orders") == "InvalidDBClusterStateFault"

    def test_events_tell_it_in_order(self, aws: Aws) -> None:
        """Aurora User Guide, event messages: 0073 starts, 0071 completes, 0385 updates the topology (facts F12)."""
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 1))
        rds.failover_db_cluster(DBClusterIdentifier="shop-orders")
        events = rds.describe_events(SourceType="db-cluster", SourceIdentifier="shop-orders")["Events"]
        assert [event["Message"] for event in events] == [
            "DB cluster created",
            "Started cross AZ failover to DB instance: shop-orders-b",
            "Completed failover to DB instance: shop-orders-b",
            "Cluster topology is updated",
        ]
        assert events[1]["EventCategories"] == ["failover"]
        failovers = rds.describe_events(SourceType="db-cluster", EventCategories=["failover"])["Events"]
        assert len(failovers) == 2

    def test_deleting_the_writer_promotes_another(self, aws: Aws) -> None:
        """Aurora User Guide, "Deleting Aurora DB clusters and DB instances": a reader is promoted first."""
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 1))
        rds.delete_db_instance(DBInstanceIdentifier="shop-orders-a")
        assert writer(rds) == "shop-orders-b"


class TestEndpoints:
    """Aurora User Guide, "Custom endpoints": five per cluster, members of this cluster, static or excluded."""

    def make(self, rds: Any, name: str, **more: Any) -> Any:
        return rds.create_db_cluster_endpoint(
            DBClusterIdentifier="shop-orders", DBClusterEndpointIdentifier=name, EndpointType="READER", **more
        )

    def test_built_in_ones_come_first(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 15))
        made = self.make(rds, "reporting", StaticMembers=["shop-orders-b"])
        assert (made["EndpointType"], made["CustomEndpointType"]) == ("CUSTOM", "READER")
        found = rds.describe_db_cluster_endpoints(DBClusterIdentifier="shop-orders")["DBClusterEndpoints"]
        assert [item["EndpointType"] for item in found] == ["WRITER", "READER", "CUSTOM"]
        assert found[2]["Endpoint"].startswith("reporting.cluster-custom-")

    def test_the_sixth_is_refused(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0))
        for number in range(5):
            self.make(rds, f"e{number}")
        with pytest.raises(rds.exceptions.DBClusterEndpointQuotaExceededFault):
            self.make(rds, "e5")

    def test_members_must_be_of_the_cluster(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0))
        with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
            self.make(rds, "x", StaticMembers=["nope"])
        found = rds.describe_db_cluster_endpoints(DBClusterIdentifier="shop-orders")["DBClusterEndpoints"]
        assert len(found) == 2

    def test_static_and_excluded_members_exclude_each_other(self, aws: Aws) -> None:
        rds = make_cluster(aws, ("a", LARGE, 0), ("b", LARGE, 1))
        self.make(rds, "x", StaticMembers=["shop-orders-b"])
        changed = rds.modify_db_cluster_endpoint(DBClusterEndpointIdentifier="x", ExcludedMembers=["shop-orders-a"])
        assert (changed["StaticMembers"], changed["ExcludedMembers"]) == ([], ["shop-orders-a"])
        both = {"StaticMembers": ["shop-orders-a"], "ExcludedMembers": ["shop-orders-b"]}
        given = {"DBClusterEndpointIdentifier": "x", **both}
        assert code(rds.modify_db_cluster_endpoint, **given) == "InvalidParameterCombination"

    def test_they_go_with_their_cluster_and_by_themselves(self, aws: Aws) -> None:
        rds = make_cluster(aws)
        self.make(rds, "x")
        assert rds.delete_db_cluster_endpoint(DBClusterEndpointIdentifier="x")["Status"] == "deleting"
        with pytest.raises(rds.exceptions.DBClusterEndpointNotFoundFault):
            rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier="x")


class TestSnapshots:
    def test_what_a_snapshot_says_of_its_cluster(self, aws: Aws) -> None:
        """`facts/emulation.md` A.2: zones, resource id and IAM authentication were missing."""
        rds = make_cluster(aws, EnableIAMDatabaseAuthentication=True)
        made = rds.create_db_cluster_snapshot(
            DBClusterIdentifier="shop-orders", DBClusterSnapshotIdentifier="before-it"
        )["DBClusterSnapshot"]
        assert made["Status"] == "creating"
        (found,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="before-it")["DBClusterSnapshots"]
        cluster = shown(rds)
        assert found["Status"] == "available"
        assert found["DbClusterResourceId"] == cluster["DbClusterResourceId"]
        assert found["AvailabilityZones"] == cluster["AvailabilityZones"]
        assert found["IAMDatabaseAuthenticationEnabled"] is True

    def test_a_name_that_is_taken_and_a_cluster_that_is_not_there(self, aws: Aws) -> None:
        rds = make_cluster(aws)
        given = {"DBClusterIdentifier": "shop-orders", "DBClusterSnapshotIdentifier": "s"}
        rds.create_db_cluster_snapshot(**given)
        assert code(rds.create_db_cluster_snapshot, **given) == "DBClusterSnapshotAlreadyExistsFault"
        given["DBClusterIdentifier"] = "nope"
        assert code(rds.create_db_cluster_snapshot, **given) == "DBClusterNotFoundFault"

    def test_what_would_part_the_api_from_the_processes_is_refused(self, aws: Aws) -> None:
        rds = make_cluster(aws)
        with pytest.raises(NotImplementedError):
            rds.stop_db_cluster(DBClusterIdentifier="shop-orders")
