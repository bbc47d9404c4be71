"""Route 53: a record that exists is not made again, and what a name stands for."""

from __future__ import annotations

from typing import Any

from moto.route53.models import Route53Backend, route53_backends

from lab.cloud.awserrors import aws_error
from lab.cloud.dns_changes import URLS, Changes


class LabRoute53Backend(Route53Backend):  # type: ignore[misc]
    """moto's Route 53, which looks for a record in its journal instead of in the zone."""

    _url_module = URLS

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.changes = Changes()

    def change_resource_record_sets(self, zoneid: str, change_list: list[dict[str, Any]]) -> None:
        zone = self.get_hosted_zone(zoneid)
        taken = {(record.name.rstrip("."), record.type) for record in zone.rrsets}
        for change in change_list:
            wanted = change["ResourceRecordSet"]
            if change["Action"] != "CREATE":
                continue
            if (wanted["Name"].rstrip("."), wanted["Type"]) in taken:
                where = f"name='{wanted['Name']}', type='{wanted['Type']}'"
                raise aws_error(
                    "route53",
                    "InvalidChangeBatch",
                    f"[Tried to create resource record set [{where}] but it already exists]",
                )
            change["Action"] = "UPSERT"  # the same, once the zone was asked
        super().change_resource_record_sets(zoneid, change_list)


def cname_of(name: str) -> str | None:
    """What a name without the last dot is another name of, in whichever zone; None when no record has it."""
    for regions in list(route53_backends.values()):
        for backend in list(regions.values()):
            for zone in list(backend.zones.values()):
                for record in list(zone.rrsets):
                    if record.type == "CNAME" and record.name.rstrip(".").lower() == name:
                        return str(record.records[0]).rstrip(".").lower()
    return None
