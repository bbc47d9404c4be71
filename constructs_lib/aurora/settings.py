"""What follows from an `AuroraSpec` without a construct: families, parameters, classes. Pure."""

from __future__ import annotations

from typing import Any

from estate import engines
from estate.aurora import AuroraSpec
from estate.engines import MYSQL, POSTGRESQL
from estate.instances import InstanceSpec
from estate.replication import rpo_of_primary

TLS_REQUIRED = {POSTGRESQL: {"rds.force_ssl": "1"}, MYSQL: {"require_secure_transport": "ON"}}
AUDIT = {
    POSTGRESQL: dict[str, str](),
    MYSQL: {
        "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
        "server_audit_logging": "1",
        "slow_query_log": "1",
    },
}
"""An exported log of Aurora MySQL stays empty unless a parameter turns it on (Security Hub RDS.45)."""

SECONDS_PER_HOUR = 3600
STORAGE_TYPES = {"standard": "aurora", "io-optimized": "aurora-iopt1"}
INSIGHTS_RETENTION_DAYS = {"standard": 7, "advanced": 465}
"""What Performance Insights keeps free of charge, and the 15 months that the advanced mode asks for."""


def parameter_group_family(spec: AuroraSpec) -> str:
    """Family of the version: `aurora-postgresql17` for 17.7, `aurora-mysql8.0` for 8.0.mysql_aurora.3.10.0."""
    parts = spec.version.split(".")
    return f"{spec.engine}{parts[0]}" if spec.engine == POSTGRESQL else f"{spec.engine}{parts[0]}.{parts[1]}"


def parameters(spec: AuroraSpec) -> dict[str, str]:
    """TLS required and auditing on; what the file says wins."""
    return {**TLS_REQUIRED[spec.engine], **AUDIT[spec.engine], **rpo_of_primary(spec), **spec.parameters}


def backtrack_window_s(spec: AuroraSpec) -> int | None:
    """Seconds that the cluster can be wound back; None when it cannot, so that the property is left out."""
    return spec.effective_backtrack_hours * SECONDS_PER_HOUR or None


def instance_class(instance: InstanceSpec) -> str:
    return "db.serverless" if instance.is_serverless else instance.instance_class


def insights_supported(spec: AuroraSpec, instance: InstanceSpec) -> bool:
    """Performance Insights runs on everything but Aurora MySQL's smallest burstable classes."""
    return engines.has_insights(spec.engine, instance.instance_class)


def lifecycle_support(spec: AuroraSpec) -> str:
    """Refuse extended support, which is billed and which leaving the property out would choose."""
    return "open-source-rds-extended-support" + ("" if spec.extended_support else "-disabled")


def instance_parameters(spec: AuroraSpec, instance: InstanceSpec) -> dict[str, str]:
    """Those of all instances and its own, which win."""
    return {**(spec.instance_parameters or {}), **instance.parameters}


def storage_type(spec: AuroraSpec) -> str | None:
    """None where the file does not say, so that the property is left out and the storage left alone."""
    return STORAGE_TYPES[spec.storage] if spec.storage else None


def insights(spec: AuroraSpec, key_arn: str) -> dict[str, Any]:
    """Arguments of the cluster for Database Insights; the advanced mode wants Performance Insights on the cluster too.

    [B] CreateDBCluster.DatabaseInsightsMode, PerformanceInsightsRetentionPeriod
    """
    if spec.insights is None:
        return {}
    return {
        "database_insights_mode": spec.insights,
        "performance_insights_enabled": True,
        "performance_insights_kms_key_id": key_arn,
        "performance_insights_retention_period": insights_retention_days(spec),
    }


def insights_retention_days(spec: AuroraSpec) -> int:
    """Days that Performance Insights keeps, on the cluster and on its instances alike."""
    return INSIGHTS_RETENTION_DAYS[spec.insights or "standard"]


def first_instance(spec: AuroraSpec) -> str:
    """The instance to create first, which makes it the first writer: lowest promotion tier, then name."""
    return min(spec.instances, key=lambda name: (spec.instances[name].tier, name))
