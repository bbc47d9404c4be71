"""A block of loopback addresses of our own, so that two labs coexist and every instance keeps its cluster's port.

Linux answers on all of 127.0.0.0/8. macOS knows 127.0.0.1 only (until aliases are added): there every process gets a
port of its own on that address.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass, field

from lab.plane import PlaneError

CLAIM_HOST = 254
CLAIM_PORT = 47_001
HOSTS = range(1, CLAIM_HOST)
ATTEMPTS = 200
SHARED_ADDRESS = "127.0.0.1"


@dataclass
class AddressBlock:
    """Hands out `prefix`.1 to .253; a bound socket on .254 is the claim that other labs see."""

    prefix: str | None
    claim: socket.socket | None
    _taken: set[int] = field(default_factory=set)

    @property
    def is_own(self) -> bool:
        """False where the system has one loopback address, which all processes then share."""
        return self.prefix is not None

    def take(self, port: int) -> tuple[str, int]:
        """A free address with that port, or the shared address with a port of its own."""
        if self.prefix is None:
            return SHARED_ADDRESS, free_port(SHARED_ADDRESS)
        for host in HOSTS:
            if host not in self._taken:
                self._taken.add(host)
                return f"{self.prefix}.{host}", port
        raise PlaneError(f"a lab must have at most {len(HOSTS)} instances and cache nodes, got one more; delete some")

    def give_back(self, address: str) -> None:
        if self.prefix is not None:
            self._taken.discard(int(address.rpartition(".")[2]))

    def close(self) -> None:
        if self.claim is not None:
            self.claim.close()


def claim_block() -> AddressBlock:
    """A random 127.a.b.0/24 that no other lab holds."""
    if not _is_local("127.77.77.1"):
        return AddressBlock(prefix=None, claim=None)
    for _ in range(ATTEMPTS):
        prefix = f"127.{secrets.randbelow(253) + 1}.{secrets.randbelow(254) + 1}"
        claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind((f"{prefix}.{CLAIM_HOST}", CLAIM_PORT))
            claim.listen(1)  # without it two sockets may hold one address
        except OSError:
            claim.close()
            continue
        return AddressBlock(prefix=prefix, claim=claim)
    raise PlaneError(f"a loopback block must be free, tried {ATTEMPTS}; stop other labs")


def _is_local(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def free_port(address: str) -> int:
    """A port that is free right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
