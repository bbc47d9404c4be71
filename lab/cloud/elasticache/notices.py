"""What ElastiCache tells others of its events: the topic of a group or cluster, and EventBridge of serverless caches.

Sources: ElastiCache user guide, "Event Notifications and Amazon SNS" (names of events; "the Amazon SNS topic you are
publishing to cannot be encrypted ... inactive, ... when ElastiCache pushes messages to the topic") and "Managing
ElastiCache Amazon SNS notifications" ("must use the aws:SourceOwner condition key, not aws:SourceAccount ... sets the
topic status to inactive"); EventBridge reference, "Amazon ElastiCache events" (of serverless caches alone). A message
is a JSON object of the event's name and the resource.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from moto.events.models import events_backends
from moto.sns.models import sns_backends

NAMES: tuple[tuple[str, str, str], ...] = (
    ("replication-group", r"Failover from primary node .* completed", "FailoverComplete"),
    ("replication-group", r"Replication group .* created", "CreateReplicationGroupComplete"),
    ("replication-group", r".* of replication group .* completed", "ReplicationGroupScalingComplete"),
    ("replication-group", r".* of .* failed.*", "ReplicationGroupScalingFailed"),
    ("replication-group", r"Snapshot .* failed", "SnapshotFailed"),
    ("cache-cluster", r"Cache cluster created", "CacheClusterProvisioningComplete"),
    ("cache-cluster", r"Cache cluster deleted", "DeleteCacheClusterComplete"),
    ("cache-cluster", r"Recovering cache nodes? .*", "CacheNodeReplaceStarted"),
    ("cache-cluster", r"Finished recovery for cache nodes? .*", "CacheNodeReplaceComplete"),
    ("cache-cluster", r"Cache node .* restarted", "CacheNodesRebooted"),
    ("cache-cluster", r"Snapshot succeeded .*", "SnapshotComplete"),
    ("cache-cluster", r"Added cache node .*", "AddCacheNodeComplete"),
    ("cache-cluster", r"Removed cache nodes? .*", "RemoveCacheNodeComplete"),
    ("cache-cluster", r"Updated to use a CacheParameterGroup .*", "CacheClusterParametersChanged"),
)
"""Kind of source, text that DescribeEvents shows, and name of the event in a notification."""
SERVERLESS: tuple[tuple[str, str], ...] = (
    (r"Serverless cache .* created", "Cache Created"),
    (r"Serverless cache .* deleted", "Cache Deleted"),
    (r"Serverless cache .*", "Cache Updated"),
    (r"Snapshot .* created", "Snapshot Created"),
)
"""Text that DescribeEvents shows, and detail type of the event."""


def pass_on(backend: Any, event: dict[str, Any]) -> None:
    """Tell whoever has asked for events of this source."""
    kind, source, message = event["SourceType"], event["SourceIdentifier"], event["Message"]
    if kind.startswith("serverless-cache"):
        _to_rules(backend, kind, source, message)
        return
    name = next((name for of, text, name in NAMES if of == kind and re.fullmatch(text, message)), None)
    settings = _settings(backend, source)
    if name is not None and settings is not None and settings.get("NotificationTopicArn"):
        _to_topic(backend, settings, {f"ElastiCache:{name}": source})


def _settings(backend: Any, source: str) -> dict[str, Any] | None:
    """Settings of the group or cluster that an event is about; a node's are its group's."""
    for group in getattr(backend, "groups", {}).values():
        if source == group.group_id or source in {node.cluster_id for node in group.nodes}:
            settings: dict[str, Any] = group.settings
            return settings
    cluster = getattr(backend, "memcached", {}).get(source)
    return cluster.settings if cluster is not None else None


def _to_topic(backend: Any, settings: dict[str, Any], message: dict[str, str]) -> None:
    topic = sns_backends[backend.account_id][backend.region_name].topics.get(settings["NotificationTopicArn"])
    if settings.get("NotificationTopicStatus", "active") != "active":
        return
    if topic is None or not _takes(topic):
        settings["NotificationTopicStatus"] = "inactive"
        return
    topic.publish(json.dumps(message), subject="ElastiCache Notification Message")


def _takes(topic: Any) -> bool:
    """Whether ElastiCache can publish: no key, and a statement that lets everybody, on behalf of this account."""
    if topic.kms_master_key_id:
        return False
    statements = json.loads(topic.policy)["Statement"]
    return any(_lets(each, topic.account_id) for each in statements)


def _lets(statement: dict[str, Any], account: str) -> bool:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    if statement["Effect"] != "Allow" or "sns:publish" not in {each.lower() for each in actions}:
        return False
    owner = {key.lower(): value for key, value in statement.get("Condition", {}).get("StringEquals", {}).items()}
    others = set(statement.get("Condition", {})) - {"StringEquals"}
    return statement["Principal"] in ("*", {"AWS": "*"}) and not others and owner == {"aws:sourceowner": account}


def _to_rules(backend: Any, kind: str, source: str, message: str) -> None:
    """To a topic, which moto does not know as a target: it gets the event itself, as EventBridge sends it."""
    detail_type = next((name for text, name in SERVERLESS if re.fullmatch(text, message)), None)
    if detail_type is None:
        return
    resource = backend.arn("serverlesscache" if kind == "serverless-cache" else "serverlesscachesnapshot", source)
    event: Any = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.elasticache",
        "account": backend.account_id,
        "region": backend.region_name,
        "resources": [resource],
        "detail": {"message": message},
    }
    topics = sns_backends[backend.account_id][backend.region_name].topics
    for rule in events_backends[backend.account_id][backend.region_name].event_buses["default"].rules.values():
        if rule.state == "ENABLED" and rule.event_pattern.matches_event(event):
            for target in rule.targets:
                if target["Arn"] in topics:
                    topics[target["Arn"]].publish(json.dumps(event))
