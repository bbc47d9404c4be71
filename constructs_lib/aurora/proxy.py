"""RDS Proxy before a cluster: IAM and TLS on the client's side, least privilege on the database's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge
from constructs_lib.foundation.log_groups import define_log_groups
from constructs_lib.foundation.placement import Placement, define_security_group, imported
from constructs_lib.foundation.reach import define_ingress
from estate import names
from estate.aurora import AuroraSpec
from estate.engines import MYSQL
from estate.reach import PROXY_PORTS, ProxySpec

ENGINE_FAMILIES = {MYSQL: "MYSQL"}
"""`POSTGRESQL` otherwise."""
TARGET_GROUP = "default"
"""The only name that RDS takes."""

NEWER_TAGS = {
    "CloudFormation-Validate::F3002": (
        "tags of AWS::RDS::DBProxyTargetGroup are newer than the schema inside aws-cdk-lib; cfn-lint's newer one knows "
        "them and checks them"
    ),
}


def connect_arns(resource_id: str, users: Iterable[str]) -> list[str]:
    """What `rds-db:connect` is granted on: users of the cluster (`cluster-...`) or proxy (`prx-...`) of that id."""
    pattern = "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${ResourceId}/"
    return [cdk.Fn.sub(pattern + user, {"ResourceId": resource_id}) for user in users]


class Proxy(Construct):
    """Define a proxy in the cluster's subnets, with an endpoint of its own for readers.

    It listens on 5432 (PostgreSQL) or 3306 (MySQL), whatever the cluster's own port is; there is no choosing.
    Clients log in with IAM. The proxy itself logs in with IAM too, as the users named, or as the master user with
    the cluster's secret where none is. Its security group lets in who may connect to the cluster, and out to the
    cluster only; the sources may still go round it, which costs them nothing and the pool its use.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: AuroraSpec,
        proxy: ProxySpec,
        cluster: rds.CfnDBCluster,
        cluster_group_id: str,
        instances: Iterable[rds.CfnDBInstance],
        secret_arn: str | None,
        key_arn: str,
        place: Placement,
        retain: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.identifier = identifier
        self.spec = spec
        self.proxy_spec = proxy
        self.cfn_log_groups = define_log_groups(
            self,
            {"proxy": names.proxy_log_group(names.proxy_name(identifier))},
            key_arn=key_arn,
            retention_days=spec.log_retention_days,
            retain=retain,
        )
        self.port = PROXY_PORTS[spec.engine]
        self._subnet_ids = list(place.subnet_ids)
        self.cfn_security_group = self._define_group(place.vpc_id, cluster_group_id)
        self.cfn_ingress = self._define_ingress(cluster_group_id)
        self.cfn_policy = self._define_policy(cluster, secret_arn, key_arn)
        self.cfn_role = self._define_role()
        self.cfn_proxy = self._define_proxy(secret_arn)
        self.cfn_target_group = self._define_target_group(cluster, instances)
        self.cfn_reader_endpoint = self._define_reader_endpoint() if proxy.reader_endpoint else None

    def _define_group(self, vpc_id: str, cluster_group_id: str) -> ec2.CfnSecurityGroup:
        to_cluster = ec2.CfnSecurityGroup.EgressProperty(
            description="The cluster",
            destination_security_group_id=cluster_group_id,
            from_port=self.spec.effective_port,
            ip_protocol="tcp",
            to_port=self.spec.effective_port,
        )
        return define_security_group(
            self, vpc_id=vpc_id, description=f"{self.identifier}: RDS Proxy", egress=[to_cluster]
        )

    def _define_ingress(self, cluster_group_id: str) -> dict[str, ec2.CfnSecurityGroupIngress]:
        """Into the proxy for each source, and into the cluster for the proxy."""
        group_id = self.cfn_security_group.attr_group_id
        self.cfn_cluster_ingress = ec2.CfnSecurityGroupIngress(
            self,
            "Ingress",
            description="RDS Proxy",
            from_port=self.spec.effective_port,
            group_id=cluster_group_id,
            ip_protocol="tcp",
            source_security_group_id=group_id,
            to_port=self.spec.effective_port,
        )
        return define_ingress(self, group_id=group_id, port=self.port, allow_from=self.spec.allow_from)

    def _define_policy(self, cluster: rds.CfnDBCluster, secret_arn: str | None, key_arn: str) -> iam.CfnManagedPolicy:
        """What the proxy may log in with; a managed policy, since inline ones are findings in four packs."""
        return iam.CfnManagedPolicy(
            self,
            "Policy",
            description=f"What the proxy of {self.identifier} logs in with",
            policy_document={"Version": "2012-10-17", "Statement": self._statements(cluster, secret_arn, key_arn)},
        )

    def _statements(self, cluster: rds.CfnDBCluster, secret_arn: str | None, key_arn: str) -> list[dict[str, Any]]:
        if self.proxy_spec.users:
            users = connect_arns(cluster.attr_db_cluster_resource_id, self.proxy_spec.users)
            return [{"Effect": "Allow", "Action": "rds-db:connect", "Resource": users}]
        through = {"kms:ViaService": cdk.Fn.sub("secretsmanager.${AWS::Region}.amazonaws.com")}
        return [
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret_arn},
            {
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": key_arn,
                "Condition": {"StringEquals": through},
            },
        ]

    def _define_role(self) -> iam.CfnRole:
        """Trusts RDS as the guide writes it, without a condition: it documents none that a proxy would meet."""
        trust = {"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
        return iam.CfnRole(
            self,
            "Role",
            assume_role_policy_document={"Version": "2012-10-17", "Statement": [trust]},
            managed_policy_arns=[self.cfn_policy.ref],
        )

    def _define_proxy(self, secret_arn: str | None) -> rds.CfnDBProxy:
        proxy = rds.CfnDBProxy(
            self,
            "Proxy",
            auth=None if self.proxy_spec.users else self._auth(secret_arn),
            db_proxy_name=names.proxy_name(self.identifier),
            debug_logging=False,
            default_auth_scheme="IAM_AUTH" if self.proxy_spec.users else "NONE",
            engine_family=ENGINE_FAMILIES.get(self.spec.engine, "POSTGRESQL"),
            idle_client_timeout=self.proxy_spec.idle_client_timeout_s,
            require_tls=True,
            role_arn=self.cfn_role.attr_arn,
            vpc_security_group_ids=[self.cfn_security_group.attr_group_id],
            vpc_subnet_ids=self._subnet_ids,
        )
        for group in self.cfn_log_groups.values():
            proxy.add_resource_dependency(group)
        return proxy

    def _auth(self, secret_arn: str | None) -> Sequence[rds.CfnDBProxy.AuthFormatProperty]:
        if secret_arn is None:
            raise ValueError(
                f"{self.identifier}: proxy.users must be named for a cluster without a secret, got none; name the "
                "database users that come through the proxy"
            )
        return [
            rds.CfnDBProxy.AuthFormatProperty(
                auth_scheme="SECRETS", description="The master user", iam_auth="REQUIRED", secret_arn=secret_arn
            )
        ]

    def _define_target_group(
        self, cluster: rds.CfnDBCluster, instances: Iterable[rds.CfnDBInstance]
    ) -> rds.CfnDBProxyTargetGroup:
        """After the instances, so that there is something to connect to when the stack is done."""
        group = rds.CfnDBProxyTargetGroup(
            self,
            "Targets",
            connection_pool_configuration_info=rds.CfnDBProxyTargetGroup.ConnectionPoolConfigurationInfoFormatProperty(
                connection_borrow_timeout=self.proxy_spec.borrow_timeout_s,
                max_connections_percent=self.proxy_spec.max_connections_percent,
            ),
            db_cluster_identifiers=[cluster.ref],
            db_proxy_name=self.cfn_proxy.ref,
            target_group_name=TARGET_GROUP,
        )
        acknowledge(group, NEWER_TAGS)
        for needed in (self.cfn_cluster_ingress, *instances):
            group.add_resource_dependency(needed)
        return group

    def _define_reader_endpoint(self) -> rds.CfnDBProxyEndpoint:
        endpoint = rds.CfnDBProxyEndpoint(
            self,
            "Readers",
            db_proxy_endpoint_name=names.proxy_reader_endpoint(self.identifier),
            db_proxy_name=self.cfn_proxy.ref,
            target_role="READ_ONLY",
            vpc_security_group_ids=[self.cfn_security_group.attr_group_id],
            vpc_subnet_ids=self._subnet_ids,
        )
        endpoint.add_resource_dependency(self.cfn_target_group)
        return endpoint

    @property
    def endpoint(self) -> str:
        """Host name that answers with the writer."""
        return self.cfn_proxy.attr_endpoint

    @property
    def reader_endpoint(self) -> str | None:
        """Host name that answers with readers; None where the spec has it off."""
        return self.cfn_reader_endpoint.attr_endpoint if self.cfn_reader_endpoint else None

    @cached_property
    def connections(self) -> ec2.Connections:
        """Who may connect to the proxy, beside `allow_from`; the port is the literal number."""
        group = imported(self, self.cfn_security_group)
        return ec2.Connections(security_groups=[group], default_port=ec2.Port.tcp(self.port))

    def grant_connect(self, grantee: iam.IGrantable, user: str) -> iam.Grant:
        """Let a principal log in to the proxy as the database user `user` with an IAM token.

        The ARN names the proxy's resource id (`prx-...`), not the cluster's: a right to the one is none to the other.
        """
        resource_id = cdk.Fn.select(6, cdk.Fn.split(":", self.cfn_proxy.attr_db_proxy_arn))
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["rds-db:connect"], resource_arns=connect_arns(resource_id, [user])
        )
