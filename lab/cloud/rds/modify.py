"""What ModifyDBCluster and ModifyDBInstance change: one row per parameter."""

from __future__ import annotations

from typing import Any

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds import checks

# parameter: attribute
CLUSTER = {
    "backtrack_window": "backtrack_window",
    "backup_retention_period": "backup_retention_period",
    "copy_tags_to_snapshot": "copy_tags_to_snapshot",
    "database_insights_mode": "database_insights_mode",
    "db_cluster_parameter_group_name": "db_cluster_parameter_group_name",
    "deletion_protection": "deletion_protection",
    "enable_http_endpoint": "http_endpoint",
    "enable_iam_database_authentication": "iam_auth",
    "enable_performance_insights": "performance_insights_enabled",
    "auto_minor_version_upgrade": "auto_minor_version_upgrade",
    "engine_version": "engine_version",
    "master_user_authentication_type": "master_user_authentication_type",
    "monitoring_interval": "monitoring_interval",
    "monitoring_role_arn": "monitoring_role_arn",
    "network_type": "network_type",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
    "port": "port",
    "preferred_backup_window": "preferred_backup_window",
    "preferred_maintenance_window": "preferred_maintenance_window",
    "serverless_v2_scaling_configuration": "serverless_v2_scaling_configuration",
    "storage_type": "storage_type",
    "vpc_security_group_ids": "vpc_security_group_ids",
}
CLUSTER_ELSEWHERE = frozenset(
    {
        "db_cluster_identifier",
        "apply_immediately",
        "allow_major_version_upgrade",
        "allow_engine_mode_change",
        "new_db_cluster_identifier",
        "cloudwatch_logs_export_configuration",
        "enable_global_write_forwarding",
        "enable_local_write_forwarding",
        "manage_master_user_password",
        "master_user_password",
        "master_user_secret_kms_key_id",
        "rotate_master_user_password",
        "db_instance_parameter_group_name",
    }
)

INSTANCE = {
    "auto_minor_version_upgrade": "auto_minor_version_upgrade",
    "ca_certificate_identifier": "ca_certificate_identifier",
    "copy_tags_to_snapshot": "copy_tags_to_snapshot",
    "db_instance_class": "db_instance_class",
    "db_parameter_group_name": "db_parameter_group_name",
    "enable_performance_insights": "performance_insights_enabled",
    "monitoring_interval": "monitoring_interval",
    "monitoring_role_arn": "monitoring_role_arn",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
    "preferred_maintenance_window": "preferred_maintenance_window",
    "promotion_tier": "promotion_tier",
    "publicly_accessible": "publicly_accessible",
}
INSTANCE_ELSEWHERE = frozenset({"db_instance_identifier", "apply_immediately", "certificate_rotation_restart"})


def _refuse_unknown(given: dict[str, Any], known: set[str], operation: str) -> None:
    if unknown := sorted(set(given) - known):
        raise invalid_combination(f"{operation}: {', '.join(unknown)} is not modelled by the embedded AWS")


def modify_cluster(backend: Any, cluster: Any, given: dict[str, Any]) -> str | None:
    """Apply the parameters; gives the new master password when there is one."""
    _refuse_unknown(given, {*CLUSTER, *CLUSTER_ELSEWHERE}, "ModifyDBCluster")
    checks.check_cluster(backend, cluster.engine, {**given, "enable_cloudwatch_logs_exports": _exports(given)})
    new_name = given.get("new_db_cluster_identifier")
    if new_name and new_name.lower() in backend.clusters:
        raise rds_error("DBClusterAlreadyExistsFault", f"DB Cluster already exists: {new_name}")
    if given.get("performance_insights_kms_key_id"):
        given["performance_insights_kms_key_id"] = backend.key_arn(given["performance_insights_kms_key_id"])
    for parameter, attribute in CLUSTER.items():
        if given.get(parameter) is not None:
            setattr(cluster, attribute, given[parameter])
    if given.get("enable_local_write_forwarding") is not None:
        cluster.local_write_forwarding_status = "enabled" if given["enable_local_write_forwarding"] else "disabled"
    if given.get("enable_global_write_forwarding") is not None:
        cluster.request_write_forwarding(enabled=given["enable_global_write_forwarding"])
    if "cloudwatch_logs_export_configuration" in given:
        cluster.enabled_cloudwatch_logs_exports = _log_exports(cluster, given["cloudwatch_logs_export_configuration"])
    password = _credentials(cluster, given)
    if new_name:
        _rename(backend, cluster, new_name.lower())
    return password


