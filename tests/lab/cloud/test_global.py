"""Global databases and cross-Region replicas: what RDS refuses, shows and does. Each test says where AWS says so."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.rds.models import rds_backends

from lab.cloud.client import client
from lab.cloud.delays import Delays
from lab.cloud.install import install
from lab.cloud.rds.plane_names import plane_names
from lab.cloud.runtime import RUNTIME
from lab.overview import data_plane
from lab.plane import ClusterRequest, NoPlane, Record
from tests.lab.cloud.conftest import REGION, Aws
from tests.lab.cloud.test_rds import CLUSTER, LARGE, code, shown, writer

THERE = "eu-central-1"
ELSEWHERE = "us-west-2"
GLOBAL = "shop-global"
SECONDARY = {name: CLUSTER[name] for name in ("DBClusterIdentifier", "Engine", "EngineVersion")}


def rds_in(region: str) -> Any:
    return client("rds", region)


def member(region: str, identifier: str, *instances: str, **more: Any) -> Any:
    """A cluster of the global database in a Region, with instances; gives the Region's client."""
    rds = rds_in(region)
    base = CLUSTER if region == REGION else SECONDARY
    given = {**base, "DBClusterIdentifier": identifier, "GlobalClusterIdentifier": GLOBAL, **more}
    rds.create_db_cluster(**given)
    for tier, name in enumerate(instances):
        add_instance(rds, identifier, name, tier)
    return rds


def add_instance(rds: Any, cluster: str, name: str, tier: int = 1, engine: str = "aurora-postgresql") -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=f"{cluster}-{name}",
        DBClusterIdentifier=cluster,
        Engine=engine,
        DBInstanceClass=LARGE,
        PromotionTier=tier,
    )


def two_regions() -> tuple[Any, Any]:
    """An empty global database first, then a primary with an instance, then a secondary with two."""
    rds = rds_in(REGION)
    rds.create_global_cluster(GlobalClusterIdentifier=GLOBAL, Engine="aurora-postgresql", EngineVersion="17.7")
    return member(REGION, "shop-home", "a"), member(THERE, "shop-there", "a", "b")


def database(rds: Any, identifier: str = GLOBAL) -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_global_clusters(GlobalClusterIdentifier=identifier)["GlobalClusters"][0]
    return found


def arn(rds: Any, identifier: str) -> str:
    return str(shown(rds, identifier)["DBClusterArn"])


def roles(rds: Any) -> dict[str, bool]:
    """Whether each member is the writer, by its cluster's name."""
    return {each["DBClusterArn"].rsplit(":", 1)[-1]: each["IsWriter"] for each in database(rds)["GlobalClusterMembers"]}


def writers(rds: Any, identifier: str) -> list[str]:
    return [m["DBInstanceIdentifier"] for m in shown(rds, identifier)["DBClusterMembers"] if m["IsClusterWriter"]]


def messages(rds: Any) -> list[str]:
    return [event["Message"] for event in rds.describe_events()["Events"]]


