"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from estate.names import TAG_REPLACES
from runbooks.clone.request import CloneRequest
from runbooks.tags import run_suffix

NOTHING: Final = "nothing"  # in TAG_REPLACES of a copy that takes nobody's place


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshRequest:
    """A copy of `clone.source` that takes the place of `target`.

    `clone` says how the copy is made and masked; its name and its expiry are filled in by `clone_request`. The swap is
    by `record` in the hosted zone `zone`, and `reader_record` if there is one, or by `rename`. `expires` is when a copy
    that was not finished may be deleted, `retire_at` when the old one may, both as the tag has it. `replaces` names an
    old one that no runbook made. `unmasked` says that no mask is wanted.
    """

    target: str
    clone: CloneRequest
    expires: str
    retire_at: str
    record: str = ""
    reader_record: str = ""
    zone: str = ""
    rename: bool = False
    replaces: str = ""
    unmasked: bool = False

    @property
    def region(self) -> str | None:
        return self.clone.region

    @property
    def source_id(self) -> str:
        return self.clone.source_id

    @property
    def records(self) -> tuple[tuple[str, str], ...]:
        """Which of the copy's endpoints each record leads to: (`writer` or `reader`, name)."""
        named = (("writer", self.record), ("reader", self.reader_record))
        return tuple((end, name) for end, name in named if name)

    def copy_id(self, run_id: str) -> str:
        """What the copy is called; with the run's name it is the same at every sitting."""
        return f"{self.target}-{run_suffix(run_id)}"

    def old_id(self, run_id: str) -> str:
        """What the old one is called after a swap by rename."""
        return f"{self.target}-old-{run_suffix(run_id)}"

    def clone_request(self, run_id: str, replaces: str) -> CloneRequest:
        """The clone; its tags tell whose place it takes, so that this is known without a journal."""
        tags = {**self.clone.tags, TAG_REPLACES: replaces or NOTHING}
        return replace(self.clone, target=self.copy_id(run_id), expires=self.expires, tags=tags)

    def to_plain(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "clone": self.clone.to_plain(),
            "expires": self.expires,
            "retire_at": self.retire_at,
            "record": self.record,
            "reader_record": self.reader_record,
            "zone": self.zone,
            "rename": self.rename,
            "replaces": self.replaces,
            "unmasked": self.unmasked,
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> RefreshRequest:
        plain = dict(values)
        plain["clone"] = CloneRequest.from_plain(plain["clone"])
        return cls(**plain)
