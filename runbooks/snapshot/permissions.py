"""IAM actions of the snapshot verbs, and where each may be used.

`{cluster}` is what a run is pointed at: the source of `create`, the snapshot of the others. `{target}` is what it
makes: the snapshot of `create` and `copy`, the bucket of `export`.

Source: Service Authorization Reference (pages `list_amazonrds`, `list_amazonelasticache`, `list_amazons3`,
`list_awskeymanagementservice`, `list_awsidentityandaccessmanagementiam`), as of 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN, lock_parameter
from runbooks.engine.scope import Scope
from runbooks.snapshot.exporting import EXPORTER

_RDS: Final = "arn:{partition}:rds:{region}:{account}:"
_RDS_ALL: Final = "arn:{partition}:rds:*:{account}:"  # the copy's Region is another one
_RDS_ANY: Final = "arn:{partition}:rds:*:*:"  # a snapshot that is shared is another account's
_CACHE: Final = "arn:{partition}:elasticache:{region}:{account}:"
_LOCK: Final = "arn:{partition}:ssm:{region}:{account}:parameter"
_KEY: Final = ("arn:{partition}:kms:{region}:{account}:key/*",)
_KEYS: Final = ("arn:{partition}:kms:*:*:key/*",)
_ROLE: Final = ("arn:{partition}:iam::{account}:role/*",)
_BUCKET: Final = "arn:{partition}:s3:::{target}"
_ANY_KEY: Final = "a key is known by an id that KMS chose"
_ALL: Final = "all are counted against the quota"
_NO_TYPE: Final = "no resource type"
_TAGGED: Final = {"StringEquals": {f"aws:RequestTag/{TAG_RUN}": "*"}}
_THROUGH_RDS: Final = {"StringEquals": {"kms:ViaService": "rds.*.amazonaws.com"}}

FIND: Final = (
    "elasticache:DescribeServerlessCacheSnapshots",
    "elasticache:DescribeSnapshots",
    "elasticache:ListTagsForResource",
    "rds:DescribeDBClusterSnapshots",
)
CREATE_READS: Final = (
    *FIND,
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeServerlessCaches",
    "rds:DescribeAccountAttributes",
    "rds:DescribeDBClusters",
)
CREATES: Final = (
    "elasticache:AddTagsToResource",
    "elasticache:CreateServerlessCacheSnapshot",
    "elasticache:CreateSnapshot",
    "rds:AddTagsToResource",
    "rds:CreateDBClusterSnapshot",
)
COPY_READS: Final = (*FIND, "kms:DescribeKey", "rds:DescribeAccountAttributes", "sts:GetCallerIdentity")
COPIES: Final = (
    "elasticache:AddTagsToResource",
    "elasticache:CopyServerlessCacheSnapshot",
    "elasticache:CopySnapshot",
    "kms:CreateGrant",
    "rds:AddTagsToResource",
    "rds:CopyDBClusterSnapshot",
    "rds:CrossRegionCommunication",
)
UNSHARE_READS: Final = (
    "rds:DescribeDBClusterSnapshotAttributes",
    "rds:DescribeDBClusterSnapshots",
    "sts:GetCallerIdentity",
)
SHARE_READS: Final = (*UNSHARE_READS, "kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants")
SHARES: Final = ("rds:ModifyDBClusterSnapshotAttribute",)
EXPORT_READS: Final = (
    *FIND,
    "iam:GetRole",
    "kms:DescribeKey",
    "rds:DescribeExportTasks",
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetBucketPolicy",
    "s3:ListBucket",
)
EXPORTS: Final = (
    "elasticache:CopySnapshot",
    "elasticache:ExportServerlessCacheSnapshot",
    "iam:PassRole",
    "kms:CreateGrant",
    "rds:StartExportTask",
    "s3:DeleteObject",
    "s3:ListAllMyBuckets",
    "s3:PutObject",
)


def _locks(own: str, *others: str) -> Mapping[str, Scope]:
    """The run's own lock, and those it only looks at."""
    mine, why = _LOCK + lock_parameter(f"snapshot/{own}"), "locks of snapshots"
    return {
        "ssm:GetParameter": Scope((mine, *(_LOCK + lock_parameter(each) for each in others)), why=why),
        "ssm:PutParameter": Scope((mine,), why=why),
        "ssm:DeleteParameter": Scope((mine,), why=why),
    }