class TestCreate:
    def test_an_empty_one_shows_what_was_asked(self, aws: Aws) -> None:
        """API reference, CreateGlobalCluster: identifier stored lowercase, `Endpoint` is the global writer endpoint."""
        made = aws("rds").create_global_cluster(
            GlobalClusterIdentifier="Shop-Global",
            Engine="aurora-postgresql",
            EngineVersion="17.7",
            StorageEncrypted=True,
            DeletionProtection=True,
            DatabaseName="shop",
            Tags=[{"Key": "team", "Value": "shop"}],
        )["GlobalCluster"]
        assert made["GlobalClusterArn"] == "arn:aws:rds::123456789012:global-cluster:shop-global"
        assert made["Endpoint"].startswith("shop-global.global-")
        assert made["StorageEncrypted"] is made["DeletionProtection"] is True
        assert (made["DatabaseName"], made["EngineVersion"]) == ("shop", "17.7")
        assert made["TagList"] == [{"Key": "team", "Value": "shop"}]
        assert made["GlobalClusterMembers"] == []
        tags = aws("rds").list_tags_for_resource(ResourceName=made["GlobalClusterArn"])["TagList"]
        assert tags == [{"Key": "team", "Value": "shop"}]

    def test_from_a_cluster_which_becomes_its_primary(self, aws: Aws) -> None:
        """`facts/emulation.md` A.2: plain moto shows such a primary as IsWriter False."""
        rds = aws("rds")
        rds.create_db_cluster(**CLUSTER)
        add_instance(rds, "shop-orders", "a")
        rds.create_global_cluster(GlobalClusterIdentifier=GLOBAL, SourceDBClusterIdentifier=arn(rds, "shop-orders"))
        assert roles(rds) == {"shop-orders": True}
        assert database(rds)["EngineVersion"] == "17.7"
        assert shown(rds)["GlobalClusterIdentifier"] == GLOBAL

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            pytest.param({}, "InvalidParameterValue", id="neither-engine-nor-source"),
            pytest.param({"Engine": "postgres"}, "InvalidParameterValue", id="engine"),
            pytest.param({"SourceDBClusterIdentifier": "shop-orders"}, "InvalidParameterValue", id="source-not-an-arn"),
            pytest.param(
                {"SourceDBClusterIdentifier": "arn:aws:rds:eu-west-1:123456789012:cluster:nope"},
                "DBClusterNotFoundFault",
                id="unknown-source",
            ),
            pytest.param(
                {"SourceDBClusterIdentifier": "here", "Engine": "aurora-postgresql"},
                "InvalidParameterCombination",
                id="engine-and-source",
            ),
        ],
    )
    def test_what_cannot_be(self, aws: Aws, given: dict[str, str], expected: str) -> None:
        """API reference: "If you provide a value for this parameter, don't specify values for" engine and the like."""
        rds = aws("rds")
        rds.create_db_cluster(**CLUSTER)
        if given.get("SourceDBClusterIdentifier") == "here":
            given = {**given, "SourceDBClusterIdentifier": arn(rds, "shop-orders")}
        assert code(rds.create_global_cluster, GlobalClusterIdentifier=GLOBAL, **given) == expected

    def test_a_second_of_a_name_and_an_unknown_one(self, aws: Aws) -> None:
        """API reference: GlobalClusterAlreadyExistsFault, GlobalClusterNotFoundFault; moto's ignores the id."""
        rds = aws("rds")
        rds.create_global_cluster(GlobalClusterIdentifier=GLOBAL, Engine="aurora-postgresql")
        again = {"GlobalClusterIdentifier": GLOBAL, "Engine": "aurora-postgresql"}
        assert code(rds_in(THERE).create_global_cluster, **again) == "GlobalClusterAlreadyExistsFault"
        assert code(rds.describe_global_clusters, GlobalClusterIdentifier="nope") == "GlobalClusterNotFoundFault"

    def test_a_source_whose_password_rds_manages_is_refused(self, aws: Aws) -> None:
        """Aurora User Guide, limitations of global databases: no master password in Secrets Manager (facts G15)."""
        rds = aws("rds")
        managed = {name: value for name, value in CLUSTER.items() if name != "MasterUserPassword"}
        rds.create_db_cluster(**managed, ManageMasterUserPassword=True)
        given = {"GlobalClusterIdentifier": GLOBAL, "SourceDBClusterIdentifier": arn(rds, "shop-orders")}
        assert code(rds.create_global_cluster, **given) == "InvalidDBClusterStateFault"


