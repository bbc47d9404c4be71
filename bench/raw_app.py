"""The peer of the synthesis bench: `shop.yaml` written by hand over aws-cdk-lib, with nothing of this kit.

It emits the same resources as `app.py` does for that file, which `bench/synthesis.py` and a test compare; L1s
throughout, since they cost the fewest round trips to Node. Whoever changes a template changes this too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_ssm as ssm
from constructs import Construct

SETTINGS = Path(__file__).resolve().parent.parent / "cdk.json"
USE = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
USE_BY_LOGS = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
]


class ShopStack(cdk.Stack):
    """What the four stacks have in common."""

    def __init__(self, scope: Construct, name: str, resource: str) -> None:
        super().__init__(
            scope,
            name,
            analytics_reporting=False,
            env=cdk.Environment(region="eu-west-1"),
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            termination_protection=True,
        )
        cdk.Tags.of(self).add("aurora-estate:estate", "shop")
        cdk.Tags.of(self).add("product", "shop")
        cdk.Tags.of(self).add("aurora-estate:resource", resource)

    def key(self, description: str, services: list[str], log_groups: list[str]) -> kms.CfnKey:
        """A rotated key that stays, usable through these services and for these log groups."""
        key = kms.CfnKey(
            self,
            "Key",
            description=description,
            enable_key_rotation=True,
            key_policy={
                "Version": "2012-10-17",
                "Statement": [administer(), no_grants(), *through(services), for_logs(log_groups)],
            },
        )
        key.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        return key

    def log_group(self, construct_id: str, name: str, key: kms.CfnKey) -> logs.CfnLogGroup:
        group = logs.CfnLogGroup(
            self, construct_id, kms_key_id=key.attr_arn, log_group_name=name, retention_in_days=365
        )
        group.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        return group

    def security_group(self, description: str, vpc_id: str) -> ec2.CfnSecurityGroup:
        """A group that lets nothing in or out."""
        nothing = ec2.CfnSecurityGroup.EgressProperty(
            cidr_ip="127.0.0.1/32", description="Nothing goes out", from_port=1, ip_protocol="tcp", to_port=1
        )
        return ec2.CfnSecurityGroup(
            self, "SecurityGroup", group_description=description, security_group_egress=[nothing], vpc_id=vpc_id
        )

    def network(self) -> tuple[str, list[str]]:
        """VPC id and subnet ids of the network stack, by way of Parameter Store."""
        vpc_id = cdk.CfnParameter(
            self,
            "NetworkVpcId",
            type="AWS::SSM::Parameter::Value<String>",
            default="/aurora-estate/shop/network/vpc-id",
        )
        subnet_ids = cdk.CfnParameter(
            self,
            "NetworkSubnetIds",
            type="AWS::SSM::Parameter::Value<List<String>>",
            default="/aurora-estate/shop/network/subnet-ids",
        )
        return vpc_id.value_as_string, subnet_ids.value_as_list

    def outputs(self, **values: str) -> None:
        for name, value in values.items():
            cdk.CfnOutput(self, name, value=value)


def account_root() -> dict[str, Any]:
    return {"AWS": cdk.Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}


def administer() -> dict[str, Any]:
    return {
        "Action": ADMINISTER,
        "Effect": "Allow",
        "Principal": account_root(),
        "Resource": "*",
        "Sid": "AccountAdministersKey",
    }


def no_grants() -> dict[str, Any]:
    return {
        "Action": "kms:CreateGrant",
        "Condition": {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}},
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Resource": "*",
        "Sid": "GrantsOnlyToServices",
    }


def through(services: list[str]) -> list[dict[str, Any]]:
    if not services:
        return []
    endpoints = [cdk.Fn.sub(service + ".${AWS::Region}.amazonaws.com") for service in services]
    return [
        {
            "Action": USE,
            "Condition": {"StringEquals": {"kms:ViaService": endpoints}},
            "Effect": "Allow",
            "Principal": account_root(),
            "Resource": "*",
            "Sid": "UseThroughServices",
        }
    ]


def for_logs(log_groups: list[str]) -> dict[str, Any]:
    prefix = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    arns = [cdk.Fn.sub(prefix + name) for name in log_groups]
    return {
        "Action": USE_BY_LOGS,
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arns}},
        "Effect": "Allow",
        "Principal": {"Service": cdk.Fn.sub("logs.${AWS::Region}.amazonaws.com")},
        "Resource": "*",
        "Sid": "LogsOfTheseGroups",
    }


def trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            }
        ],
    }


class Network(ShopStack):
    """A VPC of three isolated subnets, with flow logs."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "shop-network", "network")
        vpc = ec2.CfnVPC(
            self,
            "Vpc",
            cidr_block="10.20.0.0/16",
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=[cdk.CfnTag(key="Name", value="shop")],
        )
        subnet_ids = self.define_subnets(vpc)
        self.define_flow_logs(vpc)
        ssm.CfnParameter(
            self,
            "VpcIdParameter",
            description="vpc-id of estate shop",
            name="/aurora-estate/shop/network/vpc-id",
            type="String",
            value=vpc.attr_vpc_id,
        )
        ssm.CfnParameter(
            self,
            "SubnetIdsParameter",
            description="subnet-ids of estate shop",
            name="/aurora-estate/shop/network/subnet-ids",
            type="StringList",
            value=cdk.Fn.join(",", subnet_ids),
        )
        self.outputs(VpcId=vpc.attr_vpc_id)

    def define_subnets(self, vpc: ec2.CfnVPC) -> list[str]:
        routes = ec2.CfnRouteTable(self, "Routes", vpc_id=vpc.attr_vpc_id)
        subnet_ids: list[str] = []
        for index, cidr in enumerate(("10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20")):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{index + 1}",
                availability_zone=cdk.Fn.select(index, cdk.Fn.get_azs()),
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags=[cdk.CfnTag(key="Name", value=f"shop-isolated-zone{index + 1}")],
                vpc_id=vpc.attr_vpc_id,
            )
            ec2.CfnSubnetRouteTableAssociation(
                self,
                f"Subnet{index + 1}Routes",
                route_table_id=routes.attr_route_table_id,
                subnet_id=subnet.attr_subnet_id,
            )
            subnet_ids.append(subnet.attr_subnet_id)
        return subnet_ids

    def define_flow_logs(self, vpc: ec2.CfnVPC) -> None:
        name = "/aws/vpc/shop/flow-logs"
        group = self.log_group("FlowLogs", name, self.key("shop: flow logs", [], [name]))
        delivery = iam.CfnManagedPolicy(
            self,
            "FlowLogDelivery",
            description="Deliver the flow logs of shop",
            policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                        "Resource": group.attr_arn,
                    }
                ],
            },
        )
        role = iam.CfnRole(
            self,
            "FlowLogRole",
            assume_role_policy_document=trust("vpc-flow-logs.amazonaws.com"),
            managed_policy_arns=[delivery.ref],
        )
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            deliver_logs_permission_arn=role.attr_arn,
            log_destination_type="cloud-watch-logs",
            log_group_name=group.ref,
            resource_id=vpc.attr_vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
        )


