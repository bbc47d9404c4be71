"""The ElastiCache backend: replication groups with shards, failover and endings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from moto.ec2.models import ec2_backends

from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache.access import AccessState
from lab.cloud.elasticache.group import Group, Node, Shard, make_shards, show_group, show_node
from lab.cloud.elasticache.settings import (
    CHANGE_ELSEWHERE,
    CHANGEABLE,
    DEFAULT_VERSIONS,
    DEFAULTS,
    FAILOVERS_PER_DAY,
    SNAPSHOT_KEYS,
    TAKEN,
    records,
    sizes,
)
from lab.cloud.runtime import RUNTIME, later
from lab.plane import CacheRequest


class CacheBackend(AccessState):
    """One account's ElastiCache in one Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.groups: dict[str, Group] = {}
        self.lab_snapshots: dict[str, dict[str, Any]] = {}
        self.failovers: list[tuple[dt.datetime, str]] = []  # when, group and shard

    def group(self, group_id: str) -> Group:
        found = self.groups.get(group_id.lower())
        if found is None:
            raise elasticache_error("ReplicationGroupNotFoundFault", f"ReplicationGroup {group_id} not found.")
        self._follow(found)
        return found

    def all_groups(self) -> list[Group]:
        return [self.group(name) for name in list(self.groups)]

    def _follow(self, group: Group) -> None:
        """Show the primaries that the processes have: one that dies is failed over without our being asked."""
        if group.status != "available":
            return
        with RUNTIME.lock:
            for index, shard in enumerate(group.shards):
                primary = RUNTIME.plane.cache_primary(group.group_id, index)
                new = next((node for node in shard.nodes if node.cluster_id == primary), None)
                if new is not None and new.role != "primary":
                    self._failed_over(group, shard.primary, new)

    # --- create

    def make_group(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self._new_group(dict(given))
            answer = show_group(group)
        request = CacheRequest(
            group_id=group.group_id,
            port=group.port,
            cluster_mode=group.cluster_mode,
            shards=tuple(tuple(node.cluster_id for node in shard.nodes) for shard in group.shards),
        )
        work = (lambda: RUNTIME.plane.create_cache(request)) if self.serves() else None
        available = lambda: self._available(group)  # noqa: E731
        failed = lambda _: setattr(group, "status", "create-failed")  # noqa: E731
        later(RUNTIME.delays.creating_s, work, available, f"create {group.group_id}", failed)
        return answer

    def _new_group(self, given: dict[str, Any]) -> Group:
        if unknown := sorted(set(given) - TAKEN):
            raise invalid_combination(
                f"CreateReplicationGroup: {', '.join(unknown)} is not modelled by the embedded AWS"
            )
        group_id = given["ReplicationGroupId"].lower()
        if group_id in self.groups:
            raise elasticache_error(
                "ReplicationGroupAlreadyExistsFault", f"Replication group {group_id} already exists."
            )
        count, replicas = sizes(given)
        cluster_mode = given.get("ClusterMode") == "enabled" or count > 1
        self._check(given, replicas)
        self._complete(given, cluster_mode=cluster_mode)
        zones = self._zones(given)
        group = Group(
            group_id=group_id,
            arn=self.arn("replicationgroup", group_id),
            domain=self.domain,
            settings=given,
            shards=make_shards(group_id, count=count, replicas=replicas, cluster_mode=cluster_mode, zones=zones),
            cluster_mode=cluster_mode,
            log_delivery=list(given.get("LogDeliveryConfigurations", [])),
            user_group_ids=[self.user_group(name)["UserGroupId"] for name in given.get("UserGroupIds", [])],
        )
        for name in group.user_group_ids:
            self.user_group(name)["ReplicationGroups"].append(group_id)
        self.groups[group_id] = group
        self.tag(group.arn, given.get("Tags"))
        return group

    def _check(self, given: dict[str, Any], replicas: int) -> None:
        if given.get("AutomaticFailoverEnabled") and not replicas:
            raise invalid_value("Replication group with automatic failover needs at least one replica.")
        if given.get("MultiAZEnabled") and not given.get("AutomaticFailoverEnabled"):
            raise invalid_combination("Must enable automatic failover to use MultiAZ.")
        if given.get("UserGroupIds") and not given.get("TransitEncryptionEnabled"):
            raise invalid_combination("Transit encryption must be enabled to use user groups.")
        self.check_security_groups(given.get("SecurityGroupIds", []))
        if name := given.get("CacheSubnetGroupName"):
            self.subnet_group(name)
        if name := given.get("CacheParameterGroupName"):
            self.parameter_group(name)

    def _complete(self, given: dict[str, Any], *, cluster_mode: bool) -> None:
        """What was not said, as ElastiCache fills it in."""
        given["Engine"] = given.get("Engine", "redis").lower()
        for name, value in DEFAULTS.items():
            given.setdefault(name, value)
        given.setdefault("EngineVersion", DEFAULT_VERSIONS[given["Engine"]])
        given.setdefault("CacheNodeType", "cache.r7g.large")
        suffix = ".cluster.on" if cluster_mode else ""
        family = f"{given['Engine']}{given['EngineVersion'].split('.')[0]}"
        given.setdefault("CacheParameterGroupName", f"default.{family}{suffix}")
        given.setdefault("AtRestEncryptionEnabled", given["Engine"] == "valkey")
        if given.get("TransitEncryptionEnabled"):
            given.setdefault("TransitEncryptionMode", "required")
        if given.get("KmsKeyId"):
            given["KmsKeyId"] = self.key_arn(given["KmsKeyId"])

    def _zones(self, given: dict[str, Any]) -> list[str]:
        if wanted := given.get("PreferredCacheClusterAZs"):
            return list(wanted)
        if given["CacheSubnetGroupName"] in self.subnet_groups:
            subnets = self.subnet_group(given["CacheSubnetGroupName"])["Subnets"]
            return sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})
        zones = ec2_backends[self.account_id][self.region_name].describe_availability_zones()
        return [zone.name for zone in zones]

    def _available(self, group: Group) -> None:
        group.status = "available"
        self.tell("replication-group", group.group_id, f"Replication group {group.group_id} created")
        for node in group.nodes:
            self.tell("cache-cluster", node.cluster_id, "Cache cluster created")
        self._publish(group)

    # --- names

    def _publish(self, group: Group) -> None:
        if self.serves():
            for record in records(group):
                RUNTIME.plane.publish(record)

    def _withdraw(self, group: Group) -> None:
        if self.serves():
            for record in records(group):
                RUNTIME.plane.withdraw(record.name)

    # --- change

    def modify_group(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.group(given["ReplicationGroupId"])
            _require_available(group)
            if unknown := sorted(set(given) - CHANGEABLE - CHANGE_ELSEWHERE):
                names = ", ".join(unknown)
                raise invalid_combination(f"ModifyReplicationGroup: {names} is not modelled by the embedded AWS")
            self.check_security_groups(given.get("SecurityGroupIds", []))
            if name := given.get("CacheParameterGroupName"):
                self.parameter_group(name)
            group.settings.update({key: value for key, value in given.items() if key in CHANGEABLE})
            self._change_user_groups(group, given)
            _change_log_delivery(group, given.get("LogDeliveryConfigurations", []))
            group.status = "modifying"
            answer = show_group(group)
        available = lambda: setattr(group, "status", "available")  # noqa: E731
        later(RUNTIME.delays.modifying_s, None, available, f"modify {group.group_id}")
        return answer

    def _change_user_groups(self, group: Group, given: dict[str, Any]) -> None:
        gone = (
            set(group.user_group_ids) if given.get("RemoveUserGroups") else set(given.get("UserGroupIdsToRemove", []))
        )
        for name in gone:
            self.user_group(name)["ReplicationGroups"].remove(group.group_id)
        added = [self.user_group(name)["UserGroupId"] for name in given.get("UserGroupIdsToAdd", [])]
        for name in added:
            self.user_group(name)["ReplicationGroups"].append(group.group_id)
        group.user_group_ids = [name for name in group.user_group_ids if name not in gone] + added

    # --- failover

    def test_failover(self, group_id: str, shard_id: str) -> dict[str, Any]:
        """Replace a shard's primary. The group stays `available`; only events tell how it goes (facts E2)."""
        with RUNTIME.lock:
            group = self.group(group_id)
            _require_available(group)
            shard = self._shard_to_fail(group, shard_id)
            target = next(node for node in shard.nodes if node.role == "replica")
            old = shard.primary
            self.failovers.append((dt.datetime.now(dt.UTC), f"{group.group_id}/{shard_id}"))
            answer = show_group(group)
        self.tell("replication-group", group.group_id, f"Test Failover API called for node group {shard_id}")
        index = group.shards.index(shard)
        work = None
        if self.serves():
            work = lambda: RUNTIME.plane.failover_cache(group.group_id, index, target.cluster_id)  # noqa: E731
        done = lambda: self._failed_over(group, old, target)  # noqa: E731
        later(RUNTIME.delays.failing_over_s, work, done, f"failover {group.group_id}")
        return answer

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
        self._publish(group)  # primary and reader endpoints follow
        text = f"Failover from primary node {old.cluster_id} to replica node {new.cluster_id} completed"
        self.tell("cache-cluster", new.cluster_id, text)
        self.tell("replication-group", group.group_id, text)
        self.tell("cache-cluster", old.cluster_id, f"Recovering cache nodes {old.cluster_id}")
        self.tell("cache-cluster", old.cluster_id, f"Finished recovery for cache nodes {old.cluster_id}")

    # --- delete

    def drop_group(self, group_id: str, final_snapshot: str | None, *, retain_primary: bool) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.group(group_id)
            if retain_primary:
                raise invalid_combination("RetainPrimaryCluster is not modelled by the embedded AWS")
            if group.status == "deleting":
                raise elasticache_error("InvalidReplicationGroupStateFault", f"{group_id} is being deleted already.")
            if final_snapshot:
                self.keep_snapshot(group, final_snapshot)
            group.status = "deleting"
            answer = show_group(group)
        work = (lambda: RUNTIME.plane.delete_cache(group.group_id)) if self.serves() else None
        later(RUNTIME.delays.deleting_s, work, lambda: self._forget(group), f"delete {group.group_id}")
        return answer

    def keep_snapshot(self, group: Group, name: str) -> dict[str, Any]:
        if name in self.lab_snapshots:
            raise elasticache_error("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")
        _require_available(group)
        kept = {key: value for key, value in group.settings.items() if key in SNAPSHOT_KEYS}
        snapshot = {
            **kept,
            "SnapshotName": name,
            "ReplicationGroupId": group.group_id,
            "SnapshotStatus": "available",
            "SnapshotSource": "manual",
            "NumNodeGroups": len(group.shards),
            "AutomaticFailover": "enabled" if group.settings.get("AutomaticFailoverEnabled") else "disabled",
            "ARN": self.arn("snapshot", name),
        }
        self.lab_snapshots[name] = snapshot
        self.tag(str(snapshot["ARN"]), None)
        return snapshot

    def _forget(self, group: Group) -> None:
        self._withdraw(group)
        for name in group.user_group_ids:
            if name in self.lab_user_groups:
                self.lab_user_groups[name]["ReplicationGroups"].remove(group.group_id)
        self.groups.pop(group.group_id, None)
        self.tell("replication-group", group.group_id, f"Replication group {group.group_id} deleted")

    def users_of(self, setting: str, name: str) -> list[str]:
        return [group.group_id for group in self.groups.values() if group.settings.get(setting) == name.lower()]

    def nodes(self, cluster_id: str | None, *, with_nodes: bool) -> list[dict[str, Any]]:
        """Members of groups as cache clusters; an unknown id is an error."""
        found = [
            show_node(group, node, with_nodes=with_nodes)
            for group in self.all_groups()
            for node in group.nodes
            if cluster_id in {None, node.cluster_id}
        ]
        if cluster_id is not None and not found:
            raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {cluster_id} not found.")
        return found


def _require_available(group: Group) -> None:
    if group.status != "available":
        raise elasticache_error(
            "InvalidReplicationGroupStateFault", f"Replication group {group.group_id} has status {group.status}."
        )


def _change_log_delivery(group: Group, changes: list[dict[str, Any]]) -> None:
    for change in changes:
        kept = [item for item in group.log_delivery if item["LogType"] != change["LogType"]]
        group.log_delivery = kept if change.get("Enabled") is False else [*kept, change]
