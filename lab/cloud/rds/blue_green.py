"""Blue/green deployments of Aurora clusters, control plane only: the green cluster has no processes behind it.

Sources: API reference, CreateBlueGreenDeployment and DeleteBlueGreenDeployment; Aurora User Guide, "Limitations and
considerations for blue/green deployments" and "Deleting a blue/green deployment". Switching over is not modelled.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.utils import utcnow

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds import checks
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.snapshots import SnapshotState
from lab.cloud.rds.state import frozen
from lab.cloud.runtime import RUNTIME, later

SWITCHED = "SWITCHOVER_COMPLETED"
GREEN = "-green-"
_ON = frozenset({"1", "on", "true"})
_BINLOG = frozenset({"row", "mixed", "statement"})
_ALPHABET = string.ascii_lowercase + string.digits
_TASKS = ("CREATING_READ_REPLICA_OF_SOURCE", "DB_ENGINE_VERSION_UPGRADE", "CONFIGURE_BACKUPS")
_COPIED = (
    *("backup_retention_period", "copy_tags_to_snapshot", "database_name", "db_subnet_group_name"),
    *("deletion_protection", "engine", "engine_lifecycle_support", "master_username", "port"),
    *("preferred_backup_window", "preferred_maintenance_window", "storage_encrypted", "storage_type"),
)
_COPIED_INSTANCE = (
    *("auto_minor_version_upgrade", "db_instance_class", "engine", "monitoring_interval", "monitoring_role_arn"),
    *("performance_insights_kms_key_id", "performance_insights_retention_period", "promotion_tier"),
    "publicly_accessible",
)


@dataclass(eq=False)
class Deployment:
    """Attributes are what DescribeBlueGreenDeployments shows, in snake case."""

    blue_green_deployment_name: str
    source: str
    target: str
    region: str
    account_id: str
    partition: str
    blue_green_deployment_identifier: str = field(default_factory=lambda: "bgd-" + _random(16))
    status: str = "PROVISIONING"
    status_details: str | None = None
    tags: list[dict[str, str]] = field(default_factory=list)
    create_time: Any = field(default_factory=utcnow)

    @property
    def arn(self) -> str:
        place = f"{self.partition}:rds:{self.region}:{self.account_id}"
        return f"arn:{place}:deployment:{self.blue_green_deployment_identifier}"

    @property
    def tag_list(self) -> list[dict[str, str]]:
        return self.tags

    @property
    def tasks(self) -> list[dict[str, str]]:
        status = "IN_PROGRESS" if self.status == "PROVISIONING" else "COMPLETED"
        return [{"Name": name, "Status": status} for name in _TASKS]

    @property
    def switchover_details(self) -> list[dict[str, str]]:
        return [{"SourceMember": self.source, "TargetMember": self.target, "Status": self.status}]

    def get_tags(self) -> list[dict[str, str]]:
        return self.tags

    def add_tags(self, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        keys = {tag["Key"] for tag in tags}
        self.tags = [tag for tag in self.tags if tag["Key"] not in keys] + list(tags)
        return self.tags

    def remove_tags(self, tag_keys: list[str]) -> None:
        self.tags = [tag for tag in self.tags if tag["Key"] not in tag_keys]


class BlueGreenState(SnapshotState):
    """Create, describe and delete."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.deployments: dict[str, Deployment] = {}

    def create_deployment(self, given: Mapping[str, Any]) -> Any:
        """A green copy of a cluster and of each of its instances, named `<id>-green-<six letters or digits>`."""
        name = given["blue_green_deployment_name"]
        with RUNTIME.lock:
            if any(each.blue_green_deployment_name == name for each in self.deployments.values()):
                raise rds_error(
                    "BlueGreenDeploymentAlreadyExistsFault", f"A blue/green deployment with name {name} already exists."
                )
            source = self._blue(given["source"])
            self._check_blue(source)
            green = self._green(source, given)
            made = Deployment(
                blue_green_deployment_name=name,
                source=source.db_cluster_arn,
                target=green.db_cluster_arn,
                region=self.region_name,
                account_id=self.account_id,
                partition=self.partition,
                tags=list(given.get("tags") or []),
            )
            self.deployments[made.blue_green_deployment_identifier] = made
            answer = frozen(made)
        available = lambda: setattr(made, "status", "AVAILABLE")  # noqa: E731
        later(RUNTIME.delays.creating_s, None, available, f"blue/green {name}")
        return answer

    def _blue(self, arn: str) -> Any:
        if ":cluster:" not in arn:
            raise invalid_combination("A blue/green deployment of a DB instance is not modelled by the embedded AWS")
        found = self.cluster(arn)
        if not isinstance(found, Cluster):
            raise rds_error("DBClusterNotFoundFault", f"DBCluster {arn} not found.")
        return found

    def _check_blue(self, source: Any) -> None:
        """What "don't support managing master user passwords with AWS Secrets Manager" and its neighbours refuse."""
        self.require_available(source)
        if source.manage_master_user_password:
            raise rds_error(
                "SourceClusterNotSupportedFault",
                f"Source cluster {source.db_cluster_arn} manages its master user password with AWS Secrets Manager.",
            )
        group = self.db_cluster_parameter_groups.get(source.db_cluster_parameter_group_name)
        values = {
            name: str(each.get("ParameterValue", "")) for name, each in (group.parameters if group else {}).items()
        }
        if source.engine == "aurora-mysql" and values.get("binlog_format", "off").lower() not in _BINLOG:
            raise invalid_combination("Blue Green Deployments requires cluster parameter group has binlog enabled.")
        if source.engine == "aurora-postgresql" and values.get("rds.logical_replication", "0").lower() not in _ON:
            raise invalid_combination(
                "Blue Green Deployments requires cluster parameter group has logical replication enabled."
            )

    def _green(self, source: Any, given: Mapping[str, Any]) -> Any:
        version = given.get("target_engine_version") or source.engine_version
        if _order(version) < _order(source.engine_version):
            raise invalid_combination(f"Cannot upgrade from {source.engine_version} to {version}.")
        self._check_family(given.get("target_db_cluster_parameter_group_name"), source.engine, version)
        ending = GREEN + _random(6)
        wanted = {name: getattr(source, name, None) for name in _COPIED} | {
            "db_cluster_identifier": source.db_cluster_identifier[: 63 - len(ending)] + ending,
            "engine_version": version,
            "db_cluster_parameter_group_name": given.get("target_db_cluster_parameter_group_name"),
            "enable_cloudwatch_logs_exports": list(source.enabled_cloudwatch_logs_exports),
            "enable_iam_database_authentication": source.iam_auth,
            "master_user_password": source.password,
            "serverless_v2_scaling_configuration": source.serverless_v2_scaling_configuration,
            "tags": [tag for tag in source.tags if not tag["Key"].startswith("aws:")],
            "kms_key_id": source.kms_key_id if source.storage_encrypted else None,
            "vpc_security_group_ids": [each["VpcSecurityGroupId"] for each in source.vpc_security_groups],
        }
        green = self._new_cluster({name: value for name, value in wanted.items() if value is not None})
        green.has_processes = False
        self._start(green)
        for member in source.clustered:
            self._green_instance(green, member, given.get("target_db_parameter_group_name"))
        return green

    def _check_family(self, group: str | None, engine: str, version: str) -> None:
        if group is None or group.startswith("default."):
            return
        if group not in self.db_cluster_parameter_groups:
            raise rds_error("DBClusterParameterGroupNotFoundFault", f"DBClusterParameterGroup not found: {group}")
        family = self.db_cluster_parameter_groups[group].db_parameter_group_family
        if family != checks.default_family(engine, version):
            raise invalid_combination(
                f"The Parameter Group {group} with DBParameterGroupFamily {family} cannot be used for this instance. "
                f"Please use a Parameter Group with DBParameterGroupFamily {checks.default_family(engine, version)}"
            )

    def _green_instance(self, green: Any, member: Any, group: str | None) -> None:
        ending = GREEN + _random(6)
        wanted = {name: getattr(member, name, None) for name in _COPIED_INSTANCE} | {
            "db_instance_identifier": member.db_instance_identifier[: 63 - len(ending)] + ending,
            "db_cluster_identifier": green.db_cluster_identifier,
            "availability_zone": member.availability_zone,
            "db_parameter_group_name": group,
            "enable_performance_insights": member.performance_insights_enabled,
        }
        self.create_db_instance({name: value for name, value in wanted.items() if value is not None})

    def find_deployments(self, given: Mapping[str, Any]) -> list[Deployment]:
        wanted = given.get("blue_green_deployment_identifier")
        if wanted is not None:
            return [self.deployment(wanted)]
        filters = {item["Name"]: item["Values"] for item in given.get("filters") or []}
        shown = {
            "blue-green-deployment-identifier": "blue_green_deployment_identifier",
            "blue-green-deployment-name": "blue_green_deployment_name",
            "source": "source",
            "target": "target",
        }
        found = list(self.deployments.values())
        return [each for each in found if all(getattr(each, shown[name]) in values for name, values in filters.items())]

    def deployment(self, identifier: str) -> Deployment:
        """By identifier or ARN, in any case.

        Raises:
            AwsError: BlueGreenDeploymentNotFoundFault.
        """
        found = self.deployments.get(identifier.rsplit(":", 1)[-1].lower())
        if found is None:
            raise rds_error(
                "BlueGreenDeploymentNotFoundFault", f"Blue/Green Deployment {identifier} does not exist in account."
            )
        return found

    def delete_deployment(self, identifier: str, *, delete_target: bool) -> Any:
        """`DeleteTarget`: green "must have deletion protection turned off", and not have taken over."""
        with RUNTIME.lock:
            found = self.deployment(identifier)
            if delete_target and found.status == SWITCHED:
                raise invalid_combination("You can't specify DeleteTarget after the switchover.")
            green = self.clusters.get(found.target.rsplit(":", 1)[-1])
            if delete_target and green is not None and green.deletion_protection:
                raise invalid_combination(
                    f"Cannot delete the protected cluster {green.db_cluster_identifier}, please disable deletion "
                    "protection and try again."
                )
            del self.deployments[found.blue_green_deployment_identifier]
            answer = frozen(found)
            answer.status = "DELETING"
        if delete_target and green is not None:
            for member in green.clustered:
                self.delete_db_instance(member.db_instance_identifier)
            name = green.db_cluster_identifier
            self.delete_cluster(name, skip_final_snapshot=True, final_snapshot=None, delete_backups=True)
        return answer


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _order(version: str) -> list[int]:
    return [int(part) for part in version.replace("mysql_aurora", "0").split(".") if part.isdigit()]
