"""All that a drill found, frozen. The terminal summary, `report.json` and `report.html` are made from it alone.

Times ending in `_s` are seconds; those named `at_s`, `asked_s` and the like count from 1970, clocks from the moment the
failover was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runbooks.drill.ledger import Ledger
from runbooks.drill.timeline import Outage, Steady
from runbooks.drill.topology import ServerSeen, Topology
from runbooks.engine.run import Check


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSeen:
    """What the API showed from then on: the writer, and the cluster's status."""

    at_s: float
    writer_id: str
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DnsSeen:
    """What a name stood for from then on; `instances` has the members' ids where the addresses are known."""

    at_s: float
    name: str
    addresses: tuple[str, ...]
    instances: tuple[str, ...]
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockReading:
    """One of the five clocks: seconds after the failover was asked for, or why there is no reading."""

    name: str
    after_s: float | None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointReads:
    """Reads through one endpoint during a round. `on_writer`: answered, but by the writer."""

    name: str
    reads: int
    failed: int
    on_writer: int
    longest_gap_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """The round in buckets of `bucket_s` seconds from `from_s`. One number per bucket, separated by blanks.

    `slowest_ms` is the longest answer of a bucket in milliseconds; `reads` and `failed_reads` are of all endpoints.
    """

    from_s: float
    to_s: float
    bucket_s: float
    acked: str
    failed: str
    slowest_ms: str
    reads: str
    failed_reads: str

    def numbers(self, series: str) -> list[float]:
        return [float(number) for number in str(getattr(self, series)).split()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Probing:
    """How well the probe itself did.

    Lateness: how much after its place on the clock a write was started. `blind_s`: the longest time without any try.
    """

    period_s: float
    clients: int
    writes: int
    acked: int
    failed: int
    in_doubt: int
    skipped: int
    late_p99_s: float
    late_max_s: float
    blind_s: float
    end: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One failover, measured. `asked_s` is None when it was never asked for; `unneeded`: there was nothing to do."""

    number: int
    name: str
    expected: str
    expected_why: str
    writer_before: str
    writer_after: str
    asked_s: float | None
    asked_times: int
    unneeded: bool
    watched: bool
    gave_up: str
    steady: Steady
    outages: tuple[Outage, ...]
    clocks: tuple[ClockReading, ...]
    reads: tuple[EndpointReads, ...]
    api: tuple[ApiSeen, ...]
    dns: tuple[DnsSeen, ...]
    probing: Probing | None
    chart: Chart | None
    writer_endpoint: str = ""

    @property
    def low_s(self) -> float:
        """All outages together lasted at least this long."""
        return sum(outage.low_s for outage in self.outages)

    @property
    def high_s(self) -> float:
        """All outages together lasted at most this long."""
        return sum(outage.high_s for outage in self.outages)

    @property
    def came_back(self) -> bool:
        """Writes were acknowledged again after every outage."""
        return all(outage.ended for outage in self.outages)

    @property
    def longest_s(self) -> float:
        """The longest single outage lasted at most this long."""
        return max((outage.high_s for outage in self.outages), default=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTaken:
    """A step of the run, with how long it took; None when it did not end."""

    name: str
    why: str
    took_s: float | None
    sitting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One drill, whole."""

    run_id: str
    cluster_id: str
    region: str
    measured: str
    engine: str
    engine_version: str
    server_version: str
    kit_version: str
    started_at: str
    ended_at: str
    slo_s: float
    slo_source: str
    request: Mapping[str, Any]
    sittings: int
    rounds: tuple[Round, ...]
    ledger: Ledger | None
    before: Topology
    after: Topology
    servers: tuple[ServerSeen, ...]
    differences: tuple[str, ...]
    events: tuple[str, ...]
    steps: tuple[StepTaken, ...]
    checks: tuple[Check, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def is_lab(self) -> bool:
        return self.before.writer_endpoint.endswith(".test")
