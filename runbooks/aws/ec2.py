"""Security groups, as EC2 shows them. Decides nothing; a group that is not found is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

# IAM actions of each call: an effect that uses a function declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "list_groups": ("ec2:DescribeSecurityGroups",),
}
NO_GROUP: Final = frozenset({"InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidGroupId.Malformed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityGroup:
    """A security group; `ingress` and `egress` are rules as EC2 shows them."""

    group_id: str
    name: str
    vpc_id: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    ingress: tuple[Mapping[str, Any], ...] = ()
    egress: tuple[Mapping[str, Any], ...] = ()


def list_groups(client: EC2Client, **filters: str) -> tuple[SecurityGroup, ...]:
    """Security groups by EC2's filters, `group_name` for `group-name`."""
    wanted = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    pages = client.get_paginator("describe_security_groups").paginate(Filters=wanted)  # type: ignore[arg-type]
    return tuple(_group(raw) for page in pages for raw in page["SecurityGroups"])


def find_groups(client: EC2Client, group_ids: Sequence[str]) -> tuple[SecurityGroup, ...]:
    """Those of these groups that exist."""
    if not group_ids:
        return ()
    try:
        found = client.describe_security_groups(GroupIds=list(group_ids))["SecurityGroups"]
    except ClientError as error:
        if error_code(error) not in NO_GROUP:
            raise
        return tuple(group for each in group_ids for group in list_groups(client, group_id=each))
    return tuple(_group(raw) for raw in found)


def _group(raw: Any) -> SecurityGroup:
    return SecurityGroup(
        group_id=raw.get("GroupId", ""),
        name=raw.get("GroupName", ""),
        vpc_id=raw.get("VpcId", ""),
        tags={tag["Key"]: tag["Value"] for tag in raw.get("Tags", ())},
        ingress=tuple(raw.get("IpPermissions", ())),
        egress=tuple(raw.get("IpPermissionsEgress", ())),
    )
