"""What is shared, by the owner's side and by the other's. Changes nothing."""

from __future__ import annotations

from runbooks.aws import kms, ram, rds, sts
from runbooks.aws.rds import Cluster
from runbooks.aws.sts import find_caller
from runbooks.engine.run import Context
from runbooks.sharing import accept_plan
from runbooks.sharing.accept_plan import Offer
from runbooks.sharing.keys import judge_key
from runbooks.sharing.plan import KeySeen, Observed
from runbooks.sharing.request import AcceptRequest, ShareRequest
from runbooks.tools import Tools, locked_by_others

SHARE_READS = (
    *rds.ACTIONS["find_cluster"],
    *ram.ACTIONS["list_links"],
    *kms.ACTIONS["find_key"],
    *kms.ACTIONS["read_policy"],
    *kms.ACTIONS["list_grants"],
    *sts.ACTIONS["find_caller"],
)
UNSHARE_READS = (*rds.ACTIONS["find_cluster"], *ram.ACTIONS["list_links"], *sts.ACTIONS["find_caller"])
ACCEPT_READS = (
    *rds.ACTIONS["list_foreign_clusters"],
    *ram.ACTIONS["list_invitations"],
    *ram.ACTIONS["list_offered"],
    *sts.ACTIONS["find_caller"],
)


def observe_share(request: ShareRequest, context: Context[Tools]) -> Observed:
    """The cluster, its family, its key and every share of the account."""
    tools = context.tools
    seen = observe_unshare(request, context)
    cluster = seen.cluster
    if cluster is None:
        return seen
    clusters = tools.rds.list_clusters() if cluster.clone_group_id else (cluster,)
    family = tuple(each for each in clusters if each.clone_group_id == cluster.clone_group_id)
    return Observed(
        run_id=seen.run_id,
        owner=seen.owner,
        account=seen.account,
        arn=seen.arn,
        cluster=cluster,
        family=family,
        links=seen.links,
        key=read_key(tools, cluster, seen.account, request.account),
        locked=seen.locked,
        tags=seen.tags,
    )


def observe_unshare(request: ShareRequest, context: Context[Tools]) -> Observed:
    """The shares; a cluster that is gone may still be in one."""
    tools = context.tools
    caller = find_caller(tools.session.sts)
    cluster = _own_cluster(tools, request.cluster_id, caller.account)
    partition = caller.arn.split(":")[1]
    arn = f"arn:{partition}:rds:{tools.session.region}:{caller.account}:cluster:{request.cluster_id}"
    return Observed(
        run_id=context.run_id,
        owner=caller.arn,
        account=caller.account,
        arn=cluster.arn if cluster is not None else arn,
        cluster=cluster,
        links=ram.list_links(tools.session.client("ram")),
        locked=locked_by_others(context, lock_name(request.cluster_id)),
        tags=cluster.tags if cluster is not None else {},
    )


def lock_name(cluster_id: str) -> str:
    """What the lock is called: by the name also where an ARN was given."""
    return cluster_id.rsplit(":", 1)[-1]


def _own_cluster(tools: Tools, cluster_id: str, account: str) -> Cluster | None:
    if cluster_id.startswith("arn:") and cluster_id.split(":")[4] != account:
        return None
    return tools.rds.find_cluster(cluster_id)


def read_key(tools: Tools, cluster: Cluster, owner: str, account: str) -> KeySeen | None:
    """The cluster's key and whether it lets an account; None for a cluster that is not encrypted."""
    if not cluster.encrypted or not cluster.key:
        return None
    client = tools.session.client("kms")
    found = kms.find_key(client, cluster.key)
    if found is None or found.account != owner:
        return KeySeen(arn=cluster.key)
    if found.aws_managed:
        return KeySeen(arn=found.arn, aws_managed=True)
    policy = kms.read_policy(client, found.arn)
    judged = judge_key(policy, kms.list_grants(client, found.arn), account, tools.session.region)
    return KeySeen(arn=found.arn, judged=judged)


def observe_accept(request: AcceptRequest, context: Context[Tools]) -> accept_plan.Observed:
    """What RDS shows of other accounts' clusters; invitations only while it does not show the one."""
    tools = context.tools
    foreign = tools.rds.list_foreign_clusters()
    cluster = next((each for each in foreign if each.arn == request.arn), None)
    return accept_plan.Observed(
        run_id=context.run_id,
        account=find_caller(tools.session.sts).account,
        cluster=cluster,
        visible=tuple(each.arn for each in foreign),
        offers=() if cluster is not None else _offers(tools, request.owner),
        locked=locked_by_others(context, request.cluster_id),
    )


def _offers(tools: Tools, owner: str) -> tuple[Offer, ...]:
    client = tools.session.client("ram")
    found = [each for each in ram.list_invitations(client) if each.sender == owner]
    return tuple(
        Offer(invitation=each, arns=ram.list_offered(client, each.arn) if each.status == "PENDING" else ())
        for each in found
    )
