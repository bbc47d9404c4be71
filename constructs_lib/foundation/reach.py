"""Who may connect: one ingress rule for each source, with a literal port."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from constructs_lib.foundation.cfn import pascal
from estate.reach import AllowSpec


def define_ingress(
    scope: Construct, *, group_id: str, port: int, allow_from: Mapping[str, AllowSpec]
) -> dict[str, ec2.CfnSecurityGroupIngress]:
    """Define a rule of the group for each source, by its name; other ports stay closed to it.

    Whatever listens on two ports calls it for each, with a scope of its own.
    """
    return {
        name: ec2.CfnSecurityGroupIngress(
            scope,
            f"Allow{pascal(name)}",
            cidr_ip=allow.cidr,
            description=f"{name} may connect",
            from_port=port,
            group_id=group_id,
            ip_protocol="tcp",
            source_prefix_list_id=allow.prefix_list,
            source_security_group_id=allow.security_group,
            to_port=port,
        )
        for name, allow in allow_from.items()
    }
