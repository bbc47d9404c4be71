"""Custom endpoints: a name for some of a cluster's instances."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_rds as rds
from constructs import Construct

from constructs_lib.foundation.cfn import acknowledge, apply_overrides, pascal
from estate.aurora import AuroraSpec

NEWER_THAN_SCHEMA = {
    "CloudFormation-Validate::F3006": (
        "AWS::RDS::DBClusterEndpoint is newer than the schema inside aws-cdk-lib; cfn-lint's newer one knows it "
        "and checks it"
    ),
}


def define_endpoints(
    scope: Construct,
    cluster: rds.CfnDBCluster,
    identifier: str,
    spec: AuroraSpec,
    instances: Mapping[str, rds.CfnDBInstance],
) -> dict[str, rds.CfnDBClusterEndpoint]:
    """Define every custom endpoint over the instances it names, or all but those it leaves out."""
    endpoints: dict[str, rds.CfnDBClusterEndpoint] = {}
    for name, endpoint in spec.endpoints.items():
        resource = rds.CfnDBClusterEndpoint(
            scope,
            f"Endpoint{pascal(name)}",
            custom_endpoint_type=endpoint.type.upper(),
            db_cluster_endpoint_identifier=f"{identifier}-{name}",
            db_cluster_identifier=cluster.ref,
            excluded_members=[instances[member].ref for member in endpoint.excluded] or None,
            static_members=[instances[member].ref for member in endpoint.members] or None,
        )
        acknowledge(resource, NEWER_THAN_SCHEMA)
        apply_overrides(resource, endpoint.overrides)
        endpoints[name] = resource
    return endpoints
