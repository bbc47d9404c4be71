"""The stack of one Region's network."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from constructs_lib.foundation.encryption import Encryption
from constructs_lib.foundation.network import Network
from estate import names
from estate.model import Estate
from estate.network import NetworkSpec
from stacks.backup import copy_accounts, has_vaults
from stacks.base import EstateStack

SHARED_KEY_SERVICES = ("rds", "secretsmanager", "elasticache")


class NetworkStack(EstateStack):
    """The VPC, and its ids in Parameter Store for the data stacks of the same Region."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        estate: Estate,
        region: str,
        spec: NetworkSpec,
        log_groups: Sequence[str],
        publishers: Sequence[str] = (),
        services: Sequence[str] = (),
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            estate=estate,
            stack_name=names.network_stack(estate.name),
            region=region,
            protection=estate.protection,
            tags={names.TAG_RESOURCE: "network"},
        )
        key = self._share_key(log_groups, publishers) if estate.shared_key else None
        self.network = Network(
            self, "Network", identifier=estate.name, spec=spec, services=services, key=key, retain=self.retain
        )
        self._publish("vpc-id", self.network.vpc_id)
        self._publish("subnet-ids", cdk.Fn.join(",", self.network.subnet_ids), is_list=True)
        if self.network.endpoint_security_group_id is not None:
            self._publish("endpoint-security-group-id", self.network.endpoint_security_group_id)
        for service, group_id in self.network.endpoint_security_group_ids.items():
            self._publish(names.endpoint_group(service), group_id)
        self.add_output(names.OUTPUT_VPC_ID, self.network.vpc_id)

    def _publish(self, what: str, value: str, *, is_list: bool = False) -> None:
        ssm.CfnParameter(
            self,
            "Publish" + "".join(part.capitalize() for part in what.split("-")),
            description=f"{what} of estate {self.estate.name}",
            name=names.network_parameter(self.estate.name, what),
            type="StringList" if is_list else "String",
            value=value,
        )

    def _share_key(self, log_groups: Sequence[str], publishers: Sequence[str]) -> kms.IKey:
        shared = Encryption(
            self,
            "SharedEncryption",
            description=f"{self.estate.name}: everything of the estate",
            services=[*SHARED_KEY_SERVICES, *(["backup"] if has_vaults(self.estate, self.region) else [])],
            log_groups=[names.flow_log_group(self.estate.name), *log_groups],
            publishers=publishers,
            accounts=copy_accounts(self.estate, self.region),
            retain=self.retain,
        )
        self._publish("key-arn", shared.key_arn)
        return shared.key
