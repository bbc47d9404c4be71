"""One Aurora cluster: PostgreSQL or MySQL, provisioned, serverless or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from constructs_lib.aurora import settings
from constructs_lib.aurora.backups import BackupPlan
from constructs_lib.aurora.credentials import Rotation, define_own_secret, master_user
from constructs_lib.aurora.dns import Names
from constructs_lib.aurora.endpoints import define_endpoints
from constructs_lib.aurora.instances import define_instance_parameters, define_instances, define_monitoring_role
from constructs_lib.aurora.integrations import Integrations, egress_to
from constructs_lib.aurora.origin import set_origin
from constructs_lib.aurora.proxy import Proxy, connect_arns
from constructs_lib.aurora.replication import Membership, Replication, set_replication
from constructs_lib.aurora.scaling import ReplicaScaling
from constructs_lib.aurora.upgrading import BlueGreen, follow
from constructs_lib.foundation.cfn import acknowledge, apply_overrides, set_policies, warn_of_weak_choices
from constructs_lib.foundation.encryption import PUBLISHERS, Encryption, use_by_publishers
from constructs_lib.foundation.log_groups import define_log_groups
from constructs_lib.foundation.metrics import service_metric
from constructs_lib.foundation.placement import Placement, define_security_group, imported, placement_in
from constructs_lib.foundation.reach import define_ingress
from estate import names
from estate.aurora import AuroraSpec
from estate.backups import copy_account
from estate.engines import MYSQL

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from constructs_lib.aurora.watching import Watching

KEY_SERVICES = ("rds", "secretsmanager")
SERVERLESS_CANNOT_BACKTRACK = {
    "AwsSolutions-RDS14": "Aurora MySQL can't be wound back beside serverless instances",
}
DATA_API_ACTIONS = [
    f"rds-data:{action}"
    for action in (
        "BatchExecuteStatement",
        "BeginTransaction",
        "CommitTransaction",
        "ExecuteStatement",
        "RollbackTransaction",
    )
]


@jsii.implements(ec2.IConnectable)
class AuroraCluster(Construct):
    """Define one cluster with its instances, custom endpoints, key, logs and parameters.

    Instances are equals, keyed by name: CDK's own `DatabaseCluster` wants a lasting writer and gives readers their
    place by position, so the L1s beneath are used and stay reachable as `cfn_cluster`, `cfn_instances`, ...;
    `cluster` is the L2 interface for proxies and whatever else takes an `IDatabaseCluster`.

    Nothing may connect until `connections` allows it. A snapshot is taken when the cluster is deleted, the key and
    the log groups stay. `retain=False` (rehearsals) lets key and log groups go; the snapshot is taken all the same.

    A spec with `global` or `replica_of` wants `replication`: its part in a Global Database, or its source.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: AuroraSpec,
        vpc: ec2.IVpc | Placement,
        key: kms.IKey | None = None,
        replication: Replication | None = None,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self.replication = replication
        self.port = spec.effective_port
        self.log_group_names = {
            export: names.log_group("cluster", identifier, export) for export in spec.effective_log_exports
        }
        self._given_key = key
        self.key_arn = key.key_arn if key else self._define_encryption(retain=retain).key_arn
        place = placement_in(vpc)
        self.cfn_security_group = self._define_security_group(place)
        self.cfn_log_groups = self._define_log_groups(retain=retain)
        self.integrations = self._define_integrations()
        self.cfn_parameter_group = self._define_parameter_group()
        self.cfn_subnet_group = self._define_subnet_group(place.subnet_ids)
        self.cfn_secret = define_own_secret(self, identifier, spec, key_arn=self.key_arn, retain=retain)
        self.cfn_cluster = self._define_cluster()
        self.cfn_monitoring_role = define_monitoring_role(self, spec)
        self.cfn_instance_parameter_groups = define_instance_parameters(self, identifier, spec)
        self.cfn_instances = self._define_instances(place)
        self.cfn_endpoints = define_endpoints(self, self.cfn_cluster, identifier, spec, self.cfn_instances)
        self.names = self._define_names(place.vpc_id)
        self.rotation = self._define_rotation(place)
        self.cfn_ingress = self._define_ingress()
        self.proxy = self._define_proxy(place, retain=retain)
        self.watching = self._define_watching()
        self.autoscaling = self._define_autoscaling()
        self.backup_plan = self._define_backup_plan(retain=retain)
        self.blue_green = self._define_blue_green()
        warn_of_weak_choices(self, spec)

    def _define_encryption(self, *, retain: bool) -> Encryption:
        self.encryption = Encryption(
            self,
            "Encryption",
            description=f"{self.identifier}: data, master secret, insights and logs",
            services=(*KEY_SERVICES, "backup") if self.spec.backup.plan else KEY_SERVICES,
            log_groups=[*self.log_group_names.values(), *self._proxy_log_groups()],
            publishers=PUBLISHERS if self.spec.watch else (),
            accounts=[account] if (account := copy_account(self.spec.backup.plan)) else (),
            retain=retain,
        )
        return self.encryption

    def _define_security_group(self, place: Placement) -> ec2.CfnSecurityGroup:
        return define_security_group(
            self,
            vpc_id=place.vpc_id,
            description=f"{self.identifier}: Aurora cluster",
            egress=egress_to(self.spec, self.identifier, place),
        )

    def _define_ingress(self) -> dict[str, ec2.CfnSecurityGroupIngress]:
        return define_ingress(
            self,
            group_id=self.cfn_security_group.attr_group_id,
            port=self.port,
            allow_from=self.spec.allow_from,
        )

    def _proxy_log_groups(self) -> list[str]:
        return [names.proxy_log_group(names.proxy_name(self.identifier))] if self.spec.proxy else []

    def _define_backup_plan(self, *, retain: bool) -> BackupPlan | None:
        if self.spec.backup.plan is None:
            return None
        return BackupPlan(
            self,
            "BackupPlan",
            identifier=self.identifier,
            spec=self.spec.backup.plan,
            cluster_arn=self.cfn_cluster.attr_db_cluster_arn,
            key_arn=self.key_arn,
            subnet_group=self.cfn_subnet_group.ref,
            security_group_id=self.cfn_security_group.attr_group_id,
            retain=retain,
        )

    def _define_blue_green(self) -> BlueGreen | None:
        if self.spec.blue_green is None:
            return None
        source = self.cfn_cluster.attr_db_cluster_arn
        roles = self.integrations.parameters if self.integrations else None
        made = BlueGreen(self, "BlueGreen", identifier=self.identifier, spec=self.spec, source_arn=source, roles=roles)
        follow(made.cfn_deployment, self)
        return made

    def _define_log_groups(self, *, retain: bool) -> Mapping[str, logs.CfnLogGroup]:
        return define_log_groups(
            self, self.log_group_names, key_arn=self.key_arn, retention_days=self.spec.log_retention_days, retain=retain
        )

    def _define_parameter_group(self) -> rds.CfnDBClusterParameterGroup:
        return rds.CfnDBClusterParameterGroup(
            self,
            "Parameters",
            description=f"{self.identifier}: TLS required",
            family=settings.parameter_group_family(self.spec),
            parameters=settings.parameters(self.spec) | (self.integrations.parameters if self.integrations else {}),
        )

    def _define_integrations(self) -> Integrations | None:
        if self.spec.integrations is None:
            return None
        return Integrations(self, "Integrations", identifier=self.identifier, spec=self.spec)

    def _define_subnet_group(self, subnet_ids: Sequence[str]) -> rds.CfnDBSubnetGroup:
        return rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description=f"{self.identifier}: subnets",
            subnet_ids=list(subnet_ids),
        )

    def _define_cluster(self) -> rds.CfnDBCluster:
        spec = self.spec
        cluster = rds.CfnDBCluster(
            self,
            "Cluster",
            associated_roles=(self.integrations.associated_roles or None) if self.integrations else None,
            backtrack_window=settings.backtrack_window_s(spec),
            backup_retention_period=spec.backup.retention_days,
            copy_tags_to_snapshot=True,
            database_name=spec.database,
            db_cluster_identifier=self.identifier,
            db_cluster_parameter_group_name=self.cfn_parameter_group.ref,
            db_subnet_group_name=self.cfn_subnet_group.ref,
            delete_automated_backups=False,
            deletion_protection=spec.protection,
            enable_cloudwatch_logs_exports=list(self.log_group_names),
            enable_http_endpoint=spec.data_api or None,
            enable_iam_database_authentication=True,
            enable_local_write_forwarding=spec.local_write_forwarding,
            engine=spec.engine,
            engine_lifecycle_support=settings.lifecycle_support(spec),
            engine_version=spec.version,
            kms_key_id=self.key_arn,
            port=self.port,
            preferred_backup_window=spec.backup.window,
            preferred_maintenance_window=spec.maintenance_window,
            serverless_v2_scaling_configuration=self._scaling(),
            storage_encrypted=True,
            storage_type=settings.storage_type(spec),
            vpc_security_group_ids=[self.cfn_security_group.attr_group_id],
            **settings.insights(spec, self.key_arn),
            **master_user(spec, self.identifier, self.key_arn),
        )
        set_policies(cluster, cdk.CfnDeletionPolicy.SNAPSHOT)
        for group in self.cfn_log_groups.values():
            cluster.add_resource_dependency(group)
        if self.cfn_secret is not None:
            cluster.add_resource_dependency(self.cfn_secret)
        set_origin(cluster, spec)
        set_replication(cluster, spec, self.replication)
        if spec.engine == MYSQL and spec.has_serverless:
            acknowledge(cluster, SERVERLESS_CANNOT_BACKTRACK)
        apply_overrides(cluster, spec.overrides)
        return cluster

    def _define_rotation(self, place: Placement) -> Rotation | None:
        if self.cfn_secret is None:
            return None
        return Rotation(
            self,
            "Rotation",
            identifier=self.identifier,
            spec=self.spec,
            secret=self.cfn_secret,
            key_arn=self.key_arn,
            cluster=self.cfn_cluster,
            cluster_group_id=self.cfn_security_group.attr_group_id,
            instances=self.cfn_instances.values(),
            place=place,
        )

    def _define_proxy(self, place: Placement, *, retain: bool) -> Proxy | None:
        if self.spec.proxy is None:
            return None
        return Proxy(
            self,
            "Proxy",
            identifier=self.identifier,
            spec=self.spec,
            proxy=self.spec.proxy,
            cluster=self.cfn_cluster,
            cluster_group_id=self.cfn_security_group.attr_group_id,
            instances=self.cfn_instances.values(),
            secret_arn=self.secret_arn if self.has_secret else None,
            key_arn=self.key_arn,
            place=place,
            retain=retain,
        )

    def _define_watching(self) -> Watching | None:
        if self.spec.watch is None:
            return None
        from constructs_lib.aurora.watching import Watching

        if self._given_key is not None:
            self._given_key.add_to_resource_policy(iam.PolicyStatement.from_json(use_by_publishers(PUBLISHERS)))
        region = cdk.Stack.of(self).region
        return Watching(
            self,
            "Watching",
            identifier=self.identifier,
            spec=self.spec,
            watch=self.spec.watch,
            key_arn=self.key_arn,
            cluster=self.cfn_cluster,
            instances=self.cfn_instances,
            region=self.spec.region if cdk.Token.is_unresolved(region) else region,
            is_secondary=self.is_secondary,
        )

    def _define_instances(self, place: Placement) -> dict[str, rds.CfnDBInstance]:
        return define_instances(
            self,
            self.cfn_cluster,
            self.identifier,
            self.spec,
            key_arn=self.key_arn,
            role=self.cfn_monitoring_role,
            zones=place.availability_zones,
            parameters=self.cfn_instance_parameter_groups,
        )

    def _define_names(self, vpc_id: str) -> Names | None:
        if self.spec.dns is None:
            return None
        return Names(
            self,
            "Names",
            spec=self.spec.dns,
            writer=self.writer_endpoint,
            reader=self.reader_endpoint,
            endpoints={name: self.custom_endpoint(name) for name in self.cfn_endpoints},
            vpc_id=vpc_id,
        )

    def _define_autoscaling(self) -> ReplicaScaling | None:
        """With its alarm, unless the alarms are left out."""
        if self.spec.autoscaling is None:
            return None
        alarmed = self.spec.watch is not None and self.spec.watch.alarms is not None
        topic = self.watching.topic if self.watching is not None and alarmed else None
        return ReplicaScaling(
            self,
            "Autoscaling",
            identifier=self.identifier,
            spec=self.spec.autoscaling,
            after=self.cfn_instances.values(),
            topic_arn=topic.arn if topic is not None else None,
        )

    def _scaling(self) -> rds.CfnDBCluster.ServerlessV2ScalingConfigurationProperty | None:
        if not self.spec.has_serverless:
            return None
        serverless = self.spec.serverless
        return rds.CfnDBCluster.ServerlessV2ScalingConfigurationProperty(
            max_capacity=serverless.max_acu,
            min_capacity=serverless.min_acu,
            seconds_until_auto_pause=serverless.pause_after_s,
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

    @cached_property
    def cluster(self) -> rds.IDatabaseCluster:
        """The cluster for constructs that take CDK's L2 interface."""
        return rds.DatabaseCluster.from_database_cluster_attributes(
            self,
            "Database",
            cluster_identifier=self.cfn_cluster.ref,
            cluster_resource_identifier=self.cfn_cluster.attr_db_cluster_resource_id,
            cluster_endpoint_address=None if self.is_secondary else self.writer_endpoint,
            reader_endpoint_address=self.reader_endpoint,
            port=self.port,
            secret=self.secret if self.has_secret else None,
            security_groups=[self.security_group],
        )

    @property
    def is_member(self) -> bool:
        """Whether the cluster is a member of a Global Database, and so may be a secondary one day.

        DescribeDBClusters shows no writer endpoint of a secondary, and CloudFormation fails a stack that asks for an
        attribute that is not there: the stack of a member says none, and is deployed whoever is the primary.
        """
        return isinstance(self.replication, Membership)

    @property
    def is_secondary(self) -> bool:
        """Whether the cluster was born as a secondary of a Global Database."""
        return isinstance(self.replication, Membership) and self.replication.is_secondary

    @property
    def has_secret(self) -> bool:
        """Whether the master user's password is in a secret here; not with IAM, nor where users come with the data."""
        if self.replication is not None and self.replication.is_copy:
            return False
        return self.spec.master_authentication != "iam"

    @cached_property
    def secret(self) -> secretsmanager.ISecret:
        """The master user's secret, rotated every seven days: RDS's own, or the stack's (`own-secret`).

        Raises:
            ValueError: the master user logs in with IAM.
        """
        return secretsmanager.Secret.from_secret_attributes(
            self, "MasterSecret", secret_complete_arn=self.secret_arn, encryption_key=self.key
        )

    @property
    def secret_arn(self) -> str:
        if not self.has_secret:
            raise ValueError(
                f"{self.identifier}: master_authentication must be managed-secret or own-secret to have a secret, got "
                "iam; let a principal log in as the master user with `grant_connect`"
            )
        return self.cfn_secret.ref if self.cfn_secret else self.cfn_cluster.attr_master_user_secret_secret_arn

    @property
    def writer_endpoint(self) -> str:
        """Host name that leads to the writer.

        Raises:
            ValueError: the cluster was born as a secondary, of which RDS shows no such endpoint to CloudFormation.
        """
        if self.is_secondary:
            raise ValueError(
                f"{self.identifier}: writer_endpoint must be asked of the primary, got a secondary; use "
                "`reader_endpoint`, or the `writer_endpoint` of the `GlobalDatabase`"
            )
        return self.cfn_cluster.attr_endpoint_address

    @property
    def reader_endpoint(self) -> str:
        return self.cfn_cluster.attr_read_endpoint_address

    def custom_endpoint(self, name: str) -> str:
        """Host name of the custom endpoint of this name; KeyError when the spec has none."""
        return self.cfn_endpoints[name].attr_endpoint

    def grant_connect(self, grantee: iam.IGrantable, user: str) -> iam.Grant:
        """Let a principal log in as the database user `user` with an IAM token (valid for 15 minutes)."""
        resource_id = self.cfn_cluster.attr_db_cluster_resource_id
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["rds-db:connect"], resource_arns=connect_arns(resource_id, [user])
        )

    def grant_data_api(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal run SQL over HTTPS, as the user of the master's secret, which it may read for that.

        Raises:
            ValueError: the spec does not turn the Data API on.
        """
        if not self.spec.data_api:
            raise ValueError(f"{self.identifier}: data_api must be on to grant it, got false; set `data_api: true`")
        run = iam.Grant.add_to_principal(
            grantee=grantee, actions=DATA_API_ACTIONS, resource_arns=[self.cfn_cluster.attr_db_cluster_arn]
        )
        return run.combine(self.grant_secret_read(grantee))

    def grant_secret_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal read the master user's secret and decrypt it, through Secrets Manager only.

        Both go into the principal's own policy: CDK's `secret.grant_read` names the principal in the key's policy,
        which ties the two stacks into a circle when the principal lives in another one.
        """
        read = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            resource_arns=[self.secret_arn],
        )
        service = cdk.Fn.sub("secretsmanager.${AWS::Region}.amazonaws.com")
        decrypt = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kms:Decrypt"],
            resource_arns=[self.key_arn],
            conditions={"StringEquals": {"kms:ViaService": service}},
        )
        return read.combine(decrypt)

    def metric(self, name: str, *, statistic: str = "Average", instance: str | None = None) -> cloudwatch.Metric:
        """A metric of `AWS/RDS` by the minute, of the cluster or of the instance of this name."""
        dimensions = {"DBClusterIdentifier": self.identifier}
        if instance is not None:
            if instance not in self.spec.instances:
                raise KeyError(instance)
            dimensions = {"DBInstanceIdentifier": f"{self.identifier}-{instance}"}
        return service_metric("AWS/RDS", name, dimensions, statistic)

    def metric_replica_lag_ms(self) -> cloudwatch.Metric:
        """`AuroraReplicaLagMaximum`: the slowest reader's lag behind the writer, in milliseconds."""
        return self.metric("AuroraReplicaLagMaximum", statistic="Maximum")

    def metric_connections(self) -> cloudwatch.Metric:
        """`DatabaseConnections` over all instances."""
        return self.metric("DatabaseConnections", statistic="Sum")

    def metric_cpu_percent(self, instance: str) -> cloudwatch.Metric:
        """`CPUUtilization` of one instance, in percent."""
        return self.metric("CPUUtilization", instance=instance)

    def metric_acu(self, instance: str) -> cloudwatch.Metric:
        """`ServerlessDatabaseCapacity` of one serverless instance, in Aurora capacity units."""
        return self.metric("ServerlessDatabaseCapacity", instance=instance)

    def metric_volume_bytes(self) -> cloudwatch.Metric:
        """`VolumeBytesUsed` of the cluster's storage, in bytes; it is billed."""
        return self.metric("VolumeBytesUsed", statistic="Maximum")

    def metric_free_memory_bytes(self, instance: str) -> cloudwatch.Metric:
        """`FreeableMemory` of one instance, in bytes; of a serverless one, with what scaling up would still add."""
        return self.metric("FreeableMemory", instance=instance)

    def metric_free_local_storage_bytes(self, instance: str) -> cloudwatch.Metric:
        """`FreeLocalStorage` of one instance, in bytes."""
        return self.metric("FreeLocalStorage", instance=instance)

    def metric_acu_percent(self, instance: str) -> cloudwatch.Metric:
        """`ACUUtilization` of one serverless instance: its capacity in percent of `max_acu`."""
        return self.metric("ACUUtilization", instance=instance)

    def metric_deadlocks_per_s(self) -> cloudwatch.Metric:
        """`Deadlocks` over all instances, per second."""
        return self.metric("Deadlocks", statistic="Maximum")

    def metric_transaction_ids(self) -> cloudwatch.Metric:
        """`MaximumUsedTransactionIDs`: age of the oldest transaction id; PostgreSQL stops at 2,147,483,648."""
        return self.metric("MaximumUsedTransactionIDs", statistic="Maximum")

    def metric_commit_latency_ms(self) -> cloudwatch.Metric:
        """`CommitLatency` over all instances, in milliseconds."""
        return self.metric("CommitLatency")

    def metric_global_lag_ms(self, source_region: str) -> cloudwatch.Metric:
        """`AuroraGlobalDBReplicationLag` of a secondary cluster, in milliseconds; in its own Region only.

        `source_region` is where the primary is: CloudWatch keeps the metric by both.
        """
        return self._metric_from("AuroraGlobalDBReplicationLag", source_region)

    def metric_global_rpo_lag_ms(self, source_region: str) -> cloudwatch.Metric:
        """`AuroraGlobalDBRPOLag` of a secondary cluster, in milliseconds; as `metric_global_lag_ms`."""
        return self._metric_from("AuroraGlobalDBRPOLag", source_region)

    def _metric_from(self, name: str, source_region: str) -> cloudwatch.Metric:
        dimensions = {"DBClusterIdentifier": self.identifier, "SourceRegion": source_region}
        return service_metric("AWS/RDS", name, dimensions, "Maximum")
