"""What of a quarantine is there. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runbooks import guard
from runbooks.aws import ec2 as ec2_adapter
from runbooks.aws import secrets as secrets_adapter
from runbooks.aws.ec2 import SecurityGroup, find_groups, list_groups
from runbooks.aws.secrets import find_secret
from runbooks.quarantine.seen import Quarantine, QuarantineSeen
from runbooks.tags import from_aws
from runbooks.tools import Tools

READS: Final = (
    *ec2_adapter.ACTIONS["list_groups"],
    *secrets_adapter.ACTIONS["find_secret"],
    *guard.READ_ACTIONS,
)


def observe_quarantine(tools: Tools, quarantine: Quarantine, cluster: Mapping[str, Any] | None) -> QuarantineSeen:
    """Look at the security groups and the secret. `cluster` is the new one, as DescribeDBClusters has it."""
    ec2 = tools.session.client("ec2")
    raw = cluster or {}
    own_secret = quarantine.master == "own"
    reach = (quarantine.reach_from,) if quarantine.reach_from.startswith("sg-") else ()
    return QuarantineSeen(
        group=find_group(ec2, quarantine.group_name, quarantine.vpc_id),
        secret=find_secret(tools.session.secrets, quarantine.secret_name) if own_secret else None,
        tags=from_aws(raw.get("TagList", [])),
        groups=tuple(sorted(each["VpcSecurityGroupId"] for each in raw.get("VpcSecurityGroups", []))),
        managed_secret=raw.get("MasterUserSecret", {}).get("SecretArn", ""),
        opening=find_groups(ec2, tuple(dict.fromkeys((*quarantine.open_groups, *reach)))),
    )


def find_group(ec2: Any, name: str, vpc_id: str) -> SecurityGroup | None:
    """A security group by its name, which is unique in its VPC."""
    return next(iter(list_groups(ec2, group_name=name, vpc_id=vpc_id)), None)
