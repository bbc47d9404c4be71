"""Where the actions of `restore cache` may be used: the snapshot and the model are only read.

Source: Service Authorization Reference (Amazon ElastiCache, with the dependent actions of CreateReplicationGroup and
CreateServerlessCache), as of 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN, lock_parameter
from runbooks.engine.scope import Scope

_CACHE: Final = "arn:{partition}:elasticache:{region}:{account}:"
_GROUPS: Final = (_CACHE + "replicationgroup:*",)
_SERVERLESS: Final = (_CACHE + "serverlesscache:*",)
_SNAPSHOTS: Final = (_CACHE + "snapshot:{cluster}",)
_SERVERLESS_SNAPSHOTS: Final = (_CACHE + "serverlesscachesnapshot:{cluster}",)
_TARGETS: Final = (_CACHE + "replicationgroup:{target}", _CACHE + "serverlesscache:{target}")
_LOCK: Final = ("arn:{partition}:ssm:{region}:{account}:parameter" + lock_parameter("{target}"),)
_KEY: Final = ("arn:{partition}:kms:{region}:*:key/*",)
_ASKED: Final = {"StringLike": {f"aws:RequestTag/{TAG_RUN}": "*"}}
_BY_ELASTICACHE: Final = {"StringEquals": {"kms:ViaService": "elasticache.{region}.amazonaws.com"}}
_MODEL: Final = "the cache that the new one is to be like has a name that is read from the snapshot, or given"
_NETWORK: Final = "ElastiCache makes network interfaces with the caller's leave; their ids are its choice"

SCOPES: Final[Mapping[str, Scope]] = {
    "elasticache:DescribeSnapshots": Scope(_SNAPSHOTS),
    "elasticache:DescribeServerlessCacheSnapshots": Scope(_SERVERLESS_SNAPSHOTS),
    "elasticache:DescribeReplicationGroups": Scope(_GROUPS, why=_MODEL),
    "elasticache:DescribeCacheClusters": Scope((_CACHE + "cluster:*",), why=_MODEL),
    "elasticache:DescribeServerlessCaches": Scope(_SERVERLESS, why=_MODEL),
    "elasticache:ListTagsForResource": Scope((*_GROUPS, *_SERVERLESS, *_SNAPSHOTS, *_SERVERLESS_SNAPSHOTS), why=_MODEL),
    "elasticache:CreateReplicationGroup": Scope(
        (
            _TARGETS[0],
            _CACHE + "cluster:{target}-*",
            *_SNAPSHOTS,
            _CACHE + "parametergroup:*",
            _CACHE + "subnetgroup:*",
            _CACHE + "usergroup:*",
        ),
        why="its groups are those of the cache that it is like, or given",
    ),
    "elasticache:CreateServerlessCache": Scope(
        (_TARGETS[1], *_SERVERLESS_SNAPSHOTS, _CACHE + "usergroup:*"), why="its users are those of the model, or given"
    ),
    "elasticache:AddTagsToResource": Scope(
        (*_TARGETS, _CACHE + "cluster:{target}-*"), why="in the call that makes it", conditions=_ASKED
    ),
    "ec2:CreateNetworkInterface": Scope(("*",), why=_NETWORK),
    "ec2:CreateTags": Scope(
        ("arn:{partition}:ec2:{region}:{account}:vpc-endpoint/*",),
        why="a serverless cache has VPC endpoints, whose ids are EC2's choice",
        conditions={"StringEquals": {"ec2:CreateAction": "CreateVpcEndpoint"}},
    ),
    "ec2:CreateVpcEndpoint": Scope(("*",), why="a serverless cache has VPC endpoints; their ids are EC2's choice"),
    "ec2:DeleteNetworkInterface": Scope(("*",), why=_NETWORK),
    "ec2:DescribeNetworkInterfaces": Scope(("*",), why="no resource type"),
    "ec2:DescribeSecurityGroups": Scope(("*",), why="no resource type"),
    "ec2:DescribeSubnets": Scope(("*",), why="no resource type"),
    "ec2:DescribeVpcs": Scope(("*",), why="no resource type"),
    "kms:CreateGrant": Scope(_KEY, why="the key of the cache, only through ElastiCache", conditions=_BY_ELASTICACHE),
    "kms:DescribeKey": Scope(_KEY, why="the key of the cache, only through ElastiCache", conditions=_BY_ELASTICACHE),
    "logs:CreateLogDelivery": Scope(("*",), why="no resource type; needed where the cache sends logs"),
    "ssm:GetParameter": Scope(_LOCK),
    "ssm:PutParameter": Scope(_LOCK),
    "ssm:DeleteParameter": Scope(_LOCK),
}
