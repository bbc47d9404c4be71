"""What all stacks of an estate share: name, place, tags, protection, and the network's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from constructs_lib.foundation.placement import Placement
from estate import names
from estate.model import Estate


class EstateStack(cdk.Stack):
    """A stack that plain CloudFormation takes as well: no assets of its own, no rule about a bootstrap version."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        estate: Estate,
        stack_name: str,
        region: str,
        protection: bool,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            analytics_reporting=False,
            env=cdk.Environment(account=estate.account, region=region),
            stack_name=stack_name,
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            termination_protection=protection,
        )
        self.estate = estate
        self.retain = estate.profile == "production"
        for key, value in {names.TAG_ESTATE: estate.name, **estate.tags, **tags}.items():
            cdk.Tags.of(self).add(key, value)

    def add_output(self, name: str, value: str) -> None:
        """An output under one of the names of `estate/names.py`, which is also its logical id."""
        cdk.CfnOutput(self, name, value=value)

    def network_value(self, what: str, *, is_list: bool = False) -> cdk.CfnParameter:
        """A value of the network stack, read by CloudFormation from Parameter Store when this stack is deployed."""
        kind = "List<String>" if is_list else "String"
        return cdk.CfnParameter(
            self,
            f"Network{''.join(part.capitalize() for part in what.split('-'))}",
            type=f"AWS::SSM::Parameter::Value<{kind}>",
            default=names.network_parameter(self.estate.name, what),
        )

    def placement(self, zones: list[str], *, calls_services: bool = False, services: Sequence[str] = ()) -> Placement:
        """The network stack's VPC and subnets, without an export; CloudFormation learns how many when it deploys.

        `calls_services` adds the group of its VPC endpoints, which a network without any does not publish; `services`
        the group of each one's endpoint, which is one and the same in an existing VPC.
        """
        network = self.estate.network.get(self.region)
        is_shared = network is not None and network.is_existing
        shared = calls_services or (is_shared and bool(services))
        own = () if is_shared else services
        return Placement(
            vpc_id=self.network_value("vpc-id").value_as_string,
            subnet_ids=self.network_value("subnet-ids", is_list=True).value_as_list,
            availability_zones=zones,
            endpoint_security_group_id=(
                self.network_value("endpoint-security-group-id").value_as_string if shared else None
            ),
            endpoint_security_group_ids={
                service: self.network_value(names.endpoint_group(service)).value_as_string for service in own
            },
        )

    def import_shared_key(self) -> kms.IKey | None:
        """The estate's one key where `shared_key` is on; None where each cluster and cache makes its own."""
        if not self.estate.shared_key:
            return None
        return kms.Key.from_key_arn(self, "SharedKey", self.network_value("key-arn").value_as_string)
