"""An Aurora cluster as the embedded AWS keeps it: moto's model, with what it leaves out or gets wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from typing import Any

from moto.rds.models import AssociatedRole, DBCluster
from moto.rds.utils import FilterDef

from lab.cloud.rds.backtrack_window import Backtracked
from lab.cloud.rds.checks import IAM_MASTER, default_family
from lab.cloud.rds.secret import ManagedSecret
from lab.cloud.runtime import RUNTIME

DEFAULT_VERSIONS = {"aurora-postgresql": "17.7", "aurora-mysql": "8.0.mysql_aurora.3.10.0"}
EXTENDED_SUPPORT = "open-source-rds-extended-support"
PI_RETENTION_DAYS = 7
# Parameters that moto's model must not see: it ignores them, or checks them wrongly.
_OWN = (
    "storage_type",
    "manage_master_user_password",
    "master_user_secret_kms_key_id",
    "enable_http_endpoint",
    "associated_roles",
)


class Cluster(Backtracked, DBCluster):  # type: ignore[misc]
    """Attributes are what DescribeDBClusters shows, in snake case. The status changes only when somebody sets it."""

    SUPPORTED_FILTERS = {  # noqa: RUF012 (moto's name for it)
        **DBCluster.SUPPORTED_FILTERS,
        "db-cluster-resource-id": FilterDef(["db_cluster_resource_id"], "DB Cluster Resource Ids"),
        "clone-group-id": FilterDef(["clone_group_id"], "Clone Group Ids"),
    }

    cross_account_clone = False  # moto's is a property

    def __init__(self, backend: Any, **given: Any) -> None:
        kept = {name: value for name, value in given.items() if name not in _OWN}
        kept["engine_version"] = given.get("engine_version") or DEFAULT_VERSIONS[given["engine"]]
        if given.get("manage_master_user_password") or given.get("master_user_authentication_type") == IAM_MASTER:
            kept["master_user_password"] = secrets.token_hex(16)  # moto insists; a secret's own is set below
        super().__init__(backend, **kept)
        if self.global_cluster_identifier:  # moto keeps no password of a member, IAM's master user has one of ours
            self._master_user_password = kept.get("master_user_password") or ""
        self.db_cluster_parameter_group_name = given.get("db_cluster_parameter_group_name") or self._default_group()
        self.storage_type = given.get("storage_type") or "aurora"
        self.storage_encryption_type = "sse-kms" if self.storage_encrypted else "none"
        if not self.storage_encrypted:  # moto makes one up (DBCluster.KmsKeyId: "If StorageEncrypted is enabled, ...")
            self.kms_key_id = None
        self.manage_master_user_password = bool(given.get("manage_master_user_password"))
        self._set_monitoring(given)
        self._set_options(given)
        self._set_place(given)
        self._associated_roles = [
            AssociatedRole(role_arn=role["RoleArn"], feature_name=role.get("FeatureName") or "")
            for role in given.get("associated_roles") or []
        ]
        if self.manage_master_user_password:
            self.manage_password(given.get("master_user_secret_kms_key_id"))

    def _set_monitoring(self, given: dict[str, Any]) -> None:
        self.monitoring_interval = given.get("monitoring_interval") or 0
        self.monitoring_role_arn = given.get("monitoring_role_arn")
        self.database_insights_mode = given.get("database_insights_mode") or "standard"
        self.performance_insights_enabled = bool(given.get("enable_performance_insights"))
        self.performance_insights_kms_key_id = given.get("performance_insights_kms_key_id")
        retention = given.get("performance_insights_retention_period")
        self.performance_insights_retention_period = retention or (
            PI_RETENTION_DAYS if self.performance_insights_enabled else None
        )

    def _set_options(self, given: dict[str, Any]) -> None:
        self.clone_group_id: str | None = None
        self.engine_lifecycle_support = given.get("engine_lifecycle_support") or EXTENDED_SUPPORT
        self.local_write_forwarding_status = "enabled" if given.get("enable_local_write_forwarding") else "disabled"
        self.master_user_authentication_type = given.get("master_user_authentication_type")
        self.http_endpoint = bool(given.get("enable_http_endpoint"))
        self.iam_auth = bool(given.get("enable_iam_database_authentication"))
        self.db_instance_parameter_group_name = given.get("db_instance_parameter_group_name")
        digest = hashlib.sha256(f"{self.account_id}{self.region}".encode()).hexdigest()
        self.url_identifier = digest[:12]  # one for all of an account's clusters in a Region, as on AWS

    def _set_place(self, given: dict[str, Any]) -> None:
        """Where it stands among clusters of other Regions, and what its servers are called."""
        self.global_database: Any = None
        self.detached_from: str | None = None  # the global database that it once was a member of
        self.has_processes = True
        self.plane_id = given["db_cluster_identifier"]
        if given.get("master_user_password"):
            self.master_user_password = given["master_user_password"]  # moto leaves it out of global members

    @property
    def is_secondary(self) -> bool:
        return self.global_database is not None and self.global_database.primary is not self

    @property
    def global_write_forwarding_status(self) -> str | None:
        """None outside a global database; a primary forwards nothing until it is demoted."""
        if self.global_database is None:
            return None
        if not self.is_secondary or not self.global_write_forwarding_requested:
            return "disabled"
        return "enabled" if self.status == "available" else "enabling"

    @property
    def without_processes(self) -> str:
        """Why no server runs although the engine has them; empty where they run."""
        if self.has_processes:
            return ""
        if self.global_database is None:
            return f"once a secondary of {self.detached_from}"
        role = "secondary" if self.is_secondary else "primary"
        return f"{role} of {self.global_database.global_cluster_identifier}"

    def request_write_forwarding(self, *, enabled: bool) -> None:
        self._global_write_forwarding_requested = enabled

    def take_login_of(self, primary: Any) -> None:
        """A secondary and a replica have their source's master user, and keep it when they stand alone."""
        self.master_username, self.database_name = primary.master_username, primary.database_name
        self._master_user_password = primary.password

    @property
    def earliest_restorable_time(self) -> dt.datetime | None:
        """None until there is something to restore (facts C13)."""
        return None if self.status == "creating" else self.restorable_window[0]

    @earliest_restorable_time.setter
    def earliest_restorable_time(self, moment: dt.datetime) -> None:
        self.born_at = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    @property
    def latest_restorable_time(self) -> dt.datetime | None:
        return None if self.status == "creating" else self.restorable_window[1]

    @property
    def restorable_window(self) -> tuple[dt.datetime, dt.datetime]:
        """From its birth, or as long ago as backups are kept, until now; on AWS until some minutes ago (facts A12).

        Where servers run: from when their past is complete.
        """
        now = dt.datetime.now(dt.UTC)
        since = RUNTIME.plane.restorable_since(self.plane_id) if self.has_processes else None
        return max(since or self.born_at, now - dt.timedelta(days=self.backup_retention_period)), now

    def join_clone_group(self) -> str:
        """What a cluster, its clones and its restores to a point in time have in common (facts C2)."""
        self.clone_group_id = self.clone_group_id or str(uuid.uuid4())
        return self.clone_group_id

    def _default_group(self) -> str:
        return f"default.{default_family(self.engine, self.engine_version)}"

    def manage_password(self, kms_key_id: str | None) -> None:
        self.manage_master_user_password = True
        self.master_user_secret = ManagedSecret(self, kms_key_id)
        self.master_user_password = self.master_user_secret.password

    @property
    def password(self) -> str:
        return str(self._master_user_password)

    @property
    def status(self) -> str:
        return str(self._status)

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    @property
    def db_cluster_parameter_group(self) -> str:
        return str(self.db_cluster_parameter_group_name)

    @property
    def http_endpoint_enabled(self) -> bool:
        return self.http_endpoint

    @property
    def clustered(self) -> list[Any]:
        return list(self._members)

    def designate_writer(self) -> None:
        """Never by itself: the writer is who was promoted."""

    @property
    def endpoint(self) -> str | None:
        """What DescribeDBClusters shows: of a secondary of a global database nothing, until it is promoted.

        Source: hashicorp/terraform-provider-aws#14219, which wants DescribeDBClusterEndpoints for that reason.
        """
        return None if self.is_secondary else self.writer_endpoint

    @property
    def writer_endpoint(self) -> str:
        return f"{self.db_cluster_identifier}.cluster-{self.url_identifier}.{self.region}.rds.test"

    @property
    def reader_endpoint(self) -> str:
        return f"{self.db_cluster_identifier}.cluster-ro-{self.url_identifier}.{self.region}.rds.test"

    def custom_endpoint(self, identifier: str) -> str:
        return f"{identifier}.cluster-custom-{self.url_identifier}.{self.region}.rds.test"

    def member(self, instance_id: str) -> Any | None:
        for instance in self.clustered:
            if instance.db_instance_identifier == instance_id.lower():
                return instance
        return None
