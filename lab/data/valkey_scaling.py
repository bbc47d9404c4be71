"""A replication group takes another shape while it serves: replicas and shards come and go, slots move."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lab.data import valkey_snapshots
from lab.data.slots import moves, wanted_slots
from lab.data.valkey import slots_of, wait_until
from lab.plane import PlaneError

if TYPE_CHECKING:
    from lab.data.slots import Range
    from lab.data.valkey import ValkeyGroup, ValkeyNode

MOVE_TIMEOUT_S = 60.0


def reshape(group: ValkeyGroup, shards: Sequence[Sequence[str]], slots: Sequence[str]) -> None:
    """Make the nodes of a group be exactly these, by shard; see `DataPlane.reshape_cache`.

    Raises:
        PlaneError: a shard that stays would lose its primary, or the processes did not follow in time.
    """
    with group.lock:
        before = {node.name: node for node in group.all_nodes()}
        old_primaries = {node.name for node in group.primaries()}
        wanted = {name for shard in shards for name in shard}
        leaving = [node for name, node in before.items() if name not in wanted]
        primaries = [_primary(shard, before, old_primaries) for shard in shards]
        made = [[before.get(name) or group.new_node(name) for name in shard] for shard in shards]
        fresh = [node for shard in made for node in shard if node.name not in before]
        for node in fresh:
            node.start()
        group.adopt([*made, leaving] if leaving else made, primaries)
        if group.cluster_mode:
            group.introduce(fresh)
        group.attach([shard for shard in made if any(node in fresh for node in shard)])
        if group.cluster_mode:
            _move_slots(group, dict(zip(primaries, wanted_slots(len(shards), slots), strict=True)), before)
        _dismiss(group, leaving)
        group.adopt(made, primaries)


def _primary(shard: Sequence[str], before: dict[str, ValkeyNode], primaries: set[str]) -> str:
    """Who is primary of a shard: as before where it stays, its first node where it is new."""
    if not any(name in before for name in shard):
        return shard[0]
    kept = next((name for name in shard if name in primaries), None)
    if kept is None:
        raise PlaneError(f"a shard that stays must keep its primary, got {', '.join(shard)}; fail over first")
    return kept


def _move_slots(group: ValkeyGroup, wanted: dict[str, frozenset[int]], before: dict[str, ValkeyNode]) -> None:
    nodes = before | {node.name: node for node in group.all_nodes()}
    now = {name: slots_of(node) for name, node in nodes.items() if node.info().get("role") == "master"}
    for source, target, ranges in moves(now, wanted):
        _migrate(nodes[source], nodes[target], ranges)
    wait_until("every shard holds its slots", lambda: all(slots_of(nodes[name]) == due for name, due in wanted.items()))


def _migrate(source: ValkeyNode, target: ValkeyNode, ranges: list[Range]) -> None:
    """Move slots with their keys; clients of the source are sent on once the target has them all."""
    spans = [edge for span in ranges for edge in span]
    source.run("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *spans, "NODE", str(target.run("CLUSTER", "MYID")))
    due = frozenset(slot for first, last in ranges for slot in range(first, last + 1))
    wait_until(
        f"{target.name} holds the slots of {source.name}", lambda: due <= slots_of(target), timeout_s=MOVE_TIMEOUT_S
    )


def _dismiss(group: ValkeyGroup, leaving: Sequence[ValkeyNode]) -> None:
    """Stop nodes on which nothing is left, and let the others forget them."""
    ids = [str(node.run("CLUSTER", "MYID")) for node in leaving] if group.cluster_mode else []
    for node in leaving:
        node.stop()
        group.block.give_back(node.address)
        shutil.rmtree(node.directory, ignore_errors=True)
    for node in group.all_nodes():
        for gone in ids if node.is_ready else ():
            node.run("CLUSTER", "FORGET", gone)


def set_cluster_mode(group: ValkeyGroup, *, on: bool, folder: Path) -> None:
    """Start every node again with cluster mode on or off and give the group its data back; it has one shard."""
    with group.lock:
        valkey_snapshots.keep(group, folder)
        for node in group.all_nodes():
            node.stop()
            (node.directory / "nodes.conf").unlink(missing_ok=True)
            node.cluster_mode = on
        group.cluster_mode = on
        names = [node.name for node in group.primaries()]
        group.shards = [sorted(shard, key=lambda node: node.name not in names) for shard in group.shards]
        group.start()
        valkey_snapshots.fill(group, sorted(folder.glob("*.rdb")))
        shutil.rmtree(folder)
        for shard in group.shards:
            for replica in shard[1:]:
                wait_until(f"{replica.name} has the data", partial(_has_all, shard[0], replica))


def _has_all(primary: ValkeyNode, replica: ValkeyNode) -> bool:
    return bool(primary.run("DBSIZE") == replica.run("DBSIZE"))
