"""Where the actions of `restore` may be used: what is restored from is only read.

Source: Service Authorization Reference (Amazon RDS, EC2, S3, IAM, KMS), as of 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN, lock_parameter
from runbooks.birth.permissions import BIRTH_SCOPES
from runbooks.engine.scope import Scope

_RDS: Final = "arn:{partition}:rds:{region}:{account}:"
_EC2: Final = "arn:{partition}:ec2:{region}:{account}:"
_GROUP: Final = (_EC2 + "security-group/*",)
_LOCK: Final = "arn:{partition}:ssm:{region}:{account}:parameter"
_TARGET_LOCK: Final = _LOCK + lock_parameter("{target}")
_SOURCE_LOCK: Final = _LOCK + lock_parameter("{cluster}")
_OF_ANOTHER: Final = "another account's, when it is shared"

SCOPES: Final[Mapping[str, Scope]] = {
    **BIRTH_SCOPES,
    "rds:DescribeDBClusters": Scope(
        (_RDS + "cluster:*",), why="the model may be another cluster than the one that the data are of"
    ),
    "rds:DescribeDBClusterEndpoints": Scope(
        (_RDS + "cluster:*", _RDS + "cluster-endpoint:*"), why="the model's; names of the new ones are looked for"
    ),
    "rds:DescribeDBClusterSnapshots": Scope(
        ("arn:{partition}:rds:{region}:*:cluster-snapshot:*", _RDS + "cluster:*"), why=_OF_ANOTHER
    ),
    "rds:DescribeDBSnapshots": Scope(("arn:{partition}:rds:{region}:*:snapshot:*", _RDS + "db:*"), why=_OF_ANOTHER),
    "rds:DescribeDBClusterAutomatedBackups": Scope(
        (_RDS + "cluster-auto-backup:*", _RDS + "cluster:*"), why="a backup's ARN is an id that RDS chooses"
    ),
    "rds:DescribeDBEngineVersions": Scope(("*",), why="versions of an engine are nobody's"),
    "rds:DescribeDBClusterParameterGroups": Scope((_RDS + "cluster-pg:*",), why="the model's, or the asked-for"),
    "rds:RestoreDBClusterFromSnapshot": Scope(
        (
            *(each for each in BIRTH_SCOPES["rds:RestoreDBClusterFromSnapshot"].resources if "snapshot" not in each),
            "arn:{partition}:rds:{region}:*:cluster-snapshot:*",
            "arn:{partition}:rds:{region}:*:snapshot:*",
        ),
        why=_OF_ANOTHER,
    ),
    "rds:RestoreDBClusterToPointInTime": Scope(
        (*BIRTH_SCOPES["rds:RestoreDBClusterToPointInTime"].resources, _RDS + "cluster-auto-backup:*"),
        why="a retained backup's ARN is an id that RDS chooses",
    ),
    "ec2:DescribeSecurityGroups": Scope(("*",), why="no resource type"),
    "ec2:CreateSecurityGroup": Scope((*_GROUP, _EC2 + "vpc/*"), why="in the new cluster's VPC; EC2 chooses the id"),
    "ec2:CreateTags": Scope(
        _GROUP,
        why="in the call that makes the group, and nowhere else",
        conditions={"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
    ),
    "ec2:RevokeSecurityGroupEgress": Scope(
        _GROUP,
        why="EC2 chooses the id; only one with a run's tag",
        conditions={"StringEquals": {f"aws:ResourceTag/{TAG_RUN}": "*"}},
    ),
    "s3:GetBucketLocation": Scope(("arn:{partition}:s3:::{cluster}",), why="the bucket that is restored from"),
    "s3:ListBucket": Scope(("arn:{partition}:s3:::{cluster}",), why="the bucket that is restored from"),
    "s3:GetObject": Scope(("arn:{partition}:s3:::{cluster}/*xtrabackup_info",), why="what XtraBackup noted"),
    "iam:GetRole": Scope(("arn:{partition}:iam::{account}:role/*",), why="the role that RDS reads the bucket by"),
    "kms:DescribeKey": Scope(
        ("arn:{partition}:kms:{region}:{account}:key/*",), why="the asked-for key, and the volume's through RDS"
    ),
    "ssm:GetParameter": Scope((_TARGET_LOCK, _SOURCE_LOCK)),
    "ssm:PutParameter": Scope((_TARGET_LOCK,)),
    "ssm:DeleteParameter": Scope((_TARGET_LOCK,)),
}