class TestMembers:
    def test_every_region_gives_the_same_answer(self, aws: Aws) -> None:
        """Facts G17: DescribeGlobalClusters is the same from any member Region; its one filter is `region`."""
        home, there = two_regions()
        assert database(home) == database(there)
        assert roles(home) == {"shop-home": True, "shop-there": False}
        primary, secondary = database(home)["GlobalClusterMembers"]
        assert primary["Readers"] == [secondary["DBClusterArn"]]
        assert secondary["Readers"] == []
        assert (secondary["GlobalWriteForwardingStatus"], secondary["SynchronizationStatus"]) == (
            "disabled",
            "connected",
        )
        by_region = [
            home.describe_global_clusters(Filters=[{"Name": "region", "Values": [region]}])["GlobalClusters"]
            for region in (THERE, ELSEWHERE)
        ]
        assert [len(found) for found in by_region] == [1, 0]

    def test_a_secondary_has_readers_only(self, aws: Aws) -> None:
        """Facts G1 to G4: read-only until promoted, so there is nothing to fail over to in its Region."""
        home, there = two_regions()
        assert writer(home, "shop-home") == "shop-home-a"
        assert writers(there, "shop-there") == []
        assert code(there.failover_db_cluster, DBClusterIdentifier="shop-there") == "InvalidDBClusterStateFault"
        assert shown(there, "shop-there")["MasterUsername"] == "dba"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param({"MasterUsername": "dba"}, "InvalidParameterCombination", id="user"),
            pytest.param({"MasterUserPassword": "correct-horse"}, "InvalidParameterCombination", id="password"),
            pytest.param({"ManageMasterUserPassword": True}, "InvalidParameterCombination", id="managed-password"),
            pytest.param({"DatabaseName": "shop"}, "InvalidParameterCombination", id="database"),
            pytest.param({"EngineVersion": "17.6"}, "InvalidParameterCombination", id="version"),
            pytest.param({"Engine": "aurora-mysql"}, "InvalidParameterCombination", id="engine"),
            pytest.param({"StorageEncrypted": True}, "InvalidParameterCombination", id="encryption"),
            pytest.param({"GlobalClusterIdentifier": "nope"}, "GlobalClusterNotFoundFault", id="unknown"),
        ],
    )
    def test_a_secondary_that_cannot_be(self, aws: Aws, changes: dict[str, Any], expected: str) -> None:
        """RDS says "Cannot specify ... for cross region replication cluster" of user, password and database."""
        two_regions()
        given = {**SECONDARY, "GlobalClusterIdentifier": GLOBAL, **changes}
        assert code(rds_in(ELSEWHERE).create_db_cluster, **given) == expected
        assert rds_in(ELSEWHERE).describe_db_clusters()["DBClusters"] == []

    def test_one_cluster_in_each_region_and_ten_secondaries(self, aws: Aws) -> None:
        """Facts A2: up to 10 secondary Regions, each in a different Region."""
        two_regions()
        given = {**SECONDARY, "DBClusterIdentifier": "another", "GlobalClusterIdentifier": GLOBAL}
        assert code(rds_in(THERE).create_db_cluster, **given) == "InvalidGlobalClusterStateFault"
        regions = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-2", "eu-west-3", "eu-north-1")
        for region in (*regions, "ap-south-1", "ap-northeast-1"):
            member(region, f"shop-{region}")
        assert code(rds_in("ca-central-1").create_db_cluster, **given) == "InvalidGlobalClusterStateFault"

    def test_a_secondary_needs_a_primary_with_an_instance(self, aws: Aws) -> None:
        """RDS: "Source cluster ... is in a state which is not valid for physical replication"."""
        aws("rds").create_global_cluster(GlobalClusterIdentifier=GLOBAL, Engine="aurora-postgresql")
        home = member(REGION, "shop-home")
        given = {**SECONDARY, "GlobalClusterIdentifier": GLOBAL}
        assert code(rds_in(THERE).create_db_cluster, **given) == "InvalidDBClusterStateFault"
        add_instance(home, "shop-home", "a")
        rds_in(THERE).create_db_cluster(**given)

    def test_an_encrypted_secondary_needs_a_key_of_its_own_region(self, aws: Aws) -> None:
        """API reference, CreateDBCluster, KmsKeyId: a key that is valid in the destination Region."""
        kms, kms_there = (client("kms", region).create_key()["KeyMetadata"]["Arn"] for region in (REGION, THERE))
        aws("rds").create_global_cluster(
            GlobalClusterIdentifier=GLOBAL, Engine="aurora-postgresql", StorageEncrypted=True
        )
        member(REGION, "shop-home", "a", StorageEncrypted=True, KmsKeyId=kms)
        given = {**SECONDARY, "GlobalClusterIdentifier": GLOBAL, "StorageEncrypted": True}
        rds = rds_in(THERE)
        assert code(rds.create_db_cluster, **given) == "InvalidParameterCombination"
        assert code(rds.create_db_cluster, **given, KmsKeyId=kms) == "KMSKeyNotAccessibleFault"
        rds.create_db_cluster(**given, KmsKeyId=kms_there)
        assert shown(rds)["KmsKeyId"] == kms_there

    def test_write_forwarding_is_asked_for_and_then_on(self, aws: Aws) -> None:
        """API reference: "You can set this value only on Aurora DB clusters that are members" of a global database."""
        home, there = two_regions()
        there.modify_db_cluster(DBClusterIdentifier="shop-there", EnableGlobalWriteForwarding=True)
        cluster = shown(there, "shop-there")
        assert (cluster["GlobalWriteForwardingRequested"], cluster["GlobalWriteForwardingStatus"]) == (True, "enabled")
        assert database(home)["GlobalClusterMembers"][1]["GlobalWriteForwardingStatus"] == "enabled"
        alone = {**CLUSTER, "EnableGlobalWriteForwarding": True}
        assert code(aws("rds").create_db_cluster, **alone) == "InvalidParameterCombination"

    @pytest.mark.parametrize(
        ("region", "changes"),
        [
            pytest.param(REGION, {"ManageMasterUserPassword": True}, id="managed-password"),
            pytest.param(REGION, {"NewDBClusterIdentifier": "other"}, id="rename"),
            pytest.param(REGION, {"EngineVersion": "18.3", "AllowMajorVersionUpgrade": True}, id="major-version"),
            pytest.param(REGION, {"EngineVersion": "17.9"}, id="primary-before-its-secondaries"),
            pytest.param(THERE, {"MasterUserPassword": "correct-horse"}, id="password-of-a-secondary"),
        ],
    )
    def test_what_a_member_refuses(self, aws: Aws, region: str, changes: dict[str, Any]) -> None:
        """Limitations (facts G15); versions: secondaries first, major ones by ModifyGlobalCluster."""
        two_regions()
        name = "shop-home" if region == REGION else "shop-there"
        given = {"DBClusterIdentifier": name, "ApplyImmediately": True, **changes}
        assert code(rds_in(region).modify_db_cluster, **given) == "InvalidParameterCombination"

    def test_minor_versions_go_up_secondaries_first(self, aws: Aws) -> None:
        home, there = two_regions()
        there.modify_db_cluster(DBClusterIdentifier="shop-there", EngineVersion="17.9", ApplyImmediately=True)
        home.modify_db_cluster(DBClusterIdentifier="shop-home", EngineVersion="17.9", ApplyImmediately=True)
        assert database(home)["EngineVersion"] == "17.9"

    def test_a_member_is_neither_stopped_nor_deleted(self, aws: Aws) -> None:
        """Facts A25; RDS's words for the second: "please remove it from globalcluster first"."""
        home, there = two_regions()
        assert code(home.stop_db_cluster, DBClusterIdentifier="shop-home") == "InvalidDBClusterStateFault"
        for name in "ab":
            there.delete_db_instance(DBInstanceIdentifier=f"shop-there-{name}")
        skip = {"DBClusterIdentifier": "shop-there", "SkipFinalSnapshot": True}
        assert code(there.delete_db_cluster, **skip) == "InvalidDBClusterStateFault"
        there.remove_from_global_cluster(GlobalClusterIdentifier=GLOBAL, DbClusterIdentifier=arn(there, "shop-there"))
        there.delete_db_cluster(**skip)

    def test_the_primarys_last_instance_stays_while_there_are_secondaries(self, aws: Aws) -> None:
        """RDS: "Delete the replica cluster before deleting the last master cluster instance."."""
        home, _ = two_regions()
        assert code(home.delete_db_instance, DBInstanceIdentifier="shop-home-a") == "InvalidDBClusterStateFault"


