"""A source, its clone and what is around them, as a plan sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from estate.names import TAG_QUARANTINE
from runbooks.aws.ec2 import SecurityGroup
from runbooks.clone.request import CloneRequest
from runbooks.clone.seen import GroupMember, Observed
from runbooks.clone.wish import quarantine_of
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.seen import QuarantineSeen
from runbooks.tags import made_tags, to_aws

ACCOUNT, OTHER = "111122223333", "999988887777"
SOURCE, TARGET, RUN = "shop-orders", "shop-orders-dev", "clone-1"
EXPIRES = "2026-11-28T20:00:00Z"
VPC, GROUP, QUARANTINE = "vpc-1", "sg-orders", "sg-quarantine"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ASKED = CloneRequest(source=SOURCE, target=TARGET, owner="team-orders", expires=EXPIRES, region="eu-west-1")
MADE = made_tags(
    run_id=RUN, source=f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:{SOURCE}", owner="team-orders", purpose="clone",
    expires=EXPIRES,
)  # fmt: skip


def ask(**more: Any) -> CloneRequest:
    return replace(ASKED, **more)


def cluster(name: str = SOURCE, *, account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    """As DescribeDBClusters has it."""
    return {
        "DBClusterIdentifier": name,
        "DBClusterArn": f"arn:aws:rds:eu-west-1:{account}:cluster:{name}",
        "Status": "available", "Engine": "aurora-postgresql", "EngineVersion": "17.7", "EngineMode": "provisioned",
        "DatabaseName": "orders", "MasterUsername": "keeper", "Port": 5432, "Endpoint": f"{name}.test",
        "DBClusterParameterGroup": "orders", "DBSubnetGroup": "shop", "AvailabilityZones": ["a", "b", "c"],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": GROUP, "Status": "active"}],
        "DBClusterMembers": [
            {"DBInstanceIdentifier": f"{name}-a", "IsClusterWriter": True, "PromotionTier": 0},
            {"DBInstanceIdentifier": f"{name}-b", "IsClusterWriter": False, "PromotionTier": 1},
        ],
        "BackupRetentionPeriod": 7, "PreferredBackupWindow": "01:00-02:00", "StorageEncrypted": True,
        "PreferredMaintenanceWindow": "sun:03:00-sun:04:00", "KmsKeyId": f"arn:aws:kms:eu-west-1:{account}:key/k",
        "EarliestRestorableTime": NOON, "LatestRestorableTime": NOON, "CloneGroupId": "group-1",
        "TagList": [{"Key": "env", "Value": "production"}],
        **more,
    }  # fmt: skip


def instance(name: str, tier: int, **more: Any) -> dict[str, Any]:
    """As DescribeDBInstances has it."""
    return {
        "DBInstanceIdentifier": name, "DBInstanceStatus": "available", "DBInstanceClass": "db.r8g.large",
        "PromotionTier": tier, "DBParameterGroups": [{"DBParameterGroupName": "orders-instance"}],
        "PreferredMaintenanceWindow": "sun:03:00-sun:04:00", "CACertificateIdentifier": "rds-ca-rsa2048-g1", **more,
    }  # fmt: skip


def portrait(raw: dict[str, Any] | None = None) -> Portrait:
    raw = raw or cluster()
    name = raw["DBClusterIdentifier"]
    return Portrait(
        cluster=raw,
        instances=(instance(f"{name}-a", 0), instance(f"{name}-b", 1)),
        vpc_id=VPC,
        zones=("a", "b", "c"),
    )


def group(name: str = f"{TARGET}-quarantine", group_id: str = QUARANTINE, **more: Any) -> SecurityGroup:
    return SecurityGroup(**{"group_id": group_id, "name": name, "vpc_id": VPC, "tags": MADE, **more})


ORDERS = group("orders", GROUP, tags={})
CLOSED_COPY = cluster(
    TARGET, VpcSecurityGroups=[{"VpcSecurityGroupId": QUARANTINE}], TagList=to_aws(MADE), DBClusterMembers=[
        {"DBInstanceIdentifier": f"{TARGET}-1", "IsClusterWriter": True, "PromotionTier": 0},
    ],
)  # fmt: skip


def copy(stage: str = "", raw: dict[str, Any] | None = None) -> Portrait:
    """The clone when its instance is there."""
    shown = raw or CLOSED_COPY
    tags = shown["TagList"] + ([{"Key": TAG_QUARANTINE, "Value": stage}] if stage else [])
    made = [{"Key": tag, "Value": value} for tag, value in MADE.items()]
    return Portrait(
        cluster={**shown, "TagList": tags},
        instances=(instance(f"{TARGET}-1", 0, TagList=made),),
        vpc_id=VPC,
        zones=("a", "b", "c"),
    )


def member(name: str, account: str = ACCOUNT) -> GroupMember:
    return GroupMember(cluster_id=name, arn=f"arn:aws:rds:eu-west-1:{account}:cluster:{name}")


def observed(request: CloneRequest = ASKED, **more: Any) -> Observed:
    """What is seen before anything is made, but for what `more` says; the quarantine follows from it."""
    closing = more.pop("closing", {})
    seen = Observed(**{"account": ACCOUNT, "run_id": RUN, "source": portrait(), **more})
    assert seen.source is not None
    kept = quarantine_of(request, seen, seen.source, VPC)
    shown = seen.copy.cluster if seen.copy is not None else {}
    what = {
        "opening": (ORDERS,),
        "tags": seen.copy.tags if seen.copy is not None else {},
        "groups": tuple(each["VpcSecurityGroupId"] for each in shown.get("VpcSecurityGroups", [])),
        **closing,
    }
    return replace(seen, quarantine=kept, closing=QuarantineSeen(**what))
