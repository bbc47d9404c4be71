"""ElastiCache operations of the overlay; moto's stay for stand-alone cache clusters."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.responses import ElastiCacheResponse

from lab.cloud.awserrors import elasticache_error
from lab.cloud.elasticache.group import show_group
from lab.cloud.elasticache.models import CacheBackend


class CacheResponse(ElastiCacheResponse):  # type: ignore[misc]
    """Parameters arrive parsed by botocore's model, results are serialised by it."""

    @property
    def cache(self) -> CacheBackend:
        backend: CacheBackend = self.elasticache_backend
        return backend

    @property
    def given(self) -> dict[str, Any]:
        return dict(self.params)

    # --- replication groups

    def create_replication_group(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.make_group(self.given)})

    def describe_replication_groups(self) -> ActionResult:
        name = self.given.get("ReplicationGroupId")
        found = [self.cache.group(name)] if name else self.cache.all_groups()
        return ActionResult({"ReplicationGroups": [show_group(group) for group in found]})

    def modify_replication_group(self) -> ActionResult:
        return ActionResult({"ReplicationGroup": self.cache.modify_group(self.given)})

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

    def describe_cache_clusters(self) -> ActionResult:
        name, shown = self.given.get("CacheClusterId"), bool(self.given.get("ShowCacheNodeInfo"))
        if name in self.cache.cache_clusters:
            return super().describe_cache_clusters()
        standalone = [] if name else list(self.cache.cache_clusters.values())
        members = (
            []
            if self.given.get("ShowCacheClustersNotInReplicationGroups")
            else self.cache.nodes(name, with_nodes=shown)
        )
        return ActionResult({"CacheClusters": [*members, *standalone]})

    # --- snapshots

    def create_snapshot(self) -> ActionResult:
        if not self.given.get("ReplicationGroupId"):
            return super().create_snapshot()
        group = self.cache.group(self.given["ReplicationGroupId"])
        return ActionResult({"Snapshot": self.cache.keep_snapshot(group, self.given["SnapshotName"])})

    def describe_snapshots(self) -> ActionResult:
        name, group_id = self.given.get("SnapshotName"), self.given.get("ReplicationGroupId")
        found = [
            snapshot
            for snapshot in self.cache.lab_snapshots.values()
            if name in {None, snapshot["SnapshotName"]} and group_id in {None, snapshot["ReplicationGroupId"]}
        ]
        if name and not found:
            raise elasticache_error("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        return ActionResult({"Snapshots": found})

    def delete_snapshot(self) -> ActionResult:
        name = self.given["SnapshotName"]
        if name not in self.cache.lab_snapshots:
            raise elasticache_error("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        return ActionResult({"Snapshot": {**self.cache.lab_snapshots.pop(name), "SnapshotStatus": "deleting"}})

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
        return ActionResult({"Users": found})

    def create_user_group(self) -> ActionResult:
        return ActionResult(self.cache.make_user_group(self.given))

    def modify_user_group(self) -> ActionResult:
        return ActionResult(self.cache.modify_user_group(self.given))

    def delete_user_group(self) -> ActionResult:
        return ActionResult(self.cache.drop_user_group(self.given["UserGroupId"]))

    def describe_user_groups(self) -> ActionResult:
        name = self.given.get("UserGroupId")
        found = [self.cache.user_group(name)] if name else list(self.cache.lab_user_groups.values())
        return ActionResult({"UserGroups": found})

    # --- parameter groups

    def create_cache_parameter_group(self) -> ActionResult:
        return ActionResult({"CacheParameterGroup": self.cache.make_parameter_group(self.given)})

    def describe_cache_parameter_groups(self) -> ActionResult:
        name = self.given.get("CacheParameterGroupName")
        found = [self.cache.parameter_group(name)] if name else list(self.cache.parameter_groups.values())
        return ActionResult({"CacheParameterGroups": found})

    def modify_cache_parameter_group(self) -> ActionResult:
        group = self.cache.parameter_group(self.given["CacheParameterGroupName"])
        for item in self.given["ParameterNameValues"]:
            group["parameters"][item["ParameterName"]] = item["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": group["CacheParameterGroupName"]})

    def describe_cache_parameters(self) -> ActionResult:
        group = self.cache.parameter_group(self.given["CacheParameterGroupName"])
        found = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in group["parameters"].items()
        ]
        return ActionResult({"Parameters": found})

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
        return ActionResult({"CacheSubnetGroups": found})

    def modify_cache_subnet_group(self) -> ActionResult:
        return ActionResult({"CacheSubnetGroup": self.cache.modify_subnet_group(self.given)})

    def delete_cache_subnet_group(self) -> ActionResult:
        name = self.given["CacheSubnetGroupName"]
        self.cache.drop_subnet_group(name, self.cache.users_of("CacheSubnetGroupName", name))
        return EmptyResult()

    # --- events and tags

    def describe_events(self) -> ActionResult:
        return ActionResult({"Events": self.cache.events(self.given)})

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"TagList": self.cache.tags_of(self.given["ResourceName"])})

    def add_tags_to_resource(self) -> ActionResult:
        self.cache.tag(self.given["ResourceName"], self.given["Tags"])
        return ActionResult({"TagList": self.cache.tags_of(self.given["ResourceName"])})

    def remove_tags_from_resource(self) -> ActionResult:
        self.cache.untag(self.given["ResourceName"], self.given["TagKeys"])
        return ActionResult({"TagList": self.cache.tags_of(self.given["ResourceName"])})
