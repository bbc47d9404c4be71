"""A replication group that another Region's group fills: a secondary of a global datastore."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_elasticache as elasticache

from constructs_lib.foundation.cfn import acknowledge

INFERRED_FINDINGS = {
    "AwsSolutions-AEC3": (
        "a secondary of a global datastore takes encryption from the primary, whose template says it, and AWS "
        "refuses a secondary that does"
    ),
    "AwsSolutions-AEC4": (
        "a secondary of a global datastore takes Multi-AZ and failover from the primary, whose template says them, and "
        "AWS refuses a secondary that does"
    ),
}
"""Findings of rule packs about what a secondary may not say, with the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Secondary:
    """The part of a group that is born as a secondary; a promotion changes its role, never this.

    Attributes:
        global_datastore_id: The global datastore, by its literal id: nothing refers from Region to Region.
        users_identifier: Identifier that the primary's users start with: a client is the same user in every Region.
    """

    global_datastore_id: str
    users_identifier: str


def set_secondary(group: elasticache.CfnReplicationGroup, secondary: Secondary) -> None:
    """Let a group be born as a secondary, and leave out what ElastiCache takes from the primary.

    "Do not pass in values for these parameters" (ElastiCache user guide, `Using the AWS CLI with global datastores`).
    Every property set here is decided when the group is created; a template that keeps it changes nothing, whichever
    Region is the primary by then.
    """
    group.global_replication_group_id = secondary.global_datastore_id
    group.at_rest_encryption_enabled = None
    group.automatic_failover_enabled = None
    group.auto_minor_version_upgrade = None
    group.cache_node_type = None
    group.cache_parameter_group_name = None
    group.cluster_mode = None
    group.durability = None
    group.engine = None
    group.engine_version = None
    group.multi_az_enabled = None
    group.num_node_groups = None
    group.transit_encryption_enabled = None
    group.transit_encryption_mode = None
    acknowledge(group, INFERRED_FINDINGS)
