"""IAM actions of `snapshot prune`, and where each may be used.

Source: Service Authorization Reference, pages `list_amazonrds` and `list_amazonelasticache`, as of 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_HOLD, TAG_RUN
from runbooks.engine.scope import Scope

READS: Final = (
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeServerlessCacheSnapshots",
    "elasticache:DescribeServerlessCaches",
    "elasticache:DescribeSnapshots",
    "elasticache:ListTagsForResource",
    "kms:DescribeKey",
    "rds:DescribeAccountAttributes",
    "rds:DescribeDBClusterSnapshotAttributes",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeExportTasks",
)
DELETES: Final = (
    "elasticache:DeleteServerlessCacheSnapshot",
    "elasticache:DeleteSnapshot",
    "rds:DeleteDBClusterSnapshot",
)

_RDS: Final = "arn:{partition}:rds:{region}:{account}"
_CACHE: Final = "arn:{partition}:elasticache:{region}:{account}"
_NAMES: Final = "a snapshot's name is whatever it was given; the tags say whose it is"
# What a run made and nobody holds: IAM itself refuses to delete anything else.
_OURS: Final = {"Null": {f"aws:ResourceTag/{TAG_RUN}": "false", f"aws:ResourceTag/{TAG_HOLD}": "true"}}

SCOPES: Final[Mapping[str, Scope]] = {
    "elasticache:DeleteServerlessCacheSnapshot": Scope((f"{_CACHE}:serverlesscachesnapshot:*",), _NAMES, _OURS),
    "elasticache:DeleteSnapshot": Scope((f"{_CACHE}:snapshot:*",), _NAMES, _OURS),
    "elasticache:DescribeCacheClusters": Scope((f"{_CACHE}:cluster:*",), "the nodes of a cache, or one on its own"),
    "elasticache:DescribeServerlessCacheSnapshots": Scope(
        (f"{_CACHE}:serverlesscachesnapshot:*", f"{_CACHE}:serverlesscache:*"), "all are counted against the quota"
    ),
    "elasticache:DescribeServerlessCaches": Scope((f"{_CACHE}:serverlesscache:{{cluster}}",)),
    "elasticache:DescribeSnapshots": Scope((f"{_CACHE}:snapshot:*",), "all are counted against the quota"),
    "elasticache:ListTagsForResource": Scope(
        (
            f"{_CACHE}:cluster:*",
            f"{_CACHE}:replicationgroup:{{cluster}}",
            f"{_CACHE}:serverlesscache:{{cluster}}",
            f"{_CACHE}:serverlesscachesnapshot:*",
            f"{_CACHE}:snapshot:*",
        ),
        "ElastiCache lists no tags beside what has them",
    ),
    "kms:DescribeKey": Scope(("arn:{partition}:kms:{region}:{account}:key/*",), "the snapshots' keys"),
    "rds:DeleteDBClusterSnapshot": Scope((f"{_RDS}:cluster-snapshot:*",), _NAMES, _OURS),
    "rds:DescribeAccountAttributes": Scope(("*",), "no resource type"),
    "rds:DescribeDBClusterSnapshotAttributes": Scope((f"{_RDS}:cluster-snapshot:*",), _NAMES),
    "rds:DescribeDBClusterSnapshots": Scope(
        (f"{_RDS}:cluster:*", f"{_RDS}:cluster-snapshot:*"), "all are counted against the quota"
    ),
    "rds:DescribeExportTasks": Scope(("*",), "no resource type"),
}
