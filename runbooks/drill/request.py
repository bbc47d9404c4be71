"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

DEFAULT_SLO_S: Final = 60.0  # "typically restored in less than 60 seconds": Aurora user guide, high availability
DEFAULT_COOL_DOWN_S: Final = 600.0
LAB_SUFFIX: Final = ".test"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillRequest:
    """One drill. Durations in seconds; what is None is decided from where the cluster's names lie (see `Pace`)."""

    cluster_id: str
    region: str | None = None
    target_id: str | None = None
    fail_back: bool = False
    slo_s: float = DEFAULT_SLO_S
    slo_source: str = "default"
    cool_down_s: float = DEFAULT_COOL_DOWN_S
    rate_per_s: float | None = None
    baseline_s: float | None = None
    steady_s: float | None = None
    timeout_s: float | None = None
    quiet_s: float | None = None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> DrillRequest:
        return cls(**values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast a drill goes.

    `quiet_s`: this long without any effect, an accepted failover counts as not executed. `roles_s`: how long servers
    may take, once RDS shows them available, to have the roles that it shows.
    """

    rate_per_s: float
    clients: int
    read_rate_per_s: float
    baseline_s: float
    steady_s: float
    timeout_s: float
    quiet_s: float
    poll_s: float
    roles_s: float
    attempt_timeout_s: float
    connect_timeout_s: float

    def __str__(self) -> str:
        return f"{self.rate_per_s:g} writes a second on {self.clients} connections"


LAB_PACE: Final = Pace(
    rate_per_s=100, clients=8, read_rate_per_s=20, baseline_s=3, steady_s=2, timeout_s=60, quiet_s=5,
    poll_s=0.2, roles_s=3, attempt_timeout_s=1, connect_timeout_s=1,
)  # fmt: skip
# Timeouts follow Aurora's advice for fast failover (2 s to connect); polls stay far below RDS's throttle.
AWS_PACE: Final = Pace(
    rate_per_s=10, clients=8, read_rate_per_s=2, baseline_s=30, steady_s=15, timeout_s=600, quiet_s=45,
    poll_s=1, roles_s=30, attempt_timeout_s=5, connect_timeout_s=2,
)  # fmt: skip


def pace_of(request: DrillRequest, writer_endpoint: str) -> Pace:
    """The pace for a cluster of this endpoint: the lab is quick, production is treated gently."""
    usual = LAB_PACE if writer_endpoint.endswith(LAB_SUFFIX) else AWS_PACE
    chosen = {name: getattr(request, name) for name in ("rate_per_s", "baseline_s", "steady_s", "timeout_s", "quiet_s")}
    return Pace(**{**asdict(usual), **{name: value for name, value in chosen.items() if value is not None}})
