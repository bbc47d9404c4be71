"""Where the actions of a birth may be used. Source: Service Authorization Reference, as of 2026-11.

A verb adds these to its own: `SCOPES = {**BIRTH_SCOPES, ...}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runbooks.engine.scope import Scope

_RDS: Final = "arn:{partition}:rds:{region}:{account}:"
CLUSTER: Final = _RDS + "cluster:{cluster}"
TARGET: Final = _RDS + "cluster:{target}"
INSTANCES: Final = _RDS + "db:*"
ENDPOINTS: Final = _RDS + "cluster-endpoint:*"
GROUPS: Final = (_RDS + "subgrp:*", _RDS + "cluster-pg:*", _RDS + "og:*")
INSTANCE_GROUPS: Final = (_RDS + "subgrp:*", _RDS + "pg:*", _RDS + "og:*", _RDS + "secgrp:*")
_TARGETS: Final = "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/*"
_KEYS: Final = ("arn:{partition}:kms:{region}:{account}:key/*",)
_THROUGH_RDS: Final = {"StringEquals": {"kms:ViaService": "rds.{region}.amazonaws.com"}}
_ID_OF_AWS: Final = "a target's ARN is an id that Application Auto Scaling chooses"
_GROUPS: Final = "its groups are its model's, or the operator's"
_NAMES: Final = "instances and endpoints have names of the operator's"

BIRTH_SCOPES: Final[Mapping[str, Scope]] = {
    "rds:DescribeDBClusters": Scope((CLUSTER, TARGET)),
    "rds:DescribeDBInstances": Scope((INSTANCES,), why="the call filters by cluster; IAM asks for db:*"),
    "rds:DescribeDBClusterEndpoints": Scope((CLUSTER, TARGET, ENDPOINTS), why=_NAMES),
    "rds:DescribeDBSubnetGroups": Scope((_RDS + "subgrp:*",), why="the group's name is read first"),
    "rds:RestoreDBClusterToPointInTime": Scope((CLUSTER, TARGET, *GROUPS), why=_GROUPS),
    "rds:RestoreDBClusterFromSnapshot": Scope(
        (TARGET, _RDS + "cluster-snapshot:*", _RDS + "snapshot:*", *GROUPS), why="of a cluster or an instance"
    ),
    "rds:RestoreDBClusterFromS3": Scope((TARGET, *GROUPS), why=_GROUPS),
    "rds:CreateDBInstance": Scope((TARGET, INSTANCES, *INSTANCE_GROUPS), why=_NAMES),
    "rds:ModifyDBCluster": Scope((TARGET, _RDS + "cluster-pg:*", _RDS + "og:*"), why=_GROUPS),
    "rds:EnableHttpEndpoint": Scope((TARGET,)),
    "rds:CreateDBClusterEndpoint": Scope((TARGET, ENDPOINTS), why=_NAMES),
    "rds:AddRoleToDBCluster": Scope((TARGET,)),
    "rds:AddTagsToResource": Scope((TARGET, INSTANCES, ENDPOINTS), why=_NAMES),
    "application-autoscaling:DescribeScalableTargets": Scope(("*",), why="no resource type"),
    "application-autoscaling:DescribeScalingPolicies": Scope(("*",), why="no resource type"),
    "application-autoscaling:DescribeScheduledActions": Scope(("*",), why="no resource type"),
    "application-autoscaling:RegisterScalableTarget": Scope((_TARGETS,), why=_ID_OF_AWS),
    "application-autoscaling:TagResource": Scope((_TARGETS,), why=_ID_OF_AWS),
    "application-autoscaling:PutScalingPolicy": Scope((_TARGETS,), why=_ID_OF_AWS),
    "application-autoscaling:PutScheduledAction": Scope((_TARGETS,), why=_ID_OF_AWS),
    "iam:PassRole": Scope(
        ("arn:{partition}:iam::{account}:role/*",),
        why="the model's roles; only to RDS",
        conditions={"StringEquals": {"iam:PassedToService": "*rds.amazonaws.com"}},
    ),
    "kms:CreateGrant": Scope(_KEYS, why="the volume's own key, only through RDS", conditions=_THROUGH_RDS),
    "kms:DescribeKey": Scope(_KEYS, why="the volume's own key, only through RDS", conditions=_THROUGH_RDS),
    "secretsmanager:CreateSecret": Scope(
        ("arn:{partition}:secretsmanager:{region}:{account}:secret:rds!cluster-*",),
        why="RDS names the secrets it manages",
    ),
    "secretsmanager:TagResource": Scope(
        ("arn:{partition}:secretsmanager:{region}:{account}:secret:rds!cluster-*",),
        why="RDS names the secrets it manages",
    ),
}
