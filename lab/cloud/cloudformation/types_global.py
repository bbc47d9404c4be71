"""Global databases: the resource type, and what a member's own resource does when it leaves.

Source: aws-cloudformation-resource-providers-rds, handlers of AWS::RDS::GlobalCluster and AWS::RDS::DBCluster.
"""

from __future__ import annotations

import time
from typing import Any

from lab.cloud.cloudformation.errors import ResourceError
from lab.cloud.cloudformation.row import Handle, Row, by_name
from lab.cloud.cloudformation.tagging import arn_tags

DETACH_TIMEOUT_S = 600.0
DETACH_POLL_S = 0.05


def _cluster(handle: Handle) -> dict[str, Any]:
    found: dict[str, Any] = handle.call("describe_db_clusters", DBClusterIdentifier=handle.physical_id)["DBClusters"][0]
    return found


def _leave(handle: Handle, cluster: dict[str, Any]) -> None:
    """Detach a member and wait until it is: RemoveFromGlobalCluster returns before that."""
    if not (name := cluster.get("GlobalClusterIdentifier")):
        return
    handle.call("remove_from_global_cluster", GlobalClusterIdentifier=name, DbClusterIdentifier=cluster["DBClusterArn"])
    deadline = time.monotonic() + DETACH_TIMEOUT_S
    while _cluster(handle).get("GlobalClusterIdentifier"):
        if time.monotonic() > deadline:
            raise ResourceError(f"{handle.physical_id} did not leave {name} within {DETACH_TIMEOUT_S:.0f} s")
        time.sleep(DETACH_POLL_S)


def leave_global(handle: Handle, new: Any) -> None:
    """GlobalClusterIdentifier of a cluster changed: removing it detaches the cluster, anything else is refused."""
    if new:
        raise ResourceError(
            f"AWS::RDS::DBCluster {handle.physical_id}: Resource is immutable (GlobalClusterIdentifier can only be "
            "removed from an existing cluster)"
        )
    _leave(handle, _cluster(handle))


def leave_global_first(handle: Handle) -> None:
    """A cluster with GlobalClusterIdentifier leaves its global database before it is deleted, unless protected."""
    if not handle.properties.get("GlobalClusterIdentifier"):
        return
    cluster = _cluster(handle)
    if not cluster["DeletionProtection"]:
        _leave(handle, cluster)


def replica_removed(handle: Handle, new: Any) -> None:
    """ReplicationSourceIdentifier changed: CloudFormation's handler does nothing with it, so it must be true already.

    The handler answers with success and the cluster stays a replica; here that is an error.
    """
    if (_cluster(handle).get("ReplicationSourceIdentifier") or None) != (new or None):
        raise ResourceError(
            f"AWS::RDS::DBCluster {handle.physical_id}: CloudFormation does not promote or re-point a read replica; "
            "call PromoteReadReplicaDBCluster first"
        )


def source_region(handle: Handle) -> str | None:
    """Region of the cluster that a replica replicates; CreateDBCluster's SourceRegion itself is shown nowhere."""
    arn = handle.look("ReplicationSourceIdentifier")
    return str(arn).split(":")[3] if arn else None


def _source(handle: Handle) -> dict[str, Any]:
    """The source as an ARN: in a template it may be an identifier of the same Region."""
    source = str(handle.properties.get("SourceDBClusterIdentifier") or "")
    if not source or source.startswith("arn:"):
        return {"SourceDBClusterIdentifier": source} if source else {}
    found = handle.call("describe_db_clusters", DBClusterIdentifier=source)["DBClusters"][0]
    return {"SourceDBClusterIdentifier": found["DBClusterArn"]}


def _read_source(handle: Handle) -> Any:
    """The source as the template has it, while it is a member: after a switchover it need not be the writer."""
    wanted = str(handle.properties.get("SourceDBClusterIdentifier"))
    arns = handle.look("GlobalClusterMembers[].DBClusterArn") or []
    return wanted if any(arn == wanted or arn.endswith(f":cluster:{wanted.lower()}") for arn in arns) else None


def _source_leaves(handle: Handle) -> None:
    """A global database that was made from a cluster lets that cluster go before it is deleted."""
    if not handle.properties.get("SourceDBClusterIdentifier"):
        return
    found = handle.call("describe_global_clusters", GlobalClusterIdentifier=handle.physical_id)["GlobalClusters"][0]
    members = [member["DBClusterArn"] for member in found["GlobalClusterMembers"] if member["IsWriter"]]
    for arn in members if len(found["GlobalClusterMembers"]) == 1 and not found["DeletionProtection"] else []:
        name = {"GlobalClusterIdentifier": handle.physical_id}
        handle.call("remove_from_global_cluster", DbClusterIdentifier=arn, **name)
        _wait_empty(handle, name)


def _wait_empty(handle: Handle, name: dict[str, str]) -> None:
    deadline = time.monotonic() + DETACH_TIMEOUT_S
    while handle.call("describe_global_clusters", **name)["GlobalClusters"][0]["GlobalClusterMembers"]:
        if time.monotonic() > deadline:
            raise ResourceError(f"{handle.physical_id} was not empty within {DETACH_TIMEOUT_S:.0f} s")
        time.sleep(DETACH_POLL_S)


ROWS = (
    Row(
        type="AWS::RDS::GlobalCluster",
        service="rds",
        create="create_global_cluster",
        create_extra=_source,
        update="modify_global_cluster",
        update_as={"EngineVersion": lambda _old, new: {"EngineVersion": new, "AllowMajorVersionUpgrade": True}},
        before_delete=_source_leaves,
        delete="delete_global_cluster",
        key=by_name("GlobalClusterIdentifier"),
        name="GlobalClusterIdentifier",
        lower=True,
        describe="describe_global_clusters",
        path="GlobalClusters[0]",
        status="Status",
        tags=arn_tags("GlobalClusterArn"),
        attrs={"GlobalEndpoint.Address": "Endpoint"},
        read={"SourceDBClusterIdentifier": _read_source},
    ),
)
