"""What a refresh is planned from. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estate.names import TAG_EXPIRES, TAG_PURPOSE, TAG_QUARANTINE, TAG_REPLACED_BY, TAG_REPLACES, TAG_RUN
from runbooks.aws.rds import Cluster
from runbooks.aws.route53 import Record, Zone
from runbooks.clone.seen import Observed as CloneSeen
from runbooks.refresh.request import NOTHING, RefreshRequest

OPEN = "open"  # of TAG_QUARANTINE
COPIES = frozenset({"clone", "refresh"})  # purposes of what a refresh may replace without being told so


def is_copy(tags: Mapping[str, str]) -> bool:
    """A run of a runbook made it as a copy: its data can be made again."""
    return TAG_RUN in tags and tags.get(TAG_PURPOSE) in COPIES


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen.

    `ours` is the run's copy, under whichever name it has by now; `clone` what the clone verb sees of it, None once it
    is to be kept. `old` is the cluster whose place it takes, under whichever name. `named` is the cluster that has the
    target's name. `pointed` are clusters of the Region by the endpoints that records of the zone lead to. `strangers`
    are other records of the zone that lead to the old one. `foreign` says that the zone's records could not be matched.
    """

    run_id: str
    source: Cluster | None = None
    ours: Cluster | None = None
    old: Cluster | None = None
    named: Cluster | None = None
    clone: CloneSeen | None = None
    zone: Zone | None = None
    records: tuple[Record, ...] = ()
    strangers: tuple[str, ...] = ()
    shared: bool = False
    taken: frozenset[str] = frozenset()
    locked: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        """The copy is finished and was found right: it does not expire any more.

        A tag can be lost: what was never opened, and has not the target's name, is not finished.
        """
        if self.ours is None or TAG_EXPIRES in self.ours.tags:
            return False
        has_name = self.named is not None and self.named.cluster_id == self.ours.cluster_id
        return has_name or self.ours.tags.get(TAG_QUARANTINE) == OPEN

    @property
    def is_retired(self) -> bool:
        """The old one is marked as replaced by this run's copy."""
        return self.old is not None and self.old.tags.get(TAG_REPLACED_BY) == self.run_id

    def records_of(self, name: str) -> tuple[Record, ...]:
        """All record sets of a name, whatever their type."""
        return tuple(record for record in self.records if record.name == name)

    def target_of(self, name: str) -> str:
        """What a name leads to as a CNAME; empty when it does not exist."""
        return next((each.targets[0] for each in self.records_of(name) if each.kind == "CNAME" and each.targets), "")


def replaced_id(request: RefreshRequest, seen: Observed) -> str:
    """What the old one is called at the end; empty when there is none. The copy's tag says so once it is there."""
    if seen.ours is not None and (kept := seen.ours.tags.get(TAG_REPLACES)) is not None:
        return "" if kept == NOTHING else kept
    if seen.old is None:
        return ""
    return request.old_id(seen.run_id) if request.rename else seen.old.cluster_id
