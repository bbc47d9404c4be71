"""What an update of a stack may never do: the policy that no template can carry, and the stacks that want it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from estate import names
from estate.caches.every import every_cache
from estate.caches.global_datastore import secondaries_of
from estate.model import Estate
from estate.replication import every_cluster

STORES_DATA = (
    "AWS::Backup::BackupVault",
    "AWS::ElastiCache::GlobalReplicationGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::KMS::Key",
    "AWS::RDS::DBCluster",
    "AWS::RDS::GlobalCluster",
    "AWS::SecretsManager::Secret",
)
"""Types whose resources hold data, or what data can't be read without.

Instances are not among them: an Aurora instance holds nothing, and removing one from the file is an ordinary change.
Nor are log groups: their deletion policy keeps them.
"""

FORBIDDEN = ("Update:Replace", "Update:Delete")


def stack_policy() -> dict[str, Any]:
    """The stack policy of every stack of an estate: nothing that stores data is replaced or deleted by an update."""
    stores_data = {"StringEquals": {"ResourceType": list(STORES_DATA)}}
    everything = {"Principal": "*", "Resource": "*"}
    return {
        "Statement": [
            {"Effect": "Deny", "Action": list(FORBIDDEN), **everything, "Condition": stores_data},
            {"Effect": "Allow", "Action": "Update:*", **everything},
        ]
    }


def stacks_of(estate: Estate) -> tuple[tuple[str, str], ...]:
    """Name and Region of every stack that the estate becomes."""
    return tuple(_stacks(estate))


def _stacks(estate: Estate) -> Iterator[tuple[str, str]]:
    first = estate.regions[0]
    plans = [cluster.backup.plan for cluster in estate.aurora.values() if cluster.backup.plan is not None]
    for region in estate.regions:
        yield names.network_stack(estate.name), region
        if region in {plan.copy_to_region for plan in plans}:
            yield names.backup_stack(estate.name), region
    for cluster in estate.aurora.values():
        if cluster.global_database is not None:
            yield names.global_stack(estate.name, cluster.name), cluster.region or first
    for _, spec in every_cluster(estate):
        yield names.aurora_stack(estate.name, spec.name), spec.region or first
    for _, cache in every_cache(estate):
        yield names.cache_stack(estate.name, cache.name), cache.region or first
    for cache in estate.caches.values():
        if cache.global_datastore is not None:
            yield names.cache_global_stack(estate.name, cache.name), cache.region or first
        for secondary in secondaries_of(cache):
            yield names.cache_stack(estate.name, secondary.name), secondary.region or first
