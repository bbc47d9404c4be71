"""CreateReplicationGroup: what is refused, what is filled in, what is born."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from lab.cloud.awserrors import elasticache_error, invalid_combination
from lab.cloud.elasticache import checks, layout
from lab.cloud.elasticache.destinations import check_snapshot_file, check_topic, log_status
from lab.cloud.elasticache.group import Group, make_shards, show_group
from lab.cloud.elasticache.parameter_groups import ParameterGroups
from lab.cloud.elasticache.settings import DEFAULT_VERSIONS, DEFAULTS, TAKEN, records
from lab.cloud.runtime import RUNTIME, later
from lab.plane import CacheRequest


class CreationState(ParameterGroups):
    """Groups by id, and how they come to be."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.groups: dict[str, Group] = {}

    def make_group(self, given: dict[str, Any]) -> dict[str, Any]:
        with RUNTIME.lock:
            group = self._new_group(dict(given))
            self.restoring(given.get("SnapshotName"), "restoring")
            answer = show_group(group)
        request = self.request_of(group, from_snapshot=self.data_of(given.get("SnapshotName")))
        work = (lambda: RUNTIME.plane.create_cache(request)) if self.serves(group) else None
        available = lambda: self._group_available(group, given.get("SnapshotName"))  # noqa: E731
        failed = lambda _: setattr(group, "status", "create-failed")  # noqa: E731
        later(RUNTIME.delays.creating_s, work, available, f"create {group.group_id}", failed)
        return answer

    @staticmethod
    def request_of(group: Group, *, from_snapshot: str = "") -> CacheRequest:
        """The group as its processes are asked for."""
        return CacheRequest(
            group_id=group.group_id,
            port=group.port,
            cluster_mode=group.cluster_mode,
            shards=tuple(shard.names for shard in group.shards),
            slots=tuple(shard.slots or "" for shard in group.shards) if group.cluster_mode else (),
            from_snapshot=from_snapshot,
        )

    # --- what other parts of the backend add: snapshots, global datastores

    def inherit(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the request does not say and its origin does: the snapshot's or the global datastore's settings."""
        if name := given.get("GlobalReplicationGroupId"):
            raise invalid_combination(f"GlobalReplicationGroupId {name} is not modelled by the embedded AWS")
        return given

    def joined(self, group: Group) -> None:
        """A group with a GlobalReplicationGroupId is registered; the global datastore's part says what follows."""

    def restoring(self, snapshot: str | None, status: str) -> None:
        """Show the snapshot as being read, or as available again."""

    def data_of(self, snapshot: str | None) -> str:
        """The plane's name of the data that a snapshot holds; empty when it holds none."""
        return "" if snapshot is None else snapshot

    # --- the new group

    def _new_group(self, given: dict[str, Any]) -> Group:
        if unknown := sorted(set(given) - TAKEN):
            raise invalid_combination(
                f"CreateReplicationGroup: {', '.join(unknown)} is not modelled by the embedded AWS"
            )
        checks.check_id(given["ReplicationGroupId"])
        group_id = given["ReplicationGroupId"].lower()
        if group_id in self.groups:
            raise elasticache_error(
                "ReplicationGroupAlreadyExistsFault", f"Replication group {group_id} already exists."
            )
        given = self.inherit(given)
        count, replicas = layout.sizes(given)
        mode = self._mode_of(given, count)
        self._complete_group(given, mode)
        zones = self.zones_of(given["CacheSubnetGroupName"])
        plans = layout.plans(given, count, replicas, zones)
        self._check_group(given, mode, min(len(plan.zones) for plan in plans) - 1)
        group = Group(
            group_id=group_id,
            arn=self.arn("replicationgroup", group_id),
            domain=self.domain,
            settings=given,
            shards=make_shards(group_id, plans, cluster_mode=mode == "enabled"),
            mode=mode,
            log_delivery=self.delivered(given.get("LogDeliveryConfigurations", [])),
            user_group_ids=[self.user_group(name)["UserGroupId"] for name in given.get("UserGroupIds", [])],
        )
        self._register_group(group)
        return group

    def _register_group(self, group: Group) -> None:
        if group.mode == "compatible":
            group.shards[0].slots = "0-16383"
        for name in group.user_group_ids:
            self.user_group(name)["ReplicationGroups"].append(group.group_id)
        self.groups[group.group_id] = group
        self.tag(group.arn, group.settings.get("Tags"))
        self.joined(group)

    def _mode_of(self, given: dict[str, Any], count: int) -> str:
        """ClusterMode as given, or what the parameter group and the number of shards say."""
        said = given.get("ClusterMode")
        if said not in {None, *checks.MODES}:
            raise invalid_combination(f"Invalid ClusterMode {said}: must be one of {', '.join(checks.MODES)}")
        if said is None:
            name = given.get("CacheParameterGroupName")
            clustered = count > 1 or (name is not None and checks.is_clustered(self.parameter_group(name)))
            return "enabled" if clustered else "disabled"
        if count > 1 and said != "enabled":
            raise invalid_combination(f"{count} node groups need cluster mode enabled, got {said}.")
        return str(said)

    def _complete_group(self, given: dict[str, Any], mode: str) -> None:
        """What was not said, as ElastiCache fills it in."""
        given["Engine"] = given.get("Engine", "redis").lower()
        for name, value in DEFAULTS.items():
            given.setdefault(name, value)
        given.setdefault("EngineVersion", DEFAULT_VERSIONS.get(given["Engine"], ""))
        checks.check_version(given)
        given.setdefault("CacheNodeType", "cache.r7g.large")
        given.setdefault("CacheParameterGroupName", checks.default_parameter_group(given, mode))
        durable = given["Durability"] in checks.DURABLE
        given.setdefault("AtRestEncryptionEnabled", durable or given["Engine"] == "valkey")
        checks.check_tls_mode(given)
        if given.get("TransitEncryptionEnabled"):
            given.setdefault("TransitEncryptionMode", "required")
        if given.get("KmsKeyId"):
            given["KmsKeyId"] = self.key_arn(given["KmsKeyId"])

    def _check_group(self, given: dict[str, Any], mode: str, replicas: int) -> None:
        checks.check_failover(given, mode, replicas)
        checks.check_encryption(given)
        checks.check_user_groups(given, self.active_user_groups(given.get("UserGroupIds", [])))
        checks.check_parameter_group(self.parameter_group(given["CacheParameterGroupName"]), given, mode)
        checks.check_durability(given, mode, replicas)
        checks.check_tiering(given)
        checks.check_network(given, self.networks_of(given["CacheSubnetGroupName"]))
        checks.check_logs(given, given.get("LogDeliveryConfigurations", []))
        self.check_security_groups(given.get("SecurityGroupIds", []))
        check_topic(self.account_id, self.region_name, given.get("NotificationTopicArn"))
        for arn in given.get("SnapshotArns", []):
            check_snapshot_file(self.account_id, self.region_name, arn)

    def active_user_groups(self, names: list[str]) -> list[dict[str, Any]]:
        """Groups by id, each `active`: what a cache may be given (API reference, InvalidUserGroupStateFault)."""
        groups = [self.user_group(name) for name in names]
        for group in groups:
            if group["Status"] != "active":
                raise elasticache_error(
                    "InvalidUserGroupStateFault", f"User group {group['UserGroupId']} is {group['Status']}."
                )
        return groups

    def delivered(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Log deliveries with the status that their destination gives them."""
        on = [item for item in wanted if item.get("Enabled") is not False]
        return [{**item, **log_status(self.account_id, self.region_name, item)} for item in on]

    def zones_of(self, subnet_group: str) -> list[str]:
        if subnet_group in self.subnet_groups or subnet_group != DEFAULTS["CacheSubnetGroupName"]:
            subnets = self.subnet_group(subnet_group)["Subnets"]
            return sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in subnets})
        zones = ec2_backends[self.account_id][self.region_name].describe_availability_zones()
        return [zone.name for zone in zones]

    def networks_of(self, subnet_group: str) -> list[str]:
        found = self.subnet_groups.get(subnet_group.lower())
        return list(found["SupportedNetworkTypes"]) if found else ["ipv4"]

    def _group_available(self, group: Group, snapshot: str | None) -> None:
        group.status = "available"
        self.restoring(snapshot, "available")
        self.tell("replication-group", group.group_id, f"Replication group {group.group_id} created")
        for node in group.nodes:
            self.tell("cache-cluster", node.cluster_id, "Cache cluster created")
        self.publish(group)

    # --- names

    def publish(self, group: Group) -> None:
        if self.serves(group):
            for record in records(group):
                RUNTIME.plane.publish(record)

    def withdraw(self, names: set[str]) -> None:
        if self.serves():
            for name in names:
                RUNTIME.plane.withdraw(name)


def names_of(group: Group) -> set[str]:
    """Every DNS name of a group."""
    return {record.name for record in records(group)}


def require_available(group: Group) -> None:
    if group.status != "available":
        raise elasticache_error(
            "InvalidReplicationGroupStateFault", f"Replication group {group.group_id} has status {group.status}."
        )
