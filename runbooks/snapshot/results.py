"""What the snapshot verbs leave behind, and whether it is as it should be. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from runbooks.engine.run import Check, Verdict
from runbooks.snapshot.copying import CopySeen
from runbooks.snapshot.creating import CreateSeen
from runbooks.snapshot.exporting import ExportSeen, prefix_of
from runbooks.snapshot.request import CopyRequest, CreateRequest, ExportRequest, ShareRequest
from runbooks.snapshot.seen import Snapshot
from runbooks.snapshot.sharing import ShareSeen, leaving_accounts, missing_accounts
from runbooks.tags import is_ours


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotResult:
    """The snapshot that was taken or copied."""

    snapshot_id: str
    arn: str
    region: str
    source_id: str
    created_at: datetime | None
    encrypted: bool
    key: str
    copied_from: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareResult:
    """Whom a snapshot is shared with now; the others are given its ARN."""

    snapshot_id: str
    arn: str
    shared_with: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportResult:
    """Where the data are. `warning` is RDS's own: tables that were left out."""

    snapshot_id: str
    task_id: str
    location: str
    extracted_gb: int
    warning: str


def verify_create(request: CreateRequest, seen: CreateSeen) -> Verdict:
    made = seen.made
    return Verdict(
        summary=f"{seen.name} has the data of {request.source_id}",
        checks=tuple(_snapshot_checks(made, seen.run_id)),
        result=_result(made),
    )


def verify_copy(request: CopyRequest, seen: CopySeen) -> Verdict:
    made = seen.target
    return Verdict(
        summary=f"{seen.name} in {seen.destination} has the data of {request.snapshot_id}",
        checks=(*_snapshot_checks(made, seen.run_id), *_copy_checks(request, seen, made)),
        result=_result(made),
    )


def _snapshot_checks(made: Snapshot | None, run_id: str) -> Iterator[Check]:
    status = made.status if made is not None else "none"
    yield Check(name="available", passed=status == "available", detail=status)
    ours = made is not None and is_ours(made.tags, run_id)
    yield Check(name="tags", passed=ours, detail="of this run" if ours else "not of this run")


def _copy_checks(request: CopyRequest, seen: CopySeen, made: Snapshot | None) -> Iterator[Check]:
    if request.key and seen.key is not None:
        key = made.key if made is not None else ""
        yield Check(name="key", passed=key == seen.key.arn, detail=key or "none")
    if made is not None and made.copied_from:
        wanted = made.copied_from.endswith(f":{request.snapshot_id}")
        yield Check(name="copied from", passed=wanted, detail=made.copied_from)


def _result(made: Snapshot | None) -> SnapshotResult | None:
    if made is None:
        return None
    return SnapshotResult(
        snapshot_id=made.snapshot_id,
        arn=made.arn,
        region=made.arn.split(":")[3],
        source_id=made.source_id,
        created_at=made.created_at,
        encrypted=made.encrypted,
        key=made.key,
        copied_from=made.copied_from,
    )


def verify_share(request: ShareRequest, seen: ShareSeen) -> Verdict:
    left = missing_accounts(request, seen.shared_with)
    return _shared(seen, Check(name="shared", passed=not left, detail=_who(seen)), request)


def verify_unshare(request: ShareRequest, seen: ShareSeen) -> Verdict:
    left = leaving_accounts(request, seen.shared_with)
    return _shared(seen, Check(name="shared", passed=not left, detail=_who(seen)), request)


def _shared(seen: ShareSeen, check: Check, request: ShareRequest) -> Verdict:
    arn = seen.snapshot.arn if seen.snapshot is not None else ""
    how = f"; there: runbook snapshot copy {arn} --as NAME --key KEY" if seen.shared_with else ""
    return Verdict(
        summary=f"{request.snapshot_id} is shared with {_who(seen)}{how}",
        checks=(check,),
        result=ShareResult(snapshot_id=request.snapshot_id, arn=arn, shared_with=seen.shared_with),
    )


def _who(seen: ShareSeen) -> str:
    return ", ".join(seen.shared_with) or "nobody"


def verify_export(request: ExportRequest, seen: ExportSeen) -> Verdict:
    location = f"s3://{request.bucket}/{prefix_of(request, seen.task_id)}"
    task = seen.task
    status = task.status.lower() if task is not None else ("written" if seen.written else "none")
    return Verdict(
        summary=f"the data of {request.snapshot_id} are in {location}",
        checks=(Check(name="export", passed=seen.is_done, detail=status),),
        result=ExportResult(
            snapshot_id=request.snapshot_id,
            task_id=seen.task_id,
            location=location,
            extracted_gb=task.extracted_gb if task is not None else 0,
            warning=task.warning if task is not None else "",
        ),
    )
