"""Groups that get other shards or nodes while they serve: what increasing replicas and resharding share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lab.cloud.awserrors import invalid_value
from lab.cloud.elasticache.creation import names_of
from lab.cloud.elasticache.group import Group, Node, Shard, show_group
from lab.cloud.elasticache.modification import ModifyState
from lab.cloud.runtime import RUNTIME, later

HALF = 50.0


class ReshapeState(ModifyState):
    """What is there is shown as it was, `modifying`, until the processes have followed."""

    def reshape(self, group: Group, wanted: list[Shard], what: str, pending: dict[str, Any]) -> dict[str, Any]:
        """Make the group's shards these. A node that stays is the same object in both."""
        group.status = "modifying"
        group.pending |= pending
        answer = show_group(group)
        shape = tuple(shard.names for shard in wanted)
        slots = tuple(shard.slots or "" for shard in wanted) if group.cluster_mode else ()
        work = None
        if self.serves(group):
            work = lambda: RUNTIME.plane.reshape_cache(group.group_id, shape, slots)  # noqa: E731
        half = RUNTIME.delays.modifying_s / 2
        name = f"{what} {group.group_id}"

        def finish() -> None:
            _half_way(group)
            done, failed = (lambda: self._reshaped(group, wanted, what)), (lambda e: self._not_reshaped(group, what, e))
            later(half, work, done, name, failed)

        later(half, None, finish, name)
        return answer

    def _reshaped(self, group: Group, wanted: list[Shard], what: str) -> None:
        before, nodes = names_of(group), {node.cluster_id for node in group.nodes}
        group.shards = wanted
        self._group_modified(group)
        self.withdraw(before - names_of(group))
        self.publish(group)
        now = {node.cluster_id for node in group.nodes}
        for cluster_id in sorted(now - nodes):
            self.tell("cache-cluster", cluster_id, "Cache cluster created")
        for cluster_id in sorted(nodes - now):
            self.tell("cache-cluster", cluster_id, "Cache cluster deleted")
        self.tell("replication-group", group.group_id, f"{what} of replication group {group.group_id} completed")

    def _not_reshaped(self, group: Group, what: str, error: Exception) -> None:
        self._group_modified(group)
        self.tell("replication-group", group.group_id, f"{what} of {group.group_id} failed: {error}")


def _half_way(group: Group) -> None:
    if "Resharding" in group.pending:
        group.pending["Resharding"] = progress(HALF)


def progress(percent: float) -> dict[str, Any]:
    """PendingModifiedValues.Resharding."""
    return {"SlotMigration": {"ProgressPercentage": percent}}


def require_now(given: dict[str, Any]) -> None:
    """Shards and replicas change at once: later "is not currently supported" (ApplyImmediately; facts E16)."""
    if not given["ApplyImmediately"]:
        raise invalid_value("ApplyImmediately must be true: changing it later is not currently supported.")


def more_nodes(shard: Shard, zones: Sequence[str]) -> list[Node]:
    """Replicas in these zones, their ids counted on from the shard's last."""
    base = re.sub(r"-\d{3}$", "", shard.nodes[0].cluster_id)
    last = max(int(node.cluster_id.rpartition("-")[2]) for node in shard.nodes)
    return [
        Node(cluster_id=f"{base}-{last + number:03d}", role="replica", zone=zone)
        for number, zone in enumerate(zones, start=1)
    ]
