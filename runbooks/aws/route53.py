"""Records of a hosted zone in Route 53, as far as a swap needs them. Decides nothing.

Names are given and compared without the last dot and in small letters, as DNS does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code

# IAM actions of each call: an effect that uses a function declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "list_zones": ("route53:ListHostedZones",),
    "find_zone": ("route53:GetHostedZone",),
    "list_records": ("route53:ListResourceRecordSets",),
    "find_change": ("route53:GetChange",),
    "change_records": ("route53:ChangeResourceRecordSets",),
}
NO_ZONE: Final = "NoSuchHostedZone"
INSYNC: Final = "INSYNC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    """A hosted zone. `zone_id` has no path before it."""

    zone_id: str
    name: str
    private: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record set. `targets` are its values; an alias has one, and no time to live.

    `routing` is what tells it from others of the same name and type; empty for a simple record.
    """

    name: str
    kind: str
    targets: tuple[str, ...]
    ttl_s: int | None = None
    routing: str = ""
    alias: bool = False


def plain_name(name: str) -> str:
    """A DNS name as it is compared."""
    return name.strip().rstrip(".").lower()


def plain_zone(zone_id: str) -> str:
    """A zone's id as other calls take it: without `/hostedzone/`."""
    return zone_id.rpartition("/")[2]


def find_zone(client: Any, zone_id: str) -> Zone | None:
    """A hosted zone; None when there is none."""
    try:
        raw = client.get_hosted_zone(Id=zone_id)["HostedZone"]
    except ClientError as error:
        if error_code(error) == NO_ZONE:
            return None
        raise
    private = bool(raw.get("Config", {}).get("PrivateZone", False))
    return Zone(zone_id=plain_zone(raw["Id"]), name=plain_name(raw["Name"]), private=private)


def list_zones(client: Any) -> tuple[str, ...]:
    """The ids of every hosted zone of the account."""
    pages = client.get_paginator("list_hosted_zones").paginate()
    return tuple(plain_zone(raw["Id"]) for page in pages for raw in page["HostedZones"])


def list_records(client: Any, zone_id: str) -> tuple[Record, ...]:
    """Every record set of a zone."""
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone_id)
    return tuple(_record(raw) for page in pages for raw in page["ResourceRecordSets"])


def find_change(client: Any, change_id: str) -> str:
    """How far a change is: PENDING, or INSYNC when every server of Route 53 answers with it."""
    return str(client.get_change(Id=change_id)["ChangeInfo"]["Status"])


def _record(raw: Any) -> Record:
    alias = raw.get("AliasTarget")
    values = [alias["DNSName"]] if alias else [each["Value"] for each in raw.get("ResourceRecords", ())]
    return Record(
        name=plain_name(raw["Name"].replace("\\052", "*")),
        kind=raw["Type"],
        targets=tuple(plain_name(value) for value in values),
        ttl_s=raw.get("TTL"),
        routing=raw.get("SetIdentifier", ""),
        alias=alias is not None,
    )
