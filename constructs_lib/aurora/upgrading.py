"""A blue/green deployment: a green copy of a cluster that runs the next version."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_rds as rds
from constructs import Construct

from constructs_lib.aurora import settings
from constructs_lib.foundation.cfn import acknowledge
from estate.aurora import AuroraSpec
from estate.upgrading import BlueGreenSpec

COPIED = frozenset({"AWS::RDS::DBInstance", "AWS::RDS::DBClusterEndpoint", "AWS::RDS::DBProxyTargetGroup"})
NEWER_THAN_SCHEMA = {
    "CloudFormation-Validate::F3006": (
        "AWS::RDS::Deployment is newer than the schema inside aws-cdk-lib; cfn-lint's newer one knows it and checks it"
    ),
}


class BlueGreen(Construct):
    """Define the deployment and the green cluster's own parameter groups, of the family of its version.

    Everything but its tags is create-only: a change needs another name, and makes another green copy. Switching over
    is an operation, never a template: `runbook` does it, and afterwards the stack's cluster, found by its name, is
    the green one, so that `version` in the file has to follow. `roles` are the parameters in which Aurora MySQL reads
    the roles of its integrations: the green cluster has them from blue, but not the group that names them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identifier: str,
        spec: AuroraSpec,
        source_arn: str,
        roles: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._roles = roles or {}
        green = spec.blue_green
        if green is None:
            raise ValueError(f"{identifier}: a green cluster must be declared, got none; add `blue_green`")
        self.cfn_parameter_group = self._define_parameters(identifier, spec, green)
        self.cfn_instance_parameter_group = self._define_instance_parameters(identifier, spec, green)
        instance_group = self.cfn_instance_parameter_group
        self.cfn_deployment = rds.CfnDeployment(
            self,
            "Deployment",
            blue_green_deployment_name=green.name,
            source=source_arn,
            target_db_cluster_parameter_group_name=self.cfn_parameter_group.ref,
            target_db_parameter_group_name=instance_group.ref if instance_group else None,
            target_engine_version=green.target_version,
        )
        acknowledge(self.cfn_deployment, NEWER_THAN_SCHEMA)

    def _define_parameters(
        self, identifier: str, spec: AuroraSpec, green: BlueGreenSpec
    ) -> rds.CfnDBClusterParameterGroup:
        return rds.CfnDBClusterParameterGroup(
            self,
            "Parameters",
            description=f"{identifier}: TLS required, green",
            family=_family(spec, green),
            parameters={**settings.parameters(spec), **green.parameters, **self._roles},
        )

    def _define_instance_parameters(
        self, identifier: str, spec: AuroraSpec, green: BlueGreenSpec
    ) -> rds.CfnDBParameterGroup | None:
        if not spec.instance_parameters:
            return None
        return rds.CfnDBParameterGroup(
            self,
            "InstanceParameters",
            description=f"{identifier}: green instances",
            family=_family(spec, green),
            parameters=spec.instance_parameters,
        )


def _family(spec: AuroraSpec, green: BlueGreenSpec) -> str:
    return settings.parameter_group_family(spec.model_copy(update={"version": green.target_version}))


def follow(deployment: rds.CfnDeployment, cluster: Construct) -> None:
    """Let the deployment wait for everything of the cluster that green is a copy of, or that has to know both.

    A proxy has to have its targets before the deployment is made, or it never learns of green. [Aurora user guide,
    blue-green-deployments-overview, RDS Proxy]
    """
    for child in cluster.node.find_all():
        if isinstance(child, cdk.CfnResource) and child.cfn_resource_type in COPIED:
            deployment.add_resource_dependency(child)
