"""`runbook cluster share | accept | unshare`: let another account clone a cluster."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import UsageError, add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.sharing.request import AcceptRequest, ShareRequest

ACCOUNT = re.compile(r"\d{12}\Z")
ARN = re.compile(r"arn:[a-z-]+:rds:[a-z0-9-]+:\d{12}:cluster:[a-z0-9-]+\Z")


def _configure_unshare(parser: ArgumentParser) -> None:
    parser.add_argument("cluster", metavar="CLUSTER", help="cluster identifier, or with --estate its name in the file")
    parser.add_argument("--with", dest="account", metavar="ACCOUNT", required=True, help="the other account's id")
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    add_runbook_options(parser)


def _configure_share(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--outside-organization",
        dest="outside",
        action="store_true",
        help="allow an account outside this one's organization: it is invited, and must accept",
    )
    _configure_unshare(parser)


def _configure_accept(parser: ArgumentParser) -> None:
    parser.add_argument("arn", metavar="ARN", help="the cluster's ARN in the other account, as `cluster share` says it")
    add_runbook_options(parser)


def share_request_of(arguments: Namespace) -> ShareRequest:
    """The request of `cluster share` and `cluster unshare`.

    Raises:
        UsageError: the account is no account id, or the file declares no such cluster.
    """
    from runbooks.sharing.request import ShareRequest

    if not ACCOUNT.match(arguments.account):
        raise UsageError(
            f"--with must be an account id of 12 digits, got {arguments.account!r}",
            "organizations and units are shared with in AWS RAM itself",
        )
    cluster_id, region = arguments.cluster, arguments.region
    if arguments.estate:
        from runbooks.cli.declared import find_declared

        declared = find_declared(arguments.estate, arguments.cluster)
        cluster_id, region = declared.cluster_id, region or declared.region
    return ShareRequest(
        cluster_id=cluster_id if cluster_id.startswith("arn:") else cluster_id.lower(),
        account=arguments.account,
        region=region,
        outside=getattr(arguments, "outside", False),
    )


def accept_request_of(arguments: Namespace) -> AcceptRequest:
    """The request of `cluster accept`.

    Raises:
        UsageError: it is not the ARN of a cluster.
    """
    from runbooks.sharing.request import AcceptRequest

    if not ARN.match(arguments.arn):
        raise UsageError(
            f"ARN must be that of a DB cluster, got {arguments.arn!r}",
            "the owner sees it as DBClusterArn: arn:aws:rds:REGION:ACCOUNT:cluster:NAME",
        )
    return AcceptRequest(arn=arguments.arn)


SHARE = runbook_command(
    name="share",
    help="let another account clone a cluster",
    configure=_configure_share,
    request_of=share_request_of,
    factory="runbooks.sharing.runbook:share_runbook",
    examples=(
        "runbook cluster share shop-orders --with 222222222222",
        "runbook cluster share orders --with 222222222222 --estate estate.yaml",
        "runbook cluster share dev --with 222222222222 --execute --confirm dev",
    ),
)
UNSHARE = runbook_command(
    name="unshare",
    help="let another account clone a cluster no longer",
    configure=_configure_unshare,
    request_of=share_request_of,
    factory="runbooks.sharing.runbook:unshare_runbook",
    examples=("runbook cluster unshare shop-orders --with 222222222222 --execute",),
)
ACCEPT = runbook_command(
    name="accept",
    help="accept a cluster that another account shares",
    configure=_configure_accept,
    request_of=accept_request_of,
    factory="runbooks.sharing.runbook:accept_runbook",
    examples=("runbook cluster accept arn:aws:rds:eu-west-1:111111111111:cluster:shop-orders --execute",),
)
