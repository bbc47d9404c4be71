"""Names of a cluster's endpoints in Route 53, in a zone that exists or a private one for the network."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from constructs import Construct

from constructs_lib.foundation.cfn import pascal
from estate.dns import DnsSpec
from estate.spec import Path


class Names(Construct):
    """Define a CNAME for each endpoint that the spec names.

    A name moves with its record, so that clients follow a cluster that was restored under another identifier. It is
    not in the server's certificate: clients verify the authority only, and sign IAM tokens for Aurora's own name.
    `cfn_zone` is the private zone, None where the spec names one that exists; `cfn_records` are keyed by full name.

    Args:
        spec: Zone and names.
        writer: Host name of the writer endpoint.
        reader: Host name of the reader endpoint.
        endpoints: Host names of the custom endpoints, by name.
        vpc_id: Network that a zone of the stack's own answers in.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: DnsSpec,
        writer: str,
        reader: str,
        endpoints: Mapping[str, str],
        vpc_id: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.spec = spec
        self.cfn_zone = self._define_zone(vpc_id) if spec.hosted_zone_id is None else None
        self.zone_id = str(spec.hosted_zone_id) if self.cfn_zone is None else self.cfn_zone.attr_id
        self.cfn_records: dict[str, route53.CfnRecordSet] = {}
        hosts: dict[Path, str] = {("writer",): writer, ("reader",): reader}
        hosts |= {("endpoints", name): host for name, host in endpoints.items()}
        for path, name in spec.all_names():
            self._define_record("".join(pascal(str(part)) for part in path), name, hosts[path])

    def _define_zone(self, vpc_id: str) -> route53.CfnHostedZone:
        return route53.CfnHostedZone(
            self,
            "Zone",
            hosted_zone_config=route53.CfnHostedZone.HostedZoneConfigProperty(comment="Names of an Aurora cluster"),
            name=self.spec.zone_name,
            vpcs=[route53.CfnHostedZone.VPCProperty(vpc_id=vpc_id, vpc_region=cdk.Aws.REGION)],
        )

    def _define_record(self, construct_id: str, name: str, host: str) -> None:
        full_name = self.spec.full_name(name)
        self.cfn_records[full_name] = route53.CfnRecordSet(
            self,
            construct_id,
            hosted_zone_id=self.zone_id,
            name=full_name,
            resource_records=[host],
            ttl=str(self.spec.ttl_s),
            type="CNAME",
        )
