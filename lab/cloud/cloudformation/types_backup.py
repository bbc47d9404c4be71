"""AWS Backup types, and blue/green deployments of RDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lab.cloud.awserrors import aws_error
from lab.cloud.cloudformation.row import Handle, Row, Step, Tags, by_name
from lab.cloud.cloudformation.tagging import pairs, unpaired

PLAN_NAMES = {"BackupPlanRule": "Rules", "TargetBackupVault": "TargetBackupVaultName"}
"""What CloudFormation calls otherwise than the API."""


Arn = Callable[[Handle], str]


def _tags(arn: Arn) -> Tags:
    return Tags(
        add=lambda h, tags: h.call("tag_resource", ResourceArn=arn(h), Tags=tags),
        remove=lambda h, keys: h.call("untag_resource", ResourceArn=arn(h), TagKeyList=keys),
        read=lambda h: dict(h.call("list_tags", ResourceArn=arn(h))["Tags"]),
    )


def _own_tags(arn: Arn) -> Step:
    """The map of tags that a type has under a name of its own, beside the stack's."""
    tags = _tags(arn)

    def apply(handle: Handle, old: Any, new: Any) -> None:
        if gone := sorted(set(old or {}) - set(new or {})):
            tags.remove(handle, gone)
        tags.add(handle, dict(new or {}))

    def read(handle: Handle) -> dict[str, str]:
        return {key: value for key, value in tags.read(handle).items() if not key.startswith("aws:")}

    return Step(apply=apply, read=read)


def _vault_arn(handle: Handle) -> str:
    return str(handle.call("describe_backup_vault", BackupVaultName=handle.physical_id)["BackupVaultArn"])


def _plan_arn(handle: Handle) -> str:
    return str(handle.call("get_backup_plan", BackupPlanId=handle.physical_id)["BackupPlanArn"])


def _test_arn(handle: Handle) -> str:
    found = handle.call("get_restore_testing_plan", RestoreTestingPlanName=handle.physical_id)
    return str(found["RestoreTestingPlan"]["RestoreTestingPlanArn"])


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


# --- vaults


def _lock(handle: Handle, _old: Any, new: Any) -> None:
    if new is None:
        handle.call("delete_backup_vault_lock_configuration", BackupVaultName=handle.physical_id)
        return
    days = {name: int(value) for name, value in new.items()}
    handle.call("put_backup_vault_lock_configuration", BackupVaultName=handle.physical_id, **days)


def _locked(handle: Handle) -> dict[str, Any]:
    """ChangeableForDays is never shown: its day is (`LockDate`), from when it was given."""
    given = handle.properties.get("LockConfiguration") or {}
    shown = {name: handle.look(name) for name in ("MinRetentionDays", "MaxRetentionDays") if name in given}
    if "ChangeableForDays" in given and handle.look("LockDate"):
        shown["ChangeableForDays"] = given["ChangeableForDays"]
    return shown


# --- plans and selections


def _create_plan(handle: Handle) -> str:
    document = _plan(handle.properties["BackupPlan"])
    made: str = handle.call("create_backup_plan", BackupPlan=document)["BackupPlanId"]
    return made


def _plan(document: Any) -> Any:
    plan = _renamed(document, PLAN_NAMES)
    for rule in plan["Rules"]:
        for name in ("StartWindowMinutes", "CompletionWindowMinutes"):
            rule.update({name: int(rule[name])} if name in rule else {})
        for lifecycle in (rule.get("Lifecycle"), *(copy.get("Lifecycle") for copy in rule.get("CopyActions", []))):
            if lifecycle:
                lifecycle.update({name: int(days) for name, days in lifecycle.items() if name.endswith("Days")})
    return plan


def _update_plan(handle: Handle, new: Any) -> None:
    handle.call("update_backup_plan", BackupPlanId=handle.physical_id, BackupPlan=_plan(new))


def _shown_plan(handle: Handle) -> Any:
    return _renamed(handle.look("BackupPlan"), {ours: theirs for theirs, ours in PLAN_NAMES.items()})


def _create_selection(handle: Handle) -> str:
    made = handle.call(
        "create_backup_selection",
        BackupPlanId=handle.properties["BackupPlanId"],
        BackupSelection=handle.properties["BackupSelection"],
    )
    return f"{made['SelectionId']}_{made['BackupPlanId']}"


