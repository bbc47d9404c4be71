from __future__ import annotations

from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from lab.data.dns import DnsServer, Turns, UnknownNameError, answer, answer_wire, ask
from lab.data.plane import ProcessPlane, endpoint_members
from lab.plane import Record
from tests.lab.data.support import Rig, eventually

NAMES = {"writer.rds.test": "127.9.9.1", "empty.rds.test": None}


def resolve(name: str) -> str | None:
    if name not in NAMES:
        raise UnknownNameError(name)
    return NAMES[name]


def reply(name: str, kind: str = "A") -> dns.message.Message:
    return answer(dns.message.make_query(name, kind), resolve)


def test_a_known_name_has_one_address_for_five_seconds() -> None:
    (rrset,) = reply("writer.rds.test").answer
    assert (rrset.ttl, [str(record) for record in rrset]) == (5, ["127.9.9.1"])


def test_names_are_found_in_any_case() -> None:
    assert reply("Writer.RDS.test").answer


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        pytest.param("other.rds.test", "A", dns.rcode.NXDOMAIN, id="unknown name"),
        pytest.param("empty.rds.test", "A", dns.rcode.NOERROR, id="no healthy member: no address"),
        pytest.param("writer.rds.test", "AAAA", dns.rcode.NOERROR, id="no IPv6"),
        pytest.param("rds.amazonaws.com", "A", dns.rcode.REFUSED, id="a real AWS name"),
        pytest.param("nottest", "A", dns.rcode.REFUSED, id="ends in test, but is not under .test"),
    ],
)
def test_answers_without_an_address(name: str, kind: str, code: int) -> None:
    response = reply(name, kind)
    assert (response.rcode(), response.answer) == (code, [])


@pytest.mark.parametrize("wire", [b"", b"\x00" * 5, b"\xff" * 200], ids=["empty", "short", "garbage"])
def test_garbage_is_not_answered(wire: bytes) -> None:
    assert answer_wire(wire, resolve) is None


def test_a_response_is_not_answered() -> None:
    assert answer_wire(reply("writer.rds.test").to_wire(), resolve) is None


def test_turns_go_round_whatever_is_healthy() -> None:
    turns = Turns()
    assert [turns.pick("x", ["b", "c"]) for _ in range(4)] == ["b", "c", "b", "c"]
    assert turns.pick("x", ["c"]) == "c"
    assert turns.pick("x", []) is None


@pytest.fixture
def server() -> Iterator[DnsServer]:
    server = DnsServer(resolve)
    yield server
    server.close()


def test_the_server_answers_over_udp_and_tcp(server: DnsServer) -> None:
    query = dns.message.make_query("writer.rds.test", "A")
    for way in (dns.query.udp, dns.query.tcp):
        (rrset,) = way(query, "127.0.0.1", port=server.port, timeout=5).answer
        assert str(rrset[0]) == "127.9.9.1"


def test_a_broken_packet_does_not_end_the_server(server: DnsServer) -> None:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"nonsense", ("127.0.0.1", server.port))
    assert ask("writer.rds.test", f"127.0.0.1:{server.port}") == "127.9.9.1"


def record(rig: Rig, kind: str, **changes: object) -> Record:
    return Record(name=f"{kind}.{rig.cluster_id}.test", kind=kind, owner=rig.cluster_id, **changes)  # type: ignore[arg-type]


@pytest.mark.lab
def test_the_writer_name_moves_with_the_writer(rig: Rig) -> None:
    writer = record(rig, "writer")
    rig.plane.publish(writer)
    assert rig.plane.resolve(writer.name) == rig.cluster.nodes[rig.instance("a")].address
    rig.plane.failover(rig.cluster_id, rig.instance("b"))
    assert rig.plane.resolve(writer.name) == rig.cluster.nodes[rig.instance("b")].address


@pytest.mark.lab
def test_the_writer_name_moves_only_after_the_delay(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = record(rig, "writer")
    rig.plane.publish(writer)
    monkeypatch.setattr(rig.plane, "dns_delay_s", 0.5)
    rig.plane.failover(rig.cluster_id, rig.instance("b"))
    assert rig.plane.resolve(writer.name) == rig.cluster.nodes[rig.instance("a")].address
    new = rig.cluster.nodes[rig.instance("b")].address
    eventually(lambda: rig.plane.resolve(writer.name) == new, "DNS follows")
    promoted, changed = rig.truth("writer.promoted")[-1], rig.truth("dns.changed")[-1]
    assert float(str(changed["monotonic_s"])) - float(str(promoted["monotonic_s"])) >= 0.5


@pytest.mark.lab
def test_a_frozen_writer_name_stays_until_it_is_thawed(rig: Rig) -> None:
    writer = record(rig, "writer")
    rig.plane.publish(writer)
    rig.plane.freeze_dns(rig.cluster_id, frozen=True)
    try:
        rig.plane.failover(rig.cluster_id, rig.instance("b"))
        assert rig.plane.resolve(writer.name) == rig.cluster.nodes[rig.instance("a")].address
    finally:
        rig.plane.freeze_dns(rig.cluster_id, frozen=False)
    assert rig.plane.resolve(writer.name) == rig.cluster.nodes[rig.instance("b")].address


@pytest.mark.lab
def test_readers_take_turns_and_never_the_writer(rig: Rig) -> None:
    reader = record(rig, "reader")
    rig.plane.publish(reader)
    nodes = rig.cluster.nodes
    wanted = {nodes[rig.instance("b")].address, nodes[rig.instance("c")].address}
    assert {rig.plane.resolve(reader.name) for _ in range(4)} == wanted


@pytest.mark.lab
def test_a_reader_name_without_a_reader_gives_the_writer(lone: Rig) -> None:
    reader = record(lone, "reader")
    lone.plane.publish(reader)
    assert lone.plane.resolve(reader.name) == lone.cluster.nodes[lone.instance("a")].address


@pytest.mark.lab
@pytest.mark.parametrize(
    ("changes", "letters"),
    [
        pytest.param({"custom_type": "READER"}, "bc", id="readers"),
        pytest.param({"custom_type": "ANY"}, "abc", id="any"),
        pytest.param({"custom_type": "READER", "members": "ac"}, "c", id="a member that is the writer is left out"),
        pytest.param({"custom_type": "ANY", "members": "a"}, "a", id="the writer, when any is wanted"),
        pytest.param({"custom_type": "READER", "excluded": "b"}, "c", id="excluded"),
        pytest.param({"custom_type": "READER", "members": "a"}, "", id="nobody"),
    ],
)
def test_custom_endpoints(rig: Rig, changes: dict[str, str], letters: str) -> None:
    named = {key: tuple(map(rig.instance, value)) for key, value in changes.items() if key != "custom_type"}
    wanted = record(rig, "custom", custom_type=changes["custom_type"], **named)
    assert endpoint_members(wanted, rig.cluster) == [rig.instance(letter) for letter in letters]


@pytest.mark.lab
def test_instance_names_and_withdrawn_names(rig: Rig) -> None:
    name = Record(name=f"b.{rig.cluster_id}.test", kind="instance", owner=rig.instance("b"))
    rig.plane.publish(name)
    assert rig.plane.resolve(name.name) == rig.cluster.nodes[rig.instance("b")].address
    rig.plane.withdraw(name.name)
    with pytest.raises(UnknownNameError):
        rig.plane.resolve(name.name)


@pytest.mark.lab
def test_unknown_names_of_a_plane(plane: ProcessPlane) -> None:
    with pytest.raises(UnknownNameError):
        plane.resolve("nothing.test")
