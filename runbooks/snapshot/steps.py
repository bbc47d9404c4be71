"""The effects. Each can be done again: it looks first, acts if something is missing, and waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from botocore.exceptions import ClientError

from runbooks.aws import exports
from runbooks.aws.exports import ExportTask
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Context
from runbooks.engine.wait import FAILED, PENDING, READY, Judgement, wait_for
from runbooks.snapshot.copying import AT_ONCE
from runbooks.snapshot.exporting import COMPLETE, ENDED_BADLY
from runbooks.snapshot.families import open_family
from runbooks.snapshot.family import BucketExport
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.observe import find_tagged, look
from runbooks.snapshot.request import region_of
from runbooks.snapshot.seen import Family, Snapshot
from runbooks.tags import is_ours, taken_by
from runbooks.tools import Tools
from runbooks.waits import EVERY_S, TIMEOUT_S, Progress, until_status

SEEN_WITHIN_S: Final = 60.0  # what was made shows in a list within seconds as a rule
MOVING: Final = frozenset({"creating", "copying"})
Ctx = Context[Tools]


def make(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Take or copy a snapshot, unless this run has done so already."""
    found = _find(step, context)
    if found is None:
        try:
            context.tools.perform(step.calls[0])
        except ClientError as error:
            found = _after_refusal(step, context, error)
    if found is not None and not is_ours(found.tags, context.run_id):
        raise RuntimeError(taken_by(found.tags, found.snapshot_id))
    return {"snapshot": step.arguments["snapshot"], "made": found is None}


def _after_refusal(step: Step[Kind], context: Ctx, error: ClientError) -> Snapshot:
    """The answer to a first try may have been lost: then the second one finds the name taken."""
    if "AlreadyExists" not in str(error.response.get("Error", {}).get("Code", "")):
        raise error
    found = wait_for(
        f"snapshot {step.arguments['snapshot']} to be seen",
        poll=lambda: _find(step, context),
        judge=lambda seen: PENDING if seen is None else READY,
        timeout_s=SEEN_WITHIN_S,
        every_s=EVERY_S,
        clock=context.clock,
    )
    if found is None:
        raise error
    return found


def wait_until_available(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Wait until the snapshot is complete, saying how far it is."""
    name = step.arguments["snapshot"]
    until_status(context, f"snapshot {name}", lambda: _status(_look(step, context)), usual="minutes to hours by size")
    return {"snapshot": name}


def wait_for_slot(step: Step[Kind], context: Ctx) -> None:
    """Wait until fewer copies than the limit are on their way to the Region."""
    family = open_family(context.tools, _family(step), str(step.arguments["region"]))

    def copying() -> int:
        there = family.list_snapshots()
        return sum(1 for each in there if each.status == "copying" and region_of(each.copied_from) != step.subject)

    said = Progress(context.say, f"copies on their way to {step.subject}", "")
    wait_for(
        f"a slot for a copy to {step.subject}",
        poll=copying,
        judge=lambda busy: READY if busy < AT_ONCE else PENDING,
        timeout_s=TIMEOUT_S,
        every_s=EVERY_S,
        clock=context.clock,
        on_progress=lambda busy, waited_s: said.tell(f"{busy} of {AT_ONCE}", waited_s),
    )


def share(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Let accounts in or shut them out; giving or taking twice is the same as once."""
    call = step.calls[0]
    context.tools.perform(call)
    return {name: call.parameters[name] for name in ("ValuesToAdd", "ValuesToRemove") if name in call.parameters}


def start_export(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Start the export, unless this run has done so already."""
    call = step.calls[0]
    if call.service == "rds":
        return _start_task(call, context)
    context.tools.perform(call)
    return {"snapshot": step.arguments["snapshot"]}


def _start_task(call: Call, context: Ctx) -> Mapping[str, Any]:
    task_id = str(call.parameters["ExportTaskIdentifier"])
    rds = context.tools.session.rds
    if exports.find_task(rds, task_id) is None:
        try:
            context.tools.perform(call)
        except ClientError as error:  # the answer to a first try may have been lost
            if error.response.get("Error", {}).get("Code") != "ExportTaskAlreadyExists":
                raise
    return {"task": task_id}


def wait_until_exported(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Wait until the data are in the bucket, saying how far it is."""
    if _family(step) == "aurora":
        return _wait_for_task(str(step.arguments["task"]), context)
    return _wait_for_files(step, context)


def _wait_for_files(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    family = cast("BucketExport", open_family(context.tools, _family(step)))
    bucket, task_id = str(step.arguments["bucket"]), str(step.arguments["task"])

    def written() -> str | None:
        found = _look(step, context)
        if found is None or found.status != "available":
            return found.status if found is not None else None
        return "written" if family.is_exported(found, task_id, bucket) else None

    until_status(context, f"s3://{bucket}/{task_id}", written, wanted=("written",))
    return {"bucket": bucket, "task": task_id}


def _wait_for_task(task_id: str, context: Ctx) -> Mapping[str, Any]:
    rds = context.tools.session.rds
    said = Progress(context.say, f"export {task_id}", "an hour or more: the volume is restored first")
    task = wait_for(
        f"export {task_id} complete",
        poll=lambda: exports.find_task(rds, task_id),
        judge=_judge_task,
        timeout_s=TIMEOUT_S,
        every_s=EVERY_S,
        clock=context.clock,
        on_progress=lambda seen, waited_s: said.tell(_task_status(seen), waited_s),
    )
    return {"task": task_id, "extracted_gb": task.extracted_gb if task is not None else 0}


def _judge_task(task: ExportTask | None) -> Judgement:
    if task is None:
        return PENDING
    if task.status in ENDED_BADLY:
        return FAILED
    return READY if task.status == COMPLETE else PENDING


def _task_status(task: ExportTask | None) -> str | None:
    return None if task is None else f"{task.status.lower().replace('_', ' ')}, {task.progress} %"


def _status(snapshot: Snapshot | None) -> str | None:
    """With how far it is, while it is being made."""
    if snapshot is None:
        return None
    return f"{snapshot.status}, {snapshot.progress} %" if snapshot.status in MOVING else snapshot.status


def _find(step: Step[Kind], context: Ctx) -> Snapshot | None:
    place = str(step.arguments.get("region", ""))
    return find_tagged(context.tools, _family(step), str(step.arguments["snapshot"]), place)


def _look(step: Step[Kind], context: Ctx) -> Snapshot | None:
    place = str(step.arguments.get("region", ""))
    return look(context.tools, _family(step), str(step.arguments["snapshot"]), place)


def _family(step: Step[Kind]) -> Family:
    family: Family = step.arguments["family"]
    return family