def _selection_key(handle: Handle) -> dict[str, str]:
    selection, _, plan = handle.physical_id.partition("_")
    return {"BackupPlanId": plan, "SelectionId": selection}


# --- restore tests

TEST_PROPERTIES = (
    "RecoveryPointSelection",
    "RestoreTestingPlanName",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartWindowHours",
)
RESTORED_PROPERTIES = (
    "IamRoleArn",
    "ProtectedResourceArns",
    "ProtectedResourceConditions",
    "ProtectedResourceType",
    "RestoreMetadataOverrides",
    "RestoreTestingSelectionName",
    "ValidationWindowHours",
)
FIXED = frozenset({"ProtectedResourceType", "RestoreTestingPlanName", "RestoreTestingSelectionName"})


def _given(handle: Handle, names: tuple[str, ...], *, update: bool = False) -> dict[str, Any]:
    kept = (name for name in names if name in handle.properties and not (update and name in FIXED))
    return {name: handle.properties[name] for name in kept}


def _create_test(handle: Handle) -> str:
    document = _given(handle, TEST_PROPERTIES)
    made: str = handle.call("create_restore_testing_plan", RestoreTestingPlan=document)["RestoreTestingPlanName"]
    return made


def _update_test(handle: Handle, _new: Any) -> None:
    document = _given(handle, TEST_PROPERTIES, update=True)
    handle.call("update_restore_testing_plan", RestoreTestingPlanName=handle.physical_id, RestoreTestingPlan=document)


def _create_restored(handle: Handle) -> str:
    plan = handle.properties["RestoreTestingPlanName"]
    document = _given(handle, RESTORED_PROPERTIES)
    made = handle.call(
        "create_restore_testing_selection", RestoreTestingPlanName=plan, RestoreTestingSelection=document
    )
    return f"{plan}|{made['RestoreTestingSelectionName']}"


def _restored_key(handle: Handle) -> dict[str, str]:
    plan, _, selection = handle.physical_id.partition("|")
    return {"RestoreTestingPlanName": plan, "RestoreTestingSelectionName": selection}


def _update_restored(handle: Handle, _new: Any) -> None:
    document = _given(handle, RESTORED_PROPERTIES, update=True)
    handle.call("update_restore_testing_selection", **_restored_key(handle), RestoreTestingSelection=document)


# --- blue/green deployments


def _create_deployment(handle: Handle) -> str:
    given = {name: value for name, value in handle.properties.items() if name != "Tags"}
    made = handle.call("create_blue_green_deployment", **given)["BlueGreenDeployment"]
    place = f"{handle.properties['Source'].split(':')[1]}:rds:{handle.region}:{handle.account}"
    return f"arn:{place}:deployment:{made['BlueGreenDeploymentIdentifier']}"


def _deployment_key(handle: Handle) -> dict[str, str]:
    return {"BlueGreenDeploymentIdentifier": handle.physical_id.rsplit(":", 1)[-1]}


def _delete_deployment(handle: Handle) -> None:
    """With the green cluster, unless it has taken over: then it is the one in use (DeleteTarget is refused)."""
    found = handle.call("describe_blue_green_deployments", **_deployment_key(handle))["BlueGreenDeployments"]
    if not found:
        raise aws_error("rds", "BlueGreenDeploymentNotFoundFault", handle.physical_id)
    switched = found[0]["Status"] == "SWITCHOVER_COMPLETED"
    more = {} if switched else {"DeleteTarget": True}
    handle.call("delete_blue_green_deployment", **_deployment_key(handle), **more)


def _green(path: str) -> Any:
    """What the green cluster shows at `path`."""

    def read(handle: Handle) -> Any:
        name = handle.look("Target").rsplit(":", 1)[-1]
        return handle.call("describe_db_clusters", DBClusterIdentifier=name)["DBClusters"][0].get(path)

    return read


def _green_instance_group(handle: Handle) -> Any:
    name = handle.look("Target").rsplit(":", 1)[-1]
    members = handle.call("describe_db_instances", Filters=[{"Name": "db-cluster-id", "Values": [name]}])["DBInstances"]
    groups = {member["DBParameterGroups"][0]["DBParameterGroupName"] for member in members}
    return groups.pop() if len(groups) == 1 else sorted(groups)


