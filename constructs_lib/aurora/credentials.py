"""How the master user logs in: a secret that RDS manages, a secret of the stack's own, or IAM."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from constructs_lib.foundation.placement import Placement, define_security_group
from estate import names
from estate.aurora import AuroraSpec
from estate.engines import MYSQL

TRANSFORM = "AWS::SecretsManager-2024-09-16"
"""Makes the rotation function; this version also updates its runtime whenever the stack is updated."""
ROTATION_SCHEDULE = "rate(7 days)"
"""As often as RDS rotates a secret that it manages."""
ROTATION_TYPES = {MYSQL: "MySQLSingleUser"}
"""`PostgreSQLSingleUser` otherwise."""
PASSWORD_LENGTH = 40
"""Aurora MySQL takes 8 to 41 characters, Aurora PostgreSQL 8 to 99 (quotas of the Aurora guide)."""
EXCLUDED_CHARACTERS = "\"'/:@\\"
"""Aurora refuses `/ ' " @` and spaces; the others break connection strings.

Another list, or another length, makes a new password for secrets that exist, which their clusters don't know.
"""


def define_own_secret(
    scope: Construct, identifier: str, spec: AuroraSpec, *, key_arn: str, retain: bool
) -> secretsmanager.CfnSecret | None:
    """Define the master user's secret, under a name that follows from the cluster's; None where it has none of its own.

    The name is literal, so that a member of a global database in another stack, a runbook and the password's
    reference in the cluster all know it.
    """
    if spec.master_authentication != "own-secret":
        return None
    secret = secretsmanager.CfnSecret(
        scope,
        "OwnSecret",
        description=f"{identifier}: master user",
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            exclude_characters=EXCLUDED_CHARACTERS,
            generate_string_key="password",
            password_length=PASSWORD_LENGTH,
            secret_string_template=json.dumps({"username": spec.master_username}),
        ),
        kms_key_id=key_arn,
        name=names.master_secret(identifier),
    )
    secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY)
    return secret


def master_user(spec: AuroraSpec, identifier: str, key_arn: str) -> dict[str, Any]:
    """Arguments of `CfnDBCluster` that say who the master user is; a member of a global database takes none of them."""
    given: dict[str, Any] = {"master_username": spec.master_username}
    if spec.master_authentication == "iam":
        return {**given, "master_user_authentication_type": "iam-db-auth"}
    if spec.master_authentication == "own-secret":
        return {**given, "master_user_password": password_reference(identifier)}
    kept = rds.CfnDBCluster.MasterUserSecretProperty(kms_key_id=key_arn)
    return {**given, "manage_master_user_password": True, "master_user_secret": kept}


def password_reference(identifier: str) -> str:
    """What CloudFormation replaces by the password, when it creates the cluster; literal, as scanners want it."""
    return f"{{{{resolve:secretsmanager:{names.master_secret(identifier)}:SecretString:password}}}}"


class Rotation(Construct):
    """Define the rotation of a cluster's own secret, every seven days, by a function of Secrets Manager's own.

    The function runs in the cluster's subnets behind a group of its own, which lets it out to two places: the cluster,
    and the VPC endpoint of Secrets Manager. CloudFormation makes it by a transform, for which `CAPABILITY_AUTO_EXPAND`
    must be given; the CDK CLI does.

    Raises:
        ValueError: the place names no security group of VPC endpoints.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: AuroraSpec,
        secret: secretsmanager.CfnSecret,
        key_arn: str,
        cluster: rds.CfnDBCluster,
        cluster_group_id: str,
        instances: Iterable[rds.CfnDBInstance],
        place: Placement,
    ) -> None:
        super().__init__(scope, construct_id)
        self._open = (cluster_group_id, spec.effective_port)
        self.cfn_security_group = self._define_group(identifier, place)
        self.cfn_ingress = self._define_ingress()
        self.cfn_attachment = secretsmanager.CfnSecretTargetAttachment(
            self, "Attachment", secret_id=secret.ref, target_id=cluster.ref, target_type="AWS::RDS::DBCluster"
        )
        self.cfn_schedule = self._define_schedule(spec, secret, key_arn, place)
        for needed in (self.cfn_attachment, self.cfn_ingress, *instances):
            self.cfn_schedule.add_resource_dependency(needed)

    def _define_group(self, identifier: str, place: Placement) -> ec2.CfnSecurityGroup:
        if place.endpoint_security_group_id is None:
            raise ValueError(
                f"{identifier}: endpoint_security_group_id must be given for master_authentication own-secret, got "
                "nothing; name the security group of the VPC's Secrets Manager endpoint in the `Placement`"
            )
        group_id, port = self._open
        return define_security_group(
            self,
            vpc_id=place.vpc_id,
            description=f"{identifier}: password rotation",
            egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    description="The database",
                    destination_security_group_id=group_id,
                    from_port=port,
                    ip_protocol="tcp",
                    to_port=port,
                ),
                ec2.CfnSecurityGroup.EgressProperty(
                    description="The VPC endpoint of Secrets Manager",
                    destination_security_group_id=place.endpoint_security_group_id,
                    from_port=443,
                    ip_protocol="tcp",
                    to_port=443,
                ),
            ],
        )

    def _define_ingress(self) -> ec2.CfnSecurityGroupIngress:
        group_id, port = self._open
        return ec2.CfnSecurityGroupIngress(
            self,
            "Ingress",
            description="Password rotation",
            from_port=port,
            group_id=group_id,
            ip_protocol="tcp",
            source_security_group_id=self.cfn_security_group.attr_group_id,
            to_port=port,
        )

    def _define_schedule(
        self, spec: AuroraSpec, secret: secretsmanager.CfnSecret, key_arn: str, place: Placement
    ) -> secretsmanager.CfnRotationSchedule:
        """The first rotation waits for the schedule: nothing is gained by one while the stack is being made."""
        cdk.Stack.of(self).add_transform(TRANSFORM)
        return secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            hosted_rotation_lambda=secretsmanager.CfnRotationSchedule.HostedRotationLambdaProperty(
                exclude_characters=EXCLUDED_CHARACTERS,
                kms_key_arn=key_arn,
                rotation_type=ROTATION_TYPES.get(spec.engine, "PostgreSQLSingleUser"),
                vpc_security_group_ids=self.cfn_security_group.attr_group_id,
                vpc_subnet_ids=cdk.Fn.join(",", list(place.subnet_ids)),
            ),
            rotate_immediately_on_update=False,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=ROTATION_SCHEDULE
            ),
            secret_id=secret.ref,
        )
