"""EC2 operations that moto answers only in part."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

from lab.cloud.awserrors import AwsError

BOTH_KINDS = ("s3", "dynamodb")
"""Services with gateway and interface endpoints. [VPC user guide, "Gateway endpoints"]"""


class LabEC2Response(EC2Response):  # type: ignore[misc]
    """moto's EC2, whose VPC endpoints keep their DNS options."""

    def create_vpc_endpoint(self) -> ActionResult:
        """EC2 API reference, DnsOptionsSpecification: `PrivateDnsOnlyForInboundResolverEndpoint` "is available only for
        services that support both gateway and interface endpoints"; true needs a gateway endpoint in the VPC.
        """
        wanted: dict[str, Any] = self._get_param("DnsOptions", {})
        only_inbound = str(wanted.get("PrivateDnsOnlyForInboundResolverEndpoint", "")).lower() == "true"
        service = str(self._get_param("ServiceName")).rpartition(".")[2]
        if "PrivateDnsOnlyForInboundResolverEndpoint" in wanted and service not in BOTH_KINDS:
            raise AwsError(
                "InvalidParameter", f"Private DNS only for inbound endpoints is not available for {service}."
            )
        if only_inbound and not self._has_gateway(service):
            raise AwsError("InvalidParameter", f"The VPC must have a Gateway endpoint for {service}.")
        answer = super().create_vpc_endpoint()
        if wanted:
            shown = {**wanted, "PrivateDnsOnlyForInboundResolverEndpoint": only_inbound}
            answer.result["VpcEndpoint"].dns_options = shown
        return answer

    def _has_gateway(self, service: str) -> bool:
        vpc_id = self._get_param("VpcId")
        return any(
            each.vpc_id == vpc_id and each.service_name.endswith(f".{service}") and each.vpc_endpoint_type == "Gateway"
            for each in self.ec2_backend.vpc_end_points.values()
        )
