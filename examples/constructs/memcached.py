"""Memcached in a VPC of the caller's: `cdk synth --app "python examples/constructs/memcached.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from constructs_lib.cache.memcached import Memcached
from estate.caches.memcached import MemcachedSpec

app = cdk.App()
stack = cdk.Stack(app, "MemcachedAlone")
isolated = ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])

pages = Memcached(
    stack,
    "Pages",
    identifier="shop-pages",
    vpc=vpc,
    spec=MemcachedSpec(name="pages", nodes=3, parameters={"max_item_size": "2097152"}),
)

application = ec2.SecurityGroup(stack, "Application", vpc=vpc, description="Application of the shop")
pages.connections.allow_default_port_from(application, "Pages of the application")
pages.metric_evictions().create_alarm(stack, "Evictions", threshold=1000, evaluation_periods=5)
cdk.CfnOutput(stack, "DiscoverAt", value=f"{pages.endpoint}:{pages.port}")

app.synth()
