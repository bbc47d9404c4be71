"""EC2: moto's, behind the overlay's own answers."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.rds.models import rds_backends

from lab.cloud.ec2 import urls


class LabEC2Backend(EC2Backend):  # type: ignore[misc]
    """moto's EC2 with the operations of `LabEC2Response`, and security groups that are kept while a cluster is in them.

    DeleteSecurityGroup: "If you attempt to delete a security group that is associated with an instance or network
    interface [...] the operation fails with DependencyViolation"; a cluster has an interface per instance.
    """

    _url_module = urls

    def _load_amis(self) -> None:
        """None: no machine is ever started here, and moto's thousand and more take half a second for each Region."""

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Of the clusters only those that have an instance have an interface."""
        users: list[str] = [
            cluster.db_cluster_identifier
            for cluster in self._clusters()
            if group_id in (cluster.vpc_security_group_ids or ()) and cluster.clustered
        ]
        if group_id and users:
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        super().delete_security_group(name, group_id)

    def _clusters(self) -> list[Any]:
        rds = rds_backends[self.account_id][self.region_name]
        return [cluster for cluster in rds.clusters.values() if hasattr(cluster, "clustered")]
