"""Auto scaling for a group that is there already: `cdk synth --app "python examples/constructs/cache_scaling.py"`."""

from __future__ import annotations

import aws_cdk as cdk

from constructs_lib.cache.scaling import CacheScaling
from estate.caches.scaling import CacheAutoscalingSpec, ReplicaScalingSpec, ShardScalingSpec

app = cdk.App()
stack = cdk.Stack(app, "CacheScalingAlone")

scaling = CacheScaling(
    stack,
    "Scaling",
    identifier="legacy-feed",
    spec=CacheAutoscalingSpec(
        shards=ShardScalingSpec(min=2, max=6, memory_percent=60),
        replicas=ReplicaScalingSpec(min=1, max=3, cpu_percent=50, scale_in=False),
    ),
)
cdk.CfnOutput(stack, "Target", value=scaling.cfn_targets["shards"].ref)

app.synth()
