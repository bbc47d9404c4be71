"""A cluster in a VPC of the caller's: `cdk synth --app "python examples/constructs/aurora_cluster.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from constructs_lib.aurora.cluster import AuroraCluster
from estate.aurora import AuroraSpec, EndpointSpec
from estate.instances import InstanceSpec

app = cdk.App()
stack = cdk.Stack(app, "AuroraAlone")
isolated = ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])

orders = AuroraCluster(
    stack,
    "Orders",
    identifier="shop-orders",
    vpc=vpc,
    spec=AuroraSpec(
        name="orders",
        engine="aurora-postgresql",
        version="17.7",
        instances={
            "a": InstanceSpec(instance_class="db.r8g.large", tier=0),
            "b": InstanceSpec(instance_class="db.r8g.large", tier=1),
            "reporting": InstanceSpec(instance_class="serverless", tier=15),
        },
        endpoints={"reporting": EndpointSpec(members=("reporting",))},
        acknowledge=("aurora/endpoint-shared",),  # the reader endpoint answers with it, too
    ),
)

application = ec2.SecurityGroup(stack, "Application", vpc=vpc, description="Application of the shop")
orders.connections.allow_default_port_from(application, "Queries of the application")
role = iam.Role(stack, "ApplicationRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
orders.grant_connect(role, "app")
orders.metric_replica_lag_ms().create_alarm(stack, "Lag", threshold=100, evaluation_periods=3)

app.synth()
