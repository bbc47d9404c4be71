"""How long the embedded AWS's resources stay in each passing state; zero in unit tests, which then wait for nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Delays:
    """Seconds that a state lasts; with processes behind it (a plane) a state lasts at least until they are done."""

    creating_s: float = 0.0
    modifying_s: float = 0.0
    failing_over_s: float = 0.0
    rebooting_s: float = 0.0
    deleting_s: float = 0.0
    stopping_s: float = 0.0
    copying_s: float = 0.0  # of snapshots
    exporting_s: float = 0.0


NONE = Delays()

# What `lab up` and the demo use: long enough that every passing state can be seen, short enough to wait for.
REHEARSAL = Delays(
    creating_s=0.2,
    modifying_s=0.5,
    failing_over_s=0.5,
    rebooting_s=1.0,
    deleting_s=0.2,
    stopping_s=1.0,
    copying_s=1.0,
    exporting_s=1.0,
)
