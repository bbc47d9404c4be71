"""A serverless cache in a VPC of the caller's: `cdk synth --app "python examples/constructs/serverless_cache.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs_lib.cache.serverless import ServerlessCache
from estate.caches.serverless import DataSpec, EcpuSpec, ServerlessCacheSpec, UsageSpec
from estate.caches.users import UserSpec

app = cdk.App()
stack = cdk.Stack(app, "ServerlessCacheAlone")
isolated = ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])

menus = ServerlessCache(
    stack,
    "Menus",
    identifier="diner-menus",
    vpc=vpc,
    spec=ServerlessCacheSpec(
        name="menus",
        engine="valkey",
        version="8",
        usage=UsageSpec(data_gb=DataSpec(max=20), ecpu_per_s=EcpuSpec(max=100_000)),
        users={"kitchen": UserSpec(access="on ~menu:* +@read +@write +@connection")},
    ),
)

kitchen = ec2.SecurityGroup(stack, "Kitchen", vpc=vpc, description="Application of the diner")
menus.allow_from(kitchen, "Menus of the kitchen")
role = iam.Role(stack, "KitchenRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
menus.grant_connect(role, "kitchen")
menus.metric_throttled_commands().create_alarm(stack, "Throttled", threshold=1, evaluation_periods=3)

app.synth()
