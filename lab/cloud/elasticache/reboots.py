"""RebootCacheCluster for members of groups, and what may not be done to a member by itself."""

from __future__ import annotations

from typing import Any

from lab.cloud.awserrors import elasticache_error, invalid_value
from lab.cloud.elasticache.creation import require_available
from lab.cloud.elasticache.group import Node, show_node
from lab.cloud.elasticache.snapshots import SnapshotState
from lab.cloud.runtime import RUNTIME, later

NODE_ID = "0001"
REBOOTING = "rebooting cluster nodes"


class RebootState(SnapshotState):
    """Nodes of groups as cache clusters. A reboot moves no role; the processes keep their data (see below)."""

    def reboot_member(self, cluster_id: str, node_ids: list[str]) -> dict[str, Any]:
        """Not with cluster mode. It does not fail over, and on AWS the node's data are lost (facts E5).

        The embedded AWS shows the status and the events; the processes run on.
        """
        with RUNTIME.lock:
            found = self.member(cluster_id)
            if found is None:
                raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {cluster_id} not found.")
            group, node = found
            if group.cluster_mode:
                raise elasticache_error(
                    "InvalidCacheClusterStateFault", "Rebooting is not supported with cluster mode enabled."
                )
            if node_ids != [NODE_ID]:
                raise invalid_value(f"Cache node ids must be {NODE_ID}, got {', '.join(node_ids)}")
            require_available(group)
            node.status = REBOOTING
            answer = show_node(group, node, with_nodes=True)
        later(RUNTIME.delays.rebooting_s, None, lambda: self._node_rebooted(node), f"reboot {cluster_id}")
        return answer

    def _node_rebooted(self, node: Node) -> None:
        node.status = ""
        self.tell("cache-cluster", node.cluster_id, f"Cache node {NODE_ID} restarted")

    def refuse_member(self, cluster_id: str, instead: str) -> None:
        """Raise when the cache cluster belongs to a group, which is changed by operations of its own."""
        if found := self.member(cluster_id):
            raise elasticache_error(
                "InvalidCacheClusterStateFault",
                f"{cluster_id} is a member of replication group {found[0].group_id}; use {instead}.",
            )
