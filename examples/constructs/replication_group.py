"""A cache in a VPC of the caller's: `cdk synth --app "python examples/constructs/replication_group.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.users import UserSpec

app = cdk.App()
stack = cdk.Stack(app, "CacheAlone")
isolated = ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])

sessions = ReplicationGroup(
    stack,
    "Sessions",
    identifier="shop-sessions",
    vpc=vpc,
    spec=ReplicationGroupSpec(
        name="sessions",
        engine="valkey",
        version="8.2",
        shards=2,
        replicas=1,
        users={"web": UserSpec(access="on ~session:* +@read +@write +@connection")},
    ),
)

application = ec2.SecurityGroup(stack, "Application", vpc=vpc, description="Application of the shop")
sessions.connections.allow_default_port_from(application, "Sessions of the application")
role = iam.Role(stack, "ApplicationRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
sessions.grant_connect(role, "web")
sessions.metric_memory_percent().create_alarm(stack, "Memory", threshold=80, evaluation_periods=3)

app.synth()