class AuroraBase(ShopStack):
    """What both clusters have in common."""

    def surround(
        self, name: str, exports: list[str], family: str, parameters: dict[str, str]
    ) -> tuple[dict[str, Any], list[logs.CfnLogGroup]]:
        """Everything a cluster stands on, as arguments of the cluster, and its log groups."""
        vpc_id, subnet_ids = self.network()
        groups = [f"/aws/rds/cluster/{name}/{export}" for export in exports]
        key = self.key(f"{name}: data, master secret, insights and logs", ["rds", "secretsmanager"], groups)
        self.key_arn = key.attr_arn
        group = self.security_group(f"{name}: Aurora cluster", vpc_id)
        self.security_group_id = group.attr_group_id
        log_groups = [self.log_group(f"Log{export}", path, key) for export, path in zip(exports, groups, strict=True)]
        parameter_group = rds.CfnDBClusterParameterGroup(
            self, "Parameters", description=f"{name}: TLS required", family=family, parameters=parameters
        )
        subnets = rds.CfnDBSubnetGroup(
            self, "Subnets", db_subnet_group_description=f"{name}: subnets", subnet_ids=subnet_ids
        )
        self.monitoring_role = iam.CfnRole(
            self,
            "MonitoringRole",
            assume_role_policy_document=trust("monitoring.rds.amazonaws.com"),
            managed_policy_arns=[
                cdk.Fn.sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole")
            ],
        )
        return {
            "db_cluster_identifier": name,
            "db_cluster_parameter_group_name": parameter_group.ref,
            "db_subnet_group_name": subnets.ref,
            "enable_cloudwatch_logs_exports": exports,
            "kms_key_id": self.key_arn,
            "master_user_secret": rds.CfnDBCluster.MasterUserSecretProperty(kms_key_id=self.key_arn),
            "vpc_security_group_ids": [self.security_group_id],
        }, log_groups

    def protect(self, cluster: rds.CfnDBCluster, log_groups: list[logs.CfnLogGroup]) -> None:
        cluster.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.SNAPSHOT
        cluster.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.SNAPSHOT
        for group in log_groups:
            cluster.add_resource_dependency(group)

    def instance(
        self, cluster: rds.CfnDBCluster, identifier: str, engine: str, instance_class: str, tier: int
    ) -> rds.CfnDBInstance:
        instance = rds.CfnDBInstance(
            self,
            identifier,
            auto_minor_version_upgrade=True,
            db_cluster_identifier=cluster.ref,
            db_instance_class=instance_class,
            db_instance_identifier=identifier,
            enable_performance_insights=True,
            engine=engine,
            monitoring_interval=60,
            monitoring_role_arn=self.monitoring_role.attr_arn,
            performance_insights_kms_key_id=self.key_arn,
            performance_insights_retention_period=7,
            promotion_tier=tier,
            publicly_accessible=False,
        )
        instance.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.DELETE
        instance.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.DELETE
        return instance

    def cluster_outputs(self, cluster: rds.CfnDBCluster, port: int) -> None:
        self.outputs(
            ClusterIdentifier=cluster.ref,
            WriterEndpoint=cluster.attr_endpoint_address,
            ReaderEndpoint=cluster.attr_read_endpoint_address,
            Port=str(port),
            SecretArn=cluster.attr_master_user_secret_secret_arn,
            SecurityGroupId=self.security_group_id,
        )


