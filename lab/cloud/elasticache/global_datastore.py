"""One global datastore as the API shows it, and what may become or join one. Sources: as in `global_datastores`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from estate.caches.families import family_of
from estate.engines import CACHE_GLOBAL_FROM
from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache import checks
from lab.cloud.elasticache.group import Group

SECONDARIES_MAX = 2
SMALL = (".micro", ".small", ".medium")
INFERRED = (
    "PrimaryClusterId",
    "AutomaticFailoverEnabled",
    "NumNodeGroups",
    "CacheParameterGroupName",
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "CacheSecurityGroupNames",
    "TransitEncryptionEnabled",
    "AtRestEncryptionEnabled",
    "SnapshotArns",
    "SnapshotName",
)
"""User guide, "Using the AWS CLI with global datastores": "Do not pass in values for these parameters"."""
OF_PRIMARY = (
    "AutomaticFailoverEnabled",
    "MultiAZEnabled",
    "CacheNodeType",
    "Engine",
    "EngineVersion",
    "TransitEncryptionEnabled",
    "AtRestEncryptionEnabled",
    "AuthToken",
)
ONLY_GLOBALLY = frozenset({"AutomaticFailoverEnabled", "CacheNodeType", "ClusterMode", "Engine", "EngineVersion"})
"""What a member's own ModifyReplicationGroup may not change (terraform-provider-aws #22528, #19929, #47647)."""


@dataclass(slots=True, kw_only=True)
class GlobalDatastore:
    """One global datastore; its members' groups are of their own Regions."""

    identifier: str
    arn: str
    description: str
    primary: Group
    regions: dict[str, str]  # Region of each member, by ARN: ids may be the same in two Regions
    members: list[Group] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)  # by ARN: associating, associated, disassociating
    status: str = "creating"

    @property
    def secondaries(self) -> list[Group]:
        return [member for member in self.members if member is not self.primary]

    def region_of(self, group: Group) -> str:
        return self.regions[group.arn]

    def role_of(self, group: Group) -> str:
        return "PRIMARY" if group is self.primary else "SECONDARY"

    def tell_roles(self) -> None:
        """Show each member's role on its own group."""
        for member in self.members:
            member.global_info = {
                "GlobalReplicationGroupId": self.identifier,
                "GlobalReplicationGroupMemberRole": self.role_of(member),
            }

    def shown(self, *, with_members: bool = True) -> dict[str, Any]:
        """As it is now: what changes it later does not change an answer."""
        given = self.primary.settings
        return {
            "GlobalReplicationGroupId": self.identifier,
            "GlobalReplicationGroupDescription": self.description,
            "Status": self.status,
            "CacheNodeType": given["CacheNodeType"],
            "Engine": given["Engine"],
            "EngineVersion": given["EngineVersion"],
            "Members": [self._member(member) for member in self.members] if with_members else None,
            "ClusterEnabled": self.primary.cluster_mode,
            "GlobalNodeGroups": self._node_groups(),
            "AuthTokenEnabled": bool(given.get("AuthToken")),
            "TransitEncryptionEnabled": bool(given.get("TransitEncryptionEnabled")),
            "AtRestEncryptionEnabled": bool(given.get("AtRestEncryptionEnabled")),
            "ARN": self.arn,
        }

    def _member(self, group: Group) -> dict[str, Any]:
        return {
            "ReplicationGroupId": group.group_id,
            "ReplicationGroupRegion": self.region_of(group),
            "Role": self.role_of(group),
            "AutomaticFailover": "enabled" if group.settings.get("AutomaticFailoverEnabled") else "disabled",
            "Status": self.statuses[group.arn],
        }

    def _node_groups(self) -> list[dict[str, Any]]:
        return [
            {"GlobalNodeGroupId": f"{self.identifier}-{shard.shard_id}", "Slots": shard.slots or "0-16383"}
            for shard in self.primary.shards
        ]


def wrong_state(message: str) -> Exception:
    return elasticache_error("InvalidGlobalReplicationGroupStateFault", message)


def check_primary(group: Group) -> None:
    """User guide, "Prerequisites and limitations"; the words of terraform-provider-aws #17768."""
    given, kind = group.settings, group.settings["CacheNodeType"]
    if group.global_info is not None:
        raise elasticache_error(
            "InvalidReplicationGroupStateFault", f"Replication group {group.group_id} is in a global datastore already."
        )
    if kind.startswith("cache.t") or kind.endswith(SMALL):
        raise invalid_value("Global replication group is not supported for the node type.")
    if checks.version(given) < CACHE_GLOBAL_FROM[given["Engine"]]:
        raise invalid_value(
            f"Global replication group is not supported for {given['Engine']} {given['EngineVersion']}."
        )
    if given.get("Durability") in checks.DURABLE:
        raise invalid_combination("Global replication group is not supported for durable replication groups.")
    if group.mode == "compatible":
        raise invalid_value("Global replication group is not supported while the cluster mode is compatible.")


def check_joining(store: GlobalDatastore, region: str, given: dict[str, Any]) -> None:
    if any(given.get(name) is not None for name in INFERRED):
        raise invalid_combination(
            "Cannot use the given parameters when creating new replication group in an existing global replication "
            "group."
        )
    if region in store.regions.values():
        raise invalid_value(f"{store.identifier} has a member in {region} already.")
    if len(store.secondaries) >= SECONDARIES_MAX:
        raise wrong_state(f"{store.identifier} has {SECONDARIES_MAX} secondaries already.")


def check_upgrade(store: GlobalDatastore, changes: dict[str, Any], name: str | None) -> None:
    """A parameter group comes with a new major version and with nothing else (API reference; terraform's resource)."""
    before = store.primary.settings
    after = {**before, **changes}
    moves_family = family_of(after["Engine"], after["EngineVersion"]) != family_of(
        before["Engine"], before["EngineVersion"]
    )
    if name and not moves_family:
        raise invalid_combination("CacheParameterGroupName can only be given with a new major version.")
    if moves_family and not name and not before["CacheParameterGroupName"].startswith("default."):
        raise invalid_combination("CacheParameterGroupName of the new family must be given with a new major version.")
