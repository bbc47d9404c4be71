"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from runbooks.prune.retention import Policy
from runbooks.snapshot.seen import Family


@dataclass(frozen=True, kw_only=True, slots=True)
class PruneRequest:
    """The snapshots of one cluster or cache, and how many are kept; `copies_in` are Regions that copies may go to."""

    source_id: str
    family: Family = "aurora"
    policy: Policy = field(default_factory=Policy)
    copies_in: tuple[str, ...] = ()
    region: str | None = None

    def to_plain(self) -> dict[str, Any]:
        return {**asdict(self), "copies_in": list(self.copies_in)}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> PruneRequest:
        given = dict[str, Any](values)
        policy: dict[str, int] = given.pop("policy")
        copies_in: list[str] = given.pop("copies_in")
        return cls(policy=Policy(**policy), copies_in=tuple(copies_in), **given)
