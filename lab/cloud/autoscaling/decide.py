"""How many readers, shards or replicas target tracking wants; `readers` stands for any. Pure: no clock, no state.

"Adds capacity when the metric is above the target value"; with several policies it "scales out if any of them is
ready to scale out, but scales in only if all of them (with the scale-in portion enabled) are ready to scale in", and
removes more gradually than it adds. [Application Auto Scaling user guide, target tracking, "Considerations"]
What AWS waits for (three minutes above the target, fifteen below nine tenths of it) is not waited for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SLACK = 0.9
"""AWS's own low alarm goes off below nine tenths of an Aurora cluster's target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One policy and its metric now; None is a metric without data, by which nothing is scaled."""

    policy: str
    value: float | None
    target: float
    scale_out_cooldown_s: float
    scale_in_cooldown_s: float
    scales_in: bool = True
    slack: float = SLACK  # part of the target below which the metric is low
    step: float = 0.0  # part of what there is that is added at least

    def count(self, readers: int) -> int:
        """Readers that bring the metric to the target, if the load spreads over them."""
        return math.ceil(readers * (self.value or 0) / self.target)

    def more(self, readers: int) -> int:
        """Readers after an addition: one more at least, and not less than the step."""
        return max(self.count(readers), readers + 1, math.ceil(round(readers * (1 + self.step), 6)))

    @property
    def is_high(self) -> bool:
        return self.value is not None and self.value > self.target

    @property
    def is_low(self) -> bool:
        return self.value is not None and self.value < self.target * self.slack


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """How many readers there shall be, and why."""

    readers: int
    why: str


def decide(
    readers: int, readings: Sequence[Reading], *, least: int, most: int, since_out_s: float, since_in_s: float
) -> Decision:
    """The number of readers for what is read now, within the bounds."""
    wanted = _tracked(readers, readings, since_out_s=since_out_s, since_in_s=since_in_s)
    if wanted.readers < least:
        return Decision(readers=least, why=f"minimum capacity was set to {least}")
    if wanted.readers > most:
        why = wanted.why if readers < most else f"maximum capacity was set to {most}"
        return Decision(readers=most, why=why)
    return wanted


def _tracked(readers: int, readings: Sequence[Reading], *, since_out_s: float, since_in_s: float) -> Decision:
    ready = [each for each in readings if each.is_high and since_out_s >= each.scale_out_cooldown_s]
    if ready:
        first = max(ready, key=lambda each: each.more(readers))
        why = f"policy {first.policy}: {first.value:g} is above the target of {first.target:g}"
        return Decision(readers=first.more(readers), why=why)
    agree = [each for each in readings if each.is_low and each.scales_in and since_in_s >= each.scale_in_cooldown_s]
    if readings and len(agree) == len(readings) and max(each.count(readers) for each in agree) < readers:
        said = ", ".join(f"{each.policy}: {each.value:g} of {each.target:g}" for each in agree)
        return Decision(readers=readers - 1, why=f"every policy is below its target ({said})")
    return Decision(readers=readers, why="")
