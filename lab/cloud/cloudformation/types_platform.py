"""KMS, Logs, SSM, Secrets Manager, CloudWatch and SNS types."""

from __future__ import annotations

import json
import secrets
import string
from typing import Any

from lab.cloud.cloudformation.row import Handle, Row, Step, by_name
from lab.cloud.cloudformation.tagging import (
    ALARM_TAGS,
    KMS_TAGS,
    LOG_GROUP_TAGS,
    SECRET_TAGS,
    SSM_TAGS,
    TOPIC_TAGS,
)

PENDING_DELETION_DAYS = 30


def _flag(value: Any) -> bool:
    return str(value).lower() == "true"


def _rotation(handle: Handle, _old: Any, new: Any) -> None:
    if not _flag(new):
        handle.call("disable_key_rotation", KeyId=handle.physical_id)
        return
    days = handle.properties.get("RotationPeriodInDays")
    extra = {"RotationPeriodInDays": int(days)} if days is not None else {}
    handle.call("enable_key_rotation", KeyId=handle.physical_id, **extra)


def _rotation_status(handle: Handle) -> Any:
    return handle.call("get_key_rotation_status", KeyId=handle.physical_id)


def _key_policy(handle: Handle) -> Any:
    return json.loads(handle.call("get_key_policy", KeyId=handle.physical_id, PolicyName="default")["Policy"])


def _put_key_policy(handle: Handle, policy: Any) -> None:
    handle.call("put_key_policy", KeyId=handle.physical_id, PolicyName="default", Policy=json.dumps(policy))


def _delete_key(handle: Handle) -> None:
    days = int(handle.properties.get("PendingWindowInDays", PENDING_DELETION_DAYS))
    handle.call("schedule_key_deletion", KeyId=handle.physical_id, PendingWindowInDays=days)


def _alias_target(handle: Handle) -> Any:
    """The key as the template named it: by its id, which is what KMS shows, or by its ARN."""
    found = handle.look(f"[?AliasName=='{handle.physical_id}'].TargetKeyId | [0]")
    given = str(handle.properties["TargetKeyId"])
    return given if given.endswith(f"/{found}") else found


KEY_ENABLED = Step(
    apply=lambda h, _old, new: h.call("enable_key" if _flag(new) else "disable_key", KeyId=h.physical_id),
    read=lambda h: h.look("Enabled"),
)

# --- Logs


def _retention(handle: Handle, _old: Any, new: Any) -> None:
    if new is None:
        handle.call("delete_retention_policy", logGroupName=handle.physical_id)
    else:
        handle.call("put_retention_policy", logGroupName=handle.physical_id, retentionInDays=int(new))


def _log_group_arn(handle: Handle) -> str:
    arn = str(handle.look("arn"))
    return arn if arn.endswith(":*") else arn + ":*"


# --- Secrets Manager


def _secret_string(handle: Handle) -> dict[str, Any]:
    wanted = handle.properties.get("GenerateSecretString")
    if wanted is None:
        return {}
    alphabet = string.ascii_letters + string.digits
    excluded = set(wanted.get("ExcludeCharacters", ""))
    letters = [letter for letter in alphabet if letter not in excluded]
    made = "".join(secrets.choice(letters) for _ in range(int(wanted.get("PasswordLength", 32))))
    if "GenerateStringKey" not in wanted:
        return {"SecretString": made}
    fields = json.loads(wanted.get("SecretStringTemplate", "{}"))
    return {"SecretString": json.dumps({**fields, wanted["GenerateStringKey"]: made})}


# --- SNS and CloudWatch


def _topic_policy(handle: Handle) -> str:
    for topic in handle.properties["Topics"]:
        handle.call(
            "set_topic_attributes",
            TopicArn=topic,
            AttributeName="Policy",
            AttributeValue=json.dumps(handle.properties["PolicyDocument"]),
        )
    return str(handle.properties["Topics"][0])


def _topic_attribute(name: str) -> Step:
    return Step(
        apply=lambda h, _old, new: h.call(
            "set_topic_attributes", TopicArn=h.physical_id, AttributeName=name, AttributeValue=str(new or "")
        ),
        read=lambda h: h.look(name),
    )


