"""Data outlive instances: copies of a cluster's data, kept snapshots, and clusters that are born with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from lab.data.plane import ProcessPlane
from lab.data.processes import processes_within
from lab.plane import ClusterRequest, PlaneError
from tests.lab.cloud.conftest import Aws
from tests.lab.data.support import PASSWORD, PORT, Rig, eventually, make_rig

pytestmark = pytest.mark.lab

NUMBERS = "SELECT number FROM ledger ORDER BY number"


@pytest.fixture
def rig(plane: ProcessPlane) -> Iterator[Rig]:
    """A cluster with a writer, a reader, and the numbers 1 and 2."""
    made = make_rig(plane, "old", ("a", "b"))
    write(made, 1, 2)
    yield made
    plane.delete_cluster("old")


def write(rig: Rig, *numbers: int) -> None:
    with rig.connect((rig.writer() or "")[-1]) as writer:
        for number in numbers:
            writer.execute("INSERT INTO ledger VALUES (%s)", (number,))


def numbers(rig: Rig, letter: str = "a", password: str = PASSWORD) -> list[int]:
    with rig.connect(letter, password) as connection:
        return [row[0] for row in connection.execute(NUMBERS)]


def born(
    plane: ProcessPlane, cluster_id: str, *, password: str = PASSWORD, from_cluster: str = "", from_snapshot: str = ""
) -> Rig:
    """A cluster that is born with data and has no instance yet."""
    plane.create_cluster(
        ClusterRequest(
            cluster_id=cluster_id,
            engine="aurora-postgresql",
            version="17.7",
            port=PORT,
            username="boss",
            password=password,
            from_cluster=from_cluster,
            from_snapshot=from_snapshot,
        )
    )
    return Rig(plane, cluster_id)


def test_a_clone_has_the_data_of_its_moment_and_goes_its_own_way(plane: ProcessPlane, rig: Rig) -> None:
    clone = born(plane, "clone", from_cluster="old")
    try:
        write(rig, 3)
        assert processes_within(plane.base_dir)
        assert clone.cluster.nodes == {}
        for letter in ("a", "b"):
            plane.create_instance("clone", clone.instance(letter))
        clone.healthy("a", "b")
        assert (numbers(clone), numbers(clone, "b")) == ([1, 2], [1, 2])
        write(clone, 9)
        assert numbers(rig) == [1, 2, 3]
        plane.failover("clone", clone.instance("b"))
        clone.healthy("a", "b")
        assert numbers(clone, "b") == [1, 2, 9]
    finally:
        plane.delete_cluster("clone")


def test_a_snapshot_outlives_its_cluster_and_can_be_restored_twice(plane: ProcessPlane) -> None:
    old = make_rig(plane, "short", ("a",))
    write(old, 1)
    plane.keep_snapshot("short", "kept")
    write(old, 2)
    plane.delete_cluster("short")
    for name in ("first", "second"):
        restored = born(plane, name, from_snapshot="kept")
        plane.create_instance(name, restored.instance("a"))
        assert numbers(restored) == [1]
        plane.delete_cluster(name)
    plane.drop_snapshot("kept")
    with pytest.raises(PlaneError, match="must be kept"):
        born(plane, "third", from_snapshot="kept")


def test_a_password_that_is_set_before_there_is_an_instance_holds(plane: ProcessPlane, rig: Rig) -> None:
    """CloudFormation has RDS manage the password of a restored cluster before it makes its instances."""
    assert numbers(rig) == [1, 2]
    clone = born(plane, "secret", from_cluster="old")
    try:
        plane.set_password("secret", "quite another one")
        plane.create_instance("secret", clone.instance("a"))
        assert numbers(clone, password="quite another one") == [1, 2]
    finally:
        plane.delete_cluster("secret")


@pytest.mark.parametrize("order", ["ab", "ba"], ids=["the-writer-first", "the-reader-first"])
def test_data_outlive_the_last_instance(plane: ProcessPlane, order: str) -> None:
    """A stack deletes instances before their cluster, whose final snapshot must still have everything."""
    rig = make_rig(plane, f"bare-{order}", ("a", "b"))
    try:
        write(rig, 1)
        for letter in order:
            plane.delete_instance(rig.cluster_id, rig.instance(letter))
        plane.keep_snapshot(rig.cluster_id, f"last-{order}")
        plane.create_instance(rig.cluster_id, rig.instance("c"))
        assert numbers(rig, "c") == [1]
    finally:
        plane.delete_cluster(rig.cluster_id)
    restored = born(plane, f"again-{order}", from_snapshot=f"last-{order}")
    plane.create_instance(restored.cluster_id, restored.instance("a"))
    assert numbers(restored) == [1]
    plane.delete_cluster(restored.cluster_id)


def test_a_cluster_that_never_had_an_instance_gives_an_empty_one(plane: ProcessPlane) -> None:
    born(plane, "never")
    plane.keep_snapshot("never", "nothing")
    restored = born(plane, "fresh", from_snapshot="nothing")
    plane.create_instance("fresh", restored.instance("a"))
    restored.healthy("a")
    for name in ("never", "fresh"):
        plane.delete_cluster(name)


SOURCE = {"DBClusterIdentifier": "shop-orders", "Engine": "aurora-postgresql", "EngineVersion": "17.7"}
LOGIN = {"MasterUsername": "boss", "MasterUserPassword": "correct-horse"}


def available(rds: Any, instance_id: str) -> None:
    def status() -> str:
        found = rds.describe_db_instances(DBInstanceIdentifier=instance_id)["DBInstances"]
        return str(found[0]["DBInstanceStatus"])

    eventually(lambda: status() == "available", instance_id)


def restored(origin: dict[str, Any], days: int = 7) -> dict[str, Any]:
    cluster = {
        "DBClusterIdentifier": "shop-restored",
        "Engine": "aurora-postgresql",
        "EngineVersion": "17.7",
        "ManageMasterUserPassword": True,
        "BackupRetentionPeriod": days,
        **origin,
    }
    instance = {
        "DBInstanceIdentifier": "shop-restored-a",
        "DBClusterIdentifier": {"Ref": "Cluster"},
        "DBInstanceClass": "db.r8g.large",
        "Engine": "aurora-postgresql",
    }
    return {
        "Resources": {
            "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": cluster},
            "Instance": {"Type": "AWS::RDS::DBInstance", "Properties": instance},
        }
    }


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        pytest.param({"SnapshotIdentifier": "before"}, [1], id="snapshot"),
        pytest.param(
            {"SourceDBClusterIdentifier": "shop-orders", "RestoreType": "full-copy", "UseLatestRestorableTime": True},
            [1, 2],
            id="latest",
        ),
        pytest.param(
            {
                "SourceDBClusterIdentifier": "shop-orders",
                "RestoreType": "copy-on-write",
                "UseLatestRestorableTime": True,
            },
            [1, 2],
            id="clone",
        ),
    ],
)
def test_a_stack_with_an_origin_has_its_data_and_keeps_them(
    plane: ProcessPlane, origin: dict[str, Any], expected: list[int]
) -> None:
    """Deployed, deployed again with a change, and without the origin: the update fails and the data are untouched."""
    aws = Aws(plane)
    rds = aws("rds")
    try:
        rds.create_db_cluster(**SOURCE, **LOGIN)
        member = {"DBInstanceIdentifier": "shop-orders-a", "DBClusterIdentifier": "shop-orders"}
        rds.create_db_instance(**member, Engine="aurora-postgresql", DBInstanceClass="db.r8g.large")
        available(rds, "shop-orders-a")
        sql(plane, "shop-orders", "correct-horse", "CREATE TABLE ledger (number integer PRIMARY KEY)")
        sql(plane, "shop-orders", "correct-horse", "INSERT INTO ledger VALUES (1)")
        rds.create_db_cluster_snapshot(DBClusterIdentifier="shop-orders", DBClusterSnapshotIdentifier="before")
        eventually(lambda: _snapshot(rds, "before") == "available", "the snapshot")
        sql(plane, "shop-orders", "correct-horse", "INSERT INTO ledger VALUES (2)")

        assert deployed(aws, restored(origin)) == "CREATE_COMPLETE"
        arn = rds.describe_db_clusters(DBClusterIdentifier="shop-restored")["DBClusters"][0]["MasterUserSecret"]
        secret = aws("secretsmanager").get_secret_value(SecretId=arn["SecretArn"])["SecretString"]
        password = json.loads(secret)["password"]
        assert sql(plane, "shop-restored", password, NUMBERS) == expected
        sql(plane, "shop-restored", password, "INSERT INTO ledger VALUES (7)")

        assert deployed(aws, restored(origin, days=9)) == "UPDATE_COMPLETE"
        assert deployed(aws, restored({"MasterUsername": "boss"})) == "UPDATE_ROLLBACK_COMPLETE"
        assert sql(plane, "shop-restored", password, NUMBERS) == [*expected, 7]
        assert sql(plane, "shop-orders", "correct-horse", NUMBERS) == [1, 2]
    finally:
        for name in ("shop-orders", "shop-restored"):
            plane.delete_cluster(name)


def deployed(aws: Aws, template: dict[str, Any]) -> str:
    aws.deploy("restored", template)
    cloudformation = aws("cloudformation")

    def ended() -> str:
        status = str(cloudformation.describe_stacks(StackName="restored")["Stacks"][0]["StackStatus"])
        return "" if status.endswith("_IN_PROGRESS") else status

    return str(eventually(ended, "the deployment ends"))


def _snapshot(rds: Any, name: str) -> str:
    (found,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"]
    return str(found["Status"])


def sql(plane: ProcessPlane, cluster_id: str, password: str, statement: str) -> list[int]:
    """Run a statement on the writer as the master user; the first column of what it gives."""
    node = plane._clusters[cluster_id].nodes[f"{cluster_id}-a"]
    with psycopg.connect(
        host=node.address, port=node.port, user="boss", password=password, dbname="postgres", autocommit=True
    ) as connection:
        done = connection.execute(statement)
        return [row[0] for row in done] if done.description else []
