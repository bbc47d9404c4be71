"""The adapter against the embedded AWS: what it reads, page by page, and that it calls nothing it does not declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runbooks.aws.rds import ACTIONS, Cluster, Rds, _global_cluster, error_code
from runbooks.aws.session import AwsSession

INSTANCES = {"a": 0, "b": 1, "reporting": 15}


@pytest.fixture
def calls(session: AwsSession) -> Iterator[list[str]]:
    """Names of the operations that were called."""
    names: list[str] = []

    def note(model: Any, **_others: Any) -> None:
        names.append(f"rds:{model.name}")

    session.rds.meta.events.register("before-call.rds.*", note)
    yield names
    session.rds.meta.events.unregister("before-call.rds.*", note)


@pytest.fixture
def rds(session: AwsSession, subnet_group: str) -> Rds:
    session.rds.create_db_cluster(
        DBClusterIdentifier="shop-orders", Engine="aurora-postgresql", EngineVersion="16.8", DatabaseName="orders",
        MasterUsername="keeper", ManageMasterUserPassword=True, Port=5433, DBSubnetGroupName=subnet_group,
        Tags=[{"Key": "aurora-estate:estate", "Value": "shop"}],
    )  # fmt: skip
    for name, tier in INSTANCES.items():
        session.rds.create_db_instance(
            DBInstanceIdentifier=f"shop-orders-{name}", DBClusterIdentifier="shop-orders", Engine="aurora-postgresql",
            DBInstanceClass="db.r8g.large", PromotionTier=tier,
        )  # fmt: skip
    session.rds.create_db_cluster_endpoint(
        DBClusterIdentifier="shop-orders", DBClusterEndpointIdentifier="shop-orders-reporting", EndpointType="READER",
        StaticMembers=["shop-orders-reporting"],
    )  # fmt: skip
    return Rds(session.rds)


def found(rds: Rds) -> Cluster:
    cluster = rds.find_cluster("shop-orders")
    assert cluster is not None
    return cluster


def test_a_cluster_is_read_whole(rds: Rds) -> None:
    cluster = found(rds)
    assert (cluster.cluster_id, cluster.status, cluster.engine, cluster.port) == (
        "shop-orders", "available", "aurora-postgresql", 5433,
    )  # fmt: skip
    assert (cluster.database, cluster.master_username, cluster.global_cluster_id) == ("orders", "keeper", "")
    assert cluster.arn == "arn:aws:rds:eu-west-1:123456789012:cluster:shop-orders"
    assert cluster.resource_id.startswith("cluster-")
    assert cluster.master_secret_arn.startswith("arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-")
    assert cluster.writer_endpoint != cluster.reader_endpoint
    assert cluster.tags == {"aurora-estate:estate": "shop"}
    assert {member.instance_id: member.promotion_tier for member in cluster.members} == {
        f"shop-orders-{name}": tier for name, tier in INSTANCES.items()
    }
    assert cluster.writer_id == "shop-orders-a"
    assert [reader.instance_id for reader in cluster.readers] == ["shop-orders-b", "shop-orders-reporting"]


def test_what_is_not_there_is_none(rds: Rds) -> None:
    assert rds.find_cluster("shop-nothing") is None
    assert rds.find_global_cluster("shop-nothing") is None


def test_a_global_database_is_found(rds: Rds, session: AwsSession) -> None:
    session.rds.create_global_cluster(GlobalClusterIdentifier="shop-world", Engine="aurora-postgresql")
    world = rds.find_global_cluster("shop-world")
    assert world is not None
    assert (world.global_cluster_id, world.failover_status, world.members) == ("shop-world", "", ())


def test_a_global_database_is_read_with_its_members() -> None:
    """From the answer's own form: the embedded AWS has no global members yet."""
    world = _global_cluster(
        {
            "GlobalClusterIdentifier": "shop-world",
            "Status": "available",
            "FailoverState": {"Status": "failing-over"},
            "GlobalClusterMembers": [
                {
                    "DBClusterArn": "arn:one",
                    "IsWriter": True,
                    "Readers": ["arn:two"],
                    "SynchronizationStatus": "connected",
                },
                {"DBClusterArn": "arn:two", "IsWriter": False, "SynchronizationStatus": "pending-resync"},
            ],
        }
    )
    assert world.failover_status == "failing-over"
    assert [
        (member.cluster_arn, member.is_primary, member.readers, member.synchronization) for member in world.members
    ] == [
        ("arn:one", True, ("arn:two",), "connected"),
        ("arn:two", False, (), "pending-resync"),
    ]


