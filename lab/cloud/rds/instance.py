"""An Aurora instance: most of what DescribeDBInstances shows of it is its cluster's."""

from __future__ import annotations

import secrets
import string
from collections import Counter
from typing import Any

from moto.rds.models import DBInstanceClustered

from lab.cloud.rds.checks import default_family

CA = "rds-ca-rsa2048-g1"
_ALPHABET = string.ascii_uppercase + string.digits


class Instance(DBInstanceClustered):  # type: ignore[misc]
    """A member of a cluster. Port, IAM authentication, subnets, insights and monitoring come from the cluster."""

    def __init__(self, backend: Any, cluster: Any, **given: Any) -> None:
        inherited = {
            "port": cluster.port,
            "enable_iam_database_authentication": cluster.iam_auth,
            "db_subnet_group_name": _subnet_group(given, cluster),
            "availability_zone": given.get("availability_zone") or _emptiest_zone(cluster),
            "ca_certificate_identifier": given.get("ca_certificate_identifier") or CA,
            "publicly_accessible": bool(given.get("publicly_accessible")),
            "copy_tags_to_snapshot": cluster.copy_tags_to_snapshot,
            "monitoring_interval": 0,
            "monitoring_role_arn": None,
        }
        super().__init__(backend=backend, **{**given, **inherited})
        self.status = "creating"
        self.plane_id = given["db_instance_identifier"]  # what its server is called
        if cluster.is_secondary:
            self.is_cluster_writer = False  # every instance of a secondary is a reader
        self.performance_insights_enabled = _first(given, "enable_performance_insights", cluster)
        self.performance_insights_kms_key_id = given.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = given.get("performance_insights_retention_period")
        self.monitoring_interval = given.get("monitoring_interval") or cluster.monitoring_interval
        self.monitoring_role_arn = given.get("monitoring_role_arn") or cluster.monitoring_role_arn
        self.dbi_resource_id = "db-" + "".join(secrets.choice(_ALPHABET) for _ in range(26))
        self.certificate_details = {"CAIdentifier": self.ca_certificate_identifier}

    @property
    def db_instance_status(self) -> str:
        return str(self.status)

    @property
    def endpoint(self) -> dict[str, Any] | None:
        """None until the instance is there: AWS shows no endpoint while it is being created."""
        if self.status == "creating":
            return None
        return {"Address": self.address, "Port": self.port, "HostedZoneId": self.cluster.hosted_zone_id}

    @property
    def address(self) -> str:
        return f"{self.db_instance_identifier}.{self.cluster.url_identifier}.{self.region}.rds.test"

    @property
    def enabled_cloudwatch_logs_exports(self) -> list[str]:
        """Aurora exports logs per cluster; each instance shows what its cluster exports."""
        return list(self.cluster.enabled_cloudwatch_logs_exports)

    @enabled_cloudwatch_logs_exports.setter
    def enabled_cloudwatch_logs_exports(self, _: list[str]) -> None:
        pass  # moto's constructor sets it; the cluster's are shown

    @property
    def storage_type(self) -> str:
        return str(self.cluster.storage_type)

    @property
    def deletion_protection(self) -> bool:
        """Aurora's protection is the cluster's; an instance can be deleted under it."""
        return False

    @deletion_protection.setter
    def deletion_protection(self, _: bool) -> None:
        pass  # moto's constructor sets it

    @property
    def db_cluster_parameter_group_status(self) -> str:
        return "in-sync"

    def default_db_parameter_group_details(self) -> tuple[str, str]:
        family = default_family(self.engine, self.engine_version)
        return family, f"default.{family}"


def _subnet_group(given: dict[str, Any], cluster: Any) -> str | None:
    """None for the default VPC's own group, which moto does not have."""
    name: str = given.get("db_subnet_group_name") or cluster.db_subnet_group_name
    return None if name == "default" else name


def _first(given: dict[str, Any], name: str, cluster: Any) -> bool:
    value = given.get(name)
    return bool(cluster.performance_insights_enabled if value is None else value)


def _emptiest_zone(cluster: Any) -> str:
    """The cluster's zone with the fewest of its instances, in the subnet group's order."""
    used = Counter(member.availability_zone for member in cluster.clustered)
    zones: list[str] = list(cluster.availability_zones)
    return min(zones, key=lambda zone: (used[zone], zones.index(zone)))
