"""The effects that a clone has not. Each looks first, does what is missing, and waits until it is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from estate.names import TAG_REPLACED_BY
from runbooks import waits
from runbooks.aws import rds as rds_adapter
from runbooks.aws import route53 as route53_adapter
from runbooks.aws.rds import Cluster, error_code
from runbooks.aws.route53 import INSYNC, find_change, list_records
from runbooks.clone import observe as clone_observe
from runbooks.clone import runbook as clone_runbook
from runbooks.clone.request import CloneRequest
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Context, Effect
from runbooks.refresh.observe import endpoints
from runbooks.refresh.plan import RefreshKind, endpoint_reference
from runbooks.tags import is_ours
from runbooks.tools import Tools

Ctx = Context[Tools]
Outcome = Mapping[str, Any]

SYNC_USUAL: Final = "a minute"
SYNC_WAIT_S: Final = 900.0
RENAME_USUAL: Final = "a minute or two"
MOVED: Final = frozenset({"DBClusterNotFoundFault", "DBClusterAlreadyExistsFault"})
# AWS may answer a second try of a call whose first answer was lost by either of these.


class CopyNotRightError(Exception):
    """The copy is not what it should be; it takes nobody's place."""


class StillInUseError(Exception):
    """Something leads to the old one; it is not retired."""


def verify_copy(step: Step[Any], context: Ctx) -> Outcome:
    """Compare the copy with its source, setting by setting, before anything leads to it.

    Raises:
        CopyNotRightError: with everything that is not right.
    """
    clone = CloneRequest.from_plain(step.arguments["clone"])
    seen = clone_observe.observe(clone, context)
    verdict = clone_runbook.verify(clone, seen, context)
    wrong = [f"{check.name}: {check.detail}" for check in verdict.checks if not check.passed]
    if wrong:
        raise CopyNotRightError(f"{step.subject} must be right before it is used, got {'; '.join(wrong)}")
    return {"checks": len(verdict.checks)}


def keep(step: Step[Any], context: Ctx) -> None:
    """Take the expiry away."""
    (call,) = step.calls
    context.tools.perform(call)


def point_record(step: Step[Any], context: Ctx) -> Outcome:
    """Let a record lead to the copy, and wait until every server of Route 53 says so.

    Raises:
        StillInUseError: the record was changed by somebody else meanwhile.
    """
    arguments, client = step.arguments, _route53(context)
    cluster = _cluster(context, arguments["cluster"])
    address = (cluster.writer_endpoint if arguments["end"] == "writer" else cluster.reader_endpoint).lower()
    now = _target_of(context, arguments["zone"], step.subject)
    if now not in {arguments["previous"], address}:
        raise StillInUseError(
            f"record {step.subject} must still lead to {arguments['previous']}, got {now}; look at it"
        )
    call = _with_address(step.calls[0], endpoint_reference(arguments["cluster"], arguments["end"]), address)
    change = context.tools.perform(call)["ChangeInfo"]
    waits.until_status(
        context,
        f"record {step.subject}",
        lambda: find_change(client, change["Id"]),
        wanted=(INSYNC,),
        usual=SYNC_USUAL,
        timeout_s=SYNC_WAIT_S,
    )
    return {"previous": arguments["previous"], "now": address, "change": change["Id"]}


def _with_address(call: Call, reference: str, address: str) -> Call:
    batch = call.parameters["ChangeBatch"]
    (change,) = batch["Changes"]
    record = change["ResourceRecordSet"]
    (value,) = record["ResourceRecords"]
    if value["Value"] != reference:
        return call
    record = {**record, "ResourceRecords": [{"Value": address}]}
    changed = {**batch, "Changes": [{**change, "ResourceRecordSet": record}]}
    return replace(call, parameters={**call.parameters, "ChangeBatch": changed})


def _target_of(context: Ctx, zone: str, name: str) -> str:
    found = list_records(_route53(context), zone)
    return next((each.targets[0] for each in found if each.name == name and each.targets), "")


def rename(step: Step[Any], context: Ctx) -> Outcome:
    """Give a cluster another name, unless it has it; and wait until it is available under it."""
    (call,) = step.calls
    rds = context.tools.rds
    before, after = call.parameters["DBClusterIdentifier"], call.parameters["NewDBClusterIdentifier"]

    def is_it(cluster: Cluster | None) -> bool:
        """The one that is meant, not whoever else has the name by now."""
        if cluster is None:
            return False
        resource = step.arguments.get("resource")
        return cluster.resource_id == resource if resource else is_ours(cluster.tags, context.run_id)

    def look() -> str | None:
        found = rds.find_cluster(after)
        return found.status if found is not None and is_it(found) else None

    if look() is None:
        if not is_it(rds.find_cluster(before)):
            raise LookupError(f"{before} is not the cluster that was to become {after} any more; look at both")
        waits.until_status(context, f"cluster {before}", lambda: _cluster(context, before).status, usual=RENAME_USUAL)
        try:
            context.tools.perform(call)
        except ClientError as error:
            if error_code(error) not in MOVED:
                raise
    waits.until_status(context, f"cluster {after}", look, usual=RENAME_USUAL)
    return {"from": before, "to": after}


def retire(step: Step[Any], context: Ctx) -> Outcome:
    """Mark the old one as replaced, with an end; first look once more that nothing leads to it.

    Raises:
        StillInUseError: a record of the zone does.
    """
    old = _cluster(context, step.subject)
    if old.resource_id != step.arguments["resource"]:
        raise LookupError(f"{step.subject} is another cluster than the one that was replaced; look at it")
    if step.arguments["zone"]:
        leading = set(endpoints(old))
        still = [
            record.name
            for record in list_records(_route53(context), step.arguments["zone"])
            if leading & set(record.targets)
        ]
        if still:
            raise StillInUseError(f"{step.subject} must have no record that leads to it, got {', '.join(still)}")
    (call,) = step.calls
    if old.tags.get(TAG_REPLACED_BY) != context.run_id:
        context.tools.perform(call)
    return {"retired": step.subject}


def _route53(context: Ctx) -> Any:
    return context.tools.session.client("route53")


def _cluster(context: Ctx, cluster_id: str) -> Cluster:
    found = context.tools.rds.find_cluster(cluster_id)
    if found is None:
        raise LookupError(f"cluster {cluster_id} does not exist any more")
    return found


_LOOK: Final = rds_adapter.ACTIONS["find_cluster"]
_ZONE: Final = route53_adapter.ACTIONS["list_records"]
REFRESH_EFFECTS: Final[Mapping[RefreshKind, Effect[Any, Tools]]] = {
    RefreshKind.VERIFY: Effect(verify_copy, actions=(*_LOOK, *clone_observe.READS)),
    RefreshKind.KEEP: Effect(keep, actions=("rds:RemoveTagsFromResource",)),
    RefreshKind.RECORD: Effect(
        point_record,
        actions=(
            *_LOOK,
            *_ZONE,
            *route53_adapter.ACTIONS["change_records"],
            *route53_adapter.ACTIONS["find_change"],
        ),
    ),
    RefreshKind.RENAME: Effect(rename, actions=(*_LOOK, "rds:ModifyDBCluster")),
    RefreshKind.RETIRE: Effect(retire, actions=(*_LOOK, *_ZONE, "rds:AddTagsToResource")),
}
