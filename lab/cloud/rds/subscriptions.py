"""Event subscriptions: which events of which sources a topic is told of. moto keeps them and checks nothing.

Sources: botocore's RDS model (errors of each operation); Aurora User Guide, "Subscribing to Amazon RDS event
notification" (source types) and "Amazon RDS event categories and event messages for Aurora".
"""

from __future__ import annotations

from typing import Any

from moto.sns.models import sns_backends

from lab.cloud.awserrors import rds_error
from lab.cloud.rds.state import RdsState
from lab.cloud.runtime import RUNTIME

CATEGORIES = {
    "db-cluster": frozenset(
        (
            *("configuration change", "creation", "deletion", "failover", "failure", "global-failover", "maintenance"),
            *("migration", "notification", "serverless"),
        )
    ),
    "db-instance": frozenset(
        (
            *("availability", "backtrack", "backup", "configuration change", "creation", "deletion", "failover"),
            *("failure", "low storage", "maintenance", "notification", "read replica", "recovery", "restoration"),
            *("security", "security patching"),
        )
    ),
    "db-parameter-group": frozenset(("configuration change",)),
}
QUOTA = 20  # event subscriptions per Region (Aurora quotas)


class SubscriptionState(RdsState):
    """Create, modify and check event subscriptions."""

    def create_event_subscription(self, kwargs: Any) -> Any:
        given = dict(kwargs)
        with RUNTIME.lock:
            if len(self.event_subscriptions) >= QUOTA:
                raise rds_error("EventSubscriptionQuotaExceededFault", f"The quota is {QUOTA} event subscriptions.")
            self._check_topic(given["sns_topic_arn"])
            self._check_categories(given.get("source_type"), given.get("event_categories") or [])
            for source in given.get("source_ids") or []:
                self._check_event_source(given.get("source_type"), source)
            given["enabled"] = given.get("enabled") is not False
            return super().create_event_subscription(given)

    def modify_event_subscription(
        self,
        subscription_name: str,
        sns_topic_arn: str | None = None,
        source_type: str | None = None,
        event_categories: list[str] | None = None,
        enabled: bool | None = None,  # noqa: FBT001 (a parameter of the API)
    ) -> Any:
        with RUNTIME.lock:
            found = self._subscription(subscription_name)
            kind = source_type or found.source_type
            if sns_topic_arn is not None:
                self._check_topic(sns_topic_arn)
                found.sns_topic_arn = sns_topic_arn
            if event_categories is not None:
                self._check_categories(kind, event_categories)
                found.event_categories = list(event_categories)
            found.source_type = kind
            found.enabled = found.enabled if enabled is None else enabled
            return found

    def add_source_identifier(self, subscription_name: str, source_identifier: str) -> Any:
        with RUNTIME.lock:
            found = self._subscription(subscription_name)
            self._check_event_source(found.source_type, source_identifier)
            found.source_ids = [*found.source_ids, source_identifier]
            return found

    def remove_source_identifier(self, subscription_name: str, source_identifier: str) -> Any:
        with RUNTIME.lock:
            found = self._subscription(subscription_name)
            if source_identifier not in found.source_ids:
                raise rds_error("SourceNotFoundFault", f"The source {source_identifier} is not of the subscription.")
            found.source_ids = [each for each in found.source_ids if each != source_identifier]
            return found

    def _subscription(self, name: str) -> Any:
        if name not in self.event_subscriptions:
            raise rds_error("SubscriptionNotFoundFault", f"Subscription {name} not found.")
        return self.event_subscriptions[name]

    def _check_topic(self, arn: str) -> None:
        if arn not in sns_backends[self.account_id][self.region_name].topics:
            raise rds_error("SNSTopicArnNotFoundFault", f"The SNS topic {arn} does not exist.")

    @staticmethod
    def _check_categories(source_type: str | None, categories: list[str]) -> None:
        known = CATEGORIES.get(source_type or "", frozenset(categories))
        for category in categories:
            if category not in known:
                raise rds_error("SubscriptionCategoryNotFoundFault", f"{source_type} has no event category {category}.")

    def _check_event_source(self, source_type: str | None, identifier: str) -> None:
        held = {
            "db-cluster": self.clusters,
            "db-instance": self.databases,
            "db-parameter-group": self.db_parameter_groups,
        }
        if source_type in held and identifier not in held[source_type]:
            raise rds_error("SourceNotFoundFault", f"There is no {source_type} {identifier}.")
