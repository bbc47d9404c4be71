"""Which steps a restored cluster still needs, or every reason not to begin. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from runbooks.birth.plan import BirthKind, plan_birth
from runbooks.engine.plan import PlanRefusedError, Step
from runbooks.quarantine.plan import plan_closing
from runbooks.restore.blockers import blockers
from runbooks.restore.origin import Origin
from runbooks.restore.request import Kind, RestoreRequest
from runbooks.restore.seen import Observed
from runbooks.restore.wishes import model_of, origin_call, quarantine_of, wish_of
from runbooks.tags import expiry_text


def plan_restore(request: RestoreRequest, seen: Observed) -> tuple[Step[Any], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    reasons = blockers(request, seen)
    model = model_of(request, seen)
    if reasons or model is None:
        raise PlanRefusedError(reasons)
    wish = wish_of(request, seen, model)
    born = plan_birth(wish, origin_call(request, seen, model), model, seen.copy)
    closing: Iterable[Step[Any]] = ()
    if request.closed and seen.closing is not None:
        closing = plan_closing(quarantine_of(request, seen, model), seen.closing)
    return (*closing, *(_with_origin(step, request, seen) for step in born))


def _with_origin(step: Step[Any], request: RestoreRequest, seen: Observed) -> Step[Any]:
    """The step that brings the data says which, of when, and how long that takes."""
    if step.kind is not BirthKind.RESTORE or not step.calls:
        return step
    return replace(step, why=f"{said_of_data(request, seen)}; every setting that the call takes is said in it")


def said_of_data(request: RestoreRequest, seen: Observed) -> str:
    """What the new cluster has, in words."""
    origin = seen.origin
    if request.kind is Kind.S3:
        count, gib = (seen.bucket.files, seen.bucket.total_bytes / 1024**3) if seen.bucket is not None else (0, 0.0)
        return f"{count} files of XtraBackup, {gib:.1f} GiB, become a cluster; that takes hours when they are many"
    if origin is None:
        return "the data"
    if request.kind is Kind.SNAPSHOT:
        when = f" of {expiry_text(origin.created_at)}" if origin.created_at is not None else ""
        way = ", which moves from RDS to Aurora" if origin.sort == "instance-snapshot" else ""
        return f"snapshot {origin.name}{when}{way}; minutes, or hours for a large volume"
    return (
        f"{origin.source_id} as of {request.to_time or 'the latest moment'}, of a window from {window_of(origin)}; a "
        "full copy, hours for a large volume"
    )


def window_of(origin: Origin) -> str:
    """From when to when it can be restored to."""
    earliest, latest = (expiry_text(each) if each is not None else "?" for each in (origin.earliest, origin.latest))
    return f"{earliest} to {latest}"
