"""One state: the API shows a writer only after the plane said so, and follows what happens behind its back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from lab.cloud.delays import NONE, Delays
from lab.cloud.rds.models import set_faults
from lab.plane import CacheRequest, ClusterRequest, MemcachedRequest, PlaneError, Record
from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_rds import CLUSTER, LARGE, shown, writer

PATIENCE_S = 20.0


class MemoryPlane:
    """A plane without processes that does what it is told when it is let: promotions wait for `gate`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.writers: dict[str, str] = {}
        self.sick: set[str] = set()
        self.passwords: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.caches: dict[str, CacheRequest] = {}
        self.primaries: dict[tuple[str, int], str] = {}
        self.calls: list[str] = []
        self.kept: dict[str, str] = {}
        self.requests: dict[str, ClusterRequest] = {}
        self.since: dict[str, datetime] = {}
        self.broken = False
        self._lost: list[Callable[[str, str], None]] = []

    def serves(self, engine: str) -> bool:
        return engine == "aurora-postgresql"

    def create_cluster(self, request: ClusterRequest) -> None:
        self.requests[request.cluster_id] = request
        self.passwords[request.cluster_id] = request.password

    def keep_snapshot(self, cluster_id: str, name: str) -> None:
        self.kept[name] = cluster_id

    def drop_snapshot(self, name: str) -> None:
        self.kept.pop(name)

    def restorable_since(self, cluster_id: str) -> datetime | None:
        return self.since.get(cluster_id)

    keep_backup, drop_backup = keep_snapshot, drop_snapshot

    def create_instance(self, cluster_id: str, instance_id: str) -> None:
        self._wait()
        self.writers.setdefault(cluster_id, instance_id)

    def _wait(self) -> None:
        assert self.gate.wait(PATIENCE_S)
        if self.broken:
            raise PlaneError("the process did not start")

    def delete_instance(self, cluster_id: str, instance_id: str) -> None:
        self.calls.append(f"delete {instance_id}")

    def delete_cluster(self, cluster_id: str) -> None:
        self.calls.append(f"delete {cluster_id}")

    def failover(self, cluster_id: str, target_id: str) -> None:
        self._wait()
        self.writers[cluster_id] = target_id

    def reboot(self, cluster_id: str, instance_id: str) -> None:
        self.calls.append(f"reboot {instance_id}")

    def set_password(self, cluster_id: str, password: str) -> None:
        self.passwords[cluster_id] = password

    def is_healthy(self, instance_id: str) -> bool:
        return instance_id not in self.sick

    def watch(self, on_writer_lost: Callable[[str, str], None]) -> None:
        self._lost.append(on_writer_lost)

    def lose_writer(self, cluster_id: str) -> None:
        dead = self.writers[cluster_id]
        self.sick.add(dead)
        for tell in self._lost:
            tell(cluster_id, dead)

    def publish(self, record: Record) -> None:
        self.records[record.name] = record

    def withdraw(self, name: str) -> None:
        self.records.pop(name, None)

    def freeze_dns(self, cluster_id: str, *, frozen: bool) -> None:
        self.calls.append(f"freeze {cluster_id} {frozen}")

    def create_cache(self, request: CacheRequest) -> None:
        self.caches[request.group_id] = request

    def delete_cache(self, group_id: str) -> None:
        self.caches.pop(group_id)

    def reshape_cache(self, group_id: str, shards: tuple[tuple[str, ...], ...], slots: tuple[str, ...]) -> None: ...
    def set_cluster_mode(self, group_id: str, *, on: bool) -> None: ...
    def keep_cache_snapshot(self, group_id: str, name: str) -> None: ...
    def drop_cache_snapshot(self, name: str) -> None: ...
    def create_memcached(self, request: MemcachedRequest) -> None: ...
    def reshape_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None: ...
    def reboot_memcached(self, cluster_id: str, nodes: tuple[str, ...]) -> None: ...
    def delete_memcached(self, cluster_id: str) -> None: ...

    def failover_cache(self, group_id: str, shard: int, target_node: str) -> None:
        self.calls.append(f"failover {group_id} {shard} {target_node}")
        self.primaries[group_id, shard] = target_node

    def cache_primary(self, group_id: str, shard: int) -> str | None:
        return self.primaries.get((group_id, shard))


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


@pytest.fixture
def plane() -> MemoryPlane:
    return MemoryPlane()


@pytest.fixture
def aws(plane: MemoryPlane) -> Aws:
    return Aws(plane)


def make(aws: Aws, *names: str, **more: Any) -> Any:
    """A cluster with ready instances; tiers count up from 0."""
    rds = aws("rds")
    rds.create_db_cluster(**{**CLUSTER, **more})
    for tier, name in enumerate(names):
        rds.create_db_instance(
            DBInstanceIdentifier=f"shop-orders-{name}",
            DBClusterIdentifier="shop-orders",
            Engine=CLUSTER["Engine"],
            DBInstanceClass=LARGE,
            PromotionTier=tier,
        )
        until(partial(_is_available, rds, f"shop-orders-{name}"))
    return rds


