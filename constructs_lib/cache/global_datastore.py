"""A global datastore: one replication group that is written, and up to two in other Regions that follow it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from constructs import Construct

from constructs_lib.cache import settings
from constructs_lib.cache.replication import Secondary
from constructs_lib.foundation.cfn import acknowledge, set_policies
from estate.caches.global_datastore import as_born, prefix_of
from estate.caches.replication_group import ReplicationGroupSpec

NEWER_PROPERTY = {
    "CloudFormation-Validate::F3002": (
        "Tags is a property of the type in CloudFormation's registry; the schema inside aws-cdk-lib does not have it"
    ),
}


class GlobalDatastore(Construct):
    """Define what the secondaries join; its one member is the primary, which must be there before it.

    The members are `ReplicationGroup`s, each in a stack of its own Region. Secondaries name it by its literal id: five
    letters of the Region of birth, and `suffix`. Version, node type and shards of all members change here. The L1 stays
    reachable as `cfn_global_replication_group`.

    Order the stacks with `add_stack_dependency`: the primary's, this one's, then the secondaries'. Delete this one's
    first: CloudFormation lets the secondaries go only here, and ElastiCache deletes no member::

        ReplicationGroup(..., identifier="shop-sessions", spec=sessions)
        datastore = GlobalDatastore(scope, "Global", suffix="shop-sessions", primary="shop-sessions", spec=sessions)
        ReplicationGroup(..., spec=secondary_of(sessions, "us-east-1"), secondary=datastore.secondary("us-east-1"))

    Raises:
        ValueError: the spec declares no global datastore, no Region, or a Region whose prefix is not known.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, suffix: str, primary: str, spec: ReplicationGroupSpec
    ) -> None:
        super().__init__(scope, construct_id)
        self.global_datastore_id = global_datastore_id(suffix, spec)
        self.suffix = suffix
        self.primary = primary
        self.spec = spec
        self.cfn_parameter_group = self._define_parameter_group()
        self.cfn_global_replication_group = self._define_global_replication_group()

    def _define_parameter_group(self) -> elasticache.CfnParameterGroup | None:
        """The group of a newer major version: ElastiCache copies it for each member when it upgrades them."""
        family = settings.parameter_group_family(self.spec)
        if family == settings.parameter_group_family(as_born(self.spec)):
            return None
        return elasticache.CfnParameterGroup(
            self,
            "Parameters",
            cache_parameter_group_family=family,
            description=f"{self.suffix}: parameters of the global datastore",
            properties=settings.parameters(self.spec),
        )

    def _define_global_replication_group(self) -> elasticache.CfnGlobalReplicationGroup:
        resource = elasticache.CfnGlobalReplicationGroup(
            self,
            "Datastore",
            automatic_failover_enabled=True,
            cache_node_type=self.spec.node_class,
            cache_parameter_group_name=self.cfn_parameter_group.ref if self.cfn_parameter_group else None,
            engine_version=self.spec.version,
            global_node_group_count=self.spec.shards if settings.is_cluster_mode(self.spec) else None,
            global_replication_group_description=f"{self.suffix}: {self.spec.engine}",
            global_replication_group_id_suffix=self.suffix,
            members=[self._primary_member()],
        )
        set_policies(resource, cdk.CfnDeletionPolicy.DELETE)
        acknowledge(resource, NEWER_PROPERTY)
        return resource

    def _primary_member(self) -> elasticache.CfnGlobalReplicationGroup.GlobalReplicationGroupMemberProperty:
        """Only the primary: CloudFormation creates no global datastore with more members than one."""
        return elasticache.CfnGlobalReplicationGroup.GlobalReplicationGroupMemberProperty(
            replication_group_id=self.primary, replication_group_region=self.spec.region, role="PRIMARY"
        )

    def secondary(self, region: str) -> Secondary:
        """The part of the secondary group in a Region; KeyError when the spec has none there."""
        return secondary(self.suffix, self.primary, self.spec, region)


def global_datastore_id(suffix: str, spec: ReplicationGroupSpec) -> str:
    """What ElastiCache calls the global datastore that a cache's spec declares.

    Raises:
        ValueError: the spec declares none, no Region, or a Region whose prefix is not known.
    """
    if spec.global_datastore is None:
        raise ValueError(f"{spec.name}: global must be declared for a global datastore, got nothing; add `global:`")
    if spec.region is None:
        raise ValueError(f"{spec.name}: region must be given for a global datastore, got nothing; say where it is born")
    prefix = prefix_of(spec)
    if prefix is None:
        raise ValueError(
            f"{spec.name}: global.prefix must be given for {spec.region}, got nothing; look the five letters up in the "
            "ElastiCache user guide"
        )
    return f"{prefix}-{suffix}"


def secondary(suffix: str, primary: str, spec: ReplicationGroupSpec, region: str) -> Secondary:
    """The part that the group of a Region has in the global datastore `suffix`, whose primary is the group `primary`.

    Raises:
        ValueError: as `global_datastore_id`.
        KeyError: the spec has no secondary there.
    """
    identifier = global_datastore_id(suffix, spec)
    if spec.global_datastore is None or region not in spec.global_datastore.secondaries:
        raise KeyError(region)
    return Secondary(global_datastore_id=identifier, users_identifier=primary)
