"""`snapshot list`: reads, and nothing else; no run, no lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from estate.names import TAG_EXPIRES, TAG_RUN
from runbooks.engine.plan import PlanRefusedError
from runbooks.snapshot.aurora_family import AuroraFamily
from runbooks.snapshot.families import open_family
from runbooks.snapshot.request import region_of
from runbooks.snapshot.seen import Family, Snapshot
from runbooks.tools import Tools

COLUMNS: Final = ("snapshot", "kind", "created (UTC)", "key", "size")
LINE: Final = 80
GAP: Final = 2
GIB: Final = 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class ListRequest:
    """Whose snapshots: of one source, or with none of the whole Region.

    `sharing` asks for each manual one whom it is shared with, a call each; `shared` lists those of other accounts.
    """

    family: Family = "aurora"
    source_id: str = ""
    sharing: bool = False
    shared: bool = False
    region: str | None = None


def list_snapshots(request: ListRequest) -> tuple[Snapshot, ...]:
    """The snapshots, newest first, in as few calls as pages allow; one more for each key.

    Raises:
        PlanRefusedError: what was asked for is Aurora's only.
    """
    family = open_family(Tools(request.region), request.family)
    if not isinstance(family, AuroraFamily):
        if request.sharing or request.shared:
            raise PlanRefusedError(
                (f"--sharing and --shared must be left out for {request.family}: ElastiCache shares no snapshots",)
            )
        return _newest_first(family.list_snapshots(request.source_id))
    if request.shared:
        kept = [each for each in family.list_shared() if request.source_id in {"", each.source_id}]
        return _newest_first(kept)
    found = family.with_keys(family.list_snapshots(request.source_id))
    return _newest_first(family.with_sharing(found) if request.sharing else found)


def _newest_first(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """What is being made has no time yet, and is the newest."""
    far = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(snapshots, key=lambda each: (each.created_at or far, each.snapshot_id), reverse=True))


def render(snapshots: tuple[Snapshot, ...]) -> str:
    """A table of 80 columns; below each line what there is besides."""
    if not snapshots:
        return "no snapshots"
    rows = [COLUMNS, *(_row(each) for each in snapshots)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    widths[0] = min(widths[0], LINE - sum(widths[1:]) - GAP * len(widths[1:]))
    lines: list[str] = []
    for number, row in enumerate(rows):
        lines += _lines(row, widths)
        if number:
            lines += [f"    {line}" for line in _besides(snapshots[number - 1])]
    return "\n".join(lines)


def _lines(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """A name that is too long has a line of its own."""
    name, *rest = row
    alone = len(name) > widths[0]
    cells = ["" if alone else name, *rest]
    line = (" " * GAP).join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
    return [name, line] if alone else [line]


def _row(snapshot: Snapshot) -> tuple[str, ...]:
    created = snapshot.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if snapshot.created_at else "-"
    size = f"{snapshot.size_bytes / GIB:.0f} GiB" if snapshot.size_bytes else "-"
    return (snapshot.snapshot_id, snapshot.kind, created, _key(snapshot), size)


def _key(snapshot: Snapshot) -> str:
    if not snapshot.encrypted:
        return "none"
    return "default" if snapshot.default_key else "own"


def _besides(snapshot: Snapshot) -> Iterable[str]:
    """What few have: another status, an origin, sharing, an expiry, the run that made it."""
    if snapshot.status != "available":
        yield snapshot.status if snapshot.progress in {0, 100} else f"{snapshot.status}, {snapshot.progress} %"
    if snapshot.kind == "shared":
        yield f"arn {snapshot.arn}"
    if snapshot.copied_from:
        yield f"copied from {snapshot.copied_from.split(':', 6)[-1]} of {region_of(snapshot.copied_from)}"
    if snapshot.shared_with:
        yield f"shared with {', '.join(snapshot.shared_with)}"
    if TAG_RUN in snapshot.tags:
        yield f"made by run {snapshot.tags[TAG_RUN]}"
    if TAG_EXPIRES in snapshot.tags:
        yield f"expires {snapshot.tags[TAG_EXPIRES]}"
