"""Which reader Aurora promotes: lowest tier, then largest class, then any (here: by name, so that a rehearsal repeats).

Source: Aurora User Guide, "High availability for Aurora DB instances" (fault tolerance).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SIZES = ("micro", "small", "medium", "large", "xlarge")
_MULTIPLE = re.compile(r"^(\d+)xlarge$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One reader, as the promotion rule sees it."""

    instance_id: str
    tier: int
    instance_class: str


def class_size(instance_class: str) -> int:
    """Rank of a class by its size; a serverless instance has none at rest and ranks below the provisioned ones."""
    size = instance_class.rsplit(".", maxsplit=1)[-1]
    if size in _SIZES:
        return _SIZES.index(size) + 1
    match = _MULTIPLE.match(size)
    return len(_SIZES) + int(match.group(1)) if match else 0


def promotion_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Candidates, the one that Aurora would promote first."""
    return sorted(candidates, key=lambda c: (c.tier, -class_size(c.instance_class), c.instance_id))
