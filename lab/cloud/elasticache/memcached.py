"""Memcached clusters: create, modify, reboot, delete and describe them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from moto.ec2.models import ec2_backends

from lab.cloud.awserrors import elasticache_error, invalid_value
from lab.cloud.elasticache.failover import FailoverState
from lab.cloud.elasticache.memcached_checks import (
    CHANGE_ELSEWHERE,
    CHANGEABLE,
    TAKEN,
    check_addition,
    check_count,
    check_family,
    check_id,
    check_mode,
    check_removal,
    check_taken,
    check_tls,
    check_upgrade,
    check_version,
    check_zones,
)
from lab.cloud.elasticache.memcached_cluster import MemcachedCluster, MemcachedNode, Settings, now, show
from lab.cloud.runtime import RUNTIME, later

ENGINE = "memcached"
DEFAULTS: Settings = {
    "CacheNodeType": "cache.r7g.large",
    "CacheSubnetGroupName": "default",
    "EngineVersion": "1.6.22",
    "NumCacheNodes": 1,
    "Port": 11211,
    "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
}
PENDING = ("EngineVersion", "CacheNodeType")
"""Changes that wait for the maintenance window unless they are to be applied at once."""
REBOOTING = "rebooting cluster nodes"
SOURCE = "cache-cluster"


class MemcachedClusters(FailoverState):
    """A state of a cluster lasts until the plane's processes are done; a reboot and a removed node lose what they held.

    What is not to be applied immediately stays pending: no maintenance window ever comes in the embedded AWS.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.memcached: dict[str, MemcachedCluster] = {}

    @staticmethod
    def serves_memcached() -> bool:
        """Processes are there only where memcached is installed."""
        return RUNTIME.plane.serves(ENGINE)

    def memcached_cluster(self, cluster_id: str) -> MemcachedCluster:
        found = self.memcached.get(cluster_id.lower())
        if found is None:
            raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {cluster_id} not found.")
        return found

    def memcached_using(self, setting: str, name: str) -> list[str]:
        """Clusters that a setting of theirs names."""
        return [each.cluster_id for each in self.memcached.values() if each.settings.get(setting) == name.lower()]

    # --- create

    def make_memcached(self, given: Settings) -> dict[str, Any]:
        with RUNTIME.lock:
            cluster = self._new_memcached(dict(given))
            self.memcached[cluster.cluster_id] = cluster
            self.tag(cluster.arn, given.get("Tags"))
            answer = show(cluster, with_nodes=False)
        work = self._work(lambda: RUNTIME.plane.create_memcached(cluster.request()))
        available = lambda: self._memcached_available(cluster)  # noqa: E731
        failed = lambda _: setattr(cluster, "status", "create-failed")  # noqa: E731
        later(RUNTIME.delays.creating_s, work, available, f"create {cluster.cluster_id}", failed)
        return answer

    def _work(self, act: Callable[[], None]) -> Callable[[], None] | None:
        return act if self.serves_memcached() else None

    def _new_memcached(self, given: Settings) -> MemcachedCluster:
        check_taken("CreateCacheCluster", given, TAKEN)
        cluster_id = given["CacheClusterId"].lower()
        check_id(cluster_id)
        if cluster_id in self.memcached or self.member(cluster_id):
            raise elasticache_error("CacheClusterAlreadyExistsFault", f"Cache cluster {cluster_id} already exists.")
        settings = {**DEFAULTS, **given, "Engine": ENGINE}
        check_count(settings["NumCacheNodes"])
        check_version(settings["EngineVersion"])
        settings.setdefault(
            "CacheParameterGroupName", f"default.memcached{settings['EngineVersion'].rpartition('.')[0]}"
        )
        self._check_neighbours(settings)
        check_tls(settings)
        available = self._zones_of(settings["CacheSubnetGroupName"])
        check_zones(settings, available)
        zones = _spread(settings, available)
        return MemcachedCluster(
            cluster_id=cluster_id,
            arn=self.arn("cluster", cluster_id),
            domain=self.domain,
            settings=settings,
            nodes=[MemcachedNode(node_id=f"{number:04d}", zone=zone) for number, zone in enumerate(zones, start=1)],
        )

    def _check_neighbours(self, settings: Settings) -> None:
        """Groups that the settings name have to be there, and be of the right kind."""
        self.check_security_groups(settings.get("SecurityGroupIds", []))
        settings["CacheSubnetGroupName"] = settings["CacheSubnetGroupName"].lower()
        settings["CacheParameterGroupName"] = settings["CacheParameterGroupName"].lower()
        check_family(settings["EngineVersion"], self.parameter_group(settings["CacheParameterGroupName"]))

    def _zones_of(self, subnet_group: str) -> list[str]:
        """Zones that have a subnet of the group; all of the Region's for the group that AWS makes itself."""
        if subnet_group == DEFAULTS["CacheSubnetGroupName"] and subnet_group not in self.subnet_groups:
            zones = ec2_backends[self.account_id][self.region_name].describe_availability_zones()
            return [zone.name for zone in zones]
        subnets = self.subnet_group(subnet_group)["Subnets"]
        return sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})

    def _memcached_available(self, cluster: MemcachedCluster) -> None:
        cluster.status = "available"
        for node in cluster.nodes:
            self._node_added(cluster, node)
        self.tell(SOURCE, cluster.cluster_id, "Cache cluster created")
        self._publish_memcached(cluster)

    def _node_added(self, cluster: MemcachedCluster, node: MemcachedNode) -> None:
        node.status, node.created_at = "available", now()
        self.tell(SOURCE, cluster.cluster_id, f"Added cache node {node.node_id} in availability zone {node.zone}")

    def _publish_memcached(self, cluster: MemcachedCluster) -> None:
        if self.serves_memcached():
            for record in cluster.records():
                RUNTIME.plane.publish(record)

    # --- change

    def modify_memcached(self, given: Settings) -> dict[str, Any]:
        with RUNTIME.lock:
            cluster = self.memcached_cluster(given["CacheClusterId"])
            _require_available(cluster)
            self._check_change(cluster, given)
            at_once = bool(given.get("ApplyImmediately"))
            gone, added = self._take_count(cluster, given, at_once=at_once)
            restart = self._take_settings(cluster, given, at_once=at_once)
            cluster.status = "modifying"
            answer = show(cluster, with_nodes=True)
        stay = [node for node in cluster.nodes if node not in gone]

        def act() -> None:
            if gone or added:
                RUNTIME.plane.reshape_memcached(cluster.cluster_id, cluster.plane_names(stay))
            if restart:
                RUNTIME.plane.reboot_memcached(cluster.cluster_id, cluster.plane_names(stay))

        done = lambda: self._modified(cluster, gone, added)  # noqa: E731
        failed = lambda _: setattr(cluster, "status", "modify-failed")  # noqa: E731
        later(RUNTIME.delays.modifying_s, self._work(act), done, f"modify {cluster.cluster_id}", failed)
        return answer

    def _check_change(self, cluster: MemcachedCluster, given: Settings) -> None:
        check_taken("ModifyCacheCluster", given, CHANGEABLE | CHANGE_ELSEWHERE)
        count = given.get("NumCacheNodes", len(cluster.nodes))
        check_count(count)
        check_removal(cluster, count, given.get("CacheNodeIdsToRemove", []))
        available = self._zones_of(cluster.settings["CacheSubnetGroupName"])
        check_addition(cluster, count, given.get("NewAvailabilityZones", []), available)
        check_mode(cluster, given)
        check_upgrade(cluster, given)
        self.check_security_groups(given.get("SecurityGroupIds", []))
        if name := given.get("CacheParameterGroupName"):
            version = str(given.get("EngineVersion", cluster.settings["EngineVersion"]))
            check_family(version, self.parameter_group(name))

    def _take_count(
        self, cluster: MemcachedCluster, given: Settings, *, at_once: bool
    ) -> tuple[list[MemcachedNode], list[MemcachedNode]]:
        """Nodes that go and nodes that come; the number the cluster has cancels what is pending."""
        if "NumCacheNodes" not in given:
            return [], []
        cluster.pending.pop("NumCacheNodes", None)
        cluster.pending.pop("CacheNodeIdsToRemove", None)
        ids = given.get("CacheNodeIdsToRemove", [])
        if given["NumCacheNodes"] == len(cluster.nodes):
            return [], []
        cluster.pending |= {"NumCacheNodes": given["NumCacheNodes"]} | ({"CacheNodeIdsToRemove": ids} if ids else {})
        if not at_once:
            return [], []
        gone = [node for node in cluster.nodes if node.node_id in ids]
        for node in gone:
            node.status = "deleting"
        added = self._new_nodes(cluster, given)
        cluster.nodes += added
        return gone, added

    def _new_nodes(self, cluster: MemcachedCluster, given: Settings) -> list[MemcachedNode]:
        """Nodes with the lowest free ids, in the zones asked for, or in turn where the cluster crosses zones."""
        taken = {node.node_id for node in cluster.nodes}
        free = (f"{number:04d}" for number in range(1, len(taken) + given["NumCacheNodes"] + 1))
        ids = [node_id for node_id in free if node_id not in taken][: max(given["NumCacheNodes"] - len(taken), 0)]
        mode = given.get("AZMode") or cluster.settings.get("AZMode")
        available = self._zones_of(cluster.settings["CacheSubnetGroupName"])
        turn = available if mode == "cross-az" else [cluster.nodes[0].zone]
        zones = given.get("NewAvailabilityZones") or [turn[(len(taken) + i) % len(turn)] for i in range(len(ids))]
        return [MemcachedNode(node_id=node_id, zone=zone) for node_id, zone in zip(ids, zones, strict=True)]

    def _take_settings(self, cluster: MemcachedCluster, given: Settings, *, at_once: bool) -> bool:
        """Keep what changes; True where nodes start anew, and so empty."""
        changed = {key: value for key, value in given.items() if key in CHANGEABLE}
        waits = {key: value for key, value in changed.items() if key in PENDING and value != cluster.settings[key]}
        if waits and not at_once:
            cluster.pending |= waits
            changed = {key: value for key, value in changed.items() if key not in waits}
        if name := changed.get("CacheParameterGroupName"):
            changed["CacheParameterGroupName"] = name.lower()
            if name.lower() != cluster.settings["CacheParameterGroupName"]:
                cluster.to_reboot = [node.node_id for node in cluster.there]
                self.tell(SOURCE, cluster.cluster_id, f"Updated to use a CacheParameterGroup {name.lower()}")
        cluster.settings |= changed
        restart = bool(waits) and at_once
        if restart:
            cluster.to_reboot = []
        return restart

    def _modified(self, cluster: MemcachedCluster, gone: list[MemcachedNode], added: list[MemcachedNode]) -> None:
        before = len(cluster.there)
        for node in gone:
            cluster.nodes.remove(node)
            if self.serves_memcached():
                RUNTIME.plane.withdraw(cluster.name_of(node.node_id))
        for node in added:
            self._node_added(cluster, node)
        if gone:
            names = ", ".join(node.node_id for node in gone)
            self.tell(SOURCE, cluster.cluster_id, f"Removed cache nodes {names}")
        if gone or added:
            cluster.pending.pop("NumCacheNodes", None)
            cluster.pending.pop("CacheNodeIdsToRemove", None)
            cluster.to_reboot = [each for each in cluster.to_reboot if each in {n.node_id for n in cluster.nodes}]
            text = f"Finished modifying number of nodes from {before} to {len(cluster.nodes)}"
            self.tell(SOURCE, cluster.cluster_id, text)
        cluster.status = "available"
        self._publish_memcached(cluster)

    # --- reboot

    def reboot_memcached(self, given: Settings) -> dict[str, Any]:
        """Restart nodes: they come back empty, with the parameter group as it is now."""
        with RUNTIME.lock:
            cluster = self.memcached_cluster(given["CacheClusterId"])
            _require_available(cluster)
            wanted = set(given["CacheNodeIdsToReboot"])
            nodes = [node for node in cluster.nodes if node.node_id in wanted]
            if strange := sorted(wanted - {node.node_id for node in nodes}):
                raise invalid_value(f"Cache node {strange[0]} is not a node of {cluster.cluster_id}")
            cluster.status = REBOOTING
            for node in nodes:
                node.status = "rebooting"
                self.tell(SOURCE, cluster.cluster_id, f"Cache node {node.node_id} shutdown")
            answer = show(cluster, with_nodes=True)
        names = cluster.plane_names(nodes)
        work = self._work(lambda: RUNTIME.plane.reboot_memcached(cluster.cluster_id, names))
        later(RUNTIME.delays.rebooting_s, work, lambda: self._rebooted_nodes(cluster, nodes), "reboot")
        return answer

    def _rebooted_nodes(self, cluster: MemcachedCluster, nodes: list[MemcachedNode]) -> None:
        cluster.status = "available"
        for node in nodes:
            node.status = "available"
            self.tell(SOURCE, cluster.cluster_id, f"Cache node {node.node_id} restarted")
        cluster.to_reboot = [each for each in cluster.to_reboot if each not in {node.node_id for node in nodes}]

    # --- delete

    def drop_memcached(self, given: Settings) -> dict[str, Any]:
        with RUNTIME.lock:
            cluster = self.memcached_cluster(given["CacheClusterId"])
            if given.get("FinalSnapshotIdentifier"):
                refuse_snapshot()
            _require_available(cluster)
            cluster.status = "deleting"
            answer = show(cluster, with_nodes=False)
        work = self._work(lambda: RUNTIME.plane.delete_memcached(cluster.cluster_id))
        later(RUNTIME.delays.deleting_s, work, lambda: self._forget_memcached(cluster), f"delete {cluster.cluster_id}")
        return answer

    def _forget_memcached(self, cluster: MemcachedCluster) -> None:
        if self.serves_memcached():
            for record in cluster.records():
                RUNTIME.plane.withdraw(record.name)
        self.memcached.pop(cluster.cluster_id, None)
        self.tell(SOURCE, cluster.cluster_id, "Cache cluster deleted")

    def describe_memcached(self, cluster_id: str | None, *, with_nodes: bool) -> list[dict[str, Any]]:
        """All clusters, or the one of that id; an unknown id is an error."""
        with RUNTIME.lock:
            found = [self.memcached_cluster(cluster_id)] if cluster_id else list(self.memcached.values())
            return [show(cluster, with_nodes=with_nodes) for cluster in found]


def refuse_snapshot() -> NoReturn:
    """Memcached has none. [API reference, SnapshotFeatureNotSupportedFault]"""
    raise elasticache_error("SnapshotFeatureNotSupportedFault", "Snapshots are not supported for Memcached clusters.")


def _require_available(cluster: MemcachedCluster) -> None:
    if cluster.status != "available":
        raise elasticache_error(
            "InvalidCacheClusterStateFault", f"Cache cluster {cluster.cluster_id} has status {cluster.status}."
        )


def _spread(settings: Settings, available: list[str]) -> list[str]:
    """Zone of each node: those asked for, else one, or all in turn where the cluster crosses zones."""
    if wanted := settings.get("PreferredAvailabilityZones"):
        return list(wanted)
    turn = (
        available
        if settings.get("AZMode") == "cross-az"
        else [settings.get("PreferredAvailabilityZone") or available[0]]
    )
    return [turn[index % len(turn)] for index in range(settings["NumCacheNodes"])]