_CACHE_SNAPSHOTS: Final = (_CACHE + "snapshot:*", _CACHE + "serverlesscachesnapshot:*")
_FOUND: Final[Mapping[str, Scope]] = {
    "elasticache:DescribeServerlessCacheSnapshots": Scope(
        (_CACHE_SNAPSHOTS[1], _CACHE + "serverlesscache:*"), why="of a cache, or by name"
    ),
    "elasticache:DescribeSnapshots": Scope(
        (_CACHE_SNAPSHOTS[0], _CACHE + "replicationgroup:{cluster}", _CACHE + "cluster:{cluster}"),
        why="of a cache, or by name",
    ),
    "elasticache:ListTagsForResource": Scope(
        (
            *_CACHE_SNAPSHOTS,
            _CACHE + "replicationgroup:{cluster}",
            _CACHE + "cluster:{cluster}",
            _CACHE + "serverlesscache:{cluster}",
        ),
        why="ElastiCache lists no tags beside what has them",
    ),
    "rds:DescribeDBClusterSnapshots": Scope((_RDS + "cluster:*", _RDS + "cluster-snapshot:*"), why=_ALL),
    "rds:DescribeAccountAttributes": Scope(("*",), why=_NO_TYPE),
}
CREATE_SCOPES: Final[Mapping[str, Scope]] = {
    **_FOUND,
    "elasticache:DescribeServerlessCaches": Scope((_CACHE + "serverlesscache:{cluster}",)),
    "elasticache:DescribeCacheClusters": Scope((_CACHE + "cluster:{cluster}",)),
    "elasticache:CreateSnapshot": Scope(
        (_CACHE + "replicationgroup:{cluster}", _CACHE + "cluster:{cluster}", _CACHE + "snapshot:{target}")
    ),
    "elasticache:CreateServerlessCacheSnapshot": Scope(
        (_CACHE + "serverlesscache:{cluster}", _CACHE + "serverlesscachesnapshot:{target}")
    ),
    "elasticache:AddTagsToResource": Scope(
        (_CACHE + "snapshot:{target}", _CACHE + "serverlesscachesnapshot:{target}"), conditions=_TAGGED
    ),
    "rds:CreateDBClusterSnapshot": Scope(
        (_RDS + "cluster:{cluster}", _RDS + "cluster-snapshot:{target}"), conditions=_TAGGED
    ),
    "rds:AddTagsToResource": Scope((_RDS + "cluster-snapshot:{target}",), conditions=_TAGGED),
    **_locks("{target}", "{cluster}"),
}
COPY_SCOPES: Final[Mapping[str, Scope]] = {
    **_FOUND,
    "rds:DescribeDBClusterSnapshots": Scope(
        (_RDS_ANY + "cluster:*", _RDS_ANY + "cluster-snapshot:*"), why="copies under way are counted where they go"
    ),
    "rds:CopyDBClusterSnapshot": Scope(
        (_RDS_ANY + "cluster-snapshot:{cluster}", _RDS_ALL + "cluster-snapshot:{target}"),
        why="from another account or Region too",
        conditions=_TAGGED,
    ),
    "rds:AddTagsToResource": Scope(
        (_RDS_ALL + "cluster-snapshot:{target}",), why="in the Region that it goes to", conditions=_TAGGED
    ),
    "rds:CrossRegionCommunication": Scope(("*",), why=_NO_TYPE),
    "elasticache:CopySnapshot": Scope((_CACHE + "snapshot:{cluster}", _CACHE + "snapshot:{target}")),
    "elasticache:CopyServerlessCacheSnapshot": Scope(
        (_CACHE + "serverlesscachesnapshot:{cluster}", _CACHE + "serverlesscachesnapshot:{target}")
    ),
    "elasticache:AddTagsToResource": Scope(
        (_CACHE + "snapshot:{target}", _CACHE + "serverlesscachesnapshot:{target}"), conditions=_TAGGED
    ),
    "kms:DescribeKey": Scope(_KEYS, why=_ANY_KEY),
    "kms:CreateGrant": Scope(_KEYS, why=f"{_ANY_KEY}; only through RDS", conditions=_THROUGH_RDS),
    **_locks("{target}"),
}
SHARE_SCOPES: Final[Mapping[str, Scope]] = {
    "rds:DescribeDBClusterSnapshots": Scope(
        (_RDS + "cluster:*", _RDS + "cluster-snapshot:{cluster}"), why="its cluster is read off the snapshot"
    ),
    "rds:DescribeDBClusterSnapshotAttributes": Scope((_RDS + "cluster-snapshot:{cluster}",)),
    "rds:ModifyDBClusterSnapshotAttribute": Scope((_RDS + "cluster-snapshot:{cluster}",)),
    "kms:DescribeKey": Scope(_KEY, why=_ANY_KEY),
    "kms:GetKeyPolicy": Scope(_KEY, why=_ANY_KEY),
    "kms:ListGrants": Scope(_KEY, why=_ANY_KEY),
    **_locks("{cluster}"),
}
EXPORT_SCOPES: Final[Mapping[str, Scope]] = {
    **_FOUND,
    "rds:DescribeDBClusterSnapshots": Scope(
        (_RDS + "cluster:*", _RDS + "cluster-snapshot:{cluster}"), why="its cluster is read off the snapshot"
    ),
    "rds:DescribeExportTasks": Scope(("*",), why=_NO_TYPE),
    "rds:StartExportTask": Scope((_RDS + "cluster-snapshot:{cluster}",)),
    "elasticache:CopySnapshot": Scope((_CACHE + "snapshot:*",), why="the file's name stands as a snapshot's"),
    "elasticache:ExportServerlessCacheSnapshot": Scope((_CACHE + "serverlesscachesnapshot:{cluster}",)),
    "iam:GetRole": Scope(_ROLE, why="the role that was given"),
    "iam:PassRole": Scope(
        _ROLE,
        why="the role that was given, to exports only",
        conditions={"StringEquals": {"iam:PassedToService": EXPORTER}},
    ),
    "kms:DescribeKey": Scope(_KEYS, why=f"{_ANY_KEY}; it may be another account's"),
    "kms:CreateGrant": Scope(_KEYS, why=f"{_ANY_KEY}; it may be another account's; only through RDS",
                             conditions=_THROUGH_RDS),
    "s3:GetBucketLocation": Scope((_BUCKET,)),
    "s3:ListBucket": Scope((_BUCKET,)),
    "s3:GetBucketAcl": Scope((_BUCKET,)),
    "s3:GetBucketPolicy": Scope((_BUCKET,)),
    "s3:ListAllMyBuckets": Scope(("*",), why=_NO_TYPE),
    "s3:PutObject": Scope((_BUCKET + "/*",), why="ElastiCache asks for it, on the caller's behalf"),
    "s3:DeleteObject": Scope((_BUCKET + "/*",), why="ElastiCache asks for it, on the caller's behalf"),
    **_locks("*"),
}  # fmt: skip
