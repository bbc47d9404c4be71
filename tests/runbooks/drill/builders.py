"""Makes traces of services that go away at known times, and the other values a drill is judged by."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from runbooks.drill.evidence import ApiSeen, Evidence, Round
from runbooks.drill.ledger import Ledger
from runbooks.drill.measure import RoundFacts, measure_round
from runbooks.drill.plan import Observed
from runbooks.drill.records import Contact, Ended, Fate, Intent, Lookup, Loss, Read, Skip, Started, Trace, Write
from runbooks.drill.request import DrillRequest
from runbooks.drill.topology import EndpointSeen, MemberSeen, ServerSeen, Topology
from runbooks.drill.verdict import judge

PERIOD_S = 0.01
START_S = 1_795_000_000.0
WRITER_HOST = "shop-orders.cluster-0123456789ab.eu-west-1.rds.test"
A, B = "127.9.0.1", "127.9.0.2"


def member(name: str, *, writer: bool = False, **changes: Any) -> MemberSeen:
    seen = MemberSeen(
        instance_id=f"shop-orders-{name}", is_writer=writer, tier=1, status="available",
        instance_class="db.r8g.large", zone="eu-west-1a", address=f"shop-orders-{name}.rds.test",
    )  # fmt: skip
    return replace(seen, **changes)


def topology(**changes: Any) -> Topology:
    seen = Topology(
        cluster_id="shop-orders", status="available", engine="aurora-postgresql", engine_version="17.7", port=5433,
        database="orders", writer_endpoint=WRITER_HOST,
        endpoints=(EndpointSeen(name="reader", host="shop-orders.cluster-ro.rds.test", kind="reader"),),
        members=(member("a", writer=True, tier=0), member("b")),
        secret_arn="arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
    )  # fmt: skip
    return replace(seen, **changes)


MOVED = topology(members=(member("a", tier=0), member("b", writer=True)))


def request(**changes: Any) -> DrillRequest:
    return replace(DrillRequest(cluster_id="shop-orders"), **changes)


def observed(**changes: Any) -> Observed:
    return replace(Observed(topology=topology()), **changes)


class Service:
    """A service that acknowledges, except in its outages; what a probe would write down of it."""

    def __init__(self, seed: int = 1, *, period_s: float = PERIOD_S, latency_s: float = 0.002) -> None:
        self._random = random.Random(seed)
        self._period_s = period_s
        self._latency_s = latency_s
        self.start_s = START_S + self._random.random() * period_s
        self.trace = Trace(
            started=Started(
                at_s=START_S, pid=1, period_s=period_s, clients=8, writer=WRITER_HOST, readers=("reader",),
                attempt_timeout_s=1, connect_timeout_s=1,
            )
        )  # fmt: skip
        self._number = 0
        self._server = A
        self._now = self.start_s
        self._look_up(START_S, None)
        for name, address in (("a", A), ("b", B)):
            host = f"shop-orders-{name}.rds.test"
            self.trace.add(Lookup(name=host, begun_s=START_S, ended_s=START_S, addresses=(address,)))

    def latency(self) -> float:
        return self._latency_s * (0.5 + self._random.random())

    def run_until(self, end_s: float) -> None:
        """Acknowledge every tick until then."""
        while self._now < end_s:
            self.write(self._now)
            self._now += self._period_s

    def write(self, begun_s: float, ended_s: float | None = None, fate: Fate = Fate.ACKED, **more: Any) -> Write:
        self._number += 1
        ended_s = begun_s + self.latency() if ended_s is None else ended_s
        self.trace.add(Intent(number=self._number, at_s=begun_s))
        written = Write(
            number=self._number, due_s=begun_s, begun_s=begun_s, ended_s=ended_s, fate=fate, server=self._server, **more
        )
        self.trace.add(written)
        return written

    def go_away(self, from_s: float, to_s: float) -> None:
        """Die at `from_s`; be promoted elsewhere, with the name moved, at `to_s`: refused in between."""
        self.run_until(from_s - self._latency_s * 1.5)
        while self._now < from_s:  # sent before the end, answered after it: never
            self.write(self._now, from_s + 0.0002, Fate.IN_DOUBT, error="connection lost")
            self._now += self._period_s
        self.trace.add(Loss(at_s=from_s + 0.0005, server=A))
        tries_s = from_s + 0.001
        while tries_s < to_s:
            self.trace.add(Contact(begun_s=tries_s, ended_s=tries_s + 0.0008, error="refused"))
            tries_s += self._period_s / 4 + 0.0008
        while self._now < to_s + 0.004:
            self.trace.add(
                Write(
                    number=0, due_s=self._now, begun_s=self._now, ended_s=self._now, fate=Fate.FAILED, error="refused"
                )
            )
            self._now += self._period_s
        self._server = B
        self._look_up(to_s + 0.003, to_s - 0.002)
        self.write(tries_s + 0.001, tries_s + 0.004, connecting_s=tries_s)

    def freeze(self, from_s: float, to_s: float) -> None:
        """Answer nothing in between, everything after."""
        self.run_until(from_s - self._latency_s * 1.5)
        for _ in range(8):
            self.write(self._now, to_s + self.latency())
            self._now += self._period_s
        while self._now < to_s:
            self.trace.add(Skip(due_s=self._now))
            self._now += self._period_s

    def _look_up(self, at_s: float, before_s: float | None) -> None:
        self.trace.add(
            Lookup(
                name=WRITER_HOST, begun_s=at_s, ended_s=at_s + 0.001, addresses=(self._server,), last_before_s=before_s
            )
        )

    def end(self, at_s: float) -> Trace:
        self.run_until(at_s)
        self.trace.add(Read(endpoint="reader", begun_s=START_S, ended_s=START_S + 0.002, is_reader=True, server=B))
        self.trace.add(Ended(at_s=at_s, reason="stopped"))
        return self.trace


def facts(**changes: Any) -> RoundFacts:
    seen = RoundFacts(
        number=1, name="failover", expected="shop-orders-b", writer_before="shop-orders-a", asked_s=START_S + 2,
        asked_times=1, watched=True, steady_s=1,
        api=(
            ApiSeen(at_s=START_S + 2.1, writer_id="shop-orders-a", status="failing-over"),
            ApiSeen(at_s=START_S + 2.6, writer_id="shop-orders-b", status="available"),
        ),
    )  # fmt: skip
    return replace(seen, **changes)


def failover_trace() -> Trace:
    service = Service()
    service.go_away(START_S + 2.1, START_S + 2.9)
    return service.end(START_S + 5)


def round_of(**changes: Any) -> Round:
    return replace(measure_round(facts(), failover_trace(), topology()), **changes)


LEDGER = Ledger(acked=400, rows=401, lost=0, duplicated=0, in_doubt=2, in_doubt_present=1, unexpected=0)
SERVERS = (
    ServerSeen(name="writer", address=B, is_reader=False),
    ServerSeen(name="reader", address=A, is_reader=True),
    ServerSeen(name="shop-orders-a", address=A, is_reader=True),
    ServerSeen(name="shop-orders-b", address=B, is_reader=False),
)


def evidence(**changes: Any) -> Evidence:
    """A drill that passed, changed, and judged again."""
    seen = Evidence(
        run_id="20261121-101500-3f2a", cluster_id="shop-orders", region="eu-west-1",
        measured="lab: local PostgreSQL 16.14 processes, not Aurora", engine="aurora-postgresql", engine_version="17.7",
        server_version="16.14", kit_version="0.1.0", started_at="2026-11-21T10:15:00.000+00:00",
        ended_at="2026-11-21T10:15:09.000+00:00", slo_s=60, slo_source="shop.yaml", request={}, sittings=1,
        rounds=(round_of(),), ledger=LEDGER, before=topology(), after=MOVED, servers=SERVERS, differences=(),
        events=("10:15:05 Completed failover to DB instance: shop-orders-b",), steps=(),
    )  # fmt: skip
    seen = replace(seen, **changes)
    return replace(seen, checks=judge(seen))
