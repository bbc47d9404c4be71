"""Whether a cluster can be wound back, and what is left of doing it. Pure.

BacktrackDBCluster takes no token. Which backtrack is this run's is told by those there were before it: the step's
arguments have their ids, and the journal has the step's arguments. Without the journal one that is under way to the
same moment is taken for this run's; one that is complete is not, and is done again: to the same absolute moment, so
that only what was written in between is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from runbooks.backtrack.request import BacktrackRequest
from runbooks.boundary import boundary_reasons
from runbooks.engine.plan import Call, PlanRefusedError, Step

VERB: Final = "backtrack"
ENGINE: Final = "aurora-mysql"
OFF: Final = "OFF"
NEAR: Final = timedelta(minutes=5)  # "Aurora automatically chooses the nearest possible consistent time"
UNDER_WAY: Final = frozenset({"pending", "applying"})
COMPLETED: Final = "completed"
FAILED: Final = "failed"


class Kind(StrEnum):
    """The steps."""

    BACKTRACK = "backtrack-cluster"
    FOLLOW = "follow-backtrack"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterSeen:
    """What matters of the cluster. `window_s` 0: it has no backtrack; `earliest` None: nothing to go back to yet."""

    cluster_id: str
    arn: str
    status: str
    engine: str
    window_s: int = 0
    earliest: datetime | None = None
    parameter_group: str = ""
    global_cluster_id: str = ""
    replicas: tuple[str, ...] = ()  # of other Regions, fed by its binary log
    replica_of: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Backtrack:
    """One backtrack; `status` is pending, applying, completed or failed."""

    backtrack_id: str
    status: str
    to: datetime
    came_from: datetime
    requested_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `known` are the backtracks that there were before this run asked for its own."""

    now: datetime
    cluster: ClusterSeen | None = None
    instances: Mapping[str, str] = field(default_factory=dict[str, str])  # status by identifier
    binlog: str = OFF
    blue_green: tuple[str, ...] = ()
    backtracks: tuple[Backtrack, ...] = ()
    known: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()

    @property
    def is_at_rest(self) -> bool:
        """The cluster and all its instances are available."""
        cluster = self.cluster
        return (
            cluster is not None
            and cluster.status == "available"
            and all(status == "available" for status in self.instances.values())
        )


def find_own(
    backtracks: Iterable[Backtrack], known: Iterable[str], to: datetime, *, earliest: bool
) -> Backtrack | None:
    """The latest backtrack to that moment that was not known before, and has not failed."""
    before = set(known)
    found = [
        each
        for each in backtracks
        if each.backtrack_id not in before and each.status != FAILED and leads_to(each, to, earliest=earliest)
    ]
    return max(found, key=lambda each: each.requested_at, default=None)


def leads_to(backtrack: Backtrack, to: datetime, *, earliest: bool) -> bool:
    """Whether it goes to the moment asked for, which Aurora may move a little; or to the earliest, later than that."""
    return abs(backtrack.to - to) <= NEAR or (earliest and backtrack.to >= to)


def known_without_journal(backtracks: Iterable[Backtrack], request: BacktrackRequest) -> tuple[str, ...]:
    """All there are but those under way to the same moment."""
    return tuple(
        each.backtrack_id
        for each in backtracks
        if each.status not in UNDER_WAY or not leads_to(each, request.moment, earliest=request.earliest)
    )


def own_of(request: BacktrackRequest, seen: Observed) -> Backtrack | None:
    """This run's backtrack; None before it was asked for."""
    return find_own(seen.backtracks, seen.known, request.moment, earliest=request.earliest)


def blockers(request: BacktrackRequest, seen: Observed) -> tuple[str, ...]:
    """Reasons not to start, all of them; empty when safe."""
    cluster = seen.cluster
    if cluster is None:
        return (
            f"cluster {request.cluster_id} must exist, got none; check the identifier, the Region and the account",
            *seen.locked,
        )
    reasons = (
        *boundary_reasons(VERB, cluster.cluster_id, cluster.tags),
        *seen.locked,
    )
    if own_of(request, seen) is not None:
        return reasons
    return (*_feature_reasons(cluster), *_moment_reasons(request, seen, cluster), *_state(request, seen), *reasons)


def _feature_reasons(cluster: ClusterSeen) -> Iterable[str]:
    name = cluster.cluster_id
    if cluster.engine != ENGINE:
        yield f"{name} must be of {ENGINE}, got {cluster.engine}; see `runbook restore point-in-time`"
        return
    if not cluster.window_s:
        yield (
            f"{name} must have a backtrack window, got 0; it is given when a cluster is made and cannot be turned on "
            "afterwards: `runbook restore point-in-time` makes a cluster of then"
        )
    if cluster.global_cluster_id:
        yield f"{name} must not be in a global database, got {cluster.global_cluster_id}; those have no backtrack"


