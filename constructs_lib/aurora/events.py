"""Event subscriptions: RDS tells a topic of failovers, failures, maintenance and changes."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_rds as rds
from constructs import Construct

CLUSTER_CATEGORIES = ("configuration change", "deletion", "failover", "failure", "maintenance", "notification")
GLOBAL_CATEGORY = "global-failover"
INSTANCE_CATEGORIES = (
    *("availability", "configuration change", "deletion", "failure", "maintenance", "notification", "recovery"),
    "security patching",
)
"""[A4 USER_Events.Messages]; Security Hub RDS.19 and 20 ask for maintenance, failure and configuration change."""


def define_event_subscriptions(
    scope: Construct,
    *,
    topic_arn: str,
    cluster: rds.CfnDBCluster,
    instances: Mapping[str, rds.CfnDBInstance],
    is_global: bool = False,
) -> dict[str, rds.CfnEventSubscription]:
    """Define a subscription to the cluster's events, failovers among them, and one to its instances'."""
    of_cluster = (*CLUSTER_CATEGORIES, GLOBAL_CATEGORY) if is_global else CLUSTER_CATEGORIES
    rows = {
        "cluster": ("ClusterEvents", "db-cluster", of_cluster, [cluster.ref]),
        "instances": ("InstanceEvents", "db-instance", INSTANCE_CATEGORIES, [each.ref for each in instances.values()]),
    }
    return {
        key: rds.CfnEventSubscription(
            scope,
            construct_id,
            enabled=True,
            event_categories=sorted(categories),
            sns_topic_arn=topic_arn,
            source_ids=sources,
            source_type=source_type,
        )
        for key, (construct_id, source_type, categories, sources) in rows.items()
        if sources
    }
