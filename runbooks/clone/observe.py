"""What AWS shows of the source, the clone and what stands in its way. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from botocore.exceptions import ClientError

from estate.names import TAG_SOURCE
from runbooks.aws import kms as kms_adapter
from runbooks.aws.kms import find_key
from runbooks.aws.rds import PAGE_SIZE, error_code
from runbooks.aws.sts import ACTIONS as STS_ACTIONS
from runbooks.aws.sts import find_caller
from runbooks.birth.observe import BIRTH_READS, look_around, see_copy
from runbooks.clone.request import CloneRequest
from runbooks.clone.seen import GroupMember, KeySeen, Observed
from runbooks.clone.wish import quarantine_of, wish_of
from runbooks.engine.run import Context
from runbooks.masking.files import look_at
from runbooks.parity.observe import look
from runbooks.parity.portrait import Portrait
from runbooks.quarantine import observe as quarantine
from runbooks.tags import from_aws
from runbooks.tools import Tools, locked_by_others

READS: Final = (
    *BIRTH_READS,
    *quarantine.READS,
    *STS_ACTIONS["find_caller"],
    *kms_adapter.ACTIONS["find_key"],
    "rds:DescribeDBClusterParameterGroups",
)
_NO_PARAMETER_GROUP: Final = "DBParameterGroupNotFound"


def observe(request: CloneRequest, context: Context[Tools]) -> Observed:
    """Look at the source, its clone group, the clone as far as it is there, its quarantine, and the locks."""
    tools = context.tools
    source = look(tools, request.source)
    account = find_caller(tools.session.sts).account
    seen = Observed(
        account=account,
        run_id=context.run_id,
        source=_of_another(source) if source is not None and source.arn.split(":")[4] != account else source,
        copy=see_copy(context, request.target) if request.target else None,
        locked=locked_by_others(context, request.source_id, request.target),
        parameter_group=_family(tools, request.parameter_group) if request.parameter_group else None,
        mask_problems=look_at(request.mask),
    )
    return seen if seen.source is None else _closer(request, context, seen, seen.source)


def _closer(request: CloneRequest, context: Context[Tools], seen: Observed, source: Portrait) -> Observed:
    """With what can be looked at only when there is a source."""
    tools = context.tools
    kept = quarantine_of(request, seen, source, "")
    seen = replace(
        seen,
        members=tuple((_own_clones if seen.is_shared else _members)(tools, source, request.target)),
        key=_key(tools, request.key) if request.key else None,
        quarantine=kept,
        closing=quarantine.observe_quarantine(tools, kept, None),
    )
    around = look_around(tools, wish_of(request, seen), source)
    vpc_id = around.place.vpc_id if around.place is not None else source.vpc_id
    kept = replace(kept, vpc_id=vpc_id)
    cluster = seen.copy.cluster if seen.copy is not None else None
    closing = quarantine.observe_quarantine(tools, kept, cluster)
    return replace(seen, around=around, quarantine=kept, closing=closing)


def _members(tools: Tools, source: Portrait, target: str) -> Iterable[GroupMember]:
    """The clusters that share pages with the source, or did: restores to a point in time are in the group, too."""
    group = source.cluster.get("CloneGroupId")
    if not group:
        return
    pages = tools.session.rds.get_paginator("describe_db_clusters").paginate(
        Filters=[{"Name": "clone-group-id", "Values": [str(group)]}],
        IncludeShared=True,
        PaginationConfig={"PageSize": PAGE_SIZE},
    )
    for page in pages:
        for raw in page["DBClusters"]:
            member = GroupMember(cluster_id=raw.get("DBClusterIdentifier", ""), arn=raw.get("DBClusterArn", ""))
            if member.arn != source.arn and member.cluster_id != target:
                yield member


def _of_another(shown: Portrait) -> Portrait:
    """What another account's cluster shows: "few fields other than DBClusterArn" (DescribeDBClusters.IncludeShared)."""
    name = shown.arn.rpartition(":")[2]
    return replace(shown, cluster={"DBClusterIdentifier": name, **shown.cluster}, partial=True)


def _own_clones(tools: Tools, source: Portrait, target: str) -> Iterable[GroupMember]:
    """Clones of another account's cluster that runbooks made here: its clone group is not shown."""
    pages = tools.session.rds.get_paginator("describe_db_clusters").paginate(PaginationConfig={"PageSize": PAGE_SIZE})
    for raw in (each for page in pages for each in page["DBClusters"]):
        name = raw.get("DBClusterIdentifier", "")
        if name != target and from_aws(raw.get("TagList", [])).get(TAG_SOURCE) == source.arn:
            yield GroupMember(cluster_id=name, arn=raw.get("DBClusterArn", ""))


def _key(tools: Tools, name: str) -> KeySeen:
    """The key that was asked for: whether this account may use it shows when it is looked at."""
    try:
        found = find_key(tools.session.client("kms"), name)
    except ClientError as error:
        return KeySeen(arn=name, refused=error_code(error))
    if found is None:
        return KeySeen(arn=name, refused="NotFoundException")
    return KeySeen(arn=found.arn, aws_managed=found.aws_managed, enabled=found.is_enabled)


def _family(tools: Tools, name: str) -> str:
    try:
        found = tools.session.rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=name)
    except ClientError as error:
        if error_code(error).removesuffix("Fault") == _NO_PARAMETER_GROUP:
            return ""
        raise
    return next((str(each.get("DBParameterGroupFamily", "")) for each in found["DBClusterParameterGroups"]), "")
