from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from lab.data.plane import ProcessPlane
from lab.data.valkey import SLOTS, ValkeyGroup, slot_range
from lab.plane import CacheRequest, PlaneError, Record
from tests.lab.data.support import eventually

PORT = 6380
SHARDS = (("s-0001-001", "s-0001-002"), ("s-0002-001", "s-0002-002"))
PLAIN = (("p-001", "p-002", "p-003"),)


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 500])
def test_every_slot_belongs_to_one_shard(shards: int) -> None:
    ranges = [slot_range(shard, shards) for shard in range(shards)]
    assert [slot for first, last in ranges for slot in range(first, last + 1)] == list(range(SLOTS))


@pytest.fixture(scope="module")
def sharded(plane: ProcessPlane) -> Iterator[ValkeyGroup]:
    plane.create_cache(CacheRequest(group_id="sharded", port=PORT, cluster_mode=True, shards=SHARDS))
    yield plane._caches["sharded"]
    plane.delete_cache("sharded")


@pytest.fixture(scope="module")
def plain(plane: ProcessPlane) -> Iterator[ValkeyGroup]:
    plane.create_cache(CacheRequest(group_id="plain", port=PORT, cluster_mode=False, shards=PLAIN))
    yield plane._caches["plain"]
    plane.delete_cache("plain")


@pytest.mark.lab
def test_a_sharded_group_covers_all_slots(sharded: ValkeyGroup) -> None:
    for node in sharded.all_nodes():
        assert f"cluster_slots_ok:{SLOTS}" in str(node.run("CLUSTER", "INFO"))
        assert (node.address, node.port) != ("127.0.0.1", PORT)


@pytest.mark.lab
def test_a_shard_fails_over_and_keeps_its_keys(plane: ProcessPlane, sharded: ValkeyGroup) -> None:
    first, second = sharded.shards[0]
    key = next(f"k{n}" for n in range(1000) if int(first.run("CLUSTER", "KEYSLOT", f"k{n}")) <= slot_range(0, 2)[1])
    first.run("SET", key, "kept")
    assert first.run("WAIT", 1, 5000) == 1
    plane.failover_cache("sharded", 0, second.name)
    assert plane.cache_primary("sharded", 0) == second.name
    assert second.run("GET", key) == "kept"
    eventually(lambda: first.is_ready and first.info().get("role") == "slave", "the old primary is a replica")


@pytest.mark.lab
def test_a_plain_group_fails_over_by_itself_when_its_primary_dies(plane: ProcessPlane, plain: ValkeyGroup) -> None:
    before = plane.cache_primary("plain", 0)
    victim = next(node for node in plain.all_nodes() if node.name == before)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    eventually(lambda: plane.cache_primary("plain", 0) != before, "another is primary")
    eventually(lambda: all(node.is_ready for node in plain.all_nodes()), "all are back")
    eventually(
        lambda: sorted(str(node.info().get("role")) for node in plain.all_nodes()) == ["master", "slave", "slave"],
        "one primary, two replicas",
    )


@pytest.mark.lab
def test_cache_names_follow_the_group(plane: ProcessPlane, plain: ValkeyGroup) -> None:
    addresses = {node.name: node.address for node in plain.all_nodes()}
    primary = plane.cache_primary("plain", 0)
    assert primary is not None
    for kind, wanted in (
        ("PRIMARY", {addresses[primary]}),
        ("READER", set(addresses.values()) - {addresses[primary]}),
        ("ANY", set(addresses.values())),
    ):
        plane.publish(Record(name="cache.test", kind="cache", owner="plain", custom_type=kind))
        assert {plane.resolve("cache.test") for _ in range(6)} == wanted
    plane.publish(Record(name="cache.test", kind="cache", owner="p-002"))
    assert plane.resolve("cache.test") == addresses["p-002"]


@pytest.mark.lab
def test_only_a_running_replica_is_promoted(plane: ProcessPlane, plain: ValkeyGroup) -> None:
    with pytest.raises(PlaneError, match="running replica of shard 0, got nobody"):
        plane.failover_cache("plain", 0, "nobody")
    assert plain.primary_of(0)
