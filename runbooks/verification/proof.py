"""What is known of a cluster's backups: when one was last restored and looked at. Pure.

It stands in an SSM parameter beside the locks, not in a tag of the cluster: a verification changes nothing of its
source.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """The last verification of a cluster.

    `backup` is the ARN of a snapshot, or `latest restorable time`. `queries` says how many checks passed, or that none
    were run. `took_s` is by phase, of what the run's journal has.
    """

    run: str
    at: str
    passed: bool
    backup: str
    queries: str
    failed: tuple[str, ...] = ()
    took_s: dict[str, float] | None = None

    def to_text(self) -> str:
        """The parameter's value, below the 4 KB that a standard parameter may have."""
        plain = asdict(self)
        plain["failed"] = [name[:80] for name in self.failed[:20]]
        return json.dumps(plain)


def parse_proof(value: str) -> Proof | None:
    """Read a parameter's value; None when nobody can: then nothing is proven."""
    try:
        plain: dict[str, Any] = json.loads(value)
        names: list[str] = plain.pop("failed", [])
        return Proof(**plain, failed=tuple(names))
    except (TypeError, ValueError, AttributeError):
        return None
