from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbooks.drill.evidence import Evidence
from runbooks.drill.ledger import Ledger
from runbooks.drill.measure import CLOCKS, measure_round
from runbooks.drill.records import Trace
from runbooks.drill.topology import ServerSeen
from runbooks.drill.verdict import servers_agree, summarize
from tests.runbooks.drill.builders import (
    LEDGER,
    MOVED,
    SERVERS,
    START_S,
    Service,
    evidence,
    facts,
    failover_trace,
    member,
    round_of,
    topology,
)


def failed(seen: Evidence) -> set[str]:
    return {check.name for check in seen.checks if not check.passed}


def test_a_good_drill_passes_every_check() -> None:
    seen = evidence()
    assert failed(seen) == set()
    assert seen.passed
    assert summarize(seen).startswith("PASSED: failover ")


def test_a_drill_without_checks_did_not_pass() -> None:
    assert not replace(evidence(), checks=()).passed


def open_ended() -> Trace:
    service = Service()
    service.go_away(START_S + 2.1, START_S + 5)
    service.trace.writes = [write for write in service.trace.writes if write.connecting_s is None]
    service.trace.lookups = [lookup for lookup in service.trace.lookups if lookup.begun_s < START_S + 1]
    return service.trace


UNSENT = replace(LEDGER, unexpected=1, unexpected_numbers=(3,))


def twice(*numbers: int) -> Ledger:
    return replace(LEDGER, duplicated=len(numbers), duplicated_numbers=numbers)


SERVERS_BY_NAME = {server.name: server for server in SERVERS}


def with_server(**changes: ServerSeen) -> tuple[ServerSeen, ...]:
    return tuple({**SERVERS_BY_NAME, **{seen.name: seen for seen in changes.values()}}.values())


@pytest.mark.parametrize(
    ("changes", "names", "words"),
    [
        pytest.param(
            {"rounds": (measure_round(facts(api=()), failover_trace(), topology()),)},
            {"another writer", "measured"}, "did not do it", id="accepted-and-not-done",
        ),
        pytest.param({"slo_s": 0.5}, {"within 0.5 s"}, "SLO from shop.yaml", id="slower-than-the-slo"),
        pytest.param(
            {"rounds": (measure_round(facts(gave_up="given up after 60 s"), open_ended(), topology()),)},
            {"within 60 s", "measured"}, "writes did not come back", id="never-came-back",
        ),
        pytest.param(
            {"rounds": (measure_round(facts(watched=False), Trace(), topology()),)},
            {"measured"}, "not measured: first failed write, DNS changed, first good write", id="interrupted",
        ),
        pytest.param({"ledger": replace(LEDGER, lost=1, lost_numbers=(42,))}, {"nothing lost"}, "(42)", id="lost"),
        pytest.param({"ledger": twice(7, 9)}, {"nothing twice"}, "(7, 9)", id="twice"),
        pytest.param({"ledger": UNSENT}, {"nothing twice"}, "(3)", id="unsent"),
        pytest.param({"ledger": None}, {"nothing lost"}, "not compared", id="no-ledger"),
        pytest.param({"differences": ("endpoint x is gone",)}, {"topology"}, "endpoint x is gone", id="endpoints"),
        pytest.param(
            {"after": replace(MOVED, members=(member("a", tier=0, status="rebooting"), member("b", writer=True)))},
            {"topology"}, "shop-orders-a is rebooting", id="not-available",
        ),
        pytest.param(
            {"servers": with_server(b=ServerSeen(name="shop-orders-b", address="127.9.0.2", is_reader=True))},
            {"roles"}, "shop-orders-b says it is a reader", id="promotion-skipped",
        ),
        pytest.param(
            {"servers": with_server(w=ServerSeen(name="writer", address="127.9.0.1", is_reader=True))},
            {"endpoints"}, "reaches a reader", id="dns-frozen",
        ),
        pytest.param(
            {"servers": with_server(w=ServerSeen(name="writer", address="127.9.0.9", is_reader=False))},
            {"endpoints"}, "does not reach shop-orders-b", id="another-server",
        ),
        pytest.param(
            {"servers": with_server(w=ServerSeen(name="writer", error="refused"))},
            {"endpoints"}, "does not answer (refused)", id="writer-endpoint-dead",
        ),
        pytest.param(
            {"servers": with_server(r=ServerSeen(name="reader", error="no address"))},
            {"endpoints"}, "endpoint reader does not answer", id="reader-endpoint-dead",
        ),
    ],
)  # fmt: skip
def test_turns_red(changes: dict[str, Any], names: set[str], words: str) -> None:
    seen = evidence(**changes)
    assert failed(seen) == names
    assert not seen.passed
    assert words in summarize(seen)


def test_a_probe_that_was_blind_for_a_second_measured_nothing() -> None:
    part = round_of()
    assert part.probing is not None
    blind = replace(part, probing=replace(part.probing, blind_s=1.5))
    assert failed(evidence(rounds=(blind,))) == {"measured"}


def test_a_fail_back_has_checks_of_its_own() -> None:
    back = replace(round_of(), number=2, name="fail-back", writer_before="shop-orders-b", writer_after="shop-orders-b")
    assert failed(evidence(rounds=(round_of(), back))) == {"fail-back: another writer"}


def test_nothing_to_fail_back_is_no_failure() -> None:
    back = replace(round_of(), number=2, name="fail-back", unneeded=True, asked_s=None)
    assert failed(evidence(rounds=(round_of(), back))) == set()


def test_another_reader_than_expected_is_said_and_passes() -> None:
    seen = evidence(rounds=(replace(round_of(), expected="shop-orders-c"),))
    assert failed(seen) == set()
    assert "(shop-orders-c was expected)" in seen.checks[0].detail


def test_five_clocks_are_read_in_their_order() -> None:
    readings = {reading.name: reading.after_s for reading in round_of().clocks}
    assert tuple(readings) == CLOCKS
    first, api, dns, good, steady = (value or -1 for value in readings.values())
    assert 0.1 <= first < 0.12
    assert api == pytest.approx(0.6)
    assert 0.9 <= dns <= good == steady < 0.92


def test_steady_state_that_did_not_last_is_not_read() -> None:
    part = measure_round(facts(steady_s=30), failover_trace(), topology())
    assert part.clocks[-1].after_s is None


@pytest.mark.parametrize(
    ("servers", "agree"),
    [
        pytest.param(SERVERS, True, id="as-the-api-says"),
        pytest.param(with_server(w=ServerSeen(name="writer", is_reader=True)), False, id="writer-endpoint-on-a-reader"),
        pytest.param(with_server(r=ServerSeen(name="reader", error="x")), False, id="silent"),
        pytest.param(with_server(a=ServerSeen(name="shop-orders-a", is_reader=False)), False, id="two-writers"),
    ],
)
def test_servers_agree(servers: tuple[ServerSeen, ...], agree: bool) -> None:
    assert servers_agree(MOVED, servers) is agree
