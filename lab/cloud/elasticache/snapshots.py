"""Snapshots of replication groups: created, copied, exported, restored from, deleted.

Automatic snapshots are not taken: a window is kept and shown, and nothing happens in it. Copies stay in the account
and Region; CopySnapshot has no other Region (API reference): what goes further goes through a bucket.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from estate import engines
from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache.creation import names_of, require_available
from lab.cloud.elasticache.destinations import check_bucket, check_granted, export_to
from lab.cloud.elasticache.group import Group, Shard, effective_durability, show_group
from lab.cloud.elasticache.resharding import ReshardingState
from lab.cloud.runtime import RUNTIME, later

PER_NODE_AND_DAY = 20
"""Manual snapshots of a node in 24 hours (user guide, "Backup constraints"; facts E14)."""
KEPT = (
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "Port",
    "CacheParameterGroupName",
    "CacheSubnetGroupName",
    "KmsKeyId",
    "PreferredMaintenanceWindow",
    "SnapshotRetentionLimit",
    "SnapshotWindow",
    "AutoMinorVersionUpgrade",
    "ReplicationGroupDescription",
)
INHERITED = ("Engine", "EngineVersion", "CacheNodeType", "Port")
"""What a restored group takes from the snapshot where the request says nothing (user guide, "Restoring")."""
SOURCES = {"user": "manual", "system": "automated"}


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """One snapshot as the API shows it, and what it shows only when asked."""

    shown: dict[str, Any]
    nodes: list[dict[str, Any]]
    data: str  # the plane's name of what it holds; copies share it
    created_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def name(self) -> str:
        return str(self.shown["SnapshotName"])

    @property
    def status(self) -> str:
        return str(self.shown["SnapshotStatus"])

    @status.setter
    def status(self, status: str) -> None:
        self.shown["SnapshotStatus"] = status

    def show(self, *, config: bool = False) -> dict[str, Any]:
        nodes = [
            {key: value for key, value in node.items() if config or key != "NodeGroupConfiguration"}
            for node in self.nodes
        ]
        return {**self.shown, "NodeSnapshots": nodes}


class SnapshotState(ReshardingState):
    """Snapshots by name, and what of a group's life they touch: its birth and its end."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lab_snapshots: dict[str, Snapshot] = {}

    # --- create

    def make_snapshot(self, given: dict[str, Any]) -> dict[str, Any]:
        """Of a whole group, or of one of its nodes without cluster mode; `creating` first."""
        with RUNTIME.lock:
            group, cluster_id = self._snapshot_source(given)
            require_available(group)
            snapshot = self._new_snapshot(group, given, cluster_id)
            group.status = "snapshotting"
            answer = snapshot.show()
        work = (
            (lambda: RUNTIME.plane.keep_cache_snapshot(group.group_id, snapshot.data)) if self.serves(group) else None
        )
        done = lambda: self._snapshot_taken(group, snapshot)  # noqa: E731
        failed = lambda _: self._snapshot_lost(group, snapshot)  # noqa: E731
        later(RUNTIME.delays.creating_s, work, done, f"snapshot {snapshot.name}", failed)
        return answer

    def _snapshot_source(self, given: dict[str, Any]) -> tuple[Group, str | None]:
        group_id, cluster_id = given.get("ReplicationGroupId"), given.get("CacheClusterId")
        if (group_id is None) == (cluster_id is None):
            raise invalid_combination("Either ReplicationGroupId or CacheClusterId must be given, and not both.")
        if group_id is not None:
            return self.group(group_id), None
        found = self.member(str(cluster_id))
        if found is None:
            raise elasticache_error("CacheClusterNotFoundFault", f"CacheCluster {cluster_id} not found.")
        group, node = found
        if group.mode == "enabled":
            raise invalid_combination(f"{cluster_id} is a node of a group with cluster mode: give ReplicationGroupId.")
        return group, node.cluster_id

    def _new_snapshot(self, group: Group, given: dict[str, Any], cluster_id: str | None = None) -> Snapshot:
        name = given["SnapshotName"].lower()
        if name in self.lab_snapshots:
            raise elasticache_error("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")
        key = self.key_arn(given["KmsKeyId"]) if given.get("KmsKeyId") else None
        nodes = [_node_snapshot(shard, cluster_id) for shard in group.shards]
        self._check_snapshot_quota([node["CacheClusterId"] for node in nodes])
        snapshot = Snapshot(
            shown=_describe(group, name, self.arn("snapshot", name), key, cluster_id),
            nodes=nodes,
            data=uuid.uuid4().hex,
        )
        self.lab_snapshots[name] = snapshot
        self.tag(snapshot.shown["ARN"], given.get("Tags"))
        return snapshot

    def _check_snapshot_quota(self, cluster_ids: list[str]) -> None:
        day_ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=24)
        recent = [
            node["CacheClusterId"]
            for snapshot in self.lab_snapshots.values()
            if snapshot.created_at > day_ago and not snapshot.shown.get("is_copy")
            for node in snapshot.nodes
        ]
        if any(recent.count(name) >= PER_NODE_AND_DAY for name in cluster_ids):
            raise elasticache_error(
                "SnapshotQuotaExceededFault", f"More than {PER_NODE_AND_DAY} manual snapshots of a node in 24 hours."
            )

    def _snapshot_taken(self, group: Group, snapshot: Snapshot) -> None:
        snapshot.status = "available"
        group.status = "available"
        for node in snapshot.nodes:
            self.tell(
                "cache-cluster", node["CacheClusterId"], f"Snapshot succeeded for snapshot with ID '{snapshot.name}'"
            )

    def _snapshot_lost(self, group: Group, snapshot: Snapshot) -> None:
        self.lab_snapshots.pop(snapshot.name, None)
        group.status = "available"
        self.tell("replication-group", group.group_id, f"Snapshot {snapshot.name} failed")

    # --- copy and export

    def copy_snapshot(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            source = self.snapshot(given["SourceSnapshotName"])
            if source.status != "available":
                raise elasticache_error("InvalidSnapshotStateFault", f"Snapshot {source.name} is {source.status}.")
            if bucket := given.get("TargetBucket"):
                return self._export_snapshot(source, given["TargetSnapshotName"], bucket)
            name = given["TargetSnapshotName"].lower()
            if name in self.lab_snapshots:
                raise elasticache_error("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")
            key = self.key_arn(given["KmsKeyId"]) if given.get("KmsKeyId") else source.shown.get("KmsKeyId")
            shown = {
                **source.shown,
                "SnapshotName": name,
                "ARN": self.arn("snapshot", name),
                "KmsKeyId": key,
                "SnapshotStatus": "copying",
                "SnapshotSource": "manual",
                "is_copy": True,
            }
            copy = Snapshot(shown=shown, nodes=source.nodes, data=source.data)
            self.lab_snapshots[name] = copy
            self.tag(shown["ARN"], given.get("Tags"))
            answer = copy.show()
        later(RUNTIME.delays.creating_s, None, lambda: setattr(copy, "status", "available"), f"copy {name}")
        return answer

    def _export_snapshot(self, source: Snapshot, name: str, bucket: str) -> dict[str, Any]:
        """One file for each shard: `name-0001.rdb` (user guide, "Exporting a backup"). It says what it stands for."""
        if source.shown["DataTiering"] == "enabled":
            raise invalid_combination("Snapshots of clusters with data tiering cannot be exported to S3.")
        check_bucket(self.account_id, self.region_name, bucket)
        check_granted(self.account_id, self.region_name, bucket)
        for node in source.nodes:
            body = json.dumps({"snapshot": source.name, "node_group": node["NodeGroupId"]}).encode()
            export_to(self.account_id, bucket, f"{name}-{node['NodeGroupId']}.rdb", body)
        return source.show()

    # --- describe and delete

    def snapshot(self, name: str) -> Snapshot:
        found = self.lab_snapshots.get(name.lower())
        if found is None:
            raise elasticache_error("SnapshotNotFoundFault", f"Snapshot {name} not found.")
        return found

    def find_snapshots(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Those that DescribeSnapshots' filters leave, oldest first."""
        name, source = given.get("SnapshotName"), given.get("SnapshotSource")
        if source is not None and source not in SOURCES:
            raise invalid_value(f"Invalid SnapshotSource {source}: must be user or system")
        found = [self.snapshot(name)] if name else list(self.lab_snapshots.values())
        wanted: list[Callable[[Snapshot], bool]] = [
            lambda each: _is(each, "ReplicationGroupId", given.get("ReplicationGroupId")),
            lambda each: _is_of(each, given.get("CacheClusterId")),
            lambda each: source is None or each.shown["SnapshotSource"] == SOURCES[source],
        ]
        config = bool(given.get("ShowNodeGroupConfig"))
        return [each.show(config=config) for each in found if all(test(each) for test in wanted)]

    def drop_snapshot(self, name: str) -> dict[str, Any]:
        with RUNTIME.lock:
            snapshot = self.snapshot(name)
            if snapshot.status != "available":
                raise elasticache_error("InvalidSnapshotStateFault", f"Snapshot {name} is {snapshot.status}.")
            snapshot.status = "deleting"
            answer = snapshot.show()
        later(RUNTIME.delays.deleting_s, None, lambda: self._snapshot_dropped(snapshot), f"delete snapshot {name}")
        return answer

    def _snapshot_dropped(self, snapshot: Snapshot) -> None:
        self.lab_snapshots.pop(snapshot.name, None)
        if self.serves() and all(each.data != snapshot.data for each in self.lab_snapshots.values()):
            RUNTIME.plane.drop_cache_snapshot(snapshot.data)

    # --- birth and end of groups

    def inherit(self, given: dict[str, Any]) -> dict[str, Any]:
        """Node groups "in the snapshot and in the restored replication group must be the same" (NumNodeGroups)."""
        name = given.get("SnapshotName")
        if name is None:
            return super().inherit(given)
        if given.get("SnapshotArns"):
            raise invalid_combination("SnapshotName and SnapshotArns cannot be used together.")
        snapshot = self.snapshot(name)
        if snapshot.status != "available":
            raise elasticache_error("InvalidSnapshotStateFault", f"Snapshot {name} is {snapshot.status}.")
        shown = snapshot.shown
        count = given.get("NumNodeGroups") or len(given.get("NodeGroupConfiguration") or []) or shown["NumNodeGroups"]
        if count != shown["NumNodeGroups"]:
            raise invalid_combination(f"Snapshot {name} has {shown['NumNodeGroups']} node groups, not {count}.")
        if shown["Engine"] == "valkey" and given.get("Engine", "valkey").lower() == "redis":
            raise invalid_combination(f"Snapshot {name} of valkey cannot be restored to redis.")
        same = given.get("Engine", shown["Engine"]).lower() == shown["Engine"]
        if same and _older(given.get("EngineVersion"), shown):
            raise invalid_combination(
                f"Snapshot {name} of {shown['EngineVersion']} cannot be restored to an older one."
            )
        taken = {key: shown[key] for key in INHERITED if shown.get(key) is not None}
        if not same:
            del taken["EngineVersion"]
        durable = {} if given.get("Durability") else {"Durability": shown["Durability"]}
        return {"NumNodeGroups": count, **taken, **durable, **given}

    def restoring(self, snapshot: str | None, status: str) -> None:
        if snapshot is not None:
            self.snapshot(snapshot).status = status

    def data_of(self, snapshot: str | None) -> str:
        return "" if snapshot is None else self.snapshot(snapshot).data

    def drop_group(self, group_id: str, final_snapshot: str | None, *, retain_primary: bool) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self.group(group_id)
            if retain_primary:
                raise invalid_combination("RetainPrimaryCluster is not modelled by the embedded AWS")
            if group.status not in {"available", "create-failed"}:
                raise elasticache_error(
                    "InvalidReplicationGroupStateFault", f"Replication group {group_id} has status {group.status}."
                )
            self.leaving(group)
            final = self._new_snapshot(group, {"SnapshotName": final_snapshot}) if final_snapshot else None
            group.status = "deleting"
            answer = show_group(group)
        work = (lambda: self._end_group(group, final)) if self.serves(group) else None
        later(RUNTIME.delays.deleting_s, work, lambda: self._forget_group(group, final), f"delete {group.group_id}")
        return answer

    def leaving(self, group: Group) -> None:
        """A group is about to be deleted: who forbids it raises."""

    @staticmethod
    def _end_group(group: Group, final: Snapshot | None) -> None:
        """First the final snapshot, then the group "is immediately deleted" (FinalSnapshotIdentifier)."""
        if final is not None:
            RUNTIME.plane.keep_cache_snapshot(group.group_id, final.data)
        RUNTIME.plane.delete_cache(group.group_id)

    def _forget_group(self, group: Group, final: Snapshot | None) -> None:
        if final is not None:
            final.status = "available"
        self.withdraw(names_of(group))
        for name in group.user_group_ids:
            if name in self.lab_user_groups:
                self.lab_user_groups[name]["ReplicationGroups"].remove(group.group_id)
        self.groups.pop(group.group_id, None)
        self.tell("replication-group", group.group_id, f"Replication group {group.group_id} deleted")


def _older(version: str | None, shown: dict[str, Any]) -> bool:
    engine = shown["Engine"]
    return version is not None and engines.parsed(engine, version) < engines.parsed(engine, shown["EngineVersion"])


def _is(snapshot: Snapshot, key: str, wanted: str | None) -> bool:
    return wanted is None or snapshot.shown.get(key) == wanted.lower()


def _is_of(snapshot: Snapshot, cluster_id: str | None) -> bool:
    return cluster_id is None or cluster_id.lower() in {node["CacheClusterId"] for node in snapshot.nodes}


def _node_snapshot(shard: Shard, cluster_id: str | None) -> dict[str, Any]:
    """Of a replica where there is one: "ElastiCache creates the backup from one of the read replicas" (facts E14)."""
    replica = next((node for node in shard.nodes if node.role == "replica"), shard.primary)
    node = next((node for node in shard.nodes if node.cluster_id == cluster_id), replica)
    others = [each.zone for each in shard.nodes if each.role == "replica"]
    return {
        "CacheClusterId": node.cluster_id,
        "NodeGroupId": shard.shard_id,
        "CacheNodeId": "0001",
        "CacheSize": "6 MB",
        "SnapshotCreateTime": dt.datetime.now(dt.UTC),
        "NodeGroupConfiguration": {
            "NodeGroupId": shard.shard_id,
            "Slots": shard.slots or "0-16383",
            "ReplicaCount": len(others),
            "PrimaryAvailabilityZone": shard.primary.zone,
            "ReplicaAvailabilityZones": others,
        },
    }


def _describe(group: Group, name: str, arn: str, key: str | None, cluster_id: str | None) -> dict[str, Any]:
    settings = group.settings
    source = {"CacheClusterId": cluster_id} if cluster_id else {"ReplicationGroupId": group.group_id}
    return {
        **{key: value for key, value in settings.items() if key in KEPT},
        **source,
        **({"KmsKeyId": key} if key else {}),
        "SnapshotName": name,
        "SnapshotStatus": "creating",
        "SnapshotSource": "manual",
        "NumCacheNodes": 1,
        "NumNodeGroups": len(group.shards),
        "TopicArn": settings.get("NotificationTopicArn"),
        "AutomaticFailover": "enabled" if settings.get("AutomaticFailoverEnabled") else "disabled",
        "DataTiering": "enabled" if settings.get("DataTieringEnabled") else "disabled",
        "Durability": effective_durability(settings),
        "CacheClusterCreateTime": group.created_at,
        "ARN": arn,
    }
