"""One look at a Region, in as few calls as pages allow: what of it is read beyond the clusters depends on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from estate.names import TAG_RUN
from runbooks.aws import ec2 as ec2_adapter
from runbooks.aws import ram as ram_adapter
from runbooks.aws import rds as rds_adapter
from runbooks.aws import route53 as route53_adapter
from runbooks.aws import ssm as ssm_adapter
from runbooks.aws import sts as sts_adapter
from runbooks.aws.ec2 import SecurityGroup, list_groups
from runbooks.aws.rds import Cluster
from runbooks.aws.route53 import list_records, list_zones
from runbooks.aws.secrets import Secret
from runbooks.aws.sts import find_caller
from runbooks.engine.run import Context
from runbooks.reap.plan import final_name
from runbooks.reap.proof import looks_expired
from runbooks.reap.request import ReapRequest
from runbooks.reap.seen import Final as FinalSnapshot
from runbooks.reap.seen import Observed, Target
from runbooks.snapshot.aurora_family import QUOTA
from runbooks.snapshot.families import open_family
from runbooks.tags import from_aws
from runbooks.tools import Tools, locked_of_many

PAGE_SIZE: Final = 100  # the most that RDS and Secrets Manager give per page
MOST_TARGETS: Final = 50  # "Up to 50 resource IDs" (DescribeScalableTargets has pages of 50 too)
READS: Final = (
    *rds_adapter.ACTIONS["list_clusters"],
    *rds_adapter.ACTIONS["list_instances_of"],
    *rds_adapter.ACTIONS["list_custom_endpoints"],
    *rds_adapter.ACTIONS["list_global_members"],
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeAccountAttributes",
    *route53_adapter.ACTIONS["list_zones"],
    *route53_adapter.ACTIONS["list_records"],
    "application-autoscaling:DescribeScalableTargets",
    *ram_adapter.ACTIONS["list_shared_clusters"],
    *ec2_adapter.ACTIONS["list_groups"],
    "secretsmanager:ListSecrets",
    *sts_adapter.ACTIONS["find_caller"],
    *ssm_adapter.ACTIONS["find_parameters"],
)


def observe(request: ReapRequest, context: Context[Tools]) -> Observed:
    """Every cluster; of those that look expired, what hangs on them; what copies have left behind. Changes nothing."""
    tools = context.tools
    clusters = tools.rds.list_clusters()
    expired = [each for each in clusters if looks_expired(each, request.moment) and _is_asked(request, each)]
    names = [each.cluster_id for each in expired]
    manual = list_manual(tools)
    return Observed(
        request=request,
        run_id=context.run_id,
        owner=find_caller(tools.session.sts).arn,
        clusters=clusters,
        instances=tools.rds.list_instances_of(names),
        endpoints=tools.rds.list_custom_endpoints() if expired else (),
        targets=list_targets(tools, names),
        groups=list_tagged_groups(tools),
        secrets=list_tagged_secrets(tools),
        finals=finals_of(manual, context.run_id),
        shared=ram_adapter.list_shared_clusters(tools.session.client("ram")) if expired else frozenset(),
        in_global=tools.rds.list_global_members() if expired else frozenset(),
        locked=locked_of_many(context, names),
        records=list_pointing(tools) if expired else {},
        manual=len(manual),
        quota=open_family(tools, "aurora").quota() if expired else QUOTA,
    )


def _is_asked(request: ReapRequest, cluster: Cluster) -> bool:
    return not request.ids or cluster.cluster_id in request.ids


def list_targets(tools: Tools, cluster_ids: Sequence[str]) -> tuple[Target, ...]:
    """Scalable targets of these clusters."""
    client = tools.session.client("application-autoscaling")
    found: list[Target] = []
    for first in range(0, len(cluster_ids), MOST_TARGETS):
        resources = [f"cluster:{name}" for name in cluster_ids[first : first + MOST_TARGETS]]
        pages = client.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="rds", ResourceIds=resources
        )
        found += [
            Target(resource_id=raw["ResourceId"], dimension=raw["ScalableDimension"])
            for page in pages
            for raw in page["ScalableTargets"]
        ]
    return tuple(found)


def list_tagged_groups(tools: Tools) -> tuple[SecurityGroup, ...]:
    """Security groups that runs made; groups that nobody made with a run have no such tag."""
    return list_groups(tools.session.client("ec2"), **{"tag-key": TAG_RUN})


def list_tagged_secrets(tools: Tools) -> tuple[Secret, ...]:
    """Secrets that runs made, without their values."""
    pages = tools.session.secrets.get_paginator("list_secrets").paginate(
        Filters=[{"Key": "tag-key", "Values": [TAG_RUN]}], PaginationConfig={"PageSize": PAGE_SIZE}
    )
    found = [raw for page in pages for raw in page["SecretList"]]
    return tuple(
        Secret(name=raw.get("Name", ""), tags=from_aws(raw.get("Tags", [])), deleted="DeletedDate" in raw)
        for raw in found
    )


def list_pointing(tools: Tools) -> dict[str, str]:
    """Which name of Route 53 leads to what, over every zone of the account."""
    client = tools.session.client("route53")
    records = [record for zone in list_zones(client) for record in list_records(client, zone)]
    return {target: record.name for record in records for target in record.targets}


def list_manual(tools: Tools) -> list[Mapping[str, Any]]:
    """Every manual snapshot of the Region: they count against its quota."""
    pages = tools.session.rds.get_paginator("describe_db_cluster_snapshots").paginate(
        SnapshotType="manual", PaginationConfig={"PageSize": PAGE_SIZE}
    )
    return [raw for page in pages for raw in page["DBClusterSnapshots"]]


def finals_of(manual: Sequence[Mapping[str, Any]], run_id: str) -> tuple[FinalSnapshot, ...]:
    """Final snapshots that this run had taken in an earlier sitting."""
    ending = final_name("", run_id)
    return tuple(_final(raw) for raw in manual if str(raw.get("DBClusterSnapshotIdentifier", "")).endswith(ending))


def _final(raw: Mapping[str, Any]) -> FinalSnapshot:
    return FinalSnapshot(
        snapshot_id=raw["DBClusterSnapshotIdentifier"],
        arn=raw["DBClusterSnapshotArn"],
        cluster_id=raw["DBClusterIdentifier"],
        status=raw.get("Status", ""),
        tags=from_aws(raw.get("TagList", [])),
    )