class TestSwitchover:
    def test_the_roles_flip(self, aws: Aws) -> None:
        """API reference, SwitchoverGlobalCluster; events: facts G9. The target's lowest tier becomes the writer."""
        home, there = two_regions()
        home.switchover_global_cluster(
            GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=arn(there, "shop-there")
        )
        assert roles(there) == {"shop-home": False, "shop-there": True}
        assert writer(there, "shop-there") == "shop-there-a"
        assert writers(home, "shop-home") == []
        assert "FailoverState" not in database(home) or database(home)["FailoverState"] == {}
        place = f"to DB cluster shop-there in Region {THERE}"
        assert f"Global switchover {place} started." in messages(home)
        assert f"Global switchover {place} finished." in messages(there)

    def test_while_it_lasts_its_state_is_shown(self, aws: Aws) -> None:
        """Facts G11: FailoverState with both ARNs and whether data may be lost."""
        home, there = two_regions()
        install_delays(failing_over_s=30.0)
        target = arn(there, "shop-there")
        home.switchover_global_cluster(GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=target)
        found = database(there)
        assert found["Status"] == "switching-over"
        assert found["FailoverState"] == {
            "Status": "switching-over",
            "FromDbClusterArn": arn(home, "shop-home"),
            "ToDbClusterArn": target,
            "IsDataLossAllowed": False,
        }
        given = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": target}
        assert code(home.switchover_global_cluster, **given) == "InvalidGlobalClusterStateFault"

    def test_it_is_asked_for_in_the_primarys_region(self, aws: Aws) -> None:
        """Facts G1."""
        _, there = two_regions()
        given = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": arn(there, "shop-there")}
        assert code(there.switchover_global_cluster, **given) == "InvalidGlobalClusterStateFault"

    def test_targets_that_cannot_be(self, aws: Aws) -> None:
        """Facts G4 (headless) and G3 (versions)."""
        home, there = two_regions()
        headless = member(ELSEWHERE, "shop-headless")

        def refused(target: str) -> str:
            given = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": target}
            return code(home.switchover_global_cluster, **given)

        assert refused(arn(headless, "shop-headless")) == "InvalidDBClusterStateFault"
        assert refused(arn(home, "shop-home")) == "InvalidDBClusterStateFault"
        assert refused("arn:aws:rds:eu-west-1:123456789012:cluster:nope") == "DBClusterNotFoundFault"
        there.modify_db_cluster(DBClusterIdentifier="shop-there", EngineVersion="17.9", ApplyImmediately=True)
        assert refused(arn(there, "shop-there")) == "InvalidDBClusterStateFault"


