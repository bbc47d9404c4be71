"""How the cluster's row changes who the master user is, and whether SQL goes over HTTPS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.cloud.cloudformation.row import Handle

MASTER_USER: dict[str, Callable[[Any, Any], dict[str, Any]]] = {
    "ManageMasterUserPassword": lambda _old, new: {"ManageMasterUserPassword": bool(new)},
    "MasterUserAuthenticationType": lambda _old, new: {"MasterUserAuthenticationType": new or "password"},
    "MasterUserPassword": lambda _old, new: {} if new is None else {"MasterUserPassword": new},
    "MasterUserSecret": lambda _old, new: {"MasterUserSecretKmsKeyId": new["KmsKeyId"]} if new else {},
}
"""Arguments of ModifyDBCluster; a property that a template no longer has is turned off."""


def set_http_endpoint(handle: Handle, wanted: Any) -> None:
    """By operations of their own: ModifyDBCluster's parameter is for Serverless v1 (API reference).

    A property that the template no longer has turns it off, as CloudFormation's public handler of DBCluster does.
    """
    found = handle.call("describe_db_clusters", DBClusterIdentifier=handle.physical_id)["DBClusters"][0]
    operation = "enable_http_endpoint" if str(wanted).lower() == "true" else "disable_http_endpoint"
    handle.call(operation, ResourceArn=found["DBClusterArn"])