def _is_available(rds: Any, instance_id: str) -> bool:
    return status(rds, instance_id) == "available"


def status(rds: Any, instance_id: str) -> str:
    (instance,) = rds.describe_db_instances(DBInstanceIdentifier=instance_id)["DBInstances"]
    return str(instance["DBInstanceStatus"])


def messages(rds: Any) -> list[str]:
    events = rds.describe_events(SourceType="db-cluster", SourceIdentifier="shop-orders")["Events"]
    return [event["Message"] for event in events]


def test_an_instance_is_creating_until_its_process_is_up(aws: Aws, plane: MemoryPlane) -> None:
    rds = make(aws, "a")
    plane.gate.clear()
    rds.create_db_instance(
        DBInstanceIdentifier="shop-orders-b",
        DBClusterIdentifier="shop-orders",
        Engine=CLUSTER["Engine"],
        DBInstanceClass=LARGE,
    )
    assert status(rds, "shop-orders-b") == "creating"
    assert "Endpoint" not in rds.describe_db_instances(DBInstanceIdentifier="shop-orders-b")["DBInstances"][0]
    plane.gate.set()
    until(lambda: status(rds, "shop-orders-b") == "available")


def test_an_instance_whose_process_does_not_start_has_failed(aws: Aws, plane: MemoryPlane) -> None:
    plane.broken = True
    rds = aws("rds")
    rds.create_db_cluster(**CLUSTER)
    rds.create_db_instance(
        DBInstanceIdentifier="shop-orders-a",
        DBClusterIdentifier="shop-orders",
        Engine=CLUSTER["Engine"],
        DBInstanceClass=LARGE,
    )
    until(lambda: status(rds, "shop-orders-a") == "failed")


def test_the_writer_is_shown_only_after_the_promotion(aws: Aws, plane: MemoryPlane) -> None:
    rds = make(aws, "a", "b")
    plane.gate.clear()
    answer = rds.failover_db_cluster(DBClusterIdentifier="shop-orders")["DBCluster"]
    assert answer["Status"] == "failing-over"
    assert (writer(rds), shown(rds)["Status"]) == ("shop-orders-a", "failing-over")
    plane.gate.set()
    until(lambda: shown(rds)["Status"] == "available")
    assert writer(rds) == plane.writers["shop-orders"] == "shop-orders-b"


def test_a_promotion_that_fails_leaves_the_writer_and_says_so(aws: Aws, plane: MemoryPlane) -> None:
    """Aurora User Guide, event messages: RDS-EVENT-0069."""
    rds = make(aws, "a", "b")
    plane.broken = True
    rds.failover_db_cluster(DBClusterIdentifier="shop-orders")
    until(lambda: shown(rds)["Status"] == "available")
    assert writer(rds) == "shop-orders-a"
    assert messages(rds)[-1].startswith("Cluster failover failed")


def test_a_lost_writer_is_replaced_without_being_asked(aws: Aws, plane: MemoryPlane) -> None:
    """Aurora User Guide, "High availability": the healthy reader of the lowest tier; the sick one is passed over."""
    rds = make(aws, "a", "b", "c")
    plane.sick.add("shop-orders-b")
    plane.lose_writer("shop-orders")
    until(lambda: writer(rds) == "shop-orders-c")
    assert "Completed failover to DB instance: shop-orders-c" in messages(rds)
    assert {m["DBInstanceIdentifier"] for m in shown(rds)["DBClusterMembers"]} == {
        "shop-orders-a",
        "shop-orders-b",
        "shop-orders-c",
    }


def test_a_lost_writer_without_a_reader_is_restarted(aws: Aws, plane: MemoryPlane) -> None:
    """Same page: without a replica the writer is recreated in its place (facts F1)."""
    rds = make(aws, "a")
    plane.lose_writer("shop-orders")
    until(lambda: shown(rds)["Status"] == "available" and plane.calls)
    assert plane.calls == ["reboot shop-orders-a"]
    assert writer(rds) == "shop-orders-a"


def test_names_are_published_and_withdrawn(aws: Aws, plane: MemoryPlane) -> None:
    rds = make(aws, "a")
    until(lambda: len(plane.records) == 3)
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier="shop-orders",
        DBClusterEndpointIdentifier="reporting",
        EndpointType="READER",
        StaticMembers=["shop-orders-a"],
    )
    cluster = shown(rds)
    assert plane.records[cluster["Endpoint"]].kind == "writer"
    assert plane.records[cluster["ReaderEndpoint"]].kind == "reader"
    custom = rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier="reporting")["DBClusterEndpoints"][0]
    assert plane.records[custom["Endpoint"]].members == ("shop-orders-a",)
    rds.delete_db_instance(DBInstanceIdentifier="shop-orders-a")
    until(lambda: not rds.describe_db_instances()["DBInstances"])
    rds.delete_db_cluster(DBClusterIdentifier="shop-orders", SkipFinalSnapshot=True)
    until(lambda: not plane.records)