class TestFailover:
    def test_with_data_loss_in_the_targets_region(self, aws: Aws) -> None:
        """Facts G2, G8: called in the target's Region; the old volume is kept as a snapshot."""
        home, there = two_regions()
        given = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": arn(there, "shop-there")}
        assert code(home.failover_global_cluster, **given, AllowDataLoss=True) == "InvalidGlobalClusterStateFault"
        there.failover_global_cluster(**given, AllowDataLoss=True)
        assert roles(home) == {"shop-home": False, "shop-there": True}
        assert f"Global failover to DB cluster shop-there in Region {THERE} completed." in messages(there)
        snapshots = home.describe_db_cluster_snapshots(SnapshotType="automated")["DBClusterSnapshots"]
        names = [found["DBClusterSnapshotIdentifier"] for found in snapshots]
        assert [name for name in names if name.startswith("rds:unplanned-global-failover-shop-home-")]

    def test_members_are_pending_until_they_are_rebuilt(self, aws: Aws) -> None:
        """Facts G6, G11."""
        _, there = two_regions()
        backend = rds_backends["123456789012"][THERE]
        found = backend.global_database(GLOBAL)
        found.resyncing = {arn(there, "shop-there")}
        assert database(there)["GlobalClusterMembers"][1]["SynchronizationStatus"] == "pending-resync"

    @pytest.mark.parametrize(
        ("flags", "region", "expected"),
        [
            pytest.param({"AllowDataLoss": True, "Switchover": True}, THERE, "InvalidParameterCombination", id="both"),
            pytest.param({"Switchover": True}, ELSEWHERE, "InvalidGlobalClusterStateFault", id="elsewhere"),
        ],
    )
    def test_flags(self, aws: Aws, flags: dict[str, bool], region: str, expected: str) -> None:
        """API reference, FailoverGlobalCluster: the flags exclude each other."""
        _, there = two_regions()
        given = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": arn(there, "shop-there")}
        assert code(rds_in(region).failover_global_cluster, **given, **flags) == expected

    def test_neither_flag_is_a_switchover(self, aws: Aws) -> None:
        """API reference: "If you don't specify AllowDataLoss, the operation defaults to a switchover." """
        home, there = two_regions()
        target = arn(there, "shop-there")
        there.failover_global_cluster(GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=target)
        assert f"Global switchover to DB cluster shop-there in Region {THERE} finished." in messages(there)
        assert roles(home) == {"shop-home": False, "shop-there": True}


class TestLeaving:
    def test_a_secondary_becomes_a_cluster_that_can_be_written(self, aws: Aws) -> None:
        """Facts G14. `facts/emulation.md` A.2: moto's is a silent no-op, and deleting then never succeeds."""
        home, there = two_regions()
        given = {"GlobalClusterIdentifier": GLOBAL}
        primary = {**given, "DbClusterIdentifier": arn(home, "shop-home")}
        assert code(home.remove_from_global_cluster, **primary) == "InvalidGlobalClusterStateFault"
        there.remove_from_global_cluster(**given, DbClusterIdentifier=arn(there, "shop-there"))
        assert writer(there, "shop-there") == "shop-there-a"
        assert not shown(there, "shop-there").get("GlobalClusterIdentifier")
        assert roles(home) == {"shop-home": True}
        assert code(home.delete_global_cluster, **given) == "InvalidGlobalClusterStateFault"
        home.remove_from_global_cluster(**primary)
        home.delete_global_cluster(**given)
        assert home.describe_global_clusters()["GlobalClusters"] == []

    def test_protection_keeps_it(self, aws: Aws) -> None:
        """API reference: it "can't be deleted when deletion protection is enabled"."""
        rds = aws("rds")
        given = {"GlobalClusterIdentifier": GLOBAL}
        rds.create_global_cluster(**given, Engine="aurora-postgresql", DeletionProtection=True)
        assert code(rds.delete_global_cluster, **given) == "InvalidParameterCombination"
        rds.modify_global_cluster(**given, DeletionProtection=False)
        rds.delete_global_cluster(**given)


class TestModify:
    def test_a_major_upgrade_takes_all_members_and_their_parameter_groups(self, aws: Aws) -> None:
        """API reference, ModifyGlobalCluster: AllowMajorVersionUpgrade, and the groups become the defaults (G16)."""
        home, there = two_regions()
        given = {"GlobalClusterIdentifier": GLOBAL, "EngineVersion": "18.3"}
        assert code(home.modify_global_cluster, **given) == "InvalidParameterCombination"
        minor = {**given, "EngineVersion": "17.9", "AllowMajorVersionUpgrade": True}
        assert code(home.modify_global_cluster, **minor) == "InvalidParameterCombination"
        home.modify_global_cluster(**given, AllowMajorVersionUpgrade=True)
        versions = [(shown(rds, name)["EngineVersion"]) for rds, name in ((home, "shop-home"), (there, "shop-there"))]
        assert versions == ["18.3", "18.3"]
        assert shown(there, "shop-there")["DBClusterParameterGroup"] == "default.aurora-postgresql18"

    def test_a_rename_changes_the_writer_endpoint(self, aws: Aws) -> None:
        """Facts G10."""
        home, there = two_regions()
        home.modify_global_cluster(GlobalClusterIdentifier=GLOBAL, NewGlobalClusterIdentifier="World")
        assert database(there, "world")["Endpoint"].startswith("world.global-")
        assert shown(there, "shop-there")["GlobalClusterIdentifier"] == "world"
        assert code(home.describe_global_clusters, GlobalClusterIdentifier=GLOBAL) == "GlobalClusterNotFoundFault"


MYSQL = {**CLUSTER, "Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.0"}


