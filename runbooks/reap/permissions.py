"""Where the actions of reaping may be used. Source: Service Authorization Reference, as of 2026-11.

`{cluster}` is a pattern of the copies' names: `runbook policy reap --cluster 'dev-*'`; deleting takes the tag of a run
wherever every resource of the action has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN
from runbooks.engine.scope import Scope

_RDS: Final = "arn:{partition}:rds:{region}:{account}:"
_MADE_BY_A_RUN: Final = {"StringEquals": {f"aws:ResourceTag/{TAG_RUN}": "*"}}
_WHOLE_REGION: Final = "every cluster is looked at: what stays is told too"

SCOPES: Final[Mapping[str, Scope]] = {
    "rds:DescribeDBClusters": Scope((_RDS + "cluster:*",), why=_WHOLE_REGION),
    "rds:DescribeDBInstances": Scope((_RDS + "db:*",), why="the call filters by cluster; IAM asks for db:*"),
    "rds:DescribeDBClusterEndpoints": Scope(
        (_RDS + "cluster:*", _RDS + "cluster-endpoint:*"), why="endpoints of all copies are listed at once"
    ),
    "rds:DescribeGlobalClusters": Scope(("arn:{partition}:rds::{account}:global-cluster:*",), why=_WHOLE_REGION),
    "rds:DescribeDBClusterSnapshots": Scope(
        (_RDS + "cluster:*", _RDS + "cluster-snapshot:*"), why="final snapshots of a run that was killed are looked for"
    ),
    "rds:DescribeAccountAttributes": Scope(("*",), why="no resource type"),
    "route53:ListHostedZones": Scope(("*",), why="no resource type"),
    "route53:ListResourceRecordSets": Scope(
        ("arn:{partition}:route53:::hostedzone/*",), why="a copy that a record of any zone leads to stays"
    ),
    "application-autoscaling:DescribeScalableTargets": Scope(("*",), why="no resource type"),
    "application-autoscaling:DeregisterScalableTarget": Scope(
        ("arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/*",),
        why="a target's ARN is an id that Application Auto Scaling chooses",
    ),
    "ram:ListResources": Scope(("*",), why="no resource type"),
    "ec2:DescribeSecurityGroups": Scope(("*",), why="no resource type"),
    "secretsmanager:ListSecrets": Scope(("*",), why="no resource type"),
    "rds:DeleteDBClusterEndpoint": Scope(
        (_RDS + "cluster-endpoint:*",), why="endpoints have names of the operator's", conditions=_MADE_BY_A_RUN
    ),
    "rds:DeleteDBInstance": Scope(
        (_RDS + "db:*", _RDS + "cluster:{cluster}"),
        why="instances have names of the operator's; readers that Auto Scaling added have no tag of a run",
    ),
    "rds:DeleteDBCluster": Scope(
        (_RDS + "cluster:{cluster}", _RDS + "cluster-snapshot:*-final-*"),
        why="the final snapshot is named after the copy and the run; it has no tags before it is made",
    ),
    "rds:AddTagsToResource": Scope((_RDS + "cluster-snapshot:*-final-*",), why="final snapshots only"),
    "rds:RemoveTagsFromResource": Scope((_RDS + "cluster-snapshot:*-final-*",), why="final snapshots only"),
    "secretsmanager:DeleteSecret": Scope(
        ("arn:{partition}:secretsmanager:{region}:{account}:secret:aurora-estate/*",),
        why="secrets of copies begin so",
        conditions=_MADE_BY_A_RUN,
    ),
    "ec2:DeleteSecurityGroup": Scope(
        ("arn:{partition}:ec2:{region}:{account}:security-group/*",),
        why="EC2 chooses the ids of groups",
        conditions=_MADE_BY_A_RUN,
    ),
}
