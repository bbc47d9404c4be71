"""The network data lives in: isolated subnets, or those of a VPC that exists."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge, apply_overrides, pascal, warn_of_weak_choices
from constructs_lib.foundation.encryption import Encryption
from constructs_lib.foundation.trust import service_trust
from estate import names
from estate.integrations import SERVICES
from estate.network import NetworkSpec

SUBNET_BITS = 4
"""Each zone takes a sixteenth of the VPC's range, so that zones and tiers can be added without renumbering."""
LONGEST_PREFIX = 28
"""The smallest subnet a VPC takes (VPC user guide, "Subnet sizing")."""
GATEWAY_ENDPOINTS = frozenset({"s3", "dynamodb"})

ALL_RESOLVERS = ec2.CfnVPCEndpoint.DnsOptionsSpecificationProperty(
    private_dns_only_for_inbound_resolver_endpoint="AllResolvers"
)
"""S3's private name answers with the interface endpoint inside the VPC too; else EC2 wants a gateway endpoint first
and leads the VPC's own traffic there, where no security group can let it. [B] ec2 DnsOptionsSpecification"""


class Network(Construct):
    """Define a VPC without a way in or out, or stand for an existing one; either is reachable as `vpc`.

    A new VPC has one isolated subnet per zone, no internet gateway, no NAT and no public address. Its flow logs go
    to an encrypted group, under a key of their own unless one is given. Aurora and ElastiCache need no VPC endpoint
    to run, so there are none but those that the spec names (`s3`, `secretsmanager`, ...): each interface endpoint is
    billed by the hour and zone. `services` are those that clusters call: each gets an interface endpoint behind a group
    of its own (`endpoint_security_group_ids`), which only this account's principals may use; S3 too, because a security
    group can let traffic out to an interface, but to a gateway only by the id of a prefix list, which no template
    knows.
    The VPC's default security group is left as AWS makes it and used by nothing here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: NetworkSpec,
        services: Sequence[str] = (),
        key: kms.IKey | None = None,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.spec = spec
        self.identifier = identifier
        self.cfn_vpc: ec2.CfnVPC | None = None
        self.cfn_route_table: ec2.CfnRouteTable | None = None
        self.cfn_subnets: dict[str, ec2.CfnSubnet] = {}
        self.cfn_endpoints: dict[str, ec2.CfnVPCEndpoint] = {}
        self.endpoint_security_group_id = spec.endpoint_security_group
        self.endpoint_security_group_ids: dict[str, str] = {}
        if spec.vpc is None:
            self._define_vpc()
            self._define_flow_logs(key, retain=retain)
            self._define_endpoints(services)
        self.vpc_id = spec.vpc or self._made_vpc.attr_vpc_id
        self.subnet_ids = list(spec.subnets) or [subnet.attr_subnet_id for subnet in self.cfn_subnets.values()]
        self.availability_zones = zone_names(spec, len(self.subnet_ids))
        warn_of_weak_choices(self, spec)

    @cached_property
    def vpc(self) -> ec2.IVpc:
        """The VPC as other constructs want it; its subnets are isolated ones."""
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=self.vpc_id,
            availability_zones=self.availability_zones,
            isolated_subnet_ids=self.subnet_ids,
            isolated_subnet_route_table_ids=self._route_table_ids or None,
        )

    @property
    def _route_table_ids(self) -> list[str]:
        """One per subnet; unknown (none) for an existing VPC, of which CDK then warns."""
        if self.cfn_route_table is None:
            return []
        return [self.cfn_route_table.attr_route_table_id] * len(self.cfn_subnets)

    @property
    def _made_vpc(self) -> ec2.CfnVPC:
        if self.cfn_vpc is None:
            raise ValueError(f"{self.identifier}: an existing VPC must be used as it is, got a change to it")
        return self.cfn_vpc

    def _define_vpc(self) -> None:
        self.cfn_vpc = ec2.CfnVPC(
            self,
            "NewVpc",
            cidr_block=self.spec.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=[cdk.CfnTag(key="Name", value=self.identifier)],
        )
        apply_overrides(self.cfn_vpc, self.spec.overrides)
        acknowledge(self.cfn_vpc, UNAVOIDABLE)
        self.cfn_route_table = ec2.CfnRouteTable(self, "IsolatedRoutes", vpc_id=self.cfn_vpc.attr_vpc_id)
        keys = zone_keys(self.spec)
        for key, cidr, zone in zip(keys, subnet_cidrs(self.spec), zone_names(self.spec, len(keys)), strict=True):
            self.cfn_subnets[key] = self._define_subnet(key, cidr, zone, self.cfn_route_table)

    def _define_subnet(self, key: str, cidr: str, zone: str, routes: ec2.CfnRouteTable) -> ec2.CfnSubnet:
        subnet = ec2.CfnSubnet(
            self,
            f"Isolated{key}",
            vpc_id=self._made_vpc.attr_vpc_id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags=[cdk.CfnTag(key="Name", value=f"{self.identifier}-isolated-{key.lower()}")],
        )
        ec2.CfnSubnetRouteTableAssociation(
            self,
            f"Isolated{key}Routes",
            route_table_id=routes.attr_route_table_id,
            subnet_id=subnet.attr_subnet_id,
        )
        return subnet

    def _define_flow_logs(self, key: kms.IKey | None, *, retain: bool) -> None:
        name = names.flow_log_group(self.identifier)
        if key is None:
            self.encryption = Encryption(
                self, "Encryption", description=f"{self.identifier}: flow logs", log_groups=[name], retain=retain
            )
        group = logs.CfnLogGroup(
            self,
            "FlowLogs",
            log_group_name=name,
            kms_key_id=key.key_arn if key else self.encryption.key_arn,
            retention_in_days=self.spec.flow_log_retention_days,
        )
        group.apply_removal_policy(cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY)
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self._made_vpc.attr_vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group.ref,
            deliver_logs_permission_arn=self._define_flow_log_role(group).attr_arn,
        )

    def _define_flow_log_role(self, group: logs.CfnLogGroup) -> iam.CfnRole:
        """Delivery of flow logs into this one group, by a managed policy: inline ones are findings in four packs."""
        policy = iam.CfnManagedPolicy(
            self,
            "FlowLogDelivery",
            description=f"Deliver the flow logs of {self.identifier}",
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                        "Resource": group.attr_arn,
                    }
                ],
            },
        )
        return iam.CfnRole(
            self,
            "FlowLogRole",
            assume_role_policy_document=service_trust("vpc-flow-logs.amazonaws.com"),
            managed_policy_arns=[policy.ref],
        )

    def _define_endpoints(self, services: Sequence[str]) -> None:
        """Those that the spec names, behind one group; then one for each service that is called, behind its own.

        Groups, which cost nothing, are there for all services that a cluster can call as soon as one is called: EC2
        deletes none that a cluster's group still names, and the network is deployed before the clusters.
        """
        gateways = [name for name in self.spec.endpoints if name in GATEWAY_ENDPOINTS]
        shared = [name for name in self.spec.endpoints if name not in {*gateways, *services}]
        self.endpoint_security_group_id = self._define_endpoint_group().attr_group_id if shared else None
        for name in self.spec.endpoints:
            if name in gateways:
                self.cfn_endpoints[name] = self._define_gateway(name)
            elif self.endpoint_security_group_id is not None and name in shared:
                self.cfn_endpoints[name] = self._define_interface(name, self.endpoint_security_group_id)
        for name in sorted({*services, *SERVICES.values()}) if services else ():
            self.endpoint_security_group_ids[name] = self._define_endpoint_group(name).attr_group_id
        for name in services:
            key = f"{name}-interface" if name in GATEWAY_ENDPOINTS else name
            group_id = self.endpoint_security_group_ids[name]
            self.cfn_endpoints[key] = self._define_interface(name, group_id, key=key, policy=endpoint_policy(name))

    def _define_gateway(self, name: str) -> ec2.CfnVPCEndpoint:
        return ec2.CfnVPCEndpoint(
            self,
            endpoint_id(name),
            vpc_id=self._made_vpc.attr_vpc_id,
            service_name=service_name(name),
            vpc_endpoint_type="Gateway",
            route_table_ids=self._route_table_ids[:1],
        )

    def _define_interface(
        self, name: str, group_id: str, *, key: str = "", policy: dict[str, Any] | None = None
    ) -> ec2.CfnVPCEndpoint:
        return ec2.CfnVPCEndpoint(
            self,
            endpoint_id(key or name),
            vpc_id=self._made_vpc.attr_vpc_id,
            service_name=service_name(name),
            vpc_endpoint_type="Interface",
            dns_options=ALL_RESOLVERS if name in GATEWAY_ENDPOINTS else None,
            policy_document=policy,
            private_dns_enabled=True,
            subnet_ids=[subnet.attr_subnet_id for subnet in self.cfn_subnets.values()],
            security_group_ids=[group_id],
        )

    def _define_endpoint_group(self, service: str = "") -> ec2.CfnSecurityGroup:
        """HTTPS from inside the VPC, nothing out; for the endpoint of one service, or for all that have none."""
        rule = ec2.CfnSecurityGroup.IngressProperty(
            ip_protocol="tcp", from_port=443, to_port=443, cidr_ip=self.spec.cidr, description="HTTPS from the VPC"
        )
        nothing = ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp", from_port=1, to_port=1, cidr_ip="127.0.0.1/32", description="Nothing goes out"
        )
        return ec2.CfnSecurityGroup(
            self,
            f"{endpoint_id(service)}SecurityGroup" if service else "EndpointSecurityGroup",
            vpc_id=self._made_vpc.attr_vpc_id,
            group_description=f"{self.identifier}: VPC endpoint{f' of {service}' if service else 's'}",
            security_group_ingress=[rule],
            security_group_egress=[nothing],
        )


UNAVOIDABLE = {
    f"{pack}-VPCDefaultSecurityGroupClosed": (
        "nothing uses the default security group; CDK's custom resource that empties it is a Lambda function with "
        "findings of its own in three other packs"
    )
    for pack in ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
}


def endpoint_id(name: str) -> str:
    """Construct id of a service's endpoint: `SagemakerRuntimeEndpoint`."""
    return f"{pascal(name.replace('.', '-'))}Endpoint"


