"""RDS Proxy types."""

from __future__ import annotations

from typing import Any

from lab.cloud.cloudformation.row import Handle, Row, by_name
from lab.cloud.cloudformation.tagging import arn_tags


def _group(handle: Handle) -> dict[str, Any]:
    return {"DBProxyName": handle.properties["DBProxyName"], "TargetGroupName": handle.properties["TargetGroupName"]}


def _set_pool(handle: Handle, pool: Any) -> str:
    config = {name: _number(value) for name, value in (pool or {}).items()}
    answer = handle.call("modify_db_proxy_target_group", **_group(handle), ConnectionPoolConfig=config)
    return str(answer["DBProxyTargetGroup"]["TargetGroupArn"])


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _registered(handle: Handle) -> list[str]:
    answer = handle.call("describe_db_proxy_targets", **_group(handle))
    return [target["RdsResourceId"] for target in answer["Targets"] if target["Type"] == "TRACKED_CLUSTER"]


def _register(handle: Handle, clusters: Any) -> None:
    """Deregister what is not wanted any more, then register what is new: a proxy has one target at a time."""
    wanted, present = list(clusters or []), _registered(handle)
    for operation, names in (
        ("deregister_db_proxy_targets", [name for name in present if name not in wanted]),
        ("register_db_proxy_targets", [name for name in wanted if name not in present]),
    ):
        if names:
            handle.call(operation, **_group(handle), DBClusterIdentifiers=names)


def _define_group(handle: Handle) -> str:
    """The group itself comes with the proxy; CloudFormation sets its pool and its target."""
    arn = _set_pool(handle, handle.properties.get("ConnectionPoolConfigurationInfo"))
    _register(handle, handle.properties.get("DBClusterIdentifiers"))
    return arn


ROWS = (
    Row(
        type="AWS::RDS::DBProxy",
        service="rds",
        create="create_db_proxy",
        update="modify_db_proxy",
        update_rename={"VpcSecurityGroupIds": "SecurityGroups"},
        update_as={"Auth": lambda _old, new: {"Auth": new or []}},
        delete="delete_db_proxy",
        key=by_name("DBProxyName"),
        name="DBProxyName",
        describe="describe_db_proxies",
        path="DBProxies[0]",
        status="Status",
        tags=arn_tags("DBProxyArn"),
        attrs={"DBProxyArn": "DBProxyArn", "Endpoint": "Endpoint", "VpcId": "VpcId"},
    ),
    Row(
        type="AWS::RDS::DBProxyTargetGroup",
        service="rds",
        create_hook=_define_group,
        delete_hook=lambda h: _register(h, []),
        accepted=frozenset(
            {"DBProxyName", "TargetGroupName", "ConnectionPoolConfigurationInfo", "DBClusterIdentifiers"}
        ),
        update_steps={"ConnectionPoolConfigurationInfo": _set_pool, "DBClusterIdentifiers": _register},
        describe="describe_db_proxy_target_groups",
        describe_key=_group,
        path="TargetGroups[0]",
        tags=arn_tags("TargetGroupArn"),
        attrs={"TargetGroupArn": "TargetGroupArn"},
        read={"ConnectionPoolConfigurationInfo": "ConnectionPoolConfig", "DBClusterIdentifiers": _registered},
    ),
    Row(
        type="AWS::RDS::DBProxyEndpoint",
        service="rds",
        create="create_db_proxy_endpoint",
        update="modify_db_proxy_endpoint",
        delete="delete_db_proxy_endpoint",
        key=by_name("DBProxyEndpointName"),
        name="DBProxyEndpointName",
        describe="describe_db_proxy_endpoints",
        path="DBProxyEndpoints[0]",
        status="Status",
        tags=arn_tags("DBProxyEndpointArn"),
        attrs={
            "DBProxyEndpointArn": "DBProxyEndpointArn",
            "Endpoint": "Endpoint",
            "IsDefault": "IsDefault",
            "VpcId": "VpcId",
        },
    ),
)
