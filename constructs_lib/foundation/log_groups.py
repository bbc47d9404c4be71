"""Log groups made before the service writes to them: encrypted, kept for a stated time."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from constructs_lib.foundation.cfn import pascal


def define_log_groups(
    scope: Construct, names: Mapping[str, str], *, key_arn: str, retention_days: int, retain: bool
) -> dict[str, logs.CfnLogGroup]:
    """Define one group per kind of log, under the literal name its service writes to.

    A service that finds no group makes one, unencrypted and kept for ever; so these come first.
    """
    policy = cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY
    groups: dict[str, logs.CfnLogGroup] = {}
    for kind, name in names.items():
        group = logs.CfnLogGroup(
            scope, f"Log{pascal(kind)}", log_group_name=name, kms_key_id=key_arn, retention_in_days=retention_days
        )
        group.apply_removal_policy(policy)
        groups[kind] = group
    return groups
