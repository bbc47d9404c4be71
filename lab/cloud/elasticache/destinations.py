"""What a replication group points at in other services: topics, log destinations, files in S3, buckets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.firehose.models import firehose_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from lab.cloud.awserrors import invalid_value

PARTITION = "aws"
S3 = "arn:aws:s3:::"


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


def export_to(account: str, bucket: str, key: str, body: bytes) -> None:
    """Put one file of an exported snapshot; a name that is taken is refused (CopySnapshot)."""
    backend = s3_backends[account][PARTITION]
    if key in backend.buckets[bucket].keys:
        raise invalid_value(f"The S3 bucket {bucket} already contains an object with key {key}.")
    backend.put_object(bucket, key, body)
