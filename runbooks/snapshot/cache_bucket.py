"""A bucket that ElastiCache is to write a snapshot to: where it is, and whether it lets ElastiCache in.

Source: ElastiCache User Guide, "Exporting a backup", and the error messages of CopySnapshot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from runbooks.aws.session import AwsSession

CANONICAL_USER: Final = "540804c33a284a299d2547575ce1010f2312ef3da9b3a053c8bc45bf233e4353"
# What ElastiCache asks of a bucket's access list, and what a policy has to allow for it.
GRANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "READ": ("s3:ListBucket", "s3:GetObject"),
    "WRITE": ("s3:PutObject",),
    "READ_ACP": ("s3:GetBucketAcl",),
}
NO_BUCKET: Final = frozenset({"NoSuchBucket", "404", "NotFound"})
NO_POLICY: Final = "NoSuchBucketPolicy"
US_EAST_1: Final = "us-east-1"  # GetBucketLocation names it by nothing
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "bucket_reasons": ("s3:GetBucketLocation", "s3:GetBucketAcl", "s3:GetBucketPolicy"),
    "keys_under": ("s3:ListBucket",),
}


def bucket_reasons(session: AwsSession, bucket: str) -> tuple[str, ...]:
    """Why ElastiCache of the session's Region could not write there; none when it could."""
    client: Any = session.client("s3")
    try:
        place = client.get_bucket_location(Bucket=bucket).get("LocationConstraint") or US_EAST_1
        grants = client.get_bucket_acl(Bucket=bucket).get("Grants", [])
    except ClientError as error:
        if error_code(error) in NO_BUCKET:
            return (f"bucket {bucket} must exist, got none that this account can see; make it, or check its name",)
        raise
    if place != session.region:
        return (
            f"bucket {bucket} must be in {session.region}, where the snapshot is, got {place}; give another bucket",
        )
    missing = missing_grants(grants, _policy(client, bucket), session.region)
    if not missing:
        return ()
    reason = (
        f"bucket {bucket} must grant ElastiCache {', '.join(GRANTS)}, got no {', '.join(missing)}; allow "
        f"{_principal(session.region)} {', '.join(_actions(missing))} in the bucket's policy, or grant it to canonical "
        f"user {CANONICAL_USER}"
    )
    return (reason,)


def missing_grants(grants: list[Mapping[str, Any]], policy: Mapping[str, Any], region: str) -> tuple[str, ...]:
    """Grants that neither the access list nor the policy gives. Pure."""
    listed = {each["Permission"] for each in grants if each.get("Grantee", {}).get("ID") == CANONICAL_USER}
    allowed = set(_allowed(policy, _principal(region)))
    return tuple(
        grant
        for grant, actions in GRANTS.items()
        if not {grant, "FULL_CONTROL"} & listed and "s3:*" not in allowed and not set(actions) <= allowed
    )


def keys_under(session: AwsSession, bucket: str, prefix: str) -> tuple[str, ...]:
    """Names of the first objects that begin so; none where there is no bucket."""
    client: Any = session.client("s3")
    try:
        found = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=100).get("Contents", [])
    except ClientError as error:
        if error_code(error) in NO_BUCKET:
            return ()
        raise
    return tuple(each["Key"] for each in found)


def _policy(client: Any, bucket: str) -> Mapping[str, Any]:
    try:
        policy: dict[str, Any] = json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError as error:
        if error_code(error) == NO_POLICY:
            return {}
        raise
    return policy


def _principal(region: str) -> str:
    return f"{region}.elasticache-snapshot.amazonaws.com"


def _allowed(policy: Mapping[str, Any], principal: str) -> Iterator[str]:
    for statement in policy.get("Statement", []):
        who: Any = statement.get("Principal", {})
        services: Any = [] if isinstance(who, str) else who.get("Service", [])
        if statement.get("Effect") == "Allow" and principal in _several(services):
            yield from _several(statement.get("Action", []))


def _several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _actions(grants: tuple[str, ...]) -> list[str]:
    return [action for grant in grants for action in GRANTS[grant]]
