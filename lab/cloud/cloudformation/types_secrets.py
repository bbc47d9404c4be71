"""Rotation of secrets, and their tie to a database."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from lab.cloud.client import client
from lab.cloud.cloudformation.errors import ResourceError
from lab.cloud.cloudformation.row import Handle, Row, by_name
from lab.cloud.secrets.models import HOSTED

CLUSTER = "AWS::RDS::DBCluster"
ENGINES = {"aurora-postgresql": "postgres", "aurora-mysql": "mysql"}
"""What rotation functions call the engines. [Secrets Manager user guide, "JSON structure of secrets"]"""
CONNECTION = ("engine", "host", "port", "dbname", "dbClusterIdentifier")


def _value(handle: Handle, secret_id: str) -> dict[str, Any]:
    answer = handle.call("get_secret_value", SecretId=secret_id)
    value: dict[str, Any] = json.loads(answer["SecretString"])
    return value


def _put(handle: Handle, secret_id: str, value: dict[str, Any]) -> None:
    handle.call("put_secret_value", SecretId=secret_id, SecretString=json.dumps(value))


def _attach(handle: Handle) -> str:
    """Write where the database is into the secret, as the rotation function needs it; the rest of it stays."""
    kind = handle.properties["TargetType"]
    if kind != CLUSTER:
        raise ResourceError(f"AWS::SecretsManager::SecretTargetAttachment: {kind} is not modelled by the embedded AWS")
    rds = client("rds", handle.region, handle.account)
    cluster = rds.describe_db_clusters(DBClusterIdentifier=handle.properties["TargetId"])["DBClusters"][0]
    where = {
        "engine": ENGINES[cluster["Engine"]],
        "host": cluster["Endpoint"],
        "port": cluster["Port"],
        "dbClusterIdentifier": cluster["DBClusterIdentifier"],
        **({"dbname": cluster["DatabaseName"]} if "DatabaseName" in cluster else {}),
    }
    secret_id = handle.properties["SecretId"]
    _put(handle, secret_id, {**_value(handle, secret_id), **where})
    return str(handle.call("describe_secret", SecretId=secret_id)["ARN"])


def _detach(handle: Handle) -> None:
    value = _value(handle, handle.physical_id)
    _put(handle, handle.physical_id, {name: each for name, each in value.items() if name not in CONNECTION})


def _target(handle: Handle) -> Any:
    return _value(handle, handle.physical_id).get("dbClusterIdentifier")


def _secret_id(handle: Handle) -> Any:
    """Name or ARN, as it was given."""
    given = handle.properties["SecretId"]
    return next((each for each in (handle.look("ARN"), handle.look("Name")) if each == given), None)


def _hosted(handle: Handle) -> str:
    return f"arn:aws:lambda:{handle.region}:{handle.account}:function:{HOSTED}"


def _schedule(handle: Handle) -> str:
    """Keep the schedule; of a hosted function there is only the name, which says that it is not run."""
    hosted, given = handle.properties.get("HostedRotationLambda"), handle.properties.get("RotationLambdaARN")
    if (hosted is None) == (given is None):
        raise ResourceError(
            "AWS::SecretsManager::RotationSchedule: exactly one of HostedRotationLambda and RotationLambdaARN is needed"
        )
    secret_id = handle.properties["SecretId"]
    handle.call(
        "rotate_secret",
        SecretId=secret_id,
        RotationLambdaARN=given or _hosted(handle),
        RotationRules=handle.properties.get("RotationRules", {}),
        RotateImmediately=hosted is None and str(handle.properties.get("RotateImmediatelyOnUpdate", True)) != "False",
    )
    return str(handle.call("describe_secret", SecretId=secret_id)["ARN"])


def _unschedule(handle: Handle) -> None:
    try:
        handle.call("cancel_rotate_secret", SecretId=handle.physical_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


_BY_FUNCTION = "makes a function that the embedded AWS does not run; RotationLambdaARN names it so"

ROWS = (
    Row(
        type="AWS::SecretsManager::SecretTargetAttachment",
        service="secretsmanager",
        create_hook=_attach,
        delete_hook=_detach,
        accepted=frozenset({"SecretId", "TargetId", "TargetType"}),
        update_steps={name: lambda h, _new: _attach(h) for name in ("TargetId", "TargetType")},
        describe="describe_secret",
        path="@",
        key=by_name("SecretId"),
        attrs={"Id": "ARN"},
        read={
            "SecretId": _secret_id,
            "TargetId": _target,
            "TargetType": lambda h: CLUSTER if _target(h) else None,
        },
    ),
    Row(
        type="AWS::SecretsManager::RotationSchedule",
        service="secretsmanager",
        create_hook=_schedule,
        delete_hook=_unschedule,
        accepted=frozenset(
            {"SecretId", "HostedRotationLambda", "RotationLambdaARN", "RotationRules", "RotateImmediatelyOnUpdate"}
        ),
        update_steps={
            name: lambda h, _new: _schedule(h)
            for name in ("HostedRotationLambda", "RotationLambdaARN", "RotationRules", "RotateImmediatelyOnUpdate")
        },
        describe="describe_secret",
        path="@",
        key=by_name("SecretId"),
        attrs={"Id": "ARN"},
        read={
            "SecretId": _secret_id,
            "RotationLambdaARN": "RotationLambdaARN",
            "RotationRules": "RotationRules",
        },
        unshown={
            "HostedRotationLambda": _BY_FUNCTION,
            "RotateImmediatelyOnUpdate": "an argument of RotateSecret; nothing shows it afterwards",
        },
    ),
)
