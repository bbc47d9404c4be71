"""What KMS says of a key. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

# IAM actions of each call: an effect that uses a function declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "find_key": ("kms:DescribeKey",),
    "read_policy": ("kms:GetKeyPolicy",),
    "list_grants": ("kms:ListGrants",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key. `aws_managed`: it is AWS's own of a service (`aws/rds`), which no other account can be let use."""

    arn: str
    state: str
    aws_managed: bool

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def is_enabled(self) -> bool:
        return self.state == "Enabled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """A grant on a key; `constrained` ones hold for certain encryption contexts only."""

    grantee: str
    operations: tuple[str, ...]
    constrained: bool


def find_key(client: KMSClient, key: str) -> Key | None:
    """A key by its id, ARN or alias; None when there is none.

    Never called with the alias of a key of AWS's own: KMS would make that key ("KMS creates an AWS managed key",
    API reference, DescribeKey).
    """
    try:
        found = client.describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        if error_code(error) == "NotFoundException":
            return None
        raise
    return Key(arn=found.get("Arn", key), state=found.get("KeyState", ""), aws_managed=found.get("KeyManager") == "AWS")


def read_policy(client: KMSClient, key: str) -> Mapping[str, Any]:
    """The policy of a key of this account; a key has one, called `default`."""
    document: Mapping[str, Any] = json.loads(client.get_key_policy(KeyId=key, PolicyName="default").get("Policy", "{}"))
    return document


def list_grants(client: KMSClient, key: str) -> tuple[Grant, ...]:
    """The grants on a key of this account."""
    pages = client.get_paginator("list_grants").paginate(KeyId=key)
    return tuple(
        Grant(
            grantee=raw.get("GranteePrincipal", ""),
            operations=tuple(raw.get("Operations", ())),
            constrained=bool(raw.get("Constraints")),
        )
        for page in pages
        for raw in page["Grants"]
    )
