"""ElastiCache operations of the overlay; moto's stay for stand-alone cache clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.responses import ElastiCacheResponse

from lab.cloud.awserrors import elasticache_error
from lab.cloud.elasticache.engine_versions import engine_versions
from lab.cloud.elasticache.global_responses import GlobalResponses
from lab.cloud.elasticache.group import show_group
from lab.cloud.elasticache.memcached import refuse_snapshot
from lab.cloud.elasticache.memcached_responses import MemcachedResponses
from lab.cloud.elasticache.models import CacheBackend
from lab.cloud.elasticache.moves import allowed_node_types
from lab.cloud.elasticache.parameter_groups import family_parameters
from lab.cloud.elasticache.serverless_responses import ServerlessResponses
from lab.cloud.paging import MOST, page

SNAPSHOTS_MOST = 50
"""DescribeSnapshots, MaxRecords: "Default: 50. Constraints: minimum 20; maximum 50"."""


class CacheResponse(MemcachedResponses, ServerlessResponses, GlobalResponses, ElastiCacheResponse):  # type: ignore[misc]
    """Parameters arrive parsed by botocore's model, results are serialised by it."""

    @property
    def cache(self) -> CacheBackend:
        backend: CacheBackend = self.elasticache_backend
        return backend

    @property
    def given(self) -> dict[str, Any]:
        return dict(self.params)

    def paged(self, key: str, found: Sequence[Any], most: int = MOST) -> ActionResult:
        """One page of what was found, by MaxRecords and Marker."""
        given = {"max_records": self.given.get("MaxRecords") or most, "marker": self.given.get("Marker")}
        return page(key, found, given, most=most)

    # --- replication groups

    def create_replication_group(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.make_group(self.given)})

    def describe_replication_groups(self) -> ActionResult:
        name = self.given.get("ReplicationGroupId")
        found = [self.cache.group(name)] if name else self.cache.all_groups()
        return self.paged("ReplicationGroups", [show_group(group) for group in found])

    def modify_replication_group(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.modify_group(self.given)})

    def modify_replication_group_shard_configuration(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.reshard(self.given)})

    def increase_replica_count(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.increase_replicas(self.given)})

    def decrease_replica_count(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.decrease_replicas(self.given)})

    def delete_replication_group(self) -> ActionResult:
        group = self.cache.drop_group(
            self.given["ReplicationGroupId"],
            self.given.get("FinalSnapshotIdentifier"),
            retain_primary=bool(self.given.get("RetainPrimaryCluster")),
        )
        return ActionResult({"ReplicationGroup": group})

    def test_failover(self) -> ActionResult:
        group = self.cache.test_failover(self.given["ReplicationGroupId"], self.given["NodeGroupId"])
        return ActionResult({"ReplicationGroup": group})

    def list_allowed_node_type_modifications(self) -> ActionResult:
        """Lists of one kind: the embedded AWS does not know which types are larger."""
        member = self.cache.member(self.given.get("CacheClusterId") or "")
        group = self.cache.group(self.given.get("ReplicationGroupId") or "") if member is None else member[0]
        found = allowed_node_types(group.settings)
        return ActionResult({"ScaleUpModifications": found, "ScaleDownModifications": found})

    # --- nodes of groups

    def describe_cache_clusters(self) -> ActionResult:
        name, shown = self.given.get("CacheClusterId"), bool(self.given.get("ShowCacheNodeInfo"))
        if name in self.cache.cache_clusters:
            return super().describe_cache_clusters()
        if self.asks_for_memcached():
            return self.paged("CacheClusters", self.cache.describe_memcached(name, with_nodes=shown))
        standalone = [] if name else list(self.cache.cache_clusters.values())
        members = (
            []
            if self.given.get("ShowCacheClustersNotInReplicationGroups")
            else self.cache.nodes(name, with_nodes=shown)
        )
        memcached = self.cache.describe_memcached(None, with_nodes=shown) if name is None else []
        return self.paged("CacheClusters", [*members, *memcached, *standalone])

    def create_cache_cluster(self) -> ActionResult:
        return self.create_memcached() if self.wants_memcached() else super().create_cache_cluster()

    def reboot_cache_cluster(self) -> ActionResult:
        if self.asks_for_memcached():
            return self.reboot_memcached()
        nodes = list(self.given.get("CacheNodeIdsToReboot") or [])
        return ActionResult({"CacheCluster": self.cache.reboot_member(self.given["CacheClusterId"], nodes)})

    def modify_cache_cluster(self) -> ActionResult:
        if self.asks_for_memcached():
            return self.modify_memcached()
        self.cache.refuse_member(self.given["CacheClusterId"], "ModifyReplicationGroup")
        raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {self.given['CacheClusterId']} not found.")

    def delete_cache_cluster(self) -> ActionResult:
        if self.asks_for_memcached():
            return self.delete_memcached()
        self.cache.refuse_member(self.given["CacheClusterId"], "DecreaseReplicaCount")
        return super().delete_cache_cluster()

    # --- snapshots

    def create_snapshot(self) -> ActionResult:
        if self.asks_for_memcached():
            refuse_snapshot()
        return ActionResult({"Snapshot": self.cache.make_snapshot(self.given)})

    def copy_snapshot(self) -> ActionResult:
        return ActionResult({"Snapshot": self.cache.copy_snapshot(self.given)})

    def describe_snapshots(self) -> ActionResult:
        return self.paged("Snapshots", self.cache.find_snapshots(self.given), most=SNAPSHOTS_MOST)

    def delete_snapshot(self) -> ActionResult:
        return ActionResult({"Snapshot": self.cache.drop_snapshot(self.given["SnapshotName"])})

    # --- engines

    def describe_cache_engine_versions(self) -> ActionResult:
        return self.paged("CacheEngineVersions", engine_versions(self.given))

    # --- users

    def create_user(self) -> ActionResult:
        return ActionResult(self.cache.make_user(self.given))

    def modify_user(self) -> ActionResult:
        return ActionResult(self.cache.modify_user(self.given))

    def delete_user(self) -> ActionResult:
        return ActionResult(self.cache.drop_user(self.given["UserId"]))

    def describe_users(self) -> ActionResult:
        name = self.given.get("UserId")
        found = [self.cache.user(name)] if name else list(self.cache.lab_users.values())
        return self.paged("Users", found)

    def create_user_group(self) -> ActionResult:
        return ActionResult(self.cache.make_user_group(self.given))

    def modify_user_group(self) -> ActionResult:
        return ActionResult(self.cache.modify_user_group(self.given))

    def delete_user_group(self) -> ActionResult:
        return ActionResult(self.cache.drop_user_group(self.given["UserGroupId"]))

    def describe_user_groups(self) -> ActionResult:
        name = self.given.get("UserGroupId")
        found = [self.cache.user_group(name)] if name else list(self.cache.lab_user_groups.values())
        return self.paged("UserGroups", found)

    # --- parameter groups

    def create_cache_parameter_group(self) -> ActionResult:
        return ActionResult({"CacheParameterGroup": self.cache.make_parameter_group(self.given)})

    def describe_cache_parameter_groups(self) -> ActionResult:
        name = self.given.get("CacheParameterGroupName")
        found = [self.cache.parameter_group(name)] if name else list(self.cache.parameter_groups.values())
        return self.paged("CacheParameterGroups", found)

    def modify_cache_parameter_group(self) -> ActionResult:
        name, items = self.given["CacheParameterGroupName"], list(self.given["ParameterNameValues"])
        changed = self.cache.set_parameters(name, items, self.cache.users_of("CacheParameterGroupName", name))
        return ActionResult({"CacheParameterGroupName": changed})

    def reset_cache_parameter_group(self) -> ActionResult:
        used_by = self.cache.users_of("CacheParameterGroupName", self.given["CacheParameterGroupName"])
        return ActionResult({"CacheParameterGroupName": self.cache.reset_parameters(self.given, used_by)})

    def describe_cache_parameters(self) -> ActionResult:
        found = self.cache.parameters_of(self.given["CacheParameterGroupName"], self.given.get("Source"))
        return self.paged("Parameters", found)

    def describe_engine_default_parameters(self) -> ActionResult:
        family = self.given["CacheParameterGroupFamily"]
        page = self.paged("Parameters", family_parameters(family)).result
        return ActionResult({"EngineDefaults": {**page, "CacheParameterGroupFamily": family}})

    def delete_cache_parameter_group(self) -> ActionResult:
        name = self.given["CacheParameterGroupName"]
        self.cache.drop_parameter_group(name, self.cache.users_of("CacheParameterGroupName", name))
        return EmptyResult()

    # --- subnet groups

    def create_cache_subnet_group(self) -> ActionResult:
        return ActionResult({"CacheSubnetGroup": self.cache.make_subnet_group(self.given)})

    def describe_cache_subnet_groups(self) -> ActionResult:
        name = self.given.get("CacheSubnetGroupName")
        found = [self.cache.subnet_group(name)] if name else list(self.cache.subnet_groups.values())
        return self.paged("CacheSubnetGroups", found)

    def modify_cache_subnet_group(self) -> ActionResult:
        return ActionResult({"CacheSubnetGroup": self.cache.modify_subnet_group(self.given)})

    def delete_cache_subnet_group(self) -> ActionResult:
        name = self.given["CacheSubnetGroupName"]
        self.cache.drop_subnet_group(name, self.cache.users_of("CacheSubnetGroupName", name))
        return EmptyResult()

    # --- events and tags

    def describe_events(self) -> ActionResult:
        return self.paged("Events", self.cache.events(self.given))

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"TagList": self.cache.tags_of(self.given["ResourceName"])})

    def add_tags_to_resource(self) -> ActionResult:
        self.cache.tag(self.given["ResourceName"], self.given["Tags"])
        return ActionResult({"TagList": self.cache.tags_of(self.given["ResourceName"])})

    def remove_tags_from_resource(self) -> ActionResult:
        self.cache.untag(self.given["ResourceName"], self.given["TagKeys"])
        return ActionResult({"TagList": self.cache.tags_of(self.given["ResourceName"])})
