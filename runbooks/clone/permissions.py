"""Where the actions of `clone` may be used: the source is only read, everything made carries the run's tag.

Source: Service Authorization Reference (Amazon RDS, EC2, Secrets Manager, KMS), as of 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN, lock_parameter, master_secret
from runbooks.birth.permissions import BIRTH_SCOPES, TARGET
from runbooks.engine.scope import Scope

_EC2: Final = "arn:{partition}:ec2:{region}:{account}:"
_GROUP: Final = (_EC2 + "security-group/*",)
_SECRET: Final = "arn:{partition}:secretsmanager:{region}:{account}:secret:"  # noqa: S105 - the start of an ARN
OWN_SECRET: Final = f"{_SECRET}{master_secret('{target}')}-??????"
MANAGED_SECRET: Final = f"{_SECRET}rds!cluster-*"
_LOCK: Final = "arn:{partition}:ssm:{region}:{account}:parameter"
TARGET_LOCK: Final = _LOCK + lock_parameter("{target}")
SOURCE_LOCK: Final = _LOCK + lock_parameter("{cluster}")
_MADE: Final = {"StringEquals": {f"aws:ResourceTag/{TAG_RUN}": "*"}}
_KEY: Final = ("arn:{partition}:kms:{region}:*:key/*",)
_ID: Final = "EC2 chooses the id; only one with a run's tag"

RESTORE: Final = "rds:RestoreDBClusterToPointInTime"
SCOPES: Final[Mapping[str, Scope]] = {
    **BIRTH_SCOPES,
    "rds:DescribeDBClusters": Scope(
        ("arn:{partition}:rds:{region}:*:cluster:*",),
        why="the clone group is listed by a filter; a source may be another account's",
    ),
    "rds:RestoreDBClusterToPointInTime": Scope(
        ("arn:{partition}:rds:{region}:*:cluster:{cluster}", *BIRTH_SCOPES[RESTORE].resources[1:]),
        why="a source may be another account's",
    ),
    "rds:DescribeDBClusterParameterGroups": Scope(
        ("arn:{partition}:rds:{region}:{account}:cluster-pg:*",), why="the group that was asked for"
    ),
    "rds:AddTagsToResource": Scope(
        (TARGET, *BIRTH_SCOPES["rds:AddTagsToResource"].resources[1:]), why="the clone, its instances and endpoints"
    ),
    "ec2:DescribeSecurityGroups": Scope(("*",), why="no resource type"),
    "ec2:CreateSecurityGroup": Scope((*_GROUP, _EC2 + "vpc/*"), why="in the clone's VPC; EC2 chooses the id"),
    "ec2:CreateTags": Scope(
        _GROUP,
        why="in the call that makes the group, and nowhere else",
        conditions={"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
    ),
    "ec2:RevokeSecurityGroupEgress": Scope(_GROUP, why=_ID, conditions=_MADE),
    "ec2:AuthorizeSecurityGroupIngress": Scope(_GROUP, why=_ID, conditions=_MADE),
    "ec2:RevokeSecurityGroupIngress": Scope(_GROUP, why=_ID, conditions=_MADE),
    "ec2:DeleteSecurityGroup": Scope(_GROUP, why=_ID, conditions=_MADE),
    "secretsmanager:CreateSecret": Scope((OWN_SECRET, MANAGED_SECRET), why="the clone's own, or RDS's"),
    "secretsmanager:TagResource": Scope((OWN_SECRET, MANAGED_SECRET), why="the clone's own, or RDS's"),
    "secretsmanager:DescribeSecret": Scope((OWN_SECRET,)),
    "secretsmanager:GetSecretValue": Scope(
        (OWN_SECRET, MANAGED_SECRET), why="the clone's own; RDS names the secrets it manages"
    ),
    "rds-db:connect": Scope(
        ("arn:{partition}:rds-db:{region}:{account}:dbuser:*/*",),
        why="by the clone's resource id, which it has only when it is there",
    ),
    "kms:DescribeKey": Scope(_KEY, why="the volume's own key, through RDS and to see whether it is shared"),
    "ssm:GetParameter": Scope((TARGET_LOCK, SOURCE_LOCK)),
    "ssm:PutParameter": Scope((TARGET_LOCK,)),
    "ssm:DeleteParameter": Scope((TARGET_LOCK,)),
}
