"""What a plan of a restore is made from, as AWS would show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runbooks.aws.kms import Key
from runbooks.birth.observe import Around
from runbooks.parity.portrait import Portrait
from runbooks.restore.origin import Bucket, Origin
from runbooks.restore.request import Files, Kind, RestoreRequest
from runbooks.restore.seen import Observed

REGION, ACCOUNT, RUN = "eu-west-1", "123456789012", "20261121-101500-3f2a"
NOW = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:"
CLUSTER: dict[str, Any] = {
    "DBClusterIdentifier": "shop-orders",
    "DBClusterArn": f"{ARN}cluster:shop-orders",
    "DbClusterResourceId": "cluster-SHOPORDERS",
    "Status": "available",
    "Engine": "aurora-postgresql",
    "EngineVersion": "17.7",
    "EngineMode": "provisioned",
    "DatabaseName": "orders",
    "MasterUsername": "keeper",
    "DBClusterParameterGroup": "shop-orders",
    "DBSubnetGroup": "shop",
    "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-orders", "Status": "active"}],
    "Port": 5433,
    "StorageEncrypted": True,
    "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/of-orders",
    "BackupRetentionPeriod": 14,
    "DeletionProtection": True,
    "TagList": [{"Key": "env", "Value": "production"}],
    "DBClusterMembers": [
        {"DBInstanceIdentifier": "shop-orders-a", "IsClusterWriter": True},
        {"DBInstanceIdentifier": "shop-orders-b", "IsClusterWriter": False},
    ],
}
INSTANCES: tuple[dict[str, Any], ...] = tuple(
    {
        "DBInstanceIdentifier": f"shop-orders-{letter}",
        "DBInstanceClass": "db.r8g.large",
        "DBInstanceStatus": "available",
        "PromotionTier": tier,
        "DBParameterGroups": [{"DBParameterGroupName": "shop-orders-instances"}],
    }
    for tier, letter in enumerate("ab")
)
SOURCE = Portrait(cluster=CLUSTER, instances=INSTANCES, vpc_id="vpc-shop", zones=("eu-west-1a", "eu-west-1b"))
PARTIAL: dict[str, Any] = {
    name: CLUSTER[name]
    for name in CLUSTER
    if name in {"DBClusterIdentifier", "DBClusterArn", "Engine", "EngineVersion", "EngineMode", "MasterUsername"}
    or name in {"Port", "StorageEncrypted", "KmsKeyId"}
}
SNAPSHOT = Origin(
    sort="cluster-snapshot",
    name="before",
    arn=f"{ARN}cluster-snapshot:before",
    engine="aurora-postgresql",
    engine_version="17.5",
    portrait=Portrait(cluster={**PARTIAL, "EngineVersion": "17.5"}, vpc_id="vpc-shop", partial=True),
    source_id="shop-orders",
    resource_id="cluster-SHOPORDERS",
    encrypted=True,
    account=ACCOUNT,
    created_at=NOW - timedelta(days=1),
)
OF_INSTANCE = replace(
    SNAPSHOT,
    sort="instance-snapshot",
    arn=f"{ARN}snapshot:legacy",
    name="legacy",
    engine="postgres",
    engine_version="16.7",
    source_id="legacy",
    resource_id="",
    portrait=Portrait(
        cluster={
            "DBClusterIdentifier": "legacy",
            "DBClusterArn": f"{ARN}cluster:legacy",
            "Engine": "aurora-postgresql",
        },
        partial=True,
    ),
)
MOMENT = replace(
    SNAPSHOT,
    sort="cluster",
    name="shop-orders",
    arn=CLUSTER["DBClusterArn"],
    engine_version="17.7",
    portrait=SOURCE,
    earliest=NOW - timedelta(days=14),
    latest=NOW - timedelta(minutes=5),
)
BACKUP = replace(
    MOMENT,
    sort="backup",
    name=f"{ARN}cluster-auto-backup:ab-one",
    status="retained",
    portrait=Portrait(cluster=PARTIAL, vpc_id="vpc-shop", partial=True),
)
FILES = Files(
    prefix="shop/", role="arn:aws:iam::123456789012:role/import", source_version="8.0.42", master_username="dba"
)
BUCKET = Bucket(region=REGION, files=3, total_bytes=10_000, largest_bytes=9_000, has_role=True, role_trusts_rds=True)
MYSQL = replace(
    SOURCE,
    cluster={
        **CLUSTER,
        "DBClusterIdentifier": "shop-catalog",
        "DBClusterArn": f"{ARN}cluster:shop-catalog",
        "DbClusterResourceId": "cluster-CATALOG",
        "Engine": "aurora-mysql",
        "EngineVersion": "8.0.mysql_aurora.3.10.0",
        "DBClusterParameterGroup": "shop-catalog",
        "DBClusterMembers": [],
    },
    instances=(),
)
CUSTOM_KEY = Key(arn="arn:aws:kms:eu-west-1:123456789012:key/mine", state="Enabled", aws_managed=False)
FAMILIES = {"shop-orders": "aurora-postgresql17", "shop-catalog": "aurora-mysql8.0"}


def request(kind: Kind = Kind.SNAPSHOT, **more: Any) -> RestoreRequest:
    """A restore of each kind that nothing stands in the way of."""
    given: dict[str, Any] = {
        Kind.SNAPSHOT: {"source": "before"},
        Kind.POINT_IN_TIME: {"source": "shop-orders"},
        Kind.DELETED: {"source": "shop-orders", "like": "shop-billing"},
        Kind.S3: {"source": "dumps", "files": FILES, "like": "shop-catalog", "instance_class": "db.r8g.large"},
    }[kind]
    return RestoreRequest(kind=kind, **{"target_id": "shop-orders-back", "owner": "team", **given, **more})


def seen(kind: Kind = Kind.SNAPSHOT, **more: Any) -> Observed:
    """What goes with it, with nothing of the new cluster there."""
    base = Observed(run_id=RUN, region=REGION, account=ACCOUNT, around=Around(), families=FAMILIES)
    of_kind: dict[str, Any] = {
        Kind.SNAPSHOT: {"origins": (SNAPSHOT,), "model": SOURCE, "model_is_source": True, "offered": ("17.5",)},
        Kind.POINT_IN_TIME: {"origins": (MOMENT,), "model": SOURCE, "model_is_source": True},
        Kind.DELETED: {"origins": (BACKUP,), "model": billing()},
        Kind.S3: {"bucket": BUCKET, "model": MYSQL, "offered": ("8.0.mysql_aurora.3.10.0",)},
    }[kind]
    return replace(base, **{**of_kind, **more})


def billing() -> Portrait:
    """Another cluster of the same engine to be like."""
    name = "shop-billing"
    cluster = {
        **CLUSTER, "DBClusterIdentifier": name, "DBClusterArn": f"{ARN}cluster:{name}",
        "DbClusterResourceId": "cluster-BILLING", "MasterUsername": "other", "EngineVersion": "17.9",
        "DBClusterMembers": [{"DBInstanceIdentifier": f"{name}-1", "IsClusterWriter": True}],
    }  # fmt: skip
    return replace(SOURCE, cluster=cluster, instances=({**INSTANCES[0], "DBInstanceIdentifier": f"{name}-1"},))
