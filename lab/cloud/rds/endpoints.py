"""Custom endpoints, and the built-in ones as DescribeDBClusterEndpoints lists them."""

from __future__ import annotations

import secrets
import string
from typing import Any

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds.checks import check_identifier
from lab.cloud.rds.state import RdsState, frozen
from lab.cloud.runtime import RUNTIME, later
from lab.plane import Record

QUOTA = 5  # custom endpoints per cluster (Aurora quotas, L-9372BAB3)
KINDS = frozenset({"READER", "ANY", "WRITER"})


class CustomEndpoint:
    """One custom endpoint; attributes are what the API shows."""

    resource_type = "cluster-endpoint"

    def __init__(self, cluster: Any, identifier: str, kind: str) -> None:
        self.cluster = cluster
        self.db_cluster_identifier = cluster.db_cluster_identifier
        self.db_cluster_endpoint_identifier = identifier.lower()
        suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(26))
        self.db_cluster_endpoint_resource_identifier = f"cluster-endpoint-{suffix}"
        self.db_cluster_endpoint_arn = f"{cluster.arn.rsplit(':', 2)[0]}:cluster-endpoint:{identifier.lower()}"
        self.endpoint = cluster.custom_endpoint(identifier.lower())
        self.endpoint_type, self.custom_endpoint_type = "CUSTOM", kind
        self.static_members: list[str] = []
        self.excluded_members: list[str] = []
        self.status = "creating"
        self.tags: list[dict[str, str]] = []

    def get_tags(self) -> list[dict[str, str]]:
        return self.tags

    def add_tags(self, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        new = {tag["Key"] for tag in tags}
        self.tags = [tag for tag in self.tags if tag["Key"] not in new] + [
            {"Key": tag["Key"], "Value": tag["Value"]} for tag in tags
        ]
        return self.tags

    def remove_tags(self, tag_keys: list[str]) -> None:
        self.tags = [tag for tag in self.tags if tag["Key"] not in tag_keys]

    def record(self) -> Record:
        plane_ids = {each.db_instance_identifier: each.plane_id for each in self.cluster.clustered}
        return Record(
            name=self.endpoint,
            kind="custom",
            owner=self.cluster.plane_id,
            members=tuple(plane_ids.get(name, name) for name in self.static_members),
            excluded=tuple(plane_ids.get(name, name) for name in self.excluded_members),
            custom_type=self.custom_endpoint_type,
        )


class EndpointState(RdsState):
    """Create, modify, delete and describe cluster endpoints."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.custom_endpoints: dict[str, CustomEndpoint] = {}

    def create_db_cluster_endpoint(
        self,
        *,
        db_cluster_identifier: str,
        db_cluster_endpoint_identifier: str,
        endpoint_type: str,
        static_members: list[str] | None = None,
        excluded_members: list[str] | None = None,
        tags: list[dict[str, str]] | None = None,
    ) -> Any:
        """A custom endpoint of a cluster, at most five, each member an instance of that cluster."""
        with RUNTIME.lock:
            cluster = self.cluster(db_cluster_identifier)
            check_identifier(db_cluster_endpoint_identifier, "DBClusterEndpointIdentifier")
            self._check_new(cluster, db_cluster_endpoint_identifier.lower())
            made = CustomEndpoint(cluster, db_cluster_endpoint_identifier, _kind(endpoint_type))
            self._set_members(made, static_members, excluded_members)
            made.add_tags(list(tags or []))
            self.custom_endpoints[made.db_cluster_endpoint_identifier] = made
            answer = frozen(made)
        self._settle(made, RUNTIME.delays.creating_s)
        return answer

    def _check_new(self, cluster: Any, identifier: str) -> None:
        self.require_available(cluster)
        if identifier in self.custom_endpoints:
            raise rds_error("DBClusterEndpointAlreadyExistsFault", f"DB cluster endpoint {identifier} already exists.")
        if len(self.endpoints_of(cluster)) >= QUOTA:
            raise rds_error(
                "DBClusterEndpointQuotaExceededFault",
                f"The cluster already has the maximum number of custom endpoints, {QUOTA}.",
            )

    def endpoints_of(self, cluster: Any) -> list[CustomEndpoint]:
        return [endpoint for endpoint in self.custom_endpoints.values() if endpoint.cluster is cluster]

    def _set_members(self, endpoint: CustomEndpoint, static: list[str] | None, excluded: list[str] | None) -> None:
        if static and excluded:
            raise invalid_combination("StaticMembers and ExcludedMembers cannot both be specified.")
        for name in [*(static or []), *(excluded or [])]:
            if endpoint.cluster.member(name) is None:
                raise rds_error("DBInstanceNotFoundFault", f"DBInstance {name} not found.")
        if static is not None:
            endpoint.static_members, endpoint.excluded_members = [name.lower() for name in static], []
        if excluded is not None:
            endpoint.static_members, endpoint.excluded_members = [], [name.lower() for name in excluded]

    def _settle(self, endpoint: CustomEndpoint, delay_s: float) -> None:
        def available() -> None:
            endpoint.status = "available"
            if self.serves(endpoint.cluster):
                RUNTIME.plane.publish(endpoint.record())

        later(delay_s, None, available, f"endpoint {endpoint.db_cluster_endpoint_identifier}")

    def custom(self, identifier: str) -> CustomEndpoint:
        found = self.custom_endpoints.get(identifier.lower())
        if found is None:
            raise rds_error("DBClusterEndpointNotFoundFault", f"DB cluster endpoint {identifier} not found.")
        return found

    def modify_db_cluster_endpoint(
        self,
        db_cluster_endpoint_identifier: str,
        endpoint_type: str | None = None,
        static_members: list[str] | None = None,
        excluded_members: list[str] | None = None,
    ) -> Any:
        with RUNTIME.lock:
            found = self.custom(db_cluster_endpoint_identifier)
            if found.status != "available":
                raise rds_error("InvalidDBClusterEndpointStateFault", f"The endpoint is in {found.status} state.")
            self._set_members(found, static_members, excluded_members)
            found.custom_endpoint_type = _kind(endpoint_type) if endpoint_type else found.custom_endpoint_type
            found.status = "modifying"
            answer = frozen(found)
        self._settle(found, RUNTIME.delays.modifying_s)
        return answer

    def delete_db_cluster_endpoint(self, db_cluster_endpoint_identifier: str) -> Any:
        with RUNTIME.lock:
            found = self.custom(db_cluster_endpoint_identifier)
            found.status = "deleting"
            answer = frozen(found)
        later(RUNTIME.delays.deleting_s, None, lambda: self.forget_endpoint(found), f"endpoint {found.endpoint}")
        return answer

    def forget_endpoint(self, endpoint: CustomEndpoint) -> None:
        self.custom_endpoints.pop(endpoint.db_cluster_endpoint_identifier, None)
        if self.serves(endpoint.cluster):
            RUNTIME.plane.withdraw(endpoint.endpoint)

    def describe_db_cluster_endpoints(
        self,
        db_cluster_identifier: str | None = None,
        db_cluster_endpoint_identifier: str | None = None,
        filters: list[dict[str, Any]] | None = None,
        **_: Any,
    ) -> list[Any]:
        """Built-in and custom endpoints; an unknown identifier is an error, as on AWS."""
        if db_cluster_endpoint_identifier:
            return _filtered([self.custom(db_cluster_endpoint_identifier)], filters)
        clusters = [self.cluster(db_cluster_identifier)] if db_cluster_identifier else list(self.clusters.values())
        found: list[Any] = []
        for cluster in clusters:
            found += [
                _built_in(cluster, "WRITER", cluster.writer_endpoint),
                _built_in(cluster, "READER", cluster.reader_endpoint),
            ]
            found += self.endpoints_of(cluster)
        return _filtered(found, filters)


def _kind(value: str) -> str:
    if value.upper() not in KINDS:
        raise invalid_value(f"EndpointType must be one of READER, WRITER, ANY, got {value}.")
    return value.upper()


class BuiltIn:
    """The writer's or the readers' endpoint."""

    def __init__(self, cluster_id: str, kind: str, endpoint: str, status: str) -> None:
        self.db_cluster_identifier, self.endpoint_type, self.endpoint = cluster_id, kind, endpoint
        self.status = status


def _built_in(cluster: Any, kind: str, endpoint: str) -> BuiltIn:
    status = "creating" if cluster.status == "creating" else "available"
    return BuiltIn(cluster.db_cluster_identifier, kind, endpoint, status)


_FILTERS = {
    "db-cluster-endpoint-type": "endpoint_type",
    "db-cluster-endpoint-custom-type": "custom_endpoint_type",
    "db-cluster-endpoint-id": "db_cluster_endpoint_identifier",
    "db-cluster-endpoint-status": "status",
}


def _filtered(found: list[Any], filters: list[dict[str, Any]] | None) -> list[Any]:
    for item in filters or []:
        attribute = _FILTERS.get(item["Name"])
        if attribute is None:
            raise invalid_value(f"Unrecognized filter name: {item['Name']}")
        wanted = {value.lower() for value in item["Values"]}
        found = [endpoint for endpoint in found if str(getattr(endpoint, attribute, "")).lower() in wanted]
    return found