def test_the_managed_password_reaches_the_processes(aws: Aws, plane: MemoryPlane) -> None:
    rds = aws("rds")
    managed = {name: value for name, value in CLUSTER.items() if name != "MasterUserPassword"}
    rds.create_db_cluster(**managed, ManageMasterUserPassword=True)
    until(lambda: shown(rds)["Status"] == "available")
    arn = shown(rds)["MasterUserSecret"]["SecretArn"]
    assert plane.passwords["shop-orders"] in aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    before = plane.passwords["shop-orders"]
    rds.modify_db_cluster(DBClusterIdentifier="shop-orders", RotateMasterUserPassword=True, ApplyImmediately=True)
    until(lambda: plane.passwords["shop-orders"] != before)
    assert plane.passwords["shop-orders"] in aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]


class TestFaults:
    def test_a_failover_that_is_accepted_and_not_done(self, aws: Aws) -> None:
        """Seen in the field (facts F4): FailoverDBCluster answers 200 and nothing happens."""
        rds = make(aws, "a", "b")
        set_faults({"failover-ignored": ["shop-orders"]})
        assert rds.failover_db_cluster(DBClusterIdentifier="shop-orders")["DBCluster"]["Status"] == "available"
        assert writer(rds) == "shop-orders-a"
        assert "Started" not in "".join(messages(rds))

    def test_a_promotion_that_is_shown_and_was_never_done(self, aws: Aws, plane: MemoryPlane) -> None:
        rds = make(aws, "a", "b")
        set_faults({"promotion-skipped": ["shop-orders"]})
        rds.failover_db_cluster(DBClusterIdentifier="shop-orders")
        until(lambda: writer(rds) == "shop-orders-b")
        assert plane.writers["shop-orders"] == "shop-orders-a"

    def test_frozen_dns_is_the_planes(self, aws: Aws, plane: MemoryPlane) -> None:
        make(aws, "a", "b")
        set_faults({"dns-frozen": ["shop-orders"]})
        set_faults({})
        assert plane.calls == ["freeze shop-orders True", "freeze shop-orders False"]


def test_states_last_as_long_as_they_are_told_to(plane: MemoryPlane) -> None:
    aws = Aws(delays=Delays(failing_over_s=0.3))
    rds = make(aws, "a", "b")
    rds.failover_db_cluster(DBClusterIdentifier="shop-orders")
    assert shown(rds)["Status"] == "failing-over"
    until(lambda: shown(rds)["Status"] == "available")
    assert Aws(delays=NONE) is not None  # the next test waits for nothing


def test_caches_have_processes_and_names(aws: Aws, plane: MemoryPlane) -> None:
    cache = aws("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="g",
        ReplicationGroupDescription="d",
        Engine="valkey",
        NumNodeGroups=2,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
        ClusterMode="enabled",
    )
    until(lambda: cache.describe_replication_groups()["ReplicationGroups"][0]["Status"] == "available")
    assert plane.caches["g"].shards == (("g-0001-001", "g-0001-002"), ("g-0002-001", "g-0002-002"))
    name = cache.describe_replication_groups()["ReplicationGroups"][0]["ConfigurationEndpoint"]["Address"]
    assert len(plane.records[name].members) == 4
    cache.test_failover(ReplicationGroupId="g", NodeGroupId="0002")
    until(lambda: "failover g 1 g-0002-002" in plane.calls)
    cache.delete_replication_group(ReplicationGroupId="g")
    until(lambda: not plane.records and not plane.caches)


def test_a_lost_primary_is_shown_as_the_processes_have_it(aws: Aws, plane: MemoryPlane) -> None:
    """A primary that dies is failed over by the processes themselves; the API asks them who is primary."""
    cache = aws("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="g",
        ReplicationGroupDescription="d",
        Engine="valkey",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
    )
    until(lambda: cache.describe_replication_groups()["ReplicationGroups"][0]["Status"] == "available")
    plane.primaries["g", 0] = "g-002"
    group = cache.describe_replication_groups()["ReplicationGroups"][0]
    roles = {m["CacheClusterId"]: m["CurrentRole"] for m in group["NodeGroups"][0]["NodeGroupMembers"]}
    assert roles == {"g-001": "replica", "g-002": "primary"}
    assert plane.records[group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]].members == ("g-002",)
    told = [event["Message"] for event in cache.describe_events()["Events"]]
    assert "Failover from primary node g-001 to replica node g-002 completed" in told