def _deployment_tags() -> Tags:
    """By the deployment's own ARN, which DescribeBlueGreenDeployments doesn't show."""
    return Tags(
        add=lambda h, tags: h.call("add_tags_to_resource", ResourceName=h.physical_id, Tags=pairs(tags)),
        remove=lambda h, keys: h.call("remove_tags_from_resource", ResourceName=h.physical_id, TagKeys=keys),
        read=lambda h: unpaired(h.call("list_tags_for_resource", ResourceName=h.physical_id)["TagList"]),
    )


DEPLOYMENT_PROPERTIES = frozenset(
    {
        "BlueGreenDeploymentName",
        "Source",
        "TargetDBClusterParameterGroupName",
        "TargetDBParameterGroupName",
        "TargetEngineVersion",
    }
)

ROWS = (
    Row(
        type="AWS::Backup::BackupVault",
        service="backup",
        create="create_backup_vault",
        name="BackupVaultName",
        name_max=50,
        delete="delete_backup_vault",
        key=by_name("BackupVaultName"),
        describe="describe_backup_vault",
        path="@",
        steps={
            "BackupVaultTags": _own_tags(_vault_arn),
            "LockConfiguration": Step(apply=_lock, read=_locked),
        },
        tags=_tags(_vault_arn),
        attrs={"BackupVaultArn": "BackupVaultArn", "BackupVaultName": "BackupVaultName"},
    ),
    Row(
        type="AWS::Backup::BackupPlan",
        service="backup",
        create_hook=_create_plan,
        accepted=frozenset({"BackupPlan"}),
        update_steps={"BackupPlan": _update_plan},
        delete="delete_backup_plan",
        key=by_name("BackupPlanId"),
        describe="get_backup_plan",
        path="@",
        steps={"BackupPlanTags": _own_tags(_plan_arn)},
        tags=_tags(_plan_arn),
        attrs={name: name for name in ("BackupPlanArn", "BackupPlanId", "VersionId")},
        read={"BackupPlan": _shown_plan},
    ),
    Row(
        type="AWS::Backup::BackupSelection",
        service="backup",
        create_hook=_create_selection,
        accepted=frozenset({"BackupPlanId", "BackupSelection"}),
        delete="delete_backup_selection",
        key=_selection_key,
        describe="get_backup_selection",
        path="@",
        attrs={"BackupPlanId": "BackupPlanId", "Id": lambda h: h.physical_id, "SelectionId": "SelectionId"},
    ),
    Row(
        type="AWS::Backup::RestoreTestingPlan",
        service="backup",
        create_hook=_create_test,
        accepted=frozenset(TEST_PROPERTIES),
        update_steps=dict.fromkeys(TEST_PROPERTIES, _update_test),
        delete="delete_restore_testing_plan",
        key=by_name("RestoreTestingPlanName"),
        describe="get_restore_testing_plan",
        path="RestoreTestingPlan",
        tags=_tags(_test_arn),
        attrs={"RestoreTestingPlanArn": "RestoreTestingPlanArn"},
    ),
    Row(
        type="AWS::Backup::RestoreTestingSelection",
        service="backup",
        create_hook=_create_restored,
        accepted=frozenset({*RESTORED_PROPERTIES, "RestoreTestingPlanName"}),
        update_steps=dict.fromkeys(RESTORED_PROPERTIES, _update_restored),
        delete="delete_restore_testing_selection",
        key=_restored_key,
        describe="get_restore_testing_selection",
        path="RestoreTestingSelection",
    ),
    Row(
        type="AWS::RDS::Deployment",
        service="rds",
        create_hook=_create_deployment,
        accepted=DEPLOYMENT_PROPERTIES,
        delete_hook=_delete_deployment,
        key=_deployment_key,
        describe="describe_blue_green_deployments",
        path="BlueGreenDeployments[0]",
        status="Status",
        stable=("AVAILABLE", "SWITCHOVER_COMPLETED"),
        tags=_deployment_tags(),
        attrs={
            "Arn": lambda h: h.physical_id,
            **{name: name for name in ("BlueGreenDeploymentIdentifier", "Status", "Target")},
        },
        read={
            "TargetDBClusterParameterGroupName": _green("DBClusterParameterGroup"),
            "TargetDBParameterGroupName": _green_instance_group,
            "TargetEngineVersion": _green("EngineVersion"),
        },
    ),
)
