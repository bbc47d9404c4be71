"""Where data is placed: isolated subnets, behind a security group that lets nothing out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_ec2 as ec2
from constructs import Construct


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Ids of a VPC, of the subnets to use and the names of their zones: enough, when there is no `IVpc` at hand.

    `endpoint_security_group_id` is the group of the VPC's interface endpoints, for what has to reach an AWS service;
    `endpoint_security_group_ids` names those of endpoints that have one of their own, by service (`bedrock-runtime`).
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    availability_zones: Sequence[str]
    endpoint_security_group_id: str | None = None
    endpoint_security_group_ids: Mapping[str, str] = field(default_factory=dict)

    def endpoint_group_id(self, service: str) -> str | None:
        """The security group of a service's VPC endpoint."""
        return self.endpoint_security_group_ids.get(service, self.endpoint_security_group_id)


def placement_in(vpc: ec2.IVpc | Placement) -> Placement:
    """The isolated subnets of a VPC; CDK's own error names the types there are when it has none."""
    if isinstance(vpc, Placement):
        return vpc
    subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    return Placement(vpc_id=vpc.vpc_id, subnet_ids=subnets.subnet_ids, availability_zones=vpc.availability_zones)


def define_security_group(
    scope: Construct,
    *,
    vpc_id: str,
    description: str,
    egress: Sequence[ec2.CfnSecurityGroup.EgressProperty] = (),
) -> ec2.CfnSecurityGroup:
    """Define a closed group, which lets out what `egress` says.

    Without that its one egress rule reaches nothing (one port of the loopback address): with no rule CloudFormation
    leaves the default "everything" in place, and scanners ask for a stated egress without a range of ports.
    """
    nothing = ec2.CfnSecurityGroup.EgressProperty(
        cidr_ip="127.0.0.1/32", description="Nothing goes out", from_port=1, ip_protocol="tcp", to_port=1
    )
    return ec2.CfnSecurityGroup(
        scope,
        "SecurityGroup",
        group_description=description,
        security_group_egress=list(egress) or [nothing],
        vpc_id=vpc_id,
    )


def imported(scope: Construct, group: ec2.CfnSecurityGroup) -> ec2.ISecurityGroup:
    """The group as an L2; rules added to it become resources of their own, and it is never opened to the outside."""
    return ec2.SecurityGroup.from_security_group_id(scope, "Closed", group.attr_group_id, allow_all_outbound=False)
