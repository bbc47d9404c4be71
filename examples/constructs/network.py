"""A network alone: `cdk synth --app "python examples/constructs/network.py"`."""

from __future__ import annotations

import aws_cdk as cdk

from constructs_lib.foundation.network import Network
from estate.network import NetworkSpec

app = cdk.App()
stack = cdk.Stack(app, "NetworkAlone")

network = Network(
    stack,
    "Network",
    identifier="shop",
    spec=NetworkSpec(cidr="10.30.0.0/16", endpoints=("s3", "secretsmanager")),
)

cdk.CfnOutput(stack, "VpcId", value=network.vpc.vpc_id)
app.synth()