def mysql_source() -> Any:
    """A cluster whose parameter group turns the binary log on."""
    rds = rds_in(REGION)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="binlog", DBParameterGroupFamily="aurora-mysql8.0", Description="binlog"
    )
    rds.modify_db_cluster_parameter_group(
        DBClusterParameterGroupName="binlog",
        Parameters=[{"ParameterName": "binlog_format", "ParameterValue": "ROW", "ApplyMethod": "pending-reboot"}],
    )
    rds.create_db_cluster(**MYSQL, DBClusterParameterGroupName="binlog")
    return rds


class TestReplicas:
    def test_a_replica_and_its_source_show_one_another_until_it_is_promoted(self, aws: Aws) -> None:
        """API reference, CreateDBCluster (ReplicationSourceIdentifier) and PromoteReadReplicaDBCluster."""
        home, there = mysql_source(), rds_in(THERE)
        source = arn(home, "shop-orders")
        there.create_db_cluster(
            DBClusterIdentifier="replica",
            Engine="aurora-mysql",
            ReplicationSourceIdentifier=source,
            SourceRegion=REGION,
        )
        replica = shown(there, "replica")
        assert (replica["ReplicationSourceIdentifier"], replica["MasterUsername"]) == (source, "dba")
        assert shown(home)["ReadReplicaIdentifiers"] == [replica["DBClusterArn"]]
        there.promote_read_replica_db_cluster(DBClusterIdentifier="replica")
        assert "ReplicationSourceIdentifier" not in shown(there, "replica")
        assert shown(home)["ReadReplicaIdentifiers"] == []
        again = {"DBClusterIdentifier": "replica"}
        assert code(there.promote_read_replica_db_cluster, **again) == "InvalidDBClusterStateFault"

    @pytest.mark.parametrize(
        ("region", "changes", "expected"),
        [
            pytest.param(THERE, {"MasterUsername": "dba"}, "InvalidParameterCombination", id="user"),
            pytest.param(THERE, {"Engine": "aurora-postgresql"}, "InvalidParameterCombination", id="postgresql"),
            pytest.param(REGION, {"DBClusterIdentifier": "same"}, "InvalidParameterCombination", id="same-region"),
            pytest.param(
                THERE, {"EngineVersion": "8.4.mysql_aurora.8.4.7"}, "InvalidParameterCombination", id="major-version"
            ),
            pytest.param(
                THERE,
                {"ReplicationSourceIdentifier": "arn:aws:rds:eu-west-1:123456789012:cluster:nope"},
                "DBClusterNotFoundFault",
                id="unknown-source",
            ),
        ],
    )
    def test_replicas_that_cannot_be(self, aws: Aws, region: str, changes: dict[str, Any], expected: str) -> None:
        """Aurora MySQL only, from another Region, and nothing that the source decides."""
        given = {
            "DBClusterIdentifier": "replica",
            "Engine": "aurora-mysql",
            "ReplicationSourceIdentifier": arn(mysql_source(), "shop-orders"),
        }
        assert code(rds_in(region).create_db_cluster, **{**given, **changes}) == expected

    def test_a_source_without_binary_log_is_refused(self, aws: Aws) -> None:
        """RDS: "Source cluster ... doesn't have binlogs enabled"."""
        aws("rds").create_db_cluster(**MYSQL)
        given = {
            "DBClusterIdentifier": "replica",
            "Engine": "aurora-mysql",
            "ReplicationSourceIdentifier": arn(aws("rds"), "shop-orders"),
        }
        assert code(rds_in(THERE).create_db_cluster, **given) == "InvalidDBClusterStateFault"

    def test_the_last_instance_of_a_replica_stays_until_it_is_promoted(self, aws: Aws) -> None:
        """API reference, DeleteDBInstance: "first call the PromoteReadReplicaDBCluster API action"."""
        source, there = arn(mysql_source(), "shop-orders"), rds_in(THERE)
        replica = {"DBClusterIdentifier": "replica"}
        there.create_db_cluster(**replica, Engine="aurora-mysql", ReplicationSourceIdentifier=source)
        add_instance(there, "replica", "a", engine="aurora-mysql")
        assert code(there.delete_db_instance, DBInstanceIdentifier="replica-a") == "InvalidDBClusterStateFault"
        there.promote_read_replica_db_cluster(**replica)
        there.delete_db_instance(DBInstanceIdentifier="replica-a")


def install_delays(**delays: float) -> None:
    """Passing states that last, for what is made from here on; the backends keep what they have."""
    RUNTIME.delays = Delays(**delays)


@pytest.fixture(autouse=True)
def _no_delays() -> Iterator[None]:
    yield
    install()


