"""Connections verify TLS: shown against Debian's PostgreSQL, because the wheel's server has no TLS."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg.conninfo import make_conninfo

from lab.data.addresses import free_port
from lab.data.identity import Identity, current_identity
from patterns.connect import connection_options

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
NAME = "orders.cluster-1.eu-west-1.rds.example"
pytestmark = [
    pytest.mark.lab,
    pytest.mark.debian,
    pytest.mark.skipif(not SERVERS, reason="needs Debian's package postgresql, which .ci/run installs"),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """One PostgreSQL with a certificate for NAME."""

    port: int
    authority: Path

    def connect(self, host: str, authority: Path | None = None) -> psycopg.Connection:
        environment = {"RUNBOOK_TLS_CA": str(authority or self.authority), "RUNBOOK_TLS_OFF_FOR": ".test"}
        options = connection_options(
            host,
            self.port,
            user="master",
            password="not asked",
            dbname="postgres",
            hostaddr="127.0.0.1",
            environ=environment,
        )
        return psycopg.connect(make_conninfo("", **options))


def certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey) -> bytes:
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def private_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(pem, form, serialization.NoEncryption())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    identity = current_identity()
    with tempfile.TemporaryDirectory(prefix="tls-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        identity.own(folder)
        port = free_port("127.0.0.1")
        authority = prepare(folder, identity)
        control(folder, identity, "start", "-o", f"-p {port}")
        yield Server(port=port, authority=authority)
        control(folder, identity, "stop", "-m", "immediate")


def prepare(folder: Path, identity: Identity) -> Path:
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = folder / "authority.pem"
    authority.write_bytes(certificate("authority", authority_key, "authority", authority_key))
    data = folder / "data"
    run(identity, "initdb", "-D", str(data), "-U", "master", "-A", "trust")
    for path, content in (
        (data / "server.crt", certificate(NAME, server_key, "authority", authority_key)),
        (data / "server.key", private_key(server_key)),
        (data / "postgresql.auto.conf", b"ssl = on\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"),
    ):
        path.write_bytes(content)
        path.chmod(0o600)
        identity.own(path)
    return authority


def control(folder: Path, identity: Identity, *words: str) -> None:
    run(identity, "pg_ctl", "-D", str(folder / "data"), "-l", str(folder / "log"), "-w", *words)


def run(identity: Identity, program: str, *words: str) -> None:
    command = [str(SERVERS[-1].with_name(program)), *words]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", env=environment, **identity.popen_options())


def test_connects_when_name_and_authority_are_right(server: Server) -> None:
    with server.connect(NAME) as connection:
        row = connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
    assert row == (True,)


def test_refuses_a_certificate_of_another_name(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        server.connect("reports.cluster-1.eu-west-1.rds.example")


def test_refuses_an_authority_it_was_not_told_of(server: Server, tmp_path: Path) -> None:
    other_key = ec.generate_private_key(ec.SECP256R1())
    other = tmp_path / "other.pem"
    other.write_bytes(certificate("other", other_key, "other", other_key))
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        server.connect(NAME, other)


def test_only_names_of_the_lab_go_without(server: Server) -> None:
    with server.connect("orders.cluster-1.eu-west-1.rds.test") as connection:
        row = connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
    assert row == (False,)
