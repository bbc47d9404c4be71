"""The effect: one snapshot deleted, after a last look at all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect
from runbooks.prune.look import NOT_THERE, find, uses
from runbooks.prune.permissions import DELETES, READS
from runbooks.prune.plan import Kind
from runbooks.prune.retention import Fate, Policy, Ruling, rule
from runbooks.snapshot.families import open_family
from runbooks.snapshot.family import SnapshotFamily
from runbooks.tools import Tools
from runbooks.waits import until_gone

USUAL: Final = "a few seconds"
GOING: Final = "deleting"


def delete(step: Step[Kind], context: Context[Tools]) -> Mapping[str, Any]:
    """Delete it, unless it has gone, or something has happened since the plan that keeps it."""
    family = open_family(context.tools, step.arguments["family"])
    ruling = _judge_again(step, family, context)
    if ruling is None:
        return {"gone": "already"}
    going = ruling.snapshot.status == GOING
    if ruling.fate is not Fate.GOES and not going:
        context.say(f"      {step.subject} is kept: {'; '.join(ruling.reasons)}")
        return {"kept": list(ruling.reasons)}
    if not going:
        _call(step, context)
    until_gone(context, f"snapshot {step.subject}", lambda: _status(step, family), usual=USUAL)
    return {"deleted": step.arguments["arn"]}


def _call(step: Step[Kind], context: Context[Tools]) -> None:
    try:
        context.tools.perform(step.calls[0])
    except ClientError as error:
        if error_code(error) not in NOT_THERE:
            raise


def _judge_again(step: Step[Kind], family: SnapshotFamily, context: Context[Tools]) -> Ruling | None:
    """What becomes of it by what is there now: others may have deleted what the plan counted on."""
    source, arn, now = str(step.arguments["source"]), step.arguments["arn"], context.clock.now()
    policy = Policy(**step.arguments["policy"])
    listed = family.list_snapshots(source)
    found = next((each for each in listed if each.arn == arn), None)
    if found is None:
        return None
    looked = find(family, found.snapshot_id)
    if looked is None:
        return None
    snapshots = [looked if each.arn == arn else each for each in listed]
    busy = uses(context.tools, step.arguments["family"], source, listed, step.arguments["copies_in"])
    return next(each for each in rule(snapshots, policy, now, busy) if each.snapshot.arn == arn)


def _status(step: Step[Kind], family: SnapshotFamily) -> str | None:
    listed = family.list_snapshots(str(step.arguments["source"]))
    return next((each.status for each in listed if each.arn == step.arguments["arn"]), None)


EFFECTS: Final[Mapping[Kind, Effect[Kind, Tools]]] = {Kind.DELETE: Effect(delete, actions=(*READS, *DELETES))}