ROWS = (
    Row(
        type="AWS::KMS::Key",
        service="kms",
        create="create_key",
        rename={"KeyPolicy": "Policy"},
        ref="KeyMetadata.KeyId",
        describe="describe_key",
        path="KeyMetadata",
        key=by_name("KeyId"),
        delete_hook=_delete_key,
        steps={
            "Enabled": KEY_ENABLED,
            "EnableKeyRotation": Step(apply=_rotation, read=lambda h: _rotation_status(h)["KeyRotationEnabled"]),
            "RotationPeriodInDays": Step(
                apply=lambda h, old, _new: _rotation(h, old, h.properties.get("EnableKeyRotation", False)),
                read=lambda h: _rotation_status(h).get("RotationPeriodInDays"),
            ),
        },
        accepted=frozenset({"PendingWindowInDays"}),
        unshown={"PendingWindowInDays": "an argument of ScheduleKeyDeletion; nothing shows it before"},
        update_steps={
            "KeyPolicy": _put_key_policy,
            "Description": lambda h, new: h.call("update_key_description", KeyId=h.physical_id, Description=new or ""),
            "PendingWindowInDays": lambda _h, _new: None,
        },
        tags=KMS_TAGS,
        attrs={"Arn": "Arn", "KeyId": "KeyId"},
        read={"KeyPolicy": _key_policy},
    ),
    Row(
        type="AWS::KMS::Alias",
        service="kms",
        create="create_alias",
        name="AliasName",
        update="update_alias",
        delete="delete_alias",
        key=by_name("AliasName"),
        describe="list_aliases",
        describe_key=lambda _h: {},
        path="Aliases",
        read={
            "AliasName": lambda h: h.look(f"[?AliasName=='{h.physical_id}'].AliasName | [0]"),
            "TargetKeyId": _alias_target,
        },
    ),
    Row(
        type="AWS::Logs::LogGroup",
        service="logs",
        create="create_log_group",
        name="LogGroupName",
        name_max=512,
        rename={"LogGroupName": "logGroupName"},
        delete="delete_log_group",
        key=by_name("logGroupName"),
        describe="describe_log_groups",
        describe_key=by_name("logGroupNamePrefix"),
        path="logGroups[0]",
        steps={"RetentionInDays": Step(apply=_retention, read=lambda h: h.look("retentionInDays"))},
        update_steps={"KmsKeyId": lambda h, new: h.call("associate_kms_key", logGroupName=h.physical_id, kmsKeyId=new)},
        tags=LOG_GROUP_TAGS,
        attrs={"Arn": _log_group_arn},
        read={"LogGroupName": "logGroupName", "KmsKeyId": "kmsKeyId", "LogGroupClass": "logGroupClass"},
    ),
    Row(
        type="AWS::SSM::Parameter",
        service="ssm",
        create="put_parameter",
        name="Name",
        name_max=1011,
        update="put_parameter",
        update_all=True,
        update_extra={"Overwrite": True},
        delete="delete_parameter",
        key=by_name("Name"),
        describe="get_parameter",
        path="Parameter",
        tags=SSM_TAGS,
        attrs={"Value": "Value", "Type": "Type"},
        read={
            name: lambda h, name=name: h.call(  # type: ignore[misc]
                "describe_parameters", ParameterFilters=[{"Key": "Name", "Values": [h.physical_id]}]
            )["Parameters"][0].get(name)
            for name in ("Description", "Tier", "AllowedPattern")
        },
    ),
    Row(
        type="AWS::SecretsManager::Secret",
        service="secretsmanager",
        create="create_secret",
        name="Name",
        name_max=512,
        ref="ARN",
        update="update_secret",
        delete="delete_secret",
        key=by_name("SecretId"),
        delete_extra=lambda _h: {"ForceDeleteWithoutRecovery": True},
        create_extra=_secret_string,
        accepted=frozenset({"GenerateSecretString"}),
        describe="describe_secret",
        path="@",
        tags=SECRET_TAGS,
        attrs={"Id": "ARN"},
        unshown={"GenerateSecretString": "makes the secret", "SecretString": "a secret"},
    ),
    Row(
        type="AWS::CloudWatch::Alarm",
        service="cloudwatch",
        create="put_metric_alarm",
        name="AlarmName",
        name_max=255,
        update="put_metric_alarm",
        update_all=True,
        key=by_name("AlarmName"),
        delete="delete_alarms",
        describe="describe_alarms",
        describe_key=lambda h: {"AlarmNames": [h.physical_id]},
        path="MetricAlarms[0]",
        delete_hook=lambda h: h.call("delete_alarms", AlarmNames=[h.physical_id]),
        tags=ALARM_TAGS,
        attrs={"Arn": "AlarmArn"},
    ),
    Row(
        type="AWS::SNS::Topic",
        service="sns",
        create="create_topic",
        name="TopicName",
        name_max=256,
        rename={"TopicName": "Name"},
        ref="TopicArn",
        delete="delete_topic",
        key=by_name("TopicArn"),
        describe="get_topic_attributes",
        path="Attributes",
        steps={name: _topic_attribute(name) for name in ("DisplayName", "KmsMasterKeyId")},
        tags=TOPIC_TAGS,
        attrs={"TopicArn": "TopicArn", "TopicName": lambda h: h.physical_id.rsplit(":", 1)[-1]},
        read={"TopicName": lambda h: h.physical_id.rsplit(":", 1)[-1]},
    ),
    Row(
        type="AWS::SNS::TopicPolicy",
        service="sns",
        create_hook=_topic_policy,
        accepted=frozenset({"PolicyDocument", "Topics"}),
        update_steps={name: lambda h, _new: _topic_policy(h) for name in ("PolicyDocument", "Topics")},
        describe="get_topic_attributes",
        key=by_name("TopicArn"),
        path="Attributes",
        read={"PolicyDocument": lambda h: json.loads(h.look("Policy")), "Topics": lambda h: [h.physical_id]},
    ),
)