def _moment_reasons(request: BacktrackRequest, seen: Observed, cluster: ClusterSeen) -> Iterable[str]:
    if request.moment > seen.now:
        yield f"--to must not be in the future, got {request.to}; it is {_text(seen.now)}"
    if not cluster.window_s or cluster.engine != ENGINE:
        return
    if cluster.earliest is None:
        yield f"{cluster.cluster_id} must show its earliest backtrack time, got none; wait until it does"
    elif request.moment < cluster.earliest and not request.earliest:
        yield (
            f"--to must be {_text(cluster.earliest)} or later (the window is {_hours(cluster.window_s)}), got "
            f"{request.to}; take a later time, or add --earliest to go back as far as it goes"
        )


def _state(request: BacktrackRequest, seen: Observed) -> Iterable[str]:
    cluster = seen.cluster
    if cluster is None:
        return
    under_way = [each for each in seen.backtracks if each.status in UNDER_WAY]
    for each in under_way:
        yield f"backtrack {each.backtrack_id} to {_text(each.to)} must be over first, got {each.status}; wait for it"
    if cluster.status != "available" and not under_way:
        yield f"{cluster.cluster_id} must be available, got {cluster.status}; wait until it is, then run again"
    if has_binlog(seen) and not request.with_binlog:
        yield (
            f"{cluster.cluster_id} must have no binary log, got binlog_format {seen.binlog}; nothing of a backtrack is "
            f"written to it, so that {_readers(seen)}: --with-binlog does it nevertheless"
        )


def has_binlog(seen: Observed) -> bool:
    return seen.binlog.upper() != OFF


def _readers(seen: Observed) -> str:
    cluster = seen.cluster
    named = (*cluster.replicas, *([cluster.replica_of] if cluster.replica_of else [])) if cluster is not None else ()
    who = [*(f"replica {each}" for each in named), *(f"blue/green deployment {each}" for each in seen.blue_green)]
    return f"{', '.join(who) or 'replicas outside and blue/green deployments'} no longer fit"


def plan_backtrack(request: BacktrackRequest, seen: Observed) -> tuple[Step[Kind], ...]:
    """Steps still missing.

    Raises:
        PlanRefusedError: with every reason.
    """
    if reasons := blockers(request, seen):
        raise PlanRefusedError(reasons)
    own = own_of(request, seen)
    if own is None:
        return (_call_step(request, seen),)
    if own.status == COMPLETED and seen.is_at_rest:
        return ()
    why = f"this run asked for it at {_text(own.requested_at)}; wait until it is applied"
    arguments = {"backtrack": own.backtrack_id, "known": list(seen.known)}
    return (Step(kind=Kind.FOLLOW, subject=request.cluster_id, why=why, arguments=arguments),)


def _call_step(request: BacktrackRequest, seen: Observed) -> Step[Kind]:
    return Step(
        kind=Kind.BACKTRACK,
        subject=request.cluster_id,
        why=_why(request, seen),
        calls=(
            Call(
                service="rds",
                operation="BacktrackDBCluster",
                parameters={
                    "DBClusterIdentifier": request.cluster_id,
                    "BacktrackTo": request.to,
                    **({"Force": True} if has_binlog(seen) else {}),
                    **({"UseEarliestTimeOnPointInTimeUnavailable": True} if request.earliest else {}),
                },
            ),
        ),
        arguments={"to": request.to, "earliest": request.earliest, "known": list(seen.known)},
    )


def _why(request: BacktrackRequest, seen: Observed) -> str:
    cluster = seen.cluster
    earliest = cluster.earliest if cluster is not None else None
    begins = f"; its window begins at {_text(earliest)}" if earliest is not None else ""
    why = (
        f"the whole cluster goes back to {request.to} in place: what was written since is not in it any more, and "
        f"connections are closed{begins}"
    )
    done = [each for each in seen.backtracks if each.status == COMPLETED and abs(each.to - request.moment) <= NEAR]
    if done:
        last = max(done, key=lambda each: each.requested_at)
        why += f"; one of {_text(last.requested_at)} went there, too: what was written since that is lost as well"
    if has_binlog(seen):
        why += f"; it has a binary log: {_readers(seen)}"
    return why


def why_confirm(request: BacktrackRequest, seen: Observed) -> str:
    """Always, but for waiting: nobody should do this by a typing error."""
    if own_of(request, seen) is not None:
        return ""
    return (
        f"{request.cluster_id} as a whole goes back to {request.to}; winding it forward again brings back what was "
        "there, but nothing that is written in between"
    )


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _hours(seconds: int) -> str:
    return f"{seconds / 3600:g} h"
