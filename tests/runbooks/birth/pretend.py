"""RDS as far as a birth needs it, in a few pure functions: what calls leave behind, for tests of plans.

The embedded AWS is the judge (`test_birth_lab.py`); this one is quick enough for every setting in every combination.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from runbooks.birth.plan import BirthStep
from runbooks.engine.plan import Call
from runbooks.parity.portrait import Portrait, Raw
from runbooks.parity.settings import CLUSTER, INSTANCE, Setting

ACCOUNT_ARN = "arn:aws:rds:eu-west-1:123456789012:"
SHOWN: Mapping[str, Callable[[Any], Any]] = {
    "VpcSecurityGroupIds": lambda value: [{"VpcSecurityGroupId": each} for each in value],
    "AssociatedRoles": lambda value: [{**each, "Status": "ACTIVE"} for each in value],
    "EnableLocalWriteForwarding": lambda value: "enabled" if value else "disabled",
    "Domain": lambda value: [{"Domain": value, "IAMRoleName": "directory"}] if value else [],
    "ManageMasterUserPassword": lambda value: {"SecretArn": "arn:secret", "KmsKeyId": "key-secret"} if value else None,
    "DBParameterGroupName": lambda value: [{"DBParameterGroupName": value}],
}
NOT_SHOWN = frozenset({"DomainIAMRoleName", "MasterUserSecretKmsKeyId"})  # parts of what another setting shows
DEFAULTS: Mapping[str, Any] = {
    "DBClusterParameterGroupName": "default.aurora-postgresql17",
    "DBSubnetGroupName": "default",
    "VpcSecurityGroupIds": ["sg-default"],
    "Port": 5432,
    "BackupRetentionPeriod": 1,
    "PreferredBackupWindow": "03:00-03:30",
    "PreferredMaintenanceWindow": "mon:04:00-mon:04:30",
    "CACertificateIdentifier": "rds-ca-rsa2048-g1",
    "DBParameterGroupName": "default.aurora-postgresql17",
}
"""What AWS chooses when nothing is said."""
CARRIED = ("Engine", "EngineVersion", "DatabaseName", "MasterUsername", "StorageEncrypted", "KmsKeyId")


def show(settings: tuple[Setting, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by parameter as an answer has them."""
    found: dict[str, Any] = {}
    for setting in settings:
        if setting.name in NOT_SHOWN or setting.name not in values:
            continue
        value = values[setting.name]
        shown = SHOWN[setting.name](value) if setting.name in SHOWN else value
        if shown is not None:
            found[setting.key] = shown
    return found


def cluster(name: str, values: Mapping[str, Any], tags: Any = ()) -> dict[str, Any]:
    """An available cluster."""
    return {
        "DBClusterIdentifier": name, "DBClusterArn": f"{ACCOUNT_ARN}cluster:{name}", "Status": "available",
        "EarliestRestorableTime": "then", "LatestRestorableTime": "now", "TagList": list(tags),
        "AvailabilityZones": ["a", "b", "c"], "DBClusterMembers": [], **show(CLUSTER, values),
    }  # fmt: skip


def instance(name: str, values: Mapping[str, Any], tags: Any = ()) -> dict[str, Any]:
    """An available instance."""
    shown = show(INSTANCE, {**DEFAULTS, **values})
    return {"DBInstanceIdentifier": name, "DBInstanceStatus": "available", "TagList": list(tags), **shown}


def after(step: BirthStep, model: Portrait, copy: Portrait | None) -> Portrait:
    """The copy when a step was done."""
    for call in step.calls:
        copy = _after(call, model, copy)
    assert copy is not None
    return copy


def _after(call: Call, model: Portrait, copy: Portrait | None) -> Portrait:
    given = dict(call.parameters)
    if copy is None:
        assert call.operation.startswith("RestoreDBCluster")
        return Portrait(cluster=_born(given, model.cluster), vpc_id=model.vpc_id, zones=model.zones)
    change = _CHANGES.get(call.operation)
    return change(copy, given) if change is not None else _scaled(copy, call.operation, given)


def _modified(copy: Portrait, given: dict[str, Any]) -> Portrait:
    logs = given.pop("CloudwatchLogsExportConfiguration", None)
    values = {**given, **({"EnableCloudwatchLogsExports": logs["EnableLogTypes"]} if logs else {})}
    return replace(copy, cluster={**copy.cluster, **show(CLUSTER, values)})


def _with_endpoint(copy: Portrait, given: dict[str, Any]) -> Portrait:
    return replace(copy, endpoints=(*copy.endpoints, {**given, "CustomEndpointType": given["EndpointType"]}))


def _with_data_api(copy: Portrait, _given: dict[str, Any]) -> Portrait:
    return replace(copy, cluster={**copy.cluster, "HttpEndpointEnabled": True})


def _with_role(copy: Portrait, given: dict[str, Any]) -> Portrait:
    role = {name: given[name] for name in ("RoleArn", "FeatureName") if name in given}
    return replace(copy, cluster={**copy.cluster, "AssociatedRoles": [*copy.cluster.get("AssociatedRoles", []), role]})


def _born(given: dict[str, Any], source: Raw) -> dict[str, Any]:
    """With what comes with the data, and AWS's defaults for all that was not said."""
    carried = {each.name: each.read(source) for each in CLUSTER if each.name in CARRIED}
    return cluster(given["DBClusterIdentifier"], {**DEFAULTS, **carried, **given}, given["Tags"])


def _with_instance(copy: Portrait, given: dict[str, Any]) -> Portrait:
    name = given["DBInstanceIdentifier"]
    members = [
        *copy.cluster["DBClusterMembers"],
        {"DBInstanceIdentifier": name, "IsClusterWriter": not copy.instances},
    ]
    made = instance(name, given, given["Tags"])
    return replace(copy, cluster={**copy.cluster, "DBClusterMembers": members}, instances=(*copy.instances, made))


def _scaled(copy: Portrait, operation: str, given: dict[str, Any]) -> Portrait:
    (target,) = copy.scaling or ({"Policies": [], "ScheduledActions": []},)
    if operation == "RegisterScalableTarget":
        changed = {**target, **given}
    else:
        part = "Policies" if operation == "PutScalingPolicy" else "ScheduledActions"
        changed = {**target, part: [*target[part], given]}
    return replace(copy, scaling=(changed,))


_CHANGES: Mapping[str, Callable[[Portrait, dict[str, Any]], Portrait]] = {
    "CreateDBInstance": _with_instance,
    "ModifyDBCluster": _modified,
    "EnableHttpEndpoint": _with_data_api,
    "CreateDBClusterEndpoint": _with_endpoint,
    "AddRoleToDBCluster": _with_role,
}
