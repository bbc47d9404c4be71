"""RDS events, with the texts that DescribeEvents shows.

Source: Aurora User Guide, "Amazon RDS event categories and event messages for Aurora". DescribeEvents shows no event
ids: runbooks know an event by its text.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

RETENTION = dt.timedelta(days=14)
DEFAULT_DURATION = dt.timedelta(minutes=60)

# id: (category, text)
CLUSTER_EVENTS = {
    "0069": ("failover", "Cluster failover failed, check the status of your cluster and try again"),
    "0071": ("failover", "Completed failover to DB instance: {instance}"),
    "0072": ("failover", "Started same AZ failover to DB instance: {instance}"),
    "0073": ("failover", "Started cross AZ failover to DB instance: {instance}"),
    "0170": ("creation", "DB cluster created"),
    "0171": ("deletion", "DB cluster deleted"),
    "0016": ("configuration change", "Reset master credentials"),
    "0181": ("global failover", "Global switchover to DB cluster {name} in Region {region} started."),
    "0182": ("global failover", "Old primary DB cluster {name} in Region {region} successfully shut down."),
    "0184": ("global failover", "New primary DB cluster {name} in Region {region} was successfully promoted."),
    "0185": ("global failover", "Global switchover to DB cluster {name} in Region {region} finished."),
    "0238": ("global failover", "Global failover to DB cluster {name} in Region {region} completed."),
    "0240": (
        "global failover",
        "Started resynchronizing members of DB cluster {name} in Region {region} after global failover.",
    ),
    "0241": (
        "global failover",
        "Finished resynchronizing members of DB cluster {name} in Region {region} after global failover.",
    ),
    "0397": ("global failover", "Aurora finished changing the DNS name that the global writer endpoint resolves to."),
    "0385": ("notification", "Cluster topology is updated"),
    "0074": ("backup", "Creating manual cluster snapshot"),
    "0075": ("backup", "Manual cluster snapshot created"),
}

INSTANCE_EVENTS = {
    "0003": ("deletion", "DB instance deleted"),
    "0005": ("creation", "DB instance created"),
    "0004": ("availability", "DB instance shutdown"),
    "0006": ("availability", "DB instance restarted"),
    "0014": ("configuration change", "Finished applying modification to DB instance class"),
    "0031": ("failure", "DB instance put into {status} state"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RdsEvent:
    """One event, in the names that moto serialises."""

    event_id: str
    source_identifier: str
    source_type: str  # db-cluster, db-instance
    source_arn: str
    message: str
    event_categories: list[str]
    date: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))


def make_event(event_id: str, source_type: str, identifier: str, arn: str, **details: str) -> RdsEvent:
    """The event of that id about a cluster or an instance."""
    table = CLUSTER_EVENTS if source_type == "db-cluster" else INSTANCE_EVENTS
    category, text = table[event_id]
    return RdsEvent(
        event_id=event_id,
        source_identifier=identifier,
        source_type=source_type,
        source_arn=arn,
        message=text.format(**details),
        event_categories=[category],
    )
