"""RDS types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.cloud.cloudformation.births import RESTORES, UNSHOWN_OF_RESTORES, birth_of
from lab.cloud.cloudformation.row import Handle, Row, Step, by_name
from lab.cloud.cloudformation.tagging import arn_tags
from lab.cloud.cloudformation.types_credentials import MASTER_USER, set_http_endpoint
from lab.cloud.cloudformation.types_global import leave_global, leave_global_first, replica_removed, source_region


def log_exports(old: Any, new: Any) -> dict[str, Any]:
    """The difference that ModifyDBCluster and ModifyDBInstance want, where CloudFormation gives the whole list."""
    return {
        "CloudwatchLogsExportConfiguration": {
            "EnableLogTypes": sorted(set(new or []) - set(old or [])),
            "DisableLogTypes": sorted(set(old or []) - set(new or [])),
        }
    }


def left_alone(*names: str) -> dict[str, Callable[[Any, Any], dict[str, Any]]]:
    """Properties that stay as they are when a template no longer has them: RDS changes only what it is told.

    ModifyDBCluster and ModifyDBInstance take no value for "as at first"; the resource handlers send none.
    """

    def sent(name: str) -> Callable[[Any, Any], dict[str, Any]]:
        return lambda _old, new: {} if new is None else {name: new}

    return {name: sent(name) for name in names}


def _parameters(kind: str, group: str) -> Step:
    """The parameters of a parameter group; in a template they are a plain map."""
    describe = f"describe_{kind}_parameters"

    def apply(handle: Handle, old: Any, new: Any) -> None:
        wanted = {name: str(value) for name, value in (new or {}).items()}
        entries = [_entry(name, value) for name, value in wanted.items()]
        if entries:
            handle.call(f"modify_{kind}_parameter_group", **{group: handle.physical_id, "Parameters": entries})
        gone = [_entry(name, None) for name in sorted(set(old or {}) - set(wanted))]
        if gone:
            handle.call(f"reset_{kind}_parameter_group", **{group: handle.physical_id, "Parameters": gone})

    def read(handle: Handle) -> dict[str, str]:
        answer = handle.call(describe, **{group: handle.physical_id})
        return {item["ParameterName"]: item["ParameterValue"] for item in answer["Parameters"]}

    return Step(apply=apply, read=read)


def _entry(name: str, value: str | None) -> dict[str, str]:
    entry = {"ParameterName": name, "ApplyMethod": "pending-reboot"}
    return entry if value is None else {**entry, "ParameterValue": value}


def _security_groups(handle: Handle) -> Any:
    return handle.look("VpcSecurityGroups[].VpcSecurityGroupId")


def _managed_secret(handle: Handle) -> dict[str, Any]:
    secret = handle.properties.get("MasterUserSecret") or {}
    return {"MasterUserSecretKmsKeyId": secret["KmsKeyId"]} if "KmsKeyId" in secret else {}


def _associate_roles(handle: Handle, old: Any, new: Any) -> None:
    """CloudFormation associates roles once the cluster is there, and takes away those that the template drops."""
    had, wanted = list(old or []), list(new or [])
    for role in had:
        if role not in wanted:
            handle.call("remove_role_from_db_cluster", DBClusterIdentifier=handle.physical_id, **role)
    for role in wanted:
        if role not in had:
            handle.call("add_role_to_db_cluster", DBClusterIdentifier=handle.physical_id, **role)


def _associated_roles(handle: Handle) -> list[dict[str, str]]:
    found = handle.look("AssociatedRoles") or []
    return [{key: role[key] for key in ("RoleArn", "FeatureName") if role.get(key)} for role in found]


CLUSTER = Row(
    type="AWS::RDS::DBCluster",
    service="rds",
    create="create_db_cluster",
    create_by=birth_of,
    create_others=RESTORES,
    update="modify_db_cluster",
    update_extra={"ApplyImmediately": True},
    delete="delete_db_cluster",
    key=by_name("DBClusterIdentifier"),
    name="DBClusterIdentifier",
    lower=True,
    describe="describe_db_clusters",
    path="DBClusters[0]",
    status="Status",
    rename={"PerformanceInsightsEnabled": "EnablePerformanceInsights"},
    create_extra=_managed_secret,
    accepted=frozenset({"MasterUserSecret", "DeleteAutomatedBackups"}),
    snapshot_key="FinalDBSnapshotIdentifier",
    no_snapshot={"SkipFinalSnapshot": True},
    default_deletion_policy="Snapshot",
    update_as={
        **MASTER_USER,
        **left_alone(
            *("DatabaseInsightsMode", "EnableLocalWriteForwarding", "PerformanceInsightsKmsKeyId"),
            *("PerformanceInsightsRetentionPeriod", "ServerlessV2ScalingConfiguration", "StorageType"),
        ),
        "EnableCloudwatchLogsExports": log_exports,
        "EnableGlobalWriteForwarding": lambda _old, new: {"EnableGlobalWriteForwarding": new or False},
    },
    update_steps={"DeleteAutomatedBackups": lambda _h, _new: None, "EnableHttpEndpoint": set_http_endpoint},
    update_first={"GlobalClusterIdentifier": leave_global, "ReplicationSourceIdentifier": replica_removed},
    before_delete=leave_global_first,
    steps={"AssociatedRoles": Step(apply=_associate_roles, read=_associated_roles)},
    tags=arn_tags("DBClusterArn"),
    attrs={
        "Endpoint.Address": "Endpoint",
        "Endpoint.Port": "Port",
        "ReadEndpoint.Address": "ReaderEndpoint",
        "DBClusterArn": "DBClusterArn",
        "DBClusterResourceId": "DbClusterResourceId",
        "MasterUserSecret.SecretArn": "MasterUserSecret.SecretArn",
    },
    read={
        "DBClusterParameterGroupName": "DBClusterParameterGroup",
        "DBSubnetGroupName": "DBSubnetGroup",
        "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
        "EnableHttpEndpoint": "HttpEndpointEnabled",
        "EnableGlobalWriteForwarding": "GlobalWriteForwardingRequested",
        "EnableLocalWriteForwarding": "LocalWriteForwardingStatus == 'enabled'",
        "ManageMasterUserPassword": "MasterUserSecret != null",
        "MasterUserSecret": "{KmsKeyId: MasterUserSecret.KmsKeyId}",
        "PerformanceInsightsEnabled": "PerformanceInsightsEnabled",
        "SourceRegion": source_region,
        "VpcSecurityGroupIds": _security_groups,
    },
    unshown={
        **UNSHOWN_OF_RESTORES,
        "MasterUserAuthenticationType": "DescribeDBClusters has no member for it",
        "MasterUserPassword": "a secret",
        "DeleteAutomatedBackups": "an argument of DeleteDBCluster; nothing shows it before",
    },
)

INSTANCE = Row(
    type="AWS::RDS::DBInstance",
    service="rds",
    create="create_db_instance",
    update="modify_db_instance",
    update_extra={"ApplyImmediately": True},
    update_rename={"Port": "DBPortNumber"},
    delete="delete_db_instance",
    key=by_name("DBInstanceIdentifier"),
    name="DBInstanceIdentifier",
    lower=True,
    describe="describe_db_instances",
    path="DBInstances[0]",
    status="DBInstanceStatus",
    rename={"VPCSecurityGroups": "VpcSecurityGroupIds"},
    snapshot_key="FinalDBSnapshotIdentifier",
    no_snapshot={"SkipFinalSnapshot": True},
    update_as={
        "EnableCloudwatchLogsExports": log_exports,
        **left_alone("CACertificateIdentifier", "DBParameterGroupName"),
    },
    tags=arn_tags("DBInstanceArn"),
    attrs={
        "Endpoint.Address": "Endpoint.Address",
        "Endpoint.Port": "Endpoint.Port",
        "DBInstanceArn": "DBInstanceArn",
        "DbiResourceId": "DbiResourceId",
    },
    read={
        "DBParameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
        "DBSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
        "EnablePerformanceInsights": "PerformanceInsightsEnabled",
        "PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
        "Port": "Endpoint.Port",
        "VPCSecurityGroups": _security_groups,
    },
)

ENDPOINT = Row(
    type="AWS::RDS::DBClusterEndpoint",
    service="rds",
    create="create_db_cluster_endpoint",
    update="modify_db_cluster_endpoint",
    delete="delete_db_cluster_endpoint",
    key=by_name("DBClusterEndpointIdentifier"),
    name="DBClusterEndpointIdentifier",
    lower=True,
    rename={"CustomEndpointType": "EndpointType"},
    describe="describe_db_cluster_endpoints",
    path="DBClusterEndpoints[0]",
    status="Status",
    tags=arn_tags("DBClusterEndpointArn"),
    attrs={"Endpoint": "Endpoint", "DBClusterEndpointArn": "DBClusterEndpointArn"},
    read={"CustomEndpointType": "CustomEndpointType"},
)

ROWS = (
    CLUSTER,
    INSTANCE,
    ENDPOINT,
    Row(
        type="AWS::RDS::DBSubnetGroup",
        service="rds",
        create="create_db_subnet_group",
        update="modify_db_subnet_group",
        update_with=("SubnetIds", "DBSubnetGroupDescription"),
        delete="delete_db_subnet_group",
        key=by_name("DBSubnetGroupName"),
        name="DBSubnetGroupName",
        name_max=255,
        lower=True,
        describe="describe_db_subnet_groups",
        path="DBSubnetGroups[0]",
        tags=arn_tags("DBSubnetGroupArn"),
        read={"SubnetIds": "Subnets[].SubnetIdentifier"},
    ),
    Row(
        type="AWS::RDS::DBClusterParameterGroup",
        service="rds",
        create="create_db_cluster_parameter_group",
        rename={"Family": "DBParameterGroupFamily"},
        delete="delete_db_cluster_parameter_group",
        key=by_name("DBClusterParameterGroupName"),
        name="DBClusterParameterGroupName",
        name_max=255,
        lower=True,
        describe="describe_db_cluster_parameter_groups",
        path="DBClusterParameterGroups[0]",
        steps={"Parameters": _parameters("db_cluster", "DBClusterParameterGroupName")},
        tags=arn_tags("DBClusterParameterGroupArn"),
        read={"Family": "DBParameterGroupFamily"},
    ),
    Row(
        type="AWS::RDS::DBParameterGroup",
        service="rds",
        create="create_db_parameter_group",
        rename={"Family": "DBParameterGroupFamily"},
        delete="delete_db_parameter_group",
        key=by_name("DBParameterGroupName"),
        name="DBParameterGroupName",
        name_max=255,
        lower=True,
        describe="describe_db_parameter_groups",
        path="DBParameterGroups[0]",
        steps={"Parameters": _parameters("db", "DBParameterGroupName")},
        tags=arn_tags("DBParameterGroupArn"),
        read={"Family": "DBParameterGroupFamily"},
    ),
)
