"""What does not go together in a replication group, in AWS's codes. Pure: each takes the settings as they would be.

Texts that stand in issues of public clients are AWS's own; the others say the API reference's rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from estate import engines
from estate.caches.families import family_of
from lab.cloud.awserrors import invalid_combination, invalid_value

Settings = Mapping[str, Any]

GROUP_ID = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,38}[a-z0-9]|[a-z]")
TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")
MODES = ("disabled", "compatible", "enabled")
DURABLE = frozenset({"sync", "async"})
DURABILITIES = frozenset({"default", "disabled"}) | DURABLE
DURABLE_FAMILIES = re.compile(r"cache\.([rm](6g|7g|8g)|c7gn|c8gn)\.")
"""Node types of durable groups (user guide, "Durability limitations"; facts E13)."""
DURABLE_FROM = (9, 0)
TLS_CHANGES_FROM = {"redis": (7, 0), "valkey": (7, 2)}
"""In-transit encryption of an existing group (user guide, "Enabling in-transit encryption on an existing cluster")."""
CLUSTER_MODE_CHANGES_FROM = {"redis": (7, 0), "valkey": (7, 2)}
USERS_FROM = {"redis": (6, 0), "valkey": (7, 2)}
IPV6_FROM = {"redis": (6, 2), "valkey": (7, 2)}
LOGS_FROM = {"slow-log": (6, 0), "engine-log": (6, 2)}
"""Redis OSS; Valkey delivers both (user guide, "Log delivery")."""
MOVES_FROM = (5, 0, 6)
"""Redis OSS that can become Valkey in place (user guide, "Engine versions and upgrading", cross-engine upgrade)."""


def version(given: Settings) -> tuple[int, ...]:
    return engines.parsed(given["Engine"], given["EngineVersion"])


def check_id(group_id: str) -> None:
    """1 to 40 letters, digits and hyphens, a letter first, no hyphen last or twice (API reference)."""
    if not GROUP_ID.fullmatch(group_id.lower()):
        raise invalid_value(f"The parameter ReplicationGroupId is not a valid identifier: {group_id}")


def check_version(given: Settings) -> None:
    engine, wanted = given["Engine"], given["EngineVersion"]
    if engine not in {"valkey", "redis"}:
        raise invalid_value(f"Invalid engine {engine}: must be valkey or redis")
    known = {*engines.known_versions(engine), *({"6.x"} if engine == "redis" else ())}
    if wanted not in known:
        raise invalid_combination(f"Cannot find version {wanted} for {engine}")


def check_failover(given: Settings, mode: str, replicas: int) -> None:
    """API reference, AutomaticFailoverEnabled and MultiAZEnabled."""
    failover = bool(given.get("AutomaticFailoverEnabled"))
    if mode != "disabled" and not failover:
        raise invalid_combination(
            "Replication group with cluster mode enabled cannot be created with automatic failover turned off."
        )
    if mode != "enabled" and failover and not replicas:
        raise invalid_value("Replication group with automatic failover needs at least one replica.")
    if given.get("MultiAZEnabled") and not failover:
        raise invalid_combination("Must enable automatic failover to use MultiAZ.")
    if given.get("MultiAZEnabled") and not replicas:
        raise invalid_value("Replication group with MultiAZ needs at least one replica.")


def check_parameter_group(group: Settings, given: Settings, mode: str) -> None:
    """Its family is the engine's and version's; `cluster-enabled` says the same as the cluster mode."""
    want, have = family_of(given["Engine"], given["EngineVersion"]), group["CacheParameterGroupFamily"]
    if want != have:
        raise invalid_combination(f"Expected a parameter group of family {want} but found one of family {have}")
    if is_clustered(group) != (mode != "disabled"):
        raise invalid_combination(
            f"The parameter cluster-enabled of {group['CacheParameterGroupName']} must be "
            f"{'yes' if mode != 'disabled' else 'no'} with cluster mode {mode}"
        )


def default_parameter_group(given: Settings, mode: str) -> str:
    """`default.redis7`, `default.valkey8.cluster.on`."""
    return f"default.{family_of(given['Engine'], given['EngineVersion'])}{'' if mode == 'disabled' else '.cluster.on'}"


def is_clustered(group: Settings) -> bool:
    name = str(group["CacheParameterGroupName"])
    default = name.startswith("default.") and name.endswith(".cluster.on")
    return default or group["parameters"].get("cluster-enabled") == "yes"


def check_durability(given: Settings, mode: str, replicas: int) -> None:
    """User guide, "Durability", limitations (facts E13)."""
    said = given.get("Durability", "default")
    if said not in DURABILITIES:
        raise invalid_value(f"Invalid value {said} for Durability: must be one of {', '.join(sorted(DURABILITIES))}")
    if said not in DURABLE:
        return
    needs = {
        "Valkey 9.0 or later": given["Engine"] == "valkey" and version(given) >= DURABLE_FROM,
        "cluster mode enabled": mode == "enabled",
        "MultiAZEnabled and a replica in every node group": bool(given.get("MultiAZEnabled")) and replicas > 0,
        "TransitEncryptionEnabled": bool(given.get("TransitEncryptionEnabled")),
        "a node type of R6g, R7g, R8g, M6g, M7g, M8g, C7gn or C8gn": bool(
            DURABLE_FAMILIES.match(given["CacheNodeType"])
        ),
        "no global datastore": not given.get("GlobalReplicationGroupId"),
    }
    if missing := [need for need, met in needs.items() if not met]:
        raise invalid_combination(f"Durability {said} requires {'; '.join(missing)}")


def check_tiering(given: Settings) -> None:
    """DataTieringEnabled "must be set to true when using r6gd nodes" and is for no others (API reference)."""
    tiers, has_disks = bool(given.get("DataTieringEnabled")), given["CacheNodeType"].startswith("cache.r6gd.")
    if tiers and not has_disks:
        raise invalid_combination(f"Data tiering is only supported with r6gd nodes, got {given['CacheNodeType']}")
    if has_disks and not tiers:
        raise invalid_combination("DataTieringEnabled must be true when using r6gd nodes")
    if tiers and version(given) < engines.CACHE_TIERING_FROM[given["Engine"]]:
        raise invalid_combination(f"Data tiering is not supported by {given['Engine']} {given['EngineVersion']}")


def check_encryption(given: Settings) -> None:
    """TLS, its mode, the AUTH token and user groups (API reference; user guide, "AUTH", "RBAC")."""
    tls, token = bool(given.get("TransitEncryptionEnabled")), given.get("AuthToken")
    if given.get("TransitEncryptionMode") and not tls:
        raise invalid_combination("TransitEncryptionMode can only be set when TransitEncryptionEnabled is true.")
    if token and not tls:
        raise invalid_combination("AuthToken can be specified only on replication groups with transit encryption.")
    if token:
        check_token(token)
    if given.get("UserGroupIds") and not tls:
        raise invalid_combination("Transit encryption must be enabled to use user groups.")
    if token and given.get("UserGroupIds"):
        raise invalid_combination("AuthToken and user groups cannot be used together.")
    if given.get("KmsKeyId") and not given.get("AtRestEncryptionEnabled"):
        raise invalid_combination("KmsKeyId can only be set when AtRestEncryptionEnabled is true.")


def check_tls_mode(given: Settings) -> None:
    """A mode that the request names (the service's text, as callers report it); TLS alone goes with older versions."""
    if given.get("TransitEncryptionMode") and version(given) < engines.CACHE_TLS_MODE_FROM[given["Engine"]]:
        raise invalid_combination(
            f"Transit encryption mode is not supported for engine version {given['EngineVersion']}. "
            "Please use engine version 7.0.5 or higher."
        )


def check_token(token: str) -> None:
    """16 to 128 printable characters; specials only ! & # $ ^ < > - (user guide, "AUTH"; facts E9)."""
    if not TOKEN.fullmatch(token):
        raise invalid_value("The AuthToken must be 16 to 128 letters, digits and !&#$^<>-")


def check_user_groups(given: Settings, groups: Sequence[Settings]) -> None:
    """One group at most; Valkey takes groups of both engines, Redis OSS only its own (user guide, "RBAC")."""
    if len(groups) > 1:
        raise invalid_combination("A replication group can have one user group at most.")
    for group in groups:
        if given["Engine"] == "redis" and group["Engine"] != "redis":
            raise invalid_combination(f"User group {group['UserGroupId']} is of engine valkey, the cache of redis.")
        if version(given) < USERS_FROM[given["Engine"]]:
            raise invalid_combination(f"User groups are not supported by {given['Engine']} {given['EngineVersion']}.")


def check_network(given: Settings, supported: Sequence[str]) -> None:
    """NetworkType needs subnets of its kind; IpDiscovery must be one that the network has (API reference)."""
    network, discovery = given.get("NetworkType", "ipv4"), given.get("IpDiscovery", "ipv4")
    if network not in {"ipv4", "ipv6", "dual_stack"} or discovery not in {"ipv4", "ipv6"}:
        raise invalid_value(f"Invalid NetworkType {network} or IpDiscovery {discovery}")
    if network not in supported:
        raise invalid_combination(f"The subnet group supports {', '.join(supported)}, not network type {network}.")
    if network not in {"dual_stack", discovery}:
        raise invalid_combination(f"IpDiscovery {discovery} does not go with network type {network}.")
    if network != "ipv4" and version(given) < IPV6_FROM[given["Engine"]]:
        raise invalid_combination(f"IPv6 is not supported by {given['Engine']} {given['EngineVersion']}.")


def check_logs(given: Settings, wanted: Sequence[Settings]) -> None:
    """API reference, LogDeliveryConfigurationRequest; versions by the user guide, "Log delivery"."""
    kinds = [item.get("LogType") for item in wanted]
    if len(set(kinds)) != len(kinds):
        raise invalid_combination("LogDeliveryConfigurations must name each log type once.")
    for item in wanted:
        if item.get("LogType") not in LOGS_FROM:
            raise invalid_value(f"Invalid LogType {item.get('LogType')}: must be slow-log or engine-log")
        if item.get("Enabled") is not False:
            _check_log(given, item)


def _check_log(given: Settings, item: Settings) -> None:
    kind, details = item.get("DestinationType"), item.get("DestinationDetails") or {}
    wanted = {"cloudwatch-logs": "CloudWatchLogsDetails", "kinesis-firehose": "KinesisFirehoseDetails"}.get(str(kind))
    if wanted is None or list(details) != [wanted]:
        raise invalid_combination(f"DestinationType {kind} does not go with DestinationDetails {', '.join(details)}.")
    if item.get("LogFormat") not in {"json", "text"}:
        raise invalid_value(f"Invalid LogFormat {item.get('LogFormat')}: must be json or text")
    if given["Engine"] == "redis" and version(given) < LOGS_FROM[item["LogType"]]:
        raise invalid_combination(f"{item['LogType']} is not delivered by redis {given['EngineVersion']}.")
