"""Watching a replication group of the caller's: `cdk synth --app "python examples/constructs/cache_watching.py"`."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache

from constructs_lib.cache.publishers import publishers_of
from constructs_lib.cache.watching import watch_group
from constructs_lib.foundation.encryption import Encryption
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.watching import CacheAlarmsSpec, CacheWatchSpec

app = cdk.App()
stack = cdk.Stack(app, "CacheWatchingAlone")
group = elasticache.CfnReplicationGroup(
    stack,
    "Sessions",
    automatic_failover_enabled=True,
    cache_node_type="cache.r7g.large",
    engine="valkey",
    multi_az_enabled=True,
    num_cache_clusters=2,
    replication_group_description="sessions of the shop",
    replication_group_id="shop-sessions",
    transit_encryption_enabled=True,
)

alarms = CacheAlarmsSpec(memory_percent=70, evictions_per_min=None)
watch = CacheWatchSpec(notify=("ops@example.com",), alarms=alarms)
key = Encryption(stack, "Key", description="alarms of the shop's caches", publishers=publishers_of(watch))
spec = ReplicationGroupSpec(name="sessions", node_class="cache.r7g.large", replicas=1, watch=watch)
watching = watch_group(stack, identifier="shop-sessions", spec=spec, key_arn=key.key_arn, group=group)

if watching is not None and watching.events_topic is not None:
    cdk.CfnOutput(stack, "EventsTopic", value=watching.events_topic.arn)

app.synth()
