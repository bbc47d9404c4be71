"""Watching one cluster: a topic, the alarm pack, event subscriptions, a dashboard."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_rds as rds
from constructs import Construct

from constructs_lib.aurora.alarms import NAMESPACE, alarm_pack, global_lag_alarms
from constructs_lib.aurora.dashboard import define_dashboard
from constructs_lib.aurora.events import define_event_subscriptions
from constructs_lib.foundation.alarms import define_alarms
from constructs_lib.foundation.topic import Topic
from estate.aurora import AuroraSpec
from estate.watching import WatchSpec, addressees


class Watching(Construct):
    """Define what `watch` of a spec asks for around a cluster that is there.

    The topic's key must let CloudWatch and RDS events use it (`Encryption(publishers=...)`; `AuroraCluster` sees to
    that for the key it makes). Every member of a Global Database gets the lag alarms beside the others: they have data
    in the secondary Regions of the day, and a switchover moves those. A topic tells the e-mail addresses, and the
    queues and functions of its own Region: pass `region`.
    `topic`, `cfn_alarms` (by construct id: `CpuA`, `ReplicaLag`), `cfn_event_subscriptions` and `cfn_dashboard` are
    what was made.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: AuroraSpec,
        watch: WatchSpec,
        key_arn: str,
        cluster: rds.CfnDBCluster,
        instances: Mapping[str, rds.CfnDBInstance],
        region: str | None = None,
        is_secondary: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        is_global = is_secondary or spec.global_database is not None
        self.topic: Topic | None = None
        self.cfn_alarms: dict[str, cloudwatch.CfnAlarm] = {}
        self.cfn_event_subscriptions: dict[str, rds.CfnEventSubscription] = {}
        if watch.alarms is not None or watch.events:
            notify = addressees(watch, region)
            self.topic = Topic(self, "Topic", display_name=f"{identifier} alarms", key_arn=key_arn, notify=notify)
            self._tell(self.topic.cfn_topic.ref, identifier, spec, watch, is_global=is_global)
        if self.topic is not None and watch.events:
            self.cfn_event_subscriptions = define_event_subscriptions(
                self,
                topic_arn=self.topic.cfn_topic.ref,
                cluster=cluster,
                instances=instances,
                is_global=is_global,
            )
            for subscription in self.cfn_event_subscriptions.values():
                subscription.add_resource_dependency(self.topic.cfn_policy)
        self.cfn_dashboard = define_dashboard(self, identifier, spec, is_global=is_global) if watch.dashboard else None

    def _tell(self, topic_arn: str, identifier: str, spec: AuroraSpec, watch: WatchSpec, *, is_global: bool) -> None:
        pack = alarm_pack(identifier, spec)
        if is_global and watch.alarms is not None:
            pack += global_lag_alarms(identifier, watch.alarms)
        self.cfn_alarms = define_alarms(self, pack, topic_arn, namespace=NAMESPACE)
