"""Which steps of taking a snapshot are missing, or every reason not to start. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.snapshot.kinds import Kind
from runbooks.snapshot.names import name_reasons
from runbooks.snapshot.request import CreateRequest
from runbooks.snapshot.seen import Snapshot, Source
from runbooks.tags import is_ours, taken_by


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateSeen:
    """What was seen. `made` is the snapshot of that name; `used` is how much of the quota is used.

    `fences` are the reasons of the source's owner and of this machine; `locked` those of other runs.
    """

    run_id: str
    name: str
    source: Source | None = None
    made: Snapshot | None = None
    call: Call | None = None
    used: int = 0
    quota: int = 100
    fences: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    awaited: bool = False  # an earlier sitting has seen it available

    @property
    def is_made(self) -> bool:
        """This run has made it already."""
        return self.made is not None and is_ours(self.made.tags, self.run_id)


def blockers(request: CreateRequest, seen: CreateSeen) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    if seen.is_made:
        return (*failed_reasons(seen.made), *seen.locked)
    return (
        *name_reasons(seen.name),
        *_name_taken(seen.made, seen.name),
        *_source_reasons(request, seen.source),
        *quota_reasons(request.family, seen.used, seen.quota),
        *seen.fences,
        *seen.locked,
    )


def failed_reasons(made: Snapshot | None) -> Iterator[str]:
    """What this run made and AWS did not finish stays for good: it is in the way, and nothing can be restored of it."""
    if made is not None and made.status == "failed":
        yield f"{made.snapshot_id} must not have failed; delete it, then start anew without --run-id"


def _name_taken(made: Snapshot | None, name: str) -> Iterator[str]:
    if made is not None:
        yield taken_by(made.tags, name)


def _source_reasons(request: CreateRequest, source: Source | None) -> Iterator[str]:
    what = "cluster" if request.family == "aurora" else f"{request.family} cache".replace("cache cache", "cache")
    if source is None:
        yield (
            f"{what} {request.source_id} must exist, got none; check its name, the Region, the account and --family, "
            "which says what it is"
        )
    elif request.family == "cache" and source.engine == "memcached":
        yield (
            f"{what} {source.source_id} must keep what it holds to have a snapshot, got Memcached nodes; serverless "
            "Memcached has snapshots (--family serverless)"
        )
    elif source.status != "available":
        yield f"{what} {source.source_id} must be available, got {source.status}; wait until it is, then run again"


def quota_reasons(family: str, used: int, quota: int) -> Iterator[str]:
    """Aurora counts the manual ones of a Region; ElastiCache those of a day."""
    if used < quota:
        return
    if family == "aurora":
        yield (
            f"manual snapshots of the Region must be fewer than {quota}, got {used}; delete some by `runbook snapshot "
            "prune`, or ask for a higher quota (L-9B510759)"
        )
    else:
        yield f"snapshots taken by hand in 24 hours must be fewer than {quota}, got {used}; wait, then run again"


def plan_create(request: CreateRequest, seen: CreateSeen) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    arguments = {"family": request.family, "region": "", "snapshot": seen.name}
    missing: list[Step[Kind]] = []
    if not seen.is_made and seen.call is not None:
        missing.append(
            Step(
                kind=Kind.CREATE,
                subject=seen.name,
                calls=(seen.call,),
                arguments=arguments,
                why=f"the data of {request.source_id} as they are when it begins; the source goes on working",
            )
        )
    if not seen.awaited:  # planned even where it is available by now: it may become so between two looks
        missing.append(await_step(seen.name, arguments))
    return tuple(missing)


def await_step(name: str, arguments: dict[str, str]) -> Step[Kind]:
    """Nothing can be restored from a snapshot before it is available."""
    return Step(kind=Kind.AWAIT, subject=name, arguments=arguments, why="only then can it be restored and copied")