def test_instances_are_those_of_the_cluster(rds: Rds, session: AwsSession, subnet_group: str) -> None:
    session.rds.create_db_cluster(
        DBClusterIdentifier="other",
        Engine="aurora-postgresql",
        MasterUsername="keeper",
        ManageMasterUserPassword=True,
        DBSubnetGroupName=subnet_group,
    )
    session.rds.create_db_instance(
        DBInstanceIdentifier="other-a",
        DBClusterIdentifier="other",
        Engine="aurora-postgresql",
        DBInstanceClass="db.r8g.large",
    )
    instances = rds.list_instances("shop-orders")
    assert {instance.instance_id for instance in instances} == {f"shop-orders-{name}" for name in INSTANCES}
    assert {(instance.status, instance.cluster_id, instance.port) for instance in instances} == {
        ("available", "shop-orders", 5433)
    }
    assert all(instance.address and instance.zone and instance.arn for instance in instances)


def test_endpoints_are_told_apart(rds: Rds) -> None:
    endpoints = {endpoint.kind: endpoint for endpoint in rds.list_endpoints("shop-orders")}
    assert set(endpoints) == {"WRITER", "READER", "CUSTOM"}
    custom = endpoints["CUSTOM"]
    assert (custom.endpoint_id, custom.custom_type, custom.members, custom.excluded) == (
        "shop-orders-reporting", "READER", ("shop-orders-reporting",), (),
    )  # fmt: skip
    assert endpoints["WRITER"].address == found(rds).writer_endpoint


@pytest.mark.parametrize("target", ["shop-orders-b", None])
def test_a_failover_moves_the_writer_and_leaves_events(rds: Rds, target: str | None) -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    rds.failover_cluster("shop-orders", target)
    assert found(rds).writer_id == "shop-orders-b"
    events = rds.list_events("shop-orders", since)
    assert any("failover" in event.categories for event in events)
    assert {event.source_id for event in events} == {"shop-orders"}


@pytest.mark.parametrize(
    ("cluster", "target", "code"),
    [
        pytest.param("shop-nothing", None, "DBClusterNotFoundFault", id="no such cluster"),
        pytest.param("shop-orders", "shop-orders-x", "InvalidDBInstanceState", id="no such target"),
    ],
)
def test_a_refused_failover_carries_awss_code(rds: Rds, cluster: str, target: str | None, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        rds.failover_cluster(cluster, target)
    assert error_code(caught.value) == code


def test_200_clusters_take_two_pages(session: AwsSession, calls: list[str], subnet_group: str) -> None:
    """The minimum: RDS gives 100 per page."""
    for number in range(200):
        session.rds.create_db_cluster(
            DBClusterIdentifier=f"fleet-{number:03}", Engine="aurora-postgresql", MasterUsername="keeper",
            MasterUserPassword="made-up-1", DBSubnetGroupName=subnet_group,
        )  # fmt: skip
    calls.clear()
    assert len(Rds(session.rds).list_clusters()) == 200
    assert calls == ["rds:DescribeDBClusters"] * 2


METHODS: dict[str, Callable[[Rds], object]] = {
    "find_cluster": lambda rds: rds.find_cluster("shop-orders"),
    "list_clusters": lambda rds: rds.list_clusters(),
    "list_foreign_clusters": lambda rds: rds.list_foreign_clusters(),
    "list_instances": lambda rds: rds.list_instances("shop-orders"),
    "list_endpoints": lambda rds: rds.list_endpoints("shop-orders"),
    "list_events": lambda rds: rds.list_events("shop-orders", datetime.now(UTC) - timedelta(hours=1)),
    "list_instances_of": lambda rds: rds.list_instances_of(["shop-orders", "shop-other"]),
    "list_custom_endpoints": lambda rds: rds.list_custom_endpoints(),
    "list_global_members": lambda rds: rds.list_global_members(),
    "find_global_cluster": lambda rds: rds.find_global_cluster("x"),
    "failover_cluster": lambda rds: rds.failover_cluster("shop-orders"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "call"), METHODS.items(), ids=METHODS)
def test_each_method_calls_what_it_declares(
    name: str, call: Callable[[Rds], object], rds: Rds, calls: list[str]
) -> None:
    calls.clear()
    call(rds)
    assert set(calls) == set(ACTIONS[name])


def test_every_method_is_declared() -> None:
    methods = {name for name in vars(Rds) if not name.startswith("_")}
    assert methods == set(ACTIONS) == set(METHODS)
