"""One customer managed key per cluster or cache."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

USE_ACTIONS = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
ADMINISTRATION_ACTIONS = [
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
]

PUBLISHERS = ("cloudwatch.amazonaws.com", "events.rds.amazonaws.com")
"""Services that tell an encrypted topic of alarms and of database events."""
EVENTBRIDGE = "events.amazonaws.com"
"""What tells a topic of serverless caches' events; it names no account when it publishes, so no condition fits it."""


class Encryption(Construct):
    """Define one key: rotated every year, kept when its stack goes, and usable only through AWS services.

    The account administers the key and lends it to the `services` named; nobody can decrypt with it directly.
    CloudWatch Logs may use it for exactly the `log_groups` named, other `accounts` to copy snapshots, and
    `publishers` (service principals such as `cloudwatch.amazonaws.com`) to send to topics that it encrypts. The key
    stays reachable as `key`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        services: Sequence[str] = (),
        log_groups: Sequence[str] = (),
        publishers: Sequence[str] = (),
        accounts: Sequence[str] = (),
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.cfn_key = kms.CfnKey(
            self,
            "Key",
            description=description,
            enable_key_rotation=True,
            key_policy=key_policy(services, log_groups, publishers, accounts),
        )
        self.cfn_key.apply_removal_policy(cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY)
        self.key_arn = self.cfn_key.attr_arn

    @cached_property
    def key(self) -> kms.IKey:
        """The key as an L2; what is granted on it joins the policy."""
        return kms.Key.from_cfn_key(self.cfn_key)


def key_policy(
    services: Sequence[str], log_groups: Sequence[str], publishers: Sequence[str] = (), accounts: Sequence[str] = ()
) -> dict[str, Any]:
    """Policy of one key; names of Regions and account are left to CloudFormation."""
    statements = [_administration(), _no_lasting_grants()]
    if services:
        statements.append(_use_through(services))
    if log_groups:
        statements.append(_use_by_logs(log_groups))
    statements += publishing_statements(publishers)
    if accounts:
        statements += copies_by_accounts(accounts)
    return {"Version": "2012-10-17", "Statement": statements}


def _account_root() -> str:
    return cdk.Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")


def _administration() -> dict[str, Any]:
    return {
        "Sid": "AccountAdministersKey",
        "Effect": "Allow",
        "Principal": {"AWS": _account_root()},
        "Action": ADMINISTRATION_ACTIONS,
        "Resource": "*",
    }


def _no_lasting_grants() -> dict[str, Any]:
    """Only AWS services may take grants (Control Tower CT.KMS.PR.3); `{"AWS": "*"}` is how scanners read everyone."""
    return {
        "Sid": "GrantsOnlyToServices",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}},
    }


def _use_through(services: Sequence[str]) -> dict[str, Any]:
    """The account's principals, as far as their own policies go, and only through these services."""
    endpoints = [cdk.Fn.sub(service + ".${AWS::Region}.amazonaws.com") for service in services]
    return {
        "Sid": "UseThroughServices",
        "Effect": "Allow",
        "Principal": {"AWS": _account_root()},
        "Action": USE_ACTIONS,
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": endpoints}},
    }


def _use_by_logs(log_groups: Sequence[str]) -> dict[str, Any]:
    prefix = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    return {
        "Sid": "LogsOfTheseGroups",
        "Effect": "Allow",
        "Principal": {"Service": cdk.Fn.sub("logs.${AWS::Region}.amazonaws.com")},
        "Action": sorted([*USE_ACTIONS, "kms:DescribeKey"]),
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": [cdk.Fn.sub(prefix + name) for name in log_groups]},
        },
    }


def publishing_statements(publishers: Sequence[str]) -> list[dict[str, Any]]:
    """What these services need of a topic's key, EventBridge apart from the others."""
    named = [each for each in publishers if each != EVENTBRIDGE]
    rules = [_use_by_rules()] if EVENTBRIDGE in publishers else []
    return ([use_by_publishers(named)] if named else []) + rules


def use_by_publishers(publishers: Sequence[str]) -> dict[str, Any]:
    """What a service needs of a topic's key to publish to the topic (SNS, "Enable compatibility ... from services")."""
    return {
        "Sid": "PublishToTopics",
        "Effect": "Allow",
        "Principal": {"Service": list(publishers)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
    }


def _use_by_rules() -> dict[str, Any]:
    """The same for rules of EventBridge. [aws-cdk-lib, aws-events-targets SnsTopic grants it without a condition]"""
    return {
        "Sid": "PublishByRules",
        "Effect": "Allow",
        "Principal": {"Service": EVENTBRIDGE},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }


def copies_by_accounts(accounts: Sequence[str]) -> list[dict[str, Any]]:
    """These accounts, through RDS of this Region only: a snapshot is re-encrypted by the account that it goes to.

    [AWS Backup developer guide, create-cross-account-backup: the source key's policy names the destination account]
    """
    through_rds = {"kms:ViaService": cdk.Fn.sub("rds.${AWS::Region}.amazonaws.com")}
    roots = [cdk.Fn.sub("arn:${AWS::Partition}:iam::" + account + ":root") for account in accounts]
    common = {"Effect": "Allow", "Principal": {"AWS": roots}, "Resource": "*"}
    use = {"Sid": "CopiesByAccounts", **common, "Action": [*USE_ACTIONS, "kms:DescribeKey"]}
    grant = {"Sid": "GrantsForCopies", **common, "Action": "kms:CreateGrant"}
    return [
        {**use, "Condition": {"StringEquals": through_rds}},
        {**grant, "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}, "StringEquals": through_rds}},
    ]
