"""RDS operations that moto lacks or answers wrongly: parameters arrive parsed, results are serialised by the model."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from lab.cloud.awserrors import rds_error
from lab.cloud.paging import page
from lab.cloud.rds import options, shared
from lab.cloud.rds.data_api import DataApiResponse
from lab.cloud.rds.proxy_responses import ProxyResponse
from lab.cloud.rds.snapshot_responses import SnapshotResponse


def _not_modelled(_: Any) -> ActionResult:
    raise NotImplementedError("not modelled by the embedded AWS")


class AuroraResponse(ProxyResponse, SnapshotResponse, DataApiResponse):
    """moto's RDS with the overlay's backend behind it."""

    # What moto answers in its own way would break "one state": a cluster whose processes do something else.
    switchover_blue_green_deployment = _not_modelled
    start_db_cluster = _not_modelled

    def _plain(self) -> dict[str, Any]:
        return dict(self.params)

    def describe_db_clusters(self) -> ActionResult:
        given = self._plain()
        filters = {item["Name"]: item["Values"] for item in given.get("filters", [])}
        name = given.get("db_cluster_identifier")
        if name and shared.is_foreign(self.backend, name):
            return page("DBClusters", self._shared(name, given), given)
        found = [self.backend.cluster(name)] if name else self.backend.describe_db_clusters(None, filters)
        own = sorted(found, key=lambda cluster: str(cluster.db_cluster_identifier))
        others = shared.shown_clusters(self.backend) if given.get("include_shared") and not name and not filters else []
        return page("DBClusters", [*own, *others], given)

    def _shared(self, arn: str, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Another account's cluster, seen only by who asks for shared ones too."""
        found = [each for each in shared.shown_clusters(self.backend) if each["DBClusterArn"] == arn]
        if not found or not given.get("include_shared"):
            raise rds_error("DBClusterNotFoundFault", f"DBCluster {arn} not found.")
        return found

    def describe_db_instances(self) -> ActionResult:
        given = self._plain()
        filters = {item["Name"]: item["Values"] for item in given.get("filters", [])}
        found = self.backend.describe_db_instances(given.get("db_instance_identifier"), filters)
        return page("DBInstances", sorted(found, key=lambda each: str(each.db_instance_identifier)), given)

    def delete_db_cluster(self) -> ActionResult:
        given = self._plain()
        cluster = self.backend.delete_cluster(
            given["db_cluster_identifier"],
            skip_final_snapshot=bool(given.get("skip_final_snapshot")),
            final_snapshot=given.get("final_db_snapshot_identifier"),
            delete_backups=given.get("delete_automated_backups") is not False,
        )
        return ActionResult({"DBCluster": cluster})

    def restore_db_cluster_from_snapshot(self) -> ActionResult:
        return ActionResult({"DBCluster": self.backend.restore_from_snapshot(self._plain())})

    def restore_db_cluster_to_point_in_time(self) -> ActionResult:
        return ActionResult({"DBCluster": self.backend.restore_to_point_in_time(self._plain())})

    def restore_db_cluster_from_s3(self) -> ActionResult:
        return ActionResult({"DBCluster": self.backend.restore_from_s3(self._plain())})

    def describe_db_snapshots(self) -> ActionResult:
        return page("DBSnapshots", self.backend.find_db_snapshots(self._plain()), self._plain())

    def describe_db_cluster_automated_backups(self) -> ActionResult:
        given = self._plain()
        return page("DBClusterAutomatedBackups", self.backend.describe_db_cluster_automated_backups(given), given)

    def delete_db_cluster_automated_backup(self) -> ActionResult:
        gone = self.backend.delete_db_cluster_automated_backup(self._plain()["db_cluster_resource_id"])
        return ActionResult({"DBClusterAutomatedBackup": gone})

    def backtrack_db_cluster(self) -> ActionResult:
        return ActionResult(self.backend.backtrack_db_cluster(self._plain()))

    def describe_db_cluster_backtracks(self) -> ActionResult:
        given = self._plain()
        return page("DBClusterBacktracks", self.backend.describe_db_cluster_backtracks(given), given)

    def create_blue_green_deployment(self) -> ActionResult:
        return ActionResult({"BlueGreenDeployment": self.backend.create_deployment(self._plain())})

    def describe_blue_green_deployments(self) -> ActionResult:
        return page("BlueGreenDeployments", self.backend.find_deployments(self._plain()), self._plain())

    def delete_blue_green_deployment(self) -> ActionResult:
        given = self._plain()
        deleted = self.backend.delete_deployment(
            given["blue_green_deployment_identifier"], delete_target=bool(given.get("delete_target"))
        )
        return ActionResult({"BlueGreenDeployment": deleted})

    def reboot_db_instance(self) -> ActionResult:
        given = self._plain()
        instance = self.backend.reboot_db_instance(
            given["db_instance_identifier"], force_failover=bool(given.get("force_failover"))
        )
        return ActionResult({"DBInstance": instance})

    def create_db_cluster_endpoint(self) -> ActionResult:
        return ActionResult(self.backend.create_db_cluster_endpoint(**self._plain()))

    def modify_db_cluster_endpoint(self) -> ActionResult:
        return ActionResult(self.backend.modify_db_cluster_endpoint(**self._plain()))

    def delete_db_cluster_endpoint(self) -> ActionResult:
        return ActionResult(self.backend.delete_db_cluster_endpoint(**self._plain()))

    def describe_db_cluster_endpoints(self) -> ActionResult:
        given = self._plain()
        return page("DBClusterEndpoints", self.backend.describe_db_cluster_endpoints(**given), given)

    def remove_role_from_db_cluster(self) -> ActionResult:
        self.backend.remove_role_from_db_cluster(**self._plain())
        return EmptyResult()

    def modify_event_subscription(self) -> ActionResult:
        return ActionResult({"EventSubscription": self.backend.modify_event_subscription(**self._plain())})

    def add_source_identifier_to_subscription(self) -> ActionResult:
        return ActionResult({"EventSubscription": self.backend.add_source_identifier(**self._plain())})

    def remove_source_identifier_from_subscription(self) -> ActionResult:
        return ActionResult({"EventSubscription": self.backend.remove_source_identifier(**self._plain())})

    def describe_events(self) -> ActionResult:
        return page("Events", list(self.backend.describe_events(**self._plain())), self._plain())

    def describe_db_engine_versions(self) -> ActionResult:
        return page("DBEngineVersions", options.engine_versions(self._plain()), self._plain())

    def stop_db_cluster(self) -> ActionResult:
        """Global databases and sources of cross-Region replicas cannot be stopped (facts A25); others: not modelled."""
        cluster = self.backend.cluster(self.params["DBClusterIdentifier"])
        if cluster.global_database is not None or cluster.read_replica_identifiers:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"Cannot stop {cluster.db_cluster_identifier}: it is in a global cluster or has read replicas.",
            )
        return _not_modelled(self)

    def promote_read_replica_db_cluster(self) -> ActionResult:
        return ActionResult({"DBCluster": self.backend.promote_read_replica_db_cluster(**self._plain())})

    def describe_global_clusters(self) -> ActionResult:
        return page("GlobalClusters", self.backend.describe_global_clusters(**self._plain()), self._plain())

    def create_global_cluster(self) -> ActionResult:
        return ActionResult({"GlobalCluster": self.backend.create_global_cluster(**self._plain())})

    def modify_global_cluster(self) -> ActionResult:
        return ActionResult({"GlobalCluster": self.backend.modify_global_cluster(**self._plain())})

    def delete_global_cluster(self) -> ActionResult:
        return ActionResult({"GlobalCluster": self.backend.delete_global_cluster(**self._plain())})

    def remove_from_global_cluster(self) -> ActionResult:
        return ActionResult({"GlobalCluster": self.backend.remove_from_global_cluster(**self._plain())})

    def switchover_global_cluster(self) -> ActionResult:
        return ActionResult({"GlobalCluster": self.backend.switchover_global_cluster(**self._plain())})

    def failover_global_cluster(self) -> ActionResult:
        return ActionResult({"GlobalCluster": self.backend.failover_global_cluster(**self._plain())})

    def reboot_db_cluster(self) -> ActionResult:
        raise rds_error(
            "InvalidDBClusterStateFault", "RebootDBCluster is only for Multi-AZ DB clusters, not for Aurora."
        )

    def reset_db_cluster_parameter_group(self) -> ActionResult:
        name = self.params["DBClusterParameterGroupName"]
        _reset(self.backend.db_cluster_parameter_groups, name, self.params)
        return ActionResult({"DBClusterParameterGroupName": name})

    def reset_db_parameter_group(self) -> ActionResult:
        name = self.params["DBParameterGroupName"]
        _reset(self.backend.db_parameter_groups, name, self.params)
        return ActionResult({"DBParameterGroupName": name})


def _reset(groups: Any, name: str, given: Any) -> None:
    if name not in groups:
        raise rds_error("DBParameterGroupNotFoundFault", f"DBParameterGroup not found: {name}")
    parameters = groups[name].parameters
    names = {item["ParameterName"] for item in given.get("Parameters", [])}
    for parameter in [key for key in parameters if given.get("ResetAllParameters") or key in names]:
        del parameters[parameter]