class Orders(AuroraBase):
    """Aurora PostgreSQL: two provisioned instances, a serverless one, a custom endpoint."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "shop-aurora-orders", "orders")
        surroundings, log_groups = self.surround(
            "shop-orders", ["postgresql"], "aurora-postgresql17", {"rds.force_ssl": "1"}
        )
        cluster = rds.CfnDBCluster(
            self,
            "Cluster",
            **surroundings,
            backup_retention_period=35,
            copy_tags_to_snapshot=True,
            database_name="orders",
            delete_automated_backups=False,
            deletion_protection=True,
            enable_iam_database_authentication=True,
            engine="aurora-postgresql",
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            engine_version="17.7",
            manage_master_user_password=True,
            master_username="dbadmin",
            port=5433,
            serverless_v2_scaling_configuration=rds.CfnDBCluster.ServerlessV2ScalingConfigurationProperty(
                max_capacity=8, min_capacity=0.5
            ),
            storage_encrypted=True,
        )
        self.protect(cluster, log_groups)
        a = self.instance(cluster, "shop-orders-a", "aurora-postgresql", "db.r8g.large", 0)
        b = self.instance(cluster, "shop-orders-b", "aurora-postgresql", "db.r8g.large", 1)
        reporting = self.instance(cluster, "shop-orders-reporting", "aurora-postgresql", "db.serverless", 15)
        b.add_resource_dependency(a)
        reporting.add_resource_dependency(a)
        self.define_endpoint(cluster, reporting)
        self.cluster_outputs(cluster, 5433)

    def define_endpoint(self, cluster: rds.CfnDBCluster, reporting: rds.CfnDBInstance) -> None:
        endpoint = rds.CfnDBClusterEndpoint(
            self,
            "ReportingEndpoint",
            custom_endpoint_type="READER",
            db_cluster_endpoint_identifier="shop-orders-reporting",
            db_cluster_identifier=cluster.ref,
            static_members=[reporting.ref],
        )
        # Without this, synthesis fails: the schema inside aws-cdk-lib does not know the type yet.
        cdk.Validations.of(endpoint).acknowledge(
            cdk.Acknowledgment(id="CloudFormation-Validate::F3006", reason="newer than the bundled schema")
        )


class Catalog(AuroraBase):
    """Aurora MySQL: two provisioned instances."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "shop-aurora-catalog", "catalog")
        surroundings, log_groups = self.surround(
            "shop-catalog",
            ["audit", "error", "general", "slowquery"],
            "aurora-mysql8.0",
            {
                "require_secure_transport": "ON",
                "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
                "server_audit_logging": "1",
                "slow_query_log": "1",
            },
        )
        cluster = rds.CfnDBCluster(
            self,
            "Cluster",
            **surroundings,
            backtrack_window=86400,
            backup_retention_period=35,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            enable_iam_database_authentication=True,
            engine="aurora-mysql",
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            engine_version="8.0.mysql_aurora.3.10.0",
            manage_master_user_password=True,
            master_username="dbadmin",
            port=3307,
            storage_encrypted=True,
        )
        self.protect(cluster, log_groups)
        a = self.instance(cluster, "shop-catalog-a", "aurora-mysql", "db.r8g.large", 0)
        b = self.instance(cluster, "shop-catalog-b", "aurora-mysql", "db.r8g.large", 1)
        b.add_resource_dependency(a)
        self.cluster_outputs(cluster, 3307)


