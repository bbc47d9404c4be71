"""Where `backtrack` may use its IAM actions. Source: Service Authorization Reference, `list_amazonrds`, 2026-11."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from runbooks.aws.permissions import CLUSTER
from runbooks.engine.scope import Scope

READS: Final = (
    "rds:DescribeBlueGreenDeployments",
    "rds:DescribeDBClusterBacktracks",
    "rds:DescribeDBClusterParameters",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
)
SCOPES: Final[Mapping[str, Scope]] = {
    "rds:BacktrackDBCluster": Scope((CLUSTER,)),
    "rds:DescribeDBClusterBacktracks": Scope((CLUSTER,)),
    "rds:DescribeBlueGreenDeployments": Scope(
        ("arn:{partition}:rds:{region}:{account}:deployment:*",), "AWS names deployments; the call filters by cluster"
    ),
    "rds:DescribeDBClusterParameters": Scope(
        ("arn:{partition}:rds:{region}:{account}:cluster-pg:*",), "the cluster's group, whose name is read first"
    ),
}
