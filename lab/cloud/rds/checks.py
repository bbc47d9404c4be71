"""What RDS refuses when a cluster or an instance is made or changed, with AWS's codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error

AURORA_ENGINES = frozenset({"aurora-mysql", "aurora-postgresql"})
STORAGE_TYPES = frozenset({"aurora", "aurora-iopt1"})
MONITORING_INTERVALS = frozenset({0, 1, 5, 10, 15, 30, 60})
MAX_TIER = 15
IAM_MASTER = "iam-db-auth"
PASSWORD_LENGTH_MIN = 8
MAX_BACKTRACK_S = 259_200
RETENTION_DAYS = range(1, 36)
LOG_EXPORTS = {
    "aurora-postgresql": frozenset({"postgresql", "instance", "iam-db-auth-error"}),
    "aurora-mysql": frozenset({"audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"}),
}
_IDENTIFIER = re.compile(r"^[a-z](?!.*--)[a-z0-9-]{0,62}(?<!-)$", re.IGNORECASE)


def check_identifier(value: str, parameter: str) -> None:
    """1 to 63 letters, digits or hyphens, a letter first, no hyphen last or doubled (CreateDBCluster)."""
    if not _IDENTIFIER.match(value):
        raise invalid_value(
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must contain "
            "only ASCII letters, digits, and hyphens; and not end with a hyphen or contain two consecutive hyphens."
        )


def check_cluster(backend: Any, engine: str, given: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be, for creation and modification alike; only what is given is judged."""
    _check_ranges(engine, given)
    if group := given.get("db_cluster_parameter_group_name"):
        known = group in backend.db_cluster_parameter_groups or group.startswith("default.")
        if not known:
            raise rds_error("DBClusterParameterGroupNotFoundFault", f"DBClusterParameterGroup not found: {group}")
    check_security_groups(backend, given.get("vpc_security_group_ids") or [])
    _check_monitoring(given)


def _check_ranges(engine: str, given: Mapping[str, Any]) -> None:
    storage = given.get("storage_type")
    if storage and storage not in STORAGE_TYPES:
        raise invalid_value(f"Invalid storage type: {storage}")
    days = given.get("backup_retention_period")
    if days is not None and days not in RETENTION_DAYS:
        raise invalid_value(f"Invalid backup retention period: {days}. Retention period must be between 1 and 35 days.")
    window = given.get("backtrack_window") or 0
    if window and engine != "aurora-mysql":
        raise invalid_combination("Backtrack is not enabled for the postgres engine.")
    if not 0 <= window <= MAX_BACKTRACK_S:
        raise invalid_value(f"The specified value ({window}) is not a valid Backtrack Window. Allowed: 0 to 259200")
    for export in given.get("enable_cloudwatch_logs_exports") or []:
        if export not in LOG_EXPORTS[engine]:
            raise invalid_combination(
                f"You cannot use the log types '{export}' with engine version {engine}. For supported log types, "
                "see the documentation."
            )


def _check_monitoring(given: Mapping[str, Any]) -> None:
    interval, role = given.get("monitoring_interval"), given.get("monitoring_role_arn")
    if interval is not None and interval not in MONITORING_INTERVALS:
        raise invalid_value(f"Invalid monitoring interval: {interval}")
    if interval and not role and "monitoring_role_arn" in given:
        raise invalid_combination(
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0."
        )


def check_subnet_group(backend: Any, name: str | None) -> None:
    if name and name != "default" and name not in backend.subnet_groups:
        raise rds_error("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")


def check_security_groups(backend: Any, group_ids: list[str]) -> None:
    known = ec2_backends[backend.account_id][backend.region_name]
    for group_id in group_ids:
        if known.get_security_group_from_id(group_id) is None:
            raise invalid_value(f"Invalid security group , groupId= {group_id}, groupName=.")


def check_master(given: Mapping[str, Any]) -> None:
    """A primary cluster has a user name, and one of a password, one that RDS manages, and IAM."""
    managed, password = given.get("manage_master_user_password"), given.get("master_user_password")
    if not given.get("master_username"):
        raise invalid_value("The parameter MasterUsername must be provided and must not be blank.")
    if given.get("master_user_authentication_type") == IAM_MASTER:
        check_iam_master(given["engine"], managed=bool(managed), password=password)
        return
    if managed and password:
        raise invalid_combination("You can't specify MasterUserPassword when ManageMasterUserPassword is turned on.")
    if not managed and not password:
        raise invalid_value("The parameter MasterUserPassword must be provided and must not be blank.")
    if password:
        check_password(password)


def check_iam_master(engine: str, *, managed: bool, password: str | None) -> None:
    """CreateDBCluster: "This option is only valid for RDS for PostgreSQL and Aurora PostgreSQL engines"."""
    if engine != "aurora-postgresql":
        raise invalid_combination(f"MasterUserAuthenticationType {IAM_MASTER} is not supported for engine {engine}.")
    if managed or password:
        raise invalid_combination("You can't specify a master password when the master user authenticates with IAM.")


def check_password(password: str) -> None:
    if len(password) < PASSWORD_LENGTH_MIN or set(password) & set("/'\"@ "):
        raise invalid_value(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
            "'/', '@', '\"', ' ' may be used, at least 8 of them."
        )


def default_family(engine: str, version: str) -> str:
    """Parameter group family of a version: `aurora-postgresql17`, `aurora-mysql8.0`."""
    if engine == "aurora-postgresql":
        return engine + version.split(".", maxsplit=1)[0]
    return engine + ".".join(version.split(".")[:2])
