"""Which steps of an export to S3 are missing, or every reason not to start. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runbooks.aws.exports import ExportTask
from runbooks.aws.kms import Key
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.snapshot.copying import key_reasons
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.request import ExportRequest
from runbooks.snapshot.seen import Snapshot

AT_ONCE: Final = 5  # "up to five concurrent DB snapshot export tasks in progress per AWS account"
EXPORTER: Final = "export.rds.amazonaws.com"
COMPLETE: Final = "COMPLETE"
ENDED_BADLY: Final = frozenset({"FAILED", "CANCELED", "CANCELING"})
_WORD: Final = re.compile(r"^[A-Za-z0-9_$]+$")  # "Latin letters, digits, dollar symbol, underscore"; else the whole
_ROLE: Final = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")
_TURNED: Final = frozenset('\\`" ')  # "converted to underscores during export"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportSeen:
    """What was seen. `task_id` is what this run calls its export.

    `trusted` are the services that may take the role, None for no such role; `bucket_region` None for no such bucket.
    `written` says that a cache's files are in the bucket, `denied` why ElastiCache could not write them.
    """

    task_id: str
    region: str
    snapshot: Snapshot | None = None
    task: ExportTask | None = None
    running: tuple[ExportTask, ...] = ()
    trusted: tuple[str, ...] | None = None
    bucket_region: str | None = None
    key: Key | None = None
    written: bool = False
    denied: tuple[str, ...] = ()
    call: Call | None = None
    fences: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    awaited: bool = False  # an earlier sitting has seen it complete

    @property
    def is_begun(self) -> bool:
        """This run has begun it, and it has not come to a bad end."""
        return self.written or (self.task is not None and self.task.status not in ENDED_BADLY)

    @property
    def is_done(self) -> bool:
        return self.written or (self.task is not None and self.task.status == COMPLETE)


def blockers(request: ExportRequest, seen: ExportSeen) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    if seen.is_begun:
        return seen.locked
    aurora = request.family == "aurora"
    return (
        *_snapshot_reasons(request, seen.snapshot),
        *(_bucket_reasons(request, seen) if aurora else seen.denied),
        *(_aurora_reasons(request, seen) if aurora else _cache_reasons(request)),
        *_ended_reasons(seen.task),
        *seen.fences,
        *seen.locked,
    )


def _snapshot_reasons(request: ExportRequest, snapshot: Snapshot | None) -> Iterator[str]:
    name = request.snapshot_id
    if snapshot is None:
        yield f"snapshot {name} must exist in this account and Region, got none; see `runbook snapshot list`"
    elif snapshot.kind == "shared":
        yield f"{name} must be this account's own, got another account's; copy it first: `runbook snapshot copy {name}`"
    elif snapshot.status != "available":
        yield f"{name} must be available, got {snapshot.status}; wait until it is, then run again"


def _bucket_reasons(request: ExportRequest, seen: ExportSeen) -> Iterator[str]:
    if seen.bucket_region is None:
        yield f"bucket {request.bucket} must exist, got none that this account can see; make it, or check its name"
    elif seen.bucket_region != seen.region:
        yield (
            f"bucket {request.bucket} must be in {seen.region}, where the snapshot is, got {seen.bucket_region}; give "
            "another bucket, or copy the snapshot to that Region"
        )


def _aurora_reasons(request: ExportRequest, seen: ExportSeen) -> Iterator[str]:
    if not _ROLE.match(request.role):
        yield f"--role must be the ARN of an IAM role, got {request.role!r}; as in arn:aws:iam::123456789012:role/NAME"
    elif seen.trusted is None:
        yield f"role {request.role} must exist, got none; make it, with the policy of docs/runbooks/snapshot.md"
    elif EXPORTER not in seen.trusted:
        got = ", ".join(seen.trusted) or "none"
        yield f"role {request.role} must trust {EXPORTER}, got {got}; add it to the role's trust policy"
    yield from key_reasons("--key", request.key, seen.key, seen.region)
    yield from _only_reasons(request, seen.snapshot)
    if turned := sorted(_TURNED & set(request.prefix)):
        yield f"--prefix must be without {' '.join(map(repr, turned))}, got {request.prefix!r}; RDS turns these into _"
    yield from _running_reasons(request, seen)


def _only_reasons(request: ExportRequest, snapshot: Snapshot | None) -> Iterator[str]:
    mysql = snapshot is not None and snapshot.engine == "aurora-mysql"
    most, form = (2, "database[.table]") if mysql else (3, "database[.schema[.table]]")
    for each in request.only:
        words = each.split(".")
        if len(words) > most or not all(_WORD.match(word) for word in words):
            yield (
                f"--only must be {form} of letters, digits, $ and _, got {each!r}; names with other characters are "
                "exported with the whole snapshot only"
            )


def _running_reasons(request: ExportRequest, seen: ExportSeen) -> Iterator[str]:
    arn = seen.snapshot.arn if seen.snapshot is not None else ""
    same = [task.task_id for task in seen.running if task.source_arn == arn]
    if same:
        yield (
            f"{request.snapshot_id} must not be exported at the same time, got export {', '.join(same)}; wait for it, "
            "or cancel it (`aws rds cancel-export-task`)"
        )
    elif len(seen.running) >= AT_ONCE:
        yield (
            f"exports under way must be fewer than {AT_ONCE}, got {', '.join(task.task_id for task in seen.running)}; "
            "wait until one is complete"
        )


def _cache_reasons(request: ExportRequest) -> Iterator[str]:
    given = [
        name
        for name, value in (("--role", request.role), ("--key", request.key), ("--only", request.only))
        if value
    ]  # fmt: skip
    if given:
        yield (
            f"{', '.join(given)} must be left out for a {request.family} snapshot, got a value: ElastiCache writes "
            "the whole as .rdb, as the bucket's policy lets it"
        )


def _ended_reasons(task: ExportTask | None) -> Iterator[str]:
    if task is not None:
        why = f": {task.failure}" if task.failure else ""
        yield (
            f"export {task.task_id} must not have ended, got {task.status.lower()}{why}; mend the cause, then start "
            "anew without --run-id"
        )


def plan_export(request: ExportRequest, seen: ExportSeen) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    arguments = {"family": request.family, "snapshot": request.snapshot_id, "task": seen.task_id}
    where = f"s3://{request.bucket}/{prefix_of(request, seen.task_id)}"
    missing: list[Step[Kind]] = []
    if not seen.is_begun and seen.call is not None:
        missing.append(
            Step(
                kind=Kind.EXPORT,
                subject=request.snapshot_id,
                calls=(seen.call,),
                arguments=arguments,
                why=f"{_what(request)} to {where}; whoever reads the bucket reads it; no live cluster takes part",
            )
        )
    if not seen.awaited:  # planned even where it is complete by now: it may become so between two looks
        why = "RDS restores the whole volume first, even for --only, and is paid for it" if _is_aurora(request) else (
            "the files are there when ElastiCache has written them"
        )  # fmt: skip
        missing.append(
            Step(
                kind=Kind.AWAIT_EXPORT,
                subject=seen.task_id,
                arguments={**arguments, "bucket": request.bucket},
                why=why,
            )
        )
    return tuple(missing)


def prefix_of(request: ExportRequest, task_id: str) -> str:
    """What the names of the objects begin with."""
    if request.family == "aurora":
        return f"{request.prefix}/{task_id}/" if request.prefix else f"{task_id}/"
    return task_id


def _is_aurora(request: ExportRequest) -> bool:
    return request.family == "aurora"


def _what(request: ExportRequest) -> str:
    if not _is_aurora(request):
        return "the keys and their values, as .rdb,"
    return f"{', '.join(request.only)} as Parquet" if request.only else "all its data as Parquet"
