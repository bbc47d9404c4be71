"""Which node of a shard is primary: TestFailover, promotion by hand, and what the processes did unasked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from lab.cloud.awserrors import elasticache_error, invalid_combination
from lab.cloud.elasticache.creation import CreationState, require_available
from lab.cloud.elasticache.group import Group, Node, Shard, show_group, show_node
from lab.cloud.elasticache.settings import FAILOVERS_PER_DAY
from lab.cloud.runtime import RUNTIME, later


class FailoverState(CreationState):
    """Groups as they are now, and how their primaries change."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.failovers: list[tuple[dt.datetime, str]] = []  # when, group and shard

    def group(self, group_id: str) -> Group:
        found = self.groups.get(group_id.lower())
        if found is None:
            raise elasticache_error("ReplicationGroupNotFoundFault", f"ReplicationGroup {group_id} not found.")
        self._follow_primaries(found)
        return found

    def all_groups(self) -> list[Group]:
        return [self.group(name) for name in list(self.groups)]

    def member(self, cluster_id: str) -> tuple[Group, Node] | None:
        """The group that a cache cluster belongs to, with its node; None for a cluster of its own."""
        for group in list(self.groups.values()):
            for node in group.nodes:
                if node.cluster_id == cluster_id.lower():
                    return group, node
        return None

    def nodes(self, cluster_id: str | None, *, with_nodes: bool) -> list[dict[str, Any]]:
        """Members of groups as cache clusters; an unknown id is an error."""
        found = [
            show_node(group, node, with_nodes=with_nodes)
            for group in self.all_groups()
            for node in group.nodes
            if cluster_id is None or cluster_id.lower() == node.cluster_id
        ]
        if cluster_id is not None and not found:
            raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {cluster_id} not found.")
        return found

    def _follow_primaries(self, group: Group) -> None:
        """Show the primaries that the processes have: one that dies is failed over without our being asked."""
        if group.status != "available":
            return
        with RUNTIME.lock:
            for index, shard in enumerate(group.shards):
                primary = RUNTIME.plane.cache_primary(group.group_id, index)
                new = next((node for node in shard.nodes if node.cluster_id == primary), None)
                if new is not None and new.role != "primary":
                    self._failed_over(group, shard.primary, new)

    def test_failover(self, group_id: str, shard_id: str) -> dict[str, Any]:
        """Replace a shard's primary. The group stays `available`; only events tell how it goes (facts E2)."""
        with RUNTIME.lock:
            group = self.group(group_id)
            require_available(group)
            shard = self._shard_to_fail(group, shard_id)
            target = next(node for node in shard.nodes if node.role == "replica")
            self.failovers.append((dt.datetime.now(dt.UTC), f"{group.group_id}/{shard_id}"))
            answer = show_group(group)
        self.tell("replication-group", group.group_id, f"Test Failover API called for node group {shard_id}")
        self.promote(group, shard, target)
        return answer

    def promote(self, group: Group, shard: Shard, target: Node) -> None:
        """Make a replica its shard's primary."""
        old, index = shard.primary, group.shards.index(shard)
        work = None
        if self.serves(group):
            work = lambda: RUNTIME.plane.failover_cache(group.group_id, index, target.cluster_id)  # noqa: E731
        done = lambda: self._failed_over(group, old, target)  # noqa: E731
        later(RUNTIME.delays.failing_over_s, work, done, f"failover {group.group_id}")

    def promote_by_hand(self, group: Group, cluster_id: str) -> None:
        """PrimaryClusterId: for one shard, with Multi-AZ and automatic failover off (facts E6)."""
        shard = group.shards[0]
        target = next((node for node in shard.nodes if node.cluster_id == cluster_id.lower()), None)
        if target is None:
            raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {cluster_id} is no member.")
        if group.mode != "disabled" or group.settings.get("AutomaticFailoverEnabled"):
            raise invalid_combination("PrimaryClusterId needs cluster mode and automatic failover to be disabled.")
        if target.role != "primary":
            self.promote(group, shard, target)

    def _shard_to_fail(self, group: Group, shard_id: str) -> Shard:
        shard = group.shard(shard_id)
        if shard is None:
            raise elasticache_error("NodeGroupNotFoundFault", f"Node group {shard_id} not found.")
        if not group.settings.get("AutomaticFailoverEnabled"):
            raise invalid_combination("Automatic failover must be enabled to test failover.")
        if not any(node.role == "replica" for node in shard.nodes):
            raise elasticache_error("InvalidReplicationGroupStateFault", f"Node group {shard_id} has no replica.")
        day_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=24)
        self.failovers = [(when, what) for when, what in self.failovers if when > day_ago]
        if len(self.failovers) >= FAILOVERS_PER_DAY:
            raise elasticache_error(
                "APICallRateForCustomerExceededFault", f"More than {FAILOVERS_PER_DAY} node groups within 24 hours."
            )
        return shard

    def _failed_over(self, group: Group, old: Node, new: Node) -> None:
        if new.role == "primary":
            return  # seen by `_follow` before the plane returned
        old.role, new.role = "replica", "primary"
        self.publish(group)  # primary and reader endpoints follow
        text = f"Failover from primary node {old.cluster_id} to replica node {new.cluster_id} completed"
        self.tell("cache-cluster", new.cluster_id, text)
        self.tell("replication-group", group.group_id, text)
        self.tell("cache-cluster", old.cluster_id, f"Recovering cache nodes {old.cluster_id}")
        self.tell("cache-cluster", old.cluster_id, f"Finished recovery for cache nodes {old.cluster_id}")
