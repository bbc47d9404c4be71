"""Which snapshots are kept, by which rule, and which go: grandfather, father, son. Pure: no clock, no AWS.

The newest snapshot of each day, ISO week, month and year (in UTC) is kept, for the last so many of these periods that
have one: a pause in backups ages nothing out. The newest few are kept whatever their age. What is held, shared, in use
or not yet expired is kept beside that; what no run of a runbook made is not judged at all.

Taking snapshots away that go never changes which of the others are kept: so a run that was killed is finished by the
next one, and a second run has nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from estate.names import TAG_EXPIRES, TAG_HOLD, TAG_RUN, TAG_SOURCE
from runbooks.boundary import boundary_reasons
from runbooks.snapshot.seen import Snapshot
from runbooks.tags import expiry_of

VERB: Final = "snapshot prune"
RESTORABLE: Final = "available"
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_KINDS: Final = {
    "automated": "automated: it goes with the cluster's retention",
    "awsbackup": "AWS Backup's own",
    "shared": "another account's",
}
_SNAPSHOT_KINDS: Final = frozenset({"cluster-snapshot", "snapshot", "serverlesscachesnapshot"})  # in an ARN


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How many days, weeks, months and years have a snapshot; `keep_at_least` newest ones are kept at any age."""

    daily: int = 7
    weekly: int = 5
    monthly: int = 12
    yearly: int = 0
    keep_at_least: int = 2

    def __post_init__(self) -> None:
        for name in ("daily", "weekly", "monthly", "yearly"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if self.keep_at_least < 1:
            raise ValueError(f"keep-at-least must be 1 or more, got {self.keep_at_least}; the last is never deleted")


class Fate(StrEnum):
    """What becomes of a snapshot."""

    KEPT = "kept"
    GOES = "goes"
    NOT_OURS = "not ours"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """One snapshot, what becomes of it, and every reason."""

    snapshot: Snapshot
    fate: Fate
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    period: Callable[[datetime], Any]


_RULES: Final = (
    _Rule("daily", lambda at: at.date()),
    _Rule("weekly", lambda at: at.isocalendar()[:2]),
    _Rule("monthly", lambda at: (at.year, at.month)),
    _Rule("yearly", lambda at: at.year),
)


def gaps(snapshots: Iterable[Snapshot]) -> tuple[str, ...]:
    """Reasons why the picture is not whole; with one of them nothing may be deleted."""
    found: list[str] = []
    for each in snapshots:
        if each.created_at is None and each.status == RESTORABLE:
            found.append(f"{each.snapshot_id} must have a time of creation, got none; nothing is deleted without it")
        if each.created_at is not None and each.created_at.tzinfo is None:
            found.append(f"{each.snapshot_id} must have a time with its zone, got {each.created_at}; it could be any")
    return tuple(found)


def rule(
    snapshots: Sequence[Snapshot], policy: Policy, now: datetime, busy: Mapping[str, str] = NOBODY
) -> tuple[Ruling, ...]:
    """Judge every snapshot of one source; the newest first.

    Args:
        snapshots: all of the source, of every kind and status.
        policy: how many are kept.
        now: for expiry tags only.
        busy: by ARN, what uses a snapshot at the moment ("copied to ...").

    Raises:
        ValueError: the picture is not whole (`gaps`).
    """
    if reasons := gaps(snapshots):
        raise ValueError("; ".join(reasons))
    by_policy = _kept_by_policy([each for each in snapshots if counts(each)], policy)
    rulings = [_judge(each, by_policy.get(each.arn, ()), now, busy.get(each.arn, "")) for each in snapshots]
    return tuple(sorted(rulings, key=lambda ruling: _age_key(ruling.snapshot), reverse=True))


def counts(snapshot: Snapshot) -> bool:
    """Whether it is a backup of ours that could be restored: only these are counted and judged by age."""
    return not foreign(snapshot) and snapshot.status == RESTORABLE


def foreign(snapshot: Snapshot) -> str:
    """Why it is not ours; empty when a runbook took it."""
    if not snapshot.is_manual:
        return _KINDS.get(snapshot.kind, f"of kind {snapshot.kind}")
    if TAG_RUN not in snapshot.tags:
        return "no run of a runbook made it"
    if not _made_of(snapshot):
        return "its tags were copied from the cluster, which a run made"
    return ""


def _made_of(snapshot: Snapshot) -> bool:
    """Whether the tag of the source names what it was taken of, or the snapshot that it is a copy of.

    RDS copies a cluster's tags to snapshots (CopyTagsToSnapshot): one taken by hand of a clone carries the clone's.
    """
    source = snapshot.tags.get(TAG_SOURCE, "")
    kind, _, name = ":".join(source.split(":")[5:]).partition(":")
    if kind in _SNAPSHOT_KINDS:
        return snapshot.family != "aurora" or snapshot.copied_from == source
    return name == snapshot.source_id


def _kept_by_policy(counted: Sequence[Snapshot], policy: Policy) -> dict[str, tuple[str, ...]]:
    """By ARN, the rules that keep it. The order of the list does not matter."""
    newest = sorted(counted, key=_age_key, reverse=True)
    kept: dict[str, tuple[str, ...]] = {}
    for each in newest[: policy.keep_at_least]:
        kept[each.arn] = (f"one of the newest {policy.keep_at_least}",)
    for one in _RULES:
        firsts: dict[Any, Snapshot] = {}
        for each in newest:
            firsts.setdefault(one.period(_taken(each)), each)
        for each in list(firsts.values())[: getattr(policy, one.name)]:
            kept[each.arn] = (*kept.get(each.arn, ()), one.name)
    return kept


def _judge(snapshot: Snapshot, rules: tuple[str, ...], now: datetime, use: str) -> Ruling:
    if reason := foreign(snapshot):
        return Ruling(snapshot=snapshot, fate=Fate.NOT_OURS, reasons=(reason,))
    reasons = (*rules, *_fences(snapshot, now), *((use,) if use else ()))
    return Ruling(snapshot=snapshot, fate=Fate.KEPT if reasons else Fate.GOES, reasons=reasons)


def _fences(snapshot: Snapshot, now: datetime) -> Iterable[str]:
    """What keeps a snapshot besides its age."""
    if snapshot.status != RESTORABLE:
        yield f"is {snapshot.status}"
    if TAG_HOLD in snapshot.tags:
        yield f"legal hold: {snapshot.tags[TAG_HOLD] or 'no reason given'}"
    yield from _expiry(snapshot, now)
    if snapshot.shared_with is None and snapshot.family == "aurora":  # caches' snapshots cannot be shared
        yield "whom it is shared with is not known"
    if snapshot.shared_with:
        yield f"shared with {', '.join(snapshot.shared_with)}: unshare it first"
    yield from boundary_reasons(VERB, snapshot.snapshot_id, snapshot.tags)


def _expiry(snapshot: Snapshot, now: datetime) -> Iterable[str]:
    if TAG_EXPIRES not in snapshot.tags:
        return
    expires = expiry_of(snapshot.tags)
    if expires is None:
        yield f"its expiry cannot be read: {snapshot.tags[TAG_EXPIRES]!r}"
    elif expires > now:
        yield f"expires {expires:%Y-%m-%d %H:%M} UTC"


def _taken(snapshot: Snapshot) -> datetime:
    assert snapshot.created_at is not None  # noqa: S101 - `gaps` saw to it
    return snapshot.created_at.astimezone(UTC)


def _age_key(snapshot: Snapshot) -> tuple[datetime, str]:
    """By time and, for two of the same moment, by ARN; what is still being made is the newest."""
    if snapshot.created_at is None:
        return datetime.max.replace(tzinfo=UTC), snapshot.arn
    return _taken(snapshot), snapshot.arn
