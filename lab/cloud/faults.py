"""Faults that a test or a rehearsal injects into the embedded AWS, so that a drill can be seen to notice them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong, for the resources it is set for."""

    FAILOVER_IGNORED = "failover-ignored"  # FailoverDBCluster answers 200 and nothing happens (seen in the field)
    PROMOTION_SKIPPED = "promotion-skipped"  # the API shows a new writer whose server was never promoted
    DNS_FROZEN = "dns-frozen"  # the writer changes, its endpoint keeps pointing to the old one


class UnknownFaultError(ValueError):
    """A fault that the embedded AWS does not know."""


class Faults:
    """Which faults hold for which resource ids; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[Fault, frozenset[str]] = {}

    def set(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Replace all faults by `wanted` (fault name to resource ids); an empty mapping heals everything."""
        known = {fault.value for fault in Fault}
        if unknown := sorted(set(wanted) - known):
            raise UnknownFaultError(f"faults must be among {', '.join(sorted(known))}, got {', '.join(unknown)}")
        with self._lock:
            self._active = {Fault(name): frozenset(ids) for name, ids in wanted.items()}

    def holds(self, fault: Fault, resource_id: str) -> bool:
        with self._lock:
            return resource_id in self._active.get(fault, frozenset())

    def as_dict(self) -> dict[str, list[str]]:
        with self._lock:
            return {fault.value: sorted(ids) for fault, ids in self._active.items()}