def _exports(given: dict[str, Any]) -> list[str]:
    return list((given.get("cloudwatch_logs_export_configuration") or {}).get("EnableLogTypes", []))


def _log_exports(cluster: Any, change: Any) -> list[str]:
    kept = set(cluster.enabled_cloudwatch_logs_exports) - set(change.get("DisableLogTypes") or [])
    return sorted(kept | set(change.get("EnableLogTypes") or []))


def _credentials(cluster: Any, given: dict[str, Any]) -> str | None:
    managed = given.get("manage_master_user_password")
    if given.get("rotate_master_user_password"):
        return _rotate(cluster, given)
    if managed and not cluster.manage_master_user_password:
        cluster.manage_password(given.get("master_user_secret_kms_key_id"))
        return str(cluster.password)
    if managed is False and cluster.manage_master_user_password:
        if not given.get("master_user_password") and cluster.master_user_authentication_type != checks.IAM_MASTER:
            raise invalid_combination("You must specify MasterUserPassword when turning ManageMasterUserPassword off.")
        cluster.master_user_secret.delete_secret()
        del cluster.master_user_secret
        cluster.manage_master_user_password = False
    if (password := given.get("master_user_password")) is None:
        return None
    if cluster.manage_master_user_password:
        raise invalid_combination("You can't specify MasterUserPassword for a cluster that manages it.")
    checks.check_password(password)
    cluster.master_user_password = password
    for secondary in cluster.global_database.secondaries if cluster.global_database is not None else ():
        secondary.take_login_of(cluster)
    return str(password)


def _rotate(cluster: Any, given: dict[str, Any]) -> str:
    if not given.get("apply_immediately"):
        raise invalid_combination("You must specify apply immediately when rotating the master user password.")
    if not cluster.manage_master_user_password:
        raise invalid_combination("You can't rotate a master user password that RDS does not manage.")
    password = str(cluster.master_user_secret.renew())
    cluster.master_user_password = password
    return password


def _rename(backend: Any, cluster: Any, name: str) -> None:
    """The endpoints change with the name, and their names are published anew."""
    backend.withdraw_cluster(cluster)
    members = cluster.clustered
    del backend.clusters[cluster.db_cluster_identifier]
    cluster.db_cluster_identifier = name
    backend.clusters[name] = cluster
    for member in members:
        member.db_cluster_identifier = name
    backend.publish_cluster(cluster)


def modify_instance(backend: Any, instance: Any, given: dict[str, Any]) -> None:
    """Apply the parameters at once, as with ApplyImmediately."""
    _refuse_unknown(given, {*INSTANCE, *INSTANCE_ELSEWHERE}, "ModifyDBInstance")
    tier = given.get("promotion_tier")
    if tier is not None and not 0 <= tier <= checks.MAX_TIER:
        raise invalid_combination(f"Invalid promotion tier: {tier}. Must be between 0 and 15.")
    group = given.get("db_parameter_group_name")
    if group and group not in backend.db_parameter_groups and not group.startswith("default."):
        raise rds_error("DBParameterGroupNotFoundFault", f"DBParameterGroup not found: {group}")
    if given.get("performance_insights_kms_key_id"):
        given["performance_insights_kms_key_id"] = backend.key_arn(given["performance_insights_kms_key_id"])
    for parameter, attribute in INSTANCE.items():
        if given.get(parameter) is not None:
            setattr(instance, attribute, given[parameter])
