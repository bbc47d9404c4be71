"""A global datastore in two Regions: `cdk synth --app "python examples/constructs/global_datastore.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from constructs_lib.cache.global_datastore import GlobalDatastore
from constructs_lib.cache.replication_group import ReplicationGroup
from estate.caches.global_datastore import GlobalDatastoreSpec, SecondaryCacheSpec, secondary_of
from estate.caches.replication_group import ReplicationGroupSpec

IRELAND, VIRGINIA = "eu-west-1", "us-east-1"

app = cdk.App()
sessions = ReplicationGroupSpec(
    name="sessions",
    region=IRELAND,
    global_datastore=GlobalDatastoreSpec(secondaries={VIRGINIA: SecondaryCacheSpec(replicas=2)}),
    minor_upgrades=False,
)


def vpc_in(stack: cdk.Stack) -> ec2.Vpc:
    isolated = ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    return ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, subnet_configuration=[isolated])


ireland = cdk.Stack(app, "CacheAloneIreland", env=cdk.Environment(region=IRELAND))
primary = ReplicationGroup(ireland, "Sessions", identifier="shop-sessions", vpc=vpc_in(ireland), spec=sessions)

world = cdk.Stack(app, "CacheAloneGlobal", env=cdk.Environment(region=IRELAND))
datastore = GlobalDatastore(world, "Global", suffix="shop-sessions", primary="shop-sessions", spec=sessions)
world.add_stack_dependency(ireland)

virginia = cdk.Stack(app, "CacheAloneVirginia", env=cdk.Environment(region=VIRGINIA))
secondary = ReplicationGroup(
    virginia,
    "Sessions",
    identifier="shop-sessions-us-east-1",
    vpc=vpc_in(virginia),
    spec=secondary_of(sessions, VIRGINIA),
    secondary=datastore.secondary(VIRGINIA),
)
virginia.add_stack_dependency(world)

app.synth()
