"""Watching one cache of any kind: topics, the alarm pack, events, a dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.cache import alarms, dashboard
from constructs_lib.cache.publishers import publishers_of
from constructs_lib.foundation.alarms import Alarm, define_alarms
from constructs_lib.foundation.cfn import acknowledge
from constructs_lib.foundation.encryption import publishing_statements
from constructs_lib.foundation.graphs import define_graphs
from constructs_lib.foundation.topic import ELASTICACHE, Topic
from estate.caches.watching import CacheWatchSpec, MemcachedWatchSpec, ServerlessWatchSpec
from estate.watching import addressees

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_elasticache as elasticache
    from aws_cdk import aws_kms as kms

    from estate.caches.memcached import MemcachedSpec
    from estate.caches.replication_group import ReplicationGroupSpec
    from estate.caches.serverless import ServerlessCacheSpec

    AnyWatch = CacheWatchSpec | MemcachedWatchSpec | ServerlessWatchSpec
    Nodes = elasticache.CfnReplicationGroup | elasticache.CfnCacheCluster

PACKS = ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321")
UNENCRYPTED = dict.fromkeys(
    (f"{pack}-SNSEncryptedKMS" for pack in PACKS),
    "ElastiCache sets an encrypted topic inactive when it first publishes to it (user guide, Event Notifications and "
    "Amazon SNS); names of caches and of what happened to them are all that this topic carries",
)
NO_DEAD_EVENTS = {
    "Serverless-EventBusDLQ": (
        "ElastiCache keeps its events for 14 days (DescribeEvents) and EventBridge tries for 24 hours; a queue of dead "
        "letters would be one more place that nobody looks at"
    ),
}


class Watching(Construct):
    """Define what `watch` of a spec asks for around a cache that is there; `watch_...` below fit it to each kind.

    Alarms tell `topic`, which the cache's key encrypts: the key must let CloudWatch use it, and EventBridge with a
    serverless cache (`publishers_of`; the constructs of caches see to that for the key they make). Events of nodes go
    to `events_topic`, which can't be encrypted: ElastiCache publishes to no such topic. Those of a serverless cache go
    through EventBridge to `topic`, by `cfn_rule`. `cfn_alarms` (by construct id: `Cpu`, `Memory`) and `cfn_dashboard`
    are the others. A topic tells the e-mail addresses, and the queues and functions of its own Region: pass `region`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        watch: AnyWatch,
        pack: tuple[Alarm, ...],
        graphs: list[dict[str, Any]],
        key_arn: str | None,
        region: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.watch = watch
        self.notify = addressees(watch, region)
        self.topic = self._define_topic(key_arn)
        self.events_topic: Topic | None = None
        self.cfn_rule: events.CfnRule | None = None
        self.cfn_alarms: dict[str, cloudwatch.CfnAlarm] = {}
        if self.topic is not None:
            self.cfn_alarms = define_alarms(self, pack, self.topic.cfn_topic.ref, namespace=alarms.NAMESPACE)
        self.cfn_dashboard = define_graphs(self, identifier, graphs) if watch.dashboard else None

    def _define_topic(self, key_arn: str | None) -> Topic | None:
        publishers = publishers_of(self.watch)
        if not publishers:
            return None
        name = f"{self.identifier} alarms"
        return Topic(self, "Topic", display_name=name, key_arn=key_arn, notify=self.notify, publishers=publishers)

    def tell_of_nodes(self, source: Nodes) -> None:
        """Let a replication group or a cluster of nodes tell a topic of its own what happens to it."""
        if not self.watch.events:
            return
        name = f"{self.identifier} events"
        self.events_topic = Topic(
            self, "Events", display_name=name, key_arn=None, notify=self.notify, publishers=[ELASTICACHE]
        )
        acknowledge(self.events_topic.cfn_topic, UNENCRYPTED)
        source.notification_topic_arn = self.events_topic.cfn_topic.ref
        source.add_resource_dependency(self.events_topic.cfn_policy)

    def tell_of_serverless(self, cache: elasticache.CfnServerlessCache) -> None:
        """Let EventBridge pass on what ElastiCache tells of a serverless cache.

        By its ARN, not by names of events: EventBridge's list and ElastiCache's spell them differently. [E10
        serverless-metrics-events-redis; EventBridge events-ref-elasticache]
        """
        if not self.watch.events or self.topic is None:
            return
        target = events.CfnRule.TargetProperty(arn=self.topic.cfn_topic.ref, id="Topic")
        self.cfn_rule = events.CfnRule(
            self,
            "Rule",
            description=f"{self.identifier}: events",
            event_pattern={"source": ["aws.elasticache"], "resources": [cache.attr_arn]},
            state="ENABLED",
            targets=[target],
        )
        self.cfn_rule.add_resource_dependency(self.topic.cfn_policy)
        acknowledge(self.cfn_rule, NO_DEAD_EVENTS)


def let_publish(key: kms.IKey | None, watch: AnyWatch) -> None:
    """Let a key of the caller's be used by what tells the topic; a key that is imported keeps its own policy."""
    if key is None:
        return
    for statement in publishing_statements(publishers_of(watch)):
        key.add_to_resource_policy(iam.PolicyStatement.from_json(statement))


def region_of(construct: Construct, spec: ReplicationGroupSpec | MemcachedSpec | ServerlessCacheSpec) -> str | None:
    """Region of a construct's stack, that of the spec where the stack has none."""
    region = cdk.Stack.of(construct).region
    return spec.region if cdk.Token.is_unresolved(region) else region


def watch_group(
    scope: Construct,
    *,
    identifier: str,
    spec: ReplicationGroupSpec,
    key_arn: str | None,
    group: elasticache.CfnReplicationGroup,
    is_global: bool = False,
) -> Watching | None:
    """Watch a replication group as its spec asks; `is_global` is said of every member of a global datastore."""
    if spec.watch is None:
        return None
    watching = Watching(
        scope,
        "Watching",
        identifier=identifier,
        watch=spec.watch,
        pack=alarms.alarms_of_group(identifier, spec, is_global=is_global),
        graphs=dashboard.graphs_of_group(identifier, spec, is_global=is_global),
        key_arn=key_arn,
        region=region_of(scope, spec),
    )
    watching.tell_of_nodes(group)
    return watching


def watch_memcached(
    scope: Construct,
    *,
    identifier: str,
    spec: MemcachedSpec,
    key_arn: str | None,
    cluster: elasticache.CfnCacheCluster,
) -> Watching | None:
    """Watch a Memcached cluster as its spec asks; the key, which the cluster has no use for, encrypts the topic."""
    if spec.watch is None:
        return None
    watching = Watching(
        scope,
        "Watching",
        identifier=identifier,
        watch=spec.watch,
        pack=alarms.alarms_of_memcached(identifier, spec),
        graphs=dashboard.graphs_of_memcached(identifier, spec),
        key_arn=key_arn,
        region=region_of(scope, spec),
    )
    watching.tell_of_nodes(cluster)
    return watching


def watch_serverless(
    scope: Construct,
    *,
    identifier: str,
    spec: ServerlessCacheSpec,
    key_arn: str | None,
    cache: elasticache.CfnServerlessCache,
) -> Watching | None:
    """Watch a serverless cache as its spec asks."""
    if spec.watch is None:
        return None
    watching = Watching(
        scope,
        "Watching",
        identifier=identifier,
        watch=spec.watch,
        pack=alarms.alarms_of_serverless(identifier, spec),
        graphs=dashboard.graphs_of_serverless(identifier, spec),
        key_arn=key_arn,
        region=region_of(scope, spec),
    )
    watching.tell_of_serverless(cache)
    return watching
