"""One ElastiCache replication group: Valkey or Redis OSS, one shard or many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from constructs_lib.cache import settings
from constructs_lib.cache.origin import set_origin
from constructs_lib.cache.publishers import publishers_of
from constructs_lib.cache.replication import Secondary, set_secondary
from constructs_lib.cache.scaling import CacheScaling
from constructs_lib.cache.secrets import define_secret, reference
from constructs_lib.cache.shards import placed_shards
from constructs_lib.cache.users import Users, key_services
from constructs_lib.foundation.cfn import acknowledge, apply_overrides, set_policies, warn_of_weak_choices
from constructs_lib.foundation.encryption import Encryption
from constructs_lib.foundation.log_groups import define_log_groups
from constructs_lib.foundation.metrics import service_metric
from constructs_lib.foundation.placement import Placement, define_security_group, imported, placement_in
from constructs_lib.foundation.reach import define_ingress
from estate import names
from estate.caches.global_datastore import as_born
from estate.caches.replication_group import ReplicationGroupSpec

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from constructs_lib.cache.watching import Watching

KEY_SERVICES = ("elasticache",)
UNAVOIDABLE = {
    "AwsSolutions-AEC6": "users authenticate with IAM tokens through a user group, which excludes an AUTH token",
}
WHILE_PREFERRED = {
    "AwsSolutions-AEC6": "clients are being moved to TLS: meanwhile ElastiCache takes neither users nor an AUTH token",
}


@jsii.implements(ec2.IConnectable)
class ReplicationGroup(Construct):
    """Define one replication group with its users, key, logs and parameters.

    TLS is required, data is encrypted with a key of its own, replicas stand in other zones, and only the spec's
    users log in, with IAM tokens. Nothing may connect until `connections` allows it. A snapshot is taken when the
    group is deleted, the key and the log groups stay unless `retain=False`. Shards are added online.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: ReplicationGroupSpec,
        vpc: ec2.IVpc | Placement,
        key: kms.IKey | None = None,
        retain: bool = True,
        secondary: Secondary | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.secondary = secondary
        self._declared = spec
        self.spec = spec = as_born(spec)
        self.port = spec.port
        self.log_group_names = {kind: names.cache_log_group(identifier, kind) for kind in settings.log_types(spec)}
        self._given_key = key
        self.key_arn = key.key_arn if key else self._define_encryption(retain=retain).key_arn
        place = placement_in(vpc)
        self.cfn_security_group = define_security_group(self, vpc_id=place.vpc_id, description=f"{identifier}: cache")
        self.cfn_log_groups = define_log_groups(
            self, self.log_group_names, key_arn=self.key_arn, retention_days=spec.log_retention_days, retain=retain
        )
        self.cfn_ingress = self._define_ingress()
        self.users = self._define_users(retain=retain)
        self.cfn_auth_token = self._define_auth_token(retain=retain)
        self.cfn_parameter_group = self._define_parameter_group()
        self.cfn_subnet_group = self._define_subnet_group(place.subnet_ids)
        self.cfn_replication_group = self._define_replication_group(place.availability_zones)
        self.scaling = self._define_scaling()
        self.watching = self._define_watching()
        warn_of_weak_choices(self, spec)

    def _define_encryption(self, *, retain: bool) -> Encryption:
        self.encryption = Encryption(
            self,
            "Encryption",
            description=f"{self.identifier}: data, snapshots and logs",
            services=key_services(self.spec.users, KEY_SERVICES, has_token=self.spec.auth_token is not None),
            log_groups=list(self.log_group_names.values()),
            publishers=publishers_of(self.spec.watch),
            retain=retain,
        )
        return self.encryption

    def _define_watching(self) -> Watching | None:
        """By what is declared today, not by what the primary of a global datastore was born with."""
        spec = self._declared
        if spec.watch is None:
            return None
        from constructs_lib.cache.watching import let_publish, watch_group

        let_publish(self._given_key, spec.watch)
        return watch_group(
            self,
            identifier=self.identifier,
            spec=spec,
            key_arn=self.key_arn,
            group=self.cfn_replication_group,
            is_global=self.secondary is not None or spec.global_datastore is not None,
        )

    def _define_ingress(self) -> dict[str, ec2.CfnSecurityGroupIngress]:
        return define_ingress(
            self, group_id=self.cfn_security_group.attr_group_id, port=self.port, allow_from=self.spec.allow_from
        )

    def _define_users(self, *, retain: bool) -> Users | None:
        """None where an AUTH token decides who gets in, or nothing does."""
        if not self.spec.has_user_group:
            return None
        return Users(
            self,
            "Users",
            identifier=self.secondary.users_identifier if self.secondary else self.identifier,
            engine=self.spec.user_engine,
            users=self.spec.users,
            key_arn=self.key_arn,
            retain=retain,
        )

    def _define_auth_token(self, *, retain: bool) -> secretsmanager.CfnSecret | None:
        """The secret of the one password that an old Redis OSS knows; clients send no user name with it."""
        if self.spec.auth_token is None:
            return None
        return define_secret(
            self,
            "AuthToken",
            name=names.cache_token_secret(self.identifier),
            username="default",
            description=f"{self.identifier}: AUTH token",
            key_arn=self.key_arn,
            retain=retain,
        )

    def _define_parameter_group(self) -> elasticache.CfnParameterGroup | None:
        """None in a secondary: ElastiCache copies the primary's.

        One with `cluster-enabled: no` has an id of its own: no value of it can be changed under a group, and the way
        to cluster mode wants another parameter group (user guide, "Modifying cluster mode").
        """
        if self.secondary:
            return None
        return elasticache.CfnParameterGroup(
            self,
            "PlainParameters" if self.spec.mode == "disabled" else "Parameters",
            cache_parameter_group_family=settings.parameter_group_family(self.spec),
            description=f"{self.identifier}: parameters",
            properties=settings.parameters(self.spec),
        )

    def _define_subnet_group(self, subnet_ids: Sequence[str]) -> elasticache.CfnSubnetGroup:
        return elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description=f"{self.identifier}: subnets",
            subnet_ids=list(subnet_ids),
        )

    def _define_replication_group(self, zones: Sequence[str]) -> elasticache.CfnReplicationGroup:
        spec = self.spec
        group = elasticache.CfnReplicationGroup(
            self,
            "ReplicationGroup",
            at_rest_encryption_enabled=True,
            auth_token=reference(names.cache_token_secret(self.identifier)) if self.cfn_auth_token else None,
            automatic_failover_enabled=spec.fails_over,
            auto_minor_version_upgrade=spec.minor_upgrades,
            cache_node_type=spec.node_class,
            cache_parameter_group_name=self.cfn_parameter_group.ref if self.cfn_parameter_group else None,
            cache_subnet_group_name=self.cfn_subnet_group.ref,
            cluster_mode=spec.mode,
            data_tiering_enabled=spec.has_data_tiering or None,
            durability=spec.durability,
            engine=spec.engine,
            engine_version=spec.version,
            kms_key_id=self.key_arn,
            log_delivery_configurations=[self._log_delivery(kind) for kind in self.cfn_log_groups] or None,
            multi_az_enabled=spec.is_multi_az,
            node_group_configuration=placed_shards(spec, zones),
            num_node_groups=spec.shards,
            port=self.port,
            preferred_maintenance_window=spec.maintenance_window,
            replicas_per_node_group=None if spec.placement else spec.replicas,
            replication_group_description=f"{self.identifier}: {spec.engine}",
            replication_group_id=self.identifier,
            security_group_ids=[self.cfn_security_group.attr_group_id],
            snapshot_retention_limit=spec.snapshot_retention_days,
            snapshot_window=spec.snapshot_window,
            transit_encryption_enabled=True,
            transit_encryption_mode=settings.transit_encryption_mode(spec),
            user_group_ids=[self.users.cfn_user_group.ref] if self.users and not self.cfn_auth_token else None,
        )
        self._finish(group)
        return group

    def _define_scaling(self) -> CacheScaling | None:
        if self.spec.autoscaling is None:
            return None
        return CacheScaling(
            self,
            "Scaling",
            identifier=self.identifier,
            spec=self.spec.autoscaling,
            data_tiering=self.spec.has_data_tiering,
            after=self.cfn_replication_group,
        )

    def _finish(self, group: elasticache.CfnReplicationGroup) -> None:
        set_policies(group, cdk.CfnDeletionPolicy.SNAPSHOT)
        if self.cfn_auth_token:
            group.add_resource_dependency(self.cfn_auth_token)
        if settings.is_cluster_mode(self.spec):
            group.cfn_options.update_policy = cdk.CfnUpdatePolicy(use_online_resharding=True)
        acknowledge(group, WHILE_PREFERRED if self.spec.transit_encryption == "preferred" else UNAVOIDABLE)
        set_origin(group, self.spec)
        if self.secondary:
            set_secondary(group, self.secondary)
        apply_overrides(group, self.spec.overrides)

    def _log_delivery(self, kind: str) -> elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty:
        """The group's name by reference, so that it exists, encrypted, before the service writes to it."""
        group = elasticache.CfnReplicationGroup
        destination = group.CloudWatchLogsDestinationDetailsProperty(log_group=self.cfn_log_groups[kind].ref)
        return group.LogDeliveryConfigurationRequestProperty(
            destination_details=group.DestinationDetailsProperty(cloud_watch_logs_details=destination),
            destination_type="cloudwatch-logs",
            log_format="json",
            log_type=kind,
        )

    @property
    def key(self) -> kms.IKey:
        """The key that was given, or the one made here."""
        return self._given_key or self.encryption.key

    @cached_property
    def security_group(self) -> ec2.ISecurityGroup:
        """The closed group as an L2."""
        return imported(self, self.cfn_security_group)

    @cached_property
    def connections(self) -> ec2.Connections:
        """Who may connect: `connections.allow_default_port_from(app)`; the port is the literal number."""
        return ec2.Connections(security_groups=[self.security_group], default_port=ec2.Port.tcp(self.port))

    @property
    def is_cluster_mode(self) -> bool:
        return settings.is_cluster_mode(self.spec)

    @property
    def endpoint(self) -> str:
        """Host name clients start from: the configuration endpoint in cluster mode, else the primary's."""
        return self.configuration_endpoint if self.is_cluster_mode else self.primary_endpoint

    @property
    def configuration_endpoint(self) -> str:
        """Host name that clients of cluster mode start from, also while it is `compatible`; else ValueError."""
        if self.spec.mode == "disabled":
            raise ValueError("configuration_endpoint must be asked of a group in cluster mode; use primary_endpoint")
        return self.cfn_replication_group.attr_configuration_end_point_address

    @property
    def primary_endpoint(self) -> str:
        """Host name of the primary; there is none in cluster mode (ValueError)."""
        self._refuse_in_cluster_mode("primary_endpoint")
        return self.cfn_replication_group.attr_primary_end_point_address

    @property
    def reader_endpoint(self) -> str:
        """Host name that spreads over the replicas; there is none in cluster mode (ValueError)."""
        self._refuse_in_cluster_mode("reader_endpoint")
        return self.cfn_replication_group.attr_reader_end_point_address

    def _refuse_in_cluster_mode(self, what: str) -> None:
        if self.is_cluster_mode:
            raise ValueError(f"{what} must be asked of a group without cluster mode; use endpoint")

    def grant_connect(self, grantee: iam.IGrantable, user: str) -> iam.Grant:
        """Let a principal log in as the spec's user `user` with an IAM token.

        A token is good for 15 minutes of logging in, a connection for 12 hours unless it authenticates again.

        Raises:
            KeyError: there is no such user, or the cache has none.
            ValueError: the user logs in with a password.
        """
        if self.users is None:
            raise KeyError(user)
        group_arn = cdk.Stack.of(self).format_arn(
            service="elasticache",
            resource="replicationgroup",
            resource_name=self.identifier,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return self.users.grant_connect(grantee, user, cache_arn=group_arn)

    def metric(self, name: str, *, statistic: str = "Average", node: str = "0001-001") -> cloudwatch.Metric:
        """A metric of `AWS/ElastiCache` by the minute, of one node (`0001-001` is the first shard's first).

        Nodes of a group without cluster mode are `001`, `002`, ...
        """
        suffix = node if self.is_cluster_mode else node.rpartition("-")[2]
        dimensions = {"CacheClusterId": f"{self.identifier}-{suffix}", "CacheNodeId": "0001"}
        return service_metric("AWS/ElastiCache", name, dimensions, statistic)

    def metric_replication_lag_s(self, node: str = "0001-002") -> cloudwatch.Metric:
        """`ReplicationLag` of one replica behind its primary, in seconds."""
        return self.metric("ReplicationLag", statistic="Maximum", node=node)

    def metric_engine_cpu_percent(self, node: str = "0001-001") -> cloudwatch.Metric:
        """`EngineCPUUtilization` of one node: its one engine thread, in percent."""
        return self.metric("EngineCPUUtilization", node=node)

    def metric_memory_percent(self, node: str = "0001-001") -> cloudwatch.Metric:
        """`DatabaseMemoryUsageCountedForEvictPercentage` of one node, in percent."""
        return self.metric("DatabaseMemoryUsageCountedForEvictPercentage", statistic="Maximum", node=node)
