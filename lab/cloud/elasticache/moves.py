"""What a replication group may become: engine and version, TLS, cluster mode, durability. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estate import engines
from lab.cloud.awserrors import invalid_combination, invalid_value
from lab.cloud.elasticache import checks
from lab.cloud.elasticache.group import Group, effective_durability

Settings = Mapping[str, Any]

CLUSTER_MODE_MOVES = frozenset({("disabled", "compatible"), ("compatible", "enabled"), ("compatible", "disabled")})
"""User guide, "Modifying cluster mode"; from `enabled` there is no way back."""
BESIDE_CLUSTER_MODE = frozenset({"ReplicationGroupId", "ApplyImmediately", "ClusterMode", "CacheParameterGroupName"})
"""Same page: other parameters "cannot be modified when defining cluster-mode parameter"."""
NOT_WHILE_COMPATIBLE = frozenset({"CacheNodeType", "Engine", "EngineVersion"})
"""Same page: "In compatible mode, other modification operations such as scaling and engine version are not allowed"."""


def refuse_while_compatible(group: Group, what: str) -> None:
    if group.mode == "compatible":
        raise invalid_combination(f"{what} is not allowed in cluster mode compatible; set it to enabled or disabled.")


def check_cluster_mode_move(group: Group, given: Settings) -> None:
    """User guide, "Modifying cluster mode": the steps, what they need, and nothing else in the same request."""
    old, new = group.mode, given["ClusterMode"]
    if new not in checks.MODES:
        raise invalid_value(f"Invalid ClusterMode {new}: must be one of {', '.join(checks.MODES)}")
    if (old, new) not in CLUSTER_MODE_MOVES:
        raise invalid_combination(f"Cluster mode cannot be changed from {old} to {new}.")
    if others := sorted(set(given) - BESIDE_CLUSTER_MODE):
        raise invalid_combination(f"{', '.join(others)} cannot be modified together with ClusterMode.")
    settings = group.settings
    if checks.version(settings) < checks.CLUSTER_MODE_CHANGES_FROM[settings["Engine"]]:
        raise invalid_combination(
            f"Cluster mode of {settings['Engine']} {settings['EngineVersion']} cannot be changed."
        )
    if not settings.get("AutomaticFailoverEnabled") or not group.replicas:
        raise invalid_combination("Changing the cluster mode requires automatic failover and one replica at least.")


def check_move(group: Group, after: Settings) -> None:
    """What may not change as these settings would: engine, version, TLS, durability, node type, failover."""
    before = group.settings
    checks.check_version(after)
    _check_engine(before, after)
    _check_tls(before, after)
    _check_node_type(before, after)
    if effective_durability(dict(before)) != effective_durability(dict(after)):
        _check_durability(before, after)
    if group.mode != "disabled" and not after.get("AutomaticFailoverEnabled"):
        raise invalid_combination(
            "Turning off automatic failover for replication group with cluster mode enabled is not supported."
        )
    checks.check_failover(after, group.mode, min(len(shard.nodes) for shard in group.shards) - 1)
    checks.check_durability(after, group.mode, group.replicas)
    snapshotting = after.get("SnapshottingClusterId")
    if snapshotting and group.mode == "enabled":
        raise invalid_combination("Cannot set snapshotting cluster for cluster mode enabled replication group")
    if snapshotting and snapshotting not in {node.cluster_id for node in group.nodes}:
        raise invalid_value(f"{snapshotting} is no member of {group.group_id}.")


def _check_engine(before: Settings, after: Settings) -> None:
    """Versions go up only (EngineVersion, "you cannot downgrade"); Redis OSS becomes Valkey, never the other way."""
    old, new = (before["Engine"], after["Engine"])
    if (old, new) == ("valkey", "redis"):
        raise invalid_combination("Cannot modify engine from valkey to redis.")
    if old != new and checks.version(before) < checks.MOVES_FROM:
        raise invalid_combination(f"redis {before['EngineVersion']} cannot be changed to valkey; upgrade it first.")
    if old == new and checks.version(after) < checks.version(before):
        raise invalid_combination(
            f"Cannot downgrade {old} from version {before['EngineVersion']} to {after['EngineVersion']}."
        )


def _check_tls(before: Settings, after: Settings) -> None:
    """Off, preferred, required: one step at a time in both directions (API reference, TransitEncryptionMode)."""
    old, new = _tls(before), _tls(after)
    if old == new:
        return
    if checks.version(after) < checks.TLS_CHANGES_FROM[after["Engine"]]:
        raise invalid_combination(f"In-transit encryption of {after['Engine']} {after['EngineVersion']} cannot change.")
    if {old, new} == {"off", "required"}:
        raise invalid_combination(
            "TransitEncryptionMode must be preferred before in-transit encryption is required or disabled."
        )
    if new == "off" and (after.get("AuthToken") or after.get("UserGroupIds")):
        raise invalid_combination("In-transit encryption cannot be disabled with an AUTH token or user groups.")


def _tls(settings: Settings) -> str:
    return (
        str(settings.get("TransitEncryptionMode") or "required") if settings.get("TransitEncryptionEnabled") else "off"
    )


def _check_node_type(before: Settings, after: Settings) -> None:
    """Data tiering is for ever: r6gd nodes scale to r6gd nodes (user guide, "Data tiering", limitations)."""
    new = after["CacheNodeType"]
    if new == before["CacheNodeType"]:
        return
    if new not in allowed_node_types(before):
        raise invalid_value(f"Invalid CacheNodeType {new}: see ListAllowedNodeTypeModifications.")


def allowed_node_types(settings: Settings) -> list[str]:
    """Node types that a group may scale to: with disks when it has them, without otherwise."""
    tiers = settings["CacheNodeType"].startswith("cache.r6gd.")
    known = engines.known_classes("cache") - {settings["CacheNodeType"]}
    return sorted(name for name in known if name.startswith("cache.r6gd.") == tiers)


def _check_durability(before: Settings, after: Settings) -> None:
    """Between sync and async only: CloudFormation's schema has turning it on or off "not currently supported"."""
    old, new = effective_durability(dict(before)), effective_durability(dict(after))
    if "disabled" in {old, new}:
        raise invalid_combination(f"Durability cannot be changed from {old} to {new} on an existing cluster.")
