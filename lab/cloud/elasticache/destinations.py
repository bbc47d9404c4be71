"""What a replication group points at in other services: topics, log destinations, files in S3, buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.firehose.models import firehose_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from lab.cloud.awserrors import invalid_value

PARTITION = "aws"
S3 = "arn:aws:s3:::"
# ElastiCache's own canonical user of all Regions that are on by default (user guide, "Exporting a backup").
CANONICAL_USER = "540804c33a284a299d2547575ce1010f2312ef3da9b3a053c8bc45bf233e4353"
# What an export asks of a bucket, and the actions of a bucket policy that grant it (the same page).
GRANTS = {"READ": ("s3:ListBucket", "s3:GetObject"), "WRITE": ("s3:PutObject",), "READ_ACP": ("s3:GetBucketAcl",)}


def check_topic(account: str, region: str, topic: str | None) -> None:
    """Its owner "must be the same as the cluster owner" (NotificationTopicArn)."""
    if topic and topic not in sns_backends[account][region].topics:
        raise invalid_value(f"Topic {topic} does not exist in this account and Region.")


def log_status(account: str, region: str, item: Mapping[str, Any]) -> dict[str, str]:
    """`active`, or `error` with a message when the destination is not there (LogDeliveryConfiguration.Status)."""
    details = item["DestinationDetails"]
    if "CloudWatchLogsDetails" in details:
        name = details["CloudWatchLogsDetails"]["LogGroup"]
        there = name in logs_backends[account][region].groups
    else:
        name = details["KinesisFirehoseDetails"]["DeliveryStream"]
        there = name in firehose_backends[account][region].delivery_streams
    return {"Status": "active"} if there else {"Status": "error", "Message": f"Destination {name} does not exist."}


def check_snapshot_file(account: str, region: str, arn: str) -> None:
    """An RDB file of SnapshotArns: no comma in its name, and there (API reference, SnapshotArns)."""
    bucket, _, key = arn.removeprefix(S3).partition("/")
    if not arn.startswith(S3) or not key or "," in key:
        raise invalid_value(f"Invalid S3 ARN {arn}: must be {S3}bucket/object, without a comma")
    check_bucket(account, region, bucket)
    if key not in s3_backends[account][PARTITION].buckets[bucket].keys:
        raise invalid_value(f"The S3 object {key} does not exist in bucket {bucket}.")


def check_bucket(account: str, region: str, name: str) -> None:
    """Texts of CopySnapshot, "Error Messages"."""
    bucket = s3_backends[account][PARTITION].buckets.get(name)
    if bucket is None:
        raise invalid_value(f"The S3 bucket {name} does not exist.")
    if bucket.region_name != region:
        raise invalid_value(f"The S3 bucket {name} is outside of the region.")


def check_granted(account: str, region: str, name: str) -> None:
    """READ, WRITE and READ_ACP for ElastiCache, by access list or by policy; texts of CopySnapshot, "Error Messages".

    Source: user guide, "Exporting a backup": the canonical user, or `<region>.elasticache-snapshot.amazonaws.com`.
    """
    bucket = s3_backends[account][PARTITION].buckets[name]
    listed = _listed(bucket)
    allowed = set(_allowed(bucket, f"{region}.elasticache-snapshot.amazonaws.com"))
    for grant, actions in GRANTS.items():
        by_policy = "s3:*" in allowed or set(actions) <= allowed
        if not by_policy and not {grant, "FULL_CONTROL"} & listed:
            raise invalid_value(f"ElastiCache has not been granted {grant} permissions {name} on the S3 Bucket.")


def _listed(bucket: Any) -> set[str]:
    grants = bucket.acl.grants if bucket.acl is not None else []
    return {
        permission
        for grant in grants
        if any(grantee.id == CANONICAL_USER for grantee in grant.grantees)
        for permission in grant.permissions
    }


def _allowed(bucket: Any, principal: str) -> Iterator[str]:
    policy = json.loads(bucket.policy) if bucket.policy else {}
    for statement in policy.get("Statement", []):
        services = statement.get("Principal", {}).get("Service", []) if statement.get("Effect") == "Allow" else []
        if principal in ([services] if isinstance(services, str) else services):
            actions = statement.get("Action", [])
            yield from [actions] if isinstance(actions, str) else actions


def export_to(account: str, bucket: str, key: str, body: bytes) -> None:
    """Put one file of an exported snapshot; a name that is taken is refused (CopySnapshot)."""
    backend = s3_backends[account][PARTITION]
    if key in backend.buckets[bucket].keys:
        raise invalid_value(f"The S3 bucket {bucket} already contains an object with key {key}.")
    backend.put_object(bucket, key, body)
