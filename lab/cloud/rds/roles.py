"""Roles that clusters take to call other services.

Sources: botocore's RDS model (errors of AddRoleToDBCluster and RemoveRoleFromDBCluster); Aurora quotas, "DB cluster
roles". moto refuses a second role without a feature name, which is how all roles of Aurora MySQL are; and has no way
to remove one.
"""

from __future__ import annotations

from moto.rds.models import AssociatedRole

from lab.cloud.awserrors import rds_error
from lab.cloud.rds.state import RdsState
from lab.cloud.runtime import RUNTIME

QUOTA = 5


class RoleState(RdsState):
    """Associate roles with clusters."""

    def add_role_to_db_cluster(
        self, db_cluster_identifier: str, role_arn: str, feature_name: str | None = None
    ) -> None:
        with RUNTIME.lock:
            cluster = self.cluster(db_cluster_identifier)
            self.require_available(cluster)
            held = cluster._associated_roles  # noqa: SLF001 (moto has no other name for it)
            taken = any(
                role.role_arn == role_arn or (feature_name and role.feature_name == feature_name) for role in held
            )
            if taken:
                raise rds_error(
                    "DBClusterRoleAlreadyExistsFault", f"{db_cluster_identifier} has a role for it: {role_arn}"
                )
            if len(held) >= QUOTA:
                raise rds_error("DBClusterRoleQuotaExceededFault", f"The quota is {QUOTA} roles for a cluster.")
            held.append(AssociatedRole(role_arn=role_arn, feature_name=feature_name or ""))

    def remove_role_from_db_cluster(
        self, db_cluster_identifier: str, role_arn: str, feature_name: str | None = None
    ) -> None:
        with RUNTIME.lock:
            cluster = self.cluster(db_cluster_identifier)
            self.require_available(cluster)
            held = cluster._associated_roles  # noqa: SLF001 (as above)
            kept = [role for role in held if (role.role_arn, role.feature_name) != (role_arn, feature_name or "")]
            if len(kept) == len(held):
                raise rds_error("DBClusterRoleNotFoundFault", f"{db_cluster_identifier} has no such role: {role_arn}")
            held[:] = kept