class Sessions(ShopStack):
    """Valkey: two shards with a replica each, two IAM users."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "shop-cache-sessions", "sessions")
        vpc_id, subnet_ids = self.network()
        names = {kind: f"/aws/elasticache/shop-sessions/{kind}" for kind in ("engine-log", "slow-log")}
        key = self.key("shop-sessions: data, snapshots and logs", ["elasticache"], list(names.values()))
        group = self.security_group("shop-sessions: cache", vpc_id)
        log_groups = {kind: self.log_group(kind, name, key) for kind, name in names.items()}
        parameters = elasticache.CfnParameterGroup(
            self,
            "Parameters",
            cache_parameter_group_family="valkey8",
            description="shop-sessions: parameters",
            properties={"cluster-enabled": "yes"},
        )
        subnets = elasticache.CfnSubnetGroup(
            self, "Subnets", description="shop-sessions: subnets", subnet_ids=subnet_ids
        )
        cache = self.define_replication_group(
            auto_minor_version_upgrade=True,
            cache_parameter_group_name=parameters.ref,
            cache_subnet_group_name=subnets.ref,
            kms_key_id=key.attr_arn,
            log_delivery_configurations=[self.delivery(kind, log_groups[kind]) for kind in names],
            security_group_ids=[group.attr_group_id],
            user_group_ids=[self.define_users().ref],
        )
        self.outputs(
            ReplicationGroupId=cache.ref,
            ConfigurationEndpoint=cache.attr_configuration_end_point_address,
            Port="6380",
            SecurityGroupId=group.attr_group_id,
        )

    def define_users(self) -> elasticache.CfnUserGroup:
        users = {
            "web": "on ~session:* +@read +@write +@connection",
            "reports": "on ~session:* +@read +@connection",
        }
        made = [
            elasticache.CfnUser(
                self,
                name,
                access_string=access,
                authentication_mode={"Type": "iam"},
                engine="valkey",
                user_id=f"shop-sessions-{name}",
                user_name=f"shop-sessions-{name}",
            )
            for name, access in users.items()
        ]
        return elasticache.CfnUserGroup(
            self, "Users", engine="valkey", user_group_id="shop-sessions", user_ids=[user.ref for user in made]
        )

    def delivery(
        self, kind: str, group: logs.CfnLogGroup
    ) -> elasticache.CfnReplicationGroup.LogDeliveryConfigurationRequestProperty:
        cache = elasticache.CfnReplicationGroup
        return cache.LogDeliveryConfigurationRequestProperty(
            destination_details=cache.DestinationDetailsProperty(
                cloud_watch_logs_details=cache.CloudWatchLogsDestinationDetailsProperty(log_group=group.ref)
            ),
            destination_type="cloudwatch-logs",
            log_format="json",
            log_type=kind,
        )

    def define_replication_group(self, **surroundings: Any) -> elasticache.CfnReplicationGroup:
        cache = elasticache.CfnReplicationGroup(
            self,
            "Cache",
            **surroundings,
            at_rest_encryption_enabled=True,
            automatic_failover_enabled=True,
            cache_node_type="cache.r7g.large",
            cluster_mode="enabled",
            engine="valkey",
            engine_version="8.2",
            multi_az_enabled=True,
            num_node_groups=2,
            port=6380,
            replicas_per_node_group=1,
            replication_group_description="shop-sessions: valkey",
            replication_group_id="shop-sessions",
            snapshot_retention_limit=15,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
        )
        cache.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.SNAPSHOT
        cache.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.SNAPSHOT
        cache.cfn_options.update_policy = cdk.CfnUpdatePolicy(use_online_resharding=True)
        return cache


def main() -> None:
    context = json.loads(SETTINGS.read_text(encoding="utf-8"))["context"]
    app = cdk.App(analytics_reporting=False, context=context, stack_traces=False, tree_metadata=False)
    network = Network(app)
    for stack in (Orders(app), Catalog(app), Sessions(app)):
        stack.add_stack_dependency(network)
    app.synth()


if __name__ == "__main__":
    main()
