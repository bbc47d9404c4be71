"""Connecting to Aurora PostgreSQL as an application should: verified TLS, no stale addresses, short time-outs.

Settings, read from the environment at every call:

- `RUNBOOK_TLS_CA`: file of trusted certificate authorities. RDS signs with authorities of its own, which no system
  trusts: download `https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem` and name it here. Unset, the
  system's authorities are used (right for RDS Proxy and Aurora DSQL, whose certificates are public).
- `RUNBOOK_RESOLVER`: `ADDRESS:PORT` of a DNS server to ask instead of the system's.
- `RUNBOOK_TLS_OFF_FOR`: `.test`, or a longer suffix that ends in it: names with that suffix are connected to without
  TLS. Nothing else ever turns TLS verification off; `.test` is reserved (RFC 6761) and never on the internet.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dns.resolver import Resolver

RESOLVER_SETTING = "RUNBOOK_RESOLVER"
TLS_OFF_SETTING = "RUNBOOK_TLS_OFF_FOR"
TLS_CA_SETTING = "RUNBOOK_TLS_CA"
TEST_SUFFIX = ".test"
DNS_LIFETIME_S = 2.0
CONNECT_TIMEOUT_S = 2  # libpq's own floor; Aurora's guide advises it (AuroraPostgreSQL.BestPractices.FastFailover)


class ConnectionSettingError(ValueError):
    """A setting of the environment is wrong; the message says which and what to do."""


class NameNotFoundError(OSError):
    """A name has no address now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LookUp:
    """What DNS says of a name. `ttl_s` is None where the system's resolver answered, which does not tell."""

    name: str
    addresses: tuple[str, ...]
    ttl_s: int | None


def look_up(name: str, environ: Mapping[str, str] | None = None) -> LookUp:
    """Ask DNS for a name's IPv4 addresses, anew each time: an answer older than a failover is worse than none.

    Raises:
        NameNotFoundError: the name does not exist, or no server answered within 2 s.
        ConnectionSettingError: `RUNBOOK_RESOLVER` is not `ADDRESS:PORT`.
    """
    setting = (os.environ if environ is None else environ).get(RESOLVER_SETTING, "")
    if not setting:
        return _look_up_by_system(name)
    from dns.exception import DNSException

    try:
        answer = _resolver(setting).resolve(name, "A", search=False)
    except DNSException as error:
        raise NameNotFoundError(f"{name} has no address at {setting}: {error}") from error
    ttl_s = None if answer.rrset is None else int(answer.rrset.ttl)
    return LookUp(name=name, addresses=tuple(str(record) for record in answer), ttl_s=ttl_s)


def resolve(name: str, environ: Mapping[str, str] | None = None) -> str:
    """The first address DNS gives for a name.

    Raises:
        NameNotFoundError: it has none now.
    """
    return look_up(name, environ).addresses[0]


def is_tls_off(host: str, environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether this name is connected to without TLS.

    Raises:
        ConnectionSettingError: the setting is not a suffix that ends in `.test`.
    """
    suffix = (os.environ if environ is None else environ).get(TLS_OFF_SETTING, "")
    if not suffix:
        return False
    if not suffix.startswith(".") or not suffix.endswith(TEST_SUFFIX):
        raise ConnectionSettingError(
            f"{TLS_OFF_SETTING} must be a suffix that ends in {TEST_SUFFIX}, got {suffix!r}; "
            f"unset it, TLS is never turned off for real names",
        )
    return host.rstrip(".").lower().endswith(suffix)


def connection_options(
    host: str,
    port: int,
    *,
    user: str,
    password: str,
    dbname: str,
    application_name: str = "aurora-estate",
    hostaddr: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, str | int]:
    """Keyword arguments for `psycopg.connect`, with the name resolved now and the certificate checked against it.

    `password` is a password or what `auth_token` returned. `hostaddr` skips the look-up (a drill has made it already).

    Raises:
        NameNotFoundError: the host has no address now.
        ConnectionSettingError: a setting of the environment is wrong.
    """
    return {
        "host": host,
        "hostaddr": hostaddr or resolve(host, environ),
        "port": port,
        "user": user,
        "password": password,
        "dbname": dbname,
        "application_name": application_name,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives": 1,
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "keepalives_count": 5,
        **tls_options(host, environ),
    }


def tls_options(host: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Libpq's TLS options for a name: full verification, unless the name is one of the lab's.

    Raises:
        ConnectionSettingError: a setting of the environment is wrong.
    """
    if is_tls_off(host, environ):
        return {"sslmode": "disable"}
    return {"sslmode": "verify-full", "sslrootcert": _authorities(os.environ if environ is None else environ)}


def auth_token(host: str, port: int, user: str, region: str) -> str:
    """Sign an IAM database token for one user; it opens connections for 15 minutes. Signed here, no call is made.

    The role needs `rds-db:connect`, the user `GRANT rds_iam`, the connection TLS.
    """
    import boto3

    token: str = boto3.client("rds", region_name=region).generate_db_auth_token(host, port, user, region)
    return token


def _authorities(environ: Mapping[str, str]) -> str:
    """The bundle that was named, or the system's own file: libpq's `system` means OpenSSL's compiled-in folder,
    which in a binary wheel is the folder of the machine that built it.
    """
    named = environ.get(TLS_CA_SETTING, "")
    if named and not os.path.isfile(named):  # noqa: PTH113 - called per connection, in a probe's loop
        raise ConnectionSettingError(
            f"{TLS_CA_SETTING} must name a file of certificate authorities, got {named!r}; download "
            f"https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem and name that",
        )
    return named or ssl.get_default_verify_paths().cafile or "system"


@lru_cache(maxsize=4)
def _resolver(setting: str) -> Resolver:
    from dns.resolver import Resolver

    address, _, port = setting.rpartition(":")
    if not address or not port.isdigit():
        raise ConnectionSettingError(f"{RESOLVER_SETTING} must be ADDRESS:PORT, got {setting!r}; unset it or mend it")
    resolver = Resolver(configure=False)
    resolver.nameservers = [address.strip("[]")]
    resolver.port = int(port)
    resolver.lifetime = DNS_LIFETIME_S
    return resolver


def _look_up_by_system(name: str) -> LookUp:
    import socket

    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameNotFoundError(f"{name} has no address: {error.strerror}") from error
    return LookUp(name=name, addresses=tuple(dict.fromkeys(str(entry[4][0]) for entry in found)), ttl_s=None)
