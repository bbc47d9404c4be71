from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from lab.data.plane import ProcessPlane
from lab.data.slots import SLOTS, moves, ranges_of, read_slots, slot_of, slot_range, spread
from lab.data.valkey import ValkeyGroup
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


def test_slots_are_read_as_they_are_written() -> None:
    assert read_slots("0-2,7") == read_slots("0-2 7") == {0, 1, 2, 7}
    assert list(ranges_of({7, 0, 2, 1})) == [(0, 2), (7, 7)]


def test_only_what_changes_hands_is_moved() -> None:
    one, two, three = (dict(zip("abc", spread(count), strict=False)) for count in (1, 2, 3))
    assert moves(one, two) == [("a", "b", [(8192, 16383)])]
    assert [(source, target) for source, target, _ in moves(two, three)] == [("a", "b"), ("b", "c")]
    assert moves(two, two) == []


@pytest.mark.parametrize(
    ("key", "slot"), [(b"123456789", 12739), (b"foo{bar}baz", 5061), (b"bar", 5061), (b"foo{}{bar}", 8363)]
)
def test_a_key_has_the_slot_of_its_tag(key: bytes, slot: int) -> None:
    """The first is the specification's own; the last has an empty tag, so that the whole key counts."""
    assert slot_of(key) == slot


KEYS = [f"k{number}" for number in range(300)]
BINARY = b"\xff\x00 \r\n"


def filled(group: ValkeyGroup) -> None:
    holders = group.holders()
    for key in KEYS:
        group.primaries()[holders.get(slot_of(key.encode()), 0)].run("SET", key, f"value of {key}")


def held(group: ValkeyGroup) -> list[str | None]:
    """What the group answers for every key, each asked of the shard that holds its slot."""
    holders = group.holders()
    return [group.primaries()[holders.get(slot_of(key.encode()), 0)].run("GET", key) for key in KEYS]


ALL = [f"value of {key}" for key in KEYS]


@pytest.mark.lab
def test_shards_and_replicas_come_and_go_and_every_key_stays(plane: ProcessPlane) -> None:
    plane.create_cache(CacheRequest(group_id="grows", port=PORT, cluster_mode=True, shards=(("g-1-1", "g-1-2"),)))
    group = plane._caches["grows"]
    filled(group)
    plane.reshape_cache("grows", (("g-1-1", "g-1-2"), ("g-2-1", "g-2-2"), ("g-3-1", "g-3-2")), ())
    assert [len(shard) for shard in group.shards] == [2, 2, 2]
    assert all(primary.run("DBSIZE") for primary in group.primaries())
    assert held(group) == ALL
    plane.failover_cache("grows", 1, "g-2-2")
    plane.reshape_cache("grows", (("g-2-2", "g-2-1", "g-2-3"), ("g-3-1",)), ("0-99,16000-16383", "100-15999"))
    assert [[node.name for node in shard] for shard in group.shards] == [["g-2-2", "g-2-1", "g-2-3"], ["g-3-1"]]
    assert (plane.cache_primary("grows", 0), held(group)) == ("g-2-2", ALL)
    for node in group.all_nodes():
        assert len(str(node.run("CLUSTER", "NODES")).splitlines()) == 4  # the others are forgotten
    with pytest.raises(PlaneError, match="must keep its primary, got g-2-1; fail over first"):
        plane.reshape_cache("grows", (("g-2-1",), ("g-3-1",)), ())
    plane.delete_cache("grows")


@pytest.mark.lab
def test_a_snapshot_fills_groups_of_other_shapes(plane: ProcessPlane) -> None:
    plane.create_cache(CacheRequest(group_id="source", port=PORT, cluster_mode=True, shards=(("o-1",), ("o-2",))))
    source = plane._caches["source"]
    filled(source)
    source.primaries()[source.holders()[slot_of(BINARY)]].run("SET", BINARY, BINARY)
    plane.keep_cache_snapshot("source", "kept")
    source.primaries()[0].run("FLUSHALL")  # what comes later is not in it
    plane.delete_cache("source")
    for name, cluster_mode, shards in (
        ("three", True, (("t-1",), ("t-2",), ("t-3",))),
        ("one", False, (("n-1", "n-2"),)),
    ):
        plane.create_cache(
            CacheRequest(group_id=name, port=PORT, cluster_mode=cluster_mode, shards=shards, from_snapshot="kept")
        )
        group = plane._caches[name]
        assert held(group) == ALL
        assert sum(int(primary.run("DBSIZE")) for primary in group.primaries()) == len(KEYS) + 1
        plane.delete_cache(name)
    plane.drop_cache_snapshot("kept")
    late = CacheRequest(group_id="late", port=PORT, cluster_mode=False, shards=(("l-1",),), from_snapshot="kept")
    with pytest.raises(PlaneError, match="snapshot kept must be kept, got none"):
        plane.create_cache(late)
    assert "late" not in plane._caches


@pytest.mark.lab
def test_cluster_mode_is_turned_on_and_off_again_with_the_data(plane: ProcessPlane) -> None:
    plane.create_cache(CacheRequest(group_id="turns", port=PORT, cluster_mode=False, shards=(("u-1", "u-2"),)))
    group = plane._caches["turns"]
    filled(group)
    addresses = [node.address for node in group.all_nodes()]
    for on in (True, False):
        plane.set_cluster_mode("turns", on=on)
        assert ("cluster_enabled:1" in group.primaries()[0].run("INFO", "cluster")) is on
        assert held(group) == ALL
        assert [node.address for node in group.all_nodes()] == addresses
    plane.delete_cache("turns")


@pytest.mark.lab
def test_replicas_of_a_plain_group_come_and_go(plane: ProcessPlane) -> None:
    plane.create_cache(CacheRequest(group_id="few", port=PORT, cluster_mode=False, shards=(("f-1",),)))
    group = plane._caches["few"]
    filled(group)
    plane.reshape_cache("few", (("f-1", "f-2", "f-3"),), ())
    assert [node.run("DBSIZE") for node in group.all_nodes()] == [len(KEYS)] * 3
    plane.reshape_cache("few", (("f-1", "f-3"),), ())
    assert [row.member for row in plane.processes() if row.owner == "few"] == ["f-1", "f-3"]
    plane.delete_cache("few")
