"""Which services tell the encrypted topic of a cache: those that its key must let use it."""

from __future__ import annotations

from constructs_lib.foundation.encryption import EVENTBRIDGE, PUBLISHERS
from estate.caches.watching import CacheWatchSpec, MemcachedWatchSpec, ServerlessWatchSpec

ALARMS = PUBLISHERS[0]
"""CloudWatch alarms."""


def publishers_of(watch: CacheWatchSpec | MemcachedWatchSpec | ServerlessWatchSpec | None) -> tuple[str, ...]:
    """CloudWatch for alarms; EventBridge for the events of a serverless cache, which those of nodes do without."""
    if watch is None:
        return ()
    alarms = (ALARMS,) if watch.alarms is not None else ()
    rules = (EVENTBRIDGE,) if isinstance(watch, ServerlessWatchSpec) and watch.events else ()
    return alarms + rules