def test_two_regions_keep_clusters_of_one_name_apart(aws: Aws) -> None:
    """Identifiers are unique per account and Region (API reference); servers and DNS names carry the Region then."""
    rds = aws("rds")
    rds.create_db_cluster(**CLUSTER)
    rds_in(THERE).create_db_cluster(**CLUSTER)
    add_instance(rds, "shop-orders", "a")
    add_instance(rds_in(THERE), "shop-orders", "a")
    endpoints = [shown(each)["Endpoint"] for each in (rds, rds_in(THERE))]
    assert [f".{region}.rds.test" in name for region, name in zip((REGION, THERE), endpoints, strict=True)] == [
        True
    ] * 2
    names = [rds_backends["123456789012"][region].clusters["shop-orders"] for region in (REGION, THERE)]
    assert [each.plane_id for each in names] == ["shop-orders", f"shop-orders.{THERE}"]
    members = list(itertools.chain.from_iterable(each.clustered for each in names))
    assert [each.plane_id for each in members] == ["shop-orders-a", f"shop-orders-a.{THERE}"]


class ServingPlane(NoPlane):
    """A plane that has servers for Aurora PostgreSQL, and remembers what it was asked to start."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.published: dict[str, str] = {}

    def serves(self, engine: str) -> bool:
        return engine == "aurora-postgresql"

    def create_cluster(self, request: ClusterRequest) -> None:
        self.started.append(request.cluster_id)

    def create_instance(self, cluster_id: str, instance_id: str) -> None:
        self.started.append(instance_id)

    def publish(self, record: Record) -> None:
        self.published[record.name] = record.owner


class TestServers:
    """No AWS behaviour: which clusters have servers in the lab, and that none is shown that does not run."""

    def test_a_secondary_starts_none_and_the_status_says_why(self) -> None:
        plane = ServingPlane()
        Aws(plane)
        home, _ = two_regions()
        assert plane.started == ["shop-home", "shop-home-a"]
        assert plane.published[database(home)["Endpoint"]] == "shop-home"
        said = [
            data_plane("aurora-postgresql", plane_names(region, name), plane)
            for region, name in ((REGION, "shop-home"), (THERE, "shop-there"))
        ]
        assert said == ["processes", f"control plane only: secondary of {GLOBAL}"]

    def test_servers_cannot_move_to_another_region(self) -> None:
        """Loud, instead of two Regions of which the wrong one takes writes."""
        Aws(ServingPlane())
        home, there = two_regions()
        given = {"GlobalClusterIdentifier": GLOBAL, "TargetDbClusterIdentifier": arn(there, "shop-there")}
        with pytest.raises(NotImplementedError, match="cannot move to another Region"):
            home.switchover_global_cluster(**given)
        assert roles(home) == {"shop-home": True, "shop-there": False}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": {name: {"Type": kind, "Properties": body} for name, (kind, body) in resources.items()}}


def member_template(*, first: bool, joined: bool = True, **more: Any) -> dict[str, Any]:
    """A member's stack: the first one holds the global database too."""
    body: dict[str, Any] = {**(CLUSTER if first else SECONDARY), "DBClusterIdentifier": "shop-stacked", **more}
    if joined:
        body["GlobalClusterIdentifier"] = {"Ref": "Global"} if first else GLOBAL
    instance = {
        "DBInstanceIdentifier": "shop-stacked-a",
        "DBClusterIdentifier": {"Ref": "Cluster"},
        "Engine": "aurora-postgresql",
        "DBInstanceClass": LARGE,
    }
    resources: dict[str, Any] = {"Cluster": ("AWS::RDS::DBCluster", body), "A": ("AWS::RDS::DBInstance", instance)}
    if first:
        database_body = {
            "GlobalClusterIdentifier": GLOBAL,
            "Engine": "aurora-postgresql",
            "EngineVersion": "17.7",
            "DeletionProtection": False,
            "Tags": [{"Key": "team", "Value": "shop"}],
        }
        resources["Global"] = ("AWS::RDS::GlobalCluster", database_body)
    made = template(**resources)
    made["Resources"]["Cluster"]["DeletionPolicy"] = "Delete"
    if first:
        made["Outputs"] = {"Endpoint": {"Value": {"Fn::GetAtt": ["Global", "GlobalEndpoint.Address"]}}}
    return made


def deploy_in(region: str, name: str, body: dict[str, Any], *, update: bool = False) -> str:
    """Deploy a stack in a Region; gives its status, and its reasons where it failed."""
    cloudformation = client("cloudformation", region)
    act = cloudformation.update_stack if update else cloudformation.create_stack
    act(StackName=name, TemplateBody=json.dumps(body))
    status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    if "ROLLBACK" not in status:
        return status
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join([status, *(str(event.get("ResourceStatusReason")) for event in events)])


