from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import psycopg.conninfo
import pytest

from patterns.connect import (
    ConnectionSettingError,
    NameNotFoundError,
    auth_token,
    connection_options,
    is_tls_off,
    look_up,
    resolve,
    tls_options,
)

ADDRESSES = {"writer.rds.test.": "127.0.1.2"}


@pytest.fixture
def dns_server() -> Iterator[str]:
    """A DNS server on loopback that knows one name; its address is the value of RUNBOOK_RESOLVER."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(server,))
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.sendto(b"", server.getsockname())
        thread.join()


def _serve(server: socket.socket) -> None:
    while True:
        data, sender = server.recvfrom(4096)
        if not data:
            return
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        name = query.question[0].name
        if str(name) in ADDRESSES:
            answer.answer.append(dns.rrset.from_text(name, 5, "IN", "A", ADDRESSES[str(name)]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        server.sendto(answer.to_wire(), sender)


def test_the_named_server_is_asked(dns_server: str) -> None:
    found = look_up("writer.rds.test", {"RUNBOOK_RESOLVER": dns_server})
    assert (found.addresses, found.ttl_s) == (("127.0.1.2",), 5)
    assert resolve("writer.rds.test", {"RUNBOOK_RESOLVER": dns_server}) == "127.0.1.2"


def test_every_look_up_is_made_anew(dns_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"RUNBOOK_RESOLVER": dns_server}
    resolve("writer.rds.test", settings)
    monkeypatch.setitem(ADDRESSES, "writer.rds.test.", "127.0.1.3")
    assert resolve("writer.rds.test", settings) == "127.0.1.3"


def test_an_unknown_name_is_said(dns_server: str) -> None:
    with pytest.raises(NameNotFoundError, match=r"gone\.rds\.test has no address"):
        look_up("gone.rds.test", {"RUNBOOK_RESOLVER": dns_server})


def test_the_system_is_asked_otherwise() -> None:
    assert look_up("localhost", {}).addresses == ("127.0.0.1",)
    with pytest.raises(NameNotFoundError, match="has no address"):
        look_up("no-such-name.invalid", {})


@pytest.mark.parametrize("setting", ["127.0.0.1", "localhost:", ":53", "127.0.0.1:dns"])
def test_a_wrong_resolver_is_refused(setting: str) -> None:
    with pytest.raises(ConnectionSettingError, match="RUNBOOK_RESOLVER must be ADDRESS:PORT"):
        look_up("writer.rds.test", {"RUNBOOK_RESOLVER": setting})


@pytest.mark.parametrize(
    ("setting", "host", "off"),
    [
        pytest.param("", "a.rds.test", False, id="unset"),
        pytest.param(".test", "a.rds.test", True, id="the lab's names"),
        pytest.param(".test", "A.RDS.TEST.", True, id="however written"),
        pytest.param(".rds.test", "a.cache.test", False, id="a longer suffix"),
        pytest.param(".test", "a.rds.amazonaws.com", False, id="a real name"),
        pytest.param(".test", "test", False, id="the bare suffix"),
        pytest.param(".test", "a.rds.test.evil.com", False, id="a suffix in the middle"),
    ],
)
def test_tls_is_off_for_the_suffix_alone(setting: str, host: str, off: bool) -> None:
    assert is_tls_off(host, {"RUNBOOK_TLS_OFF_FOR": setting}) is off


@pytest.mark.parametrize("setting", ["test", ".com", ".amazonaws.com", "*", ".test,.com", ".test.", "1", "true"])
def test_any_other_suffix_is_refused(setting: str) -> None:
    with pytest.raises(ConnectionSettingError, match=r"must be a suffix that ends in \.test"):
        tls_options("a.rds.test", {"RUNBOOK_TLS_OFF_FOR": setting})


def test_real_names_are_verified_against_the_named_authorities(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    settings = {"RUNBOOK_TLS_CA": str(bundle), "RUNBOOK_TLS_OFF_FOR": ".test"}
    assert tls_options("a.rds.amazonaws.com", settings) == {"sslmode": "verify-full", "sslrootcert": str(bundle)}
    assert tls_options("a.rds.test", settings) == {"sslmode": "disable"}


def test_without_a_bundle_the_systems_authorities_count() -> None:
    options = tls_options("a.rds.amazonaws.com", {})
    assert options["sslmode"] == "verify-full"
    assert options["sslrootcert"] == "system" or Path(options["sslrootcert"]).is_file()


def test_a_bundle_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConnectionSettingError, match="RUNBOOK_TLS_CA must name a file"):
        tls_options("a.rds.amazonaws.com", {"RUNBOOK_TLS_CA": "/no/such/file"})


def test_options_are_what_libpq_takes(dns_server: str) -> None:
    settings = {"RUNBOOK_RESOLVER": dns_server, "RUNBOOK_TLS_OFF_FOR": ".test"}
    options = connection_options("writer.rds.test", 5433, user="probe", password="x", dbname="orders", environ=settings)
    assert (options["host"], options["hostaddr"], options["port"]) == ("writer.rds.test", "127.0.1.2", 5433)
    assert "writer.rds.test" in psycopg.conninfo.make_conninfo(**options)  # type: ignore[arg-type]


def test_an_address_that_is_known_is_not_looked_up() -> None:
    options = connection_options(
        "writer.rds.test", 5433, user="u", password="x", dbname="d", hostaddr="127.0.9.9", environ={}
    )
    assert options["hostaddr"] == "127.0.9.9"


def test_a_token_names_its_user_and_lives_15_minutes() -> None:
    token = auth_token("a.rds.amazonaws.com", 5433, "probe", "eu-west-1")
    assert token.startswith("a.rds.amazonaws.com:5433/?Action=connect&DBUser=probe&")
    assert "X-Amz-Expires=900" in token
