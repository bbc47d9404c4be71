"""Pages as RDS gives them: at most 100 records, then a marker. moto's own paginator fails past the first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from moto.core.responses import ActionResult

from lab.cloud.awserrors import invalid_value

MOST: Final = 100  # MaxRecords: "Default: 100. Constraints: Minimum 20, maximum 100." (RDS API)
LEAST: Final = 20


def page(key: str, found: Sequence[Any], given: Mapping[str, Any], *, most: int = MOST) -> ActionResult:
    """One page of `found` under `key`; `given` has `max_records` and `marker`."""
    size, marker = int(given.get("max_records") or most), str(given.get("marker") or "0")
    if not LEAST <= size <= most:
        raise invalid_value(f"Invalid value {size} for MaxRecords. Must be between {LEAST} and {most}")
    if not marker.isdigit():
        raise invalid_value(f"The marker {marker} is invalid.")
    start, end = int(marker), int(marker) + size
    answer: dict[str, Any] = {key: list(found[start:end])}
    if end < len(found):
        answer["Marker"] = str(end)
    return ActionResult(answer)
