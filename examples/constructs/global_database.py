"""A Global Database in two Regions, a stack each: `cdk synth --app "python examples/constructs/global_database.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.aurora.global_database import GlobalDatabase
from estate.aurora import AuroraSpec
from estate.instances import InstanceSpec
from estate.replication import GlobalSpec, SecondarySpec, secondary_of

IRELAND, VIRGINIA = "eu-west-1", "us-east-1"

app = cdk.App()
orders = AuroraSpec(
    name="orders",
    engine="aurora-postgresql",
    version="17.7",
    region=IRELAND,
    instances={name: InstanceSpec(instance_class="db.r8g.large") for name in ("a", "b")},
    master_authentication="iam",
    global_database=GlobalSpec(
        secondaries={VIRGINIA: SecondarySpec(instances={"a": InstanceSpec(instance_class="db.r8g.large")})},
    ),
)


def vpc_in(stack: cdk.Stack) -> ec2.Vpc:
    isolated = ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    return ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])


world = cdk.Stack(app, "GlobalAlone", env=cdk.Environment(region=IRELAND))
database = GlobalDatabase(world, "Global", identifier="shop-orders-global", spec=orders)

ireland = cdk.Stack(app, "GlobalAloneIreland", env=cdk.Environment(region=IRELAND))
primary = AuroraCluster(
    ireland,
    "Orders",
    identifier="shop-orders",
    vpc=vpc_in(ireland),
    spec=orders,
    replication=database.primary,
)
ireland.add_stack_dependency(world)

virginia = cdk.Stack(app, "GlobalAloneVirginia", env=cdk.Environment(region=VIRGINIA))
secondary = AuroraCluster(
    virginia,
    "Orders",
    identifier="shop-orders-us-east-1",
    vpc=vpc_in(virginia),
    spec=secondary_of(orders, VIRGINIA),
    replication=database.secondary(VIRGINIA),
)
virginia.add_stack_dependency(ireland)

app.synth()
