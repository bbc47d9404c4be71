"""The stacks of a Global Database: what the members join, and each member in its Region."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import aws_cdk as cdk
from constructs import Construct

from constructs_lib.aurora.global_database import GlobalDatabase, membership
from constructs_lib.aurora.replication import ReplicaSource, Replication
from estate import names
from estate.aurora import AuroraSpec
from estate.model import Estate
from stacks.base import EstateStack


class GlobalDatabaseStack(EstateStack):
    """What the members of a Global Database join, in the Region where its primary is born.

    A stack of its own, so that it is there before every member and outlives them all.
    """

    def __init__(self, scope: Construct, construct_id: str, *, estate: Estate, region: str, spec: AuroraSpec) -> None:
        super().__init__(
            scope,
            construct_id,
            estate=estate,
            stack_name=names.global_stack(estate.name, spec.name),
            region=region,
            protection=spec.protection,
            tags={names.TAG_RESOURCE: spec.name, **spec.tags},
        )
        identifier = names.global_cluster_identifier(estate.name, spec.name)
        self.database = GlobalDatabase(self, "Global", identifier=identifier, spec=spec)
        self.add_output(names.OUTPUT_GLOBAL_CLUSTER_ID, self.database.cfn_global_cluster.ref)
        if spec.global_database is not None and spec.global_database.endpoint_output:
            self.add_output(names.OUTPUT_GLOBAL_WRITER_ENDPOINT, self.database.writer_endpoint)


def replications(estate: Estate) -> dict[str, Replication]:
    """What each cluster has to do with other Regions, by its name; a cluster that stands alone is not there."""
    found: dict[str, Replication] = {}
    for cluster in estate.aurora.values():
        if cluster.replica_of is not None:
            found[cluster.name] = _source(estate, estate.aurora[cluster.replica_of])
        if cluster.global_database is not None:
            identifier = names.global_cluster_identifier(estate.name, cluster.name)
            found[cluster.name] = membership(identifier, cluster)
            for region in cluster.global_database.secondaries:
                found[names.member_name(cluster.name, region)] = membership(identifier, cluster, region)
    return found


def _source(estate: Estate, source: AuroraSpec) -> ReplicaSource:
    """The source of a cross-Region replica by its literal ARN."""
    region = source.region or estate.regions[0]
    identifier = names.cluster_identifier(estate.name, source.name)
    arn = cdk.Fn.sub(f"arn:${{AWS::Partition}}:rds:{region}:${{AWS::AccountId}}:cluster:{identifier}")
    return ReplicaSource(arn=arn, region=region)


def order_members(scope: Construct, estate: Estate, stacks: Mapping[str, EstateStack]) -> list[GlobalDatabaseStack]:
    """Define the stack of each Global Database, and let what copies wait for what it copies; deleting goes backwards.

    Secondaries follow one another: while one Region joins, a Global Database takes no other.
    """
    databases: list[GlobalDatabaseStack] = []
    for cluster in estate.aurora.values():
        if cluster.replica_of is not None:
            stacks[cluster.name].add_stack_dependency(stacks[cluster.replica_of])
        if cluster.global_database is not None:
            region, stack_id = cluster.region or estate.regions[0], names.global_stack(estate.name, cluster.name)
            databases.append(GlobalDatabaseStack(scope, stack_id, estate=estate, region=region, spec=cluster))
            members = [names.member_name(cluster.name, each) for each in cluster.global_database.secondaries]
            for before, after in pairwise([databases[-1], *(stacks[each] for each in (cluster.name, *members))]):
                after.add_stack_dependency(before)
    return databases
