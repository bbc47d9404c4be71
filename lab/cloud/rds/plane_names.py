"""What the plane calls a cluster's servers, which the API does not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from moto.rds.models import rds_backends

from lab.cloud.client import ACCOUNT_ID
from lab.cloud.rds.cluster import Cluster


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaneNames:
    """Instance ids and the names of their servers; why there are none, empty where they run."""

    instances: Mapping[str, str] = field(default_factory=dict)
    without_processes: str = ""


def plane_names(region: str, cluster_id: str, account: str = ACCOUNT_ID) -> PlaneNames:
    """Names of a cluster's servers."""
    cluster = rds_backends[account][region].clusters.get(cluster_id)
    if not isinstance(cluster, Cluster):
        return PlaneNames()
    return PlaneNames(
        instances={each.db_instance_identifier: each.plane_id for each in cluster.clustered},
        without_processes=cluster.without_processes,
    )
