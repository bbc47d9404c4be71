"""Which snapshots are deleted, one step each, or every reason not to start. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from runbooks.boundary import boundary_reasons
from runbooks.engine.plan import Call, PlanRefusedError, Step
from runbooks.prune.headroom import Headroom
from runbooks.prune.request import PruneRequest
from runbooks.prune.retention import VERB, Fate, Policy, Ruling, counts, gaps, rule
from runbooks.snapshot.seen import Family, Snapshot, Source


class Kind(StrEnum):
    """The steps."""

    DELETE = "delete-snapshot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `busy` says by ARN what uses a snapshot; `deletes` has by ARN the call that would delete it."""

    policy: Policy
    family: Family = "aurora"
    snapshots: tuple[Snapshot, ...]
    now: datetime
    headroom: Headroom
    source: Source | None = None
    busy: Mapping[str, str] = field(default_factory=dict[str, str])
    deletes: Mapping[str, Call] = field(default_factory=dict[str, Call])
    locked: tuple[str, ...] = ()

    @property
    def restorable(self) -> int:
        """How many backups of ours could be restored."""
        return sum(counts(each) for each in self.snapshots)

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """What becomes of each snapshot, the newest first."""
        return rule(self.snapshots, self.policy, self.now, self.busy)


def blockers(request: PruneRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    return tuple(_reasons(request, seen))


def _reasons(request: PruneRequest, seen: Observed) -> Iterable[str]:
    if seen.source is None and not seen.snapshots:
        yield (
            f"{request.source_id} must exist or have snapshots, got neither; check the identifier, --family "
            f"(now {request.family}) and the Region"
        )
    yield from gaps(seen.snapshots)
    yield from boundary_reasons(VERB, request.source_id, seen.source.tags if seen.source is not None else {})
    yield from seen.locked


def plan_prune(request: PruneRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """A step for each snapshot that goes, the oldest first.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    going = [each.snapshot for each in reversed(seen.rulings) if each.fate is Fate.GOES]
    return tuple(_step(request, seen, each) for each in going)


def _step(request: PruneRequest, seen: Observed, snapshot: Snapshot) -> Step[Kind]:
    taken = f"{snapshot.created_at:%Y-%m-%d %H:%M} UTC"
    return Step(
        kind=Kind.DELETE,
        subject=snapshot.snapshot_id,
        why=f"of {taken}: no rule keeps it, nobody holds, shares or uses it",
        calls=(seen.deletes[snapshot.arn],),
        arguments={
            "arn": snapshot.arn,
            "source": request.source_id,
            "family": request.family,
            "policy": asdict(request.policy),
            "copies_in": list(request.copies_in),
        },
    )
