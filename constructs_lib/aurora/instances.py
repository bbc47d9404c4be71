"""Instances of a cluster, keyed by name, and the role that watches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from constructs import Construct

from constructs_lib.aurora import settings
from constructs_lib.foundation.cfn import acknowledge, apply_overrides, pascal, set_policies
from constructs_lib.foundation.trust import service_trust
from estate.aurora import AuroraSpec
from estate.instances import InstanceSpec

MONITORING_POLICY = "service-role/AmazonRDSEnhancedMonitoringRole"

UNAVOIDABLE_OF_ROLE = {
    f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{MONITORING_POLICY}]": (
        "AWS's own policy for enhanced monitoring: one of our own needs wildcards over log streams (AwsSolutions-IAM5)"
    ),
}
UNAVOIDABLE_OF_INSTANCE = {
    f"{pack}-RDSInBackupPlan": (
        "AWS Backup protects Aurora per cluster, not per instance, and the cluster has continuous backups of its own"
    )
    for pack in ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5")
}


def define_monitoring_role(scope: Construct, spec: AuroraSpec) -> iam.CfnRole | None:
    """Define the role of enhanced monitoring, in the same template (CT.RDS.PR.2), unless nothing is watched."""
    if not (spec.enhanced_monitoring_s and spec.instances):
        return None
    role = iam.CfnRole(
        scope,
        "MonitoringRole",
        assume_role_policy_document=service_trust("monitoring.rds.amazonaws.com"),
        managed_policy_arns=[cdk.Fn.sub("arn:${AWS::Partition}:iam::aws:policy/" + MONITORING_POLICY)],
    )
    acknowledge(role, UNAVOIDABLE_OF_ROLE)
    return role


def define_instance_parameters(
    scope: Construct, identifier: str, spec: AuroraSpec
) -> dict[str, rds.CfnDBParameterGroup]:
    """Define the parameter group of each instance that has parameters: one group for all that have the same.

    An instance without a group of its own takes the family's default, or what the cluster's group says.
    """
    groups: dict[str, rds.CfnDBParameterGroup] = {}
    made: dict[tuple[tuple[str, str], ...], rds.CfnDBParameterGroup] = {}
    for name in sorted(spec.instances):
        values = settings.instance_parameters(spec, spec.instances[name])
        if not values:
            continue
        key = tuple(sorted(values.items()))
        if key not in made:
            shared = values == spec.instance_parameters
            made[key] = rds.CfnDBParameterGroup(
                scope,
                "SharedParameters" if shared else f"ParametersOf{pascal(name)}",
                description=f"{identifier}: instance parameters" + ("" if shared else f" of {name}"),
                family=settings.parameter_group_family(spec),
                parameters=values,
            )
        groups[name] = made[key]
    return groups


def define_instances(
    scope: Construct,
    cluster: rds.CfnDBCluster,
    identifier: str,
    spec: AuroraSpec,
    *,
    key_arn: str,
    role: iam.CfnRole | None,
    zones: Sequence[str],
    parameters: Mapping[str, rds.CfnDBParameterGroup],
) -> dict[str, rds.CfnDBInstance]:
    """Define every instance; the others wait for the first, so that which one starts as writer is no accident."""
    instances: dict[str, rds.CfnDBInstance] = {}
    for name, instance in spec.instances.items():
        insights = settings.insights_supported(spec, instance)
        instances[name] = rds.CfnDBInstance(
            scope,
            f"Instance{pascal(name)}",
            auto_minor_version_upgrade=spec.minor_upgrades,
            availability_zone=_zone(instance, zones),
            ca_certificate_identifier=instance.ca,
            db_cluster_identifier=cluster.ref,
            db_instance_class=settings.instance_class(instance),
            db_instance_identifier=f"{identifier}-{name}",
            db_parameter_group_name=_parameter_group(spec, parameters.get(name)),
            enable_performance_insights=insights,
            engine=spec.engine,
            monitoring_interval=spec.enhanced_monitoring_s,
            monitoring_role_arn=role.attr_arn if role else None,
            performance_insights_kms_key_id=key_arn if insights else None,
            performance_insights_retention_period=settings.insights_retention_days(spec) if insights else None,
            promotion_tier=instance.tier,
            publicly_accessible=False,
        )
        _finish(instances[name], instance)
    if instances:
        _order(instances, settings.first_instance(spec))
    return instances


def _parameter_group(spec: AuroraSpec, group: rds.CfnDBParameterGroup | None) -> str | None:
    """Its own; else the family's default where the file says `{}`; else whatever it has, which is left alone."""
    if group is not None:
        return group.ref
    return None if spec.instance_parameters is None else f"default.{settings.parameter_group_family(spec)}"


def _finish(resource: rds.CfnDBInstance, instance: InstanceSpec) -> None:
    set_policies(resource, cdk.CfnDeletionPolicy.DELETE)
    acknowledge(resource, UNAVOIDABLE_OF_INSTANCE)
    apply_overrides(resource, instance.overrides)


def _order(instances: Mapping[str, rds.CfnDBInstance], first: str) -> None:
    for name, resource in instances.items():
        if name != first:
            resource.add_resource_dependency(instances[first])


def _zone(instance: InstanceSpec, zones: Sequence[str]) -> str | None:
    """Name of the instance's zone (1 is the VPC's first); left to Aurora, which spreads them, when it has none."""
    if instance.zone is None:
        return None
    if instance.zone > len(zones):
        raise ValueError(f"zone must be one of the VPC's {len(zones)}, got {instance.zone}; add a zone or lower it")
    return zones[instance.zone - 1]