class TestCloudFormation:
    """aws-cloudformation-resource-providers-rds: handlers of AWS::RDS::GlobalCluster and AWS::RDS::DBCluster."""

    def deploy_both(self) -> None:
        assert deploy_in(REGION, "home", member_template(first=True)) == "CREATE_COMPLETE"
        there = member_template(first=False, EnableGlobalWriteForwarding=True)
        assert deploy_in(THERE, "there", there) == "CREATE_COMPLETE"

    def test_two_stacks_make_one_global_database(self, aws: Aws) -> None:
        self.deploy_both()
        found = database(aws("rds"))
        assert [each["IsWriter"] for each in found["GlobalClusterMembers"]] == [True, False]
        assert {"Key": "team", "Value": "shop"} in found["TagList"]
        (output,) = client("cloudformation", REGION).describe_stacks(StackName="home")["Stacks"][0]["Outputs"]
        assert output["OutputValue"] == found["Endpoint"]

    def test_after_a_switchover_the_same_templates_change_nothing(self, aws: Aws) -> None:
        """A property that did not change is not sent, so the next deploy neither detaches nor replaces anything."""
        self.deploy_both()
        there = rds_in(THERE)
        aws("rds").switchover_global_cluster(
            GlobalClusterIdentifier=GLOBAL, TargetDbClusterIdentifier=arn(there, "shop-stacked")
        )
        before = [shown(rds, "shop-stacked")["DbClusterResourceId"] for rds in (aws("rds"), there)]
        home = member_template(first=True, BackupRetentionPeriod=7)
        assert deploy_in(REGION, "home", home, update=True) == "UPDATE_COMPLETE"
        secondary = member_template(first=False, EnableGlobalWriteForwarding=True, BackupRetentionPeriod=7)
        assert deploy_in(THERE, "there", secondary, update=True) == "UPDATE_COMPLETE"
        assert [shown(rds, "shop-stacked")["DbClusterResourceId"] for rds in (aws("rds"), there)] == before
        assert [each["IsWriter"] for each in database(there)["GlobalClusterMembers"]] == [False, True]

    def test_removing_the_identifier_detaches(self, aws: Aws) -> None:
        self.deploy_both()
        assert deploy_in(THERE, "there", member_template(first=False, joined=False), update=True) == "UPDATE_COMPLETE"
        assert len(database(aws("rds"))["GlobalClusterMembers"]) == 1
        assert writers(rds_in(THERE), "shop-stacked") == ["shop-stacked-a"]

    def test_an_existing_cluster_cannot_be_added(self, aws: Aws) -> None:
        """ImmutabilityHelper: GlobalClusterIdentifier may be removed, not set or changed."""
        self.deploy_both()
        assert deploy_in(THERE, "there", member_template(first=False, joined=False), update=True) == "UPDATE_COMPLETE"
        said = deploy_in(THERE, "there", member_template(first=False), update=True)
        assert said.startswith("UPDATE_ROLLBACK_COMPLETE")
        assert "Resource is immutable" in said

    def test_deleting_a_member_leaves_the_global_database_first(self, aws: Aws) -> None:
        """DeleteHandler of the cluster: RemoveFromGlobalCluster, then DeleteDBCluster."""
        self.deploy_both()
        for region, name in ((THERE, "there"), (REGION, "home")):
            client("cloudformation", region).delete_stack(StackName=name)
        assert aws("rds").describe_global_clusters()["GlobalClusters"] == []
        assert aws("rds").describe_db_clusters()["DBClusters"] == []

    def test_an_update_sends_only_what_changed(self, aws: Aws) -> None:
        self.deploy_both()
        home = member_template(first=True)
        home["Resources"]["Global"]["Properties"]["DeletionProtection"] = True
        assert deploy_in(REGION, "home", home, update=True) == "UPDATE_COMPLETE"
        assert database(aws("rds"))["DeletionProtection"] is True

    def test_made_of_a_cluster_it_lets_that_cluster_go(self, aws: Aws) -> None:
        """DeleteHandler of the global cluster: RemoveFromGlobalCluster of the source, then DeleteGlobalCluster."""
        aws("rds").create_db_cluster(**CLUSTER)
        body = {"GlobalClusterIdentifier": GLOBAL, "SourceDBClusterIdentifier": "shop-orders"}
        assert deploy_in(REGION, "home", template(Global=("AWS::RDS::GlobalCluster", body))) == "CREATE_COMPLETE"
        assert roles(aws("rds")) == {"shop-orders": True}
        client("cloudformation", REGION).delete_stack(StackName="home")
        assert aws("rds").describe_global_clusters()["GlobalClusters"] == []
        assert "GlobalClusterIdentifier" not in shown(aws("rds"))

    def test_a_replicas_properties_are_read_back(self, aws: Aws) -> None:
        source = arn(mysql_source(), "shop-orders")
        body = {
            "DBClusterIdentifier": "replica",
            "Engine": "aurora-mysql",
            "ReplicationSourceIdentifier": source,
            "SourceRegion": REGION,
        }
        made = template(Cluster=("AWS::RDS::DBCluster", body))
        assert deploy_in(THERE, "there", made) == "CREATE_COMPLETE"
        del made["Resources"]["Cluster"]["Properties"]["ReplicationSourceIdentifier"]
        assert "PromoteReadReplicaDBCluster first" in deploy_in(THERE, "there", made, update=True)
        rds_in(THERE).promote_read_replica_db_cluster(DBClusterIdentifier="replica")
        assert deploy_in(THERE, "there", made, update=True) == "UPDATE_COMPLETE"
