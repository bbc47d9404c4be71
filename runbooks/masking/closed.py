"""Whether a cluster may be masked: this run made it, and AWS says that nobody else gets in. Looked at right before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from estate.names import TAG_QUARANTINE, TAG_RUN
from runbooks.tags import from_aws, is_ours

if TYPE_CHECKING:
    from runbooks.engine.run import Context
    from runbooks.tools import Tools

ACTIONS: Final = ("rds:DescribeDBClusters", "rds:DescribeDBInstances", "ec2:DescribeSecurityGroups")

ROTATED: Final = "rotated"  # the quarantine's word for: closed, and its passwords are not production's any more
PLACES: Final = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
"""What a rule lets in, and what of it names the place."""
EVERYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})


class NotClosedError(Exception):
    """The cluster must not be masked: nothing was connected to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A security group of a cluster. `ranges` are the networks, prefix lists and groups that its ingress names."""

    group_id: str
    tags: Mapping[str, str]
    ranges: tuple[str, ...] = ()


def closed_reasons(
    cluster_id: str, run_id: str, tags: Mapping[str, str], groups: tuple[Group, ...], public: tuple[str, ...]
) -> tuple[str, ...]:
    """Reasons not to connect, all of them. Pure. `public` are instances with an address on the internet."""
    return tuple(_reasons(cluster_id, run_id, tags, groups, public))


def _reasons(
    cluster_id: str, run_id: str, tags: Mapping[str, str], groups: tuple[Group, ...], public: tuple[str, ...]
) -> Iterable[str]:
    if not is_ours(tags, run_id):
        made = tags.get(TAG_RUN, "no run of a runbook")
        yield f"{cluster_id} must be made by run {run_id}, got {made}; nothing but a run's own copy is masked"
    if (stage := tags.get(TAG_QUARANTINE, "")) != ROTATED:
        yield f"{cluster_id} must be in quarantine with its passwords changed, got {stage or 'no word of it'}"
    if not groups:
        yield f"{cluster_id} must be in quarantine, got no security group of its own; look who gets in"
    for group in groups:
        if not is_ours(group.tags, run_id):
            yield (
                f"{cluster_id} must be in quarantine, got security group {group.group_id}, which this run did not "
                "make; look who gets in"
            )
        places = sorted(set(group.ranges))
        if len(places) > 1 or set(places) & EVERYWHERE:
            yield f"{group.group_id} must let one network in at most, got {', '.join(places)}; take a rule away"
    if public:
        yield f"{cluster_id} must be out of the internet's reach, got {', '.join(public)} publicly accessible"


def check_closed(context: Context[Tools], cluster_id: str) -> dict[str, Any]:
    """Look, and give what DescribeDBClusters answers.

    Raises:
        NotClosedError: with every reason.
    """
    session = context.tools.session
    cluster: dict[str, Any] = dict(session.rds.describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0])
    ids = [group["VpcSecurityGroupId"] for group in cluster.get("VpcSecurityGroups", [])]
    groups = _groups(context, ids) if ids else ()
    pages = session.rds.get_paginator("describe_db_instances").paginate(
        Filters=[{"Name": "db-cluster-id", "Values": [cluster_id]}]
    )
    public = tuple(
        str(each.get("DBInstanceIdentifier"))
        for page in pages
        for each in page["DBInstances"]
        if each.get("PubliclyAccessible")
    )
    reasons = closed_reasons(cluster_id, context.run_id, from_aws(cluster.get("TagList", [])), groups, public)
    if reasons:
        raise NotClosedError("; ".join(reasons))
    return cluster


def _groups(context: Context[Tools], ids: list[str]) -> tuple[Group, ...]:
    pages = context.tools.session.client("ec2").get_paginator("describe_security_groups").paginate(GroupIds=ids)
    found: list[Any] = [each for page in pages for each in page["SecurityGroups"]]
    return tuple(
        Group(
            group_id=each["GroupId"],
            tags=from_aws(each.get("Tags", [])),
            ranges=tuple(
                str(span[key])
                for rule in each.get("IpPermissions", [])
                for kind, key in PLACES.items()
                for span in rule.get(kind, [])
            ),
        )
        for each in found
    )
