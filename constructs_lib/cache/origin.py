"""A replication group that is born from data that exist: a snapshot, or RDB files in S3."""

from __future__ import annotations

from aws_cdk import aws_elasticache as elasticache

from estate.caches.replication_group import ReplicationGroupSpec


def set_origin(group: elasticache.CfnReplicationGroup, spec: ReplicationGroupSpec) -> None:
    """Say what the group is born from; nothing without an origin.

    All else stays in the template: a restore takes no user, parameter group, port, key or window over from its
    source. Both properties are create-only and must stay in later templates: without them CloudFormation wants a
    new, empty group. It cannot make one, since the identifier is literal: the update fails and rolls back.
    """
    if spec.origin is None:
        return
    group.snapshot_name = spec.origin.snapshot
    group.snapshot_arns = list(spec.origin.rdb) or None
