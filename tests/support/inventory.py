"""Everything of an account that runbooks make, by kind and name: what two runs must have in common at their end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.scenario import Cloud

RDS_CHOICE = re.compile(r"rds!cluster-[0-9a-f-]{36}")  # RDS names the secrets that it manages
# Service, operation, list in the answer, what an entry is called by. Each list is read page by page.
_LISTS: tuple[tuple[str, str, str, Callable[[Any], str]], ...] = (
    ("rds", "describe_db_clusters", "DBClusters", lambda e: f"{e['DBClusterIdentifier']} {e['Status']}"),
    ("rds", "describe_db_instances", "DBInstances", lambda e: f"{e['DBInstanceIdentifier']} {e['DBInstanceStatus']}"),
    ("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", lambda e: e["DBClusterSnapshotIdentifier"]),
    ("rds", "describe_db_cluster_endpoints", "DBClusterEndpoints", lambda e: e["DBClusterEndpointIdentifier"]),
    ("rds", "describe_export_tasks", "ExportTasks", lambda e: e["ExportTaskIdentifier"]),
    ("elasticache", "describe_replication_groups", "ReplicationGroups", lambda e: e["ReplicationGroupId"]),
    ("elasticache", "describe_snapshots", "Snapshots", lambda e: e["SnapshotName"]),
    ("elasticache", "describe_serverless_caches", "ServerlessCaches", lambda e: e["ServerlessCacheName"]),
    ("ec2", "describe_security_groups", "SecurityGroups", lambda e: e["GroupName"]),
    ("secretsmanager", "list_secrets", "SecretList", lambda e: e["Name"]),
    ("ssm", "describe_parameters", "Parameters", lambda e: e["Name"]),
)


def inventory(cloud: Cloud, ours: str) -> Counter[str]:
    """Names of all there is, each with how often it is there; the run's own id stands as `RUN`."""
    return Counter(RDS_CHOICE.sub("rds!cluster-ID", name.replace(ours, "RUN")) for name in _names(cloud))


def _names(cloud: Cloud) -> Iterator[str]:
    for service, operation, key, name in _LISTS:
        client = cloud.client(service)
        if not client.can_paginate(operation):
            entries = getattr(client, operation)().get(key, [])
        else:
            entries = [entry for page in client.get_paginator(operation).paginate() for entry in page.get(key, [])]
        for entry in entries:
            called = entry.get("DBClusterEndpointIdentifier", "") if key == "DBClusterEndpoints" else name(entry)
            if called:
                yield f"{operation.removeprefix('describe_')} {called}"
