"""A small DNS server on loopback: Aurora's endpoints as A records, under `.test` only.

Writer and instance names have one address; reader and custom names answer with one healthy member per look-up, in
turn, as Aurora's do. A reader endpoint without a healthy reader answers with the writer.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

logger = logging.getLogger(__name__)

SUFFIX = dns.name.from_text("test.")  # reserved by RFC 2606: a slip never reaches the internet
TTL_S = 5  # Aurora's cluster endpoints
HOST = "127.0.0.1"
PAIR_ATTEMPTS = 20
MAX_MESSAGE_BYTES = 65_535
TCP_TIMEOUT_S = 5.0


class UnknownNameError(LookupError):
    """No record has this name."""


@dataclass
class Turns:
    """Gives the members of a name in turn, whatever members are healthy at that look-up."""

    _counters: dict[str, Iterator[int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pick(self, name: str, members: list[str]) -> str | None:
        if not members:
            return None
        with self._lock:
            turn = next(self._counters.setdefault(name, itertools.count()))
        return members[turn % len(members)]


Resolve = Callable[[str], str | None]
"""Address of a lower-case name without the last dot, None when it has none now; raises UnknownNameError."""


def answer(query: dns.message.Message, resolve: Resolve) -> dns.message.Message:
    """The response to one query."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN or not question.name.is_subdomain(SUFFIX):
        response.set_rcode(dns.rcode.REFUSED)
        return response
    try:
        address = resolve(question.name.to_text(omit_final_dot=True).lower())
    except UnknownNameError:
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response
    if address is not None and question.rdtype in {dns.rdatatype.A, dns.rdatatype.ANY}:
        response.answer.append(dns.rrset.from_text(question.name, TTL_S, "IN", "A", address))
    return response


def answer_wire(wire: bytes, resolve: Resolve) -> bytes | None:
    """Response bytes, None for what is no query."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if query.flags & dns.flags.QR:
        return None
    return answer(query, resolve).to_wire()


class _UdpServer(socketserver.UDPServer):
    resolve: Resolve
    max_packet_size = 4096


class _UdpHandler(socketserver.BaseRequestHandler):
    server: _UdpServer

    def handle(self) -> None:
        wire, sock = self.request
        if (reply := answer_wire(wire, self.server.resolve)) is not None:
            sock.sendto(reply, self.client_address)


class _TcpServer(socketserver.ThreadingTCPServer):
    resolve: Resolve
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


class _TcpHandler(socketserver.StreamRequestHandler):
    timeout = TCP_TIMEOUT_S
    server: _TcpServer

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while len(size := self.rfile.read(2)) == 2:  # noqa: PLR2004 - RFC 1035 4.2.2: a two byte length
                reply = answer_wire(self.rfile.read(int.from_bytes(size, "big")), self.server.resolve)
                if reply is None:
                    return
                self.wfile.write(len(reply).to_bytes(2, "big") + reply)


class DnsServer:
    """UDP and TCP on one port of 127.0.0.1; port 0 takes a free one."""

    def __init__(self, resolve: Resolve, port: int = 0) -> None:
        self._udp, self._tcp = _bind_pair(port)
        self._udp.resolve = self._tcp.resolve = resolve
        self.port: int = self._udp.server_address[1]
        for server in (self._udp, self._tcp):
            run = threading.Thread(target=server.serve_forever, args=(0.05,), name="dns", daemon=True)
            run.start()

    def close(self) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()


def _bind_pair(port: int) -> tuple[_UdpServer, _TcpServer]:
    """Both servers on one port; another program may hold a free UDP port's TCP twin, then the next is tried."""
    for attempt in range(PAIR_ATTEMPTS):
        tcp = _TcpServer((HOST, port), _TcpHandler)
        try:
            return _UdpServer((HOST, tcp.server_address[1]), _UdpHandler), tcp
        except OSError:
            tcp.server_close()
            if port or attempt == PAIR_ATTEMPTS - 1:
                raise
    raise OSError("no port is free for both UDP and TCP")


def ask(name: str, server: str, *, timeout_s: float = 2.0) -> str | None:
    """The A record that `server` (`127.0.0.1:PORT`) gives for a name now, None when it has none."""
    import dns.query

    host, _, port = server.rpartition(":")
    query = dns.message.make_query(name, dns.rdatatype.A)
    response = dns.query.udp(query, host, port=int(port), timeout=timeout_s)
    for rrset in response.answer:
        for record in rrset:
            return str(record)
    return None
