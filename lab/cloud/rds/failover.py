"""Failover: accepted or refused, then really done by the plane, and only then shown."""

from __future__ import annotations

import logging
from typing import Any

from lab.cloud.awserrors import rds_error
from lab.cloud.faults import Fault
from lab.cloud.rds.promotion import Candidate, promotion_order
from lab.cloud.rds.state import RdsState, frozen
from lab.cloud.runtime import RUNTIME, later
from lab.plane import PlaneError

log = logging.getLogger(__name__)


class FailoverState(RdsState):
    """FailoverDBCluster, and what Aurora does by itself when a writer is lost."""

    def failover_db_cluster(self, db_cluster_identifier: str, target_db_instance_identifier: str | None = None) -> Any:
        """Accept a failover; the answer shows `failing-over` or, as on AWS, may still show `available`."""
        with RUNTIME.lock:
            cluster = self.cluster(db_cluster_identifier)
            self.require_available(cluster)
            if cluster.is_secondary:
                raise rds_error(
                    "InvalidDBClusterStateFault",
                    f"{cluster.db_cluster_identifier} is a secondary cluster of a global cluster: it has no writer.",
                )
            target = self._target(cluster, target_db_instance_identifier)
            if RUNTIME.faults.holds(Fault.FAILOVER_IGNORED, cluster.db_cluster_identifier):
                return frozen(cluster)
            cluster.status = "failing-over"
            answer = frozen(cluster)
        self._promote(cluster, target)
        return answer

    def _target(self, cluster: Any, wanted: str | None) -> Any:
        readers = self.promotable(cluster)
        if wanted is not None:
            member = cluster.member(wanted)
            if member is None:
                raise rds_error(
                    "InvalidDBInstanceStateFault",
                    f"Cannot find target instance {wanted} in the cluster {cluster.db_cluster_identifier}",
                )
            if member.is_cluster_writer or member not in readers:
                raise rds_error(
                    "InvalidDBInstanceStateFault", f"Instance {wanted} should be in valid state for failover."
                )
            return member
        if not readers:
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"Database cluster:{cluster.db_cluster_identifier} should have at least two database instances for "
                "failover",
            )
        return readers[0]

    def promotable(self, cluster: Any) -> list[Any]:
        """Available, healthy readers, the one that Aurora would promote first."""
        readers = {
            member.db_instance_identifier: member
            for member in cluster.clustered
            if not member.is_cluster_writer and member.status == "available" and self._healthy(cluster, member)
        }
        order = promotion_order(
            Candidate(instance_id=name, tier=member.promotion_tier, instance_class=member.db_instance_class)
            for name, member in readers.items()
        )
        return [readers[candidate.instance_id] for candidate in order]

    def _healthy(self, cluster: Any, member: Any) -> bool:
        return not self.serves(cluster) or RUNTIME.plane.is_healthy(member.plane_id)

    def _promote(self, cluster: Any, target: Any) -> None:
        writer = cluster.writer
        same_zone = writer is not None and writer.availability_zone == target.availability_zone
        self.tell("0072" if same_zone else "0073", cluster, instance=target.db_instance_identifier)
        later(
            RUNTIME.delays.failing_over_s,
            lambda: self._do_promote(cluster, target),
            lambda: self._promoted(cluster, target),
            f"failover {cluster.db_cluster_identifier}",
            lambda _: self._not_promoted(cluster),
        )

    def _do_promote(self, cluster: Any, target: Any) -> None:
        if not self.serves(cluster):
            return
        cluster_id = cluster.db_cluster_identifier
        if RUNTIME.faults.holds(Fault.PROMOTION_SKIPPED, cluster_id):
            return
        RUNTIME.plane.failover(cluster.plane_id, target.plane_id)

    def _promoted(self, cluster: Any, target: Any) -> None:
        """The server said that it is the writer: now the API shows it."""
        for member in cluster.clustered:
            member.is_cluster_writer = member is target
        cluster.status = "available"
        self.tell("0071", cluster, instance=target.db_instance_identifier)
        self.tell("0385", cluster)

    def _not_promoted(self, cluster: Any) -> None:
        cluster.status = "available"
        self.tell("0069", cluster)

    def writer_lost(self, cluster_id: str, instance_id: str) -> None:
        """Fail over by itself, as Aurora does when its writer dies; with no healthy reader, restart the writer."""
        with RUNTIME.lock:
            cluster = self.clusters.get(cluster_id)
            writer = cluster.member(instance_id) if cluster is not None else None
            if cluster is None or writer is None or cluster.status in {"failing-over", "deleting"}:
                return
            readers = self.promotable(cluster)
            cluster.status = "failing-over"
        self.tell("0004", writer)
        if readers:
            self._promote(cluster, readers[0])
            return
        later(
            RUNTIME.delays.failing_over_s,
            lambda: RUNTIME.plane.reboot(cluster.plane_id, writer.plane_id),
            lambda: self._restarted(cluster, writer),
            f"restart {instance_id}",
            lambda _: self._not_promoted(cluster),
        )

    def _restarted(self, cluster: Any, writer: Any) -> None:
        cluster.status = "available"
        self.tell("0006", writer)

    def reboot_db_instance(self, db_instance_identifier: str, *, force_failover: bool = False) -> Any:
        """Restart one instance in its role; `ForceFailover` is not for Aurora (facts F8)."""
        with RUNTIME.lock:
            instance = self.instance(db_instance_identifier)
            if instance.db_cluster_identifier not in self.clusters:
                return super().reboot_db_instance(db_instance_identifier)
            if force_failover:
                raise rds_error(
                    "InvalidDBInstanceStateFault",
                    "Cannot force a failover of an Aurora instance; use FailoverDBCluster.",
                )
            if instance.status != "available":
                raise rds_error(
                    "InvalidDBInstanceStateFault", f"Instance {db_instance_identifier} is not in available state."
                )
            instance.status = "rebooting"
            answer = frozen(instance)
        cluster = self.clusters[instance.db_cluster_identifier]
        name = instance.db_instance_identifier
        act = lambda: RUNTIME.plane.reboot(cluster.plane_id, instance.plane_id)  # noqa: E731
        restart = act if self.serves(cluster) else None
        later(
            RUNTIME.delays.rebooting_s,
            restart,
            lambda: self._rebooted(instance),
            f"reboot {name}",
            self._failed(instance),
        )
        return answer

    def _rebooted(self, instance: Any) -> None:
        instance.status = "available"
        self.tell("0006", instance)

    def _failed(self, resource: Any) -> Any:
        def put_into_failed(error: Exception) -> None:
            why = "plane" if isinstance(error, PlaneError) else "lab"
            log.error("%s.failed %s: %s", why, resource.resource_id, error)
            resource.status = "failed"

        return put_into_failed
