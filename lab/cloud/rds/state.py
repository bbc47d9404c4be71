"""What the RDS backend's parts share: finding things, events, and answers that do not change afterwards."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from moto.rds.models import RDSBackend, rds_backends

from lab.cloud.awserrors import invalid_combination, rds_error
from lab.cloud.rds.cluster import Cluster
from lab.cloud.rds.events import DEFAULT_DURATION, RETENTION, RdsEvent, make_event
from lab.cloud.rds.instance import Instance
from lab.cloud.runtime import RUNTIME
from lab.plane import Record


class RdsState(RDSBackend):  # type: ignore[misc]
    """moto's backend with look-ups that fail as RDS does."""

    def cluster(self, identifier: str) -> Any:
        """A cluster by identifier or ARN.

        Raises:
            ServiceException: DBClusterNotFoundFault.
        """
        name = identifier.rsplit(":", maxsplit=1)[-1]
        if name not in self.clusters:
            raise rds_error("DBClusterNotFoundFault", f"DBCluster {name} not found.")
        return self.clusters[name]

    def instance(self, identifier: str) -> Any:
        """An instance by identifier or ARN.

        Raises:
            ServiceException: DBInstanceNotFound.
        """
        name = identifier.rsplit(":", maxsplit=1)[-1]
        if name not in self.databases:
            raise rds_error("DBInstanceNotFoundFault", f"DBInstance {name} not found.")
        return self.databases[name]

    @staticmethod
    def require_available(cluster: Any) -> None:
        if cluster.status != "available":
            raise rds_error(
                "InvalidDBClusterStateFault",
                f"DbCluster {cluster.db_cluster_identifier} is in {cluster.status} state but expected it to be one "
                "of available.",
            )

    # --- events

    def tell(self, event_id: str, about: Any, **details: str) -> None:
        """Record an event about a cluster or an instance."""
        kind = "db-cluster" if isinstance(about, Cluster) else "db-instance"
        self.events.append(make_event(event_id, kind, about.resource_id, about.arn, **details))

    def describe_events(
        self,
        *,
        source_identifier: str | None = None,
        source_type: str | None = None,
        start_time: dt.datetime | None = None,
        end_time: dt.datetime | None = None,
        duration: int | None = None,
        event_categories: list[str] | None = None,
        **_: Any,
    ) -> list[Any]:
        """Events of the last `duration` minutes (60), or between two times within the last 14 days; oldest first."""
        if source_identifier is not None and source_type is None:
            raise invalid_combination("Cannot specify source identifier without source type")
        now = dt.datetime.now(dt.UTC)
        span = dt.timedelta(minutes=duration) if duration is not None else DEFAULT_DURATION
        since = max(_aware(start_time) if start_time else now - span, now - RETENTION)
        until = _aware(end_time) if end_time else now
        return [
            event
            for event in self.events
            if since <= _aware(event.date) <= until
            and source_type in {None, event.source_type}
            and (source_identifier is None or event.source_identifier == source_identifier.lower())
            and (not event_categories or set(event_categories) & set(event.event_categories))
        ]

    # --- names

    def serves(self, cluster: Any) -> bool:
        """Whether the cluster has processes; one that joined a global database as a secondary has none."""
        return cluster.has_processes and RUNTIME.plane.serves(cluster.engine)

    def plane_name(self, identifier: str, kind: str) -> str:
        """What the plane calls a cluster or an instance: ids are per Region on AWS, the plane has one set of them."""
        taken = {
            getattr(each, "plane_id", None)
            for regions in list(rds_backends.values())
            for backend in list(regions.values())
            for each in list(getattr(backend, kind).values())
        }
        return f"{identifier}.{self.region_name}" if identifier in taken else identifier

    def publish_cluster(self, cluster: Any) -> None:
        if not self.serves(cluster):
            return
        owner = cluster.plane_id
        RUNTIME.plane.publish(Record(name=cluster.writer_endpoint, kind="writer", owner=owner))
        RUNTIME.plane.publish(Record(name=cluster.reader_endpoint, kind="reader", owner=owner))

    def withdraw_cluster(self, cluster: Any) -> None:
        if self.serves(cluster):
            RUNTIME.plane.withdraw(cluster.writer_endpoint)
            RUNTIME.plane.withdraw(cluster.reader_endpoint)

    # --- moto's own calls that would be wrong here

    def add_event(self, event_type: str, resource: Any) -> None:
        if not isinstance(resource, Instance):
            super().add_event(event_type, resource)


def frozen(resource: Any) -> Any:
    """The resource as it is now, for an answer: what changes it later does not change the answer."""
    return copy.copy(resource)


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


__all__ = ["Cluster", "Instance", "RdsEvent", "RdsState", "frozen"]