def service_name(name: str) -> str:
    return cdk.Fn.sub("com.amazonaws.${AWS::Region}." + name)


def endpoint_policy(name: str) -> dict[str, Any]:
    """Only principals of this account, and only this service's actions."""
    prefix = name.partition(".")[0].removesuffix("-runtime")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": f"{prefix}:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalAccount": cdk.Aws.ACCOUNT_ID}},
            }
        ],
    }


def zone_names(spec: NetworkSpec, count: int) -> list[str]:
    """The spec's zones, or the Region's first `count` by `Fn::GetAZs`, which needs no look-up."""
    return list(spec.availability_zones or first_zones(count))


@cache
def first_zones(count: int) -> tuple[str, ...]:
    """The Region's first zones; tokens say the same in every stack, so they are made once."""
    zones = cdk.Fn.get_azs()
    return tuple(cdk.Fn.select(index, zones) for index in range(count))


def zone_keys(spec: NetworkSpec) -> list[str]:
    """What keys each zone's subnet in logical ids: `Zone1`, or `ZoneB` for `eu-west-1b`."""
    if spec.availability_zones:
        return [f"Zone{name[-1].upper()}" for name in spec.availability_zones]
    return [f"Zone{number}" for number in range(1, spec.zones + 1)]


def subnet_cidrs(spec: NetworkSpec) -> list[str]:
    """Range of each zone's subnet: a sixteenth of the VPC's, but at least a /28.

    Named zones take the slot of their letter, so that another order in the file moves nothing; in a range too small
    for that, the slot of their rank.
    """
    block = ipaddress.IPv4Network(spec.cidr)
    slots = list(block.subnets(new_prefix=min(block.prefixlen + SUBNET_BITS, LONGEST_PREFIX)))
    if not spec.availability_zones:
        return [str(slot) for slot in slots[: spec.zones]]
    letters = [name[-1] for name in spec.availability_zones]
    if len(slots) < 1 << SUBNET_BITS:
        return [str(slots[sorted(letters).index(letter)]) for letter in letters]
    return [str(slots[ord(letter) - ord("a")]) for letter in letters]
