"""The effects: ask once, then follow by id until the cluster is available again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.backtrack.look import backtrack_status, find_cluster, list_backtracks
from runbooks.backtrack.permissions import READS
from runbooks.backtrack.plan import COMPLETED, Backtrack, Kind, find_own
from runbooks.backtrack.request import BacktrackRequest
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect
from runbooks.tools import Tools
from runbooks.waits import until_status

USUAL: Final = "minutes"
BUSY: Final = "InvalidDBClusterStateFault"


def wind_back(step: Step[Kind], context: Context[Tools]) -> Mapping[str, Any]:
    """Ask for the backtrack, unless this run has, and wait until it is applied."""
    own = _find_own(step, context)
    backtrack_id = own.backtrack_id if own is not None else _ask(step, context)
    context.journal.record("backtrack.accepted", backtrack=backtrack_id)
    _wait(step.subject, backtrack_id, context)
    return {"backtrack": backtrack_id}


def follow(step: Step[Kind], context: Context[Tools]) -> Mapping[str, Any]:
    """Wait for a backtrack that was asked for before."""
    _wait(step.subject, str(step.arguments["backtrack"]), context)
    return {"backtrack": step.arguments["backtrack"]}


def _ask(step: Step[Kind], context: Context[Tools]) -> str:
    """A call whose answer was lost is made again by botocore, and then refused: the cluster is at it already."""
    try:
        return str(context.tools.perform(step.calls[0])["BacktrackIdentifier"])
    except ClientError as error:
        own = _find_own(step, context) if error_code(error) == BUSY else None
        if own is None:
            raise
        return own.backtrack_id


def _find_own(step: Step[Kind], context: Context[Tools]) -> Backtrack | None:
    cluster = find_cluster(context.tools, step.subject)
    if cluster is None:
        raise LookupError(f"cluster {step.subject} does not exist any more")
    given = step.arguments
    to = BacktrackRequest(cluster_id=step.subject, to=given["to"]).moment
    return find_own(list_backtracks(context.tools, cluster), given["known"], to, earliest=given["earliest"])


def _wait(cluster_id: str, backtrack_id: str, context: Context[Tools]) -> None:
    tools = context.tools
    until_status(
        context,
        f"backtrack {backtrack_id}",
        lambda: backtrack_status(tools, cluster_id, backtrack_id),
        wanted=(COMPLETED,),
        usual=USUAL,
    )
    until_status(context, f"cluster {cluster_id}", lambda: _cluster_status(tools, cluster_id), usual=USUAL)
    until_status(context, f"instances of {cluster_id}", lambda: _instances_status(tools, cluster_id), usual=USUAL)


def _cluster_status(tools: Tools, cluster_id: str) -> str | None:
    cluster = find_cluster(tools, cluster_id)
    return None if cluster is None else cluster.status


def _instances_status(tools: Tools, cluster_id: str) -> str:
    """`available` when all are; else what the others are."""
    others = {each.status for each in tools.rds.list_instances(cluster_id)} - {"available"}
    return ", ".join(sorted(others)) or "available"


EFFECTS: Final[Mapping[Kind, Effect[Kind, Tools]]] = {
    Kind.BACKTRACK: Effect(wind_back, actions=("rds:BacktrackDBCluster", *READS)),
    Kind.FOLLOW: Effect(follow, actions=READS),
}
